//! A version that does not exist, or has no extensions and yet carries some.

use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "version-invalid",
    title: "A certificate's version does not allow what it carries",
    severity: Severity::Warning,
    explanation: "Extensions came with version 3: in a certificate of version 1 or 2 some clients ignore them and others \
                  refuse the certificate. A version 1 without extensions names nobody, which is `missing-san`",
    citation: "RFC 5280 section 4.1.2.1",
    remedy: "issue the certificate anew as version 3",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        let facts = certificate.facts();
        if !is_invalid(facts.version, !facts.extensions.is_empty()) {
            continue;
        }
        found.push(Finding {
            rule: RULE.id,
            severity: Severity::Warning,
            subject: case.place(place),
            reason: Reason::Flaw(Flaw::Version {
                version: facts.version,
            }),
        });
    }
}

const fn is_invalid(version: u8, has_extensions: bool) -> bool {
    match version {
        1 | 2 => has_extensions,
        // 0 was not read, which is told elsewhere.
        0 | 3 => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Good, judged, read, severity};

    /// What is said of a leaf with another number in its version field.
    fn said(number: u8) -> Option<Severity> {
        let good = Good::new();
        let mut der = good.leaf.der().to_vec();
        let at = der
            .windows(5)
            .position(|window| window == [0xa0, 3, 2, 1, 2])
            .unwrap();
        der[at + 4] = number;
        severity(&judged(&good.with_leaf(&read(&der)), &good.stores()), RULE.id)
    }

    #[test]
    fn extensions_in_version_2_and_version_4() {
        assert_eq!(said(1), Some(Severity::Warning));
        assert_eq!(said(3), Some(Severity::Warning));
    }

    #[test]
    fn version_3() {
        assert_eq!(said(2), None);
    }

    #[test]
    fn version_1_without_extensions_is_in_order() {
        assert!(!is_invalid(1, false));
        assert!(is_invalid(1, true));
    }
}
