//! Places asked, a few at once, their records expanded, names outside resolved.
//!
//! A [`Plan`] comes in; endpoints, obstacles and reports about zones go out through one callback, in the order in which they
//! become known: lines of zones that come at the same time are mixed, and each says its zone. What refers to other names
//! follows when everything is in, in the order of the places. A place that fails is reported and stops nobody else. The same
//! zone from a second place is a second view: it is expanded for itself.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use model::limits;
use model::observation::Failure;
use model::zone::expand::{Attempts, Expansion, Extent, Line, Why, ZoneKey};
use model::zone::{Domain, DomainRef, RecordRef};
use net::dns::TransferError;
use net::dns::stream::SigningClock;
use net::{Caps, Network, Permits};
use sources::master_file;
use sources::provider::{Hosted, ProviderError};
use sources::zone_copy::Fault;
use sources::zone_transfer::{self, Delivered, Piece};
use sources::zones_json::Export;
use tokio::time::MissedTickBehavior;

use crate::discover::plan::{Account, Asked, Host, Place, Plan, Private};
use crate::file;

/// Something became known.
pub(crate) enum Event<'a> {
    /// An endpoint, or why something is none; of this view (0 is the first).
    Line(usize, Line<'a>),
    /// A record of a zone that was begun, as it came.
    Record(Begun, RecordRef<'a>),
    /// The records of a zone begin, or begin again because they broke off.
    Begin(Begun, &'a Domain),
    /// The records of a zone ended.
    Zone(Report),
    /// Nothing became known for a while: what was collected should go out. Whoever has nowhere to put it says so.
    Quiet(&'a mut Going),
}

/// Tells zones that come at the same time from one another.
pub(crate) type Begun = usize;

/// Whether a discovery goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Going {
    /// It does.
    On,
    /// Nobody takes what becomes known.
    Stop,
}

/// What became of a zone.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    /// Which of those that were begun; nothing when none was.
    pub(crate) begun: Option<Begun>,
    /// The view in which it stands (0 is the first).
    pub(crate) view: usize,
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

/// What becomes known waits so long at most for what follows.
const QUIET: Duration = Duration::from_millis(100);

/// Runs a discovery to its end, or until nobody takes what it finds.
pub(crate) async fn run(plan: &Plan, events: &mut Events<'_>) -> Sum {
    let engine = Engine {
        plan,
        network: Network::new(plan.network.clone(), Permits::new(Caps::default())),
        clock: SigningClock::starting_at(net::clock::SystemClock.now()),
        state: RefCell::new(Progress {
            views: Vec::new(),
            sum: Sum::default(),
            begun: 0,
            events,
        }),
        silent: RefCell::default(),
    };
    let places = engine.reserve();
    {
        let mut work = pin!(async {
            engine.all(places).await;
            engine.finish().await;
        });
        let mut quiet = tokio::time::interval(QUIET);
        quiet.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = &mut work => break,
                _ = quiet.tick() => {
                    let mut going = Going::On;
                    (engine.state.borrow_mut().events)(Event::Quiet(&mut going));
                    if going == Going::Stop {
                        break;
                    }
                }
            }
        }
    }
    engine.state.into_inner().sum
}

struct Engine<'p, 'e, 'f> {
    plan: &'p Plan,
    network: Network,
    clock: SigningClock,
    /// What grows. Borrowed between two waits and never across one.
    state: RefCell<Progress<'e, 'f>>,
    /// Servers that were not reached, or were silent: other zones need not wait for them again.
    silent: RefCell<HashMap<SocketAddr, TransferError>>,
}

struct Progress<'e, 'f> {
    views: Vec<Expansion>,
    sum: Sum,
    begun: Begun,
    events: &'e mut Events<'f>,
}

impl Progress<'_, '_> {
    fn report(&mut self, report: Report) {
        self.sum.missing += u64::from(report.state.is_missing());
        (self.events)(Event::Zone(report));
    }
}

/// A zone in its view.
#[derive(Clone, Copy)]
struct Seat {
    view: usize,
    key: ZoneKey,
}

/// A zone whose records are coming in.
struct Coming<'a, 'e, 'f> {
    state: &'a RefCell<Progress<'e, 'f>>,
    zone: &'a Domain,
    begun: Begun,
    seat: Seat,
    records: u64,
}

