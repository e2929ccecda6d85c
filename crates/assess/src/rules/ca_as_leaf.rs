//! The leaf is a CA certificate.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "ca-as-leaf",
    title: "The server's certificate is that of an authority",
    severity: Severity::Warning,
    explanation: "Its key, which lies on the server, can issue certificates for any name; some clients refuse it as a \
                  server's certificate (`CA:TRUE`, often the default of a self-signing tool)",
    citation: "RFC 5280 section 4.2.1.9; CA/Browser Forum Baseline Requirements section 7.1.2.7",
    remedy: "issue a certificate with `CA:FALSE` for the server and keep the authority's key elsewhere",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    if case.leaf_facts().is_some_and(model::certificate::Facts::is_ca) {
        found.push(case.about_leaf(&RULE, Severity::Warning, Reason::CaAsLeaf));
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, IsCa};

    use crate::world::{Good, corp, judged, observation, rules, self_signed};

    #[test]
    fn an_authority_as_a_leaf_is_said() {
        let assessment =
            Good::new().judged_leaf(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
        assert_eq!(rules(&assessment), ["ca-as-leaf"]);
    }

    #[test]
    fn an_explicit_no_is_fine() {
        assert!(rules(&Good::new().judged_leaf(|params| params.is_ca = IsCa::ExplicitNoCa)).is_empty());
    }

    #[test]
    fn a_pinned_self_signed_authority_is_trusted_and_said() {
        let leaf = self_signed(&["shop.example"], |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
        });
        let assessment = judged(&observation("shop.example", &[&leaf]), &corp(&[&leaf]));
        assert_eq!(rules(&assessment), ["ca-as-leaf"]);
        assert!(assessment.trust[0].is_trusted());
    }
}
