//! One question, asked once: whoever comes while it is under way waits for the same answer, and whoever comes later finds
//! it, until it ends.
//!
//! When more is held than [`limits::EVIDENCE_KEPT_BYTES`], everything that is not under way is forgotten: it costs a
//! question again, and no list of what was used when.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use model::limits;
use tokio::sync::OnceCell;

/// Questions of one kind. The lock is held for a look-up only, never across an await.
pub(super) struct Flights<K, V> {
    held: Mutex<Held<K, V>>,
}

struct Held<K, V> {
    flights: HashMap<K, Arc<OnceCell<Landed<V>>>>,
    bytes: usize,
}

/// An answer that came.
pub(super) struct Landed<V> {
    pub(super) value: V,
    /// Until when it is good.
    pub(super) until: Timestamp,
    /// What keeping it costs.
    pub(super) bytes: usize,
}

/// What any entry costs, its key included.
const ENTRY_BYTES: usize = 1024;

impl<K, V> Default for Flights<K, V> {
    fn default() -> Self {
        Self {
            held: Mutex::new(Held {
                flights: HashMap::new(),
                bytes: 0,
            }),
        }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Flights<K, V> {
    /// The answer to `key`: kept, awaited, or asked for now by `ask`. Whoever asks may be cancelled: another goes on.
    pub(super) async fn get(&self, key: &K, now: Timestamp, ask: impl Future<Output = Landed<V>>) -> V {
        let flight = self.flight(key, now);
        let mut is_ours = false;
        let landed = flight
            .get_or_init(|| async {
                is_ours = true;
                ask.await
            })
            .await;
        if is_ours {
            self.land(landed.bytes);
        }
        landed.value.clone()
    }

    fn flight(&self, key: &K, now: Timestamp) -> Arc<OnceCell<Landed<V>>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let flight = held.flights.entry(key.clone()).or_default();
        if flight.get().is_some_and(|landed| landed.until < now) {
            *flight = Arc::default();
        }
        Arc::clone(flight)
    }

    fn land(&self, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.bytes = held.bytes.saturating_add(bytes).saturating_add(ENTRY_BYTES);
        if held.bytes > limits::EVIDENCE_KEPT_BYTES {
            held.flights.retain(|_, flight| !flight.initialized());
            held.bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::SignedDuration;

    use super::*;

    fn run<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(future)
    }

    fn landed(value: u32, until: Timestamp, bytes: usize) -> Landed<u32> {
        Landed { value, until, bytes }
    }

    #[test]
    fn a_question_is_asked_once_and_again_when_the_answer_has_ended() {
        run(async {
            let flights: Flights<&str, u32> = Flights::default();
            let asked = AtomicUsize::new(0);
            let (now, soon) = (
                Timestamp::UNIX_EPOCH,
                Timestamp::UNIX_EPOCH + SignedDuration::from_secs(9),
            );
            let ask = |value| {
                let asked = &asked;
                async move {
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    landed(value, soon, 1)
                }
            };
            let (one, two) = tokio::join!(flights.get(&"a", now, ask(1)), flights.get(&"a", now, ask(2)));
            assert_eq!((one, two, asked.load(Ordering::SeqCst)), (1, 1, 1));
            assert_eq!(flights.get(&"b", now, ask(3)).await, 3);
            assert_eq!(flights.get(&"a", soon, ask(4)).await, 1);
            let later = soon + SignedDuration::from_secs(1);
            assert_eq!(flights.get(&"a", later, ask(5)).await, 5);
        });
    }

    #[test]
    fn whoever_is_cancelled_leaves_the_question_to_the_next() {
        run(async {
            let flights: Flights<&str, u32> = Flights::default();
            let now = Timestamp::UNIX_EPOCH;
            let cancelled = tokio::select! {
                biased;
                _ = flights.get(&"a", now, std::future::pending()) => false,
                () = tokio::task::yield_now() => true,
            };
            assert!(cancelled);
            assert_eq!(flights.get(&"a", now, async { landed(7, now, 1) }).await, 7);
        });
    }

    #[test]
    fn what_is_held_is_bounded() {
        run(async {
            let flights: Flights<u32, u32> = Flights::default();
            let now = Timestamp::UNIX_EPOCH;
            let large = limits::EVIDENCE_KEPT_BYTES / 8;
            for number in 0..100 {
                flights
                    .get(&number, now, async { landed(number, now, large) })
                    .await;
                assert!(flights.held.lock().unwrap().flights.len() <= 8);
            }
        });
    }
}
