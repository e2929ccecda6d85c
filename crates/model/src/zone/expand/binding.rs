//! HTTPS and SVCB records (RFC 9460): where a service is, from the records of its owner and of those that it is another name for.

use super::line::{Because, Certainty, Holder, Why};
use super::lookup::End;
use super::references::{Arrived, Ports, Quest, Start};
use super::service::{self, Scheme};
use super::{Expansion, Out};
use crate::limits;
use crate::starttls::StartTls;
use crate::zone::domain::{Domain, DomainRef};
use crate::zone::record::{Binding, Data, Kind};

/// Why only the first of many records at one name are followed.
const TOO_MANY: Why<'static> = Why::UnusableBinding(
    "more service records stand at one name than addresses are taken: the first ones are followed",
);

/// Records at the end of a way.
struct Bound {
    /// CNAMEs on the way, by their places.
    steps: Vec<usize>,
    /// Where it ends.
    name: Domain,
    /// Records there, by their places.
    places: Vec<usize>,
}

impl Expansion {
    /// Follows a record from its own owner.
    pub(super) fn binding(&mut self, start: Start<'_>, binding: &Binding<'_>, out: &mut Out<'_>) {
        if let Some(fault) = binding.fault() {
            return self.say(start, Why::UnusableBinding(fault), out);
        }
        let (host, named_port, scheme) = service::bound(start.owner);
        let speaks_dot = binding.protocols().any(|protocol| protocol == b"dot");
        let default = match scheme {
            Scheme::Dns if speaks_dot => 853,
            Scheme::Https | Scheme::Dns => named_port.unwrap_or(443),
            Scheme::Other => match binding.port.or(named_port) {
                Some(port) => port,
                None => return self.say(start, Why::UnknownService, out),
            },
        };
        let guessed;
        let (host, certainty) = if host.is_wildcard() {
            let Some(child) = host
                .parent()
                .and_then(|parent| parent.child(self.wishes.guess.as_bytes()))
            else {
                return;
            };
            guessed = child;
            (guessed.borrowed(), Certainty::Guessed)
        } else {
            (host, Certainty::Named)
        };
        if binding.priority == 0 && binding.target.is_root() {
            return self.say(start, Why::NotOffered, out);
        }
        let mut quest = start.quest(host, Ports::One(default, StartTls::None));
        quest.certainty = certainty;
        if !self.is_wanted(&quest) {
            self.filtered += 1;
            return;
        }
        if binding.priority == 0 {
            self.aliased(quest, binding.target, out);
        } else {
            self.served(quest, host, binding, out);
        }
    }

    /// Follows the records at the end of a CNAME: whoever asks for those of its owner is given them.
    pub(super) fn bound_behind(&mut self, start: Start<'_>, target: DomainRef<'_>, out: &mut Out<'_>) {
        if self.bindings.is_empty() {
            return;
        }
        let quest = start.quest(start.owner, Ports::One(443, StartTls::None));
        // Unwanted ones are counted with the CNAME itself.
        if let Some(bound) = self.bound_at(&quest, target)
            && self.is_wanted(&quest)
        {
            self.each(quest, bound, out);
        }
    }

    /// Follows alias mode (section 2.4.2): the records of the target count, and without any its addresses.
    fn aliased(&mut self, quest: Quest, target: DomainRef<'_>, out: &mut Out<'_>) {
        match self.bound_at(&quest, target) {
            Some(bound) => self.each(quest, bound, out),
            None => self.pursue(quest, target, out),
        }
    }

    /// The name at the end of CNAMEs, and its records: of the type that the quest began with, else HTTPS.
    fn bound_at(&self, quest: &Quest, target: DomainRef<'_>) -> Option<Bound> {
        let first = quest.steps.first().and_then(|place| self.references.get(*place));
        let kind = match first {
            Some((record, _)) if record.kind == Kind::SVCB => Kind::SVCB,
            _ => Kind::HTTPS,
        };
        let way = self.follow(target);
        let name = match way.end {
            End::Addresses(housed) => housed.owner,
            End::NoAddress(name) => name,
            _ => return None,
        };
        let hash = self.hash(name.borrowed());
        let begin = self.bindings.partition_point(|(known, _)| *known < hash);
        let known = self.bindings.iter().skip(begin);
        let places: Vec<usize> = known
            .take_while(|(known, _)| *known == hash)
            .map(|(_, place)| *place)
            .filter(|place| {
                let reference = self.references.get(*place);
                reference.is_some_and(|(record, _)| record.kind == kind && record.owner == name)
            })
            .take(limits::ADDRESSES_PER_NAME + 1)
            .collect();
        (!places.is_empty()).then_some(Bound {
            steps: way.steps,
            name,
            places,
        })
    }

    /// Follows each of the records at a name that is not the quest's own.
    fn each(&mut self, mut quest: Quest, bound: Bound, out: &mut Out<'_>) {
        let Bound { steps, name, places } = bound;
        quest.steps.extend(steps);
        if places.len() > limits::ADDRESSES_PER_NAME {
            self.nowhere(&quest, TOO_MANY, out);
        }
        for place in places.into_iter().take(limits::ADDRESSES_PER_NAME) {
            let Some((record, _)) = self.references.get(place).cloned() else {
                continue;
            };
            let Data::Binding(binding) = record.borrowed().data() else {
                continue;
            };
            if quest.steps.contains(&place) {
                return self.nowhere(&quest, Why::Loop(name.borrowed()), out);
            }
            if quest.steps.len() > limits::CNAME_CHAIN {
                return self.nowhere(&quest, Why::ChainTooLong, out);
            }
            // What is wrong with a record is said where it stands.
            let is_said = binding.fault().is_some() || (binding.priority == 0 && binding.target.is_root());
            if is_said {
                continue;
            }
            let mut quest = quest.clone();
            quest.steps.push(place);
            if binding.priority == 0 {
                // One alias counts (section 2.4.2), so that the ways do not multiply.
                return self.aliased(quest, binding.target, out);
            }
            self.served(quest, name.borrowed(), &binding, out);
        }
    }

    /// Follows service mode (section 2.4.3). The record is the last step of the quest, `owner` its own name.
    fn served(&mut self, mut quest: Quest, owner: DomainRef<'_>, binding: &Binding<'_>, out: &mut Out<'_>) {
        if let (Ports::One(port, _), Some(named)) = (&mut quest.ports, binding.port) {
            *port = named;
        }
        let last = quest.steps.last().and_then(|place| self.references.get(*place));
        if let Some((record, _)) = last.cloned() {
            let mut hinted = quest.clone();
            hinted.steps.pop();
            for address in binding.hints() {
                let arrived = Arrived {
                    address,
                    last: Because::Record(record.borrowed()),
                    otherwise: Holder::Ours(None),
                };
                self.arrive(&hinted, arrived, out);
            }
        }
        let target = if binding.target.is_root() {
            owner
        } else {
            binding.target
        };
        // A host that has neither addresses nor hints elsewhere is told of below its own records.
        self.pursue(quest, target, out);
    }
}
