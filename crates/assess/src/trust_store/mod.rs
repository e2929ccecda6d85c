//! Trust stores: named, dated sets of anchors. Certificates come in, an index by subject goes out; which store holds an
//! anchor is one bit of a mask, so that path building visits an anchor once for all stores.
//!
//! A public store is one that clients of the internet use; a user's store is one that the user's own clients use. Any
//! certificate in a user's store is an anchor, an intermediate or a self-signed leaf too. A public store may trust a root
//! for some leaves only ([`Condition`]). Reading the roots of six stores would take longer than a look at an endpoint, so
//! each is read when a chain asks for it.

mod collection;
mod condition;
pub(crate) mod lines;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use model::Fingerprint;
use model::certificate::{Certificate, DistinguishedName};
use model::der::{Notes, Reader, tag};

pub use collection::{BundleError, Collection, List};
pub use condition::Condition;
pub(crate) use condition::Occasion;

use crate::ct::Logs;
use collection::Bytes;

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
    logs: Arc<Logs>,
}

/// One store as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Its name (`Mozilla`, `corp`).
    pub name: Arc<str>,
    /// Whose it is.
    pub kind: StoreKind,
    /// Version, for stores that have one.
    pub version: Option<Arc<str>>,
    /// The day of that version.
    pub date: Option<Date>,
    /// Where it was read.
    pub source: Option<Arc<str>>,
    /// How many anchors it holds.
    pub anchors: usize,
    /// How many of them it trusts for some leaves only.
    pub conditional: usize,
    /// How many further ones it is known to have held once.
    pub removed: usize,
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
    der: Der,
    /// Read when somebody asks.
    certificate: OnceLock<Arc<Certificate>>,
    fingerprint: Fingerprint,
    pub(crate) stores: StoreSet,
    /// The stores among them that set a condition.
    pub(crate) conditional: StoreSet,
    /// The stores among them that held it once and do not any more.
    removed: StoreSet,
    conditions: Vec<(StoreSet, Condition)>,
}

/// Where an anchor's bytes are.
#[derive(Clone, Debug)]
enum Der {
    Pool(Bytes, Range<usize>),
    /// In the certificate, which is there already.
    Read,
}

impl Anchor {
    fn read(certificate: Arc<Certificate>) -> Self {
        Self {
            der: Der::Read,
            fingerprint: certificate.fingerprint(),
            certificate: OnceLock::from(certificate),
            stores: 0,
            conditional: 0,
            removed: 0,
            conditions: Vec::new(),
        }
    }

    fn pooled(bytes: &Bytes, fingerprint: Fingerprint, range: Range<usize>) -> Self {
        Self {
            der: Der::Pool(bytes.clone(), range),
            certificate: OnceLock::new(),
            fingerprint,
            stores: 0,
            conditional: 0,
            removed: 0,
            conditions: Vec::new(),
        }
    }

    /// Notes that `store`, one bit, held it until a moment.
    fn remove(&mut self, store: StoreSet, since: Timestamp) {
        self.stores |= store;
        self.conditional |= store;
        self.removed |= store;
        self.conditions.push((store, Condition::Until(since)));
    }

    /// The moments at which stores dropped it.
    pub(crate) fn removals(&self) -> impl Iterator<Item = Timestamp> {
        self.conditions
            .iter()
            .filter_map(|(_, condition)| match condition {
                Condition::Until(since) => Some(*since),
                _ => None,
            })
    }

    /// The certificate.
    pub(crate) fn certificate(&self) -> &Arc<Certificate> {
        self.certificate.get_or_init(|| {
            let bytes = match &self.der {
                Der::Pool(bytes, range) => bytes.as_slice().get(range.clone()),
                Der::Read => None,
            };
            Arc::new(Certificate::from_der(bytes.unwrap_or_default()))
        })
    }

    /// Its subject in the form in which names are compared, without reading all of it.
    fn subject(&self) -> Box<[u8]> {
        match &self.der {
            Der::Pool(bytes, range) => {
                let der = bytes.as_slice().get(range.clone()).unwrap_or_default();
                DistinguishedName::comparable(subject(der).unwrap_or_default())
            }
            Der::Read => self.certificate().facts().subject.canonical.clone(),
        }
    }

    /// What `store`, one bit, asks of leaves below it.
    pub(crate) fn condition(&self, store: StoreSet) -> impl Iterator<Item = &Condition> {
        let asked = self
            .conditions
            .iter()
            .filter(move |(stores, _)| stores & store != 0);
        asked.map(|(_, condition)| condition)
    }
}

