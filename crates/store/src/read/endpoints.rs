//! How places stand, now or on a past day, and all that is remembered of them.

use std::collections::HashMap;

use jiff::Timestamp;
use model::inventory::episode::Episode;
use model::inventory::{EndpointRow, HistoryRow, RowId, Seen, State};
use model::{Fingerprint, Status};

use super::limit;
use crate::error::Trouble;
use crate::ingest::places;
use crate::samples;
use crate::session::{Find, Session};
use crate::value::{Kind, Row, Value};
use crate::words::{self, time};

/// Which standings: those of places with numbers behind one, of one leaf, or of one name.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    After(RowId),
    /// As `After`, of those that do not stand well.
    Troubled(RowId),
    /// Serving this certificate.
    Serving(RowId, RowId),
    /// Behind this place in the order of identity, port, number.
    ByName(Option<(Box<str>, u16, RowId)>),
    /// In the same order, those whose identity has this part, and that stand like this for somebody.
    Found(Found, Option<(Box<str>, u16, RowId)>),
}

/// What endpoints are asked for; nothing asks for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// A part of its name or address, without regard to letter case.
    pub part: Option<Box<str>>,
    /// How it stands for some vantage.
    pub status: Option<Status>,
}

fn found(
    session: &mut Session,
    found: &Found,
    after: Option<&(Box<str>, u16, RowId)>,
    rows: u32,
) -> Result<Vec<Row>, Trouble> {
    let (identity, port, id) = after.map_or(("", 0, 0), |(name, port, id)| (&**name, *port, id.0));
    let mut values = vec![
        Value::from(identity),
        Value::Int(i64::from(port)),
        Value::Int(id),
        limit(rows),
    ];
    let mut standing = String::from("standing.place = place.id");
    if let Some(status) = found.status {
        values.push(Value::from(status.word()));
        standing.push_str(&format!(" AND standing.status = ?{}", values.len()));
    }
    let mut part = String::new();
    if let Some(text) = &found.part {
        values.push(Value::Text(super::pattern(text)));
        let number = values.len();
        part = format!(
            "AND (place.identity LIKE ?{number} ESCAPE '\\' OR place.address LIKE ?{number} ESCAPE '\\')"
        );
    }
    let sql = format!(
        "SELECT id FROM place WHERE (identity, port, id) > (?1, ?2, ?3) {part}
         AND EXISTS (SELECT 1 FROM standing WHERE {standing}) ORDER BY identity, port, id LIMIT ?4"
    );
    session.query(&sql, &values)
}

/// Present standings of as many places as `rows`, from every vantage.
pub(crate) fn page(session: &mut Session, which: &Which, rows: u32) -> Result<Vec<EndpointRow>, Trouble> {
    let rows = match which {
        Which::After(after) => session.query(
            "SELECT DISTINCT place FROM standing WHERE place > ?1 ORDER BY place LIMIT ?2",
            &[Value::Int(after.0), limit(rows)],
        )?,
        Which::Troubled(after) => session.query(
            "SELECT DISTINCT place FROM standing WHERE status <> 'OK' AND place > ?1 ORDER BY place LIMIT ?2",
            &[Value::Int(after.0), limit(rows)],
        )?,
        Which::Serving(leaf, after) => session.query(
            "SELECT DISTINCT place FROM standing WHERE leaf = ?1 AND place > ?2 ORDER BY place LIMIT ?3",
            &[Value::Int(leaf.0), Value::Int(after.0), limit(rows)],
        )?,
        Which::Found(wanted, after) => found(session, wanted, after.as_ref(), rows)?,
        Which::ByName(after) => {
            let (identity, port, id) = after
                .as_ref()
                .map_or(("", 0, 0), |(name, port, id)| (&**name, *port, id.0));
            session.query(
                "SELECT id FROM place WHERE (identity, port, id) > (?1, ?2, ?3)
                 AND EXISTS (SELECT 1 FROM standing WHERE standing.place = place.id)
                 ORDER BY identity, port, id LIMIT ?4",
                &[
                    Value::from(identity),
                    Value::Int(i64::from(port)),
                    Value::Int(id),
                    limit(rows),
                ],
            )?
        }
    };
    let order = rows
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, Trouble>>()?;
    let mut endpoints = of_places(session, &order)?;
    match which {
        Which::Serving(leaf, _) => endpoints.retain(|row| row.leaf_id == Some(*leaf)),
        Which::Troubled(_) => endpoints.retain(|row| row.state.status != Status::Ok),
        Which::Found(wanted, _) => {
            endpoints.retain(|row| wanted.status.is_none_or(|status| row.state.status == status));
        }
        Which::After(_) | Which::ByName(_) => {}
    }
    Ok(endpoints)
}

