//! Findings grouped by their cause, with a few examples each: what a report for people needs of a run of any length.
//!
//! Looks come in one by one and are forgotten; per cause a count, the number of distinct certificates and the most
//! urgent examples stay. Both bounds hold however many causes and certificates strangers make up.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use assess::words;
use model::finding::{PathReason, Reason};
use model::{Finding, Fingerprint, Severity, Status, untrusted};

use crate::failure;
use crate::text;
use engine::look::Look;

/// Every cause seen so far.
#[derive(Debug)]
pub(crate) struct Causes {
    groups: BTreeMap<Key, Cause>,
    keep: Keep,
    /// Distinct certificates remembered over all causes.
    remembered: usize,
}

/// How many examples to keep of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The most urgent five.
    Few,
    /// All of them: memory grows with the findings, as the user wished.
    All,
}

/// What makes two findings one cause. Ordered worst first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    severity: std::cmp::Reverse<Severity>,
    rule: &'static str,
    cause: String,
}

/// One cause and its reach.
#[derive(Debug, Default)]
pub(crate) struct Cause {
    /// Endpoints with it.
    pub(crate) endpoints: u64,
    /// Distinct certificates with it, as far as they are remembered.
    certificates: HashSet<Fingerprint>,
    /// Whether there are more than are remembered.
    more_certificates: bool,
    /// The most urgent ones, in order.
    pub(crate) examples: Vec<Example>,
    /// What the cause is called when it is shared: the issuer that is not sent, the root that is not known.
    pub(crate) shared: Option<String>,
}

/// One endpoint with a cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Example {
    /// Seconds left; the least is the most urgent.
    urgency: i64,
    /// The endpoint, safe for a terminal.
    pub(crate) endpoint: String,
    /// What differs between endpoints: what is left, what stopped the look.
    pub(crate) aside: Option<String>,
    /// The rule.
    pub(crate) rule: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) remedy: String,
    /// The certificate, in its short form.
    pub(crate) certificate: Option<String>,
}

/// A cause with what names it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    /// How much it matters.
    pub(crate) severity: Severity,
    /// The rule, or [`UNJUDGED`].
    pub(crate) rule: &'static str,
    /// Its reach.
    pub(crate) cause: &'a Cause,
}

/// Stands for the rule of looks that were stopped before anything could be judged.
pub(crate) const UNJUDGED: &str = "";

/// Whether this is why the endpoint could not be judged: one with a worse finding was judged by that, and stands in no
/// second class.
fn is_unjudged(finding: &Finding, status: Status) -> bool {
    status == Status::Error
        && finding.severity == Severity::Error
        && matches!(finding.reason, Reason::Stopped { .. })
}

/// Causes kept apart; further ones are told apart by their rule only.
const CAUSES: usize = 256;
/// Distinct certificates remembered, over all causes: 3 MB.
const CERTIFICATES: usize = 65_536;
/// Examples kept of each cause.
const EXAMPLES: usize = 5;

impl Causes {
    /// Nothing seen.
    pub(crate) const fn new(keep: Keep) -> Self {
        Self {
            groups: BTreeMap::new(),
            keep,
            remembered: 0,
        }
    }

    /// Adds the findings of one look that are at least `least`.
    pub(crate) fn add(&mut self, look: &Look, least: Severity) {
        let mut counted: Vec<Key> = Vec::new();
        for finding in look
            .assessment
            .findings
            .iter()
            // What was asked of third parties is told whatever came of it.
            .filter(|finding| finding.severity >= least || assess::rules::is_asked_for(finding.rule))
        {
            let (cause, shared) = cause_of(finding);
            // One block says how many could not be judged, whatever stopped each.
            let rule = if is_unjudged(finding, look.assessment.status) {
                UNJUDGED
            } else {
                finding.rule
            };
            let mut key = Key {
                severity: std::cmp::Reverse(finding.severity),
                rule,
                cause,
            };
            if self.groups.len() >= CAUSES && !self.groups.contains_key(&key) {
                key.cause = String::new();
            }
            let again = counted.contains(&key);
            let group = self.groups.entry(key.clone()).or_default();
            let certificate = finding.subject.certificate(&look.observation);
            if let Some(fingerprint) = certificate.map(|certificate| certificate.fingerprint()) {
                if group.certificates.contains(&fingerprint) {
                } else if self.remembered < CERTIFICATES {
                    self.remembered += 1;
                    group.certificates.insert(fingerprint);
                } else {
                    group.more_certificates = true;
                }
            }
            if !again {
                group.endpoints += 1;
                group.shared = shared;
                group.keep_example(look, finding, self.keep);
                counted.push(key);
            }
        }
    }

