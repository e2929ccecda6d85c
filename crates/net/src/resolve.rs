//! A name to every address it has.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use model::evidence::{CaaRecord, CaaSet};
use model::observation::Failure;
use model::{Name, Untrusted, limits};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::{Network, Settings};

/// Which addresses of a name are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    /// A and AAAA.
    Both,
    /// A only.
    V4,
    /// AAAA only.
    V6,
}

/// What DNS said about one name.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// Every address, in ascending order, as many as `limits::ADDRESSES_PER_NAME`; or why there is none.
    pub addresses: Result<Vec<IpAddr>, Failure>,
    /// How long it took.
    pub elapsed: Duration,
}

/// A resolver that is built by the first name, so that a run over addresses alone pays nothing for it.
#[derive(Default)]
pub(crate) struct Lazy(OnceCell<Result<TokioResolver, Failure>>);

impl Network {
    /// Asks for every address of `name`. Never fails: why there is no address is part of the answer. Bounded by
    /// `limits::RESOLVE`. `localhost` and names of the hosts file are answered from it.
    pub async fn resolve(&self, name: &Name) -> Resolution {
        let begin = Instant::now();
        let addresses = match self.resolver.0.get_or_init(async || build(&self.settings)).await {
            Err(failure) => Err(failure.clone()),
            Ok(resolver) => match tokio::time::timeout(limits::RESOLVE, lookup(resolver, name)).await {
                Err(_) => Err(Failure::TimedOut),
                Ok(found) => found,
            },
        };
        Resolution {
            addresses,
            elapsed: begin.elapsed(),
        }
    }
}

impl Network {
    /// Asks who may issue certificates for `name`: its CAA records, or those of the nearest name above it that has any
    /// (RFC 8659 section 3). Bounded by `limits::RESOLVE` for the whole climb.
    ///
    /// # Errors
    /// Why the records could not be had. That there are none is an answer.
    pub async fn caa(&self, name: &Name) -> Result<CaaSet, Failure> {
        match self.resolver.0.get_or_init(async || build(&self.settings)).await {
            Err(failure) => Err(failure.clone()),
            Ok(resolver) => match tokio::time::timeout(limits::RESOLVE, climb(resolver, name)).await {
                Err(_) => Err(Failure::TimedOut),
                Ok(found) => found,
            },
        }
    }
}

async fn climb(resolver: &TokioResolver, name: &Name) -> Result<CaaSet, Failure> {
    let mut at = Some(name.clone());
    while let Some(here) = at {
        let records = match resolver.lookup(format!("{here}."), RecordType::CAA).await {
            Ok(found) => found
                .answers()
                .iter()
                .filter_map(caa_record)
                .take(limits::CAA_RECORDS)
                .collect(),
            Err(error) => match failure(&error) {
                Failure::NameUnknown | Failure::NoAddress => Vec::new(),
                other => return Err(other),
            },
        };
        if !records.is_empty() {
            return Ok(CaaSet {
                at: Some(here),
                records,
            });
        }
        at = here
            .as_str()
            .split_once('.')
            .and_then(|(_, above)| Name::parse(above).ok());
    }
    Ok(CaaSet::default())
}

fn caa_record(record: &Record) -> Option<CaaRecord> {
    let RData::CAA(caa) = &record.data else {
        return None;
    };
    Some(CaaRecord {
        critical: caa.issuer_critical,
        tag: Untrusted::new(caa.tag.as_str()),
        value: Untrusted::from_bytes(&caa.value),
    })
}

async fn lookup(resolver: &TokioResolver, name: &Name) -> Result<Vec<IpAddr>, Failure> {
    // Fully qualified: search domains would look at something that nobody asked for.
    let found = resolver
        .lookup_ip(format!("{name}."))
        .await
        .map_err(|error| failure(&error))?;
    let mut addresses: Vec<IpAddr> = found.iter().take(limits::ADDRESSES_PER_NAME * 4).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.truncate(limits::ADDRESSES_PER_NAME);
    if addresses.is_empty() {
        Err(Failure::NoAddress)
    } else {
        Ok(addresses)
    }
}

fn build(settings: &Settings) -> Result<TokioResolver, Failure> {
    let mut builder = if settings.resolvers.is_empty() {
        TokioResolver::builder_tokio().map_err(|error| Failure::ResolverFailed {
            reason: Untrusted::new(format!(
                "the operating system's resolver settings cannot be used: {error}"
            )),
        })?
    } else {
        let servers = settings.resolvers.iter().map(|address| {
            let mut server = NameServerConfig::udp_and_tcp(address.ip());
            for connection in &mut server.connections {
                connection.port = address.port();
            }
            server
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.ip_strategy = match settings.families {
        Families::Both => LookupIpStrategy::Ipv4AndIpv6,
        Families::V4 => LookupIpStrategy::Ipv4Only,
        Families::V6 => LookupIpStrategy::Ipv6Only,
    };
    // Two tries of 2 s leave time for a second server within `limits::RESOLVE`.
    options.timeout = Duration::from_secs(2);
    options.attempts = 1;
    // A server may ask at most this many at once of one connection; a thousand look-ups in flight is the default run.
    options.max_active_requests = 1024;
    builder.build().map_err(|error| Failure::ResolverFailed {
        reason: Untrusted::new(error.to_string()),
    })
}

fn failure(error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match u16::from(none.response_code) {
            NXDOMAIN => Failure::NameUnknown,
            NOERROR => Failure::NoAddress,
            _ => Failure::ResolverFailed {
                reason: Untrusted::new(format!("the resolver answered {}", none.response_code)),
            },
        },
        NetError::Timeout => Failure::TimedOut,
        other => Failure::ResolverFailed {
            reason: Untrusted::new(other.to_string()),
        },
    }
}

/// Response codes of RFC 1035 section 4.1.1.
const NOERROR: u16 = 0;
const NXDOMAIN: u16 = 3;
