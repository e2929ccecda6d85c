//! `serve`: the inventory kept fresh. Asks sources and looks at endpoints when it is their turn, and remembers.

mod pages;
pub(crate) mod pair;
mod reload;
mod supervisor;
pub(crate) mod telling;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess::{Policy, SignatureMemory, Threshold};
use engine::conductor::{self, Counts, Ended, Score, Told, Until};
use engine::look::{Judge, hush_caught_panics};
use engine::steady::{Skew, Timepiece};
use jiff::Timestamp;
use model::inventory::{RunEnd, Vantage};
use net::{Caps, Families, Permits};
use store::Store;
use tokio::sync::watch;

use crate::anchors::StoreArgs;
use crate::commands::asking::Asking;
use crate::commands::keep;
use crate::commands::looking::{resolver, threshold};
use crate::config::{Config, Pace};
use crate::inventory::life::Life;
use crate::inventory::{Inventory, Where, asking, runtime};
use crate::scan::signals::Signals;
use crate::{Exit, limit, say, text};

/// Arguments of `serve`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Do all that is due now, then end: for cron, and for a first fill
    #[arg(long, env = "NOLAPSE_ONCE", hide_env = true)]
    once: bool,

    /// As --once, but ask every source and look at every endpoint, due or not
    #[arg(long, env = "NOLAPSE_EVERYTHING", hide_env = true)]
    everything: bool,

    /// Believe the clock of this machine, however far it is from the latest time in the inventory
    #[arg(long, env = "NOLAPSE_TRUST_CLOCK", hide_env = true)]
    trust_clock: bool,

    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    pages: pages::PageArgs,

    #[command(flatten)]
    looking: Looking,
}

/// How to look. What is not said here is said by `[schedule]` and `[policy]` of the configuration.
#[derive(clap::Args, Default)]
#[command(next_help_heading = "How to look")]
struct Looking {
    #[command(flatten)]
    trust: StoreArgs,

    /// Time left that is worth a warning: days (20), a share of the lifetime (33%), or `lifetime`
    #[arg(short, long, value_name = "LEFT", env = "NOLAPSE_WARNING", hide_env = true, value_parser = threshold)]
    warning: Option<Threshold>,

    /// Time left that is critical, in the same words
    #[arg(short, long, value_name = "LEFT", env = "NOLAPSE_CRITICAL", hide_env = true, value_parser = threshold)]
    critical: Option<Threshold>,

    /// Only IPv4 addresses of names
    #[arg(
        short = '4',
        long,
        conflicts_with = "ipv6",
        env = "NOLAPSE_IPV4",
        hide_env = true
    )]
    ipv4: bool,

    /// Only IPv6 addresses of names
    #[arg(short = '6', long, env = "NOLAPSE_IPV6", hide_env = true)]
    ipv6: bool,

    /// A DNS server to ask instead of the operating system's; may be repeated
    #[arg(
        long = "resolver", value_name = "ADDRESS[:PORT]", env = "NOLAPSE_RESOLVER", hide_env = true,
        value_delimiter = ',', value_parser = resolver
    )]
    resolvers: Vec<SocketAddr>,

    #[command(flatten)]
    asking: Asking,
}

const AFTER_HELP: &str = "\
Without a configuration the inventory is one SQLite file in $XDG_STATE_HOME/nolapse (~/.local/state/nolapse; as a service of \
systemd its StateDirectory), and what is looked at is what `nolapse scan --save` was given. With one, sources say what exists:

  [source.fleet]
  kind = \"list\"
  file = \"fleet.txt\"

The pages are on http://127.0.0.1:8787/ and are for this machine alone. With --tls-certificate and --tls-key, or in the file

  [web]
  listen = \"127.0.0.1:8443\"
  tls_certificate = \"pages.pem\"
  tls_key = \"pages.key\"

they speak HTTPS, and show a renewed certificate within seconds. A listener that systemd opened (socket activation) is used in place of \
the usual one.

SIGHUP reads the configuration anew, all of it or nothing: an error in it is said, and the old one stays in force. When standard input is \
a terminal, SIGHUP ends.

