//! The little of XML that Route 53 answers with: elements, text, the five named entities and numbers.
//!
//! Text comes in, events go out. Attributes, comments, instructions and declarations are passed over; a document type with
//! entities of its own is refused, since expanding them is how XML blows up.

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// An element begins.
    Start(&'a str),
    /// Text, entities replaced.
    Text(String),
    /// An element ends.
    End(&'a str),
}

/// What is no XML, or none that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no XML at byte {at}: {what}")]
pub(crate) struct XmlError {
    what: &'static str,
    at: usize,
}

/// Events of a document.
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<&'a str>,
    /// The end of an element that is written as one tag.
    closing: Option<&'a str>,
}

/// Elements inside one another; answers have about six.
const DEPTH: usize = 32;

impl<'a> Reader<'a> {
    /// Reads `text`.
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
            closing: None,
        }
    }

    /// The next event; nothing at the end.
    pub(crate) fn event(&mut self) -> Result<Option<Event<'a>>, XmlError> {
        if let Some(name) = self.closing.take() {
            return Ok(Some(Event::End(name)));
        }
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                return if self.open.is_empty() {
                    Ok(None)
                } else {
                    Err(self.wrong("an element is never closed"))
                };
            }
            if let Some(inside) = rest.strip_prefix("<!--") {
                self.pass(inside, 4, "-->")?;
            } else if let Some(inside) = rest.strip_prefix("<?") {
                self.pass(inside, 2, "?>")?;
            } else if rest.starts_with("<!") {
                return Err(self.wrong("a declaration, which is not taken"));
            } else if let Some(inside) = rest.strip_prefix("</") {
                return self.end(inside).map(Some);
            } else if let Some(inside) = rest.strip_prefix('<') {
                return self.start(inside).map(Some);
            } else {
                let length = rest.find('<').unwrap_or(rest.len());
                let text = self.unescaped(rest.get(..length).unwrap_or_default())?;
                self.at += length;
                if !text.trim().is_empty() {
                    return Ok(Some(Event::Text(text)));
                }
            }
        }
    }

    fn pass(&mut self, inside: &str, before: usize, end: &str) -> Result<(), XmlError> {
        let length = inside
            .find(end)
            .ok_or_else(|| self.wrong("something is never closed"))?;
        self.at += before + length + end.len();
        Ok(())
    }

    fn start(&mut self, inside: &'a str) -> Result<Event<'a>, XmlError> {
        let length = inside
            .find('>')
            .ok_or_else(|| self.wrong("a tag is never closed"))?;
        let tag = inside.get(..length).unwrap_or_default();
        let empty = tag.ends_with('/');
        let name = tag
            .trim_end_matches('/')
            .split_ascii_whitespace()
            .next()
            .unwrap_or_default();
        if name.is_empty() || self.open.len() >= DEPTH {
            return Err(self.wrong("a tag without name, or too deep"));
        }
        self.at += length + 2;
        if empty {
            self.closing = Some(name);
        } else {
            self.open.push(name);
        }
        Ok(Event::Start(name))
    }

    fn end(&mut self, inside: &'a str) -> Result<Event<'a>, XmlError> {
        let length = inside
            .find('>')
            .ok_or_else(|| self.wrong("a tag is never closed"))?;
        let name = inside.get(..length).unwrap_or_default().trim();
        if self.open.pop() != Some(name) {
            return Err(self.wrong("an end without its beginning"));
        }
        self.at += length + 3;
        Ok(Event::End(name))
    }

    fn unescaped(&self, text: &str) -> Result<String, XmlError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((head, tail)) = rest.split_once('&') {
            out.push_str(head);
            let (entity, behind) = tail
                .split_once(';')
                .ok_or_else(|| self.wrong("an entity without end"))?;
            out.push(entity_of(entity).ok_or_else(|| self.wrong("an entity that nobody knows"))?);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    const fn wrong(&self, what: &'static str) -> XmlError {
        XmlError { what, at: self.at }
    }
}

fn entity_of(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = entity.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Result<Vec<String>, XmlError> {
        let mut reader = Reader::new(text);
        let mut out = Vec::new();
        while let Some(event) = reader.event()? {
            out.push(match event {
                Event::Start(name) => format!("<{name}"),
                Event::Text(text) => text,
                Event::End(name) => format!("{name}>"),
            });
        }
        Ok(out)
    }

    #[test]
    fn elements_text_and_entities() {
        let text = "<?xml version=\"1.0\"?>\n<a xmlns=\"x\"><!-- c --><b>1 &lt; &#50; &#x41;</b><c/></a>";
        assert_eq!(
            events(text).unwrap(),
            ["<a", "<b", "1 < 2 A", "b>", "<c", "c>", "a>"]
        );
    }

    #[test]
    fn what_is_not_taken() {
        for wrong in [
            "<a>",
            "</a>",
            "<a></b>",
            "<a",
            "<!DOCTYPE a>",
            "<a>&x;</a>",
            "<a>&amp</a>",
            "<!-- ",
            "<>",
        ] {
            assert!(events(wrong).is_err(), "{wrong}");
        }
        assert!(events(&"<a>".repeat(100)).is_err());
    }
}
