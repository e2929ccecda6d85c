//! Rows of a table, one at a time in memory that is bounded whatever the table is.
//!
//! UTF-8 comes in, a row with the line that it begins in goes out. A row that is too large, such as one whose quote is never
//! closed, is passed over and said.

use std::io::{self, Read};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use model::limits;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A row; see [`Records::field`].
    Row {
        /// Line that it begins in, from 1.
        line: u64,
    },
    /// A row that is too large.
    TooLarge {
        /// Line that it begins in, from 1.
        line: u64,
    },
    /// Nothing.
    End,
}

pub(super) struct Records<R> {
    input: R,
    parser: Reader,
    buffer: Vec<u8>,
    at: usize,
    ended: bool,
    line: u64,
    /// Text of the row, and the ends of its fields in it.
    text: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

/// Bytes read at once; the first piece is where the delimiter is told.
const CHUNK: usize = 64 * 1024;
/// What a row is given room for at first.
const ROOM: usize = 4 * 1024;

impl<R: Read> Records<R> {
    /// Rows of `input`. The delimiter, when it is not said, is what stands most often in the first row.
    pub(super) fn new(input: R, delimiter: Option<u8>) -> io::Result<Self> {
        let mut records = Self {
            input,
            parser: Reader::new(),
            buffer: Vec::with_capacity(CHUNK),
            at: 0,
            ended: false,
            line: 1,
            text: vec![0; ROOM],
            ends: vec![0; limits::TABLE_COLUMNS],
            fields: 0,
        };
        records.fill()?;
        let said = records.separator_line();
        let delimiter = delimiter
            .or(said)
            .unwrap_or_else(|| told_delimiter(records.rest()));
        records.parser = ReaderBuilder::new().delimiter(delimiter).build();
        Ok(records)
    }

    pub(super) const fn input(&self) -> &R {
        &self.input
    }

    /// How many fields the row has.
    pub(super) const fn fields(&self) -> usize {
        self.fields
    }

    /// A field of the row, without white space around it; empty where it has none.
    pub(super) fn field(&self, place: usize) -> &str {
        if place >= self.fields {
            return "";
        }
        let begin = match place.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
        };
        let end = self.ends.get(place).copied().unwrap_or(begin);
        let bytes = self.text.get(begin..end).unwrap_or_default();
        // What comes in is UTF-8, and a delimiter of one byte of ASCII cuts no character.
        std::str::from_utf8(bytes).unwrap_or_default().trim()
    }

    /// Goes on to the next row.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        if !self.skip_ends_of_lines()? {
            return Ok(Next::End);
        }
        let line = self.line;
        let (mut length, mut ends) = (0, 0);
        let mut too_large = false;
        loop {
            if self.rest().is_empty() && !self.ended {
                self.fill()?;
            }
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            let (result, used, written, ended) = self.parser.read_record(
                rest,
                self.text.get_mut(length..).unwrap_or_default(),
                self.ends.get_mut(ends..).unwrap_or_default(),
            );
            let newlines = rest.iter().take(used).filter(|byte| **byte == b'\n').count();
            self.line += newlines as u64;
            self.at += used;
            length += written;
            ends += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if !too_large && self.text.len() < limits::TABLE_ROW_BYTES => {
                    let room = (self.text.len() * 2).min(limits::TABLE_ROW_BYTES);
                    self.text.resize(room, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    too_large = true;
                    (length, ends) = (0, 0);
                }
                ReadRecordResult::Record | ReadRecordResult::End if too_large => {
                    return Ok(Next::TooLarge { line });
                }
                ReadRecordResult::Record => {
                    self.fields = ends;
                    return Ok(Next::Row { line });
                }
                ReadRecordResult::End => return Ok(Next::End),
            }
        }
    }

    /// Passes over empty lines, so that the line of what follows is known; false at the end.
    fn skip_ends_of_lines(&mut self) -> io::Result<bool> {
        loop {
            for byte in self.buffer.iter().skip(self.at) {
                match byte {
                    b'\n' => self.line += 1,
                    b'\r' => {}
                    _ => return Ok(true),
                }
                self.at += 1;
            }
            if self.ended {
                return Ok(false);
            }
            self.fill()?;
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.clear();
        self.at = 0;
        (&mut self.input)
            .take(CHUNK as u64)
            .read_to_end(&mut self.buffer)?;
        self.ended = self.buffer.is_empty();
        Ok(())
    }

    /// `sep=;`, which a spreadsheet writes as first line for others of its kind.
    fn separator_line(&mut self) -> Option<u8> {
        let first = self.rest().split(|byte| *byte == b'\n').next()?;
        let line = first.strip_suffix(b"\r").unwrap_or(first);
        let [b's', b'e', b'p', b'=', separator] = line else {
            return None;
        };
        let separator = *separator;
        self.at += first.len();
        Some(separator)
    }
}

