//! Certificates and their names into rows: each once, whoever shows it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use model::certificate::{Curve, Facts, GeneralName, KeyKind};
use model::{Certificate, Fingerprint};

use super::{Deltas, counter};
use crate::error::Trouble;
use crate::session::{Change, Find, Put, Session, When};
use crate::value::{Kind, Value, text};
use crate::words::{Digest, digest};

/// The numbers of `wanted`, after those that are new were put in. Each comes with the earliest time it is known from.
pub(crate) fn numbers(
    session: &mut Session,
    wanted: &BTreeMap<Fingerprint, (Arc<Certificate>, i64)>,
    deltas: &mut Deltas,
) -> Result<HashMap<Fingerprint, i64>, Trouble> {
    let mut numbers = HashMap::with_capacity(wanted.len());
    let mut earlier = Vec::new();
    let known = session.find(&BY_FINGERPRINT, keys(wanted.keys()))?;
    for row in &known {
        let fingerprint = Fingerprint::from_bytes(row.digest(1)?);
        let id = row.int(0)?;
        numbers.insert(fingerprint, id);
        if let Some((_, at)) = wanted
            .get(&fingerprint)
            .filter(|(_, at)| row.int(2).is_ok_and(|known| *at < known))
        {
            earlier.push(vec![Value::Int(id), Value::Int(*at)]);
        }
    }
    let new: Vec<(&Fingerprint, &(Arc<Certificate>, i64))> = wanted
        .iter()
        .filter(|(fingerprint, _)| !numbers.contains_key(fingerprint))
        .collect();
    if !new.is_empty() {
        let rows = new.iter().map(|(_, (certificate, at))| row(certificate, *at));
        deltas.add(counter::CERTIFICATES, session.put(&CERTIFICATE, rows.collect())?);
        for row in session.find(
            &BY_FINGERPRINT,
            keys(new.iter().map(|(fingerprint, _)| *fingerprint)),
        )? {
            numbers.insert(Fingerprint::from_bytes(row.digest(1)?), row.int(0)?);
        }
        belongings(session, &new, &numbers, deltas)?;
    }
    session.change(&EARLIER, earlier)?;
    Ok(numbers)
}

/// The bytes and the names of new certificates.
fn belongings(
    session: &mut Session,
    new: &[(&Fingerprint, &(Arc<Certificate>, i64))],
    numbers: &HashMap<Fingerprint, i64>,
    deltas: &mut Deltas,
) -> Result<(), Trouble> {
    let (mut der, mut named, mut all) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (fingerprint, (certificate, _)) in new {
        let Some(id) = numbers.get(fingerprint) else {
            return Err(Trouble::broken("a certificate that was put in is not there"));
        };
        der.push(vec![Value::Int(*id), Value::from(certificate.der())]);
        let names = names_of(certificate.facts());
        all.extend(names.iter().cloned());
        named.push((*id, names));
    }
    session.put(&DER, der)?;
    let ids = name_numbers(session, &all, deltas)?;
    let mut rows = BTreeSet::new();
    for (certificate, names) in &named {
        for name in names {
            if let Some(id) = ids.get(name) {
                rows.insert((*certificate, *id));
            }
        }
    }
    let rows = rows
        .into_iter()
        .map(|(certificate, name)| vec![Value::Int(certificate), Value::Int(name)]);
    session.put(&CERTIFICATE_NAME, rows.collect()).map(drop)
}

/// The numbers of names, after those that are new were put in.
pub(crate) fn name_numbers(
    session: &mut Session,
    wanted: &BTreeSet<String>,
    deltas: &mut Deltas,
) -> Result<HashMap<String, i64>, Trouble> {
    let key = |name: &String| vec![Value::Text(name.clone())];
    let mut numbers = HashMap::with_capacity(wanted.len());
    for row in session.find(&BY_NAME, wanted.iter().map(key).collect())? {
        numbers.insert(row.text(1)?.to_owned(), row.int(0)?);
    }
    let new: Vec<&String> = wanted
        .iter()
        .filter(|name| !numbers.contains_key(*name))
        .collect();
    if new.is_empty() {
        return Ok(numbers);
    }
    deltas.add(
        counter::NAMES,
        session.put(&NAME, new.iter().copied().map(key).collect())?,
    );
    for row in session.find(&BY_NAME, new.iter().copied().map(key).collect())? {
        numbers.insert(row.text(1)?.to_owned(), row.int(0)?);
    }
    Ok(numbers)
}

/// The names of a certificate: `dNSName` and `iPAddress` in lower case, sorted, each once; for an end entity without
/// any its common name, which is what people call it.
pub(crate) fn names_of(facts: &Facts) -> Vec<String> {
    let listed = facts.subject_alt_names.as_deref().unwrap_or_default();
    let mut names: BTreeSet<String> = listed
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.raw().to_ascii_lowercase()),
            GeneralName::Address(address) => Some(address.to_string()),
            _ => None,
        })
        .map(|name| kept(&name))
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() && !facts.is_ca() {
        let common = facts.subject.common_name.as_ref();
        names.extend(
            common
                .map(|name| kept(&name.raw().to_ascii_lowercase()))
                .filter(|name| !name.is_empty()),
        );
    }
    names.into_iter().collect()
}

