//! `wildcards`: how far each wildcard reaches.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::net::IpAddr;

use engine::join::wildcard::{Wildcard, reach};
use model::inventory::RowId;
use model::{Fingerprint, Identity};

use super::{Paper, Reading};
use crate::sheet::{Cell, Column, column};

const COLUMNS: &[Column] = &[
    column("wildcard", "Wildcard"),
    column("reach", "Reach"),
    column("addresses", "Addresses"),
    column("endpoints", "Endpoints"),
    column("names_served", "Names served by it"),
    column("certificates", "Certificates"),
    column("sha256", ""),
];

/// Where one certificate with a wildcard is served.
#[derive(Default)]
struct Use {
    places: u64,
    addresses: HashSet<IpAddr>,
    names: HashSet<String>,
}

/// A wildcard, and the certificates that have it.
type Wildcards = HashMap<Box<str>, Vec<(i64, Fingerprint)>>;

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let (wildcards, mut uses) = valid(reading).await?;
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.endpoints(from).await?;
        for row in &rows {
            let Some(found) = row.leaf_id.and_then(|id| uses.get_mut(&id.0)) else {
                continue;
            };
            found.places += 1;
            found.addresses.extend(row.place.address);
            if let Identity::Name(name) = &row.place.service.identity {
                found.names.insert(name.as_str().to_owned());
            }
        }
        after = last;
    }
    let mut sheet = paper.sheet(
        COLUMNS,
        reading.head(
            "Wildcards",
            "how far each wildcard of a valid certificate reaches",
        ),
    )?;
    let mut names: Vec<&Box<str>> = wildcards.keys().collect();
    names.sort();
    for name in names {
        let certificates = wildcards.get(name).map(Vec::as_slice).unwrap_or_default();
        let used: Vec<&Use> = certificates
            .iter()
            .filter_map(|(number, _)| uses.get(number))
            .collect();
        let addresses: HashSet<IpAddr> = used
            .iter()
            .flat_map(|one| one.addresses.iter().copied())
            .collect();
        let below = |served: &&String| engine::join::wildcard::is_below(served, name);
        let names: HashSet<&String> = used.iter().flat_map(|one| &one.names).filter(below).collect();
        let wildcard = Wildcard {
            places: used.iter().map(|one| one.places).sum(),
            addresses: addresses.len() as u64,
            names_served: names.len() as u64,
        };
        sheet.row(vec![
            (**name).into(),
            Cell::Word(reach(&wildcard).word()),
            wildcard.addresses.into(),
            wildcard.places.into(),
            wildcard.names_served.into(),
            certificates.len().into(),
            Cell::List(
                certificates
                    .iter()
                    .map(|(_, sha256)| sha256.to_string())
                    .collect(),
            ),
        ])?;
    }
    Ok(sheet.finish("")?)
}

/// Wildcards of valid certificates, and a count for each of these.
async fn valid(reading: &Reading) -> anyhow::Result<(Wildcards, HashMap<i64, Use>)> {
    let (mut wildcards, mut uses) = (Wildcards::new(), HashMap::new());
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        for row in rows
            .iter()
            .filter(|row| !row.is_ca && row.not_after.is_none_or(|end| end > reading.now))
        {
            for name in row.names.iter().filter(|name| name.starts_with("*.")) {
                wildcards
                    .entry(name.clone())
                    .or_default()
                    .push((row.id.0, row.fingerprint));
                uses.entry(row.id.0).or_insert_with(Use::default);
            }
        }
        after = last;
    }
    Ok((wildcards, uses))
}
