//! A source on its turn: it is asked on a thread of its own, and what it says is remembered as it comes.
//!
//! Somebody who can be asked comes in ([`Source`]); out goes how the run ended ([`Done`]). A source that fails never takes
//! back what it taught: this file only ever adds. When it is asked next is decided by [`crate::schedule`].

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::inventory::{RowId, RunEnd, RunOutcome, SourceRow, SourceRun};
use model::sighting::{Sighting, SourceKind, SourceName};
use model::{Certificate, Fingerprint, Untrusted};
use net::clock::SystemClock;
use sources::run::{End, Reason, Run, Sink, Tally, Told};
use store::{Error, Store, Stored};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::schedule::{self, Cadence};

/// Somebody who can be asked what exists.
#[derive(Clone)]
pub struct Source {
    /// What it is called.
    pub name: SourceName,
    /// What kind it is.
    pub kind: SourceKind,
    /// How often it is asked, when not as often as the others.
    pub every: Option<SignedDuration>,
    /// What an answer with nothing in it means.
    pub empty: Empty,
    /// Asks.
    pub ask: Arc<Asking>,
}

/// What it means when a source that told of something answers with nothing, and says that this is all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// That something is wrong with it: a file that was just emptied, an account whose rights were taken away.
    #[default]
    Fails,
    /// That nothing exists any more.
    Counts,
}

/// Asks a source once, on a thread that may block.
pub type Asking = dyn Fn(&Asked<'_>, &mut Sink<'_>) -> Answer + Send + Sync;

/// What a source is given.
pub struct Asked<'a> {
    /// The moment that the run's sightings bear.
    pub now: Timestamp,
    /// What accounts told before, by their own numbers.
    pub memory: &'a (dyn Fn(&str) -> Option<Arc<Certificate>> + Sync),
}

/// What asking a source came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub end: RunEnd,
    /// Things that were given on.
    pub given: u64,
    /// Things that were not, by reason.
    pub skipped: BTreeMap<Box<str>, u64>,
    /// What there is to say about them, a sentence each.
    pub remarks: Vec<String>,
    /// What stopped it, in a sentence.
    pub error: Option<String>,
}

impl Answer {
    /// Of a source that said nothing.
    pub fn failed(error: &str) -> Self {
        Self {
            end: RunEnd::Failed,
            given: 0,
            skipped: BTreeMap::new(),
            remarks: Vec::new(),
            error: Some(error.to_owned()),
        }
    }
}

impl From<Run> for Answer {
    fn from(run: Run) -> Self {
        let end = match run.end() {
            End::Complete => RunEnd::Complete,
            End::Partial => RunEnd::Partial,
            End::Failed => RunEnd::Failed,
        };
        let Tally {
            given,
            skipped,
            remarks,
            ..
        } = run.tally;
        let sentence = |(reason, told): (&Reason, &Told)| {
            let examples = told.examples.join(", ");
            format!("{} {}: {examples}", told.count, reason.words())
        };
        Self {
            end,
            given,
            remarks: skipped.iter().chain(&remarks).map(sentence).collect(),
            skipped: skipped
                .iter()
                .map(|(reason, told)| (reason.word().into(), told.count))
                .collect(),
            error: run.error.map(|error| error.to_string()),
        }
    }
}

/// How a run ended, and what there is to say beside.
#[derive(Debug)]
pub struct Done {
    /// How it ended.
    pub run: SourceRun,
    /// What there is to say about what was skipped.
    pub remarks: Vec<String>,
}

/// Sightings that are written together: few enough that a run shows, many enough that the disk is not flushed for each.
const AT_ONCE: usize = 512;
/// Batches on their way to the memory; a slow disk then slows the source.
const ON_THE_WAY: usize = 4;