Ctrl-C or SIGTERM lets looks under way end and writes them; sources that are being asked are left, and asked again at the next \
start; a second one ends at once. What is due is kept in the inventory: a \
crash or a day offline loses no turn. Several `nolapse serve` may share one inventory: one works, and when it ends the next one takes over.

Exit status:
  0    ended in order
  2    wrong usage, or the inventory cannot be used
  3    with --once: a source failed, or another process holds the work
  130  interrupted

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins over the variable, and both over the file.";

impl Args {
    /// Whether it goes on until it is told to end.
    fn lasts(&self) -> bool {
        !self.once && !self.everything
    }

    /// Everything once, trusting one store of the user's own: what is not said here has its default.
    pub(crate) fn everything(place: Where, trust: StoreArgs) -> Self {
        Self {
            once: true,
            everything: true,
            trust_clock: false,
            place,
            pages: pages::PageArgs::default(),
            looking: Looking {
                trust,
                ..Looking::default()
            },
        }
    }
}

impl Args {
    /// Until it is told to end, with pages, trusting one store of the user's own.
    pub(crate) fn staying(place: Where, trust: StoreArgs, listen: Option<SocketAddr>) -> Self {
        Self {
            once: false,
            everything: false,
            pages: pages::PageArgs::at(listen),
            ..Self::everything(place, trust)
        }
    }
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let signals = match args.lasts() {
        true => Signals::listen_as_a_service(),
        false => Signals::listen(),
    };
    run_until(args, &signals)
}

/// Runs it until it is done or these signals ask for an end.
pub(crate) fn run_until(args: &Args, signals: &Signals) -> anyhow::Result<Exit> {
    hush_caught_panics();
    let Inventory { mut config, store } = args.place.open()?;
    let listening = match args.lasts() {
        true => args.pages.listen(&config.web)?,
        false => None,
    };
    let mut all = Counts::default();
    let ended = runtime()?.block_on(async {
        supervisor::keep_alive();
        loop {
            let mut round = round(args, &config, &store, listening.as_ref(), signals).await?;
            all += round.counts;
            match round.next.take() {
                Some(next) if !*signals.stop.borrow() => config = next,
                _ => return anyhow::Ok(round.ended),
            }
        }
    })?;
    supervisor::stopping();
    say::line(&summary(ended, &all));
    Ok(match ended {
        Ended::Stopped if !args.lasts() => Exit::Interrupted,
        Ended::Held => Exit::NothingJudged,
        Ended::Done if all.sources_failed > 0 => Exit::NothingJudged,
        Ended::Done | Ended::Stopped => Exit::Fine,
    })
}

/// Takes from those who are gone what they can no longer give back: nobody need wait for their leases to end.
async fn take_over(store: &Store, life: &Life, now: Timestamp) -> anyhow::Result<()> {
    for holder in store.holders(now).await? {
        if life.outlived(&holder.owner) {
            store.oust(&holder.owner).await?;
            let shown = Life::shown(&holder.owner);
            say::line(&format!("{shown} held the work and is gone: taking it over"));
        }
    }
    Ok(())
}

/// How serving by one configuration ended.
struct Round {
    ended: Ended,
    counts: Counts,
    /// The configuration to go on with.
    next: Option<Config>,
}

/// Serves by one configuration, until the end or until there is another.
async fn round(
    args: &Args,
    config: &Config,
    store: &Store,
    listening: Option<&pages::Listening>,
    signals: &Signals,
) -> anyhow::Result<Round> {
    let life = Life::own()?;
    let (halt, halted) = watch::channel(*signals.stop.borrow());
    let score = score(args, config, store, &life, halted).await?;
    take_over(store, &life, score.judge.time.now()).await?;
    let _telling = match args.lasts() {
        true => Some(telling::begin(config, store, &score)?),
        false => None,
    };
    let _pages = match listening {
        Some(listening) => Some(listening.answer(store, &score, identity(args, config, &score)?)?),
        None => None,
    };
    let running = text::counted(u64::try_from(score.sources.len()).unwrap_or(0), "source");
    let mut voice = Voice::new(!args.lasts(), store, &score);
    supervisor::ready(&running);
    let mut say = |told| voice.say(told);
    let conducted = conductor::conduct(store, score, &mut say);
    tokio::pin!(conducted);
    let mut stop = signals.stop.clone();
    let mut next = None;
    let (ended, counts) = loop {
        tokio::select! {
            ended = &mut conducted => break ended?,
            _ = stop.wait_for(|stop| *stop), if !*halt.borrow() => {}
            config = reload::asked_for(args, store, signals, &running), if args.lasts() && !*halt.borrow() => next = Some(config),
        }
        halt.send_replace(true);
    };
    Ok(Round { ended, counts, next })
}

