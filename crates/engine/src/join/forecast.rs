//! Renewals to come: how many certificates must be replaced in each of the next weeks, as they are, and under the lifetimes
//! that public authorities may still give.
//!
//! The ends of certificates come in, counts per week go out. A public certificate that is renewed after a date lives no longer
//! than the Baseline Requirements allow then (ballot SC-081v3: 200 days from 2026-03-15, 100 from 2027-03-15, 47 from
//! 2029-03-15), so the same fleet gives more work from year to year. A certificate of another authority is renewed for the
//! lifetime that it has.

use jiff::{SignedDuration, Timestamp};

/// A certificate that will have to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Living {
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Whether the rules of public authorities hold for it.
    pub is_public: bool,
}

/// Which rule about lifetimes is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumed {
    /// What each authority does: public ones as much as they may at the time, others as they did.
    OwnRules,
    /// At most 200 days, from now on.
    Days200,
    /// At most 100 days, from now on.
    Days100,
    /// At most 47 days, from now on.
    Days47,
}

impl Assumed {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OwnRules, Self::Days200, Self::Days100, Self::Days47];

    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OwnRules => "own-rules",
            Self::Days200 => "200-days",
            Self::Days100 => "100-days",
            Self::Days47 => "47-days",
        }
    }

    /// The most that a certificate issued at `at` may live.
    fn most(self, is_public: bool, at: Timestamp) -> SignedDuration {
        match self {
            Self::OwnRules if is_public => public_most(at),
            Self::OwnRules => SignedDuration::MAX,
            Self::Days200 => days(200),
            Self::Days100 => days(100),
            Self::Days47 => days(47),
        }
    }
}

/// From when on public certificates live at most so many days (Baseline Requirements section 6.3.2), as seconds since 1970.
const PUBLIC: [(i64, i64); 3] = [(1_868_227_200, 47), (1_805_068_800, 100), (1_773_532_800, 200)];

fn public_most(at: Timestamp) -> SignedDuration {
    let since = PUBLIC.iter().find(|(since, _)| at.as_second() >= *since);
    since.map_or_else(|| days(398), |(_, most)| days(*most))
}

/// Renewals per week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    assumed: Assumed,
    now: Timestamp,
    weeks: Vec<u64>,
}

/// Renewed when this part of the lifetime is left, as ACME clients and the default thresholds do.
const LEFT_PART: i32 = 3;
/// No renewal earlier than so long before the end, however long the certificate lives.
const EARLIEST: SignedDuration = days(30);
/// A certificate of minutes would fill every week by itself; it counts once an hour at most.
const SHORTEST: SignedDuration = SignedDuration::from_hours(1);
const WEEK: SignedDuration = days(7);

impl Forecast {
    /// Of so many weeks from `now` on.
    pub fn new(assumed: Assumed, now: Timestamp, weeks: usize) -> Self {
        Self {
            assumed,
            now,
            weeks: vec![0; weeks],
        }
    }

    /// Counts the renewals of one certificate, and of those that follow it. One that should be renewed already is renewed in
    /// the first week; one that has ended is replaced by nobody.
    pub fn count(&mut self, living: &Living) {
        if living.not_after <= self.now {
            return;
        }
        let mut lifetime = living.not_after.duration_since(living.not_before).max(SHORTEST);
        let mut at = renewed_at(living.not_after, lifetime).max(self.now);
        while let Some(week) = self.week_mut(at) {
            *week += 1;
            lifetime = lifetime.min(self.assumed.most(living.is_public, at));
            let Ok(ends) = at.checked_add(lifetime) else {
                return;
            };
            at = renewed_at(ends, lifetime);
        }
    }

    /// Each week: when it begins, and how many renewals.
    pub fn weeks(&self) -> impl Iterator<Item = (Timestamp, u64)> + '_ {
        let begins = (0..).map(|week| self.now.saturating_add(WEEK * week).unwrap_or(Timestamp::MAX));
        begins.zip(self.weeks.iter().copied())
    }

    /// Under which rule.
    pub const fn assumed(&self) -> Assumed {
        self.assumed
    }

    fn week_mut(&mut self, at: Timestamp) -> Option<&mut u64> {
        let week = at.duration_since(self.now).as_secs() / WEEK.as_secs();
        self.weeks.get_mut(usize::try_from(week).ok()?)
    }
}

fn renewed_at(ends: Timestamp, lifetime: SignedDuration) -> Timestamp {
    let left = (lifetime / LEFT_PART).min(EARLIEST);
    ends.saturating_sub(left).unwrap_or(ends)
}

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    fn living(from: i64, until: i64, is_public: bool) -> Living {
        Living {
            not_before: day(from),
            not_after: day(until),
            is_public,
        }
    }

    fn weeks(assumed: Assumed, weeks: usize, living: &[Living]) -> Vec<u64> {
        let mut forecast = Forecast::new(assumed, day(0), weeks);
        living.iter().for_each(|one| forecast.count(one));
        forecast.weeks().map(|(_, count)| count).collect()
    }

    #[test]
    fn a_certificate_of_90_days_is_renewed_every_60() {
        let weeks = weeks(Assumed::OwnRules, 27, &[living(-30, 60, true)]);
        let when: Vec<usize> = (0..)
            .zip(&weeks)
            .filter(|(_, count)| **count > 0)
            .map(|(week, _)| week)
            .collect();
        assert_eq!(when, [30 / 7, 90 / 7, 150 / 7]);
    }

    #[test]
    fn shorter_lifetimes_are_more_work() {
        let fleet = [living(-10, 388, true); 100];
        let sum = |assumed| weeks(assumed, 104, &fleet).iter().sum::<u64>();
        let (own, two, one, least) = (
            sum(Assumed::OwnRules),
            sum(Assumed::Days200),
            sum(Assumed::Days100),
            sum(Assumed::Days47),
        );
        assert!(
            two <= own && own <= one && one < least,
            "{own} {two} {one} {least}"
        );
        assert_eq!(sum(Assumed::Days200), 300, "at day 358, then every 170 days");
    }

    #[test]
    fn rules_of_public_authorities_hold_for_public_ones_alone_and_from_their_dates_on() {
        assert_eq!(public_most("2026-03-14T23:59:59Z".parse().unwrap()), days(398));
        assert_eq!(public_most("2026-03-15T00:00:00Z".parse().unwrap()), days(200));
        assert_eq!(public_most("2027-03-15T00:00:00Z".parse().unwrap()), days(100));
        assert_eq!(public_most("2029-03-14T23:59:59Z".parse().unwrap()), days(100));
        assert_eq!(public_most("2029-03-15T00:00:00Z".parse().unwrap()), days(47));
        let own = |is_public| {
            weeks(Assumed::OwnRules, 156, &[living(-10, 720, is_public)])
                .iter()
                .sum::<u64>()
        };
        assert_eq!(own(false), 1);
        assert!(own(true) > 2);
    }

    #[test]
    fn what_is_overdue_is_in_the_first_week_and_what_has_ended_in_none() {
        assert_eq!(weeks(Assumed::OwnRules, 2, &[living(-89, 1, true)]), [1, 0]);
        assert_eq!(weeks(Assumed::OwnRules, 2, &[living(-90, 0, true)]), [0, 0]);
        let minute = Living {
            not_after: day(0) + SignedDuration::from_secs(60),
            not_before: day(0),
            is_public: false,
        };
        assert!(
            weeks(Assumed::OwnRules, 520, &[minute]).iter().sum::<u64>() < 200_000,
            "bounded"
        );
    }
}
