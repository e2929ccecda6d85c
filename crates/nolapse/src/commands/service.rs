//! `service`: `serve` put into the hands of the supervisor of this machine, systemd or launchd.
//!
//! A unit is a text of ours with the place of the program in it. It is written, and the supervisor is asked to start it; or it
//! is only printed, or written below another root, for packagers and the careful.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, anyhow, bail};
use clap::{Subcommand, ValueEnum};

use crate::file::{self, AtomicFile, Readers};
use crate::{Exit, say};

/// Arguments of `service`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

const AFTER_HELP: &str = "\
With systemd the service is called nolapse. As root it runs as a user of its own, keeps its inventory in /var/lib/nolapse, and reads \
/etc/nolapse/nolapse.toml if that is there; for a single user (--user) it is the user's own inventory. With launchd it is \
org.nolapse.serve, for one user.

On Windows there is no service yet: `schtasks /create /sc onstart /tn nolapse /tr \"C:\\\\...\\\\nolapse.exe serve\"` starts it with the machine.

Exit status:
  0  done
  2  wrong usage, the unit cannot be written, or the supervisor refuses it";

#[derive(Subcommand)]
enum Verb {
    /// Write the unit, and start it now and at each start of the machine
    Install(Install),
    /// Stop it, and remove the unit; the inventory and the configuration stay
    Uninstall(Place),
    /// Print the unit
    Print(Unit),
}

#[derive(clap::Args)]
struct Install {
    #[command(flatten)]
    unit: Unit,

    #[command(flatten)]
    place: Place,
}

#[derive(clap::Args)]
struct Unit {
    /// The program of the unit; this one unless given
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,

    /// For which supervisor; the usual one of this system unless given
    #[arg(long = "for", value_name = "SUPERVISOR")]
    supervisor: Option<Supervisor>,
}

#[derive(clap::Args)]
struct Place {
    /// For the user who types this alone, while they are signed in; the only way on macOS
    #[arg(long)]
    user: bool,

    /// Only write below this folder, as a package does, and ask no supervisor
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
}

/// Who starts services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Supervisor {
    Systemd,
    Launchd,
}

/// Does it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Print(unit) => print(unit)?,
        Verb::Install(install) => install.run()?,
        Verb::Uninstall(place) => place.uninstall()?,
    }
    Ok(Exit::Fine)
}

