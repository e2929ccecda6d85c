//! `scan`: look at endpoints now, judge, report.
//!
//! Flags come in, a run is put together of them, and its end becomes an exit status. The run itself is in `crate::scan`.

mod interruption;
mod output;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use assess::{Policy, SignatureMemory};
use clap::ValueEnum;
use model::inventory::Vantage;
use model::target::Ranges;
use model::{Status, limits, untrusted};
use net::{Caps, Permits};
use probe::KeysShown;
use tokio::sync::Mutex;

use self::interruption::Interruption;
use self::output::{Opened, open};
use crate::commands::discover::{self, Foreign};
use crate::commands::looking::Looking;
use crate::commands::places::Places;
use crate::discover::plan::Plan;
use crate::file;
use crate::inventory::Where;
use crate::inventory::saving::Saver;
use crate::report::causes::Keep;
use crate::report::fields::Fields;
use crate::report::markdown::Document;
use crate::report::table::{Detail, Table, Wishes as TableWishes};
use crate::report::{Format, Rendering};
use crate::scan::known::Known;
use crate::scan::progress::{self, Progress};
use crate::scan::resume::Ledger;
use crate::scan::run::{self, Ended, MakeShop, Report, Run, Why};
use crate::scan::signals::Signals;
use crate::scan::targets::{Given, run_identity};
use crate::scan::work::{SecondLook, Shop};
use crate::terminal::{Colour, Style};
use crate::{Exit, limit, record, say, text};
use engine::look::{Judge, hush_caught_panics};
use engine::steady::Timepiece;

/// Arguments of `scan`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to look at: name, name:port, name@address, smtp://name, address, range, URL, @file, or - for standard input
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    #[command(flatten)]
    places: Places,

    /// Look at endpoints of others too: where a zone leads to a host that is not yours
    #[arg(
        long,
        help_heading = "Names from DNS",
        env = "NOLAPSE_FOREIGN",
        hide_env = true
    )]
    foreign: bool,

    /// Say how many connections to how many addresses --zone and its like would open, and how long that takes; look at nothing
    #[arg(
        long,
        help_heading = "Names from DNS",
        env = "NOLAPSE_DRY_RUN",
        hide_env = true
    )]
    dry_run: bool,

    #[command(flatten)]
    looking: Looking,

    /// Ask for the certificates of every kind of key that a server has
    #[arg(
        long,
        help_heading = "How to look",
        env = "NOLAPSE_ALL_CERTIFICATES",
        hide_env = true
    )]
    all_certificates: bool,

    /// Take ranges of more than 65,536 addresses
    #[arg(
        long,
        help_heading = "How to look",
        env = "NOLAPSE_LARGE_RANGES",
        hide_env = true
    )]
    large_ranges: bool,

    /// Look once more, at the end, at what timed out or was reset: 0 or 1 times
    #[arg(
        long, value_name = "TIMES", default_value_t = 1, help_heading = "How to look", env = "NOLAPSE_RETRIES",
        hide_env = true, value_parser = clap::value_parser!(u8).range(0..=1)
    )]
    retries: u8,

    #[command(flatten)]
    pace: Pace,

    #[command(flatten)]
    output: OutputArgs,

    /// Keep what is seen in the inventory, where `nolapse report` finds it and `nolapse serve` goes on
    #[arg(long, help_heading = "Inventory", env = "NOLAPSE_SAVE", hide_env = true)]
    save: bool,

    /// With --save: where the inventory is kept: a file, or postgres://USER@ADDRESS/DATABASE
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Inventory",
        env = "NOLAPSE_STORE",
        hide_env = true,
        hide_env_values = true
    )]
    store: Option<String>,

    /// Keep checked signatures in this file, for the next run; losing it costs time only
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Between runs",
        env = "NOLAPSE_KNOWN",
        hide_env = true
    )]
    known: Option<PathBuf>,

    /// Go on where an interrupted run stopped, and keep what is finished in this file meanwhile
    #[arg(
        long,
        overrides_with = "resume",
        value_name = "FILE",
        help_heading = "Between runs",
        env = "NOLAPSE_RESUME",
        hide_env = true
    )]
    resume: Option<PathBuf>,
}

