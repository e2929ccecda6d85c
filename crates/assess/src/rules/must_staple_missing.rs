//! The leaf demands a staple and none was sent.

use model::finding::{Finding, Reason, Severity};
use model::observation::Depth;
use model::tls::Version;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "must-staple-missing",
    title: "The certificate demands a stapled OCSP answer and none is sent",
    severity: Severity::Warning,
    explanation: "Clients that honour the demand, such as Firefox, refuse the connection",
    citation: "RFC 7633 section 4.2.3",
    remedy: "switch on OCSP stapling, or issue the certificate anew without the demand",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(handshake) = case.handshake.filter(|handshake| handshake.staple.is_none()) else {
        return;
    };
    // In TLS 1.2 the staple follows the certificate, and a glance does not wait for it.
    let could_be_seen = case.observation.depth == Depth::Full || handshake.version >= Version::TLS13;
    if could_be_seen && !case.is_stopped() && case.leaf_facts().is_some_and(|facts| facts.must_staple) {
        found.push(case.about_leaf(&RULE, Severity::Warning, Reason::NoStaple));
    }
}

#[cfg(test)]
mod tests {
    use model::observation::Depth;
    use model::tls::Version;
    use rcgen::CustomExtension;

    use crate::world::{Good, judged, observation, rules, with};

    fn demanding(good: &Good) -> model::Observation {
        let leaf = good.issuing.leaf_with(&["shop.example"], |params| {
            let feature =
                CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
            params.custom_extensions.push(feature);
        });
        observation("shop.example", &[&leaf, &good.issuing.certificate])
    }

    #[test]
    fn a_demand_without_a_staple() {
        let good = Good::new();
        assert_eq!(
            rules(&judged(&demanding(&good), &good.stores())),
            ["must-staple-missing"]
        );
    }

    #[test]
    fn a_staple_satisfies_it() {
        let good = Good::new();
        let seen = with(demanding(&good), |handshake| {
            handshake.staple = Some(Box::from([0x30]))
        });
        // Whether the staple counts is said by another rule.
        assert_eq!(rules(&judged(&seen, &good.stores())), ["ocsp-staple-invalid"]);
    }

    #[test]
    fn a_glance_at_tls12_cannot_tell() {
        let good = Good::new();
        let mut seen = with(demanding(&good), |handshake| handshake.version = Version::TLS12);
        seen.depth = Depth::Glance;
        assert!(rules(&judged(&seen, &good.stores())).is_empty());
    }
}
