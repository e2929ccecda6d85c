//! One look at one endpoint, from the connection to the verdict. A panic on the way becomes a record like any other.

use std::any::Any;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use assess::{Assessment, Law, Policy, SignatureMemory, Stores};
use jiff::Timestamp;
use model::observation::{Depth, Elapsed, Failure, Observation, Outcome, Stage};
use model::{Endpoint, Evidence, Service};
use net::Network;
use probe::Prober;
use tokio::time::Instant;

use crate::inquiry::Inquiry;
use crate::steady::Timepiece;

/// What one endpoint presented, and how that is judged.
#[derive(Clone, Debug)]
pub struct Look {
    /// The facts.
    pub observation: Observation,
    /// The verdict.
    pub assessment: Assessment,
    /// What third parties said; empty when nobody was asked.
    pub evidence: Evidence,
}

/// What is needed to judge, shared by all workers.
pub struct Judge {
    /// Whom to trust.
    pub stores: Stores,
    /// When an end is near.
    pub policy: Policy,
    /// Signatures that were checked before.
    pub memory: SignatureMemory,
    /// Asks third parties, if anything is to be asked.
    pub inquiry: Option<Inquiry>,
    /// The time as of which to judge, when it is not the time of the look.
    pub at: Option<Timestamp>,
    /// Where looks take their time from.
    pub time: Timepiece,
}

/// What is needed to look and to judge. Each worker has its own.
pub struct Eye {
    /// Looks.
    pub prober: Prober,
    /// How far.
    pub depth: Depth,
    /// Judges.
    pub judge: Arc<Judge>,
}

impl Eye {
    /// Looks at one address of a service. `resolve` is what finding the address took.
    pub async fn look(
        &self,
        network: &Network,
        service: &Arc<Service>,
        address: IpAddr,
        resolve: Option<Duration>,
    ) -> Look {
        let at = self.judge.time.now();
        let endpoint = Endpoint {
            service: Arc::clone(service),
            address,
        };
        let observed = caught(self.prober.observe(&endpoint, network, at)).await;
        let observation = match observed {
            Ok(mut observation) => {
                observation.elapsed.resolve = observation.elapsed.resolve.or(resolve);
                observation
            }
            Err(reason) => {
                let elapsed = Elapsed {
                    resolve,
                    ..Elapsed::default()
                };
                let mut broken = self.unresolved(service, Failure::Internal { reason }, elapsed);
                broken.address = Some(address);
                broken.outcome = at_handshake(broken.outcome);
                broken
            }
        };
        let look = self.judged(observation, Evidence::none());
        match &self.judge.inquiry {
            Some(inquiry) if look.observation.handshake.is_some() => self.ask(inquiry, network, look).await,
            _ => look,
        }
    }

    /// Asks third parties about what was seen, and judges it with what they say.
    async fn ask(&self, inquiry: &Inquiry, network: &Network, look: Look) -> Look {
        let begin = Instant::now();
        let memory = &self.judge.memory;
        let asking = inquiry.evidence(network, &look.observation, &look.assessment, memory);
        // A panic on the way is a bug of ours, and no reason to lose the look: nothing was said then.
        let evidence = caught(asking).await.unwrap_or_default();
        let mut observation = look.observation;
        observation.elapsed.evidence = Some(begin.elapsed());
        self.judged(observation, evidence)
    }

    /// The look at a name that has no address.
    pub fn look_at_nothing(&self, service: &Arc<Service>, failure: Failure, took: Duration) -> Look {
        let elapsed = Elapsed {
            resolve: Some(took),
            total: took,
            ..Elapsed::default()
        };
        self.judged(self.unresolved(service, failure, elapsed), Evidence::none())
    }

    fn unresolved(&self, service: &Arc<Service>, failure: Failure, elapsed: Elapsed) -> Observation {
        probe::unresolved(service, failure, self.depth, self.judge.time.now(), elapsed.total)
    }

    fn judged(&self, observation: Observation, evidence: Evidence) -> Look {
        let judge = |observation: &Observation| {
            let Judge {
                stores,
                policy,
                memory,
                ..
            } = &*self.judge;
            let law = Law { stores, policy };
            let now = self.judge.at.unwrap_or_else(|| self.judge.time.now());
            assess::judge(observation, &evidence, law, memory, now)
        };
        match panic::catch_unwind(AssertUnwindSafe(|| quietly(|| judge(&observation)))) {
            Ok(assessment) => Look {
                observation,
                assessment,
                evidence,
            },
            Err(panic) => {
                // What was seen may be what broke us: it is left out, and the rest is judged as a stopped look.
                let failure = Failure::Internal {
                    reason: reason(&*panic),
                };
                let outcome = Outcome::Stopped {
                    stage: Stage::Handshake,
                    failure,
                };
                let further_handshakes = Vec::new();
                let observation = Observation {
                    outcome,
                    handshake: None,
                    further_handshakes,
                    ..observation
                };
                let assessment = judge(&observation);
                Look {
                    observation,
                    assessment,
                    evidence,
                }
            }
        }
    }
}

impl Look {
    /// Whether a second look, later, may well see more.
    pub const fn is_worth_repeating(&self) -> bool {
        matches!(
            self.observation.outcome,
            Outcome::Stopped {
                failure: Failure::TimedOut | Failure::Reset,
                ..
            }
        )
    }
}

fn at_handshake(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Stopped { failure, .. } => Outcome::Stopped {
            stage: Stage::Handshake,
            failure,
        },
        Outcome::Handshaken => Outcome::Handshaken,
    }
}

thread_local! {
    /// Whether a panic on this thread will be caught and reported as a record.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Keeps caught panics off standard error, where they would stand in the middle of the progress line: they are in the
/// records. Others are printed as ever.
pub fn hush_caught_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !CAUGHT.get() {
            usual(panic);
        }
    }));
}

fn quietly<T>(act: impl FnOnce() -> T) -> T {
    /// Set back also when `act` panics.
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            CAUGHT.set(false);
        }
    }
    CAUGHT.set(true);
    let _loud = Loud;
    act()
}

/// The future's value, or what its panic said.
async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(move |context| {
        match panic::catch_unwind(AssertUnwindSafe(|| quietly(|| future.as_mut().poll(context)))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(reason(&*panic))),
        }
    })
    .await
}

fn reason(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_with_its_words() {
        hush_caught_panics();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let broken = runtime.block_on(caught(async {
            tokio::task::yield_now().await;
            panic!("index {} of {}", 3, 2)
        }));
        let broken: Result<(), String> = broken;
        assert_eq!(broken, Err("index 3 of 2".to_owned()));
        assert_eq!(runtime.block_on(caught(async { 7 })), Ok(7));
    }
}
