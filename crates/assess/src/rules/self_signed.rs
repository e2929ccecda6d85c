//! The leaf is signed by its own key, and no store holds it.

use model::finding::{Finding, PathReason, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "self-signed",
    title: "The certificate is signed by its own key and no trust store holds it",
    severity: Severity::Critical,
    explanation: "Nobody vouches for it: a client cannot tell it from one that an attacker made. A certificate that one \
                  of your own stores holds is trusted and not reported",
    citation: "RFC 5280 section 6.1",
    remedy: "get a certificate from an authority, or give this one with `--trust-store NAME=FILE` if clients have it",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(refusal) = case.refusal() else {
        return;
    };
    if refusal
        .reasons
        .iter()
        .any(|reason| matches!(reason, PathReason::SelfSigned { .. }))
    {
        found.push(case.about_leaf(&RULE, refusal.severity, Reason::SelfSigned));
    }
}

#[cfg(test)]
mod tests {
    use crate::Stores;
    use crate::world::{Authority, corp, judged, observation, rules, self_signed, store, valid};

    #[test]
    fn a_self_signed_leaf_is_said_once() {
        let leaf = self_signed(&["shop.example"], |_| {});
        let other = Authority::root("Other");
        let assessment = judged(
            &observation("shop.example", &[&leaf]),
            &corp(&[&other.certificate]),
        );
        assert_eq!(rules(&assessment), ["self-signed"]);
    }

    #[test]
    fn one_that_the_users_store_holds_is_trusted() {
        let leaf = self_signed(&["shop.example"], |_| {});
        let stores = store("pinned", corp(&[&Authority::root("Other").certificate]), &[&leaf]);
        let assessment = judged(&observation("shop.example", &[&leaf]), &stores);
        assert!(rules(&assessment).is_empty(), "{:?}", assessment.findings);
        assert!(!assessment.trust[0].is_trusted() && assessment.trust[1].is_trusted());
    }

    #[test]
    fn its_own_validity_still_counts() {
        let leaf = self_signed(&["shop.example"], |params| valid(params, -90, -1));
        let held = judged(&observation("shop.example", &[&leaf]), &corp(&[&leaf]));
        assert_eq!(rules(&held), ["expired"]);
        let unknown = judged(
            &observation("shop.example", &[&leaf]),
            &store("empty", Stores::none(), &[]),
        );
        assert_eq!(
            rules(&unknown),
            ["expired", "self-signed"],
            "two causes, two findings"
        );
    }
}
