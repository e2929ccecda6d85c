//! One worker: items come in, batches of looks go out.
//!
//! A worker owns a single-threaded runtime and its share of the open connections. It takes items from the channel that
//! all workers share, looks at every address of each, and hands over in batches, so that a record costs no lock and no
//! system call of its own. What timed out or was reset is looked at once more when everything else is done: in place it
//! would only meet the same trouble. A look is handed over with the note that it is finished, so that what is written
//! and what the state file says never part.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::Service;
use model::endpoint::Identity;
use model::inventory::Vantage;
use net::{Network, Permits};
use probe::Prober;
use tokio::sync::{Mutex, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::inventory::saving::Kept;
use crate::report::Rendering;
use crate::scan::resume::Step;
use crate::scan::tally::Tally;
use crate::scan::targets::{Item, Where};
use engine::look::{Eye, Judge, Look};
use engine::remember::remembered;

/// What all workers share.
pub(crate) struct Shop {
    /// How to look.
    pub(crate) looking: probe::Settings,
    /// How to judge.
    pub(crate) judge: Arc<Judge>,
    /// How to reach out.
    pub(crate) network: net::Settings,
    /// The limits on connections that all workers obey together.
    pub(crate) permits: Arc<Permits>,
    /// Endpoints that one worker may look at at once.
    pub(crate) slots: usize,
    /// Whether to look once more at what timed out.
    pub(crate) second_look: SecondLook,
    /// What to make of a look.
    pub(crate) rendering: Rendering,
    /// Whether looks are kept in the inventory, and from where they are made.
    pub(crate) save: Option<Vantage>,
    /// Items; the lock is held while waiting for the next batch of them.
    pub(crate) source: Mutex<mpsc::Receiver<Vec<Item>>>,
    /// Turns true when no more shall be done.
    pub(crate) stop: watch::Receiver<bool>,
}

/// Whether to look once more, at the end of the run, at what timed out or was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecondLook {
    /// Yes, at as many as can be looked at at once: it then costs the time of one endpoint, however bad the network is.
    Once,
    /// No.
    Never,
}

/// Finished looks on their way to the writer.
#[derive(Default)]
pub(crate) struct Batch {
    /// Rendered looks.
    pub(crate) bytes: Vec<u8>,
    /// Looks for a report that is made at the end.
    pub(crate) looks: Vec<(u64, Look)>,
    /// What is finished by them.
    pub(crate) steps: Vec<Step>,
    /// How they stand.
    pub(crate) tally: Tally,
    /// Looks for the inventory.
    pub(crate) kept: Vec<Kept>,
}

/// A batch goes out when it holds so many looks or bytes, or is so old.
const BATCH_LOOKS: usize = 64;
const BATCH_BYTES: usize = 32 * 1024;
const BATCH_AGE: Duration = Duration::from_millis(50);

/// One endpoint of a service, or its name where the address is not known.
type Part = (u64, Option<IpAddr>);

/// What a task of a worker gave.
struct Finished {
    index: u64,
    round: Round,
    looks: Vec<Look>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    First,
    Second { address: Option<IpAddr> },
}

/// Works until the source is empty and everything taken from it is finished, or until told to stop.
pub(crate) async fn work(shop: Arc<Shop>, prober: Prober, out: mpsc::Sender<Batch>) {
    let eye = Eye {
        prober,
        depth: shop.looking.depth,
        judge: Arc::clone(&shop.judge),
    };
    let network = Network::new(shop.network.clone(), Arc::clone(&shop.permits));
    let mut worker = Worker {
        at: Arc::new(Place {
            eye,
            network,
            slots: Semaphore::new(shop.slots),
            shop: Arc::clone(&shop),
        }),
        tasks: JoinSet::new(),
        pending: VecDeque::new(),
        put_off: BTreeMap::new(),
        outbox: Batch::default(),
        sent: Instant::now(),
        out,
    };
    let mut stop = shop.stop.clone();
    tokio::select! {
        biased;
        // An error means that nobody can say stop any more, which is no reason to go on.
        _ = stop.wait_for(|stop| *stop) => {}
        // The writer is gone: there is nobody to tell.
        _ = worker.run() => {}
    }
    // What was finished before the stop is handed over, and what waited for a second look is shown by its first; looks
    // under way are dropped and count as not begun.
    worker.settle_for_first_looks();
    drop(worker.send().await);
}

