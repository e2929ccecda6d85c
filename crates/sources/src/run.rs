//! One run of a source: what it needs, what it tells on the way, and what it comes to.
//!
//! An [`Ask`] goes in, [`Sighting`]s go to a [`Sink`] as they are learnt, a [`Run`] comes out. `found = given + skipped`
//! holds always, whatever stopped the run; what was given before it stopped is told and stands. Nothing here keeps
//! anything: what a source said before is for the inventory to remember.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::sighting::{Sighted, Sighting};
use model::{Certificate, limits};
use net::Network;

use crate::certcentral::AccountError;
use crate::certificate_files::FilesError;
use crate::certificate_table::TableError;
use crate::kubernetes::ClusterError;
use crate::target_list::TargetListError;

/// Takes what is learnt, in order. `Break` ends the run, which is then [`SourceError::Stopped`].
pub type Sink<'a> = dyn FnMut(Sighting) -> ControlFlow<()> + Send + 'a;

/// A certificate that an account told before, by the account's number for it.
pub type Memory<'a> = dyn Fn(&str) -> Option<Arc<Certificate>> + Sync + 'a;

/// A value of the environment.
pub type Variable<'a> = dyn Fn(&str) -> Option<String> + Sync + 'a;

/// What a run is given.
pub struct Ask<'a> {
    /// The way out.
    pub network: &'a Network,
    /// The moment that the run's sightings bear.
    pub now: Timestamp,
    /// Passing time, for pacing.
    pub clock: &'a dyn Clock,
    /// The environment, for settings that name a variable of it.
    pub variable: &'a Variable<'a>,
    /// What accounts told before.
    pub memory: &'a Memory<'a>,
}

/// Passing time, and waiting for it.
pub trait Clock: Sync {
    /// Time since some moment in the past; never goes back.
    fn elapsed(&self) -> Duration;
    /// Comes back when that much has passed.
    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The clock of the runtime.
#[derive(Debug)]
pub struct RuntimeClock(tokio::time::Instant);

impl RuntimeClock {
    /// Begins now. Must be used within a tokio runtime.
    pub fn start() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(wait))
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Run {
    /// What was found, and what became of it.
    pub tally: Tally,
    /// What stopped it.
    pub error: Option<SourceError>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything that the place has was seen.
    Complete,
    /// Some of it was: what is missing now may still be there.
    Partial,
    /// Nothing was.
    Failed,
}

impl Run {
    /// How it ended.
    pub fn end(&self) -> End {
        let hidden = self.tally.skipped.keys().any(|reason| reason.hides());
        match &self.error {
            Some(_) if self.tally.given == 0 => End::Failed,
            None if !hidden => End::Complete,
            _ => End::Partial,
        }
    }
}

/// What a run found, and what became of it: `found = given + skipped`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Things that the place has: certificates of orders, rows, certificates of files, secrets, targets.
    pub found: u64,
    /// Those that were given on. One may take several sightings, and several may share one.
    pub given: u64,
    /// Those that were not.
    pub skipped: BTreeMap<Reason, Told>,
    /// What is said beside: given, but less of it than there should be.
    pub remarks: BTreeMap<Reason, Told>,
}

/// How often, and the first examples; safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How often.
    pub count: u64,
    /// Where, for the first [`limits::SOURCE_EXAMPLES`].
    pub examples: Vec<String>,
}

impl Told {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < limits::SOURCE_EXAMPLES {
            self.examples.push(model::untrusted::shown(&example()));
        }
    }
}

impl Tally {
    /// Counts one thing that was given on.
    pub(crate) const fn give(&mut self) {
        self.found += 1;
        self.given += 1;
    }

    /// Counts one thing that is not given on.
    pub(crate) fn skip(&mut self, reason: Reason, example: impl FnOnce() -> String) {
        self.found += 1;
        self.skipped.entry(reason).or_default().add(example);
    }

    /// Notes something beside.
    pub(crate) fn remark(&mut self, reason: Reason, example: impl FnOnce() -> String) {
        self.remarks.entry(reason).or_default().add(example);
    }

    /// Sum of what was skipped.
    pub fn skipped_in_all(&self) -> u64 {
        self.skipped.values().map(|told| told.count).sum()
    }
}

/// Why a thing is not given on, or less of it than there should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// An order or row with neither names nor a serial number.
    NothingSaid,
    /// A row that cannot be read.
    BadRow,
    /// A field that cannot be read in a row that can.
    BadField,
    /// A certificate of an order that the account does not hand out.
    Withheld,
    /// A certificate handed out for an order that it does not fit.
    Foreign,
    /// What was handed out as a certificate is none.
    NoCertificate,
    /// A file or folder that cannot be read.
    Unreadable,
    /// A file or row that is too large.
    TooLarge,
    /// A key store that does not open with the passphrases at hand.
    Locked,
    /// Something in a file that cannot be read.
    Malformed,
    /// A key store whose integrity was not checked.
    Unchecked,
    /// A link that leads back to where it came from.
    Loop,
    /// Deeper or more than is looked at.
    Beyond,
    /// Text in another encoding than was said.
    Encoding,
    /// A line that is no target.
    NoTarget,
}

