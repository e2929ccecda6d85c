//! `key-reuse`: one public key in several certificates that are valid.

use std::collections::HashMap;
use std::io::Write;

use engine::join::key_reuse::{Groups, Keyed, Reuse};
use jiff::Timestamp;
use model::inventory::CertificateRow;

use super::{Paper, Reading};
use crate::sheet::{Cell, Column, Row, column};

const COLUMNS: &[Column] = &[
    column("certificates", "Certificates"),
    column("endpoints", "Served at"),
    column("common_names", "Common names"),
    column("key", "Key"),
    column("names", "Names"),
    column("spki_sha256", ""),
    column("sha256", ""),
    column("remedy", ""),
];

const REMEDY: &str =
    "renew with a new key: whoever gets hold of this one has all of these, and a renewal ends nothing";

/// Keys that are read together.
const PAGE: u32 = 1_000;

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let served = reading.served().await?;
    let mut sheet = paper.sheet(
        COLUMNS,
        reading.head("Keys in several certificates", "certificates that are valid"),
    )?;
    let mut after = None;
    loop {
        let groups = reading.store.key_groups(after, PAGE).await?;
        let Some(last) = groups.last() else { break };
        after = Some(last.spki);
        for group in &groups {
            let mut found = Groups::default();
            let rows = group
                .certificates
                .iter()
                .filter(|row| row.first_known <= reading.now);
            let ended: Vec<Reuse> = rows
                .map(|row| Keyed {
                    key: *row.spki.as_bytes(),
                    certificate: row.id.0,
                    not_after: row.not_after.unwrap_or(Timestamp::MAX),
                    places: served.places(row.id.0),
                })
                .filter_map(|keyed| found.take(&keyed, reading.now))
                .collect();
            for reuse in ended.into_iter().chain(found.finish()) {
                sheet.row(row(&reuse, &group.certificates))?;
            }
        }
    }
    Ok(sheet.finish("")?)
}

fn row(reuse: &Reuse, certificates: &[CertificateRow]) -> Row {
    let by_number: HashMap<i64, &CertificateRow> = certificates.iter().map(|row| (row.id.0, row)).collect();
    let rows: Vec<&CertificateRow> = reuse
        .certificates
        .iter()
        .filter_map(|number| by_number.get(number).copied())
        .collect();
    let mut names: Vec<String> = rows
        .iter()
        .flat_map(|row| &row.names)
        .map(|name| (**name).to_owned())
        .collect();
    names.sort();
    names.dedup();
    let called = |row: &&CertificateRow| row.common_name.as_ref().map(|name| name.raw().to_owned());
    let mut common: Vec<String> = rows.iter().filter_map(called).collect();
    common.dedup();
    vec![
        reuse.count.into(),
        reuse.places.into(),
        Cell::List(common),
        rows.first().map(|row| &*row.key).into(),
        Cell::List(names),
        hex::encode(reuse.key).into(),
        Cell::List(rows.iter().map(|row| row.fingerprint.to_string()).collect()),
        REMEDY.into(),
    ]
}
