//! OCSP answers (RFC 6960 section 4.2).

use std::ops::Range;

use jiff::Timestamp;

use super::RevocationReason;
use crate::certificate::{
    DistinguishedName, Oddity, OddityKind, SignatureAlgorithm, algorithms, extensions, names,
};
use crate::der::{DerError, Notes, Reader, Value, tag};
use crate::limits;
use crate::oid::Oid;

const BASIC_RESPONSE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
const NONCE: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 2];
const SCT_LIST: &[u8] = &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 5];

/// An OCSP answer. Its ranges point into the bytes that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    /// Whether the responder answered at all.
    pub status: OcspStatus,
    /// The answer, if there is one of the only kind in use.
    pub basic: Option<BasicAnswer>,
    /// What a strict reader refuses, in the order of the bytes.
    pub oddities: Vec<Oddity>,
}

/// OCSPResponseStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OcspStatus {
    /// The response has a valid confirmation.
    Successful,
    /// The responder could not read the request.
    MalformedRequest,
    /// The responder is broken.
    InternalError,
    /// Try again later.
    TryLater,
    /// The request must be signed.
    SignatureRequired,
    /// The responder does not know the certificate or the asker.
    Unauthorized,
    /// A number that RFC 6960 does not define.
    Other(u32),
    /// Could not be read: not an OCSP answer at all.
    Unread,
}

impl OcspStatus {
    /// The word of RFC 6960.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SignatureRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
            Self::Other(_) => "unknown",
            Self::Unread => "unread",
        }
    }
}

/// BasicOCSPResponse.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BasicAnswer {
    /// Who answers.
    pub responder: ResponderId,
    /// When the answer was signed.
    pub produced_at: Option<Timestamp>,
    /// One answer for each certificate, at most `limits::LIST_ENTRIES`.
    pub answers: Vec<SingleAnswer>,
    /// Whether a nonce is in it (RFC 9654).
    pub nonce: bool,
    /// How it is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// ResponseData, header included: what the signature covers.
    pub to_be_signed: Range<usize>,
    /// The signature's bytes.
    pub signature: Range<usize>,
    /// The certificates sent along, at most `limits::CHAIN_CERTIFICATES`.
    pub certificates: Vec<Range<usize>>,
}

/// Who signed an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResponderId {
    /// By name.
    Name(Box<DistinguishedName>),
    /// By the SHA-1 of its key.
    KeyHash(Box<[u8]>),
    /// Could not be read.
    #[default]
    Unread,
}

/// SingleResponse: what is said about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleAnswer {
    /// Which hash the two hashes are made with.
    pub hash_algorithm: Oid,
    /// Hash of the issuer's encoded name.
    pub issuer_name_hash: Box<[u8]>,
    /// Hash of the issuer's key.
    pub issuer_key_hash: Box<[u8]>,
    /// The certificate's serial number, content bytes of the INTEGER.
    pub serial: Box<[u8]>,
    /// Its status.
    pub status: CertificateStatus,
    /// Since when this is known to be right.
    pub this_update: Option<Timestamp>,
    /// When newer information will be had, if the responder says.
    pub next_update: Option<Timestamp>,
    /// The SignedCertificateTimestampList in the answer (RFC 6962 section 3.3).
    pub scts: Option<Range<usize>>,
}

/// CertStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CertificateStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
    /// The responder does not know the certificate.
    Unknown,
}

impl OcspAnswer {
    /// Reads `der`. Never fails: see [`OcspStatus::Unread`] and the oddities.
    pub fn parse(der: &[u8]) -> Self {
        let notes = Notes::default();
        let mut answer = Self {
            status: OcspStatus::Unread,
            basic: None,
            oddities: Vec::new(),
        };
        notes.enter("OCSPResponse");
        notes.keep(response(der, &notes, &mut answer));
        answer.oddities = notes.into_oddities();
        answer
    }
}

fn response(der: &[u8], notes: &Notes, answer: &mut OcspAnswer) -> Result<(), DerError> {
    let mut whole = Reader::new(der, notes);
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let number = parts.expect(tag::ENUMERATED)?;
    answer.status = match number.small_integer(notes) {
        Some(0) => OcspStatus::Successful,
        Some(1) => OcspStatus::MalformedRequest,
        Some(2) => OcspStatus::InternalError,
        Some(3) => OcspStatus::TryLater,
        Some(5) => OcspStatus::SignatureRequired,
        Some(6) => OcspStatus::Unauthorized,
        other => OcspStatus::Other(other.unwrap_or(u32::MAX)),
    };
    let Some(bytes) = parts.optional(tag::constructed(0))? else {
        return Ok(());
    };
    parts.finish();
    notes.enter("responseBytes");
    let mut bytes = bytes.open(notes)?.open(tag::SEQUENCE)?;
    let kind = bytes.expect(tag::OID)?;
    let response = bytes.expect(tag::OCTET_STRING)?;
    bytes.finish();
    if kind.oid_content(notes) != BASIC_RESPONSE {
        return Err(DerError {
            offset: kind.offset,
            kind: OddityKind::BadOid,
        });
    }
    let basic = answer.basic.insert(BasicAnswer::default());
    read_basic(&response, notes, basic)
}

