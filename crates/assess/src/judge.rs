//! Judging one observation: what the rules find, worst first, and what each store says.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use model::evidence::Evidence;
use model::finding::{Finding, Severity, Subject};
use model::observation::{Handshake, Observation};
use model::status::Status;

use crate::case::{Case, Heard};
use crate::memory::SignatureMemory;
use crate::path::{self, Question, StoreVerdict};
use crate::policy::Policy;
use crate::revocation::{CertificateRevocation, Inquest};
use crate::rules;
use crate::trust_store::Stores;

/// What is judged by: decided before any endpoint is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Law<'a> {
    /// Who trusts which anchors.
    pub stores: &'a Stores,
    /// Thresholds.
    pub policy: &'a Policy,
}

/// Everything that can be said of one observation under one policy at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// The worst of the findings.
    pub status: Status,
    /// Worst first; of equal severity in the order of the rules.
    pub findings: Vec<Finding>,
    /// What each store says of the chain, in the order of the stores; empty without a chain.
    pub trust: Vec<StoreVerdict>,
    /// What is known about the revocation of certificates of the chain and its paths; only those about which something
    /// was said or asked.
    pub revocation: Vec<CertificateRevocation>,
    /// What each store would say with the issuers that were fetched; empty when none were.
    pub repaired: Vec<StoreVerdict>,
}

/// Judges `observation` at `now`. The same input gives the same assessment; `memory` only saves work.
pub fn judge(
    observation: &Observation,
    evidence: &Evidence,
    law: Law<'_>,
    memory: &SignatureMemory,
    now: Timestamp,
) -> Assessment {
    let bench = Bench {
        observation,
        evidence,
        law,
        memory,
        now,
    };
    let Judged {
        mut findings,
        trust,
        revocation,
        repaired,
    } = bench.look(observation.handshake.as_ref(), None);
    for (number, handshake) in observation.further_handshakes.iter().enumerate() {
        let further = bench.look(Some(handshake), Some(number));
        let of_certificates = further
            .findings
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
        revocation,
        repaired,
    }
}

/// What judging one handshake gives.
struct Judged {
    findings: Vec<Finding>,
    trust: Vec<StoreVerdict>,
    revocation: Vec<CertificateRevocation>,
    repaired: Vec<StoreVerdict>,
}

/// What judging needs, for every handshake of one observation.
struct Bench<'a> {
    observation: &'a Observation,
    evidence: &'a Evidence,
    law: Law<'a>,
    memory: &'a SignatureMemory,
    now: Timestamp,
}

impl Bench<'_> {
    fn look(&self, handshake: Option<&Handshake>, further: Option<usize>) -> Judged {
        let chain = handshake
            .map(|handshake| handshake.chain.as_slice())
            .unwrap_or_default();
        let question = Question {
            known: &self.evidence.issuers,
            ..Question::of(chain, self.now)
        };
        let trust = path::verdicts(&question, self.law.stores, self.memory);
        let repaired = self.repaired(&question);
        let inquest = handshake.map(|handshake| Inquest {
            handshake,
            trust: &trust,
            evidence: self.evidence,
            memory: self.memory,
            now: self.now,
        });
        let revocation = inquest.map(|inquest| inquest.certificates()).unwrap_or_default();
        let heard = Heard {
            revocation: &revocation,
            repaired: &repaired,
            issuers: &self.evidence.fetched_issuers,
            caa: &self.evidence.caa,
        };
        let case = Case::new(self.observation, handshake, further, &trust, self.law.stores)
            .at(self.now)
            .under(self.law.policy)
            .hearing(heard);
        let mut findings = Vec::new();
        for rule in rules::ALL {
            (rule.check)(&case, &mut findings);
        }
        Judged {
            findings,
            trust,
            revocation,
            repaired,
        }
    }

    /// What stores would say with the issuers that were fetched. Shown beside the verdict, never in its place: many
    /// clients do not fetch.
    fn repaired(&self, question: &Question<'_>) -> Vec<StoreVerdict> {
        let fetched = self.evidence.fetched_issuers.iter();
        let fetched = fetched.filter_map(|issuer| issuer.fetched.outcome.as_ref().ok());
        let known: Vec<_> = question.known.iter().chain(fetched).map(Arc::clone).collect();
        if known.len() == question.known.len() {
            return Vec::new();
        }
        let with_fetched = Question {
            known: &known,
            ..*question
        };
        path::verdicts(&with_fetched, self.law.stores, self.memory)
    }
}

