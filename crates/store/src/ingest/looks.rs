//! A batch of looks into rows, in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use model::Certificate;
use model::Fingerprint;
use model::inventory::Vantage;

use super::batch::{Batch, Seen};
use super::merge::{Merged, Numbered, Rows, Standing, merge, unchanged};
use super::{Deltas, certificates, counter, places};
use crate::error::Trouble;
use crate::samples;
use crate::schedule::{self, Lease};
use crate::session::{Change, Find, Put, Remove, Session, When};
use crate::value::{Kind, Row, Value};
use crate::words::Digest;

/// Place and vantage, by their numbers.
type Key = (i64, i64);

/// Writes a batch. `Err(Stale)` when it is written under a lease that somebody else holds by now.
pub(crate) fn write(session: &mut Session, batch: &Batch, lease: Option<&Lease>) -> Result<(), Trouble> {
    schedule::fence(session, batch.shards, lease)?;
    let mut deltas = Deltas::default();
    deltas.add(counter::LOOKS, batch.looks);
    let places = places::numbers(session, &batch.places, &mut deltas)?;
    let vantages = places::vantages(session, &batch.vantages)?;
    let mut groups = BTreeMap::new();
    for ((place, vantage), looks) in &batch.groups {
        let (Some(place), Some(vantage)) = (places.known.get(place), vantages.get(vantage)) else {
            return Err(Trouble::broken("a place that was put in is not there"));
        };
        groups.insert((*place, *vantage), looks.as_slice());
    }
    let known = standings(
        session,
        groups.keys().filter(|(place, _)| !places.new.contains(place)),
    )?;
    let (mut same, mut other) = (Vec::new(), BTreeMap::new());
    for (key, looks) in groups {
        let standing = known.get(&key);
        match standing
            .map(|standing| unchanged(standing, looks))
            .transpose()?
            .flatten()
        {
            Some(new) if standing == Some(&new) => {}
            Some(new) => same.push(touched(key, &new)),
            None => {
                other.insert(key, looks);
            }
        }
    }
    session.change(&TOUCH, same)?;
    if !other.is_empty() {
        merge_all(session, batch, &known, &other, &mut deltas)?;
    }
    write_due(session, batch, &places.known, &vantages)?;
    deltas.write(session)
}

fn merge_all(
    session: &mut Session,
    batch: &Batch,
    known: &HashMap<Key, Standing>,
    groups: &BTreeMap<Key, &[Seen]>,
    deltas: &mut Deltas,
) -> Result<(), Trouble> {
    let numbers = Numbers::find(session, batch, groups, deltas)?;
    // What was never looked at has no history.
    let mut leaves = episodes(
        session,
        &LEAVES,
        groups.keys().filter(|key| known.contains_key(*key)),
    )?;
    let mut states = episodes(
        session,
        &STATES,
        groups.keys().filter(|key| known.contains_key(*key)),
    )?;
    let mut changes = Changes::default();
    for (key, looks) in groups {
        let looks = looks
            .iter()
            .map(|look| numbers.of(look))
            .collect::<Result<Vec<_>, Trouble>>()?;
        let standing = known.get(key);
        let (old_leaves, old_states) = (
            leaves.remove(key).unwrap_or_default(),
            states.remove(key).unwrap_or_default(),
        );
        let merged = merge(standing, &old_leaves, &old_states, &looks)?;
        let (old, new) = (standing.map(|standing| &standing.status), &merged.standing.status);
        if old != Some(new) {
            deltas.change(&format!("{}{new}", counter::STANDINGS), 1);
            if let Some(old) = old {
                deltas.change(&format!("{}{old}", counter::STANDINGS), -1);
            }
        }
        changes.take(*key, standing, &merged, (&old_leaves, &old_states));
    }
    changes.write(session)
}

/// What changes in the three tables.
#[derive(Default)]
struct Changes {
    standings: Vec<Vec<Value>>,
    leaves: (Vec<Vec<Value>>, Vec<Vec<Value>>),
    states: (Vec<Vec<Value>>, Vec<Vec<Value>>),
}

