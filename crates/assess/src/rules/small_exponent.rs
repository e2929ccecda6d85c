//! An RSA exponent that is smaller than the usual.

use model::certificate::KeyKind;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "small-exponent",
    title: "The RSA key has an exponent below 65537",
    severity: Severity::Note,
    explanation: "Not broken by itself, but careless software has verified forged signatures under an exponent of 3 \
                  (Bleichenbacher 2006, CVE-2014-1568). An exponent of 1 or an even one is `weak-key`",
    citation: "CA/Browser Forum Baseline Requirements section 6.1.6; NIST SP 800-89 section 5.3.3",
    remedy: "make the next key with the exponent 65537",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(KeyKind::Rsa { exponent, .. }) = case.leaf_facts().map(|facts| &facts.public_key.kind) else {
        return;
    };
    if is_small(*exponent) {
        let reason = Reason::Flaw(Flaw::SmallExponent { exponent: *exponent });
        found.push(case.about_leaf(&RULE, Severity::Note, reason));
    }
}

const fn is_small(exponent: u64) -> bool {
    exponent >= 3 && exponent < 65_537 && !exponent.is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use rcgen::{KeyPair, PKCS_RSA_SHA256};

    use super::*;
    use crate::world::{Good, judged, read, severity};

    #[test]
    fn an_exponent_of_3_in_a_leaf_is_a_note() {
        let good = Good::new();
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let leaf = good.issuing.leaf_of(&key, &["shop.example"], |_| {});
        assert_eq!(
            severity(&judged(&good.with_leaf(&leaf), &good.stores()), RULE.id),
            None
        );
        let mut der = leaf.der().to_vec();
        let at = der
            .windows(5)
            .position(|window| window == [2, 3, 1, 0, 1])
            .unwrap();
        der[at + 2..at + 5].copy_from_slice(&[0x40, 0, 3]);
        let assessment = judged(&good.with_leaf(&read(&der)), &good.stores());
        assert_eq!(severity(&assessment, RULE.id), None, "0x400003 is large");
        der[at + 2..at + 5].copy_from_slice(&[0, 0xff, 0xff]);
        let assessment = judged(&good.with_leaf(&read(&der)), &good.stores());
        assert_eq!(severity(&assessment, RULE.id), Some(Severity::Note));
    }

    #[test]
    fn the_limits() {
        assert!(is_small(3) && is_small(65_535));
        assert!(!is_small(65_537) && !is_small(u64::MAX));
        assert!(!is_small(1) && !is_small(4), "those are weak");
    }
}