/// How fast.
#[derive(clap::Args)]
#[command(next_help_heading = "How fast")]
struct Pace {
    /// Endpoints looked at at once
    #[arg(long, value_name = "COUNT", env = "NOLAPSE_CONCURRENCY", hide_env = true, value_parser = positive)]
    concurrency: Option<usize>,

    /// Connections open at once to one address
    #[arg(
        long, value_name = "COUNT", default_value_t = limits::PER_ADDRESS, env = "NOLAPSE_PER_ADDRESS",
        hide_env = true, value_parser = positive
    )]
    per_address: usize,

    /// Connections open at once to one /24 or /48
    #[arg(
        long, value_name = "COUNT", default_value_t = limits::PER_NETWORK, env = "NOLAPSE_PER_NETWORK",
        hide_env = true, value_parser = positive
    )]
    per_network: usize,

    /// New connections a second, at most
    #[arg(long, value_name = "PER_SECOND", env = "NOLAPSE_RATE", hide_env = true, value_parser = rate)]
    rate: Option<f64>,
}

/// What to report, and how.
#[derive(clap::Args)]
#[command(next_help_heading = "What to report")]
struct OutputArgs {
    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Table, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    /// Only these fields of each record: endpoint.name,status,...; without a value, list the fields
    #[arg(
        long, value_name = "PATH,...", num_args = 0..=1, default_missing_value = "", env = "NOLAPSE_FIELDS",
        hide_env = true
    )]
    fields: Option<String>,

    /// Write the report to this file, whole or not at all; to a pipe or device as it comes
    #[arg(
        short,
        long,
        value_name = "FILE",
        env = "NOLAPSE_OUTPUT",
        hide_env = true,
        overrides_with = "output"
    )]
    output: Option<PathBuf>,

    /// List every endpoint, those that are fine included (as rows with the status `ok` in CSV)
    #[arg(long, env = "NOLAPSE_ALL", hide_env = true)]
    all: bool,

    /// Show fingerprints in full, every certificate of a chain, and what is only worth knowing
    #[arg(short, long, env = "NOLAPSE_VERBOSE", hide_env = true)]
    verbose: bool,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,

    /// How to show progress on standard error
    #[arg(long, value_enum, default_value_t = progress::Mode::Auto, env = "NOLAPSE_PROGRESS", hide_env = true)]
    progress: progress::Mode,

    /// From which status on to exit with 1
    #[arg(long, value_enum, default_value_t = FailOn::Warning, env = "NOLAPSE_FAIL_ON", hide_env = true)]
    fail_on: FailOn,
}

/// From which status on a run has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// WARNING, ERROR, CRITICAL, EXPIRED
    Warning,
    /// ERROR, CRITICAL, EXPIRED
    Error,
    /// CRITICAL, EXPIRED
    Critical,
    /// EXPIRED
    Expired,
    /// Never
    Never,
}

const AFTER_HELP: &str = "\
Targets:
  example.com                        port 443, every address of the name
  shop.example.com@192.0.2.7:8443    this address, whatever DNS says
  smtp://mail.example.com            STARTTLS; also imap, pop3, ldap, postgres, mysql, xmpp, ftp, ...
  192.0.2.0/28:443                   every address of a range
  @fleet.txt                         one target a line; # begins a comment
  --zone example.com --server 192.0.2.53    every endpoint that a zone leads to

Exit status:
  0    everything that was looked at is fine
  1    something is at or above --fail-on
  2    wrong usage, nothing to look at, or the report could not be written: also when its reader goes away
  3    nothing could be judged, or a zone could not be read, whatever else was found
  130  interrupted: SIGINT, SIGTERM or SIGHUP

An interrupted run says the command that goes on, unless it takes zones, which may have changed. What is finished is kept in the file of --resume, without it in \
$XDG_STATE_HOME/nolapse (~/.local/state/nolapse), a new file for each run; it is removed once the rest is done.

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins.";

