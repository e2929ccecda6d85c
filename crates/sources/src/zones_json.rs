//! The zones export of DNS Certificate Checker: per zone a list of `{"type", "name", "ttl", "target"}`.
//!
//! There it has A and CNAME records alone; here it may have every type that leads to endpoints, with the data as a master
//! file writes it, and whoever knows two types passes over the others. Names are `@`, relative, or absolute with a dot at the
//! end; relative ones are below the zone (targets too).

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Write};

use model::zone::{Domain, DomainRef, Kind, RecordRef};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::record_text::{self, DataError};

/// One entry as it is written.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    /// Missing for what a provider makes up at the time of the question.
    #[serde(default)]
    ttl: Option<u32>,
    target: String,
}

/// An export that was read.
#[derive(Debug)]
pub struct Export {
    zones: Vec<(Domain, Vec<Entry>)>,
}

/// The pairs of an object as they are written: a map would lose the first of two with the same key in silence.
struct Zones(Vec<(String, Vec<Entry>)>);

impl<'de> Deserialize<'de> for Zones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Zones;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of zones")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Zones, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Zones(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// Why an export cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It has another shape.
    #[error(
        "it is no export of zones ({0}): expected {{\"example.com\": [{{\"type\": \"A\", \"name\": \"www\", \"ttl\": 300, \"target\": \"192.0.2.1\"}}, ...]}}"
    )]
    Shape(serde_json::Error),
    /// One zone twice: one of them would be lost, and nobody could say which.
    #[error("zone {0} stands in it twice: two views of a zone need two files")]
    Twice(Domain),
    /// The name of a zone is none.
    #[error("`{name}` is no name of a zone: {error}")]
    Zone {
        /// What stands there.
        name: String,
        /// Why.
        error: model::zone::DomainError,
    },
}

/// Why an entry is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {number} of zone {zone} ({name} {kind}): {reason}")]
pub struct EntryError {
    /// Its number in its zone, from 1.
    pub number: usize,
    /// The zone.
    pub zone: Domain,
    /// The name as written.
    pub name: String,
    /// The type as written.
    pub kind: String,
    /// Why.
    pub reason: String,
}

impl Export {
    /// Reads an export.
    ///
    /// # Errors
    /// [`ExportError`], with the place when the shape is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, ExportError> {
        let Zones(written) = serde_json::from_slice(text).map_err(ExportError::Shape)?;
        let mut zones: Vec<(Domain, Vec<Entry>)> = Vec::with_capacity(written.len());
        let mut seen = HashSet::new();
        for (name, entries) in written {
            let zone = Domain::parse(&name).map_err(|error| ExportError::Zone {
                name: model::untrusted::shown(&name),
                error,
            })?;
            if !seen.insert(zone.clone()) {
                return Err(ExportError::Twice(zone));
            }
            zones.push((zone, entries));
        }
        zones.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self { zones })
    }

    /// The zones that it has.
    pub fn zones(&self) -> impl Iterator<Item = &Domain> {
        self.zones.iter().map(|(zone, _)| zone)
    }

    /// Gives the records of one zone to `sink`, and what is no record to `complain`.
    pub fn records(
        &self,
        zone: &Domain,
        sink: &mut dyn FnMut(RecordRef<'_>),
        complain: &mut dyn FnMut(EntryError),
    ) {
        let entries = self.zones.iter().filter(|(known, _)| known == zone);
        for (number, entry) in (1..).zip(entries.flat_map(|(_, entries)| entries)) {
            if let Err(reason) = entry.record(zone.borrowed(), sink) {
                complain(EntryError {
                    number,
                    zone: zone.clone(),
                    name: model::untrusted::shown(&entry.name),
                    kind: model::untrusted::shown(&entry.kind),
                    reason,
                });
            }
        }
    }
}

impl Entry {
    fn record(&self, zone: DomainRef<'_>, sink: &mut dyn FnMut(RecordRef<'_>)) -> Result<(), String> {
        let kind = Kind::for_word(&self.kind).ok_or("no such type of record")?;
        let owner = Domain::parse_in(&self.name, zone).map_err(|error| error.to_string())?;
        let words: Vec<&str> = self.target.split_whitespace().collect();
        let data = record_text::parse(kind, &words, zone).map_err(|error: DataError| error.to_string())?;
        sink(RecordRef {
            owner: owner.borrowed(),
            kind,
            ttl: self.ttl.unwrap_or_default(),
            data: &data,
        });
        Ok(())
    }
}

/// Writes an export, one entry a line, zone by zone.
pub struct Writer<W: Write> {
    out: W,
    zone: Option<Domain>,
    entries: u64,
    zones: u64,
}