/// What the tasks of one worker share.
struct Place {
    shop: Arc<Shop>,
    eye: Eye,
    network: Network,
    /// Held by each look, so that a name with many addresses takes as many as it uses.
    slots: Semaphore,
}

struct Worker {
    at: Arc<Place>,
    tasks: JoinSet<Finished>,
    pending: VecDeque<Item>,
    /// What is looked at once more at the end, with its first look, until the second is there.
    put_off: BTreeMap<Part, Look>,
    outbox: Batch,
    sent: Instant,
    out: mpsc::Sender<Batch>,
}

/// Whether more items may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Open,
    Exhausted,
}

/// The writer is gone: nobody wants the rest.
struct Unwanted;

impl Worker {
    async fn run(&mut self) -> Result<(), Unwanted> {
        self.work_off(Source::Open).await?;
        for ((index, address), look) in &self.put_off {
            let (at, service) = (Arc::clone(&self.at), Arc::clone(&look.observation.service));
            let (index, address) = (*index, *address);
            self.tasks
                .spawn(Box::pin(at.second_look(index, service, address)));
        }
        self.work_off(Source::Exhausted).await?;
        self.send().await
    }

    /// Works until the source is exhausted and every task has ended.
    async fn work_off(&mut self, mut source: Source) -> Result<(), Unwanted> {
        let shop = Arc::clone(&self.at.shop);
        let mut clock = interval(BATCH_AGE);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while source == Source::Open || !self.pending.is_empty() || !self.tasks.is_empty() {
            while self.tasks.len() < shop.slots
                && let Some(item) = self.pending.pop_front()
            {
                let at = Arc::clone(&self.at);
                // A look is 8 KiB, which the runtime moves ten times from birth to end when it is not in a box.
                self.tasks.spawn(Box::pin(at.first_look(item)));
            }
            let room = source == Source::Open && self.pending.is_empty() && self.tasks.len() < shop.slots;
            tokio::select! {
                Some(finished) = self.tasks.join_next() => self.take(finished.ok()).await?,
                items = receive(&shop.source), if room => match items {
                    Some(items) => self.pending.extend(items),
                    None => source = Source::Exhausted,
                },
                _ = clock.tick() => if self.sent.elapsed() >= BATCH_AGE { self.send().await? },
            }
        }
        Ok(())
    }

    /// Takes what a task gave. A task that was lost (it can only have been cancelled) gives nothing.
    async fn take(&mut self, finished: Option<Finished>) -> Result<(), Unwanted> {
        let Some(Finished { index, round, looks }) = finished else {
            return Ok(());
        };
        let mut put_off = Vec::new();
        for look in looks {
            if round == Round::First && look.is_worth_repeating() && self.may_put_off() {
                let address = look.observation.address;
                put_off.push(address);
                self.put_off.insert((index, address), look);
            } else {
                self.hand_over(index, look);
            }
        }
        match round {
            // A name that is still to be resolved is not finished in any part.
            Round::First if put_off.contains(&None) => {}
            Round::First => {
                let put_off = put_off.into_iter().flatten().collect();
                self.outbox.steps.push(Step::Looked { index, put_off });
            }
            Round::Second { address } => {
                self.put_off.remove(&(index, address));
                self.outbox.steps.push(caught_up(index, address));
            }
        }
        if self.outbox.steps.len() >= BATCH_LOOKS || self.outbox.bytes.len() >= BATCH_BYTES {
            return self.send().await;
        }
        Ok(())
    }

