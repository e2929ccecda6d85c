//! `alerts`: what is open, and what people answer to it.

use std::io;

use anyhow::{anyhow, bail};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use model::alert::{Acknowledgement, Alert, AlertId, Letter, LetterState, Pattern, Silence};
use model::{Untrusted, limits};
use net::clock::SystemClock;

use crate::config::value::span;
use crate::inventory::{Inventory, Where, runtime};
use crate::sheet::{Cell, Column, Format, Head, Sheet, column};
use crate::terminal::{Colour, Style};
use crate::{Exit, say, text};

/// Arguments of `alerts`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,

    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Verb {
    /// Take care of an alert: it is not repeated until it is worse, reaches twice as far, or is gone
    Ack(Ack),
    /// Take an acknowledgement back
    Unack(One),
    /// Tell nothing of what fits until an end; it stays in every list
    Silence(Quiet),
    /// List silences
    Silences(List),
    /// End a silence
    Unsilence(One),
    /// List letters to channels that were given up
    Dead(List),
}

/// Which list, and how.
#[derive(clap::Args)]
struct List {
    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Table, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `alerts unack` and `alerts unsilence`.
#[derive(clap::Args)]
struct One {
    /// Its id
    id: String,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `alerts ack`.
#[derive(clap::Args)]
struct Ack {
    /// The alert's id
    id: String,

    /// What you are doing about it
    #[arg(long, default_value = "")]
    reason: String,

    /// Who takes care; the user of this session unless given
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `alerts silence`.
#[derive(clap::Args)]
struct Quiet {
    /// What is meant: alert:ID, rule:RULE, name:NAME or name:*.NAME, least:SEVERITY; all that is said must fit
    #[arg(required = true)]
    words: Vec<String>,

    /// Why
    #[arg(long)]
    reason: String,

    /// For how long (30m, 4h, 2d), at most a year
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    long: SignedDuration,

    /// Who says so; the user of this session unless given
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true, default_value = "")]
    author: String,

    #[command(flatten)]
    place: Where,
}

fn time(typed: &str) -> Result<SignedDuration, String> {
    span(typed)
        .filter(|span| *span > SignedDuration::ZERO && *span <= SignedDuration::from_hours(366 * 24))
        .ok_or_else(|| "expected a time such as 30m, 4h or 2d, at most a year".to_owned())
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        None => open(&args.list),
        Some(Verb::Ack(args)) => acknowledge(args),
        Some(Verb::Unack(args)) => {
            let id = id(&args.id)?;
            let Inventory { store, .. } = args.place.open()?;
            if !runtime()?.block_on(store.take_back(&id))? {
                bail!("alert {id} is not acknowledged: `nolapse alerts` lists what is open");
            }
            say::line(&format!("alert {id} is unanswered again"));
            Ok(Exit::Fine)
        }
        Some(Verb::Silence(args)) => silence(args),
        Some(Verb::Silences(args)) => silences(args),
        Some(Verb::Unsilence(args)) => {
            let Inventory { store, .. } = args.place.open()?;
            if !runtime()?.block_on(store.end_silence(&args.id, SystemClock.now()))? {
                bail!(
                    "no silence is called {}: `nolapse alerts silences` lists them",
                    model::untrusted::shown(&args.id)
                );
            }
            say::line(&format!("silence {} has ended", args.id));
            Ok(Exit::Fine)
        }
        Some(Verb::Dead(args)) => dead(args),
    }
}

fn id(typed: &str) -> anyhow::Result<AlertId> {
    AlertId::parse(typed).ok_or_else(|| {
        anyhow!(
            "`{}` is no id of an alert: `nolapse alerts` lists what is open, each with its id",
            model::untrusted::shown(typed)
        )
    })
}

