//! A certificate sent beside the leaf has ended.

use model::finding::{Finding, PathReason, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "intermediate-expired",
    title: "A certificate sent beside the leaf has ended",
    severity: Severity::Critical,
    explanation: "Critical when the chain is refused for it; a note when the best path does without it, as with old \
                  cross-signed roots, though some old clients stumble over such a leftover",
    citation: "RFC 5280 section 6.1.3",
    remedy: "replace the certificates behind the leaf by those that the issuer gives out now",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.chain().iter().enumerate().skip(1) {
        let ended = certificate
            .facts()
            .not_after
            .filter(|end| case.now.as_second() > end.as_second());
        let Some(not_after) = ended else {
            continue;
        };
        let refusal = case.refusal().filter(|refusal| {
            refusal.reasons.iter().any(|reason| {
                matches!(reason, PathReason::Expired { certificate: named, .. } if named == certificate)
            })
        });
        let severity = refusal.map_or(Severity::Note, |refusal| refusal.severity);
        let reason = Reason::IssuerEnded {
            not_after,
            ago: between(not_after, case.now),
            needed: refusal.is_some(),
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
    use model::finding::{Severity, Subject};

    use crate::world::{Authority, Good, corp, finding, judged, observation, rules, valid};

    #[test]
    fn one_that_is_needed_is_critical_and_said_once() {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| valid(params, -400, -3));
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        let assessment = judged(&seen, &corp(&[&root.certificate]));
        assert_eq!(rules(&assessment), ["intermediate-expired"]);
        let finding = finding(&assessment, "intermediate-expired").unwrap();
        assert_eq!(
            (finding.severity, finding.subject),
            (Severity::Critical, Subject::Certificate(1))
        );
    }

    #[test]
    fn none_that_lasts() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn a_stale_cross_certificate_is_a_note_when_another_path_holds() {
        let (old, new) = (Authority::root("Old Root"), Authority::root("New Root"));
        let stale = old.cross_sign_with(&new, "New Root", |params| valid(params, -2_000, -600));
        let issuing = new.authority("Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate, &stale]);
        let assessment = judged(&seen, &corp(&[&old.certificate, &new.certificate]));
        assert!(assessment.trust[0].is_trusted());
        assert_eq!(rules(&assessment), ["intermediate-expired"]);
        assert_eq!(
            finding(&assessment, "intermediate-expired").unwrap().severity,
            Severity::Note
        );
    }
}
