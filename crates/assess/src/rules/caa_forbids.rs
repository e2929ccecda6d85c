//! DNS says that another authority may issue for a name than the one that did.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::issuers;

pub(super) static RULE: Rule = Rule {
    id: "caa-forbids",
    title: "CAA records name other authorities than the issuer",
    severity: Severity::Note,
    explanation: "CAA is asked when a certificate is issued, and records may have changed since: nothing is wrong with the \
                  certificate, but its renewal by the same authority will fail. Asked with `--caa`; authorities whose \
                  domain is not known here are passed over",
    citation: "RFC 8659 section 3",
    remedy: "before the renewal, add the authority to the CAA records, or renew with one that they name",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts() else { return };
    let Some(domains) = issuers::caa_domains(&facts.issuer) else {
        return;
    };
    for caa in case.caa() {
        let Ok(set) = &caa.outcome else { continue };
        let Some(allowed) = set.issuers(caa.wildcard) else {
            continue;
        };
        let is_named = allowed
            .iter()
            .any(|allowed| domains.iter().any(|domain| domain.eq_ignore_ascii_case(allowed)));
        if !is_named {
            let reason = Reason::CaaForbids {
                name: caa.name.clone(),
                at: set.at.clone(),
                allowed: allowed.into_iter().map(Into::into).collect(),
            };
            found.push(case.about_leaf(&RULE, Severity::Note, reason));
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Name;
    use model::evidence::{Caa, CaaRecord, CaaSet, Evidence};
    use model::observation::Failure;
    use model::status::Status;
    use rcgen::DnType;

    use crate::world::{Authority, corp, judge_with, observation, rules};

    fn judged(outcome: Result<&[(&str, &str)], Failure>) -> (Status, Vec<&'static str>) {
        let name = |params: &mut rcgen::CertificateParams| {
            params
                .distinguished_name
                .push(DnType::OrganizationName, "Let's Encrypt");
        };
        let issuing = Authority::root_with("R99", name);
        let leaf = issuing.leaf(&["shop.example"]);
        let record = |(tag, value): &(&str, &str)| CaaRecord {
            critical: false,
            tag: (*tag).into(),
            value: (*value).into(),
        };
        let caa = Caa {
            name: Name::parse("shop.example").unwrap(),
            wildcard: false,
            outcome: outcome.map(|records| CaaSet {
                at: Some(Name::parse("example").unwrap()),
                records: records.iter().map(record).collect(),
            }),
        };
        let evidence = Evidence {
            caa: vec![caa],
            ..Evidence::none()
        };
        let seen = observation("shop.example", &[&leaf]);
        let assessment = judge_with(&seen, &corp(&[&issuing.certificate]), &evidence);
        (assessment.status, rules(&assessment))
    }

    #[test]
    fn another_authority_is_named() {
        let said = judged(Ok(&[("issue", "digicert.com"), ("iodef", "mailto:a@b")]));
        assert_eq!(said, (Status::Ok, vec!["caa-forbids"]));
    }

    #[test]
    fn the_issuer_is_named_among_others() {
        assert!(
            judged(Ok(&[
                ("issue", "digicert.com"),
                ("issue", "LetsEncrypt.org; x=y")
            ]))
            .1
            .is_empty()
        );
    }

    #[test]
    fn nobody_is_named_and_everybody_may() {
        assert_eq!(judged(Ok(&[("issue", ";")])).1, ["caa-forbids"]);
        assert!(judged(Ok(&[("iodef", "mailto:a@b")])).1.is_empty());
        assert_eq!(judged(Err(Failure::TimedOut)).1, ["caa-unavailable"]);
    }
}
