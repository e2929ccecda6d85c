//! Signed certificate timestamps (RFC 6962 section 3) as found in a certificate, a TLS extension, or a staple.
//!
//! The bytes of a `SignedCertificateTimestampList` come in; the timestamps that could be read go out, with the first
//! breach of the format if there is one, and what a log must have signed to have made one. Which log it was and whether
//! its signature verifies is not looked at here.

use jiff::Timestamp;

use crate::certificate::{Certificate, Hash, SignatureAlgorithm};
use crate::der::{DerError, Notes, Reader, tag};
use crate::fingerprint::Fingerprint;
use crate::limits;
use crate::oddity::OddityKind;

/// One SCT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// Where it was found.
    pub origin: SctOrigin,
    /// SHA-256 of the log's key.
    pub log_id: [u8; 32],
    /// When the log promised to include the certificate.
    pub timestamp: Option<Timestamp>,
    /// The serialised SCT, for verifying its signature.
    pub bytes: Box<[u8]>,
}

/// What a log signs (RFC 6962 section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// A certificate as it is: for timestamps that come beside it.
    Certificate(Box<[u8]>),
    /// What became of a precertificate: for timestamps inside of it.
    Precertificate {
        /// SHA-256 of the issuer's SubjectPublicKeyInfo.
        issuer_key_hash: [u8; 32],
        /// The TBSCertificate without its list of timestamps.
        to_be_signed: Box<[u8]>,
    },
}

/// The signature of an SCT, and what it covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SctSignature {
    /// By which algorithm.
    pub algorithm: SignatureAlgorithm,
    /// What is signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: Box<[u8]>,
}

impl LogEntry {
    /// The entry that a timestamp found at `origin` is about. One inside the certificate needs the certificate's issuer;
    /// `None` when that is missing, or when the certificate cannot be taken apart.
    pub fn new(origin: SctOrigin, leaf: &Certificate, issuer: Option<&Certificate>) -> Option<Self> {
        if origin != SctOrigin::Certificate {
            return Some(Self::Certificate(leaf.der().into()));
        }
        let issuer = issuer?;
        let key = issuer.der().get(issuer.facts().public_key.spki.clone())?;
        let to_be_signed = leaf.der().get(leaf.facts().to_be_signed.clone())?;
        Some(Self::Precertificate {
            issuer_key_hash: *Fingerprint::of(key).as_bytes(),
            to_be_signed: without_scts(to_be_signed).ok()?.into(),
        })
    }

    fn append_to(&self, out: &mut Vec<u8>) -> Option<()> {
        let (kind, content) = match self {
            Self::Certificate(der) => (0_u16, der),
            Self::Precertificate { to_be_signed, .. } => (1_u16, to_be_signed),
        };
        out.extend_from_slice(&kind.to_be_bytes());
        if let Self::Precertificate { issuer_key_hash, .. } = self {
            out.extend_from_slice(issuer_key_hash);
        }
        let length = u32::try_from(content.len()).ok()?.to_be_bytes();
        let [0, length @ ..] = length else { return None };
        out.extend_from_slice(&length);
        out.extend_from_slice(content);
        Some(())
    }
}

impl Sct {
    /// The signature with what it must cover for `entry`; `None` when the algorithm is not one that logs may use (RFC
    /// 6962 section 2.1.4).
    pub fn signature(&self, entry: &LogEntry) -> Option<SctSignature> {
        let (_, mut rest) = self.bytes.split_first()?;
        take::<32>(&mut rest).ok()?;
        let timestamp: [u8; 8] = take(&mut rest).ok()?;
        let extensions = take_u16_vector(&mut rest)?;
        let algorithm = match take::<2>(&mut rest).ok()? {
            [4, 1] => SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
            [4, 3] => SignatureAlgorithm::Ecdsa(Hash::Sha256),
            _ => return None,
        };
        let signature = take_u16_vector(&mut rest)?.into();
        // Version 1, certificate_timestamp.
        let mut message = vec![0, 0];
        message.extend_from_slice(&timestamp);
        entry.append_to(&mut message)?;
        message.extend_from_slice(&u16::try_from(extensions.len()).ok()?.to_be_bytes());
        message.extend_from_slice(extensions);
        Some(SctSignature {
            algorithm,
            message,
            signature,
        })
    }
}

