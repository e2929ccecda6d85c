//! Builds paths from a leaf to anchors, for all stores at once (RFC 5280 section 6).
//!
//! A chain as sent, the stores, and the time come in; one verdict per store goes out. A certificate is a node, a
//! signature relation an edge; an edge is verified once, whatever the number of stores, and never forgotten while
//! memory lasts. What stands above the leaf's issuer ("upper path") is judged once per (issuer, sent certificates, set
//! of stores) and kept for as long as no validity begins or ends, so that most leaves cost one look-up. Everything is
//! under a budget: whoever exceeds it is told so, and refused.
//!
//! Whether the leaf names the endpoint, and whether somebody took a certificate back, is asked only when the question
//! says so.

mod checks;
mod names;
mod policies;
mod reached;
mod search;
mod strict;

#[cfg(test)]
mod asked;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::{Certificate, Curve, KeyKind, Oid};
pub use model::finding::Purpose;
use model::finding::{Budget, Distrust, PathReason};
use model::limits;
use model::revocation::RevocationList;
use model::{Identity, Severity};

use crate::memory::{SignatureMemory, UpperKey};
use crate::revocation::{Lists, Standing, by_crls};
use crate::rules;
use crate::signature::{Signed, is_broken};
use crate::trust_store::{Occasion, StoreKind, StoreSet, Stores};
use checks::Rules;
pub(crate) use checks::{Terms, allows_server, is_fatal, is_unparsable, may_issue};
pub use reached::reached;
pub(crate) use search::Upper;
use search::{Dead, End, Ground, Search, UpperPath};

/// What one store says.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreVerdict {
    /// Its name.
    pub store: Arc<str>,
    /// Whose it is.
    pub kind: StoreKind,
    /// What it says.
    pub outcome: Trust,
}

/// Whether a store trusts a chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Trust {
    /// It does.
    Trusted {
        /// The best path: leaf first, anchor last (the leaf alone, when it is an anchor itself).
        path: Arc<[Arc<Certificate>]>,
    },
    /// It does not.
    Refused {
        /// Why the best of its paths fails, the most telling reason first. Never empty.
        reasons: Vec<PathReason>,
    },
}

impl StoreVerdict {
    /// Whether the store trusts the chain.
    pub const fn is_trusted(&self) -> bool {
        matches!(self.outcome, Trust::Trusted { .. })
    }

    /// The certificates below the anchor on the path by which the store trusts `chain` that are not in it: clients that
    /// neither know nor fetch them refuse the chain. Empty when nothing is missing, and when the store refuses.
    pub fn unsent<'a>(&'a self, chain: &'a [Arc<Certificate>]) -> impl Iterator<Item = &'a Arc<Certificate>> {
        let path: &[Arc<Certificate>] = match &self.outcome {
            Trust::Trusted { path } => path,
            Trust::Refused { .. } => &[],
        };
        let below = path.split_last().map(|(_, below)| below).unwrap_or_default();
        below.iter().filter(|step| !chain.contains(step))
    }

    /// Whether it refuses for the age that the leaf's timestamps say, or do not say.
    pub(crate) fn is_dated_by_sct(&self) -> bool {
        let by_sct = |reason: &PathReason| {
            matches!(
                reason,
                PathReason::DistrustedAfter {
                    by: Distrust::Sct,
                    ..
                }
            )
        };
        self.reasons().iter().any(by_sct)
    }

    /// The reasons, empty when trusted.
    pub fn reasons(&self) -> &[PathReason] {
        match &self.outcome {
            Trust::Trusted { .. } => &[],
            Trust::Refused { reasons } => reasons,
        }
    }
}

/// Issuers of one leaf (same name, valid signature) whose upper paths are looked at. Cross-signing gives two or three.
const LEAF_ISSUERS: usize = 8;

