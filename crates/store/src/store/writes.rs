//! What is written. Each call is durable when it returns, and may be repeated without harm.

use std::time::Duration;

use jiff::Timestamp;
use model::inventory::{Look, RunEnd, SourceRun};
use model::sighting::{Sighting, SourceKind, SourceName};

use super::Store;
use crate::error::Error;
use crate::ingest::batch::Batch;
use crate::ingest::looks;
use crate::ingest::sightings::{self, Stored};
use crate::prune;
use crate::schedule::{self, Due, Lease};
use crate::session::Put;
use crate::value::{Kind, Value, text};
use crate::words::milliseconds;

/// Looks in one transaction: enough that its fixed costs vanish, few enough that others do not wait long.
const LOOKS: usize = 4_000;
/// Sightings in one transaction.
const SIGHTINGS: usize = 4_000;

impl Store {
    /// Takes looks in. Idempotent: what is handed in again changes nothing. Any order is right.
    ///
    /// Large batches are written in parts; when this fails, some parts may be in, and all of it may be handed in again.
    ///
    /// # Errors
    /// [`Trouble::Stale`](crate::Trouble::Stale) when `lease` is given and a shard of a place has passed to somebody
    /// else: nothing of that part was written, and the work is no longer the caller's.
    pub async fn ingest(&self, looks: Vec<Look>, due: Vec<Due>, lease: Option<Lease>) -> Result<(), Error> {
        let mut due = due;
        let mut parts = looks.chunks(LOOKS).peekable();
        if parts.peek().is_none() && !due.is_empty() {
            return self.write_looks(&[], due, lease).await;
        }
        while let Some(part) = parts.next() {
            // When the next look is due is written with the last of the looks, so that a look that was not kept is made
            // again.
            let due = if parts.peek().is_none() {
                std::mem::take(&mut due)
            } else {
                Vec::new()
            };
            self.write_looks(part, due, lease.clone()).await?;
        }
        Ok(())
    }

    async fn write_looks(&self, part: &[Look], due: Vec<Due>, lease: Option<Lease>) -> Result<(), Error> {
        let batch = Batch::new(part, due);
        self.desk
            .write(move |session| looks::write(session, &batch, lease.as_ref()))
            .await
    }

    /// Sets when places are due, without a look.
    pub async fn schedule(&self, due: Vec<Due>, lease: Option<Lease>) -> Result<(), Error> {
        self.ingest(Vec::new(), due, lease).await
    }

    /// Notes that a source is being asked (`outcome` is `None`) or how that ended. Known by source and `began`.
    pub async fn note_run(&self, run: SourceRun) -> Result<(), Error> {
        self.desk
            .write(move |session| {
                let source = sightings::source_number(session, &run.source, run.kind)?;
                let outcome = run.outcome.as_ref();
                let number = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
                let row = vec![
                    Value::Int(source),
                    Value::Int(milliseconds(run.began)),
                    Value::from(outcome.map(|outcome| milliseconds(outcome.ended))),
                    Value::from(outcome.map(|outcome| outcome.end.word())),
                    number(outcome.map_or(0, |outcome| outcome.found)),
                    number(outcome.map_or(0, |outcome| outcome.stored)),
                    outcome
                        .and_then(|outcome| serde_json::to_string(&outcome.skipped).ok())
                        .map_or_else(|| Value::from("{}"), |skipped| text(&skipped)),
                    outcome
                        .and_then(|outcome| outcome.error.as_ref())
                        .map_or(Value::Null, |error| text(error.raw())),
                ];
                session.put(&RUN, vec![row]).map(drop)
            })
            .await
    }

    /// Takes in what a source told of. Idempotent, in any order; never removes anything. Places that are new to the
    /// schedule are due at once for the local vantage.
    pub async fn sight(
        &self,
        source: &SourceName,
        kind: SourceKind,
        sightings: Vec<Sighting>,
    ) -> Result<Stored, Error> {
        let mut all = Stored::default();
        let mut rest = sightings;
        while !rest.is_empty() {
            let after = rest.split_off(rest.len().min(SIGHTINGS));
            let batch = sightings::Batch::new(std::mem::replace(&mut rest, after));
            let stored = batch.stored();
            let source = source.clone();
            self.desk
                .write(move |session| sightings::write(session, &source, kind, &batch))
                .await?;
            all.stored += stored.stored;
            for (reason, count) in stored.skipped {
                *all.skipped.entry(reason).or_default() += count;
            }
        }
        Ok(all)
    }

