//! A connection to SQLite.
//!
//! WAL, `synchronous = FULL`: a commit is on the disk when it returns. One connection writes, others read beside it.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::{Change, Find, Put, Remove, When};
use crate::error::Trouble;
use crate::value::{Row, Value};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    /// Beside a writer, which has made the file.
    Read,
}

/// An open file.
pub(crate) struct Sqlite {
    connection: Connection,
}

/// How long to wait for another process that writes, before it counts as locked.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements kept ready: there are fewer than this in the crate.
const STATEMENTS: usize = 256;

impl Sqlite {
    /// Opens the file; makes it when it is to be written and not there.
    pub(crate) fn open(path: &Path, mode: Mode, cache_kib: u32) -> Result<Self, Trouble> {
        let flags = match mode {
            Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(trouble)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(PATIENCE).map_err(trouble)?;
        let sqlite = Self { connection };
        sqlite.run(&format!("PRAGMA cache_size = -{cache_kib}"))?;
        sqlite.run("PRAGMA temp_store = MEMORY")?;
        if mode == Mode::Write {
            sqlite.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
            // A checkpoint every 16 MiB of WAL: the default of 4 MiB writes the same pages several times in bulk.
            sqlite.run("PRAGMA wal_autocheckpoint = 4096")?;
        }
        Ok(sqlite)
    }

    /// Bounds the size of the file, in bytes.
    pub(crate) fn bound(&self, bytes: u64) -> Result<(), Trouble> {
        const PAGE_BYTES: u64 = 4096;
        self.run(&format!("PRAGMA max_page_count = {}", bytes / PAGE_BYTES))
    }

    pub(crate) const fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    pub(crate) fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.connection.execute_batch(sql).map_err(trouble)
    }

    pub(crate) fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let mut statement = self.prepare(sql)?;
        let mut rows = Vec::new();
        collect(&mut statement, values, &mut rows)?;
        Ok(rows)
    }

    pub(crate) fn each_row(
        &self,
        sql: &str,
        take: &mut dyn FnMut(Row) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut statement = self.prepare(sql)?;
        read(&mut statement, &[], take)
    }

    pub(crate) fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let changed = self
            .prepare(sql)?
            .execute(params_from_iter(values))
            .map_err(trouble)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(crate) fn put(&self, put: &Put<'_>, rows: &[Vec<Value>]) -> Result<u64, Trouble> {
        let columns = put
            .columns
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ");
        let marks = marks(put.columns.len());
        let sql = format!(
            "INSERT INTO {} ({columns}) VALUES ({marks}) {}",
            put.table, put.conflict
        );
        self.each(&sql, rows)
    }

    pub(crate) fn change(&self, change: &Change, rows: &[Vec<Value>]) -> Result<u64, Trouble> {
        let keys = equalities(change.keys.iter().map(|(name, _)| *name), 0, " AND ");
        let sets = equalities(change.sets.iter().map(|(name, _)| *name), change.keys.len(), ", ");
        let lower = match (change.when, change.sets.first()) {
            (When::Lower, Some((name, _))) => format!(" AND {name} > ?{}", change.keys.len() + 1),
            _ => String::new(),
        };
        self.each(
            &format!("UPDATE {} SET {sets} WHERE {keys}{lower}", change.table),
            rows,
        )
    }

    pub(crate) fn remove(&self, remove: &Remove, keys: &[Vec<Value>]) -> Result<u64, Trouble> {
        let condition = equalities(remove.keys.iter().map(|(name, _)| *name), 0, " AND ");
        self.each(&format!("DELETE FROM {} WHERE {condition}", remove.table), keys)
    }

    pub(crate) fn find(&self, find: &Find, keys: &[Vec<Value>]) -> Result<Vec<Row>, Trouble> {
        let condition = equalities(find.keys.iter().map(|(name, _)| *name), 0, " AND ");
        let sql = format!("SELECT {} FROM {} WHERE {condition}", find.columns, find.from);
        let mut statement = self.prepare(&sql)?;
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            collect(&mut statement, key, &mut rows)?;
        }
        Ok(rows)
    }

    fn each(&self, sql: &str, rows: &[Vec<Value>]) -> Result<u64, Trouble> {
        let mut statement = self.prepare(sql)?;
        let mut changed = 0;
        for row in rows {
            changed += statement.execute(params_from_iter(row)).map_err(trouble)? as u64;
        }
        Ok(changed)
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Trouble> {
        self.connection.prepare_cached(sql).map_err(trouble)
    }
}

fn collect(
    statement: &mut CachedStatement<'_>,
    values: &[Value],
    into: &mut Vec<Row>,
) -> Result<(), Trouble> {
    read(statement, values, &mut |row| {
        into.push(row);
        Ok(())
    })
}

fn read(
    statement: &mut CachedStatement<'_>,
    values: &[Value],
    take: &mut dyn FnMut(Row) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(values)).map_err(trouble)?;
    while let Some(row) = rows.next().map_err(trouble)? {
        let mut taken = Vec::with_capacity(columns);
        for column in 0..columns {
            taken.push(match row.get_ref(column).map_err(trouble)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::Int(number),
                ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
                ValueRef::Real(_) => {
                    return Err(Trouble::broken(
                        "a floating-point number, of which there are none",
                    ));
                }
            });
        }
        take(Row(taken))?;
    }
    Ok(())
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn marks(count: usize) -> String {
    (1..=count)
        .map(|number| format!("?{number}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn equalities<'a>(names: impl Iterator<Item = &'a str>, before: usize, between: &str) -> String {
    names
        .enumerate()
        .map(|(number, name)| format!("{name} = ?{}", before + number + 1))
        .collect::<Vec<_>>()
        .join(between)
}

/// What a person can do about what SQLite says.
pub(crate) fn trouble(error: rusqlite::Error) -> Trouble {
    let reason = error.to_string().into_boxed_str();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::ReadOnly) => Trouble::ReadOnly,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            Trouble::Locked
        }
        Some(ErrorCode::DatabaseCorrupt) => Trouble::Damaged { reason },
        Some(ErrorCode::NotADatabase) => Trouble::Foreign,
        Some(
            ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied,
        ) => Trouble::Forbidden { reason },
        Some(ErrorCode::SystemIoFailure | ErrorCode::NoLargeFileSupport) => Trouble::Io { reason },
        _ => Trouble::Broken { reason },
    }
}
