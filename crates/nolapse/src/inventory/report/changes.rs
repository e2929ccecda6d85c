//! `changes`: what appeared, was replaced, worsened, resolved or vanished, the latest first.

use std::collections::HashMap;
use std::io::Write;

use engine::transition::{Change, Changed, Episode, History, changes};
use jiff::{SignedDuration, Timestamp};
use model::Fingerprint;
use model::inventory::{HistoryRow, Place, RowId, Vantage};

use super::{Paper, Reading, address_of, name_of};
use crate::sheet::{Cell, Column, Row, column};

const COLUMNS: &[Column] = &[
    column("at", "When"),
    column("change", "Change"),
    column("name", "Name"),
    column("port", "Port"),
    column("address", "Address"),
    column("vantage", ""),
    column("from", "From"),
    column("to", "To"),
    column("sha256", ""),
    column("old_sha256", ""),
];

/// How far back it looks unless told otherwise.
const WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Places whose history is read together.
const PAGE: u32 = 2_000;

/// Writes it.
pub(super) async fn write<W: Write>(reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    let within = reading.within.unwrap_or(WITHIN);
    let since = reading.now.saturating_sub(within).unwrap_or(Timestamp::MIN);
    let head = reading.head(
        "Changes",
        &format!("what changed in the last {} d", within.as_hours() / 24),
    );
    let mut found: Vec<(Change, i64, Vantage)> = Vec::new();
    let mut after = RowId::START;
    loop {
        let rows = reading.store.histories(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows.iter().filter(|row| !is_name(row)) {
            let of_place = changes(&history(row, reading.now), reading.now);
            let wanted = of_place
                .into_iter()
                .filter(|change| change.at >= since && change.at <= reading.now);
            found.extend(wanted.map(|change| (change, row.id.0, row.vantage.clone())));
        }
    }
    found.sort_by_key(|(change, place, _)| (std::cmp::Reverse(change.at), *place));
    let mut sheet = paper.sheet(COLUMNS, head)?;
    for chunk in found.chunks(super::PLACES_AT_ONCE) {
        let ids = chunk.iter().map(|(_, place, _)| RowId(*place)).collect();
        let rows = reading.store.histories_of(ids).await?;
        let places: HashMap<i64, Place> = rows.into_iter().map(|row| (row.id.0, row.place)).collect();
        for (change, place, vantage) in chunk {
            if let Some(place) = places.get(place) {
                sheet.row(row_of(change, place, vantage))?;
            }
        }
    }
    Ok(sheet.finish("")?)
}

/// Whether it is only remembered that a name has addresses.
fn is_name(row: &HistoryRow) -> bool {
    row.place.address.is_none()
        && row
            .states
            .iter()
            .all(|(_, state)| &*state.reached == "handshaken")
}

/// What was known at a moment. An address that its name no longer has stands no way at all.
fn history(row: &HistoryRow, now: Timestamp) -> History {
    let until = |when: &model::inventory::episode::Episode| {
        (when.first <= now).then(|| (when.first, when.last.min(now)))
    };
    let leaves = row.leaves.iter().filter_map(|(when, leaf)| {
        let (first, last) = until(when)?;
        Some(Episode {
            what: *leaf,
            first,
            last,
        })
    });
    let states = row
        .states
        .iter()
        .filter(|(_, state)| &*state.reached != engine::remember::GONE);
    let standings = states.filter_map(|(when, state)| {
        let (first, last) = until(when)?;
        Some(Episode {
            what: state.status,
            first,
            last,
        })
    });
    History {
        leaves: leaves.collect(),
        standings: standings.collect(),
    }
}

fn row_of(change: &Change, place: &Place, vantage: &Vantage) -> Row {
    let (mut new, mut old): (Option<Fingerprint>, Option<Fingerprint>) = (None, None);
    let (from, to) = match change.what {
        Changed::Appeared { certificate } => {
            new = Some(certificate);
            (Cell::None, Cell::None)
        }
        Changed::Replaced {
            old: before,
            new: after,
        } => {
            (new, old) = (Some(after), Some(before));
            (Cell::None, Cell::None)
        }
        Changed::Worsened { from, to } | Changed::Resolved { from, to } => {
            (Cell::Word(from.word()), Cell::Word(to.word()))
        }
        Changed::Vanished { certificate } => {
            old = Some(certificate);
            (Cell::None, Cell::None)
        }
    };
    vec![
        change.at.into(),
        Cell::Word(change.what.word()),
        name_of(place),
        Cell::Port(place.service.port),
        address_of(place),
        vantage.as_str().into(),
        from,
        to,
        new.map(|leaf| leaf.to_string()).into(),
        old.map(|leaf| leaf.to_string()).into(),
    ]
}
