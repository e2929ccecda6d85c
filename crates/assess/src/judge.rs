//! Judging one observation: what the rules find, worst first, and what each store says.

use std::cmp::Reverse;

use jiff::Timestamp;
use model::finding::{Finding, Severity, Subject};
use model::observation::{Handshake, Observation};
use model::status::Status;

use crate::case::Case;
use crate::memory::SignatureMemory;
use crate::path::{self, StoreVerdict};
use crate::policy::Policy;
use crate::rules;
use crate::trust_store::Stores;

/// Everything that can be said of one observation under one policy at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The worst of the findings.
    pub status: Status,
    /// Worst first; of equal severity in the order of the rules.
    pub findings: Vec<Finding>,
    /// What each store says of the chain, in the order of the stores; empty without a chain.
    pub trust: Vec<StoreVerdict>,
}

/// Judges `observation` at `now`. The same input gives the same assessment; `memory` only saves work.
pub fn judge(
    observation: &Observation,
    stores: &Stores,
    policy: &Policy,
    memory: &SignatureMemory,
    now: Timestamp,
) -> Assessment {
    let bench = Bench {
        observation,
        stores,
        policy,
        memory,
        now,
    };
    let (mut findings, trust) = bench.look(observation.handshake.as_ref(), None);
    for (number, handshake) in observation.further_handshakes.iter().enumerate() {
        let (further, _) = bench.look(Some(handshake), Some(number));
        let of_certificates = further
            .into_iter()
            .filter(|finding| finding.subject != Subject::Endpoint);
        for finding in of_certificates {
            if !findings
                .iter()
                .any(|known| known.rule == finding.rule && known.reason == finding.reason)
            {
                findings.push(finding);
            }
        }
    }
    findings.sort_by_key(|finding| Reverse(finding.severity));
    let worst = findings
        .first()
        .map_or(Severity::Note, |finding| finding.severity);
    Assessment {
        status: Status::from(worst),
        findings,
        trust,
    }
}

/// What judging needs, for every handshake of one observation.
struct Bench<'a> {
    observation: &'a Observation,
    stores: &'a Stores,
    policy: &'a Policy,
    memory: &'a SignatureMemory,
    now: Timestamp,
}

impl Bench<'_> {
    fn look(
        &self,
        handshake: Option<&Handshake>,
        further: Option<usize>,
    ) -> (Vec<Finding>, Vec<StoreVerdict>) {
        let chain = handshake
            .map(|handshake| handshake.chain.as_slice())
            .unwrap_or_default();
        let trust = path::verdicts(chain, self.stores, self.memory, self.now);
        let case = Case::new(self.observation, handshake, further, &trust, self.stores)
            .at(self.now)
            .under(self.policy);
        let mut findings = Vec::new();
        for rule in rules::ALL {
            (rule.check)(&case, &mut findings);
        }
        (findings, trust)
    }
}
