//! When a letter that did not arrive is tried again.

use jiff::{SignedDuration, Timestamp};
use model::alert::Outcome;

/// The first wait; each further one is three times as long: 10 s, 30 s, 90 s, ... up to [`LONGEST`].
const FIRST: SignedDuration = SignedDuration::from_secs(10);
/// Whoever was away for hours is asked four times a day.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);
/// After a day a letter tells nobody anything new: what is still open is told anew by its repetition.
pub const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What follows from a failed attempt at `now`, the `tries`th (from 1) of a letter `written` then. A receiver that asks to
/// be left alone for a time (`Retry-After`) is left alone for it. The last attempt is made when the day is over, so that a
/// receiver that comes back within it has the letter.
pub fn after_failure(
    written: Timestamp,
    now: Timestamp,
    tries: u32,
    asked: Option<SignedDuration>,
) -> Outcome {
    let end = written.saturating_add(GIVEN_UP_AFTER).unwrap_or(Timestamp::MAX);
    if now >= end {
        return Outcome::Dead;
    }
    let factor = 3_i32.saturating_pow(tries.saturating_sub(1).min(12));
    let wait = (FIRST * factor).min(LONGEST).max(asked.unwrap_or_default());
    // A little earlier for one letter and a little later for another, so that many do not come back at once.
    let spread = wait / 10 * i32::try_from(written.as_millisecond().rem_euclid(11)).unwrap_or(0) / 10;
    let due = now.saturating_add(wait + spread).unwrap_or(Timestamp::MAX);
    Outcome::Again { due: due.min(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// Tries until the end, and gives back the waits in seconds.
    fn waits() -> Vec<i64> {
        let (mut now, mut tries, mut waits) = (at(0), 1, Vec::new());
        while let Outcome::Again { due } = after_failure(at(0), now, tries, None) {
            waits.push(due.duration_since(now).as_secs());
            (now, tries) = (due, tries + 1);
        }
        assert_eq!(
            now,
            at(24 * 3600),
            "the last attempt is made when the day is over"
        );
        waits
    }

    #[test]
    fn waits_grow_from_ten_seconds_to_six_hours_for_a_day() {
        let waits = waits();
        assert!((10..=11).contains(&waits[0]), "{waits:?}");
        assert!(waits.iter().all(|wait| *wait <= 6 * 3600 * 11 / 10), "{waits:?}");
        assert!(
            waits.windows(2).take(7).all(|pair| pair[1] > pair[0]),
            "{waits:?}"
        );
        assert!((9..16).contains(&waits.len()), "{waits:?}");
    }

    #[test]
    fn a_receiver_that_asks_for_time_gets_it() {
        let hour = Some(SignedDuration::from_hours(1));
        let Outcome::Again { due } = after_failure(at(0), at(0), 1, hour) else {
            panic!("given up");
        };
        assert!(due >= at(3600) && due < at(4000));
    }

    #[test]
    fn a_letter_of_yesterday_is_given_up() {
        assert_eq!(after_failure(at(0), at(24 * 3600), 3, None), Outcome::Dead);
        assert!(matches!(
            after_failure(at(0), at(24 * 3600 - 1), 3, None),
            Outcome::Again { .. }
        ));
    }
}
