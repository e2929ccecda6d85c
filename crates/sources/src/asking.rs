//! What the tests of sources have in common: a place to ask from, with a clock that does not make anybody wait.

use std::collections::HashMap;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use model::Certificate;
use model::sighting::{CertificateSighting, EndpointSighting, Sighted, SightedCertificate, Sighting};
use net::clock::SystemClock;
use net::{Caps, Network, Permits};

use crate::run::{Ask, Clock, Run};
use crate::settings::Settings;

/// A clock on which waiting is nothing but a number.
#[derive(Debug, Default)]
pub(crate) struct Skipping(Mutex<Duration>);

impl Clock for Skipping {
    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        *self.0.lock().unwrap() += wait;
        Box::pin(std::future::ready(()))
    }
}

/// Somebody who asks sources and remembers the certificates of accounts.
pub(crate) struct Asker {
    pub(crate) clock: Skipping,
    pub(crate) memory: Mutex<HashMap<String, Arc<Certificate>>>,
    pub(crate) variables: HashMap<String, String>,
    pub(crate) now: Timestamp,
    /// Sightings after which the sink wants no more.
    pub(crate) most: usize,
}

/// Words of reasons, and how often.
type Counts = Vec<(&'static str, u64)>;

/// What came of asking.
pub(crate) struct Asked {
    pub(crate) run: Run,
    pub(crate) sightings: Vec<Sighting>,
}

impl Asker {
    pub(crate) fn new() -> Self {
        Self {
            clock: Skipping::default(),
            memory: Mutex::default(),
            variables: HashMap::new(),
            now: SystemClock.now(),
            most: usize::MAX,
        }
    }

    /// Asks a source of this configuration in TOML.
    pub(crate) fn ask(&self, settings: &str) -> Asked {
        let settings: Settings =
            toml::from_str(settings).unwrap_or_else(|error| panic!("{settings}: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut sightings: Vec<Sighting> = Vec::new();
        let most = self.most;
        let run = runtime.block_on(async {
            let network = Network::new(net::Settings::default(), Permits::new(Caps::default()));
            let variable = |name: &str| self.variables.get(name).cloned();
            let memory = |id: &str| self.memory.lock().unwrap().get(id).cloned();
            let ask = Ask {
                network: &network,
                now: self.now,
                clock: &self.clock,
                variable: &variable,
                memory: &memory,
            };
            let mut sink = |sighting| {
                sightings.push(sighting);
                if sightings.len() < most {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            };
            settings.run(&ask, &mut sink).await
        });
        let asked = Asked { run, sightings };
        let tally = &asked.run.tally;
        assert_eq!(tally.found, tally.given + tally.skipped_in_all(), "{tally:?}");
        self.remember(&asked);
        asked
    }

    /// Keeps what an account gave, as the inventory does.
    fn remember(&self, asked: &Asked) {
        let mut memory = self.memory.lock().unwrap();
        for sighting in asked.certificates() {
            let id = sighting
                .order
                .as_ref()
                .and_then(|order| order.certificate.clone());
            if let (Some(id), SightedCertificate::Whole(whole)) = (id, &sighting.certificate) {
                memory.insert(id.raw().to_owned(), Arc::clone(whole));
            }
        }
    }
}

impl Asked {
    pub(crate) fn certificates(&self) -> Vec<&CertificateSighting> {
        let certificate = |sighting| match sighting {
            &Sighting {
                what: Sighted::Certificate(ref certificate),
                ..
            } => Some(&**certificate),
            _ => None,
        };
        self.sightings.iter().filter_map(certificate).collect()
    }

    pub(crate) fn endpoints(&self) -> Vec<&EndpointSighting> {
        let endpoint = |sighting| match sighting {
            &Sighting {
                what: Sighted::Endpoint(ref endpoint),
                ..
            } => Some(endpoint),
            _ => None,
        };
        self.sightings.iter().filter_map(endpoint).collect()
    }

    /// One line for each certificate: whole or claimed, names, place, order and state.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.certificates().into_iter().map(line).collect()
    }

    pub(crate) fn error(&self) -> String {
        self.run
            .error
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Reasons and how often, skipped and remarked.
    pub(crate) fn reasons(&self) -> (Counts, Counts) {
        let words = |told: &std::collections::BTreeMap<crate::run::Reason, crate::run::Told>| {
            told.iter()
                .map(|(reason, told)| (reason.word(), told.count))
                .collect()
        };
        (words(&self.run.tally.skipped), words(&self.run.tally.remarks))
    }
}

fn line(sighting: &CertificateSighting) -> String {
    let (form, names) = match &sighting.certificate {
        SightedCertificate::Whole(whole) => {
            let subject = whole.facts().subject.common_name.clone();
            (
                "whole",
                subject.map(|name| name.raw().to_owned()).unwrap_or_default(),
            )
        }
        SightedCertificate::Claimed(claim) => {
            let names: Vec<&str> = claim.names.iter().map(model::Untrusted::raw).collect();
            ("claim", names.join(" "))
        }
    };
    let mut out = format!("{form} {names}");
    if let Some(place) = &sighting.place {
        out += &format!(" @{}", place.raw());
    }
    if let Some(order) = &sighting.order {
        let id = order.certificate.as_ref().map_or("-", model::Untrusted::raw);
        out += &format!(" #{}/{id} {}", order.order.raw(), order.state.word());
    }
    out
}
