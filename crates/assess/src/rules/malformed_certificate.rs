//! A strict reader refuses a certificate that a lenient one can read.

use model::finding::{Finding, PathReason, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::path::{is_fatal, is_unparsable};

pub(super) static RULE: Rule = Rule {
    id: "malformed-certificate",
    title: "A certificate breaks the rules of its encoding",
    severity: Severity::Critical,
    explanation: "Clients differ in what they forgive. Critical when the stores refuse the chain for it, a warning when \
                  a strict reader would refuse a certificate that is not needed, a note for what only makes a name or \
                  text unreadable",
    citation: "RFC 5280 section 4; X.690 section 10",
    remedy: "issue the certificate anew; tell the issuer which field is wrong",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.chain().iter().enumerate() {
        let facts = certificate.facts();
        let Some(first) = facts
            .oddities
            .iter()
            .find(|oddity| is_fatal(oddity.kind))
            .or_else(|| facts.oddities.first())
        else {
            continue;
        };
        if place == 0 && is_unparsable(facts) {
            // `unparsable-certificate` says it.
            continue;
        }
        let refusal = case.refusal().filter(|refusal| {
            refusal.reasons.iter().any(|reason| {
                matches!(reason, PathReason::Malformed { certificate: named, .. } if named == certificate)
            })
        });
        let severity = match refusal {
            Some(refusal) => refusal.severity,
            None if is_fatal(first.kind) => Severity::Warning,
            None => Severity::Note,
        };
        let (kind, field, offset) = (first.kind, first.field, first.offset);
        let reason = Reason::Malformed {
            kind,
            field,
            offset,
            count: facts.oddities.len(),
        };
        found.push(Finding {
            rule: RULE.id,
            severity,
            subject: case.place(place),
            reason,
        });
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;

    use crate::world::{Good, judged, observation, read, rules, severity};

    #[test]
    fn bytes_behind_the_certificate_are_refused_and_said_once() {
        let good = Good::new();
        let mut der = good.leaf.der().to_vec();
        der.push(0);
        let assessment = judged(&good.with_leaf(&read(&der)), &good.stores());
        assert_eq!(rules(&assessment), ["malformed-certificate"]);
        assert_eq!(
            severity(&assessment, "malformed-certificate"),
            Some(Severity::Critical)
        );
    }

    #[test]
    fn well_formed_ones_are_not() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn garbage_behind_a_good_chain_is_a_warning() {
        let good = Good::new();
        let sent = [&good.leaf, &good.issuing.certificate, &read(b"garbage")];
        let assessment = judged(&observation("shop.example", &sent), &good.stores());
        assert!(assessment.trust[0].is_trusted());
        assert_eq!(rules(&assessment), ["malformed-certificate", "chain-superfluous"]);
        assert_eq!(
            severity(&assessment, "malformed-certificate"),
            Some(Severity::Warning)
        );
    }
}
