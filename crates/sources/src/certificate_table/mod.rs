//! Certificates of a table that somebody exported, in CSV (RFC 4180): from any authority, or any tool that made one.
//!
//! A file comes in, row by row and in bounded memory; a sighting for each row goes out, a claim where the row has no whole
//! certificate. Which column means what is said by the settings, or told by headers that are known, among them the eight of
//! the scanner that writes one row for each name (hostname, common name, issuer, expiry date, days until expiry, status,
//! protocol, cipher): there, a row with protocol and cipher is also an endpoint, and rows beside one another that differ in
//! the name alone are one certificate.
//!
//! A row that cannot be read is counted with its line, and the others stand. Nothing is guessed from a day that can be read
//! two ways.

mod columns;
mod decode;
mod error;
mod records;
mod rows;
mod settings;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;

use jiff::Timestamp;
use model::untrusted;

pub use error::TableError;
pub use settings::{Columns, Delimiter, Encoding, Settings};

use self::columns::Layout;
use self::decode::Decoder;
use self::records::{Next, Records};
use self::rows::Rows;
use crate::run::{Ask, Reason, Run, Sink, SourceError, Telling};

/// Reads the table once.
pub async fn run(settings: &Settings, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(ask.now, sink);
    let result = match File::open(&settings.file) {
        Ok(file) => read(settings, file, &mut telling).await,
        Err(error) => Err(TableError::Unreadable {
            path: untrusted::shown(&settings.file.display().to_string()),
            error,
        }
        .into()),
    };
    telling.end(result)
}

/// Reads a table that is at hand; the settings' file is only what it is called.
pub async fn run_on(settings: &Settings, input: impl Read, now: Timestamp, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(now, sink);
    let result = read(settings, input, &mut telling).await;
    telling.end(result)
}

/// Others are let in between so many rows.
const ROWS_AT_ONCE: u64 = 1000;

async fn read(
    settings: &Settings,
    input: impl Read,
    telling: &mut Telling<'_, '_>,
) -> Result<(), SourceError> {
    let failed = |error| TableError::Unreadable {
        path: untrusted::shown(&settings.file.display().to_string()),
        error,
    };
    let decoder = Decoder::new(input, settings.encoding).map_err(failed)?;
    if decoder.is_spreadsheet() {
        return Err(TableError::Spreadsheet.into());
    }
    let delimiter = settings.delimiter.map(|delimiter| delimiter.0);
    let mut records = Records::new(decoder, delimiter).map_err(failed)?;
    let layout = match records.next().map_err(failed)? {
        Next::Row { .. } => Layout::of(&settings.columns, &records)?,
        Next::TooLarge { .. } => return Err(TableError::Header.into()),
        Next::End => return Err(TableError::Empty.into()),
    };
    let mut rows = Rows::new(layout, settings.date_format.as_deref());
    for number in 1_u64.. {
        match records.next().map_err(failed)? {
            Next::Row { line } => rows.take(&records, line, telling)?,
            Next::TooLarge { line } => telling.tally.skip(Reason::TooLarge, || {
                format!("line {line}: is a quote not closed?")
            }),
            Next::End => break,
        }
        if number.is_multiple_of(ROWS_AT_ONCE) {
            tokio::task::yield_now().await;
        }
    }
    rows.end(telling)?;
    let replaced = records.input().replaced();
    if replaced > 0 {
        telling
            .tally
            .remark(Reason::Encoding, || format!("{replaced} bytes of the table"));
    }
    Ok(())
}
