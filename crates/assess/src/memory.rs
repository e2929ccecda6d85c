//! Remembers checked signatures, and the judged upper parts of paths, so that each is worked out once.
//!
//! A signature's verdict never changes: it is known by (child SHA-256, issuer SHA-256) and may be kept between runs.
//! The verdict on what stands above an issuer depends on the time, the stores and the certificates that were sent: it
//! is kept with the span of time in which it holds. Both are only memory: losing any of it costs time and changes no
//! verdict. Both are bounded; when a generation is full, the one before it is forgotten.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::Certificate;
use model::revocation::{OcspReply, RevocationList};

use crate::path::{Terms, Upper};
use crate::signature::{self, Signed};

/// One remembered signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KnownSignature {
    /// The signed certificate, revocation list, or OCSP answer.
    pub child: Fingerprint,
    /// The certificate whose key was tried.
    pub issuer: Fingerprint,
    /// Whether that key made the signature.
    pub valid: bool,
}

/// Remembers signatures and upper paths. Shared by all threads; each look-up holds one short lock of one shard.
pub struct SignatureMemory {
    signatures: Shards<(Fingerprint, Fingerprint), Remembered>,
    uppers: Shards<UpperKey, Arc<Upper>>,
}

#[derive(Clone, Copy)]
struct Remembered {
    valid: bool,
    origin: Origin,
}

/// Whether an entry came from a kept file or was worked out now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Kept,
    Fresh,
}

/// What the upper part of a path depends on, beside the time.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct UpperKey {
    /// The set of stores.
    pub(crate) stores: Fingerprint,
    /// The issuer that the upper part begins with.
    pub(crate) issuer: Fingerprint,
    /// SHA-256 over the fingerprints of the certificates beside the leaf, in order, and how many of them were sent.
    pub(crate) others: Fingerprint,
    /// What is asked of each certificate.
    pub(crate) terms: Terms,
}

/// Signatures remembered by default: 72 bytes each, so about 150 MB at the very most, and 5 MB for 60,000 hosts.
const SIGNATURES: usize = 1_048_576;
/// Upper paths remembered: there are as many as (issuer, sent chain) pairs, some hundreds in the largest fleets.
const UPPERS: usize = 16_384;
/// Locks; a few times the number of threads that judge.
const SHARDS: usize = 16;

impl Default for SignatureMemory {
    fn default() -> Self {
        Self::with_capacity(SIGNATURES)
    }
}

impl SignatureMemory {
    /// An empty memory of the default size.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty memory for about so many signatures.
    pub fn with_capacity(signatures: usize) -> Self {
        Self {
            signatures: Shards::new(signatures),
            uppers: Shards::new(signatures.min(UPPERS)),
        }
    }

    /// Whether `issuer`'s key signed `child`, if that is remembered.
    pub fn get(&self, child: Fingerprint, issuer: Fingerprint) -> Option<bool> {
        self.signatures
            .get(&(child, issuer))
            .map(|remembered| remembered.valid)
    }

    /// Remembers what was read from a file; such entries are not among [`Self::fresh`].
    pub fn insert(&self, known: KnownSignature) {
        let remembered = Remembered {
            valid: known.valid,
            origin: Origin::Kept,
        };
        self.signatures.insert((known.child, known.issuer), remembered);
    }

    /// The signatures that were checked since the start and are still remembered, in order of their fingerprints: what
    /// a kept file lacks.
    pub fn fresh(&self) -> Vec<KnownSignature> {
        self.collect(|remembered| remembered.origin == Origin::Fresh)
    }

    /// Everything that is remembered, in order of the fingerprints.
    pub fn entries(&self) -> Vec<KnownSignature> {
        self.collect(|_| true)
    }

    /// Checks a signature, or remembers that it was checked. What cannot be verified is not remembered: a later
    /// version may be able to.
    pub(crate) fn verify(&self, child: &Certificate, issuer: &Certificate) -> Signed {
        let key = (child.fingerprint(), issuer.fingerprint());
        self.remember(key, || signature::verify(child, issuer))
    }

    /// As [`Self::verify`], of a revocation list.
    pub(crate) fn verify_list(&self, list: &RevocationList, issuer: &Certificate) -> Signed {
        let key = (list.fingerprint(), issuer.fingerprint());
        self.remember(key, || signature::verify_list(list, issuer))
    }

    /// As [`Self::verify`], of an OCSP answer; `check` verifies it when that is not remembered.
    pub(crate) fn verify_reply(
        &self,
        reply: &OcspReply,
        signer: &Certificate,
        check: impl FnOnce() -> Signed,
    ) -> Signed {
        self.remember((reply.fingerprint(), signer.fingerprint()), check)
    }

