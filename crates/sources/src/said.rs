//! What places say of certificates in text: serial numbers, days, names; and whether a certificate is the one meant.
//!
//! Text comes in, the parts of a [`Claim`] go out. Nothing is guessed: a day that could be read two ways is none.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use model::certificate::GeneralName;
use model::sighting::Claim;
use model::{Certificate, Name, Untrusted, WildcardName};

/// Which end of a day is meant where only a day is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its first second.
    Begin,
    /// Its last second.
    End,
}

/// Longest serial number that is taken, in octets: RFC 5280 section 4.1.2.2 allows 20, and some have more.
const SERIAL_OCTETS: usize = 64;

/// Octets of a serial number in hexadecimal, however it is grouped.
pub(crate) fn serial(text: &str) -> Option<Box<[u8]>> {
    let text = text.trim();
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    if text.len() > SERIAL_OCTETS * 3 {
        return None;
    }
    let mut digits: String = text
        .chars()
        .filter(|character| !matches!(character, ':' | ' ' | '-'))
        .collect();
    if !digits.len().is_multiple_of(2) {
        digits.insert(0, '0');
    }
    let octets = hex::decode(&digits).ok()?;
    (!octets.is_empty()).then(|| without_zeros(&octets).into())
}

/// Without leading zero octets, as [`Claim::serial`] has it.
fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// A moment as places write it: RFC 3339, a day and time without a zone (UTC), a day, and what OpenSSL prints
/// (`Oct 24 23:59:59 2025 GMT`).
pub(crate) fn moment(text: &str, edge: Edge) -> Option<Timestamp> {
    let text = text.trim();
    // A time without a zone would be read by its date alone, so the longer forms are tried first.
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    // ISO 8601 without the colon in the offset.
    if let Ok(moment) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", text) {
        return Some(moment);
    }
    if let Ok(moment) = DateTime::strptime("%b %d %H:%M:%S %Y GMT", text) {
        return utc(moment);
    }
    if text.contains(':') {
        let bare = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT"));
        return bare.unwrap_or(text).parse::<DateTime>().ok().and_then(utc);
    }
    text.parse::<Date>().ok().and_then(|day| of_day(day, edge))
}

/// As [`moment`], in a format of `strptime`.
pub(crate) fn moment_in(format: &str, text: &str, edge: Edge) -> Option<Timestamp> {
    let broken = strtime::parse(format, text.trim()).ok()?;
    if let Ok(moment) = broken.to_timestamp() {
        return Some(moment);
    }
    if broken.hour().is_some() {
        return broken.to_datetime().ok().and_then(utc);
    }
    broken.to_date().ok().and_then(|day| of_day(day, edge))
}

fn of_day(day: Date, edge: Edge) -> Option<Timestamp> {
    let time = match edge {
        Edge::Begin => Time::midnight(),
        Edge::End => Time::constant(23, 59, 59, 0),
    };
    utc(day.to_datetime(time))
}

fn utc(moment: DateTime) -> Option<Timestamp> {
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Text, when there is any.
pub(crate) fn text(text: Option<&str>) -> Option<Untrusted> {
    let text = text?.trim();
    (!text.is_empty()).then(|| Untrusted::new(text))
}

/// Names of a list, without doubles, in order.
pub(crate) fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<Untrusted> {
    let mut seen = std::collections::HashSet::new();
    let mut out = Vec::new();
    for name in all.map(str::trim).filter(|name| !name.is_empty()) {
        if out.len() < model::limits::NAMES_PARSED && seen.insert(normal(name)) {
            out.push(Untrusted::new(name));
        }
    }
    out
}

/// Whether there is anything in a claim by which a certificate could be told.
pub(crate) fn tells(claim: &Claim) -> bool {
    claim.serial.is_some() || claim.common_name.is_some() || !claim.names.is_empty()
}

/// In what a certificate differs from what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// Its serial number is another.
    Serial {
        /// The one it has, in hexadecimal.
        has: String,
    },
    /// It does not bear a name.
    Name(Untrusted),
    /// It ends on another day.
    End,
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Serial { has } => write!(f, "its serial number is {has}"),
            Self::Name(name) => write!(f, "it does not bear the name {name}"),
            Self::End => f.write_str("it ends on another day"),
        }
    }
}

/// Whether `certificate` is what `claim` speaks of: by the serial number where one is said, else by names and end.
///
/// # Errors
/// In what it differs.
pub(crate) fn fits(claim: &Claim, certificate: &Certificate) -> Result<(), Misfit> {
    let facts = certificate.facts();
    let has = without_zeros(&facts.serial);
    if let Some(serial) = &claim.serial
        && has != without_zeros(serial)
    {
        let has = hex::encode(has);
        return Err(Misfit::Serial { has });
    }
    let borne = borne(certificate);
    if let Some(missing) = claim
        .names
        .iter()
        .find(|name| !borne.contains(&normal(name.raw())))
    {
        return Err(Misfit::Name(missing.clone()));
    }
    if claim.serial.is_some() {
        return Ok(());
    }
    if let Some(name) = &claim.common_name
        && claim.names.is_empty()
        && !borne.contains(&normal(name.raw()))
    {
        return Err(Misfit::Name(name.clone()));
    }
    let day = |moment: Timestamp| moment.to_zoned(TimeZone::UTC).date();
    match (claim.not_after, facts.not_after) {
        (Some(said), Some(has)) if day(said) != day(has) => Err(Misfit::End),
        _ => Ok(()),
    }
}

