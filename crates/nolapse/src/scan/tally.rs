//! Counts of a run: every endpoint in exactly one class.

use model::observation::{Outcome, Stage};
use model::{Observation, Status};

use crate::failure::{self, KINDS};

/// Endpoints by status, and those that could not be judged by what stopped them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    statuses: [u64; 5],
    stopped: Vec<Stopped>,
}

/// How many were stopped in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// In which stage.
    pub(crate) stage: Stage,
    /// Which kind of failure, by its word.
    pub(crate) kind: &'static str,
    /// How many.
    pub(crate) count: u64,
}

impl Tally {
    /// Counts one look.
    pub(crate) fn count(&mut self, observation: &Observation, status: Status) {
        if let Some(count) = self.statuses.get_mut(place(status)) {
            *count += 1;
        }
        if let (Status::Error, Outcome::Stopped { stage, failure }) = (status, &observation.outcome) {
            self.count_stopped(&Stopped {
                stage: *stage,
                kind: failure::Kind::of(failure).word,
                count: 1,
            });
        }
    }

    /// Adds the counts of another.
    pub(crate) fn add(&mut self, other: &Self) {
        for (sum, count) in self.statuses.iter_mut().zip(other.statuses) {
            *sum += count;
        }
        other
            .stopped
            .iter()
            .for_each(|stopped| self.count_stopped(stopped));
    }

    /// Endpoints of one status.
    pub(crate) fn of(&self, status: Status) -> u64 {
        self.statuses.get(place(status)).copied().unwrap_or_default()
    }

    /// All endpoints.
    pub(crate) fn total(&self) -> u64 {
        self.statuses.iter().sum()
    }

    /// Endpoints of status ERROR that were stopped, by stage and kind, the most frequent first.
    pub(crate) fn stopped(&self) -> Vec<Stopped> {
        let mut stopped = self.stopped.clone();
        let rank = |word| KINDS.iter().position(|kind| kind.word == word);
        stopped.sort_by_key(|entry| (std::cmp::Reverse(entry.count), entry.stage, rank(entry.kind)));
        stopped
    }

    /// There are as many entries as pairs of stage and kind that occur: some tens at most.
    fn count_stopped(&mut self, stopped: &Stopped) {
        let same = |entry: &&mut Stopped| entry.stage == stopped.stage && entry.kind == stopped.kind;
        match self.stopped.iter_mut().find(same) {
            Some(entry) => entry.count += stopped.count,
            None => self.stopped.push(stopped.clone()),
        }
    }
}

const fn place(status: Status) -> usize {
    match status {
        Status::Ok => 0,
        Status::Warning => 1,
        Status::Critical => 2,
        Status::Expired => 3,
        Status::Error => 4,
    }
}
