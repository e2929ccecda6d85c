//! The common name looks like a host and is none of the alternative names.

use std::net::IpAddr;

use model::certificate::GeneralName;
use model::endpoint::Identity;
use model::finding::{Finding, Flaw, Reason, Severity};
use model::name::Name;

use super::{Rule, name_mismatch, wildcard_misuse};
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "common-name-not-in-san",
    title: "The common name is a host that is none of the alternative names",
    severity: Severity::Note,
    explanation: "Clients look at the Subject Alternative Name only, so that the host in the common name is not named at all. \
                  Said when nothing else says it: not when it is the very name that was asked for and missed (`name-mismatch`), and not for a \
                  common name that is no host or is left out",
    citation: "RFC 9525 section 6.3; CA/Browser Forum Baseline Requirements section 7.1.4.3",
    remedy: "put the name into the Subject Alternative Name too, or leave the common name out",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts() else {
        return;
    };
    let (Some(names), Some(common_name)) = (&facts.subject_alt_names, &facts.subject.common_name) else {
        return;
    };
    let text = common_name.raw();
    let address: Option<IpAddr> = text.parse().ok();
    let is_host = address.is_some() || looks_like_host(text);
    if !is_host || wildcard_misuse::is_host_wildcard(text) {
        return;
    }
    // A wildcard that covers it names it as well as any.
    let identity = Name::parse(text).ok().map(Identity::Name);
    let is_covered = |name: &GeneralName| {
        identity
            .as_ref()
            .is_some_and(|wanted| name_mismatch::matches(name, wanted))
    };
    let is_listed = |name: &GeneralName| match name {
        GeneralName::Dns(dns) => dns.raw().eq_ignore_ascii_case(text) || is_covered(name),
        GeneralName::Address(named) => Some(*named) == address,
        _ => false,
    };
    let wanted = case.wanted();
    let is_said = || {
        name_mismatch::common_name_matches(facts, wanted)
            && !names.iter().any(|name| name_mismatch::matches(name, wanted))
    };
    // Behind the names that were read there may be it.
    let is_whole = names.len() == facts.subject_alt_name_count;
    if is_whole && !names.iter().any(is_listed) && !is_said() {
        let name = common_name.clone();
        let reason = Reason::Flaw(Flaw::CommonNameElsewhere { name });
        found.push(case.about_leaf(&RULE, Severity::Note, reason));
    }
}

/// Two labels or more of letters, digits and hyphens; the last is not a number.
fn looks_like_host(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let has_letter = |label: &str| label.bytes().any(|byte| byte.is_ascii_alphabetic());
    text.rsplit_once('.')
        .is_some_and(|(_, last)| has_letter(last) && text.split('.').all(is_label))
}

#[cfg(test)]
mod tests {
    use rcgen::DnType;

    use crate::world::{Good, rules};

    fn said(common_name: &str, names: &[&str]) -> Vec<&'static str> {
        let good = Good::new();
        rules(&good.judged_public_leaf(names, |params| {
            params.distinguished_name.push(DnType::CommonName, common_name);
        }))
    }

    #[test]
    fn a_host_that_is_not_named() {
        assert_eq!(said("old.example", &["shop.example"]), ["common-name-not-in-san"]);
        assert_eq!(said("1.1.1.1", &["shop.example"]), ["common-name-not-in-san"]);
    }

    #[test]
    fn one_that_is_and_one_that_is_no_host() {
        assert!(said("Shop.Example", &["shop.example"]).is_empty());
        assert!(said("1.1.1.1", &["shop.example", "1.1.1.1"]).is_empty());
        assert!(said("Example Server No. 1", &["shop.example"]).is_empty());
    }

    #[test]
    fn the_name_that_was_asked_for_is_missed_once() {
        assert_eq!(said("shop.example", &["www.shop.example"]), ["name-mismatch"]);
    }
}
