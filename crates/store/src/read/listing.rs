//! The list of certificates, whole and claimed, in one order.
//!
//! An order is a row of phases; each phase is a query with a key of its own, and a page goes from one to the next when it
//! has room. So the urgent ones come first without a sort of everything: few are in trouble, and the others stand in the
//! index by their end already.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use model::Status;
use model::inventory::{CertificateRow, ClaimRow, EndpointRow};

use super::{certificates, claims, count, endpoints};
use crate::error::Trouble;
use crate::ingest::sightings::told as kind;
use crate::listing::{Condition, Cursor, Entry, Listed, Listing, Order, What, Whole};
use crate::session::Session;
use crate::value::Value;
use crate::words::{milliseconds, status};

/// A part of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Served, and the worst that serves it stands like this.
    Trouble(Status),
    /// Not in trouble, and not over.
    Living,
    /// Nobody can read when it ends.
    Endless,
    /// Over, and served nowhere.
    Over,
    /// Whatever ends, the first to end first.
    ByEnd,
    /// Whatever there is, the last to become known first.
    ByAge,
}

const URGENCY: [Phase; 7] = [
    Phase::Trouble(Status::Expired),
    Phase::Trouble(Status::Critical),
    Phase::Trouble(Status::Error),
    Phase::Trouble(Status::Warning),
    Phase::Living,
    Phase::Endless,
    Phase::Over,
];

const fn phases(order: Order) -> &'static [Phase] {
    match order {
        Order::Urgency => &URGENCY,
        Order::Ends => &[Phase::ByEnd, Phase::Endless],
        Order::Newest => &[Phase::ByAge],
    }
}

/// The two kinds of rows: whole certificates before claims that end at the same time.
const WHOLE: u8 = 0;
const CLAIM: u8 = 1;

/// A place in the list with the row that stands there.
type Placed = ((i64, u8, i64), Found);

enum Found {
    Whole(CertificateRow),
    Claim(ClaimRow),
}

/// One page.
pub(crate) fn page(
    session: &mut Session,
    listing: &Listing,
    after: Option<Cursor>,
    rows: u32,
    now: Timestamp,
) -> Result<Listed, Trouble> {
    let wanted = usize::try_from(rows.clamp(1, super::PAGE)).unwrap_or(1);
    let mut placed: Vec<(u8, Placed)> = Vec::new();
    let first = after.map_or(0, |cursor| cursor.phase);
    for (number, phase) in (0_u8..).zip(phases(listing.order)).skip(usize::from(first)) {
        let after = after
            .filter(|cursor| cursor.phase == number)
            .map(|cursor| (cursor.end, cursor.kind, cursor.id));
        // One more than wanted tells whether there is another page.
        let room = wanted + 1 - placed.len();
        let part = part(session, listing, *phase, after, (room, now))?;
        placed.extend(part.into_iter().map(|row| (number, row)));
        if placed.len() > wanted {
            break;
        }
    }
    let has_more = placed.len() > wanted;
    placed.truncate(wanted);
    let next = placed
        .last()
        .filter(|_| has_more)
        .map(|(phase, (key, _))| Cursor {
            phase: *phase,
            end: key.0,
            kind: key.1,
            id: key.2,
        });
    let found = placed.into_iter().map(|(_, (_, found))| found).collect();
    Ok(Listed {
        entries: entries(session, found)?,
        next,
    })
}

/// At most `room` rows of one phase.
fn part(
    session: &mut Session,
    listing: &Listing,
    phase: Phase,
    after: Option<(i64, u8, i64)>,
    (room, now): (usize, Timestamp),
) -> Result<Vec<Placed>, Trouble> {
    let mut placed = Vec::new();
    if let Some(sql) = Sql::of(WHOLE, listing, phase, now) {
        let rows = sql.rows(session, phase, after, room)?;
        let rows = certificates::whole(session, &rows)?;
        placed.extend(rows.into_iter().map(|row| {
            let end = row.not_after.map_or(0, milliseconds);
            (place(phase, end, WHOLE, row.id.0), Found::Whole(row))
        }));
    }
    if let Some(sql) = Sql::of(CLAIM, listing, phase, now) {
        // Claims that are there as a whole say nothing new, and whether they are is not a question for SQL: read on until
        // there are enough of the others.
        let mut after = after;
        let mut found = 0;
        while found < room {
            let rows = sql.rows(session, phase, after, room)?;
            let is_last = rows.len() < room;
            for row in claims::whole(session, &rows)? {
                let key = place(phase, row.not_after.map_or(0, milliseconds), CLAIM, row.id.0);
                after = Some(key);
                if row.fits.is_none() {
                    found += 1;
                    placed.push((key, Found::Claim(row)));
                }
            }
            if is_last {
                break;
            }
        }
    }
    placed.sort_by_key(|(key, _)| *key);
    if phase.is_backward() {
        placed.reverse();
    }
    placed.truncate(room);
    Ok(placed)
}

