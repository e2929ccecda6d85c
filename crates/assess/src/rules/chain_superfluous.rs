//! Certificates were sent that belong to no path from this leaf.

use std::sync::Arc;

use model::certificate::Certificate;
use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "chain-superfluous",
    title: "Certificates are sent that no path needs",
    severity: Severity::Note,
    explanation: "They cost every client bytes, and often show that a file of another certificate was pasted in. \
                  Cross-signed alternatives and duplicates by name are needed by some client and do not count",
    citation: "RFC 8446 section 4.4.2",
    remedy: "remove them from the server's certificate file",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let chain = case.chain();
    if chain.len() < 2 || case.leaf_facts().is_none() {
        return;
    }
    let needed = needed(chain);
    if needed.len() == chain.len() {
        return;
    }
    let places: Vec<usize> = (0..chain.len()).filter(|place| !needed.contains(place)).collect();
    let subject = places
        .first()
        .map_or(Subject::Endpoint, |place| case.place(*place));
    found.push(Finding {
        rule: RULE.id,
        severity: Severity::Note,
        subject,
        reason: Reason::Superfluous { places },
    });
}

/// The places that can be reached from the leaf by issuer names, in order; of equal certificates the first.
pub(super) fn needed(chain: &[Arc<Certificate>]) -> Vec<usize> {
    let mut reached = vec![0];
    let mut looked_at = 0;
    while let Some(place) = reached.get(looked_at).copied() {
        looked_at += 1;
        let Some(issuer) = chain
            .get(place)
            .map(|certificate| &certificate.facts().issuer.raw_bytes)
        else {
            break;
        };
        for (place, candidate) in chain.iter().enumerate() {
            let is_new = candidate.facts().subject.raw_bytes == *issuer && !reached.contains(&place);
            if is_new && !reached.iter().any(|known| chain.get(*known) == Some(candidate)) {
                reached.push(place);
            }
        }
    }
    reached.sort_unstable();
    reached
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;
    use model::status::Status;

    use crate::world::{Authority, Good, finding, judged, observation, rules};

    #[test]
    fn a_stranger_and_a_duplicate_are_superfluous() {
        let good = Good::new();
        let stranger = Authority::root("Stranger");
        let sent = [
            &good.leaf,
            &good.issuing.certificate,
            &stranger.certificate,
            &good.leaf,
        ];
        let assessment = judged(&observation("shop.example", &sent), &good.stores());
        assert_eq!(rules(&assessment), ["chain-superfluous"]);
        let reason = &finding(&assessment, "chain-superfluous").unwrap().reason;
        assert_eq!(reason, &Reason::Superfluous { places: vec![2, 3] });
        assert_eq!(assessment.status, Status::Ok, "a note changes no status");
    }

    #[test]
    fn what_the_path_needs_is_not() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn a_self_signed_leaf_sent_twice() {
        let leaf = crate::world::self_signed(&["shop.example"], |_| {});
        let assessment = judged(
            &observation("shop.example", &[&leaf, &leaf]),
            &crate::world::corp(&[&leaf]),
        );
        assert_eq!(rules(&assessment), ["chain-superfluous"]);
    }
}
