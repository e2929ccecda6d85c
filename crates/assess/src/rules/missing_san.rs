//! The leaf names nobody.

use model::finding::{Finding, Reason, Severity};

use super::{Rule, name_mismatch};
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "missing-san",
    title: "The certificate has no Subject Alternative Name, so it names nobody",
    severity: Severity::Critical,
    explanation: "Clients stopped to look at the common name between 2017 and 2020; a certificate with nothing else is \
                  refused for every name",
    citation: "RFC 9525 section 6.3; CA/Browser Forum Baseline Requirements section 7.1.2.7",
    remedy: "issue the certificate anew with its names in the Subject Alternative Name",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case
        .leaf_facts()
        .filter(|facts| facts.subject_alt_names.is_none())
    else {
        return;
    };
    let wanted = case.wanted();
    let only_common_name = name_mismatch::common_name_matches(facts, wanted);
    let reason = Reason::NoNames {
        wanted: wanted.clone(),
        only_common_name,
    };
    found.push(case.about_leaf(&RULE, Severity::Critical, reason));
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;

    use crate::world::{Good, finding, judged, rules};

    #[test]
    fn no_names_at_all() {
        let good = Good::new();
        let leaf = good.issuing.leaf(&[]);
        assert_eq!(
            rules(&judged(&good.with_leaf(&leaf), &good.stores())),
            ["missing-san"]
        );
    }

    #[test]
    fn a_name_and_no_common_name_is_all_one_needs() {
        let good = Good::new();
        let leaf = good.issuing.leaf(&["shop.example"]);
        assert!(leaf.facts().subject.common_name.is_none());
        assert!(rules(&judged(&good.with_leaf(&leaf), &good.stores())).is_empty());
    }

    #[test]
    fn a_common_name_alone_is_said() {
        let good = Good::new();
        let leaf = good.issuing.leaf_with(&[], |params| {
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, "shop.example");
        });
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        let reason = &finding(&assessment, "missing-san").unwrap().reason;
        assert!(matches!(
            reason,
            Reason::NoNames {
                only_common_name: true,
                ..
            }
        ));
    }
}
