//! The issuer took a certificate back.

use model::finding::{Finding, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;
use crate::revocation::{RevocationVerdict, Said};

pub(super) static RULE: Rule = Rule {
    id: "revoked",
    title: "The issuer revoked the certificate",
    severity: Severity::Critical,
    explanation: "Said by the staple, a responder or a list whose signature holds; one such source is enough, whatever \
                  others say. A note for a certificate that no accepted path needs. Responders and lists are asked with \
                  `--revocation`; a staple is always read",
    citation: "RFC 5280 section 6.3; RFC 6960 section 2.2",
    remedy: "replace the certificate, and its key when the key was the reason",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for revocation in case.revocation() {
        let RevocationVerdict::Revoked { at, reason } = revocation.verdict else {
            continue;
        };
        let certificate = &revocation.certificate;
        let place = case.place_of(certificate);
        let is_used = place.is_none_or(|place| case.used().any(|(used, _)| used == place));
        let said = revocation
            .sources
            .iter()
            .find(|source| matches!(source.said, Said::Revoked { .. }));
        found.push(Finding {
            rule: RULE.id,
            severity: if is_used {
                Severity::Critical
            } else {
                Severity::Note
            },
            subject: place.map_or(Subject::Endpoint, |place| case.place(place)),
            reason: Reason::Revoked {
                certificate: certificate.clone(),
                at,
                reason,
                source: said.map(|said| said.source),
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use model::finding::{Reason, Severity, Subject};
    use model::status::Status;

    use crate::revocation::minted::{Answer, Say, list};
    use crate::world::{Authority, Good, asked, corp, finding, judge_with, observation, rules, with};

    #[test]
    fn by_a_responder() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Revoked(-2, 1));
        let evidence = asked(&good.leaf).answer(answer.reply()).evidence;
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        assert_eq!(
            (assessment.status, rules(&assessment)),
            (Status::Critical, vec!["revoked"])
        );
        let found = finding(&assessment, "revoked").unwrap();
        assert_eq!(found.subject, Subject::Certificate(0));
        assert!(matches!(found.reason, Reason::Revoked { at: Some(_), .. }));
    }

    #[test]
    fn by_the_staple_though_nobody_was_asked() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Revoked(-2, 1)).der();
        let seen = with(good.observed(), |handshake| {
            handshake.staple = Some(answer.into())
        });
        assert_eq!(rules(&crate::world::judged(&seen, &good.stores())), ["revoked"]);
    }

    #[test]
    fn one_source_is_enough_whatever_others_say() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        let evidence = asked(&good.leaf)
            .answer(answer.reply())
            .list(list(&good.issuing, &[&good.leaf], 7));
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence.evidence);
        assert_eq!(rules(&assessment), ["revoked"]);
    }

    #[test]
    fn not_by_a_stranger_and_not_another() {
        let good = Good::new();
        let stranger = Authority::root("Example Issuing 1");
        let other = good.issuing.leaf(&["other.example"]);
        let forged = Answer::new(&good.leaf, &good.issuing, Say::Revoked(-2, 1));
        let forged = Answer {
            key: stranger.key(),
            ..forged
        };
        let evidence = asked(&good.leaf)
            .answer(forged.reply())
            .list(list(&stranger, &[&good.leaf], 7))
            .list(list(&good.issuing, &[&other], 7))
            .evidence;
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        assert_eq!((assessment.status, rules(&assessment)), (Status::Ok, vec![]));
    }

    #[test]
    fn an_intermediate_that_is_needed_and_one_that_is_not() {
        let good = Good::new();
        let gone = list(&good.root, &[&good.issuing.certificate], 7);
        let evidence = asked(&good.issuing.certificate).list(gone).evidence;
        let assessment = judge_with(&good.observed(), &good.stores(), &evidence);
        let found = finding(&assessment, "revoked").unwrap();
        assert_eq!(
            (found.severity, found.subject),
            (Severity::Critical, Subject::Certificate(1))
        );

        let (old, new) = (Authority::root("Old Root"), Authority::root("New Root"));
        let cross = old.cross_sign(&new, "New Root");
        let issuing = new.authority("Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate, &cross]);
        let evidence = asked(&cross).list(list(&old, &[&cross], 7)).evidence;
        let assessment = judge_with(&seen, &corp(&[&new.certificate]), &evidence);
        assert_eq!(assessment.status, Status::Ok, "{:?}", assessment.findings);
    }
}
