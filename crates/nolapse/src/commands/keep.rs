//! `backup`, `restore`, `export`, `import`: the inventory as a file or folder; `prune`: less of it.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use engine::conductor;
use engine::steady::{Leap, Steady};
use jiff::{SignedDuration, Timestamp};
use model::untrusted;
use net::clock::SystemClock;
use store::{Address, Opening, Store};

use crate::config::Config;
use crate::config::value::span;
use crate::inventory::{Inventory, Where, runtime};
use crate::{Exit, say, text};

/// Arguments of `backup` and `export`.
#[derive(clap::Args)]
pub(crate) struct Out {
    /// The file or folder, which does not exist yet
    #[arg(value_name = "PATH")]
    path: PathBuf,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `restore` and `import`.
#[derive(clap::Args)]
pub(crate) struct In {
    /// The file or folder to read
    #[arg(value_name = "PATH")]
    path: PathBuf,

    #[command(flatten)]
    place: Where,
}

/// Arguments of `prune`.
#[derive(clap::Args)]
#[command(after_long_help = PRUNED)]
pub(crate) struct Prune {
    /// How long to keep what has ended: 400d, 52w; what `keep` under [store] says, unless given
    #[arg(long, value_name = "TIME", env = "NOLAPSE_KEEP", hide_env = true, value_parser = kept)]
    keep: Option<SignedDuration>,

    /// Believe the clock of this machine, however far it is from the latest time in the inventory
    #[arg(long, env = "NOLAPSE_TRUST_CLOCK", hide_env = true)]
    trust_clock: bool,

    #[command(flatten)]
    place: Where,
}

const PRUNED: &str = "\
What is served, told of by the last complete run of a source, or still looked at stays, however old it is. With `keep` in the \
configuration `nolapse serve` does the same once a day; without it everything is kept.";

/// Copies everything while it is in use.
pub(crate) fn backup(args: &Out) -> anyhow::Result<Exit> {
    let Inventory { store, .. } = args.place.read()?;
    runtime()?.block_on(store.backup(&args.path))?;
    say::line(&format!("{} is copied to {}", store.address(), shown(&args.path)));
    Ok(Exit::Fine)
}

/// Writes everything as NDJSON.
pub(crate) fn export(args: &Out) -> anyhow::Result<Exit> {
    let Inventory { store, .. } = args.place.read()?;
    runtime()?.block_on(store.export(&args.path))?;
    say::line(&format!(
        "{} is written to {}",
        store.address(),
        shown(&args.path)
    ));
    Ok(Exit::Fine)
}

/// Puts a backup where nothing is yet.
pub(crate) fn restore(args: &In) -> anyhow::Result<Exit> {
    if !args.path.exists() {
        bail!("{}: no such file", shown(&args.path));
    }
    let address = to(&args.place)?;
    Store::restore_blocking(&args.path, &address, &Opening::at(SystemClock.now()))?;
    say::line(&format!("{} is put back into {address}", shown(&args.path)));
    Ok(Exit::Fine)
}

/// Reads an export where nothing is yet.
pub(crate) fn import(args: &In) -> anyhow::Result<Exit> {
    if !args.path.is_dir() {
        bail!(
            "{}: no folder that `nolapse export` wrote; a table in CSV is a source: [source.NAME] with kind = \"csv\"",
            shown(&args.path)
        );
    }
    restore(args)
}

/// Forgets.
pub(crate) fn prune(args: &Prune) -> anyhow::Result<Exit> {
    let Inventory { config, store } = args.place.open()?;
    let Some(keep) = args.keep.or(config.keep) else {
        bail!(
            "it is not said how long to keep what has ended: give --keep 400d, or keep = \"400d\" under [store]"
        );
    };
    let gone = runtime()?.block_on(async {
        let latest = latest(&store).await?.filter(|_| !args.trust_clock);
        let now = SystemClock.now();
        // A clock that is years ahead would take all history with it.
        Steady::begin(now, latest).map_err(leapt)?;
        anyhow::Ok(store.prune(now.saturating_sub(keep)?).await?)
    })?;
    say::line(&format!("{} forgotten", text::counted(gone, "row")));
    Ok(Exit::Fine)
}

/// The latest time in the inventory.
pub(crate) async fn latest(store: &Store) -> anyhow::Result<Option<Timestamp>> {
    let time = store.setting(conductor::TIME).await?;
    Ok(time.and_then(|time| time.parse().ok()))
}

/// Why a clock is not believed, and what a person can do.
pub(crate) fn leapt(leap: Leap) -> anyhow::Error {
    let Leap { wall, latest } = leap;
    let apart = text::measured(wall.duration_since(latest).unsigned_abs());
    anyhow!(
        "the clock of this machine says {wall:.0}, and the latest time in the inventory is {latest:.0}, {apart} apart: \
         nothing was done; set the clock, or say --trust-clock if it is right"
    )
}

/// How long to keep, as it is typed.
pub(crate) fn kept(typed: &str) -> Result<SignedDuration, String> {
    span(typed)
        .filter(|keep| *keep >= SignedDuration::from_hours(24))
        .ok_or_else(|| "expected a time of at least a day, such as 400d or 52w".to_owned())
}

fn to(place: &Where) -> anyhow::Result<Address> {
    let config = Config::load(place.config.as_deref())?;
    let address = place.address(&config)?;
    if let Address::Sqlite(path) = &address {
        crate::inventory::make_folder(path)?;
    }
    Ok(address)
}

fn shown(path: &Path) -> String {
    untrusted::shown(&path.display().to_string())
}
