//! `discover`: ask DNS which endpoints there are, and say why.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use model::zone::expand::{Holder, Line};
use model::zone::{Domain, Record};
use net::Families;
use sources::zones_json;

use crate::commands::looking::resolver;
use crate::commands::places::{Places, shown};
use crate::discover::compare::{Comparison, Covered};
use crate::discover::engine::{self, Begun, Event, Going, Report, State, Sum, plain};
use crate::discover::plan::Plan;
use crate::discover::report::{self, Format, Writer};
use crate::file::{self, AtomicFile, Readers};
use crate::scan::signals::Signals;
use crate::scan::wishes;
use crate::terminal::{Colour, Style};
use crate::{Exit, say, text};

/// What one `--port` names.
type PortList = Vec<u16>;

/// Arguments of `discover`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    places: Places,

    /// Ports to look at on every host: 443,8443 or 9000-9010; may be repeated
    #[arg(
        short, long = "port", visible_alias = "ports", value_name = "PORT", env = "NOLAPSE_PORT", hide_env = true,
        value_parser = wishes::ports
    )]
    ports: Vec<PortList>,

    /// A DNS server to ask for names outside the zones, instead of the operating system's; may be repeated
    #[arg(
        long = "resolver", value_name = "ADDRESS[:PORT]", env = "NOLAPSE_RESOLVER", hide_env = true,
        value_delimiter = ',', value_parser = resolver
    )]
    resolvers: Vec<std::net::SocketAddr>,

    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Table, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    /// Write the report to this file, whole or not at all
    #[arg(short, long, value_name = "FILE", env = "NOLAPSE_OUTPUT", hide_env = true)]
    output: Option<PathBuf>,

    /// Write the zones that came whole to this file, for --from on another machine
    #[arg(long, value_name = "FILE", env = "NOLAPSE_EXPORT", hide_env = true)]
    export: Option<PathBuf>,

    /// List names that the certificates of FILE have and no zone has, and names that none of them covers; FILE has certificates,
    /// or the lines of `scan --format ndjson`
    #[arg(long, value_name = "FILE", env = "NOLAPSE_COMPARE", hide_env = true)]
    compare: Option<PathBuf>,

    /// List what differs between views: the same zone from several sources
    #[arg(long, env = "NOLAPSE_COMPARE_VIEWS", hide_env = true)]
    compare_views: bool,

    /// Say how many connections to how many addresses a scan would open, and how long that takes
    #[arg(long, env = "NOLAPSE_DRY_RUN", hide_env = true)]
    dry_run: bool,

    /// Connections a second that --dry-run reckons with
    #[arg(long, value_name = "PER_SECOND", env = "NOLAPSE_RATE", hide_env = true, value_parser = crate::commands::scan::rate)]
    rate: Option<f64>,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,
}

const AFTER_HELP: &str = "\
Examples:
  nolapse discover --zone example.com --server 192.0.2.53 --tsig-key transfer.key
  nolapse discover --zone-file example.com=example.com.zone --format targets > fleet.txt
  nolapse discover --zone example.com --server 192.0.2.53 --export zones.json    (where transfers are allowed)
  nolapse scan --from zones.json --format csv -o findings.csv                    (where the servers are reached)

Exit status:
  0    everything was read
  2    wrong usage, or the output could not be written
  3    a zone, or a name outside the zones, could not be read; what was read is shown
  130  interrupted; what was known is shown

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins.";

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    if args.places.is_empty() {
        bail!("nothing to ask: name a --zone with its --server, a --zone-file, --from, --names or --config");
    }
    let ports: Vec<u16> = args.ports.iter().flatten().copied().collect();
    let network = net::Settings {
        resolvers: args.resolvers.clone(),
        families: Families::Both,
        ..net::Settings::default()
    };
    let mut plan = args.places.plan(&ports, network)?;
    let certificates = args.compare.as_deref().map(Covered::read).transpose()?;
    // Names that certificates have show what a wildcard record leads to.
    if let (Some(covered), Some(path)) = (&certificates, &args.compare) {
        plan.seen = covered.names().map(|name| (name.clone(), shown(path))).collect();
    }
    let export = args.export.as_deref().map(Export::create).transpose()?;
    let comparison = Comparison::new(certificates, args.compare_views);
    if args.dry_run {
        return reckon(&plan, Foreign::Take, args.rate);
    }
    let sink = Sink::open(args.output.as_deref())?;
    let watched = matches!(&sink, Sink::Stdout(_)) && io::stdout().is_terminal();
    let mut listener = Listener {
        writer: Writer::new(sink, args.format, watched),
        comparison,
        export,
        lost: 0,
        views: 0,
    };
    let signals = Signals::listen();
    let sum = block_on(&plan, &mut |event| match event {
        Event::Quiet(going) if *signals.stop.borrow() => *going = Going::Stop,
        event => listener.take(event),
    })?;
    if *signals.stop.borrow() {
        return listener.interrupted(args, &sum);
    }
    listener.end(args, &sum)
}

