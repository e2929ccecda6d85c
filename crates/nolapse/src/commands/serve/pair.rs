//! The certificate and the key of the pages, in files: read, said something about, and read anew when they change.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::anyhow;
use jiff::Timestamp;
use model::limits;
use tokio::sync::watch;
use web::Identity;

use crate::{file, say};

/// Two files, or twice the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pair {
    /// The chain, leaf first.
    pub(crate) certificate: PathBuf,
    /// The key of the leaf.
    pub(crate) key: PathBuf,
}

/// What tells that a file is another one than before.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// How often it is seen whether the files changed.
const EVERY: Duration = Duration::from_secs(5);

impl Pair {
    /// Reads both.
    ///
    /// # Errors
    /// One cannot be read, or they make no pair; the words name the file.
    pub(crate) fn load(&self) -> anyhow::Result<Identity> {
        let read = |path: &Path, what: &str| {
            file::read_bounded(path, limits::FILE_BYTES).map_err(|error| {
                anyhow!(
                    "cannot read the {what} of the pages {}: {}",
                    shown(path),
                    file::reason(&error)
                )
            })
        };
        let chain = read(&self.certificate, "certificate")?;
        let key = read(&self.key, "key")?;
        Identity::from_pem(&chain, &key).map_err(|error| {
            let path = match error.is_of_the_key() {
                true => &self.key,
                false => &self.certificate,
            };
            anyhow!("{}: {error}", shown(path))
        })
    }

    /// Looks now and then whether the files changed, and hands over what is in them. What cannot be used is said once, and
    /// what was shown before goes on being shown.
    pub(super) async fn follow(
        &self,
        newer: &watch::Sender<Identity>,
        now: impl Fn() -> Timestamp,
    ) -> Infallible {
        let mut used = self.stamp();
        let mut before = used;
        loop {
            tokio::time::sleep(EVERY).await;
            let stamp = self.stamp();
            // Whoever renews writes two files, one after the other: they are read when both have come to rest.
            let rests = std::mem::replace(&mut before, stamp) == stamp;
            if stamp == used || !rests {
                continue;
            }
            match self.load() {
                Ok(identity) => {
                    say::line(&format!(
                        "the pages show another certificate from now on: {}",
                        life(&identity, now())
                    ));
                    newer.send_replace(identity);
                }
                Err(error) => say::warning(&format!(
                    "the certificate of the pages changed and cannot be used: {error:#}; the one of before is still shown"
                )),
            }
            used = stamp;
        }
    }

    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let about = std::fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

/// Until when a certificate can be shown. One that ended is served all the same: pages behind it are better than none.
pub(super) fn life(identity: &Identity, now: Timestamp) -> String {
    let facts = identity.leaf().facts();
    match facts.not_after {
        Some(end) if end < now => format!("it ended on {}, and browsers will refuse it", end.strftime("%F")),
        Some(end) => format!("good until {}", end.strftime("%F")),
        None => "it does not say until when it is good".to_owned(),
    }
}

fn shown(path: &Path) -> String {
    model::untrusted::shown(&path.display().to_string())
}