/// A text that people give with an answer.
fn given(text: &str, what: &str) -> anyhow::Result<Untrusted> {
    if text.len() > limits::ALERT_REASON_BYTES {
        bail!("the {what} is longer than {} octets", limits::ALERT_REASON_BYTES);
    }
    Ok(Untrusted::new(text.trim()))
}

fn acknowledge(args: &Ack) -> anyhow::Result<Exit> {
    let id = id(&args.id)?;
    let (author, reason) = (given(&args.author, "author")?, given(&args.reason, "reason")?);
    let Inventory { store, .. } = args.place.open()?;
    if !runtime()?.block_on(store.acknowledge(&id, SystemClock.now(), &author, &reason))? {
        bail!("alert {id} is not open: `nolapse alerts` lists what is");
    }
    say::line(&format!(
        "alert {id} is acknowledged: it is not repeated until it is worse, reaches twice as far, or is gone"
    ));
    Ok(Exit::Fine)
}

fn silence(args: &Quiet) -> anyhow::Result<Exit> {
    let pattern = Pattern::parse(&args.words.join(" "))?;
    let (author, reason) = (given(&args.author, "author")?, given(&args.reason, "reason")?);
    if reason.raw().is_empty() {
        bail!("a silence needs a reason, for whoever meets it");
    }
    let now = SystemClock.now();
    let ends = now.saturating_add(args.long).unwrap_or(Timestamp::MAX);
    let name = AlertId::of(&format!("{pattern}|{now}"));
    let silence = Silence {
        id: name.as_str().into(),
        pattern,
        author,
        reason,
        begins: now,
        ends,
    };
    let Inventory { store, .. } = args.place.open()?;
    let (runtime, mut covered) = (runtime()?, 0_usize);
    runtime.block_on(async {
        store.silence(&silence).await?;
        let open = store.alerts_open().await?;
        covered = open
            .iter()
            .filter(|alert| silence.pattern.covers(&alert.condition))
            .count();
        anyhow::Ok(())
    })?;
    say::line(&format!(
        "silence {name} until {}: {} of those that are open fit",
        ends.strftime("%Y-%m-%d %H:%M UTC"),
        text::number(covered)
    ));
    Ok(Exit::Fine)
}

const OPEN: &[Column] = &[
    column("alert", "Alert"),
    column("severity", "Severity"),
    column("title", "What"),
    column("reach", "Reach"),
    column("since", "Since"),
    column("answer", "Answer"),
    column("rule", ""),
    column("remedy", ""),
    column("examples", ""),
    column("opened", ""),
    column("told", ""),
    column("channels", ""),
    column("answer_author", ""),
    column("answer_reason", ""),
];

fn open(args: &List) -> anyhow::Result<Exit> {
    let Inventory { store, .. } = args.place.read()?;
    let now = SystemClock.now();
    let (mut alerts, answers, silences) = runtime()?.block_on(async {
        anyhow::Ok((
            store.alerts_open().await?,
            store.acknowledgements().await?,
            store.silences(now).await?,
        ))
    })?;
    alerts.sort_by_key(|alert| {
        let condition = &alert.condition;
        std::cmp::Reverse((
            condition.severity,
            condition.reach,
            std::cmp::Reverse(alert.id.clone()),
        ))
    });
    let head = Head {
        title: "Alerts".to_owned(),
        lead: match alerts.len() {
            0 => "nothing is open".to_owned(),
            1 => "one alert is open".to_owned(),
            many => format!("{} alerts are open", text::number(many)),
        },
        pictures: Vec::new(),
    };
    let mut sheet = begin(args, OPEN, head)?;
    for alert in &alerts {
        sheet.row(row(alert, &answers, &silences))?;
    }
    sheet.finish("")?;
    Ok(Exit::Fine)
}

