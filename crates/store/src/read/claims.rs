//! Claimed certificates, and the whole ones that they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::Untrusted;
use model::inventory::{CertificateRow, ClaimRow, RowId, fit};

use super::certificates::{by_numbers, pivots};
use super::{limit, names, told};
use crate::error::Trouble;
use crate::ingest::sightings::told as kind;
use crate::session::{Find, Session};
use crate::value::{Kind, Row, Value};
use crate::words::time;

pub(super) const COLUMNS: &str =
    "claim.id, claim.issuer, claim.serial, claim.common_name, claim.not_before, claim.not_after,
    claim.names_digest";

/// All, by number.
pub(crate) fn page(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<ClaimRow>, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM claim WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = session.query(&sql, &[Value::Int(after.0), limit(rows)])?;
    whole(session, &rows)
}

/// For each of these certificates, the claims that have one of its names, exactly or by a wildcard, and begin later.
pub(crate) fn newer(session: &mut Session, ids: &[RowId]) -> Result<Vec<(RowId, ClaimRow)>, Trouble> {
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut wanted: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (id, name) in pivots(session, &numbers)? {
        if let Some((_, parent)) = name.split_once('.').filter(|_| !name.starts_with("*.")) {
            wanted.entry(format!("*.{parent}")).or_default().push(id);
        }
        wanted.entry(name).or_default().push(id);
    }
    let find = Find {
        columns: "name.name, claim_name.claim",
        from: "name JOIN claim_name ON claim_name.name = name.id",
        keys: &[("name.name", Kind::Text)],
    };
    let mut pairs = BTreeSet::new();
    for row in session.find(
        &find,
        wanted
            .keys()
            .map(|name| vec![Value::from(name.as_str())])
            .collect(),
    )? {
        let claim = row.int(1)?;
        let ids = wanted.get(row.text(0)?).into_iter().flatten();
        pairs.extend(ids.map(|id| (*id, claim)));
    }
    let old = by_numbers(session, &numbers.iter().copied().collect())?;
    let old: HashMap<i64, CertificateRow> = old.into_iter().map(|row| (row.id.0, row)).collect();
    let claims: BTreeSet<i64> = pairs.iter().map(|(_, claim)| *claim).collect();
    let find = Find {
        columns: COLUMNS,
        from: "claim",
        keys: &[("claim.id", Kind::Int)],
    };
    let rows = session.find(&find, claims.iter().map(|id| vec![Value::Int(*id)]).collect())?;
    let claims: HashMap<i64, ClaimRow> = whole(session, &rows)?
        .into_iter()
        .map(|row| (row.id.0, row))
        .collect();
    let rows = pairs.into_iter().filter_map(|(id, claim)| {
        let (old, claim) = (old.get(&id)?, claims.get(&claim)?);
        // A claim that says no begin cannot be said to be newer than anything; its end says it as well.
        let begins_later = claim.not_before.map(|begin| Some(begin) > old.not_before);
        let ends_later = claim.not_after.is_some() && claim.not_after > old.not_after;
        (begins_later.unwrap_or(ends_later) && !fit::fits(claim, old)).then(|| (RowId(id), claim.clone()))
    });
    Ok(rows.collect())
}

/// Rows of [`COLUMNS`] with the names, who told, and the certificate that each one is.
pub(super) fn whole(session: &mut Session, rows: &[Row]) -> Result<Vec<ClaimRow>, Trouble> {
    let ids = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, Trouble>>()?;
    let mut names = names(session, &NAMES, &ids)?;
    let mut told = told(session, kind::CLAIM, &ids)?;
    let mut claims = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.int(0)?;
        claims.push(ClaimRow {
            id: RowId(id),
            issuer: row.maybe_text(1)?.map(Untrusted::new),
            serial: row.maybe_blob(2)?.map(Into::into),
            common_name: row.maybe_text(3)?.map(Untrusted::new),
            names: names.remove(&id).unwrap_or_default(),
            not_before: row.maybe_int(4)?.map(time).transpose()?,
            not_after: row.maybe_int(5)?.map(time).transpose()?,
            told: told.remove(&id).unwrap_or_default(),
            fits: None,
        });
    }
    let candidates = candidates(session, rows)?;
    for (claim, row) in claims.iter_mut().zip(rows) {
        let found = candidates.get(&key(row)?).into_iter().flatten();
        // Of several (the same certificate logged and issued, say) the one with the least fingerprint, always.
        claim.fits = found
            .filter(|certificate| fit::fits(claim, certificate))
            .map(|certificate| certificate.fingerprint)
            .min();
    }
    Ok(claims)
}

/// By what whole certificates are looked for: the serial number where one is claimed, otherwise the names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Serial(Vec<u8>),
    Names(Vec<u8>),
}

fn key(row: &Row) -> Result<Key, Trouble> {
    Ok(match row.maybe_blob(2)? {
        Some(serial) => Key::Serial(serial.to_vec()),
        None => Key::Names(row.blob(6)?.to_vec()),
    })
}

fn candidates(session: &mut Session, rows: &[Row]) -> Result<HashMap<Key, Vec<CertificateRow>>, Trouble> {
    let keys = rows.iter().map(key).collect::<Result<BTreeSet<Key>, Trouble>>()?;
    let of = |wanted: fn(&Key) -> Option<&Vec<u8>>| -> Vec<Vec<Value>> {
        keys.iter()
            .filter_map(wanted)
            .map(|bytes| vec![Value::Blob(bytes.clone())])
            .collect()
    };
    let serials = of(|key| match key {
        Key::Serial(bytes) => Some(bytes),
        Key::Names(_) => None,
    });
    let names = of(|key| match key {
        Key::Names(bytes) => Some(bytes),
        Key::Serial(_) => None,
    });
    let mut pairs = Vec::new();
    for row in session.find(&BY_SERIAL, serials)? {
        pairs.push((Key::Serial(row.blob(1)?.to_vec()), row.int(0)?));
    }
    for row in session.find(&BY_NAMES, names)? {
        pairs.push((Key::Names(row.blob(1)?.to_vec()), row.int(0)?));
    }
    let found = by_numbers(session, &pairs.iter().map(|(_, id)| *id).collect())?;
    let found: HashMap<i64, CertificateRow> = found.into_iter().map(|row| (row.id.0, row)).collect();
    let mut candidates: HashMap<Key, Vec<CertificateRow>> = HashMap::new();
    for (key, id) in pairs {
        if let Some(row) = found.get(&id) {
            candidates.entry(key).or_default().push(row.clone());
        }
    }
    Ok(candidates)
}

const NAMES: Find = Find {
    columns: "claim_name.claim, name.name",
    from: "claim_name JOIN name ON name.id = claim_name.name",
    keys: &[("claim_name.claim", Kind::Int)],
};
const BY_SERIAL: Find = Find {
    columns: "id, serial_claimed",
    from: "certificate",
    keys: &[("serial_claimed", Kind::Blob)],
};
const BY_NAMES: Find = Find {
    columns: "id, names_digest",
    from: "certificate",
    keys: &[("names_digest", Kind::Blob)],
};
