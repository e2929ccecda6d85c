//! `endpoints`: each place from each vantage, how it stands and since when.

use std::collections::HashMap;
use std::io::Write;

use model::inventory::{CertificateRow, EndpointRow, Reached, RowId};

use super::{Paper, Reading, address_of, name_of, word};
use crate::sheet::{Cell, Column, Row, column};
use crate::text;

const COLUMNS: &[Column] = &[
    column("status", "Status"),
    column("name", "Name"),
    column("port", "Port"),
    column("address", "Address"),
    column("server_name", ""),
    column("starttls", ""),
    column("vantage", ""),
    column("reached", ""),
    column("common_name", "Certificate"),
    column("not_after", ""),
    column("days_left", "Left"),
    column("served_since", ""),
    column("stands_since", "Since"),
    column("looked", ""),
    column("protocol", ""),
    column("cipher", ""),
    column("rules", "Findings"),
    column("message", ""),
    column("remedy", ""),
    column("sha256", ""),
];

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let counters = reading.store.counters().await?;
    let words = format!("{} known", text::counted(counters.places, "place"));
    let mut sheet = paper.sheet(COLUMNS, reading.head("Endpoints", &words))?;
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.endpoints(from).await?;
        let mut ids: Vec<RowId> = rows.iter().filter_map(|row| row.leaf_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let leaves = reading.store.certificates_by_id(ids).await?;
        let leaves: HashMap<i64, CertificateRow> = leaves.into_iter().map(|row| (row.id.0, row)).collect();
        for row in &rows {
            let leaf = row.leaf_id.and_then(|id| leaves.get(&id.0));
            sheet.row(endpoint(row, leaf, reading))?;
        }
        after = last;
    }
    Ok(sheet.finish("")?)
}

fn endpoint(row: &EndpointRow, leaf: Option<&CertificateRow>, reading: &Reading) -> Row {
    let service = &row.place.service;
    let seen = row.seen.as_ref();
    let tls = seen.and_then(|seen| seen.tls.as_ref());
    let worst = seen.and_then(|seen| seen.findings.iter().find(|said| engine::remember::is_open(said)));
    let detail = seen.and_then(|seen| match &seen.reached {
        Reached::Handshaken => None,
        Reached::Stopped { detail, .. } => Some(detail.raw()).filter(|detail| !detail.is_empty()),
    });
    let end = leaf.and_then(|leaf| leaf.not_after);
    let common_name = leaf
        .and_then(|leaf| leaf.common_name.as_ref())
        .map(|name| name.raw());
    let first_name = leaf.and_then(|leaf| leaf.names.first()).map(|name| &**name);
    vec![
        word(Some(row.state.status)),
        name_of(&row.place),
        Cell::Port(service.port),
        address_of(&row.place),
        service.server_name.as_ref().map(|name| name.as_str()).into(),
        service.starttls.to_string().into(),
        row.vantage.as_str().into(),
        (&*row.state.reached).into(),
        common_name.or(first_name).into(),
        end.into(),
        reading.days(end),
        row.leaf_since.into(),
        row.state_since.into(),
        row.at.into(),
        tls.map(|tls| &*tls.version).into(),
        tls.map(|tls| &*tls.cipher).into(),
        Cell::List(row.state.rules.iter().map(|(rule, _)| rule.to_string()).collect()),
        worst.map(|said| said.message.raw()).or(detail).into(),
        worst.map(|said| said.remedy.raw()).into(),
        row.leaf.map(|leaf| leaf.to_string()).into(),
    ]
}
