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
            "is valid for {} s, {} s more than the {} allowed when it was issued",
            lifetime.as_secs(),
            lifetime.saturating_sub(*limit).as_secs(),
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
        Flaw::Wildcard { name, misuse } => {
            let why = match misuse {
                WildcardMisuse::NotAlone => "the star is not the whole leftmost label",
                WildcardMisuse::Several => "more than one star",
                WildcardMisuse::TooWide => "it stands for a whole top-level domain or for everything",
                WildcardMisuse::OnlyCommonName => "only the common name has it, which clients ignore",
            };
            format!("wildcard {} that clients do not follow: {why}", short(name))
        }
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
        Flaw::SerialNotPositive => "has a serial number that is zero or negative".to_owned(),
        Flaw::SerialTooLong { bytes } => {
            format!("has a serial number of {bytes} bytes, at most 20 are allowed")
        }
        Flaw::Version {
            version: version @ (1 | 2),
        } => {
            format!("is of version {version} and has extensions, which version 3 brought")
        }
        Flaw::Version { version } => format!("is of version {version}, which does not exist"),
        Flaw::KeyUsage { lacks } => {
            format!("its key usage is without {lacks}, which the negotiated key exchange needs")
        }
        Flaw::CommonNameElsewhere { name } => format!(
            "its common name {} is none of its alternative names, and clients ignore it",
            short(name)
        ),
    }
}

fn more(count: usize) -> String {
    match count.saturating_sub(1) {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    }
}