/// What every store is asked. [`Question::of`] asks what a browser asks of a server.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The chain as sent, leaf first.
    pub chain: &'a [Arc<Certificate>],
    /// Certificates that were not sent and may help, in order of preference.
    pub known: &'a [Arc<Certificate>],
    /// The time at which the chain is to be trusted.
    pub now: Timestamp,
    /// What the leaf is to be used for; asked of every certificate of the path, as browsers do.
    pub purpose: Purpose,
    /// Whose rules are asked.
    pub profile: Profile,
    /// Revocation lists. None: revocation is not asked. Under [`Profile::Browser`] only a certificate that is known to
    /// be revoked is refused; under [`Profile::Strict`] one whose standing is unknown is refused too.
    pub crls: &'a [Arc<RevocationList>],
    /// Whom the leaf must name. Whoever is named here is also asked for what clients hold against a server beside its
    /// path: weak keys and broken hashes; and under [`Profile::Strict`] for the rules of the CA/Browser Forum.
    pub host: Option<&'a Identity>,
    /// Certificate policies.
    pub policies: Policies<'a>,
    /// Authorities between leaf and anchor, those not counted that are issued by their own name; `None` is bounded by
    /// `limits::PATH_LENGTH` only.
    pub max_depth: Option<usize>,
    /// Whether keys and hashes must be as strong as clients ask. Always asked when `host` is named.
    pub strength: Strength,
    /// The leaf's earliest timestamp by a log that may count, for stores that go by it; `None` when there is none.
    pub earliest_sct: Option<Timestamp>,
}

impl<'a> Question<'a> {
    /// What is asked of each certificate.
    fn terms(&self) -> Terms {
        let rules = match (self.profile, self.host) {
            (Profile::Browser, _) => Rules::Clients,
            (Profile::Strict, None) => Rules::Rfc,
            (Profile::Strict, Some(_)) => Rules::Web,
        };
        Terms {
            purpose: Some(self.purpose),
            rules,
            all_paths: self.asks_of_paths(),
        }
    }

    const fn asks_for_strength(&self) -> bool {
        self.host.is_some() || matches!(self.strength, Strength::Asked)
    }

    /// Whether something is asked of whole paths that the default does not ask.
    fn asks_of_paths(&self) -> bool {
        !self.crls.is_empty()
            || self.policies != Policies::ANY
            || self.max_depth.is_some()
            || self.asks_for_strength()
    }

    /// Whether a browser would trust this chain of a server: revocation and policies are not asked.
    pub const fn of(chain: &'a [Arc<Certificate>], now: Timestamp) -> Self {
        Self {
            chain,
            known: &[],
            now,
            purpose: Purpose::Server,
            profile: Profile::Browser,
            crls: &[],
            host: None,
            policies: Policies::ANY,
            max_depth: None,
            strength: Strength::NotAsked,
            earliest_sct: None,
        }
    }
}

/// Whether weak keys and broken hashes are held against a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Strength {
    /// No: rules of their own say it.
    #[default]
    NotAsked,
    /// Yes, as clients do.
    Asked,
}

/// Whose rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// What clients at large hold against a chain.
    #[default]
    Browser,
    /// Beside that, what RFC 5280 and the CA/Browser Forum ask of issuers and no client holds against a server.
    Strict,
}

/// What is asked about certificate policies: the inputs (c) to (g) of RFC 5280 section 6.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policies<'a> {
    /// Policies that are acceptable; none named is any policy.
    pub acceptable: &'a [Oid],
    /// The path must be valid for at least one of them.
    pub explicit: bool,
    /// No policy may be mapped to another.
    pub mapping_inhibited: bool,
    /// anyPolicy stands for nothing.
    pub any_inhibited: bool,
}

impl Policies<'_> {
    /// Any policy, or none.
    pub const ANY: Self = Self {
        acceptable: &[],
        explicit: false,
        mapping_inhibited: false,
        any_inhibited: false,
    };
}