impl Changes {
    fn take(&mut self, key: Key, old: Option<&Standing>, new: &Merged, (leaves, states): (&Rows, &Rows)) {
        difference(key, leaves, &new.leaves, &mut self.leaves);
        difference(key, states, &new.states, &mut self.states);
        if old != Some(&new.standing) {
            self.standings.push(standing_row(key, &new.standing));
        }
    }

    fn write(self, session: &mut Session) -> Result<(), Trouble> {
        session.remove(&LEAF_GONE, self.leaves.0)?;
        session.put(&LEAF, self.leaves.1)?;
        session.remove(&STATE_GONE, self.states.0)?;
        session.put(&STATE, self.states.1)?;
        session.put(&STANDING, self.standings).map(drop)
    }
}

/// Rows that go, and rows that come or grow.
fn difference(key: Key, old: &Rows, new: &Rows, into: &mut (Vec<Vec<Value>>, Vec<Vec<Value>>)) {
    let begins: BTreeSet<(i64, i64)> = new.iter().map(|(what, first, _)| (*what, *first)).collect();
    for (what, first, _) in old {
        if !begins.contains(&(*what, *first)) {
            into.0
                .push([key.0, key.1, *what, *first].map(Value::Int).to_vec());
        }
    }
    for (what, first, last) in new.difference(old) {
        into.1
            .push([key.0, key.1, *what, *first, *last].map(Value::Int).to_vec());
    }
}

/// The numbers of everything that looks refer to.
struct Numbers<'a> {
    batch: &'a Batch,
    certificates: HashMap<Fingerprint, i64>,
    seen: HashMap<Digest, i64>,
    states: HashMap<Digest, i64>,
    chains: HashMap<Digest, i64>,
}

impl<'a> Numbers<'a> {
    fn find(
        session: &mut Session,
        batch: &'a Batch,
        groups: &BTreeMap<Key, &[Seen]>,
        deltas: &mut Deltas,
    ) -> Result<Self, Trouble> {
        let (mut seen, mut states, mut chains) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut certificates: BTreeMap<Fingerprint, (Arc<Certificate>, i64)> = BTreeMap::new();
        for look in groups.values().copied().flatten() {
            if let Some(text) = batch.seen.get(&look.seen) {
                seen.entry(look.seen)
                    .or_insert_with(|| vec![Value::from(text.as_str())]);
            }
            if let Some(state) = batch.states.get(&look.state) {
                states
                    .entry(look.state)
                    .or_insert_with(|| vec![Value::from(state.status), Value::from(state.text.as_str())]);
            }
            let chain = batch
                .chains
                .get(&look.chain)
                .map(Vec::as_slice)
                .unwrap_or_default();
            chains
                .entry(look.chain)
                .or_insert_with(|| vec![Value::Blob(super::batch::joined(chain))]);
            for fingerprint in chain.iter().chain(&look.further) {
                if let Some(certificate) = batch.certificates.get(fingerprint) {
                    let (_, at) = certificates
                        .entry(*fingerprint)
                        .or_insert_with(|| (Arc::clone(certificate), look.at));
                    *at = look.at.min(*at);
                }
            }
        }
        Ok(Self {
            batch,
            certificates: certificates::numbers(session, &certificates, deltas)?,
            seen: by_digest(session, &SEEN_BY_DIGEST, &SEEN, seen)?.known,
            states: by_digest(session, &STATE_BY_DIGEST, &STATE_TEXT, states)?.known,
            chains: by_digest(session, &CHAIN_BY_DIGEST, &CHAIN, chains)?.known,
        })
    }

    fn of<'b>(&self, look: &'b Seen) -> Result<Numbered<'b>, Trouble> {
        let missing = || Trouble::broken("something that was put in is not there");
        let certificate =
            |fingerprint: &Fingerprint| self.certificates.get(fingerprint).copied().ok_or_else(missing);
        Ok(Numbered {
            look,
            chain: self.chains.get(&look.chain).copied().ok_or_else(missing)?,
            seen: self.seen.get(&look.seen).copied().ok_or_else(missing)?,
            leaf: look.leaf.as_ref().map(certificate).transpose()?,
            further: look.further.iter().map(certificate).collect::<Result<_, _>>()?,
            state: self.states.get(&look.state).copied().ok_or_else(missing)?,
            status: self.batch.states.get(&look.state).ok_or_else(missing)?.status,
        })
    }
}

