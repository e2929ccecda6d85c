//! The formats of `nolapse discover`: events come in, bytes go out.
//!
//! NDJSON, JSON and targets go out as they become known, a tenth of a second later at the most. The table is for people: it is
//! made at the end, endpoints first, then what is none, by cause.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use clap::ValueEnum;
use model::zone::expand::{Because, Certainty, Found, Holder, Line, Unusable, Why};
use model::zone::record::{push_address, push_number};

use crate::discover::compare::Difference;
use crate::discover::engine::{Report, State, Sum, plain};
use crate::discover::line::{self, Lines};
use crate::terminal::Style;
use crate::text;

/// The formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: endpoints, then what is none and why.
    #[default]
    Table,
    /// One JSON object a line, each the moment it is known.
    Ndjson,
    /// One array of the same objects.
    Json,
    /// Targets for `nolapse scan @FILE`, on this machine or another.
    Targets,
}

/// Counts of a discovery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Endpoints.
    pub(crate) endpoints: u64,
    /// Of them, somebody else's.
    pub(crate) foreign: u64,
    /// What is no endpoint.
    pub(crate) unusable: u64,
}

/// A report on its way.
pub(crate) struct Writer<W: Write> {
    out: W,
    format: Format,
    buffer: Vec<u8>,
    lines: Lines,
    any: bool,
    /// Counts.
    pub(crate) counts: Counts,
    table: Table,
    /// The first thing that went wrong with the output.
    failed: Option<io::Error>,
    /// Written behind every line, when somebody watches.
    watched: bool,
}

/// What a table is made of at the end.
#[derive(Default)]
struct Table {
    /// Name, place, protocol and what there is to note; then the record that led there.
    rows: Vec<[String; 5]>,
    causes: BTreeMap<&'static str, Vec<String>>,
    zones: Vec<String>,
    /// Whether lines may be as long as they are.
    wide: bool,
}

/// Columns that a record needs to tell anything.
const LEAST_RECORD: usize = 24;
/// Bytes collected before they are written.
const BUFFER: usize = 64 * 1024;
/// What is shown of one cause in a table for people.
const SHOWN: usize = 10;

impl<W: Write> Writer<W> {
    /// Begins a report.
    pub(crate) fn new(out: W, format: Format, watched: bool) -> Self {
        let mut writer = Self {
            out,
            format,
            buffer: Vec::with_capacity(BUFFER + 4096),
            lines: Lines::default(),
            any: false,
            counts: Counts::default(),
            table: Table {
                wide: !watched,
                ..Table::default()
            },
            failed: None,
            watched,
        };
        if format == Format::Json {
            writer.buffer.push(b'[');
        }
        writer
    }

    /// Takes an endpoint or an obstacle.
    pub(crate) fn line(&mut self, view: usize, line: &Line<'_>) {
        match line {
            Line::Endpoint(found) => {
                self.counts.endpoints += 1;
                self.counts.foreign += u64::from(found.holder == Holder::Foreign);
            }
            Line::Unusable(_) => self.counts.unusable += 1,
        }
        match (self.format, line) {
            (Format::Table, Line::Endpoint(found)) => self.table.row(found),
            (Format::Table, Line::Unusable(unusable)) => self.table.obstacle(unusable),
            (Format::Targets, Line::Endpoint(found)) => {
                // A scan of these lines looks at what one of the zones itself would.
                if found.holder == Holder::Foreign {
                    self.buffer.extend_from_slice(b"# foreign: ");
                }
                push_target(found, &mut self.buffer);
                self.buffer.push(b'\n');
            }
            (Format::Targets, Line::Unusable(unusable)) => {
                // What went out cannot be taken out of a list; its reader is told.
                if let (Why::Withdrawn, Some(address)) = (unusable.why, unusable.address) {
                    let name = plain(unusable.name);
                    let line = format!("# taken back, it is in no zone: {name} at {address}\n");
                    self.buffer.extend_from_slice(line.as_bytes());
                }
            }
            (Format::Ndjson | Format::Json, _) => {
                self.separate();
                self.lines.append(line, view, &mut self.buffer);
                self.close();
            }
        }
        self.pass_on();
    }

