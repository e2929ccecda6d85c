//! When to look next.
//!
//! How an endpoint stood at its last look comes in, the time of the next one goes out. The same input gives the same time on
//! every machine: chance enters through the key of the place alone, so that a thousand endpoints which became known in the
//! same second spread over the period, and stay spread. Nothing here waits, reads a clock or remembers.
//!
//! A due time is stored, so that a crash or a day offline loses none: what became due meanwhile is due now, in the order of
//! its due times.

use jiff::{SignedDuration, Timestamp};

/// How often to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cadence {
    /// Between two looks at an endpoint that is fine.
    pub every: SignedDuration,
    /// Between two runs of a source.
    pub sources_every: SignedDuration,
    /// When not to look at all.
    pub quiet: Vec<QuietHours>,
}

impl Cadence {
    /// Every 4 hours, sources every 6, around the clock. Four hours notice a certificate that lives six days 36 times.
    pub const DEFAULT: Self = Self {
        every: SignedDuration::from_hours(4),
        sources_every: SignedDuration::from_hours(6),
        quiet: Vec::new(),
    };

    /// Shortest and longest period that can be asked for: a minute is polite to nobody below it, and after a month a look is
    /// no watch.
    pub const RANGE: (SignedDuration, SignedDuration) =
        (SignedDuration::from_mins(1), SignedDuration::from_hours(31 * 24));
}

impl Default for Cadence {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A part of each day in which nothing is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minute of the day (UTC) in which they begin.
    begin: u16,
    /// How many minutes they last; below a day.
    minutes: u16,
}

const DAY_MINUTES: u16 = 24 * 60;

impl QuietHours {
    /// Quiet from `begin` until `end`, both minutes of a day of which local time is `offset_minutes` ahead of UTC. `None` when
    /// they are no times of day or would never end.
    pub fn new(begin: u16, end: u16, offset_minutes: i16) -> Option<Self> {
        if begin >= DAY_MINUTES
            || end >= DAY_MINUTES
            || begin == end
            || offset_minutes.unsigned_abs() > 14 * 60
        {
            return None;
        }
        let utc = (i32::from(begin) - i32::from(offset_minutes)).rem_euclid(i32::from(DAY_MINUTES));
        let minutes = (i32::from(end) - i32::from(begin)).rem_euclid(i32::from(DAY_MINUTES));
        Some(Self {
            begin: u16::try_from(utc).ok()?,
            minutes: u16::try_from(minutes).ok()?,
        })
    }

    /// When they are over, if `at` lies in them.
    fn end_after(self, at: Timestamp) -> Option<Timestamp> {
        let day = i64::from(DAY_MINUTES) * 60;
        let into = (at.as_second() - i64::from(self.begin) * 60).rem_euclid(day);
        let left = i64::from(self.minutes) * 60 - into;
        (left > 0).then(|| later(at, SignedDuration::from_secs(left)))
    }
}

/// How an endpoint stood at its last look, as far as the schedule cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing needs anybody.
    Fine {
        /// When the served certificate ends.
        ends: Option<Timestamp>,
    },
    /// Something is open.
    Open {
        /// How bad.
        urgency: Urgency,
        /// When the served certificate ends.
        ends: Option<Timestamp>,
    },
    /// It could not be judged, so many times in a row (at least 1).
    Unreachable {
        /// Looks that came to nothing since the last good one.
        times: u32,
    },
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody should look at it in working hours.
    Warning,
    /// Clients refuse it, or will within days: whoever mends it wants to see it mended.
    Critical,
}

/// A part of the period by which a next look may be early or late: a tenth keeps a fleet spread without being felt.
const JITTER_PARTS: i64 = 10;
/// Nothing is looked at more often than 16 times in a period, whatever is open.
const SOONEST_PART: i32 = 16;
/// Nothing that is silent is looked at less often than once in 6 periods (a day by default).
const LATEST_PERIODS: i32 = 6;
/// This part of what is left of a certificate passes at most between two looks.
const LEFT_PART: i32 = 6;