/// By age only the number counts, so that it stands where the end does otherwise.
fn place(phase: Phase, end: i64, kind: u8, id: i64) -> (i64, u8, i64) {
    match phase {
        Phase::ByAge => (id, kind, id),
        _ => (end, kind, id),
    }
}

impl Phase {
    const fn is_backward(self) -> bool {
        matches!(self, Self::Over | Self::ByAge)
    }

    /// What is sorted by.
    const fn key(self, kind: u8) -> &'static str {
        match (self, kind) {
            (Self::Endless, _) => "CAST(0 AS BIGINT)",
            (Self::ByAge, WHOLE) => "certificate.id",
            (Self::ByAge, _) => "claim.id",
            (Self::Trouble(_), _) => "coalesce(certificate.not_after, 0)",
            (_, WHOLE) => "certificate.not_after",
            (_, _) => "claim.not_after",
        }
    }
}

/// A query in the making: its conditions and their values.
struct Sql {
    kind: u8,
    from: &'static str,
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Sql {
    /// What holds for rows of this kind in this phase; `None` when no row can be there.
    fn of(kind: u8, listing: &Listing, phase: Phase, now: Timestamp) -> Option<Self> {
        let mut sql = Self {
            kind,
            from: if kind == WHOLE { "certificate" } else { "claim" },
            conditions: Vec::new(),
            values: Vec::new(),
        };
        sql.phase(phase, now)?;
        for condition in &listing.conditions {
            sql.condition(condition)?;
        }
        Some(sql)
    }

    fn phase(&mut self, phase: Phase, now: Timestamp) -> Option<()> {
        let table = self.from;
        match phase {
            Phase::Trouble(worst) if self.kind == WHOLE => {
                self.from = "(SELECT DISTINCT leaf FROM standing WHERE status = ?1) AS troubled CROSS JOIN certificate";
                let status = self.value(Value::from(worst.word()));
                debug_assert_eq!(status, "?1", "the value that stands in `from`");
                self.conditions.push("certificate.id = troubled.leaf".to_owned());
                for worse in Status::WORST_FIRST.into_iter().filter(|other| *other > worst) {
                    let sql = self.stands(worse);
                    self.conditions.push(format!("NOT {sql}"));
                }
            }
            Phase::Trouble(_) => return None,
            Phase::Living | Phase::Over => {
                let now = self.value(Value::Int(milliseconds(now)));
                let comparison = if phase == Phase::Living { ">" } else { "<=" };
                self.conditions
                    .push(format!("{table}.not_after {comparison} {now}"));
                self.is_untroubled();
            }
            Phase::Endless => {
                self.conditions.push(format!("{table}.not_after IS NULL"));
                self.is_untroubled();
            }
            Phase::ByEnd | Phase::ByAge => {}
        }
        Some(())
    }

    fn is_untroubled(&mut self) {
        if self.kind == WHOLE {
            self.conditions.push(
                "NOT EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id AND standing.status <> 'OK')"
                    .to_owned(),
            );
        }
    }

    fn stands(&mut self, status: Status) -> String {
        let status = self.value(Value::from(status.word()));
        format!(
            "EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id AND standing.status = {status})"
        )
    }

    /// Adds a condition; `None` when no row of this kind can fulfil it.
    fn condition(&mut self, condition: &Condition) -> Option<()> {
        let sql = if self.kind == WHOLE {
            Some(self.of_certificate(&condition.what))
        } else {
            self.of_claim(&condition.what)
        };
        match (sql, condition.holds) {
            (Some(sql), true) => self.conditions.push(sql),
            // What is not known does not hold either.
            (Some(sql), false) => self.conditions.push(format!("NOT coalesce({sql}, FALSE)")),
            (None, true) => return None,
            (None, false) => {}
        }
        Some(())
    }

    fn of_certificate(&mut self, what: &What) -> String {
        match what {
            What::Status(Status::Ok) => {
                "(EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id) AND NOT EXISTS (SELECT 1 FROM \
                 standing WHERE standing.leaf = certificate.id AND standing.status <> 'OK'))"
                    .to_owned()
            }
            What::Status(status) => {
                // As a set, so that few in trouble are looked up rather than everybody asked.
                let value = self.value(Value::from(status.word()));
                let mut all = vec![format!(
                    "certificate.id IN (SELECT leaf FROM standing WHERE status = {value} AND leaf IS NOT NULL)"
                )];
                for worse in Status::WORST_FIRST.into_iter().filter(|other| other > status) {
                    let sql = self.stands(worse);
                    all.push(format!("NOT {sql}"));
                }
                format!("({})", all.join(" AND "))
            }
            What::Served => {
                "EXISTS (SELECT 1 FROM standing WHERE standing.leaf = certificate.id)".to_owned()
            }
            What::Authority => "certificate.is_ca <> 0".to_owned(),
            What::Key(text) => {
                let part = self.part(text);
                format!("lower(certificate.key) LIKE {part} ESCAPE '\\'")
            }
            What::Number(bytes) => {
                let from = self.value(Value::Blob(bytes.clone()));
                let until = self.value(Value::Blob(beyond(bytes)));
                format!(
                    "(certificate.fingerprint >= {from} AND certificate.fingerprint < {until} OR \
                     certificate.serial_claimed >= {from} AND certificate.serial_claimed < {until})"
                )
            }
            both => self.of_both(both, ["certificate", kind::CERTIFICATE]),
        }
    }

    fn of_claim(&mut self, what: &What) -> Option<String> {
        match what {
            What::Status(_) | What::Served | What::Authority | What::Key(_) => None,
            What::Number(bytes) => {
                let from = self.value(Value::Blob(bytes.clone()));
                let until = self.value(Value::Blob(beyond(bytes)));
                Some(format!("claim.serial >= {from} AND claim.serial < {until}"))
            }
            both => Some(self.of_both(both, ["claim", kind::CLAIM])),
        }
    }

    /// What both kinds have.
    fn of_both(&mut self, what: &What, [table, told]: [&str; 2]) -> String {
        match what {
            What::Word(text) => {
                let part = self.part(text);
                named(table, &format!("name.name LIKE {part} ESCAPE '\\'"))
            }
            What::Covers(name) => {
                let parent = name.split_once('.').map_or("", |(_, parent)| parent);
                let (wildcard, name) = (Value::from(format!("*.{parent}")), Value::from(&**name));
                let (name, wildcard) = (self.value(name), self.value(wildcard));
                named(table, &format!("name.name IN ({name}, {wildcard})"))
            }
            What::Issuer(text) => {
                let part = self.part(text);
                format!("lower({table}.issuer) LIKE {part} ESCAPE '\\'")
            }
            What::Ends(from, until) => {
                let mut all = vec![format!("{table}.not_after IS NOT NULL")];
                for (comparison, bound) in [(">=", from), ("<", until)] {
                    if let Some(bound) = bound {
                        let bound = self.value(Value::Int(milliseconds(*bound)));
                        all.push(format!("{table}.not_after {comparison} {bound}"));
                    }
                }
                format!("({})", all.join(" AND "))
            }
            What::Told(source) => {
                let source = self.value(Value::from(source.word()));
                format!(
                    "EXISTS (SELECT 1 FROM told JOIN source ON source.id = told.source WHERE told.kind = '{told}' \
                     AND told.subject = {table}.id AND source.kind = {source})"
                )
            }
            What::Key(_) | What::Number(_) | What::Status(_) | What::Served | What::Authority => {
                "TRUE".to_owned()
            }
        }
    }

    /// A value as the query names it.
    fn value(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("?{}", self.values.len())
    }

    /// A pattern for texts that have this part.
    fn part(&mut self, text: &str) -> String {
        self.value(Value::Text(super::pattern(text)))
    }

    /// Rows behind a place.
    fn rows(
        &self,
        session: &mut Session,
        phase: Phase,
        after: Option<(i64, u8, i64)>,
        room: usize,
    ) -> Result<Vec<crate::value::Row>, Trouble> {
        let key = phase.key(self.kind);
        let (columns, id) = if self.kind == WHOLE {
            (certificates::COLUMNS, "certificate.id")
        } else {
            (claims::COLUMNS, "claim.id")
        };
        let mut values = self.values.clone();
        let mut conditions = self.conditions.clone();
        if let Some((end, kind, last)) = after {
            // Of the other kind, those at the same end stand all before the place, or all behind it.
            let last = match (kind.cmp(&self.kind), phase.is_backward()) {
                (std::cmp::Ordering::Equal, _) => last,
                (std::cmp::Ordering::Less, false) | (std::cmp::Ordering::Greater, true) => {
                    if phase.is_backward() { i64::MAX } else { 0 }
                }
                _ => {
                    if phase.is_backward() {
                        0
                    } else {
                        i64::MAX
                    }
                }
            };
            let at = values.len();
            values.extend([Value::Int(end), Value::Int(last)]);
            let comparison = if phase.is_backward() { "<" } else { ">" };
            conditions.push(format!("({key}, {id}) {comparison} (?{}, ?{})", at + 1, at + 2));
        }
        values.push(Value::Int(i64::try_from(room).unwrap_or(i64::MAX)));
        let direction = if phase.is_backward() { "DESC" } else { "ASC" };
        let order = if phase == Phase::Endless {
            format!("{id} {direction}")
        } else {
            format!("{key} {direction}, {id} {direction}")
        };
        let conditions = if conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            conditions.join(" AND ")
        };
        let sql = format!(
            "SELECT {columns} FROM {} WHERE {conditions} ORDER BY {order} LIMIT ?{}",
            self.from,
            values.len()
        );
        session.query(&sql, &values)
    }
}