    /// Takes what became of a zone.
    pub(crate) fn zone(&mut self, report: &Report) {
        match self.format {
            Format::Table => self.table.zone(report),
            Format::Targets => {}
            Format::Ndjson | Format::Json => {
                self.separate();
                line::append_report(report, &mut self.buffer);
                self.close();
            }
        }
        self.pass_on();
    }

    /// Takes a name that one side alone has.
    pub(crate) fn difference(&mut self, difference: &Difference) {
        let Difference { kind, name, reason } = difference;
        match self.format {
            Format::Table => {
                let told = format!("{name}: {reason}");
                self.table.causes.entry(kind).or_default().push(told);
            }
            Format::Targets => {}
            Format::Ndjson | Format::Json => {
                self.separate();
                self.buffer.extend_from_slice(b"{\"kind\":\"");
                self.buffer.extend_from_slice(kind.as_bytes());
                self.buffer.push(b'"');
                line::member("name", name, &mut self.buffer);
                line::member("reason", reason, &mut self.buffer);
                self.buffer.push(b'}');
                self.close();
            }
        }
        self.pass_on();
    }

    /// Ends the report.
    pub(crate) fn finish(mut self, style: Style, sum: &Sum) -> io::Result<(Counts, W)> {
        match self.format {
            Format::Json => self.buffer.extend_from_slice(b"\n]\n"),
            Format::Table => {
                let table = std::mem::take(&mut self.table);
                let mut text = String::new();
                table.write(style, &self.counts, sum, &mut text);
                self.buffer.extend_from_slice(text.as_bytes());
            }
            Format::Ndjson | Format::Targets => {}
        }
        self.flush();
        match self.failed {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| (self.counts, self.out)),
        }
    }

    fn separate(&mut self) {
        if self.format == Format::Json {
            let between: &[u8] = if self.any { b",\n" } else { b"\n" };
            self.buffer.extend_from_slice(between);
        }
        self.any = true;
    }

    fn close(&mut self) {
        if self.format == Format::Ndjson {
            self.buffer.push(b'\n');
        }
    }

    fn pass_on(&mut self) {
        if self.watched || self.buffer.len() >= BUFFER {
            self.flush();
        }
    }

    /// Whether whoever reads the report went away, or it cannot be written.
    pub(crate) const fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// Passes on what was collected: before something is waited for, so that nobody waits for what is known.
    pub(crate) fn flush(&mut self) {
        if self.failed.is_none()
            && !self.buffer.is_empty()
            && let Err(error) = self.out.write_all(&self.buffer).and_then(|()| self.out.flush())
        {
            self.failed = Some(error);
        }
        self.buffer.clear();
    }
}

/// Appends an endpoint in the grammar of targets.
fn push_target(found: &Found<'_>, out: &mut Vec<u8>) {
    let scheme = match found.starttls {
        model::StartTls::None => "tls",
        other => other.word(),
    };
    out.extend_from_slice(scheme.as_bytes());
    out.extend_from_slice(b"://");
    out.extend_from_slice(found.name.as_bytes());
    let (before, behind): (&[u8], &[u8]) = match found.address {
        IpAddr::V4(_) => (b"@", b":"),
        IpAddr::V6(_) => (b"@[", b"]:"),
    };
    out.extend_from_slice(before);
    push_address(found.address, out);
    out.extend_from_slice(behind);
    push_number(found.port.into(), out);
}

impl Table {
    fn row(&mut self, found: &Found<'_>) {
        let place = SocketAddr::new(found.address, found.port).to_string();
        let how = match found.starttls {
            model::StartTls::None => "tls".to_owned(),
            other => other.to_string(),
        };
        let mut notes = Vec::new();
        match found.holder {
            Holder::Ours(None) => {}
            Holder::Ours(Some(group)) => notes.push(model::untrusted::shown(group)),
            Holder::Foreign => notes.push("foreign".to_owned()),
        }
        match found.certainty {
            Certainty::Named => {}
            Certainty::Wildcard => notes.push("wildcard".to_owned()),
            Certainty::Guessed => notes.push("guessed".to_owned()),
        }
        // Where the name itself has the address, the name says it all.
        let record = match found.because {
            [first, _, ..] => first.to_string(),
            _ => String::new(),
        };
        self.rows
            .push([found.name.to_owned(), place, how, notes.join(", "), record]);
    }

