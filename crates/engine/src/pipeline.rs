//! The life of a fact, in one file: a place is due, it is resolved, looked at, judged, put into words, and due again.
//!
//! ```text
//!  DuePlace --resolve--> addresses --look--> Look --remembered--> inventory::Look --+--> store
//!                                                  `--standing--> next_look --------'
//! ```
//!
//! A [`DuePlace`] comes in, a [`Turn`] goes out: looks in the words of the inventory, and when the places of them are due
//! next. Nothing is written here: a worker that dies in mid-turn has done nothing, and the place is still due.
//!
//! A name without an address is resolved on its turn, and every address it has then is looked at in the same turn; so an
//! address that a name no longer has is not looked at for ever. Whether the name had addresses is remembered as a look at
//! the name itself.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::inventory::{DuePlace, Look as Remembered, Place, Reached, Seen, Vantage};
use model::observation::{Depth, Stage};
use model::{Fingerprint, Identity, Service, Status, Untrusted};
use net::Network;
use store::Due;

use crate::join::split;
use crate::look::{Eye, Look};
use crate::remember;
use crate::schedule::{self, Cadence, Standing, Urgency};

/// One place, taken its turn.
#[derive(Debug, Default)]
pub struct Turn {
    /// The number of the place whose turn it was.
    pub place: i64,
    /// What was seen.
    pub looks: Vec<Remembered>,
    /// When it goes on.
    pub due: Vec<Due>,
    /// The service that was resolved, and the addresses that it has.
    pub resolved: Option<(Service, Vec<IpAddr>)>,
}

/// A place whose turn it is, and what it showed before.
#[derive(Debug)]
pub struct Task {
    /// The place.
    pub due: DuePlace,
    /// The last sights at its addresses, oldest first: to tell a second backend from a replacement.
    pub sights: Vec<(IpAddr, Vec<Sight>)>,
}

/// When which leaf was shown.
pub type Sight = (Timestamp, Fingerprint);

/// What a turn needs, one for each worker.
pub struct Line {
    /// Looks and judges.
    pub eye: Eye,
    /// The way out.
    pub network: Network,
    /// Who we are.
    pub vantage: Vantage,
    /// How often to look.
    pub cadence: Arc<Cadence>,
}

/// Between two samples at one address: a load balancer is not to be hammered, and each sight needs a millisecond of its own.
const BETWEEN_SAMPLES: Duration = Duration::from_millis(20);

impl Line {
    /// Takes a place through its turn.
    pub async fn turn(&self, task: Task) -> Turn {
        let Task { due, sights } = task;
        let service = Arc::new(due.place.service.clone());
        let mut turn = Turn {
            place: due.id.0,
            ..Turn::default()
        };
        match due.place.address {
            Some(address) => {
                let looks = self.looks(&service, address, of(&sights, address), None).await;
                self.scheduled(&due, &looks, &mut turn);
                turn.looks = looks
                    .iter()
                    .map(|look| remember::remembered(look, &self.vantage))
                    .collect();
            }
            None => self.name(&due, &sights, &mut turn).await,
        }
        turn
    }

    /// A name on its turn: all addresses that it has now.
    async fn name(&self, due: &DuePlace, sights: &[(IpAddr, Vec<Sight>)], turn: &mut Turn) {
        let service = &Arc::new(due.place.service.clone());
        let (addresses, took) = match &service.identity {
            Identity::Address(address) => (Ok(vec![*address]), Duration::ZERO),
            Identity::Name(name) => {
                let resolution = self.network.resolve(name).await;
                (resolution.addresses, resolution.elapsed)
            }
        };
        let addresses = match addresses {
            Ok(addresses) => addresses,
            Err(failure) => {
                let look = self.eye.look_at_nothing(service, failure, took);
                self.scheduled(due, std::slice::from_ref(&look), turn);
                turn.looks.push(remember::remembered(&look, &self.vantage));
                return;
            }
        };
        turn.resolved = Some(((**service).clone(), addresses.clone()));
        let mut seen: Vec<Look> = Vec::new();
        for address in addresses {
            seen.extend(
                self.looks(service, address, of(sights, address), Some(took))
                    .await,
            );
        }
        self.scheduled(due, &seen, turn);
        turn.looks = seen
            .iter()
            .map(|look| remember::remembered(look, &self.vantage))
            .collect();
        // Their turn is that of the name from now on.
        turn.due.extend(
            turn.looks
                .iter()
                .map(|look| self.due(look.place.clone(), None, 0)),
        );
        turn.looks.push(self.found(due.place.clone()));
    }

