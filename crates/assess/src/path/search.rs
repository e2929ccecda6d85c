//! The search from an issuer upward. One depth-first walk looks for ways without defect, until every store has one
//! that was sent whole, asks nothing of the leaf and stands on no broken hash; a second one, only for stores that still
//! have none, walks on through defects and keeps what was wrong on each way. Both are under the same kind of budget and
//! are the same for the same input.

use std::sync::Arc;

use jiff::Timestamp;
use model::certificate::Certificate;
use model::finding::{Budget, PathReason};
use model::limits;

use super::checks::Terms;
use super::{checks, names, policies};
use crate::memory::SignatureMemory;
use crate::signature::{Signed, is_broken};
use crate::trust_store::{Anchor, StoreSet, Stores};

/// What stands above one issuer.
#[derive(Debug)]
pub(crate) struct Upper {
    /// The first second at which this holds, if there is one.
    from: Option<Timestamp>,
    /// The first second at which this may no longer hold.
    until: Option<Timestamp>,
    /// Ways to anchors without defect.
    pub(super) accepted: Vec<UpperPath>,
    /// Ways that fail, when some store has no accepted one.
    pub(super) dead: Vec<Dead>,
    /// The budget that ran out before every store had a way.
    pub(super) exhausted: Option<Budget>,
}

/// A way from the issuer to an anchor.
#[derive(Debug)]
pub(super) struct UpperPath {
    /// The stores that hold the anchor.
    pub(super) stores: StoreSet,
    /// The issuer first, the anchor last.
    pub(super) steps: Box<[Arc<Certificate>]>,
    /// Whether some step confines names, or may refuse for its policies: it depends on the leaf then.
    pub(super) conditional: bool,
    /// Steps below the anchor that were not sent.
    pub(super) unsent: usize,
    /// The stores among them that trust the anchor for some leaves only.
    pub(super) dated: StoreSet,
    /// Whether some step below the anchor is signed with a broken hash: another way is better.
    pub(super) weak: bool,
}

/// A way that fails.
#[derive(Debug)]
pub(super) struct Dead {
    pub(super) end: End,
    pub(super) reasons: Vec<PathReason>,
    pub(super) length: usize,
}

/// Where a way ends.
#[derive(Debug)]
pub(super) enum End {
    /// At an anchor of some stores.
    Anchor(Arc<Certificate>, StoreSet),
    /// At a self-signed certificate that no store holds.
    Root(Arc<Certificate>),
    /// At a certificate whose issuer is not there.
    Missing(Arc<Certificate>),
    /// At a defect that cannot be walked through; its reason is among the others.
    Blocked,
}

impl Upper {
    /// Whether this is still true at `now`: no validity of a certificate that was looked at began or ended since.
    pub(crate) fn holds_at(&self, now: Timestamp) -> bool {
        let now = now.as_second();
        self.from.is_none_or(|from| from.as_second() <= now)
            && self.until.is_none_or(|until| now < until.as_second())
    }
}

/// Every certificate that may have issued `child`, by name: those sent, then anchors that were not. The ones whose key
/// identifier fits come first; it is a hint, never a condition (RFC 5280 section 4.2.1.1).
pub(super) fn issuers<'a>(
    child: &Certificate,
    sent: &[&'a Arc<Certificate>],
    stores: &'a Stores,
) -> Vec<&'a Arc<Certificate>> {
    let wanted = &child.facts().issuer.canonical;
    let mut found: Vec<&Arc<Certificate>> = Vec::new();
    let named = sent
        .iter()
        .copied()
        .filter(|certificate| certificate.facts().subject.canonical == *wanted);
    let anchors = stores.with_subject(wanted).map(Anchor::certificate);
    for certificate in named.chain(anchors) {
        if !found
            .iter()
            .any(|known| known.fingerprint() == certificate.fingerprint())
        {
            found.push(certificate);
        }
    }
    let hint = child.facts().authority_key_id.as_deref();
    if found.len() > 1 && hint.is_some() {
        found.sort_by_key(|certificate| certificate.facts().subject_key_id.as_deref() != hint);
    }
    found
}

/// Whether to walk on through defects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Sound,
    Diagnosing,
}

/// What is searched, and what is asked of it.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    /// Certificates beside the leaf: those sent, then those known without being sent.
    pub(super) others: &'a [&'a Arc<Certificate>],
    /// How many of them were sent.
    pub(super) sent: usize,
    pub(super) stores: &'a Stores,
    pub(super) memory: &'a SignatureMemory,
    pub(super) terms: Terms,
    pub(super) now: Timestamp,
}

