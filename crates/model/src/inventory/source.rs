//! One asking of one source, and how it ended.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::sighting::{SourceKind, SourceName};
use crate::untrusted::Untrusted;

/// One asking of one source. Known by source and `began`: said twice it counts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRun {
    /// Which source.
    pub source: SourceName,
    /// What kind of place it asks.
    pub kind: SourceKind,
    /// When it began. Kept to the millisecond.
    pub began: Timestamp,
    /// How it ended; `None` while it runs, and until the next one starts when the program was killed meanwhile.
    pub outcome: Option<RunOutcome>,
}

/// How an asking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOutcome {
    /// When.
    pub ended: Timestamp,
    /// How.
    pub end: RunEnd,
    /// Things that the source told of: `stored` and all of `skipped` together.
    pub found: u64,
    /// Those that were kept.
    pub stored: u64,
    /// Those that were not, by reason.
    pub skipped: BTreeMap<Box<str>, u64>,
    /// What went wrong, in a sentence.
    pub error: Option<Untrusted>,
}

/// The ways in which an asking ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunEnd {
    /// Everything was read: what was not told of is no longer there.
    Complete,
    /// Something is missing: nothing follows from what was not told of.
    Partial,
    /// Nothing, or nothing of use, was read.
    Failed,
    /// Whoever asked ended in the middle: what it had read until then is kept, and nothing follows from the rest.
    Interrupted,
}

impl RunEnd {
    /// Every end.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Partial, Self::Failed, Self::Interrupted];

    /// The word used in every output and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RunOutcome {
    /// Whether what was found is what was stored and what was skipped together.
    pub fn adds_up(&self) -> bool {
        let skipped = self
            .skipped
            .values()
            .fold(0_u64, |sum, count| sum.saturating_add(*count));
        self.found == self.stored.saturating_add(skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_what_was_stored_and_skipped() {
        let mut outcome = RunOutcome {
            ended: Timestamp::UNIX_EPOCH,
            end: RunEnd::Complete,
            found: 3,
            stored: 1,
            skipped: BTreeMap::from([("no names".into(), 2)]),
            error: None,
        };
        assert!(outcome.adds_up());
        outcome.stored = 2;
        assert!(!outcome.adds_up());
    }
}
