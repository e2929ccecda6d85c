//! A connection to PostgreSQL.
//!
//! The client is asynchronous; here it is driven by a small runtime of its own and waited for, since the connection
//! lives in a thread that has nothing else to do. Batches travel as arrays, one per column, and become rows by `unnest`.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, NoTls, Socket, Statement};

use super::tls::Tls;
use super::{Change, Find, Put, Remove, When};
use crate::address::{PostgresUrl, Security};
use crate::error::Trouble;
use crate::value::{Kind, Row, Value};

/// An open connection.
pub(crate) struct Postgres {
    // Dropped before the runtime that drives it.
    client: Client,
    runtime: Runtime,
    statements: HashMap<Arc<str>, Statement>,
}

/// What every connection sets: names of ours in `pg_stat_activity`, answers that do not depend on the server's
/// configuration, and plans for solid state disks with the sizes of the arrays known.
const GREETING: &str = "SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET synchronous_commit = on;
SET random_page_cost = 1.1; SET plan_cache_mode = force_custom_plan; SET jit = off;
SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '5min'";

impl Postgres {
    /// Connects.
    pub(crate) fn open(url: &PostgresUrl) -> Result<Self, Trouble> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Trouble::Io {
                reason: error.to_string().into(),
            })?;
        let mut settings: tokio_postgres::Config = url
            .url
            .parse()
            .map_err(|error: tokio_postgres::Error| Trouble::Url { reason: said(&error) })?;
        settings.application_name("nolapse");
        if let Some(path) = &url.password_file {
            settings.password(password(path)?);
        }
        let client = match &url.security {
            Security::Plain => {
                settings.ssl_mode(SslMode::Disable);
                runtime.block_on(connect(&settings, NoTls))
            }
            Security::Tls { authorities } => {
                settings.ssl_mode(SslMode::Require);
                runtime.block_on(connect(&settings, Tls::trusting(authorities.as_deref())?))
            }
        }
        .map_err(|error| unreachable(&error))?;
        let postgres = Self {
            client,
            runtime,
            statements: HashMap::new(),
        };
        postgres.run(GREETING)?;
        Ok(postgres)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(crate) fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.runtime
            .block_on(self.client.batch_execute(sql))
            .map_err(|error| trouble(&error))
    }

    pub(crate) fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let sql = sql.replace('?', "$");
        let parameters: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        self.rows(&sql, &parameters)
    }

    /// By a cursor, so that neither side holds more than a part; within a transaction.
    pub(crate) fn each_row(
        &self,
        sql: &str,
        take: &mut dyn FnMut(Row) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        self.run(&format!("DECLARE each_row NO SCROLL CURSOR FOR {sql}"))?;
        loop {
            let simple = self
                .runtime
                .block_on(self.client.query("FETCH 2000 FROM each_row", &[]));
            let rows = simple.map_err(|error| trouble(&error))?;
            if rows.is_empty() {
                return self.run("CLOSE each_row");
            }
            for found in &rows {
                take(row(found)?)?;
            }
        }
    }

    pub(crate) fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let sql = sql.replace('?', "$");
        let parameters: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let statement = self.prepare(&sql)?;
        self.runtime
            .block_on(self.client.execute(&statement, &parameters))
            .map_err(|error| trouble(&error))
    }

    pub(crate) fn put(&mut self, put: &Put<'_>, rows: Vec<Vec<Value>>) -> Result<u64, Trouble> {
        let columns = names(put.columns).join(", ");
        let sql = format!(
            "INSERT INTO {} ({columns}) SELECT * FROM unnest({}) {}",
            put.table,
            arrays(put.columns),
            put.conflict
        );
        self.with_columns(&sql, put.columns, rows)
    }

    pub(crate) fn change(&mut self, change: &Change, rows: Vec<Vec<Value>>) -> Result<u64, Trouble> {
        let all: Vec<(&'static str, Kind)> = change.keys.iter().chain(change.sets).copied().collect();
        let sets: Vec<String> = names(change.sets)
            .iter()
            .map(|name| format!("{name} = new.{name}"))
            .collect();
        let lower = match (change.when, change.sets.first()) {
            (When::Lower, Some((name, _))) => format!(" AND {}.{name} > new.{name}", change.table),
            _ => String::new(),
        };
        let sql = format!(
            "UPDATE {table} SET {} FROM unnest({}) AS new ({}) WHERE {}{lower}",
            sets.join(", "),
            arrays(&all),
            names(&all).join(", "),
            same(change.table, change.keys),
            table = change.table,
        );
        self.with_columns(&sql, &all, rows)
    }

    pub(crate) fn remove(&mut self, remove: &Remove, keys: Vec<Vec<Value>>) -> Result<u64, Trouble> {
        let sql = format!(
            "DELETE FROM {table} USING unnest({}) AS new ({}) WHERE {}",
            arrays(remove.keys),
            names(remove.keys).join(", "),
            same(remove.table, remove.keys),
            table = remove.table,
        );
        self.with_columns(&sql, remove.keys, keys)
    }

    pub(crate) fn find(&mut self, find: &Find, keys: Vec<Vec<Value>>) -> Result<Vec<Row>, Trouble> {
        let columns = || find.keys.iter().enumerate();
        let condition: Vec<String> = columns()
            .map(|(number, (column, _))| format!("{column} = wanted.key{number}"))
            .collect();
        let wanted: Vec<String> = columns().map(|(number, _)| format!("key{number}")).collect();
        let sql = format!(
            "SELECT {} FROM unnest({}) AS wanted ({}) JOIN {} ON {}",
            find.columns,
            arrays(find.keys),
            wanted.join(", "),
            find.from,
            condition.join(" AND "),
        );
        let arrays = transpose(find.keys, keys);
        let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::parameter).collect();
        self.rows(&sql, &parameters)
    }

    fn with_columns(
        &mut self,
        sql: &str,
        columns: &[(&str, Kind)],
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, Trouble> {
        let arrays = transpose(columns, rows);
        let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(Array::parameter).collect();
        let statement = self.prepare(sql)?;
        self.runtime
            .block_on(self.client.execute(&statement, &parameters))
            .map_err(|error| trouble(&error))
    }

    fn rows(&mut self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Trouble> {
        let statement = self.prepare(sql)?;
        let rows = self
            .runtime
            .block_on(self.client.query(&statement, parameters))
            .map_err(|error| trouble(&error))?;
        rows.iter().map(row).collect()
    }

    fn prepare(&mut self, sql: &str) -> Result<Statement, Trouble> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        let statement = self
            .runtime
            .block_on(self.client.prepare(sql))
            .map_err(|error| trouble(&error))?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

async fn connect<T>(settings: &tokio_postgres::Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = settings.connect(tls).await?;
    tokio::spawn(async move {
        // How it ends is seen by the client's next question.
        drop(connection.await);
    });
    Ok(client)
}

/// A password alone in a file; the end of its line is not part of it.
fn password(path: &Path) -> Result<String, Trouble> {
    let refused = |reason: &dyn Display| Trouble::Refused {
        reason: format!("the password in {}: {reason}", path.display()).into(),
    };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| refused(&error))?;
    file.take(PASSWORD_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(|error| refused(&error))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || text.len() as u64 > PASSWORD_BYTES {
        return Err(refused(&"the file holds none"));
    }
    Ok(password.to_owned())
}

/// Longer than any password; a file of another kind is not read whole.
const PASSWORD_BYTES: u64 = 4096;

fn names<'a>(columns: &[(&'a str, Kind)]) -> Vec<&'a str> {
    columns.iter().map(|(name, _)| *name).collect()
}

