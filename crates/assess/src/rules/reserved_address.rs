//! A publicly trusted certificate names an address that is nobody's on the internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::certificate::GeneralName;
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "reserved-address",
    title: "A publicly trusted certificate names an address that is nobody's on the internet",
    severity: Severity::Warning,
    explanation: "Private, loopback, link-local, shared, documentation, multicast and future addresses are in every \
                  network or in none, so that no authority can know to whom it gives them; it has to revoke the certificate. Asked \
                  only of chains that a public store trusts",
    citation: "CA/Browser Forum Baseline Requirements section 7.1.2.7.12; RFC 6890 and IANA's registries of special addresses",
    remedy: "use a name below a domain of your own, or an authority of your own",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(names) = case
        .leaf_facts()
        .and_then(|facts| facts.subject_alt_names.as_deref())
    else {
        return;
    };
    let mut reserved = names.iter().filter_map(|name| match name {
        GeneralName::Address(address) if is_reserved(*address) => Some(*address),
        _ => None,
    });
    let Some(address) = reserved.next().filter(|_| case.is_public()) else {
        return;
    };
    let count = reserved.count().saturating_add(1);
    let reason = Reason::Flaw(Flaw::ReservedAddress { address, count });
    found.push(case.about_leaf(&RULE, Severity::Warning, reason));
}

const fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_reserved_v4(address),
        IpAddr::V6(address) => is_reserved_v6(address),
    }
}

const fn is_reserved_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        // "This network", private, shared (RFC 6598), loopback, link-local.
        [0 | 10 | 127, ..] | [100, 64..=127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => {
            true
        }
        // IETF assignments, documentation, benchmarks.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18 | 19, ..] => true,
        // Multicast, future, broadcast.
        [224..=255, ..] => true,
        _ => false,
    }
}

const fn is_reserved_v6(address: Ipv6Addr) -> bool {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_reserved_v4(mapped);
    }
    match address.segments() {
        // Unspecified, loopback and what was compatible; discard.
        [0, 0, 0, 0, 0, 0, ..] | [0x100, 0, 0, 0, ..] => true,
        // Documentation (RFC 3849, RFC 9637).
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        // Unique local, link-local, formerly site-local, multicast.
        [0xfc00..=0xfdff | 0xfe80..=0xfeff | 0xff00..=0xffff, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Good, judged, rules};

    #[test]
    fn the_edges_of_the_blocks() {
        let reserved = |address: &str| is_reserved(address.parse().unwrap());
        for address in [
            "10.0.0.1",
            "172.16.0.0",
            "172.31.255.255",
            "192.168.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.0",
            "100.127.255.255",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(reserved(address), "{address}");
        }
        for address in [
            "1.1.1.1",
            "172.15.255.255",
            "172.32.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1",
            "2001:db7::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(!reserved(address), "{address}");
        }
    }

    #[test]
    fn it_is_said_of_public_authorities_alone() {
        let good = Good::new();
        let names = ["shop.example", "10.0.0.1", "1.1.1.1"];
        assert_eq!(
            rules(&good.judged_public_leaf(&names, |_| {})),
            ["reserved-address"]
        );
        let leaf = good.issuing.leaf(&names);
        assert!(rules(&judged(&good.with_leaf(&leaf), &good.stores())).is_empty());
        assert!(rules(&good.judged_public_leaf(&["shop.example", "1.1.1.1"], |_| {})).is_empty());
    }
}
