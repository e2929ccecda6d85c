//! Signed certificate timestamps (RFC 6962 section 3) as found in a certificate, a TLS extension, or a staple.
//!
//! The bytes of a `SignedCertificateTimestampList` come in; the timestamps that could be read go out, with the first
//! breach of the format if there is one. Which log it was and whether it signed is not looked at here.

use jiff::Timestamp;

use crate::limits;

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
