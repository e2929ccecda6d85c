//! A wildcard that clients do not follow.

use model::certificate::GeneralName;
use model::finding::{Finding, Flaw, Reason, Severity, WildcardMisuse};
use model::untrusted::Untrusted;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "wildcard-misuse",
    title: "A wildcard in the certificate is of a form that clients do not follow",
    severity: Severity::Warning,
    explanation: "The star is the whole leftmost label or nothing (`*.example.com`); a second one, a part of a label or one \
                  that stands for a whole top-level domain matches nothing in most clients. A note when only the common name has it, \
                  or when a private authority names its own top-level domain. The first such name is said",
    citation: "RFC 9525 section 6.3; CA/Browser Forum Baseline Requirements section 3.2.2.6",
    remedy: "name the hosts themselves, or the wildcard one label below a domain of your own",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts() else {
        return;
    };
    let Some(names) = &facts.subject_alt_names else {
        return;
    };
    let misused = names.iter().find_map(|name| match name {
        GeneralName::Dns(name) => misuse(name.raw()).map(|misuse| (name, misuse)),
        _ => None,
    });
    let hidden = || {
        let common_name = facts.subject.common_name.as_ref();
        common_name
            .filter(|name| is_host_wildcard(name.raw()) && !is_named(names, name))
            .map(|name| (name, WildcardMisuse::OnlyCommonName))
    };
    let Some((name, misuse)) = misused.or_else(hidden) else {
        return;
    };
    let severity = match misuse {
        WildcardMisuse::OnlyCommonName => Severity::Note,
        WildcardMisuse::TooWide if !case.is_public() => Severity::Note,
        _ => Severity::Warning,
    };
    let name = name.clone();
    let reason = Reason::Flaw(Flaw::Wildcard { name, misuse });
    found.push(case.about_leaf(&RULE, severity, reason));
}

/// Whether a name is a wildcard of a host, as a common name may be.
pub(super) fn is_host_wildcard(name: &str) -> bool {
    name.contains('*') && name.contains('.') && !name.contains(' ')
}

fn is_named(names: &[GeneralName], wanted: &Untrusted) -> bool {
    names
        .iter()
        .any(|name| matches!(name, GeneralName::Dns(name) if name.raw().eq_ignore_ascii_case(wanted.raw())))
}

/// What is wrong with the stars of a name.
fn misuse(name: &str) -> Option<WildcardMisuse> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut stars = name.bytes().filter(|byte| *byte == b'*');
    stars.next()?;
    if stars.next().is_some() {
        return Some(WildcardMisuse::Several);
    }
    match name.strip_prefix("*.") {
        _ if name == "*" => Some(WildcardMisuse::TooWide),
        None => Some(WildcardMisuse::NotAlone),
        Some(parent) if !parent.contains('.') => Some(WildcardMisuse::TooWide),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::DnType;

    use super::*;
    use crate::world::{Good, severity};

    #[test]
    fn every_misuse_and_none() {
        assert_eq!(misuse("*.example.com"), None);
        assert_eq!(misuse("*.example.com."), None);
        assert_eq!(misuse("www.example.com"), None);
        assert_eq!(misuse("*.com"), Some(WildcardMisuse::TooWide));
        assert_eq!(misuse("*"), Some(WildcardMisuse::TooWide));
        assert_eq!(misuse("w*.example.com"), Some(WildcardMisuse::NotAlone));
        assert_eq!(misuse("www.*.com"), Some(WildcardMisuse::NotAlone));
        assert_eq!(misuse("*.*.example.com"), Some(WildcardMisuse::Several));
    }

    #[test]
    fn a_whole_domain_is_a_warning_of_public_and_a_note_of_private_authorities() {
        let good = Good::new();
        let names = ["shop.example", "*.com"];
        let public = good.judged_public_leaf(&names, |_| {});
        assert_eq!(severity(&public, RULE.id), Some(Severity::Warning));
        let leaf = good.issuing.leaf(&names);
        let private = crate::world::judged(&good.with_leaf(&leaf), &good.stores());
        assert_eq!(severity(&private, RULE.id), Some(Severity::Note));
    }

    #[test]
    fn one_in_the_common_name_alone_is_a_note() {
        let good = Good::new();
        let said = |names: &[&str]| {
            let assessment = good.judged_public_leaf(names, |params| {
                params
                    .distinguished_name
                    .push(DnType::CommonName, "*.shop.example");
            });
            severity(&assessment, RULE.id)
        };
        assert_eq!(said(&["shop.example"]), Some(Severity::Note));
        assert_eq!(said(&["shop.example", "*.Shop.example"]), None);
    }
}
