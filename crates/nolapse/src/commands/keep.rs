//! `backup`, `restore`, `export`, `import`: the inventory as a file or folder.

use std::path::{Path, PathBuf};

use anyhow::bail;
use model::untrusted;
use net::clock::SystemClock;
use store::{Address, Opening, Store};

use crate::config::Config;
use crate::inventory::{Inventory, Where, runtime};
use crate::{Exit, say};

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
