//! Tells: again and again looks at how everything stands, decides a round, and sees to it that letters arrive.
//!
//! One process tells at a time, the one that holds shard 0. A letter is written with the alert it tells of and leaves the
//! memory when its receiver has taken it; whoever is killed between the two delivers it again under the same name. Channels
//! are served at once, and each in the order of its letters, so that one that is slow holds up no other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use model::Untrusted;
use model::alert::{Attempt, Letter, Outcome};
use model::inventory::RowId;
use net::{Network, Permits};
use notify::deliver::{Ping, deliver};
use notify::route::Routes;
use notify::{Channel, Message, retry};
use store::{Error, Lease, Store, Trouble};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::condition::Conditions;
use super::round::{self, Known};

/// All that a teller is given.
pub struct Teller {
    /// The memory.
    pub store: Store,
    /// Who can be told.
    pub channels: BTreeMap<Box<str>, Arc<Channel>>,
    /// Who is told what.
    pub routes: Routes,
    /// Who gets everything that is open, once a week.
    pub digest: Option<Digest>,
    /// Who calls for help when we fall silent.
    pub dead_man: Option<Ping>,
    /// How to reach out.
    pub network: net::Settings,
    /// Limits of our own: what is told does not wait for looks.
    pub permits: Arc<Permits>,
    /// What the time is.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// The shards that are ours.
    pub held: watch::Receiver<Lease>,
    /// Turns true when it is to end.
    pub stop: watch::Receiver<bool>,
}

/// When everything that is open is told, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// On which day.
    pub day: Weekday,
    /// From which minute of the day on, UTC.
    pub minute: u16,
    /// To whom.
    pub channels: Vec<Box<str>>,
}

/// How often letters are looked for: somebody waits for a test.
const BEAT: Duration = Duration::from_secs(1);
/// How often everything is looked at, at most.
const EVERY: Duration = Duration::from_secs(15);
/// Looking at everything takes at most this part of the time, however large the inventory is.
const PART: u32 = 20;
/// Standings read at once.
const PAGE: u32 = 1_000;
/// Letters of a channel that are fetched at once.
const LETTERS: u32 = 50;
/// How often the one who watches us hears from us.
const PING: Duration = Duration::from_secs(60);
/// When we end, attempts under way may end for so long.
const GRACE: Duration = Duration::from_secs(5);

impl Teller {
    /// Tells until it is stopped. `say` is called when the memory cannot be used; it is tried again.
    pub async fn tell(self, say: &mut (dyn FnMut(Error) + Send)) {
        let network = Arc::new(Network::new(self.network.clone(), Arc::clone(&self.permits)));
        let mut stop = self.stop.clone();
        let (mut round_at, mut ping_at) = (Instant::now(), Instant::now());
        let mut busy: JoinSet<Box<str>> = JoinSet::new();
        let mut under_way: Vec<Box<str>> = Vec::new();
        loop {
            let lease = self.held.borrow().clone();
            if lease.shards.contains_key(&0) {
                let began = Instant::now();
                let mut fine = true;
                if round_at <= began {
                    fine = self.report(self.round(&lease).await, say);
                    round_at = Instant::now() + EVERY.max(began.elapsed() * PART);
                }
                let sent = self.send(&lease, &network, &mut busy, &mut under_way).await;
                fine &= self.report(sent, say);
                if let Some(dead_man) = self.dead_man.as_ref().filter(|_| fine && ping_at <= began) {
                    ping_at = began + PING;
                    // Whoever does not hear of us calls for help by themselves: nothing to do here.
                    drop(dead_man.ping(&network).await);
                }
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(done) = busy.join_next() => {
                    if let Ok(channel) = done {
                        under_way.retain(|known| *known != channel);
                    }
                }
                () = tokio::time::sleep(BEAT) => {}
            }
        }
        let last = async { while busy.join_next().await.is_some() {} };
        drop(tokio::time::timeout(GRACE, last).await);
    }

    /// Whether it went well; what did not is said, save that the work is somebody else's now.
    fn report(&self, done: Result<(), Error>, say: &mut (dyn FnMut(Error) + Send)) -> bool {
        match done {
            Ok(()) => true,
            Err(error) if matches!(error.trouble, Trouble::Stale { .. }) => false,
            Err(error) => {
                // When we are told to end the memory may be closed already.
                if !*self.stop.borrow() {
                    say(error);
                }
                false
            }
        }
    }

