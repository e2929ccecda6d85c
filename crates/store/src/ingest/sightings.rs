//! What a source told of into rows, in one transaction.
//!
//! A sighting only ever adds: first and last time of "source S told of X, with these words about it". Whether X is still
//! told of follows from the last complete run, and is asked when somebody wants to know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::inventory::{Place, Vantage};
use model::sighting::{
    CertificateSighting, Claim, Sighted, SightedCertificate, Sighting, SourceKind, SourceName,
};
use model::{Certificate, Fingerprint, Untrusted, limits};

use super::{Deltas, certificates, counter, looks, places};
use crate::error::Trouble;
use crate::schedule;
use crate::session::{Find, Put, Session};
use crate::value::{Kind, Value, text};
use crate::words::{self, Digest, digest, milliseconds};

/// What became of sightings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// How many were kept, those that say what is known already included.
    pub stored: u64,
    /// How many were not, by reason.
    pub skipped: BTreeMap<Box<str>, u64>,
}

/// Sightings reduced to what is distinct in them, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    certificates: BTreeMap<Fingerprint, (Arc<Certificate>, i64)>,
    claims: BTreeMap<Digest, ClaimText>,
    places: BTreeMap<Digest, (Place, Option<i64>)>,
    told: BTreeMap<(Subject, Digest), (String, i64, i64)>,
    stored: Stored,
}

/// What is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Certificate(Fingerprint),
    Claim(Digest),
    Place(Digest),
}

/// The words of `told.kind`.
pub(crate) mod told {
    pub(crate) const CERTIFICATE: &str = "certificate";
    pub(crate) const CLAIM: &str = "claim";
    pub(crate) const PLACE: &str = "place";
}

#[derive(Debug)]
struct ClaimText {
    row: Vec<Value>,
    names: Vec<String>,
}

impl Batch {
    pub(crate) fn new(sightings: Vec<Sighting>) -> Self {
        let mut batch = Self::default();
        for sighting in sightings {
            let at = milliseconds(sighting.at);
            match sighting.what {
                Sighted::Certificate(certificate) => batch.certificate(&certificate, at),
                Sighted::Endpoint(endpoint) => {
                    let place = Place {
                        service: (*endpoint.service).clone(),
                        address: endpoint.address,
                    };
                    let key = digest(place.key().as_bytes());
                    let (_, first) = batch.places.entry(key).or_insert((place, Some(at)));
                    *first = first.map(|first| first.min(at));
                    batch.tell(Subject::Place(key), words::place_detail(&endpoint.because), at);
                }
            }
        }
        batch
    }

    /// What will have become of them.
    pub(crate) fn stored(&self) -> Stored {
        self.stored.clone()
    }

    fn certificate(&mut self, sighting: &CertificateSighting, at: i64) {
        let detail = words::certificate_detail(sighting.place.as_ref(), sighting.order.as_ref());
        let subject = match &sighting.certificate {
            SightedCertificate::Whole(certificate) => {
                let fingerprint = certificate.fingerprint();
                let (_, first) = self
                    .certificates
                    .entry(fingerprint)
                    .or_insert_with(|| (Arc::clone(certificate), at));
                *first = at.min(*first);
                Subject::Certificate(fingerprint)
            }
            SightedCertificate::Claimed(claim) => {
                let Some((key, claim)) = claimed(claim) else {
                    *self
                        .stored
                        .skipped
                        .entry("says nothing of a certificate".into())
                        .or_default() += 1;
                    return;
                };
                self.claims.entry(key).or_insert(claim);
                Subject::Claim(key)
            }
        };
        self.tell(subject, detail, at);
    }

    fn tell(&mut self, subject: Subject, detail: String, at: i64) {
        self.stored.stored += 1;
        let key = (subject, digest(detail.as_bytes()));
        let (_, first, last) = self.told.entry(key).or_insert((detail, at, at));
        (*first, *last) = (at.min(*first), at.max(*last));
    }
}

/// A claim as it is kept; `None` when it says nothing by which a certificate could be known.
fn claimed(claim: &Claim) -> Option<(Digest, ClaimText)> {
    let mut names: BTreeSet<String> = claim
        .names
        .iter()
        .take(limits::NAMES_PARSED)
        .map(|name| certificates::kept(&name.raw().trim().to_ascii_lowercase()))
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        let common = claim.common_name.as_ref();
        names.extend(common.map(|name| certificates::kept(&name.raw().trim().to_ascii_lowercase())));
        names.remove("");
    }
    if names.is_empty() && claim.serial.is_none() {
        return None;
    }
    let serial = claim.serial.as_deref().map(certificates::serial_key);
    let optional = |value: Option<&Untrusted>| value.map_or(Value::Null, |value| text(value.raw()));
    let names: Vec<String> = names.into_iter().collect();
    let row = vec![
        optional(claim.issuer.as_ref()),
        serial.unwrap_or(Value::Null),
        optional(claim.common_name.as_ref()),
        Value::from(claim.not_before.map(milliseconds)),
        Value::from(claim.not_after.map(milliseconds)),
        Value::from(certificates::names_digest(&names).as_slice()),
    ];
    // Debug of values of ours is unambiguous: texts are quoted.
    let key = digest(format!("{row:?}").as_bytes());
    Some((key, ClaimText { row, names }))
}

