//! What was said about revocation does not count.

use model::doubt::Source;
use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;
use crate::revocation::{RevocationVerdict, Said};

pub(super) static RULE: Rule = Rule {
    id: "revocation-unknown",
    title: "It is not known whether the certificate is revoked",
    severity: Severity::Note,
    explanation: "A responder or list answered, and the answer does not count: its signature, its time, its signer or its \
                  subject is wrong. Browsers carry on; clients that insist on an answer refuse",
    citation: "RFC 6960 section 3.2; RFC 5280 section 6.3.3",
    remedy: "tell the issuer: the responder or the list is theirs",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for revocation in case.revocation() {
        if revocation.verdict != RevocationVerdict::Unknown {
            continue;
        }
        // What is wrong with a staple has a rule of its own.
        let asked = revocation
            .sources
            .iter()
            .filter(|source| source.source != Source::Staple);
        let doubt = asked.filter_map(|source| match &source.said {
            Said::Doubtful(doubt) => Some((*doubt, source.url.clone())),
            _ => None,
        });
        if let Some((doubt, url)) = doubt.into_iter().next() {
            let place = case.place_of(&revocation.certificate);
            found.push(Finding {
                rule: RULE.id,
                severity: Severity::Note,
                subject: place.map_or(Subject::Endpoint, |place| case.place(place)),
                reason: Reason::RevocationUnknown { doubt, url },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use model::doubt::{Doubt, OcspDoubt};
    use model::finding::Reason;
    use model::status::Status;

    use crate::revocation::minted::{Answer, Say, list};
    use crate::world::{Good, asked, finding, judge_with, rules};

    #[test]
    fn a_responder_that_does_not_know_it_changes_no_status() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Unknown);
        let evidence = asked(&good.leaf).answer(answer.reply()).evidence;
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        assert_eq!(
            (assessment.status, rules(&assessment)),
            (Status::Ok, vec!["revocation-unknown"])
        );
        let Reason::RevocationUnknown { doubt, .. } =
            &finding(&assessment, "revocation-unknown").unwrap().reason
        else {
            panic!("another reason");
        };
        assert_eq!(*doubt, Doubt::Ocsp(OcspDoubt::NotKnown));
    }

    #[test]
    fn a_good_answer_says_nothing() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        let evidence = asked(&good.leaf).answer(answer.reply()).evidence;
        assert!(rules(&judge_with(&good.observed(), &good.stores(), &evidence)).is_empty());
    }

    #[test]
    fn a_stale_list_beside_a_fresh_answer_is_no_matter_and_alone_it_is() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        let stale = asked(&good.leaf).list(list(&good.issuing, &[], -2));
        let alone = judge_with(&good.observed(), &good.stores(), &stale.evidence);
        assert_eq!(rules(&alone), ["revocation-unknown"]);
        let both = stale.answer(answer.reply()).evidence;
        assert!(rules(&judge_with(&good.observed(), &good.stores(), &both)).is_empty());
    }
}
