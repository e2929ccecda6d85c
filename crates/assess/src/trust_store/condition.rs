//! Conditional trust: a store that trusts a root only for some leaves.
//!
//! What a leaf says comes in, whether the condition holds goes out. A date of distrust is held against when the leaf was
//! issued (its notBefore, or its earliest timestamp by a log), never against the time of judgement: what was issued before
//! stays trusted until it ends, and what was issued later is refused at once. Only the day on which a store dropped a root
//! is held against the time of judgement, so that the past is judged by what the store held then.

use std::sync::Arc;

use jiff::Timestamp;
use model::certificate::{Certificate, Facts, GeneralName};
use model::finding::{Distrust, PathReason};
use model::untrusted::Untrusted;

/// What a store asks of a leaf below one of its roots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The leaf's notBefore is not later than this (Mozilla, Apple, Java, Windows).
    NotBefore(Timestamp),
    /// Some timestamp that a known log signed is not later than this (Chrome). A leaf without one is refused.
    Sct(Timestamp),
    /// Every DNS name of the leaf ends like this (`.tr`), and there are no addresses among its names.
    Names(Arc<str>),
    /// It is judged before this: the first moment at which the store is known not to list the root any more.
    Until(Timestamp),
}

/// What a condition is held against, beside the leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion {
    /// The leaf's earliest timestamp that may count.
    pub(crate) earliest_sct: Option<Timestamp>,
    /// The time at which the chain is to be trusted.
    pub(crate) now: Timestamp,
}

impl Condition {
    /// Why `leaf` does not meet the condition of `root`, unless it does.
    pub(crate) fn breach(
        &self,
        leaf: &Arc<Certificate>,
        occasion: Occasion,
        root: &Arc<Certificate>,
    ) -> Option<PathReason> {
        let (since, by, at) = match self {
            Self::NotBefore(since) => (*since, Distrust::NotBefore, leaf.facts().not_before),
            Self::Sct(since) => (*since, Distrust::Sct, occasion.earliest_sct),
            Self::Until(since) => {
                let root = Arc::clone(root);
                let since = *since;
                return (occasion.now >= since).then_some(PathReason::Removed { root, since });
            }
            Self::Names(suffix) => {
                let name = outside(leaf.facts(), suffix)?;
                let (certificate, issuer) = (Arc::clone(leaf), Arc::clone(root));
                return Some(PathReason::NameConstraint {
                    certificate,
                    issuer,
                    name,
                });
            }
        };
        if at.is_some_and(|at| at <= since) {
            return None;
        }
        let root = Arc::clone(root);
        Some(PathReason::DistrustedAfter { root, since, by, at })
    }
}

/// The first name that is not below `suffix`.
fn outside(facts: &Facts, suffix: &str) -> Option<Untrusted> {
    let names = facts.subject_alt_names.as_deref().unwrap_or_default();
    names.iter().find_map(|name| match name {
        GeneralName::Dns(dns) => {
            let is_below = dns.raw().to_ascii_lowercase().ends_with(suffix);
            (!is_below).then(|| dns.clone())
        }
        GeneralName::Address(address) => Some(Untrusted::new(address.to_string())),
        _ => None,
    })
}