/// One search. Borrowed by one thread; holds the way from the issuer to where the walk stands.
pub(super) struct Search<'a> {
    ground: Ground<'a>,
    walk: Walk,
    edges: usize,
    signatures: usize,
    comparisons: usize,
    exhausted: Option<Budget>,
    /// Some way was longer than any path may be: it was given up, and the others were looked at.
    too_deep: bool,
    way: Vec<&'a Arc<Certificate>>,
    defects: Vec<PathReason>,
    covered: StoreSet,
    found: Upper,
}

impl<'a> Search<'a> {
    /// Judges what stands above `issuer`.
    pub(super) fn upper(issuer: &'a Arc<Certificate>, ground: Ground<'a>) -> Upper {
        let found = Upper {
            from: None,
            until: None,
            accepted: Vec::new(),
            dead: Vec::new(),
            exhausted: None,
        };
        let stores = ground.stores;
        let mut search = Self {
            ground,
            walk: Walk::Sound,
            edges: 0,
            signatures: 0,
            comparisons: limits::PATH_NAME_COMPARISONS,
            exhausted: None,
            too_deep: false,
            way: Vec::new(),
            defects: Vec::new(),
            covered: 0,
            found,
        };
        search.visit(issuer);
        search.found.exhausted = search
            .exhausted
            .take()
            .or_else(|| search.too_deep.then_some(Budget::Edges));
        let accepted = search
            .found
            .accepted
            .iter()
            .fold(0, |set, path| set | path.stores);
        if accepted != stores.all() && search.found.exhausted.is_none() {
            search.walk = Walk::Diagnosing;
            (search.edges, search.signatures) = (0, 0);
            search.visit(issuer);
        }
        search.found
    }

    /// Walks to `certificate` as an issuer, judges it, and walks on to its own issuers.
    fn visit(&mut self, certificate: &'a Arc<Certificate>) {
        if self.way.len() + 1 >= limits::PATH_LENGTH {
            self.too_deep = true;
            return;
        }
        let held = self.ground.stores.holding_ever(certificate.fingerprint());
        let before = self.defects.len();
        self.examine(certificate, held);
        if self.walk == Walk::Diagnosing || self.defects.len() == before {
            self.way.push(certificate);
            if held != 0 {
                self.arrive(certificate, held);
            }
            if !self.is_done() {
                self.rise(certificate, held);
            }
            self.way.pop();
        }
        self.defects.truncate(before);
    }

    /// Collects the defects of `certificate` as an issuer of what the way holds so far.
    fn examine(&mut self, certificate: &'a Arc<Certificate>, held: StoreSet) {
        self.note_dates(certificate);
        let Ground { terms, now, .. } = self.ground;
        checks::issuer(certificate, held != 0, terms, now, &mut self.defects);
        let below = self.way.iter().filter(|step| !step.facts().self_issued()).count();
        let allowed = certificate
            .facts()
            .basic_constraints
            .and_then(|constraints| constraints.path_length);
        if let Some(allowed) =
            allowed.filter(|allowed| usize::try_from(*allowed).is_ok_and(|most| below > most))
        {
            self.defects.push(PathReason::PathTooLong {
                certificate: Arc::clone(certificate),
                allowed,
            });
        }
        if certificate.facts().name_constraints.is_some() {
            for step in self.way.iter().filter(|step| !step.facts().self_issued()) {
                self.defects
                    .extend(names::breach(certificate, step, &mut self.comparisons));
            }
        }
    }

    /// The way reaches an anchor of the stores in `held`.
    fn arrive(&mut self, certificate: &Arc<Certificate>, held: StoreSet) {
        if self.walk == Walk::Diagnosing {
            let end = End::Anchor(Arc::clone(certificate), held);
            self.keep_dead(end);
            return;
        }
        let below = || self.way.iter().take(self.way.len().saturating_sub(1));
        let confined = |step: &&Arc<Certificate>| step.facts().name_constraints.is_some();
        let conditional =
            self.way.iter().any(confined) || below().any(|step| policies::can_refuse(step.facts()));
        let weak = below().any(|step| is_broken(&step.facts().signature_algorithm));
        let sent = self.ground.others.iter().take(self.ground.sent);
        let is_sent = |step: &Certificate| sent.clone().any(|sent| sent.fingerprint() == step.fingerprint());
        let unsent = below().filter(|step| !is_sent(step)).count();
        let steps = self.way.iter().map(|step| Arc::clone(step)).collect();
        let anchor = self.ground.stores.anchor(certificate.fingerprint());
        let dated = anchor.map_or(0, |anchor| anchor.conditional & held);
        self.found.accepted.push(UpperPath {
            stores: held,
            steps,
            conditional,
            dated,
            unsent,
            weak,
        });
        if !conditional && !weak && unsent == 0 && !self.ground.terms.all_paths {
            self.covered |= held & !dated;
        }
    }

