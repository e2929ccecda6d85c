//! Whose turn it is, and who works on what until when.
//!
//! When a place is due is decided elsewhere; here it is kept, one row for each place and vantage. Places fall into
//! [`SHARDS`] by the hash of their key. A worker leases shards; each lease has an epoch that grows whenever a shard
//! changes hands, and what a worker writes is refused when its epoch is not the present one: whoever was frozen while its
//! lease ran out cannot overwrite what the next one did. A lease is a row that is compared and set, which every database
//! can do.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::inventory::{DuePlace, Place, RowId, Vantage};

use crate::error::Trouble;
use crate::ingest::places;
use crate::session::{Put, Remove, Session};
use crate::value::{Kind, Value};
use crate::words::{self, Digest, milliseconds, time};

/// Into how many parts the work is divided: more than there will be replicas, few enough to be asked one by one.
pub const SHARDS: u16 = 64;

/// When a place is looked at next, from one vantage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which place. One that nobody told of and nobody looked at is passed over.
    pub place: Place,
    /// From where.
    pub vantage: Vantage,
    /// When; `None` when never again.
    pub due: Option<Timestamp>,
    /// Looks in a row that were stopped, for the next decision.
    pub failures: u32,
}

/// Shards that a worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who.
    pub owner: Box<str>,
    /// Until when, unless it is claimed again before.
    pub until: Timestamp,
    /// Which shards, and the epoch of each.
    pub shards: BTreeMap<u16, i64>,
}

/// One who holds shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who.
    pub owner: Box<str>,
    /// How many.
    pub shards: u16,
    /// Until when, unless claimed again before.
    pub until: Timestamp,
}

/// The shard of a place.
pub fn shard(place: &Place) -> u16 {
    shard_of(&words::digest(place.key().as_bytes()))
}

pub(crate) fn shard_of(key: &Digest) -> u16 {
    u16::from(key[0]) % SHARDS
}

/// Keeps the shards that `owner` has and takes free ones, up to `at_most` in all.
pub(crate) fn claim(
    session: &mut Session,
    owner: &str,
    now: Timestamp,
    ttl: Duration,
    at_most: u16,
) -> Result<Lease, Trouble> {
    let until = now.checked_add(ttl).unwrap_or(Timestamp::MAX);
    let mut lease = Lease {
        owner: owner.into(),
        until,
        shards: BTreeMap::new(),
    };
    let rows = session.query("SELECT shard, owner, epoch, until FROM shard ORDER BY shard", &[])?;
    // Own shards first, so that work stays where its memory is.
    for own in [true, false] {
        for row in &rows {
            let (shard, epoch) = (row.int(0)?, row.int(2)?);
            let is_own = row.text(1)? == owner && row.int(3)? > milliseconds(now);
            let is_free = row.int(3)? <= milliseconds(now);
            if lease.shards.len() >= usize::from(at_most) || is_own != own || !(is_own || is_free) {
                continue;
            }
            let next = if is_own { epoch } else { epoch.saturating_add(1) };
            let values = [
                Value::from(owner),
                Value::Int(next),
                Value::Int(milliseconds(until)),
                Value::Int(shard),
                Value::Int(epoch),
            ];
            let taken = session.execute(
                "UPDATE shard SET owner = ?1, epoch = ?2, until = ?3 WHERE shard = ?4 AND epoch = ?5",
                &values,
            )?;
            if taken == 1 {
                let shard = u16::try_from(shard).map_err(|_| Trouble::broken("a shard beyond the last"))?;
                lease.shards.insert(shard, next);
            }
        }
    }
    Ok(lease)
}

/// Who holds shards at `now`.
pub(crate) fn holders(session: &mut Session, now: Timestamp) -> Result<Vec<Holder>, Trouble> {
    let rows = session.query(
        "SELECT owner, count(*), max(until) FROM shard WHERE until > ?1 GROUP BY owner ORDER BY owner",
        &[Value::Int(milliseconds(now))],
    )?;
    let holder = |row: &crate::value::Row| {
        Ok(Holder {
            owner: row.text(0)?.into(),
            shards: u16::try_from(row.int(1)?).unwrap_or(SHARDS),
            until: time(row.int(2)?)?,
        })
    };
    rows.iter().map(holder).collect()
}

/// Ends the leases of somebody who is known to be gone. Should it live after all, what it writes is refused: the next
/// holder has another epoch.
pub(crate) fn oust(session: &mut Session, owner: &str) -> Result<(), Trouble> {
    session
        .execute(
            "UPDATE shard SET until = 0 WHERE owner = ?1",
            &[Value::from(owner)],
        )
        .map(drop)
}

/// Gives shards back before their time.
pub(crate) fn release(session: &mut Session, lease: &Lease) -> Result<(), Trouble> {
    for (shard, epoch) in &lease.shards {
        session.execute(
            "UPDATE shard SET until = 0 WHERE shard = ?1 AND epoch = ?2 AND owner = ?3",
            &[
                Value::Int(i64::from(*shard)),
                Value::Int(*epoch),
                Value::from(lease.owner.as_ref()),
            ],
        )?;
    }
    Ok(())
}