/// Judges a chain by every store.
pub fn verdicts(question: &Question<'_>, stores: &Stores, memory: &SignatureMemory) -> Vec<StoreVerdict> {
    let Some(leaf) = question.chain.first() else {
        return Vec::new();
    };
    let found = Found::new(question, leaf, stores, memory);
    let mut built: Vec<(usize, Arc<[Arc<Certificate>]>)> = Vec::new();
    let verdict = |(place, store): (usize, &crate::trust_store::Store)| {
        let outcome = found.outcome(1 << place, &mut built);
        StoreVerdict {
            store: Arc::clone(&store.name),
            kind: store.kind,
            outcome,
        }
    };
    stores.list().iter().enumerate().map(verdict).collect()
}

/// The certificate that issued the leaf: the first, by the order in which they are tried, whose key signed it.
pub(crate) fn issuer<'a>(
    question: &Question<'a>,
    stores: &'a Stores,
    memory: &SignatureMemory,
) -> Option<&'a Arc<Certificate>> {
    let leaf = question.chain.first()?;
    let others = question.chain.iter().skip(1).take(limits::PATH_CANDIDATES);
    let sent: Vec<_> = others
        .chain(question.known.iter().take(limits::PATH_CANDIDATES))
        .collect();
    let mut issuers = search::issuers(leaf, &sent, stores)
        .into_iter()
        .take(LEAF_ISSUERS);
    issuers.find(|issuer| memory.verify(leaf, issuer) == Signed::Valid)
}

/// All that was found about one leaf, before it is split by store.
struct Found<'a> {
    question: &'a Question<'a>,
    leaf: &'a Arc<Certificate>,
    /// Certificates beside the leaf: those sent, then those known without being sent.
    others: Vec<&'a Arc<Certificate>>,
    /// Stores that hold the leaf itself.
    pinned: StoreSet,
    /// What is wrong with the leaf, whatever stands above it.
    leaf_reasons: Vec<PathReason>,
    /// The public stores, and what their clients hold against the leaf beside that.
    of_public: (StoreSet, Option<PathReason>),
    /// What stands above each of its issuers.
    uppers: Vec<Arc<Upper>>,
    /// Why the leaf has no issuer, or an issuer is of no use. Looked at when no path reaches an anchor.
    edge_reasons: Vec<PathReason>,
    /// Accepted upper paths that refuse this leaf or do not answer the question.
    forbidden: Vec<Forbidden>,
    exhausted: Option<Budget>,
}

/// An accepted upper path (by upper and number) that stores refuse for this leaf.
struct Forbidden {
    upper: usize,
    path: usize,
    stores: StoreSet,
    /// Why. Never empty.
    reasons: Vec<PathReason>,
}

impl<'a> Found<'a> {
    fn new(
        question: &'a Question<'a>,
        leaf: &'a Arc<Certificate>,
        stores: &Stores,
        memory: &SignatureMemory,
    ) -> Self {
        let mut found = Self {
            question,
            leaf,
            others: Vec::new(),
            pinned: stores.holding(leaf.fingerprint()),
            leaf_reasons: checks::leaf(leaf, question.terms(), question.now),
            of_public: (stores.public_set(), None),
            uppers: Vec::new(),
            edge_reasons: Vec::new(),
            forbidden: Vec::new(),
            exhausted: None,
        };
        if matches!(found.leaf_reasons.as_slice(), [PathReason::Unparsable { .. }]) {
            // Its issuer and signature cannot be trusted to be what they seem: nothing further can be said.
            return found;
        }
        found
            .leaf_reasons
            .extend(question.host.and_then(|host| names_not(leaf, host)));
        if question.asks_for_strength() {
            found.leaf_reasons.extend(weak(leaf));
        } else {
            // Whoever has a store of his own has clients of his own, and a curve that these may take.
            found.of_public.1 = unsupported_curve(leaf);
        }
        let is_other = |certificate: &&Arc<Certificate>| certificate.fingerprint() != leaf.fingerprint();
        let sent = question.chain.iter().skip(1).filter(is_other);
        found.others = sent.take(limits::PATH_CANDIDATES).collect();
        let sent = found.others.len();
        let known = question
            .known
            .iter()
            .filter(is_other)
            .take(limits::PATH_CANDIDATES);
        found.others.extend(known);
        found.climb(sent, stores, memory);
        found.hold_to_question(memory);
        found.condition(stores);
        found
    }

