//! What a person asks of the list of certificates, and what comes back.
//!
//! A [`Listing`] is made by whoever reads a query; [`crate::Store::list`] answers it page by page. Whole certificates and
//! those that are only claimed stand in one list, since to a person both are certificates.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use model::Status;
use model::inventory::{CertificateRow, ClaimRow, EndpointRow};
use model::sighting::SourceKind;

/// A question about certificates: all conditions hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What must hold.
    pub conditions: Vec<Condition>,
    /// In which order.
    pub order: Order,
}

/// Something that must hold, or must not.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What.
    pub what: What,
    /// Whether it must hold or must not.
    pub holds: bool,
}

/// What can be asked of a certificate. Texts are compared without regard to letter case.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A part of one of its names.
    Word(Box<str>),
    /// One of its names covers this one: it is the same, or a wildcard over it.
    Covers(Box<str>),
    /// A part of its issuer.
    Issuer(Box<str>),
    /// A part of the words for its key.
    Key(Box<str>),
    /// Fingerprint or serial number begin with these bytes.
    Number(Vec<u8>),
    /// Its end lies in this span, the second moment excluded.
    Ends(Option<Timestamp>, Option<Timestamp>),
    /// The worst that an endpoint which serves it stands like.
    Status(Status),
    /// Whether an endpoint serves it now.
    Served,
    /// A source of this kind told of it.
    Told(SourceKind),
    /// It is a CA's.
    Authority,
}

/// In which order certificates come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Those in trouble first, the worst before the others; then those that end first; what is over and served nowhere last.
    #[default]
    Urgency,
    /// Those that end first.
    Ends,
    /// Those that became known last.
    Newest,
}

/// From where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) phase: u8,
    pub(crate) end: i64,
    pub(crate) kind: u8,
    pub(crate) id: i64,
}

impl fmt::Display for Cursor {
    /// A short text for an address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.phase, self.end, self.kind, self.id)
    }
}

/// A text that is no [`Cursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no place in a list")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.split('.');
        let mut number = || -> Option<i64> { parts.next()?.parse().ok() };
        let read = (|| {
            Some(Self {
                phase: u8::try_from(number()?).ok()?,
                end: number()?,
                kind: u8::try_from(number()?).ok()?,
                id: number()?,
            })
        })();
        read.filter(|_| parts.next().is_none()).ok_or(NoCursor)
    }
}

/// One page of the list.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// What stands on it.
    pub entries: Vec<Entry>,
    /// From where the next page goes on; `None` when this is the last one.
    pub next: Option<Cursor>,
}

/// One row of the list.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A whole certificate.
    Whole(Box<Whole>),
    /// One that a source claims, and that is not there as a whole.
    Claimed(Box<ClaimRow>),
}

/// A whole certificate and how it is served.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The certificate.
    pub certificate: CertificateRow,
    /// How many standings serve it, by how they stand.
    pub standings: BTreeMap<Status, u64>,
    /// One of those that stand worst.
    pub worst: Option<EndpointRow>,
}

impl Whole {
    /// The worst status of those that serve it; `None` when nobody does.
    pub fn status(&self) -> Option<Status> {
        self.standings.keys().next_back().copied()
    }

    /// How many standings serve it.
    pub fn served_by(&self) -> u64 {
        self.standings.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_comes_back_as_it_was() {
        let cursor = Cursor {
            phase: 4,
            end: -3,
            kind: 1,
            id: 77,
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "4", "4.1.1", "4.1.1.1.1", "a.1.1.1", "300.1.1.1", "4.1.1.9e9"] {
            assert_eq!(bad.parse::<Cursor>(), Err(NoCursor), "{bad}");
        }
    }
}
