//! `not-served`: a newer certificate for the same names exists, and endpoints still serve the old one.

use std::collections::HashMap;
use std::io::Write;

use engine::join::renewed::{Issued, NotServed, Served, Told, renewed_not_served};
use model::inventory::{CertificateRow, ClaimRow, RowId};

use super::{Paper, Reading, is_unique, is_withdrawn, number, texts};
use crate::sheet::{Cell, Column, Row, column};
use crate::text;

const COLUMNS: &[Column] = &[
    column("common_name", "Certificate"),
    column("names", "Names"),
    column("endpoints_old", "Old at"),
    column("endpoints", "Of"),
    column("not_after", "Old ends"),
    column("days_left", "Left"),
    column("newer_since", "Renewed"),
    column("newer_not_after", "New ends"),
    column("newer_known_from", "Known from"),
    column("places", "Still old"),
    column("sha256", ""),
    column("newer_sha256", ""),
    column("newer_serial", ""),
    column("issuer", ""),
    column("remedy", ""),
];

const REMEDY: &str = "put the newer certificate on these endpoints and reload them; `nolapse serve` looks again within the hour";

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let found = find(reading).await?;
    let words = format!(
        "{} still served though a newer one exists",
        text::counted(found.len() as u64, "certificate")
    );
    let mut sheet = paper.sheet(COLUMNS, reading.head("Renewed, not served", &words))?;
    for chunk in found.chunks(AT_ONCE) {
        let details = Details::of(reading, chunk).await?;
        for one in chunk {
            let places = reading.place_names(&one.places).await?;
            sheet.row(details.row(one, places, reading))?;
        }
    }
    Ok(sheet.finish("")?)
}

/// Findings whose certificates are looked up together.
const AT_ONCE: usize = 256;

/// The findings.
pub(super) async fn find(reading: &Reading) -> anyhow::Result<Vec<NotServed>> {
    let mut served: Vec<Served> = Vec::new();
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.endpoints(from).await?;
        served.extend(rows.iter().filter_map(|row| {
            Some(Served {
                place: row.id.0,
                certificate: row.leaf_id?.0,
            })
        }));
        after = last;
    }
    let is_served: std::collections::HashSet<i64> = served.iter().map(|one| one.certificate).collect();
    let mut issued: Vec<Issued> = Vec::new();
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        let wanted = |row: &&CertificateRow| {
            is_served.contains(&row.id.0) || !row.is_ca && row.not_after > Some(reading.now)
        };
        issued.extend(rows.iter().filter(wanted).filter_map(of_certificate));
        after = last;
    }
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        issued.extend(
            rows.iter()
                .filter(|row| row.not_after > Some(reading.now))
                .filter_map(of_claim),
        );
        after = last;
    }
    Ok(renewed_not_served(&issued, &served, reading.grace, reading.now))
}

fn of_certificate(row: &CertificateRow) -> Option<Issued> {
    Some(Issued {
        number: row.id.0,
        not_before: row.not_before?,
        not_after: row.not_after?,
        names: numbers(&row.names),
        can_replace: !row.is_self_issued && !is_withdrawn(&row.told),
        told: if row.told.is_empty() {
            Told::OnTheWire
        } else {
            Told::BySource
        },
    })
}

/// Claims have negative numbers here.
fn of_claim(row: &ClaimRow) -> Option<Issued> {
    let first_told = row.told.iter().map(|told| told.when.first).min();
    Some(Issued {
        number: -row.id.0,
        not_before: row.not_before.or(first_told)?,
        not_after: row.not_after?,
        names: numbers(&row.names),
        can_replace: !is_withdrawn(&row.told),
        told: Told::BySource,
    })
}

fn numbers(names: &[Box<str>]) -> Box<[i64]> {
    let mut numbers: Vec<i64> = names
        .iter()
        .filter(|name| is_unique(name))
        .map(|name| number(name))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.into()
}

/// What is known of the certificates of some findings.
struct Details {
    certificates: HashMap<i64, CertificateRow>,
    claims: HashMap<i64, ClaimRow>,
}

impl Details {
    async fn of(reading: &Reading, found: &[NotServed]) -> anyhow::Result<Self> {
        let ids = found
            .iter()
            .flat_map(|one| [one.old, one.newer])
            .filter(|number| *number > 0);
        let certificates = reading.store.certificates_by_id(ids.map(RowId).collect()).await?;
        let mut claims = HashMap::new();
        for number in found.iter().map(|one| one.newer).filter(|number| *number < 0) {
            let page = reading.store.claims(RowId(-number - 1), 1).await?;
            claims.extend(
                page.into_iter()
                    .filter(|row| row.id.0 == -number)
                    .map(|row| (number, row)),
            );
        }
        Ok(Self {
            certificates: certificates.into_iter().map(|row| (row.id.0, row)).collect(),
            claims,
        })
    }

    fn row(&self, one: &NotServed, places: Vec<String>, reading: &Reading) -> Row {
        let old = self.certificates.get(&one.old);
        let newer = self.certificates.get(&one.newer);
        let claim = self.claims.get(&one.newer);
        let told = newer.map(|row| &row.told).or_else(|| claim.map(|row| &row.told));
        let serial = newer
            .map(|row| hex::encode(&row.serial))
            .or_else(|| claim?.serial.as_ref().map(hex::encode));
        let end = old.and_then(|row| row.not_after);
        vec![
            old.and_then(|row| row.common_name.as_ref())
                .map(|name| name.raw())
                .into(),
            old.map_or(Cell::None, |row| texts(&row.names)),
            one.places.len().into(),
            one.of.into(),
            end.into(),
            reading.days(end),
            one.since.into(),
            newer
                .and_then(|row| row.not_after)
                .or_else(|| claim?.not_after)
                .into(),
            told.map_or(Cell::None, |told| super::sources(told, told.is_empty())),
            Cell::List(places),
            old.map(|row| row.fingerprint.to_string()).into(),
            newer.map(|row| row.fingerprint.to_string()).into(),
            serial.into(),
            old.map(|row| row.issuer.raw()).into(),
            REMEDY.into(),
        ]
    }
}
