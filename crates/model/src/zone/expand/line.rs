//! What an expansion gives: an endpoint, or why something is none.

use std::fmt;
use std::io::Write as _;
use std::net::IpAddr;

use crate::name::NameError;
use crate::observation::Failure;
use crate::starttls::StartTls;
use crate::zone::domain::DomainRef;
use crate::zone::record::RecordRef;

/// One line.
#[derive(Clone, Copy, Debug)]
pub enum Line<'a> {
    /// An endpoint to look at.
    Endpoint(Found<'a>),
    /// What is none, and why.
    Unusable(Unusable<'a>),
}

/// An endpoint and what led to it.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// Whom the certificate must name; always a valid [`Name`](crate::Name).
    pub name: &'a str,
    /// Where to connect.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
    /// How TLS begins.
    pub starttls: StartTls,
    /// Whose it is.
    pub holder: Holder<'a>,
    /// How sure the name is.
    pub certainty: Certainty,
    /// The zone that led to it.
    pub zone: DomainRef<'a>,
    /// The way, first step first.
    pub because: &'a [Because<'a>],
}

/// What becomes no endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Unusable<'a> {
    /// The name it is about.
    pub name: DomainRef<'a>,
    /// The address it is about.
    pub address: Option<IpAddr>,
    /// Why.
    pub why: Why<'a>,
    /// The zone that led to it.
    pub zone: DomainRef<'a>,
    /// The way, first step first.
    pub because: &'a [Because<'a>],
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    /// Ours, of this group if it is of one.
    Ours(Option<&'a str>),
    /// Somebody else's.
    Foreign,
}

/// How sure a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// A record or a list has it.
    Named,
    /// It is known from elsewhere, and a wildcard record alone answers for it.
    Wildcard,
    /// Made up to see what a wildcard record leads to.
    Guessed,
}

/// One step on the way to an endpoint.
#[derive(Clone, Copy, Debug)]
pub enum Because<'a> {
    /// A record.
    Record(RecordRef<'a>),
    /// An address record that was not kept as a whole.
    Address {
        /// Whose.
        owner: DomainRef<'a>,
        /// The address.
        address: IpAddr,
        /// Seconds it may be kept.
        ttl: u32,
    },
    /// What a resolver said.
    Resolved {
        /// The name that was asked for.
        name: DomainRef<'a>,
        /// The address.
        address: IpAddr,
    },
    /// Where a name was read that no record has.
    Listed(&'a str),
}

impl Because<'_> {
    /// Appends what `Display` writes; of records without its machinery. Says whether it is sure that nobody has to escape
    /// anything of it.
    pub fn push_text(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Record(record) => record.push_text(out),
            other => {
                // Memory takes everything.
                write!(out, "{other}").unwrap_or_default();
                false
            }
        }
    }
}

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(record) => record.fmt(f),
            Self::Address { owner, address, ttl } => {
                write!(f, "{owner} {ttl} IN {} {address}", family(*address))
            }
            Self::Resolved { name, address } => {
                write!(f, "{name} IN {} {address} (resolver)", family(*address))
            }
            Self::Listed(place) => write!(f, "listed in {}", crate::untrusted::shown(place)),
        }
    }
}

const fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "A" } else { "AAAA" }
}