/// A name as both databases keep it: without NUL, and short enough for an index of PostgreSQL (2,704 bytes). A DNS name
/// has at most 253.
pub(crate) fn kept(name: &str) -> String {
    const LONGEST: usize = 1024;
    let cut = name.get(..name.floor_char_boundary(LONGEST)).unwrap_or_default();
    cut.replace('\0', "\u{2400}")
}

/// How equal sets of names are found.
pub(crate) fn names_digest<'a>(names: impl IntoIterator<Item = &'a String>) -> Digest {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    digest(names.join("\n").as_bytes())
}

fn row(certificate: &Certificate, at: i64) -> Vec<Value> {
    let facts = certificate.facts();
    let spki = certificate
        .der()
        .get(facts.public_key.spki.clone())
        .unwrap_or_default();
    vec![
        Value::from(certificate.fingerprint().as_bytes().as_slice()),
        text(facts.subject.text.raw()),
        text(facts.issuer.text.raw()),
        facts
            .subject
            .common_name
            .as_ref()
            .map_or(Value::Null, |name| text(name.raw())),
        Value::from(facts.serial.as_ref()),
        serial_key(&facts.serial),
        Value::from(facts.not_before.map(|time| time.as_millisecond())),
        Value::from(facts.not_after.map(|time| time.as_millisecond())),
        Value::from(key_words(&facts.public_key.kind)),
        Value::from(Fingerprint::of(spki).as_bytes().as_slice()),
        Value::Int(i64::from(facts.is_ca())),
        Value::Int(i64::from(facts.self_issued())),
        Value::from(names_digest(&names_of(facts)).as_slice()),
        Value::Int(at),
    ]
}

/// By what a serial number is found: as claims say it, without the octet that only says that it is positive, and short
/// enough for any index. Honest ones have at most 20 bytes (RFC 5280 section 4.1.2.2).
pub(crate) fn serial_key(serial: &[u8]) -> Value {
    let bare = model::inventory::fit::without_sign(serial);
    Value::from(bare.get(..64).unwrap_or(bare))
}

/// Kind and size of a key, in words.
fn key_words(kind: &KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits, pss: false, .. } => format!("RSA {bits}"),
        KeyKind::Rsa { bits, pss: true, .. } => format!("RSA-PSS {bits}"),
        KeyKind::Ec(Curve::P256) => "EC P-256".to_owned(),
        KeyKind::Ec(Curve::P384) => "EC P-384".to_owned(),
        KeyKind::Ec(Curve::P521) => "EC P-521".to_owned(),
        KeyKind::Ec(Curve::Secp256k1) => "EC secp256k1".to_owned(),
        KeyKind::Ec(Curve::Named(oid)) => format!("EC {oid}"),
        KeyKind::Ec(Curve::Explicit) => "EC explicit".to_owned(),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Ed448 => "Ed448".to_owned(),
        KeyKind::Dsa { bits } => format!("DSA {bits}"),
        KeyKind::MlDsa(set) => format!("ML-DSA-{set}"),
        KeyKind::Other(oid) => oid.to_string(),
        KeyKind::Unread => "unread".to_owned(),
    }
}

fn keys<'a>(fingerprints: impl Iterator<Item = &'a Fingerprint>) -> Vec<Vec<Value>> {
    let keys = fingerprints.map(|fingerprint| vec![Value::from(fingerprint.as_bytes().as_slice())]);
    keys.collect()
}

const BY_FINGERPRINT: Find = Find {
    columns: "id, fingerprint, first_known",
    from: "certificate",
    keys: &[("fingerprint", Kind::Blob)],
};
const BY_NAME: Find = Find {
    columns: "id, name",
    from: "name",
    keys: &[("name", Kind::Text)],
};
const CERTIFICATE: Put<'static> = Put {
    table: "certificate",
    columns: &[
        ("fingerprint", Kind::Blob),
        ("subject", Kind::Text),
        ("issuer", Kind::Text),
        ("common_name", Kind::Text),
        ("serial", Kind::Blob),
        ("serial_claimed", Kind::Blob),
        ("not_before", Kind::Int),
        ("not_after", Kind::Int),
        ("key", Kind::Text),
        ("spki", Kind::Blob),
        ("is_ca", Kind::Int),
        ("is_self_issued", Kind::Int),
        ("names_digest", Kind::Blob),
        ("first_known", Kind::Int),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};
const DER: Put<'static> = Put {
    table: "certificate_der",
    columns: &[("certificate", Kind::Int), ("der", Kind::Blob)],
    conflict: "ON CONFLICT DO NOTHING",
};
const NAME: Put<'static> = Put {
    table: "name",
    columns: &[("name", Kind::Text)],
    conflict: "ON CONFLICT DO NOTHING",
};
const CERTIFICATE_NAME: Put<'static> = Put {
    table: "certificate_name",
    columns: &[("certificate", Kind::Int), ("name", Kind::Int)],
    conflict: "ON CONFLICT DO NOTHING",
};
const EARLIER: Change = Change {
    table: "certificate",
    keys: &[("id", Kind::Int)],
    sets: &[("first_known", Kind::Int)],
    when: When::Lower,
};
