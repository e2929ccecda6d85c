//! Certificates, and which of them concern each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use model::inventory::{CertificateRow, KeyGroup, RowId};
use model::{Fingerprint, Untrusted};

use super::{limit, names, told};
use crate::error::Trouble;
use crate::ingest::sightings::told as kind;
use crate::session::{Find, Session};
use crate::value::{Kind, Row, Value};
use crate::words::{milliseconds, time};

pub(super) const COLUMNS: &str = "certificate.id, certificate.fingerprint, certificate.subject, certificate.issuer,
    certificate.common_name, certificate.serial, certificate.not_before, certificate.not_after, certificate.key,
    certificate.spki, certificate.is_ca, certificate.is_self_issued, certificate.first_known";

/// All, by number.
pub(crate) fn page(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<CertificateRow>, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM certificate WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = session.query(&sql, &[Value::Int(after.0), limit(rows)])?;
    whole(session, &rows)
}

/// Those that end in a span of time, the first to end first; `after` is end and number of the last row of the page
/// before.
pub(crate) fn ending(
    session: &mut Session,
    (from, until): (Timestamp, Timestamp),
    after: Option<(Timestamp, RowId)>,
    rows: u32,
) -> Result<Vec<CertificateRow>, Trouble> {
    let (end, id) = after.map_or_else(
        || (milliseconds(from).saturating_sub(1), i64::MAX),
        |(end, id)| (milliseconds(end), id.0),
    );
    let sql = format!(
        "SELECT {COLUMNS} FROM certificate WHERE (not_after, id) > (?1, ?2) AND not_after <= ?3
         ORDER BY not_after, id LIMIT ?4"
    );
    let values = [
        Value::Int(end),
        Value::Int(id),
        Value::Int(milliseconds(until)),
        limit(rows),
    ];
    let rows = session.query(&sql, &values)?;
    whole(session, &rows)
}

/// Those that have exactly this name (in lower case; a wildcard is a name of its own).
pub(crate) fn named(
    session: &mut Session,
    name: &str,
    after: RowId,
    rows: u32,
) -> Result<Vec<CertificateRow>, Trouble> {
    let sql = format!(
        "SELECT {COLUMNS} FROM name JOIN certificate_name ON certificate_name.name = name.id
         JOIN certificate ON certificate.id = certificate_name.certificate
         WHERE name.name = ?1 AND certificate_name.certificate > ?2 ORDER BY certificate_name.certificate LIMIT ?3"
    );
    let rows = session.query(&sql, &[Value::from(name), Value::Int(after.0), limit(rows)])?;
    whole(session, &rows)
}

/// Those that are the leaf of some present standing.
pub(crate) fn served(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<CertificateRow>, Trouble> {
    let sql = format!(
        "SELECT {COLUMNS} FROM certificate WHERE id > ?1
         AND EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id) ORDER BY id LIMIT ?2"
    );
    let rows = session.query(&sql, &[Value::Int(after.0), limit(rows)])?;
    whole(session, &rows)
}

/// Those that no look ever saw as a leaf.
pub(crate) fn never_served(
    session: &mut Session,
    after: RowId,
    rows: u32,
) -> Result<Vec<CertificateRow>, Trouble> {
    let sql = format!(
        "SELECT {COLUMNS} FROM certificate WHERE id > ?1
         AND NOT EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id)
         AND NOT EXISTS (SELECT 1 FROM leaf_episode WHERE leaf_episode.leaf = certificate.id) ORDER BY id LIMIT ?2"
    );
    let rows = session.query(&sql, &[Value::Int(after.0), limit(rows)])?;
    whole(session, &rows)
}

/// The certificates of these numbers, those that are there.
pub(crate) fn by_numbers(session: &mut Session, ids: &BTreeSet<i64>) -> Result<Vec<CertificateRow>, Trouble> {
    let find = Find {
        columns: COLUMNS,
        from: "certificate",
        keys: &[("certificate.id", Kind::Int)],
    };
    let rows = session.find(&find, ids.iter().map(|id| vec![Value::Int(*id)]).collect())?;
    whole(session, &rows)
}

/// The certificate of a fingerprint.
pub(crate) fn by_fingerprint(
    session: &mut Session,
    fingerprint: &Fingerprint,
) -> Result<Option<CertificateRow>, Trouble> {
    let sql = format!("SELECT {COLUMNS} FROM certificate WHERE fingerprint = ?1");
    let rows = session.query(&sql, &[Value::from(fingerprint.as_bytes().as_slice())])?;
    Ok(whole(session, &rows)?.into_iter().next())
}

/// The bytes of a certificate.
pub(crate) fn der(session: &mut Session, fingerprint: &Fingerprint) -> Result<Option<Vec<u8>>, Trouble> {
    let sql = "SELECT certificate_der.der FROM certificate
        JOIN certificate_der ON certificate_der.certificate = certificate.id WHERE certificate.fingerprint = ?1";
    let row = session.one(sql, &[Value::from(fingerprint.as_bytes().as_slice())])?;
    row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
}

