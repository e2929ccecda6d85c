//! What somebody decided in advance: how much time must be left, and which stores must accept.

use std::time::Duration;

use crate::trust_store::Chosen;

/// How soon an end is worth a warning, how soon it is critical, and whom a chain must satisfy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Less time left than this is a warning.
    pub warning: Threshold,
    /// Less time left than this is critical.
    pub critical: Threshold,
    /// The stores that must accept the chain.
    pub required: RequiredStores,
}

/// Which stores must accept a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredStores {
    /// All public ones, or one of the user's own.
    #[default]
    PublicOrOwn,
    /// All public ones, whatever the user's own say.
    Public,
    /// One of all, whichever.
    Any,
    /// Each of these.
    These(Chosen),
}

impl Policy {
    /// What holds when nobody decided otherwise.
    pub const DEFAULT: Self = Self {
        warning: Threshold::ByLifetime,
        critical: Threshold::ByLifetime,
        required: RequiredStores::PublicOrOwn,
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A threshold of time left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// By lifetime: warning at 30 days or a third of the lifetime, critical at 7 days or a sixth, whichever is less. So
    /// a certificate of 90 days has 30 and 7, one of 47 days 15.7 and 7, one of 160 hours 53 and 27 hours.
    ByLifetime,
    /// A number of days.
    Days(f64),
    /// A percentage of the lifetime.
    Percent(f64),
}

const DAY: f64 = 86_400.0;

impl Policy {
    /// The time that must be left of `lifetime` to be spared a warning.
    pub fn warning_at(&self, lifetime: Duration) -> Duration {
        self.warning.of(lifetime, Duration::from_secs(30 * 86_400), 3)
    }

    /// The time that must be left of `lifetime` to be spared the critical state.
    pub fn critical_at(&self, lifetime: Duration) -> Duration {
        self.critical.of(lifetime, Duration::from_secs(7 * 86_400), 6)
    }
}

impl Threshold {
    fn of(self, lifetime: Duration, most: Duration, part: u32) -> Duration {
        match self {
            Self::ByLifetime => most.min(lifetime / part),
            Self::Days(days) => seconds(days * DAY),
            Self::Percent(percent) => seconds(lifetime.as_secs_f64() * percent / 100.0),
        }
    }
}

/// A negative number or none at all asks for no time; one beyond all clocks for all of it.
fn seconds(seconds: f64) -> Duration {
    if seconds > 0.0 {
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    #[test]
    fn thresholds_follow_the_lifetime() {
        let policy = Policy::default();
        let days = |days: u64| Duration::from_secs(days * 86_400);
        assert_eq!(
            (policy.warning_at(days(90)), policy.critical_at(days(90))),
            (days(30), days(7))
        );
        assert_eq!(
            (policy.warning_at(days(48)), policy.critical_at(days(48))),
            (days(16), days(7))
        );
        let short = Duration::from_secs(160 * HOUR);
        assert_eq!(policy.critical_at(short), short / 6);
    }

    #[test]
    fn days_and_percent_are_taken_as_given() {
        let policy = Policy {
            warning: Threshold::Percent(50.0),
            critical: Threshold::Days(0.5),
            ..Policy::DEFAULT
        };
        assert_eq!(
            policy.warning_at(Duration::from_secs(100)),
            Duration::from_secs(50)
        );
        assert_eq!(
            policy.critical_at(Duration::from_secs(1)),
            Duration::from_secs(12 * HOUR)
        );
        let odd = Policy {
            warning: Threshold::Days(f64::NAN),
            critical: Threshold::Days(f64::INFINITY),
            ..Policy::DEFAULT
        };
        assert_eq!(odd.warning_at(Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(odd.critical_at(Duration::from_secs(1)), Duration::MAX);
    }
}
