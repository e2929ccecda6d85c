//! Trust stores: named, dated sets of anchors. Certificates come in, an index by subject goes out; which store holds an
//! anchor is one bit of a mask, so that path building visits an anchor once for all stores.
//!
//! A public store is one that clients of the internet use; a user's store is one that the user's own clients use. Any
//! certificate in a user's store is an anchor, an intermediate or a self-signed leaf too.

use std::collections::HashMap;
use std::sync::Arc;

use model::Fingerprint;
use model::certificate::Certificate;

/// The version of crate `webpki-root-certs` that is built in, and the day it was published. To update: `cargo update -p
/// webpki-root-certs`, then copy version and day from the registry; a test holds the number against `Cargo.lock`.
pub const MOZILLA_VERSION: &str = "1.0.11";
/// The day on which [`MOZILLA_VERSION`] was published.
pub const MOZILLA_DATE: &str = "2026-10-23";

/// How many stores a set can hold: one bit each.
pub const MOST_STORES: usize = 64;

/// A set of stores, ready for look-ups.
#[derive(Clone, Debug)]
pub struct Stores {
    list: Vec<Store>,
    anchors: Vec<Anchor>,
    by_subject: HashMap<Box<[u8]>, Vec<usize>>,
    by_fingerprint: HashMap<Fingerprint, usize>,
    identity: Fingerprint,
}

/// One store as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its name (`Mozilla`, `corp`).
    pub name: Arc<str>,
    /// Whose it is.
    pub kind: StoreKind,
    /// Version, for stores that have one.
    pub version: Option<&'static str>,
    /// The day of that version (`2026-01-31`).
    pub date: Option<&'static str>,
    /// How many anchors it holds.
    pub anchors: usize,
}

/// Whose a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreKind {
    /// Of clients of the internet.
    Public,
    /// Of the user's own clients.
    User,
}

/// More than [`MOST_STORES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 64 trust stores")]
pub struct TooManyStores;

/// Stores as bits, by their place in the list.
pub(crate) type StoreSet = u64;

/// A certificate that is trusted for its own sake, and by which stores.
#[derive(Clone, Debug)]
pub(crate) struct Anchor {
    pub(crate) certificate: Arc<Certificate>,
    pub(crate) stores: StoreSet,
}

impl Stores {
    /// No store at all: everything is refused.
    pub fn none() -> Self {
        let empty = Fingerprint::of(b"");
        Self {
            list: Vec::new(),
            anchors: Vec::new(),
            by_subject: HashMap::new(),
            by_fingerprint: HashMap::new(),
            identity: empty,
        }
    }

    /// Mozilla's store as crate `webpki-root-certs` has it: roots for TLS servers.
    pub fn mozilla() -> Self {
        let mut stores = Self::none();
        let certificates = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        stores.list.push(Store {
            name: Arc::from("Mozilla"),
            kind: StoreKind::Public,
            version: Some(MOZILLA_VERSION),
            date: Some(MOZILLA_DATE),
            anchors: certificates.len(),
        });
        for der in certificates {
            stores.add(Arc::new(Certificate::from_der(der.as_ref())), 1);
        }
        stores.seal();
        stores
    }

    /// Adds a store of the user's own. Every certificate in it is an anchor.
    ///
    /// # Errors
    /// When there are [`MOST_STORES`] already.
    pub fn with_user_store(
        self,
        name: impl Into<Arc<str>>,
        certificates: Vec<Arc<Certificate>>,
    ) -> Result<Self, TooManyStores> {
        self.with_store(name.into(), StoreKind::User, certificates)
    }

    /// Adds a public store, without version or date.
    ///
    /// # Errors
    /// When there are [`MOST_STORES`] already.
    pub fn with_public_store(
        self,
        name: impl Into<Arc<str>>,
        certificates: Vec<Arc<Certificate>>,
    ) -> Result<Self, TooManyStores> {
        self.with_store(name.into(), StoreKind::Public, certificates)
    }

    /// The stores in their order.
    pub fn list(&self) -> &[Store] {
        &self.list
    }

    fn with_store(
        mut self,
        name: Arc<str>,
        kind: StoreKind,
        certificates: Vec<Arc<Certificate>>,
    ) -> Result<Self, TooManyStores> {
        let place = self.list.len();
        if place >= MOST_STORES {
            return Err(TooManyStores);
        }
        let anchors = certificates.len();
        self.list.push(Store {
            name,
            kind,
            version: None,
            date: None,
            anchors,
        });
        for certificate in certificates {
            self.add(certificate, 1 << place);
        }
        self.seal();
        Ok(self)
    }

    fn add(&mut self, certificate: Arc<Certificate>, store: StoreSet) {
        let known = self.by_fingerprint.get(&certificate.fingerprint()).copied();
        if let Some(anchor) = known.and_then(|place| self.anchors.get_mut(place)) {
            anchor.stores |= store;
            return;
        }
        let place = self.anchors.len();
        self.by_fingerprint.insert(certificate.fingerprint(), place);
        self.by_subject
            .entry(certificate.facts().subject.canonical.clone())
            .or_default()
            .push(place);
        self.anchors.push(Anchor {
            certificate,
            stores: store,
        });
    }

    /// Names the set by its content: what is remembered of one set never answers for another.
    fn seal(&mut self) {
        let mut content = Vec::with_capacity(self.anchors.len() * 40);
        for anchor in &self.anchors {
            content.extend_from_slice(anchor.certificate.fingerprint().as_bytes());
            content.extend_from_slice(&anchor.stores.to_be_bytes());
        }
        self.identity = Fingerprint::of(&content);
    }

    /// Every store's bit.
    pub(crate) fn all(&self) -> StoreSet {
        match self.list.len() {
            0 => 0,
            count => StoreSet::MAX >> (MOST_STORES - count.min(MOST_STORES)),
        }
    }

    /// What names this set of stores, order included.
    pub(crate) const fn identity(&self) -> Fingerprint {
        self.identity
    }

    /// The stores that hold this very certificate.
    pub(crate) fn holding(&self, certificate: Fingerprint) -> StoreSet {
        let place = self.by_fingerprint.get(&certificate);
        place
            .and_then(|place| self.anchors.get(*place))
            .map_or(0, |anchor| anchor.stores)
    }

    /// The anchors with this subject, in the form in which names are compared.
    pub(crate) fn with_subject(&self, subject: &[u8]) -> impl Iterator<Item = &Anchor> {
        let places = self
            .by_subject
            .get(subject)
            .map(Vec::as_slice)
            .unwrap_or_default();
        places.iter().filter_map(|place| self.anchors.get(*place))
    }

    /// Whether some anchor is of this organisation.
    pub(crate) fn know_organization(&self, organization: &str) -> bool {
        let same = |anchor: &Anchor| {
            let theirs = anchor.certificate.facts().subject.organization.as_ref();
            theirs.is_some_and(|theirs| theirs.raw().eq_ignore_ascii_case(organization))
        };
        self.anchors.iter().any(same)
    }

    /// The names of the stores in a set.
    pub(crate) fn names(&self, set: StoreSet) -> Vec<Arc<str>> {
        let named = self
            .list
            .iter()
            .enumerate()
            .filter(|(place, _)| set & (1 << place) != 0);
        named.map(|(_, store)| Arc::clone(&store.name)).collect()
    }
}
