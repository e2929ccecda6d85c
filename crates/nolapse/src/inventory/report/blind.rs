//! `blind-spots` and `coverage`: what is known and not seen, and how much that is. Both are made by one walk, so that the list
//! and the number agree.

use std::collections::HashSet;
use std::io::Write;
use std::net::IpAddr;

use anyhow::bail;
use engine::join::blind::{self, Blind, NameFacts, PlaceFacts, SourceFacts};
use engine::join::coverage::Coverage;
use engine::remember::lacks_ipv6_route;
use model::inventory::{EndpointRow, PlaceRow, RowId, RunEnd};
use model::sighting::SourceKind;
use store::PAGE;

use super::{Paper, Reading, is_unique, number};
use crate::sheet::{Cell, Column, Row, column};
use crate::text;

const COLUMNS: &[Column] = &[
    column("kind", "Blind spot"),
    column("subject", "What"),
    column("detail", "Why"),
    column("looked", "Looked"),
    column("known_from", "Known from"),
    column("remedy", "What to do"),
];

const COVERAGE: &[Column] = &[
    column("percent", "Coverage"),
    column("known", "Known"),
    column("seen", "Seen"),
    column("never_looked_at", "Never"),
    column("wildcard_alone", "Wildcards"),
    column("not_seen", "Unseen"),
    column("no_ipv6", "No IPv6"),
    column("only_default", "Default"),
    column("old", "Old"),
    column("source_stale", "Stale"),
    column("source_failing", "Failing"),
];

/// Takes rows of blind spots.
type Rows<'a> = dyn FnMut(Row) -> std::io::Result<()> + 'a;

/// Writes the list.
pub(super) async fn spots<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let head = reading.head("Blind spots", "what is known and not seen");
    let mut sheet = paper.sheet(COLUMNS, head)?;
    let coverage = walk(reading, &mut |row| sheet.row(row)).await?;
    Ok(sheet.finish(&told(&coverage))?)
}

/// Writes the number.
pub(super) async fn coverage<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let coverage = walk(reading, &mut |_| Ok(())).await?;
    let head = reading.head("Coverage", "how much of what is known is seen");
    let mut sheet = paper.sheet(COVERAGE, head)?;
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    let share = coverage.per_mille() as f64 / 1_000.0;
    let mut row: Row = vec![Cell::Share(share), coverage.known.into(), coverage.seen.into()];
    row.extend(coverage.blind.iter().map(|count| (*count).into()));
    sheet.row(row)?;
    Ok(sheet.finish(&format!(
        "{}; `nolapse report blind-spots` lists what is missing",
        told(&coverage)
    ))?)
}

fn told(coverage: &Coverage) -> String {
    format!(
        "{}.{} % of {} known names and endpoints are seen",
        coverage.per_mille() / 10,
        coverage.per_mille() % 10,
        text::count(coverage.known)
    )
}

/// Walks through everything that is known: endpoints, then names without any, then sources.
async fn walk(reading: &Reading, rows: &mut Rows<'_>) -> anyhow::Result<Coverage> {
    if reading.is_past {
        bail!("blind spots and coverage are known for now only: leave out --at");
    }
    let mut coverage = Coverage::default();
    let (named, parents) = sockets(reading).await?;
    endpoints(reading, rows, &mut coverage, &named).await?;
    names(reading, rows, &mut coverage, &parents).await?;
    for row in reading.store.sources().await? {
        if !reading.configured.iter().any(|(name, _)| *name == row.source) || row.kind == SourceKind::Looks {
            continue;
        }
        let outcome = row.last.as_ref().and_then(|run| run.outcome.as_ref());
        let facts = SourceFacts {
            is_failing: outcome.is_some_and(|outcome| outcome.end != RunEnd::Complete),
            complete: row.last_complete.as_ref().map(|run| run.began),
        };
        let Some(found) = blind::of_source(&facts, reading.fresh, reading.now) else {
            continue;
        };
        coverage.note(found);
        let error = outcome
            .and_then(|outcome| outcome.error.as_ref())
            .map(|error| error.raw().to_owned());
        rows(spot(
            found,
            format!("source {}", row.source),
            error.into(),
            facts.complete.into(),
            Cell::List(Vec::new()),
        ))?;
    }
    Ok(coverage)
}

