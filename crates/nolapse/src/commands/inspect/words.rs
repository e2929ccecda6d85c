//! The names of what stands in certificates as bits and numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use model::certificate::{GeneralName, KeyUsage, Oid};

use crate::names;

/// Key usages by their bits (RFC 5280 section 4.2.1.3), bit 0 first.
const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// The names of the usages that are set.
pub(super) fn key_usages(usage: KeyUsage) -> Vec<&'static str> {
    KEY_USAGES
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| usage.has(1 << bit))
        .map(|(_, name)| name)
        .collect()
}

/// Identifiers with a customary name.
const NAMES: &[(&str, &str)] = &[
    ("1.3.6.1.5.5.7.3.1", "serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "clientAuth"),
    ("1.3.6.1.5.5.7.3.3", "codeSigning"),
    ("1.3.6.1.5.5.7.3.4", "emailProtection"),
    ("1.3.6.1.5.5.7.3.5", "ipsecEndSystem"),
    ("1.3.6.1.5.5.7.3.8", "timeStamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning"),
    ("2.5.29.37.0", "anyExtendedKeyUsage"),
    ("1.3.6.1.4.1.311.20.2.2", "smartcardLogon"),
    ("2.5.29.9", "subjectDirectoryAttributes"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.16", "privateKeyUsagePeriod"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.20", "cRLNumber"),
    ("2.5.29.27", "deltaCRLIndicator"),
    ("2.5.29.28", "issuingDistributionPoint"),
    ("2.5.29.30", "nameConstraints"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.33", "policyMappings"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.36", "policyConstraints"),
    ("2.5.29.37", "extKeyUsage"),
    ("2.5.29.46", "freshestCRL"),
    ("2.5.29.54", "inhibitAnyPolicy"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("1.3.6.1.5.5.7.1.3", "qcStatements"),
    ("1.3.6.1.5.5.7.1.11", "subjectInfoAccess"),
    ("1.3.6.1.5.5.7.1.24", "tlsFeature"),
    ("1.3.6.1.5.5.7.48.1.5", "ocspNoCheck"),
    ("1.3.6.1.4.1.11129.2.4.2", "signedCertificateTimestamps"),
    ("1.3.6.1.4.1.11129.2.4.3", "precertificatePoison"),
    ("2.16.840.1.113730.1.1", "netscapeCertType"),
    ("2.16.840.1.113730.1.13", "netscapeComment"),
    ("2.23.140.1.1", "extended validation"),
    ("2.23.140.1.2.1", "domain validated"),
    ("2.23.140.1.2.2", "organization validated"),
    ("2.23.140.1.2.3", "individual validated"),
    ("2.5.29.32.0", "anyPolicy"),
];

/// The customary name of an identifier, else its dots.
pub(super) fn oid(oid: &Oid) -> String {
    let dotted = oid.to_string();
    match NAMES.iter().find(|(known, _)| *known == dotted) {
        Some((_, name)) => (*name).to_owned(),
        None => dotted,
    }
}

/// Bytes as people compare them: `03:ab:1f`.
pub(super) fn octets(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 {
            out.push(':');
        }
        out.push_str(&hex::encode([*byte]));
    }
    out
}

/// A subtree of name constraints: as any name, but addresses stand with their mask (RFC 5280 section 4.2.1.10).
pub(super) fn subtree(name: &GeneralName) -> String {
    let range = match name {
        GeneralName::OddAddress(bytes) => range(bytes),
        _ => None,
    };
    range.map_or_else(|| names::general(name).into_owned(), |range| range.to_string())
}

fn range(bytes: &[u8]) -> Option<IpNet> {
    let (address, mask): (IpAddr, IpAddr) = match bytes.len() {
        8 => {
            let (address, mask) = bytes.split_first_chunk::<4>()?;
            (
                Ipv4Addr::from(*address).into(),
                Ipv4Addr::from(<[u8; 4]>::try_from(mask).ok()?).into(),
            )
        }
        32 => {
            let (address, mask) = bytes.split_first_chunk::<16>()?;
            (
                Ipv6Addr::from(*address).into(),
                Ipv6Addr::from(<[u8; 16]>::try_from(mask).ok()?).into(),
            )
        }
        _ => return None,
    };
    IpNet::with_netmask(address, mask).ok()
}

/// Bytes of a serial number that are shown; honest ones have at most 20 bytes (RFC 5280 section
/// 4.1.2.2).
const SERIAL_BYTES: usize = 64;

/// A serial number, cut when it is longer than any honest one.
pub(super) fn serial(bytes: &[u8]) -> String {
    match bytes.get(..SERIAL_BYTES) {
        Some(head) if bytes.len() > SERIAL_BYTES => format!("{}... ({} bytes)", octets(head), bytes.len()),
        _ => octets(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_identifier_in_the_table_is_one() {
        for (dotted, name) in NAMES {
            let read = Oid::from_dotted(dotted).unwrap();
            assert_eq!(oid(&read), *name);
        }
        assert_eq!(oid(&Oid::from_dotted("1.2.3").unwrap()), "1.2.3");
    }

    #[test]
    fn subtrees_of_addresses_are_ranges() {
        let odd = |bytes: &[u8]| subtree(&GeneralName::OddAddress(bytes.into()));
        assert_eq!(odd(&[10, 0, 0, 0, 255, 0, 0, 0]), "10.0.0.0/8");
        assert_eq!(odd(&[0; 32]), "::/0");
        assert_eq!(odd(&[10, 0, 0, 0, 255, 0, 255, 0]), "address:0a000000ff00ff00");
        assert_eq!(odd(&[1, 2, 3]), "address:010203");
    }

    #[test]
    fn bits_and_octets_have_their_names() {
        assert_eq!(
            key_usages(KeyUsage(1 | 1 << 5 | 1 << 8)),
            ["digitalSignature", "keyCertSign", "decipherOnly"]
        );
        assert_eq!(serial(&[3, 0xab]), "03:ab");
        assert!(serial(&[1; 1000]).ends_with("(1000 bytes)"));
    }
}