/// The present standings of these places, in their order.
pub(crate) fn of_places(session: &mut Session, order: &[i64]) -> Result<Vec<EndpointRow>, Trouble> {
    let found = session.find(
        &STANDINGS,
        order.iter().map(|place| vec![Value::Int(*place)]).collect(),
    )?;
    let texts = Texts::of(session, &found)?;
    let mut endpoints = found
        .iter()
        .map(|row| endpoint(row, &texts))
        .collect::<Result<Vec<_>, Trouble>>()?;
    let places: HashMap<i64, usize> = order
        .iter()
        .enumerate()
        .map(|(number, place)| (*place, number))
        .collect();
    endpoints.sort_by(|one, other| {
        let of = |row: &EndpointRow| (places.get(&row.id.0).copied(), row.vantage.clone());
        of(one).cmp(&of(other))
    });
    Ok(endpoints)
}

/// What was seen and what chains were sent: texts that many standings share are read once for a page.
struct Texts {
    seen: HashMap<i64, Seen>,
    states: HashMap<i64, State>,
    chains: HashMap<i64, Vec<Fingerprint>>,
}

impl Texts {
    fn of(session: &mut Session, rows: &[Row]) -> Result<Self, Trouble> {
        let distinct = |column: usize| -> Result<Vec<Vec<Value>>, Trouble> {
            let numbers = rows.iter().map(|row| row.int(column));
            let numbers = numbers.collect::<Result<std::collections::BTreeSet<i64>, Trouble>>()?;
            Ok(numbers
                .into_iter()
                .map(|number| vec![Value::Int(number)])
                .collect())
        };
        let (seen_keys, state_keys, chain_keys) = (distinct(5)?, distinct(8)?, distinct(4)?);
        let (mut seen, mut chains) = (HashMap::new(), HashMap::new());
        for row in session.find(&SEEN, seen_keys)? {
            seen.insert(row.int(0)?, words::read_seen(row.text(1)?)?);
        }
        for row in session.find(&CHAINS, chain_keys)? {
            let (fingerprints, _) = row.blob(1)?.as_chunks::<32>();
            let chain = fingerprints.iter().map(|bytes| Fingerprint::from_bytes(*bytes));
            chains.insert(row.int(0)?, chain.collect());
        }
        let states = states(session, state_keys)?;
        Ok(Self { seen, states, chains })
    }
}

fn states(session: &mut Session, keys: Vec<Vec<Value>>) -> Result<HashMap<i64, State>, Trouble> {
    let mut states = HashMap::new();
    for row in session.find(&STATES, keys)? {
        states.insert(row.int(0)?, words::read_state(row.text(1)?)?);
    }
    Ok(states)
}

fn endpoint(row: &Row, texts: &Texts) -> Result<EndpointRow, Trouble> {
    let missing = || Trouble::Damaged {
        reason: "a standing refers to something that is not there".into(),
    };
    let leaf = row.maybe_blob(11)?.map(|_| row.digest(11)).transpose()?;
    Ok(EndpointRow {
        id: RowId(row.int(0)?),
        place: places::place(row, 12)?,
        vantage: places::vantage(row.text(1)?)?,
        at: time(row.int(2)?)?,
        judged_at: time(row.int(3)?)?,
        leaf: leaf.map(Fingerprint::from_bytes),
        leaf_id: row.maybe_int(6)?.map(RowId),
        leaf_since: row.maybe_int(7)?.map(time).transpose()?,
        chain: texts.chains.get(&row.int(4)?).cloned().ok_or_else(missing)?,
        state: texts.states.get(&row.int(8)?).cloned().ok_or_else(missing)?,
        state_since: time(row.int(9)?)?,
        seen: Some(texts.seen.get(&row.int(5)?).cloned().ok_or_else(missing)?),
        samples: samples::read(row.blob(10)?)?,
    })
}

/// All that is remembered of as many places as `rows`, from every vantage.
pub(crate) fn histories(session: &mut Session, after: RowId, rows: u32) -> Result<Vec<HistoryRow>, Trouble> {
    let places = session.query(
        "SELECT DISTINCT place FROM standing WHERE place > ?1 ORDER BY place LIMIT ?2",
        &[Value::Int(after.0), limit(rows)],
    )?;
    let order = places
        .iter()
        .map(|row| row.int(0))
        .collect::<Result<Vec<i64>, Trouble>>()?;
    histories_of(session, &order)
}

/// All that is remembered of these places.
pub(crate) fn histories_of(session: &mut Session, order: &[i64]) -> Result<Vec<HistoryRow>, Trouble> {
    let keys = || {
        order
            .iter()
            .map(|place| vec![Value::Int(*place)])
            .collect::<Vec<_>>()
    };
    let standings = session.find(&STANDINGS, keys())?;
    let leaf_rows = session.find(&LEAF_EPISODES, keys())?;
    let state_rows = session.find(&STATE_EPISODES, keys())?;
    let mut used: std::collections::BTreeSet<i64> = std::collections::BTreeSet::new();
    for row in &standings {
        used.insert(row.int(8)?);
    }
    for row in &state_rows {
        used.insert(row.int(2)?);
    }
    let states = states(
        session,
        used.into_iter().map(|state| vec![Value::Int(state)]).collect(),
    )?;
    let mut histories: HashMap<(i64, String), HistoryRow> = HashMap::new();
    for row in &standings {
        let history = history(row, &states)?;
        histories.insert((row.int(0)?, row.text(1)?.to_owned()), history);
    }
    for row in &leaf_rows {
        if let Some(history) = histories.get_mut(&(row.int(0)?, row.text(1)?.to_owned())) {
            history
                .leaves
                .push((episode(row, 3)?, Fingerprint::from_bytes(row.digest(2)?)));
        }
    }
    for row in &state_rows {
        let history = histories.get_mut(&(row.int(0)?, row.text(1)?.to_owned()));
        if let (Some(history), Some(state)) = (history, states.get(&row.int(2)?)) {
            history.states.push((episode(row, 3)?, state.clone()));
        }
    }
    let mut histories: Vec<HistoryRow> = histories.into_values().collect();
    for history in &mut histories {
        history.leaves.sort();
        history.states.sort();
    }
    histories.sort_by(|one, other| (one.id, &one.vantage).cmp(&(other.id, &other.vantage)));
    Ok(histories)
}

