//! Signed with a broken hash.

use std::sync::Arc;

use model::certificate::Certificate;
use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::signature::is_broken;

pub(super) static RULE: Rule = Rule {
    id: "weak-signature",
    title: "A certificate in the chain is signed with a broken hash",
    severity: Severity::Critical,
    explanation: "Collisions for MD5 (2004) and SHA-1 (2017) let others be issued under the same signature; present \
                  clients refuse them. The signature on a root means nothing and is not looked at, nor are certificates that the \
                  best path does without",
    citation: "CA/Browser Forum Baseline Requirements section 7.1.3.2; RFC 9155",
    remedy: "have the certificate issued anew with SHA-256, by an intermediate that is signed so too",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        let facts = certificate.facts();
        if !is_broken(&facts.signature_algorithm) {
            continue;
        }
        // One that issues itself anew stands below the anchor, and counts.
        let is_root = place > 0 && facts.self_issued() && !is_below(case, certificate);
        let is_held = case.stores.holding(certificate.fingerprint()) != 0;
        if is_root || is_held {
            continue;
        }
        let reason = Reason::WeakSignature {
            algorithm: facts.signature_algorithm.clone(),
        };
        found.push(Finding {
            rule: RULE.id,
            severity: Severity::Critical,
            subject: case.place(place),
            reason,
        });
    }
    unsent(case, found);
}

/// Whether a certificate is on a path by which a store trusts the chain, and not its end.
fn is_below(case: &Case<'_>, certificate: &Arc<Certificate>) -> bool {
    let mut below = case
        .paths()
        .filter_map(|path| path.split_last().map(|(_, below)| below));
    below.any(|below| below.contains(certificate))
}

/// What clients add to the chain by themselves is verified like the rest of it.
fn unsent(case: &Case<'_>, found: &mut Vec<Finding>) {
    let first = found.len();
    for step in case.unsent() {
        let algorithm = &step.facts().signature_algorithm;
        if !is_broken(algorithm) {
            continue;
        }
        let algorithm = algorithm.clone();
        let finding = case.about(
            &RULE,
            Severity::Critical,
            step,
            Reason::WeakSignature { algorithm },
        );
        if !found.iter().skip(first).any(|said| *said == finding) {
            found.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::certificate::Certificate;
    use rcgen::{KeyPair, PKCS_RSA_SHA256};

    use super::RULE;
    use crate::case::Case;
    use crate::path::{StoreVerdict, Trust};
    use crate::trust_store::StoreKind;
    use crate::world::{Good, corp, judged, observation, read, rules, self_signed, severity};

    /// Writes another hash into both algorithm fields of an RSA certificate: the last byte of 1.2.840.113549.1.1.x.
    fn signed_with(certificate: &Certificate, number: u8) -> Arc<Certificate> {
        let sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
        let mut der = certificate.der().to_vec();
        let places: Vec<usize> = der
            .windows(9)
            .enumerate()
            .filter(|(_, window)| **window == sha256)
            .map(|(at, _)| at + 8)
            .collect();
        assert_eq!(places.len(), 2);
        places.into_iter().for_each(|at| der[at] = number);
        read(&der)
    }

    fn rsa() -> Arc<Certificate> {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let params = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        read(params.self_signed(&key).unwrap().der())
    }

    #[test]
    fn sha1_and_md5_are_broken() {
        let good = Good::new();
        for number in [4, 5] {
            let leaf = signed_with(&rsa(), number);
            let assessment = judged(&observation("shop.example", &[&leaf]), &good.stores());
            assert!(
                severity(&assessment, "weak-signature").is_some(),
                "{:?}",
                rules(&assessment)
            );
        }
    }

    #[test]
    fn sha256_is_not() {
        let good = Good::new();
        assert_eq!(
            severity(&judged(&good.observed(), &good.stores()), "weak-signature"),
            None
        );
    }

    #[test]
    fn what_a_store_holds_needs_no_signature() {
        let leaf = signed_with(&rsa(), 5);
        let assessment = judged(&observation("shop.example", &[&leaf]), &corp(&[&leaf]));
        assert!(assessment.trust[0].is_trusted());
        assert_eq!(severity(&assessment, "weak-signature"), None);
        let behind = self_signed(&["shop.example"], |_| {});
        let sent = observation("shop.example", &[&behind, &leaf]);
        assert_eq!(
            severity(&judged(&sent, &corp(&[&behind])), "weak-signature"),
            None,
            "a root that was sent"
        );
    }

    #[test]
    fn an_issuer_that_was_not_sent_is_looked_at_and_named_once() {
        let good = Good::new();
        let weak = signed_with(&rsa(), 5);
        let seen = observation("shop.example", &[&good.leaf]);
        let verdict = |steps: Vec<Arc<Certificate>>| StoreVerdict {
            store: Arc::from("one"),
            kind: StoreKind::Public,
            outcome: Trust::Trusted { path: steps.into() },
        };
        let said = |middle: &Arc<Certificate>, anchor: &Arc<Certificate>| {
            let path = || vec![Arc::clone(&good.leaf), Arc::clone(middle), Arc::clone(anchor)];
            let trust = [verdict(path()), verdict(path())];
            let stores = good.stores();
            let case = Case::new(&seen, seen.handshake.as_ref(), None, &trust, &stores);
            let mut found = Vec::new();
            (RULE.check)(&case, &mut found);
            found
        };
        let found = said(&weak, &good.root.certificate);
        assert_eq!(found.len(), 1);
        let line = crate::words::message(&found[0], &seen);
        assert!(
            line.contains("which is not sent: signed by RSA with SHA-1"),
            "{line}"
        );
        assert!(
            said(&good.issuing.certificate, &weak).is_empty(),
            "an anchor is not"
        );
    }
}
