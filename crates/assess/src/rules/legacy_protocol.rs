//! An old protocol version was negotiated.

use model::finding::{Finding, Reason, Severity};
use model::tls::Version;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "legacy-protocol",
    title: "The server negotiates an old protocol version at best",
    severity: Severity::Critical,
    explanation: "SSL 3.0 is critical: no client speaks it any more. TLS 1.0 and 1.1 are a warning: browsers refuse \
                  them, many programs still do not",
    citation: "RFC 8996; RFC 7568",
    remedy: "switch on TLS 1.2 and 1.3, and switch off what is older",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(version) = case
        .handshake
        .filter(|_| case.is_main())
        .map(|handshake| handshake.version)
    else {
        return;
    };
    let severity = match version {
        version if version <= Version::SSL3 => Severity::Critical,
        Version::TLS10 | Version::TLS11 => Severity::Warning,
        _ => return,
    };
    found.push(Case::about_endpoint(
        &RULE,
        severity,
        Reason::LegacyProtocol { version },
    ));
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;
    use model::tls::Version;

    use crate::world::{Good, judged, severity, with};

    fn said(version: Version) -> Option<Severity> {
        let good = Good::new();
        let seen = with(good.observed(), |handshake| handshake.version = version);
        severity(&judged(&seen, &good.stores()), "legacy-protocol")
    }

    #[test]
    fn the_older_the_worse() {
        assert_eq!(said(Version::SSL3), Some(Severity::Critical));
        assert_eq!(said(Version::TLS10), Some(Severity::Warning));
        assert_eq!(said(Version::TLS11), Some(Severity::Warning));
    }

    #[test]
    fn present_versions_are_fine() {
        assert_eq!(said(Version::TLS12), None);
        assert_eq!(said(Version::TLS13), None);
    }

    #[test]
    fn ssl2_and_versions_to_come() {
        assert_eq!(said(Version(0x0002)), Some(Severity::Critical));
        assert_eq!(said(Version(0x0305)), None);
    }
}
