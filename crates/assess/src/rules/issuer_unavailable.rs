//! The issuer that is not sent could not be fetched.

use std::sync::Arc;

use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "issuer-unavailable",
    title: "The missing issuer could not be fetched",
    severity: Severity::Note,
    explanation: "Asked with `--fetch-issuers`: the certificate says where its issuer is, and no place has it. What the \
                  stores say does not depend on it. The first failure is said; addresses that are not public are asked \
                  only when a person allows it",
    citation: "RFC 5280 section 4.2.2.1",
    remedy: "send the issuer behind the leaf; see whether this machine may reach the address, or tell the issuer",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let fetched = case.fetched_issuers();
    for (number, issuer) in fetched.iter().enumerate() {
        let Err(why) = &issuer.fetched.outcome else {
            continue;
        };
        let same = |other: &model::evidence::FetchedIssuer| other.of == issuer.of;
        let is_had = fetched
            .iter()
            .any(|other| same(other) && other.fetched.outcome.is_ok());
        if is_had || fetched.iter().take(number).any(same) {
            continue;
        }
        let mut sent = case.chain().iter().map(Arc::as_ref);
        let place = sent.position(|sent| sent.fingerprint() == issuer.of);
        found.push(Finding {
            rule: RULE.id,
            severity: Severity::Note,
            subject: place.map_or(Subject::Endpoint, |place| case.place(place)),
            reason: Reason::IssuerUnavailable {
                why: why.clone(),
                url: issuer.fetched.url.clone(),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::evidence::{Evidence, Fetched, FetchedIssuer, Unavailable};
    use model::http::HttpError;
    use model::untrusted::Untrusted;

    use crate::world::{Good, finding, judge_with, now, observation, rules};

    /// What is said when the places of the leaf's issuer give this.
    fn said(good: &Good, outcomes: &[bool]) -> crate::Assessment {
        let fetched = outcomes.iter().enumerate().map(|(number, had)| FetchedIssuer {
            of: good.leaf.fingerprint(),
            fetched: Fetched {
                url: Untrusted::new(format!("http://ca.example/{number}")),
                at: now(),
                outcome: if *had {
                    Ok(Arc::clone(&good.issuing.certificate))
                } else {
                    Err(Unavailable::Http(HttpError::TimedOut))
                },
            },
        });
        let evidence = Evidence {
            fetched_issuers: fetched.collect(),
            ..Evidence::none()
        };
        judge_with(
            &observation("shop.example", &[&good.leaf]),
            &good.stores(),
            &evidence,
        )
    }

    #[test]
    fn the_first_failure_is_said_unless_another_place_has_it() {
        let good = Good::new();
        assert!(!rules(&said(&good, &[])).contains(&"issuer-unavailable"));
        assert!(!rules(&said(&good, &[false, true])).contains(&"issuer-unavailable"));
        let failed = said(&good, &[false, false]);
        let all = rules(&failed);
        assert_eq!(
            all.iter().filter(|rule| **rule == "issuer-unavailable").count(),
            1
        );
        let seen = observation("shop.example", &[&good.leaf]);
        let line = crate::words::message(finding(&failed, "issuer-unavailable").unwrap(), &seen);
        assert_eq!(
            line,
            "its issuer could not be fetched: no answer in time (http://ca.example/0)"
        );
    }
}
