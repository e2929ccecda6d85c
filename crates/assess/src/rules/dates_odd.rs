//! A certificate that ends before it begins.

use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "dates-odd",
    title: "A certificate ends before it begins",
    severity: Severity::Critical,
    explanation: "There is no moment at which it is valid, so that waiting or renewing the clock does not help. Critical \
                  for the leaf, a warning for what is sent beside it. Dates in a forbidden form are `malformed-certificate`",
    citation: "RFC 5280 section 4.1.2.5",
    remedy: "issue the certificate anew, and look at the dates that whoever issued it was given",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.chain().iter().enumerate() {
        let facts = certificate.facts();
        let Some((not_before, not_after)) = facts.not_before.zip(facts.not_after) else {
            continue;
        };
        if not_after >= not_before {
            continue;
        }
        let severity = if place == 0 {
            Severity::Critical
        } else {
            Severity::Warning
        };
        found.push(Finding {
            rule: RULE.id,
            severity,
            subject: case.place(place),
            reason: Reason::Flaw(Flaw::DatesReversed {
                not_before,
                not_after,
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;

    use crate::world::{Good, severity, valid};

    fn said(from: i64, to: i64) -> Option<Severity> {
        severity(
            &Good::new().judged_leaf(|params| valid(params, from, to)),
            "dates-odd",
        )
    }

    #[test]
    fn the_end_before_the_beginning() {
        assert_eq!(said(10, -10), Some(Severity::Critical));
        assert_eq!(said(-10, -20), Some(Severity::Critical));
    }

    #[test]
    fn one_second_is_a_validity() {
        assert_eq!(said(0, 0), None);
    }

    #[test]
    fn an_ended_one_is_not_odd() {
        assert_eq!(said(-90, -1), None);
    }
}
