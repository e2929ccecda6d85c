//! From records to endpoints: every address, every name, every port, each with the records that led to it.
//!
//! Records of whole zones come in one by one, of several zones at once if need be; endpoints with an address record of their
//! own name go out at once, before the zone has ended. What refers to other names (CNAME, MX, SRV, HTTPS, wildcards) is kept, and goes out when all
//! zones are in: followed inside the zones first, and for names that are in none of them after [`Expansion::answer`] was
//! told what a resolver says. Nothing is passed over in silence: what becomes no endpoint is a line that says why.
//!
//! Of a plain address record 16 bytes stay in memory: a keyed hash of its name (64 bits: among five million names two
//! share one in less than one run of a million), the address, and its time to live. Nobody is asked here and no clock is
//! read.

mod binding;
mod gathered;
mod holder;
mod line;
mod lookup;
mod references;
mod service;
#[cfg(test)]
mod tests;

use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use gathered::Attempts;
pub use holder::{Networks, forbidden};
pub use line::{Because, Certainty, Found, Holder, Line, Unusable, Why};

use super::domain::{Domain, DomainRef};
use super::record::{Data, Family, Kind, Record, RecordRef};
use crate::name::Name;
use crate::starttls::StartTls;
use gathered::{Gathered, Standing};
use references::{Quest, Seen};

/// What somebody wants to know of zones.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Ports to look at on every host.
    pub ports: Vec<u16>,
    /// Addresses that are declared to be ours; empty when nobody declared any.
    pub networks: Networks,
    /// Zones that are ours beside those whose records come in.
    pub zones: Vec<Domain>,
    /// Names that are known from elsewhere, each with where it was read.
    pub names: Vec<(Name, String)>,
    /// A label that stands for every name that a wildcard covers; chosen at random, so that it is no name of anybody.
    pub guess: String,
}

/// Whether all records of a zone came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of them.
    Whole,
    /// Something is missing: what cannot be found in it may well exist.
    Partial,
}

/// Takes a line.
pub type Out<'o> = dyn FnMut(Line<'_>) + 'o;
/// Says whether endpoints of this name are wanted.
pub type Keep = Box<dyn Fn(&str) -> bool + Send>;

/// Records on their way to endpoints.
pub struct Expansion {
    wishes: Wishes,
    keep: Option<Keep>,
    /// Endpoints and lines that were not wanted.
    filtered: u64,
    hasher: RandomState,
    zones: Vec<Zone>,
    zone_places: HashMap<Domain, usize>,
    /// Address records by the hash of their owner; sorted when all zones are in.
    v4: Vec<(u64, Ipv4Addr, u32)>,
    v6: Vec<(u64, Ipv6Addr, u32)>,
    /// Hashes of owners without address records, and of names between owners and the top of their zone (RFC 4592 section 2.2.2).
    exists: Hashes,
    /// Records that refer to other names, each with the place of its zone.
    references: Vec<(Record, usize)>,
    cnames: HashMap<Domain, usize>,
    dnames: HashMap<Domain, usize>,
    /// HTTPS and SVCB records by the hash of their owner; sorted when all zones are in.
    bindings: Vec<(u64, usize)>,
    /// Families that the alias records of an owner have.
    families: HashMap<Domain, Vec<Family>>,
    /// Names at which another zone begins.
    cuts: HashSet<Domain>,
    wildcards: Vec<(Domain, usize)>,
    quests: HashMap<Domain, Vec<Quest>>,
    seen: HashSet<Seen>,
    /// Services that were asked for: several records of a zone may name one.
    asked: HashSet<(Domain, Domain, u16)>,
    text: String,
}

/// A zone of an expansion, by which its records are told from those of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneKey(usize);

struct Zone {
    apex: Domain,
    extent: Extent,
    gathered: Gathered,
}

impl Expansion {
    /// An expansion that has seen nothing.
    pub fn new(wishes: Wishes) -> Self {
        Self {
            wishes,
            keep: None,
            filtered: 0,
            hasher: RandomState::new(),
            zones: Vec::new(),
            zone_places: HashMap::new(),
            v4: Vec::new(),
            v6: Vec::new(),
            exists: Hashes::default(),
            references: Vec::new(),
            cnames: HashMap::new(),
            dnames: HashMap::new(),
            bindings: Vec::new(),
            families: HashMap::new(),
            cuts: HashSet::new(),
            wildcards: Vec::new(),
            quests: HashMap::new(),
            seen: HashSet::new(),
            asked: HashSet::new(),
            text: String::new(),
        }
    }

