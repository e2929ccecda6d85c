//! A certificate: its DER, its fingerprint, and what could be read of it.
//!
//! Reading is lenient: what can be read is kept, and each thing that a strict reader refuses is an [`Oddity`] with its
//! byte offset. A certificate is never dropped because one field of it does not parse.

pub(crate) mod algorithms;
pub(crate) mod extensions;
mod facts;
pub(crate) mod names;
mod parse;
mod request;
mod shelf;

use std::fmt;

pub use facts::*;
pub use request::SigningRequest;
pub use shelf::Shelf;

use crate::der::{Notes, Reader, tag};
use crate::fingerprint::Fingerprint;

/// A certificate as it was presented. Immutable; equal when its DER is.
pub struct Certificate {
    der: Box<[u8]>,
    fingerprint: Fingerprint,
    facts: Facts,
}

impl Certificate {
    /// Reads `der`. Never fails: see [`Facts::oddities`] for what did not parse.
    pub fn from_der(der: impl Into<Box<[u8]>>) -> Self {
        let der = der.into();
        let fingerprint = Fingerprint::of(&der);
        let facts = parse::facts(&der);
        Self {
            der,
            fingerprint,
            facts,
        }
    }

    /// The bytes as they were presented.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the bytes.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What could be read.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo that stands alone. What could not be read is [`KeyKind::Unread`].
    pub fn from_der(spki: &[u8]) -> Self {
        let notes = Notes::default();
        let value = Reader::new(spki, &notes).expect(tag::SEQUENCE);
        value.map_or_else(
            |_| Self::default(),
            |value| algorithms::public_key(&value, &notes),
        )
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("sha256", &self.fingerprint)
            .field("subject", &self.facts.subject)
            .finish()
    }
}