    /// Finds the leaf's issuers and what stands above each; the first `sent` of the others were sent.
    fn climb(&mut self, sent: usize, stores: &Stores, memory: &SignatureMemory) {
        let (now, terms) = (self.question.now, self.question.terms());
        let others = self.others.clone();
        let ground = Ground {
            others: &others,
            sent,
            stores,
            memory,
            terms,
            now,
        };
        let others_name = name_of(&others, sent);
        let mut signatures = limits::PATH_SIGNATURES;
        let mut bad = None;
        for issuer in search::issuers(self.leaf, &others, stores) {
            if self.uppers.len() == LEAF_ISSUERS || signatures == 0 {
                self.exhausted = Some(if signatures == 0 {
                    Budget::Signatures
                } else {
                    Budget::Edges
                });
                break;
            }
            signatures -= 1;
            match memory.verify(self.leaf, issuer) {
                Signed::Valid => {
                    let key = UpperKey {
                        stores: stores.identity(),
                        issuer: issuer.fingerprint(),
                        others: others_name,
                        terms,
                    };
                    let upper = memory.upper(&key, now).unwrap_or_else(|| {
                        let upper = Arc::new(Search::upper(issuer, ground));
                        memory.keep_upper(key, Arc::clone(&upper));
                        upper
                    });
                    self.uppers.push(upper);
                }
                Signed::Invalid => {
                    let (certificate, issuer) = (Arc::clone(self.leaf), Arc::clone(issuer));
                    bad = Some(PathReason::BadSignature { certificate, issuer });
                }
                Signed::Unsupported => {
                    bad = Some(PathReason::UnsupportedAlgorithm {
                        certificate: Arc::clone(self.leaf),
                    });
                }
            }
        }
        if self.uppers.is_empty() {
            self.edge_reasons
                .push(bad.unwrap_or_else(|| self.no_issuer(memory)));
        }
    }

    fn no_issuer(&self, memory: &SignatureMemory) -> PathReason {
        let certificate = Arc::clone(self.leaf);
        if !self.leaf.facts().self_issued() {
            return PathReason::IssuerNotSent { certificate };
        }
        match memory.verify(self.leaf, self.leaf) {
            Signed::Valid => PathReason::SelfSigned { certificate },
            // It calls itself its issuer and names no other key: no other certificate could help.
            Signed::Unsupported if names_own_key(self.leaf) => PathReason::SelfSigned { certificate },
            Signed::Unsupported => PathReason::UnsupportedAlgorithm { certificate },
            Signed::Invalid if !names_another_key(self.leaf) => PathReason::BadSignature {
                issuer: Arc::clone(&certificate),
                certificate,
            },
            Signed::Invalid => PathReason::IssuerNotSent { certificate },
        }
    }

    /// Holds the leaf against what the paths above it allow, and the paths against what is asked of whole paths.
    fn hold_to_question(&mut self, memory: &SignatureMemory) {
        let asks = self.question.asks_of_paths();
        let mut comparisons = limits::PATH_NAME_COMPARISONS;
        let mut forbidden = Vec::new();
        let mut held = 0;
        for (place, upper) in self.uppers.iter().enumerate() {
            let paths = upper.accepted.iter().enumerate();
            for (number, path) in paths.filter(|(_, path)| path.conditional || asks) {
                held += 1;
                if held > limits::PATHS_HELD {
                    let budget = Budget::Edges;
                    forbidden.push(Forbidden {
                        upper: place,
                        path: number,
                        stores: StoreSet::MAX,
                        reasons: vec![PathReason::TooComplex { budget }],
                    });
                    continue;
                }
                let mut reasons = Vec::new();
                let issuers = path.steps.iter();
                reasons.extend(
                    { issuers }.find_map(|issuer| names::breach(issuer, self.leaf, &mut comparisons)),
                );
                let whole: Vec<_> = std::iter::once(self.leaf).chain(&path.steps).cloned().collect();
                let below = whole.split_last().map(|(_, below)| below).unwrap_or_default();
                reasons.extend(policies::breach(below, self.question.policies));
                if asks {
                    self.ask(&whole, memory, &mut reasons);
                }
                if !reasons.is_empty() {
                    forbidden.push(Forbidden {
                        upper: place,
                        path: number,
                        stores: StoreSet::MAX,
                        reasons,
                    });
                }
            }
        }
        self.forbidden = forbidden;
    }