/// Writes what `source` told of.
pub(crate) fn write(
    session: &mut Session,
    source: &SourceName,
    kind: SourceKind,
    batch: &Batch,
) -> Result<(), Trouble> {
    let mut deltas = Deltas::default();
    let source = source_number(session, source, kind)?;
    let certificates = certificates::numbers(session, &batch.certificates, &mut deltas)?;
    let claims = claims(session, &batch.claims, &mut deltas)?;
    let places = places::numbers(session, &batch.places, &mut deltas)?;
    if !places.known.is_empty() {
        let local = Vantage::local();
        let vantages = places::vantages(session, &BTreeSet::from([local.clone()]))?;
        let new = batch.places.iter().filter_map(|(key, (_, at))| {
            let due = (*at)?;
            Some((*places.known.get(key)?, *vantages.get(&local)?, key, due))
        });
        schedule::write_new(session, new)?;
    }
    let mut rows = Vec::with_capacity(batch.told.len());
    for ((subject, detail_digest), (detail, first, last)) in &batch.told {
        let (kind, number) = match subject {
            Subject::Certificate(fingerprint) => (told::CERTIFICATE, certificates.get(fingerprint)),
            Subject::Claim(key) => (told::CLAIM, claims.known.get(key)),
            Subject::Place(key) => (told::PLACE, places.known.get(key)),
        };
        let number = number.ok_or_else(|| Trouble::broken("what was told of is not there"))?;
        rows.push(vec![
            Value::Int(*number),
            Value::from(kind),
            Value::Int(source),
            Value::from(detail_digest.as_slice()),
            Value::from(detail.as_str()),
            Value::Int(*first),
            Value::Int(*last),
        ]);
    }
    session.put(&TOLD, rows)?;
    deltas.write(session)
}

fn claims(
    session: &mut Session,
    wanted: &BTreeMap<Digest, ClaimText>,
    deltas: &mut Deltas,
) -> Result<places::Numbers, Trouble> {
    let rows = wanted
        .iter()
        .map(|(key, claim)| (*key, claim.row.clone()))
        .collect();
    let numbers = looks::by_digest(session, &CLAIM_BY_DIGEST, &CLAIM, rows)?;
    if numbers.new.is_empty() {
        return Ok(numbers);
    }
    deltas.add(counter::CLAIMS, numbers.new.len() as u64);
    let new: Vec<(i64, &ClaimText)> = wanted
        .iter()
        .filter_map(|(key, claim)| Some((*numbers.known.get(key)?, claim)))
        .filter(|(number, _)| numbers.new.contains(number))
        .collect();
    let all: BTreeSet<String> = new
        .iter()
        .flat_map(|(_, claim)| claim.names.iter().cloned())
        .collect();
    let names = certificates::name_numbers(session, &all, deltas)?;
    let mut pairs = Vec::new();
    for (number, claim) in new {
        for name in claim.names.iter().filter_map(|name| names.get(name)) {
            pairs.push(vec![Value::Int(number), Value::Int(*name)]);
        }
    }
    session.put(&CLAIM_NAME, pairs)?;
    Ok(numbers)
}

/// The number of a source, after it was put in when it is new.
pub(crate) fn source_number(
    session: &mut Session,
    source: &SourceName,
    kind: SourceKind,
) -> Result<i64, Trouble> {
    let key = vec![vec![Value::from(source.as_str())]];
    if let Some(row) = session.find(&SOURCE_BY_NAME, key.clone())?.first() {
        return row.int(0);
    }
    session.put(
        &SOURCE,
        vec![vec![Value::from(source.as_str()), Value::from(kind.word())]],
    )?;
    let rows = session.find(&SOURCE_BY_NAME, key)?;
    rows.first().map_or_else(
        || Err(Trouble::broken("a source that was put in is not there")),
        |row| row.int(0),
    )
}

const SOURCE_BY_NAME: Find = Find {
    columns: "id",
    from: "source",
    keys: &[("name", Kind::Text)],
};
const SOURCE: Put<'static> = Put {
    table: "source",
    columns: &[("name", Kind::Text), ("kind", Kind::Text)],
    conflict: "ON CONFLICT DO NOTHING",
};
const CLAIM_BY_DIGEST: Find = Find {
    columns: "id, digest",
    from: "claim",
    keys: &[("digest", Kind::Blob)],
};
const CLAIM: Put<'static> = Put {
    table: "claim",
    columns: &[
        ("digest", Kind::Blob),
        ("issuer", Kind::Text),
        ("serial", Kind::Blob),
        ("common_name", Kind::Text),
        ("not_before", Kind::Int),
        ("not_after", Kind::Int),
        ("names_digest", Kind::Blob),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};
const CLAIM_NAME: Put<'static> = Put {
    table: "claim_name",
    columns: &[("claim", Kind::Int), ("name", Kind::Int)],
    conflict: "ON CONFLICT DO NOTHING",
};
const TOLD: Put<'static> = Put {
    table: "told",
    columns: &[
        ("subject", Kind::Int),
        ("kind", Kind::Text),
        ("source", Kind::Int),
        ("detail_digest", Kind::Blob),
        ("detail", Kind::Text),
        ("first", Kind::Int),
        ("last", Kind::Int),
    ],
    conflict: "ON CONFLICT (kind, subject, source, detail_digest) DO UPDATE SET
        first = CASE WHEN excluded.first < told.first THEN excluded.first ELSE told.first END,
        last = CASE WHEN excluded.last > told.last THEN excluded.last ELSE told.last END",
};