/// Asks a source and remembers what it says. An error is one of the memory; what stops the source is in the outcome.
pub async fn run(source: &Source, store: &Store, cadence: &Cadence, now: Timestamp) -> Result<Done, Error> {
    let mut run = SourceRun {
        source: source.name.clone(),
        kind: source.kind,
        began: now,
        outcome: None,
    };
    store.note_run(run.clone()).await?;
    let known = Arc::new(known(source, store).await?);
    let (out, mut batches) = mpsc::channel::<Vec<Sighting>>(ON_THE_WAY);
    let asking = ask(source, store, known, now, out);
    let mut stored = Stored::default();
    while let Some(batch) = batches.recv().await {
        let more = store.sight(&source.name, source.kind, batch).await?;
        stored.stored += more.stored;
        for (reason, count) in more.skipped {
            *stored.skipped.entry(reason).or_default() += count;
        }
    }
    let mut ended = asking
        .await
        .unwrap_or_else(|_| Answer::failed("it broke while it was asked, which is a bug of nolapse"));
    if source.empty == Empty::Fails && is_empty(&ended) {
        let before = row(source, store)
            .await?
            .and_then(|row| row.last_complete?.outcome);
        if let Some(known) = before.map(|before| before.stored).filter(|known| *known > 0) {
            ended.end = RunEnd::Failed;
            ended.error = Some(emptied(&source.name, known));
        }
    }
    let outcome = outcome(&ended, stored, now);
    let failed = outcome.end == RunEnd::Failed;
    run.outcome = Some(outcome);
    store.note_run(run.clone()).await?;
    let failures = if failed {
        failures(source, store).await?.saturating_add(1)
    } else {
        0
    };
    let cadence = Cadence {
        sources_every: source.every.unwrap_or(cadence.sources_every),
        ..cadence.clone()
    };
    let next = schedule::next_run(&cadence, key(&source.name), failures, now);
    store
        .schedule_source(&source.name, source.kind, Some(next), failures)
        .await?;
    Ok(Done {
        run,
        remarks: ended.remarks,
    })
}

/// Asks on a thread that may block; what is said goes to `out` in batches, the last of which may be small.
fn ask(
    source: &Source,
    store: &Store,
    known: Arc<Known>,
    now: Timestamp,
    out: mpsc::Sender<Vec<Sighting>>,
) -> JoinHandle<Answer> {
    let (asking, store, handle) = (Arc::clone(&source.ask), store.clone(), Handle::current());
    tokio::task::spawn_blocking(move || {
        let memory = |number: &str| -> Option<Arc<Certificate>> {
            let (store, fingerprint) = (store.clone(), *known.get(number)?);
            let der = waited(&handle, async move { store.der(fingerprint).await })?.ok()??;
            Some(Arc::new(Certificate::from_der(der)))
        };
        let asked = Asked { now, memory: &memory };
        let mut waiting: Vec<Sighting> = Vec::with_capacity(AT_ONCE);
        let mut sink = |sighting: Sighting| {
            waiting.push(sighting);
            if waiting.len() < AT_ONCE {
                return ControlFlow::Continue(());
            }
            send(&handle, &out, std::mem::take(&mut waiting))
        };
        let ended = asking(&asked, &mut sink);
        // Nobody takes it any more: then the memory has said why already.
        let _: ControlFlow<()> = send(&handle, &out, waiting);
        ended
    })
}

/// Hands a batch over; `Break` when nobody takes it any more.
fn send(handle: &Handle, out: &mpsc::Sender<Vec<Sighting>>, batch: Vec<Sighting>) -> ControlFlow<()> {
    let out = out.clone();
    match waited(handle, async move { out.send(batch).await }) {
        Some(Ok(())) => ControlFlow::Continue(()),
        Some(Err(_)) | None => ControlFlow::Break(()),
    }
}

/// What a future comes to on the runtime of the conductor. Called on a thread that may block, but may stand within a runtime
/// of its own, where tokio's own ways of waiting are refused.
fn waited<T: Send + 'static>(handle: &Handle, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (done, waiting) = std::sync::mpsc::channel();
    handle.spawn(async move {
        // Who waits is there until it has its answer.
        drop(done.send(future.await));
    });
    waiting.recv().ok()
}

/// Certificates by the numbers that an account gives them.
type Known = HashMap<String, Fingerprint>;

