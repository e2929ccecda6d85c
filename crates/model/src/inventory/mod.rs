//! The nouns of the inventory: what is remembered of looks and of sources, and the rows that come back out.
//!
//! In come an observation and its assessment, put into words by whoever judged ([`Look`]), and what sources said
//! ([`crate::sighting`]). Out come rows, as the store keeps them. Here is also what is true of them whatever keeps them:
//! how looks become intervals ([`episode`]), and when a claimed certificate is the one that is there ([`fit`]). Nothing
//! here remembers anything, reads the clock, or judges.

pub mod episode;
pub mod fit;
mod look;
mod rows;
mod source;

use std::fmt;
use std::net::IpAddr;

pub use look::{Look, Reached, Said, Seen, State, StoreSaid, TlsWords};
pub use rows::{
    CertificateRow, ClaimRow, Counters, DuePlace, EndpointRow, HistoryRow, KeyGroup, NameRow, PlaceRow,
    RowId, SourceRow, Told,
};
pub use source::{RunEnd, RunOutcome, SourceRun};

use crate::endpoint::Service;
use crate::untrusted::Untrusted;

/// An endpoint as the inventory knows it. Its key is all of it: identity, port, server name, how TLS begins, address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// What is asked for.
    pub service: Service,
    /// Where; `None` when the name has no address, or none is known yet.
    pub address: Option<IpAddr>,
}

impl Place {
    /// The key as one line: equal when the places are, and the same in every version of this program.
    pub fn key(&self) -> String {
        let server_name = self
            .service
            .server_name
            .as_ref()
            .map(crate::Name::as_str)
            .unwrap_or_default();
        let address = self
            .address
            .map(|address| address.to_string())
            .unwrap_or_default();
        format!(
            "{}|{}|{server_name}|{}|{address}",
            self.service.identity, self.service.port, self.service.starttls
        )
    }
}

impl fmt::Display for Place {
    /// `name:port [address]`, or `address:port` when the address is all there is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.service.identity, self.address) {
            (crate::Identity::Name(_), Some(address)) => write!(f, "{} [{address}]", self.service),
            _ => self.service.fmt(f),
        }
    }
}

/// From where one looks: this machine, or an agent by its name. 1 to 64 of `a-z`, `0-9`, `.`, `_` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Vantage(Box<str>);

/// A text that is no name of a vantage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a vantage is called by 1 to 64 of a-z, 0-9, '.', '_' and '-', which {} is not", text.shown())]
pub struct VantageError {
    /// What was given.
    pub text: Untrusted,
}

impl Vantage {
    /// Longest name, in bytes.
    pub const LONGEST: usize = 64;

    /// This machine.
    pub fn local() -> Self {
        Self("local".into())
    }

    /// Reads a name as it was configured or enrolled.
    pub fn parse(text: &str) -> Result<Self, VantageError> {
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if text.is_empty() || text.len() > Self::LONGEST || !text.bytes().all(allowed) {
            let text = Untrusted::new(text);
            return Err(VantageError { text });
        }
        Ok(Self(text.into()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, Name, StartTls};

    fn place(address: Option<&str>) -> Place {
        let name = Name::parse("www.example.com").unwrap();
        Place {
            service: Service {
                identity: Identity::Name(name.clone()),
                port: 443,
                server_name: Some(name),
                starttls: StartTls::None,
            },
            address: address.map(|address| address.parse().unwrap()),
        }
    }

    #[test]
    fn a_place_is_known_by_all_of_its_parts() {
        assert_eq!(
            place(Some("192.0.2.1")).key(),
            "www.example.com|443|www.example.com|none|192.0.2.1"
        );
        assert_eq!(place(None).key(), "www.example.com|443|www.example.com|none|");
        assert_eq!(
            place(Some("192.0.2.1")).to_string(),
            "www.example.com:443 [192.0.2.1]"
        );
        assert_eq!(place(None).to_string(), "www.example.com:443");
    }

    #[test]
    fn a_vantage_is_called_by_a_short_plain_word() {
        assert_eq!(Vantage::parse("office-2").unwrap().as_str(), "office-2");
        for bad in ["", "Office", "a b", &"a".repeat(65)] {
            assert!(Vantage::parse(bad).is_err(), "{bad}");
        }
    }
}