/// When to look next at the place of this key, whose last look was at `looked`.
pub fn next_look(cadence: &Cadence, key: u64, standing: Standing, looked: Timestamp) -> Timestamp {
    let period = match standing {
        Standing::Fine { ends } => before_the_end(cadence, cadence.every, ends, looked),
        Standing::Open { urgency, ends } => {
            let part = match urgency {
                Urgency::Warning => 2,
                Urgency::Critical => 4,
            };
            before_the_end(cadence, cadence.every / part, ends, looked)
        }
        Standing::Unreachable { times } => backed_off(cadence, times),
    };
    audible(cadence, key, later(looked, jittered(period, key)))
}

/// When to ask a source next: after its period, or after a growing wait when it failed so many times in a row.
pub fn next_run(cadence: &Cadence, key: u64, failures: u32, began: Timestamp) -> Timestamp {
    let first = cadence.sources_every / SOONEST_PART;
    let period = match failures {
        0 => cadence.sources_every,
        times => doubled(first, times - 1).min(cadence.sources_every),
    };
    audible(cadence, key, later(began, jittered(period, key)))
}

/// Spreads what has this name over the period: the same in every version of this program and on every machine, which the
/// hashes of the standard library do not promise (FNV-1a, with a last stir for short names).
pub fn key(name: &[u8]) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.iter().fold(0xcbf2_9ce4_8422_2325, fold);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A due time that was stored, as it holds now. A clock that was set back (or was far ahead when it was stored) would leave a
/// place alone for as long: nothing is due later than the longest period that there is.
pub fn holds(cadence: &Cadence, due: Timestamp, now: Timestamp) -> Timestamp {
    let longest = cadence.every * LATEST_PERIODS;
    // Twice over, for jitter and quiet hours.
    due.min(later(now, longest.max(SignedDuration::from_hours(24)) * 2))
}

/// Not sooner than the most that is asked of anybody, and several times before the certificate ends.
fn before_the_end(
    cadence: &Cadence,
    period: SignedDuration,
    ends: Option<Timestamp>,
    looked: Timestamp,
) -> SignedDuration {
    let left = ends
        .map(|end| end.duration_since(looked))
        .filter(|left| left.is_positive());
    let period = left.map_or(period, |left| period.min(left / LEFT_PART));
    period.max(cadence.every / SOONEST_PART)
}

/// A quarter of the period after the first failure, which may be a hiccup, and twice as long after each further one.
fn backed_off(cadence: &Cadence, times: u32) -> SignedDuration {
    let longest = cadence.every * LATEST_PERIODS;
    doubled(cadence.every / 4, times.saturating_sub(1)).min(longest)
}

fn doubled(first: SignedDuration, times: u32) -> SignedDuration {
    // Six doublings are past every bound.
    first * (1 << times.min(6))
}

fn jittered(period: SignedDuration, key: u64) -> SignedDuration {
    let seconds = period.as_secs();
    let widest = seconds / JITTER_PARTS;
    // The key is a hash already; what is taken of it is even enough for spans of seconds.
    let spread = i64::try_from(key % 2_000_001).unwrap_or_default() - 1_000_000;
    let millis = widest.saturating_mul(spread) / 1_000;
    period.saturating_add(SignedDuration::from_millis(millis))
}

/// Behind the quiet hours, and spread over the quarter of an hour after them. Several may touch; they cannot fill the day for
/// ever, since a due time moves at most once through each.
fn audible(cadence: &Cadence, key: u64, due: Timestamp) -> Timestamp {
    let spread = SignedDuration::from_secs(i64::try_from(key % 900).unwrap_or_default());
    let mut end = due;
    for _ in 0..=cadence.quiet.len() {
        match cadence
            .quiet
            .iter()
            .filter_map(|quiet| quiet.end_after(end))
            .max()
        {
            Some(over) => end = over,
            None => break,
        }
    }
    if end == due { due } else { later(end, spread) }
}

