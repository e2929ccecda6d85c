//! The leaf's validity ends soon.

use std::time::Duration;

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "expiring",
    title: "The certificate's validity ends soon",
    severity: Severity::Critical,
    explanation: "A warning when less than 30 days or a third of the lifetime are left, critical at 7 days or a sixth, \
                  whichever is less; both can be set in days or percent",
    citation: "CA/Browser Forum Baseline Requirements section 6.3.2; RFC 9773",
    remedy: "renew the certificate, or find out why the automatic renewal did not",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some((not_before, not_after)) = case
        .leaf_facts()
        .and_then(|facts| facts.not_before.zip(facts.not_after))
    else {
        return;
    };
    if case.now.as_second() > not_after.as_second() {
        return;
    }
    // Both ends are included (RFC 5280 section 4.1.2.5).
    let lifetime = between(not_before, not_after).saturating_add(Duration::from_secs(1));
    let left = between(case.now, not_after);
    let (critical, warning) = (
        case.policy.critical_at(lifetime),
        case.policy.warning_at(lifetime),
    );
    let (severity, threshold) = match left {
        left if left < critical => (Severity::Critical, critical),
        left if left < warning => (Severity::Warning, warning),
        _ => return,
    };
    let reason = Reason::Ending {
        not_after,
        left,
        lifetime,
        threshold,
    };
    found.push(case.about_leaf(&RULE, severity, reason));
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;

    use crate::world::{Good, day, judge_at, severity, valid};
    use crate::{Policy, Threshold};

    fn said(from: i64, to: i64) -> Option<Severity> {
        severity(
            &Good::new().judged_leaf(|params| valid(params, from, to)),
            "expiring",
        )
    }

    #[test]
    fn ninety_days_warn_at_thirty_and_are_critical_at_seven() {
        assert_eq!(said(-59, 31), None);
        assert_eq!(said(-61, 29), Some(Severity::Warning));
        assert_eq!(said(-84, 6), Some(Severity::Critical));
    }

    #[test]
    fn day_zero_is_critical_and_not_forgotten() {
        assert_eq!(said(-90, 0), Some(Severity::Critical));
    }

    #[test]
    fn a_week_long_certificate_does_not_alarm_in_its_first_days() {
        assert_eq!(said(-1, 6), None);
        assert_eq!(said(-5, 2), Some(Severity::Warning));
        assert_eq!(said(-6, 1), Some(Severity::Critical));
    }

    #[test]
    fn the_policy_decides() {
        let good = Good::new();
        let policy = Policy {
            warning: Threshold::Days(61.0),
            critical: Threshold::Percent(10.0),
            ..Policy::DEFAULT
        };
        let at = |days| judge_at(&good.observed(), &good.stores(), &policy, day(days));
        assert_eq!(severity(&at(0), "expiring"), Some(Severity::Warning));
        assert_eq!(severity(&at(52), "expiring"), Some(Severity::Critical));
        assert_eq!(severity(&at(-10), "expiring"), None);
    }
}
