//! Rows with columns, in every format of `report`: rows come in one by one, bytes go out as they come.
//!
//! A million rows do not sit in memory: machine formats are written row by row, a table for people takes its widths from the
//! first rows, and a page of HTML has its pictures, made from counts, before its rows. Every cell is made safe for the format
//! here and nowhere else.

mod html;
mod table;

use std::io::{self, Write};

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::report::{csv, markdown};
use crate::terminal::Style;
use crate::{json, text};

pub(crate) mod picture;

/// The formats of `report`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// Columns for spreadsheets, in which nothing is a formula.
    Csv,
    /// One array of rows.
    Json,
    /// One row a line, each the moment it is known.
    Ndjson,
    /// For people, in Markdown.
    Markdown,
    /// One page with pictures that needs nothing else: to mail, or to print.
    Html,
}

impl Format {
    /// Every word, as a configuration file has it.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        <Self as ValueEnum>::from_str(word, false).ok()
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Its name in machine formats.
    pub(crate) name: &'static str,
    /// Its head for people; empty when it is for machines only.
    pub(crate) head: &'static str,
}

/// A column for people and machines.
pub(crate) const fn column(name: &'static str, head: &'static str) -> Column {
    Column { name, head }
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    /// Nothing is known.
    None,
    /// A text, which may be a stranger's.
    Text(String),
    /// A word of ours, or a number of digits and dots.
    Word(&'static str),
    /// A number.
    Number(u64),
    /// A port.
    Port(u16),
    /// Whole days from now, negative when they are over.
    Days(i64),
    /// A moment.
    At(Timestamp),
    /// Yes or no.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
    /// A share from 0 to 1.
    Share(f64),
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

impl Cell {
    /// As a machine reads it.
    fn value(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) => Value::String(text.clone()),
            Self::Word(word) => Value::String((*word).to_owned()),
            Self::Number(number) => Value::from(*number),
            Self::Port(port) => Value::from(*port),
            Self::Days(days) => Value::from(*days),
            Self::At(at) => Value::String(moment(*at)),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::List(list) => Value::from(list.clone()),
            Self::Share(share) => serde_json::Number::from_f64(*share).map_or(Value::Null, Value::Number),
        }
    }

    /// As a spreadsheet reads it.
    fn plain(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Text(text) => text.clone(),
            Self::Word(word) => (*word).to_owned(),
            Self::Number(number) => number.to_string(),
            Self::Port(port) => port.to_string(),
            Self::Days(days) => days.to_string(),
            Self::At(at) => moment(*at),
            Self::Flag(flag) => flag.to_string(),
            Self::List(list) => list.join(" "),
            Self::Share(share) => format!("{share:.4}"),
        }
    }

    /// As a person reads it; not safe for any sink yet.
    fn shown(&self) -> String {
        match self {
            Self::None => "-".to_owned(),
            Self::Number(number) => text::count(*number),
            Self::Days(days) => format!("{days} d"),
            Self::At(at) => day(*at),
            Self::Flag(true) => "yes".to_owned(),
            Self::Flag(false) => "no".to_owned(),
            Self::List(list) => few(list),
            Self::Share(share) => format!("{:.1} %", share * 100.0),
            Self::Text(_) | Self::Word(_) | Self::Port(_) => self.plain(),
        }
    }
}

/// Texts of a list that a person is shown: a certificate may have a hundred names.
const SHOWN_OF_A_LIST: usize = 3;

