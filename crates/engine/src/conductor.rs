//! The heart-beat: takes what is due from the memory, hands it to workers, and gives back what they saw.
//!
//! One conductor claims shards, fetches due places and asks sources; worker threads look ([`crate::pipeline`]). A place is
//! due until its looks are durable together with its next due time, so a crash at any point loses nothing but the time of
//! looks under way. What the memory refuses because a lease has passed to somebody else is dropped: the other one does it.
//!
//! Nothing here writes to people: what they may want to hear is handed over as [`Told`].

mod forgetting;
mod hand;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::inventory::episode::Sample;
use model::inventory::{DuePlace, RowId, Vantage};
use model::sighting::SourceName;
use store::{Error, Holder, Lease, SHARDS, Store, Trouble};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use self::forgetting::Forgetting;
use crate::look::Judge;
use crate::pipeline::{Sight, Task, Turn};
use crate::schedule::{self, Cadence};
use crate::source::{self, Done, Source};
use crate::steady::Skew;
use crate::{due, remember};

/// All that a conductor is given.
pub struct Score {
    /// Threads that look.
    pub workers: usize,
    /// Endpoints at once, over all threads.
    pub concurrency: usize,
    /// How to look.
    pub looking: probe::Settings,
    /// How to reach out.
    pub network: net::Settings,
    /// Limits that all threads obey together.
    pub permits: Arc<net::Permits>,
    /// How to judge, and what time it is.
    pub judge: Arc<Judge>,
    /// From where we look.
    pub vantage: Vantage,
    /// How often.
    pub cadence: Arc<Cadence>,
    /// Who we are among those who share the memory: no two at a time are called the same.
    pub owner: Box<str>,
    /// Who is asked what exists.
    pub sources: Vec<Source>,
    /// How long what has ended is kept; for ever without it.
    pub keep: Option<SignedDuration>,
    /// Told which shards are held, whenever that changes or is renewed.
    pub held: watch::Sender<Lease>,
    /// How long.
    pub until: Until,
    /// Turns true when it is to end.
    pub stop: watch::Receiver<bool>,
}

/// How long a conductor goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Until it is stopped.
    Stopped,
    /// Until nothing is due any more.
    NothingIsDue,
    /// Until everything that is known was looked at once, due or not.
    AllIsSeen,
}

/// What people may want to hear.
#[derive(Debug)]
pub enum Told {
    /// The wall clock is wrong, or the machine slept.
    Skew(Skew),
    /// Others hold all work; we wait until they give it back or their lease runs out.
    Waiting {
        /// Who.
        holders: Vec<Holder>,
    },
    /// We have work.
    Leading {
        /// Shards of it.
        shards: usize,
    },
    /// A source was asked.
    Asked(Box<Done>),
    /// What ended long ago was forgotten.
    Forgotten {
        /// Rows that went.
        rows: u64,
    },
    /// The memory cannot be used now; it is tried again.
    Trouble(Error),
    /// How far we are.
    Standing(Counts),
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looks that are durable.
    pub looks: u64,
    /// Of these, those that could not be judged.
    pub stopped: u64,
    /// Places that are being looked at, or wait for it.
    pub under_way: usize,
    /// Sources that were asked.
    pub sources: u64,
    /// Of these, those that failed.
    pub sources_failed: u64,
}

impl AddAssign for Counts {
    /// What two of them did, one after the other; what is under way is what the later one has under way.
    fn add_assign(&mut self, later: Self) {
        *self = Self {
            looks: self.looks + later.looks,
            stopped: self.stopped + later.stopped,
            under_way: later.under_way,
            sources: self.sources + later.sources,
            sources_failed: self.sources_failed + later.sources_failed,
        };
    }
}

/// Why a conductor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// What it was to do is done.
    Done,
    /// It was told to.
    Stopped,
    /// Somebody else holds all work.
    Held,
}

/// Cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The memory.
    #[error(transparent)]
    Store(#[from] Error),
    /// No random numbers.
    #[error(transparent)]
    Unseeded(#[from] probe::Unseeded),
    /// No threads.
    #[error("cannot start: {0}")]
    Threads(#[from] std::io::Error),
}

/// A lease is good for so long; whoever dies is replaced after it. Three chances to renew it fit in.
const LEASE: Duration = Duration::from_secs(30);
/// What is regularly looked after: the lease, the clock, sources.
const BEAT: Duration = Duration::from_secs(1);
/// Turns that are written together, and how long the first of them waits for the others.
const TURNS_AT_ONCE: usize = 256;
const PATIENCE: Duration = Duration::from_millis(200);
/// When nothing is due, the memory is asked again after this at the latest: others may add places.
const IDLE: Duration = Duration::from_secs(10);
/// Places fetched in one go, and how few of them left are too few.
const FETCH: usize = 2_048;
/// Known addresses of one name that are compared with those it has: more than any name has.
const ADDRESSES: u32 = 256;
/// Sources asked at once: two keep a slow one from holding up the others.
const SOURCES_AT_ONCE: usize = 2;
/// Batches that wait while the memory cannot be written; then looking stops, since nothing is kept of it.
const HELD_BACK: usize = 4_096;

/// Whoever holds this shard does for all what is done once: it forgets, and closes what others left open.
const FIRST: u16 = 0;

/// Before anything is held: see [`Score::held`].
pub fn nothing_held() -> watch::Sender<Lease> {
    watch::Sender::new(Lease {
        owner: Box::default(),
        until: Timestamp::MIN,
        shards: BTreeMap::new(),
    })
}

/// Conducts until its end. `say` is called for what people may want to hear.
pub async fn conduct(
    store: &Store,
    score: Score,
    say: &mut dyn FnMut(Told),
) -> Result<(Ended, Counts), Broken> {
    let (tasks, source) = mpsc::channel(score.concurrency.max(1));
    let (out, turns) = mpsc::channel(TURNS_AT_ONCE);
    hand::start(&score, &Arc::new(Mutex::new(source)), &out)?;
    drop(out);
    let now = score.judge.time.now();
    let conductor = Conductor {
        store,
        lease: Lease {
            owner: score.owner.clone(),
            until: now,
            shards: BTreeMap::new(),
        },
        tasks: Some(tasks),
        queue: VecDeque::new(),
        under_way: HashSet::new(),
        outbox: Vec::new(),
        outbox_since: Instant::now(),
        asking: JoinSet::new(),
        asked: HashSet::new(),
        sources_seen: false,
        fetch_at: Instant::now(),
        paging: (score.until == Until::AllIsSeen).then_some(RowId::START),
        claimed_at: None,
        began: Instant::now(),
        waiting: false,
        dry: false,
        counts: Counts::default(),
        forgetting: Forgetting::new(score.keep),
        score,
        say,
    };
    conductor.run(turns).await
}

struct Conductor<'a> {
    store: &'a Store,
    score: Score,
    say: &'a mut dyn FnMut(Told),
    lease: Lease,
    /// To the workers; closed when we are about to end.
    tasks: Option<mpsc::Sender<Task>>,
    /// Fetched, and not handed over yet.
    queue: VecDeque<Task>,
    /// Places in the queue, at a worker, or in the outbox.
    under_way: HashSet<i64>,
    outbox: Vec<Turn>,
    outbox_since: Instant,
    asking: JoinSet<(SourceName, Result<Done, Error>)>,
    /// Sources that are being asked.
    asked: HashSet<SourceName>,
    /// Whether it was seen which sources are due.
    sources_seen: bool,
    /// When the memory is asked next for what is due.
    fetch_at: Instant,
    /// How far we are through all places, when all are looked at.
    paging: Option<RowId>,
    claimed_at: Option<Instant>,
    began: Instant,
    /// Whether it was said that we wait.
    waiting: bool,
    /// Whether the last fetch found nothing.
    dry: bool,
    counts: Counts,
    forgetting: Forgetting,
}

impl Conductor<'_> {
    async fn run(mut self, mut turns: mpsc::Receiver<Turn>) -> Result<(Ended, Counts), Broken> {
        let mut stop = self.score.stop.clone();
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            self.hand_over();
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break Ended::Stopped,
                Some(turn) = turns.recv() => self.take(turn).await?,
                Some(asked) = self.asking.join_next() => self.asked(asked.ok()).await?,
                Some(forgotten) = self.forgetting.done() => self.forgotten(forgotten)?,
                _ = beat.tick() => {
                    self.look_after().await?;
                }
                () = tokio::time::sleep_until(self.outbox_since + PATIENCE), if !self.outbox.is_empty() => {
                    self.write().await?;
                }
                () = tokio::time::sleep_until(self.fetch_at), if self.wants_more() => self.fetch().await?,
            }
            if let Some(ended) = self.ended() {
                break ended;
            }
        };
        self.end(&mut turns).await?;
        Ok((ended, self.counts))
    }

    /// Gives workers what they have room for.
    fn hand_over(&mut self) {
        let Some(tasks) = &self.tasks else { return };
        while let Ok(room) = tasks.try_reserve()
            && let Some(task) = self.queue.pop_front()
        {
            room.send(task);
        }
    }

    /// Lets workers finish what they look at, and writes it.
    async fn end(&mut self, turns: &mut mpsc::Receiver<Turn>) -> Result<(), Broken> {
        self.queue.clear();
        self.tasks = None;
        while let Some(turn) = turns.recv().await {
            self.outbox.push(turn);
        }
        self.write().await?;
        self.asking.shutdown().await;
        for name in std::mem::take(&mut self.asked) {
            self.store.interrupt_runs(&name, self.now()).await?;
        }
        self.store.release(self.lease.clone()).await?;
        self.note_time().await;
        Ok(())
    }

    fn ended(&self) -> Option<Ended> {
        if self.score.until == Until::Stopped {
            return None;
        }
        if self.lease.shards.is_empty() {
            return (self.began.elapsed() > LEASE + BEAT * 5).then_some(Ended::Held);
        }
        // Sources are asked at the first beat.
        let begun = self.sources_seen || self.score.sources.is_empty();
        let idle = begun && self.queue.is_empty() && self.under_way.is_empty() && self.outbox.is_empty();
        let alone = self.asking.is_empty() && self.forgetting.is_idle();
        (idle && self.dry && alone).then_some(Ended::Done)
    }

    fn wants_more(&self) -> bool {
        let quiet = self.score.until == Until::Stopped && schedule::is_quiet(&self.score.cadence, self.now());
        // Where all is looked at once, whatever sources add is known before.
        let early =
            self.paging.is_some() && (self.asked.len() < self.score.sources.len() || !self.asking.is_empty());
        !quiet
            && !early
            && !self.lease.shards.is_empty()
            && self.queue.len() < FETCH / 2
            && self.outbox.len() < HELD_BACK
    }

    fn now(&self) -> Timestamp {
        self.score.judge.time.now()
    }

    /// Once a second: the lease, the clock, sources.
    async fn look_after(&mut self) -> Result<(), Broken> {
        let skew = self.score.judge.time.skew();
        if skew != Skew::None {
            (self.say)(Told::Skew(skew));
        }
        if self.claimed_at.is_none_or(|at| at.elapsed() >= LEASE / 3) {
            self.claim().await?;
            self.note_time().await;
        }
        if !self.lease.shards.is_empty() {
            self.ask_sources().await?;
        }
        if self.lease.shards.contains_key(&FIRST) {
            self.forgetting.begin(self.store, self.now());
        }
        (self.say)(Told::Standing(Counts {
            under_way: self.under_way.len(),
            ..self.counts
        }));
        Ok(())
    }

    fn forgotten(&mut self, forgotten: Result<Option<u64>, Error>) -> Result<(), Broken> {
        if let Some(rows) = self.or_later(forgotten)?.flatten() {
            (self.say)(Told::Forgotten { rows });
        }
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), Broken> {
        let had = self.lease.shards.len();
        let claimed = self
            .store
            .claim(&self.score.owner, self.now(), LEASE, SHARDS)
            .await;
        let Some(lease) = self.or_later(claimed)? else {
            return Ok(());
        };
        self.lease = lease;
        self.score.held.send_replace(self.lease.clone());
        let has = self.lease.shards.len();
        // What is not held is asked for again at the next beat, so that a lease that runs out is noticed.
        self.claimed_at = (has > 0).then(Instant::now);
        if has == 0 && !self.waiting {
            let holders = self.store.holders(self.now()).await;
            if let Some(holders) = self.or_later(holders)? {
                (self.say)(Told::Waiting { holders });
            }
        } else if has != had && has > 0 {
            (self.say)(Told::Leading { shards: has });
        }
        self.waiting = has == 0;
        // Whoever had these shards asks no more.
        if had == 0 && self.lease.shards.contains_key(&FIRST) {
            self.interrupt_runs().await?;
        }
        Ok(())
    }

    /// Notes that askings which were under way when their process ended were interrupted.
    async fn interrupt_runs(&mut self) -> Result<(), Broken> {
        let rows = self.store.sources().await;
        for row in self.or_later(rows)?.unwrap_or_default() {
            let is_open = row.last.is_some_and(|run| run.outcome.is_none());
            if is_open && !self.asked.contains(&row.source) {
                let noted = self.store.interrupt_runs(&row.source, self.now()).await;
                self.or_later(noted)?;
            }
        }
        Ok(())
    }

    /// The latest time that is in the memory, for a start with a wrong clock. Losing it costs that alone.
    async fn note_time(&self) {
        drop(self.store.set(TIME, &self.now().to_string()).await);
    }

    /// Asks sources whose turn it is.
    async fn ask_sources(&mut self) -> Result<(), Broken> {
        if self.asking.len() >= SOURCES_AT_ONCE || self.asked.len() == self.score.sources.len() {
            return Ok(());
        }
        let rows = self.store.sources().await;
        let Some(rows) = self.or_later(rows)? else {
            return Ok(());
        };
        self.sources_seen = true;
        let now = self.now();
        for source in &self.score.sources {
            let due = rows
                .iter()
                .find(|row| row.source == source.name)
                .and_then(|row| row.due);
            let is_due = due.is_none_or(|due| schedule::holds(&self.score.cadence, due, now) <= now);
            let first = self.score.until == Until::AllIsSeen;
            if self.asked.contains(&source.name) || !(is_due || first) || self.asking.len() >= SOURCES_AT_ONCE
            {
                continue;
            }
            self.asked.insert(source.name.clone());
            let (source, store, cadence) = (
                source.clone(),
                self.store.clone(),
                Arc::clone(&self.score.cadence),
            );
            self.asking.spawn(async move {
                let done = source::run(&source, &store, &cadence, now).await;
                (source.name, done)
            });
        }
        Ok(())
    }

    async fn asked(&mut self, ended: Option<(SourceName, Result<Done, Error>)>) -> Result<(), Broken> {
        let Some((name, done)) = ended else { return Ok(()) };
        // Once each is enough where we end when all is done.
        if self.score.until != Until::AllIsSeen {
            self.asked.remove(&name);
        }
        if let Some(done) = self.or_later(done)? {
            let failed = done
                .run
                .outcome
                .as_ref()
                .is_some_and(|outcome| outcome.end == model::inventory::RunEnd::Failed);
            self.counts.sources += 1;
            self.counts.sources_failed += u64::from(failed);
            (self.say)(Told::Asked(Box::new(done)));
        }
        // It may have told of places that are due now.
        (self.fetch_at, self.dry) = (Instant::now(), false);
        self.ask_sources().await
    }

    /// Fetches what is due.
    async fn fetch(&mut self) -> Result<(), Broken> {
        let places = match self.paging {
            Some(after) => self.page(after).await?,
            None => self.due().await?,
        };
        let Some(places) = places else { return Ok(()) };
        let fresh: Vec<DuePlace> = places
            .into_iter()
            .filter(|place| !self.under_way.contains(&place.id.0))
            .collect();
        self.dry = fresh.is_empty() && self.paging.is_none();
        self.fetch_at = Instant::now()
            + if fresh.is_empty() && self.paging.is_none() {
                IDLE
            } else {
                PATIENCE
            };
        if fresh.is_empty() {
            return Ok(());
        }
        let seen: Vec<RowId> = { fresh.iter() }
            .filter(|place| place.last.is_some() && place.place.address.is_some())
            .map(|place| place.id)
            .collect();
        let histories = self.store.histories_of(seen).await;
        let Some(histories) = self.or_later(histories)? else {
            return Ok(());
        };
        let mut sights: HashMap<i64, Sights> = HashMap::new();
        for row in histories.iter().filter(|row| row.vantage == self.score.vantage) {
            sights.insert(
                row.id.0,
                row.place
                    .address
                    .map(|address| (address, oldest_first(&row.samples)))
                    .into_iter()
                    .collect(),
            );
        }
        for due in fresh {
            let known = match sights.remove(&due.id.0) {
                None if due.place.address.is_none() && due.last.is_some() => {
                    self.sights_of_name(&due).await?
                }
                known => known.unwrap_or_default(),
            };
            self.under_way.insert(due.id.0);
            self.queue.push_back(Task { due, sights: known });
        }
        Ok(())
    }

    /// What the addresses of a name showed.
    async fn sights_of_name(&mut self, due: &DuePlace) -> Result<Sights, Broken> {
        let service = &due.place.service;
        let after = (service.identity.to_string().into(), service.port, RowId(0));
        let rows = self.store.endpoints_by_name(Some(after), ADDRESSES).await;
        let rows = self.or_later(rows)?.unwrap_or_default();
        let ours = rows
            .iter()
            .filter(|row| row.place.service == *service && row.vantage == self.score.vantage);
        Ok(ours
            .filter_map(|row| Some((row.place.address?, oldest_first(&row.samples))))
            .collect())
    }

    async fn due(&mut self) -> Result<Option<Vec<DuePlace>>, Broken> {
        let shards: Vec<u16> = self.lease.shards.keys().copied().collect();
        let rows = u32::try_from(FETCH + self.under_way.len()).unwrap_or(u32::MAX);
        let due = self
            .store
            .due(&self.score.vantage, shards, self.now(), rows)
            .await;
        self.or_later(due)
    }

    /// The next page of all places, as if they were due.
    async fn page(&mut self, after: RowId) -> Result<Option<Vec<DuePlace>>, Broken> {
        let rows = u32::try_from(FETCH).unwrap_or(u32::MAX);
        let page = self.store.places(after, rows).await;
        let Some(page) = self.or_later(page)? else {
            return Ok(None);
        };
        self.paging = page.last().map(|row| row.id);
        let now = self.now();
        // An address that only resolving a name gave has its turn with the name.
        let is_ours = |row: &model::inventory::PlaceRow| {
            self.lease.shards.contains_key(&store::shard(&row.place))
                && (row.place.address.is_none() || !row.told.is_empty())
        };
        let places = page.into_iter().filter(is_ours).map(|row| DuePlace {
            id: row.id,
            place: row.place,
            due: now,
            failures: 0,
            last: row
                .looked
                .iter()
                .find(|(vantage, ..)| *vantage == self.score.vantage)
                .map(|(_, at, status)| (*at, *status)),
        });
        Ok(Some(places.collect()))
    }

    async fn take(&mut self, turn: Turn) -> Result<(), Broken> {
        if self.outbox.is_empty() {
            self.outbox_since = Instant::now();
        }
        self.outbox.push(turn);
        if self.outbox.len() >= TURNS_AT_ONCE {
            self.write().await
        } else {
            Ok(())
        }
    }

    /// Notes addresses that the names which were just resolved no longer have, unless a source tells of them by itself.
    async fn miss(&mut self) -> Result<(), Broken> {
        let mut gone = Vec::new();
        for turn in &self.outbox {
            let Some((service, addresses)) = &turn.resolved else {
                continue;
            };
            let after = (service.identity.to_string().into(), service.port, RowId(0));
            let known = self.store.endpoints_by_name(Some(after), ADDRESSES).await?;
            let missing = known.iter().filter(|row| {
                row.place.service == *service
                    && row
                        .place
                        .address
                        .is_some_and(|address| !addresses.contains(&address))
                    && row.vantage == self.score.vantage
                    && row.state.reached.as_ref() != remember::GONE
            });
            for row in missing {
                let told = self.store.places(RowId(row.id.0 - 1), 1).await?;
                if told
                    .first()
                    .is_some_and(|place| place.id == row.id && place.told.is_empty())
                {
                    gone.push(remember::gone(row.place.clone(), &self.score.vantage, self.now()));
                }
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        let due = gone
            .iter()
            .map(|look| due::never(look.place.clone(), &self.score.vantage))
            .collect();
        let written = self.store.ingest(gone, due, Some(self.lease.clone())).await;
        self.or_later(written).map(drop)
    }

    /// Writes what workers saw, with when it is due next.
    async fn write(&mut self) -> Result<(), Broken> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let looks: Vec<_> = self
            .outbox
            .iter()
            .flat_map(|turn| turn.looks.iter().cloned())
            .collect();
        let due: Vec<_> = self
            .outbox
            .iter()
            .flat_map(|turn| turn.due.iter().cloned())
            .collect();
        let stopped = looks
            .iter()
            .filter(|look| look.chain.is_empty() && look.seen.status != model::Status::Ok)
            .count();
        let made = u64::try_from(looks.len()).unwrap_or(u64::MAX);
        let written = self.store.ingest(looks, due, Some(self.lease.clone())).await;
        match self.or_later(written)? {
            Some(()) => {
                self.counts.looks += made;
                self.counts.stopped += u64::try_from(stopped).unwrap_or(u64::MAX);
            }
            // Kept for the next try, unless the work is somebody else's now.
            None if self.claimed_at.is_some() => {
                self.outbox_since = Instant::now() + BEAT;
                return Ok(());
            }
            None => {}
        }
        let missed = self.miss().await;
        for turn in self.outbox.drain(..) {
            self.under_way.remove(&turn.place);
        }
        missed
    }

    /// The value; nothing when it may be had later. What passes is said, and the rest ends us.
    fn or_later<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Broken> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if matches!(error.trouble, Trouble::Stale { .. }) => {
                // Claimed anew at the next beat.
                self.claimed_at = None;
                self.lease.shards.clear();
                self.score.held.send_replace(self.lease.clone());
                Ok(None)
            }
            Err(error) if self.score.until == Until::Stopped && may_pass(&error.trouble) => {
                (self.say)(Told::Trouble(error));
                self.fetch_at = Instant::now() + BEAT * 5;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What addresses showed.
type Sights = Vec<(IpAddr, Vec<Sight>)>;

fn oldest_first(samples: &[Sample]) -> Vec<Sight> {
    samples
        .iter()
        .rev()
        .map(|sample| (sample.at, sample.leaf))
        .collect()
}

/// A watch waits for room on the disk and for a server that is away.
const fn may_pass(trouble: &Trouble) -> bool {
    trouble.is_passing() || matches!(trouble, Trouble::Full | Trouble::Io { .. } | Trouble::ReadOnly)
}

/// The setting that holds the latest time.
pub const TIME: &str = "engine.time";
