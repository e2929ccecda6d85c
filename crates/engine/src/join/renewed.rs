//! Renewed, not served: a newer certificate for the same names exists, and endpoints still serve the old one.
//!
//! Certificates and claims with their names come in, and who serves which now; out goes one finding per old certificate.
//! The join is by name sets, never by the name of one host. *Newer* means issued later and ending later, for every name of
//! the old one: a certificate of another authority that ends sooner replaces nothing.
//!
//! Several machines that each renew for themselves serve certificates of nearly the same age, and none of these replaces
//! another. So a certificate that nobody but the wire told of must be younger by a quarter of the old one's lifetime.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{CertificateNumber, NameNumber, PlaceNumber};

/// A certificate, or what is claimed of one.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its number.
    pub number: CertificateNumber,
    /// Begin of validity; of a claim without one, when it was first told.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Every name that it is for which means one host everywhere (no `localhost`), sorted, each once.
    pub names: Box<[NameNumber]>,
    /// Whether it can take the place of another: issued by an authority, not taken back, not pending.
    pub can_replace: bool,
    /// Who told of it.
    pub told: Told,
}

/// Who told of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A source: an account, a table, files.
    BySource,
    /// Looks alone.
    OnTheWire,
}

/// A certificate that an endpoint serves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Where.
    pub place: PlaceNumber,
    /// Which.
    pub certificate: CertificateNumber,
}

/// An old certificate that is still served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotServed {
    /// The old one.
    pub old: CertificateNumber,
    /// The youngest that replaces it.
    pub newer: CertificateNumber,
    /// Since when that one could have been served.
    pub since: Timestamp,
    /// Endpoints that still serve the old one, in order.
    pub places: Vec<PlaceNumber>,
    /// Endpoints that serve the old one or one that replaces it.
    pub of: usize,
}

/// How long a new certificate may wait before it is said: whoever deploys on working days is not disturbed at the weekend.
pub const GRACE: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Sets of names that are looked through for one old certificate: its rarest name leads to them. Beyond it are names that
/// thousands of different certificates share, which is no renewal.
const SETS_AT_MOST: usize = 4_096;
/// The part of the old one's lifetime by which a certificate that was only seen on the wire must be younger.
const YOUNGER_PART: i32 = 4;

/// Finds them; the soonest to end first.
pub fn renewed_not_served(
    issued: &[Issued],
    served: &[Served],
    grace: SignedDuration,
    now: Timestamp,
) -> Vec<NotServed> {
    let by_number: HashMap<CertificateNumber, usize> = issued
        .iter()
        .enumerate()
        .map(|(place, one)| (one.number, place))
        .collect();
    let mut served_by: HashMap<usize, Vec<PlaceNumber>> = HashMap::new();
    for one in served {
        if let Some(place) = by_number.get(&one.certificate) {
            served_by.entry(*place).or_default().push(one.place);
        }
    }
    let sets = Sets::of(issued);
    let mut found: Vec<(Timestamp, NotServed)> = Vec::new();
    for (place, places) in &served_by {
        let Some(old) = issued.get(*place) else { continue };
        let replacing: Vec<usize> = sets.replacing(issued, old, now);
        let newest = replacing
            .iter()
            .filter_map(|place| issued.get(*place))
            .max_by_key(|one| (one.not_before, one.number));
        let Some(newer) = newest else { continue };
        // The first that could have been deployed counts: a second renewal does not begin the grace anew.
        let since = replacing
            .iter()
            .filter_map(|place| issued.get(*place))
            .map(|one| one.not_before)
            .min();
        let since = since.unwrap_or(newer.not_before);
        if now.duration_since(since) < grace {
            continue;
        }
        let mut places = places.clone();
        places.sort_unstable();
        places.dedup();
        let of = places.len() + deployed(&replacing, &served_by, &places);
        found.push((
            old.not_after,
            NotServed {
                old: old.number,
                newer: newer.number,
                since,
                places,
                of,
            },
        ));
    }
    found.sort_by_key(|(ends, one)| (*ends, one.old));
    found.into_iter().map(|(_, one)| one).collect()
}

