//! What is served now, counted by certificate: one entry for each that is a leaf of some standing.

use std::collections::HashMap;

use model::Status;
use model::inventory::{CertificateRow, EndpointRow};

/// Served certificates, by number.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    leaves: HashMap<i64, Use>,
    /// Stores that come with browsers and systems; others are somebody's own.
    public: Vec<Box<str>>,
    /// Words that many share.
    words: Vec<Box<str>>,
}

/// How a certificate is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    /// At how many endpoints.
    pub(crate) places: u64,
    /// The worst of their statuses.
    pub(crate) status: Status,
    /// Whether a public store trusts it somewhere.
    pub(crate) is_public: bool,
    version: usize,
    cipher: usize,
}

impl Served {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let public = assess::Stores::public();
        Self {
            leaves: HashMap::new(),
            public: public.list().iter().map(|store| (*store.name).into()).collect(),
            words: Vec::new(),
        }
    }

    /// Counts a standing.
    pub(crate) fn count(&mut self, row: &EndpointRow) {
        let Some(leaf) = row.leaf_id else { return };
        let tls = row.seen.as_ref().and_then(|seen| seen.tls.as_ref());
        let (version, cipher) = tls.map_or(("", ""), |tls| (&*tls.version, &*tls.cipher));
        let (version, cipher) = (self.word(version), self.word(cipher));
        let trust = row
            .seen
            .as_ref()
            .map(|seen| seen.trust.as_slice())
            .unwrap_or_default();
        let is_public = trust
            .iter()
            .any(|said| said.trusted && self.public.contains(&said.store));
        let status = row.state.status;
        let found = self.leaves.entry(leaf.0).or_insert(Use {
            places: 0,
            status,
            is_public,
            version,
            cipher,
        });
        found.places += 1;
        found.status = found.status.max(status);
        found.is_public |= is_public;
    }

    /// How a certificate is served; `None` when it is not.
    pub(crate) fn of(&self, certificate: i64) -> Option<Use> {
        self.leaves.get(&certificate).copied()
    }

    /// Whether a certificate is one for servers: an authority's own is one where it is served as if it were.
    pub(crate) fn is_leaf(&self, row: &CertificateRow) -> bool {
        !row.is_ca || self.leaves.contains_key(&row.id.0)
    }

    /// Endpoints that serve it.
    pub(crate) fn places(&self, certificate: i64) -> u64 {
        self.of(certificate).map_or(0, |found| found.places)
    }

    /// Version and suite at one of its endpoints.
    pub(crate) fn tls(&self, found: &Use) -> (&str, &str) {
        let word = |place: usize| self.words.get(place).map(|word| &**word).unwrap_or_default();
        (word(found.version), word(found.cipher))
    }

    fn word(&mut self, word: &str) -> usize {
        if let Some(place) = self.words.iter().position(|known| **known == *word) {
            return place;
        }
        self.words.push(word.into());
        self.words.len() - 1
    }
}
