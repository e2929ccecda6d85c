//! A publicly trusted certificate names something that is not of the public DNS.

use model::certificate::GeneralName;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "internal-name",
    title: "A publicly trusted certificate names something that is not of the public DNS",
    severity: Severity::Warning,
    explanation: "Names of one label and below `.local`, `.internal`, `.corp`, `.home.arpa`, `.test` and the like are \
                  everybody's at once, so that no authority can know to whom it gives them; it has to revoke the certificate. Asked \
                  only of chains that a public store trusts",
    citation: "CA/Browser Forum Baseline Requirements section 7.1.2.7.12; RFC 6761; RFC 6762; RFC 8375",
    remedy: "use a name below a domain of your own, or an authority of your own",
    check,
};

/// What is delegated to nobody: special uses (RFC 6761, 6762, 8375), reserved by ICANN (2018, 2024), and what networks
/// have taken since the first routers. The domain of documents, `.example`, is left to documents.
const SUFFIXES: &[&str] = &[
    "local",
    "internal",
    "corp",
    "home.arpa",
    "test",
    "localhost",
    "invalid",
    "home",
    "mail",
    "lan",
    "localdomain",
    "intranet",
    "private",
];

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(names) = case
        .leaf_facts()
        .and_then(|facts| facts.subject_alt_names.as_deref())
    else {
        return;
    };
    let mut internal = names.iter().filter_map(|name| match name {
        GeneralName::Dns(name) if is_internal(name.raw()) => Some(name),
        _ => None,
    });
    let Some(first) = internal.next().filter(|_| case.is_public()) else {
        return;
    };
    let reason = Reason::Flaw(Flaw::InternalName {
        name: first.clone(),
        count: internal.count().saturating_add(1),
    });
    found.push(case.about_leaf(&RULE, Severity::Warning, reason));
}

/// Whether a name has one label or lies below one of [`SUFFIXES`].
fn is_internal(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let Some((_, last)) = name.rsplit_once('.') else {
        // A lone star is `wildcard-misuse`.
        return !name.is_empty() && !name.contains('*');
    };
    // Most names end otherwise, and are let go here.
    matches!(last.len(), 3..=11) && SUFFIXES.iter().any(|suffix| is_below(name, suffix))
}

fn is_below(name: &str, suffix: &str) -> bool {
    let Some(at) = name.len().checked_sub(suffix.len()) else {
        return false;
    };
    let ends = name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(suffix));
    ends && name
        .get(..at)
        .is_some_and(|head| head.is_empty() || head.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Good, judged, rules};

    #[test]
    fn names_that_nobody_owns() {
        for name in [
            "mail",
            "server01",
            "nas.local",
            "db.CORP",
            "*.internal",
            "x.home.arpa",
            "a.test.",
        ] {
            assert!(is_internal(name), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_it() {
        for name in [
            "local.com",
            "mylocal.de",
            "x.arpa",
            "intern.al",
            "a.b.xn--p1ai",
            "test.dev",
            "*",
            "",
        ] {
            assert!(!is_internal(name), "{name}");
        }
    }

    #[test]
    fn it_is_said_of_public_authorities_alone() {
        let good = Good::new();
        let names = ["shop.example", "nas.local", "nas"];
        assert_eq!(rules(&good.judged_public_leaf(&names, |_| {})), ["internal-name"]);
        let leaf = good.issuing.leaf(&names);
        assert!(rules(&judged(&good.with_leaf(&leaf), &good.stores())).is_empty());
    }
}