    /// Asks what stores that trust an anchor for some leaves only want of this one.
    fn condition(&mut self, stores: &Stores) {
        let occasion = Occasion {
            earliest_sct: self.question.earliest_sct,
            now: self.question.now,
        };
        for (upper, above) in self.uppers.iter().enumerate() {
            for (path, accepted) in above.accepted.iter().enumerate() {
                let root = accepted.steps.last().filter(|_| accepted.dated != 0);
                let Some(anchor) = root.and_then(|root| stores.anchor(root.fingerprint())) else {
                    continue;
                };
                for place in 0..stores.list().len() {
                    let store = 1 << place;
                    let asked = anchor.condition(store);
                    let breaches = asked
                        .filter_map(|condition| condition.breach(self.leaf, occasion, anchor.certificate()));
                    let reasons: Vec<_> = breaches.collect();
                    if !reasons.is_empty() {
                        self.forbidden.push(Forbidden {
                            upper,
                            path,
                            stores: store,
                            reasons,
                        });
                    }
                }
            }
        }
    }

    /// What the question asks of the path `whole`, leaf first and anchor last, beside names and policies.
    fn ask(&self, whole: &[Arc<Certificate>], memory: &SignatureMemory, reasons: &mut Vec<PathReason>) {
        let (anchor, below) = whole
            .split_last()
            .map_or((None, whole), |(anchor, below)| (Some(anchor), below));
        let counted = below.iter().skip(1).filter(|step| !step.facts().self_issued());
        if let Some(allowed) = self
            .question
            .max_depth
            .filter(|allowed| counted.count() > *allowed)
        {
            let certificate = Arc::clone(self.leaf);
            reasons.push(PathReason::TooDeep { certificate, allowed });
        }
        if self.question.asks_for_strength() {
            // The leaf was looked at already.
            reasons.extend(below.iter().skip(1).flat_map(weak));
            let is_asked = self.question.profile == Profile::Strict;
            reasons.extend(anchor.filter(|_| is_asked).and_then(weak_key));
        }
        if self.question.crls.is_empty() {
            return;
        }
        let lists = Lists {
            crls: self.question.crls,
            known: &self.others,
            memory,
            profile: self.question.profile,
            now: self.question.now,
        };
        for (place, step) in below.iter().enumerate().rev() {
            let above = whole.get(place + 1..).unwrap_or_default();
            let certificate = Arc::clone(step);
            match by_crls(step, above, &lists) {
                Standing::Good => {}
                Standing::Revoked { at, reason } => {
                    reasons.push(PathReason::Revoked {
                        certificate,
                        at,
                        reason,
                    });
                }
                Standing::Unknown { why } if lists.profile == Profile::Strict => {
                    reasons.push(PathReason::StandingUnknown { certificate, why });
                }
                Standing::Unknown { .. } => {}
            }
        }
    }

