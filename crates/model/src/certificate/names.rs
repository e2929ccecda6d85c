//! Distinguished names as RFC 4514 text, and general names (RFC 5280 sections 4.1.2.4 and 4.2.1.6).

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{DistinguishedName, GeneralName, OddityKind};
use crate::der::{DerError, Notes, Reader, Value, push_text, tag};
use crate::limits;
use crate::oid::Oid;
use crate::untrusted::Untrusted;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

impl DistinguishedName {
    /// Reads a Name that stands alone, as in the list of acceptable client CAs. What cannot be read is left out.
    pub fn from_der(der: &[u8]) -> Self {
        let notes = Notes::default();
        let value = Reader::new(der, &notes).value();
        value.map_or_else(
            |_| Self {
                raw_bytes: der.into(),
                ..Self::default()
            },
            |name| distinguished_name(&name, &notes),
        )
    }
}

impl DistinguishedName {
    /// The values of its emailAddress attributes, which name mailboxes as RFC 2985 once had it (RFC 5280 section
    /// 4.1.2.6). Read anew at every call: hardly anybody asks.
    pub fn email_addresses(&self) -> Vec<Untrusted> {
        let silent = Notes::default();
        let mut found = Vec::new();
        let read = |found: &mut Vec<Untrusted>| -> Result<(), DerError> {
            let mut sets = Reader::new(&self.raw_bytes, &silent).open(tag::SEQUENCE)?;
            while !sets.is_empty() {
                let mut attributes = sets.open(tag::SET)?;
                while !attributes.is_empty() {
                    let mut attribute = attributes.open(tag::SEQUENCE)?;
                    let kind = attribute.expect(tag::OID)?;
                    let value = attribute.value()?;
                    if kind.content == EMAIL_ADDRESS {
                        found.push(Untrusted::from_bytes(value.content));
                    }
                }
            }
            Ok(())
        };
        // A name that ends in nonsense has the addresses that were read before it.
        silent.keep(read(&mut found));
        found
    }
}

/// Reads a Name (the SEQUENCE). What cannot be read of it is noted and left out of the text.
pub(crate) fn distinguished_name(name: &Value<'_>, notes: &Notes) -> DistinguishedName {
    let mut read = DistinguishedName {
        raw_bytes: name.whole.into(),
        canonical: canonical(name),
        ..DistinguishedName::default()
    };
    let mut parts = Vec::with_capacity(8);
    notes.keep(collect_parts(name, notes, &mut parts));
    let mut text = String::with_capacity(name.content.len());
    // RFC 4514 section 2.1: the last part comes first.
    for part in parts.iter().rev() {
        notes.keep(push_part(part, notes, &mut text, &mut read));
    }
    read.text = Untrusted::new(text);
    read
}

/// The parts of a Name in the form in which names are compared (RFC 5280 section 7.1). A name that cannot be read
/// compares by its bytes.
fn canonical(name: &Value<'_>) -> Box<[u8]> {
    let silent = Notes::default();
    let mut out = Vec::with_capacity(name.content.len());
    match push_canonical(name, &silent, &mut out) {
        Ok(()) => out.into(),
        Err(_) => name.content.into(),
    }
}

/// As [`canonical`], of one part that stands alone: the content of its SET.
pub(crate) fn canonical_part(part: &Value<'_>) -> Box<[u8]> {
    let silent = Notes::default();
    let mut out = Vec::with_capacity(part.content.len());
    match push_canonical_part(part, &silent, &mut out) {
        Ok(()) => out.into(),
        Err(_) => part.content.into(),
    }
}

fn push_canonical(name: &Value<'_>, notes: &Notes, out: &mut Vec<u8>) -> Result<(), DerError> {
    let mut sets = name.open(notes)?;
    while !sets.is_empty() {
        push_canonical_part(&sets.expect(tag::SET)?, notes, out)?;
    }
    Ok(())
}

fn push_canonical_part(part: &Value<'_>, notes: &Notes, out: &mut Vec<u8>) -> Result<(), DerError> {
    let mut attributes = part.open(notes)?;
    let mut encoded: Vec<Vec<u8>> = Vec::with_capacity(1);
    while !attributes.is_empty() {
        let mut attribute = attributes.open(tag::SEQUENCE)?;
        let kind = attribute.expect(tag::OID)?;
        let value = attribute.value()?;
        let mut content = Vec::with_capacity(kind.whole.len() + value.whole.len() + 2);
        content.extend_from_slice(kind.whole);
        push_comparable(&value, &mut content);
        encoded.push(content);
    }
    // A SET has no order: encoders that do not sort it mean the same name.
    encoded.sort_unstable();
    let length = encoded.iter().map(|content| content.len() + 5).sum();
    out.push(tag::SET);
    push_length(length, out);
    for content in encoded {
        out.push(tag::SEQUENCE);
        push_length(content.len(), out);
        out.extend_from_slice(&content);
    }
    Ok(())
}

