//! `split`: the addresses of one name, or repeated looks at one address, show different certificates.

use std::collections::HashMap;
use std::io::Write;

use engine::join::split::{Address, Kind, Shown, Split, split};
use model::inventory::EndpointRow;
use model::{Fingerprint, Identity, Service};
use store::PAGE;

use super::{Paper, Reading, counts};
use crate::sheet::{Cell, Column, Row, column};

const COLUMNS: &[Column] = &[
    column("kind", "Where"),
    column("name", "Name"),
    column("port", "Port"),
    column("vantage", ""),
    column("certificates", "Certificates"),
    column("shown", "Shown"),
    column("looks", "Looks"),
    column("likelihood", "All seen"),
    column("starttls", ""),
    column("sha256", ""),
    column("remedy", ""),
];

/// Standings of one service from one vantage.
type Group = Vec<EndpointRow>;

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let head = reading.head(
        "Split",
        "services that show several certificates, and how likely it is that all of them were seen",
    );
    let mut sheet = paper.sheet(COLUMNS, head)?;
    let mut waiting: Vec<EndpointRow> = Vec::new();
    if reading.is_past {
        let mut after = Some(model::inventory::RowId::START);
        while let Some(from) = after {
            let (rows, last) = reading.endpoints(from).await?;
            waiting.extend(rows);
            after = last;
        }
        waiting.sort_by(|one, other| key(one).cmp(&key(other)));
    } else {
        let mut after = None;
        loop {
            let rows = reading.store.endpoints_by_name(after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some((
                last.place.service.identity.to_string().into(),
                last.place.service.port,
                last.id,
            ));
            waiting.extend(rows.into_iter().filter(counts));
            // The last service may go on in the next page.
            let Some(open) = waiting.last().map(|row| key(row).0) else {
                continue;
            };
            let begin = waiting
                .iter()
                .position(|row| key(row).0 == open)
                .unwrap_or(waiting.len());
            let rest = waiting.split_off(begin);
            for row in found(std::mem::replace(&mut waiting, rest), reading) {
                sheet.row(row)?;
            }
        }
    }
    for row in found(waiting, reading) {
        sheet.row(row)?;
    }
    Ok(sheet.finish("")?)
}

fn key(row: &EndpointRow) -> ((String, u16), &Service, &str) {
    let service = &row.place.service;
    (
        (service.identity.to_string(), service.port),
        service,
        row.vantage.as_str(),
    )
}

fn found(rows: Vec<EndpointRow>, reading: &Reading) -> Vec<Row> {
    let mut groups: HashMap<(Service, Box<str>), Group> = HashMap::new();
    let mut order: Vec<(Service, Box<str>)> = Vec::new();
    for row in rows {
        let name = (row.place.service.clone(), row.vantage.as_str().into());
        let group = groups.entry(name.clone()).or_default();
        if group.is_empty() {
            order.push(name);
        }
        group.push(row);
    }
    let mut out = Vec::new();
    for name in order {
        let Some(group) = groups.get(&name) else { continue };
        let newest = group.iter().map(|row| row.at).max();
        let fresh = |row: &&EndpointRow| {
            newest.is_some_and(|newest| newest.duration_since(row.at) <= reading.fresh) && row.leaf.is_some()
        };
        let addresses: Vec<Address> = group.iter().filter(fresh).map(address).collect();
        out.extend(split(&addresses).iter().map(|split| row(split, &name, group)));
    }
    out
}

fn address(row: &EndpointRow) -> Address {
    let mut looks: Vec<_> = row
        .samples
        .iter()
        .rev()
        .map(|sample| (sample.at, sample.leaf))
        .collect();
    if looks.is_empty() {
        looks.extend(row.leaf.map(|leaf| (row.at, leaf)));
    }
    Address {
        place: row.id.0,
        address: row.place.address,
        looks,
    }
}

fn row(split: &Split, (service, vantage): &(Service, Box<str>), group: &[EndpointRow]) -> Row {
    let place = |shown: &Shown| group.iter().find(|row| row.id.0 == shown.place);
    let words = |shown: &Shown| {
        let address = place(shown)
            .and_then(|row| row.place.address)
            .map(|address| address.to_string());
        format!(
            "{}={} ({} of {})",
            address.unwrap_or_default(),
            short(shown.certificate),
            shown.looks,
            shown.of
        )
    };
    let mut leaves: Vec<Fingerprint> = split.shown.iter().map(|shown| shown.certificate).collect();
    leaves.sort_unstable();
    leaves.dedup();
    let mut looks: Vec<(i64, usize)> = split.shown.iter().map(|shown| (shown.place, shown.of)).collect();
    looks.dedup();
    vec![
        Cell::Word(split.kind.word()),
        match &service.identity {
            Identity::Name(name) => name.as_str().into(),
            Identity::Address(address) => address.to_string().into(),
        },
        Cell::Port(service.port),
        (**vantage).into(),
        leaves.len().into(),
        Cell::List(split.shown.iter().map(words).collect()),
        looks.iter().map(|(_, of)| of).sum::<usize>().into(),
        Cell::Share(split.likelihood),
        service.starttls.to_string().into(),
        Cell::List(leaves.iter().map(ToString::to_string).collect()),
        match split.kind {
            Kind::Addresses => {
                "put the same certificate on every address of the name, or say that they are to differ"
            }
            Kind::Backends => {
                "one machine behind the address was missed: put the newer certificate there and reload it"
            }
        }
        .into(),
    ]
}

/// The first eight digits.
fn short(fingerprint: Fingerprint) -> String {
    fingerprint
        .to_string()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(8)
        .collect()
}