    /// Endpoints whose name `keep` refuses are counted and not given.
    #[must_use]
    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep = Some(keep);
        self
    }

    /// Endpoints that were counted and not given.
    pub const fn filtered(&self) -> u64 {
        self.filtered
    }

    /// Whether records of this zone came already.
    pub fn has_zone(&self, apex: &Domain) -> bool {
        self.zone_places.contains_key(apex)
    }

    /// Begins the records of a zone; until [`Expansion::end`] says otherwise they are not all there. Other zones may be begun
    /// before this one ends.
    pub fn begin(&mut self, apex: Domain, attempts: Attempts) -> ZoneKey {
        let place = self.zones.len();
        self.zone_places.insert(apex.clone(), place);
        self.zones.push(Zone {
            gathered: Gathered::new(self.hash(apex.borrowed()), attempts),
            apex,
            extent: Extent::Partial,
        });
        ZoneKey(place)
    }

    /// Forgets the records of a zone, begun with [`Attempts::Several`]: they come again from its start. Endpoints that went out
    /// do not go out again; those that do not come again are taken back at the end.
    pub fn restart(&mut self, zone: ZoneKey) {
        if let Some(Zone { apex, gathered, .. }) = self.zones.get_mut(zone.0) {
            gathered.restart(self.hasher.hash_one(apex.wire()));
        }
    }

    /// Whether a name lies in one of the zones.
    pub fn is_inside(&self, name: DomainRef<'_>) -> bool {
        self.zones.iter().any(|zone| name.is_within(zone.apex.borrowed()))
    }

    /// Adds a name that is known from elsewhere, and where it was read.
    pub fn know(&mut self, name: Name, place: String) {
        self.wishes.names.push((name, place));
    }

    /// Ends the records of a zone. What went out before they broke off, and a whole zone does not have, is taken back:
    /// [`Why::Withdrawn`].
    pub fn end(&mut self, zone: ZoneKey, extent: Extent, out: &mut Out<'_>) {
        let Some(zone) = self.zones.get_mut(zone.0) else {
            return;
        };
        zone.extent = extent;
        if extent == Extent::Partial {
            return;
        }
        for (name, address) in zone.gathered.withdrawn() {
            self.text.clear();
            let went_out = name.borrowed().push_host(&mut self.text).is_ok()
                && !name.borrowed().has_underscore_label()
                && forbidden(address).is_none()
                && self.keep.as_ref().is_none_or(|keep| keep(&self.text));
            if went_out {
                out(Line::Unusable(Unusable {
                    name: name.borrowed(),
                    address: Some(address),
                    why: Why::Withdrawn,
                    zone: zone.apex.borrowed(),
                    because: &[],
                }));
            }
        }
    }

    /// Takes a record of a zone.
    pub fn take(&mut self, zone: ZoneKey, record: RecordRef<'_>, out: &mut Out<'_>) {
        let Some(Zone { apex, gathered, .. }) = self.zones.get_mut(zone.0) else {
            return;
        };
        let apex = apex.borrowed();
        match gathered.enter(record.owner, apex, &self.hasher) {
            Standing::Inside => {}
            Standing::Outside => return tell(record, apex, Why::OutsideZone, out),
            Standing::Occluded => return tell(record, apex, Why::Occluded, out),
            Standing::Delegated => {
                if matches!(record.kind, Kind::A | Kind::AAAA) {
                    tell(record, apex, Why::Glue, out);
                } else if record.data().leads_on() {
                    tell(record, apex, Why::Occluded, out);
                }
                return;
            }
        }
        let data = record.data();
        if !matches!(data, Data::Address(_)) {
            gathered.note();
        }
        match data {
            Data::Address(address) => {
                if gathered.address(record, address) {
                    let mut voice = Voice {
                        wishes: &self.wishes,
                        keep: self.keep.as_ref(),
                        filtered: &mut self.filtered,
                        text: &mut self.text,
                    };
                    voice.address(record, address, apex, out);
                }
            }
            Data::Ns(server) if record.owner != apex => {
                gathered.cut(record.owner);
                tell(record, apex, Why::Delegated(server), out);
            }
            Data::Cname(_)
            | Data::Alias(..)
            | Data::Dname(_)
            | Data::Mx(..)
            | Data::Srv { .. }
            | Data::Binding(_) => gathered.refer(record),
            Data::Malformed => tell(record, apex, Why::Malformed, out),
            Data::Ns(_) | Data::Soa(_) | Data::Other => {}
        }
    }

    /// Brings together what was gathered of the zones, in the order in which they were begun, whichever ended first.
    fn gather(&mut self) {
        for place in 0..self.zones.len() {
            let Some(zone) = self.zones.get_mut(place) else {
                continue;
            };
            let gathered = std::mem::take(&mut zone.gathered);
            append(&mut self.v4, gathered.v4);
            append(&mut self.v6, gathered.v6);
            self.exists.add(gathered.exists);
            self.cuts.extend(gathered.cuts);
            let wildcards = gathered.wildcards.into_iter();
            self.wildcards.extend(wildcards.map(|wildcard| (wildcard, place)));
            for record in gathered.references {
                self.refer(record, place);
            }
        }
    }

    fn refer(&mut self, record: Record, zone: usize) {
        let index = self.references.len();
        match record.kind {
            Kind::CNAME | Kind::ALIAS => {
                if let Data::Alias(family, _) = record.borrowed().data() {
                    let families = self.families.entry(record.owner.clone()).or_default();
                    families.push(family);
                }
                self.cnames.entry(record.owner.clone()).or_insert(index);
            }
            Kind::DNAME => {
                self.dnames.entry(record.owner.clone()).or_insert(index);
            }
            Kind::HTTPS | Kind::SVCB => self.bindings.push((self.hash(record.owner.borrowed()), index)),
            _ => {}
        }
        self.references.push((record, zone));
    }
}

