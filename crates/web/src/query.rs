//! The language in which people ask for certificates: words and `key:value` with spaces between, `-` in front for the
//! opposite, quotes around values with spaces.
//!
//! A text comes in; a question for the memory goes out, or the place that cannot be read and why. The text is kept as it
//! was typed, so that a person can go on from it.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use model::sighting::SourceKind;
use model::{Status, untrusted};
use store::{Condition, What};

/// A query that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    /// As it was typed, `-` and quotes included.
    typed: String,
    /// Its key; empty for a word.
    key: String,
    condition: Condition,
}

/// Why a query cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// Where it cannot be, in bytes of the text.
    pub(crate) place: Range<usize>,
    /// Why, and what would do.
    pub(crate) why: String,
}

/// Longest query: longer than anybody types, and short enough for every proxy.
pub(crate) const LONGEST: usize = 1024;
/// Most terms: each one is a condition of the database.
const MOST_TERMS: usize = 24;

impl Query {
    /// Reads a query at a time, which spans in days are counted from.
    pub(crate) fn parse(text: &str, now: Timestamp) -> Result<Self, Unread> {
        if text.len() > LONGEST {
            return Err(Unread {
                place: 0..text.len(),
                why: format!("a query has at most {LONGEST} bytes"),
            });
        }
        let mut terms = Vec::new();
        for place in split(text)? {
            let typed = text.get(place.clone()).unwrap_or_default();
            let unread = |why: String| Unread {
                place: place.clone(),
                why,
            };
            if terms.len() == MOST_TERMS {
                return Err(unread(format!("a query has at most {MOST_TERMS} terms")));
            }
            terms.push(term(typed, now).map_err(unread)?);
        }
        Ok(Self { terms })
    }

    /// What it asks.
    pub(crate) fn conditions(&self) -> Vec<Condition> {
        self.terms.iter().map(|term| term.condition.clone()).collect()
    }

    /// Whether this very term stands in it.
    pub(crate) fn has(&self, typed: &str) -> bool {
        self.terms.iter().any(|term| term.typed == typed)
    }

    /// Whether it asks nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// As text with this term in place of all others with its key; without them when it stands there already.
    pub(crate) fn toggled(&self, key: &str, typed: &str) -> String {
        let is_there = self.has(typed);
        let others = self.terms.iter().filter(|term| term.key != key);
        let mut words: Vec<&str> = others.map(|term| term.typed.as_str()).collect();
        if !is_there {
            words.push(typed);
        }
        words.join(" ")
    }
}

/// A value as a query has it, quoted when it must be.
pub(crate) fn quoted(value: &str) -> String {
    let plain: String = value.chars().filter(|character| *character != '"').collect();
    if plain.contains(char::is_whitespace) {
        format!("\"{plain}\"")
    } else {
        plain
    }
}

/// Where the terms stand: between spaces that are in no quotes.
fn split(text: &str) -> Result<Vec<Range<usize>>, Unread> {
    let mut places = Vec::new();
    let mut begin = None;
    let mut quote = None;
    for (at, character) in text.char_indices() {
        if character == '"' {
            quote = if quote.is_some() { None } else { Some(at) };
        }
        if character.is_whitespace() && quote.is_none() {
            places.extend(begin.take().map(|begin| begin..at));
        } else {
            begin.get_or_insert(at);
        }
    }
    if let Some(at) = quote {
        return Err(Unread {
            place: at..text.len(),
            why: "the quote has no end".to_owned(),
        });
    }
    places.extend(begin.map(|begin| begin..text.len()));
    Ok(places)
}

fn term(typed: &str, now: Timestamp) -> Result<Term, String> {
    let (holds, positive) = match typed.strip_prefix('-') {
        Some(rest) if !rest.is_empty() => (false, rest),
        _ => (true, typed),
    };
    let split = positive
        .split_once(':')
        .filter(|(key, _)| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase()));
    let (key, value) = split.unwrap_or(("", positive));
    let value = value.replace('"', "");
    if value.is_empty() {
        return Err("something is missing here".to_owned());
    }
    let (what, opposite) = match key {
        "" => (word(&value), false),
        "issuer" => (What::Issuer(value.into()), false),
        "key" => (What::Key(value.into()), false),
        "covers" => (What::Covers(value.to_ascii_lowercase().into()), false),
        "left" => (left(&value, now)?, false),
        "ends" => (ends(&value)?, false),
        "status" => (What::Status(status(&value)?), false),
        "served" => (What::Served, !yes(&value)?),
        "ca" => (What::Authority, !yes(&value)?),
        "told" => (What::Told(source(&value)?), false),
        unknown => {
            return Err(format!(
                "nothing is called `{}`; there are issuer, key, covers, left, ends, status, served, told and ca",
                untrusted::shown(unknown)
            ));
        }
    };
    Ok(Term {
        typed: typed.to_owned(),
        key: key.to_owned(),
        condition: Condition {
            what,
            holds: holds != opposite,
        },
    })
}

/// A word is a part of a name, or the first digits of a fingerprint or serial number.
fn word(value: &str) -> What {
    let digits: String = value.chars().filter(|character| *character != ':').collect();
    let is_number = digits.len() >= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_number {
        return What::Word(value.into());
    }
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let bytes = pairs
        .iter()
        .filter_map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    What::Number(bytes.collect())
}

