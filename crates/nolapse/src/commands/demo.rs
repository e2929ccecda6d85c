//! `demo`: everything that this program does, shown on a throw-away world of this machine.
//!
//! Nothing comes in; reports go out. The world is `crate demo`'s, the rest is what `serve --everything` and `report` do with a
//! configuration and an inventory in a temporary folder, which is removed at the end.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime};

use ::demo::{Endpoint, World};
use anyhow::{Context as _, anyhow};
use model::Status;
use model::inventory::RowId;
use net::clock::SystemClock;
use store::PAGE;
use tokio::sync::oneshot;

use crate::anchors::StoreArgs;
use crate::commands::{report, serve};
use crate::inventory::report::Kind;
use crate::inventory::{Inventory, Where, runtime};
use crate::scan::signals::Signals;
use crate::terminal::Colour;
use crate::{Exit, file, say, text};

/// Arguments of `demo`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Stay until Ctrl-C, so that the inventory can be asked and the servers looked at
    #[arg(long, env = "NOLAPSE_KEEP", hide_env = true)]
    keep: bool,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,
}

const AFTER_HELP: &str = "\
Servers are started on 127.77.0.0/16, and an account at an authority beside them; sources are asked, every endpoint is looked \
at, and reports are printed. Nothing leaves this machine, and nothing stays on it: the inventory is in a temporary folder.

Exit status:
  0    shown
  2    the world cannot be raised, or the output cannot be written
  130  interrupted

Every flag --some-name can be set as NOLAPSE_SOME_NAME; the flag wins over the variable.";

/// What is shown, the most telling last: it stands above the prompt.
const SHOWN: &[Kind] = &[
    Kind::Endpoints,
    Kind::Expiring,
    Kind::KeyReuse,
    Kind::Unknown,
    Kind::Split,
    Kind::NotServed,
];

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let signals = Signals::listen();
    let stage = Stage::raise()?;
    let folder = Folder::new()?;
    stage.describe(&folder.path)?;
    let place = Where {
        config: Some(folder.path.join("nolapse.toml")),
        store: Some(folder.path.join("inventory.db").display().to_string()),
    };
    let trust = StoreArgs::own("demo", folder.path.join("root.pem"));
    let done = serve::run_until(&serve::Args::everything(place.clone(), trust), &signals)?;
    if done != Exit::Fine {
        return Ok(done);
    }
    for kind in SHOWN {
        report::run(&report::Args::table(*kind, args.color, place.clone()))?;
        writeln!(io::stdout())?;
    }
    writeln!(
        io::stdout(),
        "{}, in {}",
        summary(&place)?,
        text::measured(begun.elapsed())
    )?;
    if args.keep {
        stay(&place, signals)?;
    }
    Ok(Exit::Fine)
}

/// Says how to ask, and waits for Ctrl-C.
fn stay(place: &Where, mut signals: Signals) -> anyhow::Result<()> {
    let store = place.store.as_deref().unwrap_or_default();
    say::line("the world stays until Ctrl-C; ask its inventory from another terminal, such as");
    say::line(&format!(
        "  nolapse report blind-spots --store {}",
        model::untrusted::shown(store)
    ));
    runtime()?.block_on(async {
        // Nobody is left who could tell when the other end is gone.
        drop(signals.stop.wait_for(|stop| *stop).await);
    });
    Ok(())
}

/// How many endpoints stand how.
fn summary(place: &Where) -> anyhow::Result<String> {
    let Inventory { store, .. } = place.read()?;
    let rows = runtime()?.block_on(store.endpoints(RowId::START, PAGE))?;
    let of = |status: Status| {
        let count = rows.iter().filter(|row| row.state.status == status).count();
        format!("{count} {}", status.word().to_lowercase())
    };
    let all = [
        Status::Ok,
        Status::Warning,
        Status::Critical,
        Status::Expired,
        Status::Error,
    ];
    Ok(format!("{} endpoints: {}", rows.len(), all.map(of).join(", ")))
}

/// The world on a thread of its own, which ends when this is dropped.
struct Stage {
    endpoints: Vec<Endpoint>,
    root_pem: String,
    account: std::net::SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Stage {
    fn raise() -> anyhow::Result<Self> {
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
    fn describe(&self, folder: &Path) -> anyhow::Result<()> {
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
struct Folder {
    path: PathBuf,
}

impl Folder {
    fn new() -> anyhow::Result<Self> {
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
