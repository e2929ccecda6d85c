//! One connection to either database, and the few things that the rest of this crate asks of it.
//!
//! SQL in the subset that both understand comes in, with `?1` for parameters; rows come out. What differs is here: a
//! batch is one statement per row for SQLite, which has no round trips, and one statement with arrays for PostgreSQL,
//! which has. Everything blocks: connections live in threads of their own ([`crate::desk`]), so that the logic above is
//! written once, without regard to which database waits on a network.

pub(crate) mod postgres;
pub(crate) mod sqlite;
mod tls;

use crate::error::Trouble;
use crate::value::{Kind, Row, Value};

/// An open connection.
pub(crate) enum Session {
    Sqlite(sqlite::Sqlite),
    Postgres(Box<postgres::Postgres>),
}

/// Rows to be put into a table, all of them at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    pub(crate) table: &'a str,
    pub(crate) columns: &'a [(&'a str, Kind)],
    /// What follows the values: `ON CONFLICT ...`.
    pub(crate) conflict: &'a str,
}

/// Rows to be changed, all of them at once: the first columns are the key, the others are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub(crate) table: &'static str,
    pub(crate) keys: &'static [(&'static str, Kind)],
    pub(crate) sets: &'static [(&'static str, Kind)],
    pub(crate) when: When,
}

/// Under which condition a row is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    /// When the first new value is less than the old one: whoever comes last, the least value stays.
    Lower,
}

/// Rows to be removed by their keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remove {
    pub(crate) table: &'static str,
    pub(crate) keys: &'static [(&'static str, Kind)],
}

/// Rows to be looked up by keys, all of them at once. Which key a row belongs to is seen by its columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Find {
    pub(crate) columns: &'static str,
    pub(crate) from: &'static str,
    pub(crate) keys: &'static [(&'static str, Kind)],
}

impl Session {
    /// Asks once.
    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.query(sql, values),
            Self::Postgres(postgres) => postgres.query(sql, values),
        }
    }

    /// Asks once, and hands the rows over one by one, since there may be millions.
    pub(crate) fn each(
        &mut self,
        sql: &str,
        take: &mut dyn FnMut(Row) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.each_row(sql, take),
            Self::Postgres(postgres) => postgres.each_row(sql, take),
        }
    }

    /// Asks for at most one row.
    pub(crate) fn one(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, Trouble> {
        Ok(self.query(sql, values)?.into_iter().next())
    }

    /// Changes something, and says how many rows.
    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.execute(sql, values),
            Self::Postgres(postgres) => postgres.execute(sql, values),
        }
    }

    /// Runs statements without parameters.
    pub(crate) fn run(&self, sql: &str) -> Result<(), Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.run(sql),
            Self::Postgres(postgres) => postgres.run(sql),
        }
    }

    /// Puts rows in, and says how many were put or changed. No two of them may have the same key.
    pub(crate) fn put(&mut self, put: &Put<'_>, rows: Vec<Vec<Value>>) -> Result<u64, Trouble> {
        if rows.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.put(put, &rows),
            Self::Postgres(postgres) => postgres.put(put, rows),
        }
    }

    /// Changes rows: each is key and then new values.
    pub(crate) fn change(&mut self, change: &Change, rows: Vec<Vec<Value>>) -> Result<(), Trouble> {
        if rows.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.change(change, &rows).map(drop),
            Self::Postgres(postgres) => postgres.change(change, rows).map(drop),
        }
    }

    /// Removes rows by their keys.
    pub(crate) fn remove(&mut self, remove: &Remove, keys: Vec<Vec<Value>>) -> Result<(), Trouble> {
        if keys.is_empty() {
            return Ok(());
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.remove(remove, &keys).map(drop),
            Self::Postgres(postgres) => postgres.remove(remove, keys).map(drop),
        }
    }

    /// Looks rows up by keys. No two keys may be the same.
    pub(crate) fn find(&mut self, find: &Find, keys: Vec<Vec<Value>>) -> Result<Vec<Row>, Trouble> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self {
            Self::Sqlite(sqlite) => sqlite.find(find, &keys),
            Self::Postgres(postgres) => postgres.find(find, keys),
        }
    }

    /// Whether a transaction is open: some troubles of SQLite end it by themselves.
    pub(crate) fn is_in_transaction(&self) -> bool {
        match self {
            Self::Sqlite(sqlite) => sqlite.is_in_transaction(),
            Self::Postgres(postgres) => !postgres.is_closed(),
        }
    }

    /// Whether the connection is of no use any more.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(postgres) => postgres.is_closed(),
        }
    }

    /// Whether another process may write to the same rows at the same time.
    pub(crate) const fn has_rivals(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Begins a transaction that writes.
    pub(crate) fn begin(&self) -> Result<(), Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.run("BEGIN IMMEDIATE"),
            Self::Postgres(postgres) => postgres.run("BEGIN"),
        }
    }

    /// Begins a transaction that only reads, and sees one state of everything.
    pub(crate) fn begin_reading(&self) -> Result<(), Trouble> {
        match self {
            Self::Sqlite(sqlite) => sqlite.run("BEGIN DEFERRED"),
            Self::Postgres(postgres) => postgres.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        }
    }

    /// Ends a transaction; durable when it returns.
    pub(crate) fn commit(&self) -> Result<(), Trouble> {
        self.run("COMMIT")
    }

    /// Gives a transaction up.
    pub(crate) fn roll_back(&self) {
        if self.is_in_transaction() {
            // A connection that cannot even do this is dropped, which does the same.
            drop(self.run("ROLLBACK"));
        }
    }
}
