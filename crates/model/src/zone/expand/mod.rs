//! From records to endpoints: every address, every name, every port, each with the records that led to it.
//!
//! Records of whole zones come in one by one; endpoints with an address record of their own name go out at once, before
//! the zone has ended. What refers to other names (CNAME, MX, SRV, HTTPS, wildcards) is kept, and goes out when all
//! zones are in: followed inside the zones first, and for names that are in none of them after [`Expansion::answer`] was
//! told what a resolver says. Nothing is passed over in silence: what becomes no endpoint is a line that says why.
//!
//! Of a plain address record 16 bytes stay in memory: a keyed hash of its name (64 bits: among five million names two
//! share one in less than one run of a million), the address, and its time to live. Nobody is asked here and no clock is
//! read.

mod holder;
mod line;
mod lookup;
mod references;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub use holder::{Networks, forbidden};
pub use line::{Because, Certainty, Found, Holder, Line, Unusable, Why};

use super::domain::{Domain, DomainRef};
use super::record::{Data, Family, Kind, Record, RecordRef};
use crate::name::Name;
use crate::starttls::StartTls;
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
    /// Hashes of owners, and of names between them and the top of their zone (RFC 4592 section 2.2.2).
    exists: Vec<u64>,
    /// Records that refer to other names.
    references: Vec<(Record, usize)>,
    cnames: HashMap<Domain, usize>,
    dnames: HashMap<Domain, usize>,
    /// Families that the alias records of an owner have.
    families: HashMap<Domain, Vec<Family>>,
    /// Names at which another zone begins.
    cuts: HashSet<Domain>,
    wildcards: Vec<(Domain, usize)>,
    quests: HashMap<Domain, Vec<Quest>>,
    seen: HashSet<Seen>,
    /// Services that were asked for: several records of a zone may name one.
    asked: HashSet<(Domain, Domain, u16)>,
    /// Addresses of names that went out before their zone broke off.
    went_out: HashSet<(u64, IpAddr)>,
    last: Last,
    text: String,
}

#[derive(Debug)]
struct Zone {
    apex: Arc<Domain>,
    extent: Extent,
    /// How much was known when it began.
    before: Before,
}

/// Lengths of what grows with the records of zones.
#[derive(Clone, Copy, Debug)]
struct Before {
    v4: usize,
    v6: usize,
    exists: usize,
    references: usize,
    wildcards: usize,
}

/// The owner of the record before: records of one owner mostly stand together.
#[derive(Default)]
struct Last {
    owner: Vec<u8>,
    /// Behind the first label.
    parent: Vec<u8>,
    hash: u64,
    /// Addresses already taken of this owner, as far as doubles are looked for.
    addresses: Vec<IpAddr>,
    standing: Standing,
}

/// What an owner is to its zone.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Standing {
    /// One of its names.
    #[default]
    Inside,
    /// Of another zone altogether.
    Outside,
    /// At or below a delegation.
    Delegated,
    /// Below a DNAME.
    Occluded,
}

