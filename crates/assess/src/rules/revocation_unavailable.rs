//! Nobody could be asked about revocation.

use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;
use crate::revocation::{RevocationVerdict, Said};

pub(super) static RULE: Rule = Rule {
    id: "revocation-unavailable",
    title: "No source of revocation could be reached",
    severity: Severity::Note,
    explanation: "Every responder and list that the certificate names failed. Never more than a note: the trouble may be \
                  on the way from here, and clients carry on. A certificate that names none, as short-lived ones do, is \
                  not meant",
    citation: "RFC 6960 section 2; CA/Browser Forum BR section 4.9",
    remedy: "see whether this machine may reach the address; otherwise tell the issuer",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for revocation in case.revocation() {
        if revocation.verdict != RevocationVerdict::Unavailable {
            continue;
        }
        let failed = revocation.sources.iter().find_map(|source| match &source.said {
            Said::Unavailable(why) => Some((why.clone(), source.url.clone())),
            _ => None,
        });
        if let Some((why, url)) = failed {
            let place = case.place_of(&revocation.certificate);
            found.push(Finding {
                rule: RULE.id,
                severity: Severity::Note,
                subject: place.map_or(Subject::Endpoint, |place| case.place(place)),
                reason: Reason::RevocationUnavailable { why, url },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use model::evidence::Unavailable;
    use model::http::HttpError;
    use model::status::Status;

    use crate::revocation::minted::{Answer, Say};
    use crate::world::{Good, asked, judge_with, judged, rules};

    #[test]
    fn a_dead_responder_changes_no_status() {
        let good = Good::new();
        let evidence = asked(&good.leaf)
            .fails(Unavailable::Http(HttpError::TimedOut))
            .evidence;
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        assert_eq!(
            (assessment.status, rules(&assessment)),
            (Status::Ok, vec!["revocation-unavailable"])
        );
    }

    #[test]
    fn whoever_names_no_source_is_not_meant() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn the_second_responder_may_answer() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        let evidence = asked(&good.leaf)
            .fails(Unavailable::Http(HttpError::TimedOut))
            .answer(answer.reply())
            .evidence;
        assert!(rules(&judge_with(&good.observed(), &good.stores(), &evidence)).is_empty());
    }
}