/// A TBSCertificate without the extension that holds the timestamps: what the precertificate's was without its poison (RFC
/// 6962 section 3.2).
fn without_scts(to_be_signed: &[u8]) -> Result<Vec<u8>, DerError> {
    let notes = Notes::default();
    let mut whole = Reader::new(to_be_signed, &notes);
    let mut fields = whole.open(tag::SEQUENCE)?;
    let mut out = Vec::with_capacity(to_be_signed.len());
    while !fields.is_empty() {
        let field = fields.value()?;
        if field.tag != tag::constructed(3) {
            out.extend_from_slice(field.whole);
            continue;
        }
        let mut list = field.open(&notes)?.open(tag::SEQUENCE)?;
        let mut kept = Vec::with_capacity(field.whole.len());
        while !list.is_empty() {
            let extension = list.expect(tag::SEQUENCE)?;
            let kind = extension.open(&notes)?.expect(tag::OID)?;
            if kind.content != EMBEDDED_SCTS {
                kept.extend_from_slice(extension.whole);
            }
        }
        let list = encoded(tag::SEQUENCE, &kept);
        out.extend_from_slice(&encoded(tag::constructed(3), &list));
    }
    if notes.into_oddities().is_empty() {
        return Ok(encoded(tag::SEQUENCE, &out));
    }
    // Written anew in another form it would not be what the log signed.
    Err(DerError {
        offset: 0,
        kind: OddityKind::NonMinimalLength,
    })
}

/// One DER value.
fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length @ 0..0x80) => out.push(length),
        _ => {
            let length = content.len().to_be_bytes();
            let digits = length.iter().copied().skip_while(|byte| *byte == 0);
            let count = u8::try_from(digits.clone().count()).unwrap_or(u8::MAX);
            out.push(0x80 | count);
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// 1.3.6.1.4.1.11129.2.4.2.
const EMBEDDED_SCTS: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

/// Where an SCT was found (RFC 6962 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SctOrigin {
    /// X.509 extension of the certificate.
    Certificate,
    /// TLS extension.
    Tls,
    /// Extension of the stapled OCSP answer.
    Staple,
}

impl SctOrigin {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Staple => "staple",
        }
    }
}

/// What was read of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SctList {
    /// The SCTs that could be read, in order, at most [`limits::SCTS`].
    pub scts: Vec<Sct>,
    /// The first thing that is wrong with the list.
    pub flaw: Option<SctFlaw>,
}

/// A breach of the format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SctFlaw {
    /// A length that reaches past the end.
    #[error("the list of SCTs ends too early")]
    Truncated,
    /// Bytes behind the list or behind an SCT.
    #[error("bytes stand behind the list of SCTs")]
    TrailingBytes,
    /// A version other than v1, which is passed over.
    #[error("an SCT of an unknown version")]
    UnknownVersion,
    /// More than [`limits::SCTS`].
    #[error("more SCTs than are read")]
    TooMany,
}

/// Reads a `SignedCertificateTimestampList` (RFC 6962 section 3.3).
pub fn parse_list(bytes: &[u8], origin: SctOrigin) -> SctList {
    let mut list = SctList::default();
    let mut rest = bytes;
    let Some(mut serialised) = take_u16_vector(&mut rest) else {
        return SctList {
            flaw: Some(SctFlaw::Truncated),
            ..list
        };
    };
    let mut flaw = if rest.is_empty() {
        None
    } else {
        Some(SctFlaw::TrailingBytes)
    };
    while !serialised.is_empty() {
        if list.scts.len() == limits::SCTS {
            flaw = flaw.or(Some(SctFlaw::TooMany));
            break;
        }
        let Some(bytes) = take_u16_vector(&mut serialised) else {
            flaw = flaw.or(Some(SctFlaw::Truncated));
            break;
        };
        match parse_one(bytes, origin) {
            Ok(sct) => list.scts.push(sct),
            Err(error) => flaw = flaw.or(Some(error)),
        }
    }
    SctList { flaw, ..list }
}

