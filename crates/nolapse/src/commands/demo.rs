//! `demo`: everything that this program does, shown on a throw-away world of this machine.
//!
//! Nothing comes in; reports go out. The world is `crate demo`'s, the rest is what `serve --everything` and `report` do with a
//! configuration and an inventory in a temporary folder, which is removed at the end.

mod stage;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Instant;

use model::inventory::{EndpointRow, RowId, Said};
use model::{Status, untrusted};
use store::PAGE;

use self::stage::{Folder, Stage};
use crate::anchors::StoreArgs;
use crate::commands::{report, serve};
use crate::inventory::report::Kind;
use crate::inventory::{Inventory, Where, runtime};
use crate::scan::signals::Signals;
use crate::terminal::{Colour, Style};
use crate::{Exit, say, text};

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Stay until Ctrl-C, with pages, so that the inventory can be asked and the servers looked at
    #[arg(long, env = "NOLAPSE_KEEP", hide_env = true)]
    keep: bool,

    /// With --keep: where the pages are; 127.0.0.1:8787 unless given
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        requires = "keep",
        env = "NOLAPSE_LISTEN",
        hide_env = true
    )]
    listen: Option<SocketAddr>,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,
}

const AFTER_HELP: &str = "\
Servers are started on 127.77.0.0/16, and an account at an authority beside them; sources are asked, every endpoint is looked \
at, and reports are printed. Nothing leaves this machine, and nothing stays on it: the inventory is in a temporary folder.

Exit status:
  0    shown; with --keep: ended by Ctrl-C
  2    the world cannot be raised, or the output cannot be written
  3    a source of the world could not be read
  130  interrupted

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins over the variable.";

/// What is reported, the most telling last: it stands above the prompt.
const REPORTS: [Kind; 5] = [
    Kind::Expiring,
    Kind::KeyReuse,
    Kind::Unknown,
    Kind::Split,
    Kind::NotServed,
];
/// One look does not tell a second server behind an address; the next one may, and leads to more.
const ROUNDS: usize = 2;

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let signals = Signals::listen();
    let stage = Stage::raise()?;
    let folder = Folder::new()?;
    stage.describe(&folder.path)?;
    let place = Where {
        config: Some(folder.path.join("nolapse.toml")),
        store: Some(folder.path.join("inventory.db").display().to_string()),
    };
    let trust = || StoreArgs::own("demo", folder.path.join("root.pem"));
    for _ in 0..ROUNDS {
        let ended = serve::run_until(&serve::Args::everything(place.clone(), trust()), &signals)?;
        if ended != Exit::Fine {
            return Ok(ended);
        }
    }
    let rows = rows(&place)?;
    findings(&rows, Style::for_stdout(args.color))?;
    for kind in REPORTS {
        let word = clap::ValueEnum::to_possible_value(&kind);
        let word = word.as_ref().map(|word| word.get_name()).unwrap_or_default();
        writeln!(io::stdout(), "\n$ nolapse report {word}")?;
        report::run(&report::Args::table(kind, args.color, place.clone()))?;
    }
    writeln!(
        io::stdout(),
        "\n{}, in {}",
        summary(&rows),
        text::measured(begun.elapsed())
    )?;
    if args.keep {
        stay(&place, trust(), args.listen, &signals)?;
    }
    Ok(Exit::Fine)
}

/// Every endpoint as it stands: fewer than a page.
fn rows(place: &Where) -> anyhow::Result<Vec<EndpointRow>> {
    let Inventory { store, .. } = place.read()?;
    Ok(runtime()?.block_on(store.endpoints(RowId::START, PAGE))?)
}

/// What is wrong with each, the worst first.
fn findings(rows: &[EndpointRow], style: Style) -> io::Result<()> {
    let mut all: Vec<(&EndpointRow, &Said)> = Vec::new();
    for row in rows {
        let said = row.seen.iter().flat_map(|seen| &seen.findings);
        all.extend(said.map(|said| (row, said)));
    }
    all.sort_by_key(|(row, said)| (std::cmp::Reverse(said.severity), &said.rule, row.id));
    let mut out = io::stdout().lock();
    for (row, said) in all {
        let severity = text::pad(&said.severity.word().to_uppercase(), SEVERITY);
        let severity = style.severity(said.severity, &severity);
        let rule = text::pad(&said.rule, RULE);
        let place = untrusted::shown(&row.place.service.to_string());
        writeln!(out, "{severity}  {}  {place}", style.strong(&rule))?;
        let room = style.width.saturating_sub(INDENT).max(INDENT);
        for line in text::wrap(&said.message.shown(), room, 2, style.mark()) {
            writeln!(out, "{:INDENT$}{line}", "")?;
        }
    }
    Ok(())
}

/// Columns of a finding.
const SEVERITY: usize = 8;
const RULE: usize = 20;
const INDENT: usize = SEVERITY + 2;

/// Says how to ask, and serves until Ctrl-C.
fn stay(
    place: &Where,
    trust: StoreArgs,
    listen: Option<SocketAddr>,
    signals: &Signals,
) -> anyhow::Result<()> {
    let store = place.store.as_deref().unwrap_or_default();
    say::line("the world stays until Ctrl-C; ask its inventory from another terminal, such as");
    say::line(&format!(
        "  nolapse report blind-spots --store {}",
        untrusted::shown(store)
    ));
    serve::run_until(&serve::Args::staying(place.clone(), trust, listen), signals)?;
    Ok(())
}

/// How many endpoints stand how.
fn summary(rows: &[EndpointRow]) -> String {
    let mut words = Vec::new();
    for status in Status::WORST_FIRST.iter().rev() {
        let count = rows.iter().filter(|row| row.state.status == *status).count();
        words.push(format!("{count} {}", status.word().to_lowercase()));
    }
    format!("{} endpoints: {}", rows.len(), words.join(", "))
}