fn few(list: &[String]) -> String {
    let shown: Vec<&str> = list.iter().take(SHOWN_OF_A_LIST).map(String::as_str).collect();
    match list.len().saturating_sub(SHOWN_OF_A_LIST) {
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}

/// `2026-11-24T12:00:00Z`.
fn moment(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

/// `2026-11-24 12:00`.
fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A row, in the order of the columns.
pub(crate) type Row = Vec<Cell>;

/// What stands above the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    /// What this is.
    pub(crate) title: String,
    /// What it says in one sentence, and as of when.
    pub(crate) lead: String,
    /// Pictures for formats that have them, as SVG that is safe to embed.
    pub(crate) pictures: Vec<String>,
}

/// Writes rows.
pub(crate) struct Sheet<W: Write> {
    out: W,
    format: Format,
    style: Style,
    columns: &'static [Column],
    head: Head,
    rows: u64,
    /// The first rows of a table, until its layout is known.
    waiting: Vec<Row>,
    layout: Option<table::Layout>,
}

/// Rows after which the widths of a table are settled: what comes later is cut to them.
const ROWS_THAT_COUNT: usize = 1_000;

impl<W: Write> Sheet<W> {
    /// Begins.
    pub(crate) fn begin(
        out: W,
        format: Format,
        style: Style,
        columns: &'static [Column],
        head: Head,
    ) -> io::Result<Self> {
        let mut sheet = Self {
            out,
            format,
            style,
            columns,
            head,
            rows: 0,
            waiting: Vec::new(),
            layout: None,
        };
        let names = || {
            columns
                .iter()
                .map(|column| column.name.to_owned())
                .collect::<Vec<_>>()
        };
        let mut bytes = Vec::new();
        match format {
            Format::Table | Format::Ndjson => {}
            Format::Json => bytes.push(b'['),
            Format::Csv => csv::append_head(&names(), &mut bytes),
            Format::Markdown => {
                let Head { title, lead, .. } = &sheet.head;
                let begin = format!(
                    "# {}\n\n{}\n\n",
                    markdown::escaped(title),
                    markdown::escaped(lead)
                );
                bytes.extend_from_slice(begin.as_bytes());
                let heads: Vec<String> = sheet
                    .for_people()
                    .map(|(column, _)| column.head.to_owned())
                    .collect();
                markdown::append_head(&heads, &mut bytes);
            }
            Format::Html => html::begin(&sheet.head, columns, &mut bytes),
        }
        sheet.out.write_all(&bytes)?;
        Ok(sheet)
    }

    /// Writes one row.
    pub(crate) fn row(&mut self, row: Row) -> io::Result<()> {
        let mut bytes = Vec::new();
        match self.format {
            Format::Table => {
                self.rows += 1;
                return self.table_row(row);
            }
            Format::Json | Format::Ndjson => {
                if self.format == Format::Json {
                    bytes.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
                }
                let pairs = self.columns.iter().zip(&row);
                let object: Map<String, Value> = pairs
                    .map(|(column, cell)| (column.name.to_owned(), cell.value()))
                    .collect();
                json::append(&mut bytes, &object).map_err(io::Error::other)?;
                if self.format == Format::Ndjson {
                    bytes.push(b'\n');
                }
            }
            Format::Csv => {
                let cells: Vec<String> = row.iter().map(Cell::plain).collect();
                csv::append_row(&cells, &mut bytes);
            }
            Format::Markdown => {
                let cells: Vec<String> = self
                    .for_people()
                    .filter_map(|(_, place)| row.get(place))
                    .map(Cell::shown)
                    .collect();
                markdown::append_row(&cells, &mut bytes);
            }
            Format::Html => html::row(self.columns, &row, &mut bytes),
        }
        self.rows += 1;
        self.out.write_all(&bytes)
    }

    /// Ends; `tail` is one sentence for people. Gives the number of rows.
    pub(crate) fn finish(mut self, tail: &str) -> io::Result<u64> {
        match self.format {
            Format::Table => {
                self.settle()?;
                if self.rows > 0 {
                    self.out.write_all(b"\n")?;
                }
                let lead = model::untrusted::shown(&self.head.lead);
                writeln!(self.out, "{lead}")?;
                if !tail.is_empty() {
                    writeln!(self.out, "{}", model::untrusted::shown(tail))?;
                }
            }
            Format::Json => self.out.write_all(b"\n]\n")?,
            Format::Csv | Format::Ndjson => {}
            Format::Markdown if tail.is_empty() => {}
            Format::Markdown => writeln!(self.out, "\n{}", markdown::escaped(tail))?,
            Format::Html => {
                let mut bytes = Vec::new();
                html::end(tail, &mut bytes);
                self.out.write_all(&bytes)?;
            }
        }
        self.out.flush()?;
        Ok(self.rows)
    }

    /// Columns that people are shown, with their places.
    fn for_people(&self) -> impl Iterator<Item = (&'static Column, usize)> + use<W> {
        let columns: &'static [Column] = self.columns;
        columns
            .iter()
            .zip(0..)
            .filter(|(column, _)| !column.head.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Colour;

    const COLUMNS: &[Column] = &[
        column("name", "Name"),
        column("left", "Left"),
        column("sha256", ""),
    ];
    const HOSTILE: &str = "=<script>alert(1)</script>\u{1b}[31m\u{202e}|x";

    fn written(format: Format) -> String {
        let mut out = Vec::new();
        let head = Head {
            title: HOSTILE.to_owned(),
            lead: HOSTILE.to_owned(),
            pictures: Vec::new(),
        };
        let mut sheet =
            Sheet::begin(&mut out, format, Style::for_file(Colour::Never), COLUMNS, head).unwrap();
        sheet
            .row(vec![HOSTILE.into(), Cell::Days(-2), "ab".into()])
            .unwrap();
        sheet.row(vec![Cell::None, Cell::Days(5), Cell::None]).unwrap();
        sheet.finish(HOSTILE).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_of_a_stranger_gets_through_in_any_format() {
        for format in Format::value_variants() {
            let text = written(*format);
            assert!(
                !text.contains('\u{1b}') && !text.contains('\u{202e}'),
                "{format:?}: {text}"
            );
        }
        assert!(
            !written(Format::Html).contains("<script"),
            "{}",
            written(Format::Html)
        );
        assert!(!written(Format::Markdown).contains("<script"));
        assert!(written(Format::Csv).contains("\"'=<script>") || written(Format::Csv).contains("'=<script>"));
    }

    #[test]
    fn machines_get_every_column_and_types() {
        let rows: Vec<Map<String, Value>> = serde_json::from_str(&written(Format::Json)).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(
            (&rows[0]["left"], &rows[0]["sha256"], &rows[1]["name"]),
            (&Value::from(-2), &Value::from("ab"), &Value::Null)
        );
        assert_eq!(rows[0]["name"], HOSTILE);
        assert_eq!(written(Format::Ndjson).lines().count(), 2);
        assert_eq!(written(Format::Csv).lines().next(), Some("name,left,sha256"));
    }

    #[test]
    fn an_empty_sheet_is_whole_in_every_format() {
        for format in Format::value_variants() {
            let mut out = Vec::new();
            let head = Head {
                lead: "nothing".to_owned(),
                ..Head::default()
            };
            let sheet =
                Sheet::begin(&mut out, *format, Style::for_file(Colour::Never), COLUMNS, head).unwrap();
            assert_eq!(sheet.finish("").unwrap(), 0);
            let text = String::from_utf8(out).unwrap();
            match format {
                Format::Json => assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len(), 0),
                Format::Ndjson => assert_eq!(text, ""),
                Format::Html => assert!(text.trim_end().ends_with("</html>")),
                Format::Table | Format::Csv | Format::Markdown => assert!(!text.is_empty()),
            }
        }
    }
}
