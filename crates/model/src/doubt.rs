//! Where it is said whether a certificate is revoked, and why what is said there does not count.
//!
//! Facts only: the sentences are made at the edge. Nothing here judges.

use jiff::Timestamp;

use crate::finding::Unknown;
use crate::revocation::OcspStatus;

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The OCSP answer that the server sent along (RFC 6066 section 8).
    Staple,
    /// An OCSP responder.
    Ocsp,
    /// A revocation list.
    Crl,
}

impl Source {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Staple => "staple",
            Self::Ocsp => "ocsp",
            Self::Crl => "crl",
        }
    }
}

/// Why an OCSP answer does not count (RFC 6960 section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspDoubt {
    /// It cannot be read, or breaks the encoding.
    Malformed,
    /// The responder refused to answer.
    NotAnswered(OcspStatus),
    /// It is about other certificates.
    NotAbout,
    /// The responder does not know the certificate.
    NotKnown,
    /// Nobody who may answer for the issuer is the one who signed it.
    NoSigner,
    /// The signature does not verify.
    BadSignature,
    /// Signed by an algorithm or key that this program cannot verify.
    UnsupportedAlgorithm,
    /// It is not in force yet.
    NotYet {
        /// From when.
        this_update: Timestamp,
    },
    /// A newer one should have come.
    Stale {
        /// Until when.
        next_update: Timestamp,
    },
}

impl OcspDoubt {
    /// The word used in machine formats.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotAnswered(status) => match status {
                OcspStatus::MalformedRequest => "malformed-request",
                OcspStatus::InternalError => "internal-error",
                OcspStatus::TryLater => "try-later",
                OcspStatus::SignatureRequired => "signature-required",
                OcspStatus::Unauthorized => "unauthorized",
                OcspStatus::Successful | OcspStatus::Other(_) | OcspStatus::Unread => "not-answered",
            },
            Self::NotAbout => "not-about",
            Self::NotKnown => "not-known",
            Self::NoSigner => "no-signer",
            Self::BadSignature => "bad-signature",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::NotYet { .. } => "not-yet",
            Self::Stale { .. } => "stale",
        }
    }
}

/// Why what was said does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Of an OCSP answer.
    Ocsp(OcspDoubt),
    /// Of revocation lists.
    Crl(Unknown),
}

impl Doubt {
    /// The word used in machine formats.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ocsp(doubt) => doubt.word(),
            Self::Crl(unknown) => unknown.word(),
        }
    }
}