impl Reason {
    /// The word used in every output and in the store.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NothingSaid => "nothing-said",
            Self::BadRow => "bad-row",
            Self::BadField => "bad-field",
            Self::Withheld => "withheld",
            Self::Foreign => "foreign",
            Self::NoCertificate => "no-certificate",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::Locked => "locked",
            Self::Malformed => "malformed",
            Self::Unchecked => "unchecked",
            Self::Loop => "loop",
            Self::Beyond => "beyond",
            Self::Encoding => "encoding",
            Self::NoTarget => "no-target",
        }
    }

    /// What happened and what to do about it, to be read behind a number.
    pub const fn words(self) -> &'static str {
        match self {
            Self::NothingSaid => {
                "said neither a name nor a serial number, so that no certificate can be told by them"
            }
            Self::BadRow => "rows could not be read: mend them or the mapping of columns",
            Self::BadField => "fields could not be read: the rest of their rows is kept",
            Self::Withheld => {
                "certificates are not handed out with this key: what the list says of them is kept"
            }
            Self::Foreign => {
                "certificates handed out for an order do not fit it, and are not taken: what the list says is kept"
            }
            Self::NoCertificate => "held no certificate where one should be",
            Self::Unreadable => "files or folders could not be read: see the permissions",
            Self::TooLarge => "were larger than anything of certificates is",
            Self::Locked => {
                "key stores do not open: name the file that holds the passphrase in passphrase_files"
            }
            Self::Malformed => "could not be read as what they say they are",
            Self::Unchecked => {
                "key stores were read without a passphrase, so that their integrity was not checked"
            }
            Self::Loop => "links lead back to where they came from, and were not followed",
            Self::Beyond => {
                "were deeper or more than is looked at: name what is missing in a source of its own"
            }
            Self::Encoding => "texts were not in the encoding expected, and were read as Windows-1252",
            Self::NoTarget => "lines are no target",
        }
    }

    /// Whether something that the place has may be hidden by it, so that its absence says nothing.
    pub const fn hides(self) -> bool {
        matches!(
            self,
            Self::BadRow | Self::Unreadable | Self::TooLarge | Self::Locked | Self::Malformed | Self::Beyond
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What stops a run.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// An account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A cluster.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// A list of targets.
    #[error(transparent)]
    List(#[from] TargetListError),
    /// The sink wants no more.
    #[error("stopped before its end")]
    Stopped,
}

/// What follows from an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Asking again later may do.
    Again,
    /// A person must change something first.
    Person,
}

impl SourceError {
    /// What follows from it.
    pub const fn follows(&self) -> Follows {
        match self {
            Self::Account(error) => error.follows(),
            Self::Cluster(error) => error.follows(),
            Self::Table(_) | Self::Files(_) | Self::List(_) => Follows::Person,
            Self::Stopped => Follows::Again,
        }
    }
}

/// Sink and tally of one run.
pub(crate) struct Telling<'a, 'b> {
    pub(crate) now: Timestamp,
    pub(crate) sink: &'a mut Sink<'b>,
    pub(crate) tally: Tally,
}

impl<'a, 'b> Telling<'a, 'b> {
    pub(crate) fn new(now: Timestamp, sink: &'a mut Sink<'b>) -> Self {
        Self {
            now,
            sink,
            tally: Tally::default(),
        }
    }

    /// Says one thing; an error when nobody listens any more.
    pub(crate) fn say(&mut self, what: Sighted) -> Result<(), SourceError> {
        match (self.sink)(Sighting { at: self.now, what }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(SourceError::Stopped),
        }
    }

    pub(crate) fn end(self, result: Result<(), SourceError>) -> Run {
        Run {
            tally: self.tally,
            error: result.err(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_says_whether_absence_means_anything() {
        let mut tally = Tally::default();
        let run = |tally: &Tally, error| {
            Run {
                tally: tally.clone(),
                error,
            }
            .end()
        };
        assert_eq!(run(&tally, None), End::Complete);
        assert_eq!(run(&tally, Some(SourceError::Stopped)), End::Failed);
        tally.give();
        tally.skip(Reason::NothingSaid, || "order 1".to_owned());
        assert_eq!(run(&tally, None), End::Complete);
        assert_eq!(run(&tally, Some(SourceError::Stopped)), End::Partial);
        tally.skip(Reason::Unreadable, || "a\nb".to_owned());
        assert_eq!(run(&tally, None), End::Partial);
        assert_eq!(tally.found, tally.given + tally.skipped_in_all());
        assert_eq!(tally.skipped[&Reason::Unreadable].examples, ["a\\nb"]);
    }

    #[test]
    fn examples_are_few() {
        let mut tally = Tally::default();
        (0..100).for_each(|line| tally.skip(Reason::BadRow, || format!("line {line}")));
        let told = &tally.skipped[&Reason::BadRow];
        assert_eq!((told.count, told.examples.len()), (100, limits::SOURCE_EXAMPLES));
    }
}
