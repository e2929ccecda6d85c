//! Names that are known from elsewhere: one a line, `#` begins a comment.
//!
//! Names that a list has decide what a wildcard record is tried with. A line that is no name is given back with its
//! number; the others stand.

use model::Name;
use model::name::NameError;

/// A line that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: `{text}` is no name: {error}")]
pub struct ListError {
    /// Its number.
    pub line: usize,
    /// What stands there.
    pub text: String,
    /// Why it is none.
    pub error: NameError,
}

/// Reads a list.
pub fn parse(text: &str) -> (Vec<Name>, Vec<ListError>) {
    let (mut names, mut errors) = (Vec::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (line, typed) in (1..).zip(text.lines()) {
        let typed = typed.split('#').next().unwrap_or_default().trim();
        if typed.is_empty() {
            continue;
        }
        match Name::parse(typed) {
            Ok(name) => names.push(name),
            Err(error) => errors.push(ListError {
                line,
                text: model::untrusted::shown(typed),
                error,
            }),
        }
    }
    (names, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lines_that_are_none() {
        let (names, errors) = parse("\u{feff}a.example\n\n# comment\nB.example # mine\n*.example\nx y\n");
        assert_eq!(
            names.iter().map(Name::as_str).collect::<Vec<_>>(),
            ["a.example", "b.example"]
        );
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [5, 6]);
    }
}
