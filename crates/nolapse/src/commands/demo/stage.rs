//! The world of the demonstration on a thread of its own, and the folder in which it is described.
//!
//! Nothing comes in; a running world and the files that a user would write about it go out. Both end when they are dropped.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use ::demo::{Endpoint, World};
use anyhow::{Context as _, anyhow};
use net::clock::SystemClock;
use tokio::sync::oneshot;

use crate::inventory::runtime;
use crate::{file, say};

/// The world on a thread of its own, which ends when this is dropped.
pub(super) struct Stage {
    endpoints: Vec<Endpoint>,
    root_pem: String,
    account: std::net::SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    /// Raises the world.
    pub(super) fn raise() -> anyhow::Result<Self> {
        let (raised, world) = mpsc::channel();
        let (end, ended) = oneshot::channel();
        let runtime = runtime()?;
        let now = SystemTime::from(SystemClock.now());
        let play = async move {
            match ::demo::raise(now).await {
                Ok(world) => {
                    let World {
                        endpoints,
                        root_pem,
                        account,
                        ..
                    } = &world;
                    drop(raised.send(Ok((endpoints.clone(), root_pem.clone(), *account))));
                    // Told, or dropped by whoever waited for it: the end either way.
                    drop(ended.await);
                }
                Err(error) => drop(raised.send(Err(error))),
            }
        };
        let thread = std::thread::Builder::new()
            .name("demo".to_owned())
            .spawn(move || runtime.block_on(play))?;
        let told = world.recv().context("the world ended before it began")?;
        let (endpoints, root_pem, account) =
            told.map_err(|error| anyhow!("cannot raise the world: {}", file::reason(&error)))?;
        Ok(Self {
            endpoints,
            root_pem,
            account,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Writes what a user would write: a configuration, lists, a key and a root.
    pub(super) fn describe(&self, folder: &Path) -> anyhow::Result<()> {
        let targets = |starttls: &str| -> String {
            let those = self
                .endpoints
                .iter()
                .filter(|endpoint| endpoint.starttls == starttls);
            those
                .map(|endpoint| format!("{}@{}\n", endpoint.name, endpoint.address))
                .collect()
        };
        let config = format!(
            "[source.account]\nkind = \"certcentral\"\nregion = \"http://{}/services/v2\"\nkey_file = \"account.key\"\n\n\
             [source.fleet]\nkind = \"list\"\nfile = \"fleet.txt\"\n\n\
             [source.mail]\nkind = \"list\"\nfile = \"mail.txt\"\nstarttls = \"smtp\"\n",
            self.account
        );
        for (name, text) in [
            ("nolapse.toml", config),
            ("fleet.txt", targets("none")),
            ("mail.txt", targets("smtp")),
            ("root.pem", self.root_pem.clone()),
            ("account.key", format!("{}\n", ::demo::KEY)),
        ] {
            write_private(&folder.join(name), &text)?;
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// A folder that goes away with us.
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
}

impl Folder {
    /// A new one, for its owner alone.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut octets = [0; 8];
        aws_lc_rs::rand::fill(&mut octets)
            .ok()
            .context("the operating system gives no random numbers")?;
        let path = std::env::temp_dir().join(format!("nolapse-demo-{}", hex::encode(octets)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&path)
            .map_err(|error| cannot_write(&path, &error))?;
        Ok(Self { path })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            say::warning(&format!("{:#}", cannot_write(&self.path, &error)));
        }
    }
}

/// A file for its owner alone, as keys must be.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &io::Error) -> anyhow::Error {
    let shown = model::untrusted::shown(&path.display().to_string());
    anyhow!("cannot write or remove {shown}: {}", file::reason(error))
}
