//! Times that people type (`--at`, `--over`): text comes in, moments go out, or a sentence that says what was expected.

use std::ops::Range;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use net::clock::SystemClock;

/// A moment as it was typed: fixed, or so many days from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// This one.
    At(Timestamp),
    /// So long from now; negative for the past.
    FromNow(SignedDuration),
}

/// A span as it was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Over {
    from: When,
    until: When,
}

const EXPECTED: &str =
    "expected a day (2027-05-01), a time in UTC (2027-05-01T12:00:00Z), days from now (+30d, -7d), or now";

const BEYOND: &str = "too far: times reach to 9999-12-30";

impl When {
    /// Parses `2027-05-01` (its first second, UTC), `2027-05-01T12:00:00Z` or with another offset, `2027-05-01 12:00`
    /// (UTC), `@1793491200` (seconds since 1970), `+30d`, `-2h`, `now`.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        let text = typed.trim();
        if text.eq_ignore_ascii_case("now") {
            return Ok(Self::FromNow(SignedDuration::ZERO));
        }
        if let Some(distance) = distance(text) {
            return Ok(Self::FromNow(distance));
        }
        let seconds = text.strip_prefix('@').and_then(|digits| digits.parse().ok());
        let utc = |at: DateTime| at.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let moment = seconds
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .or_else(|| text.parse::<Timestamp>().ok())
            .or_else(|| {
                { text.parse::<DateTime>().ok() }
                    .filter(|_| text.len() > 10)
                    .and_then(utc)
            })
            .or_else(|| {
                let day = text.parse::<Date>().ok()?;
                utc(day.at(0, 0, 0, 0))
            });
        moment.map(Self::At).ok_or_else(|| {
            // It was understood, and no clock of ours reaches there.
            let is_day = text.parse::<Date>().is_ok() || text.parse::<DateTime>().is_ok();
            let reason = if is_day || seconds.is_some() {
                BEYOND
            } else {
                EXPECTED
            };
            reason.to_owned()
        })
    }

    /// The moment that is meant.
    pub(crate) fn moment(self) -> Timestamp {
        self.seen_from(SystemClock.now())
    }

    fn seen_from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::FromNow(distance) => now.saturating_add(distance).unwrap_or(Timestamp::MAX),
        }
    }
}

impl Over {
    /// Parses `FROM..UNTIL`, each as for [`When::parse`]; a missing one is now.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        let (from, until) = typed
            .split_once("..")
            .ok_or_else(|| "expected FROM..UNTIL, such as 2026-01-01..2028-01-01".to_owned())?;
        let side = |text: &str| match text.trim() {
            "" => Ok(When::FromNow(SignedDuration::ZERO)),
            text => When::parse(text),
        };
        let over = Self {
            from: side(from)?,
            until: side(until)?,
        };
        // From now until now: the clock has gone on between the two.
        if typed.trim() == ".." || over.span().is_empty() {
            return Err("the end is not behind the beginning: expected FROM..UNTIL".to_owned());
        }
        Ok(over)
    }

    /// The span that is meant.
    pub(crate) fn span(self) -> Range<Timestamp> {
        let now = SystemClock.now();
        self.from.seen_from(now)..self.until.seen_from(now)
    }
}

/// `+30d`, `-7d`, `+12h`.
fn distance(text: &str) -> Option<SignedDuration> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (digits, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let unit: i64 = match unit {
        "d" | "D" => 86_400,
        "h" | "H" => 3_600,
        _ => return None,
    };
    let number: u32 = digits.parse().ok()?;
    Some(SignedDuration::from_secs(sign * unit * i64::from(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Result<When, String> {
        Ok(When::At(text.parse().unwrap()))
    }

    #[test]
    fn days_times_and_distances() {
        assert_eq!(When::parse("2027-05-01"), at("2027-05-01T00:00:00Z"));
        assert_eq!(When::parse("2027-05-01T12:00:00Z"), at("2027-05-01T12:00:00Z"));
        assert_eq!(
            When::parse("2027-05-01T12:00:00+02:00"),
            at("2027-05-01T10:00:00Z")
        );
        assert_eq!(When::parse("2027-05-01 12:30"), at("2027-05-01T12:30:00Z"));
        assert_eq!(When::parse("@0"), at("1970-01-01T00:00:00Z"));
        assert_eq!(
            When::parse("-7d"),
            Ok(When::FromNow(SignedDuration::from_hours(-7 * 24)))
        );
        assert_eq!(When::parse("Now"), Ok(When::FromNow(SignedDuration::ZERO)));
        for wrong in [
            "",
            "tomorrow",
            "next Tuesday",
            "2027-13-01",
            "2027-02-30",
            "+d",
            "+5x",
            "-",
            "@x",
            "é",
            "+30é",
        ] {
            assert_eq!(When::parse(wrong), Err(EXPECTED.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn what_is_too_far_is_not_called_misspelt() {
        assert!(When::parse("9999-12-30").is_ok());
        for beyond in ["9999-12-31", "9999-12-31 12:00", "@999999999999"] {
            assert_eq!(When::parse(beyond), Err(BEYOND.to_owned()), "{beyond}");
        }
    }

    #[test]
    fn spans_have_two_sides_in_order() {
        let over = Over::parse("2026-01-01..2028-01-01").unwrap().span();
        assert_eq!(over.start.to_string(), "2026-01-01T00:00:00Z");
        assert!(Over::parse("..+30d").is_ok() && Over::parse("-30d..").is_ok());
        for wrong in [
            "2026-01-01",
            "2026-01-01..2026-01-01",
            "2028-01-01..2026-01-01",
            "..",
            "a..b",
        ] {
            assert!(Over::parse(wrong).is_err(), "{wrong}");
        }
    }
}
