//! DNS names, normalised: lower-case A-labels without a trailing dot. A wildcard is a type of its own.

use std::fmt;

/// A DNS name that can be looked up: one to 253 octets of letter-digit-hyphen labels (underscores are let through,
/// since they occur in practice), in A-label form.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// A name whose leftmost label is `*` (RFC 9525 section 6.3): stands for exactly one label.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WildcardName {
    parent: Name,
}

/// Why text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("empty name")]
    Empty,
    /// A label is empty (two dots, or a dot in front).
    #[error("empty label between two dots")]
    EmptyLabel,
    /// More than 63 octets in a label.
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// More than 253 octets in all.
    #[error("the name is longer than 253 octets")]
    TooLong,
    /// A character that no name may have.
    #[error("`{}` cannot stand in a name", crate::untrusted::shown(&.0.to_string()))]
    Character(char),
    /// A hyphen at an end of a label.
    #[error("a label begins or ends with a hyphen")]
    Hyphen,
    /// Not a valid internationalised name (UTS 46).
    #[error("not a valid internationalised name")]
    Idna,
    /// A label that begins as an A-label and is none: nothing can be read from behind `xn--` (RFC 5890 section 2.3.2.1).
    #[error("a label begins with xn-- and is no internationalised label")]
    ALabel,
    /// A wildcard where a concrete name is needed.
    #[error("a wildcard is not a name that can be looked up")]
    Wildcard,
}

impl Name {
    /// Normalises what a person wrote, U-labels included (UTS 46, non-transitional), a trailing dot forgiven.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.starts_with("*.") || text == "*" {
            return Err(NameError::Wildcard);
        }
        let ascii = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii(text).map_err(|_| NameError::Idna)?
        };
        check_labels(&ascii)?;
        if ascii.split('.').any(is_broken_a_label) {
            return Err(NameError::ALabel);
        }
        Ok(Self(ascii.into_boxed_str()))
    }

    /// The A-label form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The U-label form for people. Labels that do not decode stay as they are.
    pub fn unicode(&self) -> String {
        if self.0.contains("xn--") {
            idna::domain_to_unicode(&self.0).0
        } else {
            self.0.to_string()
        }
    }
}

impl WildcardName {
    /// Parses `*.example.com`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let rest = text.strip_prefix("*.").ok_or(NameError::Wildcard)?;
        Name::parse(rest).map(|parent| Self { parent })
    }

    /// What stands behind the asterisk.
    pub const fn parent(&self) -> &Name {
        &self.parent
    }

    /// Whether it stands for `name`: exactly one label in place of the asterisk (RFC 9525 section 6.3).
    pub fn covers(&self, name: &Name) -> bool {
        name.as_str()
            .split_once('.')
            .is_some_and(|(_, parent)| parent == self.parent.as_str())
    }
}

/// Whether a label in lower case promises to be an A-label and cannot be read as one.
pub(crate) fn is_broken_a_label(label: &str) -> bool {
    label.starts_with("xn--") && idna::domain_to_unicode(label).1.is_err()
}

fn check_labels(ascii: &str) -> Result<(), NameError> {
    if ascii.len() > 253 {
        return Err(NameError::TooLong);
    }
    for label in ascii.split('.') {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        if label.len() > 63 {
            return Err(NameError::LabelTooLong);
        }
        let odd = label
            .chars()
            .find(|character| !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_')));
        if let Some(character) = odd {
            return Err(NameError::Character(character));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(NameError::Hyphen);
        }
    }
    Ok(())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for WildcardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*.{}", self.parent)
    }
}

impl fmt::Debug for WildcardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        assert_eq!(Name::parse("Example.COM.").unwrap().as_str(), "example.com");
        assert_eq!(
            Name::parse("bücher.example").unwrap().as_str(),
            "xn--bcher-kva.example"
        );
        assert_eq!(
            Name::parse("xn--bcher-kva.example").unwrap().unicode(),
            "bücher.example"
        );
    }

    #[test]
    fn what_is_no_name_says_why() {
        assert_eq!(Name::parse(""), Err(NameError::Empty));
        assert_eq!(Name::parse("a..b"), Err(NameError::EmptyLabel));
        assert_eq!(Name::parse("a b"), Err(NameError::Character(' ')));
        let hostile = Name::parse("\u{1b}[31m").unwrap_err().to_string();
        assert!(!hostile.contains('\u{1b}'), "{hostile:?}");
        assert_eq!(Name::parse(&"a".repeat(64)), Err(NameError::LabelTooLong));
        assert_eq!(Name::parse("*.example"), Err(NameError::Wildcard));
        assert_eq!(Name::parse("a.xn--zzzzzz.b"), Err(NameError::ALabel));
        assert_eq!(Name::parse("XN--99999999"), Err(NameError::ALabel));
        assert!(
            Name::parse("xn--i-7iq.ws").is_ok(),
            "a heart is no letter, and is in use"
        );
        assert_eq!(
            Name::parse(&format!("{}a", "a.".repeat(127))),
            Err(NameError::TooLong)
        );
    }

    #[test]
    fn a_wildcard_stands_for_exactly_one_label() {
        let wildcard = WildcardName::parse("*.example.com").unwrap();
        assert!(wildcard.covers(&Name::parse("a.example.com").unwrap()));
        assert!(!wildcard.covers(&Name::parse("example.com").unwrap()));
        assert!(!wildcard.covers(&Name::parse("a.b.example.com").unwrap()));
    }
}
