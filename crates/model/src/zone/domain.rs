//! Names as DNS has them: any octets in labels, the root included.
//!
//! Text or wire format comes in, wire format without compression and in lower case goes out. [`crate::Name`] is the
//! narrower noun: a name that a certificate can be for.

use std::borrow::Borrow;
use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::name::{Name, NameError};

/// A name of DNS, owned; lower case, without compression, the root label included.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Box<[u8]>);

/// A name of DNS, borrowed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainRef<'a>(&'a [u8]);

/// Why text is no name of DNS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// Nothing was written.
    #[error("empty name")]
    Empty,
    /// Two dots without a label between.
    #[error("empty label between two dots")]
    EmptyLabel,
    /// More than 63 octets in a label (RFC 1035 section 2.3.4).
    #[error("a label is longer than 63 octets")]
    LabelTooLong,
    /// More than 255 octets in all (RFC 1035 section 2.3.4).
    #[error("the name is longer than 255 octets")]
    TooLong,
    /// A backslash that no character or three digits follow (RFC 1035 section 5.1).
    #[error("a backslash is followed neither by a character nor by three digits up to 255")]
    Escape,
    /// Not a valid internationalised name (UTS 46).
    #[error("not a valid internationalised name")]
    Idna,
}

/// Octets of a name at most (RFC 1035 section 2.3.4).
pub const NAME_OCTETS: usize = 255;
/// Octets of a label at most (RFC 1035 section 2.3.4).
const LABEL_OCTETS: usize = 63;

impl Domain {
    /// The root.
    pub fn root() -> Self {
        Self(Box::new([0]))
    }

    /// Reads text as an absolute name, with or without the trailing dot; U-labels become A-labels.
    pub fn parse(text: &str) -> Result<Self, DomainError> {
        Self::parse_in(text, DomainRef::ROOT)
    }

    /// Reads text as master files do (RFC 1035 section 5.1): `@` is the origin, a name without a trailing dot is below it.
    pub fn parse_in(text: &str, origin: DomainRef<'_>) -> Result<Self, DomainError> {
        if text.is_empty() {
            return Err(DomainError::Empty);
        }
        if text == "@" {
            return Ok(origin.to_owned());
        }
        if text == "." {
            return Ok(Self::root());
        }
        if !text.is_ascii() {
            let ascii = idna::domain_to_ascii(text).map_err(|_| DomainError::Idna)?;
            return Self::parse_ascii(ascii.as_bytes(), origin);
        }
        Self::parse_ascii(text.as_bytes(), origin)
    }

    fn parse_ascii(text: &[u8], origin: DomainRef<'_>) -> Result<Self, DomainError> {
        let mut wire = Vec::with_capacity(text.len() + 2);
        let mut label: Vec<u8> = Vec::new();
        let mut octets = text.iter().copied();
        let mut absolute = false;
        while let Some(octet) = octets.next() {
            absolute = false;
            match octet {
                b'.' => {
                    push_label(&mut wire, &label)?;
                    label.clear();
                    absolute = true;
                }
                b'\\' => label.push(escaped(&mut octets)?),
                octet => label.push(octet.to_ascii_lowercase()),
            }
        }
        if absolute {
            wire.push(0);
        } else {
            push_label(&mut wire, &label)?;
            wire.extend_from_slice(origin.0);
        }
        if wire.len() > NAME_OCTETS {
            return Err(DomainError::TooLong);
        }
        Ok(Self(wire.into_boxed_slice()))
    }

    /// The same, borrowed.
    pub const fn borrowed(&self) -> DomainRef<'_> {
        DomainRef(&self.0)
    }

    /// Wire format.
    pub const fn wire(&self) -> &[u8] {
        &self.0
    }
}