fn named(table: &str, condition: &str) -> String {
    format!(
        "{table}.id IN (SELECT {table}_name.{table} FROM name JOIN {table}_name ON {table}_name.name = name.id \
         WHERE {condition})"
    )
}

/// The first bytes behind all that begin with these.
fn beyond(bytes: &[u8]) -> Vec<u8> {
    let mut beyond = bytes.to_vec();
    while let Some(last) = beyond.pop() {
        if let Some(next) = last.checked_add(1) {
            beyond.push(next);
            return beyond;
        }
    }
    vec![0xff; 64]
}

/// How many whole certificates fulfil the conditions; counting ends at `most`.
pub(crate) fn counted(session: &mut Session, listing: &Listing, most: u32) -> Result<u64, Trouble> {
    let Some(sql) = Sql::of(WHOLE, listing, Phase::ByAge, Timestamp::UNIX_EPOCH) else {
        return Ok(0);
    };
    let conditions = if sql.conditions.is_empty() {
        "TRUE".to_owned()
    } else {
        sql.conditions.join(" AND ")
    };
    let mut values = sql.values;
    values.push(Value::Int(i64::from(most)));
    let text = format!(
        "SELECT count(*) FROM (SELECT 1 FROM certificate WHERE {conditions} LIMIT ?{}) AS some_of_them",
        values.len()
    );
    session
        .one(&text, &values)?
        .map_or(Ok(0), |row| row.int(0).map(count))
}

