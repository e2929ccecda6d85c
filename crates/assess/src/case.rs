//! What a rule sees: one handshake of an observation, the stores' verdicts on it, the time, and the policy; with the
//! questions that several rules ask answered once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::certificate::{Certificate, Facts};
use model::endpoint::Identity;
use model::evidence::{Caa, FetchedIssuer};
use model::finding::{Finding, PathReason, Reason, Repair, Severity, Subject};
use model::observation::{Handshake, Observation, Outcome};

use crate::ct::SctVerdict;
use crate::path::{StoreVerdict, Trust, is_unparsable};
use crate::policy::{Policy, RequiredStores};
use crate::revocation::CertificateRevocation;
use crate::rules::Rule;
use crate::trust_store::{StoreKind, StoreSet, Stores};

/// One handshake (or none), ready to be judged.
pub(crate) struct Case<'a> {
    pub(crate) observation: &'a Observation,
    /// The handshake that is judged: the observation's own, or a further one.
    pub(crate) handshake: Option<&'a Handshake>,
    further: Option<usize>,
    trust: &'a [StoreVerdict],
    /// What is to be said of each timestamp; empty unless a public store trusts the chain.
    pub(crate) scts: &'a [SctVerdict],
    pub(crate) stores: &'a Stores,
    pub(crate) now: Timestamp,
    pub(crate) policy: Policy,
    refusal: Option<Refusal<'a>>,
    heard: Heard<'a>,
}

/// What third parties said, as far as it was asked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heard<'a> {
    /// What follows about revocation.
    pub(crate) revocation: &'a [CertificateRevocation],
    /// What stores would say with the issuers that were fetched; empty when none were.
    pub(crate) repaired: &'a [StoreVerdict],
    /// The issuers that were fetched, or not.
    pub(crate) issuers: &'a [FetchedIssuer],
    /// Who may issue for the leaf's names.
    pub(crate) caa: &'a [Caa],
}

/// Why the chain is refused where it matters.
pub(crate) struct Refusal<'a> {
    /// The reasons of the store that has fewest, the most telling first.
    pub(crate) reasons: &'a [PathReason],
    /// The stores that refuse.
    pub(crate) stores: Vec<Arc<str>>,
    /// [`Severity::Warning`] when some public store accepts, otherwise critical.
    pub(crate) severity: Severity,
}

impl Refusal<'_> {
    /// Whether the curve of this certificate's key is a reason.
    pub(crate) fn is_about_curve_of(&self, certificate: &Certificate) -> bool {
        self.reasons.iter().any(|reason| match reason {
            PathReason::UnsupportedCurve { certificate: theirs } => {
                theirs.fingerprint() == certificate.fingerprint()
            }
            _ => false,
        })
    }
}

impl<'a> Case<'a> {
    pub(crate) fn new(
        observation: &'a Observation,
        handshake: Option<&'a Handshake>,
        further: Option<usize>,
        trust: &'a [StoreVerdict],
        stores: &'a Stores,
    ) -> Self {
        let (now, policy) = (observation.at, Policy::default());
        let refusal = refusal(trust, policy.required);
        Self {
            observation,
            handshake,
            further,
            trust,
            scts: &[],
            stores,
            now,
            policy,
            refusal,
            heard: Heard::default(),
        }
    }

    pub(crate) const fn hearing(mut self, heard: Heard<'a>) -> Self {
        self.heard = heard;
        self
    }

    pub(crate) const fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn under(mut self, policy: &Policy) -> Self {
        self.policy = *policy;
        self.refusal = refusal(self.trust, policy.required);
        self
    }

    pub(crate) const fn timestamped(mut self, scts: &'a [SctVerdict]) -> Self {
        self.scts = scts;
        self
    }

    /// Whether the store called `name` is public and trusts the chain.
    pub(crate) fn is_trusted_by(&self, name: &str) -> bool {
        let same = |verdict: &&StoreVerdict| verdict.kind == StoreKind::Public && &*verdict.store == name;
        self.trust.iter().find(same).is_some_and(StoreVerdict::is_trusted)
    }

    /// Whether some public store trusts the chain: what is asked of public authorities alone is asked only then.
    pub(crate) fn is_public(&self) -> bool {
        self.trust
            .iter()
            .any(|verdict| verdict.kind == StoreKind::Public && verdict.is_trusted())
    }

