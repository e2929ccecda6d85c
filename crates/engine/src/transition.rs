//! What changed at a place, and when.
//!
//! The episodes of one place come in (which certificate was shown from when until when, and how the place stood), changes go
//! out, oldest first. They are derived anew each time, so that a look which arrives late corrects them: there is no other
//! place where a change is written down. Lists of changes, and later alerts, are made by this one function.
//!
//! Looks are samples: an episode says when something was first and last seen, never when it began or ended. Episodes may lie
//! within each other (a certificate that comes and goes because two machines answer, a short trouble within a long calm).

use jiff::{SignedDuration, Timestamp};
use model::{Fingerprint, Status};

/// Something that held from a first to a last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Episode<T> {
    /// What held.
    pub what: T,
    /// First look that saw it.
    pub first: Timestamp,
    /// Last look that saw it.
    pub last: Timestamp,
}

/// All that is remembered of one place as seen from one vantage.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Certificates that it showed.
    pub leaves: Vec<Episode<Fingerprint>>,
    /// How it stood.
    pub standings: Vec<Episode<Status>>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The look that showed it.
    pub at: Timestamp,
    /// What.
    pub what: Changed,
}

/// Kinds of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The place showed its first certificate, or one again after it had vanished.
    Appeared {
        /// Which.
        certificate: Fingerprint,
    },
    /// It shows another certificate, and the earlier one is gone.
    Replaced {
        /// The earlier one.
        old: Fingerprint,
        /// The present one.
        new: Fingerprint,
    },
    /// It stands worse.
    Worsened {
        /// Before.
        from: Status,
        /// Now.
        to: Status,
    },
    /// It stands better.
    Resolved {
        /// Before.
        from: Status,
        /// Now.
        to: Status,
    },
    /// It has not shown any certificate for [`VANISHED_AFTER`].
    Vanished {
        /// The last one.
        certificate: Fingerprint,
    },
}

impl Changed {
    /// Every word, for those who choose.
    pub const WORDS: [&str; 5] = ["appeared", "replaced", "worsened", "resolved", "vanished"];

    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Appeared { .. } => "appeared",
            Self::Replaced { .. } => "replaced",
            Self::Worsened { .. } => "worsened",
            Self::Resolved { .. } => "resolved",
            Self::Vanished { .. } => "vanished",
        }
    }
}

/// A place that shows nothing for a week is gone: a weekend of maintenance is not.
pub const VANISHED_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Changes of one place until `now`, oldest first.
pub fn changes(history: &History, now: Timestamp) -> Vec<Change> {
    let mut changes = of_leaves(&history.leaves, now);
    changes.extend(of_standings(&history.standings));
    changes.sort_by_key(|change| change.at);
    changes
}

fn of_leaves(episodes: &[Episode<Fingerprint>], now: Timestamp) -> Vec<Change> {
    let mut sorted: Vec<&Episode<Fingerprint>> = episodes.iter().collect();
    sorted.sort_by_key(|episode| (episode.first, episode.last, episode.what));
    let mut changes: Vec<Change> = Vec::new();
    // The episode that reaches furthest so far.
    let mut reached: Option<&Episode<Fingerprint>> = None;
    for episode in &sorted {
        let what = match reached {
            None => Some(Changed::Appeared {
                certificate: episode.what,
            }),
            Some(before) if episode.first.duration_since(before.last) > VANISHED_AFTER => {
                changes.push(vanished(before));
                Some(Changed::Appeared {
                    certificate: episode.what,
                })
            }
            // Seen again after the other: both are there.
            Some(before) if before.last >= episode.first => None,
            Some(before) => Some(Changed::Replaced {
                old: before.what,
                new: episode.what,
            }),
        };
        // One that is shown beside another, and stays when that one goes, replaces it when it was last seen.
        if let (None, Some(before)) = (what, reached)
            && episode.last > before.last
            && before.what != episode.what
        {
            let next = next_sight(episodes, episode.what, before.last).unwrap_or(episode.last);
            changes.push(Change {
                at: next,
                what: Changed::Replaced {
                    old: before.what,
                    new: episode.what,
                },
            });
        }
        changes.extend(what.filter(|what| !is_no_change(*what)).map(|what| Change {
            at: episode.first,
            what,
        }));
        if reached.is_none_or(|before| episode.last > before.last) {
            reached = Some(episode);
        }
    }
    changes.extend(
        reached
            .filter(|last| now.duration_since(last.last) > VANISHED_AFTER)
            .map(vanished),
    );
    changes
}

