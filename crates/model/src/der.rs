//! A lenient, bounded reader of DER (X.690): values with their offsets come out, and what a strict reader refuses is
//! noted while reading goes on.
//!
//! It knows tags, lengths and the primitive types; what the values mean is the affair of the modules that read
//! certificates, CRLs and OCSP answers. It copies nothing, never recurses, and does not check what nobody asks for.

mod text;
mod time;

use std::cell::{Cell, RefCell};
use std::ops::Range;

pub use text::push_text;
pub use time::rfc3339;

use crate::limits;
use crate::oddity::{Oddity, OddityKind};
use crate::oid::{self, Oid};

/// Identifier octets.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
    /// SET.
    pub const SET: u8 = 0x31;
    /// A primitive context tag.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }
    /// A constructed context tag.
    pub const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Why a value could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?} at byte {offset}")]
pub struct DerError {
    /// Byte offset in the input.
    pub offset: usize,
    /// What is wrong there.
    pub kind: OddityKind,
}

/// What was noted while reading: shared by all readers of one input.
#[derive(Debug, Default)]
pub struct Notes {
    oddities: RefCell<Vec<Oddity>>,
    field: Cell<&'static str>,
}

impl Notes {
    /// Says which field is read from here on.
    pub fn enter(&self, field: &'static str) {
        self.field.set(field);
    }

    /// Which field is being read.
    pub fn field(&self) -> &'static str {
        self.field.get()
    }

    /// Notes an oddity of the present field. Beyond [`limits::ODDITIES`] they are dropped.
    pub fn add(&self, offset: usize, kind: OddityKind) {
        let mut oddities = self.oddities.borrow_mut();
        if oddities.len() < limits::ODDITIES {
            oddities.push(Oddity {
                offset,
                kind,
                field: self.field.get(),
            });
        }
    }

    /// Keeps a value that could be read, and notes why it could not otherwise.
    pub fn keep<T>(&self, result: Result<T, DerError>) -> Option<T> {
        result.map_err(|error| self.add(error.offset, error.kind)).ok()
    }

    /// The oddities in the order of the bytes.
    pub fn into_oddities(self) -> Vec<Oddity> {
        let mut oddities = self.oddities.into_inner();
        oddities.sort_by_key(|oddity| oddity.offset);
        oddities
    }
}

/// One value: identifier, content, and where they stand.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    /// The identifier octet (of a tag number above 30 its first).
    pub tag: u8,
    /// The content bytes.
    pub content: &'a [u8],
    /// Offset of the content.
    pub content_offset: usize,
    /// Identifier, length and content.
    pub whole: &'a [u8],
    /// Offset of the identifier.
    pub offset: usize,
    depth: usize,
}

impl<'a> Value<'a> {
    /// Where the content stands in the input.
    pub const fn content_range(&self) -> Range<usize> {
        self.content_offset..self.content_offset + self.content.len()
    }

