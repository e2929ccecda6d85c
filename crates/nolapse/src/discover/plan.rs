//! What is asked of whom: places in the order in which they were named, and how their records are meant.
//!
//! Nothing is asked here. A mistake in what a person wrote is an error; what a server does is found out later and stops
//! nobody else.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use model::Name;
use model::zone::Domain;
use model::zone::expand::{Networks, Wishes};
use net::dns::{Key, Server, Tls};
use sources::cloudflare::Cloudflare;
use sources::filter::Filter;
use sources::route53::Route53;
use sources::zone_copy::Copies;

/// Everything that a discovery needs.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Places, in order.
    pub(crate) places: Vec<Place>,
    /// Ports to look at on every host.
    pub(crate) ports: Vec<u16>,
    /// Networks that are ours.
    pub(crate) networks: Networks,
    /// Zones that are ours beside those that are brought.
    pub(crate) own_zones: Vec<Domain>,
    /// Names that are known from elsewhere, each with where it was read.
    pub(crate) names: Vec<(Name, String)>,
    /// Names that certificates have: those that lie in a zone are tried like the others.
    pub(crate) seen: Vec<(Name, String)>,
    /// The label for names that wildcards cover.
    pub(crate) guess: String,
    /// Certificates must be valid for so long, when a configuration says so.
    pub(crate) least_validity: Option<std::time::Duration>,
    /// Which names are wanted.
    pub(crate) filter: Arc<Filter>,
    /// Copies of zones between runs.
    pub(crate) copies: Option<Copies>,
    /// How to reach out.
    pub(crate) network: net::Settings,
}

/// A place to learn from.
#[expect(clippy::large_enum_variant, reason = "a handful of them, each made once")]
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Servers of a zone.
    Transfer {
        /// The zone.
        zone: Domain,
        /// Its servers, the preferred one first.
        servers: Vec<Asked>,
        /// What questions are signed with.
        key: Option<Key>,
        /// What the place is called.
        source: String,
    },
    /// A zone file.
    File {
        /// The zone.
        zone: Domain,
        /// The file.
        path: PathBuf,
        /// What the place is called.
        source: String,
    },
    /// An export of zones.
    Export {
        /// The file.
        path: PathBuf,
        /// What the place is called.
        source: String,
        /// Zones wanted of it; empty means all.
        zones: Vec<Domain>,
    },
    /// An account at a provider.
    Provider {
        /// Which, with what opens it.
        account: Box<Account>,
        /// What the place is called.
        source: String,
        /// Zones wanted of it; empty means all.
        zones: Vec<Domain>,
    },
}

/// An account at a provider of DNS.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// Route 53, and whether private zones count when all are taken.
    Route53(Route53, Private),
    /// Cloudflare.
    Cloudflare(Cloudflare),
}

/// Whether zones that are seen inside a private network alone are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Private {
    /// They are.
    Take,
    /// They are not.
    LeaveOut,
}

/// A server as a person named it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Address or name.
    pub(crate) host: Host,
    /// Port.
    pub(crate) port: u16,
    /// How it proves who it is, when it speaks TLS.
    pub(crate) tls: Option<Tls>,
}

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) enum Host {
    /// An address.
    At(std::net::IpAddr),
    /// A name, to be resolved when its turn comes.
    Named(Name),
}

impl Asked {
    /// With the address at which it is.
    pub(crate) fn at(&self, address: std::net::IpAddr) -> Server {
        Server {
            socket: SocketAddr::new(address, self.port),
            tls: self.tls.clone(),
        }
    }
}

impl Plan {
    /// What an expansion is to be told; names that are known are told later, zone by zone.
    pub(crate) fn wishes(&self) -> Wishes {
        Wishes {
            ports: self.ports.clone(),
            networks: self.networks.clone(),
            zones: self.own_zones.clone(),
            names: self.names.clone(),
            guess: self.guess.clone(),
        }
    }

    /// Parses `ADDRESS`, `ADDRESS:PORT`, `NAME` or `NAME:PORT`.
    pub(crate) fn server(typed: &str, port: u16, tls: Option<Tls>) -> Result<Asked, String> {
        let bare = typed.trim_start_matches('[').trim_end_matches(']');
        if let Ok(socket) = typed.parse::<SocketAddr>() {
            return Ok(Asked {
                host: Host::At(socket.ip()),
                port: socket.port(),
                tls,
            });
        }
        if let Ok(address) = bare.parse() {
            return Ok(Asked {
                host: Host::At(address),
                port,
                tls,
            });
        }
        let (name, port) = match typed.rsplit_once(':') {
            Some((name, written)) => (name, written.parse().map_err(|_| no_server(typed))?),
            None => (typed, port),
        };
        let name = Name::parse(name).map_err(|_| no_server(typed))?;
        Ok(Asked {
            host: Host::Named(name),
            port,
            tls,
        })
    }
}

fn no_server(typed: &str) -> String {
    format!(
        "`{}` is no server: expected an address or name, with a port if it is not the usual one: 192.0.2.53 or [2001:db8::53]:5353",
        model::untrusted::shown(typed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_addresses_or_names() {
        let read = |typed| {
            Plan::server(typed, 53, None).map(|server| match server.host {
                Host::At(address) => (address.to_string(), server.port),
                Host::Named(name) => (name.to_string(), server.port),
            })
        };
        assert_eq!(read("192.0.2.53"), Ok(("192.0.2.53".to_owned(), 53)));
        assert_eq!(read("192.0.2.53:5353"), Ok(("192.0.2.53".to_owned(), 5353)));
        assert_eq!(read("[2001:db8::53]:5353"), Ok(("2001:db8::53".to_owned(), 5353)));
        assert_eq!(read("2001:db8::53"), Ok(("2001:db8::53".to_owned(), 53)));
        assert_eq!(read("ns1.example.com:54"), Ok(("ns1.example.com".to_owned(), 54)));
        assert!(read("ns1.example.com:x").is_err() && read("a b").is_err() && read("").is_err());
    }
}
