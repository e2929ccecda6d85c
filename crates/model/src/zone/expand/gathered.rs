//! What is gathered of one zone while its records come in, so that several zones can come at once.
//!
//! Records come in; what they leave behind stays here until all zones are in: sixteen octets of an address record, and
//! whatever refers to other names. Nothing is said here and nothing is followed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::zone::domain::{Domain, DomainRef};
use crate::zone::record::{Kind, Record, RecordRef};

/// The part of an expansion that belongs to one zone.
#[derive(Default)]
pub(super) struct Gathered {
    /// Address records by the hash of their owner.
    pub(super) v4: Vec<(u64, Ipv4Addr, u32)>,
    /// The same of IPv6.
    pub(super) v6: Vec<(u64, Ipv6Addr, u32)>,
    /// Hashes of owners without address records, and of names between owners and the top of the zone.
    pub(super) exists: Vec<u64>,
    /// Records that refer to other names.
    pub(super) references: Vec<Record>,
    /// Names at which another zone begins.
    pub(super) cuts: HashSet<Domain>,
    /// Owners of wildcard records.
    pub(super) wildcards: Vec<Domain>,
    dnames: HashSet<Domain>,
    /// Owners of the addresses that go out, in the order of `v4` and `v6`, when the zone may break off and come again.
    names: Option<Names>,
    /// Addresses of names that went out before the zone broke off, and have not come again.
    went_out: HashMap<(u64, IpAddr), Domain>,
    last: Last,
}

/// Names one behind the other, each with its hash and an address: wire format, which knows its own length.
#[derive(Default)]
struct Names {
    wire: Vec<u8>,
    addresses: Vec<(u64, IpAddr)>,
}

impl Names {
    fn add(&mut self, owner: DomainRef<'_>, hash: u64, address: IpAddr) {
        self.wire.extend_from_slice(owner.wire());
        self.addresses.push((hash, address));
    }

    fn all(&self) -> impl Iterator<Item = ((u64, IpAddr), Domain)> {
        let mut rest = self.wire.as_slice();
        self.addresses.iter().filter_map(move |key| {
            let (name, behind) = DomainRef::split(rest)?;
            rest = behind;
            Some((*key, name.to_owned()))
        })
    }
}

/// Whether the records of a zone may come again from their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempts {
    /// They come once.
    One,
    /// They may break off and come again, from another server. What went out is remembered by name, so that it can be
    /// taken back.
    Several,
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
    /// Whether its hash is among those of owners.
    noted: bool,
    standing: Standing,
}

/// What an owner is to its zone.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Standing {
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

impl Gathered {
    /// Nothing but the top of the zone, by its hash.
    pub(super) fn new(apex: u64, attempts: Attempts) -> Self {
        Self {
            exists: vec![apex],
            names: (attempts == Attempts::Several).then(Names::default),
            ..Self::default()
        }
    }

    /// Forgets everything but what went out.
    pub(super) fn restart(&mut self, apex: u64) {
        let mut went_out = std::mem::take(&mut self.went_out);
        went_out.extend(self.names.iter().flat_map(Names::all));
        *self = Self {
            went_out,
            ..Self::new(apex, Attempts::Several)
        };
    }

    /// What went out before the zone broke off, and has not come again.
    pub(super) fn withdrawn(&mut self) -> Vec<(Domain, IpAddr)> {
        let went_out = std::mem::take(&mut self.went_out).into_iter();
        let mut withdrawn: Vec<_> = went_out.map(|((_, address), name)| (name, address)).collect();
        withdrawn.sort_unstable();
        withdrawn
    }

    /// Notes an owner, and gives where it stands.
    pub(super) fn enter(
        &mut self,
        owner: DomainRef<'_>,
        apex: DomainRef<'_>,
        hasher: &RandomState,
    ) -> Standing {
        if self.last.owner == owner.wire() {
            return self.last.standing;
        }
        let hash = hasher.hash_one(owner.wire());
        self.last.owner.clear();
        self.last.owner.extend_from_slice(owner.wire());
        self.last.hash = hash;
        self.last.addresses.clear();
        self.last.noted = false;
        self.last.standing = self.standing(owner, apex);
        if self.last.standing != Standing::Inside {
            return self.last.standing;
        }
        let parent = owner.parent().unwrap_or(owner);
        if parent.wire() == self.last.parent {
            return Standing::Inside;
        }
        self.last.parent.clear();
        self.last.parent.extend_from_slice(parent.wire());
        let mut between = Some(parent);
        while let Some(name) = between.filter(|name| name.is_below(apex)) {
            self.exists.push(hasher.hash_one(name.wire()));
            between = name.parent();
        }
        Standing::Inside
    }

    /// Notes that the owner that was entered last exists; its address records say so by themselves.
    pub(super) fn note(&mut self) {
        if !self.last.noted {
            self.last.noted = true;
            self.exists.push(self.last.hash);
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
            if self.cuts.contains(name.wire()) {
                return Standing::Delegated;
            }
            if name != owner && self.dnames.contains(name.wire()) {
                return Standing::Occluded;
            }
            at = name.parent();
        }
        Standing::Inside
    }

    /// Notes an address of the owner that was entered last; says whether it is to go out: not when it is there twice, is a
    /// wildcard's, or went out before.
    pub(super) fn address(&mut self, record: RecordRef<'_>, address: IpAddr) -> bool {
        if self.last.addresses.contains(&address) {
            return false;
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
            return false;
        }
        if let Some(names) = &mut self.names {
            names.add(record.owner, self.last.hash, address);
        }
        self.went_out.is_empty() || self.went_out.remove(&(self.last.hash, address)).is_none()
    }

    /// Notes that another zone begins at the owner that was entered last.
    pub(super) fn cut(&mut self, owner: DomainRef<'_>) {
        self.cuts.insert(owner.to_owned());
        self.last.standing = Standing::Delegated;
    }

    /// Notes a record that refers to another name.
    pub(super) fn refer(&mut self, record: RecordRef<'_>) {
        match record.kind {
            Kind::CNAME | Kind::ALIAS if record.owner.is_wildcard() => self.wildcard(record.owner),
            Kind::DNAME => {
                self.dnames.insert(record.owner.to_owned());
            }
            _ => {}
        }
        self.references.push(record.to_owned());
    }

    fn wildcard(&mut self, owner: DomainRef<'_>) {
        let known = self.wildcards.last();
        if known.is_none_or(|last| last.borrowed() != owner) {
            self.wildcards.push(owner.to_owned());
        }
    }
}
