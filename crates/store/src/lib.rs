//! Remembers: certificates, places, who told of them, what was seen when, and whose turn it is.
//!
//! In come looks and sightings ([`Store::ingest`], [`Store::sight`]), durable when the call returns; out come rows, page
//! by page. The same interface stands on one SQLite file and on PostgreSQL, and this is the only crate with SQL. Nothing
//! here looks at an endpoint, judges, or reads the clock: `now` comes in.
//!
//! **Order does not matter.** What is kept is a function of the set of looks and sightings ever taken in: duplicates,
//! delays and shuffles end in the same inventory ([`model::inventory::episode`] says why). Therefore a batch may be handed
//! in again whenever it is not certain that it arrived.
//!
//! - [`Address`]: where the memory is; [`Error`]: what is wrong with it, in words;
//! - `session`: one connection to either database, the only place where they differ;
//! - `desk`: the threads that hold connections; one of them writes, for many callers at once;
//! - `migrate`, `backup`, `transfer`, `prune`: the life of the database itself;
//! - `ingest`: looks and sightings into rows;
//! - `read`: rows out; `listing`: what is asked of the list of certificates;
//! - `alerts`: alerts, what people answered, and letters on their way;
//! - `schedule`: due places and the leases of those who look at them.

mod address;
mod alerts;
mod backup;
mod desk;
mod error;
mod ingest;
mod listing;
mod migrate;
mod prune;
mod read;
mod samples;
mod schedule;
mod session;
mod store;
mod value;
mod words;

mod transfer;

pub use address::{Address, PostgresUrl};
pub use alerts::Round;
pub use error::{Error, Trouble};
pub use ingest::sightings::Stored;
pub use listing::{Condition, Cursor, Entry, Listed, Listing, NoCursor, Order, What, Whole};
pub use read::PAGE;
pub use read::endpoints::Found;
pub use schedule::{Due, Holder, Lease, SHARDS, shard};
pub use store::{Access, Opening, Store};
