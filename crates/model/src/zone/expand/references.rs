//! What is done when all zones are in: references are followed, wildcards are tried, and names outside are asked for.

use std::collections::{BTreeSet, HashSet};
use std::hash::BuildHasher as _;
use std::net::IpAddr;

use super::line::{Because, Certainty, Found, Holder, Line, Unusable, Why};
use super::lookup::{End, Housed, More, Way};
use super::service::{self, Whom};
use super::{Expansion, Extent, Out, forbidden};
use crate::limits;
use crate::name::Name;
use crate::observation::Failure;
use crate::starttls::StartTls;
use crate::zone::domain::{Domain, DomainRef};
use crate::zone::record::{Data, Kind};

/// An endpoint that went out already: hash of the name, address, port, how TLS begins.
pub(super) type Seen = (u64, IpAddr, u16, StartTls);

/// A name on its way to addresses.
#[derive(Clone, Debug)]
pub(super) struct Quest {
    /// Whom the certificate must name.
    pub(super) identity: Domain,
    pub(super) certainty: Certainty,
    pub(super) ports: Ports,
    /// References passed, by their places.
    pub(super) steps: Vec<usize>,
    /// The place in the list of names from elsewhere.
    listed: Option<usize>,
    /// The place of the zone that led here.
    zone: usize,
}

impl Quest {
    /// A name that no record has.
    const fn elsewhere(identity: Domain, certainty: Certainty, listed: Option<usize>, zone: usize) -> Self {
        Self {
            identity,
            certainty,
            ports: Ports::Wished,
            steps: Vec::new(),
            listed,
            zone,
        }
    }
}

/// On which ports to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ports {
    /// On those that somebody wishes for every host.
    Wished,
    /// On this one.
    One(u16, StartTls),
}

/// An address and how it was found.
#[derive(Clone, Copy)]
pub(super) struct Arrived<'a> {
    pub(super) address: IpAddr,
    pub(super) last: Because<'a>,
    /// Whose it is when no network was declared.
    pub(super) otherwise: Holder<'a>,
}

impl Expansion {
    /// Follows everything that refers to other names. Afterwards [`Expansion::outside`] has the names for a resolver.
    pub fn finish(&mut self, out: &mut Out<'_>) {
        self.gather();
        if self.references.is_empty() && self.wildcards.is_empty() && self.wishes.names.is_empty() {
            return;
        }
        self.v4.sort_unstable();
        self.v6.sort_unstable();
        self.bindings.sort_unstable();
        for place in 0..self.references.len() {
            self.reference(place, out);
        }
        self.wildcard_names(out);
        self.listed_names(out);
    }

