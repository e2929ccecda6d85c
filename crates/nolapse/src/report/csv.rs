//! CSV: one row per finding in the columns of Datto's DNS Certificate Checker, or one row per endpoint with chosen
//! fields.
//!
//! Status is `warning` or `error`, as there: `error` covers CRITICAL, EXPIRED and ERROR. Notes have no row; endpoints that
//! are fine have one, `ok`, when everything is listed (`--all`). A cell that a spreadsheet
//! would take for a formula gets an apostrophe in front.

use std::time::Duration;

use assess::words;
use model::endpoint::Identity;
use model::{Severity, Status, untrusted};

use engine::look::Look;

/// The columns of a row per finding.
pub(crate) const COLUMNS: [&str; 5] = ["ip_address", "port", "fqdn", "status", "message"];

/// Appends one row for each finding that is at least a warning, or one that says that all is fine.
pub(crate) fn append_all(look: &Look, out: &mut Vec<u8>) {
    if look.assessment.status == Status::Ok {
        append_status("ok", &fine(look), look, out);
    }
    append_findings(look, out);
}

/// `ends in 86 d`.
fn fine(look: &Look) -> String {
    let handshake = look.observation.handshake.as_ref();
    let end = handshake
        .and_then(|handshake| handshake.chain.first())
        .and_then(|leaf| leaf.facts().not_after);
    end.map_or_else(String::new, |end| {
        let left = Duration::try_from(end.duration_since(look.observation.at)).unwrap_or_default();
        format!("ends in {}", words::span(left))
    })
}

/// Appends one row for each finding that is at least a warning.
pub(crate) fn append_findings(look: &Look, out: &mut Vec<u8>) {
    let observation = &look.observation;
    for finding in &look.assessment.findings {
        let status = match finding.severity {
            Severity::Note => continue,
            Severity::Warning => "warning",
            Severity::Error | Severity::Critical | Severity::Expired => "error",
        };
        append_status(status, &words::message(finding, observation), look, out);
    }
}

fn append_status(status: &str, message: &str, look: &Look, out: &mut Vec<u8>) {
    let observation = &look.observation;
    let address = observation
        .address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let port = observation.service.port.to_string();
    let name = match &observation.service.identity {
        Identity::Name(name) => name.as_str(),
        Identity::Address(_) => "",
    };
    append_cells([&*address, &*port, name, status, message].into_iter(), out);
}

/// Appends the line that names the columns.
pub(crate) fn append_head(columns: &[String], out: &mut Vec<u8>) {
    append_cells(columns.iter().map(String::as_str), out);
}

/// Appends one row.
pub(crate) fn append_row(cells: &[String], out: &mut Vec<u8>) {
    append_cells(cells.iter().map(String::as_str), out);
}

fn append_cells<'a>(cells: impl Iterator<Item = &'a str>, out: &mut Vec<u8>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let mut text = String::new();
        untrusted::push_cell(cell, &mut text);
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> String {
        let mut out = Vec::new();
        append_cells(cells.iter().copied(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_open_inert_in_a_spreadsheet() {
        assert_eq!(
            row(&["=HYPERLINK(\"http://x\")"]),
            "\"'=HYPERLINK(\"\"http://x\"\")\"\n"
        );
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            assert!(row(&[&format!("{start}cmd")]).starts_with('\''), "{start:?}");
        }
        assert_eq!(
            row(&["-3.5", "a", "x,y", "two\r\nlines"]),
            "-3.5,a,\"x,y\",two\\r\\nlines\n"
        );
    }

    #[test]
    fn no_control_gets_through() {
        let hostile: String = (0..=0x9f).filter_map(char::from_u32).collect();
        let row = row(&[&hostile, "\u{202e}x"]);
        assert!(
            row.trim_end()
                .chars()
                .all(|character| !character.is_control() && character != '\u{202e}')
        );
    }

    #[test]
    fn a_reader_gets_the_cells_back() {
        let row = row(&["a \"b\", c", "d"]);
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(row.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(record.iter().collect::<Vec<_>>(), ["a \"b\", c", "d"]);
    }
}
