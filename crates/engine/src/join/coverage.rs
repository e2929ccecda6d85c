//! Coverage: the part of what is known that is seen, as one number.
//!
//! Everything that is known, each with whether it is a blind spot, is counted in; a percentage comes out that adds up with the
//! list of blind spots behind it.

use super::blind::Blind;

/// What is known, and what of it is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Names and endpoints that are known.
    pub known: u64,
    /// Those that are seen.
    pub seen: u64,
    /// Blind spots of each kind, in the order of [`Blind::ALL`].
    pub blind: [u64; Blind::ALL.len()],
}

impl Coverage {
    /// Counts one name or endpoint in.
    pub fn count(&mut self, blind: Option<Blind>) {
        self.known += 1;
        match blind {
            None => self.seen += 1,
            Some(blind) => self.note(blind),
        }
    }

    /// Notes a blind spot that is no name and no endpoint: a source.
    pub fn note(&mut self, blind: Blind) {
        let place = Blind::ALL.iter().position(|known| *known == blind);
        if let Some(count) = place.and_then(|place| self.blind.get_mut(place)) {
            *count += 1;
        }
    }

    /// In tenths of a percent, rounded down: 1,000 says that nothing at all is missing. Of nothing, all is seen.
    pub fn per_mille(&self) -> u64 {
        let share = u128::from(self.seen) * 1_000 / u128::from(self.known.max(1));
        if self.known == 0 {
            1_000
        } else {
            u64::try_from(share).unwrap_or(1_000)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_and_the_list_add_up() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.per_mille(), 1_000, "of nothing");
        for blind in [None, None, Some(Blind::NotSeen), Some(Blind::NeverLookedAt)] {
            coverage.count(blind);
        }
        assert_eq!(coverage.per_mille(), 500);
        assert_eq!(coverage.known - coverage.seen, coverage.blind.iter().sum::<u64>());
    }

    #[test]
    fn all_but_one_of_a_million_is_not_all() {
        let almost = Coverage {
            known: 1_000_000,
            seen: 999_999,
            ..Coverage::default()
        };
        assert_eq!(almost.per_mille(), 999);
        let all = Coverage {
            known: u64::MAX,
            seen: u64::MAX,
            ..Coverage::default()
        };
        assert_eq!(all.per_mille(), 1_000);
    }

    #[test]
    fn a_failing_source_is_noted_beside_the_number() {
        let mut coverage = Coverage::default();
        coverage.count(None);
        coverage.note(Blind::SourceFailing);
        assert_eq!((coverage.per_mille(), coverage.blind[7]), (1_000, 1));
    }
}
