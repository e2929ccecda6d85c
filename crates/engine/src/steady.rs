//! The time of the engine: the clock on the wall, as far as it can be believed.
//!
//! A reading of the wall clock and the time that has really passed since the last one (which no one can set) come in; the
//! time to work with goes out, and what is wrong with the wall clock. A machine that sleeps wakes hours later, and that is
//! true; a clock that is suddenly years ahead would make every certificate of a fleet expired in one round, and one that
//! goes back would write history in front of history. So:
//!
//! - time never goes back. A clock that was set back is waited for, at half speed; one that was set back by more than a day is
//!   not believed;
//! - a leap of up to [`SLEEP`] is believed: sleep, a migration, a battery that was empty;
//! - a longer one is not, until the process is started anew: time goes on as it really passes;
//! - at a start nothing says what has passed: a clock that is as far from the latest time in the memory is a matter for a
//!   person ([`Leap`]);
//! - whatever is more than [`TOLERANCE`] off is said.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use net::clock::SystemClock;
use tokio::time::Instant;

/// What a clock may be corrected by without a word: time servers slew less.
pub const TOLERANCE: SignedDuration = SignedDuration::from_mins(2);
/// The longest sleep that is believed. Longer than any holiday; shorter than what separates a certificate from its end.
pub const SLEEP: SignedDuration = SignedDuration::from_hours(35 * 24);
/// The most by which a clock may be set back and be waited for.
pub const BACK: SignedDuration = SignedDuration::from_hours(24);

/// What the wall clock did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skew {
    /// What it should.
    None,
    /// It leapt ahead, and is believed.
    Slept(SignedDuration),
    /// It is behind the time that was reached, by so much; that time is waited for.
    Behind(SignedDuration),
    /// It is so far off (ahead when positive) that it is not believed.
    Unbelievable(SignedDuration),
}

/// The clock is more than [`SLEEP`] ahead of the latest time in the memory, or more than [`BACK`] behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leap {
    /// What the clock says.
    pub wall: Timestamp,
    /// The latest time in the memory.
    pub latest: Timestamp,
}

/// Time as it was last told. Pure: a reading comes in.
#[derive(Clone, Copy, Debug)]
pub struct Steady {
    told: Timestamp,
}

impl Steady {
    /// Begins at a reading of the wall clock. `latest` is the latest time in the memory: one that is a little ahead is waited
    /// for. When they are too far apart to be both right, only a person can say which is.
    pub fn begin(wall: Timestamp, latest: Option<Timestamp>) -> Result<(Self, Skew), Leap> {
        let Some(latest) = latest else {
            return Ok((Self { told: wall }, Skew::None));
        };
        let ahead = latest.duration_since(wall);
        if ahead > BACK || ahead < -SLEEP {
            Err(Leap { wall, latest })
        } else if ahead > TOLERANCE {
            Ok((Self { told: latest }, Skew::Behind(ahead)))
        } else {
            Ok((Self { told: wall }, Skew::None))
        }
    }

    /// The time now, by a reading of the wall clock `passed` after the last one.
    pub fn tell(&mut self, wall: Timestamp, passed: Duration) -> (Timestamp, Skew) {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
        let expected = sum(self.told, passed);
        let off = wall.duration_since(expected);
        let (told, skew) = if off > SLEEP || off < -BACK {
            (expected, Skew::Unbelievable(off))
        } else if off > TOLERANCE {
            (wall, Skew::Slept(off))
        } else if off >= SignedDuration::ZERO {
            (wall, Skew::None)
        } else {
            let skew = if off < -TOLERANCE {
                Skew::Behind(-off)
            } else {
                Skew::None
            };
            (sum(self.told, passed / 2).max(wall), skew)
        };
        self.told = told;
        (told, skew)
    }
}

fn sum(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Where a look takes its time from.
#[derive(Debug, Default)]
pub enum Timepiece {
    /// The wall clock as it is: a scan takes seconds and says what it saw.
    #[default]
    Wall,
    /// The time of the engine.
    Steady(Shared),
}

/// A [`Steady`] that many threads read.
#[derive(Debug)]
pub struct Shared {
    /// The lock is held for one addition.
    state: Mutex<(Steady, Instant, Skew)>,
}

impl Timepiece {
    /// The time of the engine, from now on. Without a `latest` the clock is believed.
    pub fn steady(latest: Option<Timestamp>) -> Result<Self, Leap> {
        let (steady, skew) = Steady::begin(SystemClock.now(), latest)?;
        Ok(Self::Steady(Shared {
            state: Mutex::new((steady, Instant::now(), skew)),
        }))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => SystemClock.now(),
            Self::Steady(shared) => shared.tell().0,
        }
    }

    /// What is wrong with the wall clock since it was last asked for. A sleep is told once, what lasts as long as it lasts.
    pub fn skew(&self) -> Skew {
        match self {
            Self::Wall => Skew::None,
            Self::Steady(shared) => {
                shared.tell();
                let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut state.2, Skew::None)
            }
        }
    }
}

