//! Reports: the inventory as it stands, or stood on a past day. Pages of rows come in, rows of a [`Sheet`] go out.
//!
//! Each kind is a file of its own. What follows from several facts is found by `engine::join`; here its numbers become words.
//! No report holds more than counts and what a join needs of all rows.

mod blind;
mod certificates;
mod changes;
mod endpoints;
mod keys;
mod names;
mod not_served;
mod renewals;
mod served;
mod split;
mod unknown;
mod wildcards;

use std::collections::HashMap;
use std::io::Write;

use assess::Policy;
use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use model::inventory::{CertificateRow, ClaimRow, EndpointRow, Place, RowId, Told};
use model::sighting::{SourceKind, SourceName};
use model::{Identity, Status};
use store::{PAGE, Store};

use self::served::Served;
use crate::sheet::{Cell, Column, Format, Head, Sheet};
use crate::terminal::Style;

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Certificates that end soon, or have ended and are still served
    Expiring,
    /// Every certificate, and what is claimed of one
    Certificates,
    /// Every endpoint, how it stands and since when
    Endpoints,
    /// One row for each name of each certificate, with who told of it
    Names,
    /// Renewed, not served: a newer certificate for the same names exists
    NotServed,
    /// One name or address with several certificates, and whether all backends were seen
    Split,
    /// What is known and not seen, why, and what to do
    BlindSpots,
    /// Issued and never seen served; served and in no account
    Unknown,
    /// One key in several certificates
    KeyReuse,
    /// How far each wildcard reaches
    Wildcards,
    /// What changed, and when
    Changes,
    /// Renewals to come in each week, under the lifetimes that authorities may still give
    Renewals,
    /// How much of what is known is seen, as one number
    Coverage,
}

/// What reports are made of.
pub(crate) struct Reading {
    /// The memory.
    pub(crate) store: Store,
    /// The moment as of which everything is said.
    pub(crate) now: Timestamp,
    /// Whether that is in the past.
    pub(crate) is_past: bool,
    /// When an end is near.
    pub(crate) policy: Policy,
    /// How long a new certificate may wait to be served.
    pub(crate) grace: SignedDuration,
    /// How old a look may be.
    pub(crate) fresh: SignedDuration,
    /// How far `expiring` looks ahead, and `changes` back.
    pub(crate) within: Option<SignedDuration>,
    /// Sources that are configured.
    pub(crate) configured: Vec<(SourceName, SourceKind)>,
}

/// Where a report goes.
pub(crate) struct Paper<W> {
    /// The stream.
    pub(crate) out: W,
    /// In which format.
    pub(crate) format: Format,
    /// For which terminal.
    pub(crate) style: Style,
}

impl<W: Write> Paper<W> {
    /// Begins rows.
    fn sheet(self, columns: &'static [Column], head: Head) -> anyhow::Result<Sheet<W>> {
        Ok(Sheet::begin(self.out, self.format, self.style, columns, head)?)
    }
}

/// Writes a report; gives the number of its rows.
pub(crate) async fn write<W: Write>(kind: Kind, reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    match kind {
        Kind::Expiring => certificates::expiring(reading, paper).await,
        Kind::Certificates => certificates::all(reading, paper).await,
        Kind::Endpoints => endpoints::write(reading, paper).await,
        Kind::Names => names::write(reading, paper).await,
        Kind::NotServed => not_served::write(reading, paper).await,
        Kind::Split => split::write(reading, paper).await,
        Kind::BlindSpots => blind::spots(reading, paper).await,
        Kind::Unknown => unknown::write(reading, paper).await,
        Kind::KeyReuse => keys::write(reading, paper).await,
        Kind::Wildcards => wildcards::write(reading, paper).await,
        Kind::Changes => changes::write(reading, paper).await,
        Kind::Renewals => renewals::write(reading, paper).await,
        Kind::Coverage => blind::coverage(reading, paper).await,
    }
}

impl Reading {
    /// What stands above the rows.
    fn head(&self, title: &str, words: &str) -> Head {
        Head {
            title: title.to_owned(),
            lead: format!("{words}, as of {} UTC", self.now.strftime("%Y-%m-%d %H:%M")),
            pictures: Vec::new(),
        }
    }

    /// Standings of a page of places that count: those of addresses that are gone, and of names that only were resolved, do
    /// not.
    async fn endpoints(&self, after: RowId) -> anyhow::Result<(Vec<EndpointRow>, Option<RowId>)> {
        let (mut rows, last) = if self.is_past {
            self.store.endpoints_at(self.now, after, PAGE).await?
        } else {
            let rows = self.store.endpoints(after, PAGE).await?;
            let last = rows.last().map(|row| row.id);
            (rows, last)
        };
        rows.retain(counts);
        Ok((rows, last))
    }

    /// Whole certificates that were known.
    async fn certificates(&self, after: RowId) -> anyhow::Result<(Vec<CertificateRow>, Option<RowId>)> {
        let mut rows = self.store.certificates(after, PAGE).await?;
        let last = rows.last().map(|row| row.id);
        rows.retain(|row| row.first_known <= self.now);
        Ok((rows, last))
    }