    /// All causes, worst first; of one severity those with the widest reach first.
    pub(crate) fn worst_first(&self) -> Vec<Named<'_>> {
        let mut all: Vec<_> = self
            .groups
            .iter()
            .map(|(key, cause)| Named {
                severity: key.severity.0,
                rule: key.rule,
                cause,
            })
            .collect();
        all.sort_by_key(|named| {
            (
                std::cmp::Reverse(named.severity),
                std::cmp::Reverse(named.cause.endpoints),
            )
        });
        all
    }
}

impl Cause {
    /// `41 endpoints, 12 certificates`.
    pub(crate) fn reach(&self) -> String {
        let endpoints = text::counted(self.endpoints, "endpoint");
        match (self.certificates.len(), self.more_certificates) {
            (0, false) => endpoints,
            (count, false) => {
                format!(
                    "{endpoints}, {}",
                    text::counted(u64::try_from(count).unwrap_or(u64::MAX), "certificate")
                )
            }
            (_, true) => format!("{endpoints}, many certificates"),
        }
    }

    /// Endpoints beyond the examples.
    pub(crate) fn further(&self, shown: usize) -> u64 {
        self.endpoints
            .saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX))
    }

    fn keep_example(&mut self, look: &Look, finding: &Finding, keep: Keep) {
        let urgency = urgency(&finding.reason);
        let endpoint = endpoint(look);
        let full = keep == Keep::Few && self.examples.len() >= EXAMPLES;
        let spared = |last: &Example| (last.urgency, &last.endpoint) <= (urgency, &endpoint);
        // Words are made only for what is kept: most findings of a large run are not.
        if full && self.examples.last().is_some_and(spared) {
            return;
        }
        let example = Example {
            urgency,
            endpoint,
            rule: finding.rule,
            aside: aside(&finding.reason),
            message: words::message(finding, &look.observation),
            remedy: words::remedy(finding),
            certificate: finding
                .subject
                .certificate(&look.observation)
                .map(|certificate| certificate.fingerprint().short()),
        };
        let place = self.examples.partition_point(|known| *known <= example);
        self.examples.insert(place, example);
        if keep == Keep::Few {
            self.examples.truncate(EXAMPLES);
        }
    }
}

/// The endpoint of a look as people read it, safe for a terminal.
pub(crate) fn endpoint(look: &Look) -> String {
    let observation = &look.observation;
    let shown = match observation.address {
        Some(address) => model::Endpoint {
            service: std::sync::Arc::clone(&observation.service),
            address,
        }
        .to_string(),
        None => observation.service.to_string(),
    };
    untrusted::shown(&shown)
}

/// What makes a cause one beside its rule, and what to call it.
fn cause_of(finding: &Finding) -> (String, Option<String>) {
    match &finding.reason {
        Reason::IssuerNotSent { certificate, .. } => {
            let issuer = untrusted::shown_escaped(certificate.facts().issuer.text.raw());
            let name = certificate
                .facts()
                .issuer
                .common_name
                .as_ref()
                .map_or_else(|| issuer.clone(), |cn| cn.shown());
            (issuer, Some(format!("{name} is not sent")))
        }
        Reason::Refused { reason, .. } => match reason {
            PathReason::NotInStore { root } => {
                let name = untrusted::shown_escaped(root.facts().subject.text.raw());
                (
                    format!("{} {name}", reason.word()),
                    Some(format!("no trust store asked holds the root {name}")),
                )
            }
            other => (other.word().to_owned(), None),
        },
        Reason::LegacyProtocol { version } => (
            version.to_string(),
            Some(format!("{version} is the best that is negotiated")),
        ),
        Reason::WeakCipher { cipher, .. } => (
            cipher.to_string(),
            Some(format!("the weak suite {cipher} is negotiated")),
        ),
        _ => (String::new(), None),
    }
}

fn urgency(reason: &Reason) -> i64 {
    let seconds = |duration: &Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    match reason {
        Reason::Ending { left, .. } => seconds(left),
        Reason::Ended { ago, .. } | Reason::IssuerEnded { ago, .. } => -seconds(ago),
        _ => i64::MAX,
    }
}

fn aside(reason: &Reason) -> Option<String> {
    match reason {
        Reason::Ending { left, .. } => Some(words::span(*left)),
        Reason::Ended { ago, .. } | Reason::IssuerEnded { ago, .. } => {
            Some(format!("ended {} ago", words::span(*ago)))
        }
        Reason::Stopped { stage, failure } => Some(format!(
            "{} ({})",
            failure::Kind::of(failure).counted,
            stage.word()
        )),
        _ => None,
    }
}