/// `<14d`, `>30d`, `7d..30d`, in hours, days or weeks.
fn left(value: &str, now: Timestamp) -> Result<What, String> {
    const SHOULD: &str = "expected a span such as <14d, >12h or 7d..30d";
    let at = |text: &str| -> Result<Timestamp, String> {
        let span = span(text).ok_or_else(|| SHOULD.to_owned())?;
        now.checked_add(span)
            .map_err(|_| "that is beyond all calendars".to_owned())
    };
    if let Some(less) = value.strip_prefix('<') {
        return Ok(What::Ends(Some(now), Some(at(less)?)));
    }
    if let Some(more) = value.strip_prefix('>') {
        return Ok(What::Ends(Some(at(more)?), None));
    }
    match value.split_once("..") {
        Some((from, until)) => Ok(What::Ends(Some(at(from)?), Some(at(until)?))),
        None if value == "0" => Ok(What::Ends(None, Some(now))),
        None => Err(SHOULD.to_owned()),
    }
}

fn span(text: &str) -> Option<SignedDuration> {
    let (number, hours) = if let Some(number) = text.strip_suffix('d') {
        (number, 24)
    } else if let Some(number) = text.strip_suffix('w') {
        (number, 24 * 7)
    } else {
        (text.strip_suffix('h')?, 1)
    };
    let number: u32 = number.parse().ok()?;
    Some(SignedDuration::from_hours(i64::from(number) * hours))
}

/// `2026-12-08`, `<2026-12-08`, `>2026-12-08`, `2026-12-01..2026-12-31`; days in UTC.
fn ends(value: &str) -> Result<What, String> {
    let begin = |text: &str| -> Result<Timestamp, String> {
        let date: Date = text.parse().map_err(|_| {
            "expected a day such as 2026-12-08, <2026-12-08 or 2026-12-01..2026-12-31".to_owned()
        })?;
        let begin = date.to_zoned(TimeZone::UTC);
        begin
            .map(|begin| begin.timestamp())
            .map_err(|_| "that is beyond all calendars".to_owned())
    };
    let behind = |text: &str| -> Result<Timestamp, String> {
        begin(text)?
            .checked_add(24.hours())
            .map_err(|_| "that is beyond all calendars".to_owned())
    };
    if let Some(day) = value.strip_prefix('<') {
        return Ok(What::Ends(None, Some(begin(day)?)));
    }
    if let Some(day) = value.strip_prefix('>') {
        return Ok(What::Ends(Some(behind(day)?), None));
    }
    let (from, until) = value.split_once("..").unwrap_or((value, value));
    Ok(What::Ends(Some(begin(from)?), Some(behind(until)?)))
}

fn status(value: &str) -> Result<Status, String> {
    let known = Status::WORST_FIRST
        .into_iter()
        .find(|status| status.word().eq_ignore_ascii_case(value));
    known.ok_or_else(|| "expected ok, warning, critical, expired or error".to_owned())
}

fn source(value: &str) -> Result<SourceKind, String> {
    let known = SourceKind::ALL
        .into_iter()
        .find(|kind| kind.word() == value && *kind != SourceKind::Looks);
    known.ok_or_else(|| "expected account, table, files, cluster, zone or list".to_owned())
}

fn yes(value: &str) -> Result<bool, String> {
    match value {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("expected yes or no".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T14:00:00Z".parse().unwrap()
    }

    fn conditions(text: &str) -> Vec<Condition> {
        Query::parse(text, now()).unwrap().conditions()
    }

    #[test]
    fn what_people_type_is_understood() {
        let days = |days: i64| Some(now() + SignedDuration::from_hours(24 * days));
        let holds = |what| Condition { what, holds: true };
        assert_eq!(
            conditions("issuer:R13  left:<14d -status:ok Mail"),
            [
                holds(What::Issuer("R13".into())),
                holds(What::Ends(Some(now()), days(14))),
                Condition {
                    what: What::Status(Status::Ok),
                    holds: false
                },
                holds(What::Word("Mail".into())),
            ]
        );
        assert_eq!(
            conditions("issuer:\"Example Trust\" served:no"),
            [
                holds(What::Issuer("Example Trust".into())),
                Condition {
                    what: What::Served,
                    holds: false
                }
            ]
        );
        assert_eq!(
            conditions("DE:ad:be:ef:01"),
            [holds(What::Number(vec![0xde, 0xad, 0xbe, 0xef, 1]))]
        );
        assert_eq!(conditions("left:0"), [holds(What::Ends(None, Some(now())))]);
        let day = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(
            conditions("ends:2026-12-08"),
            [holds(What::Ends(
                day("2026-12-08T00:00:00Z"),
                day("2026-12-09T00:00:00Z")
            ))]
        );
        assert_eq!(conditions(""), []);
    }

    #[test]
    fn what_cannot_be_read_has_a_place_and_a_reason() {
        for (text, place, part) in [
            ("a left:soon b", 2..11, "span"),
            ("x status:red", 2..12, "expected ok"),
            ("owner:me", 0..8, "nothing is called `owner`"),
            ("a issuer:\"x", 9..11, "no end"),
            ("issuer:", 0..7, "missing"),
            ("left:<99999999999d", 0..18, "span"),
            ("left:<4000000000d", 0..17, "calendars"),
            ("ends:2026-13-01", 0..15, "day"),
            ("served:perhaps", 0..14, "yes or no"),
        ] {
            let unread = Query::parse(text, now()).unwrap_err();
            assert_eq!(unread.place, place, "{text}");
            assert!(unread.why.contains(part), "{text}: {}", unread.why);
        }
        assert!(Query::parse(&"a ".repeat(30), now()).is_err());
        assert!(Query::parse(&"a".repeat(2000), now()).is_err());
    }

    #[test]
    fn a_facet_replaces_its_like_and_leaves_the_rest() {
        let query = Query::parse("mail status:ok left:<7d", now()).unwrap();
        assert_eq!(
            query.toggled("status", "status:critical"),
            "mail left:<7d status:critical"
        );
        assert_eq!(query.toggled("status", "status:ok"), "mail left:<7d");
        assert_eq!(quoted("Example \"Trust"), "\"Example Trust\"");
    }
}
