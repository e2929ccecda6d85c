//! An OCSP answer with its bytes, and the question that it answers (RFC 6960 section 4.1).
//!
//! A certificate and its issuer come in, a request goes out; DER comes in, an answer with its bytes goes out. The request
//! names the certificate by SHA-1, which is what responders index their answers by, and carries no nonce, so that the
//! answer may come of a cache (RFC 5019, RFC 9654 section 2.1).

use std::fmt;

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};

use super::{BasicAnswer, OcspAnswer, ResponderId, SingleAnswer};
use crate::certificate::Certificate;
use crate::der::tag;
use crate::fingerprint::Fingerprint;

/// The longest serial number that a question is made of: RFC 5280 allows 20 bytes, and some have a few more.
const SERIAL_BYTES: usize = 64;
/// AlgorithmIdentifier of SHA-1, with its NULL.
const SHA1_IDENTIFIER: &[u8] = &[0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0];

/// An OCSP answer that was read, with the bytes that it was read from.
pub struct OcspReply {
    der: Box<[u8]>,
    fingerprint: Fingerprint,
    answer: OcspAnswer,
}

impl OcspReply {
    /// Reads `der`. Never fails: see [`OcspAnswer::parse`].
    pub fn from_der(der: impl Into<Box<[u8]>>) -> Self {
        let der = der.into();
        Self {
            fingerprint: Fingerprint::of(&der),
            answer: OcspAnswer::parse(&der),
            der,
        }
    }

    /// The bytes as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the bytes.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What they say.
    pub const fn answer(&self) -> &OcspAnswer {
        &self.answer
    }

    /// The certificates sent along.
    pub fn certificates<'a>(&'a self, basic: &'a BasicAnswer) -> impl Iterator<Item = Certificate> + 'a {
        let ranges = basic.certificates.iter();
        ranges.filter_map(|range| self.der.get(range.clone()).map(Certificate::from_der))
    }
}

impl PartialEq for OcspReply {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for OcspReply {}

impl fmt::Debug for OcspReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspReply")
            .field("sha256", &self.fingerprint)
            .field("status", &self.answer.status)
            .finish()
    }
}

/// The request for the status of `certificate`; `None` when its serial number or the issuer's key cannot be read.
pub fn ocsp_request(certificate: &Certificate, issuer: &Certificate) -> Option<Vec<u8>> {
    let serial = &certificate.facts().serial;
    if serial.is_empty() || serial.len() > SERIAL_BYTES {
        return None;
    }
    let (name, key) = issuer_hashes(&SHA1_FOR_LEGACY_USE_ONLY, certificate, issuer)?;
    let id = [
        SHA1_IDENTIFIER.to_vec(),
        encode(tag::OCTET_STRING, name.as_ref()),
        encode(tag::OCTET_STRING, key.as_ref()),
        encode(tag::INTEGER, serial),
    ];
    // CertID in Request, in the requestList, in TBSRequest, in OCSPRequest.
    let id = encode(tag::SEQUENCE, &id.concat());
    let nested = (0..4).fold(id, |inner, _| encode(tag::SEQUENCE, &inner));
    Some(nested)
}

impl SingleAnswer {
    /// Whether this answer is about `certificate` of `issuer`: serial number, and both hashes by the hash that the
    /// responder chose.
    pub fn is_about(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        if *self.serial != *certificate.facts().serial {
            return false;
        }
        let algorithm = match self.hash_algorithm.content() {
            [0x2b, 0x0e, 3, 2, 0x1a] => &SHA1_FOR_LEGACY_USE_ONLY,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => &SHA256,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => &SHA384,
            [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => &SHA512,
            _ => return false,
        };
        let hashes = issuer_hashes(algorithm, certificate, issuer);
        hashes.is_some_and(|(name, key)| {
            *self.issuer_name_hash == *name.as_ref() && *self.issuer_key_hash == *key.as_ref()
        })
    }
}

impl ResponderId {
    /// Whether it means `certificate`.
    pub fn is(&self, certificate: &Certificate) -> bool {
        let facts = certificate.facts();
        match self {
            Self::Name(name) => name.raw_bytes == facts.subject.raw_bytes,
            Self::KeyHash(hash) => {
                let key = certificate.der().get(facts.public_key.key.clone());
                key.is_some_and(|key| **hash == *digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref())
            }
            Self::Unread => false,
        }
    }
}

/// Hashes of the issuer's name, as the certificate spells it, and of the issuer's key.
fn issuer_hashes(
    algorithm: &'static Algorithm,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Option<(digest::Digest, digest::Digest)> {
    let key = issuer.der().get(issuer.facts().public_key.key.clone())?;
    let name = &certificate.facts().issuer.raw_bytes;
    if key.is_empty() || name.is_empty() {
        return None;
    }
    Some((digest::digest(algorithm, name), digest::digest(algorithm, key)))
}

/// One value. Nothing written here comes near 64 KiB.
fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let [.., high, low] = content.len().to_be_bytes();
    let mut out = match (high, low) {
        (0, 0..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    out
}