/// A set of hashes, put in order when it is asked for the first time: zones without wildcards never do.
#[derive(Default)]
struct Hashes {
    unsorted: Cell<Vec<u64>>,
    sorted: OnceCell<Vec<u64>>,
}

impl Hashes {
    fn add(&mut self, new: Vec<u64>) {
        append(self.unsorted.get_mut(), new);
    }

    fn has(&self, hash: u64) -> bool {
        let sorted = self.sorted.get_or_init(|| {
            let mut hashes = self.unsorted.take();
            hashes.sort_unstable();
            hashes.dedup();
            hashes
        });
        sorted.binary_search(&hash).is_ok()
    }
}

/// Appends `new` to `all`; the first ones, which may be millions, are not copied.
fn append<T>(all: &mut Vec<T>, new: Vec<T>) {
    if all.is_empty() {
        *all = new;
    } else {
        all.extend(new);
    }
}

/// What turns an address record into endpoints.
struct Voice<'x> {
    wishes: &'x Wishes,
    keep: Option<&'x Keep>,
    filtered: &'x mut u64,
    text: &'x mut String,
}

impl Voice<'_> {
    fn address(&mut self, record: RecordRef<'_>, address: IpAddr, apex: DomainRef<'_>, out: &mut Out<'_>) {
        let because = [Because::Record(record)];
        let unusable = |why| {
            Line::Unusable(Unusable {
                name: record.owner,
                address: Some(address),
                why,
                zone: apex,
                because: &because,
            })
        };
        if record.owner.has_underscore_label() {
            return out(unusable(Why::ServiceLabel));
        }
        self.text.clear();
        if let Err(error) = record.owner.push_host(self.text) {
            return out(unusable(Why::NotAHost(error)));
        }
        if self.keep.is_some_and(|keep| !keep(self.text)) {
            *self.filtered += 1;
            return;
        }
        if let Some(why) = forbidden(address) {
            return out(unusable(Why::Forbidden(why)));
        }
        let holder = self.wishes.networks.holder(address).unwrap_or(Holder::Ours(None));
        for port in &self.wishes.ports {
            out(Line::Endpoint(Found {
                name: self.text,
                address,
                port: *port,
                starttls: StartTls::for_port(*port),
                holder,
                certainty: Certainty::Named,
                zone: apex,
                because: &because,
            }));
        }
    }
}

fn tell(record: RecordRef<'_>, zone: DomainRef<'_>, why: Why<'_>, out: &mut Out<'_>) {
    let address = match record.data() {
        Data::Address(address) => Some(address),
        _ => None,
    };
    out(Line::Unusable(Unusable {
        name: record.owner,
        address,
        why,
        zone,
        because: &[Because::Record(record)],
    }));
}
