//! The inventory as commands meet it: where it is, and who is asked for it.
//!
//! Flags, variables and the configuration file come in, an open memory goes out. Without any of them it is one SQLite file in
//! the folder for states of the user, or of the service.

pub(crate) mod asking;
pub(crate) mod life;
pub(crate) mod report;
pub(crate) mod saving;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use net::clock::SystemClock;
use store::{Address, Opening, Store};

use crate::config::Config;
use crate::file;

/// Where the inventory is.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Inventory")]
pub(crate) struct Where {
    /// The configuration file; ./nolapse.toml, if it is there, unless given
    #[arg(long, value_name = "FILE", env = "NOLAPSE_CONFIG", hide_env = true)]
    pub(crate) config: Option<PathBuf>,

    /// Where the inventory is kept: a file, or postgres://USER@ADDRESS/DATABASE
    #[arg(
        long,
        value_name = "URL",
        env = "NOLAPSE_STORE",
        hide_env = true,
        hide_env_values = true
    )]
    pub(crate) store: Option<String>,
}

/// An inventory that is open.
pub(crate) struct Inventory {
    /// What the file says.
    pub(crate) config: Config,
    /// The memory.
    pub(crate) store: Store,
}

impl Where {
    /// Opens it for reading and writing, and makes it when it is not there.
    pub(crate) fn open(&self) -> anyhow::Result<Inventory> {
        let config = Config::load(self.config.as_deref())?;
        let address = self.address(&config)?;
        if let Address::Sqlite(path) = &address {
            make_folder(path)?;
            make_file(path)?;
        }
        let mut opening = Opening::at(SystemClock.now());
        opening.backups = state_folder(&read).map(|folder| folder.join("backups"));
        let store = Store::open_blocking(&address, &opening)?;
        if let Some(backup) = store.backup_made() {
            crate::say::line(&format!(
                "the schema of {} was changed; a backup of before is in {}",
                store.address(),
                model::untrusted::shown(&backup.display().to_string())
            ));
        }
        Ok(Inventory { config, store })
    }

    /// Opens it for reading alone, beside whoever writes.
    pub(crate) fn read(&self) -> anyhow::Result<Inventory> {
        let config = Config::load(self.config.as_deref())?;
        let address = self.address(&config)?;
        let opening = Opening::at(SystemClock.now()).reading();
        let store = Store::open_blocking(&address, &opening)?;
        Ok(Inventory { config, store })
    }

    /// Where it is: a flag, a variable, the file, or the folder for states.
    pub(crate) fn address(&self, config: &Config) -> anyhow::Result<Address> {
        if let Some(url) = &self.store {
            return Ok(Address::parse(url)?);
        }
        if let Some(url) = &config.store {
            let folder = config
                .path
                .as_deref()
                .and_then(Path::parent)
                .unwrap_or_else(|| Path::new(""));
            return Ok(match Address::parse(url)? {
                Address::Sqlite(path) => Address::Sqlite(folder.join(path)),
                postgres @ Address::Postgres(_) => postgres,
            });
        }
        let Some(folder) = state_folder(&read) else {
            bail!(
                "there is no folder for the inventory ($XDG_STATE_HOME and $HOME are not set): name a file with --store"
            );
        };
        Ok(Address::Sqlite(folder.join("nolapse.db")))
    }
}

/// The folder for states: that which systemd made for the service, else of the user.
fn state_folder(read: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| read(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // systemd writes several folders with colons between them; the first is ours.
    let service = read("STATE_DIRECTORY").and_then(|list| {
        let first = list.to_str()?.split(':').next()?.to_owned();
        Some(PathBuf::from(first)).filter(|path| path.is_absolute())
    });
    service
        .or_else(|| absolute("XDG_STATE_HOME").map(|base| base.join("nolapse")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state/nolapse")))
}

fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The folder of a database, for its owner alone: an inventory tells what an attacker would like to know.
pub(crate) fn make_folder(path: &Path) -> anyhow::Result<()> {
    let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
    else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| {
        let shown = model::untrusted::shown(&folder.display().to_string());
        anyhow!(
            "cannot make the folder {shown} for the inventory: {}",
            file::reason(&error)
        )
    })
}

/// The file of a new database, for its owner alone; SQLite takes an empty one for its own.
fn make_file(path: &Path) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => {
            let shown = model::untrusted::shown(&path.display().to_string());
            Err(anyhow!(
                "cannot make the inventory {shown}: {}",
                file::reason(&error)
            ))
        }
    }
}

/// A runtime for one command.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_for_states_follows_service_and_user() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            state_folder(&move |name| {
                pairs
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).into())
            })
        };
        assert_eq!(
            with(&[
                ("STATE_DIRECTORY", "/var/lib/nolapse:/var/lib/x"),
                ("HOME", "/root")
            ]),
            Some("/var/lib/nolapse".into())
        );
        assert_eq!(
            with(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]),
            Some("/s/nolapse".into())
        );
        assert_eq!(
            with(&[("XDG_STATE_HOME", "relative"), ("HOME", "/h")]),
            Some("/h/.local/state/nolapse".into())
        );
        assert_eq!(with(&[]), None);
    }
}
