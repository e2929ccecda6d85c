//! From a target to the services it stands for, one at a time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::{Target, What};
use crate::endpoint::{Identity, Service};
use crate::name::Name;
use crate::starttls::StartTls;

/// The name sent to the server (RFC 6066 section 3), which may be another than the one that the certificate must bear.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServerNameChoice {
    /// The target's own name; none for an address.
    #[default]
    Default,
    /// None.
    None,
    /// This one. The certificate of a named target must still bear the target's name; that of an address or range must
    /// bear this one, since the address is only where it is asked for.
    Name(Name),
}

pub(super) fn services(
    target: &Target,
    ports: &[u16],
    server_name: ServerNameChoice,
    starttls: Option<StartTls>,
) -> impl Iterator<Item = (Service, Option<IpAddr>)> + use<> {
    let ports = match (target.port, ports, target.scheme) {
        (Some(port), _, _) => vec![port],
        (None, [], Some(scheme)) => vec![scheme.port],
        (None, [], None) => vec![443],
        (None, ports, _) => ports.to_vec(),
    };
    let starttls = target.scheme.map(|scheme| scheme.starttls).or(starttls);
    hosts(&target.what, &server_name).flat_map(move |host| {
        let services = ports.iter().map(|port| {
            let service = Service {
                identity: host.identity.clone(),
                port: *port,
                server_name: host.server_name.clone(),
                starttls: starttls.unwrap_or_else(|| StartTls::for_port(*port)),
            };
            (service, host.address)
        });
        services.collect::<Vec<_>>()
    })
}

/// What the services of one address, or of one name, have in common.
#[derive(Clone)]
struct Host {
    identity: Identity,
    server_name: Option<Name>,
    address: Option<IpAddr>,
}

fn hosts(what: &What, choice: &ServerNameChoice) -> impl Iterator<Item = Host> + use<> {
    let (named, first, last) = match what {
        What::Name { name, address } => {
            let server_name = match choice {
                ServerNameChoice::Default => Some(name.clone()),
                ServerNameChoice::None => None,
                ServerNameChoice::Name(chosen) => Some(chosen.clone()),
            };
            (
                Some(Host {
                    identity: Identity::Name(name.clone()),
                    server_name,
                    address: *address,
                }),
                None,
                None,
            )
        }
        What::Address(address) => (None, Some(*address), Some(*address)),
        What::Network(network) => (None, Some(network.network()), Some(network.broadcast())),
    };
    let chosen = match choice {
        ServerNameChoice::Name(name) => Some(name.clone()),
        ServerNameChoice::Default | ServerNameChoice::None => None,
    };
    let addressed = Addresses { next: first, last }.map(move |address| Host {
        identity: chosen.clone().map_or(Identity::Address(address), Identity::Name),
        server_name: chosen.clone(),
        address: Some(address),
    });
    named.into_iter().chain(addressed)
}

/// Addresses from the next to the last.
struct Addresses {
    next: Option<IpAddr>,
    last: Option<IpAddr>,
}

impl Iterator for Addresses {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        let address = self.next?;
        self.next = if self.last == Some(address) {
            None
        } else {
            successor(address)
        };
        Some(address)
    }
}

fn successor(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => u32::from(address)
            .checked_add(1)
            .map(|next| Ipv4Addr::from(next).into()),
        IpAddr::V6(address) => u128::from(address)
            .checked_add(1)
            .map(|next| Ipv6Addr::from(next).into()),
    }
}

/// How many addresses a range has, its first and last included; all of IPv6 counts one fewer than it has.
pub(super) fn size(network: &IpNet) -> u128 {
    let host_bits = u32::from(network.max_prefix_len() - network.prefix_len());
    1_u128.checked_shl(host_bits).unwrap_or(u128::MAX)
}