/// Numbers of things known by their content, after those that are new were put in.
pub(super) fn by_digest(
    session: &mut Session,
    find: &Find,
    put: &Put<'_>,
    wanted: BTreeMap<Digest, Vec<Value>>,
) -> Result<places::Numbers, Trouble> {
    let key = |digest: &Digest| vec![Value::from(digest.as_slice())];
    let mut numbers = places::Numbers::default();
    for row in session.find(find, wanted.keys().map(key).collect())? {
        numbers.known.insert(row.digest(1)?, row.int(0)?);
    }
    let mut new = wanted;
    new.retain(|digest, _| !numbers.known.contains_key(digest));
    if new.is_empty() {
        return Ok(numbers);
    }
    let keys: Vec<Vec<Value>> = new.keys().map(key).collect();
    let rows = new.into_iter().map(|(digest, mut content)| {
        content.insert(0, Value::from(digest.as_slice()));
        content
    });
    session.put(put, rows.collect())?;
    for row in session.find(find, keys)? {
        numbers.known.insert(row.digest(1)?, row.int(0)?);
        numbers.new.insert(row.int(0)?);
    }
    Ok(numbers)
}

fn standings<'a>(
    session: &mut Session,
    keys: impl Iterator<Item = &'a Key>,
) -> Result<HashMap<Key, Standing>, Trouble> {
    let keys = keys.map(|(place, vantage)| vec![Value::Int(*place), Value::Int(*vantage)]);
    let mut standings = HashMap::new();
    for row in session.find(&STANDINGS, keys.collect())? {
        let leaf = match (row.maybe_int(7)?, row.maybe_int(8)?) {
            (Some(leaf), Some(since)) => Some((leaf, since)),
            _ => None,
        };
        let standing = Standing {
            at: row.int(2)?,
            judged_at: row.int(3)?,
            digest: row.digest(4)?,
            chain: row.int(5)?,
            seen: row.int(6)?,
            leaf,
            state: (row.int(9)?, row.int(10)?),
            status: row.text(11)?.into(),
            samples: samples::read(row.blob(12)?)?,
        };
        standings.insert((row.int(0)?, row.int(1)?), standing);
    }
    Ok(standings)
}

fn standing_row((place, vantage): Key, standing: &Standing) -> Vec<Value> {
    vec![
        Value::Int(place),
        Value::Int(vantage),
        Value::Int(standing.at),
        Value::Int(standing.judged_at),
        Value::from(standing.digest.as_slice()),
        Value::Int(standing.chain),
        Value::Int(standing.seen),
        Value::from(standing.leaf.map(|(leaf, _)| leaf)),
        Value::from(standing.leaf.map(|(_, since)| since)),
        Value::Int(standing.state.0),
        Value::Int(standing.state.1),
        Value::from(standing.status.as_ref()),
        Value::Blob(samples::write(&standing.samples)),
    ]
}

fn touched((place, vantage): Key, standing: &Standing) -> Vec<Value> {
    vec![
        Value::Int(place),
        Value::Int(vantage),
        Value::Int(standing.at),
        Value::Int(standing.judged_at),
        Value::Blob(samples::write(&standing.samples)),
    ]
}

fn episodes<'a>(
    session: &mut Session,
    find: &Find,
    keys: impl Iterator<Item = &'a Key>,
) -> Result<HashMap<Key, Rows>, Trouble> {
    let keys = keys.map(|(place, vantage)| vec![Value::Int(*place), Value::Int(*vantage)]);
    let mut episodes: HashMap<Key, Rows> = HashMap::new();
    let read = |row: &Row| {
        Ok::<_, Trouble>((
            (row.int(0)?, row.int(1)?),
            (row.int(2)?, row.int(3)?, row.int(4)?),
        ))
    };
    for row in session.find(find, keys.collect())? {
        let (key, episode) = read(&row)?;
        episodes.entry(key).or_default().insert(episode);
    }
    Ok(episodes)
}

