//! How the looks of one place and vantage join what is known of it. Pure: rows in, rows out.
//!
//! What is kept is a function of the set of all looks ever taken in, whatever their order: the episodes of each leaf and
//! of each state (unions of balls, [`model::inventory::episode`]), the look with the greatest (time, digest), and the
//! last sights. The two episodes that reach up to that look stand in its row, so that a look that saw the same as before
//! changes that row and nothing else; all others are rows of their own.

use std::collections::{BTreeMap, BTreeSet};

use model::Fingerprint;
use model::inventory::episode::{self, Episode, GAP, Sample};

use super::batch::Seen;
use crate::error::Trouble;
use crate::words::{Digest, milliseconds, time};

/// The row of a place and vantage, with what it refers to by numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) at: i64,
    pub(super) judged_at: i64,
    pub(super) digest: Digest,
    pub(super) chain: i64,
    pub(super) seen: i64,
    pub(super) leaf: Option<(i64, i64)>,
    pub(super) state: (i64, i64),
    pub(super) status: Box<str>,
    pub(super) samples: Vec<Sample>,
}

/// A look with what it refers to by numbers.
#[derive(Clone, Debug)]
pub(super) struct Numbered<'a> {
    pub(super) look: &'a Seen,
    pub(super) chain: i64,
    pub(super) seen: i64,
    pub(super) leaf: Option<i64>,
    pub(super) further: Vec<i64>,
    pub(super) state: i64,
    pub(super) status: &'static str,
}

/// Episodes as rows: of what (a certificate's or state's number), first, last.
pub(super) type Rows = BTreeSet<(i64, i64, i64)>;

/// What a place and vantage become.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Merged {
    pub(super) standing: Standing,
    pub(super) leaves: Rows,
    pub(super) states: Rows,
}

/// Takes looks that saw the same as the standing, in one stretch with it: its row is all that changes. `None` when some
/// look needs the whole merge.
pub(super) fn unchanged(standing: &Standing, looks: &[Seen]) -> Result<Option<Standing>, Trouble> {
    let gap = i64::try_from(GAP.as_millis()).unwrap_or(i64::MAX);
    let since = standing
        .leaf
        .map_or(standing.state.1, |(_, since)| since.max(standing.state.1));
    let mut new = standing.clone();
    for look in looks {
        let is_same = look.digest == standing.digest && look.further.is_empty();
        if !is_same || look.at < since || look.at.saturating_sub(new.at) > gap {
            return Ok(None);
        }
        if (look.at, look.judged_at) > (new.at, new.judged_at) {
            (new.at, new.judged_at) = (look.at, look.judged_at);
        }
        note(&mut new.samples, look)?;
    }
    Ok(Some(new))
}

/// Joins looks with what is known; `leaves` and `states` are the episodes that do not stand in the standing's row.
pub(super) fn merge(
    standing: Option<&Standing>,
    leaves: &Rows,
    states: &Rows,
    looks: &[Numbered<'_>],
) -> Result<Merged, Trouble> {
    let (mut leaf_times, mut state_times) = (Times::of(leaves)?, Times::of(states)?);
    let mut samples = Vec::new();
    if let Some(standing) = standing {
        samples.clone_from(&standing.samples);
        state_times.add(standing.state.0, standing.state.1, standing.at)?;
        if let Some((leaf, since)) = standing.leaf {
            leaf_times.add(leaf, since, standing.at)?;
        }
    }
    let mut last: Option<&Numbered<'_>> = None;
    for numbered in looks {
        let at = numbered.look.at;
        state_times.add(numbered.state, at, at)?;
        for leaf in numbered.leaf.iter().chain(&numbered.further) {
            leaf_times.add(*leaf, at, at)?;
        }
        note(&mut samples, numbered.look)?;
        if last.is_none_or(|last| rank(last.look) < rank(numbered.look)) {
            last = Some(numbered);
        }
    }
    let old = standing.map(|standing| (standing.at, standing.digest, standing.judged_at));
    let mut new = match (last, standing) {
        (Some(last), _) if old.is_none_or(|old| old < rank(last.look)) => last.standing(),
        (_, Some(standing)) => standing.clone(),
        (_, None) => return Err(Trouble::broken("neither looks nor a standing")),
    };
    new.samples = samples;
    new.state.1 = state_times.since(new.state.0, new.at)?;
    let (mut leaves, mut states) = (leaf_times.rows(), state_times.rows());
    states.remove(&(new.state.0, new.state.1, new.at));
    if let Some((leaf, since)) = &mut new.leaf {
        *since = leaf_times.since(*leaf, new.at)?;
        leaves.remove(&(*leaf, *since, new.at));
    }
    Ok(Merged {
        standing: new,
        leaves,
        states,
    })
}

/// Which of two looks is the standing: the later; of one time the greater content, so that arrival does not decide.
const fn rank(look: &Seen) -> (i64, Digest, i64) {
    (look.at, look.digest, look.judged_at)
}

impl Numbered<'_> {
    fn standing(&self) -> Standing {
        Standing {
            at: self.look.at,
            judged_at: self.look.judged_at,
            digest: self.look.digest,
            chain: self.chain,
            seen: self.seen,
            leaf: self.leaf.map(|leaf| (leaf, self.look.at)),
            state: (self.state, self.look.at),
            status: self.status.into(),
            samples: Vec::new(),
        }
    }
}

fn note(samples: &mut Vec<Sample>, look: &Seen) -> Result<(), Trouble> {
    if let Some(leaf) = look.leaf {
        let leaf: Fingerprint = leaf;
        episode::sample(
            samples,
            Sample {
                at: time(look.at)?,
                leaf,
            },
        );
    }
    Ok(())
}

/// Episodes by what they are of.
struct Times(BTreeMap<i64, Vec<Episode>>);

impl Times {
    fn of(rows: &Rows) -> Result<Self, Trouble> {
        let mut times = Self(BTreeMap::new());
        for (what, first, last) in rows {
            times.add(*what, *first, *last)?;
        }
        Ok(times)
    }

    fn add(&mut self, what: i64, first: i64, last: i64) -> Result<(), Trouble> {
        let new = Episode {
            first: time(first)?,
            last: time(last)?,
        };
        episode::add(self.0.entry(what).or_default(), new);
        Ok(())
    }

    /// Where the episode begins that ends at `last`.
    fn since(&self, what: i64, last: i64) -> Result<i64, Trouble> {
        let last = time(last)?;
        let found = self
            .0
            .get(&what)
            .and_then(|episodes| episodes.iter().find(|episode| episode.last == last));
        let found = found.ok_or_else(|| Trouble::broken("the last look is in no episode"))?;
        Ok(milliseconds(found.first))
    }

    fn rows(&self) -> Rows {
        let rows = self.0.iter().flat_map(|(what, episodes)| {
            episodes
                .iter()
                .map(|episode| (*what, milliseconds(episode.first), milliseconds(episode.last)))
        });
        rows.collect()
    }
}
