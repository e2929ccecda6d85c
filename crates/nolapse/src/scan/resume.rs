//! What a run has finished, so that an interrupted one can go on.
//!
//! Targets are numbered in the order in which they are given. The ledger keeps the finished ones as ranges, and the
//! addresses that were put off to the end of the run; both grow with what is in flight, not with what was seen. The
//! state file holds the ledger and a digest of what was asked for: a state of another run is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;

use model::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::file::{self, AtomicFile, Readers};

/// What is finished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// Finished targets: first to last, both included; never adjacent.
    done: BTreeMap<u64, u64>,
    /// Targets of which only these addresses are left.
    left: BTreeMap<u64, BTreeSet<IpAddr>>,
}

/// What became of one target, or of one address of it that had been put off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Looked at, but for the addresses put off.
    Looked {
        /// Number of the target.
        index: u64,
        /// Addresses put off to the end of the run.
        put_off: Vec<IpAddr>,
    },
    /// An address that had been put off is looked at.
    CaughtUp {
        /// Number of the target.
        index: u64,
        /// The address.
        address: IpAddr,
    },
}

/// What is left of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// All of it.
    All,
    /// These addresses.
    Only(Vec<IpAddr>),
    /// Nothing.
    Nothing,
}

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    /// It cannot be read.
    #[error("{}", file::reason(.0))]
    Unreadable(std::io::Error),
    /// It is no state of ours, or broken.
    #[error("it is no state of an interrupted scan")]
    Foreign,
    /// It belongs to other targets or other ports.
    #[error("it belongs to a scan of other targets, or a target file has changed since")]
    OtherRun,
}

/// The file. Additive changes only; `version` is raised otherwise.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    nolapse: String,
    version: u32,
    run: String,
    done: Vec<(u64, u64)>,
    left: Vec<(u64, Vec<IpAddr>)>,
}

const KIND: &str = "interrupted scan";
const VERSION: u32 = 1;
/// A ledger of 100,000 scattered targets takes about 3 MB.
const STATE_BYTES: u64 = 64 * 1024 * 1024;

impl Ledger {
    /// Enters one step.
    pub(crate) fn enter(&mut self, step: Step) {
        match step {
            Step::Looked { index, put_off } if put_off.is_empty() => self.finish(index),
            Step::Looked { index, put_off } => {
                self.left.insert(index, put_off.into_iter().collect());
            }
            Step::CaughtUp { index, address } => {
                let Some(addresses) = self.left.get_mut(&index) else {
                    return;
                };
                addresses.remove(&address);
                if addresses.is_empty() {
                    self.left.remove(&index);
                    self.finish(index);
                }
            }
        }
    }

    fn finish(&mut self, index: u64) {
        let before = self
            .done
            .range(..=index)
            .next_back()
            .map(|(first, last)| (*first, *last));
        let first = match before {
            Some((_, last)) if last >= index => return,
            Some((first, last)) if last.checked_add(1) == Some(index) => first,
            _ => index,
        };
        let last = index
            .checked_add(1)
            .and_then(|next| self.done.remove(&next))
            .unwrap_or(index);
        self.done.insert(first, last);
    }

    /// What is left of a target.
    pub(crate) fn left_of(&self, index: u64) -> Left {
        if let Some(addresses) = self.left.get(&index) {
            return Left::Only(addresses.iter().copied().collect());
        }
        match self.done.range(..=index).next_back() {
            Some((_, last)) if *last >= index => Left::Nothing,
            _ => Left::All,
        }
    }

    /// How many targets are finished.
    pub(crate) fn finished(&self) -> u64 {
        self.done.iter().fold(0, |sum: u64, (first, last)| {
            sum.saturating_add(last - first).saturating_add(1)
        })
    }

