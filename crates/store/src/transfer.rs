//! Everything as files, and back: NDJSON, one file for each table, readable without nolapse.
//!
//! Tables are written as they are, by the columns that the database itself names, so that any schema can be exported by
//! any later program; an import makes the schema that the files were written from, fills it, and then goes the same way
//! forward as every old database. The files do not say which database they came from, so that this is also how one moves
//! from SQLite to PostgreSQL and back. Whole numbers are numbers, text is text, bytes are base64.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::backup::io;
use crate::error::Trouble;
use crate::session::{Put, Session};
use crate::value::{Kind, Value};

/// What `nolapse.json` says of the files beside it.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    /// Of this arrangement of files.
    format: u32,
    schema: i64,
}

const FORMAT: u32 = 1;
const HEADER: &str = "nolapse.json";
/// Rows put in at once.
const ROWS: usize = 1000;
/// One line: a certificate of 1 MiB in base64 and what stands around it.
const LINE_BYTES: usize = 4 * 1024 * 1024;

/// A table as the database describes it.
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

/// Writes everything into a new folder. The schema is said by the caller, who knows how the database keeps it.
pub(crate) fn export(session: &mut Session, folder: &Path, schema: i64) -> Result<(), Trouble> {
    if folder.exists() {
        return Err(Trouble::NotEmpty);
    }
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = folder.with_file_name(name);
    drop(fs::remove_dir_all(&part));
    fs::create_dir_all(&part).map_err(|error| io(&error))?;
    let tables = tables(session)?;
    session.begin_reading()?;
    let written = tables
        .iter()
        .try_for_each(|table| export_table(session, table, &part));
    session.roll_back();
    let written = written
        .and_then(|()| {
            let header = Header {
                format: FORMAT,
                schema,
            };
            let text = serde_json::to_vec_pretty(&header).unwrap_or_default();
            fs::write(part.join(HEADER), text).map_err(|error| io(&error))
        })
        .and_then(|()| fs::rename(&part, folder).map_err(|error| io(&error)));
    if written.is_err() {
        drop(fs::remove_dir_all(&part));
    }
    written
}

fn export_table(session: &mut Session, table: &Table, folder: &Path) -> Result<(), Trouble> {
    let path = folder.join(format!("{}.ndjson", table.name));
    let mut file = BufWriter::new(File::create(path).map_err(|error| io(&error))?);
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("SELECT {} FROM {}", quoted(&names), table.name);
    session.each(&sql, &mut |row| {
        let mut object = Map::new();
        for (name, value) in names.iter().zip(row.0) {
            let json = match value {
                Value::Null => continue,
                Value::Int(number) => Json::from(number),
                Value::Text(text) => Json::from(text),
                Value::Blob(bytes) => Json::from(STANDARD.encode(bytes)),
            };
            object.insert((*name).to_owned(), json);
        }
        serde_json::to_writer(&mut file, &object).map_err(|error| io(&error.into()))?;
        file.write_all(b"\n").map_err(|error| io(&error))
    })?;
    let file = file.into_inner().map_err(|error| io(error.error()))?;
    file.sync_all().map_err(|error| io(&error))
}

/// The schema that an export was written from.
pub(crate) fn schema_of(folder: &Path) -> Result<i64, Trouble> {
    let path = folder.join(HEADER);
    let text = fs::read(&path).map_err(|error| match io(&error) {
        Trouble::Missing => unreadable(&path, None, "there is no such file: this is no export of nolapse"),
        other => other,
    })?;
    let header: Header =
        serde_json::from_slice(&text).map_err(|error| unreadable(&path, None, &error.to_string()))?;
    if header.format != FORMAT || header.schema < 1 {
        return Err(unreadable(
            &path,
            None,
            "it is of an arrangement that is not known here",
        ));
    }
    Ok(header.schema)
}

/// Reads everything from a folder into tables that are there and hold nothing of their own; one transaction.
pub(crate) fn import(session: &mut Session, folder: &Path) -> Result<(), Trouble> {
    session.begin()?;
    let read = tables(session)?
        .iter()
        .try_for_each(|table| import_table(session, table, folder))
        .and_then(|()| session.commit());
    if read.is_err() {
        session.roll_back();
    }
    read
}

