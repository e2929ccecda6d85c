//! Blind spots: what is known and not seen.
//!
//! Names, places and sources come in one by one, each with what is known about it; out goes why it is not seen, if it is not.
//! A blind spot is no fault of what is there: it says where nothing is known.

use jiff::{SignedDuration, Timestamp};

/// Why something that is known is not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blind {
    /// A name is known, and no endpoint of it was ever looked at.
    NeverLookedAt,
    /// A wildcard is known, and no name below it.
    WildcardAlone,
    /// It was looked at, and no certificate came.
    NotSeen,
    /// It has an IPv6 address, which this machine cannot reach.
    NoIpv6,
    /// It is known by its address alone: it shows its default certificate, and those for names are not seen.
    OnlyDefault,
    /// The last look is too old to say how it is now.
    Old,
    /// A source has not been read whole for too long.
    SourceStale,
    /// The last run of a source failed or gave a part only.
    SourceFailing,
}

impl Blind {
    /// All of them, in the order in which a report lists them.
    pub const ALL: [Self; 8] = [
        Self::NeverLookedAt,
        Self::WildcardAlone,
        Self::NotSeen,
        Self::NoIpv6,
        Self::OnlyDefault,
        Self::Old,
        Self::SourceStale,
        Self::SourceFailing,
    ];

    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NeverLookedAt => "never-looked-at",
            Self::WildcardAlone => "wildcard-alone",
            Self::NotSeen => "not-seen",
            Self::NoIpv6 => "no-ipv6",
            Self::OnlyDefault => "only-default",
            Self::Old => "old",
            Self::SourceStale => "source-stale",
            Self::SourceFailing => "source-failing",
        }
    }

    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NeverLookedAt => {
                "look at it: `nolapse scan --save NAME`, or add it to a source; if it is gone, nothing"
            }
            Self::WildcardAlone => "add a source that knows the names below it: a zone, or a list",
            Self::NotSeen => {
                "`nolapse scan NAME` says what stops the look, `nolapse explain` what to do about it"
            }
            Self::NoIpv6 => "give this machine IPv6, or look from one that has it",
            Self::OnlyDefault => "add the names that are served there: name@address",
            Self::Old => "is `nolapse serve` running? `nolapse serve --once` looks at all that is due",
            Self::SourceStale | Self::SourceFailing => "`nolapse source list` says what its last run came to",
        }
    }
}

/// A name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameFacts {
    /// Whether it is a wildcard.
    pub is_wildcard: bool,
    /// Endpoints by that name, those that were not looked at yet included; for a wildcard, names below it.
    pub places: u64,
    /// Those of them that were looked at.
    pub looked_at: u64,
}

/// Why a name is not seen.
pub const fn of_name(name: &NameFacts) -> Option<Blind> {
    match (name.is_wildcard, name.places, name.looked_at) {
        (true, 0, _) => Some(Blind::WildcardAlone),
        (false, _, 0) => Some(Blind::NeverLookedAt),
        _ => None,
    }
}

/// A place that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceFacts {
    /// When last; `None` when never.
    pub looked: Option<Timestamp>,
    /// Whether that look showed a certificate.
    pub showed: bool,
    /// Whether it has an IPv6 address and this machine has no way there.
    pub lacks_ipv6_route: bool,
    /// Whether it is asked for without a name, and nothing else is asked for there by name.
    pub is_default_only: bool,
}

/// Why a place is not seen. `fresh` is how old a look may be.
pub fn of_place(place: &PlaceFacts, fresh: SignedDuration, now: Timestamp) -> Option<Blind> {
    let Some(looked) = place.looked else {
        return Some(Blind::NeverLookedAt);
    };
    if place.lacks_ipv6_route {
        Some(Blind::NoIpv6)
    } else if !place.showed {
        Some(Blind::NotSeen)
    } else if now.duration_since(looked) > fresh {
        Some(Blind::Old)
    } else {
        place.is_default_only.then_some(Blind::OnlyDefault)
    }
}

/// A source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFacts {
    /// Whether its last run failed or gave a part only.
    pub is_failing: bool,
    /// When it was last read whole.
    pub complete: Option<Timestamp>,
}

/// Why what a source knows is not known.
pub fn of_source(source: &SourceFacts, fresh: SignedDuration, now: Timestamp) -> Option<Blind> {
    if source.is_failing {
        return Some(Blind::SourceFailing);
    }
    let stale = source
        .complete
        .is_none_or(|complete| now.duration_since(complete) > fresh);
    stale.then_some(Blind::SourceStale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    const FRESH: SignedDuration = SignedDuration::from_hours(24);

    #[test]
    fn names_without_a_look() {
        let name = NameFacts {
            is_wildcard: false,
            places: 1,
            looked_at: 1,
        };
        assert_eq!(of_name(&name), None);
        assert_eq!(
            of_name(&NameFacts {
                places: 0,
                looked_at: 0,
                ..name
            }),
            Some(Blind::NeverLookedAt)
        );
        assert_eq!(
            of_name(&NameFacts { looked_at: 0, ..name }),
            Some(Blind::NeverLookedAt)
        );
        assert_eq!(
            of_name(&NameFacts {
                is_wildcard: true,
                places: 0,
                looked_at: 0
            }),
            Some(Blind::WildcardAlone)
        );
        assert_eq!(
            of_name(&NameFacts {
                is_wildcard: true,
                places: 1,
                looked_at: 0
            }),
            None,
            "its name is listed"
        );
    }

    #[test]
    fn places_that_show_nothing() {
        let seen = PlaceFacts {
            looked: Some(day(0)),
            showed: true,
            lacks_ipv6_route: false,
            is_default_only: false,
        };
        let of = |place| of_place(&place, FRESH, day(0));
        assert_eq!(of(seen), None);
        assert_eq!(
            of(PlaceFacts {
                looked: None,
                showed: false,
                ..seen
            }),
            Some(Blind::NeverLookedAt)
        );
        assert_eq!(
            of(PlaceFacts {
                showed: false,
                ..seen
            }),
            Some(Blind::NotSeen)
        );
        assert_eq!(
            of(PlaceFacts {
                showed: false,
                lacks_ipv6_route: true,
                ..seen
            }),
            Some(Blind::NoIpv6)
        );
        assert_eq!(
            of(PlaceFacts {
                is_default_only: true,
                ..seen
            }),
            Some(Blind::OnlyDefault)
        );
        assert_eq!(
            of(PlaceFacts {
                looked: Some(day(-1)),
                ..seen
            }),
            None,
            "a day old to the second"
        );
        assert_eq!(
            of(PlaceFacts {
                looked: Some(day(-2)),
                ..seen
            }),
            Some(Blind::Old)
        );
    }

    #[test]
    fn sources_that_fail_or_stand_still() {
        let fine = SourceFacts {
            is_failing: false,
            complete: Some(day(0)),
        };
        let of = |source| of_source(&source, FRESH, day(0));
        assert_eq!(of(fine), None);
        assert_eq!(
            of(SourceFacts {
                is_failing: true,
                ..fine
            }),
            Some(Blind::SourceFailing)
        );
        assert_eq!(
            of(SourceFacts {
                complete: Some(day(-2)),
                ..fine
            }),
            Some(Blind::SourceStale)
        );
        assert_eq!(
            of(SourceFacts {
                complete: None,
                ..fine
            }),
            Some(Blind::SourceStale)
        );
    }
}