fn same(table: &str, keys: &[(&str, Kind)]) -> String {
    let equal = keys
        .iter()
        .map(|(name, _)| format!("{table}.{name} = new.{name}"));
    equal.collect::<Vec<_>>().join(" AND ")
}

fn arrays(columns: &[(&str, Kind)]) -> String {
    let typed = columns.iter().enumerate().map(|(number, (_, kind))| {
        let kind = match kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Blob => "bytea",
        };
        format!("${}::{kind}[]", number + 1)
    });
    typed.collect::<Vec<_>>().join(", ")
}

/// One column of a batch.
enum Array {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Blob(Vec<Option<Vec<u8>>>),
}

impl Array {
    fn parameter(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Int(values) => values,
            Self::Text(values) => values,
            Self::Blob(values) => values,
        }
    }
}

fn transpose(columns: &[(&str, Kind)], rows: Vec<Vec<Value>>) -> Vec<Array> {
    let mut arrays: Vec<Array> = columns
        .iter()
        .map(|(_, kind)| match kind {
            Kind::Int => Array::Int(Vec::with_capacity(rows.len())),
            Kind::Text => Array::Text(Vec::with_capacity(rows.len())),
            Kind::Blob => Array::Blob(Vec::with_capacity(rows.len())),
        })
        .collect();
    for row in rows {
        for (array, value) in arrays.iter_mut().zip(row) {
            match (array, value) {
                (Array::Int(values), Value::Int(number)) => values.push(Some(number)),
                (Array::Int(values), _) => values.push(None),
                (Array::Text(values), Value::Text(text)) => values.push(Some(text)),
                (Array::Text(values), _) => values.push(None),
                (Array::Blob(values), Value::Blob(bytes)) => values.push(Some(bytes)),
                (Array::Blob(values), _) => values.push(None),
            }
        }
    }
    arrays
}