    /// One look at an address, and more of them while it seems to have several backends.
    async fn looks(
        &self,
        service: &Arc<Service>,
        address: IpAddr,
        sights: &[Sight],
        took: Option<Duration>,
    ) -> Vec<Look> {
        let mut looks = vec![self.eye.look(&self.network, service, address, took).await];
        let mut sights = sights.to_vec();
        let before = sights.last().map(|(_, leaf)| *leaf);
        sights.extend(looks.first().and_then(sight));
        if sights.len() < 2 || sights.iter().all(|(_, leaf)| Some(*leaf) == before) {
            return looks;
        }
        while split::looks_wanted(&sights, looks.len()) > 0 {
            tokio::time::sleep(BETWEEN_SAMPLES).await;
            let next = self.eye.look(&self.network, service, address, None).await;
            let Some(seen) = sight(&next) else { break };
            sights.push(seen);
            looks.push(next);
        }
        looks
    }

    /// Notes when a place is looked at next, by how its looks stand.
    fn scheduled(&self, due: &DuePlace, looks: &[Look], turn: &mut Turn) {
        let Some(worst) = looks.iter().max_by_key(|look| look.assessment.status) else {
            return;
        };
        let failures = if looks.iter().any(is_judged) {
            0
        } else {
            due.failures.saturating_add(1)
        };
        let ends = looks.iter().filter_map(ends).min();
        let standing = standing(worst.assessment.status, failures, ends);
        let next = schedule::next_look(
            &self.cadence,
            schedule::key(due.place.key().as_bytes()),
            standing,
            worst.observation.at,
        );
        turn.due.push(self.due(due.place.clone(), Some(next), failures));
    }

    fn due(&self, place: Place, due: Option<Timestamp>, failures: u32) -> Due {
        Due {
            place,
            vantage: self.vantage.clone(),
            due,
            failures,
        }
    }

    /// That a name has addresses: what was wrong with that is no longer.
    fn found(&self, place: Place) -> Remembered {
        let now = self.eye.judge.time.now();
        Remembered {
            place,
            vantage: self.vantage.clone(),
            at: now,
            judged_at: now,
            seen: Seen {
                depth: self.eye.depth,
                reached: Reached::Handshaken,
                tls: None,
                status: Status::Ok,
                findings: Vec::new(),
                trust: Vec::new(),
            },
            chain: Vec::new(),
            further: Vec::new(),
        }
    }
}

/// What is remembered of an address that its name no longer has: it is no trouble, and no longer looked at.
pub fn gone(place: Place, vantage: &Vantage, at: Timestamp) -> Remembered {
    Remembered {
        place,
        vantage: vantage.clone(),
        at,
        judged_at: at,
        seen: Seen {
            depth: Depth::Glance,
            reached: Reached::Stopped {
                stage: Stage::Resolve.word().into(),
                failure: GONE.into(),
                detail: Untrusted::new("the name no longer has this address"),
            },
            tls: None,
            status: Status::Ok,
            findings: Vec::new(),
            trust: Vec::new(),
        },
        chain: Vec::new(),
        further: Vec::new(),
    }
}

/// How far a look at such an address came.
pub const GONE: &str = "gone";

/// When a place is due again after one look that somebody else made.
pub fn due_after(cadence: &Cadence, vantage: &Vantage, place: Place, look: &Remembered) -> Due {
    let failures = u32::from(look.chain.is_empty());
    let ends = look.chain.first().and_then(|leaf| leaf.facts().not_after);
    let standing = standing(look.seen.status, failures, ends);
    let due = schedule::next_look(cadence, schedule::key(place.key().as_bytes()), standing, look.at);
    Due {
        place,
        vantage: vantage.clone(),
        due: Some(due),
        failures,
    }
}

/// That a place has no turn of its own: it is looked at on the turn of its name.
pub fn never(place: Place, vantage: &Vantage) -> Due {
    Due {
        place,
        vantage: vantage.clone(),
        due: None,
        failures: 0,
    }
}

fn standing(status: Status, failures: u32, ends: Option<Timestamp>) -> Standing {
    match status {
        _ if failures > 0 => Standing::Unreachable { times: failures },
        Status::Ok => Standing::Fine { ends },
        Status::Warning => Standing::Open {
            urgency: Urgency::Warning,
            ends,
        },
        Status::Error | Status::Critical | Status::Expired => Standing::Open {
            urgency: Urgency::Critical,
            ends,
        },
    }
}

fn is_judged(look: &Look) -> bool {
    look.observation.handshake.is_some()
}

fn ends(look: &Look) -> Option<Timestamp> {
    look.observation
        .handshake
        .as_ref()?
        .chain
        .first()?
        .facts()
        .not_after
}

fn of(sights: &[(IpAddr, Vec<Sight>)], address: IpAddr) -> &[Sight] {
    let known = sights.iter().find(|(known, _)| *known == address);
    known.map(|(_, sights)| sights.as_slice()).unwrap_or_default()
}

fn sight(look: &Look) -> Option<Sight> {
    let leaf = look.observation.handshake.as_ref()?.chain.first()?;
    Some((look.observation.at, leaf.fingerprint()))
}