    /// The paths by which stores trust the chain, leaf first and anchor last; one that several share comes once when
    /// they stand side by side.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &'a Arc<[Arc<Certificate>]>> + use<'a> {
        let mut before: Option<&Arc<[Arc<Certificate>]>> = None;
        self.trust
            .iter()
            .filter_map(move |verdict| match &verdict.outcome {
                Trust::Trusted { path } if before.is_none_or(|before| !Arc::ptr_eq(before, path)) => {
                    before = Some(path);
                    Some(path)
                }
                _ => None,
            })
    }

    /// The certificates between leaf and anchor of those paths that were not sent; one may come several times.
    pub(crate) fn unsent(&self) -> impl Iterator<Item = &'a Arc<Certificate>> {
        let below = self.paths().flat_map(|path| {
            path.split_last()
                .map(|(_, below)| below)
                .unwrap_or_default()
                .iter()
                .skip(1)
        });
        below.filter(|step| self.place_of(step).is_none())
    }

    /// A finding about a certificate of a path: at its place, or beside the leaf when it was not sent.
    pub(crate) fn about(
        &self,
        rule: &Rule,
        severity: Severity,
        certificate: &Arc<Certificate>,
        reason: Reason,
    ) -> Finding {
        let place = self.place_of(certificate);
        let reason = match place {
            Some(_) => reason,
            None => Reason::Unsent {
                certificate: Arc::clone(certificate),
                reason: Box::new(reason),
            },
        };
        Finding {
            rule: rule.id,
            severity,
            subject: self.place(place.unwrap_or_default()),
            reason,
        }
    }

    /// The chain as sent, leaf first; empty when there is none.
    pub(crate) fn chain(&self) -> &'a [Arc<Certificate>] {
        self.handshake
            .map(|handshake| handshake.chain.as_slice())
            .unwrap_or_default()
    }

    /// The leaf, whether it can be read or not.
    pub(crate) fn leaf(&self) -> Option<&'a Arc<Certificate>> {
        self.chain().first()
    }

    /// What the leaf says, when enough of it can be read to be judged.
    pub(crate) fn leaf_facts(&self) -> Option<&'a Facts> {
        self.leaf()
            .map(|leaf| leaf.facts())
            .filter(|facts| !is_unparsable(facts))
    }

    /// Whom the leaf must name.
    pub(crate) fn wanted(&self) -> &'a Identity {
        &self.observation.service.identity
    }

    /// Why the chain is refused, unless every store that the policy requires accepts it. When nobody decided otherwise, a
    /// public chain must satisfy the public stores; one that a store of the user's accepts is trusted whatever they say.
    pub(crate) const fn refusal(&self) -> Option<&Refusal<'a>> {
        self.refusal.as_ref()
    }

    /// Whether the observation itself, not a further handshake, is being judged. Rules about the endpoint as a whole
    /// speak only then.
    pub(crate) const fn is_main(&self) -> bool {
        self.further.is_none()
    }

    /// What is known about the revocation of certificates.
    pub(crate) const fn revocation(&self) -> &'a [CertificateRevocation] {
        self.heard.revocation
    }

    /// The issuers that were fetched, or not, if that was asked.
    pub(crate) const fn fetched_issuers(&self) -> &'a [FetchedIssuer] {
        self.heard.issuers
    }

    /// Who may issue for the leaf's names, if that was asked.
    pub(crate) const fn caa(&self) -> &'a [Caa] {
        self.heard.caa
    }

    /// What a client finds that fetches the issuer of `certificate`.
    pub(crate) fn repair(&self, certificate: &Certificate) -> Option<Repair> {
        let issuers = self.heard.issuers.iter();
        let fetched = issuers
            .filter(|issuer| issuer.of == certificate.fingerprint())
            .find(|issuer| issuer.fetched.outcome.is_ok())?;
        let trusting = self.heard.repaired.iter().filter(|verdict| verdict.is_trusted());
        Some(Repair {
            url: fetched.fetched.url.clone(),
            stores: trusting.map(|verdict| Arc::clone(&verdict.store)).collect(),
        })
    }

    /// Whether the look was stopped.
    pub(crate) const fn is_stopped(&self) -> bool {
        matches!(self.observation.outcome, Outcome::Stopped { .. })
    }

    /// The certificate at `place` of the chain that is judged.
    pub(crate) const fn place(&self, place: usize) -> Subject {
        match self.further {
            None => Subject::Certificate(place),
            Some(handshake) => Subject::Further {
                handshake,
                certificate: place,
            },
        }
    }

    /// The place in the chain at which `certificate` was sent.
    pub(crate) fn place_of(&self, certificate: &Certificate) -> Option<usize> {
        self.chain()
            .iter()
            .position(|sent| sent.fingerprint() == certificate.fingerprint())
    }

    /// The certificates that matter to the verdict, with their places: those on a path that some store accepts, or all
    /// when none does.
    pub(crate) fn used(&self) -> impl Iterator<Item = (usize, &'a Arc<Certificate>)> {
        let trust = self.trust;
        let is_trusted = trust.iter().any(StoreVerdict::is_trusted);
        let is_on_path = move |certificate: &Arc<Certificate>| {
            trust.iter().any(|verdict| match &verdict.outcome {
                Trust::Trusted { path } => path.contains(certificate),
                Trust::Refused { .. } => false,
            })
        };
        let places = self.chain().iter().enumerate();
        places.filter(move |(_, certificate)| !is_trusted || is_on_path(certificate))
    }

    /// A finding about the leaf.
    pub(crate) const fn about_leaf(&self, rule: &Rule, severity: Severity, reason: Reason) -> Finding {
        Finding {
            rule: rule.id,
            severity,
            subject: self.place(0),
            reason,
        }
    }

    /// A finding about the endpoint.
    pub(crate) const fn about_endpoint(rule: &Rule, severity: Severity, reason: Reason) -> Finding {
        Finding {
            rule: rule.id,
            severity,
            subject: Subject::Endpoint,
            reason,
        }
    }
}

