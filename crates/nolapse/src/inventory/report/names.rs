//! `names`: one row for each name of each certificate, in the columns of a merged scan and account, with who told of it. A row
//! is of a certificate and a name together: an old certificate that is served stands beside the new one that was issued.

use std::io::Write;

use model::inventory::{CertificateRow, ClaimRow, RowId, Told};

use super::{Paper, Reading, is_withdrawn, served::Served, sources, word};
use crate::sheet::{Cell, Column, Row, column};

const COLUMNS: &[Column] = &[
    column("hostname", "Hostname"),
    column("common_name", ""),
    column("issuer", "Issuer"),
    column("expiry_date", "Expires"),
    column("days_until_expiry", "Left"),
    column("status", "Status"),
    column("protocol", "Protocol"),
    column("cipher", ""),
    column("source", "Source"),
    column("endpoints", "Served at"),
    column("sha256", ""),
];

/// What of a certificate is the same in each of its rows.
struct Common<'a> {
    common_name: Option<&'a str>,
    issuer: Option<&'a str>,
    not_before: Option<jiff::Timestamp>,
    not_after: Option<jiff::Timestamp>,
    told: &'a [Told],
    number: Option<i64>,
    sha256: Option<String>,
}

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let served = reading.served().await?;
    let head = reading.head("Names", "one row for each name of each certificate");
    let mut sheet = paper.sheet(COLUMNS, head)?;
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        for row in rows.iter().filter(|row| served.is_leaf(row)) {
            for name in &row.names {
                sheet.row(row_of(name, &of_certificate(row), reading, &served))?;
            }
        }
        after = last;
    }
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        for row in rows.iter().filter(|row| !is_withdrawn(&row.told)) {
            let common = of_claim(row);
            let alone = row.names.is_empty().then_some(common.common_name).flatten();
            for name in row.names.iter().map(|name| &**name).chain(alone) {
                sheet.row(row_of(name, &common, reading, &served))?;
            }
        }
        after = last;
    }
    Ok(sheet.finish("")?)
}

fn of_certificate(row: &CertificateRow) -> Common<'_> {
    Common {
        common_name: row.common_name.as_ref().map(|name| name.raw()),
        issuer: Some(row.issuer.raw()),
        not_before: row.not_before,
        not_after: row.not_after,
        told: &row.told,
        number: Some(row.id.0),
        sha256: Some(row.fingerprint.to_string()),
    }
}

fn of_claim(row: &ClaimRow) -> Common<'_> {
    Common {
        common_name: row.common_name.as_ref().map(|name| name.raw()),
        issuer: row.issuer.as_ref().map(|issuer| issuer.raw()),
        not_before: row.not_before,
        not_after: row.not_after,
        told: &row.told,
        number: None,
        sha256: None,
    }
}

fn row_of(name: &str, common: &Common<'_>, reading: &Reading, served: &Served) -> Row {
    let found = common.number.and_then(|number| served.of(number));
    let by_dates = reading.status(common.not_before, common.not_after);
    let (version, cipher) = found.as_ref().map(|found| served.tls(found)).unwrap_or_default();
    let maybe = |text: &str| if text.is_empty() { Cell::None } else { text.into() };
    vec![
        name.into(),
        common.common_name.into(),
        common.issuer.into(),
        common
            .not_after
            .map(|end| end.strftime("%Y-%m-%d").to_string())
            .into(),
        reading.days(common.not_after),
        word(found.map(|found| found.status).max(by_dates)),
        maybe(version),
        maybe(cipher),
        sources(common.told, found.is_some()),
        found.map_or(0, |found| found.places).into(),
        common.sha256.clone().into(),
    ]
}
