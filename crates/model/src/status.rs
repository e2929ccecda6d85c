//! The five statuses, one set everywhere.

use std::fmt;

use crate::finding::Severity;

/// How an endpoint stands: the worst of its findings, or `Error` when it could not be judged.
///
/// Ordered from best to worst, so that `max` of many is the status of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Nothing needs anybody.
    Ok,
    /// Somebody should look at it in working hours.
    Warning,
    /// Could not be judged: unreachable, no TLS, unparsable.
    Error,
    /// Clients refuse it now, or will within days.
    Critical,
    /// The served certificate has ended.
    Expired,
}

impl Status {
    /// The word that people and machines read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Expired => "EXPIRED",
            Self::Error => "ERROR",
        }
    }

    /// All statuses, worst first.
    pub const WORST_FIRST: [Self; 5] = [
        Self::Expired,
        Self::Critical,
        Self::Error,
        Self::Warning,
        Self::Ok,
    ];
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl From<Severity> for Status {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Note => Self::Ok,
            Severity::Warning => Self::Warning,
            Severity::Critical => Self::Critical,
            Severity::Expired => Self::Expired,
            Severity::Error => Self::Error,
        }
    }
}
