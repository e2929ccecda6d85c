//! Whose an address is, and to which addresses nobody connects.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::line::Holder;

/// Networks that are declared to be ours, in groups.
#[derive(Clone, Debug, Default)]
pub struct Networks(Vec<(IpNet, Option<String>)>);

impl Networks {
    /// Adds a network, to a group if it has one.
    pub fn add(&mut self, network: IpNet, group: Option<String>) {
        self.0.push((network, group));
    }

    /// Whether nobody declared any.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose the address is; nothing when no network was declared at all. The narrowest network decides.
    pub fn holder(&self, address: IpAddr) -> Option<Holder<'_>> {
        if self.0.is_empty() {
            return None;
        }
        // `::ffff:192.0.2.9` is at 192.0.2.9.
        let address = address.to_canonical();
        let narrowest = self
            .0
            .iter()
            .filter(|(network, _)| network.contains(&address))
            .max_by_key(|(network, _)| network.prefix_len());
        Some(narrowest.map_or(Holder::Foreign, |(_, group)| Holder::Ours(group.as_deref())))
    }
}

/// Why nobody connects to an address; nothing when one may. Private, shared and loopback addresses may be meant: an internal
/// zone is full of them.
pub fn forbidden(address: IpAddr) -> Option<&'static str> {
    let address = address.to_canonical();
    match address {
        // RFC 1122 section 3.2.1.3, RFC 6890.
        IpAddr::V4(v4) if v4.octets().starts_with(&[0]) => Some("this host on this network (0.0.0.0/8)"),
        IpAddr::V4(Ipv4Addr::BROADCAST) => Some("the broadcast address"),
        IpAddr::V4(v4) if v4.is_multicast() => Some("a multicast address"),
        // RFC 1112 section 4: class E was never given out.
        IpAddr::V4(v4) if v4.octets().first().is_some_and(|octet| *octet >= 240) => {
            Some("a reserved address (240.0.0.0/4)")
        }
        IpAddr::V6(v6) if v6.is_unspecified() => Some("the unspecified address (::)"),
        IpAddr::V6(v6) if v6.is_multicast() => Some("a multicast address"),
        // RFC 4007 section 6: without the link it is no address, and a record cannot name the link.
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            Some("a link-local address (fe80::/10), which says no link")
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_addresses_are_nobodys() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "::",
            "ff02::1",
            "fe80::1",
            "::ffff:0.0.0.0",
        ] {
            assert!(forbidden(address.parse().unwrap()).is_some(), "{address}");
        }
        for address in ["127.0.0.1", "10.0.0.0", "192.0.2.255", "::1", "169.254.169.254"] {
            assert!(forbidden(address.parse().unwrap()).is_none(), "{address}");
        }
    }

    #[test]
    fn the_narrowest_network_decides() {
        let mut networks = Networks::default();
        let address = "192.0.2.130".parse().unwrap();
        assert_eq!(networks.holder(address), None);
        networks.add("192.0.2.0/24".parse().unwrap(), None);
        networks.add("192.0.2.128/25".parse().unwrap(), Some("berlin".to_owned()));
        assert_eq!(networks.holder(address), Some(Holder::Ours(Some("berlin"))));
        assert_eq!(
            networks.holder("192.0.2.1".parse().unwrap()),
            Some(Holder::Ours(None))
        );
        assert_eq!(
            networks.holder("198.51.100.1".parse().unwrap()),
            Some(Holder::Foreign)
        );
    }
}
