//! Builds paths from a leaf to anchors, for all stores at once (RFC 5280 section 6).
//!
//! A chain as sent, the stores, and the time come in; one verdict per store goes out. A certificate is a node, a
//! signature relation an edge; an edge is verified once, whatever the number of stores, and never forgotten while
//! memory lasts. What stands above the leaf's issuer ("upper path") is judged once per (issuer, sent certificates, set
//! of stores) and kept for as long as no validity begins or ends, so that most leaves cost one look-up. Everything is
//! under a budget: whoever exceeds it is told so, and refused.
//!
//! A store that trusts an anchor for some leaves only is asked about this leaf after the search. Whether the leaf names
//! the endpoint is not asked here; revocation is not either.

mod checks;
mod names;
mod search;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::Certificate;
use model::finding::{Budget, Distrust, PathReason};
use model::limits;

use crate::memory::{SignatureMemory, UpperKey};
use crate::signature::Signed;
use crate::trust_store::{StoreKind, StoreSet, Stores};
pub(crate) use checks::{allows_server, is_fatal, is_unparsable};
pub(crate) use search::Upper;
use search::{Dead, End, Search, UpperPath};

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

/// What every store is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The chain as sent, leaf first.
    pub chain: &'a [Arc<Certificate>],
    /// Certificates that were not sent and may help, in order of preference.
    pub known: &'a [Arc<Certificate>],
    /// The time at which the chain is to be trusted.
    pub now: Timestamp,
    /// The leaf's earliest timestamp by a log that may count, for stores that go by it; `None` when there is none.
    pub earliest_sct: Option<Timestamp>,
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
    let others = question.chain.iter().skip(1).take(limits::CHAIN_CERTIFICATES);
    let sent: Vec<_> = others
        .chain(question.known.iter().take(limits::CHAIN_CERTIFICATES))
        .collect();
    let mut issuers = search::issuers(leaf, &sent, stores)
        .into_iter()
        .take(LEAF_ISSUERS);
    issuers.find(|issuer| memory.verify(leaf, issuer) == Signed::Valid)
}

/// All that was found about one leaf, before it is split by store.
struct Found<'a> {
    leaf: &'a Arc<Certificate>,
    /// Stores that hold the leaf itself.
    pinned: StoreSet,
    /// What is wrong with the leaf, whatever stands above it.
    leaf_reasons: Vec<PathReason>,
    /// What stands above each of its issuers.
    uppers: Vec<Arc<Upper>>,
    /// Why the leaf has no issuer, or an issuer is of no use. Looked at when no path reaches an anchor.
    edge_reasons: Vec<PathReason>,
    /// Accepted upper paths that this leaf may not take.
    forbidden: Vec<Forbidden>,
    exhausted: Option<Budget>,
}

/// An accepted upper path (by upper and number) that stores refuse for this leaf.
struct Forbidden {
    upper: usize,
    path: usize,
    stores: StoreSet,
    reason: PathReason,
}

impl<'a> Found<'a> {
    fn new(
        question: &Question<'_>,
        leaf: &'a Arc<Certificate>,
        stores: &Stores,
        memory: &SignatureMemory,
    ) -> Self {
        let now = question.now;
        let mut found = Self {
            leaf,
            pinned: stores.holding(leaf.fingerprint()),
            leaf_reasons: checks::leaf(leaf, now),
            uppers: Vec::new(),
            edge_reasons: Vec::new(),
            forbidden: Vec::new(),
            exhausted: None,
        };
        if matches!(found.leaf_reasons.as_slice(), [PathReason::Unparsable { .. }]) {
            // Its issuer and signature cannot be trusted to be what they seem: nothing further can be said.
            return found;
        }
        let others = question.chain.iter().skip(1).take(limits::CHAIN_CERTIFICATES);
        let sent: Vec<&Arc<Certificate>> = others
            .chain(question.known.iter().take(limits::CHAIN_CERTIFICATES))
            .filter(|certificate| certificate.fingerprint() != leaf.fingerprint())
            .collect();
        found.climb(&sent, stores, memory, now);
        found.confine();
        found.condition(question.earliest_sct, stores);
        found
    }