/// The encoded subject of a certificate (RFC 5280 section 4.1).
fn subject(der: &[u8]) -> Option<&[u8]> {
    let notes = Notes::default();
    let mut whole = Reader::new(der, &notes);
    let mut certificate = whole.open(tag::SEQUENCE).ok()?;
    let mut fields = certificate.open(tag::SEQUENCE).ok()?;
    fields.optional(tag::constructed(0)).ok()?;
    // Serial number, signature, issuer, validity.
    for _ in 0..4 {
        fields.value().ok()?;
    }
    Some(fields.expect(tag::SEQUENCE).ok()?.whole)
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
            logs: Arc::default(),
        }
    }

    /// The public stores that are compiled in: Android, Apple, Chrome, Java, Mozilla, Windows.
    pub fn public() -> Self {
        Self::of(&Collection::built_in())
    }

    /// Every public store of a collection, in its order, and its logs.
    pub fn of(collection: &Collection) -> Self {
        Self::only(collection, |_| true)
    }

    /// Those public stores of a collection whose list is wanted, and its logs.
    pub fn only(collection: &Collection, wanted: impl Fn(&List) -> bool) -> Self {
        let mut stores = Self::none();
        let pool = &collection.pool;
        let anchors = pool.roots.iter();
        stores.anchors = anchors
            .map(|(root, range)| Anchor::pooled(&pool.bytes, *root, range.clone()))
            .collect();
        let lists = collection.lists().iter().filter(|list| wanted(list));
        for (place, list) in lists.take(MOST_STORES).enumerate() {
            stores.take(place, list);
        }
        stores.anchors.retain(|anchor| anchor.stores != 0);
        for place in 0..stores.anchors.len() {
            stores.index(place);
        }
        stores.logs = Arc::clone(collection.logs());
        stores.seal();
        stores
    }

    fn take(&mut self, place: usize, list: &List) {
        for root in &list.roots {
            if let Some(anchor) = self.anchors.get_mut(*root) {
                anchor.stores |= 1 << place;
            }
        }
        for (root, condition) in &list.conditions {
            if let Some(anchor) = self.anchors.get_mut(*root) {
                anchor.conditional |= 1 << place;
                anchor.conditions.push((1 << place, condition.clone()));
            }
        }
        for (root, since) in &list.removed {
            if let Some(anchor) = self.anchors.get_mut(*root) {
                anchor.remove(1 << place, *since);
            }
        }
        let is_held = |(root, _): &&(usize, Condition)| list.roots.contains(root);
        self.list.push(Store {
            name: Arc::clone(&list.name),
            kind: StoreKind::Public,
            version: Some(Arc::clone(&list.version)),
            date: Some(list.date),
            source: Some(Arc::clone(&list.source)),
            anchors: list.roots.len(),
            conditional: list.conditions.iter().filter(is_held).count(),
            removed: list.removed.len(),
        });
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

    /// Sets a condition of the store called `store` on one of its roots.
    #[must_use]
    pub fn with_condition(mut self, store: &str, root: Fingerprint, condition: Condition) -> Self {
        let place = self.list.iter().position(|known| &*known.name == store);
        let anchor = self.by_fingerprint.get(&root).copied();
        if let (Some(place), Some(anchor)) = (place, anchor.and_then(|anchor| self.anchors.get_mut(anchor))) {
            anchor.conditional |= 1 << place;
            anchor.conditions.push((1 << place, condition));
            if let Some(store) = self.list.get_mut(place) {
                store.conditional += 1;
            }
        }
        self.seal();
        self
    }

    /// Says that the store called `store` held one of its roots until `since` and does not any more.
    #[must_use]
    pub fn with_removal(mut self, store: &str, root: Fingerprint, since: Timestamp) -> Self {
        let place = self.list.iter().position(|known| &*known.name == store);
        let anchor = self.by_fingerprint.get(&root).copied();
        if let (Some(place), Some(anchor)) = (place, anchor.and_then(|anchor| self.anchors.get_mut(anchor)))
            && anchor.removed & (1 << place) == 0
        {
            anchor.remove(1 << place, since);
            if let Some(store) = self.list.get_mut(place) {
                store.anchors = store.anchors.saturating_sub(1);
                store.removed += 1;
            }
        }
        self.seal();
        self
    }

    /// Sets the logs that timestamps are verified by.
    #[must_use]
    pub fn with_logs(mut self, logs: Arc<Logs>) -> Self {
        self.logs = logs;
        self
    }

    /// The stores in their order.
    pub fn list(&self) -> &[Store] {
        &self.list
    }

    /// The logs that timestamps are verified by.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The set of the stores with these names, compared without regard to case.
    ///
    /// # Errors
    /// The first name that no store has.
    pub fn named<'a>(&self, names: &[&'a str]) -> Result<Chosen, &'a str> {
        let mut set = 0;
        for name in names {
            let same = |store: &Store| store.name.eq_ignore_ascii_case(name);
            set |= 1_u64 << self.list.iter().position(same).ok_or(*name)?;
        }
        Ok(Chosen(set))
    }

    /// The roots of the store at `place` of the list, with what it asks of leaves below each, by their subjects; those
    /// that it held once are among them, with [`Condition::Until`].
    pub fn roots(&self, place: usize) -> Vec<(&Arc<Certificate>, Vec<&Condition>)> {
        let store: StoreSet = 1_u64
            .checked_shl(u32::try_from(place).unwrap_or(u32::MAX))
            .unwrap_or_default();
        let held = self.anchors.iter().filter(|anchor| anchor.stores & store != 0);
        let mut roots: Vec<_> = held
            .map(|anchor| (anchor.certificate(), anchor.condition(store).collect::<Vec<_>>()))
            .collect();
        let key = |certificate: &Certificate| {
            let subject = &certificate.facts().subject;
            let name = subject.common_name.as_ref().unwrap_or(&subject.text);
            (name.raw().to_lowercase(), certificate.fingerprint())
        };
        roots.sort_by_cached_key(|(certificate, _)| key(certificate));
        roots
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
        let mut anchors = 0;
        for certificate in certificates {
            anchors += usize::from(self.add(certificate, 1 << place));
        }
        self.list.push(Store {
            name,
            kind,
            version: None,
            date: None,
            source: None,
            anchors,
            conditional: 0,
            removed: 0,
        });
        self.seal();
        Ok(self)
    }

    /// Adds an anchor to a store; whether it was not there yet.
    fn add(&mut self, certificate: Arc<Certificate>, store: StoreSet) -> bool {
        let known = self.by_fingerprint.get(&certificate.fingerprint()).copied();
        if let Some(anchor) = known.and_then(|place| self.anchors.get_mut(place)) {
            let is_new = anchor.stores & store == 0;
            anchor.stores |= store;
            return is_new;
        }
        let mut anchor = Anchor::read(certificate);
        anchor.stores = store;
        self.anchors.push(anchor);
        self.index(self.anchors.len() - 1);
        true
    }

    fn index(&mut self, place: usize) {
        if let Some(anchor) = self.anchors.get(place) {
            self.by_fingerprint.insert(anchor.fingerprint, place);
            self.by_subject.entry(anchor.subject()).or_default().push(place);
        }
    }

    /// Names the set by its content: what is remembered of one set never answers for another.
    fn seal(&mut self) {
        let mut content = Vec::with_capacity(self.anchors.len() * 48);
        for anchor in &self.anchors {
            content.extend_from_slice(anchor.fingerprint.as_bytes());
            content.extend_from_slice(&anchor.stores.to_be_bytes());
            // What a condition asks is asked anew for every leaf; which stores set one decides how far is searched.
            content.extend_from_slice(&anchor.conditional.to_be_bytes());
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

    /// The bits of the public stores.
    pub(crate) fn public_set(&self) -> StoreSet {
        let places = self.list.iter().enumerate();
        let public = places.filter(|(_, store)| store.kind == StoreKind::Public);
        public.fold(0, |set, (place, _)| set | 1 << place)
    }

    /// What names this set of stores, order included.
    pub(crate) const fn identity(&self) -> Fingerprint {
        self.identity
    }

    /// The stores that hold this very certificate as of their own dates.
    pub(crate) fn holding(&self, certificate: Fingerprint) -> StoreSet {
        self.anchor(certificate)
            .map_or(0, |anchor| anchor.stores & !anchor.removed)
    }

    /// The stores that hold this very certificate, or held it once: an anchor's conditions say when.
    pub(crate) fn holding_ever(&self, certificate: Fingerprint) -> StoreSet {
        self.anchor(certificate).map_or(0, |anchor| anchor.stores)
    }

    /// The anchor that is this very certificate.
    pub(crate) fn anchor(&self, certificate: Fingerprint) -> Option<&Anchor> {
        let place = self.by_fingerprint.get(&certificate)?;
        self.anchors.get(*place)
    }

    /// The anchors with this subject, compared byte for byte.
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
            let theirs = anchor.certificate().facts().subject.organization.as_ref();
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

/// Stores of one set, chosen by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen(pub(crate) StoreSet);
