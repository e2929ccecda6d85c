//! `man`: the manual, made of the same words as `--help`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_mangen::Man;
use model::untrusted;

use crate::{Cli, Exit, file};

/// Arguments of `man`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write every page (nolapse.1, nolapse-scan.1, ...) into this folder; without it, print nolapse.1
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut command = Cli::command();
    command.build();
    match &args.folder {
        None => {
            let mut page = Vec::new();
            Man::new(command).render(&mut page)?;
            std::io::stdout().lock().write_all(&page)?;
        }
        Some(folder) => write_pages(folder, &command)?,
    }
    Ok(Exit::Fine)
}

fn write_pages(folder: &Path, command: &clap::Command) -> anyhow::Result<()> {
    let cannot = |path: &Path, error: &std::io::Error| {
        let shown = untrusted::shown(&path.display().to_string());
        anyhow::anyhow!("cannot write {shown}: {}", file::reason(error))
    };
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    let subcommands = command
        .get_subcommands()
        .filter(|subcommand| subcommand.get_name() != "help");
    for page in std::iter::once(command).chain(subcommands) {
        let name = page
            .get_display_name()
            .unwrap_or_else(|| page.get_name())
            .to_owned();
        let path = folder.join(format!("{name}.1"));
        let mut bytes = Vec::new();
        Man::new(page.clone())
            .render(&mut bytes)
            .context("cannot make the manual")?;
        fs::write(&path, bytes).map_err(|error| cannot(&path, &error))?;
    }
    Ok(())
}
