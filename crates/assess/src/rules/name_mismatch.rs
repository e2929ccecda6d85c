//! None of the leaf's names is the one that was asked for.

use model::certificate::{Facts, GeneralName};
use model::endpoint::Identity;
use model::finding::{Finding, Reason, Severity};
use model::untrusted::Untrusted;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "name-mismatch",
    title: "The certificate does not name what was asked for",
    severity: Severity::Critical,
    explanation: "Only the Subject Alternative Name counts: DNS names for names, addresses for addresses. A wildcard \
                  stands for exactly one label. The common name is not looked at by any present client",
    citation: "RFC 9525 section 6",
    remedy: "issue a certificate that names it, or send this name to the server that has its certificate",
    check,
};

/// Names that a finding carries: enough for a sentence, few enough for a certificate with ten thousand.
const NAMES_CARRIED: usize = 5;

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts() else {
        return;
    };
    let Some(names) = &facts.subject_alt_names else {
        return;
    };
    let wanted = case.wanted();
    if names.iter().any(|name| matches(name, wanted)) {
        return;
    }
    let reason = Reason::NameMismatch {
        wanted: wanted.clone(),
        named: names.iter().filter_map(text).take(NAMES_CARRIED).collect(),
        count: facts.subject_alt_name_count.max(names.len()),
        only_common_name: common_name_matches(facts, wanted),
    };
    found.push(case.about_leaf(&RULE, Severity::Critical, reason));
}

/// Whether an entry of the Subject Alternative Name is the wanted identity.
pub(crate) fn matches(name: &GeneralName, wanted: &Identity) -> bool {
    match (name, wanted) {
        (GeneralName::Dns(pattern), Identity::Name(name)) => dns_matches(pattern.raw(), name.as_str()),
        (GeneralName::Address(address), Identity::Address(wanted)) => address == wanted,
        _ => false,
    }
}

/// Whether the common name would have matched, had anybody looked at it.
pub(super) fn common_name_matches(facts: &Facts, wanted: &Identity) -> bool {
    let Some(common_name) = &facts.subject.common_name else {
        return false;
    };
    match wanted {
        Identity::Name(name) => dns_matches(common_name.raw(), name.as_str()),
        Identity::Address(address) => common_name
            .raw()
            .parse()
            .is_ok_and(|named: std::net::IpAddr| named == *address),
    }
}

/// Compares without copying: letter case and a trailing dot do not count, `*` stands for the whole leftmost label and
/// for nothing else (RFC 9525 section 6.3). `name` is in A-labels, and so must the pattern be (section 2). A wildcard
/// for a whole top-level domain matches nothing: Chrome, Firefox, OpenSSL and rustls agree on that. On one below a public
/// suffix of several labels (`*.co.uk`) they do not (Firefox and OpenSSL follow it), so it matches here too.
fn dns_matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.strip_suffix('.').unwrap_or(pattern);
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(name),
        Some(parent) => name
            .split_once('.')
            .is_some_and(|(_, rest)| rest.contains('.') && parent.eq_ignore_ascii_case(rest)),
    }
}

fn text(name: &GeneralName) -> Option<Untrusted> {
    match name {
        GeneralName::Dns(text) => Some(text.clone()),
        GeneralName::Address(address) => Some(Untrusted::new(address.to_string())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;

    use super::*;
    use crate::world::{Good, finding, judged, observation, rules, severity};

    fn mismatch(asked: &str, names: &[&str]) -> bool {
        let good = Good::new();
        let leaf = good.issuing.leaf(names);
        let assessment = judged(
            &observation(asked, &[&leaf, &good.issuing.certificate]),
            &good.stores(),
        );
        severity(&assessment, "name-mismatch").is_some()
    }

    #[test]
    fn the_name_itself_in_any_case_and_with_a_dot() {
        assert!(!mismatch("shop.example", &["other.example", "Shop.Example"]));
        assert!(!mismatch("shop.example.", &["shop.example"]));
        assert!(mismatch("shop.example", &["shop.example.org"]));
        assert!(dns_matches("shop.example.", "shop.example"));
    }

    #[test]
    fn a_wildcard_is_one_label() {
        assert!(!mismatch("a.shop.example", &["*.shop.example"]));
        assert!(mismatch("shop.example", &["*.shop.example"]));
        assert!(mismatch("a.b.shop.example", &["*.shop.example"]));
        for odd in [
            "*",
            "a*.shop.example",
            "*a.shop.example",
            "a.*.example",
            "*.*.example",
        ] {
            assert!(
                !dns_matches(odd, "a.shop.example") && !dns_matches(odd, "a.b.example"),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_wildcard_for_a_whole_top_level_domain_names_nobody() {
        assert!(mismatch("shop.example", &["*.example"]));
        assert!(!dns_matches("*.com.", "shop.com"));
        assert!(dns_matches("*.co.uk", "shop.co.uk"), "clients differ");
    }

    #[test]
    fn addresses_match_addresses_only() {
        assert!(!mismatch("192.0.2.7", &["192.0.2.7"]));
        assert!(!mismatch("2001:db8::1", &["2001:db8:0::1"]));
        assert!(mismatch("192.0.2.7", &["192.0.2.8", "shop.example"]));
        let text = GeneralName::Dns(Untrusted::new("192.0.2.7"));
        assert!(!matches(&text, &Identity::Address("192.0.2.7".parse().unwrap())));
    }

    #[test]
    fn internationalised_names_match_by_their_a_labels() {
        assert!(!mismatch("bücher.example", &["xn--bcher-kva.example"]));
        assert!(!mismatch("www.bücher.example", &["*.xn--bcher-kva.example"]));
    }

    #[test]
    fn nul_and_dots_do_not_confuse() {
        assert!(!dns_matches("shop.example\0.evil.example", "shop.example"));
        assert!(!dns_matches("", "shop.example"));
        assert!(!dns_matches(".", "shop.example"));
    }

    #[test]
    fn the_common_name_is_no_fallback_but_is_mentioned() {
        let good = Good::new();
        let leaf = good.issuing.leaf_with(&["other.example"], |params| {
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, "shop.example");
        });
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        assert_eq!(rules(&assessment), ["name-mismatch"]);
        let reason = &finding(&assessment, "name-mismatch").unwrap().reason;
        assert!(matches!(
            reason,
            Reason::NameMismatch {
                only_common_name: true,
                ..
            }
        ));
    }

    #[test]
    fn ten_thousand_names_are_bounded_work() {
        let names: Vec<String> = (0..10_000)
            .map(|number| format!("h{number}.example.net"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let good = Good::new();
        let leaf = good.issuing.leaf(&names);
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        let Reason::NameMismatch { named, count, .. } =
            &finding(&assessment, "name-mismatch").unwrap().reason
        else {
            panic!("another reason");
        };
        assert_eq!((named.len(), *count), (5, 10_000));
    }
}
