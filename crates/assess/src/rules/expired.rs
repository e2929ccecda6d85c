//! The leaf's validity is over.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "expired",
    title: "The certificate's validity has ended",
    severity: Severity::Expired,
    explanation: "Every client refuses it. Validity includes its last second",
    citation: "RFC 5280 section 4.1.2.5",
    remedy: "renew the certificate and reload the server; if it was renewed already, this server still serves the old one",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(not_after) = case.leaf_facts().and_then(|facts| facts.not_after) else {
        return;
    };
    if case.now.as_second() > not_after.as_second() {
        let reason = Reason::Ended {
            not_after,
            ago: between(not_after, case.now),
        };
        found.push(case.about_leaf(&RULE, Severity::Expired, reason));
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use model::status::Status;

    use crate::Policy;
    use crate::world::{Good, day, judge_at, rules, valid};

    #[test]
    fn a_certificate_that_ended_is_expired_and_nothing_else() {
        let assessment = Good::new().judged_leaf(|params| valid(params, -92, -2));
        assert_eq!(
            rules(&assessment),
            ["expired"],
            "the refusal by the stores has the same cause"
        );
        assert_eq!(assessment.status, Status::Expired);
        assert!(!assessment.trust[0].is_trusted());
    }

    #[test]
    fn a_certificate_that_lasts_is_not() {
        let assessment = Good::new().judged_leaf(|params| valid(params, -1, 89));
        assert!(rules(&assessment).is_empty(), "{:?}", assessment.findings);
        assert_eq!(assessment.status, Status::Ok);
    }

    #[test]
    fn the_last_second_still_counts() {
        let good = Good::new();
        let at = |now| judge_at(&good.observed(), &good.stores(), &Policy::default(), now);
        assert_eq!(at(day(60)).status, Status::Critical);
        assert_eq!(
            at(day(60) + SignedDuration::from_millis(900)).status,
            Status::Critical
        );
        assert_eq!(at(day(60) + SignedDuration::from_secs(1)).status, Status::Expired);
    }
}