    /// What one store says; `built` keeps each path that was put together, since most stores accept the same.
    fn outcome(&self, store: StoreSet, built: &mut Vec<(usize, Arc<[Arc<Certificate>]>)>) -> Trust {
        if self.pinned & store != 0 {
            // It is known by its fingerprint: how it is encoded and by what it is signed is not asked, as with any anchor.
            let is_asked = |reason: &PathReason| {
                !matches!(
                    reason,
                    PathReason::Malformed { .. } | PathReason::WeakSignature { .. }
                )
            };
            let mut reasons = self.leaf_reasons(store);
            reasons.retain(is_asked);
            return match reasons.as_slice() {
                [] => Trust::Trusted {
                    path: Arc::from([Arc::clone(self.leaf)]),
                },
                _ => Trust::Refused { reasons },
            };
        }
        let of_leaf = self.leaf_reasons(store);
        match self.best_path(store) {
            Some((place, path)) if of_leaf.is_empty() => {
                let known = built.iter().find(|(known, _)| *known == place);
                let path = known.map(|(_, path)| Arc::clone(path)).unwrap_or_else(|| {
                    let steps = std::iter::once(self.leaf).chain(path.steps.iter());
                    let path: Arc<[_]> = steps.cloned().collect();
                    built.push((place, Arc::clone(&path)));
                    path
                });
                Trust::Trusted { path }
            }
            Some(_) => Trust::Refused { reasons: of_leaf },
            None => self.refusal(store),
        }
    }

    /// What `store`, one bit, has against the leaf itself, the most telling first.
    fn leaf_reasons(&self, store: StoreSet) -> Vec<PathReason> {
        let (public, of_public) = &self.of_public;
        let of_public = of_public.iter().filter(|_| public & store != 0);
        let mut reasons: Vec<_> = self.leaf_reasons.iter().chain(of_public).cloned().collect();
        reasons.sort_by_key(PathReason::rank);
        reasons
    }

    /// The best path that `store` accepts (without a broken hash if there is one, then the one that was sent, then the
    /// shortest), and a number that names it.
    fn best_path(&self, store: StoreSet) -> Option<(usize, &UpperPath)> {
        let all = self.uppers.iter().enumerate().flat_map(|(place, upper)| {
            upper
                .accepted
                .iter()
                .enumerate()
                .map(move |(number, path)| (place, number, path))
        });
        all.filter(|(_, _, path)| path.stores & store != 0)
            .filter(|(place, number, _)| !self.is_forbidden(*place, *number, store))
            .min_by_key(|(_, _, path)| (path.weak, path.unsent, path.steps.len()))
            .map(|(place, number, path)| (place * limits::PATH_EDGES * 2 + number, path))
    }

    fn is_forbidden(&self, place: usize, number: usize, store: StoreSet) -> bool {
        self.forbidden.iter().any(|forbidden| {
            (forbidden.upper, forbidden.path) == (place, number) && forbidden.stores & store != 0
        })
    }

    /// Why `store` refuses: of all ways that fail, the one that fails least.
    fn refusal(&self, store: StoreSet) -> Trust {
        let mut reasons = self.leaf_reasons(store);
        let reaching = self.forbidden.iter().filter(|forbidden| {
            let upper = self.uppers.get(forbidden.upper);
            let path = upper.and_then(|upper| upper.accepted.get(forbidden.path));
            path.is_some_and(|path| path.stores & forbidden.stores & store != 0)
        });
        let is_unheld = |reasons: &[PathReason]| matches!(reasons, [PathReason::TooComplex { .. }]);
        let forbidden =
            reaching.min_by_key(|forbidden| (is_unheld(&forbidden.reasons), forbidden.reasons.len()));
        let dead = self
            .uppers
            .iter()
            .flat_map(|upper| &upper.dead)
            .max_by_key(|dead| dead.merit(store));
        if let Some(forbidding) = forbidden {
            reasons.extend(forbidding.reasons.iter().cloned());
        } else if let Some(budget) = self
            .exhausted
            .or_else(|| self.uppers.iter().find_map(|upper| upper.exhausted))
        {
            reasons.push(PathReason::TooComplex { budget });
        } else if let Some(dead) = dead {
            reasons.extend(dead.reasons.iter().cloned());
            reasons.extend(dead.end_reason(store));
        } else {
            reasons.extend(self.edge_reasons.iter().cloned());
        }
        if matches!(reasons.as_slice(), [PathReason::Unparsable { .. }, ..]) {
            reasons.truncate(1);
        }
        if reasons.is_empty() {
            // An upper path ends somewhere: this is reached only if the budget ran out before the first end.
            reasons.push(PathReason::TooComplex {
                budget: Budget::Edges,
            });
        }
        reasons.sort_by_key(PathReason::rank);
        reasons.dedup();
        Trust::Refused { reasons }
    }
}

