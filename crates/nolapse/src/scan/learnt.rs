//! Endpoints that DNS names, on their way to a scan.
//!
//! A [`Plan`] comes in; a thread of its own runs the discovery and hands over services with their addresses through a bounded
//! channel, so that a zone of millions is never held and a slow scan slows the transfer. What is no endpoint is counted; what
//! could not be read is said.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, sync_channel};

use model::endpoint::Identity;
use model::zone::expand::{Found, Holder, Line};
use model::{Name, Service};

use crate::commands::discover::{Foreign, block_on, complain};
use crate::discover::engine::{Event, Sum};
use crate::discover::plan::Plan;

/// What a discovery hands over.
pub(crate) enum Learnt {
    /// An endpoint.
    Endpoint(Service, IpAddr),
    /// The end, and what was counted.
    End(Account),
}

/// What was counted on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    /// Zones, places and names of which something is missing.
    pub(crate) missing: u64,
    /// Endpoints of others that were left out.
    pub(crate) foreign: u64,
    /// Records that lead to no endpoint.
    pub(crate) unusable: u64,
    /// Endpoints that filters left out.
    pub(crate) filtered: u64,
}

/// Endpoints on their way between the threads.
const ON_THE_WAY: usize = 1024;

/// Begins a discovery.
pub(crate) fn begin(plan: Plan, foreign: Foreign) -> std::io::Result<Receiver<Learnt>> {
    let (out, learnt) = sync_channel(ON_THE_WAY);
    std::thread::Builder::new()
        .name("zones".to_owned())
        .spawn(move || {
            let mut account = Account::default();
            let sum = block_on(&plan, &mut |event| match event {
                Event::Line(_, Line::Endpoint(found)) => {
                    if found.holder == Holder::Foreign && foreign == Foreign::LeaveOut {
                        account.foreign += 1;
                    } else if let Some(service) = service(&found) {
                        // Nobody takes them any more: the process is about to end.
                        drop(out.send(Learnt::Endpoint(service, found.address)));
                    }
                }
                Event::Line(_, Line::Unusable(_)) => account.unusable += 1,
                Event::Zone(report) => complain(&report),
                Event::Record(..) | Event::Begin(..) | Event::Quiet(_) => {}
            });
            // It could not even begin.
            let sum = sum.unwrap_or_else(|_| Sum {
                missing: 1,
                ..Sum::default()
            });
            account.missing = sum.missing + sum.unresolved;
            account.filtered = sum.filtered;
            drop(out.send(Learnt::End(account)));
        })?;
    Ok(learnt)
}

/// The service at an endpoint that a zone leads to.
pub(crate) fn service(found: &Found<'_>) -> Option<Service> {
    let name = Name::parse(found.name).ok()?;
    Some(Service {
        identity: Identity::Name(name.clone()),
        port: found.port,
        server_name: Some(name),
        starttls: found.starttls,
    })
}

impl Account {
    /// What there is to say, one line each.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut out = Vec::new();
        let say = |number: u64, one: &str, many: &str| {
            let number_shown = crate::text::count(number);
            format!("{number_shown} {}", if number == 1 { one } else { many })
        };
        if self.foreign > 0 {
            let told = say(
                self.foreign,
                "endpoint is somebody else's and was left out: --foreign looks at it too",
                "endpoints are somebody else's and were left out: --foreign looks at them too",
            );
            out.push(told);
        }
        if self.unusable > 0 {
            let told = say(
                self.unusable,
                "record leads to no endpoint: `nolapse discover` says why",
                "records lead to no endpoint: `nolapse discover` says why",
            );
            out.push(told);
        }
        if self.filtered > 0 {
            out.push(say(
                self.filtered,
                "endpoint was left out by filters",
                "endpoints were left out by filters",
            ));
        }
        out
    }
}