fn print(unit: &Unit) -> anyhow::Result<()> {
    let text = unit.text(false)?;
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

const SYSTEMD: &str = include_str!("../../../../packaging/systemd/nolapse.service");
const LAUNCHD: &str = include_str!("../../../../packaging/launchd.plist");
/// The program that the texts name.
const NAMED: &str = "/usr/local/bin/nolapse";

impl Unit {
    fn supervisor(&self) -> anyhow::Result<Supervisor> {
        match self.supervisor {
            Some(supervisor) => Ok(supervisor),
            None => usual(),
        }
    }

    fn program(&self) -> anyhow::Result<String> {
        let program = match &self.program {
            Some(program) => std::path::absolute(program),
            None => std::env::current_exe(),
        };
        let program = program.context("cannot tell where this program is: name it with --program")?;
        let shown = model::untrusted::shown(&program.display().to_string());
        match program.to_str() {
            // What a unit would take for more than a path.
            Some(path)
                if !path
                    .contains(|c: char| c.is_control() || c.is_whitespace() || "%$\"'\\<>&".contains(c)) =>
            {
                Ok(path.to_owned())
            }
            _ => bail!(
                "the path {shown} has characters that a unit cannot bear: put the program into /usr/local/bin"
            ),
        }
    }

    /// The unit, for a user of this machine or for the machine.
    fn text(&self, user: bool) -> anyhow::Result<String> {
        let program = self.program()?;
        Ok(match self.supervisor()? {
            Supervisor::Launchd => LAUNCHD.replace(NAMED, &program),
            Supervisor::Systemd if user => of_a_user(&SYSTEMD.replace(NAMED, &program)),
            Supervisor::Systemd => SYSTEMD.replace(NAMED, &program),
        })
    }
}

fn usual() -> anyhow::Result<Supervisor> {
    match std::env::consts::OS {
        "linux" => Ok(Supervisor::Systemd),
        "macos" => Ok(Supervisor::Launchd),
        other => {
            bail!("no supervisor of {other} is known: see `nolapse service --help` for what to do there")
        }
    }
}

/// The unit without what only the supervisor of the whole machine can do, for one user, whose inventory it keeps.
fn of_a_user(unit: &str) -> String {
    const KEPT: [&str; 10] = [
        "Type=",
        "ExecStart=",
        "ExecReload=",
        "Restart=",
        "RestartSec=",
        "WatchdogSec=",
        "TimeoutStopSec=",
        "UMask=",
        "NoNewPrivileges=",
        "MemoryDenyWriteExecute=",
    ];
    let kept = unit
        .lines()
        .filter(|line| KEPT.iter().any(|key| line.starts_with(key)));
    let mut text =
        "[Unit]\nDescription=nolapse: finds, watches and judges TLS certificates\n\n[Service]\n".to_owned();
    for line in kept {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str("\n[Install]\nWantedBy=default.target\n");
    text
}

impl Install {
    fn run(&self) -> anyhow::Result<()> {
        let supervisor = self.unit.supervisor()?;
        let program = self.unit.program()?;
        if !self.place.user && supervisor == Supervisor::Systemd && is_of_a_home(&program) {
            bail!(
                "{program} lies in somebody's home, where no service of the machine may look: `install -m 755 {program} {NAMED}`, then \
                 `{NAMED} service install`; or use --user"
            );
        }
        let path = self.place.path(supervisor)?;
        let text = self.unit.text(self.place.user)?;
        let shown = model::untrusted::shown(&path.display().to_string());
        write(&path, &text).map_err(|error| {
            anyhow!(
                "cannot write the unit {shown}: {}; it takes root, or use --user",
                file::reason(&error)
            )
        })?;
        say::line(&format!("wrote {shown}"));
        self.place.ask(match (supervisor, self.place.user) {
            (Supervisor::Systemd, false) => vec![
                vec!["systemctl".into(), "daemon-reload".into()],
                vec![
                    "systemctl".into(),
                    "enable".into(),
                    "--now".into(),
                    "nolapse.service".into(),
                ],
            ],
            (Supervisor::Systemd, true) => vec![
                vec!["systemctl".into(), "--user".into(), "daemon-reload".into()],
                vec![
                    "systemctl".into(),
                    "--user".into(),
                    "enable".into(),
                    "--now".into(),
                    "nolapse.service".into(),
                ],
            ],
            (Supervisor::Launchd, _) => vec![vec![
                "launchctl".into(),
                "load".into(),
                "-w".into(),
                path.display().to_string(),
            ]],
        })
    }
}

fn is_of_a_home(program: &str) -> bool {
    ["/home/", "/root/", "/run/user/"]
        .iter()
        .any(|home| program.starts_with(home))
}

/// Writes a unit that everybody may read, whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = AtomicFile::create(path, Readers::Anybody)?;
    file.write_all(text.as_bytes())?;
    file.commit()
}

impl Place {
    fn path(&self, supervisor: Supervisor) -> anyhow::Result<PathBuf> {
        let below = match (supervisor, self.user) {
            (Supervisor::Systemd, false) => PathBuf::from("/etc/systemd/system/nolapse.service"),
            (Supervisor::Systemd, true) => home()?.join(".config/systemd/user/nolapse.service"),
            (Supervisor::Launchd, _) => home()?.join("Library/LaunchAgents/org.nolapse.serve.plist"),
        };
        Ok(match &self.root {
            None => below,
            Some(root) => root.join(below.strip_prefix("/").unwrap_or(&below)),
        })
    }

    fn uninstall(&self) -> anyhow::Result<()> {
        let supervisor = usual()?;
        let path = self.path(supervisor)?;
        let shown = model::untrusted::shown(&path.display().to_string());
        if !path.exists() {
            bail!("there is no unit {shown}: nothing was removed; `--user` looks among those of a user");
        }
        self.ask(match (supervisor, self.user) {
            (Supervisor::Systemd, false) => vec![vec![
                "systemctl".into(),
                "disable".into(),
                "--now".into(),
                "nolapse.service".into(),
            ]],
            (Supervisor::Systemd, true) => {
                vec![vec![
                    "systemctl".into(),
                    "--user".into(),
                    "disable".into(),
                    "--now".into(),
                    "nolapse.service".into(),
                ]]
            }
            (Supervisor::Launchd, _) => vec![vec![
                "launchctl".into(),
                "unload".into(),
                "-w".into(),
                path.display().to_string(),
            ]],
        })?;
        std::fs::remove_file(&path)
            .map_err(|error| anyhow!("cannot remove {shown}: {}", file::reason(&error)))?;
        say::line(&format!(
            "removed {shown}; the inventory and the configuration stay"
        ));
        Ok(())
    }

    /// Asks the supervisor, or says what to ask when it does not run here.
    fn ask(&self, commands: Vec<Vec<String>>) -> anyhow::Result<()> {
        if self.root.is_some() {
            return Ok(());
        }
        if std::env::consts::OS == "linux" && !Path::new("/run/systemd/system").exists() {
            for command in commands {
                say::line(&format!(
                    "systemd does not run here; where it does: {}",
                    command.join(" ")
                ));
            }
            return Ok(());
        }
        for command in commands {
            let Some((program, arguments)) = command.split_first() else {
                continue;
            };
            let typed = command.join(" ");
            let status = Command::new(program)
                .args(arguments)
                .status()
                .map_err(|error| anyhow!("cannot run `{typed}`: {}", file::reason(&error)))?;
            if !status.success() {
                bail!("`{typed}` failed ({status}): it says above why; the unit is written");
            }
            say::line(&format!("done: {typed}"));
        }
        Ok(())
    }
}

fn home() -> anyhow::Result<PathBuf> {
    std::env::home_dir()
        .filter(|home| home.is_absolute())
        .context("there is no home to write into: HOME is not set")
}
