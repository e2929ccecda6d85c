//! A look in the words in which it is remembered.
//!
//! A look of [`crate::look`] comes in, the noun of the inventory goes out. Sentences are made here, since the memory keeps
//! what was said at the time: a rule that is worded anew does not change history.

use std::net::IpAddr;
use std::sync::Arc;

use assess::{StoreVerdict, Trust, words};
use jiff::Timestamp;
use model::finding::{Finding, Severity};
use model::inventory::{Look as Remembered, Place, Reached, Said, Seen, StoreSaid, TlsWords, Vantage};
use model::observation::{Depth, Failure, Handshake, Observation, Outcome, Stage};
use model::{Status, Untrusted};

use crate::look::Look;

/// What is kept of a look from `vantage`.
pub fn remembered(look: &Look, vantage: &Vantage) -> Remembered {
    let Look {
        observation,
        assessment,
        ..
    } = look;
    let leaf = |handshake: &Handshake| handshake.chain.first().map(Arc::clone);
    Remembered {
        place: place(observation),
        vantage: vantage.clone(),
        at: observation.at,
        judged_at: assessment.at,
        seen: Seen {
            depth: observation.depth,
            reached: reached(&observation.outcome),
            tls: observation.handshake.as_ref().map(tls),
            status: assessment.status,
            findings: assessment
                .findings
                .iter()
                .map(|finding| said(finding, observation))
                .collect(),
            trust: assessment.trust.iter().map(store_said).collect(),
        },
        chain: observation
            .handshake
            .as_ref()
            .map(|handshake| handshake.chain.clone())
            .unwrap_or_default(),
        further: observation.further_handshakes.iter().filter_map(leaf).collect(),
    }
}

/// The place that was looked at.
pub fn place(observation: &Observation) -> Place {
    Place {
        service: (*observation.service).clone(),
        address: observation.address,
    }
}

/// Whether this machine has no way to any IPv6 address: what is behind it is a blind spot of ours, no fault of theirs.
pub fn lacks_ipv6_route(address: Option<IpAddr>, reached: &str) -> bool {
    let local = Failure::Local {
        reason: String::new(),
    };
    address.is_some_and(|address| address.is_ipv6())
        && [Failure::NoRoute.word(), local.word()].contains(&reached)
}

fn reached(outcome: &Outcome) -> Reached {
    match outcome {
        Outcome::Handshaken => Reached::Handshaken,
        Outcome::Stopped { stage, failure } => Reached::Stopped {
            stage: stage.word().into(),
            failure: failure.word().into(),
            detail: Untrusted::new(failure.detail().unwrap_or_default()),
        },
    }
}

fn tls(handshake: &Handshake) -> TlsWords {
    TlsWords {
        version: handshake.version.to_string().into(),
        cipher: handshake.cipher.to_string().into(),
        group: handshake.group.map(|group| group.to_string().into()),
        proof: handshake.proof.word().into(),
    }
}

fn said(finding: &Finding, observation: &Observation) -> Said {
    Said {
        rule: finding.rule.into(),
        severity: finding.severity,
        certificate: finding
            .subject
            .certificate(observation)
            .map(|certificate| certificate.fingerprint()),
        message: Untrusted::new(words::message(finding, observation)),
        remedy: Untrusted::new(words::remedy(finding)),
    }
}

fn store_said(verdict: &StoreVerdict) -> StoreSaid {
    let reason = match &verdict.outcome {
        Trust::Trusted { .. } => "",
        Trust::Refused { reasons } => reasons.first().map_or("", model::finding::PathReason::word),
    };
    StoreSaid {
        store: (*verdict.store).into(),
        trusted: matches!(verdict.outcome, Trust::Trusted { .. }),
        reason: reason.into(),
    }
}

/// Whether something is more than worth knowing.
pub fn is_open(said: &Said) -> bool {
    said.severity > Severity::Note
}

/// What is remembered of an address that its name no longer has: it is no trouble, and no longer looked at.
pub fn gone(place: Place, vantage: &Vantage, at: Timestamp) -> Remembered {
    Remembered {
        place,
        vantage: vantage.clone(),
        at,
        judged_at: at,
        seen: Seen {
            depth: Depth::Glance,
            reached: Reached::Stopped {
                stage: Stage::Resolve.word().into(),
                failure: GONE.into(),
                detail: Untrusted::new("the name no longer has this address"),
            },
            tls: None,
            status: Status::Ok,
            findings: Vec::new(),
            trust: Vec::new(),
        },
        chain: Vec::new(),
        further: Vec::new(),
    }
}

/// How far a look at such an address came.
pub const GONE: &str = "gone";

/// That a name has addresses: what was wrong with that is no longer.
pub fn resolved(place: Place, vantage: &Vantage, depth: Depth, at: Timestamp) -> Remembered {
    let gone = gone(place, vantage, at);
    Remembered {
        seen: Seen {
            depth,
            reached: Reached::Handshaken,
            ..gone.seen
        },
        ..gone
    }
}
