//! Split: the addresses of one name, or repeated looks at one address, show different certificates.
//!
//! What was seen at each address of a service comes in, in the order of time; out goes who shows what, and how likely it is
//! that every backend was seen. Behind one address a change is no split: a certificate that was replaced does not come back.
//! One that comes back does so because another machine still serves it.

use std::net::IpAddr;

use jiff::Timestamp;

use model::Fingerprint;

use super::PlaceNumber;

/// What was seen at one address.
#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// The place.
    pub place: PlaceNumber,
    /// Its address.
    pub address: Option<IpAddr>,
    /// Looks that showed a certificate, oldest first: when, and which leaf.
    pub looks: Vec<(Timestamp, Fingerprint)>,
}

/// A service whose answers differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// Where they differ.
    pub kind: Kind,
    /// Every certificate that is shown now, and how often each place showed it among the looks that count.
    pub shown: Vec<Shown>,
    /// How likely it is that every backend was seen, from 0 to 1; for addresses that differ, of the least known one.
    pub likelihood: f64,
}

/// Where answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Each address shows one certificate, and not all the same.
    Addresses,
    /// One address shows several.
    Backends,
}

impl Kind {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Addresses => "addresses",
            Self::Backends => "backends",
        }
    }
}

/// One certificate at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The place.
    pub place: PlaceNumber,
    /// The certificate.
    pub certificate: Fingerprint,
    /// Looks that showed it.
    pub looks: usize,
    /// Of so many.
    pub of: usize,
}

/// From this likelihood on we believe to have seen every backend.
pub const LIKELY: f64 = 0.95;
/// Looks at one address that are made for it in one go, at most.
pub const SAMPLES_AT_MOST: u32 = 16;

/// Whether the addresses of one service are split, and how.
pub fn split(addresses: &[Address]) -> Vec<Split> {
    let counted: Vec<(PlaceNumber, Backends)> = addresses
        .iter()
        .filter(|one| !one.looks.is_empty())
        .map(|one| (one.place, backends(&one.looks)))
        .collect();
    let mut found = Vec::new();
    for (place, backends) in &counted {
        if backends.shown.len() > 1 {
            let shown = backends.shown(*place);
            found.push(Split {
                kind: Kind::Backends,
                shown,
                likelihood: backends.likelihood(),
            });
        }
    }
    let first = counted.first().map(|(_, backends)| backends.certificates());
    if counted
        .iter()
        .any(|(_, backends)| Some(backends.certificates()) != first)
    {
        let shown = counted
            .iter()
            .flat_map(|(place, backends)| backends.shown(*place))
            .collect();
        let likelihood = counted
            .iter()
            .map(|(_, backends)| backends.likelihood())
            .fold(1.0, f64::min);
        found.push(Split {
            kind: Kind::Addresses,
            shown,
            likelihood,
        });
    }
    found
}

/// How many looks more are worth making in a turn that made the last `fresh` of these: until every backend was likely seen;
/// or, where several were known and this turn saw one of them alone, until it is likely that the others are gone.
pub fn looks_wanted(looks: &[(Timestamp, Fingerprint)], fresh: usize) -> u32 {
    let backends = backends(looks);
    let count = |looks: usize| u32::try_from(looks).unwrap_or(u32::MAX);
    let begin = looks.len().saturating_sub(fresh);
    let newest = looks.last().map(|(_, leaf)| *leaf);
    let in_turn = looks.get(begin..).unwrap_or_default();
    let alone = in_turn.iter().all(|(_, leaf)| Some(*leaf) == newest);
    let wanted = if backends.shown.len() > 1 && alone {
        let run = looks
            .iter()
            .rev()
            .take_while(|(_, leaf)| Some(*leaf) == newest)
            .count();
        looks_until_likely(1).saturating_sub(count(run))
    } else {
        looks_until_likely(backends.shown.len()).saturating_sub(count(backends.looks))
    };
    wanted.min(SAMPLES_AT_MOST.saturating_sub(count(fresh)))
}

/// Looks after which `seen` backends are likely all of them, if each answers as often as any other.
pub fn looks_until_likely(seen: usize) -> u32 {
    (1..=1_000)
        .find(|looks| likelihood(seen, *looks) >= LIKELY)
        .unwrap_or(1_000)
}

/// With one backend more than were seen, all equally busy, each look would miss it with probability `seen / (seen + 1)`.
#[expect(clippy::cast_precision_loss, reason = "a handful of backends")]
fn likelihood(seen: usize, looks: u32) -> f64 {
    let misses = seen as f64 / (seen as f64 + 1.0);
    1.0 - misses.powf(f64::from(looks))
}

/// What is behind one address now.
struct Backends {
    /// Certificate and looks that showed it.
    shown: Vec<(Fingerprint, usize)>,
    /// Looks that count.
    looks: usize,
}

impl Backends {
    fn likelihood(&self) -> f64 {
        likelihood(self.shown.len(), u32::try_from(self.looks).unwrap_or(u32::MAX))
    }

    fn certificates(&self) -> Vec<Fingerprint> {
        let mut all: Vec<Fingerprint> = self.shown.iter().map(|(certificate, _)| *certificate).collect();
        all.sort_unstable();
        all
    }

    fn shown(&self, place: PlaceNumber) -> Vec<Shown> {
        let shown = |(certificate, looks): &(Fingerprint, usize)| Shown {
            place,
            certificate: *certificate,
            looks: *looks,
            of: self.looks,
        };
        self.shown.iter().map(shown).collect()
    }
}