    /// Names that are in none of the zones, each once: a resolver is to say where they are.
    pub fn outside(&self) -> Vec<Domain> {
        let mut names: Vec<Domain> = self.quests.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Takes what a resolver said of a name that [`Expansion::outside`] gave.
    pub fn answer(&mut self, name: &Domain, answer: Result<&[IpAddr], &Failure>, out: &mut Out<'_>) {
        let own = self
            .wishes
            .zones
            .iter()
            .any(|zone| name.borrowed().is_within(zone.borrowed()));
        for quest in self.quests.remove(name).unwrap_or_default() {
            let addresses = match answer {
                Ok(addresses) => addresses,
                Err(failure) => {
                    let target = name.borrowed();
                    let why = match failure {
                        // A resolver may see less than the zone has: of what was cut off it proves nothing.
                        Failure::NameUnknown | Failure::NoAddress if self.is_cut_off(target) => {
                            Why::CutOff(target)
                        }
                        Failure::NameUnknown => self.dangling(&quest, target),
                        Failure::NoAddress => Why::NoAddress(target),
                        other => Why::Unresolved(target, other),
                    };
                    self.nowhere(&quest, why, out);
                    continue;
                }
            };
            // Whoever lists a name means it.
            let ours = own || quest.listed.is_some();
            let otherwise = if ours { Holder::Ours(None) } else { Holder::Foreign };
            if addresses.len() > limits::ADDRESSES_PER_NAME {
                self.nowhere(&quest, Why::TooManyAddresses(name.borrowed()), out);
            }
            for address in addresses.iter().take(limits::ADDRESSES_PER_NAME) {
                let last = Because::Resolved {
                    name: name.borrowed(),
                    address: *address,
                };
                let arrived = Arrived {
                    address: *address,
                    last,
                    otherwise,
                };
                self.arrive(&quest, arrived, out);
            }
        }
    }

    pub(super) fn hash(&self, name: DomainRef<'_>) -> u64 {
        self.hasher.hash_one(name.wire())
    }

    fn reference(&mut self, place: usize, out: &mut Out<'_>) {
        let Some((record, zone)) = self.references.get(place).cloned() else {
            return;
        };
        let record = record.borrowed();
        let start = Start {
            place,
            zone,
            owner: record.owner,
        };
        match record.data() {
            Data::Cname(_) | Data::Alias(..) if record.owner.is_wildcard() => {}
            // The second family of the same alias, or weighted ones: the first stands for all.
            Data::Alias(..) if self.cnames.get(record.owner.wire()) != Some(&place) => {}
            Data::Cname(target) | Data::Alias(_, target) => {
                if record.owner.has_underscore_label() {
                    return self.say(start, Why::ServiceLabel, out);
                }
                let quest = start.quest(record.owner, Ports::Wished);
                self.pursue(quest, target, out);
                self.bound_behind(start, target, out);
            }
            Data::Dname(target) => self.say(start, Why::NamesUnknown(target), out),
            Data::Mx(_, exchange) if exchange.is_root() => self.say(start, Why::NotOffered, out),
            Data::Mx(_, exchange) => {
                if self.asked.insert((exchange.to_owned(), exchange.to_owned(), 25)) {
                    let quest = start.quest(exchange, Ports::One(25, StartTls::Smtp));
                    self.pursue(quest, exchange, out);
                }
            }
            Data::Srv { target, port } if target.is_root() || port == 0 => {
                self.say(start, Why::NotOffered, out)
            }
            Data::Srv { port, target } => self.service(start, port, target, out),
            Data::Binding(binding) => self.binding(start, &binding, out),
            Data::Address(_) | Data::Ns(_) | Data::Soa(_) | Data::Other | Data::Malformed => {}
        }
    }

    fn service(&mut self, start: Start<'_>, port: u16, target: DomainRef<'_>, out: &mut Out<'_>) {
        let Some(offered) = service::offered(start.owner, port) else {
            return self.say(start, Why::UnknownService, out);
        };
        let identity = match offered.whom {
            Whom::Domain => offered.domain,
            Whom::Host => target,
        };
        if self.asked.insert((identity.to_owned(), target.to_owned(), port)) {
            let quest = start.quest(identity, Ports::One(port, offered.starttls));
            self.pursue(quest, target, out);
        }
    }

    /// For each wildcard that leads to addresses: one made-up name, and each name that is known from other records.
    fn wildcard_names(&mut self, out: &mut Out<'_>) {
        let wildcards = std::mem::take(&mut self.wildcards);
        if wildcards.is_empty() && self.dnames.is_empty() {
            return;
        }
        let guess = self.wishes.guess.clone();
        let mut guessed: HashSet<Domain> = HashSet::new();
        for (wildcard, zone) in wildcards {
            let parent = wildcard
                .borrowed()
                .parent()
                .unwrap_or_else(|| wildcard.borrowed());
            if let Some(name) = parent.child(guess.as_bytes())
                && guessed.insert(name.clone())
            {
                self.named(Quest::elsewhere(name, Certainty::Guessed, None, zone), out);
            }
        }
        for (name, zone) in self.targets() {
            let way = self.follow(name.borrowed());
            if way.wildcard || way.steps.iter().any(|step| self.is_dname(*step)) {
                self.named(Quest::elsewhere(name, Certainty::Wildcard, None, zone), out);
            }
        }
    }

    /// Names to which references lead and which no record has.
    fn targets(&self) -> BTreeSet<(Domain, usize)> {
        let mut names = BTreeSet::new();
        for (record, zone) in &self.references {
            let target = match record.borrowed().data() {
                Data::Cname(target)
                | Data::Alias(_, target)
                | Data::Mx(_, target)
                | Data::Srv { target, .. } => target,
                Data::Binding(binding) => binding.target,
                _ => continue,
            };
            if !target.is_root() && !target.has_underscore_label() && !self.has(self.hash(target)) {
                names.insert((target.to_owned(), *zone));
            }
        }
        names
    }

    fn is_dname(&self, step: usize) -> bool {
        self.references
            .get(step)
            .is_some_and(|(record, _)| record.kind == Kind::DNAME)
    }

    fn listed_names(&mut self, out: &mut Out<'_>) {
        let names: Vec<Name> = self.wishes.names.iter().map(|(name, _)| name.clone()).collect();
        for (place, name) in names.iter().enumerate() {
            let Ok(domain) = Domain::parse(name.as_str()) else {
                continue;
            };
            // What a record has went out with its record.
            let hash = self.hash(domain.borrowed());
            let quest = Quest::elsewhere(domain, Certainty::Named, Some(place), 0);
            if !self.has(hash) {
                self.named(quest, out);
            } else if self.is_bare(quest.identity.borrowed(), hash) {
                let name = quest.identity.clone();
                self.nowhere(&quest, Why::NoAddress(name.borrowed()), out);
            }
        }
    }

    /// Whether a name exists and no record of it leads anywhere.
    fn is_bare(&self, name: DomainRef<'_>, hash: u64) -> bool {
        self.addresses(hash).0.is_empty()
            && !self.cnames.contains_key(name.wire())
            && !self
                .references
                .iter()
                .any(|(record, _)| record.owner.borrowed() == name)
    }

    /// Looks at a name that no record has.
    fn named(&mut self, quest: Quest, out: &mut Out<'_>) {
        let name = quest.identity.clone();
        self.pursue(quest, name.borrowed(), out);
    }

    /// Follows the target of a quest to addresses, to a resolver, or to the reason why there are none.
    pub(super) fn pursue(&mut self, mut quest: Quest, target: DomainRef<'_>, out: &mut Out<'_>) {
        if !self.is_wanted(&quest) {
            self.filtered += 1;
            return;
        }
        let Way { steps, wildcard, end } = self.follow(target);
        // A chain that leads back to the owner of the record that was begun with.
        let begun: Option<Domain> = quest.steps.first().and_then(|place| {
            let (record, _) = self.references.get(*place)?;
            matches!(record.kind, Kind::CNAME | Kind::ALIAS).then(|| record.owner.clone())
        });
        let first = quest.steps.first().copied();
        quest.steps.extend(steps);
        if wildcard && quest.certainty == Certainty::Named && quest.identity.borrowed() == target {
            quest.certainty = Certainty::Wildcard;
        }
        if let Some(owner) = begun
            && quest.steps.iter().skip(1).any(|step| Some(*step) == first)
        {
            return self.nowhere(&quest, Why::Loop(owner.borrowed()), out);
        }
        if quest.steps.len() > limits::CNAME_CHAIN + 1 || begun_too_long(&quest, &self.references) {
            return self.nowhere(&quest, Why::ChainTooLong, out);
        }
        match end {
            End::Addresses(housed) => self.arrive_at(&quest, &housed, out),
            End::Outside(name) => {
                if name.borrowed().host().is_ok() {
                    self.quests.entry(name).or_default().push(quest);
                } else {
                    self.nowhere(&quest, self.dangling(&quest, name.borrowed()), out);
                }
            }
            End::NoAddress(name) => self.nowhere(&quest, Why::NoAddress(name.borrowed()), out),
            End::Dangling(name) => self.nowhere(&quest, self.dangling(&quest, name.borrowed()), out),
            End::Loop(name) => self.nowhere(&quest, Why::Loop(name.borrowed()), out),
            End::TooLong => self.nowhere(&quest, Why::ChainTooLong, out),
            End::NameTooLong => self.nowhere(&quest, Why::NameTooLong, out),
        }
    }

    /// What to say of a name that does not exist.
    fn dangling<'t>(&self, quest: &Quest, target: DomainRef<'t>) -> Why<'t> {
        if quest.steps.is_empty() {
            Why::Absent(target)
        } else if self.is_inside(target) {
            Why::DanglingInside(target)
        } else {
            Why::Dangling(target)
        }
    }

    /// Whether a name lies in a zone that did not come whole.
    fn is_cut_off(&self, name: DomainRef<'_>) -> bool {
        matches!(self.zone_of(name), Some((_, Extent::Partial)))
    }

    fn arrive_at(&mut self, quest: &Quest, housed: &Housed, out: &mut Out<'_>) {
        let owner = housed.owner.borrowed();
        if housed.more == More::Yes {
            self.nowhere(quest, Why::TooManyAddresses(owner), out);
        }
        for (address, ttl) in &housed.addresses {
            let last = Because::Address {
                owner,
                address: *address,
                ttl: *ttl,
            };
            let arrived = Arrived {
                address: *address,
                last,
                otherwise: Holder::Ours(None),
            };
            self.arrive(quest, arrived, out);
        }
    }

    pub(super) fn is_wanted(&self, quest: &Quest) -> bool {
        let Some(keep) = &self.keep else { return true };
        let mut text = String::new();
        quest.identity.borrowed().push_host(&mut text).is_err() || keep(&text)
    }

    /// Whether every alias on the way has addresses of this family.
    fn is_of_family(&self, quest: &Quest, address: IpAddr) -> bool {
        let records = quest.steps.iter().filter_map(|place| self.references.get(*place));
        let mut aliases = records.filter(|(record, _)| record.kind == Kind::ALIAS);
        aliases.all(|(record, _)| {
            let families = self.families.get(&record.owner);
            families.is_none_or(|families| families.iter().any(|family| family.has(address)))
        })
    }

    /// Gives the endpoints of a quest at one address.
    pub(super) fn arrive(&mut self, quest: &Quest, arrived: Arrived<'_>, out: &mut Out<'_>) {
        if !self.is_of_family(quest, arrived.address) {
            return;
        }
        let mut name = String::new();
        if let Err(error) = quest.identity.borrowed().push_host(&mut name) {
            return self.nowhere(quest, Why::NotAHost(error), out);
        }
        let new = self.new_at(quest, arrived.address);
        if new.is_empty() {
            return;
        }
        let because = self.because(quest, Some(arrived.last));
        let zone = self.apex(quest.zone);
        if let Some(why) = forbidden(arrived.address) {
            return out(Line::Unusable(Unusable {
                name: quest.identity.borrowed(),
                address: Some(arrived.address),
                why: Why::Forbidden(why),
                zone,
                because: &because,
            }));
        }
        let holder = self
            .wishes
            .networks
            .holder(arrived.address)
            .unwrap_or(arrived.otherwise);
        for (port, starttls) in new {
            out(Line::Endpoint(Found {
                name: &name,
                address: arrived.address,
                port,
                starttls,
                holder,
                certainty: quest.certainty,
                zone,
                because: &because,
            }));
        }
    }

    /// The ports of a quest that did not go out for this address yet.
    fn new_at(&mut self, quest: &Quest, address: IpAddr) -> Vec<(u16, StartTls)> {
        let hash = self.hash(quest.identity.borrowed());
        let wished = self.wishes.ports.iter();
        let mut new: Vec<(u16, StartTls)> = match quest.ports {
            Ports::One(port, starttls) => vec![(port, starttls)],
            Ports::Wished => wished.map(|port| (*port, StartTls::for_port(*port))).collect(),
        };
        // The address record of the name itself led to these already.
        if self.addresses(hash).0.iter().any(|(own, _)| *own == address) {
            let ports = &self.wishes.ports;
            new.retain(|(port, starttls)| !ports.contains(port) || StartTls::for_port(*port) != *starttls);
        }
        new.retain(|(port, starttls)| self.seen.insert((hash, address, *port, *starttls)));
        new
    }

    pub(super) fn nowhere(&self, quest: &Quest, why: Why<'_>, out: &mut Out<'_>) {
        out(Line::Unusable(Unusable {
            name: quest.identity.borrowed(),
            address: None,
            why,
            zone: self.apex(quest.zone),
            because: &self.because(quest, None),
        }));
    }

    pub(super) fn say(&self, start: Start<'_>, why: Why<'_>, out: &mut Out<'_>) {
        let Some((record, zone)) = self.references.get(start.place) else {
            return;
        };
        out(Line::Unusable(Unusable {
            name: start.owner,
            address: None,
            why,
            zone: self.apex(*zone),
            because: &[Because::Record(record.borrowed())],
        }));
    }

    fn because<'a>(&'a self, quest: &'a Quest, last: Option<Because<'a>>) -> Vec<Because<'a>> {
        let listed = quest.listed.and_then(|place| self.wishes.names.get(place));
        let listed = listed.map(|(_, place)| Because::Listed(place));
        let records = quest.steps.iter().filter_map(|place| self.references.get(*place));
        listed
            .into_iter()
            .chain(records.map(|(record, _)| Because::Record(record.borrowed())))
            .chain(last)
            .collect()
    }

    fn apex(&self, zone: usize) -> DomainRef<'_> {
        self.zones
            .get(zone)
            .map_or_else(|| ROOT, |zone| zone.apex.borrowed())
    }
}

/// Stands for the zone of a name that was only listed, when there is no zone at all.
const ROOT: DomainRef<'static> = DomainRef::ROOT;

/// Where a quest begins: the record and its zone.
#[derive(Clone, Copy)]
pub(super) struct Start<'a> {
    pub(super) place: usize,
    zone: usize,
    pub(super) owner: DomainRef<'a>,
}

impl Start<'_> {
    pub(super) fn quest(self, identity: DomainRef<'_>, ports: Ports) -> Quest {
        Quest {
            identity: identity.to_owned(),
            certainty: Certainty::Named,
            ports,
            steps: vec![self.place],
            listed: None,
            zone: self.zone,
        }
    }
}

/// The CNAME that a quest begins with counts as the others do.
fn begun_too_long(quest: &Quest, references: &[(crate::zone::record::Record, usize)]) -> bool {
    let renamed = quest.steps.iter().filter_map(|place| references.get(*place));
    renamed
        .filter(|(record, _)| matches!(record.kind, Kind::CNAME | Kind::ALIAS | Kind::DNAME))
        .count()
        > limits::CNAME_CHAIN
}