/// How many whole certificates end on each day since 1970 of a span of time, in UTC.
pub(crate) fn ends_by_day(
    session: &mut Session,
    from: Timestamp,
    until: Timestamp,
) -> Result<BTreeMap<i64, u64>, Trouble> {
    let values = [Value::Int(milliseconds(from)), Value::Int(milliseconds(until))];
    let rows = session.query(
        "SELECT not_after / 86400000, count(*) FROM certificate WHERE not_after >= ?1 AND not_after < ?2 AND is_ca = 0
         GROUP BY not_after / 86400000",
        &values,
    )?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, count(row.int(1)?))))
        .collect()
}

/// Rows with how each is served.
fn entries(session: &mut Session, found: Vec<Found>) -> Result<Vec<Entry>, Trouble> {
    let ids: Vec<i64> = found
        .iter()
        .filter_map(|row| match row {
            Found::Whole(row) => Some(row.id.0),
            Found::Claim(_) => None,
        })
        .collect();
    let mut standings = HashMap::new();
    let mut worst = HashMap::new();
    for id in ids {
        let of = standing(session, id)?;
        if let Some(status) = of.keys().next_back() {
            let row = session.one(
                "SELECT place FROM standing WHERE leaf = ?1 AND status = ?2 LIMIT 1",
                &[Value::Int(id), Value::from(status.word())],
            )?;
            if let Some(row) = row {
                worst.insert(id, row.int(0)?);
            }
        }
        standings.insert(id, of);
    }
    let mut places: Vec<i64> = worst.values().copied().collect();
    places.sort_unstable();
    places.dedup();
    let endpoints = endpoints::of_places(session, &places)?;
    let entries = found.into_iter().map(|row| match row {
        Found::Claim(row) => Entry::Claimed(Box::new(row)),
        Found::Whole(certificate) => {
            let standings = standings.remove(&certificate.id.0).unwrap_or_default();
            let status = standings.keys().next_back().copied();
            let serves =
                |row: &&EndpointRow| row.leaf_id == Some(certificate.id) && Some(row.state.status) == status;
            let worst = endpoints.iter().find(serves).cloned();
            Entry::Whole(Box::new(Whole {
                certificate,
                standings,
                worst,
            }))
        }
    });
    Ok(entries.collect())
}

fn standing(session: &mut Session, leaf: i64) -> Result<BTreeMap<Status, u64>, Trouble> {
    let rows = session.query(
        "SELECT status, count(*) FROM standing WHERE leaf = ?1 GROUP BY status",
        &[Value::Int(leaf)],
    )?;
    rows.iter()
        .map(|row| Ok((status(row.text(0)?)?, count(row.int(1)?))))
        .collect()
}