impl Coming<'_, '_, '_> {
    fn record(&mut self, record: RecordRef<'_>) {
        self.records += 1;
        let Progress { views, events, .. } = &mut *self.state.borrow_mut();
        events(Event::Record(self.begun, record));
        let Seat { view, key } = self.seat;
        if let Some(expansion) = views.get_mut(view) {
            expansion.take(key, record, &mut |line| events(Event::Line(view, line)));
        }
    }

    fn again(&mut self) {
        self.records = 0;
        let Progress { views, events, .. } = &mut *self.state.borrow_mut();
        if let Some(expansion) = views.get_mut(self.seat.view) {
            expansion.restart(self.seat.key);
        }
        events(Event::Begin(self.begun, self.zone));
    }

    /// Ends it, and says what became of it.
    fn end(self, mut report: Report) {
        let extent = if report.state.is_missing() {
            Extent::Partial
        } else {
            Extent::Whole
        };
        let mut state = self.state.borrow_mut();
        let Progress { views, events, .. } = &mut *state;
        let Seat { view, key } = self.seat;
        let mut withdrawn = 0;
        if let Some(expansion) = views.get_mut(view) {
            expansion.end(key, extent, &mut |line| {
                withdrawn += 1;
                events(Event::Line(view, line));
            });
        }
        if withdrawn > 0 {
            report.reasons.push(format!(
                "{} that came before the transfer broke off {} taken back: the zone does not have {}",
                crate::text::counted(withdrawn, "address"),
                if withdrawn == 1 { "is" } else { "are" },
                if withdrawn == 1 { "it" } else { "them" },
            ));
        }
        report.zone = Some(self.zone.clone());
        report.begun = Some(self.begun);
        report.view = view;
        report.records = self.records;
        state.report(report);
    }
}

