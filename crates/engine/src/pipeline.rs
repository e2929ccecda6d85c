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
use model::inventory::{DuePlace, Look as Remembered, Place, Vantage};
use model::{Fingerprint, Identity, Service};
use net::Network;
use store::Due;

use crate::due::standing;
use crate::join::split;
use crate::look::{Eye, Look};
use crate::remember;
use crate::schedule::{self, Cadence};

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
        let now = self.eye.judge.time.now();
        turn.looks.push(remember::resolved(
            due.place.clone(),
            &self.vantage,
            self.eye.depth,
            now,
        ));
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
