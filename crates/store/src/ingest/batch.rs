//! Looks reduced to what is distinct in them, before the writer's turn comes.
//!
//! This is done by whoever hands the looks in, so that the one thread that writes does nothing but write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use model::inventory::{Look, Place, Vantage};
use model::{Certificate, Fingerprint};

use crate::schedule::{Due, shard_of};
use crate::words::{self, Digest, digest, milliseconds};

/// Looks ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Distinct places, and the time of the earliest look at each; `None` for one that is only scheduled.
    pub(crate) places: BTreeMap<Digest, (Place, Option<i64>)>,
    pub(crate) vantages: BTreeSet<Vantage>,
    /// Looks of one place and vantage, the earliest first.
    pub(crate) groups: BTreeMap<(Digest, Vantage), Vec<Seen>>,
    pub(crate) certificates: HashMap<Fingerprint, Arc<Certificate>>,
    pub(crate) seen: BTreeMap<Digest, String>,
    pub(crate) states: BTreeMap<Digest, StateText>,
    pub(crate) chains: BTreeMap<Digest, Vec<Fingerprint>>,
    pub(crate) due: Vec<(Digest, Due)>,
    /// Bit n: some place is in shard n.
    pub(crate) shards: u64,
    pub(crate) looks: u64,
}

/// A state as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct StateText {
    pub(crate) status: &'static str,
    pub(crate) text: String,
}

/// One look, everything in it by its digest. Ordered by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    pub(crate) at: i64,
    /// Of all that was seen, certificates included.
    pub(crate) digest: Digest,
    pub(crate) judged_at: i64,
    pub(crate) seen: Digest,
    pub(crate) state: Digest,
    pub(crate) chain: Digest,
    pub(crate) leaf: Option<Fingerprint>,
    pub(crate) further: Vec<Fingerprint>,
}

impl Batch {
    /// Reduces `looks`, and notes when whose turn is next.
    pub(crate) fn new(looks: &[Look], due: Vec<Due>) -> Self {
        let mut batch = Self {
            looks: looks.len() as u64,
            ..Self::default()
        };
        for look in looks {
            batch.take(look);
        }
        for group in batch.groups.values_mut() {
            group.sort();
            group.dedup();
        }
        for next in due {
            let key = batch.place(&next.place, None);
            batch.vantages.insert(next.vantage.clone());
            batch.due.push((key, next));
        }
        batch
    }

    fn take(&mut self, look: &Look) {
        let at = milliseconds(look.at);
        let place = self.place(&look.place, Some(look.at));
        let text = words::seen(&look.seen);
        let seen = digest(text.as_bytes());
        self.seen.entry(seen).or_insert(text);
        let state = self.state(look);
        let chain_of = |certificates: &[Arc<Certificate>]| -> Vec<Fingerprint> {
            certificates
                .iter()
                .map(|certificate| certificate.fingerprint())
                .collect()
        };
        let (chain, further) = (chain_of(&look.chain), chain_of(&look.further));
        for certificate in look.chain.iter().chain(&look.further) {
            self.certificates
                .entry(certificate.fingerprint())
                .or_insert_with(|| Arc::clone(certificate));
        }
        let leaf = chain.first().copied();
        let chain_digest = digest(&joined(&chain));
        self.chains.entry(chain_digest).or_insert(chain);
        let mut all = Vec::with_capacity(32 + 32 * further.len());
        all.extend_from_slice(&seen);
        all.extend_from_slice(&chain_digest);
        all.extend_from_slice(&joined(&further));
        let group = self.groups.entry((place, look.vantage.clone())).or_default();
        group.push(Seen {
            at,
            digest: digest(&all),
            judged_at: milliseconds(look.judged_at),
            seen,
            state,
            chain: chain_digest,
            leaf,
            further,
        });
        self.vantages.insert(look.vantage.clone());
    }

    fn state(&mut self, look: &Look) -> Digest {
        let text = words::state(&look.seen.state());
        let state = digest(text.as_bytes());
        let status = look.seen.status.word();
        self.states.entry(state).or_insert(StateText { status, text });
        state
    }

    fn place(&mut self, place: &Place, at: Option<Timestamp>) -> Digest {
        let key = digest(place.key().as_bytes());
        self.shards |= 1_u64.checked_shl(u32::from(shard_of(&key))).unwrap_or_default();
        let at = at.map(milliseconds);
        let (_, first) = self.places.entry(key).or_insert_with(|| (place.clone(), at));
        *first = match (*first, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        key
    }
}

/// Fingerprints one after the other.
pub(crate) fn joined(fingerprints: &[Fingerprint]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32 * fingerprints.len());
    for fingerprint in fingerprints {
        bytes.extend_from_slice(fingerprint.as_bytes());
    }
    bytes
}