/// Maps by name are asked with wire format, so that nothing is copied to ask them.
impl Borrow<[u8]> for Domain {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

fn push_label(wire: &mut Vec<u8>, label: &[u8]) -> Result<(), DomainError> {
    if label.is_empty() {
        return Err(DomainError::EmptyLabel);
    }
    let length = u8::try_from(label.len()).map_err(|_| DomainError::LabelTooLong)?;
    if label.len() > LABEL_OCTETS {
        return Err(DomainError::LabelTooLong);
    }
    wire.push(length);
    wire.extend_from_slice(label);
    Ok(())
}

fn escaped(octets: &mut impl Iterator<Item = u8>) -> Result<u8, DomainError> {
    let first = octets.next().ok_or(DomainError::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first.to_ascii_lowercase());
    }
    let mut value = u32::from(first - b'0');
    for _ in 0..2 {
        let digit = octets
            .next()
            .filter(u8::is_ascii_digit)
            .ok_or(DomainError::Escape)?;
        value = value * 10 + u32::from(digit - b'0');
    }
    let octet = u8::try_from(value).map_err(|_| DomainError::Escape)?;
    Ok(octet.to_ascii_lowercase())
}

impl DomainRef<'static> {
    /// The root.
    pub const ROOT: Self = Self(&[0]);
}

impl<'a> DomainRef<'a> {
    /// Takes the name at the front of uncompressed wire format that is in lower case already, and gives what stands
    /// behind it; nothing when it is no such name.
    pub fn split(wire: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut end = 0_usize;
        loop {
            let length = usize::from(*wire.get(end)?);
            if length > LABEL_OCTETS {
                return None;
            }
            end += 1 + length;
            if end > NAME_OCTETS {
                return None;
            }
            if length == 0 {
                let (name, rest) = wire.split_at_checked(end)?;
                return Some((Self(name), rest));
            }
        }
    }

    /// Wire format.
    pub const fn wire(self) -> &'a [u8] {
        self.0
    }

    /// An owned copy.
    pub fn to_owned(self) -> Domain {
        Domain(self.0.into())
    }

    /// Whether it is the root.
    pub const fn is_root(self) -> bool {
        self.0.len() == 1
    }

    /// The labels, leftmost first, without the root.
    pub fn labels(self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first()?;
            let (label, behind) = behind.split_at_checked(usize::from(*length))?;
            rest = behind;
            (!label.is_empty()).then_some(label)
        })
    }

    /// The name without its leftmost label; nothing above the root.
    pub fn parent(self) -> Option<Self> {
        let length = usize::from(*self.0.first()?);
        if length == 0 {
            return None;
        }
        self.0.get(length + 1..).map(Self)
    }

    /// Whether the leftmost label is `*` (RFC 4592 section 2.1.1).
    pub fn is_wildcard(self) -> bool {
        self.0.starts_with(b"\x01*")
    }

    /// Whether it is `zone` or below it.
    pub fn is_within(self, zone: DomainRef<'_>) -> bool {
        let Some(mut above) = self.0.len().checked_sub(zone.0.len()) else {
            return false;
        };
        if self.0.get(above..) != Some(zone.0) {
            return false;
        }
        // The suffix must begin where a label begins.
        let mut at = 0_usize;
        while above > 0 {
            let step = usize::from(self.0.get(at).copied().unwrap_or_default()) + 1;
            let Some(rest) = above.checked_sub(step) else {
                return false;
            };
            above = rest;
            at += step;
        }
        true
    }

    /// Whether it is below `zone` and not `zone` itself.
    pub fn is_below(self, zone: DomainRef<'_>) -> bool {
        self.0.len() > zone.0.len() && self.is_within(zone)
    }

    /// Puts `label` in front; nothing when the name would be too long or the label is none.
    pub fn child(self, label: &[u8]) -> Option<Domain> {
        let mut wire = Vec::with_capacity(self.0.len() + label.len() + 1);
        push_label(&mut wire, label).ok()?;
        wire.extend(self.0);
        wire.iter_mut().for_each(u8::make_ascii_lowercase);
        (wire.len() <= NAME_OCTETS).then(|| Domain(wire.into_boxed_slice()))
    }

    /// Puts `to` in the place of `from`, which it must be below (RFC 6672 section 2.2); nothing when the name gets too long.
    pub fn moved(self, from: DomainRef<'_>, to: DomainRef<'_>) -> Option<Domain> {
        let keep = self.0.len().checked_sub(from.0.len())?;
        let mut wire = self.0.get(..keep)?.to_vec();
        wire.extend_from_slice(to.0);
        (wire.len() <= NAME_OCTETS).then(|| Domain(wire.into_boxed_slice()))
    }

    /// Appends the name as a certificate would have it, and says why when it can be in none.
    ///
    /// # Errors
    /// [`NameError`], with nothing appended.
    pub fn push_host(self, out: &mut String) -> Result<(), NameError> {
        if self.is_root() {
            return Err(NameError::Empty);
        }
        self.labels().try_for_each(host_label)?;
        let mut octets = std::mem::take(out).into_bytes();
        self.push_dotted(&mut octets);
        octets.pop();
        // It is ASCII, as was just seen.
        *out = String::from_utf8(octets).unwrap_or_default();
        Ok(())
    }

    /// Appends the name as it is shown: what `Display` writes, without its machinery. Says whether it has only letters,
    /// digits, `-`, `_`, `*` and dots, so that nobody has to escape anything of it.
    pub fn push_text(self, out: &mut Vec<u8>) -> bool {
        if self.is_root() {
            out.push(b'.');
            return true;
        }
        // Nearly every name is like this, and a zone of a million names is shown twice.
        if !self.labels().flatten().all(|octet| is_in(&PLAIN, *octet)) {
            // Memory takes everything.
            write!(out, "{self}").unwrap_or_default();
            return false;
        }
        self.push_dotted(out);
        true
    }

    /// Appends the labels as they are, a dot behind each.
    fn push_dotted(self, out: &mut Vec<u8>) {
        let mut dot = out.len();
        out.extend_from_slice(self.0.get(1..).unwrap_or_default());
        // The length in front of a label stands where the dot behind the one before belongs.
        for label in self.labels() {
            dot += label.len();
            if let Some(octet) = out.get_mut(dot) {
                *octet = b'.';
            }
            dot += 1;
        }
    }

    /// The name as a certificate would have it.
    ///
    /// # Errors
    /// [`NameError`] when it can be in none.
    pub fn host(self) -> Result<Name, NameError> {
        let mut text = String::with_capacity(self.0.len());
        self.push_host(&mut text)?;
        Name::parse(&text)
    }

    /// Whether a label begins with an underscore: the name of a service, of a key, of a policy; not of a host.
    pub fn has_underscore_label(self) -> bool {
        self.labels().any(|label| label.starts_with(b"_"))
    }
}