/// Why something is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why<'a> {
    /// Nobody connects to the address.
    Forbidden(&'static str),
    /// The way ends at a name that does not exist.
    Dangling(DomainRef<'a>),
    /// The same, in one of the zones that came: nobody else can register it.
    DanglingInside(DomainRef<'a>),
    /// A name that is known from elsewhere does not exist: there is no record to remove.
    Absent(DomainRef<'a>),
    /// The way ends at a name without address.
    NoAddress(DomainRef<'a>),
    /// The way comes back to a name on it.
    Loop(DomainRef<'a>),
    /// More steps than `limits::CNAME_CHAIN`.
    ChainTooLong,
    /// No resolver said yes or no.
    Unresolved(DomainRef<'a>, &'a Failure),
    /// The record is not of the zone that it came with.
    OutsideZone,
    /// Another zone begins here; one of its servers.
    Delegated(DomainRef<'a>),
    /// The address of a server of another zone, kept for the way there.
    Glue,
    /// Hidden by a DNAME or a delegation above.
    Occluded,
    /// No certificate can name it.
    NotAHost(NameError),
    /// A label begins with an underscore.
    ServiceLabel,
    /// The zone says that the service is not offered (RFC 2782, RFC 7505, RFC 9460 section 2.5.1).
    NotOffered,
    /// A service of which nobody knows how TLS begins.
    UnknownService,
    /// The data is not what its type has.
    Malformed,
    /// More addresses than `limits::ADDRESSES_PER_NAME`: the first ones are taken.
    TooManyAddresses(DomainRef<'a>),
    /// A DNAME makes names of its own: only those that are known from elsewhere can be looked at.
    NamesUnknown(DomainRef<'a>),
    /// The name gets too long on its way through a DNAME (RFC 6672 section 2.4).
    NameTooLong,
    /// An endpoint that went out with records that broke off, and that the whole zone does not have: it is taken back.
    Withdrawn,
    /// The way ends at a name of a zone that did not come whole: whether it exists is not known.
    CutOff(DomainRef<'a>),
    /// A service binding that no client like us may use: it demands what we do not know (RFC 9460 section 8), or speaks no
    /// protocol over TCP (section 7.1.2).
    UnusableBinding(&'static str),
}

impl Why<'_> {
    /// The word used in machine formats.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Forbidden(_) => "forbidden-address",
            Self::Dangling(_) | Self::DanglingInside(_) | Self::Absent(_) => "dangling",
            Self::NoAddress(_) => "no-address",
            Self::Loop(_) => "loop",
            Self::ChainTooLong => "chain-too-long",
            Self::Unresolved(..) => "unresolved",
            Self::OutsideZone => "outside-zone",
            Self::Delegated(_) => "delegated",
            Self::Glue => "glue",
            Self::Occluded => "occluded",
            Self::NotAHost(_) => "not-a-host",
            Self::ServiceLabel => "service-label",
            Self::NotOffered => "not-offered",
            Self::UnknownService => "unknown-service",
            Self::Malformed => "malformed",
            Self::TooManyAddresses(_) => "too-many-addresses",
            Self::NamesUnknown(_) => "names-unknown",
            Self::NameTooLong => "name-too-long",
            Self::Withdrawn => "withdrawn",
            Self::CutOff(_) => "cut-off",
            Self::UnusableBinding(_) => "unusable-binding",
        }
    }

    /// Whether something that should be known is not: an answer that did not come.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Unresolved(..) | Self::CutOff(_))
    }
}

impl Why<'_> {
    /// The sentence where it names nothing; empty where [`fmt::Display`] names something.
    const fn plain(&self) -> &'static str {
        match self {
            Self::OutsideZone => "the record is not of this zone and was passed over",
            Self::Glue => "the address of a name below a delegation: what counts stands in the other zone",
            Self::Occluded => "a DNAME or a delegation above hides this record",
            Self::ServiceLabel => "a label begins with an underscore, so it is not the name of a host",
            Self::NotOffered => "the zone says that the service is not offered",
            Self::UnknownService => "it is not known how TLS begins in this service",
            Self::Malformed => "the data is not what a record of its type has",
            Self::NameTooLong => "the name gets longer than 255 octets on its way through a DNAME",
            Self::Withdrawn => {
                "it came with a transfer that broke off, and the zone that came whole from another server does not have it"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(why) => write!(f, "nobody connects to {why}"),
            Self::Dangling(target) => write!(
                f,
                "{target} does not exist: remove the record, or whoever registers that name gets the visitors"
            ),
            Self::DanglingInside(target) => write!(
                f,
                "{target} does not exist in its own zone, which was read: add it, or remove the record"
            ),
            Self::Absent(target) => write!(f, "{target} does not exist"),
            Self::NoAddress(target) => write!(f, "{target} exists and has neither an A nor an AAAA record"),
            Self::Loop(at) => write!(f, "the way comes back to {at}"),
            Self::ChainTooLong => write!(
                f,
                "more than {} CNAME or DNAME records in a row",
                crate::limits::CNAME_CHAIN
            ),
            Self::Unresolved(target, failure) => write!(
                f,
                "no resolver said whether {target} has an address: {}",
                told(failure)
            ),
            Self::Delegated(server) => write!(
                f,
                "another zone begins here, served by {server}: name it too, if it is yours"
            ),
            Self::NotAHost(error) => write!(
                f,
                "no certificate can name it: {}",
                crate::untrusted::shown(&error.to_string())
            ),
            Self::TooManyAddresses(target) => write!(
                f,
                "{target} has more than {} addresses: the first ones are taken",
                crate::limits::ADDRESSES_PER_NAME
            ),
            Self::NamesUnknown(target) => write!(
                f,
                "every name below it is a name below {target}; those that a list or a record names are looked at"
            ),
            Self::CutOff(target) => write!(
                f,
                "{target} is not in the part of its zone that came, and may stand in the rest"
            ),
            Self::UnusableBinding(why) => f.write_str(why),
            _ => f.write_str(self.plain()),
        }
    }
}

fn told(failure: &Failure) -> String {
    match failure {
        Failure::TimedOut => "no answer in time".to_owned(),
        Failure::ResolverFailed { reason } => reason.shown(),
        other => format!("{other:?}"),
    }
}