/// Addresses and ports at which something is asked for by name, and the parents of names that are asked for.
async fn sockets(reading: &Reading) -> anyhow::Result<(HashSet<(IpAddr, u16)>, HashSet<i64>)> {
    let (mut named, mut parents) = (HashSet::new(), HashSet::new());
    let mut after = RowId::START;
    loop {
        let rows = reading.store.places(after, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok((named, parents));
        };
        after = last.id;
        for place in rows.iter().map(|row| &row.place) {
            if let (Some(address), Some(_)) = (place.address, &place.service.server_name) {
                named.insert((address, place.service.port));
            }
            parents.extend(
                place
                    .service
                    .identity
                    .to_string()
                    .split_once('.')
                    .map(|(_, parent)| number(parent)),
            );
        }
    }
}

/// Endpoints: those that were looked at by how they stand, and those that never were.
async fn endpoints(
    reading: &Reading,
    rows: &mut Rows<'_>,
    coverage: &mut Coverage,
    named: &HashSet<(IpAddr, u16)>,
) -> anyhow::Result<()> {
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (page, last) = reading.endpoints(from).await?;
        for row in &page {
            let found = blind::of_place(&facts(row, named), reading.fresh, reading.now);
            coverage.count(found);
            if let Some(found) = found {
                let detail = match found {
                    Blind::NotSeen | Blind::NoIpv6 => Cell::from(&*row.state.reached),
                    _ => Cell::None,
                };
                rows(spot(
                    found,
                    row.place.to_string(),
                    detail,
                    row.at.into(),
                    Cell::List(Vec::new()),
                ))?;
            }
        }
        after = last;
    }
    let mut after = RowId::START;
    loop {
        let page = reading.store.places(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for row in page.iter().filter(|row: &&PlaceRow| row.looked.is_empty()) {
            coverage.count(Some(Blind::NeverLookedAt));
            let told = super::sources(&row.told, false);
            rows(spot(
                Blind::NeverLookedAt,
                row.place.to_string(),
                Cell::None,
                Cell::None,
                told,
            ))?;
        }
    }
}

fn facts(row: &EndpointRow, named: &HashSet<(IpAddr, u16)>) -> PlaceFacts {
    let service = &row.place.service;
    let socket = row.place.address.map(|address| (address, service.port));
    PlaceFacts {
        looked: Some(row.at),
        showed: row.leaf.is_some(),
        lacks_ipv6_route: lacks_ipv6_route(row.place.address, &row.state.reached),
        is_default_only: service.server_name.is_none()
            && socket.is_none_or(|socket| !named.contains(&socket)),
    }
}

/// Names of valid certificates and claims by which no endpoint is known.
async fn names(
    reading: &Reading,
    rows: &mut Rows<'_>,
    coverage: &mut Coverage,
    parents: &HashSet<i64>,
) -> anyhow::Result<()> {
    let live = live(reading).await?;
    let mut after = RowId::START;
    loop {
        let page = reading.store.names(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        for row in &page {
            // What has endpoints is counted by these.
            if row.places > 0 || !is_unique(&row.name) || !live.contains(&number(&row.name)) {
                continue;
            }
            let below = row
                .name
                .strip_prefix("*.")
                .map(|parent| parents.contains(&number(parent)));
            let facts = NameFacts {
                is_wildcard: below.is_some(),
                places: u64::from(below == Some(true)),
                looked_at: 0,
            };
            let Some(found) = blind::of_name(&facts) else {
                continue;
            };
            coverage.count(Some(found));
            let detail = text::counted(row.certificates + row.claims, "certificate");
            rows(spot(
                found,
                row.name.to_string(),
                format!("named by {detail}").into(),
                Cell::None,
                Cell::List(Vec::new()),
            ))?;
        }
    }
}

/// Names that stand in something valid, as numbers.
async fn live(reading: &Reading) -> anyhow::Result<HashSet<i64>> {
    let mut live = HashSet::new();
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.certificates(from).await?;
        let valid = rows
            .iter()
            .filter(|row| !row.is_ca && row.not_after > Some(reading.now));
        live.extend(valid.flat_map(|row| &row.names).map(|name| number(name)));
        after = last;
    }
    let mut after = Some(RowId::START);
    while let Some(from) = after {
        let (rows, last) = reading.claims(from).await?;
        let valid = rows.iter().filter(|row| {
            row.not_after.is_none_or(|end| end > reading.now) && !super::is_withdrawn(&row.told)
        });
        live.extend(valid.flat_map(|row| &row.names).map(|name| number(name)));
        after = last;
    }
    Ok(live)
}

fn spot(found: Blind, subject: String, detail: Cell, looked: Cell, known_from: Cell) -> Row {
    vec![
        Cell::Word(found.word()),
        subject.into(),
        detail,
        looked,
        known_from,
        found.remedy().into(),
    ]
}
