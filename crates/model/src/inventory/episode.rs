//! How looks become intervals: an episode is a stretch of time in which the same thing was seen again and again.
//!
//! Times at which one thing was seen come in, in any order and any number of times; the smallest set of intervals comes
//! out in which neighbours lie more than [`GAP`] apart. That is the union of balls around the times, so that the order of
//! arrival cannot matter: see the test. What was seen in between is no matter either: two backends behind one address
//! have overlapping episodes, and that is how they are told from a replacement.

use jiff::{SignedDuration, Timestamp};

use crate::fingerprint::Fingerprint;

/// Times of the same thing that lie at most this far apart belong to one episode. Two weeks: an outage, a holiday or a
/// stopped program does not cut history, and a certificate that comes back after a month is seen to come back.
pub const GAP: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How many of the last sights of a place are kept one by one, to tell how likely it is that all backends were seen:
/// 32 looks miss one of two equal backends once in four thousand millions.
pub const SAMPLES: usize = 32;

/// A stretch of time in which one thing was seen. `first` is not after `last`; both are times of sights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Episode {
    /// First seen.
    pub first: Timestamp,
    /// Last seen.
    pub last: Timestamp,
}

impl Episode {
    /// One sight.
    pub const fn at(time: Timestamp) -> Self {
        Self {
            first: time,
            last: time,
        }
    }

    /// Whether two stretches are one.
    pub fn touches(&self, other: &Self) -> bool {
        let apart = if self.first > other.last {
            self.first.duration_since(other.last)
        } else {
            other.first.duration_since(self.last)
        };
        apart <= GAP
    }

    /// Both and what lies between them.
    pub fn joined(&self, other: &Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Adds a stretch to episodes of the same thing: joins all that it touches. The result is sorted.
pub fn add(episodes: &mut Vec<Episode>, new: Episode) {
    let mut grown = new;
    // What is joined may now touch what it did not touch before.
    loop {
        let before = episodes.len();
        episodes.retain(|known| {
            let touches = known.touches(&grown);
            if touches {
                grown = grown.joined(known);
            }
            !touches
        });
        if episodes.len() == before {
            break;
        }
    }
    let place = episodes.partition_point(|known| known.first < grown.first);
    episodes.insert(place, grown);
}

/// One of the last sights of a place: when, and which leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// What was served.
    pub leaf: Fingerprint,
}

/// Adds a sight to the last ones, the latest first; one time counts once (with the greater fingerprint, so that the
/// order of arrival does not matter), and of more than [`SAMPLES`] the oldest goes.
pub fn sample(samples: &mut Vec<Sample>, new: Sample) {
    let place = samples.partition_point(|known| known.at > new.at);
    match samples.get_mut(place) {
        Some(known) if known.at == new.at => known.leaf = known.leaf.max(new.leaf),
        _ => samples.insert(place, new),
    }
    samples.truncate(SAMPLES);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn episodes_of(days: &[i64]) -> Vec<(i64, i64)> {
        let mut episodes = Vec::new();
        for number in days {
            add(&mut episodes, Episode::at(day(*number)));
        }
        let shown = episodes.iter().map(|episode| {
            (
                episode.first.as_second() / 86_400,
                episode.last.as_second() / 86_400,
            )
        });
        shown.collect()
    }

    #[test]
    fn looks_at_most_a_fortnight_apart_are_one_episode() {
        assert_eq!(episodes_of(&[0, 14]), [(0, 14)]);
        assert_eq!(episodes_of(&[0, 15]), [(0, 0), (15, 15)]);
        assert_eq!(episodes_of(&[0, 20, 10]), [(0, 20)], "a late look closes the gap");
        assert_eq!(episodes_of(&[5, 5, 5]), [(5, 5)]);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(mut days in prop::collection::vec(0_i64..400, 0..40), seed in any::<i64>()) {
            let as_given = episodes_of(&days);
            let doubled: Vec<i64> = days.iter().chain(&days).copied().collect();
            prop_assert_eq!(&as_given, &episodes_of(&doubled));
            days.sort_by_key(|day| (*day).wrapping_mul(seed | 1));
            prop_assert_eq!(&as_given, &episodes_of(&days));
            for (one, next) in as_given.iter().zip(as_given.iter().skip(1)) {
                prop_assert!(next.0 - one.1 > 14, "neighbours lie more than a gap apart");
            }
        }

        #[test]
        fn the_last_sights_do_not_depend_on_the_order(mut sights in prop::collection::vec((0_i64..60, 0_u8..3), 0..90), seed in any::<i64>()) {
            let collect = |sights: &[(i64, u8)]| {
                let mut samples = Vec::new();
                for (number, leaf) in sights {
                    let new = Sample { at: day(*number), leaf: Fingerprint::from_bytes([*leaf; 32]) };
                    sample(&mut samples, new);
                }
                samples
            };
            let as_given = collect(&sights);
            sights.sort_by_key(|(day, leaf)| (*day * 3 + i64::from(*leaf)).wrapping_mul(seed | 1));
            prop_assert_eq!(as_given.len().min(SAMPLES), as_given.len());
            prop_assert_eq!(as_given, collect(&sights));
        }
    }
}