/// Places that serve one of these and are not among those of the old one.
fn deployed(replacing: &[usize], served_by: &HashMap<usize, Vec<PlaceNumber>>, old: &[PlaceNumber]) -> usize {
    let mut places: Vec<PlaceNumber> = replacing
        .iter()
        .filter_map(|place| served_by.get(place))
        .flatten()
        .copied()
        .collect();
    places.sort_unstable();
    places.dedup();
    places
        .iter()
        .filter(|place| old.binary_search(place).is_err())
        .count()
}

/// Distinct sets of names, and where each name occurs among them.
struct Sets<'a> {
    /// Each set, with the certificates that can replace another and have it, youngest first.
    sets: Vec<(&'a [NameNumber], Vec<usize>)>,
    /// Name and set, sorted.
    occurrences: Vec<(NameNumber, usize)>,
}

impl<'a> Sets<'a> {
    fn of(issued: &'a [Issued]) -> Self {
        let mut numbers: HashMap<&[NameNumber], usize> = HashMap::new();
        let mut sets: Vec<(&[NameNumber], Vec<usize>)> = Vec::new();
        for (place, one) in issued.iter().enumerate() {
            if !one.can_replace || one.names.is_empty() {
                continue;
            }
            let number = *numbers.entry(&one.names).or_insert_with(|| {
                sets.push((&one.names, Vec::new()));
                sets.len() - 1
            });
            if let Some((_, members)) = sets.get_mut(number) {
                members.push(place);
            }
        }
        let begin = |place: &usize| issued.get(*place).map(|one| one.not_before);
        for (_, members) in &mut sets {
            members.sort_by_key(|place| std::cmp::Reverse(begin(place)));
        }
        let mut occurrences: Vec<(NameNumber, usize)> = { sets.iter().enumerate() }
            .flat_map(|(number, (names, _))| names.iter().map(move |name| (*name, number)))
            .collect();
        occurrences.sort_unstable();
        Self { sets, occurrences }
    }

    /// Sets that have a name.
    fn with(&self, name: NameNumber) -> &[(NameNumber, usize)] {
        let begin = self.occurrences.partition_point(|(known, _)| *known < name);
        let end = self.occurrences.partition_point(|(known, _)| *known <= name);
        self.occurrences.get(begin..end).unwrap_or_default()
    }

    /// What replaces `old`.
    fn replacing(&self, issued: &[Issued], old: &Issued, now: Timestamp) -> Vec<usize> {
        let rarest = old
            .names
            .iter()
            .map(|name| self.with(*name))
            .min_by_key(|sets| sets.len());
        let mut found = Vec::new();
        for (_, number) in rarest.unwrap_or_default().iter().take(SETS_AT_MOST) {
            let Some((names, members)) = self.sets.get(*number) else {
                continue;
            };
            if !contains_all(names, &old.names) {
                continue;
            }
            let younger = members.iter().copied().take_while(|place| {
                issued
                    .get(*place)
                    .is_some_and(|one| one.not_before > old.not_before)
            });
            found.extend(
                younger.filter(|place| issued.get(*place).is_some_and(|one| replaces(one, old, now))),
            );
        }
        found
    }
}

fn replaces(newer: &Issued, old: &Issued, now: Timestamp) -> bool {
    let later = newer.not_before > old.not_before && newer.not_after > old.not_after;
    let usable = newer.not_before <= now && newer.not_after > now;
    let apart = newer.not_before.duration_since(old.not_before);
    let lifetime = old.not_after.duration_since(old.not_before);
    later && usable && (newer.told == Told::BySource || apart >= lifetime / YOUNGER_PART)
}