/// Which looks count, and what they showed. From the newest look back: a certificate is still there when it came back, or
/// when too few looks have gone by without it to say that it is gone.
fn backends(looks: &[(Timestamp, Fingerprint)]) -> Backends {
    let leaves: Vec<Fingerprint> = looks.iter().map(|(_, leaf)| *leaf).collect();
    let Some(newest) = leaves.last() else {
        return Backends {
            shown: Vec::new(),
            looks: 0,
        };
    };
    let run = leaves.iter().rev().take_while(|leaf| *leaf == newest).count();
    let begin = leaves.len() - run;
    let earlier = leaves.get(..begin).unwrap_or_default();
    // A run of one certificate: either it replaced what was before, or chance has not shown the other yet. It replaced it
    // when it was never there before; what came back is believed to be alone only after as many looks as would have shown
    // a second backend.
    let replaced =
        !earlier.contains(newest) || run >= usize::try_from(looks_until_likely(1)).unwrap_or(usize::MAX);
    let counted = if replaced {
        leaves.get(begin..).unwrap_or_default()
    } else {
        since_settled(&leaves)
    };
    let mut shown: Vec<(Fingerprint, usize)> = Vec::new();
    for leaf in counted {
        match shown.iter_mut().find(|(known, _)| known == leaf) {
            Some((_, looks)) => *looks += 1,
            None => shown.push((*leaf, 1)),
        }
    }
    Backends {
        shown,
        looks: counted.len(),
    }
}

/// The looks since an earlier certificate was replaced for good: one that is not seen again after the others came.
fn since_settled(leaves: &[Fingerprint]) -> &[Fingerprint] {
    let Some(newest) = leaves.last() else {
        return leaves;
    };
    // From the first appearance of the newest on, or of whatever was mixed with it.
    let first = leaves.iter().position(|leaf| leaf == newest).unwrap_or(0);
    let mixed = leaves.get(first..).unwrap_or_default();
    let begin = leaves
        .iter()
        .position(|leaf| mixed.contains(leaf))
        .unwrap_or(first);
    leaves.get(begin..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    fn leaf(number: u8) -> Fingerprint {
        Fingerprint::from_bytes([number; 32])
    }

    fn looks(leaves: &[u8]) -> Vec<(Timestamp, Fingerprint)> {
        leaves
            .iter()
            .zip(0..)
            .map(|(number, at)| (day(at), leaf(*number)))
            .collect()
    }

    fn address(place: i64, leaves: &[u8]) -> Address {
        Address {
            place,
            address: None,
            looks: looks(leaves),
        }
    }

    #[test]
    fn one_certificate_everywhere_is_no_split() {
        assert_eq!(split(&[address(1, &[7, 7, 7]), address(2, &[7])]), []);
        assert_eq!(
            split(&[address(1, &[]), address(2, &[7])]),
            [],
            "what was not seen does not differ"
        );
        assert_eq!(split(&[]), []);
    }

    #[test]
    fn addresses_that_differ_are_a_split() {
        let found = split(&[address(1, &[7]), address(2, &[8, 8, 8])]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].kind, found[0].shown.len()), (Kind::Addresses, 2));
        assert_eq!(found[0].likelihood, 0.5, "of the address that was looked at once");
    }

    #[test]
    fn a_certificate_that_comes_back_is_a_second_backend() {
        let found = split(&[address(1, &[7, 8, 7, 8, 8, 7])]);
        assert_eq!((found.len(), found[0].kind), (1, Kind::Backends));
        let shown: Vec<_> = found[0]
            .shown
            .iter()
            .map(|shown| (shown.certificate.as_bytes()[0], shown.looks, shown.of))
            .collect();
        assert_eq!(shown, [(7, 3, 6), (8, 3, 6)]);
        assert!((found[0].likelihood - (1.0 - (2.0_f64 / 3.0).powi(6))).abs() < 1e-9);
    }

    #[test]
    fn a_replacement_is_no_split_and_a_mended_one_ends() {
        assert_eq!(split(&[address(1, &[7, 7, 7, 8])]), []);
        assert_eq!(
            split(&[address(1, &[7, 8, 7, 8, 8, 8])]).len(),
            1,
            "three in a row may be chance"
        );
        assert_eq!(
            split(&[address(1, &[7, 8, 7, 8, 8, 8, 8, 8])]),
            [],
            "five in a row are not"
        );
        assert_eq!(split(&[address(1, &[7, 8, 7, 9])]), [], "both were replaced");
        let found = split(&[address(1, &[5, 5, 7, 8, 7])]);
        assert_eq!(
            found[0]
                .shown
                .iter()
                .map(|shown| shown.certificate.as_bytes()[0])
                .collect::<Vec<_>>(),
            [7, 8],
            "5 is gone"
        );
    }

    #[test]
    fn likelihood_says_how_many_looks_it_takes() {
        assert_eq!([1, 2, 3].map(looks_until_likely), [5, 8, 11]);
        assert_eq!(looks_wanted(&looks(&[]), 0), 1);
        assert_eq!(looks_wanted(&looks(&[7]), 1), 4);
        assert_eq!(looks_wanted(&looks(&[7, 7, 7, 7, 7, 7]), 1), 0);
        assert_eq!(looks_wanted(&looks(&[7, 8, 7]), 3), 5);
        assert_eq!(
            looks_wanted(&looks(&[7, 7, 7, 7, 7, 8]), 1),
            4,
            "a new one is known from one look"
        );
    }

    #[test]
    fn a_known_split_is_seen_again_or_five_times_not() {
        let mixed = [7, 8, 7, 8, 7, 8, 7, 8];
        let after = |more: &[u8]| looks_wanted(&looks(&[&mixed, more].concat()), more.len());
        assert_eq!(after(&[7]), 4);
        assert_eq!(after(&[7, 7, 7]), 2);
        assert_eq!(after(&[7, 7, 7, 7, 7]), 0);
        assert_eq!(after(&[7, 8]), 0, "it is still there");
    }
}