fn read_basic(response: &Value<'_>, notes: &Notes, basic: &mut BasicAnswer) -> Result<(), DerError> {
    notes.enter("BasicOCSPResponse");
    let mut whole = response.open(notes)?;
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let data = parts.expect(tag::SEQUENCE)?;
    basic.to_be_signed = data.range();
    notes.keep(response_data(&data, notes, basic));
    notes.enter("signatureAlgorithm");
    let algorithm = parts.expect(tag::SEQUENCE)?;
    basic.signature_algorithm = notes
        .keep(algorithms::signature(&algorithm, notes))
        .unwrap_or_default();
    notes.enter("signature");
    let signature = parts.expect(tag::BIT_STRING)?;
    signature.octets(notes);
    basic.signature = signature.bits_range();
    notes.enter("certs");
    if let Some(certificates) = parts.optional(tag::constructed(0))? {
        let mut list = certificates.open(notes)?.open(tag::SEQUENCE)?;
        while !list.is_empty() {
            if basic.certificates.len() == limits::CHAIN_CERTIFICATES {
                return Err(DerError {
                    offset: list.offset(),
                    kind: OddityKind::TooManyEntries,
                });
            }
            basic.certificates.push(list.expect(tag::SEQUENCE)?.range());
        }
    }
    parts.finish();
    Ok(())
}

fn response_data(data: &Value<'_>, notes: &Notes, basic: &mut BasicAnswer) -> Result<(), DerError> {
    let mut fields = data.open(notes)?;
    notes.enter("version");
    fields.optional(tag::constructed(0))?;
    notes.enter("responderID");
    let responder = fields.value()?;
    basic.responder = notes.keep(responder_id(&responder, notes)).unwrap_or_default();
    notes.enter("producedAt");
    basic.produced_at = notes.keep(fields.value()?.generalized_time(notes));
    notes.enter("responses");
    let mut list = fields.open(tag::SEQUENCE)?;
    while !list.is_empty() {
        if basic.answers.len() == limits::LIST_ENTRIES {
            notes.add(list.offset(), OddityKind::TooManyEntries);
            break;
        }
        notes.enter("singleResponse");
        let single = list.expect(tag::SEQUENCE)?;
        basic.answers.extend(notes.keep(single_answer(&single, notes)));
    }
    notes.enter("responseExtensions");
    if let Some(extensions) = fields.optional(tag::constructed(1))? {
        extensions::for_each(
            extensions.open(notes)?.open(tag::SEQUENCE)?,
            notes,
            |extension, _| {
                basic.nonce |= extension.oid.content() == NONCE;
                Ok(())
            },
        )?;
    }
    fields.finish();
    Ok(())
}

fn responder_id(responder: &Value<'_>, notes: &Notes) -> Result<ResponderId, DerError> {
    match responder.tag {
        0xa1 => {
            let name = responder.open(notes)?.expect(tag::SEQUENCE)?;
            Ok(ResponderId::Name(Box::new(names::distinguished_name(
                &name, notes,
            ))))
        }
        0xa2 => Ok(ResponderId::KeyHash(
            responder.open(notes)?.expect(tag::OCTET_STRING)?.content.into(),
        )),
        _ => Err(DerError {
            offset: responder.offset,
            kind: OddityKind::UnexpectedTag,
        }),
    }
}

fn single_answer(single: &Value<'_>, notes: &Notes) -> Result<SingleAnswer, DerError> {
    let mut fields = single.open(notes)?;
    let mut id = fields.open(tag::SEQUENCE)?;
    let hash_algorithm = id.open(tag::SEQUENCE)?.expect(tag::OID)?.oid(notes);
    let issuer_name_hash = id.expect(tag::OCTET_STRING)?.content.into();
    let issuer_key_hash = id.expect(tag::OCTET_STRING)?.content.into();
    let serial = id.expect(tag::INTEGER)?.integer(notes).into();
    id.finish();
    notes.enter("certStatus");
    let status = certificate_status(&fields.value()?, notes)?;
    notes.enter("thisUpdate");
    let this_update = notes.keep(fields.value()?.generalized_time(notes));
    notes.enter("nextUpdate");
    let next_update = match fields.optional(tag::constructed(0))? {
        Some(next) => notes.keep(next.open(notes)?.value()?.generalized_time(notes)),
        None => None,
    };
    notes.enter("singleExtensions");
    let mut scts = None;
    if let Some(list) = fields.optional(tag::constructed(1))? {
        notes.keep(extensions::for_each(
            list.open(notes)?.open(tag::SEQUENCE)?,
            notes,
            |extension, value| {
                if extension.oid.content() == SCT_LIST {
                    scts = Some(value.open(notes)?.expect(tag::OCTET_STRING)?.content_range());
                }
                Ok(())
            },
        ));
    }
    fields.finish();
    Ok(SingleAnswer {
        hash_algorithm,
        issuer_name_hash,
        issuer_key_hash,
        serial,
        status,
        this_update,
        next_update,
        scts,
    })
}

fn certificate_status(status: &Value<'_>, notes: &Notes) -> Result<CertificateStatus, DerError> {
    match status.tag {
        0x80 => Ok(CertificateStatus::Good),
        0x82 => Ok(CertificateStatus::Unknown),
        0xa1 => {
            let mut parts = status.open(notes)?;
            let at = notes.keep(parts.value()?.generalized_time(notes));
            let reason = match parts.optional(tag::constructed(0))? {
                Some(reason) => reason.open(notes)?.expect(tag::ENUMERATED)?.small_integer(notes),
                None => None,
            };
            parts.finish();
            Ok(CertificateStatus::Revoked {
                at,
                reason: reason.map(RevocationReason),
            })
        }
        _ => Err(DerError {
            offset: status.offset,
            kind: OddityKind::UnexpectedTag,
        }),
    }
}