/// A text in lower case with its spaces collapsed, as UTF-8 whatever it was written in; anything else as it is.
fn push_comparable(value: &Value<'_>, out: &mut Vec<u8>) {
    let is_plain = matches!(value.tag, 0x0c | 0x13 | 0x16 | 0x1a) && value.content.is_ascii();
    let mut decoded = String::new();
    let text = if is_plain {
        std::str::from_utf8(value.content).unwrap_or_default()
    } else if matches!(value.tag, 0x0c | 0x14 | 0x1c | 0x1e) && push_exactly(value, &mut decoded) {
        decoded = decoded.to_lowercase();
        &decoded
    } else {
        out.extend_from_slice(value.whole);
        return;
    };
    out.push(0x0c);
    let start = out.len();
    push_length(0, out);
    let text_start = out.len();
    for word in text
        .split([' ', '\t', '\n', '\r'])
        .filter(|word| !word.is_empty())
    {
        if out.len() > text_start {
            out.push(b' ');
        }
        out.extend(word.bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    let length = u32::try_from(out.len() - text_start)
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    if let Some(place) = out.get_mut(start..text_start) {
        place.copy_from_slice(&length);
    }
}

/// Text without anything replaced in it, so that two texts are never taken for one.
fn push_exactly(value: &Value<'_>, out: &mut String) -> bool {
    let notes = Notes::default();
    push_text(value, &notes, out) && notes.into_oddities().is_empty()
}

/// A length in four bytes: not DER, which nobody reads this as, and never two ways to write one length.
fn push_length(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

fn collect_parts<'a>(name: &Value<'a>, notes: &Notes, parts: &mut Vec<Value<'a>>) -> Result<(), DerError> {
    let mut sets = name.open(notes)?;
    while !sets.is_empty() {
        if parts.len() == limits::NAME_PARTS {
            return Err(DerError {
                offset: sets.offset(),
                kind: OddityKind::TooManyEntries,
            });
        }
        parts.push(sets.expect(tag::SET)?);
    }
    Ok(())
}

/// One RelativeDistinguishedName: nearly always a single attribute, else several joined by `+`.
fn push_part(
    part: &Value<'_>,
    notes: &Notes,
    text: &mut String,
    name: &mut DistinguishedName,
) -> Result<(), DerError> {
    let mut attributes = part.open(notes)?;
    let mut count = 0;
    while !attributes.is_empty() {
        if count == limits::NAME_PARTS {
            return Err(DerError {
                offset: attributes.offset(),
                kind: OddityKind::TooManyEntries,
            });
        }
        let mut attribute = attributes.open(tag::SEQUENCE)?;
        let kind = attribute.expect(tag::OID)?.oid_content(notes);
        let value = attribute.value()?;
        attribute.finish();
        if !text.is_empty() {
            text.push(if count == 0 { ',' } else { '+' });
        }
        push_attribute(kind, &value, notes, text, name);
        count += 1;
    }
    Ok(())
}

fn push_attribute(
    kind: &[u8],
    value: &Value<'_>,
    notes: &Notes,
    text: &mut String,
    name: &mut DistinguishedName,
) {
    let keyword = keyword(kind);
    match keyword {
        Some(keyword) => text.push_str(keyword),
        // Writing to a String does not fail.
        None => write!(text, "{}", Oid::from_content(kind)).unwrap_or_default(),
    }
    text.push('=');
    let start = text.len();
    // RFC 4514 section 2.4: without a keyword, or when it is no text, the encoding in hexadecimal.
    if keyword.is_none() || !push_text(value, notes, text) {
        text.push('#');
        text.push_str(&hex::encode(value.whole));
        return;
    }
    let written = text.get(start..).unwrap_or_default();
    if kind == COMMON_NAME && name.common_name.is_none() {
        name.common_name = Some(Untrusted::new(written));
    } else if kind == ORGANIZATION {
        name.organization = Some(Untrusted::new(written));
    }
    if needs_escape(written) {
        let plain = text.split_off(start);
        push_escaped(&plain, text);
    }
}

fn needs_escape(text: &str) -> bool {
    text.starts_with([' ', '#']) || text.ends_with(' ') || text.bytes().any(is_special)
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | 0)
}

/// RFC 4514 section 2.4.
fn push_escaped(text: &str, out: &mut String) {
    let last = text.len() - 1;
    for (at, character) in text.char_indices() {
        match character {
            '\0' => out.push_str("\\00"),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
}

/// The keyword of an attribute type: those of RFC 4514 section 3, and the customary ones of certificates.
fn keyword(kind: &[u8]) -> Option<&'static str> {
    match kind {
        [0x55, 4, last] => Some(match last {
            3 => "CN",
            4 => "SN",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "STREET",
            10 => "O",
            11 => "OU",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            17 => "postalCode",
            18 => "postOfficeBox",
            20 => "telephoneNumber",
            41 => "name",
            42 => "GN",
            43 => "initials",
            44 => "generationQualifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return None,
        }),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => Some("UID"),
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => Some("DC"),
        EMAIL_ADDRESS => Some("emailAddress"),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2] => Some("unstructuredName"),
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 1] => Some("jurisdictionL"),
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 2] => Some("jurisdictionST"),
        [0x2b, 6, 1, 4, 1, 0x82, 0x37, 60, 2, 1, 3] => Some("jurisdictionC"),
        _ => None,
    }
}

