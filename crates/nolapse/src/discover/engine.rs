//! Places asked one after the other, their records expanded, names outside resolved.
//!
//! A [`Plan`] comes in; endpoints, obstacles and reports about zones go out through one callback, in the order in which they
//! become known. A place that fails is reported and stops nobody else. The same zone from a second place is a second view:
//! it is expanded for itself.

use std::sync::Arc;

use model::zone::expand::{Expansion, Extent, Line, Why};
use model::zone::{Domain, DomainRef, RecordRef};
use model::limits;
use net::dns::stream::SigningClock;
use net::{Caps, Network, Permits};
use sources::master_file;
use sources::provider::{Hosted, ProviderError};
use sources::zone_transfer::{self, Delivered, Piece};
use sources::zones_json::Export;

use crate::discover::plan::{Account, Asked, Host, Place, Plan, Private};
use crate::file;

/// Something became known.
pub(crate) enum Event<'a> {
    /// An endpoint, or why something is none; of this view (0 is the first).
    Line(usize, Line<'a>),
    /// A record of a zone, as it came.
    Record(RecordRef<'a>),
    /// The records of a zone begin, or begin again because they broke off.
    Begin(&'a Domain),
    /// The records of a zone ended.
    Zone(Report),
}

/// What became of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// The zone; nothing when a place could not even name its zones.
    pub(crate) zone: Option<Domain>,
    /// The place.
    pub(crate) source: String,
    /// Whether its records are the zone.
    pub(crate) state: State,
    /// Why not, or what else there is to say.
    pub(crate) reasons: Vec<String>,
    /// Its serial number, if it has one.
    pub(crate) serial: Option<u32>,
    /// Records that came.
    pub(crate) records: u64,
}

/// Whether records are a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// All of it.
    Whole,
    /// All of it, from the copy, since nothing changed.
    Unchanged,
    /// A part of it.
    Partial,
    /// Nothing of it.
    Failed,
}

impl State {
    /// The word in machine formats.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Unchanged => "unchanged",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }

    /// Whether something is missing.
    pub(crate) const fn is_missing(self) -> bool {
        matches!(self, Self::Partial | Self::Failed)
    }
}

/// What a discovery came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum {
    /// Zones or places of which something is missing.
    pub(crate) missing: u64,
    /// Names that no resolver could say anything about.
    pub(crate) unresolved: u64,
    /// Endpoints that were not wanted.
    pub(crate) filtered: u64,
    /// Questions to resolvers.
    pub(crate) questions: u64,
}

/// Takes events.
pub(crate) type Events<'e> = dyn FnMut(Event<'_>) + 'e;

/// Runs a discovery to its end.
pub(crate) async fn run(plan: &Plan, events: &mut Events<'_>) -> Sum {
    let mut engine = Engine {
        plan,
        network: Network::new(plan.network.clone(), Permits::new(Caps::default())),
        clock: SigningClock::starting_at(net::clock::SystemClock.now()),
        views: Vec::new(),
        sum: Sum::default(),
        events,
    };
    for place in &plan.places {
        engine.place(place).await;
    }
    engine.finish().await;
    engine.sum
}

struct Engine<'p, 'e, 'f> {
    plan: &'p Plan,
    network: Network,
    clock: SigningClock,
    views: Vec<Expansion>,
    sum: Sum,
    events: &'e mut Events<'f>,
}

/// A zone whose records are coming in.
struct Coming<'a, 'f> {
    view: usize,
    expansion: &'a mut Expansion,
    events: &'a mut Events<'f>,
    records: u64,
}

impl Coming<'_, '_> {
    fn record(&mut self, record: RecordRef<'_>) {
        self.records += 1;
        (self.events)(Event::Record(record));
        let (view, events) = (self.view, &mut *self.events);
        self.expansion
            .take(record, &mut |line| events(Event::Line(view, line)));
    }