fn host_label(label: &[u8]) -> Result<(), NameError> {
    if label == b"*" {
        return Err(NameError::Wildcard);
    }
    if label.starts_with(b"-") || label.ends_with(b"-") {
        return Err(NameError::Hyphen);
    }
    match label.iter().find(|octet| !is_in(&HOST, **octet)) {
        Some(other) => Err(NameError::Character(char::from(*other))),
        None => Ok(()),
    }
}

/// Octets that are shown as they are.
const PLAIN: [bool; 256] = set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*");
/// Octets of a host's name in lower case.
const HOST: [bool; 256] = set(b"abcdefghijklmnopqrstuvwxyz0123456789-_");

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn set(octets: &[u8]) -> [bool; 256] {
    let mut set = [false; 256];
    let mut place = 0;
    while place < octets.len() {
        set[octets[place] as usize] = true;
        place += 1;
    }
    set
}

fn is_in(set: &[bool; 256], octet: u8) -> bool {
    set.get(usize::from(octet)).copied().unwrap_or_default()
}

/// A label that is shown as it is.
fn plain(label: &[u8]) -> Option<&str> {
    label
        .iter()
        .all(|octet| is_in(&PLAIN, *octet))
        .then(|| std::str::from_utf8(label).ok())?
}

impl fmt::Display for DomainRef<'_> {
    /// As master files write it, with the trailing dot; what is not a printable character is `\DDD`, so that it is safe in
    /// a terminal (RFC 1035 section 5.1).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_char('.');
        }
        for label in self.labels() {
            // Nearly every label is like this, and a zone of a million names is shown twice.
            if let Some(text) = plain(label) {
                f.write_str(text)?;
                f.write_char('.')?;
                continue;
            }
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(*octet))?;
                    }
                    b'!'..=b'~' => f.write_char(char::from(*octet))?,
                    other => write!(f, "\\{other:03}")?,
                }
            }
            f.write_char('.')?;
        }
        Ok(())
    }
}