/// Who the pages are, when they speak HTTPS.
fn identity(
    args: &Args,
    config: &Config,
    score: &Score,
) -> anyhow::Result<Option<(pair::Pair, web::Identity)>> {
    let Some(pair) = args.pages.pair(&config.web) else {
        return Ok(None);
    };
    let identity = pair.load()?;
    say::line(&format!(
        "the certificate of the pages is {}",
        pair::life(&identity, score.judge.time.now())
    ));
    Ok(Some((pair, identity)))
}

async fn score(
    args: &Args,
    config: &Config,
    store: &Store,
    life: &Life,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<Score> {
    let Pace {
        per_address,
        per_network,
        rate,
        timeout,
        ..
    } = config.pace;
    let network = network(&args.looking, timeout);
    let latest = keep::latest(store).await?.filter(|_| !args.trust_clock);
    let time = Timepiece::steady(latest).map_err(keep::leapt)?;
    let allowed = limit::connections().unwrap_or(usize::MAX);
    let concurrency = config.pace.concurrency.min(allowed).max(1);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Score {
        workers: cores.min(concurrency),
        concurrency,
        looking: probe::Settings {
            budget: timeout,
            ..probe::Settings::default()
        },
        permits: Permits::new(Caps {
            per_address,
            per_network,
            rate,
        }),
        judge: Arc::new(judge(&args.looking, config, time)?),
        vantage: Vantage::local(),
        cadence: Arc::new(config.cadence.clone()),
        owner: life.name().into(),
        sources: asking::sources(config, &network),
        held: conductor::nothing_held(),
        network,
        keep: config.keep,
        until: match (args.once, args.everything) {
            (false, false) => Until::Stopped,
            (true, false) => Until::NothingIsDue,
            (_, true) => Until::AllIsSeen,
        },
        stop,
    })
}

fn network(looking: &Looking, timeout: Duration) -> net::Settings {
    net::Settings {
        resolvers: looking.resolvers.clone(),
        families: match (looking.ipv4, looking.ipv6) {
            (true, _) => Families::V4,
            (_, true) => Families::V6,
            (false, false) => Families::Both,
        },
        connect_timeout: model::limits::CONNECT.min(timeout),
        resolve_timeout: model::limits::RESOLVE.min(timeout),
    }
}

/// Signatures remembered while serving: a leaf is looked at every few hours, so all of a large fleet are worth keeping.
const SIGNATURES: usize = 1 << 20;

fn judge(looking: &Looking, config: &Config, time: Timepiece) -> anyhow::Result<Judge> {
    let (stores, required) = looking.trust.stores()?;
    Ok(Judge {
        stores,
        policy: Policy {
            required,
            warning: looking.warning.unwrap_or(config.policy.warning),
            critical: looking.critical.unwrap_or(config.policy.critical),
        },
        memory: SignatureMemory::with_capacity(SIGNATURES),
        inquiry: looking.asking.inquiry(),
        at: None,
        time,
    })
}

fn summary(ended: Ended, counts: &Counts) -> String {
    let words = match ended {
        Ended::Done => "done",
        Ended::Stopped => "stopped",
        Ended::Held => "another `nolapse serve` holds the work: nothing was done",
    };
    let failed = match counts.sources_failed {
        0 => String::new(),
        failed => format!(
            " ({} failed: `nolapse source list` says why)",
            text::count(failed)
        ),
    };
    format!(
        "{words}: {} ({} without a certificate), {} asked{failed}",
        text::counted(counts.looks, "look"),
        text::count(counts.stopped),
        text::counted(counts.sources, "source")
    )
}

/// What is said on standard error: a line for what happened, and how far we are from time to time.
struct Voice {
    once: bool,
    last: Instant,
    before: Counts,
    clock: Skew,
}

/// How often it is said how far we are.
const STATUS_EVERY: Duration = Duration::from_secs(60);

