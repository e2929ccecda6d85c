//! What is asked. A page is asked for by where the one before ended, and has at most [`PAGE`](crate::PAGE) rows; the
//! last page is the empty one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::Fingerprint;
use model::inventory::{
    CertificateRow, ClaimRow, Counters, DuePlace, EndpointRow, HistoryRow, KeyGroup, NameRow, PlaceRow,
    RowId, SourceRow, SourceRun, Vantage,
};
use model::sighting::{SourceKind, SourceName};

use super::Store;
use crate::error::Error;
use crate::listing::{Cursor, Listed, Listing};
use crate::read::endpoints::{Found, Which};
use crate::read::{certificates, claims, endpoints, listing, names, places, sources};
use crate::schedule::{self, Holder};
use crate::value::Value;

impl Store {
    /// A page of the list of certificates, whole and claimed; `now` says what is over.
    pub async fn list(
        &self,
        listing: &Listing,
        after: Option<Cursor>,
        rows: u32,
        now: Timestamp,
    ) -> Result<Listed, Error> {
        let listing = listing.clone();
        self.desk
            .read(move |session| listing::page(session, &listing, after, rows, now))
            .await
    }

    /// How many whole certificates fulfil the conditions of a list. Counting ends at `most`, so that it costs little
    /// however many there are.
    pub async fn count_listed(&self, listing: &Listing, most: u32) -> Result<u64, Error> {
        let listing = listing.clone();
        self.desk
            .read(move |session| listing::counted(session, &listing, most))
            .await
    }

    /// How many certificates that are no CA's end on each day of `from..until`; days are counted from 1970 in UTC, and
    /// those without an end are left out.
    pub async fn ends_by_day(&self, from: Timestamp, until: Timestamp) -> Result<BTreeMap<i64, u64>, Error> {
        self.desk
            .read(move |session| listing::ends_by_day(session, from, until))
            .await
    }