fn refusal(trust: &[StoreVerdict], required: RequiredStores) -> Option<Refusal<'_>> {
    let accepted = |kind| {
        trust
            .iter()
            .any(|verdict| verdict.kind == kind && verdict.is_trusted())
    };
    let is_public = |(_, verdict): &(usize, &StoreVerdict)| verdict.kind == StoreKind::Public;
    let is_settled = match required {
        RequiredStores::PublicOrOwn => accepted(StoreKind::User),
        RequiredStores::Any => accepted(StoreKind::User) || accepted(StoreKind::Public),
        RequiredStores::Public | RequiredStores::These(_) => false,
    };
    if is_settled {
        return None;
    }
    let is_asked = |place_and_verdict: &(usize, &StoreVerdict)| match required {
        // Where no public store accepts, those of the user's own are a way out, and what they say is told.
        RequiredStores::PublicOrOwn => !accepted(StoreKind::Public) || is_public(place_and_verdict),
        RequiredStores::Public => is_public(place_and_verdict),
        RequiredStores::Any => true,
        RequiredStores::These(chosen) => chosen
            .0
            .checked_shr(place(place_and_verdict.0))
            .is_some_and(|set| set & 1 == 1),
    };
    let has_public = trust.iter().any(|verdict| verdict.kind == StoreKind::Public);
    let asked = || {
        trust
            .iter()
            .enumerate()
            .filter(is_asked)
            .map(|(_, verdict)| verdict)
    };
    let refusing = || asked().filter(|verdict| !verdict.is_trusted());
    let best = refusing().min_by_key(|verdict| {
        // Of equally many reasons a public store's are said first.
        (
            verdict.reasons().len(),
            has_public && verdict.kind == StoreKind::User,
        )
    })?;
    let stores = refusing().map(|verdict| Arc::clone(&verdict.store)).collect();
    // Public stores that disagree leave some clients content; a store that was named is one that must.
    let is_partial = !matches!(required, RequiredStores::These(_)) && accepted(StoreKind::Public);
    let severity = if is_partial {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Some(Refusal {
        reasons: best.reasons(),
        stores,
        severity,
    })
}

/// A place in the list of stores as the number of its bit; none that is too large has one.
fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(StoreSet::BITS)
}

/// The time from `from` to `to`, and zero when that is past.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