    fn again(&mut self, zone: &Domain) {
        self.records = 0;
        self.expansion.restart();
        (self.events)(Event::Begin(zone));
    }
}

impl<'f> Engine<'_, '_, 'f> {
    async fn place(&mut self, place: &Place) {
        match place {
            Place::Transfer {
                zone,
                servers,
                key,
                source,
            } => {
                let (servers, mut reasons) = self.found(servers).await;
                let wanted = zone_transfer::Zone {
                    apex: zone.clone(),
                    servers,
                    key: key.clone(),
                    source: source.clone(),
                };
                let report = self.transfer(&wanted, &mut reasons).await;
                self.report(report);
            }
            Place::File { zone, path, source } => {
                let mut coming = self.begin(zone);
                let read = master_file::read(path, zone, &mut |record| coming.record(record));
                let records = coming.records;
                let (state, reasons) = match read {
                    Ok(_) => (State::Whole, Vec::new()),
                    Err(error) => (broken_off(records), vec![error.to_string()]),
                };
                self.end(zone, state);
                self.report(Report {
                    zone: Some(zone.clone()),
                    source: source.clone(),
                    state,
                    reasons,
                    serial: None,
                    records,
                });
            }
            Place::Export { path, source, zones } => self.export(path, source, zones),
            Place::Provider {
                account,
                source,
                zones,
            } => self.provider(account, source, zones).await,
        }
    }

    /// Servers with their addresses, and which have none.
    async fn found(&self, servers: &[Asked]) -> (Vec<net::dns::Server>, Vec<String>) {
        let (mut found, mut reasons) = (Vec::new(), Vec::new());
        for server in servers {
            match &server.host {
                Host::At(address) => found.push(server.at(*address)),
                Host::Named(name) => match self.network.resolve(name).await.addresses {
                    Ok(addresses) => found.extend(addresses.iter().map(|address| server.at(*address))),
                    Err(failure) => {
                        let meaning = crate::failure::Kind::of(&failure).meaning;
                        reasons.push(format!("{name}: {meaning}"));
                    }
                },
            }
        }
        (found, reasons)
    }

    async fn transfer(&mut self, wanted: &zone_transfer::Zone, reasons: &mut Vec<String>) -> Report {
        let view = self.view_for(&wanted.apex);
        let Some(expansion) = self.views.get_mut(view) else {
            return failed(&wanted.apex, &wanted.source, reasons);
        };
        (self.events)(Event::Begin(&wanted.apex));
        expansion.begin(wanted.apex.clone());
        let mut coming = Coming {
            view,
            expansion,
            events: &mut *self.events,
            records: 0,
        };
        let copies = self.plan.copies.as_ref();
        let delivered =
            zone_transfer::bring(
                &self.network,
                &self.clock,
                wanted,
                copies,
                &mut |piece| match piece {
                    Piece::Record(record) => coming.record(record),
                    Piece::Again => coming.again(&wanted.apex),
                },
            )
            .await;
        let records = coming.records;
        let report = transferred(wanted, delivered, records, reasons);
        self.end(&wanted.apex, report.state);
        report
    }

    async fn provider(&mut self, account: &Account, source: &str, wanted: &[Domain]) {
        let hosted = match account {
            Account::Route53(account, _) => account.zones(&self.network).await,
            Account::Cloudflare(account) => account.zones(&self.network).await,
        };
        let hosted = match hosted {
            Ok(hosted) => hosted,
            Err(error) => {
                return self.report(Report {
                    zone: None,
                    source: source.to_owned(),
                    state: State::Failed,
                    reasons: vec![error.to_string()],
                    serial: None,
                    records: 0,
                });
            }
        };
        let private = matches!(account, Account::Route53(_, Private::Take));
        let taken =
            |zone: &&Hosted| wanted.contains(&zone.apex) || wanted.is_empty() && (private || !zone.private);
        for zone in hosted.iter().filter(taken) {
            let source = if zone.private {
                format!("{source} (private)")
            } else {
                source.to_owned()
            };
            self.hosted(account, zone, source).await;
        }
        for zone in wanted {
            if !hosted.iter().any(|known| known.apex == *zone) {
                let mut reasons = vec![ProviderError::NoZone(zone.clone()).to_string()];
                let report = failed(zone, source, &mut reasons);
                self.report(report);
            }
        }
    }

