//! The server sends an OCSP answer that does not count.

use model::doubt::{Doubt, OcspDoubt, Source};
use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::revocation::Said;

pub(super) static RULE: Rule = Rule {
    id: "ocsp-staple-invalid",
    title: "The stapled OCSP answer does not count",
    severity: Severity::Warning,
    explanation: "Its signature, its signer or its subject is wrong, or the responder refused to answer. Clients that read \
                  staples ignore it at best; where the certificate demands a staple they refuse",
    citation: "RFC 6066 section 8; RFC 6960 section 3.2",
    remedy: "let the server fetch a new answer; if that is wrong too, tell the issuer",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    if let Some(doubt) = staple_doubt(case)
        && !matches!(doubt, OcspDoubt::Stale { .. })
    {
        found.push(case.about_leaf(&RULE, Severity::Warning, Reason::StapleDoubtful { doubt }));
    }
}

/// Why the staple does not count, if there is one that does not.
pub(super) fn staple_doubt(case: &Case<'_>) -> Option<OcspDoubt> {
    let leaf = case.leaf()?;
    let about = case
        .revocation()
        .iter()
        .find(|revocation| revocation.certificate == *leaf)?;
    let staple = about
        .sources
        .iter()
        .find(|source| source.source == Source::Staple)?;
    match &staple.said {
        Said::Doubtful(Doubt::Ocsp(doubt)) => Some(*doubt),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::Observation;
    use model::finding::Severity;

    use crate::revocation::minted::{Answer, Say};
    use crate::world::{Authority, Good, judged, observation, rules, severity, with};

    fn stapled(good: &Good, answer: Vec<u8>) -> Observation {
        with(good.observed(), |handshake| {
            handshake.staple = Some(answer.into())
        })
    }

    #[test]
    fn one_about_another_certificate() {
        let good = Good::new();
        let other = good.issuing.leaf(&["other.example"]);
        let answer = Answer::new(&other, &good.issuing, Say::Good).der();
        let assessment = judged(&stapled(&good, answer), &good.stores());
        assert_eq!(rules(&assessment), ["ocsp-staple-invalid"]);
        assert_eq!(
            severity(&assessment, "ocsp-staple-invalid"),
            Some(Severity::Warning)
        );
    }

    #[test]
    fn one_as_it_should_be() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good).der();
        assert!(rules(&judged(&stapled(&good, answer), &good.stores())).is_empty());
    }

    #[test]
    fn a_forged_one_and_nonsense() {
        let good = Good::new();
        let stranger = Authority::root("Stranger");
        let mut forged = Answer::new(&good.leaf, &good.issuing, Say::Good);
        forged.key = stranger.key();
        for staple in [forged.der(), b"nonsense".to_vec()] {
            let assessment = judged(&stapled(&good, staple), &good.stores());
            assert_eq!(rules(&assessment), ["ocsp-staple-invalid"]);
        }
    }

    #[test]
    fn without_the_issuer_nothing_can_be_said_of_it() {
        let good = Good::new();
        let answer = Answer::new(&good.leaf, &good.issuing, Say::Good).der();
        let seen = with(observation("shop.example", &[&good.leaf]), |handshake| {
            handshake.staple = Some(answer.into());
        });
        assert_eq!(rules(&judged(&seen, &good.stores())), ["chain-incomplete"]);
    }
}
