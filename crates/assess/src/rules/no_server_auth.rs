//! The leaf is not meant for servers.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::path::allows_server;

pub(super) static RULE: Rule = Rule {
    id: "no-server-auth",
    title: "The certificate may not be used for TLS servers",
    severity: Severity::Critical,
    explanation: "Its extended key usage lists purposes and server authentication is not among them; clients refuse it",
    citation: "RFC 5280 section 4.2.1.12",
    remedy: "issue a certificate with the purpose `serverAuth`",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts().filter(|facts| !allows_server(facts)) else {
        return;
    };
    let usages = facts
        .extended_key_usages
        .iter()
        .flatten()
        .take(5)
        .cloned()
        .collect();
    found.push(case.about_leaf(&RULE, Severity::Critical, Reason::NoServerAuth { usages }));
}

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose;

    use crate::world::{Good, rules};

    fn said(usages: Vec<ExtendedKeyUsagePurpose>) -> Vec<&'static str> {
        rules(&Good::new().judged_leaf(|params| params.extended_key_usages = usages))
    }

    #[test]
    fn a_client_certificate_is_refused_and_said_once() {
        assert_eq!(
            said(vec![ExtendedKeyUsagePurpose::ClientAuth]),
            ["no-server-auth"]
        );
    }

    #[test]
    fn server_among_others_is_fine() {
        assert!(
            said(vec![
                ExtendedKeyUsagePurpose::ClientAuth,
                ExtendedKeyUsagePurpose::ServerAuth
            ])
            .is_empty()
        );
    }

    #[test]
    fn no_purposes_or_any_purpose_allow_everything() {
        assert!(said(Vec::new()).is_empty());
        assert!(said(vec![ExtendedKeyUsagePurpose::Any]).is_empty());
    }
}
