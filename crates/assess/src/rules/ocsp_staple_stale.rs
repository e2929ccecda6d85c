//! The server sends an OCSP answer that should have been replaced.

use model::doubt::OcspDoubt;
use model::finding::{Finding, Reason, Severity};

use super::Rule;
use super::ocsp_staple_invalid::staple_doubt;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "ocsp-staple-stale",
    title: "The stapled OCSP answer is out of date",
    severity: Severity::Warning,
    explanation: "The server fetches its answers no longer, or the responder gives old ones. Clients ignore it; where the \
                  certificate demands a staple they refuse",
    citation: "RFC 6960 section 4.2.2.1",
    remedy: "see whether the server can reach the responder; a restart fetches the answer anew",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    if let Some(OcspDoubt::Stale { next_update }) = staple_doubt(case) {
        let reason = Reason::StapleStale {
            next_update,
            ago: between(next_update, case.now),
        };
        found.push(case.about_leaf(&RULE, Severity::Warning, reason));
    }
}

#[cfg(test)]
mod tests {
    use crate::revocation::minted::{Answer, Say};
    use crate::world::{Good, judged, rules, with};

    fn staple_until(next_update: i64) -> Vec<&'static str> {
        let good = Good::new();
        let mut answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        (answer.this_update, answer.next_update) = (-9, Some(next_update));
        let seen = with(good.observed(), |handshake| {
            handshake.staple = Some(answer.der().into());
        });
        rules(&judged(&seen, &good.stores()))
    }

    #[test]
    fn one_of_the_day_before_yesterday() {
        assert_eq!(staple_until(-2), ["ocsp-staple-stale"]);
    }

    #[test]
    fn one_that_lasts() {
        assert!(staple_until(1).is_empty());
    }

    #[test]
    fn the_last_second_belongs_to_it() {
        assert!(staple_until(0).is_empty());
    }
}