/// Signatures remembered when they are not kept for a later run: a leaf's is of use again only where many endpoints serve
/// it, and those are mostly looked at in a row. About 5 MB.
const SIGNATURES_UNKEPT: usize = 32_768;

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let fields = match args.output.fields.as_deref().map(Fields::parse).transpose()? {
        Some(None) => return list_fields(),
        Some(Some(fields)) => Some(fields),
        None => None,
    };
    if args.targets.is_empty() && args.places.is_empty() {
        bail!(
            "no target: name one, such as `nolapse scan example.com`, or @file, or - for standard input, or a --zone with its --server"
        );
    }
    let places = places(args)?;
    if args.dry_run {
        return dry_run(args, places);
    }
    if fields.is_some() && args.output.format == Format::Table {
        bail!("--fields needs --format ndjson, json, csv or markdown");
    }
    args.looking.check_thresholds()?;
    hush_caught_panics();
    let (judge, known) = judge(args, policy(args, places.as_ref()))?;
    let list = if args.output.all { Keep::All } else { Keep::Few };
    let rendering = Rendering::new(args.output.format, fields, list);
    let (run, output) = prepare(args, places, &rendering)?;
    let interruption = Interruption {
        goes_on: args.places.is_empty(),
        state: args.resume.as_deref(),
        identity: run.identity,
        again: if run.given.contains(&Given::Stdin) {
            " (with the same standard input)"
        } else {
            ""
        },
        // What is there of such a report is whole, and the rest is another one.
        another_output: match rendering {
            Rendering::Kept => args.output.output.as_deref(),
            _ => None,
        },
    };
    let report = report(args, &rendering);
    let make_shop = shop(args, Arc::clone(&judge), rendering, &run);
    let Opened { output, file } = output;
    let ended = run::run(run, make_shop, report, output)?;
    if let Some(file) = file
        && ended.tally.total() > 0
    {
        file.commit(args.output.output.as_deref())?;
    }
    if let Some(known) = known {
        known.save(&judge.memory).unwrap_or_else(|error| {
            say::warning(&format!("cannot keep known signatures: {}", file::reason(&error)));
        });
    }
    Ok(end(args, &ended, &interruption))
}

/// Who judges, and where what was checked is kept.
fn judge(args: &Args, policy: Policy) -> anyhow::Result<(Arc<Judge>, Option<Known>)> {
    let memory = match args.known {
        Some(_) => SignatureMemory::new(),
        None => SignatureMemory::with_capacity(SIGNATURES_UNKEPT),
    };
    let known = load_known(args.known.as_deref(), &memory)?;
    let (stores, required) = args.looking.trust.stores()?;
    let judge = Judge {
        stores,
        policy: Policy { required, ..policy },
        memory,
        inquiry: args.looking.asking.inquiry(),
        at: args.looking.at(),
        time: Timepiece::Wall,
    };
    Ok((Arc::new(judge), known))
}

/// What DNS is to be asked, when it is.
fn places(args: &Args) -> anyhow::Result<Option<(Plan, Foreign)>> {
    if args.places.is_empty() {
        if args.dry_run {
            bail!(
                "--dry-run counts what zones lead to: name a --zone with its --server, a --zone-file, or --from"
            );
        }
        return Ok(None);
    }
    if args.resume.is_some() {
        bail!(
            "--resume cannot go on in zones, which may have changed: `nolapse discover --format targets` writes a list, and \
             `nolapse scan @list --resume FILE` goes on in it"
        );
    }
    let ports = args.looking.wishes(Ranges::Ordinary).ports;
    let foreign = if args.foreign {
        Foreign::Take
    } else {
        Foreign::LeaveOut
    };
    Ok(Some((args.places.plan(&ports, args.looking.network())?, foreign)))
}

/// The policy, with what a configuration of DNS Certificate Checker says where no flag does.
fn policy(args: &Args, places: Option<&(Plan, Foreign)>) -> Policy {
    let mut policy = args.looking.policy();
    let least = places.and_then(|(plan, _)| plan.least_validity);
    if let (assess::Threshold::ByLifetime, Some(least)) = (policy.warning, least) {
        policy.warning = assess::Threshold::Days(least.as_secs_f64() / 86_400.0);
    }
    policy
}

fn dry_run(args: &Args, places: Option<(Plan, Foreign)>) -> anyhow::Result<Exit> {
    let Some((plan, foreign)) = places else {
        return Ok(Exit::Usage);
    };
    discover::reckon(&plan, foreign, args.pace.rate)
}

