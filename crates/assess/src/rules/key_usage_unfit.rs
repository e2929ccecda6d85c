//! The leaf's key usage forbids what the handshake does with its key.

use model::certificate::KeyUsage;
use model::finding::{Finding, Flaw, Reason, Severity};
use model::tls::{KeyExchange, Version};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "key-usage-unfit",
    title: "The certificate's key usage forbids the key exchange that the server negotiates",
    severity: Severity::Critical,
    explanation: "TLS 1.3 and the suites with DHE and ECDHE sign by the certificate's key (`digitalSignature`); those with \
                  RSA key exchange encrypt to it (`keyEncipherment`). Browsers, GnuTLS and NSS refuse what does not fit. Without the \
                  extension everything is allowed",
    citation: "RFC 5280 section 4.2.1.3; RFC 8446 section 4.4.2.2; RFC 5246 section 7.4.2",
    remedy: "issue the certificate with the key usage `digitalSignature`",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some((handshake, usage)) = case
        .handshake
        .zip(case.leaf_facts().and_then(|facts| facts.key_usage))
    else {
        return;
    };
    let (bit, lacks) = match handshake.cipher.key_exchange() {
        _ if handshake.version >= Version::TLS13 => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        KeyExchange::Dhe | KeyExchange::Ecdhe | KeyExchange::RsaExport => {
            (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature")
        }
        KeyExchange::Rsa => (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
        _ => return,
    };
    if !usage.has(bit) {
        let reason = Reason::Flaw(Flaw::KeyUsage { lacks });
        found.push(case.about_leaf(&RULE, Severity::Critical, reason));
    }
}

#[cfg(test)]
mod tests {
    use model::tls::{CipherSuite, Version};
    use rcgen::KeyUsagePurpose;

    use crate::world::{Good, judged, rules, with};

    fn said(usages: Vec<KeyUsagePurpose>, version: Version, cipher: u16) -> Vec<&'static str> {
        let good = Good::new();
        let leaf = good
            .issuing
            .leaf_with(&["shop.example"], |params| params.key_usages = usages);
        let seen = with(good.with_leaf(&leaf), |handshake| {
            handshake.version = version;
            handshake.cipher = CipherSuite(cipher);
        });
        rules(&judged(&seen, &good.stores()))
    }

    #[test]
    fn a_key_for_encryption_alone_may_not_sign() {
        let encryption = || vec![KeyUsagePurpose::KeyEncipherment];
        assert_eq!(said(encryption(), Version::TLS13, 0x1301), ["key-usage-unfit"]);
        assert_eq!(said(encryption(), Version::TLS12, 0xc02f), ["key-usage-unfit"]);
        assert!(said(encryption(), Version::TLS12, 0x009c).is_empty());
    }

    #[test]
    fn a_key_for_signatures_alone_is_not_encrypted_to() {
        let signature = || vec![KeyUsagePurpose::DigitalSignature];
        assert_eq!(said(signature(), Version::TLS12, 0x009c), ["key-usage-unfit"]);
        assert!(said(signature(), Version::TLS13, 0x1301).is_empty());
        assert!(said(signature(), Version::TLS12, 0xc02f).is_empty());
    }

    #[test]
    fn without_the_extension_everything_is_allowed() {
        assert!(said(Vec::new(), Version::TLS13, 0x1301).is_empty());
        assert!(said(Vec::new(), Version::TLS12, 0x009c).is_empty());
    }
}
