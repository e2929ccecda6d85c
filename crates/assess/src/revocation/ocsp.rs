//! What an OCSP answer says of one certificate (RFC 6960 section 3.2), stapled or fetched alike.
//!
//! A certificate, its issuer, an answer and the time come in; a [`SaidByOcsp`] goes out. The answer must be about this
//! certificate, signed by the issuer or by a responder that the issuer itself certified for it, and in force. Whether a
//! responder's own certificate was revoked is not asked: responders are certified for days, and clients do not ask.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::certificate::{Certificate, Oid};
use model::doubt::OcspDoubt;
use model::revocation::{
    BasicAnswer, CertificateStatus, OcspReply, OcspStatus, RevocationReason, SingleAnswer,
};

use crate::memory::SignatureMemory;
use crate::path::is_fatal;
use crate::signature::Signed;

/// What an OCSP answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaidByOcsp {
    /// The standing of the certificate, or why the answer does not count.
    pub standing: Result<OcspStanding, OcspDoubt>,
    /// Since when that is known to be right, if the answer is about the certificate and says.
    pub this_update: Option<Timestamp>,
    /// When newer information will be had, likewise.
    pub next_update: Option<Timestamp>,
}

/// What an answer that counts can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OcspStanding {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
}

/// How far the clock of a responder may be ahead of ours: answers are made in the second in which they are asked for.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// How long an answer lasts that does not say it. By RFC 6960 newer information is then had at any time.
const UNLIMITED: SignedDuration = SignedDuration::from_hours(24);
/// A certificate that is on hold may be released: the one revocation that can end.
const HOLD: RevocationReason = RevocationReason(6);

/// Judges `reply` as an answer about `certificate`, issued by `issuer`.
pub fn by_ocsp(
    certificate: &Certificate,
    issuer: &Certificate,
    reply: &OcspReply,
    memory: &SignatureMemory,
    now: Timestamp,
) -> SaidByOcsp {
    let (basic, single) = match about(certificate, issuer, reply) {
        Ok(found) => found,
        Err(doubt) => {
            return SaidByOcsp {
                standing: Err(doubt),
                this_update: None,
                next_update: None,
            };
        }
    };
    let standing = Bench { reply, basic, memory, now }.authenticate(issuer).and_then(|()| standing(single, now));
    SaidByOcsp {
        standing,
        this_update: single.this_update,
        next_update: single.next_update,
    }
}

/// The part of the answer that is about the certificate; of several the newest.
fn about<'a>(
    certificate: &Certificate,
    issuer: &Certificate,
    reply: &'a OcspReply,
) -> Result<(&'a BasicAnswer, &'a SingleAnswer), OcspDoubt> {
    let answer = reply.answer();
    match answer.status {
        OcspStatus::Successful => {}
        OcspStatus::Unread => return Err(OcspDoubt::Malformed),
        refused => return Err(OcspDoubt::NotAnswered(refused)),
    }
    let basic = answer.basic.as_ref().ok_or(OcspDoubt::Malformed)?;
    if answer.oddities.iter().any(|oddity| is_fatal(oddity.kind)) {
        return Err(OcspDoubt::Malformed);
    }
    let answers = basic.answers.iter();
    let newest = answers
        .filter(|single| single.is_about(certificate, issuer))
        .max_by_key(|single| single.this_update);
    newest.map(|single| (basic, single)).ok_or(OcspDoubt::NotAbout)
}

/// An answer whose signer is looked for.
struct Bench<'a> {
    reply: &'a OcspReply,
    basic: &'a BasicAnswer,
    memory: &'a SignatureMemory,
    now: Timestamp,
}

impl Bench<'_> {
    /// Whether the issuer answers, or a responder that it certified (section 4.2.2.2).
    fn authenticate(&self, issuer: &Certificate) -> Result<(), OcspDoubt> {
        let mut doubt = OcspDoubt::NoSigner;
        if self.basic.responder.is(issuer) {
            match self.signed(issuer) {
                Signed::Valid => return Ok(()),
                Signed::Invalid => doubt = OcspDoubt::BadSignature,
                Signed::Unsupported => doubt = OcspDoubt::UnsupportedAlgorithm,
            }
        }
        for responder in self.reply.certificates(self.basic) {
            if !self.basic.responder.is(&responder) || !self.is_delegate(&responder, issuer) {
                continue;
            }
            match self.signed(&responder) {
                Signed::Valid => return Ok(()),
                Signed::Invalid => doubt = OcspDoubt::BadSignature,
                Signed::Unsupported => doubt = OcspDoubt::UnsupportedAlgorithm,
            }
        }
        Err(doubt)
    }

    /// Whether `issuer` itself certified the responder for answering, at this time. A usage for everything is none for
    /// this: it would make a responder of each leaf that has it.
    fn is_delegate(&self, responder: &Certificate, issuer: &Certificate) -> bool {
        let facts = responder.facts();
        let usages = facts.extended_key_usages.as_deref().unwrap_or_default();
        let second = self.now.as_second();
        usages.contains(&Oid::OCSP_SIGNING)
            && facts.issuer.canonical == issuer.facts().subject.canonical
            && facts.not_before.is_some_and(|begin| begin.as_second() <= second)
            && facts.not_after.is_some_and(|end| second <= end.as_second())
            && !facts.oddities.iter().any(|oddity| is_fatal(oddity.kind))
            && self.memory.verify(responder, issuer) == Signed::Valid
    }

    fn signed(&self, signer: &Certificate) -> Signed {
        let key = &signer.facts().public_key;
        let (Some(message), Some(signature), Some(key_bytes)) = (
            self.reply.der().get(self.basic.to_be_signed.clone()),
            self.reply.der().get(self.basic.signature.clone()),
            signer.der().get(key.key.clone()),
        ) else {
            return Signed::Invalid;
        };
        let algorithm = &self.basic.signature_algorithm;
        self.memory.verify_reply(self.reply, signer, || {
            model::signature::verify(algorithm, &key.kind, key_bytes, message, signature)
        })
    }
}

/// What the answer says, if it is in force. A revocation that is no hold never ends: an old answer that says it counts.
fn standing(single: &SingleAnswer, now: Timestamp) -> Result<OcspStanding, OcspDoubt> {
    let this_update = single.this_update.ok_or(OcspDoubt::Malformed)?;
    if let CertificateStatus::Revoked { at, reason } = single.status
        && reason != Some(HOLD)
    {
        return Ok(OcspStanding::Revoked { at, reason });
    }
    let ahead = this_update.as_second().saturating_sub(now.as_second());
    if u64::try_from(ahead).is_ok_and(|ahead| ahead > AHEAD.as_secs()) {
        return Err(OcspDoubt::NotYet { this_update });
    }
    let until = single
        .next_update
        .or_else(|| this_update.checked_add(UNLIMITED).ok())
        .unwrap_or(Timestamp::MAX);
    if until.as_second() < now.as_second() {
        return Err(OcspDoubt::Stale { next_update: until });
    }
    match single.status {
        CertificateStatus::Good => Ok(OcspStanding::Good),
        CertificateStatus::Revoked { at, reason } => Ok(OcspStanding::Revoked { at, reason }),
        CertificateStatus::Unknown => Err(OcspDoubt::NotKnown),
    }
}

#[cfg(test)]
mod tests;
