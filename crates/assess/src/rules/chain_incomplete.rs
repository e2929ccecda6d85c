//! The path ends because an intermediate was not sent.

use std::sync::Arc;

use model::certificate::Certificate;
use model::finding::{Finding, PathReason, Reason, Severity, Subject};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "chain-incomplete",
    title: "An intermediate certificate is not sent",
    severity: Severity::Critical,
    explanation: "Browsers may fetch or know it and cope; most programs, Java and mobile clients do not. When the issuer \
                  is a root of your own, give it with `--trust-store NAME=FILE`",
    citation: "RFC 5246 section 7.4.2; RFC 8446 section 4.4.2",
    remedy: "add the missing intermediate to the server's certificate file, behind the leaf",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(refusal) = case.refusal() else {
        return;
    };
    let missing = refusal.reasons.iter().find_map(|reason| match reason {
        PathReason::IssuerNotSent { certificate } if is_intermediate_missing(case, certificate) => {
            Some(certificate)
        }
        _ => None,
    });
    if let Some(certificate) = missing {
        let subject = case
            .place_of(certificate)
            .map_or(Subject::Endpoint, |place| case.place(place));
        let (certificate, stores) = (Arc::clone(certificate), refusal.stores.clone());
        let repair = case.repair(&certificate);
        let reason = Reason::IssuerNotSent {
            certificate,
            stores,
            repair,
        };
        found.push(Finding {
            rule: RULE.id,
            severity: refusal.severity,
            subject,
            reason,
        });
    }
}

/// Whether what is missing is an intermediate, as far as one can tell: the issuer of the leaf nearly always is. The
/// issuer of an intermediate is one when an anchor of the same organisation is known; otherwise it is the private root
/// that rightly was not sent, and `untrusted` says so.
pub(super) fn is_intermediate_missing(case: &Case<'_>, below: &Certificate) -> bool {
    let is_leaf = case
        .leaf()
        .is_some_and(|leaf| leaf.fingerprint() == below.fingerprint());
    let organization = below.facts().issuer.organization.as_ref();
    is_leaf || organization.is_some_and(|organization| case.stores.know_organization(organization.raw()))
}

#[cfg(test)]
mod tests {
    use rcgen::DnType;

    use crate::world::{Authority, Good, asked, corp, judge_with, judged, observation, rules};

    #[test]
    fn the_leaf_alone_is_incomplete_and_not_also_untrusted() {
        let good = Good::new();
        let assessment = judged(&observation("shop.example", &[&good.leaf]), &good.stores());
        assert_eq!(rules(&assessment), ["chain-incomplete"]);
    }

    #[test]
    fn a_fetched_issuer_is_said_and_mends_no_verdict() {
        let good = Good::new();
        let seen = observation("shop.example", &[&good.leaf]);
        let evidence = asked(&good.leaf).issuer(&good.issuing.certificate).evidence;
        let assessment = judge_with(&seen, &good.stores(), &evidence);
        assert_eq!(rules(&assessment), ["chain-incomplete"]);
        assert!(!assessment.trust[0].is_trusted() && assessment.repaired[0].is_trusted());
        let said = crate::words::message(&assessment.findings[0], &seen);
        assert!(
            said.contains("browsers may repair this, curl and Java will not"),
            "{said}"
        );
        assert!(said.contains("http://evidence.example/"), "{said}");
        // One that is not the issuer helps nobody.
        let other = Authority::root("Other");
        let evidence = asked(&good.leaf).issuer(&other.certificate).evidence;
        let assessment = judge_with(&seen, &good.stores(), &evidence);
        assert!(!assessment.repaired[0].is_trusted());
    }

    #[test]
    fn the_whole_chain_is_not() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn a_leaf_issued_by_the_anchor_itself_needs_nothing_else() {
        let good = Good::new();
        let leaf = good.root.leaf(&["shop.example"]);
        assert!(rules(&judged(&observation("shop.example", &[&leaf]), &good.stores())).is_empty());
    }

    #[test]
    fn the_upper_of_two_intermediates_is_told_by_its_organisation() {
        let named = |params: &mut rcgen::CertificateParams| {
            params
                .distinguished_name
                .push(DnType::OrganizationName, "Example Trust");
        };
        let root = Authority::root_with("Root", named);
        let upper = root.authority_with("Upper", named);
        let lower = upper.authority("Lower");
        let leaf = lower.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &lower.certificate]);
        assert_eq!(
            rules(&judged(&seen, &corp(&[&root.certificate]))),
            ["chain-incomplete"]
        );
        let other = Authority::root("Other");
        assert_eq!(rules(&judged(&seen, &corp(&[&other.certificate]))), ["untrusted"]);
    }
}