/// Runs a discovery on a runtime of its own.
pub(crate) fn block_on(plan: &Plan, events: &mut engine::Events<'_>) -> anyhow::Result<Sum> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(engine::run(plan, events)))
}

/// What takes the events of a discovery.
struct Listener {
    writer: Writer<Sink>,
    comparison: Comparison,
    export: Option<Export>,
    /// Zones that could not be put into the export.
    lost: u64,
    views: usize,
}

impl Listener {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Line(view, line) => {
                self.views = self.views.max(view + 1);
                self.comparison.line(view, &line);
                self.writer.line(view, &line);
            }
            Event::Record(begun, record) => {
                if let Some(export) = &mut self.export {
                    export.zones.entry(begun).or_default().push(record.to_owned());
                }
            }
            Event::Begin(begun, zone) => {
                self.comparison.zone(zone);
                if let Some(export) = &mut self.export {
                    export.zones.remove(&begun);
                }
            }
            Event::Zone(report) => {
                complain(&report);
                self.comparison.report(&report);
                if let Some(export) = &mut self.export {
                    self.lost += u64::from(export.end(&report) == Kept::No);
                }
                self.writer.zone(&report);
            }
            Event::Quiet(going) => {
                self.writer.flush();
                if self.writer.is_closed() {
                    *going = Going::Stop;
                }
            }
        }
    }

    /// Shows what is known. Files that are written whole or not at all are not written.
    fn interrupted(self, args: &Args, sum: &Sum) -> anyhow::Result<Exit> {
        if args.output.is_none() {
            self.writer.finish(Style::for_stdout(args.color), sum)?;
        }
        let lost = if args.output.is_some() || args.export.is_some() {
            "; nothing was written to a file"
        } else {
            ""
        };
        say::error(&format!("interrupted: what is shown is not all{lost}"));
        Ok(Exit::Interrupted)
    }

    fn end(mut self, args: &Args, sum: &Sum) -> anyhow::Result<Exit> {
        for difference in self.comparison.differences(self.views) {
            self.writer.difference(&difference);
        }
        let style = match args.output {
            Some(_) => Style::for_file(args.color),
            None => Style::for_stdout(args.color),
        };
        let (counts, sink) = match self.writer.finish(style, sum) {
            Ok(written) => written,
            // Whoever reads has seen enough, and knows it; the report is not whole for all that.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Usage),
            Err(error) => return Err(error.into()),
        };
        sink.commit()?;
        if let Some(export) = self.export {
            export.commit()?;
        }
        if args.format != Format::Table {
            say::line(&report::told(&counts, sum));
        }
        Ok(if self.lost > 0 {
            Exit::NothingJudged
        } else {
            exit(sum)
        })
    }
}

/// Says on standard error what could not be read.
pub(crate) fn complain(report: &Report) {
    let zone = report.zone.as_ref().map(|zone| plain(zone.borrowed()));
    let of = zone.map_or_else(
        || report.source.clone(),
        |zone| format!("{zone} from {}", report.source),
    );
    let of = model::untrusted::shown(&of);
    let reasons = report.reasons.join("; ");
    match report.state {
        State::Failed => say::error(&format!("{of}: {reasons}")),
        State::Partial => say::error(&format!(
            "{of}: only a part of the zone came ({}): {reasons}",
            text::counted(report.records, "record")
        )),
        State::Whole | State::Unchanged if !reasons.is_empty() => say::warning(&format!("{of}: {reasons}")),
        State::Whole | State::Unchanged => {}
    }
}

/// Whether something is missing.
const fn exit(sum: &Sum) -> Exit {
    if sum.missing > 0 || sum.unresolved > 0 {
        Exit::NothingJudged
    } else {
        Exit::Fine
    }
}

/// Endpoints a second that a scan gets done when nobody limits it: what two cores manage.
const USUAL_RATE: f64 = 1000.0;

/// What a scan would do, counted.
#[derive(Default)]
pub(crate) struct Reckoning {
    connections: u64,
    foreign: u64,
    addresses: HashSet<IpAddr>,
    unusable: u64,
}

impl Reckoning {
    /// Counts a line; endpoints of others only when they are wanted.
    pub(crate) fn take(&mut self, line: &Line<'_>, foreign: Foreign) {
        match line {
            Line::Endpoint(found) if found.holder == Holder::Foreign && foreign == Foreign::LeaveOut => {
                self.foreign += 1;
            }
            Line::Endpoint(found) => {
                self.connections += 1;
                self.addresses.insert(found.address);
            }
            Line::Unusable(_) => self.unusable += 1,
        }
    }