/// What an account told before, so that no certificate is fetched twice.
async fn known(source: &Source, store: &Store) -> Result<Known, Error> {
    let mut known = Known::new();
    if source.kind != SourceKind::Account {
        return Ok(known);
    }
    let mut after = RowId::START;
    loop {
        let page = store.certificates(after, store::PAGE).await?;
        let Some(last) = page.last() else { return Ok(known) };
        after = last.id;
        for row in &page {
            let told = row.told.iter().filter(|told| told.source == source.name);
            known.extend(told.filter_map(|told| Some((number(&told.detail)?, row.fingerprint))));
        }
    }
}

/// The account's number for a certificate, in what was said beside it.
fn number(detail: &str) -> Option<String> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    detail
        .get("order")?
        .get("certificate")?
        .as_str()
        .map(str::to_owned)
}

fn is_empty(ended: &Answer) -> bool {
    ended.end == RunEnd::Complete && ended.given == 0 && ended.skipped.values().all(|count| *count == 0)
}

/// What a person reads of a source that has nothing left.
fn emptied(name: &SourceName, known: u64) -> String {
    format!(
        "it answered with nothing, after {known} the last time, which stay as they are; if nothing is right: \
         nolapse source run {name} --accept-empty"
    )
}

async fn failures(source: &Source, store: &Store) -> Result<u32, Error> {
    Ok(row(source, store).await?.map_or(0, |row| row.failures))
}

async fn row(source: &Source, store: &Store) -> Result<Option<SourceRow>, Error> {
    let rows = store.sources().await?;
    Ok(rows.into_iter().find(|row| row.source == source.name))
}

/// Spreads sources over the period.
pub fn key(name: &SourceName) -> u64 {
    schedule::key(name.as_str().as_bytes())
}

fn outcome(ended: &Answer, stored: Stored, began: Timestamp) -> RunOutcome {
    let mut skipped = ended.skipped.clone();
    let mut lost = 0;
    for (reason, count) in stored.skipped {
        lost += count;
        *skipped.entry(reason).or_default() += count;
    }
    // One thing may take several sightings: what of it was not kept cannot be more than there was.
    let kept = ended.given.saturating_sub(lost);
    let counted: u64 = skipped.values().sum();
    RunOutcome {
        ended: SystemClock.now().max(began),
        end: ended.end,
        found: kept.saturating_add(counted),
        stored: kept,
        skipped,
        error: ended.error.as_deref().map(Untrusted::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_what_was_kept_and_what_was_not() {
        let skipped = BTreeMap::from([("bad-row".into(), 2)]);
        let ended = Answer {
            end: RunEnd::Complete,
            given: 10,
            skipped,
            ..Answer::failed("")
        };
        let stored = Stored {
            stored: 7,
            skipped: BTreeMap::from([("too-long".into(), 3)]),
        };
        let outcome = outcome(&ended, stored, Timestamp::UNIX_EPOCH);
        assert!(outcome.adds_up());
        assert_eq!(
            (outcome.found, outcome.stored, outcome.end),
            (12, 7, RunEnd::Complete)
        );
    }

    #[test]
    fn a_run_that_gave_nothing_and_stopped_has_failed() {
        let run = Run {
            tally: Tally::default(),
            error: Some(sources::run::SourceError::Stopped),
        };
        let answer = Answer::from(run);
        assert_eq!((answer.end, answer.given), (RunEnd::Failed, 0));
        let outcome = outcome(&answer, Stored::default(), Timestamp::UNIX_EPOCH);
        assert!(outcome.adds_up() && outcome.error.is_some());
    }

    #[test]
    fn the_number_of_a_certificate_stands_in_what_was_said() {
        assert_eq!(
            number(r#"{"order":{"order":"7","certificate":"12"}}"#),
            Some("12".to_owned())
        );
        for none in [
            "{}",
            "",
            r#"{"order":{"order":"7"}}"#,
            r#"{"order":{"certificate":12}}"#,
        ] {
            assert_eq!(number(none), None, "{none}");
        }
    }
}
