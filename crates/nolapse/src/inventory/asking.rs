//! Sources of the configuration as the engine asks them.
//!
//! A configured source comes in, something that can be asked goes out. DNS is asked by `discover`, so that a zone leads to the
//! same endpoints there and here.

use std::path::Path;
use std::sync::Arc;

use ::sources::run::{Ask, RuntimeClock, Sink};
use ::sources::settings::Settings;
use engine::source::{Answer, Asked, Source};
use model::Untrusted;
use model::inventory::RunEnd;
use model::sighting::{EndpointSighting, Sighted, Sighting};
use model::zone::expand::{Holder, Line};
use net::clock::SystemClock;
use net::{Caps, Network, Permits};

use crate::commands::discover::block_on;
use crate::commands::places::Places;
use crate::config::{Config, Configured, Place};
use crate::discover::engine::{Event, plain};
use crate::scan::learnt;

/// The sources that can be asked.
pub(crate) fn sources(config: &Config, network: &net::Settings) -> Vec<Source> {
    config
        .sources
        .iter()
        .map(|configured| source(configured, network))
        .collect()
}

/// One of them.
pub(crate) fn source(configured: &Configured, network: &net::Settings) -> Source {
    let network = network.clone();
    let ask: Arc<engine::source::Asking> = match &configured.place {
        Place::Told(settings) => {
            let settings = settings.clone();
            Arc::new(move |asked, sink| told(&settings, &network, asked, sink))
        }
        Place::Zones(path) => {
            let (path, name) = (path.clone(), configured.name.as_str().to_owned());
            Arc::new(move |asked, sink| zones(&path, &name, &network, asked, sink))
        }
    };
    Source {
        name: configured.name.clone(),
        kind: configured.kind(),
        every: configured.every,
        empty: configured.empty,
        ask,
    }
}

/// Asks a source of `crate sources` on a runtime of its own.
fn told(settings: &Settings, network: &net::Settings, asked: &Asked<'_>, sink: &mut Sink<'_>) -> Answer {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return Answer::failed(&format!("{error:#}")),
    };
    runtime.block_on(async {
        let network = Network::new(network.clone(), Permits::new(Caps::default()));
        let ask = Ask {
            network: &network,
            now: asked.now,
            clock: &RuntimeClock::start(),
            variable: &variable,
            memory: asked.memory,
        };
        settings.run(&ask, sink).await.into()
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "settings may name a variable that holds a secret, and this is where it is read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Asks DNS on a runtime of its own.
fn zones(path: &Path, name: &str, network: &net::Settings, _: &Asked<'_>, sink: &mut Sink<'_>) -> Answer {
    let plan = match Places::of_source(path, name).plan(&[], network.clone()) {
        Ok(plan) => plan,
        Err(error) => return Answer::failed(&format!("{error:#}")),
    };
    let mut answer = Answer {
        end: RunEnd::Complete,
        error: None,
        ..Answer::failed("")
    };
    let now = SystemClock.now();
    let mut stopped = false;
    let sum = block_on(&plan, &mut |event| match event {
        Event::Line(_, Line::Endpoint(found)) => match learnt::service(&found) {
            _ if found.holder == Holder::Foreign => skip(&mut answer, "foreign"),
            Some(service) => {
                answer.given += 1;
                let because = vec![Untrusted::new(format!(
                    "{} has the address {}",
                    found.name, found.address
                ))];
                let endpoint = EndpointSighting {
                    service: Arc::new(service),
                    address: Some(found.address),
                    because,
                };
                let sighting = Sighting {
                    at: now,
                    what: Sighted::Endpoint(endpoint),
                };
                stopped = stopped || sink(sighting).is_break();
            }
            None => skip(&mut answer, "no-name"),
        },
        Event::Line(_, Line::Unusable(_)) => skip(&mut answer, "no-endpoint"),
        Event::Zone(report) => {
            if report.state.is_missing() {
                let zone = report
                    .zone
                    .as_ref()
                    .map(|zone| plain(zone.borrowed()))
                    .unwrap_or_default();
                answer
                    .remarks
                    .push(format!("{zone}: {}", report.reasons.join("; ")));
            }
        }
        Event::Record(..) | Event::Begin(..) | Event::Quiet(_) => {}
    });
    let missing = sum.map_or(1, |sum| sum.missing + sum.unresolved);
    if missing > 0 || stopped {
        answer.end = if answer.given > 0 {
            RunEnd::Partial
        } else {
            RunEnd::Failed
        };
        answer.error = answer.remarks.first().cloned();
    }
    answer
}

fn skip(answer: &mut Answer, reason: &str) {
    *answer.skipped.entry(reason.into()).or_default() += 1;
}
