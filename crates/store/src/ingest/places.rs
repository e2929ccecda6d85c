//! Places and vantages into rows, and back into nouns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use model::inventory::{Place, Vantage};
use model::{Identity, Name, Service, StartTls};

use super::{Deltas, counter};
use crate::error::Trouble;
use crate::schedule::shard_of;
use crate::session::{Change, Find, Put, Session, When};
use crate::value::{Kind, Row, Value};
use crate::words::{Digest, unknown};

/// The numbers of things that are known by a digest, and which of them are new.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) known: HashMap<Digest, i64>,
    pub(crate) new: BTreeSet<i64>,
}

/// The numbers of `wanted`, after those that are new were put in. A place without a time is only looked up.
pub(crate) fn numbers(
    session: &mut Session,
    wanted: &BTreeMap<Digest, (Place, Option<i64>)>,
    deltas: &mut Deltas,
) -> Result<Numbers, Trouble> {
    let mut numbers = Numbers::default();
    let mut earlier = Vec::new();
    for row in session.find(&BY_DIGEST, keys(wanted.keys()))? {
        let (id, key, first) = (row.int(0)?, row.digest(1)?, row.int(2)?);
        numbers.known.insert(key, id);
        if let Some(at) = wanted.get(&key).and_then(|(_, at)| *at).filter(|at| *at < first) {
            earlier.push(vec![Value::Int(id), Value::Int(at)]);
        }
    }
    let new: Vec<(&Digest, &Place, i64)> = wanted
        .iter()
        .filter(|(key, _)| !numbers.known.contains_key(*key))
        .filter_map(|(key, (place, at))| at.map(|at| (key, place, at)))
        .collect();
    if !new.is_empty() {
        let rows = new.iter().map(|(key, place, at)| row(key, place, *at));
        deltas.add(counter::PLACES, session.put(&PLACE, rows.collect())?);
        for row in session.find(&BY_DIGEST, keys(new.iter().map(|(key, ..)| *key)))? {
            numbers.known.insert(row.digest(1)?, row.int(0)?);
            numbers.new.insert(row.int(0)?);
        }
    }
    session.change(&EARLIER, earlier)?;
    Ok(numbers)
}

/// The numbers of vantages, after those that are new were put in.
pub(crate) fn vantages(
    session: &mut Session,
    wanted: &BTreeSet<Vantage>,
) -> Result<HashMap<Vantage, i64>, Trouble> {
    let mut numbers = HashMap::new();
    for attempt in 0..2 {
        let key = |vantage: &Vantage| vec![Value::from(vantage.as_str())];
        let missing = wanted.iter().filter(|vantage| !numbers.contains_key(*vantage));
        let missing: Vec<Vec<Value>> = missing.map(key).collect();
        if attempt == 1 {
            session.put(&VANTAGE, missing.clone())?;
        }
        for row in session.find(&VANTAGE_BY_NAME, missing)? {
            numbers.insert(vantage(row.text(1)?)?, row.int(0)?);
        }
    }
    Ok(numbers)
}

/// A vantage from its column.
pub(crate) fn vantage(text: &str) -> Result<Vantage, Trouble> {
    Vantage::parse(text).map_err(|_| unknown("vantage", text))
}

/// The columns of a place that [`place`] reads, with the table called `place`.
pub(crate) const COLUMNS: &str =
    "place.identity, place.port, place.server_name, place.starttls, place.address";

/// A place from its columns, the first of which is column `from`.
pub(crate) fn place(row: &Row, from: usize) -> Result<Place, Trouble> {
    let identity = row.text(from)?;
    let name = |text: &str| Name::parse(text).map_err(|_| unknown("name", text));
    let address = |text: &str| text.parse::<IpAddr>().map_err(|_| unknown("address", text));
    let starttls = row.text(from + 3)?;
    let service = Service {
        identity: match identity.parse::<IpAddr>() {
            Ok(address) => Identity::Address(address),
            Err(_) => Identity::Name(name(identity)?),
        },
        port: u16::try_from(row.int(from + 1)?).map_err(|_| unknown("port", identity))?,
        server_name: row.maybe_text(from + 2)?.map(name).transpose()?,
        starttls: if starttls == StartTls::None.word() {
            StartTls::None
        } else {
            StartTls::for_scheme(starttls)
                .map(|(starttls, _)| starttls)
                .ok_or_else(|| unknown("protocol", starttls))?
        },
    };
    Ok(Place {
        service,
        address: row.maybe_text(from + 4)?.map(address).transpose()?,
    })
}

fn row(key: &Digest, place: &Place, at: i64) -> Vec<Value> {
    let service = &place.service;
    vec![
        Value::from(key.as_slice()),
        Value::Int(i64::from(shard_of(key))),
        Value::Text(service.identity.to_string()),
        Value::Int(i64::from(service.port)),
        Value::from(service.server_name.as_ref().map(Name::as_str)),
        Value::from(service.starttls.word()),
        Value::from(place.address.map(|address| address.to_string())),
        Value::Int(at),
    ]
}

fn keys<'a>(digests: impl Iterator<Item = &'a Digest>) -> Vec<Vec<Value>> {
    digests
        .map(|digest| vec![Value::from(digest.as_slice())])
        .collect()
}

const BY_DIGEST: Find = Find {
    columns: "id, digest, first_known",
    from: "place",
    keys: &[("digest", Kind::Blob)],
};
const PLACE: Put<'static> = Put {
    table: "place",
    columns: &[
        ("digest", Kind::Blob),
        ("shard", Kind::Int),
        ("identity", Kind::Text),
        ("port", Kind::Int),
        ("server_name", Kind::Text),
        ("starttls", Kind::Text),
        ("address", Kind::Text),
        ("first_known", Kind::Int),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};
const EARLIER: Change = Change {
    table: "place",
    keys: &[("id", Kind::Int)],
    sets: &[("first_known", Kind::Int)],
    when: When::Lower,
};
const VANTAGE_BY_NAME: Find = Find {
    columns: "id, name",
    from: "vantage",
    keys: &[("name", Kind::Text)],
};
const VANTAGE: Put<'static> = Put {
    table: "vantage",
    columns: &[("name", Kind::Text)],
    conflict: "ON CONFLICT DO NOTHING",
};
