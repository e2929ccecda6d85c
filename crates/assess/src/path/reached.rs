//! How far a chain goes by its signatures alone, whatever is wrong with it: what is drawn where no path is trusted.

use std::sync::Arc;

use model::certificate::Certificate;
use model::finding::PathReason;
use model::limits;

use super::{StoreVerdict, Trust};
use crate::memory::SignatureMemory;
use crate::signature::Signed;

/// The way from the leaf upward over certificates whose keys made the signatures, leaf first: over those that were sent,
/// then over those of `known`; and the root that a refusing store names at its end. Empty without a chain.
pub fn reached(
    chain: &[Arc<Certificate>],
    known: &[Arc<Certificate>],
    verdict: &StoreVerdict,
    memory: &SignatureMemory,
) -> Vec<Arc<Certificate>> {
    if let Trust::Trusted { path } = &verdict.outcome {
        return path.to_vec();
    }
    let mut way: Vec<Arc<Certificate>> = chain.first().cloned().into_iter().collect();
    while let Some(last) = way.last().filter(|_| way.len() < limits::PATH_LENGTH) {
        let others = chain.iter().chain(known).take(2 * limits::PATH_CANDIDATES);
        let is_issuer = |candidate: &&Arc<Certificate>| {
            candidate.facts().subject.canonical == last.facts().issuer.canonical
                && !way.contains(candidate)
                && memory.verify(last, candidate) == Signed::Valid
        };
        let Some(issuer) = { others }.find(is_issuer).map(Arc::clone) else {
            break;
        };
        way.push(issuer);
    }
    let root = verdict.reasons().iter().find_map(|reason| match reason {
        PathReason::NotInStore { root }
        | PathReason::DistrustedAfter { root, .. }
        | PathReason::Removed { root, .. } => Some(root),
        _ => None,
    });
    let fits = |root: &&Arc<Certificate>| {
        let last = way.last();
        !way.contains(root)
            && last.is_some_and(|last| last.facts().issuer.canonical == root.facts().subject.canonical)
    };
    let root = root.filter(fits).map(Arc::clone);
    way.extend(root);
    way
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{Question, verdicts};
    use crate::words;
    use crate::world::{Authority, corp, now, valid};

    /// The way of a chain by a store of another root, and the way in words.
    fn drawn(chain: &[&Arc<Certificate>], anchor: &Authority) -> (usize, String) {
        let chain: Vec<_> = chain.iter().map(|step| Arc::clone(step)).collect();
        let memory = SignatureMemory::new();
        let stores = corp(&[&anchor.certificate]);
        let verdict = verdicts(&Question::of(&chain, now()), &stores, &memory).remove(0);
        let way = reached(&chain, &[], &verdict, &memory);
        (way.len(), words::way(&way, &chain, verdict.reasons()))
    }

    #[test]
    fn what_each_step_lacks_stands_behind_it() {
        let root = Authority::root("Root");
        let upper = root.authority_with("Upper", |params| valid(params, -90, -1));
        let lower = upper.authority("Lower");
        let leaf = lower.leaf(&["shop.example"]);
        let steps = [&leaf, &lower.certificate, &upper.certificate];
        let label = |step: &Arc<Certificate>| words::certificate(step);
        let (count, said) = drawn(&steps, &root);
        let whole = format!(
            "{} > {} > {} [expired]",
            label(&leaf),
            label(&lower.certificate),
            label(&upper.certificate)
        );
        assert_eq!((count, said), (3, whole));
        let (count, said) = drawn(&[&leaf], &root);
        let missing = format!("{} > issuer Lower is missing", label(&leaf));
        assert_eq!((count, said), (1, missing));
    }

    #[test]
    fn a_root_of_no_store_is_the_end_and_what_is_in_no_order_is_found() {
        let root = Authority::root("Root");
        let issuing = root.authority("Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let sent = [&leaf, &root.certificate, &issuing.certificate];
        let (count, said) = drawn(&sent, &Authority::root("Other"));
        assert_eq!(count, 3);
        assert!(said.ends_with("[not-in-store]"), "{said}");
    }
}