    /// The records of one zone of an account.
    async fn hosted(&mut self, account: &Account, zone: &Hosted, source: String) {
        let view = self.view_for(&zone.apex);
        let Some(expansion) = self.views.get_mut(view) else {
            return;
        };
        (self.events)(Event::Begin(&zone.apex));
        expansion.begin(zone.apex.clone());
        let mut coming = Coming {
            view,
            expansion,
            events: &mut *self.events,
            records: 0,
        };
        let mut sink = |record: RecordRef<'_>| coming.record(record);
        let read = match account {
            Account::Route53(account, _) => account.records(&self.network, zone, &mut sink).await,
            Account::Cloudflare(account) => account.records(&self.network, zone, &mut sink).await,
        };
        let records = coming.records;
        let (state, reasons) = match read {
            Ok(()) => (State::Whole, Vec::new()),
            Err(error) => (broken_off(records), vec![error.to_string()]),
        };
        self.end(&zone.apex, state);
        self.report(Report {
            zone: Some(zone.apex.clone()),
            source,
            state,
            reasons,
            serial: None,
            records,
        });
    }

    fn export(&mut self, path: &std::path::Path, source: &str, zones: &[Domain]) {
        let read = file::read_bounded(path, EXPORT_BYTES).map_err(|error| file::reason(&error));
        let export = read.and_then(|text| Export::parse(&text).map_err(|error| error.to_string()));
        let export = match export {
            Ok(export) => export,
            Err(reason) => {
                return self.report(Report {
                    zone: None,
                    source: source.to_owned(),
                    state: State::Failed,
                    reasons: vec![reason],
                    serial: None,
                    records: 0,
                });
            }
        };
        let mut wanted: Vec<Domain> = export.zones().cloned().collect();
        if !zones.is_empty() {
            wanted = zones.to_vec();
        }
        for zone in wanted {
            if !export.zones().any(|known| *known == zone) {
                let mut reasons = vec![format!("the export has no zone {zone}")];
                let report = failed(&zone, source, &mut reasons);
                self.report(report);
                continue;
            }
            let mut coming = self.begin(&zone);
            let mut reasons = Vec::new();
            export.records(&zone, &mut |record| coming.record(record), &mut |error| {
                if reasons.len() < COMPLAINTS {
                    reasons.push(error.to_string());
                }
            });
            let records = coming.records;
            let state = if reasons.is_empty() {
                State::Whole
            } else {
                State::Partial
            };
            self.end(&zone, state);
            self.report(Report {
                zone: Some(zone),
                source: source.to_owned(),
                state,
                reasons,
                serial: None,
                records,
            });
        }
    }

    /// The view in which a zone is expanded: the first that does not have it yet.
    fn view_for(&mut self, zone: &Domain) -> usize {
        if let Some(view) = self.views.iter().position(|view| !view.has_zone(zone)) {
            return view;
        }
        let filter = Arc::clone(&self.plan.filter);
        let mut expansion = Expansion::new(self.plan.wishes());
        if !filter.is_empty() {
            expansion = expansion.keeping(Box::new(move |name| filter.wants(name)));
        }
        self.views.push(expansion);
        self.views.len() - 1
    }