fn row(row: &tokio_postgres::Row) -> Result<Row, Trouble> {
    let mut taken = Vec::with_capacity(row.len());
    for (number, column) in row.columns().iter().enumerate() {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(number).map(Value::from),
            Type::INT4 => row
                .try_get::<_, Option<i32>>(number)
                .map(|value| Value::from(value.map(i64::from))),
            Type::TEXT | Type::VARCHAR | Type::NAME => {
                row.try_get::<_, Option<String>>(number).map(Value::from)
            }
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(number)
                .map(|value| value.map_or(Value::Null, Value::Blob)),
            ref other => return Err(Trouble::broken(format!("a column of type {other}"))),
        };
        taken.push(value.map_err(|error| trouble(&error))?);
    }
    Ok(Row(taken))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(bytes) => bytes.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::INT8 | Type::INT4 | Type::TEXT | Type::VARCHAR | Type::BYTEA
        )
    }

    to_sql_checked!();
}

fn said(error: &tokio_postgres::Error) -> Box<str> {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_said = next.to_string();
        if !said.contains(&next_said) {
            said = format!("{said}: {next_said}");
        }
        cause = next.source();
    }
    said.into()
}

fn unreachable(error: &tokio_postgres::Error) -> Trouble {
    match error.code() {
        Some(code) if *code == SqlState::CANNOT_CONNECT_NOW || *code == SqlState::TOO_MANY_CONNECTIONS => {
            Trouble::Unreachable { reason: said(error) }
        }
        Some(_) => Trouble::Refused { reason: said(error) },
        // Without a code it is the network, or a password that the URL does not have.
        None if said(error).contains("password") => Trouble::Refused { reason: said(error) },
        None if said(error).contains("TLS") => Trouble::Tls { reason: said(error) },
        None => Trouble::Unreachable { reason: said(error) },
    }
}

/// What a person can do about what PostgreSQL says.
pub(crate) fn trouble(error: &tokio_postgres::Error) -> Trouble {
    let reason = said(error);
    let Some(code) = error.code() else {
        return if error.is_closed()
            || std::error::Error::source(error).is_some_and(|cause| cause.is::<std::io::Error>())
        {
            Trouble::Gone { reason }
        } else {
            Trouble::Broken { reason }
        };
    };
    match code.code() {
        "53100" => Trouble::Full,
        "25006" => Trouble::ReadOnly,
        "40001" | "40P01" => Trouble::Contended,
        "55P03" => Trouble::Locked,
        "42501" => Trouble::Forbidden { reason },
        "XX001" | "XX002" => Trouble::Damaged { reason },
        "58030" => Trouble::Io { reason },
        code if code.starts_with("57P") || code.starts_with("08") => Trouble::Gone { reason },
        _ => Trouble::Broken { reason },
    }
}
