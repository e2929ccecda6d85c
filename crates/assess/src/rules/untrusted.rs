//! Stores refuse the chain for a reason that no other rule says.

use std::sync::Arc;

use model::finding::{Finding, PathReason, Reason, Severity, Subject};

use super::{Rule, chain_incomplete};
use crate::case::Case;
use crate::path::is_fatal;

pub(super) static RULE: Rule = Rule {
    id: "untrusted",
    title: "The trust stores refuse the chain",
    severity: Severity::Critical,
    explanation: "A public store must accept, or one of your own. Critical when none does, a warning when some public \
                  stores do. A cause with a rule of its own (expired, self-signed, incomplete) is reported there alone",
    citation: "RFC 5280 section 6.1",
    remedy: "give your root with `--trust-store NAME=FILE` if the authority is your own; otherwise get a certificate from one \
             that the clients trust",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(refusal) = case.refusal() else {
        return;
    };
    if let Some(reason) = refusal
        .reasons
        .iter()
        .find(|reason| !is_said_elsewhere(case, reason))
    {
        let place = reason
            .certificate()
            .and_then(|certificate| case.place_of(certificate));
        let subject = place.map_or(Subject::Endpoint, |place| case.place(place));
        let reason = Reason::Refused {
            stores: refusal.stores.iter().map(Arc::clone).collect(),
            reason: reason.clone(),
        };
        found.push(Finding {
            rule: RULE.id,
            severity: refusal.severity,
            subject,
            reason,
        });
    }
}

/// Whether another rule names this cause: the same mishap is one finding.
fn is_said_elsewhere(case: &Case<'_>, reason: &PathReason) -> bool {
    let is_leaf = || {
        let leaf = case.leaf().map(|leaf| leaf.fingerprint());
        leaf == reason.certificate().map(|certificate| certificate.fingerprint())
    };
    match reason {
        PathReason::SelfSigned { .. } => true,
        PathReason::Unparsable { .. }
        | PathReason::NotYetValid { .. }
        | PathReason::ExtendedKeyUsage { .. } => is_leaf(),
        PathReason::UnsupportedCurve { certificate } => case.place_of(certificate).is_some(),
        PathReason::Expired { certificate, .. } => is_leaf() || case.place_of(certificate).is_some(),
        PathReason::Malformed {
            certificate, kind, ..
        } => is_fatal(*kind) && case.place_of(certificate).is_some(),
        PathReason::IssuerNotSent { certificate } => {
            chain_incomplete::is_intermediate_missing(case, certificate)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use model::finding::{Reason, Severity};

    use crate::Stores;
    use crate::world::{Authority, Good, corp, finding, judged, observation, rules, severity, store, valid};

    #[test]
    fn an_unknown_root_is_refused() {
        let good = Good::new();
        let other = Authority::root("Other");
        let sent = observation(
            "shop.example",
            &[&good.leaf, &good.issuing.certificate, &good.root.certificate],
        );
        let assessment = judged(&sent, &corp(&[&other.certificate]));
        assert_eq!(rules(&assessment), ["untrusted"]);
        let Reason::Refused { reason, stores } = &finding(&assessment, "untrusted").unwrap().reason else {
            panic!("another reason");
        };
        assert_eq!((reason.word(), &*stores[0]), ("not-in-store", "corp"));
    }

    #[test]
    fn one_store_of_the_users_is_enough() {
        let good = Good::new();
        let stores = store(
            "ours",
            corp(&[&Authority::root("Other").certificate]),
            &[&good.root.certificate],
        );
        let assessment = judged(&good.observed(), &stores);
        assert!(rules(&assessment).is_empty());
        assert_eq!(
            assessment
                .trust
                .iter()
                .map(|verdict| verdict.is_trusted())
                .collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn a_disagreement_of_public_stores_is_a_warning() {
        let good = Good::new();
        let public = |stores: Stores, name, root: &Authority| {
            stores
                .with_public_store(name, vec![root.certificate.clone()])
                .unwrap()
        };
        let stores = public(Stores::none(), "one", &good.root);
        assert!(rules(&judged(&good.observed(), &stores)).is_empty());
        let stores = public(stores, "two", &Authority::root("Other"));
        let assessment = judged(&good.observed(), &stores);
        assert_eq!(severity(&assessment, "untrusted"), Some(Severity::Warning));
    }

    #[test]
    fn two_causes_are_two_findings() {
        let good = Good::new();
        let leaf = good
            .issuing
            .leaf_with(&["shop.example"], |params| valid(params, -92, -2));
        let assessment = judged(
            &good.with_leaf(&leaf),
            &corp(&[&Authority::root("Other").certificate]),
        );
        assert_eq!(rules(&assessment), ["expired", "untrusted"]);
    }

    #[test]
    fn a_forged_signature_is_untrusted() {
        let good = Good::new();
        let namesake = Authority::root("Example Root").authority("Example Issuing 1");
        let leaf = namesake.leaf(&["shop.example"]);
        let assessment = judged(&good.with_leaf(&leaf), &good.stores());
        let Reason::Refused { reason, .. } = &finding(&assessment, "untrusted").unwrap().reason else {
            panic!("another reason");
        };
        assert_eq!(reason.word(), "bad-signature");
    }

    #[test]
    fn a_name_outside_of_an_issuers_constraints_is_said_with_the_name() {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Confined", |params| {
            params.name_constraints = Some(rcgen::NameConstraints {
                permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("corp.example".to_owned())],
                excluded_subtrees: Vec::new(),
            });
        });
        let leaf = issuing.leaf(&["shop.example"]);
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        let assessment = judged(&seen, &corp(&[&root.certificate]));
        assert_eq!(rules(&assessment), ["untrusted"]);
        let line = crate::words::message(finding(&assessment, "untrusted").unwrap(), &seen);
        assert!(line.ends_with("may not vouch for shop.example"), "{line}");
        let inside = issuing.leaf(&["shop.corp.example"]);
        let seen = observation("shop.corp.example", &[&inside, &issuing.certificate]);
        assert!(rules(&judged(&seen, &corp(&[&root.certificate]))).is_empty());
    }
}