/// Addresses of one owner among which doubles are looked for: providers list weighted records one by one.
const DOUBLES: usize = 64;

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
            exists: Vec::new(),
            references: Vec::new(),
            cnames: HashMap::new(),
            dnames: HashMap::new(),
            families: HashMap::new(),
            cuts: HashSet::new(),
            wildcards: Vec::new(),
            quests: HashMap::new(),
            seen: HashSet::new(),
            asked: HashSet::new(),
            went_out: HashSet::new(),
            last: Last::default(),
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

    /// Begins the records of a zone; until [`Expansion::end`] says otherwise they are not all there.
    pub fn begin(&mut self, apex: Domain) {
        self.zone_places.insert(apex.clone(), self.zones.len());
        let hash = self.hasher.hash_one(apex.wire());
        // In front of what a restart forgets.
        self.exists.push(hash);
        self.zones.push(Zone {
            apex: Arc::new(apex),
            extent: Extent::Partial,
            before: Before {
                v4: self.v4.len(),
                v6: self.v6.len(),
                exists: self.exists.len(),
                references: self.references.len(),
                wildcards: self.wildcards.len(),
            },
        });
        self.last = Last::default();
    }

    /// Forgets the records of the zone that was begun last: they come again from its start. Endpoints that went out stay out,
    /// and do not go out again.
    pub fn restart(&mut self) {
        let Some(Zone { apex, before, .. }) = self.zones.last() else {
            return;
        };
        let (apex, before) = (Arc::clone(apex), *before);
        let v4 = self.v4.drain(before.v4..);
        self.went_out
            .extend(v4.map(|(hash, address, _)| (hash, IpAddr::V4(address))));
        let v6 = self.v6.drain(before.v6..);
        self.went_out
            .extend(v6.map(|(hash, address, _)| (hash, IpAddr::V6(address))));
        self.exists.truncate(before.exists);
        self.references.truncate(before.references);
        self.wildcards.truncate(before.wildcards);
        self.cnames.retain(|_, place| *place < before.references);
        self.dnames.retain(|_, place| *place < before.references);
        self.cuts.retain(|cut| !cut.borrowed().is_below(apex.borrowed()));
        self.last = Last::default();
    }

    /// Whether a name lies in one of the zones.
    pub fn is_inside(&self, name: DomainRef<'_>) -> bool {
        self.zones.iter().any(|zone| name.is_within(zone.apex.borrowed()))
    }

    /// Adds a name that is known from elsewhere, and where it was read.
    pub fn know(&mut self, name: Name, place: String) {
        self.wishes.names.push((name, place));
    }

    /// Ends the records of the zone that was begun last.
    pub fn end(&mut self, extent: Extent) {
        if let Some(zone) = self.zones.last_mut() {
            zone.extent = extent;
        }
    }

    /// Takes a record of the zone that was begun last.
    pub fn take(&mut self, record: RecordRef<'_>, out: &mut Out<'_>) {
        let place = self.zones.len().saturating_sub(1);
        let Some(apex) = self.zones.get(place).map(|zone| Arc::clone(&zone.apex)) else {
            return;
        };
        let apex = apex.borrowed();
        if self.last.owner != record.owner.wire() {
            self.enter(record.owner, apex);
        }
        match self.last.standing {
            Standing::Inside => {}
            Standing::Outside => return tell(record, apex, Why::OutsideZone, out),
            Standing::Occluded => return tell(record, apex, Why::Occluded, out),
            Standing::Delegated => {
                if matches!(record.kind, Kind::A | Kind::AAAA) {
                    tell(record, apex, Why::Glue, out);
                }
                return;
            }
        }
        match record.data() {
            Data::Address(address) => self.address(record, address, apex, out),
            Data::Ns(server) if record.owner != apex => {
                self.cuts.insert(record.owner.to_owned());
                self.last.standing = Standing::Delegated;
                tell(record, apex, Why::Delegated(server), out);
            }
            Data::Cname(_)
            | Data::Alias(..)
            | Data::Dname(_)
            | Data::Mx(..)
            | Data::Srv { .. }
            | Data::Binding(_) => {
                self.refer(record, place);
            }
            Data::Malformed => tell(record, apex, Why::Malformed, out),
            Data::Ns(_) | Data::Soa(_) | Data::Other => {}
        }
    }

    /// Notes an owner, and where it stands.
    fn enter(&mut self, owner: DomainRef<'_>, apex: DomainRef<'_>) {
        let hash = self.hasher.hash_one(owner.wire());
        self.last.owner.clear();
        self.last.owner.extend_from_slice(owner.wire());
        self.last.hash = hash;
        self.last.addresses.clear();
        self.last.standing = self.standing(owner, apex);
        if self.last.standing != Standing::Inside {
            return;
        }
        self.exists.push(hash);
        let parent = owner.parent().unwrap_or(owner);
        if parent.wire() == self.last.parent {
            return;
        }
        self.last.parent.clear();
        self.last.parent.extend_from_slice(parent.wire());
        let mut between = Some(parent);
        while let Some(name) = between.filter(|name| name.is_below(apex)) {
            self.exists.push(self.hasher.hash_one(name.wire()));
            between = name.parent();
        }
    }

    fn standing(&self, owner: DomainRef<'_>, apex: DomainRef<'_>) -> Standing {
        if !owner.is_within(apex) {
            return Standing::Outside;
        }
        if self.cuts.is_empty() && self.dnames.is_empty() {
            return Standing::Inside;
        }
        let mut at = Some(owner);
        while let Some(name) = at.filter(|name| name.is_below(apex)) {
            let name_owned = name.to_owned();
            if self.cuts.contains(&name_owned) {
                return Standing::Delegated;
            }
            if name != owner && self.dnames.contains_key(&name_owned) {
                return Standing::Occluded;
            }
            at = name.parent();
        }
        Standing::Inside
    }

    fn address(&mut self, record: RecordRef<'_>, address: IpAddr, apex: DomainRef<'_>, out: &mut Out<'_>) {
        if self.last.addresses.contains(&address) {
            return;
        }
        if self.last.addresses.len() < DOUBLES {
            self.last.addresses.push(address);
        }
        match address {
            IpAddr::V4(address) => self.v4.push((self.last.hash, address, record.ttl)),
            IpAddr::V6(address) => self.v6.push((self.last.hash, address, record.ttl)),
        }
        if record.owner.is_wildcard() {
            self.wildcard(record.owner);
            return;
        }
        if !self.went_out.is_empty() && self.went_out.contains(&(self.last.hash, address)) {
            return;
        }
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
        if let Err(error) = record.owner.push_host(&mut self.text) {
            return out(unusable(Why::NotAHost(error)));
        }
        if self.keep.as_ref().is_some_and(|keep| !keep(&self.text)) {
            self.filtered += 1;
            return;
        }
        if let Some(why) = forbidden(address) {
            return out(unusable(Why::Forbidden(why)));
        }
        let holder = self.wishes.networks.holder(address).unwrap_or(Holder::Ours(None));
        for port in &self.wishes.ports {
            out(Line::Endpoint(Found {
                name: &self.text,
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

    fn wildcard(&mut self, owner: DomainRef<'_>) {
        let known = self
            .wildcards
            .last()
            .is_some_and(|(last, _)| last.borrowed() == owner);
        if !known {
            self.wildcards
                .push((owner.to_owned(), self.zones.len().saturating_sub(1)));
        }
    }

    fn refer(&mut self, record: RecordRef<'_>, place: usize) {
        let index = self.references.len();
        match record.kind {
            Kind::CNAME | Kind::ALIAS => {
                if let Data::Alias(family, _) = record.data() {
                    let families = self.families.entry(record.owner.to_owned()).or_default();
                    families.push(family);
                }
                self.cnames.entry(record.owner.to_owned()).or_insert(index);
                if record.owner.is_wildcard() {
                    self.wildcard(record.owner);
                }
            }
            Kind::DNAME => {
                self.dnames.entry(record.owner.to_owned()).or_insert(index);
            }
            _ => {}
        }
        self.references.push((record.to_owned(), place));
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
