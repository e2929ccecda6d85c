//! Shows and accepts: the pages of the inventory, and the only HTTP server.
//!
//! Requests come in, pages go out. What a page shows is read from the memory page by page and put into words here; this
//! crate looks at no endpoint, judges nothing, writes no SQL, and opens no connection.
//!
//! - [`Parts`]: what it is built of; [`router`]: every address it answers;
//! - [`serve`]: connections in, within limits, until it is told to drain;
//! - [`Identity`]: who the service is when it speaks TLS itself;
//! - `guard`: what every request must bear and every answer carries, whatever the page;
//! - `pages`: one file a page; `look`: the layout and the pieces that pages are made of;
//! - `query`: what people ask for in a line; `address`: what they chose; `feeds`: lists for spreadsheets, calendars, readers;
//! - `metrics`: the inventory as numbers, for Prometheus, and whether the service lives.
//!
//! Everything works without script, and nothing is loaded from anywhere else.

mod address;
mod feeds;
mod form;
mod guard;
mod identity;
mod look;
mod metrics;
mod pages;
mod pictures;
mod query;
mod server;

use std::sync::Arc;

use assess::Policy;
use axum::Router;
use jiff::Timestamp;
use store::Store;
use tokio::sync::watch;

pub use identity::{Identity, IdentityError};
pub use server::serve;

/// What the time is. Handed in, so that a test can say what the time is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the pages are built of. Cheap to clone.
#[derive(Clone)]
pub struct Parts {
    /// The memory.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The thresholds in force: where life left turns from enough to little.
    pub policy: Policy,
    /// Names, in lower case, under which the pages are reached, besides addresses and `localhost`.
    pub names: Vec<Box<str>>,
    /// Whether pages are reached by HTTPS: links that leave the page say so.
    pub secure: bool,
    /// Turns true when answers that would go on for ever must end.
    pub stop: watch::Receiver<bool>,
}

/// Every address that is answered.
pub fn router(parts: Parts) -> Router {
    let parts = Arc::new(parts);
    let pages = pages::routes()
        .merge(feeds::routes())
        .merge(look::asset::routes())
        .merge(metrics::routes());
    guard::around(pages, &parts).with_state(parts)
}