fn write_due(
    session: &mut Session,
    batch: &Batch,
    places: &HashMap<Digest, i64>,
    vantages: &HashMap<Vantage, i64>,
) -> Result<(), Trouble> {
    let mut rows = BTreeMap::new();
    for (digest, due) in &batch.due {
        if let (Some(place), Some(vantage)) = (places.get(digest), vantages.get(&due.vantage)) {
            rows.insert((*place, *vantage), (digest, due));
        }
    }
    schedule::write(session, rows)
}

const LOOK_KEY: &[(&str, Kind)] = &[("place", Kind::Int), ("vantage", Kind::Int)];
const STANDINGS: Find = Find {
    columns: "place, vantage, at, judged_at, digest, chain, seen, leaf, leaf_since, state, state_since, status, samples",
    from: "standing",
    keys: LOOK_KEY,
};
const LEAVES: Find = Find {
    columns: "place, vantage, leaf, first, last",
    from: "leaf_episode",
    keys: LOOK_KEY,
};
const STATES: Find = Find {
    columns: "place, vantage, state, first, last",
    from: "state_episode",
    keys: LOOK_KEY,
};
const TOUCH: Change = Change {
    table: "standing",
    keys: LOOK_KEY,
    sets: &[
        ("at", Kind::Int),
        ("judged_at", Kind::Int),
        ("samples", Kind::Blob),
    ],
    when: When::Always,
};
const STANDING: Put<'static> = Put {
    table: "standing",
    columns: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("at", Kind::Int),
        ("judged_at", Kind::Int),
        ("digest", Kind::Blob),
        ("chain", Kind::Int),
        ("seen", Kind::Int),
        ("leaf", Kind::Int),
        ("leaf_since", Kind::Int),
        ("state", Kind::Int),
        ("state_since", Kind::Int),
        ("status", Kind::Text),
        ("samples", Kind::Blob),
    ],
    conflict: "ON CONFLICT (place, vantage) DO UPDATE SET at = excluded.at, judged_at = excluded.judged_at,
        digest = excluded.digest, chain = excluded.chain, seen = excluded.seen, leaf = excluded.leaf,
        leaf_since = excluded.leaf_since, state = excluded.state, state_since = excluded.state_since,
        status = excluded.status, samples = excluded.samples",
};
const LEAF: Put<'static> = Put {
    table: "leaf_episode",
    columns: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("leaf", Kind::Int),
        ("first", Kind::Int),
        ("last", Kind::Int),
    ],
    conflict: "ON CONFLICT (place, vantage, leaf, first) DO UPDATE SET last = excluded.last",
};
const STATE: Put<'static> = Put {
    table: "state_episode",
    columns: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("state", Kind::Int),
        ("first", Kind::Int),
        ("last", Kind::Int),
    ],
    conflict: "ON CONFLICT (place, vantage, state, first) DO UPDATE SET last = excluded.last",
};
const LEAF_GONE: Remove = Remove {
    table: "leaf_episode",
    keys: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("leaf", Kind::Int),
        ("first", Kind::Int),
    ],
};
const STATE_GONE: Remove = Remove {
    table: "state_episode",
    keys: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("state", Kind::Int),
        ("first", Kind::Int),
    ],
};
const SEEN_BY_DIGEST: Find = Find {
    columns: "id, digest",
    from: "seen",
    keys: &[("digest", Kind::Blob)],
};
const SEEN: Put<'static> = Put {
    table: "seen",
    columns: &[("digest", Kind::Blob), ("seen", Kind::Text)],
    conflict: "ON CONFLICT DO NOTHING",
};
const STATE_BY_DIGEST: Find = Find {
    columns: "id, digest",
    from: "state",
    keys: &[("digest", Kind::Blob)],
};
const STATE_TEXT: Put<'static> = Put {
    table: "state",
    columns: &[
        ("digest", Kind::Blob),
        ("status", Kind::Text),
        ("state", Kind::Text),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};
const CHAIN_BY_DIGEST: Find = Find {
    columns: "id, digest",
    from: "chain",
    keys: &[("digest", Kind::Blob)],
};
const CHAIN: Put<'static> = Put {
    table: "chain",
    columns: &[("digest", Kind::Blob), ("fingerprints", Kind::Blob)],
    conflict: "ON CONFLICT DO NOTHING",
};