impl Dead {
    /// Which of several dead ends says most about `store`: an anchor of that store that is only refused for some
    /// defect, then the fewest defects, then a root that the store lacks, then the longest way.
    fn merit(&self, store: StoreSet) -> (bool, Reverse<usize>, bool, usize) {
        let reaches = matches!(self.end, End::Anchor(_, stores) if stores & store != 0);
        let ends = !matches!(self.end, End::Missing(_));
        (reaches, Reverse(self.reasons.len()), ends, self.length)
    }

    /// What the end of the way itself says to `store`.
    fn end_reason(&self, store: StoreSet) -> Option<PathReason> {
        match &self.end {
            End::Anchor(_, stores) if stores & store != 0 => None,
            End::Anchor(certificate, _) | End::Root(certificate) => Some(PathReason::NotInStore {
                root: Arc::clone(certificate),
            }),
            End::Missing(certificate) => Some(PathReason::IssuerNotSent {
                certificate: Arc::clone(certificate),
            }),
            End::Blocked => None,
        }
    }
}

/// Whether the key identifiers do not speak against its own key as the issuer's.
fn names_own_key(certificate: &Certificate) -> bool {
    let facts = certificate.facts();
    facts.authority_key_id.is_none() || facts.authority_key_id == facts.subject_key_id
}

/// Whether the key identifiers say that another key is the issuer's.
fn names_another_key(certificate: &Certificate) -> bool {
    let facts = certificate.facts();
    facts.subject_key_id.is_some() && !names_own_key(certificate)
}

/// Why `leaf` does not name `host`, if it does not.
fn names_not(leaf: &Arc<Certificate>, host: &Identity) -> Option<PathReason> {
    let mut names = leaf.facts().subject_alt_names.iter().flatten();
    let is_named = names.any(|name| rules::is_named(name, host));
    (!is_named).then(|| PathReason::NotNamed {
        certificate: Arc::clone(leaf),
        wanted: host.clone(),
    })
}

/// What clients hold against the key and the signature of a step below the anchor.
fn weak(step: &Arc<Certificate>) -> impl Iterator<Item = PathReason> {
    let signature = is_broken(&step.facts().signature_algorithm).then(|| PathReason::WeakSignature {
        certificate: Arc::clone(step),
    });
    let key = weak_key(step).or_else(|| unsupported_curve(step));
    key.into_iter().chain(signature)
}

/// A curve that no browser takes: P-256, P-384 and P-521 are what at least one of them does (RFC 8446 section 4.2.3).
fn unsupported_curve(step: &Arc<Certificate>) -> Option<PathReason> {
    let is_foreign = matches!(
        step.facts().public_key.kind,
        KeyKind::Ec(Curve::Secp256k1 | Curve::Named(_))
    );
    (is_foreign && weak_key(step).is_none()).then(|| PathReason::UnsupportedCurve {
        certificate: Arc::clone(step),
    })
}

fn weak_key(step: &Arc<Certificate>) -> Option<PathReason> {
    let (severity, weakness) = rules::weakness(&step.facts().public_key.kind)?;
    (severity == Severity::Critical).then(|| PathReason::WeakKey {
        certificate: Arc::clone(step),
        weakness,
    })
}

/// Names the certificates beside the leaf, in their order, and how many of them were sent.
fn name_of(others: &[&Arc<Certificate>], sent: usize) -> Fingerprint {
    let mut content = Vec::with_capacity(others.len() * 32 + 8);
    for certificate in others {
        content.extend_from_slice(certificate.fingerprint().as_bytes());
    }
    content.extend_from_slice(&sent.to_be_bytes());
    Fingerprint::of(&content)
}
