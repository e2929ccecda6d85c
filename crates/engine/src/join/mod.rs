//! What follows from all facts together: rows of the inventory come in, findings about several of them go out.
//!
//! Each join is a pure function over rows that the memory yields; it has no SQL, no clock and no words, and its rows hold
//! numbers where the memory has numbers, so that a million certificates fit into memory.
//!
//! - [`renewed`]: a newer certificate exists, and the old one is still served;
//! - [`split`]: one name, or one address, with several certificates, and whether all backends were seen;
//! - [`never_served`]: issued, and seen nowhere;
//! - [`no_account`]: served, and in no account;
//! - [`blind`]: what is known and not seen; [`coverage`]: how much that is;
//! - [`key_reuse`]: one key in several certificates; [`wildcard`]: how far a wildcard reaches;
//! - [`forecast`]: renewals to come.

pub mod blind;
pub mod coverage;
pub mod forecast;
pub mod key_reuse;
pub mod never_served;
pub mod no_account;
pub mod renewed;
pub mod split;
pub mod wildcard;

/// The number of a certificate, or of what is claimed of one, in the memory.
pub type CertificateNumber = i64;
/// The number of a place in the memory.
pub type PlaceNumber = i64;
/// The number of a name in the memory.
pub type NameNumber = i64;

#[cfg(test)]
mod times {
    use jiff::{SignedDuration, Timestamp};

    /// Noon of a day that is so far from the day on which the tests take place.
    pub(super) fn day(day: i64) -> Timestamp {
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        noon + SignedDuration::from_hours(24 * day)
    }
}