    /// Where the whole value stands in the input.
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.whole.len()
    }

    /// A reader of the content.
    ///
    /// # Errors
    /// [`OddityKind::TooDeep`] beyond [`limits::DER_DEPTH`].
    pub fn open<'n>(&self, notes: &'n Notes) -> Result<Reader<'a, 'n>, DerError> {
        if self.depth >= limits::DER_DEPTH {
            return Err(DerError {
                offset: self.offset,
                kind: OddityKind::TooDeep,
            });
        }
        Ok(Reader {
            rest: self.content,
            offset: self.content_offset,
            depth: self.depth + 1,
            notes,
        })
    }

    /// The content as an INTEGER's or ENUMERATED's: big-endian two's complement, never empty when well formed.
    pub fn integer(&self, notes: &Notes) -> &'a [u8] {
        let padded = matches!(self.content, [0, next, ..] if next & 0x80 == 0)
            || matches!(self.content, [0xff, next, ..] if next & 0x80 != 0);
        if padded || self.content.is_empty() {
            notes.add(self.content_offset, OddityKind::NonMinimalInteger);
        }
        self.content
    }

    /// A non-negative INTEGER of at most 32 bits.
    pub fn small_integer(&self, notes: &Notes) -> Option<u32> {
        let content = self.integer(notes);
        let significant = content
            .iter()
            .position(|byte| *byte != 0)
            .unwrap_or(content.len());
        let digits = content.get(significant..).unwrap_or_default();
        if digits.len() > 4 || content.first().is_some_and(|byte| byte & 0x80 != 0) {
            return None;
        }
        Some(
            digits
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte)),
        )
    }

    /// A BOOLEAN.
    pub fn boolean(&self, notes: &Notes) -> bool {
        if !matches!(self.content, [0 | 0xff]) {
            notes.add(self.content_offset, OddityKind::NonCanonicalBoolean);
        }
        self.content.iter().any(|byte| *byte != 0)
    }

    /// An OBJECT IDENTIFIER's content bytes.
    pub fn oid_content(&self, notes: &Notes) -> &'a [u8] {
        if !oid::is_well_formed(self.content) {
            notes.add(self.content_offset, OddityKind::BadOid);
        }
        self.content
    }

    /// An OBJECT IDENTIFIER.
    pub fn oid(&self, notes: &Notes) -> Oid {
        Oid::from_content(self.oid_content(notes))
    }

    /// Where a BIT STRING's bytes stand, without the octet that counts the unused bits.
    pub fn bits_range(&self) -> Range<usize> {
        let Range { start, end } = self.content_range();
        (start + 1).min(end)..end
    }

    /// A reader of a BIT STRING's bytes, for those that hold further values.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_bits<'n>(&self, notes: &'n Notes) -> Result<Reader<'a, 'n>, DerError> {
        let mut reader = self.open(notes)?;
        reader.rest = reader.rest.get(1..).unwrap_or_default();
        reader.offset = self.bits_range().start;
        Ok(reader)
    }

    /// A BIT STRING's bytes without the octet that counts the unused bits; empty when there is none.
    pub fn bit_string(&self, notes: &Notes) -> &'a [u8] {
        let Some((unused, bits)) = self.content.split_first() else {
            notes.add(self.content_offset, OddityKind::BadBitString);
            return &[];
        };
        let last = bits.last().copied().unwrap_or_default();
        let fits = *unused < 8 && (*unused == 0 || !bits.is_empty());
        if !fits || last & !(0xff_u8.checked_shl(u32::from(*unused)).unwrap_or_default()) != 0 {
            notes.add(self.content_offset, OddityKind::BadBitString);
        }
        bits
    }

    /// A BIT STRING that holds octets, as signatures do: unused bits are noted, since they would let the same
    /// signature be written in several ways, outside of what it covers.
    pub fn octets(&self, notes: &Notes) -> &'a [u8] {
        if self.content.first().is_some_and(|unused| (1..8).contains(unused)) {
            notes.add(self.content_offset, OddityKind::BadBitString);
        }
        self.bit_string(notes)
    }
}

/// Reads the values inside one value, or inside the whole input.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a, 'n> {
    rest: &'a [u8],
    offset: usize,
    depth: usize,
    notes: &'n Notes,
}

impl<'a, 'n> Reader<'a, 'n> {
    /// A reader of a whole input.
    pub const fn new(bytes: &'a [u8], notes: &'n Notes) -> Self {
        Self {
            rest: bytes,
            offset: 0,
            depth: 0,
            notes,
        }
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Where the next value stands.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What has not been read.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next identifier octet.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value, whatever it is.
    ///
    /// A constructed value that reaches past the end is noted and ends there; indefinite and padded lengths are noted
    /// and read.
    ///
    /// # Errors
    /// [`OddityKind::Truncated`] when there is no further value, or a primitive one that is not all there;
    /// [`OddityKind::TooDeep`] for indefinite lengths nested deeper than is followed.
    #[inline]
    pub fn value(&mut self) -> Result<Value<'a>, DerError> {
        // Nearly every value has a one-byte identifier and a length below 128, all there.
        if let [tag, length @ 0..0x80, body @ ..] = self.rest
            && tag & 0x1f != 0x1f
            && let Some((content, rest)) = body.split_at_checked(usize::from(*length))
            && let Some(whole) = self.rest.get(..content.len() + 2)
        {
            let offset = self.offset;
            self.rest = rest;
            self.offset += whole.len();
            return Ok(Value {
                tag: *tag,
                content,
                content_offset: offset + 2,
                whole,
                offset,
                depth: self.depth,
            });
        }
        self.uncommon_value()
    }

