//! One sentence for each flaw of a certificate.

use model::finding::{Flaw, WildcardMisuse};
use model::untrusted::Untrusted;

use super::unit::{key, moment, short, span};

pub(super) fn flaw(flaw: &Flaw) -> String {
    match flaw {
        Flaw::IssuerEnding {
            not_after,
            left,
            before_leaf,
        } => {
            let leaf = if *before_leaf {
                ", before the leaf does"
            } else {
                ""
            };
            format!("ends in {}, {}{leaf}", span(*left), moment(*not_after))
        }
        Flaw::LifetimeTooLong { lifetime, limit } => format!(
            "is valid for {}, {} more than the {} allowed when it was issued",
            span(*lifetime),
            span(lifetime.saturating_sub(*limit)),
            span(*limit)
        ),
        Flaw::DatesReversed {
            not_before,
            not_after,
        } => format!(
            "ends, {}, before it begins, {}",
            moment(*not_after),
            moment(*not_before)
        ),
        Flaw::Wildcard { name, misuse } => format!(
            "wildcard {} that clients do not follow: {}",
            short(name),
            wildcard(*misuse)
        ),
        Flaw::InternalName { name, count } => {
            format!(
                "names {}{}, which is not of the public DNS",
                short(name),
                more(*count)
            )
        }
        Flaw::ReservedAddress { address, count } => format!(
            "names {}{}, which is nobody's on the internet",
            short(&Untrusted::new(address.to_string())),
            more(*count)
        ),
        Flaw::CommonNameElsewhere { name } => format!(
            "its common name {} is none of its alternative names, and clients ignore it",
            short(name)
        ),
        other => field(other),
    }
}

const fn wildcard(misuse: WildcardMisuse) -> &'static str {
    match misuse {
        WildcardMisuse::NotAlone => "the star is not the whole leftmost label",
        WildcardMisuse::Several => "more than one star",
        WildcardMisuse::TooWide => "it stands for a whole top-level domain or for everything",
        WildcardMisuse::OnlyCommonName => "only the common name has it, which clients ignore",
    }
}

/// What is wrong with a key or another single field.
fn field(flaw: &Flaw) -> String {
    match flaw {
        Flaw::SmallExponent { exponent } => format!("RSA key with an exponent of {exponent}"),
        Flaw::RocaShaped => {
            "weak key: RSA with the shape of ROCA (CVE-2017-15361), which can be factored".to_owned()
        }
        Flaw::UnusualCurve { kind } => format!("key on a curve that TLS clients do not take ({})", key(kind)),
        Flaw::AnyPurposeOnly => {
            "is for any purpose (anyExtendedKeyUsage) and does not name TLS servers".to_owned()
        }
        Flaw::ClientAuth { since } => format!(
            "is for TLS clients too, which public authorities may not allow since {}",
            moment(*since)
        ),
        Flaw::SerialNotPositive => "has a serial number that is zero or negative".to_owned(),
        Flaw::SerialTooLong { bytes } => {
            format!("has a serial number of {bytes} bytes, at most 20 are allowed")
        }
        Flaw::Version {
            version: version @ (1 | 2),
        } => format!("is of version {version} and has extensions, which version 3 brought"),
        Flaw::Version { version } => format!("is of version {version}, which does not exist"),
        Flaw::KeyUsage { lacks } => {
            format!("its key usage is without {lacks}, which the negotiated key exchange needs")
        }
        Flaw::IssuerEnding { .. }
        | Flaw::LifetimeTooLong { .. }
        | Flaw::DatesReversed { .. }
        | Flaw::Wildcard { .. }
        | Flaw::InternalName { .. }
        | Flaw::ReservedAddress { .. }
        | Flaw::CommonNameElsewhere { .. } => String::new(),
    }
}

fn more(count: usize) -> String {
    match count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::certificate::{Curve, KeyKind};

    use super::*;
    use crate::world::{day, now};

    /// One of each.
    fn all() -> Vec<Flaw> {
        let name = || Untrusted::new(format!("\u{1b}[2J{}", "x".repeat(500)));
        let span = std::time::Duration::from_secs(86_401);
        let wildcard = |misuse| Flaw::Wildcard { name: name(), misuse };
        vec![
            Flaw::IssuerEnding {
                not_after: now(),
                left: span,
                before_leaf: true,
            },
            Flaw::LifetimeTooLong {
                lifetime: span,
                limit: std::time::Duration::from_secs(86_400),
            },
            Flaw::DatesReversed {
                not_before: now(),
                not_after: day(-1),
            },
            Flaw::SmallExponent { exponent: 3 },
            Flaw::RocaShaped,
            Flaw::UnusualCurve {
                kind: KeyKind::Ec(Curve::Secp256k1),
            },
            Flaw::AnyPurposeOnly,
            Flaw::ClientAuth { since: now() },
            wildcard(WildcardMisuse::NotAlone),
            wildcard(WildcardMisuse::Several),
            wildcard(WildcardMisuse::TooWide),
            wildcard(WildcardMisuse::OnlyCommonName),
            Flaw::InternalName {
                name: name(),
                count: 3,
            },
            Flaw::ReservedAddress {
                address: std::net::IpAddr::from([10, 0, 0, 1]),
                count: 1,
            },
            Flaw::SerialNotPositive,
            Flaw::SerialTooLong { bytes: 21 },
            Flaw::Version { version: 1 },
            Flaw::Version { version: 4 },
            Flaw::KeyUsage {
                lacks: "digitalSignature",
            },
            Flaw::CommonNameElsewhere { name: name() },
        ]
    }

    #[test]
    fn each_has_a_sentence_of_its_own_that_is_short_and_safe() {
        let said: BTreeSet<_> = all().iter().map(flaw).collect();
        assert_eq!(said.len(), all().len());
        for line in &said {
            assert!(
                !line.is_empty() && line.len() <= 160 && !line.chars().any(char::is_control),
                "{line}"
            );
        }
        assert!(said.contains("is valid for 1 d, 1 s more than the 1 d allowed when it was issued"));
        assert!(
            said.iter()
                .any(|line| line.contains("(and 2 more), which is not of the public DNS"))
        );
    }
}
