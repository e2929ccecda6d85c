//! The list of certificates for spreadsheets, calendars and feed readers: the same question, the same rows.

mod atom;
mod calendar;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use store::{Entry, Listing};

use crate::Parts;
use crate::pages::failure::Failure;

/// Entries of a calendar or a feed: what programs that read them still show.
const ENTRIES: u32 = 1_000;

/// Their addresses.
pub(crate) fn routes() -> Router<Arc<Parts>> {
    Router::new()
        .route("/certificates.csv", get(table::answer))
        .route("/certificates.ics", get(calendar::answer))
        .route("/certificates.atom", get(atom::answer))
}

/// The first entries of a list.
async fn first(parts: &Parts, listing: &Listing) -> Result<Vec<Entry>, Failure> {
    let now = (parts.clock)();
    Ok(parts.store.list(listing, None, ENTRIES, now).await?.entries)
}
