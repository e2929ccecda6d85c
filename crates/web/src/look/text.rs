//! A stranger's words as they stand on a page, and who told of something.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use model::sighting::{SourceKind, SourceName};
use model::untrusted;

use super::Glyph;

/// The common name of a distinguished name (RFC 4514 text), else its organisation, else all of it; safe to show.
pub(crate) fn common_name(name: &str) -> String {
    let part = |key: &str| parts(name).into_iter().find_map(|part| part.strip_prefix(key));
    let best = part("CN=").or_else(|| part("O=")).unwrap_or(name);
    untrusted::shown_escaped(best)
}

/// The parts between commas that are not escaped.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut is_escaped) = (0, false);
    for (at, character) in name.char_indices() {
        if character == ',' && !is_escaped {
            parts.push(name.get(begin..at).unwrap_or_default().trim_start());
            begin = at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    parts.push(name.get(begin..).unwrap_or_default().trim_start());
    parts
}

/// The name that a certificate is called by, and how many more it has. Of several a plain one, before wildcards.
pub(crate) fn names(names: &[Box<str>], otherwise: impl FnOnce() -> String) -> (String, Markup) {
    let plain = names.iter().find(|name| !name.starts_with("*."));
    let first = plain.or_else(|| names.first());
    let first = first.map_or_else(otherwise, |name| untrusted::shown(name));
    let more = names.len().saturating_sub(1);
    (first, html! { @if more > 0 { " " span.soft { "+" (more) } } })
}

/// What was written for the end of a line, as a sentence: `it ended` becomes `It ended.`
pub(crate) fn sentence(line: &str) -> String {
    let mut characters = line.chars();
    let mut sentence: String = characters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

/// Who told of something, by shape and word.
pub(crate) fn sources<'a>(
    is_served: bool,
    told: impl Iterator<Item = &'a SourceName>,
    kinds: &BTreeMap<Box<str>, SourceKind>,
) -> Markup {
    let kinds: BTreeSet<(&str, &str)> = told
        .filter_map(|source| kinds.get(source.as_str()))
        .map(|kind| match kind {
            SourceKind::Account => ("1", "CA account"),
            SourceKind::Table => ("2", "table"),
            SourceKind::Files => ("3", "file"),
            SourceKind::Cluster => ("4", "cluster"),
            SourceKind::Zone => ("5", "zone"),
            SourceKind::List => ("6", "list"),
            SourceKind::Looks => ("0", "wire"),
        })
        .chain(is_served.then_some(("0", "wire")))
        .collect();
    html! {
        span.src {
            @for (_, word) in kinds { span { (glyph(word).markup()) (word) } " " }
        }
    }
}

fn glyph(word: &str) -> Glyph {
    match word {
        "wire" => Glyph::Wire,
        "CA account" => Glyph::Account,
        "zone" | "list" => Glyph::Zone,
        _ => Glyph::File,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distinguished_name_is_called_by_its_common_name() {
        assert_eq!(common_name("C=US,O=Example\\, Inc,CN=R13"), "R13");
        assert_eq!(common_name("C=US, O=Example\\, Inc"), "Example\\, Inc");
        assert_eq!(common_name("C=US"), "C=US");
        assert_eq!(common_name("CN=a\u{202e}b"), "a\\u{202e}b");
        assert_eq!(common_name(""), "");
    }

    #[test]
    fn lines_become_sentences() {
        assert_eq!(sentence("it ended 2 d ago"), "It ended 2 d ago.");
        assert_eq!(sentence("Done."), "Done.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn a_certificate_is_called_by_a_plain_name() {
        let of = |given: &[&str]| {
            let given: Vec<Box<str>> = given.iter().map(|name| (*name).into()).collect();
            let (first, more) = names(&given, || "?".to_owned());
            (first, more.into_string())
        };
        let (first, more) = of(&["*.example.com", "example.com"]);
        assert!(first == "example.com" && more.contains("+1"), "{first} {more}");
        assert_eq!(of(&[]), ("?".to_owned(), String::new()));
    }
}