    fn begin(&mut self, zone: &Domain) -> Coming<'_, 'f> {
        let view = self.view_for(zone);
        (self.events)(Event::Begin(zone));
        // The view was made, or found, a line above.
        let last = self.views.len().saturating_sub(1).min(view);
        let (views, events) = (&mut self.views, &mut *self.events);
        #[expect(
            clippy::indexing_slicing,
            reason = "there is at least one view, and `last` is one of them"
        )]
        let expansion = &mut views[last];
        expansion.begin(zone.clone());
        Coming {
            view,
            expansion,
            events,
            records: 0,
        }
    }

    fn end(&mut self, zone: &Domain, state: State) {
        let extent = if state.is_missing() {
            Extent::Partial
        } else {
            Extent::Whole
        };
        let ended = self.views.iter_mut().rev().find(|view| view.has_zone(zone));
        if let Some(view) = ended {
            view.end(extent);
        }
    }

    fn report(&mut self, report: Report) {
        self.sum.missing += u64::from(report.state.is_missing());
        (self.events)(Event::Zone(report));
    }

    async fn finish(&mut self) {
        if self.views.is_empty() && !self.plan.names.is_empty() {
            self.views.push(Expansion::new(self.plan.wishes()));
        }
        for (place, view) in self.views.iter_mut().enumerate() {
            let (events, sum) = (&mut *self.events, &mut self.sum);
            for (name, source) in &self.plan.seen {
                if Domain::parse(name.as_str()).is_ok_and(|name| view.is_inside(name.borrowed())) {
                    view.know(name.clone(), source.clone());
                }
            }
            view.finish(&mut |line| events(Event::Line(place, line)));
            let names = view.outside();
            let asked = self
                .network
                .resolve_all(names, &mut |name, answer| {
                    view.answer(name, answer, &mut |line| {
                        sum.unresolved += u64::from(is_missing(&line));
                        events(Event::Line(place, line));
                    });
                })
                .await;
            sum.questions += asked.questions;
            sum.filtered += view.filtered();
        }
    }
}

fn is_missing(line: &Line<'_>) -> bool {
    matches!(line, Line::Unusable(unusable) if matches!(unusable.why, Why::Unresolved(..)))
}

/// An export of a million records is about a hundred megabytes.
const EXPORT_BYTES: u64 = limits::TRANSFER_BYTES;
/// Entries of one export that are complained about; the others are as wrong.
const COMPLAINTS: usize = 20;

fn broken_off(records: u64) -> State {
    if records > 0 {
        State::Partial
    } else {
        State::Failed
    }
}

fn failed(zone: &Domain, source: &str, reasons: &mut Vec<String>) -> Report {
    Report {
        zone: Some(zone.clone()),
        source: source.to_owned(),
        state: State::Failed,
        reasons: std::mem::take(reasons),
        serial: None,
        records: 0,
    }
}

/// Puts what became of a transfer into words.
fn transferred(
    wanted: &zone_transfer::Zone,
    delivered: Delivered,
    records: u64,
    reasons: &mut Vec<String>,
) -> Report {
    let failures = delivered.failed.iter();
    reasons.extend(failures.map(|failed| format!("{}: {}", failed.server, failed.error)));
    if let Some(error) = &delivered.not_kept {
        reasons.push(format!("no copy of the zone was kept: {}", file::reason(error)));
    }
    let (state, serial) = match delivered.extent {
        zone_transfer::Extent::Whole { serial, .. } => (State::Whole, Some(serial)),
        zone_transfer::Extent::Unchanged { serial } => (State::Unchanged, Some(serial)),
        zone_transfer::Extent::Partial { .. } => (State::Partial, None),
        zone_transfer::Extent::Nothing => (State::Failed, None),
    };
    Report {
        zone: Some(wanted.apex.clone()),
        source: delivered.server.map_or_else(
            || wanted.source.clone(),
            |server| format!("{} ({server})", wanted.source),
        ),
        state,
        reasons: std::mem::take(reasons),
        serial,
        records,
    }
}

/// The name without the dot at its end, as people write zones.
pub(crate) fn plain(name: DomainRef<'_>) -> String {
    let shown = name.to_string();
    match shown.strip_suffix('.') {
        Some(plain) if !plain.is_empty() => plain.to_owned(),
        _ => shown,
    }
}
