//! DNS did not say who may issue.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "caa-unavailable",
    title: "DNS did not say who may issue",
    severity: Severity::Note,
    explanation: "Asked with `--caa`: the question for CAA records failed, which is not the same as that there are none. An \
                  authority that finds the same must not issue, so that the next renewal fails if it stays so",
    citation: "RFC 8659 section 3; CA/Browser Forum Baseline Requirements section 3.2.2.8",
    remedy: "see that the name servers of the zone answer questions for CAA, and DNSSEC validates",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for caa in case.caa() {
        if let Err(why) = &caa.outcome {
            let reason = Reason::CaaUnavailable {
                name: caa.name.clone(),
                why: why.clone(),
            };
            let finding = case.about_leaf(&RULE, Severity::Note, reason);
            // A name and its wildcard are one question.
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Name;
    use model::evidence::{Caa, CaaSet, Evidence};
    use model::observation::Failure;
    use model::status::Status;

    use crate::world::{Good, finding, judge_with, rules};

    fn said(outcomes: Vec<Result<CaaSet, Failure>>) -> (Good, crate::Assessment) {
        let good = Good::new();
        let asked = outcomes.into_iter().enumerate().map(|(number, outcome)| Caa {
            name: Name::parse("shop.example").unwrap(),
            wildcard: number > 0,
            outcome,
        });
        let evidence = Evidence {
            caa: asked.collect(),
            ..Evidence::none()
        };
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        (good, assessment)
    }

    #[test]
    fn no_records_are_no_failure_and_a_failure_is_said_once() {
        assert!(rules(&said(vec![Ok(CaaSet::default())]).1).is_empty());
        let (good, failed) = said(vec![Err(Failure::TimedOut), Err(Failure::TimedOut)]);
        assert_eq!(
            (failed.status, rules(&failed)),
            (Status::Ok, vec!["caa-unavailable"])
        );
        let line = crate::words::message(finding(&failed, "caa-unavailable").unwrap(), &good.observed());
        assert_eq!(
            line,
            "DNS did not say who may issue for shop.example: no answer in time"
        );
    }
}
