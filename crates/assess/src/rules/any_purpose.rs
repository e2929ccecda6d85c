//! A public leaf whose purpose is anything, and not TLS servers by name.

use model::certificate::Oid;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "any-purpose",
    title: "The certificate is for any purpose and does not name TLS servers",
    severity: Severity::Warning,
    explanation: "Some clients take anyExtendedKeyUsage for a server's certificate and others do not; public authorities \
                  may not issue it. Asked only of chains that a public store trusts",
    citation: "RFC 5280 section 4.2.1.12; CA/Browser Forum Baseline Requirements section 7.1.2.7.10",
    remedy: "issue a certificate with the purpose `serverAuth`",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let usages = case
        .leaf_facts()
        .and_then(|facts| facts.extended_key_usages.as_deref());
    let is_any_only = usages.is_some_and(|usages| {
        usages.contains(&Oid::ANY_EXTENDED_KEY_USAGE) && !usages.contains(&Oid::SERVER_AUTH)
    });
    if is_any_only && case.is_public() {
        found.push(case.about_leaf(&RULE, Severity::Warning, Reason::Flaw(Flaw::AnyPurposeOnly)));
    }
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose::{Any, ServerAuth};

    use crate::world::{Good, rules};

    #[test]
    fn any_purpose_of_a_public_authority() {
        let good = Good::new();
        let said = rules(
            &good.judged_public_leaf(&["shop.example"], |params| params.extended_key_usages = vec![Any]),
        );
        assert_eq!(said, ["any-purpose"]);
    }

    #[test]
    fn beside_the_purpose_for_servers_it_harms_nobody() {
        let good = Good::new();
        let said = rules(&good.judged_public_leaf(&["shop.example"], |params| {
            params.extended_key_usages = vec![Any, ServerAuth];
        }));
        assert!(said.is_empty());
    }

    #[test]
    fn a_private_authority_may() {
        assert!(rules(&Good::new().judged_leaf(|params| params.extended_key_usages = vec![Any])).is_empty());
    }
}