/// Every name of a certificate, its common name included, in the form in which they are compared.
fn borne(certificate: &Certificate) -> std::collections::HashSet<String> {
    let facts = certificate.facts();
    let alternative = facts.subject_alt_names.iter().flatten();
    let mut borne: std::collections::HashSet<String> = alternative
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(normal(name.raw())),
            GeneralName::Address(address) => Some(address.to_string()),
            _ => None,
        })
        .collect();
    borne.extend(facts.subject.common_name.iter().map(|name| normal(name.raw())));
    borne
}

/// A name in the form in which names are compared: lower case, A-labels, no dot at its end.
fn normal(name: &str) -> String {
    if let Ok(name) = Name::parse(name) {
        return name.as_str().to_owned();
    }
    if let Ok(name) = WildcardName::parse(name) {
        return format!("*.{}", name.parent().as_str());
    }
    match name.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_the_same_however_they_are_written() {
        let expected: Box<[u8]> = Box::new([0x02, 0x6d, 0x0d]);
        for text in ["026d0d", "02:6D:0D", "0x26d0d", " 00 02 6d 0d ", "26D0D"] {
            assert_eq!(serial(text).as_ref(), Some(&expected), "{text}");
        }
        for text in ["", "0x", "xyz", "12g4", &"ab".repeat(300)] {
            assert_eq!(serial(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_moments() {
        for (text, begin, end) in [
            ("2025-10-24", "2025-10-24T00:00:00Z", "2025-10-24T23:59:59Z"),
            (
                "2025-10-24 12:00:01",
                "2025-10-24T12:00:01Z",
                "2025-10-24T12:00:01Z",
            ),
            (
                "2025-10-24T12:00:01",
                "2025-10-24T12:00:01Z",
                "2025-10-24T12:00:01Z",
            ),
            (
                "2025-10-24 12:00:01 UTC",
                "2025-10-24T12:00:01Z",
                "2025-10-24T12:00:01Z",
            ),
            (
                "2025-10-24T12:00:01+02:00",
                "2025-10-24T10:00:01Z",
                "2025-10-24T10:00:01Z",
            ),
            (
                "2025-10-24T12:00:01+0200",
                "2025-10-24T10:00:01Z",
                "2025-10-24T10:00:01Z",
            ),
            (
                "Oct 24 23:59:59 2025 GMT",
                "2025-10-24T23:59:59Z",
                "2025-10-24T23:59:59Z",
            ),
            (
                "Oct  4 03:09:09 2025 GMT",
                "2025-10-04T03:09:09Z",
                "2025-10-04T03:09:09Z",
            ),
        ] {
            assert_eq!(moment(text, Edge::Begin), begin.parse().ok(), "{text}");
            assert_eq!(moment(text, Edge::End), end.parse().ok(), "{text}");
        }
        for text in ["", "01/02/2025", "soon", "2025-13-01", "12:00", "N/A"] {
            assert_eq!(moment(text, Edge::End), None, "{text}");
        }
        assert_eq!(
            moment_in("%d.%m.%Y", "24.10.2025", Edge::End),
            "2025-10-24T23:59:59Z".parse().ok()
        );
        assert_eq!(
            moment_in("%d.%m.%Y %H:%M", "24.10.2025 07:30", Edge::End),
            "2025-10-24T07:30:00Z".parse().ok()
        );
        assert_eq!(moment_in("%d.%m.%Y", "2025-10-24", Edge::End), None);
    }

    #[test]
    fn a_certificate_fits_by_its_serial_number_or_else_by_names_and_end() {
        let made = testkit::ca::Template::server("a.test").names(&["a.test", "*.b.test"]);
        let certificate = Certificate::from_der(made.self_signed().der());
        let serial = Some(without_zeros(&certificate.facts().serial).into());
        let names = |all: &[&str]| names(all.iter().copied());
        let good = Claim {
            serial,
            names: names(&["A.test.", "*.B.test"]),
            not_after: "2001-01-01T00:00:00Z".parse().ok(),
            ..Claim::default()
        };
        assert_eq!(fits(&good, &certificate), Ok(()));
        let foreign = Claim {
            names: names(&["a.test", "c.test"]),
            ..good.clone()
        };
        assert_eq!(fits(&foreign, &certificate), Err(Misfit::Name("c.test".into())));
        let other = Claim {
            serial: Some(Box::new([1])),
            ..good.clone()
        };
        assert!(matches!(fits(&other, &certificate), Err(Misfit::Serial { .. })));
        let dated = Claim { serial: None, ..good };
        assert_eq!(fits(&dated, &certificate), Err(Misfit::End));
        let undated = Claim {
            not_after: certificate.facts().not_after,
            ..dated
        };
        assert_eq!(fits(&undated, &certificate), Ok(()));
    }
}
