//! `report`: the inventory in tables, files and pages.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use jiff::SignedDuration;
use model::untrusted;
use net::clock::SystemClock;

use crate::commands::looking::threshold;
use crate::config::value::span;
use crate::file::{self, AtomicFile, Readers};
use crate::inventory::report::{self, Kind, Paper, Reading};
use crate::inventory::{Inventory, Where, runtime};
use crate::sheet::Format;
use crate::terminal::{Colour, Style};
use crate::when::When;
use crate::{Exit, say};

/// Arguments of `report`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to report
    #[arg(value_enum)]
    kind: Kind,

    /// As the inventory stood at this time of the past: 2026-10-31 (its end), 2026-10-31T12:00:00Z, -7d; blind-spots and coverage are known for now only
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, env = "NOLAPSE_AT", hide_env = true, value_parser = day_or_time)]
    at: Option<When>,

    /// How far `expiring` looks ahead, and `changes` back: 30d, 12h, 8w
    #[arg(long, value_name = "TIME", env = "NOLAPSE_WITHIN", hide_env = true, value_parser = within)]
    within: Option<SignedDuration>,

    /// How long a new certificate may wait before `not-served` names it: 3d, 12h
    #[arg(long, value_name = "TIME", env = "NOLAPSE_GRACE", hide_env = true, value_parser = within)]
    grace: Option<SignedDuration>,

    /// Time left that is worth a warning: days (20), a share of the lifetime (33%), or `lifetime`
    #[arg(short, long, value_name = "LEFT", env = "NOLAPSE_WARNING", hide_env = true, value_parser = threshold)]
    warning: Option<assess::Threshold>,

    /// Time left that is critical, in the same words
    #[arg(short, long, value_name = "LEFT", env = "NOLAPSE_CRITICAL", hide_env = true, value_parser = threshold)]
    critical: Option<assess::Threshold>,

    /// The format
    #[arg(short, long, value_enum, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Option<Format>,

    /// Write the report to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", env = "NOLAPSE_OUTPUT", hide_env = true)]
    output: Option<PathBuf>,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,

    /// Exit with 1 when there is a row
    #[arg(long, env = "NOLAPSE_FAIL", hide_env = true)]
    fail: bool,

    #[command(flatten)]
    place: Where,
}

const AFTER_HELP: &str = "\
Examples:
  nolapse report expiring --within 14d
  nolapse report names --format csv -o names.csv
  nolapse report not-served --fail || mail -s 'not deployed' ops@example.com
  nolapse report renewals --format html -o renewals.html

Machine formats have more columns than a table: every name and fingerprint in full. In CSV nothing is a formula. HTML is one \
page with pictures that needs nothing else.

Exit status:
  0    written
  1    with --fail: there is something in it
  2    wrong usage, no inventory, or the report cannot be written

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins over the variable, and both over the file.";

impl Args {
    /// A report as a table on standard output, with the defaults of everything else.
    pub(crate) fn table(kind: Kind, color: Colour, place: Where) -> Self {
        Self {
            kind,
            at: None,
            within: None,
            grace: None,
            warning: None,
            critical: None,
            format: Some(Format::Table),
            output: None,
            color,
            fail: false,
            place,
        }
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let Inventory { config, store } = args.place.read()?;
    let now = SystemClock.now();
    let at = args.at.map(When::moment).filter(|at| *at < now);
    let mut policy = config.policy;
    policy.warning = args.warning.unwrap_or(policy.warning);
    policy.critical = args.critical.unwrap_or(policy.critical);
    let reading = Reading {
        now: at.unwrap_or(now),
        is_past: at.is_some(),
        policy,
        grace: args.grace.unwrap_or(config.grace),
        fresh: config.fresh(),
        within: args.within,
        configured: config
            .sources
            .iter()
            .map(|source| (source.name.clone(), source.kind()))
            .collect(),
        store,
    };
    let format = args.format.or(config.format).unwrap_or_default();
    let rows = match &args.output {
        None => {
            let out = BufWriter::with_capacity(BUFFER, io::stdout());
            write(
                args,
                &reading,
                Paper {
                    out,
                    format,
                    style: Style::for_stdout(args.color),
                },
            )?
        }
        Some(path) => to_file(args, &reading, format, path)?,
    };
    Ok(if args.fail && rows > 0 {
        Exit::Findings
    } else {
        Exit::Fine
    })
}

const BUFFER: usize = 64 * 1024;

fn write<W: Write>(args: &Args, reading: &Reading, paper: Paper<W>) -> anyhow::Result<u64> {
    runtime()?.block_on(report::write(args.kind, reading, paper))
}

fn to_file(args: &Args, reading: &Reading, format: Format, path: &Path) -> anyhow::Result<u64> {
    let shown = untrusted::shown(&path.display().to_string());
    let cannot = |error: &io::Error| anyhow!("cannot write the report to {shown}: {}", file::reason(error));
    let mut file = AtomicFile::create(path, Readers::Anybody).map_err(|error| cannot(&error))?;
    let out = BufWriter::with_capacity(BUFFER, &mut file);
    let rows = write(
        args,
        reading,
        Paper {
            out,
            format,
            style: Style::for_file(args.color),
        },
    )?;
    file.commit().map_err(|error| cannot(&error))?;
    say::line(&format!("{} in {shown}", crate::text::counted(rows, "row")));
    Ok(rows)
}

/// A day means its end: what happened on it is in the report.
fn day_or_time(typed: &str) -> Result<When, String> {
    let is_day = typed.trim().parse::<jiff::civil::Date>().is_ok() && typed.trim().len() == 10;
    match When::parse(typed)? {
        When::At(at) if is_day => {
            let end = at.saturating_add(SignedDuration::from_secs(86_399));
            Ok(When::At(end.unwrap_or(at)))
        }
        when => Ok(when),
    }
}

fn within(typed: &str) -> Result<SignedDuration, String> {
    span(typed).ok_or_else(|| "expected a time such as 12h, 30d or 8w".to_owned())
}
