//! An issuer on the path ends soon, or before the leaf.

use std::time::Duration;

use model::certificate::Certificate;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::{Case, between};

pub(super) static RULE: Rule = Rule {
    id: "intermediate-expiring",
    title: "An issuer of the certificate ends soon, or before the certificate does",
    severity: Severity::Warning,
    explanation: "When an intermediate or root of the path ends, the leaf ends with it, whatever its own dates say. Looked \
                  at on the path by which a store trusts the chain; the time that must be left is that of the leaf. Nothing is said \
                  when a certificate of the same name and key that lasts is sent or in a store",
    citation: "RFC 5280 section 6.1.3",
    remedy: "have the certificate issued anew, by an issuer that lasts, and send what the authority gives out with it",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some((not_before, leaf_end)) = case
        .leaf_facts()
        .and_then(|facts| facts.not_before.zip(facts.not_after))
    else {
        return;
    };
    let lifetime = between(not_before, leaf_end).saturating_add(Duration::from_secs(1));
    let threshold = case.policy.warning_at(lifetime);
    let first = found.len();
    for step in case.paths().flat_map(|path| path.iter().skip(1)) {
        let Some(not_after) = step.facts().not_after else {
            continue;
        };
        let left = between(case.now, not_after);
        let before_leaf = not_after < leaf_end;
        if (!before_leaf && left >= threshold) || is_replaced(case, step) {
            continue;
        }
        let reason = Reason::Flaw(Flaw::IssuerEnding {
            not_after,
            left,
            before_leaf,
        });
        let finding = case.about(&RULE, Severity::Warning, step, reason);
        if !found.iter().skip(first).any(|said| *said == finding) {
            found.push(finding);
        }
    }
}

/// Whether another certificate of the same name and key, which lasts longer, was sent or ends another path.
fn is_replaced(case: &Case<'_>, step: &Certificate) -> bool {
    let facts = step.facts();
    let mut others = case
        .chain()
        .iter()
        .chain(case.paths().flat_map(|path| path.iter()));
    others.any(|other| {
        other.facts().not_after > facts.not_after
            && other.facts().subject.canonical == facts.subject.canonical
            && spki(other) == spki(step)
    })
}

/// The key with its kind, as encoded.
fn spki(certificate: &Certificate) -> Option<&[u8]> {
    certificate.der().get(certificate.facts().public_key.spki.clone())
}

#[cfg(test)]
mod tests {
    use model::finding::Subject;

    use crate::world::{Authority, corp, finding, judged, observation, rules, valid};

    /// What is said of a chain whose intermediate ends after so many days, and the leaf after sixty.
    fn said(days: i64) -> Vec<&'static str> {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| valid(params, -400, days));
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        rules(&judged(&seen, &corp(&[&root.certificate])))
    }

    #[test]
    fn one_that_ends_before_the_leaf() {
        assert_eq!(said(59), ["intermediate-expiring"]);
        assert!(said(60).is_empty(), "in the same second");
        assert!(said(61).is_empty());
    }

    #[test]
    fn a_root_that_was_not_sent_is_named() {
        let root = Authority::root_with("Old Root", |params| valid(params, -400, 20));
        let issuing = root.authority("Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        let assessment = judged(&seen, &corp(&[&root.certificate]));
        assert_eq!(rules(&assessment), ["intermediate-expiring"]);
        let finding = finding(&assessment, "intermediate-expiring").unwrap();
        assert_eq!(finding.subject, Subject::Certificate(0));
        let line = crate::words::message(finding, &seen);
        assert!(
            line.starts_with("Old Root (") && line.ends_with("before the leaf does"),
            "{line}"
        );
    }

    #[test]
    fn one_that_ends_with_the_leaf_within_the_threshold_is_said_too() {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| valid(params, -400, 29));
        let leaf = issuing.leaf_with(&["shop.example"], |params| valid(params, -61, 29));
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        let said = rules(&judged(&seen, &corp(&[&root.certificate])));
        assert_eq!(said, ["expiring", "intermediate-expiring"]);
    }

    #[test]
    fn a_successor_of_the_same_key_is_enough() {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| valid(params, -400, 20));
        let lasting = root.cross_sign(&issuing, "Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate, &lasting]);
        let said = rules(&judged(&seen, &corp(&[&root.certificate])));
        assert!(!said.contains(&"intermediate-expiring"), "{said:?}");
    }
}