    fn hand_over(&mut self, index: u64, look: Look) {
        self.at.shop.rendering.append(&look, &mut self.outbox.bytes);
        if let Some(vantage) = &self.at.shop.save {
            self.outbox.kept.push(Kept {
                look: remembered(&look, vantage),
                resolved: look.observation.elapsed.resolve.is_some(),
            });
        }
        self.outbox.tally.count(&look.observation, look.assessment.status);
        if self.at.shop.rendering == Rendering::Kept {
            self.outbox.looks.push((index, look));
        }
    }

    /// Hands over the first look at whatever was to be looked at once more.
    fn settle_for_first_looks(&mut self) {
        for ((index, address), look) in std::mem::take(&mut self.put_off) {
            self.hand_over(index, look);
            self.outbox.steps.push(caught_up(index, address));
        }
    }

    fn may_put_off(&self) -> bool {
        self.at.shop.second_look == SecondLook::Once && self.put_off.len() < self.at.shop.slots
    }

    async fn send(&mut self) -> Result<(), Unwanted> {
        self.sent = Instant::now();
        if self.outbox.steps.is_empty() && self.outbox.tally.total() == 0 {
            return Ok(());
        }
        // Reserved first, so that a stop while we wait for room loses nothing.
        let room = self.out.reserve().await.map_err(|_| Unwanted)?;
        room.send(std::mem::take(&mut self.outbox));
        Ok(())
    }
}

/// What was put off is finished.
fn caught_up(index: u64, address: Option<IpAddr>) -> Step {
    match address {
        Some(address) => Step::CaughtUp { index, address },
        None => Step::Looked {
            index,
            put_off: Vec::new(),
        },
    }
}

async fn receive(source: &Mutex<mpsc::Receiver<Vec<Item>>>) -> Option<Vec<Item>> {
    source.lock().await.recv().await
}

impl Place {
    async fn first_look(self: Arc<Self>, item: Item) -> Finished {
        let Item {
            index,
            service,
            place,
        } = item;
        let looks = match place {
            Where::At(addresses) => self.looks(&service, addresses, None).await,
            Where::Unknown => self.resolve_and_look(&service).await,
        };
        Finished {
            index,
            round: Round::First,
            looks,
        }
    }

    async fn second_look(
        self: Arc<Self>,
        index: u64,
        service: Arc<Service>,
        address: Option<IpAddr>,
    ) -> Finished {
        let looks = match address {
            Some(address) => self.looks(&service, vec![address], None).await,
            None => self.resolve_and_look(&service).await,
        };
        Finished {
            index,
            round: Round::Second { address },
            looks,
        }
    }

    async fn resolve_and_look(self: &Arc<Self>, service: &Arc<Service>) -> Vec<Look> {
        let Identity::Name(name) = &service.identity else {
            return Vec::new();
        };
        let resolution = self.network.resolve(name).await;
        match resolution.addresses {
            Ok(addresses) => self.looks(service, addresses, Some(resolution.elapsed)).await,
            Err(failure) => vec![self.eye.look_at_nothing(service, failure, resolution.elapsed)],
        }
    }

    /// Looks at all addresses at once, as far as there are slots. In the order of the addresses.
    async fn looks(
        self: &Arc<Self>,
        service: &Arc<Service>,
        addresses: Vec<IpAddr>,
        resolve: Option<Duration>,
    ) -> Vec<Look> {
        if let [address] = *addresses {
            return vec![self.look(service, address, resolve).await];
        }
        let mut tasks = JoinSet::new();
        for address in addresses {
            let (at, service) = (Arc::clone(self), Arc::clone(service));
            tasks.spawn(Box::pin(async move { at.look(&service, address, resolve).await }));
        }
        let mut looks: Vec<Look> = tasks.join_all().await;
        looks.sort_by_key(|look| look.observation.address);
        looks
    }

    async fn look(&self, service: &Arc<Service>, address: IpAddr, resolve: Option<Duration>) -> Look {
        // Never closed; an error would only mean one look more at once.
        let _slot = self.slots.acquire().await.ok();
        self.eye.look(&self.network, service, address, resolve).await
    }
}
