//! Looks and sightings into rows.
//!
//! A batch comes in, already reduced to what is distinct in it ([`batch`]); the rows that change go out. What is the same
//! as before is found out with one look-up by place and changes one row, which is what makes 3,000,000 endpoints every
//! four hours cheap. Everything else goes through a merge of sets ([`merge`]) that does not depend on the order of
//! arrival. A batch that comes twice changes nothing the second time.

pub(crate) mod batch;
pub(crate) mod certificates;
pub(crate) mod looks;
mod merge;
pub(crate) mod places;
pub(crate) mod sightings;

use std::collections::BTreeMap;

use crate::error::Trouble;
use crate::session::{Put, Session};
use crate::value::{Kind, Value};

/// Changes of counters, written once at the end of a job.
#[derive(Debug, Default)]
pub(crate) struct Deltas(BTreeMap<String, i64>);

/// Counters: kept, so that no page has to count.
pub(crate) mod counter {
    pub(crate) const CERTIFICATES: &str = "certificates";
    pub(crate) const CLAIMS: &str = "claims";
    pub(crate) const NAMES: &str = "names";
    pub(crate) const PLACES: &str = "places";
    pub(crate) const LOOKS: &str = "looks";
    /// Followed by the word of a status.
    pub(crate) const STANDINGS: &str = "standings:";
}

impl Deltas {
    pub(crate) fn add(&mut self, key: &str, more: u64) {
        self.change(key, i64::try_from(more).unwrap_or(i64::MAX));
    }

    pub(crate) fn change(&mut self, key: &str, by: i64) {
        let value = self.0.entry(key.to_owned()).or_default();
        *value = value.saturating_add(by);
    }

    pub(crate) fn write(self, session: &mut Session) -> Result<(), Trouble> {
        let rows = self.0.into_iter().filter(|(_, by)| *by != 0);
        let rows = rows.map(|(key, by)| vec![Value::Text(key), Value::Int(by)]);
        session.put(&COUNTER, rows.collect()).map(drop)
    }
}

const COUNTER: Put<'static> = Put {
    table: "counter",
    columns: &[("key", Kind::Text), ("value", Kind::Int)],
    conflict: "ON CONFLICT (key) DO UPDATE SET value = counter.value + excluded.value",
};
