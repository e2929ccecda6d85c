//! UTCTime and GeneralizedTime (RFC 5280 section 4.1.2.5).

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::{DerError, Notes, Value, tag};
use crate::oddity::OddityKind;

impl Value<'_> {
    /// A UTCTime or GeneralizedTime.
    ///
    /// A form that RFC 5280 forbids (no seconds, an offset, a fraction, no zone) is noted and read; a GeneralizedTime
    /// before 2050 is noted as unusual. The last day of 9999, by which "no end" is said (section 4.1.2.5), ends at [`Timestamp::MAX`], a few
    /// hours early, because later instants do not exist.
    ///
    /// # Errors
    /// [`OddityKind::BadTime`] when no instant can be made of it, [`OddityKind::UnexpectedTag`] when it is no time.
    pub fn time(&self, notes: &Notes) -> Result<Timestamp, DerError> {
        let parsed = match self.tag {
            tag::UTC_TIME => parse(self.content, Year::Two),
            tag::GENERALIZED_TIME => parse(self.content, Year::Four),
            _ => {
                return Err(DerError {
                    offset: self.offset,
                    kind: OddityKind::UnexpectedTag,
                });
            }
        };
        let (timestamp, strict) = parsed.ok_or(DerError {
            offset: self.content_offset,
            kind: OddityKind::BadTime,
        })?;
        if !strict {
            notes.add(self.content_offset, OddityKind::BadTime);
        } else if self.tag == tag::GENERALIZED_TIME && self.content < b"2050".as_slice() {
            notes.add(self.content_offset, OddityKind::UnusualTime);
        }
        Ok(timestamp)
    }

    /// As [`Self::time`] for places where GeneralizedTime is the only form (RFC 6960): any year is in order.
    ///
    /// # Errors
    /// As [`Self::time`].
    pub fn generalized_time(&self, notes: &Notes) -> Result<Timestamp, DerError> {
        if self.tag != tag::GENERALIZED_TIME {
            return Err(DerError {
                offset: self.offset,
                kind: OddityKind::UnexpectedTag,
            });
        }
        let (timestamp, strict) = parse(self.content, Year::Four).ok_or(DerError {
            offset: self.content_offset,
            kind: OddityKind::BadTime,
        })?;
        if !strict {
            notes.add(self.content_offset, OddityKind::BadTime);
        }
        Ok(timestamp)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Year {
    Two,
    Four,
}

/// The instant, and whether it is written as it must be.
fn parse(content: &[u8], form: Year) -> Option<(Timestamp, bool)> {
    let mut text = content;
    let year = match form {
        Year::Two => {
            let year = digits(&mut text)?;
            if year < 50 { 2000 + year } else { 1900 + year }
        }
        Year::Four => digits(&mut text)? * 100 + digits(&mut text)?,
    };
    let (month, day, hour, minute) = (
        digits(&mut text)?,
        digits(&mut text)?,
        digits(&mut text)?,
        digits(&mut text)?,
    );
    let second = digits(&mut text);
    let mut strict = second.is_some() && text == b"Z";
    // A leap second is an instant that neither jiff nor anybody's comparison knows.
    let mut second = second.unwrap_or_default();
    if second == 60 {
        (second, strict) = (59, false);
    }
    if let Some((b'.' | b',', fraction)) = text.split_first() {
        let end = fraction
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(fraction.len());
        text = fraction.get(end..)?;
    }
    let east = match text {
        [] | [b'Z'] => 0,
        [sign @ (b'+' | b'-'), zone @ ..] => {
            let mut zone = zone;
            let minutes = i64::from(digits(&mut zone)?) * 60 + i64::from(digits(&mut zone)?);
            if !zone.is_empty() {
                return None;
            }
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let narrow = |number: i16| i8::try_from(number).ok();
    let civil = DateTime::new(
        year,
        narrow(month)?,
        narrow(day)?,
        narrow(hour)?,
        narrow(minute)?,
        narrow(second)?,
        0,
    )
    .ok()?;
    Some((instant(civil, east), strict))
}

/// What lies outside of the instants that exist is the nearest that does.
fn instant(civil: DateTime, minutes_east: i64) -> Timestamp {
    let edge = if civil.year() > 5000 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    let utc = TimeZone::fixed(Offset::UTC).to_timestamp(civil).unwrap_or(edge);
    if minutes_east == 0 {
        return utc;
    }
    utc.checked_sub(SignedDuration::from_mins(minutes_east))
        .unwrap_or(edge)
}

/// The next two decimal digits.
fn digits(text: &mut &[u8]) -> Option<i16> {
    match *text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', rest @ ..] => {
            *text = rest;
            Some(i16::from(tens - b'0') * 10 + i16::from(ones - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, form: Year) -> Option<(String, bool)> {
        parse(text.as_bytes(), form).map(|(timestamp, strict)| (timestamp.to_string(), strict))
    }

    fn strict(text: &str) -> Option<(String, bool)> {
        Some((text.to_owned(), true))
    }

    fn lenient(text: &str) -> Option<(String, bool)> {
        Some((text.to_owned(), false))
    }

    #[test]
    fn the_forms_of_rfc_5280() {
        assert_eq!(read("491231235959Z", Year::Two), strict("2049-12-31T23:59:59Z"));
        assert_eq!(read("500101000000Z", Year::Two), strict("1950-01-01T00:00:00Z"));
        assert_eq!(
            read("20500101000000Z", Year::Four),
            strict("2050-01-01T00:00:00Z")
        );
        assert_eq!(
            read("20240229120000Z", Year::Four),
            strict("2024-02-29T12:00:00Z")
        );
    }

    #[test]
    fn forbidden_forms_are_read() {
        assert_eq!(
            read("20240101000000Z", Year::Four),
            lenient("2024-01-01T00:00:00Z")
        );
        assert_eq!(read("2401010000Z", Year::Two), lenient("2024-01-01T00:00:00Z"));
        assert_eq!(
            read("240101000000+0200", Year::Two),
            lenient("2023-12-31T22:00:00Z")
        );
        assert_eq!(
            read("20500101000000.5Z", Year::Four),
            lenient("2050-01-01T00:00:00Z")
        );
        assert_eq!(
            read("20500101000000", Year::Four),
            lenient("2050-01-01T00:00:00Z")
        );
        assert_eq!(read("161231235960Z", Year::Two), lenient("2016-12-31T23:59:59Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "Z",
            "24",
            "241301000000Z",
            "240230000000Z",
            "240101250000Z",
            "24010100000aZ",
            "240101000000X",
        ] {
            assert_eq!(read(text, Year::Two), None, "{text}");
        }
    }

    #[test]
    fn the_end_of_time_is_the_last_instant() {
        let (last, strict) = parse(b"99991231235959Z", Year::Four).unwrap();
        assert_eq!((last, strict), (Timestamp::MAX, true));
        let (first, _) = parse(b"00000101000000Z", Year::Four).unwrap();
        assert_eq!(first.to_string(), "0000-01-01T00:00:00Z");
    }
}
