//! The server did not prove that it holds the key of its certificate.

use model::finding::{Finding, Reason, Severity};
use model::observation::Proof;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "key-not-proven",
    title: "The server does not prove that it holds the certificate's key",
    severity: Severity::Critical,
    explanation: "The signature over the handshake must verify with the key in the certificate; clients end the \
                  connection otherwise. A note when the signature is of a kind that this program cannot verify",
    citation: "RFC 8446 section 4.4.3; RFC 5246 section 7.4.3",
    remedy: "see that the server's key file belongs to its certificate file, then reload it",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    match case.handshake.map(|handshake| handshake.proof) {
        Some(Proof::Failed(scheme)) => {
            found.push(case.about_leaf(&RULE, Severity::Critical, Reason::KeyNotProven { scheme }));
        }
        Some(Proof::Unverifiable(scheme)) => {
            found.push(case.about_leaf(&RULE, Severity::Note, Reason::KeyUnverifiable { scheme }));
        }
        Some(Proof::Proven(_) | Proof::NotSeen | Proof::NoSignature) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;
    use model::observation::Proof;
    use model::tls::SignatureScheme;

    use crate::world::{Good, judged, severity, with};

    fn said(proof: Proof) -> Option<Severity> {
        let good = Good::new();
        let seen = with(good.observed(), |handshake| handshake.proof = proof);
        severity(&judged(&seen, &good.stores()), "key-not-proven")
    }

    #[test]
    fn a_signature_that_does_not_verify_is_critical() {
        assert_eq!(
            said(Proof::Failed(SignatureScheme(0x0403))),
            Some(Severity::Critical)
        );
    }

    #[test]
    fn one_that_does_is_fine_and_none_was_promised_elsewhere() {
        assert_eq!(said(Proof::Proven(SignatureScheme(0x0403))), None);
        assert_eq!(said(Proof::NotSeen), None);
        assert_eq!(said(Proof::NoSignature), None);
    }

    #[test]
    fn one_that_cannot_be_checked_is_a_note() {
        assert_eq!(
            said(Proof::Unverifiable(SignatureScheme(0x0808))),
            Some(Severity::Note)
        );
    }
}