/// Whether a sorted list has all of another.
fn contains_all(all: &[NameNumber], some: &[NameNumber]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|wanted| rest.by_ref().any(|name| name == wanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::join::times::day;

    fn issued(number: i64, from: i64, until: i64, names: &[i64]) -> Issued {
        Issued {
            number,
            not_before: day(from),
            not_after: day(until),
            names: names.into(),
            can_replace: true,
            told: Told::BySource,
        }
    }

    fn served(pairs: &[(i64, i64)]) -> Vec<Served> {
        pairs
            .iter()
            .map(|(place, certificate)| Served {
                place: *place,
                certificate: *certificate,
            })
            .collect()
    }

    fn found(issued: &[Issued], pairs: &[(i64, i64)]) -> Vec<NotServed> {
        renewed_not_served(issued, &served(pairs), GRACE, day(0))
    }

    #[test]
    fn three_of_four_endpoints_still_serve_the_old_one() {
        let all = [
            issued(1, -80, 10, &[7, 8]),
            issued(2, -5, 85, &[7, 8, 9]),
            issued(3, -80, 10, &[5]),
        ];
        let found = found(&all, &[(103, 1), (101, 1), (102, 1), (104, 2), (105, 3)]);
        let expected = NotServed {
            old: 1,
            newer: 2,
            since: day(-5),
            places: vec![101, 102, 103],
            of: 4,
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn nothing_when_it_is_deployed_covers_less_ends_sooner_or_cannot_replace() {
        let old = || issued(1, -80, 10, &[7, 8]);
        let cases = [
            ("covers less", issued(2, -5, 85, &[7])),
            ("ends sooner", issued(2, -5, 9, &[7, 8])),
            ("is older", issued(2, -81, 85, &[7, 8])),
            ("is not valid yet", issued(2, 1, 85, &[7, 8])),
            (
                "was taken back",
                Issued {
                    can_replace: false,
                    ..issued(2, -5, 85, &[7, 8])
                },
            ),
        ];
        for (why, other) in cases {
            assert_eq!(found(&[old(), other], &[(101, 1)]), [], "{why}");
        }
        assert_eq!(
            found(&[old(), issued(2, -5, 85, &[7, 8])], &[(101, 2)]),
            [],
            "deployed"
        );
        assert_eq!(
            found(&[issued(1, -80, 10, &[]), issued(2, -5, 85, &[])], &[(101, 1)]),
            [],
            "without names"
        );
    }

    #[test]
    fn the_grace_ends_with_its_last_moment() {
        let all = |from: i64| [issued(1, -80, 10, &[7]), issued(2, from, 85, &[7])];
        assert_eq!(found(&all(-3), &[(101, 1)]).len(), 1);
        assert_eq!(found(&all(-2), &[(101, 1)]).len(), 0);
        // A second renewal does not begin it anew.
        let twice = [
            issued(1, -80, 10, &[7]),
            issued(2, -5, 85, &[7]),
            issued(3, -1, 89, &[7]),
        ];
        let found = found(&twice, &[(101, 1)]);
        assert_eq!((found[0].newer, found[0].since), (3, day(-5)));
    }

    #[test]
    fn machines_that_renew_for_themselves_replace_nobody() {
        let seen = |number, from| Issued {
            told: Told::OnTheWire,
            ..issued(number, from, from + 90, &[7])
        };
        assert_eq!(found(&[seen(1, -20), seen(2, -10)], &[(101, 1), (102, 2)]), []);
        assert_eq!(
            found(&[seen(1, -60), seen(2, -10)], &[(101, 1), (102, 2)]).len(),
            1
        );
    }

    #[test]
    fn a_name_that_everybody_has_is_no_trap() {
        let mut all: Vec<Issued> = (0..20_000)
            .map(|number| issued(number, -80, 10, &[1, 10_000 + number]))
            .collect();
        all.push(issued(50_000, -5, 85, &[1, 10_007]));
        let pairs: Vec<(i64, i64)> = (0..20_000).map(|number| (number, number)).collect();
        let found = found(&all, &pairs);
        assert_eq!(found.iter().map(|one| one.old).collect::<Vec<_>>(), [7]);
    }
}
