//! The certificates were not sent in the order in which they sign.

use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use super::chain_superfluous::needed;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "chain-order",
    title: "The certificates are not sent in order",
    severity: Severity::Warning,
    explanation: "Each certificate should sign the one before it. TLS 1.3 asks clients to cope and most do; older ones \
                  and embedded ones do not",
    citation: "RFC 5246 section 7.4.2; RFC 8446 section 4.4.2",
    remedy: "write the certificate file in order: leaf first, then each issuer",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let chain = case.chain();
    if chain.len() < 3 {
        // Behind the leaf there is at most one: it cannot stand in a wrong place.
        return;
    }
    let walk = walk(case);
    if walk.is_sorted() {
        return;
    }
    let rest = needed(chain).into_iter().filter(|place| !walk.contains(place));
    let order: Vec<usize> = walk.iter().copied().chain(rest).collect();
    let subject = if case.is_main() {
        Subject::Endpoint
    } else {
        case.place(0)
    };
    found.push(Finding {
        rule: RULE.id,
        severity: Severity::Warning,
        subject,
        reason: Reason::OutOfOrder { order },
    });
}

/// The places from the leaf upward by names, each step forward in the chain where that is possible. Cross-signed
/// alternatives that are stepped over are no disorder; a step backward is.
fn walk(case: &Case<'_>) -> Vec<usize> {
    let chain = case.chain();
    let mut walk = vec![0];
    let mut current = 0;
    while let Some(certificate) = chain.get(current) {
        let issuer = &certificate.facts().issuer.raw_bytes;
        let mut next = chain.iter().enumerate().filter(|(place, candidate)| {
            !walk.contains(place)
                && candidate.facts().subject.raw_bytes == *issuer
                && chain.iter().position(|first| first == *candidate) == Some(*place)
        });
        let places: Vec<usize> = next.by_ref().map(|(place, _)| place).collect();
        let forward = places
            .iter()
            .find(|place| **place > current)
            .or_else(|| places.first());
        let Some(place) = forward.filter(|_| !certificate.facts().self_issued()) else {
            break;
        };
        walk.push(*place);
        current = *place;
    }
    walk
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;

    use crate::world::{Authority, Good, corp, finding, judged, observation, rules};

    #[test]
    fn a_shuffled_chain_is_trusted_and_said() {
        let root = Authority::root("Root");
        let upper = root.authority("Upper");
        let lower = upper.authority("Lower");
        let leaf = lower.leaf(&["shop.example"]);
        let stores = corp(&[&root.certificate]);
        let seen = observation("shop.example", &[&leaf, &upper.certificate, &lower.certificate]);
        let assessment = judged(&seen, &stores);
        assert!(assessment.trust[0].is_trusted());
        assert_eq!(rules(&assessment), ["chain-order"]);
        let reason = &finding(&assessment, "chain-order").unwrap().reason;
        assert_eq!(reason, &Reason::OutOfOrder { order: vec![0, 2, 1] });
        let ordered = observation("shop.example", &[&leaf, &lower.certificate, &upper.certificate]);
        assert!(rules(&judged(&ordered, &stores)).is_empty());
    }

    #[test]
    fn cross_signed_alternatives_are_no_disorder() {
        let (one, two) = (Authority::root("One"), Authority::root("Two"));
        let issuing = one.authority("Issuing");
        let by_two = two.cross_sign(&issuing, "Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate, &by_two]);
        assert!(rules(&judged(&seen, &corp(&[&one.certificate, &two.certificate]))).is_empty());
    }

    #[test]
    fn a_loop_ends() {
        let good = Good::new();
        let back = good.issuing.cross_sign(&good.root, "Example Root");
        let seen = observation(
            "shop.example",
            &[&good.leaf, &back, &good.issuing.certificate, &good.leaf],
        );
        let assessment = judged(&seen, &good.stores());
        assert!(assessment.trust[0].is_trusted());
        assert!(rules(&assessment).contains(&"chain-order"));
    }
}
