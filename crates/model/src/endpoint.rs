//! Where TLS may answer: a service that was asked for, and the endpoints that its name's addresses make of it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::name::Name;
use crate::starttls::StartTls;

/// Whom the certificate must name (RFC 9525 "reference identifier").
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A DNS name, to be matched against `dNSName` entries.
    Name(Name),
    /// An address, to be matched against `iPAddress` entries.
    Address(IpAddr),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// What was asked for, before any address is known: a name or address, a port, and how TLS begins there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service {
    /// Whom the certificate must name.
    pub identity: Identity,
    /// TCP port.
    pub port: u16,
    /// The name sent in the `server_name` extension (RFC 6066 section 3); `None` sends none, as for bare addresses.
    pub server_name: Option<Name>,
    /// How TLS begins.
    pub starttls: StartTls,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.identity {
            Identity::Address(IpAddr::V6(address)) => write!(f, "[{address}]:{}", self.port),
            identity => write!(f, "{identity}:{}", self.port),
        }
    }
}

/// One service at one address. Its key is address, port, server name, and how TLS begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// What was asked for.
    pub service: Arc<Service>,
    /// One of its addresses.
    pub address: IpAddr,
}

impl Endpoint {
    /// Where to connect.
    pub fn socket_address(&self) -> SocketAddr {
        SocketAddr::new(self.address, self.service.port)
    }
}

impl fmt::Display for Endpoint {
    /// `name:port [address]`, or `address:port` when the address is all there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service.identity {
            Identity::Name(_) => write!(f, "{} [{}]", self.service, self.address),
            Identity::Address(_) => self.service.fmt(f),
        }
    }
}
