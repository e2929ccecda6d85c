//! Following a name through the zones that came in, as their servers would (RFC 1034 section 4.3.2, RFC 4592, RFC 6672).

use std::net::IpAddr;

use super::{Domain, DomainRef, Expansion, Extent};
use crate::limits;
use crate::zone::record::Data;

/// Where a name leads.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// References passed on the way, by their places.
    pub(super) steps: Vec<usize>,
    /// Whether a wildcard record answered.
    pub(super) wildcard: bool,
    /// Where it ends.
    pub(super) end: End,
}

/// Where a way ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At an owner with addresses.
    Addresses(Housed),
    /// At a name that is in none of the zones.
    Outside(Domain),
    /// At a name without address.
    NoAddress(Domain),
    /// At a name that does not exist.
    Dangling(Domain),
    /// Nowhere: it comes back to this name.
    Loop(Domain),
    /// Nowhere within the bound.
    TooLong,
    /// At a DNAME that makes the name too long.
    NameTooLong,
}

/// An owner and its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Housed {
    /// The owner.
    pub(super) owner: Domain,
    /// Its addresses, each with the seconds it may be kept.
    pub(super) addresses: Vec<(IpAddr, u32)>,
    /// Whether there are more.
    pub(super) more: More,
}

/// Whether an owner has more addresses than are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// What stands at one name.
enum Here {
    /// The way goes on over this reference, to this name.
    On(usize, Domain),
    /// It ends.
    End(End),
}

impl Expansion {
    /// Follows `name` to its end.
    pub(super) fn follow(&self, name: DomainRef<'_>) -> Way {
        let mut way = Way {
            steps: Vec::new(),
            wildcard: false,
            end: End::TooLong,
        };
        let mut at = name.to_owned();
        let mut passed: Vec<Domain> = Vec::new();
        while passed.len() <= limits::CNAME_CHAIN {
            match self.at(at.borrowed(), &mut way.wildcard) {
                Here::End(end) => {
                    way.end = end;
                    return way;
                }
                Here::On(step, next) => {
                    way.steps.push(step);
                    passed.push(at);
                    if passed.contains(&next) {
                        way.end = End::Loop(next);
                        return way;
                    }
                    at = next;
                }
            }
        }
        way
    }

    fn at(&self, name: DomainRef<'_>, wildcard: &mut bool) -> Here {
        let Some((apex, extent)) = self.zone_of(name) else {
            return Here::End(End::Outside(name.to_owned()));
        };
        if let Some(here) = self.above(name, apex) {
            return here;
        }
        if let Some(here) = self.standing_at(name) {
            return here.or_outside(name, extent);
        }
        // Nothing has this name: a wildcard next to the closest encloser answers (RFC 4592 section 3.3.1).
        let encloser = self.closest_encloser(name, apex);
        let source = encloser.child(b"*");
        let synthesized = source
            .as_ref()
            .and_then(|source| self.standing_at(source.borrowed()));
        match synthesized {
            Some(here) => {
                *wildcard = true;
                here.or_outside(name, extent)
            }
            None => Here::End(End::Dangling(name.to_owned())).or_outside(name, extent),
        }
    }

    /// A delegation or DNAME between the name and the top of its zone.
    fn above(&self, name: DomainRef<'_>, apex: DomainRef<'_>) -> Option<Here> {
        if self.cuts.is_empty() && self.dnames.is_empty() {
            return None;
        }
        let mut found = None;
        let mut at = Some(name);
        // The topmost one counts: below it the zone has no say.
        while let Some(here) = at.filter(|here| here.is_within(apex)) {
            if here != apex && self.cuts.contains(here.wire()) {
                found = Some(Here::End(End::Outside(name.to_owned())));
            } else if here != name
                && let Some(place) = self.dnames.get(here.wire())
            {
                found = self.renamed(name, here, *place);
            }
            at = here.parent();
        }
        found
    }

