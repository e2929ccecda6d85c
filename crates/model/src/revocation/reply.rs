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

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SerialNumber};

    use super::*;
    use crate::certificate::Oid;
    use crate::revocation::CertificateStatus;

    /// A certificate with this serial number, and its issuer.
    fn pair(serial: &[u8]) -> (Certificate, Certificate) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let above = Certificate::from_der(authority.self_signed(&key).unwrap().der().as_ref());
        let issuer = Issuer::new(authority, key);
        let mut leaf = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        leaf.distinguished_name = rcgen::DistinguishedName::new();
        leaf.serial_number = Some(SerialNumber::from_slice(serial));
        let made = leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        (Certificate::from_der(made.der().as_ref()), above)
    }

    fn about(algorithm: &'static Algorithm, oid: &str, certificate: &Certificate, issuer: &Certificate) -> SingleAnswer {
        let (name, key) = issuer_hashes(algorithm, certificate, issuer).unwrap();
        SingleAnswer {
            hash_algorithm: Oid::from_dotted(oid).unwrap(),
            issuer_name_hash: name.as_ref().into(),
            issuer_key_hash: key.as_ref().into(),
            serial: certificate.facts().serial.clone(),
            status: CertificateStatus::Good,
            this_update: None,
            next_update: None,
            scts: None,
        }
    }

    #[test]
    fn a_question_names_the_certificate_and_nothing_else() {
        let (leaf, issuer) = pair(&[0x12, 0x34]);
        let request = ocsp_request(&leaf, &issuer).unwrap();
        let name = digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, &issuer.facts().subject.raw_bytes);
        let expected = [
            &[0x30, 0x43, 0x30, 0x41, 0x30, 0x3f, 0x30, 0x3d, 0x30, 0x3b][..],
            SHA1_IDENTIFIER,
            &[4, 20],
            name.as_ref(),
            &[4, 20],
        ]
        .concat();
        assert!(request.starts_with(&expected), "{}", hex::encode(&request));
        assert!(request.ends_with(&[2, 2, 0x12, 0x34]));
        assert_eq!(request.len(), expected.len() + 20 + 4);
    }

    #[test]
    fn a_serial_number_that_nobody_would_answer_for_is_not_asked_about() {
        let (leaf, issuer) = pair(&[0x41; 64]);
        assert!(ocsp_request(&leaf, &issuer).is_some());
        let (leaf, issuer) = pair(&[0x41; 65]);
        assert_eq!(ocsp_request(&leaf, &issuer), None);
        assert_eq!(ocsp_request(&Certificate::from_der(&b"nonsense"[..]), &issuer), None);
        assert_eq!(ocsp_request(&leaf, &Certificate::from_der(&b"nonsense"[..])), None);
    }

    #[test]
    fn an_answer_may_name_the_issuer_by_any_known_hash() {
        let (leaf, issuer) = pair(&[1]);
        for (algorithm, oid) in [
            (&SHA1_FOR_LEGACY_USE_ONLY, "1.3.14.3.2.26"),
            (&SHA256, "2.16.840.1.101.3.4.2.1"),
            (&SHA384, "2.16.840.1.101.3.4.2.2"),
            (&SHA512, "2.16.840.1.101.3.4.2.3"),
        ] {
            let single = about(algorithm, oid, &leaf, &issuer);
            assert!(single.is_about(&leaf, &issuer), "{oid}");
            let (other, other_issuer) = pair(&[1]);
            assert!(!single.is_about(&other, &other_issuer), "the same number of another issuer");
        }
        let mislabelled = about(&SHA256, "1.3.14.3.2.26", &leaf, &issuer);
        assert!(!mislabelled.is_about(&leaf, &issuer));
    }

    #[test]
    fn a_responder_is_known_by_its_name_or_key() {
        let (leaf, issuer) = pair(&[1]);
        let key = issuer.der().get(issuer.facts().public_key.key.clone()).unwrap();
        let by_key = ResponderId::KeyHash(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, key).as_ref().into());
        let by_name = ResponderId::Name(Box::new(issuer.facts().subject.clone()));
        for id in [by_key, by_name] {
            assert!(id.is(&issuer) && !id.is(&leaf));
        }
        assert!(!ResponderId::Unread.is(&issuer));
    }
}
