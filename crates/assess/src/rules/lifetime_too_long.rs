//! A leaf of a public authority lasts longer than was allowed when it was issued.

use std::time::Duration;

use jiff::Timestamp;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "lifetime-too-long",
    title: "The certificate is valid for longer than public authorities may issue",
    severity: Severity::Critical,
    explanation: "825 days from 2018-03-01, 398 from 2020-09-01, 200 from 2026-03-15, 100 from 2027-03-15 and 47 from \
                  2029-03-15, by the day of issue; a day has 86,400 seconds and the last second counts. Critical above 398 (before: 825) \
                  days, which browsers refuse, otherwise a warning. Asked only of chains that a public store trusts",
    citation: "CA/Browser Forum Baseline Requirements section 6.3.2; ballot SC-081v3",
    remedy: "have the certificate issued anew: the authority will have to revoke this one",
    check,
};

/// From when which number of days was allowed (ballots 193, SC-031 with the browsers' own rule, SC-081v3), latest first.
const LIMITS: &[(Timestamp, u64)] = &[
    (Timestamp::constant(1_868_227_200, 0), 47),  // 2029-03-15
    (Timestamp::constant(1_805_068_800, 0), 100), // 2027-03-15
    (Timestamp::constant(1_773_532_800, 0), 200), // 2026-03-15
    (Timestamp::constant(1_598_918_400, 0), 398), // 2020-09-01
    (Timestamp::constant(1_519_862_400, 0), 825), // 2018-03-01
];
/// Days above which clients refuse by themselves.
const ENFORCED: u64 = 398;

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some((not_before, not_after)) = case
        .leaf_facts()
        .and_then(|facts| facts.not_before.zip(facts.not_after))
    else {
        return;
    };
    if not_after < not_before {
        return;
    }
    // Both ends are included (RFC 5280 section 4.1.2.5).
    let lifetime = between(not_before, not_after).saturating_add(Duration::from_secs(1));
    let Some((_, allowed)) = LIMITS.iter().find(|(since, _)| not_before >= *since) else {
        return;
    };
    let limit = days(*allowed);
    if lifetime <= limit || !case.is_public() {
        return;
    }
    let severity = if lifetime > days(ENFORCED) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let reason = Reason::Flaw(Flaw::LifetimeTooLong { lifetime, limit });
    found.push(case.about_leaf(&RULE, severity, reason));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::finding::Severity;

    use crate::world::{Good, day, judge_at, public, rules, severity};
    use crate::{Assessment, Policy};

    /// A leaf of that day of issue that lasts so many days and seconds, judged the day after.
    fn judged(year: i32, month: u8, day_of_month: u8, days: u64, seconds: u64) -> Assessment {
        let good = Good::new();
        let leaf = good.issuing.leaf_with(&["shop.example"], |params| {
            params.not_before = rcgen::date_time_ymd(year, month, day_of_month);
            params.not_after =
                params.not_before + Duration::from_secs(days * 86_400 + seconds) - Duration::from_secs(1);
        });
        let at = leaf.facts().not_before.unwrap() + jiff::SignedDuration::from_hours(24);
        judge_at(
            &good.with_leaf(&leaf),
            &public(&[&good.root.certificate]),
            &Policy::default(),
            at,
        )
    }

    #[test]
    fn the_last_second_counts_at_every_limit() {
        for (year, month, of_month, days) in [
            (2019, 6, 1, 825),
            (2020, 9, 1, 398),
            (2026, 3, 14, 398),
            (2026, 3, 15, 200),
            (2027, 3, 14, 200),
            (2027, 3, 15, 100),
            (2029, 3, 15, 47),
        ] {
            let at_limit = judged(year, month, of_month, days, 0);
            assert!(
                rules(&at_limit).is_empty(),
                "{year}-{month}-{of_month} {:?}",
                rules(&at_limit)
            );
            let above = judged(year, month, of_month, days, 1);
            assert_eq!(rules(&above), ["lifetime-too-long"], "{year}-{month}-{of_month}");
        }
    }

    #[test]
    fn what_browsers_refuse_is_critical() {
        let said = |days| severity(&judged(2026, 3, 15, days, 0), "lifetime-too-long");
        assert_eq!(said(201), Some(Severity::Warning));
        assert_eq!(said(398), Some(Severity::Warning));
        assert_eq!(said(399), Some(Severity::Critical));
    }

    #[test]
    fn private_authorities_do_as_they_like() {
        let good = Good::new();
        let leaf = good.issuing.leaf_with(&["shop.example"], |params| {
            crate::world::valid(params, -10, 3_000);
        });
        let seen = good.with_leaf(&leaf);
        assert!(rules(&judge_at(&seen, &good.stores(), &Policy::default(), day(0))).is_empty());
    }
}
