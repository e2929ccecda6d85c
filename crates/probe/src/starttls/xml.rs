//! As much XML as an XMPP stream before TLS needs (RFC 6120 section 11): tags with attributes, text skipped.
//!
//! Bytes come in one by one, tags go out. No entities, no namespaces resolved, no document type: XMPP forbids the last.

use model::limits;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, too_much};

/// A tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) kind: Kind,
    /// Its name without prefix.
    pub(super) name: Vec<u8>,
    attributes: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Which side of an element a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    /// Start and end in one: `<a/>`.
    Empty,
    End,
}

/// What to do with text in front of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// Nothing but white space may stand there: the beginning of a stream.
    Forbidden,
    Skipped,
}

impl Tag {
    /// The value of the attribute `name`.
    pub(super) fn attribute(&self, name: &[u8]) -> Option<&[u8]> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_slice())
    }

    /// Whether the tag itself declares `namespace`, as its default or by a prefix.
    pub(super) fn declares(&self, namespace: &[u8]) -> bool {
        self.attributes
            .iter()
            .any(|(name, value)| name.starts_with(b"xmlns") && value == namespace)
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let (kind, content) = match content {
            [b'/', name @ ..] => (Kind::End, name),
            [inner @ .., b'/'] => (Kind::Empty, inner),
            inner => (Kind::Start, inner),
        };
        let end = content
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(content.len());
        let (name, rest) = content.split_at_checked(end)?;
        let local = name
            .rsplit(|byte| *byte == b':')
            .next()
            .filter(|name| !name.is_empty())?;
        Some(Self {
            kind,
            name: local.to_vec(),
            attributes: attributes(rest)?,
        })
    }
}

/// The next tag; `None` when what comes is not XML that a stream may have.
pub(super) async fn next_tag<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    text: Text,
) -> Result<Option<Tag>, Failure> {
    loop {
        loop {
            match dialogue.byte().await? {
                b'<' => break,
                byte if text == Text::Forbidden && !byte.is_ascii_whitespace() => return Ok(None),
                _ => {}
            }
        }
        let content = markup(dialogue).await?;
        match content.as_slice() {
            [b'?', ..] => {}
            [b'!', ..] if content.starts_with(COMMENT) || content.starts_with(CDATA) => {}
            [b'!', ..] => return Ok(None),
            tag => return Ok(Tag::parse(tag)),
        }
    }
}

const COMMENT: &[u8] = b"!--";
const CDATA: &[u8] = b"![CDATA[";

/// What stands between `<` and the `>` that belongs to it.
async fn markup<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let mut quote = None;
    loop {
        let byte = dialogue.byte().await?;
        let in_tag = !matches!(content.first(), Some(b'!' | b'?'));
        match (byte, quote) {
            (b'>', None) if ends(&content) => return Ok(content),
            (b'"' | b'\'', None) if in_tag => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            _ => {}
        }
        content.push(byte);
        if content.len() > limits::UPGRADE_LINE_BYTES {
            return Err(too_much("bytes in a tag before TLS", limits::UPGRADE_LINE_BYTES));
        }
    }
}

/// Whether a `>` behind `content` ends the markup.
fn ends(content: &[u8]) -> bool {
    if let Some(comment) = content.strip_prefix(COMMENT) {
        comment.ends_with(b"--")
    } else if let Some(text) = content.strip_prefix(CDATA) {
        text.ends_with(b"]]")
    } else {
        content.first() != Some(&b'?') || content.ends_with(b"?")
    }
}

/// `name='value'` pairs, white space around the sign allowed.
fn attributes(bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut attributes = Vec::new();
    let mut rest = bytes.trim_ascii();
    while !rest.is_empty() {
        let sign = rest.iter().position(|byte| *byte == b'=')?;
        let name = rest.get(..sign)?.trim_ascii();
        let (quote, value) = rest.get(sign + 1..)?.trim_ascii_start().split_first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let end = value.iter().position(|byte| byte == quote)?;
        attributes.push((name.to_vec(), value.get(..end)?.to_vec()));
        rest = value.get(end + 1..)?.trim_ascii_start();
    }
    Some(attributes)
}
