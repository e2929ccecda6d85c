//! The files of folders, one after the other in the order of their names, whatever links lead where.
//!
//! Paths come in, files go out with their size. Links are followed, and no folder is entered twice, so that loops end;
//! devices, pipes and what has no size (as in `/proc`) are passed over, since reading them may never end.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use model::limits;

use crate::run::Reason;

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// A file of a folder, or one that was named.
    File { path: PathBuf, bytes: u64, named: Named },
    /// What is not read, and why.
    Skipped {
        path: PathBuf,
        reason: Reason,
        words: String,
    },
    /// A link that leads to where it came from.
    Loop(PathBuf),
}

/// Whether somebody named the very file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    Itself,
    Folder,
}

pub(super) struct Walk {
    /// What is still to be looked at, the next one last.
    waiting: Vec<(PathBuf, usize, Named)>,
    /// Folders that were entered, as the system knows them.
    entered: HashSet<PathBuf>,
    depth: usize,
    seen: usize,
}

impl Walk {
    pub(super) fn new(paths: &[PathBuf], depth: Option<usize>) -> Self {
        let paths = paths.iter().rev();
        Self {
            waiting: paths.map(|path| (path.clone(), 0, Named::Itself)).collect(),
            entered: HashSet::new(),
            depth: depth.unwrap_or(limits::WALK_DEPTH).min(limits::WALK_DEPTH),
            seen: 0,
        }
    }

    fn enter(&mut self, path: PathBuf, depth: usize) -> Option<Step> {
        let canonical = match fs::canonicalize(&path) {
            Ok(canonical) => canonical,
            Err(error) => return Some(unreadable(path, &error)),
        };
        if !self.entered.insert(canonical.clone()) {
            let parent = path.parent().and_then(|parent| fs::canonicalize(parent).ok());
            let leads_back = parent.is_some_and(|parent| parent.starts_with(&canonical));
            return leads_back.then_some(Step::Loop(path));
        }
        let entries = fs::read_dir(&path).and_then(|entries| {
            let room = limits::WALK_FILES.saturating_sub(self.seen);
            entries
                .take(room.saturating_add(1))
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<io::Result<Vec<PathBuf>>>()
        });
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => return Some(unreadable(path, &error)),
        };
        entries.sort_unstable_by(|one, other| other.cmp(one));
        let room = limits::WALK_FILES.saturating_sub(self.seen);
        let too_many = entries.len() > room;
        entries.drain(..entries.len().saturating_sub(room));
        self.seen += entries.len();
        self.waiting
            .extend(entries.into_iter().map(|entry| (entry, depth, Named::Folder)));
        too_many.then(|| Step::Skipped {
            path,
            reason: Reason::Beyond,
            words: format!("more than {} files in all", limits::WALK_FILES),
        })
    }
}

impl Iterator for Walk {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            let (path, depth, named) = self.waiting.pop()?;
            let metadata = match metadata(&path) {
                Ok(Some(metadata)) => metadata,
                // A link to nothing, in a folder: whoever removed the file did not want it read.
                Ok(None) if named == Named::Folder => continue,
                Ok(None) => return Some(unreadable(path, &io::Error::from(io::ErrorKind::NotFound))),
                Err(error) => return Some(unreadable(path, &error)),
            };
            if metadata.is_dir() {
                if named == Named::Folder && depth >= self.depth {
                    if self.depth < limits::WALK_DEPTH {
                        continue;
                    }
                    return Some(Step::Skipped {
                        path,
                        reason: Reason::Beyond,
                        words: format!("deeper than {} folders", limits::WALK_DEPTH),
                    });
                }
                let depth = if named == Named::Itself { 0 } else { depth + 1 };
                match self.enter(path, depth) {
                    Some(step) => return Some(step),
                    None => continue,
                }
            }
            if metadata.is_file() && (metadata.len() > 0 || named == Named::Itself) {
                let bytes = metadata.len();
                return Some(Step::File { path, bytes, named });
            }
        }
    }
}

/// What a path leads to; nothing when it leads nowhere.
fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn unreadable(path: PathBuf, error: &io::Error) -> Step {
    Step::Skipped {
        path,
        reason: Reason::Unreadable,
        words: error.to_string(),
    }
}
