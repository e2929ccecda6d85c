//! Where a newer set of stores lies, and what is used: the installed one unless the program brings a newer one itself.
//!
//! A file that is damaged is set aside with one line, and what is compiled in is used: nothing depends on its being there.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use assess::Collection;
use model::{limits, untrusted};

use crate::file::{self, AtomicFile, Readers};
use crate::say;

/// What an update writes.
const NAME: &str = "trust-stores";
/// What one writes that was allowed to be older than what is compiled in: it is used all the same.
const PINNED: &str = "trust-stores.pinned";

/// How far an installed set is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// As long as nothing newer is compiled in.
    Newer,
    /// Whatever is compiled in.
    Pinned,
}

/// The folder for our data: `$NOLAPSE_DATA_DIR`, or `nolapse` in the user's data folder.
fn folder() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let user = || set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let home = || set("HOME").map(|home| home.join(".local/share"));
    set("NOLAPSE_DATA_DIR").or_else(|| user().or_else(home).map(|data| data.join("nolapse")))
}

/// The set in use.
pub(crate) fn collection() -> Collection {
    folder().map_or_else(Collection::built_in, |folder| in_folder(&folder))
}

fn in_folder(folder: &Path) -> Collection {
    if let Some(pinned) = load(&folder.join(PINNED)) {
        return pinned;
    }
    let Some(installed) = load(&folder.join(NAME)) else {
        return Collection::built_in();
    };
    let built_in = Collection::built_in();
    if installed.older_than(&built_in).next().is_some() {
        built_in
    } else {
        installed
    }
}

/// The set in a file, if there is one and it is whole.
fn load(path: &Path) -> Option<Collection> {
    let bytes = match file::read_bounded(path, limits::TRUST_BUNDLE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => {
            warn(path, &file::reason(&error), "is not used");
            return None;
        }
    };
    match Collection::from_bundle(&bytes) {
        Ok(collection) => Some(collection),
        Err(error) => {
            let mut aside = path.as_os_str().to_owned();
            aside.push(".set-aside");
            let what = if std::fs::rename(path, &aside).is_ok() {
                "was set aside"
            } else {
                "is not used"
            };
            warn(path, &error.to_string(), what);
            None
        }
    }
}

fn warn(path: &Path, why: &str, what: &str) {
    let path = path.display().to_string();
    say::warning(&untrusted::shown(&format!(
        "the trust stores in {path}: {why}; it {what}, the ones compiled in are"
    )));
}

/// Puts a bundle in its place, whole or not at all.
pub(super) fn install(bundle: &[u8], age: Age) -> anyhow::Result<PathBuf> {
    let Some(folder) = folder() else {
        bail!("there is no folder for it: set NOLAPSE_DATA_DIR");
    };
    install_in(&folder, bundle, age)
}

fn install_in(folder: &Path, bundle: &[u8], age: Age) -> anyhow::Result<PathBuf> {
    let (name, other) = match age {
        Age::Newer => (NAME, PINNED),
        Age::Pinned => (PINNED, NAME),
    };
    let path = folder.join(name);
    let place = untrusted::shown(&path.display().to_string());
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut written = AtomicFile::create(&path, Readers::Anybody)?;
        written.write_all(bundle)?;
        written.commit()?;
        remove(&folder.join(other))
    };
    write()
        .map_err(|error| anyhow::anyhow!("{}", file::reason(&error)))
        .with_context(|| format!("cannot write {place}"))?;
    Ok(path)
}

/// Removes what was installed.
pub(super) fn reset() -> anyhow::Result<&'static str> {
    if let Some(folder) = folder() {
        for name in [NAME, PINNED] {
            remove(&folder.join(name)).map_err(|error| anyhow::anyhow!("{}", file::reason(&error)))?;
        }
    }
    Ok("the stores that are compiled in are used")
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_used_and_what_is_damaged_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let built_in = Collection::built_in();
        assert_eq!(in_folder(folder.path()), built_in);
        let bundle = built_in.to_bundle();
        let path = install_in(folder.path(), &bundle, Age::Newer).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bundle);
        assert_eq!(in_folder(folder.path()), built_in);
        std::fs::write(&path, bundle.get(..1_000).unwrap()).unwrap();
        assert_eq!(in_folder(folder.path()), built_in);
        assert!(!path.exists() && folder.path().join("trust-stores.set-aside").exists());
    }

    #[test]
    fn an_older_set_is_used_only_where_it_was_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let old = super::super::update::testing::older();
        install_in(folder.path(), &old.to_bundle(), Age::Newer).unwrap();
        assert_eq!(in_folder(folder.path()), Collection::built_in());
        install_in(folder.path(), &old.to_bundle(), Age::Pinned).unwrap();
        assert_eq!(in_folder(folder.path()), old);
        install_in(folder.path(), &Collection::built_in().to_bundle(), Age::Newer).unwrap();
        assert_eq!(in_folder(folder.path()), Collection::built_in());
    }
}