/// The history that stands in a standing's row.
fn history(row: &Row, states: &HashMap<i64, State>) -> Result<HistoryRow, Trouble> {
    let last = time(row.int(2)?)?;
    let mut leaves = Vec::new();
    if let (Some(since), Some(_)) = (row.maybe_int(7)?, row.maybe_blob(11)?) {
        let first = time(since)?;
        leaves.push((Episode { first, last }, Fingerprint::from_bytes(row.digest(11)?)));
    }
    let state = states.get(&row.int(8)?).cloned();
    let first = time(row.int(9)?)?;
    Ok(HistoryRow {
        id: RowId(row.int(0)?),
        place: places::place(row, 12)?,
        vantage: places::vantage(row.text(1)?)?,
        leaves,
        states: state
            .into_iter()
            .map(|state| (Episode { first, last }, state))
            .collect(),
        samples: samples::read(row.blob(10)?)?,
    })
}

/// Standings as of a past time: of each history the leaf and the state whose sight is the latest not after `at`.
///
/// Episodes say between which times something was seen, and not each time: of overlapping ones the one that had begun
/// last counts, as far as the intervals can tell.
pub(crate) fn page_at(
    session: &mut Session,
    after: RowId,
    rows: u32,
    at: Timestamp,
) -> Result<(Vec<EndpointRow>, Option<RowId>), Trouble> {
    let histories = histories(session, after, rows)?;
    let next = histories.last().map(|history| history.id);
    let mut endpoints = Vec::new();
    let mut leaves = std::collections::BTreeSet::new();
    for history in histories {
        if let Some(row) = history.as_of(at) {
            leaves.extend(row.leaf.map(|leaf| leaf.as_bytes().to_vec()));
            endpoints.push(row);
        }
    }
    let mut numbers = HashMap::new();
    for row in session.find(
        &NUMBERS,
        leaves.into_iter().map(|leaf| vec![Value::Blob(leaf)]).collect(),
    )? {
        numbers.insert(Fingerprint::from_bytes(row.digest(1)?), RowId(row.int(0)?));
    }
    for row in &mut endpoints {
        row.leaf_id = row.leaf.and_then(|leaf| numbers.get(&leaf).copied());
    }
    Ok((endpoints, next))
}

fn episode(row: &Row, from: usize) -> Result<Episode, Trouble> {
    Ok(Episode {
        first: time(row.int(from)?)?,
        last: time(row.int(from + 1)?)?,
    })
}

const STANDINGS: Find = Find {
    columns: "standing.place, vantage.name, standing.at, standing.judged_at, standing.chain, standing.seen,
        standing.leaf, standing.leaf_since, standing.state, standing.state_since, standing.samples,
        certificate.fingerprint,
        place.identity, place.port, place.server_name, place.starttls, place.address",
    from: "standing JOIN place ON place.id = standing.place JOIN vantage ON vantage.id = standing.vantage
        LEFT JOIN certificate ON certificate.id = standing.leaf",
    keys: &[("standing.place", Kind::Int)],
};
const SEEN: Find = Find {
    columns: "id, seen",
    from: "seen",
    keys: &[("id", Kind::Int)],
};
const STATES: Find = Find {
    columns: "id, state",
    from: "state",
    keys: &[("id", Kind::Int)],
};
const CHAINS: Find = Find {
    columns: "id, fingerprints",
    from: "chain",
    keys: &[("id", Kind::Int)],
};
const LEAF_EPISODES: Find = Find {
    columns: "leaf_episode.place, vantage.name, certificate.fingerprint, leaf_episode.first, leaf_episode.last",
    from: "leaf_episode JOIN vantage ON vantage.id = leaf_episode.vantage
        JOIN certificate ON certificate.id = leaf_episode.leaf",
    keys: &[("leaf_episode.place", Kind::Int)],
};
const STATE_EPISODES: Find = Find {
    columns: "state_episode.place, vantage.name, state_episode.state, state_episode.first, state_episode.last",
    from: "state_episode JOIN vantage ON vantage.id = state_episode.vantage",
    keys: &[("state_episode.place", Kind::Int)],
};
const NUMBERS: Find = Find {
    columns: "id, fingerprint",
    from: "certificate",
    keys: &[("fingerprint", Kind::Blob)],
};
