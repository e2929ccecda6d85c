//! What a source said: "at time T, S told us that this certificate, or this service, exists".
//!
//! Sources make these, the inventory keeps them. A sighting is a statement of somebody else: a certificate may be there
//! whole, or only be claimed (a list of orders gives a serial number and names, a spreadsheet not even that), and nothing
//! here says whether any of it is true, good or served.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::{Certificate, Service, Untrusted};

/// What a configured source is called: 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceName(Box<str>);

/// A text that is no name of a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a source is called by 1 to 64 of a-z, 0-9, '.', '_' and '-', which {} is not", text.shown())]
pub struct SourceNameError {
    /// What was given.
    pub text: Untrusted,
}

impl SourceName {
    /// Longest name, in bytes.
    pub const LONGEST: usize = 64;

    /// Reads a name as it stands in a configuration file.
    pub fn parse(text: &str) -> Result<Self, SourceNameError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > Self::LONGEST || !text.bytes().all(allowed) {
            let text = Untrusted::new(text);
            return Err(SourceNameError { text });
        }
        Ok(Self(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of place a source asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SourceKind {
    /// An account at a certification authority.
    Account,
    /// A table that somebody exported.
    Table,
    /// Files, directories and key stores.
    Files,
    /// The interface of a Kubernetes cluster.
    Cluster,
    /// DNS zones.
    Zone,
    /// A list of targets.
    List,
    /// Looks at endpoints.
    Looks,
}

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Account,
        Self::Table,
        Self::Files,
        Self::Cluster,
        Self::Zone,
        Self::List,
        Self::Looks,
    ];

    /// The word used in every output and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Table => "table",
            Self::Files => "files",
            Self::Cluster => "cluster",
            Self::Zone => "zone",
            Self::List => "list",
            Self::Looks => "looks",
        }
    }
}

/// One statement of a source.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// When the source said so.
    pub at: Timestamp,
    /// What it said.
    pub what: Sighted,
}

/// What a source said to exist.
#[derive(Clone, Debug)]
pub enum Sighted {
    /// A certificate.
    Certificate(Box<CertificateSighting>),
    /// A service, at one address where the source knows it.
    Endpoint(EndpointSighting),
}

/// A service that a source names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointSighting {
    /// What to ask for.
    pub service: Arc<Service>,
    /// Where; `None` when the name is still to be resolved.
    pub address: Option<IpAddr>,
    /// What led to it: records of a zone, a line of a list, as people read them.
    pub because: Vec<Untrusted>,
}

/// A certificate that a source knows of.
#[derive(Clone, Debug)]
pub struct CertificateSighting {
    /// The certificate, or what is claimed of it.
    pub certificate: SightedCertificate,
    /// Where in the source it is: a path, a namespace and name; `None` when the source has no such thing.
    pub place: Option<Untrusted>,
    /// The order it belongs to, where the source is an account.
    pub order: Option<OrderFacts>,
}

/// A certificate as far as a source gives it.
#[derive(Clone, Debug)]
pub enum SightedCertificate {
    /// All of it.
    Whole(Arc<Certificate>),
    /// What is said of it. Joined with a whole one that fits, as soon as there is one.
    Claimed(Claim),
}

/// What is said of a certificate that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Issuer: a distinguished name or what a table calls the authority.
    pub issuer: Option<Untrusted>,
    /// Serial number as in the certificate: big-endian, without leading zero octets.
    pub serial: Option<Box<[u8]>>,
    /// Common name of the subject.
    pub common_name: Option<Untrusted>,
    /// Subject alternative names of type `dNSName` and `iPAddress`, as text.
    pub names: Vec<Untrusted>,
    /// Begin of validity.
    pub not_before: Option<Timestamp>,
    /// End of validity. A source that gives a day means the end of it (23:59:59 UTC).
    pub not_after: Option<Timestamp>,
}

/// What an account says about the order of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// The account's number of the order.
    pub order: Untrusted,
    /// The account's number of the certificate: several of one order are duplicates and reissues.
    pub certificate: Option<Untrusted>,
    /// How it stands there.
    pub state: OrderState,
    /// What was bought.
    pub product: Option<Untrusted>,
    /// For whom.
    pub organization: Option<Untrusted>,
    /// When it was ordered.
    pub ordered: Option<Timestamp>,
    /// Whether the account says that a later order renews it.
    pub renewed: bool,
}

/// How an order stands in its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderState {
    /// Not issued yet.
    Pending,
    /// Issued, whether or not it has expired since.
    Issued,
    /// Issued and taken back.
    Revoked,
    /// Never issued: rejected or cancelled.
    Ended,
    /// A word that is not known here.
    Other(Untrusted),
}

impl OrderState {
    /// The word used in every output and in the store.
    pub fn word(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Issued => "issued",
            Self::Revoked => "revoked",
            Self::Ended => "ended",
            Self::Other(_) => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SourceName;

    #[test]
    fn a_source_is_called_by_a_short_plain_word() {
        for good in ["a", "digicert-eu", "zone.example.com", "x_9", &"a".repeat(64)] {
            assert_eq!(SourceName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "A", "a b", "ü", "a/b", &"a".repeat(65)] {
            assert!(SourceName::parse(bad).is_err(), "{bad}");
        }
    }
}
