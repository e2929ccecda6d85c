//! A key that can be broken, or nearly so.

use model::certificate::{Curve, KeyKind};
use model::finding::{Finding, KeyWeakness, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "weak-key",
    title: "A key in the chain is weak",
    severity: Severity::Critical,
    explanation: "RSA below 2048 bits or with an exponent of 1 or an even one, elliptic curves below 256 bits or with \
                  parameters of their own, and DSA at all. Trust anchors are not looked at, nor what the best path does without",
    citation: "CA/Browser Forum Baseline Requirements section 6.1.5; NIST SP 800-57 part 1; RFC 5480 section 2.1.1",
    remedy: "make a new key (P-256, or RSA of 2048 bits) and issue the certificate anew with it",
    check,
};

/// Bits of an RSA or DSA modulus that are still enough.
const LEAST_MODULUS: u32 = 2048;
/// Bits of an elliptic curve that are still enough.
const LEAST_CURVE: u32 = 256;

/// Named curves below [`LEAST_CURVE`], by OID, with their bits (SEC 2, ANSI X9.62, RFC 5639).
const SMALL_CURVES: &[(&str, u32)] = &[
    ("1.2.840.10045.3.1.1", 192),
    ("1.2.840.10045.3.1.4", 239),
    ("1.3.132.0.1", 163),
    ("1.3.132.0.6", 112),
    ("1.3.132.0.8", 160),
    ("1.3.132.0.9", 160),
    ("1.3.132.0.15", 163),
    ("1.3.132.0.26", 233),
    ("1.3.132.0.27", 233),
    ("1.3.132.0.28", 128),
    ("1.3.132.0.30", 160),
    ("1.3.132.0.31", 192),
    ("1.3.132.0.32", 224),
    ("1.3.132.0.33", 224),
    ("1.3.36.3.3.2.8.1.1.1", 160),
    ("1.3.36.3.3.2.8.1.1.3", 192),
    ("1.3.36.3.3.2.8.1.1.5", 224),
];

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        if place > 0 && case.stores.holding(certificate.fingerprint()) != 0 {
            continue;
        }
        let kind = &certificate.facts().public_key.kind;
        if let Some((severity, weakness)) = weakness(kind) {
            let reason = Reason::WeakKey {
                kind: kind.clone(),
                weakness,
            };
            found.push(Finding {
                rule: RULE.id,
                severity,
                subject: case.place(place),
                reason,
            });
        }
    }
}

/// What is weak about a key, and how much it matters.
pub(crate) fn weakness(kind: &KeyKind) -> Option<(Severity, KeyWeakness)> {
    match kind {
        KeyKind::Rsa { exponent, .. } if *exponent < 2 || exponent.is_multiple_of(2) => {
            Some((Severity::Critical, KeyWeakness::Exponent))
        }
        KeyKind::Rsa { bits, .. } if *bits < LEAST_MODULUS => Some((
            Severity::Critical,
            KeyWeakness::Short {
                bits: *bits,
                least: LEAST_MODULUS,
            },
        )),
        KeyKind::Dsa { .. } => Some((Severity::Critical, KeyWeakness::Algorithm)),
        KeyKind::Ec(Curve::Explicit) => Some((Severity::Critical, KeyWeakness::ExplicitCurve)),
        KeyKind::Ec(Curve::Named(oid)) => {
            let dotted = oid.to_string();
            let (_, bits) = *SMALL_CURVES.iter().find(|(small, _)| *small == dotted)?;
            // 224 bits are 112 of strength: not forbidden yet, and supported hardly anywhere.
            let severity = if bits < 224 {
                Severity::Critical
            } else {
                Severity::Warning
            };
            Some((
                severity,
                KeyWeakness::Short {
                    bits,
                    least: LEAST_CURVE,
                },
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::certificate::Oid;
    use rcgen::{KeyPair, PKCS_RSA_SHA256};

    use super::*;
    use crate::world::{Good, judged, rules};

    fn rsa(bits: u32, exponent: u64) -> Option<(Severity, KeyWeakness)> {
        weakness(&KeyKind::Rsa {
            bits,
            exponent,
            pss: false,
        })
    }

    #[test]
    fn short_keys_and_odd_exponents() {
        assert_eq!(
            rsa(1024, 65_537),
            Some((
                Severity::Critical,
                KeyWeakness::Short {
                    bits: 1024,
                    least: 2048
                }
            ))
        );
        assert_eq!(
            rsa(2047, 65_537).map(|(severity, _)| severity),
            Some(Severity::Critical)
        );
        assert_eq!(rsa(4096, 1), Some((Severity::Critical, KeyWeakness::Exponent)));
        assert_eq!(
            rsa(4096, 65_536),
            Some((Severity::Critical, KeyWeakness::Exponent))
        );
        assert_eq!(
            weakness(&KeyKind::Dsa { bits: 4096 }).map(|(severity, _)| severity),
            Some(Severity::Critical)
        );
        let curve = |oid: &str| {
            weakness(&KeyKind::Ec(Curve::Named(Oid::from_dotted(oid).unwrap()))).map(|(severity, _)| severity)
        };
        assert_eq!(curve("1.3.132.0.33"), Some(Severity::Warning));
        assert_eq!(curve("1.2.840.10045.3.1.1"), Some(Severity::Critical));
        assert_eq!(
            curve("1.3.36.3.3.2.8.1.1.7"),
            None,
            "brainpoolP256r1 is long enough"
        );
        assert!(weakness(&KeyKind::Ec(Curve::Explicit)).is_some());
    }

    #[test]
    fn present_keys_are_fine() {
        assert_eq!(rsa(2048, 65_537), None);
        assert_eq!(
            rsa(3072, 3),
            None,
            "an exponent of 3 is old-fashioned, not broken, in signatures"
        );
        assert_eq!(weakness(&KeyKind::Ec(Curve::P256)), None);
        assert_eq!(weakness(&KeyKind::Ed25519), None);
    }

    #[test]
    fn an_rsa_leaf_of_2048_bits_raises_nothing() {
        let good = Good::new();
        let leaf = good.issuing.leaf_of(
            &KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(),
            &["shop.example"],
            |_| {},
        );
        assert!(rules(&judged(&good.with_leaf(&leaf), &good.stores())).is_empty());
    }
}