    /// In one line.
    #[expect(clippy::cast_precision_loss, reason = "a duration for people")]
    pub(crate) fn told(&self, rate: Option<f64>) -> String {
        let seconds = self.connections as f64 / rate.unwrap_or(USUAL_RATE);
        let duration = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        let mut out = format!(
            "{} to {} in about {}{}",
            text::counted(self.connections, "connection"),
            counted_addresses(u64::try_from(self.addresses.len()).unwrap_or(u64::MAX)),
            text::measured(duration),
            if rate.is_some() { "" } else { " at 1,000 a second" }
        );
        if self.foreign > 0 {
            out.push_str(&format!(
                "; {} of others left out (--foreign)",
                text::counted(self.foreign, "endpoint")
            ));
        }
        if self.unusable > 0 {
            out.push_str(&format!(
                "; {} that lead to none",
                text::counted(self.unusable, "record")
            ));
        }
        out
    }
}

fn counted_addresses(number: u64) -> String {
    if number == 1 {
        "1 address".to_owned()
    } else {
        format!("{} addresses", text::count(number))
    }
}

/// Whether endpoints of others are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// They are.
    Take,
    /// They are counted and left out.
    LeaveOut,
}

/// Says what a scan would do, and does nothing of it.
pub(crate) fn reckon(plan: &Plan, foreign: Foreign, rate: Option<f64>) -> anyhow::Result<Exit> {
    let mut reckoning = Reckoning::default();
    let sum = block_on(plan, &mut |event| match event {
        Event::Line(_, line) => reckoning.take(&line, foreign),
        Event::Zone(report) => complain(&report),
        Event::Record(..) | Event::Begin(..) | Event::Quiet(_) => {}
    })?;
    writeln!(io::stdout().lock(), "{}", reckoning.told(rate))?;
    say::line("nothing was looked at (--dry-run)");
    Ok(exit(&sum))
}

/// Where a report goes.
enum Sink {
    Stdout(io::Stdout),
    File(Box<AtomicFile>, PathBuf),
}

impl Sink {
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout(io::stdout()));
        };
        let file = AtomicFile::create(path, Readers::Anybody).map_err(|error| {
            anyhow!(
                "cannot write the report to {}: {}",
                shown(path),
                file::reason(&error)
            )
        })?;
        Ok(Self::File(Box::new(file), path.to_owned()))
    }

    fn commit(self) -> anyhow::Result<()> {
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File(file, path) => file.commit().map_err(|error| {
                anyhow!(
                    "cannot write the report to {}: {}",
                    shown(&path),
                    file::reason(&error)
                )
            }),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}

/// The export on its way: a zone is kept until it came whole.
struct Export {
    writer: Option<zones_json::Writer<BufWriter<AtomicFile>>>,
    place: String,
    /// Records of zones that are coming.
    zones: HashMap<Begun, Vec<Record>>,
    /// Zones that are written.
    written: HashSet<Domain>,
    failed: Option<io::Error>,
}

/// Whether a zone that came is in the export, if it should be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

impl Export {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let place = shown(path);
        let cannot =
            |error: &io::Error| anyhow!("cannot write the export to {place}: {}", file::reason(error));
        // Zones tell what an attacker would like to know.
        let file = AtomicFile::create(path, Readers::Owner).map_err(|error| cannot(&error))?;
        let writer = zones_json::Writer::new(BufWriter::new(file)).map_err(|error| cannot(&error))?;
        Ok(Self {
            writer: Some(writer),
            place,
            zones: HashMap::new(),
            written: HashSet::new(),
            failed: None,
        })
    }

    fn end(&mut self, report: &Report) -> Kept {
        let (Some(begun), Some(zone)) = (report.begun, &report.zone) else {
            return Kept::Yes;
        };
        let records = self.zones.remove(&begun).unwrap_or_default();
        if report.state.is_missing() {
            return Kept::Yes;
        }
        if !self.written.insert(zone.clone()) {
            // One key of the file is one zone: readers take the last of two in silence.
            say::error(&format!(
                "{} from {} is not in {}, which has this zone from another source: export one view at a time (--source)",
                plain(zone.borrowed()),
                model::untrusted::shown(&report.source),
                self.place
            ));
            return Kept::No;
        }
        let Some(writer) = &mut self.writer else {
            return Kept::Yes;
        };
        let written = writer.zone(zone).and_then(|()| {
            records
                .iter()
                .try_for_each(|record| writer.record(record.borrowed()))
        });
        if let Err(error) = written {
            self.failed = Some(error);
            self.writer = None;
        }
        Kept::Yes
    }

    fn commit(self) -> anyhow::Result<()> {
        let done = match (self.failed, self.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => {
                let buffer = writer.finish();
                buffer
                    .and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error))
                    .and_then(AtomicFile::commit)
            }
            (None, None) => Ok(()),
        };
        done.map_err(|error| {
            anyhow!(
                "cannot write the export to {}: {}",
                self.place,
                file::reason(&error)
            )
        })
    }
}