    fn obstacle(&mut self, unusable: &Unusable<'_>) {
        let name = plain(unusable.name);
        if let (Why::Withdrawn, Some(address)) = (unusable.why, unusable.address) {
            let place = |port: &str| port.parse().map(|socket: SocketAddr| socket.ip()) == Ok(address);
            self.rows.retain(|[known, at, ..]| *known != name || !place(at));
        }
        let address = unusable
            .address
            .map(|address| format!(" [{address}]"))
            .unwrap_or_default();
        // The record to change may be another's than the name that leads nowhere: a mail server's, for one.
        let record = match unusable.because {
            [Because::Record(record), ..] if record.owner != unusable.name => format!(" ({record})"),
            _ => String::new(),
        };
        let told = format!("{name}{address}: {}{record}", unusable.why);
        self.causes.entry(unusable.why.word()).or_default().push(told);
    }

    fn zone(&mut self, report: &Report) {
        let name = report
            .zone
            .as_ref()
            .map(|zone| plain(zone.borrowed()))
            .unwrap_or_default();
        let serial = report
            .serial
            .map(|serial| format!(", serial {serial}"))
            .unwrap_or_default();
        let records = text::counted(report.records, "record");
        let state = match report.state {
            State::Whole => records,
            State::Unchanged => format!("{records}, unchanged"),
            State::Partial => format!("PARTIAL: {records} before it broke off"),
            State::Failed => "FAILED".to_owned(),
        };
        let view = match report.view {
            0 => String::new(),
            view => format!(" (view {})", view + 1),
        };
        let from = if name.is_empty() { "" } else { " from " };
        self.zones
            .push(format!("{name}{from}{}{view}: {state}{serial}", report.source));
    }

    fn write(self, style: Style, counts: &Counts, sum: &Sum, out: &mut String) {
        let mark = style.mark();
        // A file or a pipe has no width: nothing is cut.
        let width = if self.wide { usize::MAX } else { style.width };
        let widths: Vec<usize> = (0..4)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| text::width(cell)).max().unwrap_or_default()
            })
            .collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&text::pad(cell, *width));
                line.push_str("  ");
            }
            // What it is stays whole; the record is cut.
            let room = width.saturating_sub(text::width(line.trim_end()));
            let record = row.last().map(String::as_str).unwrap_or_default();
            if room > LEAST_RECORD || text::width(record) <= room {
                line.push_str(&text::cut_middle(record, room.saturating_sub(2), mark));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        for (cause, told) in &self.causes {
            out.push_str(&format!("\n{cause}: {}\n", told.len()));
            for line in told.iter().take(SHOWN) {
                out.push_str(&text::cut_middle(&format!("  {line}"), width, mark));
                out.push('\n');
            }
            if told.len() > SHOWN {
                out.push_str(&format!(
                    "  and {} more (--format ndjson lists them)\n",
                    told.len() - SHOWN
                ));
            }
        }
        out.push('\n');
        for zone in &self.zones {
            out.push_str(&text::cut_middle(zone, width, mark));
            out.push('\n');
        }
        out.push_str(&told(counts, sum));
        out.push('\n');
    }
}

/// The sum in one line.
pub(crate) fn told(counts: &Counts, sum: &Sum) -> String {
    let mut out = text::counted(counts.endpoints, "endpoint");
    if counts.foreign > 0 {
        out.push_str(&format!(" ({} foreign)", text::count(counts.foreign)));
    }
    if counts.unusable > 0 {
        out.push_str(&format!(", {} that are none", text::count(counts.unusable)));
    }
    if sum.filtered > 0 {
        out.push_str(&format!(", {} left out by filters", text::count(sum.filtered)));
    }
    if sum.missing > 0 {
        out.push_str(&format!(", {} not read", text::counted(sum.missing, "zone")));
    }
    out
}