/// Whether nothing is looked at now.
pub fn is_quiet(cadence: &Cadence, now: Timestamp) -> bool {
    cadence.quiet.iter().any(|quiet| quiet.end_after(now).is_some())
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOON: &str = "2026-11-24T12:00:00Z";
    /// A key without jitter.
    const STILL: u64 = 1_000_000;

    fn hours_until_next(standing: Standing) -> f64 {
        next_look(&Cadence::DEFAULT, STILL, standing, at(NOON))
            .duration_since(at(NOON))
            .as_secs_f64()
            / 3600.0
    }

    fn ends_in(hours: i64) -> Option<Timestamp> {
        Some(later(at(NOON), SignedDuration::from_hours(hours)))
    }

    #[test]
    fn what_is_fine_is_looked_at_every_four_hours_and_sooner_near_its_end() {
        assert_eq!(hours_until_next(Standing::Fine { ends: None }), 4.0);
        assert_eq!(hours_until_next(Standing::Fine { ends: ends_in(1000) }), 4.0);
        assert_eq!(hours_until_next(Standing::Fine { ends: ends_in(12) }), 2.0);
        assert_eq!(
            hours_until_next(Standing::Fine { ends: ends_in(0) }),
            4.0,
            "what has ended is open, not near"
        );
        assert_eq!(
            hours_until_next(Standing::Open {
                urgency: Urgency::Critical,
                ends: Some(later(at(NOON), SignedDuration::from_secs(1)))
            }),
            0.25,
            "a quarter of an hour is the soonest"
        );
    }

    #[test]
    fn what_is_open_is_looked_at_sooner() {
        assert_eq!(
            hours_until_next(Standing::Open {
                urgency: Urgency::Warning,
                ends: None
            }),
            2.0
        );
        assert_eq!(
            hours_until_next(Standing::Open {
                urgency: Urgency::Critical,
                ends: None
            }),
            1.0
        );
    }

    #[test]
    fn silence_is_met_with_patience_up_to_a_day() {
        let hours: Vec<f64> = [1, 2, 3, 4, 5, 6, 7, u32::MAX]
            .map(|times| hours_until_next(Standing::Unreachable { times }))
            .into();
        assert_eq!(hours, [1.0, 2.0, 4.0, 8.0, 16.0, 24.0, 24.0, 24.0]);
    }

    #[test]
    fn a_source_that_fails_is_asked_sooner_at_first() {
        let hours = |failures| {
            next_run(&Cadence::DEFAULT, STILL, failures, at(NOON))
                .duration_since(at(NOON))
                .as_secs_f64()
                / 3600.0
        };
        assert_eq!([0, 1, 2, 3].map(hours), [6.0, 0.375, 0.75, 1.5]);
        assert_eq!(hours(u32::MAX), 6.0);
    }

    #[test]
    fn quiet_hours_are_over_midnight_and_in_local_time() {
        // 22:00-06:00 two hours ahead of UTC: 20:00-04:00 UTC.
        let quiet = QuietHours::new(22 * 60, 6 * 60, 120).unwrap();
        assert_eq!(quiet.end_after(at("2026-11-24T19:59:59Z")), None);
        assert_eq!(
            quiet.end_after(at("2026-11-24T20:00:00Z")),
            Some(at("2026-11-25T04:00:00Z"))
        );
        assert_eq!(
            quiet.end_after(at("2026-11-25T03:59:59Z")),
            Some(at("2026-11-25T04:00:00Z"))
        );
        assert_eq!(quiet.end_after(at("2026-11-25T04:00:00Z")), None);
        for (begin, end, offset) in [(0, 0, 0), (1440, 1, 0), (0, 1440, 0), (0, 1, 900)] {
            assert_eq!(
                QuietHours::new(begin, end, offset),
                None,
                "{begin} {end} {offset}"
            );
        }
    }

    #[test]
    fn hours_that_touch_are_one_and_hours_that_fill_the_day_end_the_search() {
        let hours = |begin: u16, end: u16| QuietHours::new(begin * 60, end * 60, 0).unwrap();
        let quiet = |quiet| Cadence {
            quiet,
            ..Cadence::DEFAULT
        };
        let fine = Standing::Fine { ends: None };
        let next = |cadence: &Cadence| next_look(cadence, 0, fine, at(NOON));
        let two = quiet(vec![hours(15, 17), hours(17, 20)]);
        assert_eq!(next(&two), at("2026-11-24T20:00:00Z"));
        let always = quiet(vec![hours(0, 12), hours(12, 0)]);
        assert!(next(&always) > at(NOON));
    }

    #[test]
    fn a_due_time_far_ahead_of_a_clock_that_was_set_back_is_drawn_in() {
        let now = at(NOON);
        let far = at("2036-11-24T12:00:00Z");
        assert_eq!(holds(&Cadence::DEFAULT, far, now), at("2026-11-26T12:00:00Z"));
        assert_eq!(
            holds(&Cadence::DEFAULT, now, far),
            now,
            "what is overdue stays so"
        );
    }

    fn standings() -> impl Strategy<Value = Standing> {
        let ends = || {
            prop::option::of(
                (-10_000_000_i64..10_000_000)
                    .prop_map(|seconds| later(at(NOON), SignedDuration::from_secs(seconds))),
            )
        };
        let urgency = prop_oneof![Just(Urgency::Warning), Just(Urgency::Critical)];
        prop_oneof![
            ends().prop_map(|ends| Standing::Fine { ends }),
            (urgency, ends()).prop_map(|(urgency, ends)| Standing::Open { urgency, ends }),
            (1_u32..1000).prop_map(|times| Standing::Unreachable { times }),
        ]
    }

    proptest! {
        #[test]
        fn a_next_look_is_later_and_within_bounds(key: u64, standing in standings(), minutes in 1_i64..44_640) {
            let every = SignedDuration::from_mins(minutes);
            let cadence = Cadence { every, ..Cadence::DEFAULT };
            let next = next_look(&cadence, key, standing, at(NOON)).duration_since(at(NOON));
            prop_assert!(next.is_positive());
            prop_assert!(next >= every / 16 * 9 / 10 - SignedDuration::from_secs(1), "{next}");
            prop_assert!(next <= every * 6 * 11 / 10, "{next}");
            prop_assert_eq!(
                next_look(&cadence, key, standing, at(NOON)).duration_since(at(NOON)), next, "the same for the same"
            );
        }

        #[test]
        fn nothing_is_due_in_quiet_hours(key: u64, standing in standings(), begin in 0_u16..1440, end in 0_u16..1440) {
            // Hours that leave less than the spread behind them may be met again.
            let open = (i32::from(begin) - i32::from(end)).rem_euclid(1440);
            prop_assume!(begin != end && open > 15);
            let quiet = vec![QuietHours::new(begin, end, 0).unwrap()];
            let cadence = Cadence { quiet, ..Cadence::DEFAULT };
            let next = next_look(&cadence, key, standing, at(NOON));
            prop_assert!(!is_quiet(&cadence, next), "{next}");
        }

        #[test]
        fn worse_is_never_looked_at_later(key: u64, left in 1_i64..10_000_000) {
            let ends = Some(later(at(NOON), SignedDuration::from_secs(left)));
            let next = |standing| next_look(&Cadence::DEFAULT, key, standing, at(NOON));
            let fine = next(Standing::Fine { ends });
            let warning = next(Standing::Open { urgency: Urgency::Warning, ends });
            let critical = next(Standing::Open { urgency: Urgency::Critical, ends });
            prop_assert!(critical <= warning && warning <= fine);
        }
    }

    #[test]
    fn a_fleet_that_began_together_spreads() {
        let next = |number: u64| {
            let key = key(format!("host{number}.example.com|443").as_bytes());
            next_look(&Cadence::DEFAULT, key, Standing::Fine { ends: None }, at(NOON)).as_second()
        };
        let mut minutes: Vec<i64> = (0..1_000).map(|key| next(key) / 60).collect();
        minutes.sort_unstable();
        minutes.dedup();
        assert!(
            minutes.len() > 40,
            "a thousand places are due in {} minutes only",
            minutes.len()
        );
    }
}
