//! What an interrupted scan says: where its state is kept, and the command that goes on.
//!
//! How a run ended comes in, lines for people go out, and the state is written where it was named or to a new file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use model::untrusted;

use crate::scan::run::Ended;
use crate::{file, say, text};

/// What is needed to keep what is finished and to say how to go on.
pub(super) struct Interruption<'a> {
    /// Whether a later run can go on: zones may have changed by then.
    pub(super) goes_on: bool,
    /// The file that was named for it.
    pub(super) state: Option<&'a Path>,
    /// What names the run in the state.
    pub(super) identity: model::Fingerprint,
    /// What the command needs beside its words.
    pub(super) again: &'static str,
    /// Where the first part of the report stands, if the rest cannot go there.
    pub(super) another_output: Option<&'a Path>,
}

impl Interruption<'_> {
    pub(super) fn tell(&self, ended: &Ended) {
        let finished = text::counted(ended.ledger.finished(), "target");
        if !self.goes_on {
            return say::line(&format!(
                "interrupted: {finished} finished; zones may change, so that the next run begins anew"
            ));
        }
        let given = self.state.map(|state| Ok(state.to_owned()));
        let (place, kept) = match given.or_else(|| fresh_state(self.identity)) {
            None => return say::line(&format!("interrupted: {finished} finished")),
            Some(Err(error)) => (PathBuf::from("~/.local/state/nolapse"), Err(error)),
            Some(Ok(place)) => {
                let kept = ended.ledger.save(&place, self.identity);
                (place, kept)
            }
        };
        if let Err(error) = kept {
            let shown = untrusted::shown(&place.display().to_string());
            say::warning(&format!(
                "cannot keep the state in {shown}: {}",
                file::reason(&error)
            ));
            return say::line(&format!("interrupted: {finished} finished"));
        }
        say::line(&format!(
            "interrupted: {finished} finished; to go on{}:",
            self.again
        ));
        say::line(&format!(
            "  {}",
            command_to_go_on(&place, self.another_output.and_then(another))
        ));
    }
}

/// States of unfinished runs of the same targets that are kept side by side.
const STATES: usize = 1_000;

/// A new `scan-1a2b3c4d-1.json` under the XDG base directory for states, of our own: two runs over the same targets may
/// each be interrupted, and neither may take the other's state. `None` when there is no such folder.
fn fresh_state(identity: model::Fingerprint) -> Option<io::Result<PathBuf>> {
    let base = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))?;
    Some(fresh_state_in(&base.join("nolapse"), identity))
}

fn fresh_state_in(folder: &Path, identity: model::Fingerprint) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let name = identity.to_string();
    let name = name.get(..8).unwrap_or_default();
    for number in 1..=STATES {
        let place = folder.join(format!("scan-{name}-{number}.json"));
        match fs::OpenOptions::new().write(true).create_new(true).open(&place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(place),
        }
    }
    Err(io::Error::other(
        "too many runs of these targets were left unfinished there",
    ))
}

/// `report-2.md` beside `report.md`: the first such name that is free.
fn another(place: &Path) -> Option<PathBuf> {
    let stem = place.file_stem()?.to_string_lossy().into_owned();
    let numbered = |number: usize| {
        let name = match place.extension() {
            Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
            None => format!("{stem}-{number}"),
        };
        place.with_file_name(name)
    };
    (2..=STATES)
        .map(numbered)
        .find(|path| path.symlink_metadata().is_err())
}

/// The command as it was typed, with the state file, and with another output where the first cannot be continued: the
/// last --output counts.
fn command_to_go_on(state: &Path, output: Option<PathBuf>) -> String {
    let mut words = Vec::new();
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    words.extend(arguments.next());
    while let Some(argument) = arguments.next() {
        if argument == "--resume" {
            drop(arguments.next());
        } else if !argument.starts_with("--resume=") {
            words.push(argument);
        }
    }
    if let Some(output) = output {
        words.push("--output".to_owned());
        words.push(output.display().to_string());
    }
    words.push("--resume".to_owned());
    words.push(state.display().to_string());
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./:@=,+%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", untrusted::shown(word).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("smtp://mail.example.com:25"), "smtp://mail.example.com:25");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn two_interrupted_runs_of_the_same_targets_keep_two_states() {
        let folder = tempfile::tempdir().unwrap();
        let identity = model::Fingerprint::of(b"targets");
        let first = fresh_state_in(folder.path(), identity).unwrap();
        let second = fresh_state_in(folder.path(), identity).unwrap();
        assert!(first != second && first.exists() && second.exists());
        fs::remove_file(&first).unwrap();
        assert_eq!(fresh_state_in(folder.path(), identity).unwrap(), first);
    }

    #[test]
    fn the_rest_of_a_report_gets_a_free_name() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("report.md");
        assert_eq!(another(&place).unwrap(), folder.path().join("report-2.md"));
        fs::write(folder.path().join("report-2.md"), "").unwrap();
        assert_eq!(another(&place).unwrap(), folder.path().join("report-3.md"));
    }
}