    /// Writes the state, for its owner alone: it names what was looked at only by numbers, and still says how much.
    pub(crate) fn save(&self, path: &Path, run: Fingerprint) -> std::io::Result<()> {
        let state = State {
            nolapse: KIND.to_owned(),
            version: VERSION,
            run: run.to_string(),
            done: self.done.iter().map(|(first, last)| (*first, *last)).collect(),
            left: self
                .left
                .iter()
                .map(|(index, left)| (*index, left.iter().copied().collect()))
                .collect(),
        };
        let mut file = AtomicFile::create(path, Readers::Owner)?;
        file.write_all(&serde_json::to_vec(&state)?)?;
        file.write_all(b"\n")?;
        file.commit()
    }

    /// Reads a state of the run `run`; `None` when there is no such file.
    pub(crate) fn load(path: &Path, run: Fingerprint) -> Result<Option<Self>, StateError> {
        file::regular(path).map_err(StateError::Unreadable)?;
        let bytes = match file::read_bounded(path, STATE_BYTES) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Unreadable(error)),
            Ok(bytes) => bytes,
        };
        let state: State = serde_json::from_slice(&bytes).map_err(|_| StateError::Foreign)?;
        if state.nolapse != KIND || state.version != VERSION {
            return Err(StateError::Foreign);
        }
        if state.run != run.to_string() {
            return Err(StateError::OtherRun);
        }
        let mut ledger = Self::default();
        for (first, last) in state.done {
            if first > last
                || ledger
                    .done
                    .last_key_value()
                    .is_some_and(|(_, before)| *before >= first)
            {
                return Err(StateError::Foreign);
            }
            ledger.done.insert(first, last);
        }
        ledger.left = state
            .left
            .into_iter()
            .map(|(index, left)| (index, left.into_iter().collect()))
            .collect();
        Ok(Some(ledger))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(index: u64) -> Step {
        Step::Looked {
            index,
            put_off: Vec::new(),
        }
    }

    #[test]
    fn ranges_grow_together_in_any_order() {
        let mut ledger = Ledger::default();
        for index in [3, 1, 2, 7, 0, 3, 6] {
            ledger.enter(looked(index));
        }
        assert_eq!(ledger.done, BTreeMap::from([(0, 3), (6, 7)]));
        assert_eq!(ledger.finished(), 6);
        assert_eq!(ledger.left_of(2), Left::Nothing);
        assert_eq!(ledger.left_of(5), Left::All);
        assert_eq!(ledger.left_of(8), Left::All);
    }

    #[test]
    fn what_was_put_off_is_left_until_it_is_caught_up() {
        let (one, two) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut ledger = Ledger::default();
        ledger.enter(Step::Looked {
            index: 4,
            put_off: vec![one, two],
        });
        assert_eq!(ledger.left_of(4), Left::Only(vec![one, two]));
        ledger.enter(Step::CaughtUp {
            index: 4,
            address: one,
        });
        assert_eq!(ledger.left_of(4), Left::Only(vec![two]));
        ledger.enter(Step::CaughtUp {
            index: 4,
            address: two,
        });
        assert_eq!(ledger.left_of(4), Left::Nothing);
    }

    #[test]
    fn the_state_survives_and_foreign_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let run = Fingerprint::of(b"run");
        let mut ledger = Ledger::default();
        [0, 1, 5]
            .into_iter()
            .for_each(|index| ledger.enter(looked(index)));
        ledger.enter(Step::Looked {
            index: 9,
            put_off: vec![IpAddr::from([127, 0, 0, 1])],
        });
        assert!(Ledger::load(&path, run).unwrap().is_none());
        ledger.save(&path, run).unwrap();
        assert_eq!(Ledger::load(&path, run).unwrap(), Some(ledger));
        assert!(matches!(
            Ledger::load(&path, Fingerprint::of(b"other")),
            Err(StateError::OtherRun)
        ));
        std::fs::write(&path, b"{}").unwrap();
        assert!(matches!(Ledger::load(&path, run), Err(StateError::Foreign)));
        assert!(matches!(
            Ledger::load(folder.path(), run),
            Err(StateError::Unreadable(_))
        ));
    }
}
