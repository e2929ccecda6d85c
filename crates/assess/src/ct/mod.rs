//! Certificate Transparency: whether each timestamp of a leaf was signed by the log it names, and what clients make of
//! them.
//!
//! A leaf, its issuer, its timestamps and the logs come in; one verdict per timestamp goes out. A log that is not known is
//! never wrong: it may be newer than our list. Verdicts on signatures are remembered as those on certificates are. Whether
//! there are enough is asked by `policy`; what a finding makes of it, by the rules.

mod logs;
pub(crate) mod policy;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::{Certificate, PublicKey};
use model::sct::{LogEntry, Sct, SctOrigin};

pub use logs::{Log, LogState, Logs, Standing};

use crate::memory::{KnownSignature, SignatureMemory};
use crate::signature::Signed;

/// What is to be said of one timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SctVerdict {
    /// Where it was found.
    pub origin: SctOrigin,
    /// Its log's identifier.
    pub log_id: [u8; 32],
    /// When the log says it saw the certificate.
    pub at: Option<Timestamp>,
    /// Whether it did.
    pub outcome: SctOutcome,
}

/// Whether a log made a timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SctOutcome {
    /// This log signed it.
    Valid(Arc<Log>),
    /// This log did not sign it: not for this certificate.
    Invalid(Arc<Log>),
    /// It is of the future, which no client accepts.
    Future(Arc<Log>),
    /// The log is not known here.
    UnknownLog,
    /// No telling: the issuer is missing, or the certificate cannot be taken apart.
    Unverifiable,
}

impl SctOutcome {
    /// The word used in machine formats.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Valid(_) => "valid",
            Self::Invalid(_) => "invalid",
            Self::Future(_) => "future",
            Self::UnknownLog => "unknown-log",
            Self::Unverifiable => "unverifiable",
        }
    }

    /// The log, when it is known and its signature was looked at.
    pub const fn log(&self) -> Option<&Arc<Log>> {
        match self {
            Self::Valid(log) | Self::Invalid(log) | Self::Future(log) => Some(log),
            Self::UnknownLog | Self::Unverifiable => None,
        }
    }
}

impl SctVerdict {
    /// Whether a client could count it at `now`: it is valid and its log not thrown out by then, or of a log that we do
    /// not know.
    fn may_count(&self, now: Timestamp) -> bool {
        match &self.outcome {
            SctOutcome::Valid(log) => !is_disqualified(log.chrome.or(log.apple), now),
            SctOutcome::UnknownLog | SctOutcome::Unverifiable => true,
            SctOutcome::Invalid(_) | SctOutcome::Future(_) => false,
        }
    }
}

/// What is verified, and by what.
#[derive(Clone, Copy, Debug)]
pub struct Timestamped<'a> {
    /// The certificate that the timestamps are about.
    pub leaf: &'a Certificate,
    /// Its issuer, for the timestamps inside of it.
    pub issuer: Option<&'a Certificate>,
    /// The timestamps.
    pub scts: &'a [Sct],
}

/// Verifies every timestamp (RFC 6962 section 3.2).
pub fn examine(
    what: &Timestamped<'_>,
    logs: &Logs,
    memory: &SignatureMemory,
    now: Timestamp,
) -> Vec<SctVerdict> {
    let mut entries = Entries::default();
    let mut outcome = |sct: &Sct| {
        let Some(log) = logs.find(&sct.log_id) else {
            return SctOutcome::UnknownLog;
        };
        if sct.timestamp.is_none_or(|at| at > now) {
            return SctOutcome::Future(Arc::clone(log));
        }
        match verify(what, sct, log, memory, &mut entries) {
            Some(Signed::Valid) => SctOutcome::Valid(Arc::clone(log)),
            Some(Signed::Invalid) => SctOutcome::Invalid(Arc::clone(log)),
            Some(Signed::Unsupported) | None => SctOutcome::Unverifiable,
        }
    };
    let verdict = |sct: &Sct| SctVerdict {
        origin: sct.origin,
        log_id: sct.log_id,
        at: sct.timestamp,
        outcome: outcome(sct),
    };
    what.scts.iter().map(verdict).collect()
}

/// The earliest timestamp that a client could count: what a store that distrusts a root from a date on goes by. A log that
/// is not known is given the benefit of the doubt.
pub(crate) fn earliest(verdicts: &[SctVerdict], now: Timestamp) -> Option<Timestamp> {
    let counting = verdicts.iter().filter(|verdict| verdict.may_count(now));
    counting.filter_map(|verdict| verdict.at).min()
}

/// Whether a client has thrown the log out by `now`.
fn is_disqualified(standing: Option<Standing>, now: Timestamp) -> bool {
    standing.is_some_and(|standing| {
        matches!(standing.state, LogState::Retired | LogState::Rejected) && standing.since <= now
    })
}

/// What logs sign, made once for all timestamps of one kind.
#[derive(Default)]
struct Entries {
    inside: Option<Option<LogEntry>>,
    beside: Option<Option<LogEntry>>,
}

impl Entries {
    fn entry(&mut self, what: &Timestamped<'_>, origin: SctOrigin) -> Option<&LogEntry> {
        let place = match origin {
            SctOrigin::Certificate => &mut self.inside,
            SctOrigin::Tls | SctOrigin::Staple => &mut self.beside,
        };
        place
            .get_or_insert_with(|| LogEntry::new(origin, what.leaf, what.issuer))
            .as_ref()
    }
}

fn verify(
    what: &Timestamped<'_>,
    sct: &Sct,
    log: &Log,
    memory: &SignatureMemory,
    entries: &mut Entries,
) -> Option<Signed> {
    let child = name_of(what, sct);
    let issuer = Fingerprint::from_bytes(log.id);
    if let Some(valid) = memory.get(child, issuer) {
        return Some(if valid { Signed::Valid } else { Signed::Invalid });
    }
    let entry = entries.entry(what, sct.origin)?;
    let Some(signature) = sct.signature(entry) else {
        return Some(Signed::Invalid);
    };
    let key = PublicKey::from_der(&log.key);
    let signed = model::signature::verify(
        &signature.algorithm,
        &key.kind,
        log.key.get(key.key.clone())?,
        &signature.message,
        &signature.signature,
    );
    if signed != Signed::Unsupported {
        let valid = signed == Signed::Valid;
        memory.learn(KnownSignature { child, issuer, valid });
    }
    Some(signed)
}

/// Names all that a verdict depends on beside the log: the certificate, the issuer that was taken for it, the timestamp.
fn name_of(what: &Timestamped<'_>, sct: &Sct) -> Fingerprint {
    let mut content = Vec::with_capacity(sct.bytes.len() + 80);
    content.extend_from_slice(b"sct ");
    content.extend_from_slice(sct.origin.word().as_bytes());
    content.extend_from_slice(what.leaf.fingerprint().as_bytes());
    if let Some(issuer) = what.issuer {
        content.extend_from_slice(issuer.fingerprint().as_bytes());
    }
    content.extend_from_slice(&sct.bytes);
    Fingerprint::of(&content)
}
