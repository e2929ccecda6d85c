//! Markdown: the report for people as a document, or a table of chosen fields.

use std::fmt::Write as _;

use model::{Severity, untrusted};

use crate::report::causes::{self, Causes, Example, Keep, Named};
use crate::report::table::{self, Proofs, Summary};
use crate::text;
use engine::look::Look;

/// The document as it grows.
#[derive(Debug)]
pub(crate) struct Document {
    causes: Causes,
    proofs: Proofs,
}

impl Document {
    /// An empty document.
    pub(crate) const fn new(list: Keep) -> Self {
        Self {
            causes: Causes::new(list),
            proofs: Proofs::Asked,
        }
    }

    /// Adds one look.
    pub(crate) fn add(&mut self, look: &Look) {
        self.causes.add(look, Severity::Warning);
        self.proofs = self.proofs.and(look);
    }

    /// The whole document.
    pub(crate) fn finish(&self, summary: &Summary) -> String {
        let mut out = String::from("# TLS report\n\n");
        let endpoints = text::counted(summary.tally.total(), "endpoint");
        let _ = writeln!(
            out,
            "{endpoints}: {}. {}.",
            table::classes(&summary.tally),
            text::measured(summary.elapsed)
        );
        if let Some(words) = self.proofs.words() {
            let _ = writeln!(out, "\n{words}.");
        }
        for line in &summary.not_understood {
            let _ = writeln!(out, "\n{}.", marked_up(line));
        }
        let causes = self.causes.worst_first();
        if causes.is_empty() {
            return out;
        }
        out.push_str(
            "\n| Status | Finding | Endpoints | What to do | Rule |\n| --- | --- | --- | --- | --- |\n",
        );
        for named in causes {
            row(&mut out, named, summary);
        }
        out
    }
}

fn row(out: &mut String, named: Named<'_>, summary: &Summary) {
    let Some(first) = named.cause.examples.first() else {
        return;
    };
    let (alone, stopped) = (named.cause.endpoints == 1, named.rule == causes::UNJUDGED);
    let title = match (alone, stopped) {
        (true, _) => first.message.clone(),
        (false, true) => table::could_not_be_judged(named.cause, &summary.tally),
        (false, false) => table::shared_title(named, first),
    };
    let endpoint = |example: &Example| match &example.aside {
        Some(aside) => marked_up(&format!("{} ({aside})", example.endpoint)),
        None => marked_up(&example.endpoint),
    };
    let mut endpoints: Vec<String> = named.cause.examples.iter().map(endpoint).collect();
    let further = named.cause.further(endpoints.len());
    if further > 0 {
        endpoints.push(format!("and {} more", text::count(further)));
    }
    // What is to be done about many that could not be judged differs with each.
    let remedy = if stopped && !alone {
        String::new()
    } else {
        marked_up(&first.remedy)
    };
    let _ = writeln!(
        out,
        "| {} | {} | {} | {remedy} | {} |",
        status(named.severity),
        marked_up(&title),
        endpoints.join("<br>"),
        if alone { first.rule } else { named.rule },
    );
}

/// A note is no status: it stands here because somebody asked.
const fn status(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "NOTE",
        Severity::Warning => model::Status::Warning.word(),
        Severity::Critical => model::Status::Critical.word(),
        Severity::Expired => model::Status::Expired.word(),
        Severity::Error => model::Status::Error.word(),
    }
}

/// Appends the head of a table.
pub(crate) fn append_head(columns: &[String], out: &mut Vec<u8>) {
    append_row(columns, out);
    out.extend_from_slice(b"|");
    columns.iter().for_each(|_| out.extend_from_slice(b" --- |"));
    out.push(b'\n');
}

/// Appends one row.
pub(crate) fn append_row(cells: &[String], out: &mut Vec<u8>) {
    out.extend_from_slice(b"|");
    for cell in cells {
        out.push(b' ');
        out.extend_from_slice(escaped(cell).as_bytes());
        out.extend_from_slice(b" |");
    }
    out.push(b'\n');
}

/// Text that Markdown and HTML take as it is: everything that could begin a tag, a link, code, emphasis, an entity or a
/// new cell is escaped, and nothing becomes a link by itself.
pub(crate) fn escaped(plain: &str) -> String {
    marked_up(&untrusted::shown(plain))
}

/// As [`escaped`], of text that is safe in a terminal: its escapes are not escaped once more.
fn marked_up(shown: &str) -> String {
    let mut out = String::with_capacity(shown.len() + 8);
    for character in shown.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '!' | '~' | '$' | '@' => {
                out.push('\\');
                out.push(character);
            }
            other => out.push(other),
        }
    }
    // What begins so becomes a link by itself in some dialects.
    out.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_cell_is_markup() {
        assert_eq!(
            escaped("a|b <script> [x](http://y) `c`"),
            "a\\|b &lt;script&gt; \\[x\\]\\(http&#58;//y\\) \\`c\\`"
        );
        assert_eq!(escaped("two\nlines"), "two\\\\nlines");
        let mut out = Vec::new();
        append_head(&["status".to_owned()], &mut out);
        append_row(&["OK".to_owned()], &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "| status |\n| --- |\n| OK |\n");
    }
}