    fn uncommon_value(&mut self) -> Result<Value<'a>, DerError> {
        let Header { tag, header, length } =
            header(self.rest).ok_or_else(|| self.error(OddityKind::Truncated))?;
        let body = self.rest.get(header..).unwrap_or_default();
        let (content, end) = match length {
            Length::Definite { bytes, minimal } => {
                if !minimal {
                    self.notes.add(self.offset, OddityKind::NonMinimalLength);
                }
                let content = match body.get(..bytes) {
                    Some(content) => content,
                    None if tag & 0x20 != 0 => {
                        self.notes.add(self.offset, OddityKind::Truncated);
                        body
                    }
                    None => return Err(self.error(OddityKind::Truncated)),
                };
                (content, header + content.len())
            }
            Length::Indefinite => {
                self.notes.add(self.offset, OddityKind::NonMinimalLength);
                let bytes = indefinite_length(body).map_err(|kind| self.error(kind))?;
                (body.get(..bytes).unwrap_or_default(), header + bytes + 2)
            }
        };
        let (whole, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, &[]));
        let value = Value {
            tag,
            content,
            content_offset: self.offset + header,
            whole,
            offset: self.offset,
            depth: self.depth,
        };
        self.rest = rest;
        self.offset += whole.len();
        Ok(value)
    }

    /// The next value, which must have this tag; another stays unread.
    ///
    /// # Errors
    /// [`OddityKind::UnexpectedTag`], and as [`Self::value`].
    pub fn expect(&mut self, tag: u8) -> Result<Value<'a>, DerError> {
        match self.peek() {
            Some(found) if found == tag => self.value(),
            Some(_) => Err(self.error(OddityKind::UnexpectedTag)),
            None => Err(self.error(OddityKind::Truncated)),
        }
    }

    /// The next value if it has this tag.
    ///
    /// # Errors
    /// As [`Self::value`].
    pub fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, DerError> {
        if self.peek() == Some(tag) {
            self.value().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A reader of the content of the next value, which must have this tag.
    ///
    /// # Errors
    /// As [`Self::expect`] and [`Value::open`].
    pub fn open(&mut self, tag: u8) -> Result<Self, DerError> {
        self.expect(tag)?.open(self.notes)
    }

    /// Notes what is left over.
    pub fn finish(self) {
        if !self.is_empty() {
            self.notes.add(self.offset, OddityKind::TrailingBytes);
        }
    }

    const fn error(&self, kind: OddityKind) -> DerError {
        DerError {
            offset: self.offset,
            kind,
        }
    }
}

struct Header {
    tag: u8,
    header: usize,
    length: Length,
}

enum Length {
    Definite { bytes: usize, minimal: bool },
    Indefinite,
}

/// Reads identifier and length octets.
fn header(bytes: &[u8]) -> Option<Header> {
    let tag = *bytes.first()?;
    let mut at = 1;
    if tag & 0x1f == 0x1f {
        // Tag numbers above 30: nothing that is read here has one, so the number is passed over.
        let number = bytes.get(1..)?.iter().take(5).position(|byte| byte & 0x80 == 0)?;
        at += number + 1;
    }
    let first = *bytes.get(at)?;
    at += 1;
    if first < 0x80 {
        return Some(Header {
            tag,
            header: at,
            length: Length::Definite {
                bytes: usize::from(first),
                minimal: true,
            },
        });
    }
    if first == 0x80 {
        return Some(Header {
            tag,
            header: at,
            length: Length::Indefinite,
        });
    }
    let octets = bytes.get(at..at + usize::from(first & 0x7f))?;
    let mut length: usize = 0;
    for octet in octets {
        // A length beyond the address space is beyond the input as well.
        length = length
            .checked_mul(256)
            .map_or(usize::MAX, |length| length | usize::from(*octet));
    }
    let minimal = octets.first().is_some_and(|octet| *octet != 0) && length >= 0x80;
    Some(Header {
        tag,
        header: at + octets.len(),
        length: Length::Definite {
            bytes: length,
            minimal,
        },
    })
}

/// Bytes before the end-of-contents octets that close an indefinite length (X.690 section 8.1.5).
fn indefinite_length(bytes: &[u8]) -> Result<usize, OddityKind> {
    let mut at: usize = 0;
    let mut open = 1;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Header { tag, header, length } = header(rest).ok_or(OddityKind::Truncated)?;
        at += header;
        match length {
            Length::Definite { bytes: 0, .. } if tag == 0 => {
                open -= 1;
                if open == 0 {
                    return Ok(at - header);
                }
            }
            Length::Definite { bytes, .. } => at = at.saturating_add(bytes),
            Length::Indefinite => open += 1,
        }
        if open > limits::DER_DEPTH {
            return Err(OddityKind::TooDeep);
        }
    }
}
