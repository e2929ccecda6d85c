//! A weak cipher suite or a small Diffie-Hellman group was negotiated.

use model::finding::{CipherWeakness, Finding, Reason, Severity};
use model::tls::CipherSuite;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "weak-cipher",
    title: "The server negotiates a weak cipher suite",
    severity: Severity::Critical,
    explanation: "Critical: no encryption, no authentication, export, RC4, DES, and Diffie-Hellman below 1024 bits. A \
                  warning: 3DES, and Diffie-Hellman below 2048 bits",
    citation: "RFC 9325 section 4; RFC 7465; RFC 8429",
    remedy: "allow suites with AES-GCM or ChaCha20 and ECDHE only",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(handshake) = case.handshake.filter(|_| case.is_main()) else {
        return;
    };
    let cipher = handshake.cipher;
    // A server without a certificate is reported by the rule `anonymous`: one cause, one finding.
    let is_said =
        |weakness: &CipherWeakness| *weakness == CipherWeakness::Anonymous && handshake.chain.is_empty();
    if let Some((severity, weakness)) = weakness(cipher).filter(|(_, weakness)| !is_said(weakness)) {
        found.push(Case::about_endpoint(
            &RULE,
            severity,
            Reason::WeakCipher { cipher, weakness },
        ));
    }
    if let Some(bits) = handshake.dh_bits.filter(|bits| *bits < 2048) {
        // Logjam broke 512 bits in a minute and put 1024 within reach of states.
        let severity = if bits < 1024 {
            Severity::Critical
        } else {
            Severity::Warning
        };
        found.push(Case::about_endpoint(&RULE, severity, Reason::SmallDh { bits }));
    }
}

/// By the registered name, whose parts say what it is made of; worst first.
fn weakness(cipher: CipherSuite) -> Option<(Severity, CipherWeakness)> {
    let name = cipher.name()?;
    let parts = [
        ("WITH_NULL", CipherWeakness::Null),
        ("_anon_", CipherWeakness::Anonymous),
        ("EXPORT", CipherWeakness::Export),
        ("WITH_RC4", CipherWeakness::Rc4),
        ("3DES", CipherWeakness::TripleDes),
        ("DES40", CipherWeakness::Export),
        ("WITH_DES", CipherWeakness::Des),
        ("WITH_RC2", CipherWeakness::Des),
    ];
    let (_, weakness) = *parts.iter().find(|(part, _)| name.contains(part))?;
    let severity = if weakness == CipherWeakness::TripleDes {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Some((severity, weakness))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Good, judged, rules, severity, with};

    #[test]
    fn broken_suites_are_told_apart() {
        let said = |number| weakness(CipherSuite(number)).map(|(_, weakness)| weakness);
        assert_eq!(said(0x0002), Some(CipherWeakness::Null));
        assert_eq!(said(0x0003), Some(CipherWeakness::Export));
        assert_eq!(said(0x0018), Some(CipherWeakness::Anonymous));
        assert_eq!(said(0x0005), Some(CipherWeakness::Rc4));
        assert_eq!(said(0x0009), Some(CipherWeakness::Des));
        assert_eq!(
            weakness(CipherSuite(0x000a)),
            Some((Severity::Warning, CipherWeakness::TripleDes))
        );
    }

    #[test]
    fn present_suites_are_fine() {
        for number in [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xcca8, 0x009c] {
            assert_eq!(weakness(CipherSuite(number)), None, "{number:04x}");
        }
        assert_eq!(
            weakness(CipherSuite(0xffff)),
            None,
            "a number without a name is not guessed at"
        );
    }

    #[test]
    fn small_groups_are_said_beside_the_suite() {
        let good = Good::new();
        let said = |bits| {
            let seen = with(good.observed(), |handshake| handshake.dh_bits = Some(bits));
            severity(&judged(&seen, &good.stores()), "weak-cipher")
        };
        assert_eq!(said(512), Some(Severity::Critical));
        assert_eq!(said(1024), Some(Severity::Warning));
        assert_eq!(said(2048), None);
        let both = with(good.observed(), |handshake| {
            handshake.cipher = CipherSuite(0x0014);
            handshake.dh_bits = Some(512);
        });
        assert_eq!(
            rules(&judged(&both, &good.stores())),
            ["weak-cipher", "weak-cipher"]
        );
    }
}