#[cfg(test)]
mod tests {
    use model::status::Status;
    use proptest::prelude::*;
    use rcgen::KeyIdMethod;

    use super::*;
    use crate::world::{
        Authority, Good, corp, day, finding, judged, law, now, observation, read, rules, self_signed, valid,
    };

    #[test]
    fn short_lived_certificates_without_ornaments_raise_nothing() {
        let good = Good::new();
        let leaf = good.issuing.leaf_with(&["shop.example"], |params| {
            // 160 hours, no common name, no subject key identifier, no OCSP responder.
            params.not_before = rcgen::date_time_ymd(2026, 5, 31);
            params.not_after = params.not_before + std::time::Duration::from_secs(160 * 3_600);
            params.key_identifier_method = KeyIdMethod::PreSpecified(Vec::new());
        });
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        assert_eq!((assessment.status, rules(&assessment)), (Status::Ok, Vec::new()));
    }

    #[test]
    fn the_status_is_the_worst_finding_and_stands_first() {
        let good = Good::new();
        let leaf = good
            .issuing
            .leaf_with(&["other.example"], |params| valid(params, -91, -1));
        let sent = [&leaf, &good.issuing.certificate, &good.root.certificate];
        let assessment = judged(&observation("shop.example", &sent), &good.stores());
        assert_eq!(rules(&assessment), ["expired", "name-mismatch", "anchor-sent"]);
        assert_eq!(assessment.status, Status::Expired);
    }

    #[test]
    fn a_further_certificate_is_judged_too_and_a_common_cause_said_once() {
        let good = Good::new();
        let mut seen = observation("shop.example", &[&good.leaf, &good.issuing.certificate]);
        let ended = good
            .issuing
            .leaf_with(&["shop.example"], |params| valid(params, -91, -1));
        let further = observation("shop.example", &[&ended, &good.issuing.certificate])
            .handshake
            .unwrap();
        seen.further_handshakes = vec![seen.handshake.clone().unwrap(), further];
        let assessment = judged(&seen, &good.stores());
        assert_eq!(rules(&assessment), ["expired"]);
        let subject = finding(&assessment, "expired").unwrap().subject;
        assert_eq!(
            subject,
            Subject::Further {
                handshake: 1,
                certificate: 0
            }
        );
        assert!(
            assessment.trust[0].is_trusted(),
            "the stores' verdict is on the first"
        );
    }

    #[test]
    fn the_same_input_gives_the_same_assessment() {
        let good = Good::new();
        let stranger = Authority::root("Stranger");
        let lone = self_signed(&["x.example"], |_| {});
        let seen = [
            good.observed(),
            observation("other.example", &[&good.leaf]),
            observation("shop.example", &[&lone, &good.leaf, &stranger.certificate]),
        ];
        let shared = SignatureMemory::new();
        for stores in [good.stores(), corp(&[&stranger.certificate]), Stores::mozilla()] {
            for at in [now(), day(59), day(100)] {
                for seen in &seen {
                    let fresh = judge(seen, &Evidence::none(), law(&stores), &SignatureMemory::new(), at);
                    assert_eq!(judge(seen, &Evidence::none(), law(&stores), &shared, at), fresh);
                    let elsewhere = std::thread::scope(|scope| {
                        scope
                            .spawn(|| judge(seen, &Evidence::none(), law(&stores), &shared, at))
                            .join()
                            .unwrap()
                    });
                    assert_eq!(elsewhere, fresh);
                }
            }
        }
    }

    proptest! {
        // Keys are minted anew in every run: an old failure could not be tried again.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn one_changed_bit_is_never_trusted(at in any::<prop::sample::Index>(), bit in 0_u8..8, leaf in any::<bool>()) {
            thread_local! {
                static GOOD: Good = Good::new();
            }
            GOOD.with(|good| {
                let mut chain = [Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)];
                let place = usize::from(!leaf);
                let mut der = chain[place].der().to_vec();
                let at = at.index(der.len());
                der[at] ^= 1 << bit;
                chain[place] = read(&der);
                let assessment = judged(&observation("shop.example", &[&chain[0], &chain[1]]), &good.stores());
                prop_assert!(!assessment.trust[0].is_trusted());
                prop_assert!(assessment.status >= Status::Error, "{:?}", assessment.findings);
                for finding in &assessment.findings {
                    let line = crate::words::message(finding, &observation("shop.example", &[&chain[0], &chain[1]]));
                    prop_assert!(!line.is_empty() && !line.chars().any(char::is_control));
                }
                Ok(())
            })?;
        }
    }
}