impl Voice {
    fn new(once: bool, store: &Store, score: &Score) -> Self {
        let sources = text::counted(u64::try_from(score.sources.len()).unwrap_or(0), "source");
        say::line(&format!(
            "serving {}: {sources}, looking every {}",
            model::untrusted::shown(&store.address().to_string()),
            text::measured(score.cadence.every.try_into().unwrap_or_default())
        ));
        Self {
            once,
            last: Instant::now(),
            before: Counts::default(),
            clock: Skew::None,
        }
    }

    fn say(&mut self, told: Told) {
        match told {
            Told::Standing(counts) => self.standing(counts),
            Told::Skew(skew) => self.skew(skew),
            Told::Waiting { holders } => {
                let holders: Vec<String> = holders.iter().map(|holder| Life::shown(&holder.owner)).collect();
                say::line(&format!(
                    "another `nolapse serve` ({}) holds the work: waiting until it gives it back or its lease of 30 s ends",
                    holders.join(", ")
                ));
            }
            Told::Leading { shards } if shards < usize::from(store::SHARDS) => {
                say::line(&format!("working on {shards} of {} parts", store::SHARDS));
            }
            Told::Leading { .. } => {}
            Told::Forgotten { rows: 0 } => {}
            Told::Forgotten { rows } => {
                say::line(&format!(
                    "{} of what ended long ago forgotten",
                    text::counted(rows, "row")
                ));
            }
            Told::Trouble(error) => say::warning(&format!("{error}; trying again")),
            Told::Asked(done) => asked(&done),
        }
    }

    fn standing(&mut self, counts: Counts) {
        if self.last.elapsed() < STATUS_EVERY || self.once && counts.under_way == 0 {
            return;
        }
        let looks = counts.looks - self.before.looks;
        say::line(&format!(
            "{} in the last {}, {} under way",
            text::counted(looks, "look"),
            text::measured(self.last.elapsed()),
            text::count(u64::try_from(counts.under_way).unwrap_or(u64::MAX))
        ));
        (self.last, self.before) = (Instant::now(), counts);
    }

    fn skew(&mut self, skew: Skew) {
        // What lasts is said once.
        let same = std::mem::discriminant(&self.clock) == std::mem::discriminant(&skew);
        if same && !matches!(skew, Skew::Slept(_)) {
            return;
        }
        self.clock = skew;
        let span = |by: jiff::SignedDuration| text::measured(by.unsigned_abs());
        match skew {
            Skew::None => {}
            Skew::Slept(by) => say::line(&format!(
                "the clock went on by {} at once: this machine slept, or was set right",
                span(by)
            )),
            Skew::Behind(by) => say::warning(&format!(
                "the clock was set back by {}: going on from the later time until it is reached; is it right now?",
                span(by)
            )),
            Skew::Unbelievable(by) => say::warning(&format!(
                "the clock leapt by {} and is not believed: judging by the time that has really passed; set the clock, and if it \
                 is right, start `nolapse serve --trust-clock`",
                span(by)
            )),
        }
    }
}

/// How asking a source ended, in one line, and what there is to say beside.
pub(crate) fn asked(done: &engine::source::Done) {
    let Some(outcome) = &done.run.outcome else { return };
    let skipped: Vec<String> = outcome
        .skipped
        .iter()
        .map(|(reason, count)| format!("{} {reason}", text::count(*count)))
        .collect();
    let skipped = if skipped.is_empty() {
        String::new()
    } else {
        format!(" + skipped {}", skipped.join(", "))
    };
    let words = format!(
        "source {}: {}, found {} = kept {}{skipped}",
        done.run.source,
        outcome.end.word(),
        text::count(outcome.found),
        text::count(outcome.stored)
    );
    let error = outcome.error.as_ref().map(|error| error.shown());
    match (outcome.end, error) {
        (RunEnd::Complete, None) => say::line(&words),
        (_, Some(error)) => {
            say::warning(&format!("{words}: {error}"));
        }
        (RunEnd::Partial | RunEnd::Failed | RunEnd::Interrupted, None) => say::warning(&words),
    }
    for remark in &done.remarks {
        say::line(&format!("  {}", model::untrusted::shown_escaped(remark)));
    }
}
