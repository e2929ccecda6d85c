//! Plaintext stood behind the go-ahead for TLS.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "starttls-injection",
    title: "The server sends plaintext behind its go-ahead for TLS",
    severity: Severity::Critical,
    explanation: "A client that keeps those bytes takes them for part of the encrypted conversation, and whoever is on \
                  the way can put them there",
    citation: "RFC 3207 section 4.2; CVE-2011-0411; \"Why TLS Is Better Without STARTTLS\" (USENIX Security 2021)",
    remedy: "update the server; nothing may be sent between its go-ahead and the TLS handshake",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    if !case.is_main() {
        return;
    }
    if let Some(text) = &case.observation.early_plaintext {
        let reason = Reason::EarlyPlaintext { text: text.clone() };
        found.push(Case::about_endpoint(&RULE, Severity::Critical, reason));
    }
}

#[cfg(test)]
mod tests {
    use model::observation::{Failure, Stage};
    use model::untrusted::Untrusted;

    use crate::world::{Good, judged, rules, stopped};

    #[test]
    fn bytes_behind_the_go_ahead_are_said() {
        let good = Good::new();
        let mut seen = good.observed();
        seen.early_plaintext = Some(Untrusted::new("250 injected\r\n"));
        assert_eq!(rules(&judged(&seen, &good.stores())), ["starttls-injection"]);
    }

    #[test]
    fn none_are_not() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn also_when_tls_failed_afterwards() {
        let mut seen = stopped(Stage::Handshake, Failure::Closed);
        seen.early_plaintext = Some(Untrusted::new("x"));
        assert_eq!(
            rules(&judged(&seen, &Good::new().stores())),
            ["starttls-injection", "closed"]
        );
    }
}
