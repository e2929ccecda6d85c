//! What a strict reader refuses: the lenient readers of this crate keep what they can and note the rest as oddities.

/// Something that a strict reader refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Byte offset in the DER.
    pub offset: usize,
    /// What is wrong there.
    pub kind: OddityKind,
    /// Which field was being read (`validity`, `subjectAltName`, ...).
    pub field: &'static str,
}

/// Kinds of malformed DER and of breaches of RFC 5280 that only a reader can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OddityKind {
    /// A value reaches past the end of what holds it.
    Truncated,
    /// Bytes stand behind the value.
    TrailingBytes,
    /// A tag other than the one that must stand here.
    UnexpectedTag,
    /// A length in more bytes than needed, or indefinite.
    NonMinimalLength,
    /// An INTEGER with needless leading bytes, or empty.
    NonMinimalInteger,
    /// A BOOLEAN other than 00 or ff, or a DEFAULT value that was written out.
    NonCanonicalBoolean,
    /// A BIT STRING with impossible unused bits, or set bits among them.
    BadBitString,
    /// An object identifier that is empty, unterminated or padded.
    BadOid,
    /// Text that is not of its declared kind (invalid UTF-8, odd BMPString, NUL inside).
    BadText,
    /// A time that does not exist, or in a form that RFC 5280 section 4.1.2.5 forbids.
    BadTime,
    /// A GeneralizedTime before 2050: issuers must not write it, and readers must take it (section 4.1.2.5).
    UnusualTime,
    /// An address of an impossible length.
    BadAddress,
    /// The same extension twice (section 4.2).
    DuplicateExtension,
    /// More names than are parsed.
    TooManyNames,
    /// More extensions, usages, policies, addresses or parts of a name than are kept.
    TooManyEntries,
    /// Nested deeper than is followed.
    TooDeep,
    /// An RSA or EC key whose inner structure does not parse.
    BadKey,
    /// Not a certificate at all.
    NotACertificate,
}
