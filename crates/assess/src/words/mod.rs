//! Sentences made of reasons, at the very end. A finding comes in, one line goes out that is safe in a terminal: every
//! text of a stranger passes through its escape and is cut in the middle when it is long.
//!
//! A sentence says what is wrong and the evidence: which certificate, which store, which date. It never judges.

pub mod doubts;
mod evidence;
mod flaw;
mod issuance;
mod reason;
pub mod reasons;
mod unit;
mod way;

use model::certificate::Certificate;
use model::doubt::Doubt;
use model::evidence::Unavailable;
use model::finding::{Finding, IssuanceRule, PathReason, Subject};
use model::observation::Observation;
use std::sync::Arc;

use crate::path::Trust;
use crate::rules;

pub use reason::unknown;
pub use unit::{count, moment, span};

/// One line for people: what is wrong, and the evidence. Lower case, no full stop.
pub fn message(finding: &Finding, observation: &Observation) -> String {
    let text = reason::sentence(&finding.reason);
    match subject(finding.subject, observation) {
        Some((place, certificate)) if place > 0 => format!("{}: {text}", unit::label(certificate)),
        _ => text,
    }
}

/// One line for people: what to do. Lower case, no full stop.
pub fn remedy(finding: &Finding) -> String {
    reason::remedy(&finding.reason, finding.severity)
        .or_else(|| rules::find(finding.rule).map(|rule| rule.remedy.to_owned()))
        .unwrap_or_default()
}

/// One line for people: why what a source of revocation said does not count.
pub fn doubt(doubt: Doubt) -> String {
    evidence::doubt(doubt)
}

/// One line for people: why a source of evidence said nothing.
pub fn unavailable(why: &Unavailable) -> String {
    evidence::unavailable(why)
}

/// One line for people: why DNS did not say who may issue.
pub fn caa_unavailable(failure: &model::observation::Failure) -> String {
    evidence::resolved(failure)
}

/// What breaks a rule for issuers, to stand behind "a certificate that".
pub const fn issuance_rule(rule: IssuanceRule) -> &'static str {
    issuance::issuance(rule)
}

/// One line for people: why a store refuses a path.
pub fn path_reason(reason: &PathReason) -> String {
    reason::path(reason)
}

/// A certificate in a few words: its name as a person would call it, and the first digits of its fingerprint.
pub fn certificate(certificate: &Certificate) -> String {
    unit::label(certificate)
}

/// One line for people: a way as far as it goes, leaf first, with what each step lacks and what was not sent of it.
pub fn way(steps: &[Arc<Certificate>], chain: &[Arc<Certificate>], reasons: &[PathReason]) -> String {
    way::way(steps, chain, reasons)
}

/// One line for people: the path as labels, leaf first, or the most telling reason against it.
pub fn trust(trust: &Trust) -> String {
    match trust {
        Trust::Trusted { path } => {
            let steps: Vec<String> = path.iter().map(|step| unit::name(step)).collect();
            steps.join(" > ")
        }
        Trust::Refused { reasons } => reasons.first().map(reason::path).unwrap_or_default(),
    }
}

/// The certificate that a finding is about, and its place.
fn subject(subject: Subject, observation: &Observation) -> Option<(usize, &Arc<Certificate>)> {
    let (handshake, place) = match subject {
        Subject::Endpoint => return None,
        Subject::Certificate(place) => (observation.handshake.as_ref()?, place),
        Subject::Further {
            handshake,
            certificate,
        } => (observation.further_handshakes.get(handshake)?, certificate),
    };
    handshake.chain.get(place).map(|certificate| (place, certificate))
}
