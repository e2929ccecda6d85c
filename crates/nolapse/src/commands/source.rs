//! `source`: ask sources of the configuration now, or list how they went.

use std::io;

use anyhow::bail;
use clap::Subcommand;
use engine::source::{Empty, Source};
use model::inventory::{RunEnd, SourceRow};
use net::clock::SystemClock;

use crate::commands::serve;
use crate::config::{Config, Configured};
use crate::inventory::{Inventory, Where, asking, runtime};
use crate::sheet::{Cell, Column, Format, Head, Sheet, column};
use crate::terminal::{Colour, Style};
use crate::{Exit, text};

/// Arguments of `source`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Ask sources now, whether or not it is their turn, and remember what they say
    Run(Run),
    /// List every source: its last run, what it found, kept and skipped, and its error
    List(List),
}

/// Arguments of `source run`.
#[derive(clap::Args)]
struct Run {
    /// Which sources
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,

    /// All of them
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Take an answer with nothing in it for what it says, and not for a failure
    #[arg(long, env = "NOLAPSE_ACCEPT_EMPTY", hide_env = true)]
    accept_empty: bool,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `source list`.
#[derive(clap::Args)]
struct List {
    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Table, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    #[command(flatten)]
    place: Where,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Run(args) => ask(args),
        Verb::List(args) => list(args),
    }
}

fn ask(args: &Run) -> anyhow::Result<Exit> {
    let Inventory { config, store } = args.place.open()?;
    if config.sources.is_empty() {
        bail!("no source is configured: add a [source.NAME] to ./nolapse.toml, or name a file with --config");
    }
    let network = net::Settings::default();
    let mut wanted: Vec<Source> = if args.all {
        asking::sources(&config, &network)
    } else {
        let one = |name: &String| Ok(asking::source(config.source(name)?, &network));
        args.names.iter().map(one).collect::<anyhow::Result<_>>()?
    };
    for source in wanted.iter_mut().filter(|_| args.accept_empty) {
        source.empty = Empty::Counts;
    }
    runtime()?.block_on(async {
        let mut exit = Exit::Fine;
        for source in &wanted {
            let done = engine::source::run(source, &store, &config.cadence, SystemClock.now()).await?;
            serve::asked(&done);
            if done
                .run
                .outcome
                .is_none_or(|outcome| outcome.end != RunEnd::Complete)
            {
                exit = Exit::NothingJudged;
            }
        }
        Ok(exit)
    })
}

const COLUMNS: &[Column] = &[
    column("source", "Source"),
    column("kind", "Kind"),
    column("configured", "Configured"),
    column("end", "Last run"),
    column("began", "Began"),
    column("ended", ""),
    column("found", "Found"),
    column("stored", "Kept"),
    column("skipped", "Skipped"),
    column("skipped_reasons", ""),
    column("last_complete", "Last complete"),
    column("told", ""),
    column("failures", ""),
    column("due", ""),
    column("error", "Error"),
];

fn list(args: &List) -> anyhow::Result<Exit> {
    let config = Config::load(args.place.config.as_deref())?;
    let rows = match args.place.read() {
        Ok(Inventory { store, .. }) => runtime()?.block_on(store.sources())?,
        // Nothing was ever asked.
        Err(error) if is_missing(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    let head = Head {
        title: "Sources".to_owned(),
        lead: lead(&config, &rows),
        pictures: Vec::new(),
    };
    let mut sheet = Sheet::begin(
        io::stdout().lock(),
        args.format,
        Style::for_stdout(Colour::Auto),
        COLUMNS,
        head,
    )?;
    for row in &rows {
        sheet.row(known(row, &config))?;
    }
    for source in &config.sources {
        if !rows.iter().any(|row| row.source == source.name) {
            sheet.row(unknown(source))?;
        }
    }
    sheet.finish("")?;
    Ok(Exit::Fine)
}

/// Whether there is no inventory yet.
pub(super) fn is_missing(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<store::Error>()
        .is_some_and(|error| error.trouble == store::Trouble::Missing)
}

fn lead(config: &Config, rows: &[SourceRow]) -> String {
    let configured = text::number(config.sources.len());
    format!(
        "{configured} configured, {} in the inventory",
        text::number(rows.len())
    )
}

fn known(row: &SourceRow, config: &Config) -> Vec<Cell> {
    let outcome = row.last.as_ref().and_then(|run| run.outcome.as_ref());
    let skipped = outcome.map(|outcome| outcome.skipped.values().sum::<u64>());
    let reasons = outcome.map(|outcome| {
        Cell::List(
            outcome
                .skipped
                .iter()
                .map(|(reason, count)| format!("{reason}:{count}"))
                .collect(),
        )
    });
    let complete = row.last_complete.as_ref().map(|run| run.began);
    vec![
        row.source.as_str().into(),
        Cell::Word(row.kind.word()),
        Cell::Flag(config.sources.iter().any(|source| source.name == row.source)),
        Cell::Word(match (&row.last, outcome) {
            (None, _) => "never",
            (Some(_), None) => "running",
            (Some(_), Some(outcome)) => outcome.end.word(),
        }),
        row.last.as_ref().map(|run| run.began).into(),
        outcome.map(|outcome| outcome.ended).into(),
        outcome.map(|outcome| outcome.found).into(),
        outcome.map(|outcome| outcome.stored).into(),
        skipped.into(),
        reasons.unwrap_or(Cell::None),
        complete.into(),
        row.told.into(),
        u64::from(row.failures).into(),
        row.due.into(),
        outcome
            .and_then(|outcome| outcome.error.as_ref())
            .map(|error| error.raw())
            .into(),
    ]
}

fn unknown(source: &Configured) -> Vec<Cell> {
    let mut row = vec![
        source.name.as_str().into(),
        Cell::Word(source.kind().word()),
        Cell::Flag(true),
        Cell::Word("never"),
    ];
    row.resize(COLUMNS.len(), Cell::None);
    row
}