impl<'p, 'e, 'f> Engine<'p, 'e, 'f> {
    /// Seats the zones whose names are known, in the order of their places, whichever comes first.
    fn reserve(&self) -> VecDeque<(&'p Place, Option<Seat>)> {
        let seat = |place: &'p Place| match place {
            Place::Transfer { zone, servers, .. } => {
                // A name may have several addresses.
                let named = servers.iter().any(|server| matches!(server.host, Host::Named(_)));
                let attempts = if servers.len() > 1 || named {
                    Attempts::Several
                } else {
                    Attempts::One
                };
                (place, Some(self.seat(zone, attempts)))
            }
            Place::File { zone, .. } => (place, Some(self.seat(zone, Attempts::One))),
            Place::Export { .. } | Place::Provider { .. } => (place, None),
        };
        self.plan.places.iter().map(seat).collect()
    }

    /// Asks all places, [`limits::PLACES_AT_ONCE`] of them at once.
    async fn all(&self, places: VecDeque<(&'p Place, Option<Seat>)>) {
        let waiting = RefCell::new(places);
        let one_after_the_other = || async {
            loop {
                let next = waiting.borrow_mut().pop_front();
                let Some((place, seat)) = next else { return };
                self.place(place, seat).await;
            }
        };
        let mut workers: Vec<_> = (0..limits::PLACES_AT_ONCE)
            .map(|_| Some(Box::pin(one_after_the_other())))
            .collect();
        std::future::poll_fn(|context| {
            for worker in &mut workers {
                let done = worker
                    .as_mut()
                    .is_some_and(|running| running.as_mut().poll(context).is_ready());
                if done {
                    *worker = None;
                }
            }
            if workers.iter().all(Option::is_none) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    }

    async fn place(&self, place: &'p Place, seat: Option<Seat>) {
        match (place, seat) {
            (
                Place::Transfer {
                    zone,
                    servers,
                    key,
                    source,
                },
                Some(seat),
            ) => {
                let (found, reasons) = self.found(servers).await;
                let key_name = key.as_ref().map(|key| key.name().to_string());
                let wanted = zone_transfer::Zone {
                    apex: zone.clone(),
                    servers: found,
                    key: key.clone(),
                    source: source.clone(),
                    copy: copy_name(source, servers, key_name.as_deref()),
                };
                self.transfer(wanted, seat, reasons).await;
            }
            (Place::File { zone, path, source }, Some(seat)) => {
                let mut coming = self.coming(zone, seat);
                let read = master_file::read(path, zone, &mut |record| coming.record(record));
                let (state, reasons) = match read {
                    Ok(_) => (State::Whole, Vec::new()),
                    Err(error) => (broken_off(coming.records), vec![error.to_string()]),
                };
                coming.end(report(source, state, reasons));
            }
            (Place::Export { path, source, zones }, _) => self.export(path, source, zones),
            (
                Place::Provider {
                    account,
                    source,
                    zones,
                },
                _,
            ) => self.provider(account, source, zones).await,
            // Every zone that is named has its seat.
            (Place::Transfer { .. } | Place::File { .. }, None) => {}
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

    async fn transfer(&self, mut wanted: zone_transfer::Zone, seat: Seat, mut reasons: Vec<String>) {
        let apex = wanted.apex.clone();
        {
            let silent = self.silent.borrow();
            wanted.servers.retain(|server| {
                let known = silent.get(&server.socket);
                if let Some(error) = known {
                    let socket = server.socket;
                    reasons.push(format!(
                        "{socket}: not asked again, as it did not answer for another zone: {error}"
                    ));
                }
                known.is_none()
            });
        }
        let mut coming = self.coming(&apex, seat);
        let copies = self.plan.copies.as_ref();
        let delivered =
            zone_transfer::bring(
                &self.network,
                &self.clock,
                &wanted,
                copies,
                &mut |piece| match piece {
                    Piece::Record(record) => coming.record(record),
                    Piece::Again => coming.again(),
                },
            )
            .await;
        for failed in &delivered.failed {
            if is_silence(&failed.error) {
                self.silent
                    .borrow_mut()
                    .insert(failed.server, failed.error.clone());
            }
        }
        coming.end(transferred(&wanted, delivered, reasons));
    }

    async fn provider(&self, account: &Account, source: &str, wanted: &[Domain]) {
        let hosted = match account {
            Account::Route53(account, _) => account.zones(&self.network).await,
            Account::Cloudflare(account) => account.zones(&self.network).await,
        };
        let hosted = match hosted {
            Ok(hosted) => hosted,
            Err(error) => return self.failed(None, source, error.to_string()),
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
            self.hosted(account, zone, &source).await;
        }
        for zone in wanted {
            if !hosted.iter().any(|known| known.apex == *zone) {
                self.failed(
                    Some(zone),
                    source,
                    ProviderError::NoZone(zone.clone()).to_string(),
                );
            }
        }
    }

    /// The records of one zone of an account.
    async fn hosted(&self, account: &Account, zone: &Hosted, source: &str) {
        let seat = self.seat(&zone.apex, Attempts::One);
        let mut coming = self.coming(&zone.apex, seat);
        let mut sink = |record: RecordRef<'_>| coming.record(record);
        let read = match account {
            Account::Route53(account, _) => account.records(&self.network, zone, &mut sink).await,
            Account::Cloudflare(account) => account.records(&self.network, zone, &mut sink).await,
        };
        let (state, reasons) = match read {
            Ok(()) => (State::Whole, Vec::new()),
            Err(error) => (broken_off(coming.records), vec![error.to_string()]),
        };
        coming.end(report(source, state, reasons));
    }

    fn export(&self, path: &std::path::Path, source: &str, zones: &[Domain]) {
        let read = file::read_bounded(path, EXPORT_BYTES).map_err(|error| file::reason(&error));
        let export = read.and_then(|text| Export::parse(&text).map_err(|error| error.to_string()));
        let export = match export {
            Ok(export) => export,
            Err(reason) => return self.failed(None, source, reason),
        };
        let mut wanted: Vec<Domain> = export.zones().cloned().collect();
        if !zones.is_empty() {
            wanted = zones.to_vec();
        }
        if wanted.is_empty() {
            self.failed(None, source, "the export has no zone at all".to_owned());
        }
        for zone in wanted {
            if !export.zones().any(|known| *known == zone) {
                self.failed(Some(&zone), source, format!("the export has no zone {zone}"));
                continue;
            }
            let seat = self.seat(&zone, Attempts::One);
            let mut coming = self.coming(&zone, seat);
            let mut reasons = Vec::new();
            export.records(&zone, &mut |record| coming.record(record), &mut |error| {
                if reasons.len() < COMPLAINTS {
                    reasons.push(error.to_string());
                }
            });
            let state = if reasons.is_empty() {
                State::Whole
            } else {
                State::Partial
            };
            coming.end(report(source, state, reasons));
        }
    }

    /// Begins a zone in the first view that does not have it yet.
    fn seat(&self, zone: &Domain, attempts: Attempts) -> Seat {
        let views = &mut self.state.borrow_mut().views;
        let view = views
            .iter()
            .position(|view| !view.has_zone(zone))
            .unwrap_or(views.len());
        if view == views.len() {
            let filter = Arc::clone(&self.plan.filter);
            let mut expansion = Expansion::new(self.plan.wishes());
            if !filter.is_empty() {
                expansion = expansion.keeping(Box::new(move |name| filter.wants(name)));
            }
            views.push(expansion);
        }
        #[expect(
            clippy::indexing_slicing,
            reason = "the view was found, or made, in the lines above"
        )]
        let key = views[view].begin(zone.clone(), attempts);
        Seat { view, key }
    }

    /// Begins to take the records of a zone.
    fn coming<'a>(&'a self, zone: &'a Domain, seat: Seat) -> Coming<'a, 'e, 'f> {
        let Progress { begun, events, .. } = &mut *self.state.borrow_mut();
        *begun += 1;
        events(Event::Begin(*begun, zone));
        Coming {
            state: &self.state,
            zone,
            begun: *begun,
            seat,
            records: 0,
        }
    }

    /// Says that there is nothing of a zone, or of a whole place.
    fn failed(&self, zone: Option<&Domain>, source: &str, reason: String) {
        let mut report = report(source, State::Failed, vec![reason]);
        report.zone = zone.cloned();
        self.state.borrow_mut().report(report);
    }

    async fn finish(&self) {
        let views = {
            let mut state = self.state.borrow_mut();
            if state.views.is_empty() && !self.plan.names.is_empty() {
                state.views.push(Expansion::new(self.plan.wishes()));
            }
            state.views.len()
        };
        for place in 0..views {
            let names = {
                let Progress { views, events, .. } = &mut *self.state.borrow_mut();
                let Some(view) = views.get_mut(place) else { return };
                for (name, source) in &self.plan.seen {
                    if Domain::parse(name.as_str()).is_ok_and(|name| view.is_inside(name.borrowed())) {
                        view.know(name.clone(), source.clone());
                    }
                }
                view.finish(&mut |line| events(Event::Line(place, line)));
                view.outside()
            };
            let answered = &mut |name: &Domain, answer: Result<&[std::net::IpAddr], &Failure>| {
                let Progress {
                    views, events, sum, ..
                } = &mut *self.state.borrow_mut();
                if let Some(view) = views.get_mut(place) {
                    view.answer(name, answer, &mut |line| {
                        sum.unresolved += u64::from(is_missing(&line));
                        events(Event::Line(place, line));
                    });
                }
            };
            let asked = self.network.resolve_all(names, answered).await;
            let Progress { views, sum, .. } = &mut *self.state.borrow_mut();
            sum.questions += asked.questions;
            sum.filtered += views.get(place).map_or(0, Expansion::filtered);
        }
    }
}

/// What tells a copy of a zone from others: the servers as they were named, and the key, which may choose the view.
fn copy_name(source: &str, servers: &[Asked], key: Option<&str>) -> String {
    let mut name = source.to_owned();
    for server in servers {
        match &server.host {
            Host::At(address) => name.push_str(&format!(" {}", SocketAddr::new(*address, server.port))),
            Host::Named(host) => name.push_str(&format!(" {host}:{}", server.port)),
        }
    }
    if let Some(key) = key {
        name.push_str(&format!(" {key}"));
    }
    name
}

/// Whether nothing came from a server for as long as anybody waits, so that asking again only waits again.
const fn is_silence(error: &TransferError) -> bool {
    match error {
        TransferError::Connect(failure) => !matches!(failure, Failure::Local { .. }),
        TransferError::Silent => true,
        _ => false,
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

/// A report of which zone, view and records are put in by whoever knows them.
fn report(source: &str, state: State, reasons: Vec<String>) -> Report {
    Report {
        begun: None,
        view: 0,
        zone: None,
        source: source.to_owned(),
        state,
        reasons,
        serial: None,
        records: 0,
    }
}

/// Puts what became of a transfer into words.
fn transferred(wanted: &zone_transfer::Zone, delivered: Delivered, mut reasons: Vec<String>) -> Report {
    let failures = delivered.failed.iter();
    reasons.extend(failures.map(|failed| format!("{}: {}", failed.server, failed.error)));
    if let Some(fault) = &delivered.not_used {
        let fault = match fault {
            Fault::Unreadable(error) => file::reason(error),
            fault @ (Fault::Damaged | Fault::OtherVersion) => fault.to_string(),
        };
        reasons.push(format!(
            "the copy of an earlier run cannot be used ({fault}): the whole zone was asked for"
        ));
    }
    if let Some(error) = &delivered.not_kept {
        reasons.push(format!("no copy of the zone was kept: {}", file::reason(error)));
    }
    let (state, serial) = match delivered.extent {
        zone_transfer::Extent::Whole { serial, .. } => (State::Whole, Some(serial)),
        zone_transfer::Extent::Unchanged { serial } => (State::Unchanged, Some(serial)),
        zone_transfer::Extent::Partial { .. } => (State::Partial, None),
        zone_transfer::Extent::Nothing => (State::Failed, None),
    };
    let source = delivered.server.map_or_else(
        || wanted.source.clone(),
        |server| format!("{} ({server})", wanted.source),
    );
    Report {
        serial,
        ..report(&source, state, reasons)
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
