//! Sources and how their askings went; counters.

use std::collections::BTreeMap;

use model::Untrusted;
use model::inventory::{Counters, RunEnd, RunOutcome, SourceRow, SourceRun};
use model::sighting::{SourceKind, SourceName};

use super::{count, limit, source_name};
use crate::error::Trouble;
use crate::ingest::counter;
use crate::session::Session;
use crate::value::{Row, Value};
use crate::words::{status, time, unknown};

/// Every source by name: there are as many as a person configured.
pub(crate) fn all(session: &mut Session) -> Result<Vec<SourceRow>, Trouble> {
    let rows = session.query(
        "SELECT id, name, kind, due, failures FROM source ORDER BY name",
        &[],
    )?;
    let mut sources = Vec::with_capacity(rows.len());
    for row in &rows {
        let (id, source, kind) = (row.int(0)?, source_name(row.text(1)?)?, kind(row.text(2)?)?);
        let last = latest(session, id, (&source, kind), "")?;
        let last_complete = latest(session, id, (&source, kind), "AND outcome = 'complete'")?;
        let told = session.one(
            "SELECT count(*) FROM (SELECT DISTINCT kind, subject FROM told WHERE source = ?1) AS distinct_subject",
            &[Value::Int(id)],
        )?;
        sources.push(SourceRow {
            source,
            kind,
            due: row.maybe_int(3)?.map(time).transpose()?,
            failures: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
            last,
            last_complete,
            told: count(told.map_or(Ok(0), |row| row.int(0))?),
        });
    }
    Ok(sources)
}

/// What kind each source is of, by name: cheap, unlike [`all`].
pub(crate) fn kinds(session: &mut Session) -> Result<BTreeMap<Box<str>, SourceKind>, Trouble> {
    let rows = session.query("SELECT name, kind FROM source", &[])?;
    rows.iter()
        .map(|row| Ok((row.text(0)?.into(), kind(row.text(1)?)?)))
        .collect()
}

fn latest(
    session: &mut Session,
    id: i64,
    (source, kind): (&SourceName, SourceKind),
    condition: &str,
) -> Result<Option<SourceRun>, Trouble> {
    let sql = format!("{RUNS} WHERE source = ?1 {condition} ORDER BY began DESC LIMIT 1");
    let row = session.one(&sql, &[Value::Int(id)])?;
    row.map(|row| run(&row, source, kind)).transpose()
}

/// The last askings of a source, the latest first.
pub(crate) fn runs(session: &mut Session, source: &SourceName, rows: u32) -> Result<Vec<SourceRun>, Trouble> {
    let found = session.one(
        "SELECT id, kind FROM source WHERE name = ?1",
        &[Value::from(source.as_str())],
    )?;
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let kind = kind(found.text(1)?)?;
    let sql = format!("{RUNS} WHERE source = ?1 ORDER BY began DESC LIMIT ?2");
    let rows = session.query(&sql, &[Value::Int(found.int(0)?), limit(rows)])?;
    rows.iter().map(|row| run(row, source, kind)).collect()
}

const RUNS: &str = "SELECT began, ended, outcome, found, stored, skipped, error FROM source_run";

fn run(row: &Row, source: &SourceName, kind: SourceKind) -> Result<SourceRun, Trouble> {
    let outcome = match (row.maybe_int(1)?, row.maybe_text(2)?) {
        (Some(ended), Some(end)) => Some(RunOutcome {
            ended: time(ended)?,
            end: RunEnd::ALL
                .into_iter()
                .find(|known| known.word() == end)
                .ok_or_else(|| unknown("end of a run", end))?,
            found: count(row.int(3)?),
            stored: count(row.int(4)?),
            skipped: skipped(row.text(5)?)?,
            error: row.maybe_text(6)?.map(Untrusted::new),
        }),
        _ => None,
    };
    Ok(SourceRun {
        source: source.clone(),
        kind,
        began: time(row.int(0)?)?,
        outcome,
    })
}

fn skipped(text: &str) -> Result<BTreeMap<Box<str>, u64>, Trouble> {
    serde_json::from_str(text).map_err(|_| unknown("count", text))
}

fn kind(word: &str) -> Result<SourceKind, Trouble> {
    let known = SourceKind::ALL.into_iter().find(|kind| kind.word() == word);
    known.ok_or_else(|| unknown("kind of source", word))
}

/// What is kept and not counted.
pub(crate) fn counters(session: &mut Session) -> Result<Counters, Trouble> {
    let mut counters = Counters::default();
    for row in session.query("SELECT key, value FROM counter", &[])? {
        let value = count(row.int(1)?);
        match row.text(0)? {
            counter::CERTIFICATES => counters.certificates = value,
            counter::CLAIMS => counters.claims = value,
            counter::NAMES => counters.names = value,
            counter::PLACES => counters.places = value,
            counter::LOOKS => counters.looks = value,
            other => {
                if let Some(word) = other.strip_prefix(counter::STANDINGS).filter(|_| value > 0) {
                    counters.standings.insert(status(word)?, value);
                }
            }
        }
    }
    Ok(counters)
}
