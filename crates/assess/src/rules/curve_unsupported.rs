//! A key on a curve that TLS clients do not take.

use model::certificate::{Curve, KeyKind};
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "curve-unsupported",
    title: "A key is on an elliptic curve that TLS clients do not take",
    severity: Severity::Warning,
    explanation: "All clients know P-256 and P-384. P-521 is a note: Chrome does not take it, and public authorities hardly \
                  issue for it. secp256k1, the brainpool curves and others are in no browser, so that public stores refuse a leaf with \
                  one; a store of your own takes it, since its clients may, and it is a warning. Short curves are `weak-key`",
    citation: "RFC 8422 section 5.1.1; RFC 8446 section 4.2.3; CA/Browser Forum Baseline Requirements section 6.1.5",
    remedy: "make a new key on P-256 and issue the certificate anew with it",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        let kind = &certificate.facts().public_key.kind;
        let Some(severity) = severity(kind) else {
            continue;
        };
        let refusal = case
            .refusal()
            .filter(|refusal| refusal.is_about_curve_of(certificate));
        let severity = refusal.map_or(severity, |refusal| refusal.severity.max(severity));
        let reason = Reason::Flaw(Flaw::UnusualCurve { kind: kind.clone() });
        found.push(Finding {
            rule: RULE.id,
            severity,
            subject: case.place(place),
            reason,
        });
    }
}

/// How much it matters that a key is of this kind.
fn severity(kind: &KeyKind) -> Option<Severity> {
    match kind {
        KeyKind::Ec(Curve::P521) => Some(Severity::Note),
        KeyKind::Ec(Curve::Secp256k1) => Some(Severity::Warning),
        KeyKind::Ec(Curve::Named(_)) if super::weakness(kind).is_none() => Some(Severity::Warning),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::certificate::Oid;
    use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};

    use super::*;
    use crate::world::{Good, judged, read, rules};

    /// Writes another curve into the key of a leaf of P-384: the last byte of 1.3.132.0.x.
    fn leaf_on(good: &Good, curve: u8) -> Vec<&'static str> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        let leaf = good.issuing.leaf_of(&key, &["shop.example"], |_| {});
        let mut der = leaf.der().to_vec();
        let at = der
            .windows(5)
            .position(|window| window == [0x2b, 0x81, 4, 0, 34])
            .unwrap();
        der[at + 4] = curve;
        rules(&judged(&good.with_leaf(&read(&der)), &good.stores()))
    }

    #[test]
    fn curves_of_no_browser() {
        let good = Good::new();
        assert!(leaf_on(&good, 10).contains(&"curve-unsupported"));
        assert!(leaf_on(&good, 35).contains(&"curve-unsupported"));
        assert!(!leaf_on(&good, 34).contains(&"curve-unsupported"));
        let short = leaf_on(&good, 33);
        assert!(short.contains(&"weak-key") && !short.contains(&"curve-unsupported"));
    }

    #[test]
    fn how_much_it_matters() {
        let named = |oid: &str| severity(&KeyKind::Ec(Curve::Named(Oid::from_dotted(oid).unwrap())));
        assert_eq!(
            named("1.3.36.3.3.2.8.1.1.7"),
            Some(Severity::Warning),
            "brainpoolP256r1"
        );
        assert_eq!(named("1.3.132.0.33"), None, "P-224 is too short already");
        assert_eq!(severity(&KeyKind::Ec(Curve::P521)), Some(Severity::Note));
        assert_eq!(severity(&KeyKind::Ec(Curve::P256)), None);
        assert_eq!(severity(&KeyKind::Ec(Curve::Explicit)), None, "weak-key says it");
        assert_eq!(severity(&KeyKind::Ed25519), None);
    }
}