/// What stands most often in the first line, outside of quotes.
fn told_delimiter(text: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in text {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            _ if quoted => {}
            byte => {
                if let Some((_, count)) = counts.iter_mut().find(|(known, _)| known == byte) {
                    *count += 1;
                }
            }
        }
    }
    // The first of equals: the last one would win with `max_by_key`.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(text.as_bytes(), None).unwrap();
        let mut out = Vec::new();
        loop {
            match records.next().unwrap() {
                Next::Row { line } => out.push((
                    line,
                    (0..records.fields())
                        .map(|place| records.field(place).to_owned())
                        .collect(),
                )),
                Next::TooLarge { line } => out.push((line, vec!["too large".to_owned()])),
                Next::End => return out,
            }
        }
    }

    fn rows(expected: &[(u64, &[&str])]) -> Vec<(u64, Vec<String>)> {
        expected
            .iter()
            .map(|(line, fields)| (*line, fields.iter().map(|field| (*field).to_owned()).collect()))
            .collect()
    }

    #[test]
    fn lines_are_those_of_the_file_whatever_ends_them() {
        for text in ["a,b\nc,\"d\ne\"\n\n\nf,g", "a,b\r\nc,\"d\ne\"\r\n\r\n\r\nf,g\r\n"] {
            assert_eq!(
                read(text),
                rows(&[(1, &["a", "b"]), (2, &["c", "d\ne"]), (6, &["f", "g"])]),
                "{text:?}"
            );
        }
    }

    #[test]
    fn the_delimiter_is_told_by_the_first_line() {
        assert_eq!(
            read("a;b,c;d\n1;2;3"),
            rows(&[(1, &["a", "b,c", "d"]), (2, &["1", "2", "3"])])
        );
        assert_eq!(read("a\tb\n"), rows(&[(1, &["a", "b"])]));
        assert_eq!(read("\"x;y;z\",b\n"), rows(&[(1, &["x;y;z", "b"])]));
        assert_eq!(read("sep=|\r\na|b\r\n"), rows(&[(2, &["a", "b"])]));
        assert_eq!(read("alone\n1\n"), rows(&[(1, &["alone"]), (2, &["1"])]));
        assert_eq!(read(""), []);
    }

    #[test]
    fn a_row_without_end_costs_no_more_than_its_bound() {
        let endless = format!("a,b\nx,\"{}", "y,\n".repeat(limits::TABLE_ROW_BYTES));
        let mut records = Records::new(endless.as_bytes(), None).unwrap();
        assert_eq!(records.next().unwrap(), Next::Row { line: 1 });
        assert_eq!(records.next().unwrap(), Next::TooLarge { line: 2 });
        assert_eq!(records.next().unwrap(), Next::End);
        assert!(records.text.len() <= limits::TABLE_ROW_BYTES);
        let wide = format!("{}\n1,2\n", ",".repeat(limits::TABLE_COLUMNS * 2));
        let mut records = Records::new(wide.as_bytes(), None).unwrap();
        assert_eq!(records.next().unwrap(), Next::TooLarge { line: 1 });
        assert_eq!(records.next().unwrap(), Next::Row { line: 2 });
    }
}