    /// Looks at everything, decides, and writes what was decided.
    async fn round(&self, lease: &Lease) -> Result<(), Error> {
        let now = (self.clock)();
        let mut conditions = Conditions::default();
        let mut after = RowId::START;
        loop {
            let rows = self.store.endpoints_in_trouble(after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            rows.iter().for_each(|row| conditions.endpoint(row));
        }
        for row in self.store.sources().await? {
            conditions.source(&row);
        }
        for row in self.store.channels().await? {
            if self.channels.contains_key(&row.name) {
                conditions.channel(&row, now);
            }
        }
        let known = Known {
            open: self.store.alerts_open().await?,
            acknowledgements: self.store.acknowledgements().await?,
            silences: self.store.silences(now).await?,
        };
        let mut decided = round::round(&known, conditions.finish(), &self.routes, now);
        decided.letters.extend(self.weekly(&known, now));
        if decided.alerts.is_empty() && decided.letters.is_empty() {
            return Ok(());
        }
        self.store.write_round(decided, Some(lease.clone())).await
    }

    /// The letters of this week's digest, on its day. They have the names of the week, so that they are written once.
    fn weekly(&self, known: &Known, now: Timestamp) -> Vec<Letter> {
        let Some(digest) = &self.digest else {
            return Vec::new();
        };
        let local = now.to_zoned(TimeZone::UTC);
        let minute =
            u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or_default();
        if local.weekday() != digest.day || minute < digest.minute {
            return Vec::new();
        }
        let week = local.date().iso_week_date();
        let week = format!("{}-W{:02}", week.year(), week.week());
        round::digest(&known.open, &digest.channels, &self.routes, &week, now)
    }

    /// Starts to deliver to every channel that has letters and is not at it already.
    async fn send(
        &self,
        lease: &Lease,
        network: &Arc<Network>,
        busy: &mut JoinSet<Box<str>>,
        under_way: &mut Vec<Box<str>>,
    ) -> Result<(), Error> {
        for (name, channel) in &self.channels {
            if under_way.contains(name) {
                continue;
            }
            let now = (self.clock)();
            let letters = self.store.letters_due(name, now, LETTERS).await?;
            if letters.is_empty() {
                continue;
            }
            under_way.push(name.clone());
            let post = Post {
                store: self.store.clone(),
                channel: Arc::clone(channel),
                network: Arc::clone(network),
                clock: Arc::clone(&self.clock),
                lease: lease.clone(),
            };
            let name = name.clone();
            busy.spawn(async move {
                post.deliver_all(letters).await;
                name
            });
        }
        Ok(())
    }
}

/// What delivers to one channel.
struct Post {
    store: Store,
    channel: Arc<Channel>,
    network: Arc<Network>,
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    lease: Lease,
}

impl Post {
    /// Delivers one after the other. When one is refused the others wait for their turn: the receiver is away.
    async fn deliver_all(self, letters: Vec<Letter>) {
        for letter in letters {
            let attempt = self.attempt(&letter).await;
            let arrived = attempt.outcome == Outcome::Delivered;
            let noted = self
                .store
                .note_attempts(vec![attempt], Some(self.lease.clone()))
                .await;
            // What cannot be noted is delivered again, under the same name.
            if !arrived || noted.is_err() {
                return;
            }
        }
    }

    async fn attempt(&self, letter: &Letter) -> Attempt {
        let attempt = |at, outcome, answer: String| Attempt {
            letter: letter.id.clone(),
            channel: letter.channel.clone(),
            at,
            outcome,
            answer: Untrusted::new(answer),
        };
        let message: Message = match serde_json::from_str(&letter.body) {
            Ok(message) => message,
            Err(error) => {
                let words = format!("another version of nolapse wrote it: {error}");
                return attempt((self.clock)(), Outcome::Dead, words);
            }
        };
        let now = (self.clock)();
        match deliver(&self.channel, &self.network, &letter.id, &message, now).await {
            Ok(answer) => attempt((self.clock)(), Outcome::Delivered, answer),
            Err(refused) => {
                let now = (self.clock)();
                let outcome =
                    retry::after_failure(letter.written, now, letter.tries.saturating_add(1), refused.wait);
                attempt(now, outcome, refused.answer)
            }
        }
    }
}