fn list_fields() -> anyhow::Result<Exit> {
    let mut out = io::stdout().lock();
    let style = Style::for_stdout(Colour::Auto);
    for (path, meaning) in record::field_paths() {
        out.write_all(field_lines(&path, &meaning, style.width).as_bytes())?;
    }
    Ok(Exit::Fine)
}

/// A path, and what it holds wrapped beside it.
fn field_lines(path: &str, meaning: &str, columns: usize) -> String {
    const PATH: usize = 40;
    let room = columns.saturating_sub(PATH + 1).max(20);
    let lines = text::wrap(meaning, room, usize::MAX, "...");
    let mut out = text::pad(path, PATH);
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            out.push_str(&" ".repeat(PATH));
        }
        out.push(' ');
        out.push_str(line);
        out.push('\n');
    }
    if lines.is_empty() {
        out.push('\n');
    }
    out
}

fn load_known(path: Option<&Path>, memory: &SignatureMemory) -> anyhow::Result<Option<Known>> {
    let Some(path) = path else { return Ok(None) };
    let shown = untrusted::shown(&path.display().to_string());
    let (known, line) = Known::load(path, memory).map_err(|error| {
        anyhow::anyhow!(
            "cannot read known signatures from {shown}: {}",
            file::reason(&error)
        )
    })?;
    if let Some(line) = line {
        say::warning(&line);
    }
    Ok(Some(known))
}

fn prepare(
    args: &Args,
    places: Option<(Plan, Foreign)>,
    rendering: &Rendering,
) -> anyhow::Result<(Run, Opened)> {
    let given: Vec<Given> = args.targets.iter().map(|target| Given::new(target)).collect();
    let ranges = if args.large_ranges {
        Ranges::Large
    } else {
        Ranges::Ordinary
    };
    let wishes = args.looking.wishes(ranges);
    let identity = run_identity(&given, &wishes);
    let earlier = match &args.resume {
        None => None,
        Some(path) => Ledger::load(path, identity).with_context(|| {
            format!(
                "cannot resume from {}",
                untrusted::shown(&path.display().to_string())
            )
        })?,
    };
    let continues = earlier.as_ref().is_some_and(|ledger| ledger.finished() > 0);
    let output = open(args.output.output.as_deref(), rendering, continues)?;
    let style = Style::for_stderr(args.output.color);
    let run = Run {
        workers: workers(args, &given),
        given,
        places,
        wishes,
        finished: earlier.unwrap_or_default(),
        identity,
        // Kept meanwhile only where what is written stays written: a report that is made at the end, or put in its place
        // at the end, dies with the process.
        state: args
            .resume
            .clone()
            .filter(|_| args.output.output.is_none() && rendering.can_be_appended_to()),
        saver: saver(args)?,
        signals: Signals::listen(),
        progress: Progress::new(args.output.progress, style.width),
    };
    Ok((run, output))
}

/// Where looks are kept, when they are.
fn saver(args: &Args) -> anyhow::Result<Option<Saver>> {
    let place = Where {
        config: args.places.config().map(Path::to_owned),
        store: args.store.clone(),
    };
    args.save.then(|| Saver::open(&place)).transpose()
}

/// A thread per core, but no more than there is work for.
fn workers(args: &Args, given: &[Given]) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let single = |given: &Given| matches!(given, Given::Target(target) if !target.contains('/'));
    let most = if args.places.is_empty() && given.iter().all(single) {
        given.len()
    } else {
        usize::MAX
    };
    cores
        .min(most)
        .min(args.pace.concurrency.unwrap_or(usize::MAX))
        .max(1)
}

