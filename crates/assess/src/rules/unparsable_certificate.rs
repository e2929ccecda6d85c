//! The leaf cannot be read far enough to be judged.

use model::certificate::{Oddity, OddityKind};
use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::path::is_unparsable;

pub(super) static RULE: Rule = Rule {
    id: "unparsable-certificate",
    title: "The certificate cannot be read far enough to be judged",
    severity: Severity::Error,
    explanation: "Its bytes are kept and shown by fingerprint; no date, name or key of it can be trusted to be what a \
                  client would read",
    citation: "RFC 5280 section 4.1; X.690",
    remedy: "look at the bytes with `nolapse inspect`, and issue the certificate anew",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case
        .leaf()
        .map(|leaf| leaf.facts())
        .filter(|facts| is_unparsable(facts))
    else {
        return;
    };
    let unread = Oddity {
        offset: 0,
        kind: OddityKind::NotACertificate,
        field: "certificate",
    };
    let Oddity { offset, kind, field } = facts.oddities.first().cloned().unwrap_or(unread);
    found.push(case.about_leaf(&RULE, Severity::Error, Reason::Unparsable { kind, field, offset }));
}

#[cfg(test)]
mod tests {
    use model::status::Status;

    use crate::world::{Good, judged, read, rules};

    #[test]
    fn bytes_that_are_no_certificate_are_an_error_and_nothing_else() {
        let good = Good::new();
        let assessment = judged(&good.with_leaf(&read(b"HTTP/1.1 400")), &good.stores());
        assert_eq!(rules(&assessment), ["unparsable-certificate"]);
        assert_eq!(assessment.status, Status::Error);
    }

    #[test]
    fn a_certificate_that_can_be_read_is_none() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn every_cut_is_judged_without_a_panic() {
        let good = Good::new();
        for length in 0..good.leaf.der().len() {
            let assessment = judged(&good.with_leaf(&read(&good.leaf.der()[..length])), &good.stores());
            assert!(!assessment.trust[0].is_trusted(), "{length} bytes");
            assert_ne!(assessment.status, Status::Ok, "{length} bytes");
        }
    }
}