    /// Claims that were known and are no certificate that is there.
    async fn claims(&self, after: RowId) -> anyhow::Result<(Vec<ClaimRow>, Option<RowId>)> {
        let mut rows = self.store.claims(after, PAGE).await?;
        let last = rows.last().map(|row| row.id);
        rows.retain(|row| row.fits.is_none() && row.told.iter().any(|told| told.when.first <= self.now));
        Ok((rows, last))
    }

    /// Places by their numbers, as people name them, in order.
    async fn place_names(&self, numbers: &[i64]) -> anyhow::Result<Vec<String>> {
        let mut names = Vec::with_capacity(numbers.len());
        for chunk in numbers.chunks(PLACES_AT_ONCE) {
            let rows = self
                .store
                .histories_of(chunk.iter().map(|number| RowId(*number)).collect())
                .await?;
            names.extend(rows.iter().map(|row| row.place.to_string()));
        }
        names.dedup();
        Ok(names)
    }

    /// Sources of a kind: each source's kind, of those that ever said something.
    async fn kinds(&self) -> anyhow::Result<HashMap<SourceName, SourceKind>> {
        let rows = self.store.sources().await?;
        Ok(rows.into_iter().map(|row| (row.source, row.kind)).collect())
    }

    /// Certificates that are served, with how.
    async fn served(&self) -> anyhow::Result<Served> {
        let mut served = Served::new();
        let mut after = RowId::START;
        loop {
            let (rows, last) = self.endpoints(after).await?;
            rows.iter().for_each(|row| served.count(row));
            match last {
                Some(last) => after = last,
                None => return Ok(served),
            }
        }
    }

    /// How a certificate stands by its dates alone.
    fn status(&self, not_before: Option<Timestamp>, not_after: Option<Timestamp>) -> Option<Status> {
        let end = not_after?;
        let left = std::time::Duration::try_from(end.duration_since(self.now)).ok();
        let begin = not_before.unwrap_or(self.now);
        let lifetime = std::time::Duration::try_from(end.duration_since(begin)).unwrap_or_default();
        Some(match left {
            None => Status::Expired,
            Some(left) if left <= self.policy.critical_at(lifetime) => Status::Critical,
            Some(left) if left <= self.policy.warning_at(lifetime) => Status::Warning,
            Some(_) => Status::Ok,
        })
    }

    /// Whole days until `end`.
    fn days(&self, end: Option<Timestamp>) -> Cell {
        end.map_or(Cell::None, |end| {
            Cell::Days(crate::text::days_left(end, self.now))
        })
    }
}

/// Places that are looked up together.
const PLACES_AT_ONCE: usize = 500;

/// Whether a standing is one of an endpoint that is there.
fn counts(row: &EndpointRow) -> bool {
    let is_name = row.place.address.is_none() && &*row.state.reached == "handshaken";
    &*row.state.reached != engine::remember::GONE && !is_name
}

/// The name that is asked for, or nothing for an address.
fn name_of(place: &Place) -> Cell {
    match &place.service.identity {
        Identity::Name(name) => name.as_str().into(),
        Identity::Address(_) => Cell::None,
    }
}

/// The address.
fn address_of(place: &Place) -> Cell {
    match (&place.service.identity, place.address) {
        (_, Some(address)) => address.to_string().into(),
        (Identity::Address(address), None) => address.to_string().into(),
        (Identity::Name(_), None) => Cell::None,
    }
}

/// Who told, with the looks when it is served.
fn sources(told: &[Told], is_served: bool) -> Cell {
    let mut names: Vec<String> = told.iter().map(|told| told.source.as_str().to_owned()).collect();
    names.dedup();
    if is_served {
        names.push("looks".to_owned());
    }
    Cell::List(names)
}

/// Names as texts.
fn texts(names: &[Box<str>]) -> Cell {
    Cell::List(names.iter().map(|name| (**name).to_owned()).collect())
}

/// A status as a word.
fn word(status: Option<Status>) -> Cell {
    status.map_or(Cell::None, |status| Cell::Word(status.word()))
}

/// What a source said of an order, of all that it said.
fn order_state(told: &Told) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(&told.detail).ok()?;
    detail.get("order")?.get("state")?.as_str().map(str::to_owned)
}

/// Whether every account that tells of a certificate says that it is not to be used: taken back, or never issued.
fn is_withdrawn(told: &[Told]) -> bool {
    let mut states = told.iter().filter_map(order_state).peekable();
    states.peek().is_some() && states.all(|state| matches!(&*state, "revoked" | "pending" | "ended"))
}

/// A name as a number: 64 bits of a hash, which a few million names do not make collide.
fn number(name: &str) -> i64 {
    i64::from_ne_bytes(engine::schedule::key(name.as_bytes()).to_ne_bytes())
}

/// Whether a name means the same host everywhere.
fn is_unique(name: &str) -> bool {
    if let Ok(address) = name.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(address) => {
                !address.is_private() && !address.is_loopback() && !address.is_link_local()
            }
            std::net::IpAddr::V6(address) => !address.is_unique_local() && !address.is_loopback(),
        };
    }
    name.contains('.') && !name.ends_with(".localhost") && !name.ends_with(".local") && !name.contains(' ')
}
