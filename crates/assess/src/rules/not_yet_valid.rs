//! The leaf's validity has not begun.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "not-yet-valid",
    title: "The certificate's validity has not begun",
    severity: Severity::Critical,
    explanation: "Clients refuse it until then. A clock that is behind, here or at the issuer, looks the same",
    citation: "RFC 5280 section 4.1.2.5",
    remedy: "serve the former certificate until then, and compare the clocks of this machine and of the issuer",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(not_before) = case.leaf_facts().and_then(|facts| facts.not_before) else {
        return;
    };
    if case.now.as_second() < not_before.as_second() {
        let reason = Reason::NotYetValid {
            not_before,
            ahead: between(case.now, not_before),
        };
        found.push(case.about_leaf(&RULE, Severity::Critical, reason));
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Good, rules, valid};

    #[test]
    fn a_certificate_of_tomorrow_is_not_yet_valid() {
        let assessment = Good::new().judged_leaf(|params| valid(params, 1, 91));
        assert_eq!(rules(&assessment), ["not-yet-valid"]);
    }

    #[test]
    fn one_of_yesterday_is() {
        assert!(rules(&Good::new().judged_leaf(|params| valid(params, -1, 89))).is_empty());
    }

    #[test]
    fn the_first_second_counts_already() {
        assert!(rules(&Good::new().judged_leaf(|params| valid(params, 0, 90))).is_empty());
    }
}