fn row(alert: &Alert, answers: &[Acknowledgement], silences: &[Silence]) -> Vec<Cell> {
    let condition = &alert.condition;
    let silence = silences.iter().find(|silence| silence.pattern.covers(condition));
    let answer = answers.iter().find(|answer| alert.is_answered_by(answer));
    let (word, author, reason) = match (silence, answer) {
        (Some(silence), _) => ("silenced", Some(&silence.author), Some(&silence.reason)),
        (None, Some(answer)) => ("acknowledged", Some(&answer.author), Some(&answer.reason)),
        (None, None) => ("", None, None),
    };
    vec![
        Cell::Text(alert.id.to_string()),
        Cell::Word(condition.severity.word()),
        Cell::Text(condition.title.raw().to_owned()),
        condition.reach.into(),
        condition.since.into(),
        Cell::Word(word),
        Cell::Text(condition.rule.to_string()),
        Cell::Text(condition.remedy.raw().to_owned()),
        Cell::List(condition.examples.iter().map(ToString::to_string).collect()),
        alert.opened.into(),
        alert.told.map(|told| told.at).into(),
        Cell::List(alert.channels.iter().map(ToString::to_string).collect()),
        author.map(|author| author.raw()).into(),
        reason.map(|reason| reason.raw()).into(),
    ]
}

const SILENCES: &[Column] = &[
    column("silence", "Silence"),
    column("pattern", "What"),
    column("author", "Who"),
    column("reason", "Why"),
    column("begins", ""),
    column("ends", "Until"),
];

fn silences(args: &List) -> anyhow::Result<Exit> {
    let Inventory { store, .. } = args.place.read()?;
    let silences = runtime()?.block_on(store.silences(SystemClock.now()))?;
    let head = Head {
        title: "Silences".to_owned(),
        lead: format!("{} in force", text::number(silences.len())),
        pictures: Vec::new(),
    };
    let mut sheet = begin(args, SILENCES, head)?;
    for silence in &silences {
        sheet.row(vec![
            Cell::Text(silence.id.to_string()),
            Cell::Text(silence.pattern.to_string()),
            Cell::Text(silence.author.raw().to_owned()),
            Cell::Text(silence.reason.raw().to_owned()),
            silence.begins.into(),
            silence.ends.into(),
        ])?;
    }
    sheet.finish("")?;
    Ok(Exit::Fine)
}

const DEAD: &[Column] = &[
    column("letter", "Letter"),
    column("channel", "Channel"),
    column("written", "Written"),
    column("tries", "Tries"),
    column("tried", "Last try"),
    column("answer", "Answer"),
    column("body", ""),
];

/// Letters that are listed: the last ones.
const LETTERS: u32 = 1_000;

fn dead(args: &List) -> anyhow::Result<Exit> {
    let Inventory { store, .. } = args.place.read()?;
    let letters = runtime()?.block_on(store.letters(Some(LetterState::Dead), LETTERS))?;
    let head = Head {
        title: "Letters that were given up".to_owned(),
        lead: match letters.is_empty() {
            true => "every letter arrived, or is on its way".to_owned(),
            false => format!("{} of them", text::number(letters.len())),
        },
        pictures: Vec::new(),
    };
    let mut sheet = begin(args, DEAD, head)?;
    for letter in &letters {
        sheet.row(given_up(letter))?;
    }
    sheet.finish("")?;
    Ok(Exit::Fine)
}

fn given_up(letter: &Letter) -> Vec<Cell> {
    vec![
        Cell::Text(letter.id.to_string()),
        Cell::Text(letter.channel.to_string()),
        letter.written.into(),
        u64::from(letter.tries).into(),
        letter.tried.into(),
        Cell::Text(letter.answer.raw().to_owned()),
        Cell::Text(letter.body.to_string()),
    ]
}

fn begin(
    args: &List,
    columns: &'static [Column],
    head: Head,
) -> anyhow::Result<Sheet<io::StdoutLock<'static>>> {
    Ok(Sheet::begin(
        io::stdout().lock(),
        args.format,
        Style::for_stdout(Colour::Auto),
        columns,
        head,
    )?)
}
