//! When a claimed certificate is one that is there.
//!
//! A claim (of an account's list, of a table) and a whole certificate come in, yes or no comes out. It is asked anew
//! whenever somebody wants to know, so that it does not matter which of the two was learnt first.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{CertificateRow, ClaimRow};

/// Whether the whole certificate is the one that is claimed: serial numbers equal where one is claimed, otherwise the
/// names; the claimed dates equal to the day; the claimed issuer compatible. A claim without serial and without names
/// fits nothing.
pub fn fits(claim: &ClaimRow, certificate: &CertificateRow) -> bool {
    let is_known = match &claim.serial {
        Some(serial) => **serial == *without_sign(&certificate.serial),
        None => !claim.names.is_empty() && same_names(&claim.names, &certificate.names),
    };
    is_known
        && same_day(claim.not_before, certificate.not_before)
        && same_day(claim.not_after, certificate.not_after)
        && claim.issuer.as_ref().is_none_or(|issuer| {
            issuer_is_compatible(issuer.raw(), certificate.issuer.raw()) || claim.serial.is_none()
        })
}

/// The bytes of a serial number without the octet that only says that it is positive.
pub fn without_sign(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

fn same_day(claimed: Option<Timestamp>, found: Option<Timestamp>) -> bool {
    const DAY: i64 = 86_400;
    match (claimed, found) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(claimed), Some(found)) => {
            claimed.as_second().div_euclid(DAY) == found.as_second().div_euclid(DAY)
        }
    }
}

fn same_names(claimed: &[Box<str>], found: &[Box<str>]) -> bool {
    let set = |names: &[Box<str>]| -> BTreeSet<String> {
        names.iter().map(|name| name.to_ascii_lowercase()).collect()
    };
    set(claimed) == set(found)
}

/// Whether what a list calls the issuer can be the issuer of the certificate: one text holds the other's common name or
/// organisation, without regard to letter case. Accounts write "DigiCert" or "DigiCert Global G2 TLS RSA SHA256 2020
/// CA1" where the certificate has a whole distinguished name; a serial number that agrees with dates and a contradicting
/// issuer is another authority's certificate.
fn issuer_is_compatible(claimed: &str, found: &str) -> bool {
    let claimed = claimed.trim().to_ascii_lowercase();
    let found = found.to_ascii_lowercase();
    if claimed.is_empty() || found.contains(&claimed) {
        return true;
    }
    // A distinguished name is claimed, perhaps in another order or spelling: its common name decides.
    let common_name = claimed
        .split(',')
        .map(str::trim)
        .find_map(|part| part.strip_prefix("cn="))
        .or_else(|| {
            claimed
                .split(',')
                .map(str::trim)
                .find_map(|part| part.strip_prefix("o="))
        });
    common_name.is_some_and(|name| found.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::RowId;
    use crate::{Fingerprint, Untrusted};

    fn certificate() -> CertificateRow {
        CertificateRow {
            id: RowId(1),
            fingerprint: Fingerprint::of(b"x"),
            subject: Untrusted::new("CN=a.example"),
            issuer: Untrusted::new("CN=DigiCert Global G2,O=DigiCert Inc,C=US"),
            common_name: Some(Untrusted::new("a.example")),
            serial: [0, 0xab, 1].into(),
            not_before: Some("2026-01-01T10:00:00Z".parse().unwrap()),
            not_after: Some("2026-03-01T09:59:59Z".parse().unwrap()),
            key: "EC P-256".into(),
            spki: Fingerprint::of(b"key"),
            is_ca: false,
            is_self_issued: false,
            names: vec!["a.example".into(), "b.example".into()],
            first_known: Timestamp::UNIX_EPOCH,
            told: Vec::new(),
        }
    }

    fn claim() -> ClaimRow {
        ClaimRow {
            id: RowId(1),
            issuer: None,
            serial: Some([0xab, 1].into()),
            common_name: None,
            names: Vec::new(),
            not_before: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            not_after: Some("2026-03-01T23:59:59Z".parse().unwrap()),
            told: Vec::new(),
            fits: None,
        }
    }

    #[test]
    fn a_serial_number_and_the_days_decide() {
        assert!(fits(&claim(), &certificate()));
        let mut other = claim();
        other.serial = Some([0xab, 2].into());
        assert!(!fits(&other, &certificate()));
        let mut later = claim();
        later.not_after = Some("2026-03-02T00:00:00Z".parse().unwrap());
        assert!(!fits(&later, &certificate()));
    }

    #[test]
    fn without_a_serial_number_the_names_decide() {
        let mut named = claim();
        named.serial = None;
        assert!(!fits(&named, &certificate()), "a claim of nothing fits nothing");
        named.names = vec!["B.example".into(), "a.example".into()];
        assert!(fits(&named, &certificate()));
        named.names.push("c.example".into());
        assert!(!fits(&named, &certificate()));
    }

    #[test]
    fn another_authority_with_the_same_number_is_another_certificate() {
        let mut claimed = claim();
        for compatible in [
            "DigiCert Global G2",
            "digicert inc",
            "CN=DigiCert Global G2, O=DigiCert",
        ] {
            claimed.issuer = Some(Untrusted::new(compatible));
            assert!(fits(&claimed, &certificate()), "{compatible}");
        }
        claimed.issuer = Some(Untrusted::new("Example CA"));
        assert!(!fits(&claimed, &certificate()));
    }
}
