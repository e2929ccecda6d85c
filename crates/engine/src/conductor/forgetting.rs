//! What ended long ago is forgotten once a day, beside the looks.

use jiff::{SignedDuration, Timestamp};
use store::{Error, Store};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

/// When to forget, and the forgetting that is under way.
pub(super) struct Forgetting {
    /// How long what ended is kept; for ever without it.
    keep: Option<SignedDuration>,
    /// The memory is not asked before.
    not_before: Instant,
    at_work: JoinSet<Result<Option<u64>, Error>>,
}

/// How often it is asked whether a day has passed; also after a failure.
const ASKED_EVERY: Duration = Duration::from_secs(3600);
/// How often is forgotten. One of several replicas does it for all.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// The setting that holds when it was done last.
const LAST: &str = "engine.pruned";

impl Forgetting {
    pub(super) fn new(keep: Option<SignedDuration>) -> Self {
        Self {
            keep,
            not_before: Instant::now(),
            at_work: JoinSet::new(),
        }
    }

    /// Begins, unless it was done within a day.
    pub(super) fn begin(&mut self, store: &Store, now: Timestamp) {
        let Some(keep) = self.keep.filter(|_| Instant::now() >= self.not_before) else {
            return;
        };
        self.not_before = Instant::now() + ASKED_EVERY;
        let store = store.clone();
        self.at_work.spawn(async move { forget(&store, keep, now).await });
    }

    pub(super) fn is_idle(&self) -> bool {
        self.at_work.is_empty()
    }

    /// How many rows went; waits for ever while nothing is under way.
    pub(super) async fn done(&mut self) -> Option<Result<Option<u64>, Error>> {
        // A task that was lost is begun again within the hour.
        self.at_work.join_next().await?.ok()
    }
}

async fn forget(store: &Store, keep: SignedDuration, now: Timestamp) -> Result<Option<u64>, Error> {
    let last: Option<Timestamp> = store.setting(LAST).await?.and_then(|last| last.parse().ok());
    if last.is_some_and(|last| last <= now && now.duration_since(last) < EVERY) {
        return Ok(None);
    }
    let gone = store
        .prune(now.saturating_sub(keep).unwrap_or(Timestamp::MIN))
        .await?;
    store.set(LAST, &now.to_string()).await?;
    Ok(Some(gone))
}
