//! Whether logs signed the timestamps in a certificate that is shown (RFC 6962 section 3.2).
//!
//! A certificate, those beside it and the logs come in; an outcome for each timestamp goes out. A timestamp can be verified
//! only when the issuer stands in the same place. Nothing is judged: `scan` says what clients make of it.

use assess::SignatureMemory;
use assess::ct::{self, Logs, SctOutcome, Timestamped};
use assess::signature::{Signed, verify};
use jiff::Timestamp;
use model::Certificate;
use model::sct::Sct;

use super::contents::{Contents, Thing};

/// Signatures by logs that one certificate may have remembered: more than any has timestamps.
const SIGNATURES: usize = 64;

/// The certificates of one source.
pub(super) fn certificates(contents: &Contents) -> Vec<&Certificate> {
    let certificates = contents.items.iter().filter_map(|item| match &item.thing {
        Thing::Certificate(certificate) => Some(&**certificate),
        _ => None,
    });
    certificates.collect()
}

/// What is to be said of each of the timestamps of `leaf`, in their order.
pub(super) fn examine(
    leaf: &Certificate,
    others: &[&Certificate],
    scts: &[Sct],
    logs: &Logs,
    now: Timestamp,
) -> Vec<SctOutcome> {
    if scts.is_empty() {
        return Vec::new();
    }
    let mut issuers = others
        .iter()
        .copied()
        .filter(|other| other.facts().subject.canonical == leaf.facts().issuer.canonical);
    let issuer = issuers.find(|issuer| verify(leaf, issuer) == Signed::Valid);
    let what = Timestamped { leaf, issuer, scts };
    let memory = SignatureMemory::with_capacity(SIGNATURES);
    let verdicts = ct::examine(&what, logs, &memory, now);
    verdicts.into_iter().map(|verdict| verdict.outcome).collect()
}

/// For people, behind the log's name.
pub(super) const fn words(outcome: &SctOutcome) -> &'static str {
    match outcome {
        SctOutcome::Valid(_) => "verified",
        SctOutcome::Invalid(_) => "NOT signed by it",
        SctOutcome::Future(_) => "of the future",
        SctOutcome::UnknownLog => "not verified: the log is not known",
        SctOutcome::Unverifiable => "not verified: its issuer is not here, or it is signed in an unusual way",
    }
}