    /// Walks on to every issuer of `certificate` that is not on the way yet.
    fn rise(&mut self, certificate: &'a Arc<Certificate>, held: StoreSet) {
        let is_at_hand = self
            .ground
            .others
            .iter()
            .any(|other| other.fingerprint() == certificate.fingerprint());
        if !is_at_hand {
            // An anchor that was not sent is known to its own stores only: it leads no other store further.
            return;
        }
        if certificate.facts().self_issued()
            && self.ground.memory.verify(certificate, certificate) == Signed::Valid
        {
            if held == 0 {
                self.keep_dead(End::Root(Arc::clone(certificate)));
            }
            return;
        }
        let issuers = issuers(certificate, self.ground.others, self.ground.stores);
        let mut end = End::Missing(Arc::clone(certificate));
        let before = self.defects.len();
        let mut risen = false;
        for issuer in issuers {
            if self.is_done() || self.is_on_way(issuer) || !self.spend_edge() {
                continue;
            }
            match self.ground.memory.verify(certificate, issuer) {
                Signed::Valid => {
                    risen = true;
                    self.visit(issuer);
                }
                Signed::Invalid => {
                    end = End::Blocked;
                    let (certificate, issuer) = (Arc::clone(certificate), Arc::clone(issuer));
                    self.defects
                        .push(PathReason::BadSignature { certificate, issuer });
                }
                Signed::Unsupported => {
                    end = End::Blocked;
                    self.defects.push(PathReason::UnsupportedAlgorithm {
                        certificate: Arc::clone(certificate),
                    });
                }
            }
        }
        if !risen && held == 0 {
            self.keep_dead(end);
        }
        self.defects.truncate(before);
    }

    /// The same name with the same key is the same issuer, whichever certificate says so: going through it again leads
    /// nowhere new, and is how cross-signed pairs make loops.
    fn is_on_way(&self, issuer: &Certificate) -> bool {
        let (facts, key) = (
            issuer.facts(),
            issuer.der().get(issuer.facts().public_key.spki.clone()),
        );
        self.way.iter().any(|step| {
            step.facts().subject.canonical == facts.subject.canonical
                && step.der().get(step.facts().public_key.spki.clone()) == key
        })
    }

    /// Takes one edge and one signature from the budget, remembered or not, so that memory changes no verdict.
    fn spend_edge(&mut self) -> bool {
        self.edges += 1;
        self.signatures += 1;
        if self.edges > limits::PATH_EDGES {
            self.exhausted.get_or_insert(Budget::Edges);
        } else if self.signatures > limits::PATH_SIGNATURES {
            self.exhausted.get_or_insert(Budget::Signatures);
        } else if self.comparisons == 0 {
            self.exhausted.get_or_insert(Budget::NameComparisons);
        } else {
            return true;
        }
        false
    }

    fn is_done(&self) -> bool {
        self.exhausted.is_some() || (self.walk == Walk::Sound && self.covered == self.ground.stores.all())
    }

    fn keep_dead(&mut self, end: End) {
        if self.walk == Walk::Diagnosing {
            let dead = Dead {
                end,
                reasons: self.defects.clone(),
                length: self.way.len(),
            };
            self.found.dead.push(dead);
        }
    }

    /// Narrows the span of time for which the outcome holds to the one in which `certificate` stays as it is now.
    fn note_dates(&mut self, certificate: &Certificate) {
        let facts = certificate.facts();
        // Validity includes its last second: the change comes with the next one.
        let ends = facts
            .not_after
            .and_then(|end| Timestamp::from_second(end.as_second().saturating_add(1)).ok());
        for change in facts.not_before.into_iter().chain(ends) {
            if change.as_second() > self.ground.now.as_second() {
                self.found.until = Some(self.found.until.map_or(change, |until| until.min(change)));
            } else {
                self.found.from = Some(self.found.from.map_or(change, |from| from.max(change)));
            }
        }
    }
}