impl fmt::Debug for DomainRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    #[test]
    fn text_and_back() {
        assert_eq!(domain("WWW.Example.COM").to_string(), "www.example.com.");
        assert_eq!(domain("a\\.b.example.").to_string(), "a\\.b.example.");
        assert_eq!(domain("\\027x.example").to_string(), "\\027x.example.");
        assert_eq!(domain(".").to_string(), ".");
        assert_eq!(domain("bücher.example").to_string(), "xn--bcher-kva.example.");
    }

    #[test]
    fn both_ways_of_showing_agree() {
        for text in [
            "WWW.example.com",
            ".",
            "*.a",
            "a\\.b.example",
            "x.\\027.y",
            "_tcp.a-b.example",
        ] {
            let mut out = b"before ".to_vec();
            let plain = domain(text).borrowed().push_text(&mut out);
            assert_eq!(plain, !text.contains('\\'));
            assert_eq!(
                String::from_utf8(out).unwrap(),
                format!("before {}", domain(text))
            );
        }
    }

    #[test]
    fn relative_names_are_below_the_origin() {
        let origin = domain("example.com");
        let below = |text: &str| Domain::parse_in(text, origin.borrowed()).map(|domain| domain.to_string());
        assert_eq!(below("@").unwrap(), "example.com.");
        assert_eq!(below("www").unwrap(), "www.example.com.");
        assert_eq!(below("www.other.").unwrap(), "www.other.");
        assert_eq!(below("a..b"), Err(DomainError::EmptyLabel));
        assert_eq!(below("\\9"), Err(DomainError::Escape));
        assert_eq!(below("\\999"), Err(DomainError::Escape));
        assert_eq!(below(&"a".repeat(64)), Err(DomainError::LabelTooLong));
        assert_eq!(below(&"a.".repeat(130)), Err(DomainError::TooLong));
    }

    #[test]
    fn within_goes_by_labels() {
        let zone = domain("example.com");
        assert!(domain("a.example.com").borrowed().is_below(zone.borrowed()));
        assert!(zone.borrowed().is_within(zone.borrowed()) && !zone.borrowed().is_below(zone.borrowed()));
        assert!(!domain("aexample.com").borrowed().is_within(zone.borrowed()));
        // The octets of the suffix, inside a label.
        assert!(
            !domain("x\\007example\\003com")
                .borrowed()
                .is_within(zone.borrowed())
        );
        assert!(domain("com").borrowed().is_within(Domain::root().borrowed()));
    }

    #[test]
    fn hosts_are_what_certificates_can_name() {
        assert_eq!(
            domain("www.example.com").borrowed().host().unwrap().as_str(),
            "www.example.com"
        );
        assert_eq!(
            domain("*.example.com").borrowed().host(),
            Err(NameError::Wildcard)
        );
        assert_eq!(
            domain("a\\032b.example").borrowed().host(),
            Err(NameError::Character(' '))
        );
        assert_eq!(Domain::root().borrowed().host(), Err(NameError::Empty));
    }

    #[test]
    fn a_moved_name_keeps_what_stood_in_front() {
        let moved = domain("a.b.old.example")
            .borrowed()
            .moved(domain("old.example").borrowed(), domain("new.test").borrowed())
            .unwrap();
        assert_eq!(moved.to_string(), "a.b.new.test.");
    }

    #[test]
    fn wire_format_is_checked() {
        assert!(DomainRef::split(&[3, b'c', b'o']).is_none());
        assert!(DomainRef::split(&[0xc0, 12]).is_none());
        assert!(DomainRef::split(&[]).is_none());
        let (name, rest) = DomainRef::split(b"\x03com\x00rest").unwrap();
        assert_eq!((name.to_string().as_str(), rest), ("com.", b"rest".as_slice()));
    }
}