fn shop(args: &Args, judge: Arc<Judge>, rendering: Rendering, run: &Run) -> MakeShop {
    let wanted = args.pace.concurrency.unwrap_or(limits::CONCURRENT);
    let allowed = limit::connections().unwrap_or(usize::MAX);
    if args.pace.concurrency.is_some() && wanted > allowed {
        say::warning(&format!(
            "--concurrency {wanted} needs more open files than this process may have: {allowed} at once; see `ulimit -n`"
        ));
    }
    let slots = (wanted.min(allowed) / run.workers).max(1);
    let keys = if args.all_certificates {
        KeysShown::Every
    } else {
        KeysShown::Preferred
    };
    let looking = args.looking.probe(keys);
    let network = args.looking.network();
    let Pace {
        per_address,
        per_network,
        rate,
        ..
    } = args.pace;
    let permits = Permits::new(Caps {
        per_address,
        per_network,
        rate,
    });
    let second_look = if args.retries > 0 {
        SecondLook::Once
    } else {
        SecondLook::Never
    };
    let stop = run.signals.stop.clone();
    let save = args.save.then(Vantage::local);
    Box::new(move |source| Shop {
        looking,
        judge,
        network,
        permits,
        slots,
        second_look,
        rendering,
        save,
        source: Mutex::new(source),
        stop,
    })
}

fn report(args: &Args, rendering: &Rendering) -> Report {
    let list = if args.output.all { Keep::All } else { Keep::Few };
    match (rendering, args.output.format) {
        (Rendering::Kept, Format::Markdown) => Report::Document(Document::new(list)),
        (Rendering::Kept, _) => {
            let colour = args.output.color;
            let style = if args.output.output.is_some() {
                Style::for_file(colour)
            } else {
                Style::for_stdout(colour)
            };
            let detail = if args.output.verbose {
                Detail::More
            } else {
                Detail::Usual
            };
            Report::Table(Box::new(Table::new(style, TableWishes { list, detail })))
        }
        _ => Report::Streamed,
    }
}

fn end(args: &Args, ended: &Ended, interruption: &Interruption<'_>) -> Exit {
    match &ended.why {
        Why::OutputClosed => {
            say::error("the report could not be written: its reader went away");
            return Exit::Usage;
        }
        Why::OutputFailed(error) => {
            say::error(&format!(
                "cannot write the report: {}; what was written before stands",
                file::reason(error)
            ));
            return Exit::Usage;
        }
        Why::Interrupted => {
            interruption.tell(ended);
            return Exit::Interrupted;
        }
        Why::Done => {}
    }
    if let Some(state) = interruption.state {
        // Finished: nothing is left to go on with. It may never have been written.
        drop(fs::remove_file(state));
    }
    for told in ended.learnt.told() {
        say::line(&told);
    }
    if ended.seen == 0 && ended.learnt.missing > 0 {
        say::line("nothing was looked at (exit 3)");
        return Exit::NothingJudged;
    }
    if ended.seen == 0 {
        say::line("nothing was looked at (exit 2)");
        return Exit::Usage;
    }
    if ended.learnt.missing > 0 {
        // What was not read may be worse than what was found.
        say::line("something is missing (exit 3)");
        return Exit::NothingJudged;
    }
    let bad = match args.output.fail_on {
        FailOn::Warning => ended.worst >= Status::Warning,
        FailOn::Error => ended.worst >= Status::Error,
        FailOn::Critical => ended.worst >= Status::Critical,
        FailOn::Expired => ended.worst >= Status::Expired,
        FailOn::Never => false,
    };
    if ended.tally.total() > 0 && ended.tally.of(Status::Error) == ended.tally.total() {
        Exit::NothingJudged
    } else if bad {
        Exit::Findings
    } else {
        Exit::Fine
    }
}

fn positive(typed: &str) -> Result<usize, String> {
    typed
        .parse()
        .ok()
        .filter(|count| (1..=1_000_000).contains(count))
        .ok_or_else(|| "expected a number from 1 to 1000000".to_owned())
}

/// Parses connections a second.
pub(crate) fn rate(typed: &str) -> Result<f64, String> {
    typed
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
        .ok_or_else(|| "expected connections a second, such as 50 or 0.5".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_fit_the_terminal() {
        for (path, meaning) in record::field_paths() {
            let lines = field_lines(&path, &meaning, 80);
            assert!(lines.lines().all(|line| text::width(line) <= 80), "{lines}");
        }
    }

    #[test]
    fn numbers_are_bounded() {
        assert_eq!(positive("7"), Ok(7));
        assert!(positive("0").is_err() && positive("-1").is_err() && positive("1e3").is_err());
        assert_eq!(rate("0.5"), Ok(0.5));
        assert!(rate("0").is_err() && rate("inf").is_err() && rate("nan").is_err());
    }
}
