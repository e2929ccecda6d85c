//! `certificates` and `expiring`: what there is, and what ends.

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use model::inventory::{CertificateRow, ClaimRow, RowId};

use super::{Paper, Reading, is_withdrawn, served::Served, sources, texts, word};
use crate::sheet::picture::Calendar;
use crate::sheet::{Cell, Column, Row, column};
use crate::text;

const COLUMNS: &[Column] = &[
    column("status", "Status"),
    column("common_name", "Common name"),
    column("names", "Names"),
    column("issuer", "Issuer"),
    column("serial", ""),
    column("not_before", ""),
    column("not_after", "Ends"),
    column("days_left", "Left"),
    column("key", "Key"),
    column("endpoints", "Served at"),
    column("sources", "Known from"),
    column("first_known", ""),
    column("sha256", ""),
    column("is_ca", ""),
    column("is_claim", ""),
];

/// Every certificate, then every claim that is none of them.
pub(super) async fn all<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let served = reading.served().await?;
    let counters = reading.store.counters().await?;
    let words = format!(
        "{} and {} that are only claimed",
        text::counted(counters.certificates, "certificate"),
        text::count(counters.claims)
    );
    let mut head = reading.head("Certificates", &words);
    if paper.format == crate::sheet::Format::Html {
        head.pictures.push(calendar(reading).await?);
    }
    let mut sheet = paper.sheet(COLUMNS, head)?;
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        for row in &rows {
            sheet.row(certificate(row, reading, &served))?;
        }
        after = last;
    }
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        for row in &rows {
            sheet.row(claim(row, reading))?;
        }
        after = last;
    }
    Ok(sheet.finish("")?)
}

/// `expiring` looks so far ahead unless told otherwise.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What ends within a time, the first to end first; what has ended only where it is still served.
pub(super) async fn expiring<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let served = reading.served().await?;
    let within = reading.within.unwrap_or(WITHIN);
    let until = reading.now.saturating_add(within).unwrap_or(Timestamp::MAX);
    let mut head = reading.head(
        "Expiring certificates",
        &format!("what ends within {} d", within.as_hours() / 24),
    );
    if paper.format == crate::sheet::Format::Html {
        head.pictures.push(calendar(reading).await?);
    }
    let mut claims = ending_claims(reading, until).await?.into_iter().peekable();
    let mut sheet = paper.sheet(COLUMNS, head)?;
    let mut after = None;
    loop {
        let rows = reading
            .store
            .certificates_ending(Timestamp::UNIX_EPOCH, until, after, store::PAGE)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.not_after.map(|end| (end, last.id));
        for row in &rows {
            let ended = row.not_after.is_some_and(|end| end <= reading.now);
            if !served.is_leaf(row)
                || row.first_known > reading.now
                || ended && served.places(row.id.0) == 0
                || withdrawn(row, &served)
            {
                continue;
            }
            while let Some(earlier) = claims.next_if(|claim| claim.not_after <= row.not_after) {
                sheet.row(claim(&earlier, reading))?;
            }
            sheet.row(certificate(row, reading, &served))?;
        }
        if after.is_none() {
            break;
        }
    }
    for claimed in claims {
        sheet.row(claim(&claimed, reading))?;
    }
    Ok(sheet.finish("")?)
}

fn withdrawn(row: &CertificateRow, served: &Served) -> bool {
    is_withdrawn(&row.told) && served.places(row.id.0) == 0
}

/// Claims that end within the time, in order: a part of all, since accounts hand out what is current as a whole.
async fn ending_claims(reading: &Reading, until: Timestamp) -> anyhow::Result<Vec<ClaimRow>> {
    let mut found = Vec::new();
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        let ends = |row: &ClaimRow| row.not_after.is_some_and(|end| end > reading.now && end <= until);
        found.extend(
            rows.into_iter()
                .filter(|row| ends(row) && !is_withdrawn(&row.told)),
        );
        after = last;
    }
    found.sort_by_key(|row| row.not_after);
    Ok(found)
}

/// When certificates end that are for servers.
async fn calendar(reading: &Reading) -> anyhow::Result<String> {
    let mut calendar = Calendar::new(reading.now);
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        rows.iter()
            .filter(|row| !row.is_ca)
            .filter_map(|row| row.not_after)
            .for_each(|end| calendar.count(end));
        after = last;
    }
    Ok(calendar.picture())
}

fn certificate(row: &CertificateRow, reading: &Reading, served: &Served) -> Row {
    let found = served.of(row.id.0);
    let by_dates = reading.status(row.not_before, row.not_after);
    let status = found.map(|found| found.status).max(by_dates);
    vec![
        word(status),
        row.common_name.as_ref().map(|name| name.raw()).into(),
        texts(&row.names),
        row.issuer.raw().into(),
        hex::encode(&row.serial).into(),
        row.not_before.into(),
        row.not_after.into(),
        reading.days(row.not_after),
        (&*row.key).into(),
        found.map_or(0, |found| found.places).into(),
        sources(&row.told, found.is_some()),
        row.first_known.into(),
        row.fingerprint.to_string().into(),
        Cell::Flag(row.is_ca),
        Cell::Flag(false),
    ]
}

fn claim(row: &ClaimRow, reading: &Reading) -> Row {
    vec![
        word(reading.status(row.not_before, row.not_after)),
        row.common_name.as_ref().map(|name| name.raw()).into(),
        texts(&row.names),
        row.issuer.as_ref().map(|issuer| issuer.raw()).into(),
        row.serial.as_ref().map(hex::encode).into(),
        row.not_before.into(),
        row.not_after.into(),
        reading.days(row.not_after),
        Cell::None,
        0_u64.into(),
        sources(&row.told, false),
        row.told.iter().map(|told| told.when.first).min().into(),
        Cell::None,
        Cell::Flag(false),
        Cell::Flag(true),
    ]
}
