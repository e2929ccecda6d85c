//! Reports: looks come in, bytes go out, in the format that was asked for.
//!
//! Formats of lines ([`ndjson`], [`json`], [`csv`], chosen fields) are made by the workers look by look and only joined
//! by the writer. Reports for people ([`table`], [`markdown`]) are made at the end from counts and a few examples per
//! cause ([`causes`]), so that a million endpoints need no more memory than a hundred.

pub(crate) mod causes;
pub(crate) mod csv;
pub(crate) mod detail;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod markdown;
pub(crate) mod ndjson;
#[cfg(test)]
mod samples;
pub(crate) mod table;

use std::io::{self, Read, Seek, SeekFrom};

use clap::ValueEnum;

use crate::report::causes::Keep;
use crate::report::fields::Fields;
use engine::look::Look;

/// The formats of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: worst first, grouped by cause.
    #[default]
    Table,
    /// One array of records.
    Json,
    /// One record a line, each the moment it is known.
    Ndjson,
    /// One line per finding: `ip_address,port,fqdn,status,message`; the status `error` covers CRITICAL, EXPIRED and ERROR.
    Csv,
    /// For people, in Markdown.
    Markdown,
}

/// What a worker makes of a look.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rendering {
    /// Elements of a JSON array, each with the comma in front.
    Json(Option<Fields>),
    /// Lines of JSON.
    Ndjson(Option<Fields>),
    /// Lines of CSV: one per finding, or chosen fields.
    Csv(Option<Fields>),
    /// Lines of CSV, also for endpoints that are fine.
    CsvOfAll,
    /// Rows of a Markdown table with these columns.
    Rows(Fields),
    /// Nothing: the writer keeps the look and reports at the end.
    Kept,
}

impl Rendering {
    /// What a format needs of the workers. A table with chosen fields does not exist.
    pub(crate) fn new(format: Format, fields: Option<Fields>, list: Keep) -> Self {
        match (format, fields) {
            (Format::Csv, None) if list == Keep::All => Self::CsvOfAll,
            (Format::Json, fields) => Self::Json(fields),
            (Format::Ndjson, fields) => Self::Ndjson(fields),
            (Format::Csv, fields) => Self::Csv(fields),
            (Format::Markdown, Some(fields)) => Self::Rows(fields),
            (Format::Table | Format::Markdown, _) => Self::Kept,
        }
    }

    /// Appends a look.
    pub(crate) fn append(&self, look: &Look, out: &mut Vec<u8>) {
        match self {
            Self::Json(fields) => json::append(look, fields.as_ref(), out),
            Self::Ndjson(fields) => ndjson::append(look, fields.as_ref(), out),
            Self::Csv(None) => csv::append_findings(look, out),
            Self::CsvOfAll => csv::append_all(look, out),
            Self::Csv(Some(fields)) => csv::append_row(&fields.texts(look), out),
            Self::Rows(fields) => markdown::append_row(&fields.texts(look), out),
            Self::Kept => {}
        }
    }

    /// What stands before the first look.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Json(_) => out.push(b'['),
            Self::Csv(None) | Self::CsvOfAll => csv::append_head(&csv::COLUMNS.map(str::to_owned), &mut out),
            Self::Csv(Some(fields)) => csv::append_head(fields.paths(), &mut out),
            Self::Rows(fields) => markdown::append_head(fields.paths(), &mut out),
            Self::Ndjson(_) | Self::Kept => {}
        }
        out
    }

    /// What stands behind the last look.
    pub(crate) const fn tail(&self) -> &'static [u8] {
        match self {
            Self::Json(_) => b"\n]\n",
            Self::Ndjson(_) | Self::Csv(_) | Self::CsvOfAll | Self::Rows(_) | Self::Kept => b"",
        }
    }

    /// What of the first look's bytes is left out: the comma that only stands between elements.
    pub(crate) const fn separator(&self) -> usize {
        match self {
            Self::Json(_) => 1,
            Self::Ndjson(_) | Self::Csv(_) | Self::CsvOfAll | Self::Rows(_) | Self::Kept => 0,
        }
    }

    /// Whether a report that was cut off anywhere can go on behind what is there of it.
    pub(crate) const fn can_be_appended_to(&self) -> bool {
        matches!(
            self,
            Self::Ndjson(_) | Self::Csv(_) | Self::CsvOfAll | Self::Rows(_)
        )
    }

    /// How many bytes of the earlier part of a report stand before its tail, so that it can go on behind them; `None`
    /// when there is no going on. An array without elements is begun anew. Reads no more than both ends.
    pub(crate) fn length_without_tail<R: Read + Seek>(&self, earlier: &mut R) -> io::Result<Option<u64>> {
        let whole = earlier.seek(SeekFrom::End(0))?;
        match self {
            Self::Ndjson(_) | Self::Csv(_) | Self::CsvOfAll | Self::Rows(_) => Ok(Some(whole)),
            Self::Json(_) => {
                let tail = self.tail();
                let Some(elements) = whole.checked_sub(u64::try_from(tail.len()).unwrap_or(u64::MAX)) else {
                    return Ok(None);
                };
                if ends(earlier, 0, 1)? != b"[" || ends(earlier, elements, tail.len())? != tail {
                    return Ok(None);
                }
                Ok(Some(if elements > 1 { elements } else { 0 }))
            }
            Self::Kept => Ok(None),
        }
    }
}

/// So many bytes from one place, fewer at the end.
fn ends<R: Read + Seek>(file: &mut R, place: u64, bytes: usize) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(place))?;
    let mut read = Vec::with_capacity(bytes);
    file.take(u64::try_from(bytes).unwrap_or(u64::MAX))
        .read_to_end(&mut read)?;
    Ok(read)
}