    /// Sets when a source is to be asked next (`None`: never), and how often in a row it failed.
    pub async fn schedule_source(
        &self,
        source: &SourceName,
        kind: SourceKind,
        due: Option<Timestamp>,
        failures: u32,
    ) -> Result<(), Error> {
        let source = source.clone();
        self.desk
            .write(move |session| {
                let id = sightings::source_number(session, &source, kind)?;
                let values = [
                    Value::from(due.map(milliseconds)),
                    Value::Int(i64::from(failures)),
                    Value::Int(id),
                ];
                session
                    .execute("UPDATE source SET due = ?1, failures = ?2 WHERE id = ?3", &values)
                    .map(drop)
            })
            .await
    }

    /// Keeps the shards that `owner` holds at `now` and takes free ones, up to `at_most` in all, for `ttl`. Claim again
    /// well before `ttl` is over. Each shard has an epoch that changes with its holder; what is written under an old one
    /// is refused.
    pub async fn claim(
        &self,
        owner: &str,
        now: Timestamp,
        ttl: Duration,
        at_most: u16,
    ) -> Result<Lease, Error> {
        let owner = owner.to_owned();
        self.desk
            .write(move |session| schedule::claim(session, &owner, now, ttl, at_most))
            .await
    }

    /// Gives shards back before their time.
    pub async fn release(&self, lease: Lease) -> Result<(), Error> {
        self.desk
            .write(move |session| schedule::release(session, &lease))
            .await
    }

    /// Ends the leases of an `owner` that is known to be gone, before they run out.
    pub async fn oust(&self, owner: &str) -> Result<(), Error> {
        let owner = owner.to_owned();
        self.desk
            .write(move |session| schedule::oust(session, &owner))
            .await
    }

    /// Notes that askings of a source which have no end yet were interrupted, as was seen at `now`. One that goes on after
    /// all may still note its own end. Says how many there were.
    pub async fn interrupt_runs(&self, source: &SourceName, now: Timestamp) -> Result<u64, Error> {
        let source = source.clone();
        self.desk
            .write(move |session| {
                let values = [
                    Value::Int(milliseconds(now)),
                    Value::from(RunEnd::Interrupted.word()),
                    Value::from(source.as_str()),
                ];
                session.execute(
                    "UPDATE source_run SET ended = CASE WHEN began > ?1 THEN began ELSE ?1 END, outcome = ?2
                     WHERE ended IS NULL AND source = (SELECT id FROM source WHERE name = ?3)",
                    &values,
                )
            })
            .await
    }

    /// Keeps a setting: any text under a key of the caller's.
    pub async fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        let row = vec![Value::from(key), text(value)];
        self.desk
            .write(move |session| session.put(&SETTING, vec![row.clone()]).map(drop))
            .await
    }

    /// Forgets episodes, runs, tellings, standings, places and certificates that ended before a time, and what nothing
    /// refers to any more; see the module `prune` for what is kept in any case. Says how many rows went.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, Error> {
        let before = milliseconds(before);
        let mut gone = 0;
        for sql in prune::STEPS {
            gone += self
                .desk
                .write(move |session| prune::step(session, sql, before))
                .await?;
        }
        Ok(gone)
    }
}

const RUN: Put<'static> = Put {
    table: "source_run",
    columns: &[
        ("source", Kind::Int),
        ("began", Kind::Int),
        ("ended", Kind::Int),
        ("outcome", Kind::Text),
        ("found", Kind::Int),
        ("stored", Kind::Int),
        ("skipped", Kind::Text),
        ("error", Kind::Text),
    ],
    // An end is known for good: a beginning that is delivered late does not undo it.
    conflict: "ON CONFLICT (source, began) DO UPDATE SET ended = excluded.ended, outcome = excluded.outcome,
        found = excluded.found, stored = excluded.stored, skipped = excluded.skipped, error = excluded.error
        WHERE excluded.ended IS NOT NULL AND (source_run.ended IS NULL OR excluded.ended > source_run.ended)",
};
const SETTING: Put<'static> = Put {
    table: "setting",
    columns: &[("key", Kind::Text), ("value", Kind::Text)],
    conflict: "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
};