impl Shared {
    fn tell(&self) -> (Timestamp, Skew) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (steady, last, kept) = &mut *state;
        let now = Instant::now();
        let (told, skew) = steady.tell(SystemClock.now(), now.duration_since(*last));
        *last = now;
        if skew != Skew::None {
            *kept = skew;
        }
        (told, skew)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    const NOON: &str = "2026-11-24T12:00:00Z";
    const MINUTE: Duration = Duration::from_secs(60);

    fn after(seconds: i64) -> Timestamp {
        sum(at(NOON), SignedDuration::from_secs(seconds))
    }

    #[test]
    fn a_clock_that_goes_right_is_followed() {
        let (mut steady, skew) = Steady::begin(at(NOON), Some(at("2026-11-24T11:00:00Z"))).unwrap();
        assert_eq!(skew, Skew::None);
        assert_eq!(steady.tell(after(60), MINUTE), (after(60), Skew::None));
        assert_eq!(
            steady.tell(after(125), MINUTE),
            (after(125), Skew::None),
            "a correction by seconds"
        );
    }

    #[test]
    fn a_night_of_sleep_is_believed_and_ten_years_are_not() {
        let (mut steady, _) = Steady::begin(at(NOON), None).unwrap();
        let eight = SignedDuration::from_hours(8);
        assert_eq!(
            steady.tell(after(8 * 3600), Duration::ZERO),
            (after(8 * 3600), Skew::Slept(eight))
        );
        let years = after(10 * 365 * 86_400);
        let (told, skew) = steady.tell(years, MINUTE);
        assert_eq!(told, after(8 * 3600 + 60), "time goes on as it passes");
        assert!(matches!(skew, Skew::Unbelievable(off) if off.is_positive()));
        assert_eq!(
            steady.tell(after(8 * 3600 + 120), MINUTE),
            (after(8 * 3600 + 120), Skew::None),
            "set right again"
        );
    }

    #[test]
    fn an_hour_back_is_waited_for_and_ten_years_back_are_not_believed() {
        let (mut steady, _) = Steady::begin(at(NOON), None).unwrap();
        let mut wall = after(-3600);
        let (mut last, mut minutes) = (at(NOON), 0);
        loop {
            let (told, skew) = steady.tell(wall, MINUTE);
            assert!(told >= last, "time goes back");
            last = told;
            if skew == Skew::None && told == wall {
                break;
            }
            (minutes, wall) = (minutes + 1, sum(wall, SignedDuration::from_mins(1)));
            assert!(minutes < 200);
        }
        assert!(
            (115..=125).contains(&minutes),
            "half speed makes up for an hour in two: {minutes}"
        );
        let (told, skew) = steady.tell(after(-10 * 365 * 86_400), MINUTE);
        assert_eq!(told, sum(last, SignedDuration::from_mins(1)));
        assert!(matches!(skew, Skew::Unbelievable(off) if off.is_negative()));
    }

    #[test]
    fn a_memory_that_is_ahead_is_waited_for_unless_it_is_absurd() {
        let hour = SignedDuration::from_hours(1);
        let (mut steady, skew) = Steady::begin(at(NOON), Some(after(3600))).unwrap();
        assert_eq!(skew, Skew::Behind(hour));
        assert_eq!(steady.tell(after(60), MINUTE).0, after(3630));
        for latest in ["2036-11-24T12:00:00Z", "2016-11-24T12:00:00Z"] {
            let (wall, latest) = (at(NOON), at(latest));
            assert_eq!(
                Steady::begin(wall, Some(latest)).unwrap_err(),
                Leap { wall, latest }
            );
        }
        let holidays = at("2026-10-21T12:00:00Z");
        assert_eq!(Steady::begin(at(NOON), Some(holidays)).unwrap().1, Skew::None);
    }

    proptest! {
        #[test]
        fn time_never_goes_back_and_never_leaps_further_than_a_sleep(
            steps in prop::collection::vec((0_u64..7200, -400_000_000_i64..400_000_000), 1..50)
        ) {
            let (mut steady, _) = Steady::begin(at(NOON), None).unwrap();
            let mut last = at(NOON);
            for (passed, wall) in steps {
                let passed = Duration::from_secs(passed);
                let (told, _) = steady.tell(after(wall), passed);
                prop_assert!(told >= last);
                prop_assert!(told.duration_since(last) <= SLEEP + SignedDuration::try_from(passed).unwrap());
                last = told;
            }
        }
    }
}