/// Whether an `iPAddress` stands for one address or for a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressForm {
    /// 4 or 16 bytes.
    Single,
    /// Address and mask: 8 or 32 bytes (RFC 5280 section 4.2.1.10).
    WithMask,
}

/// Reads a GeneralName.
pub(crate) fn general_name(name: &Value<'_>, form: AddressForm, notes: &Notes) -> GeneralName {
    match name.tag {
        0x81 => GeneralName::Email(ia5_text(name, notes)),
        0x82 => GeneralName::Dns(ia5_text(name, notes)),
        0x86 => GeneralName::Uri(ia5_text(name, notes)),
        0x87 => address(name, form, notes),
        0xa4 => match notes.keep(name.open(notes).and_then(|mut inner| inner.expect(tag::SEQUENCE))) {
            Some(directory) => GeneralName::Directory(Box::new(distinguished_name(&directory, notes))),
            None => GeneralName::Other(4),
        },
        0x88 | 0xa0 | 0xa3 | 0xa5 => GeneralName::Other(name.tag & 0x1f),
        other => {
            notes.add(name.offset, OddityKind::UnexpectedTag);
            GeneralName::Other(other & 0x1f)
        }
    }
}

/// Reads GeneralNames, as many as [`limits::NAMES_PARSED`], and says how many there are.
pub(crate) fn general_names(
    mut names: Reader<'_, '_>,
    notes: &Notes,
) -> Result<(Vec<GeneralName>, usize), DerError> {
    // Counting first costs a few nanoseconds a name and saves growing the list.
    let count = count_values(names.rest());
    let mut read = Vec::with_capacity(count.min(limits::NAMES_PARSED));
    while !names.is_empty() {
        if read.len() == limits::NAMES_PARSED {
            notes.add(names.offset(), OddityKind::TooManyNames);
            break;
        }
        match names.value() {
            Ok(name) => read.push(general_name(&name, AddressForm::Single, notes)),
            Err(error) => {
                notes.add(error.offset, error.kind);
                break;
            }
        }
    }
    let count = count.max(read.len());
    Ok((read, count))
}

fn count_values(bytes: &[u8]) -> usize {
    let silent = Notes::default();
    let mut values = Reader::new(bytes, &silent);
    std::iter::from_fn(|| {
        if values.is_empty() {
            None
        } else {
            values.value().ok()
        }
    })
    .count()
}

fn ia5_text(name: &Value<'_>, notes: &Notes) -> Untrusted {
    if !name.content.is_ascii() || name.content.contains(&0) {
        notes.add(name.content_offset, OddityKind::BadText);
    }
    Untrusted::from_bytes(name.content)
}

fn address(name: &Value<'_>, form: AddressForm, notes: &Notes) -> GeneralName {
    if form == AddressForm::Single {
        if let Ok(four) = <[u8; 4]>::try_from(name.content) {
            return GeneralName::Address(IpAddr::from(four));
        }
        if let Ok(sixteen) = <[u8; 16]>::try_from(name.content) {
            return GeneralName::Address(IpAddr::from(sixteen));
        }
    }
    if form == AddressForm::Single || !matches!(name.content.len(), 8 | 32) {
        notes.add(name.content_offset, OddityKind::BadAddress);
    }
    GeneralName::OddAddress(name.content.into())
}