    fn remember(&self, key: (Fingerprint, Fingerprint), check: impl FnOnce() -> Signed) -> Signed {
        match self.signatures.get(&key) {
            Some(Remembered { valid: true, .. }) => return Signed::Valid,
            Some(Remembered { valid: false, .. }) => return Signed::Invalid,
            None => {}
        }
        let signed = check();
        if signed != Signed::Unsupported {
            let remembered = Remembered {
                valid: signed == Signed::Valid,
                origin: Origin::Fresh,
            };
            self.signatures.insert(key, remembered);
        }
        signed
    }

    /// The upper path, if it is remembered and holds at `now`.
    pub(crate) fn upper(&self, key: &UpperKey, now: Timestamp) -> Option<Arc<Upper>> {
        self.uppers.get(key).filter(|upper| upper.holds_at(now))
    }

    /// Remembers an upper path.
    pub(crate) fn keep_upper(&self, key: UpperKey, upper: Arc<Upper>) {
        self.uppers.insert(key, upper);
    }

    fn collect(&self, wanted: impl Fn(&Remembered) -> bool) -> Vec<KnownSignature> {
        let mut entries = Vec::new();
        self.signatures.each(|(child, issuer), remembered| {
            if wanted(remembered) {
                entries.push(KnownSignature {
                    child: *child,
                    issuer: *issuer,
                    valid: remembered.valid,
                });
            }
        });
        entries.sort_unstable();
        entries.dedup();
        entries
    }
}

impl std::fmt::Debug for SignatureMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignatureMemory").finish_non_exhaustive()
    }
}

/// A bounded map behind several locks. The lock of a shard is held for one look-up or insertion, never across a
/// signature check.
struct Shards<K, V> {
    shards: [Mutex<Generations<K, V>>; SHARDS],
    /// Picks the shard; keyed at random, so that a stranger cannot aim at one lock.
    picker: RandomState,
    per_generation: usize,
}

/// The present generation and the one before. What is used moves to the present one; when that is full, the older one
/// is forgotten: least recently used, to within a generation, without a list to maintain.
struct Generations<K, V> {
    present: HashMap<K, V>,
    former: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Shards<K, V> {
    fn new(capacity: usize) -> Self {
        let shards = std::array::from_fn(|_| {
            Mutex::new(Generations {
                present: HashMap::new(),
                former: HashMap::new(),
            })
        });
        Self {
            shards,
            picker: RandomState::new(),
            per_generation: (capacity / SHARDS / 2).max(1),
        }
    }

    fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key)?.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = shard.present.get(key) {
            return Some(value.clone());
        }
        let (key, value) = shard.former.remove_entry(key)?;
        shard.insert(key, value.clone(), self.per_generation);
        Some(value)
    }

    fn insert(&self, key: K, value: V) {
        if let Some(shard) = self.shard(&key) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.insert(key, value, self.per_generation);
        }
    }

    fn each(&self, mut visit: impl FnMut(&K, &V)) {
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard
                .former
                .iter()
                .chain(&shard.present)
                .for_each(|(key, value)| visit(key, value));
        }
    }

    /// Always a shard, since the remainder is below their number.
    fn shard(&self, key: &K) -> Option<&Mutex<Generations<K, V>>> {
        let hash = self.picker.hash_one(key);
        self.shards
            .get(usize::try_from(hash % SHARDS as u64).unwrap_or_default())
    }
}

impl<K: Hash + Eq, V> Generations<K, V> {
    fn insert(&mut self, key: K, value: V, per_generation: usize) {
        if self.present.len() >= per_generation && !self.present.contains_key(&key) {
            self.former = std::mem::take(&mut self.present);
        }
        self.present.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(number: u32) -> KnownSignature {
        let child = Fingerprint::of(&number.to_be_bytes());
        KnownSignature {
            child,
            issuer: Fingerprint::of(b"issuer"),
            valid: number.is_multiple_of(2),
        }
    }

    #[test]
    fn what_was_kept_is_found_and_not_called_fresh() {
        let memory = SignatureMemory::new();
        memory.insert(known(1));
        assert_eq!(memory.get(known(1).child, known(1).issuer), Some(false));
        assert_eq!(memory.get(known(2).child, known(2).issuer), None);
        assert_eq!(memory.entries(), [known(1)]);
        assert!(memory.fresh().is_empty());
    }

    #[test]
    fn growth_is_bounded_and_the_used_survive() {
        let memory = SignatureMemory::with_capacity(320);
        for number in 0..10_000 {
            memory.insert(known(number));
            assert!(
                memory.get(known(0).child, known(0).issuer).is_some(),
                "the one in use is never forgotten"
            );
        }
        let kept = memory.entries().len();
        assert!((10..=320 + SHARDS).contains(&kept), "{kept}");
    }

    #[test]
    fn threads_share_it() {
        let memory = SignatureMemory::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let memory = &memory;
                scope.spawn(move || {
                    (thread * 100..thread * 100 + 100).for_each(|number| memory.insert(known(number)))
                });
            }
        });
        assert_eq!(memory.entries().len(), 400);
    }
}