fn import_table(session: &mut Session, table: &Table, folder: &Path) -> Result<(), Trouble> {
    let path = folder.join(format!("{}.ndjson", table.name));
    let file = File::open(&path).map_err(|error| match io(&error) {
        Trouble::Missing => unreadable(&path, None, "there is no such file"),
        other => other,
    })?;
    // What a new database comes with (the shards) is in the files as well.
    session.run(&format!("DELETE FROM {}", table.name))?;
    let columns: Vec<(&str, Kind)> = table
        .columns
        .iter()
        .map(|(name, kind)| (name.as_str(), *kind))
        .collect();
    let put = Put {
        table: &table.name,
        columns: &columns,
        conflict: "",
    };
    let mut reader = BufReader::new(file);
    let (mut rows, mut line, mut number) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        line.clear();
        let read = std::io::Read::take(&mut reader, LINE_BYTES as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| io(&error))?;
        number += 1;
        if read == 0 {
            break;
        }
        let row = parse(&columns, &line).map_err(|reason| unreadable(&path, Some(number), &reason))?;
        rows.push(row);
        if rows.len() >= ROWS {
            session.put(&put, std::mem::take(&mut rows))?;
        }
    }
    session.put(&put, rows)?;
    if session.has_rivals() && columns.first().is_some_and(|(name, _)| *name == "id") {
        // The server's counter goes on behind the highest number.
        session.query(
            &format!("SELECT setval(pg_get_serial_sequence('{0}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM {0}), false)", table.name),
            &[],
        )?;
    }
    Ok(())
}

fn parse(columns: &[(&str, Kind)], line: &[u8]) -> Result<Vec<Value>, String> {
    let object: Map<String, Json> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let values = columns
        .iter()
        .map(|(name, kind)| match (object.get(*name), kind) {
            (None | Some(Json::Null), _) => Ok(Value::Null),
            (Some(Json::Number(number)), Kind::Int) => number
                .as_i64()
                .map(Value::Int)
                .ok_or_else(|| format!("`{name}` is no whole number")),
            (Some(Json::String(text)), Kind::Text) => Ok(Value::Text(text.clone())),
            (Some(Json::String(text)), Kind::Blob) => STANDARD
                .decode(text)
                .map(Value::Blob)
                .map_err(|error| format!("`{name}`: {error}")),
            _ => Err(format!("`{name}` is of another type")),
        });
    values.collect()
}

fn unreadable(path: &Path, line: Option<u64>, reason: &str) -> Trouble {
    let line = line.map(|line| format!(" line {line}")).unwrap_or_default();
    Trouble::Import {
        reason: format!("{}{line}: {}", path.display(), model::untrusted::shown(reason)).into(),
    }
}

/// Our tables with their columns, as the database describes them.
fn tables(session: &mut Session) -> Result<Vec<Table>, Trouble> {
    let (tables, columns) = match session {
        Session::Sqlite(_) => (
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            "SELECT name, lower(type) FROM pragma_table_info(?1) ORDER BY cid",
        ),
        Session::Postgres(_) => (
            "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema()
             AND tablename <> 'nolapse_schema' ORDER BY 1",
            "SELECT column_name::text, data_type::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = CAST(?1 AS TEXT) ORDER BY ordinal_position",
        ),
    };
    let mut found = Vec::new();
    for table in session.query(tables, &[])? {
        let name = table.text(0)?.to_owned();
        let mut described = Vec::new();
        for column in session.query(columns, &[Value::from(name.as_str())])? {
            let kind = match column.text(1)? {
                "integer" | "bigint" => Kind::Int,
                "text" => Kind::Text,
                "blob" | "bytea" => Kind::Blob,
                other => return Err(Trouble::broken(format!("a column of type {other}"))),
            };
            described.push((column.text(0)?.to_owned(), kind));
        }
        found.push(Table {
            name,
            columns: described,
        });
    }
    Ok(found)
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ")
}