/// The first time that a certificate is known to be shown alone; its last sight, since sights between are not kept.
fn next_sight(episodes: &[Episode<Fingerprint>], what: Fingerprint, after: Timestamp) -> Option<Timestamp> {
    let later = episodes
        .iter()
        .filter(|episode| episode.what == what && episode.last > after);
    later.map(|episode| episode.first.max(after)).min()
}

fn is_no_change(what: Changed) -> bool {
    matches!(what, Changed::Replaced { old, new } if old == new)
}

fn vanished(last: &Episode<Fingerprint>) -> Change {
    let at = last.last.saturating_add(VANISHED_AFTER).unwrap_or(Timestamp::MAX);
    Change {
        at,
        what: Changed::Vanished {
            certificate: last.what,
        },
    }
}

/// At each moment a place stands as the worst of the episodes in which it lies; between two, as the last one.
fn of_standings(episodes: &[Episode<Status>]) -> Vec<Change> {
    let mut moments: Vec<Timestamp> = episodes
        .iter()
        .flat_map(|episode| [episode.first, episode.last])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let mut sorted: Vec<&Episode<Status>> = episodes.iter().collect();
    sorted.sort_by_key(|episode| episode.first);
    let mut coming = sorted.into_iter().peekable();
    let mut open: Vec<&Episode<Status>> = Vec::new();
    let mut changes: Vec<Change> = Vec::new();
    let mut stood: Option<Status> = None;
    for moment in moments {
        while let Some(episode) = coming.next_if(|episode| episode.first <= moment) {
            open.push(episode);
        }
        // What ended before this moment was last seen then; what ends now still holds.
        open.retain(|episode| episode.last >= moment);
        let Some(stands) = open.iter().map(|episode| episode.what).max() else {
            continue;
        };
        if let Some(from) = stood.filter(|stood| *stood != stands) {
            let what = match stands > from {
                true => Changed::Worsened { from, to: stands },
                false => Changed::Resolved { from, to: stands },
            };
            changes.push(Change { at: moment, what });
        }
        stood = Some(stands);
    }
    changes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(day: i64) -> Timestamp {
        let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        noon + SignedDuration::from_hours(24 * day)
    }

    fn episodes<T: Copy>(all: &[(T, i64, i64)]) -> Vec<Episode<T>> {
        all.iter()
            .map(|(what, first, last)| Episode {
                what: *what,
                first: day(*first),
                last: day(*last),
            })
            .collect()
    }

    fn leaves(all: &[(u8, i64, i64)], now: i64) -> Vec<(i64, &'static str)> {
        let history = History {
            leaves: episodes(
                &all.iter()
                    .map(|(leaf, first, last)| (Fingerprint::from_bytes([*leaf; 32]), *first, *last))
                    .collect::<Vec<_>>(),
            ),
            standings: Vec::new(),
        };
        let day_of = |at: Timestamp| at.duration_since(day(0)).as_hours() / 24;
        changes(&history, day(now))
            .iter()
            .map(|change| (day_of(change.at), change.what.word()))
            .collect()
    }

    fn standings(all: &[(Status, i64, i64)]) -> Vec<(i64, &'static str)> {
        let history = History {
            leaves: Vec::new(),
            standings: episodes(all),
        };
        let day_of = |at: Timestamp| at.duration_since(day(0)).as_hours() / 24;
        changes(&history, day(100))
            .iter()
            .map(|change| (day_of(change.at), change.what.word()))
            .collect()
    }

    #[test]
    fn a_certificate_appears_is_replaced_and_vanishes() {
        assert_eq!(
            leaves(&[(1, 0, 10), (2, 11, 20)], 27),
            [(0, "appeared"), (11, "replaced")]
        );
        assert_eq!(
            leaves(&[(1, 0, 10), (2, 11, 20)], 28),
            [(0, "appeared"), (11, "replaced"), (27, "vanished")]
        );
        assert_eq!(leaves(&[(1, 0, 0)], 0), [(0, "appeared")]);
        assert_eq!(leaves(&[], 0), []);
    }

    #[test]
    fn what_comes_back_after_a_long_silence_appears_again() {
        assert_eq!(
            leaves(&[(1, 0, 1), (1, 20, 21)], 21),
            [(0, "appeared"), (8, "vanished"), (20, "appeared")]
        );
        assert_eq!(
            leaves(&[(1, 0, 1), (1, 6, 7)], 7),
            [(0, "appeared")],
            "a short silence is none"
        );
    }

    #[test]
    fn two_backends_are_no_replacement_until_one_is_gone() {
        assert_eq!(leaves(&[(1, 0, 10), (2, 3, 10)], 10), [(0, "appeared")]);
        assert_eq!(
            leaves(&[(1, 0, 10), (2, 3, 12)], 12),
            [(0, "appeared"), (10, "replaced")]
        );
        assert_eq!(
            leaves(&[(1, 0, 10), (2, 3, 5)], 10),
            [(0, "appeared")],
            "a short visitor"
        );
    }

    #[test]
    fn trouble_within_a_calm_worsens_and_resolves() {
        let calm_with_trouble = [(Status::Ok, 0, 9), (Status::Critical, 5, 7)];
        assert_eq!(standings(&calm_with_trouble), [(5, "worsened"), (9, "resolved")]);
        assert_eq!(
            standings(&[(Status::Ok, 0, 9), (Status::Critical, 5, 10)]),
            [(5, "worsened")],
            "still there"
        );
        assert_eq!(
            standings(&[(Status::Warning, 0, 4), (Status::Expired, 5, 6)]),
            [(5, "worsened")]
        );
        assert_eq!(
            standings(&[(Status::Expired, 0, 4), (Status::Ok, 5, 6)]),
            [(5, "resolved")]
        );
        assert_eq!(
            standings(&[(Status::Ok, 0, 4), (Status::Ok, 5, 6)]),
            [],
            "other findings, as bad"
        );
    }

    proptest! {
        #[test]
        fn the_order_of_episodes_does_not_matter(
            all in prop::collection::vec((0_u8..4, 0_i64..60, 0_i64..20), 0..12), turn in 0_usize..12
        ) {
            let all: Vec<(u8, i64, i64)> = all.into_iter().map(|(what, first, long)| (what, first, first + long)).collect();
            let mut turned = all.clone();
            turned.rotate_left(turn.min(all.len()));
            prop_assert_eq!(leaves(&all, 90), leaves(&turned, 90));
        }

        #[test]
        fn first_it_appears_and_what_worsens_and_resolves_adds_up(
            all in prop::collection::vec((0_usize..5, 0_i64..60, 0_i64..20), 1..12)
        ) {
            let all: Vec<(Status, i64, i64)> =
                all.into_iter().map(|(what, first, long)| (Status::WORST_FIRST[what], first, first + long)).collect();
            let history = History { leaves: Vec::new(), standings: episodes(&all) };
            let mut stood: Option<Status> = None;
            for change in changes(&history, day(100)) {
                let (from, to) = match change.what {
                    Changed::Worsened { from, to } => { prop_assert!(to > from); (from, to) }
                    Changed::Resolved { from, to } => { prop_assert!(to < from); (from, to) }
                    other => return Err(TestCaseError::fail(format!("{other:?}"))),
                };
                prop_assert!(stood.is_none_or(|stood| stood == from));
                stood = Some(to);
            }
        }
    }
}