    /// Whole certificates behind `after`.
    pub async fn certificates(&self, after: RowId, rows: u32) -> Result<Vec<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::page(session, after, rows))
            .await
    }

    /// Whole certificates whose validity ends in `from..=until`, the first to end first. `after` is `not_after` and `id`
    /// of the last row of the page before.
    pub async fn certificates_ending(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<(Timestamp, RowId)>,
        rows: u32,
    ) -> Result<Vec<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::ending(session, (from, until), after, rows))
            .await
    }

    /// Whole certificates that have exactly this name (lower case; a wildcard is a name of its own).
    pub async fn certificates_named(
        &self,
        name: &str,
        after: RowId,
        rows: u32,
    ) -> Result<Vec<CertificateRow>, Error> {
        let name = name.to_owned();
        self.desk
            .read(move |session| certificates::named(session, &name, after, rows))
            .await
    }

    /// Whole certificates that are the leaf of some present standing.
    pub async fn certificates_served(&self, after: RowId, rows: u32) -> Result<Vec<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::served(session, after, rows))
            .await
    }

    /// Whole certificates that no look ever saw as a leaf, issuers among them.
    pub async fn certificates_never_served(
        &self,
        after: RowId,
        rows: u32,
    ) -> Result<Vec<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::never_served(session, after, rows))
            .await
    }

    /// The certificate of a fingerprint.
    pub async fn certificate(&self, fingerprint: Fingerprint) -> Result<Option<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::by_fingerprint(session, &fingerprint))
            .await
    }

    /// Certificates by their numbers, in no order; those that are there.
    pub async fn certificates_by_id(&self, ids: Vec<RowId>) -> Result<Vec<CertificateRow>, Error> {
        self.desk
            .read(move |session| certificates::by_numbers(session, &ids.iter().map(|id| id.0).collect()))
            .await
    }

    /// The DER of a certificate.
    pub async fn der(&self, fingerprint: Fingerprint) -> Result<Option<Vec<u8>>, Error> {
        self.desk
            .read(move |session| certificates::der(session, &fingerprint))
            .await
    }

    /// For each of these certificates, the whole ones that began later and share a name with it, exactly or by a
    /// wildcard: every possible replacement is among them, and whether one covers all names is for the caller to see.
    pub async fn newer_certificates(&self, ids: Vec<RowId>) -> Result<Vec<(RowId, CertificateRow)>, Error> {
        self.desk
            .read(move |session| certificates::newer(session, &ids))
            .await
    }

    /// As [`Store::newer_certificates`], of claimed ones. Those that are a whole certificate say so.
    pub async fn newer_claims(&self, ids: Vec<RowId>) -> Result<Vec<(RowId, ClaimRow)>, Error> {
        self.desk.read(move |session| claims::newer(session, &ids)).await
    }

    /// Keys that stand in more than one certificate, behind the key `after`.
    pub async fn key_groups(&self, after: Option<Fingerprint>, rows: u32) -> Result<Vec<KeyGroup>, Error> {
        self.desk
            .read(move |session| certificates::key_groups(session, after, rows))
            .await
    }

    /// Claimed certificates behind `after`, those that are there as a whole included ([`ClaimRow::fits`]).
    pub async fn claims(&self, after: RowId, rows: u32) -> Result<Vec<ClaimRow>, Error> {
        self.desk
            .read(move |session| claims::page(session, after, rows))
            .await
    }

    /// Present standings of the next `places` places behind `after`, each from every vantage.
    pub async fn endpoints(&self, after: RowId, places: u32) -> Result<Vec<EndpointRow>, Error> {
        let which = Which::After(after);
        self.desk
            .read(move |session| endpoints::page(session, &which, places))
            .await
    }

    /// Present standings that are not in order, of the next `places` such places behind `after`.
    pub async fn endpoints_in_trouble(&self, after: RowId, places: u32) -> Result<Vec<EndpointRow>, Error> {
        let which = Which::Troubled(after);
        self.desk
            .read(move |session| endpoints::page(session, &which, places))
            .await
    }

    /// Standings as of a past time, of the next `places` places behind `after`; and the last place of the page, from
    /// which to go on (`None` at the end: a page may be empty before it when nobody had looked at its places yet).
    pub async fn endpoints_at(
        &self,
        at: Timestamp,
        after: RowId,
        places: u32,
    ) -> Result<(Vec<EndpointRow>, Option<RowId>), Error> {
        self.desk
            .read(move |session| endpoints::page_at(session, after, places, at))
            .await
    }

    /// Present standings that serve the certificate of this number, of places behind `after`.
    pub async fn endpoints_serving(
        &self,
        leaf: RowId,
        after: RowId,
        places: u32,
    ) -> Result<Vec<EndpointRow>, Error> {
        let which = Which::Serving(leaf, after);
        self.desk
            .read(move |session| endpoints::page(session, &which, places))
            .await
    }

    /// Present standings in the order of identity, port and number, so that the addresses of one name stand together.
    /// `after` is that of the last row of the page before; what identities sort like is the database's.
    pub async fn endpoints_by_name(
        &self,
        after: Option<(Box<str>, u16, RowId)>,
        places: u32,
    ) -> Result<Vec<EndpointRow>, Error> {
        let which = Which::ByName(after);
        self.desk
            .read(move |session| endpoints::page(session, &which, places))
            .await
    }

    /// As [`Store::endpoints_by_name`], of those places that were asked for.
    pub async fn endpoints_found(
        &self,
        found: &Found,
        after: Option<(Box<str>, u16, RowId)>,
        places: u32,
    ) -> Result<Vec<EndpointRow>, Error> {
        let which = Which::Found(found.clone(), after);
        self.desk
            .read(move |session| endpoints::page(session, &which, places))
            .await
    }

    /// All that is remembered of the next `places` places behind `after`: from this every change that ever was follows.
    pub async fn histories(&self, after: RowId, places: u32) -> Result<Vec<HistoryRow>, Error> {
        self.desk
            .read(move |session| endpoints::histories(session, after, places))
            .await
    }

    /// All that is remembered of these places.
    pub async fn histories_of(&self, ids: Vec<RowId>) -> Result<Vec<HistoryRow>, Error> {
        let ids: Vec<i64> = ids.into_iter().map(|id| id.0).collect();
        self.desk
            .read(move |session| endpoints::histories_of(session, &ids))
            .await
    }

    /// Places behind `after`, looked at or not.
    pub async fn places(&self, after: RowId, rows: u32) -> Result<Vec<PlaceRow>, Error> {
        self.desk
            .read(move |session| places::page(session, after, rows))
            .await
    }

    /// Names of certificates and claims behind `after`.
    pub async fn names(&self, after: RowId, rows: u32) -> Result<Vec<NameRow>, Error> {
        self.desk
            .read(move |session| names::page(session, after, rows))
            .await
    }

    /// Every source with how it went.
    pub async fn sources(&self) -> Result<Vec<SourceRow>, Error> {
        self.desk.read(sources::all).await
    }

    /// What kind each source is of, by its name.
    pub async fn source_kinds(&self) -> Result<BTreeMap<Box<str>, SourceKind>, Error> {
        self.desk.read(sources::kinds).await
    }

    /// The last askings of a source, the latest first.
    pub async fn runs(&self, source: &SourceName, rows: u32) -> Result<Vec<SourceRun>, Error> {
        let source = source.clone();
        self.desk
            .read(move |session| sources::runs(session, &source, rows))
            .await
    }

    /// What is kept and not counted: cheap however much there is.
    pub async fn counters(&self) -> Result<Counters, Error> {
        self.desk.read(sources::counters).await
    }

    /// Places of these shards whose turn it is at `now`, the longest overdue first, at most `rows`.
    pub async fn due(
        &self,
        vantage: &Vantage,
        shards: Vec<u16>,
        now: Timestamp,
        rows: u32,
    ) -> Result<Vec<DuePlace>, Error> {
        let vantage = vantage.clone();
        self.desk
            .read(move |session| schedule::due(session, &vantage, &shards, now, rows))
            .await
    }

    /// Who holds shards at `now`.
    pub async fn holders(&self, now: Timestamp) -> Result<Vec<Holder>, Error> {
        self.desk
            .read(move |session| schedule::holders(session, now))
            .await
    }

    /// When the next place of these shards is due; in the past when one is overdue, `None` when none is scheduled.
    pub async fn next_due(&self, vantage: &Vantage, shards: Vec<u16>) -> Result<Option<Timestamp>, Error> {
        let vantage = vantage.clone();
        self.desk
            .read(move |session| schedule::next_due(session, &vantage, &shards))
            .await
    }

    /// A setting.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        let key = Value::from(key);
        self.desk
            .read(move |session| {
                let row = session.one(
                    "SELECT value FROM setting WHERE key = ?1",
                    std::slice::from_ref(&key),
                )?;
                row.map(|row| row.text(0).map(str::to_owned)).transpose()
            })
            .await
    }
}
