//! OCSP answers and revocation lists minted for tests, at times in days from the world's now.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::certificate::Certificate;
use model::revocation::{OcspReply, RevocationList, ocsp_request};
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber, SigningKey as _,
};

use crate::world::{Authority, day};

/// What an answer says.
#[derive(Clone, Copy)]
pub(crate) enum Say {
    Good,
    Unknown,
    /// Days from now, and the number of the reason.
    Revoked(i64, u8),
}

/// An answer to be minted: signed by the issuer, of yesterday, for a week.
pub(crate) struct Answer<'a> {
    pub(crate) of: &'a Certificate,
    pub(crate) issuer: &'a Certificate,
    pub(crate) say: Say,
    pub(crate) this_update: i64,
    pub(crate) next_update: Option<i64>,
    pub(crate) key: &'a KeyPair,
    /// Who it says has signed it.
    pub(crate) responder: &'a Certificate,
    pub(crate) along: Vec<&'a Certificate>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(of: &'a Certificate, issuer: &'a Authority, say: Say) -> Self {
        Self {
            of,
            issuer: &issuer.certificate,
            say,
            this_update: -1,
            next_update: Some(6),
            key: issuer.key(),
            responder: &issuer.certificate,
            along: Vec::new(),
        }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let name = &self.responder.facts().subject.raw_bytes;
        let data = seq(&[
            encode(0xa1, name),
            time(day(self.this_update)),
            seq(&[self.single()]),
        ]);
        let signature = self.key.sign(&data).unwrap();
        let bits = encode(3, &[&[0], signature.as_slice()].concat());
        // ecdsa-with-SHA256.
        let algorithm = seq(&[vec![6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
        let along: Vec<u8> = self.along.iter().flat_map(|sent| sent.der().to_vec()).collect();
        let along = if along.is_empty() {
            Vec::new()
        } else {
            encode(0xa0, &encode(0x30, &along))
        };
        let basic = seq(&[data, algorithm, bits, along]);
        let kind = vec![6, 9, 0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
        seq(&[vec![0x0a, 1, 0], encode(0xa0, &seq(&[kind, encode(4, &basic)]))])
    }

    pub(crate) fn reply(&self) -> Arc<OcspReply> {
        Arc::new(OcspReply::from_der(self.der()))
    }

    fn single(&self) -> Vec<u8> {
        // The question's CertID stands below four short headers.
        let question = ocsp_request(self.of, self.issuer).unwrap();
        let said = match self.say {
            Say::Good => vec![0x80, 0],
            Say::Unknown => vec![0x82, 0],
            Say::Revoked(at, reason) => {
                encode(0xa1, &[time(day(at)), encode(0xa0, &[0x0a, 1, reason])].concat())
            }
        };
        let next = self.next_update.map(|next| encode(0xa0, &time(day(next))));
        seq(&[
            question[8..].to_vec(),
            said,
            time(day(self.this_update)),
            next.unwrap_or_default(),
        ])
    }
}

/// A revocation list of `issuer` from yesterday until `until`, in days from now.
pub(crate) fn list(issuer: &Authority, revoked: &[&Certificate], until: i64) -> Arc<RevocationList> {
    let at = |days: i64| {
        let (origin, span) = (
            rcgen::date_time_ymd(2026, 6, 1),
            Duration::from_secs(days.unsigned_abs() * 86_400),
        );
        if days < 0 { origin - span } else { origin + span }
    };
    let entry = |certificate: &&Certificate| RevokedCertParams {
        serial_number: SerialNumber::from_slice(&certificate.facts().serial),
        revocation_time: at(-3),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: at(until.min(0) - 1),
        next_update: at(until),
        crl_number: SerialNumber::from(7_u64),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let made = params.signed_by(issuer.issuer()).unwrap();
    Arc::new(RevocationList::from_der(made.der().to_vec()))
}

fn time(at: Timestamp) -> Vec<u8> {
    encode(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    encode(0x30, &parts.concat())
}

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