/// RFC 6962 section 3.2.
fn parse_one(bytes: &[u8], origin: SctOrigin) -> Result<Sct, SctFlaw> {
    let (version, mut rest) = bytes.split_first().ok_or(SctFlaw::Truncated)?;
    if *version != 0 {
        return Err(SctFlaw::UnknownVersion);
    }
    let log_id = take(&mut rest)?;
    let milliseconds = u64::from_be_bytes(take(&mut rest)?);
    take_u16_vector(&mut rest).ok_or(SctFlaw::Truncated)?;
    // Hash and signature algorithm (RFC 5246 section 7.4.1.4.1).
    take::<2>(&mut rest)?;
    take_u16_vector(&mut rest).ok_or(SctFlaw::Truncated)?;
    if !rest.is_empty() {
        return Err(SctFlaw::TrailingBytes);
    }
    let timestamp = i64::try_from(milliseconds)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Ok(Sct {
        origin,
        log_id,
        timestamp,
        bytes: bytes.into(),
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], SctFlaw> {
    let (head, tail) = rest.split_first_chunk().ok_or(SctFlaw::Truncated)?;
    *rest = tail;
    Ok(*head)
}

fn take_u16_vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, tail) = rest.split_first_chunk::<2>()?;
    let (vector, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = tail;
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(content: &[u8]) -> Vec<u8> {
        let mut out = u16::try_from(content.len()).unwrap().to_be_bytes().to_vec();
        out.extend_from_slice(content);
        out
    }

    fn sct(version: u8, log: u8, milliseconds: u64) -> Vec<u8> {
        let mut out = vec![version];
        out.extend([log; 32]);
        out.extend(milliseconds.to_be_bytes());
        out.extend(vector(b""));
        out.extend([4, 3]);
        out.extend(vector(b"signature"));
        out
    }

    #[test]
    fn a_list_of_two() {
        let scts = [sct(0, 1, 1_700_000_000_123), sct(0, 2, u64::MAX)];
        let bytes = vector(&[vector(&scts[0]), vector(&scts[1])].concat());
        let list = parse_list(&bytes, SctOrigin::Tls);
        assert_eq!(list.flaw, None);
        assert_eq!(list.scts[0].log_id, [1; 32]);
        assert_eq!(
            list.scts[0].timestamp.unwrap().as_millisecond(),
            1_700_000_000_123
        );
        assert_eq!(list.scts[1].timestamp, None);
        assert_eq!(*list.scts[0].bytes, *scts[0]);
    }

    #[test]
    fn the_list_of_timestamps_is_taken_out_and_nothing_else_changes() {
        let extension = |oid: &[u8], value: &[u8]| {
            let value = encoded(tag::OCTET_STRING, value);
            encoded(tag::SEQUENCE, &[encoded(tag::OID, oid), value].concat())
        };
        let certificate = |extensions: &[Vec<u8>]| {
            let list = encoded(tag::SEQUENCE, &extensions.concat());
            let serial = encoded(tag::INTEGER, &[7; 200]);
            let extensions = encoded(tag::constructed(3), &list);
            encoded(tag::SEQUENCE, &[serial, extensions].concat())
        };
        let (first, last) = (
            extension(&[0x55, 29, 15], &[3, 2, 7, 128]),
            extension(&[0x55, 29, 14], &[9; 140]),
        );
        let scts = extension(EMBEDDED_SCTS, &[1; 240]);
        let with = certificate(&[first.clone(), scts, last.clone()]);
        assert_eq!(without_scts(&with).unwrap(), certificate(&[first, last]));
        for length in 0..with.len() {
            assert!(without_scts(&with[..length]).is_err());
        }
    }

    #[test]
    fn a_signature_covers_timestamp_entry_and_extensions() {
        let mut bytes = sct(0, 1, 0x0102);
        let read = |bytes: &[u8]| parse_one(bytes, SctOrigin::Tls).unwrap();
        let entry = LogEntry::Certificate(Box::from([0xaa, 0xbb]));
        let signature = read(&bytes).signature(&entry).unwrap();
        let covered = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0xaa, 0xbb, 0, 0];
        assert_eq!(signature.message, covered);
        assert_eq!(signature.algorithm, SignatureAlgorithm::Ecdsa(Hash::Sha256));
        assert_eq!(*signature.signature, *b"signature");
        bytes[43] = 5;
        assert_eq!(read(&bytes).signature(&entry), None, "SHA-384 is not for logs");
    }

    #[test]
    fn what_can_be_read_is_kept() {
        let good = vector(&sct(0, 1, 1));
        let list = |bytes: &[u8]| {
            let list = parse_list(bytes, SctOrigin::Staple);
            (list.scts.len(), list.flaw)
        };
        assert_eq!(list(&[]), (0, Some(SctFlaw::Truncated)));
        assert_eq!(list(&[0, 0]), (0, None));
        assert_eq!(
            list(&vector(&[good.clone(), vec![0, 9, 1]].concat())),
            (1, Some(SctFlaw::Truncated))
        );
        assert_eq!(
            list(&vector(&[vector(&sct(1, 1, 1)), good.clone()].concat())),
            (1, Some(SctFlaw::UnknownVersion))
        );
        assert_eq!(
            list(&[vector(&good), vec![0]].concat()),
            (1, Some(SctFlaw::TrailingBytes))
        );
        assert_eq!(
            list(&vector(&good.repeat(limits::SCTS + 1))),
            (limits::SCTS, Some(SctFlaw::TooMany))
        );
        assert_eq!(
            list(&vector(&vector(&sct(0, 1, 1)[..20]))),
            (0, Some(SctFlaw::Truncated))
        );
    }
}
