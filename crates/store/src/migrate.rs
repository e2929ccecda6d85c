//! From any older schema to the present one, forward only.
//!
//! A database comes in; out goes the same one at the present schema, with a backup of what it was made first, or a
//! trouble that says why nothing was touched. Each step is a numbered file and one transaction. Steps only add: an older
//! program that still runs beside (a replica during an upgrade) goes on working, and what is not needed any more is
//! removed by a later version's step.

use std::path::{Path, PathBuf};

use crate::backup;
use crate::error::Trouble;
use crate::session::Session;
use crate::session::sqlite::{Sqlite, trouble};
use crate::value::Value;

/// One step: its SQL for both databases.
pub(crate) struct Step {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Every step, in order. The number of a schema is the number of steps that made it.
pub(crate) const STEPS: &[Step] = &[
    Step {
        sqlite: include_str!("../migrations/sqlite/0001_inventory.sql"),
        postgres: include_str!("../migrations/postgres/0001_inventory.sql"),
    },
    Step {
        sqlite: include_str!("../migrations/sqlite/0002_schedule.sql"),
        postgres: include_str!("../migrations/postgres/0002_schedule.sql"),
    },
    Step {
        sqlite: include_str!("../migrations/sqlite/0003_alerts.sql"),
        postgres: include_str!("../migrations/postgres/0003_alerts.sql"),
    },
    Step {
        sqlite: include_str!("../migrations/sqlite/0004_lists.sql"),
        postgres: include_str!("../migrations/postgres/0004_lists.sql"),
    },
];

/// The present schema: the number of steps (a test counts them, since a constant cannot convert).
pub(crate) const PRESENT: i64 = 4;

/// What marks a SQLite file as ours, in its header ("nlps").
const APPLICATION: i64 = 0x6e6c_7073;

/// What is done before the schema of a server's database is changed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Before<'a> {
    /// An export is made into this folder.
    ExportInto(&'a Path),
    /// There is no place for one: nothing is changed.
    Refuse,
    /// It was filled from an export a moment ago.
    Nothing,
}

/// The schema of a SQLite file; `None` when it is empty.
pub(crate) fn found_in_sqlite(session: &mut Session) -> Result<Option<i64>, Trouble> {
    let application = number(session, "PRAGMA application_id")?;
    let version = number(session, "PRAGMA user_version")?;
    let tables = number(session, "SELECT count(*) FROM sqlite_schema")?;
    match (application, version, tables) {
        (APPLICATION, version, _) => Ok((version > 0).then_some(version)),
        (0, 0, 0) => Ok(None),
        _ => Err(Trouble::Foreign),
    }
}

/// Brings a SQLite file to the schema `to`. `stamp` names the backup.
pub(crate) fn sqlite(
    sqlite: Sqlite,
    path: &Path,
    stamp: &str,
    to: i64,
) -> Result<(Sqlite, Option<PathBuf>), Trouble> {
    let mut session = Session::Sqlite(sqlite);
    let found = found_in_sqlite(&mut session)?;
    let mut backup = None;
    if let Some(found) = known(found, to)? {
        let beside = backup::beside(path, found, stamp);
        backup::sqlite_into(&mut session, &beside).map_err(no_backup)?;
        backup = Some(beside);
    }
    for (number, step) in pending(found, to) {
        session.begin()?;
        // Another process may have done it between our look and our lock.
        let now = number_of(found_in_sqlite(&mut session)?);
        if now >= number {
            session.roll_back();
            continue;
        }
        let result = session
            .run(step.sqlite)
            .and_then(|()| {
                session.run(&format!(
                    "PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {number}"
                ))
            })
            .and_then(|()| session.commit());
        if let Err(trouble) = result {
            session.roll_back();
            return Err(trouble);
        }
    }
    match session {
        Session::Sqlite(sqlite) => Ok((sqlite, backup)),
        Session::Postgres(_) => Err(Trouble::broken("a file became a server")),
    }
}

/// The schema of a PostgreSQL database; `None` when there are no tables in it.
pub(crate) fn found_in_postgres(session: &mut Session) -> Result<Option<i64>, Trouble> {
    let tables = session.query(
        "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY 1",
        &[],
    )?;
    if tables.is_empty() {
        return Ok(None);
    }
    let is_ours = tables
        .iter()
        .any(|row| row.text(0).is_ok_and(|name| name == "nolapse_schema"));
    if !is_ours {
        return Err(Trouble::Foreign);
    }
    let version = session.one("SELECT version FROM nolapse_schema", &[])?;
    let version = version.map_or(Ok(0), |row| row.int(0))?;
    Ok((version > 0).then_some(version))
}

/// Brings a PostgreSQL database to the schema `to`. A backup is an export (the server's own tools need not be
/// here).
pub(crate) fn postgres(
    session: &mut Session,
    before: Before<'_>,
    stamp: &str,
    to: i64,
) -> Result<Option<PathBuf>, Trouble> {
    let found = found_in_postgres(session)?;
    let mut backup = None;
    if let Some(found) = known(found, to)? {
        backup = match before {
            Before::ExportInto(folder) => {
                let folder = folder.join(format!("nolapse-schema-{found}-{stamp}"));
                crate::transfer::export(session, &folder, found).map_err(no_backup)?;
                Some(folder)
            }
            Before::Refuse => return Err(no_backup(Trouble::broken("no folder is named for it"))),
            Before::Nothing => None,
        };
    }
    if found.is_none() {
        // Two replicas that start at once: one makes it, the other finds it or is told that it exists.
        let made = session.run(
            "CREATE TABLE IF NOT EXISTS nolapse_schema (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO nolapse_schema (one, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
        );
        if made.is_err() {
            found_in_postgres(session)?;
        }
    }
    for (number, step) in pending(found, to) {
        session.begin()?;
        let row = session.one("SELECT version FROM nolapse_schema FOR UPDATE", &[])?;
        let now = row.map_or(Ok(0), |row| row.int(0))?;
        if now >= number {
            session.roll_back();
            continue;
        }
        let result = session
            .run(step.postgres)
            .and_then(|()| {
                session
                    .execute("UPDATE nolapse_schema SET version = ?1", &[Value::Int(number)])
                    .map(drop)
            })
            .and_then(|()| session.commit());
        if let Err(trouble) = result {
            session.roll_back();
            return Err(trouble);
        }
    }
    Ok(backup)
}

/// What a schema that was found means: `Some` when it is to be brought up from there.
fn known(found: Option<i64>, to: i64) -> Result<Option<i64>, Trouble> {
    match found {
        Some(found) if found > to => Err(Trouble::Future { found, known: to }),
        Some(found) if found < to => Ok(Some(found)),
        _ => Ok(None),
    }
}

fn pending(found: Option<i64>, to: i64) -> impl Iterator<Item = (i64, &'static Step)> {
    let found = number_of(found);
    (1_i64..)
        .zip(STEPS)
        .filter(move |(number, _)| *number > found && *number <= to)
}

fn number_of(found: Option<i64>) -> i64 {
    found.unwrap_or(0)
}

fn no_backup(trouble: Trouble) -> Trouble {
    Trouble::NoBackup {
        reason: match trouble {
            Trouble::Broken { reason } => reason,
            other => other.to_string().into(),
        },
    }
}

fn number(session: &mut Session, sql: &str) -> Result<i64, Trouble> {
    match session {
        // Pragmas are asked for without the cache of statements, so that none outlives a change of the schema.
        Session::Sqlite(sqlite) => sqlite
            .connection()
            .query_row(sql, [], |row| row.get(0))
            .map_err(trouble),
        Session::Postgres(_) => Err(Trouble::broken("a pragma for a server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_schema_is_that_of_the_last_step() {
        assert_eq!(usize::try_from(PRESENT).unwrap(), STEPS.len());
    }
}