/// Holds the shards (a bit each) until the transaction ends, and refuses when the lease is not the present one.
pub(crate) fn fence(session: &mut Session, shards: u64, lease: Option<&Lease>) -> Result<(), Trouble> {
    if lease.is_none() && !session.has_rivals() {
        return Ok(());
    }
    let mask = i64::from_ne_bytes(shards.to_ne_bytes());
    let lock = if session.has_rivals() { "FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT shard, owner, epoch FROM shard
         WHERE (CAST(?1 AS BIGINT) >> CAST(shard AS INTEGER)) & 1 = 1 ORDER BY shard {lock}"
    );
    for row in session.query(&sql, &[Value::Int(mask)])? {
        let Some(lease) = lease else { continue };
        let shard = u16::try_from(row.int(0)?).map_err(|_| Trouble::broken("a shard beyond the last"))?;
        let is_held = row.text(1)? == &*lease.owner && lease.shards.get(&shard) == Some(&row.int(2)?);
        if !is_held {
            return Err(Trouble::Stale { shard });
        }
    }
    Ok(())
}

/// Places whose turn it is at `now`, the longest overdue first.
pub(crate) fn due(
    session: &mut Session,
    vantage: &Vantage,
    shards: &[u16],
    now: Timestamp,
    limit: u32,
) -> Result<Vec<DuePlace>, Trouble> {
    let sql = format!(
        "SELECT schedule.due, schedule.place, schedule.failures, standing.at, standing.status, {}
         FROM schedule JOIN vantage ON vantage.id = schedule.vantage JOIN place ON place.id = schedule.place
         LEFT JOIN standing ON standing.place = schedule.place AND standing.vantage = schedule.vantage
         WHERE vantage.name = ?1 AND schedule.shard = ?2 AND schedule.due <= ?3
         ORDER BY schedule.due, schedule.place LIMIT ?4",
        places::COLUMNS
    );
    let mut all = Vec::new();
    for shard in shards {
        let values = [
            Value::from(vantage.as_str()),
            Value::Int(i64::from(*shard)),
            Value::Int(milliseconds(now)),
            Value::Int(i64::from(limit)),
        ];
        for row in session.query(&sql, &values)? {
            let last = match (row.maybe_int(3)?, row.maybe_text(4)?) {
                (Some(at), Some(status)) => Some((time(at)?, words::status(status)?)),
                _ => None,
            };
            all.push(DuePlace {
                id: RowId(row.int(1)?),
                place: places::place(&row, 5)?,
                due: time(row.int(0)?)?,
                failures: u32::try_from(row.int(2)?).unwrap_or(u32::MAX),
                last,
            });
        }
    }
    all.sort_by_key(|place| (place.due, place.id));
    all.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

/// When the next place of these shards is due, past or future.
pub(crate) fn next_due(
    session: &mut Session,
    vantage: &Vantage,
    shards: &[u16],
) -> Result<Option<Timestamp>, Trouble> {
    let mut next: Option<i64> = None;
    for shard in shards {
        let row = session.one(
            "SELECT min(schedule.due) FROM schedule JOIN vantage ON vantage.id = schedule.vantage
             WHERE vantage.name = ?1 AND schedule.shard = ?2",
            &[Value::from(vantage.as_str()), Value::Int(i64::from(*shard))],
        )?;
        let due = row.map(|row| row.maybe_int(0)).transpose()?.flatten();
        next = match (next, due) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    next.map(time).transpose()
}

/// Writes when places (by place and vantage) are due.
pub(crate) fn write(
    session: &mut Session,
    rows: BTreeMap<(i64, i64), (&Digest, &Due)>,
) -> Result<(), Trouble> {
    let (mut set, mut never) = (Vec::new(), Vec::new());
    for ((place, vantage), (key, due)) in rows {
        match due.due {
            Some(at) => set.push(vec![
                Value::Int(place),
                Value::Int(vantage),
                Value::Int(i64::from(shard_of(key))),
                Value::Int(milliseconds(at)),
                Value::Int(i64::from(due.failures)),
            ]),
            None => never.push(vec![Value::Int(place), Value::Int(vantage)]),
        }
    }
    session.put(&SCHEDULE, set)?;
    session.remove(&NEVER, never)
}

/// Makes places (place, vantage, key, due) due that are not scheduled yet.
pub(crate) fn write_new<'a>(
    session: &mut Session,
    rows: impl Iterator<Item = (i64, i64, &'a Digest, i64)>,
) -> Result<(), Trouble> {
    let rows = rows.map(|(place, vantage, key, due)| {
        let shard = i64::from(shard_of(key));
        [place, vantage, shard, due, 0].map(Value::Int).to_vec()
    });
    session.put(&SCHEDULE_NEW, rows.collect()).map(drop)
}

const SCHEDULE: Put<'static> = Put {
    conflict: "ON CONFLICT (place, vantage) DO UPDATE SET due = excluded.due, failures = excluded.failures",
    ..SCHEDULE_NEW
};
const SCHEDULE_NEW: Put<'static> = Put {
    table: "schedule",
    columns: &[
        ("place", Kind::Int),
        ("vantage", Kind::Int),
        ("shard", Kind::Int),
        ("due", Kind::Int),
        ("failures", Kind::Int),
    ],
    conflict: "ON CONFLICT DO NOTHING",
};
const NEVER: Remove = Remove {
    table: "schedule",
    keys: &[("place", Kind::Int), ("vantage", Kind::Int)],
};