impl<W: Write> Writer<W> {
    /// Begins an export.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"{")?;
        Ok(Self {
            out,
            zone: None,
            entries: 0,
            zones: 0,
        })
    }

    /// Begins a zone.
    pub fn zone(&mut self, zone: &Domain) -> io::Result<()> {
        self.end_zone()?;
        if self.zones > 0 {
            self.out.write_all(b",")?;
        }
        self.zones += 1;
        self.entries = 0;
        let name = zone.to_string();
        let name = name
            .strip_suffix('.')
            .filter(|name| !name.is_empty())
            .unwrap_or(&name);
        write!(self.out, "\n{}: [", json(name))?;
        self.zone = Some(zone.clone());
        Ok(())
    }

    /// Writes a record of the zone; one that leads to no endpoint is left out.
    pub fn record(&mut self, record: RecordRef<'_>) -> io::Result<()> {
        let (Some(zone), Some(target)) = (&self.zone, record_text::shown(record)) else {
            return Ok(());
        };
        let comma = if self.entries > 0 { "," } else { "" };
        self.entries += 1;
        write!(
            self.out,
            "{comma}\n  {{\"type\": \"{}\", \"name\": {}, \"ttl\": {}, \"target\": {}}}",
            record.kind,
            json(&relative(record.owner, zone.borrowed())),
            record.ttl,
            json(&target)
        )
    }

    /// Ends the export.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_zone()?;
        self.out.write_all(b"\n}\n")?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn end_zone(&mut self) -> io::Result<()> {
        if self.zone.take().is_some() {
            self.out.write_all(b"\n]")?;
        }
        Ok(())
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `@`, a name below the zone, or an absolute name.
fn relative(name: DomainRef<'_>, zone: DomainRef<'_>) -> String {
    if name == zone {
        return "@".to_owned();
    }
    let whole = name.to_string();
    if name.is_below(zone) && !zone.is_root() {
        let suffix = format!(".{zone}");
        if let Some(head) = whole.strip_suffix(&suffix) {
            return head.to_owned();
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let export = Export::parse(text.as_bytes()).unwrap();
        let (mut records, mut complaints) = (Vec::new(), Vec::new());
        for zone in export.zones() {
            export.records(
                zone,
                &mut |record| records.push(record.to_string()),
                &mut |error| complaints.push(error.to_string()),
            );
        }
        (records, complaints)
    }

    const THEIRS: &str = r#"{"example.com": [
        {"type": "A", "name": "@", "ttl": 300, "target": "192.0.2.1"},
        {"type": "A", "name": "*.apps", "ttl": 300, "target": "192.0.2.2"},
        {"type": "CNAME", "name": "www.example.com.", "ttl": null, "target": "@"},
        {"type": "CNAME", "name": "shop", "ttl": 60, "target": "vendor.test."},
        {"type": "CNAME", "name": "rel", "ttl": 60, "target": "www", "extra": 1}
    ]}"#;

    #[test]
    fn relative_absolute_and_the_zone_itself() {
        let (records, complaints) = read(THEIRS);
        assert_eq!(
            records,
            [
                "example.com. 300 IN A 192.0.2.1",
                "*.apps.example.com. 300 IN A 192.0.2.2",
                "www.example.com. 0 IN CNAME example.com.",
                "shop.example.com. 60 IN CNAME vendor.test.",
                "rel.example.com. 60 IN CNAME www.example.com.",
            ]
        );
        assert!(complaints.is_empty());
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let export = Export::parse(THEIRS.as_bytes()).unwrap();
        let mut writer = Writer::new(Vec::new()).unwrap();
        for zone in export.zones() {
            writer.zone(zone).unwrap();
            export.records(zone, &mut |record| writer.record(record).unwrap(), &mut |_| {});
        }
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(read(&written), read(THEIRS));
        assert!(
            written.contains(r#"{"type": "A", "name": "@", "ttl": 300, "target": "192.0.2.1"}"#),
            "{written}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
    }

    #[test]
    fn another_shape_is_said_with_its_place() {
        for wrong in [
            "",
            "[]",
            r#"{"example.com": {}}"#,
            r#"{"example.com": [{"type": "A"}]}"#,
        ] {
            let error = Export::parse(wrong.as_bytes()).unwrap_err().to_string();
            assert!(
                error.contains("line 1") && error.contains("expected {"),
                "{error}"
            );
        }
        assert!(Export::parse(br#"{"a..b": []}"#).is_err());
        for twice in [
            r#"{"z.test": [], "z.test": []}"#,
            r#"{"z.test": [], "Z.TEST.": []}"#,
        ] {
            let error = Export::parse(twice.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("z.test. stands in it twice"), "{error}");
        }
        let (records, complaints) = read(
            r#"{"z": [{"type": "A", "name": "a", "target": "x"}, {"type": "ODD", "name": "b", "target": ""}]}"#,
        );
        assert!(records.is_empty());
        assert_eq!(
            complaints,
            [
                "entry 1 of zone z. (a A): `x` is no IPv4 address",
                "entry 2 of zone z. (b ODD): no such type of record"
            ]
        );
    }
}
