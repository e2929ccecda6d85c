//! Issued, never seen served: a source tells of a valid certificate, and no endpoint has ever shown it.
//!
//! One certificate or claim at a time comes in, with what is known of where it could be; it is a finding or it is not.

use jiff::Timestamp;

/// A certificate, or what is claimed of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whether a source tells of it: an account, a table, files.
    pub told_by_source: bool,
    /// Whether it is for a server: not of an authority, issued and not taken back.
    pub is_for_servers: bool,
    /// Begin of validity, where it is known.
    pub not_before: Option<Timestamp>,
    /// End of validity, where it is known.
    pub not_after: Option<Timestamp>,
    /// Whether any endpoint ever showed it.
    pub was_served: bool,
    /// Its names.
    pub names: u64,
    /// Those of them that were looked at.
    pub names_looked_at: u64,
}

/// Why it was not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// All its names were looked at, and others are served there.
    NowhereServed,
    /// Some of its names were not looked at: it may be there.
    PartlyLookedAt,
    /// None of its names was.
    NotLookedAt,
}

impl Unseen {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NowhereServed => "nowhere-served",
            Self::PartlyLookedAt => "partly-looked-at",
            Self::NotLookedAt => "not-looked-at",
        }
    }
}

/// Whether it is issued and was never seen, and why.
pub fn never_served(one: &Candidate, now: Timestamp) -> Option<Unseen> {
    let valid = one.not_before.is_none_or(|begin| begin <= now) && one.not_after.is_none_or(|end| end > now);
    if !valid || !one.told_by_source || !one.is_for_servers || one.was_served {
        return None;
    }
    Some(match one.names_looked_at {
        0 => Unseen::NotLookedAt,
        some if some < one.names => Unseen::PartlyLookedAt,
        _ => Unseen::NowhereServed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    const ISSUED: Candidate = Candidate {
        told_by_source: true,
        is_for_servers: true,
        not_before: None,
        not_after: None,
        was_served: false,
        names: 2,
        names_looked_at: 2,
    };

    #[test]
    fn what_an_account_issued_and_nobody_serves() {
        assert_eq!(never_served(&ISSUED, day(0)), Some(Unseen::NowhereServed));
        let partly = Candidate {
            names_looked_at: 1,
            ..ISSUED
        };
        assert_eq!(never_served(&partly, day(0)), Some(Unseen::PartlyLookedAt));
        let blind = Candidate {
            names_looked_at: 0,
            ..ISSUED
        };
        assert_eq!(never_served(&blind, day(0)), Some(Unseen::NotLookedAt));
    }

    #[test]
    fn nothing_when_it_was_seen_ended_or_is_only_known_from_looks() {
        let cases = [
            Candidate {
                was_served: true,
                ..ISSUED
            },
            Candidate {
                told_by_source: false,
                ..ISSUED
            },
            Candidate {
                is_for_servers: false,
                ..ISSUED
            },
            Candidate {
                not_after: Some(day(-1)),
                ..ISSUED
            },
            Candidate {
                not_before: Some(day(1)),
                ..ISSUED
            },
        ];
        for case in cases {
            assert_eq!(never_served(&case, day(0)), None, "{case:?}");
        }
    }

    #[test]
    fn the_last_moment_of_validity_is_not_in_it() {
        let ends_now = Candidate {
            not_after: Some(day(0)),
            not_before: Some(day(0)),
            ..ISSUED
        };
        assert_eq!(never_served(&ends_now, day(0)), None);
        let begins_now = Candidate {
            not_after: Some(day(1)),
            not_before: Some(day(0)),
            ..ISSUED
        };
        assert!(never_served(&begins_now, day(0)).is_some());
    }
}
