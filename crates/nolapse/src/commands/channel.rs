//! `channel`: which channels are told of alerts and how that went, and a test of one.

use std::io;

use anyhow::anyhow;
use clap::Subcommand;
use model::alert::ChannelRow;
use net::clock::SystemClock;
use net::{Caps, Network, Permits};
use notify::Message;
use notify::deliver::deliver;

use crate::commands::serve::telling;
use crate::config::Config;
use crate::inventory::{Inventory, Where, runtime};
use crate::sheet::{Cell, Column, Format, Head, Sheet, column};
use crate::terminal::{Colour, Style};
use crate::{Exit, say, text};

/// Arguments of `channel`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Tell one channel that somebody tries it, now and from here, and say what it answered
    Test(Test),
    /// List every channel: its kind, what arrived last, what waits, what was given up, and its last answer
    List(List),
}

/// Arguments of `channel test`.
#[derive(clap::Args)]
struct Test {
    /// Which channel
    name: String,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `channel list`.
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
        Verb::Test(args) => test(args),
        Verb::List(args) => list(args),
    }
}

fn test(args: &Test) -> anyhow::Result<Exit> {
    let mut config = Config::load(args.place.config.as_deref())?;
    let names: Vec<Box<str>> = config
        .telling
        .channels
        .iter()
        .map(|(name, _)| name.clone())
        .collect();
    // The others' secrets may be missing here.
    config.telling.channels.retain(|(name, _)| **name == *args.name);
    let channels = telling::channels(&config.telling)?;
    let channel = channels.values().next().ok_or_else(|| {
        let near = text::nearest(&args.name, names.iter().map(|name| &**name));
        let near = near
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        anyhow!(
            "no channel `{}` is configured{near}",
            model::untrusted::shown(&args.name)
        )
    })?;
    let now = SystemClock.now();
    let message = Message::test(now, config.telling.routes.page.clone());
    let answer = runtime()?.block_on(async {
        let network = Network::new(net::Settings::default(), Permits::new(Caps::default()));
        deliver(
            channel,
            &network,
            &format!("test-{}", now.as_millisecond()),
            &message,
            now,
        )
        .await
    });
    Ok(match answer {
        Ok(answer) => {
            say::line(&format!("{} took it: {answer}", args.name));
            Exit::Fine
        }
        Err(refused) => {
            say::warning(&format!("{} did not take it: {}", args.name, refused.answer));
            Exit::NothingJudged
        }
    })
}

const COLUMNS: &[Column] = &[
    column("channel", "Channel"),
    column("kind", "Kind"),
    column("delivered", "Last delivery"),
    column("failing_since", "Fails since"),
    column("waiting", "Waiting"),
    column("dead", "Given up"),
    column("tried", ""),
    column("answer", "Last answer"),
];

fn list(args: &List) -> anyhow::Result<Exit> {
    let config = Config::load(args.place.config.as_deref())?;
    let rows = match args.place.read() {
        Ok(Inventory { store, .. }) => runtime()?.block_on(store.channels())?,
        Err(error) if super::source::is_missing(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    let head = Head {
        title: "Channels".to_owned(),
        lead: match config.telling.channels.is_empty() {
            true => "nobody would be told: add a [channel.NAME] to the configuration".to_owned(),
            false => format!("{} configured", text::number(config.telling.channels.len())),
        },
        pictures: Vec::new(),
    };
    let mut sheet = Sheet::begin(
        io::stdout().lock(),
        args.format,
        Style::for_stdout(Colour::Auto),
        COLUMNS,
        head,
    )?;
    for (name, settings) in &config.telling.channels {
        let unused = ChannelRow {
            name: name.clone(),
            ..ChannelRow::default()
        };
        let row = rows.iter().find(|row| row.name == *name).unwrap_or(&unused);
        sheet.row(vec![
            Cell::Text(row.name.to_string()),
            Cell::Word(settings.word()),
            row.delivered.into(),
            row.failing_since.into(),
            row.waiting.into(),
            row.dead.into(),
            row.tried.into(),
            Cell::Text(row.answer.raw().to_owned()),
        ])?;
    }
    sheet.finish("")?;
    Ok(Exit::Fine)
}
