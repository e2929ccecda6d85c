//! The vocabulary of judgement: severity, subject, finding.

use std::fmt;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; changes no status.
    Note,
    /// Should be mended in working hours.
    Warning,
    /// Could not be judged.
    Error,
    /// Clients refuse it, or will within days.
    Critical,
    /// The served certificate has ended.
    Expired,
}

impl Severity {
    /// The word that people and machines read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The endpoint as a whole.
    Endpoint,
    /// The certificate at this place of the chain as sent (0 is the leaf).
    Certificate(usize),
}

/// One thing that is wrong, or worth knowing, about one observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's identifier (`expired`, `chain-incomplete`): stable, for `nolapse explain` and for machines.
    pub rule: &'static str,
    /// How much it matters under the policy in force.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// Why, as facts; words are made of it at the edge.
    pub reason: Reason,
}

/// Why a finding was made: one variant per kind of evidence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {}