    fn renamed(&self, name: DomainRef<'_>, owner: DomainRef<'_>, place: usize) -> Option<Here> {
        let (record, _) = self.references.get(place)?;
        let Data::Dname(target) = record.borrowed().data() else {
            return None;
        };
        Some(match name.moved(owner, target) {
            Some(next) => Here::On(place, next),
            None => Here::End(End::NameTooLong),
        })
    }

    /// What the zones have at exactly this name; nothing when they have nothing.
    fn standing_at(&self, name: DomainRef<'_>) -> Option<Here> {
        if let Some(place) = self.cnames.get(name.wire())
            && let Some((record, _)) = self.references.get(*place)
            && let Data::Cname(target) | Data::Alias(_, target) = record.borrowed().data()
        {
            return Some(Here::On(*place, target.to_owned()));
        }
        let hash = self.hash(name);
        let (addresses, more) = self.addresses(hash);
        if !addresses.is_empty() {
            let owner = name.to_owned();
            return Some(Here::End(End::Addresses(Housed {
                owner,
                addresses,
                more,
            })));
        }
        self.has(hash).then(|| Here::End(End::NoAddress(name.to_owned())))
    }

    /// The addresses of an owner, as many as are taken.
    pub(super) fn addresses(&self, hash: u64) -> (Vec<(IpAddr, u32)>, More) {
        let v4 = self.v4.partition_point(|(known, ..)| *known < hash);
        let v6 = self.v6.partition_point(|(known, ..)| *known < hash);
        let v4 = self.v4.iter().skip(v4).take_while(|(known, ..)| *known == hash);
        let v6 = self.v6.iter().skip(v6).take_while(|(known, ..)| *known == hash);
        let all = v4
            .map(|(_, address, ttl)| (IpAddr::V4(*address), *ttl))
            .chain(v6.map(|(_, address, ttl)| (IpAddr::V6(*address), *ttl)));
        let mut taken: Vec<(IpAddr, u32)> = all.take(limits::ADDRESSES_PER_NAME + 1).collect();
        let more = if taken.len() > limits::ADDRESSES_PER_NAME {
            More::Yes
        } else {
            More::No
        };
        taken.truncate(limits::ADDRESSES_PER_NAME);
        taken.sort_unstable();
        taken.dedup_by_key(|(address, _)| *address);
        (taken, more)
    }

    /// Whether an owner, or a name between owners, has this hash. Asked only when all zones are in.
    pub(super) fn has(&self, hash: u64) -> bool {
        let has = |place: Option<u64>| place == Some(hash);
        let v4 = self.v4.partition_point(|(known, ..)| *known < hash);
        let v6 = self.v6.partition_point(|(known, ..)| *known < hash);
        has(self.v4.get(v4).map(|(known, ..)| *known))
            || has(self.v6.get(v6).map(|(known, ..)| *known))
            || self.exists.has(hash)
    }

    fn closest_encloser<'n>(&self, name: DomainRef<'n>, apex: DomainRef<'_>) -> DomainRef<'n> {
        let mut at = name;
        while let Some(parent) = at.parent() {
            at = parent;
            if at.wire() == apex.wire() || self.has(self.hash(at)) {
                break;
            }
        }
        at
    }

    /// The narrowest of the zones that a name lies in.
    pub(super) fn zone_of(&self, name: DomainRef<'_>) -> Option<(DomainRef<'_>, Extent)> {
        let mut at = Some(name);
        while let Some(here) = at {
            if let Some(place) = self.zone_places.get(here.wire()) {
                return self
                    .zones
                    .get(*place)
                    .map(|zone| (zone.apex.borrowed(), zone.extent));
            }
            at = here.parent();
        }
        None
    }
}

impl Here {
    /// What a zone does not have that did not come whole, it may have all the same: a resolver knows.
    fn or_outside(self, name: DomainRef<'_>, extent: Extent) -> Self {
        let missing = matches!(self, Self::End(End::NoAddress(_) | End::Dangling(_)));
        if missing && extent == Extent::Partial {
            Self::End(End::Outside(name.to_owned()))
        } else {
            self
        }
    }
}