/// For each of these certificates, those that began later and have one of its names, exactly or by a wildcard: among
/// them is every certificate that could replace it.
///
/// A replacement covers all names of the old one, so that it is enough to look at one of them; the name that fewest
/// certificates have is not worth finding out, since the old one's names mostly travel together.
pub(crate) fn newer(session: &mut Session, ids: &[RowId]) -> Result<Vec<(RowId, CertificateRow)>, Trouble> {
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let pivots = pivots(session, &numbers)?;
    let old = by_numbers(session, &numbers.iter().copied().collect())?;
    let began: HashMap<i64, Option<Timestamp>> = old.iter().map(|row| (row.id.0, row.not_before)).collect();
    let mut wanted: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (id, name) in pivots {
        if let Some((_, parent)) = name.split_once('.').filter(|_| !name.starts_with("*.")) {
            wanted.entry(format!("*.{parent}")).or_default().push(id);
        }
        wanted.entry(name).or_default().push(id);
    }
    let find = Find {
        columns: "name.name, certificate.id, certificate.not_before",
        from: "name JOIN certificate_name ON certificate_name.name = name.id
            JOIN certificate ON certificate.id = certificate_name.certificate",
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
        let (candidate, begins) = (row.int(1)?, row.maybe_int(2)?.map(time).transpose()?);
        for id in wanted.get(row.text(0)?).into_iter().flatten() {
            if *id != candidate && begins > began.get(id).copied().flatten() {
                pairs.insert((*id, candidate));
            }
        }
    }
    let candidates = by_numbers(session, &pairs.iter().map(|(_, candidate)| *candidate).collect())?;
    let candidates: HashMap<i64, CertificateRow> =
        candidates.into_iter().map(|row| (row.id.0, row)).collect();
    let rows = pairs.into_iter().filter_map(|(id, candidate)| {
        let row = candidates.get(&candidate)?;
        Some((RowId(id), row.clone()))
    });
    Ok(rows.collect())
}

/// One name of each certificate: its first that is no wildcard, otherwise its first.
pub(super) fn pivots(session: &mut Session, ids: &[i64]) -> Result<Vec<(i64, String)>, Trouble> {
    let all = names(session, &NAMES, ids)?;
    let pivots = all.into_iter().filter_map(|(id, names)| {
        let plain = names.iter().find(|name| !name.starts_with("*."));
        let name = plain.or_else(|| names.first())?;
        Some((id, name.to_string()))
    });
    Ok(pivots.collect())
}

/// Keys that stand in several certificates, by key.
pub(crate) fn key_groups(
    session: &mut Session,
    after: Option<Fingerprint>,
    rows: u32,
) -> Result<Vec<KeyGroup>, Trouble> {
    let after = after.map_or_else(Vec::new, |spki| spki.as_bytes().to_vec());
    let groups = session.query(
        "SELECT spki, count(*) FROM certificate WHERE spki > ?1 GROUP BY spki HAVING count(*) > 1
         ORDER BY spki LIMIT ?2",
        &[Value::Blob(after), limit(rows)],
    )?;
    let mut found = Vec::with_capacity(groups.len());
    for group in &groups {
        let sql = format!(
            "SELECT {COLUMNS} FROM certificate WHERE spki = ?1 ORDER BY id LIMIT {}",
            KeyGroup::SHOWN
        );
        let rows = session.query(&sql, &[Value::from(group.blob(0)?)])?;
        found.push(KeyGroup {
            spki: Fingerprint::from_bytes(group.digest(0)?),
            certificates: whole(session, &rows)?,
            count: super::count(group.int(1)?),
        });
    }
    Ok(found)
}

/// Rows of [`COLUMNS`] with the names and who told.
pub(super) fn whole(session: &mut Session, rows: &[Row]) -> Result<Vec<CertificateRow>, Trouble> {
    let ids = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, Trouble>>()?;
    let mut names = names(session, &NAMES, &ids)?;
    let mut told = told(session, kind::CERTIFICATE, &ids)?;
    let rows = rows.iter().map(|row| {
        let id = row.int(0)?;
        Ok(CertificateRow {
            id: RowId(id),
            fingerprint: Fingerprint::from_bytes(row.digest(1)?),
            subject: Untrusted::new(row.text(2)?),
            issuer: Untrusted::new(row.text(3)?),
            common_name: row.maybe_text(4)?.map(Untrusted::new),
            serial: row.blob(5)?.into(),
            not_before: row.maybe_int(6)?.map(time).transpose()?,
            not_after: row.maybe_int(7)?.map(time).transpose()?,
            key: row.text(8)?.into(),
            spki: Fingerprint::from_bytes(row.digest(9)?),
            is_ca: row.int(10)? != 0,
            is_self_issued: row.int(11)? != 0,
            names: names.remove(&id).unwrap_or_default(),
            first_known: time(row.int(12)?)?,
            told: told.remove(&id).unwrap_or_default(),
        })
    });
    rows.collect()
}

pub(super) const NAMES: Find = Find {
    columns: "certificate_name.certificate, name.name",
    from: "certificate_name JOIN name ON name.id = certificate_name.name",
    keys: &[("certificate_name.certificate", Kind::Int)],
};