    /// Finds the leaf's issuers and what stands above each.
    fn climb(
        &mut self,
        sent: &[&Arc<Certificate>],
        stores: &Stores,
        memory: &SignatureMemory,
        now: Timestamp,
    ) {
        let sent_name = name_of(sent);
        let mut signatures = limits::PATH_SIGNATURES;
        let mut bad = None;
        for issuer in search::issuers(self.leaf, sent, stores) {
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
                        sent: sent_name,
                    };
                    let upper = memory.upper(&key, now).unwrap_or_else(|| {
                        let upper = Arc::new(Search::upper(issuer, sent, stores, memory, now));
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
            Signed::Unsupported => PathReason::UnsupportedAlgorithm { certificate },
            Signed::Invalid => PathReason::IssuerNotSent { certificate },
        }
    }

    /// Holds the leaf's names against what the paths above it allow (RFC 5280 section 4.2.1.10).
    fn confine(&mut self) {
        let mut comparisons = limits::PATH_NAME_COMPARISONS;
        for (place, upper) in self.uppers.iter().enumerate() {
            for (number, path) in upper
                .accepted
                .iter()
                .enumerate()
                .filter(|(_, path)| path.confined)
            {
                let reason = path
                    .steps
                    .iter()
                    .find_map(|issuer| names::breach(issuer, self.leaf, &mut comparisons));
                if let Some(reason) = reason {
                    self.forbidden.push(Forbidden {
                        upper: place,
                        path: number,
                        stores: StoreSet::MAX,
                        reason,
                    });
                }
            }
        }
    }

    /// Asks what stores that trust an anchor for some leaves only want of this one.
    fn condition(&mut self, earliest_sct: Option<Timestamp>, stores: &Stores) {
        for (upper, above) in self.uppers.iter().enumerate() {
            for (path, accepted) in above.accepted.iter().enumerate() {
                let anchor = accepted
                    .steps
                    .last()
                    .filter(|_| accepted.conditional != 0)
                    .and_then(|root| stores.anchor(root.fingerprint()));
                let Some(anchor) = anchor else { continue };
                for place in 0..stores.list().len() {
                    let store = 1 << place;
                    let mut asked = anchor.condition(store);
                    let breach = asked.find_map(|condition| {
                        condition.breach(self.leaf, earliest_sct, anchor.certificate())
                    });
                    self.forbidden.extend(breach.map(|reason| Forbidden {
                        upper,
                        path,
                        stores: store,
                        reason,
                    }));
                }
            }
        }
    }

    /// What one store says; `built` keeps each path that was put together, since most stores accept the same.
    fn outcome(&self, store: StoreSet, built: &mut Vec<(usize, Arc<[Arc<Certificate>]>)>) -> Trust {
        if self.pinned & store != 0 {
            // It is known by its fingerprint: how it is encoded is not asked, as with any anchor.
            let encoding = |reason: &&PathReason| matches!(reason, PathReason::Malformed { .. });
            let reasons: Vec<_> = self
                .leaf_reasons
                .iter()
                .filter(|reason| !encoding(reason))
                .cloned()
                .collect();
            return match reasons.as_slice() {
                [] => Trust::Trusted {
                    path: Arc::from([Arc::clone(self.leaf)]),
                },
                _ => Trust::Refused { reasons },
            };
        }
        match self.best_path(store) {
            Some((place, path)) if self.leaf_reasons.is_empty() => {
                let known = built.iter().find(|(known, _)| *known == place);
                let path = known.map(|(_, path)| Arc::clone(path)).unwrap_or_else(|| {
                    let steps = std::iter::once(self.leaf).chain(path.steps.iter());
                    let path: Arc<[_]> = steps.cloned().collect();
                    built.push((place, Arc::clone(&path)));
                    path
                });
                Trust::Trusted { path }
            }
            Some(_) => Trust::Refused {
                reasons: self.leaf_reasons.clone(),
            },
            None => self.refusal(store),
        }
    }

    /// The best path that `store` accepts (without a broken hash if there is one, then the shortest), and a number that
    /// names it.
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
            .min_by_key(|(_, _, path)| (path.weak, path.steps.len()))
            .map(|(place, number, path)| (place * limits::PATH_EDGES * 2 + number, path))
    }

    fn is_forbidden(&self, place: usize, number: usize, store: StoreSet) -> bool {
        self.forbidden.iter().any(|forbidden| {
            (forbidden.upper, forbidden.path) == (place, number) && forbidden.stores & store != 0
        })
    }

    /// Why `store` refuses: of all ways that fail, the one that fails least.
    fn refusal(&self, store: StoreSet) -> Trust {
        let mut reasons = self.leaf_reasons.clone();
        let forbidden = self.forbidden.iter().find(|forbidden| {
            let upper = self.uppers.get(forbidden.upper);
            let path = upper.and_then(|upper| upper.accepted.get(forbidden.path));
            path.is_some_and(|path| path.stores & forbidden.stores & store != 0)
        });
        let dead = self
            .uppers
            .iter()
            .flat_map(|upper| &upper.dead)
            .max_by_key(|dead| dead.merit(store));
        if let Some(budget) = self
            .exhausted
            .or_else(|| self.uppers.iter().find_map(|upper| upper.exhausted))
        {
            reasons.push(PathReason::TooComplex { budget });
        } else if let Some(forbidden) = forbidden {
            reasons.push(forbidden.reason.clone());
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

/// Names the certificates sent beside the leaf, in their order.
fn name_of(sent: &[&Arc<Certificate>]) -> Fingerprint {
    let mut content = Vec::with_capacity(sent.len() * 32);
    for certificate in sent {
        content.extend_from_slice(certificate.fingerprint().as_bytes());
    }
    Fingerprint::of(&content)
}
