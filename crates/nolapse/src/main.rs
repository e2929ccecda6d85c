//! `nolapse`: finds every TLS certificate and says what is wrong with each.
//!
//! This file parses the command line, runs the verb, and maps how it ended to an exit status. The verbs are in
//! `commands`; a scan is in `scan`; what is written of it is in `record` and `report`.
//!
//! | Status | `scan` and the others | `check` |
//! | --- | --- | --- |
//! | 0 | done and fine | OK |
//! | 1 | findings at or above `--fail-on` | WARNING |
//! | 2 | wrong usage, nothing to look at, output cannot be written | CRITICAL |
//! | 3 | nothing could be judged, or a zone could not be read | UNKNOWN, wrong usage |
//! | 130 | interrupted | |
//!
//! `verify` ends with 0 for a valid chain, 1 for one that is not, 2 for what it cannot judge.

mod anchors;
mod commands;
mod config;
mod discover;
mod failure;
mod file;
mod inventory;
mod json;
mod limit;
mod names;
mod record;
mod report;
mod say;
mod scan;
mod sheet;
mod terminal;
mod text;
mod when;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::commands::check::Code;

/// A look is some hundred short-lived allocations on several threads, a tenth of its cost with the allocator of glibc.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Finds every TLS certificate and says what is wrong with each.
#[derive(Parser)]
#[command(
    name = "nolapse",
    version,
    max_term_width = 110,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done and fine.
    Fine,
    /// Done with findings at or above `--fail-on`.
    Findings,
    /// Wrong usage, nothing to look at, or the output cannot be written.
    Usage,
    /// Nothing could be judged, or something could not be read.
    NothingJudged,
    /// Interrupted by Ctrl-C or SIGTERM.
    Interrupted,
    /// What a monitoring plugin returns.
    Plugin(Code),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine | Exit::Plugin(Code::Ok) => 0,
            Exit::Findings | Exit::Plugin(Code::Warning) => 1,
            Exit::Usage | Exit::Plugin(Code::Critical) => 2,
            Exit::NothingJudged | Exit::Plugin(Code::Unknown) => 3,
            Exit::Interrupted => 130,
        })
    }
}

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli.command.run().unwrap_or_else(|error| told(&error)).into(),
        Err(error) => unparsed(&error).into(),
    }
}

/// Says what went wrong. Whoever closed our output has seen enough.
fn told(error: &anyhow::Error) -> Exit {
    let closed = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe);
    if closed {
        return Exit::Fine;
    }
    match error.downcast_ref::<std::io::Error>() {
        Some(io) if error.chain().len() == 1 => say::error(&format!("cannot write: {}", file::reason(io))),
        _ => say::error(&format!("{error:#}")),
    }
    Exit::Usage
}

/// Help and version go to standard output; wrong usage is said as its reader expects it: a monitoring system reads
/// standard output, and takes 2 for CRITICAL.
fn unparsed(error: &clap::Error) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let mut out = std::io::stdout().lock();
            match error.print().and_then(|()| out.flush()) {
                Ok(()) => Exit::Fine,
                Err(error) => told(&error.into()),
            }
        }
        _ if std::env::args_os().nth(1).is_some_and(|verb| verb == "check") => {
            let line = format!("UNKNOWN: {}; see `nolapse check --help`\n", in_one_line(error));
            Exit::Plugin(commands::check::delivered(Code::Unknown, &line))
        }
        _ => {
            drop(error.print());
            Exit::Usage
        }
    }
}

/// What is wrong, without the usage and hints below it.
fn in_one_line(error: &clap::Error) -> String {
    let words = error.render().to_string();
    let words: Vec<&str> = words
        .trim_start_matches("error: ")
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    model::untrusted::shown(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable() {
        let command = Cli::command();
        for name in ["scan", "check", "discover"] {
            let verb = command.find_subcommand(name).unwrap();
            for argument in verb.get_arguments() {
                let Some(long) = argument
                    .get_long()
                    .filter(|long| !matches!(*long, "help" | "version"))
                else {
                    continue;
                };
                let expected = format!("NOLAPSE_{}", long.to_uppercase().replace('-', "_"));
                assert_eq!(
                    argument.get_env().and_then(|env| env.to_str()),
                    Some(&*expected),
                    "--{long} of {name}"
                );
            }
        }
    }
}
