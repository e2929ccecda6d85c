//! A CRL that is asked again and again: its bytes, its header, and an index of its entries.
//!
//! DER comes in, answers about one serial number of one issuer go out. Eight bytes are kept for each entry and nothing
//! of what it says: that is read again when it is asked for. Whether the list may be believed is judged elsewhere.

use std::fmt;

use super::{Crl, RevokedCertificate};
use crate::fingerprint::Fingerprint;

/// A CRL with its bytes, ready for look-ups. Immutable.
pub struct RevocationList {
    der: Box<[u8]>,
    fingerprint: Fingerprint,
    header: Crl,
    /// Hash of the serial number, and where the entry begins; sorted.
    index: Vec<(u32, u32)>,
    /// From which entry on another issuer is meant (section 5.3.3), in the order of the bytes.
    issuers: Vec<(u32, Box<[u8]>)>,
    state: Entries,
}

/// Whether the entries of a list could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entries {
    /// All of them.
    Whole,
    /// One cannot be read: what stands behind it is unknown.
    Broken,
    /// One has a critical extension that is not understood: the list must not be used (section 5.3).
    NotUnderstood,
}

impl RevocationList {
    /// Reads `der` and walks its entries once. Never fails: see [`Self::entries`] and the oddities of the header.
    pub fn from_der(der: impl Into<Box<[u8]>>) -> Self {
        let der = der.into();
        let header = Crl::parse(&der);
        let mut list = Self {
            fingerprint: Fingerprint::of(&der),
            header,
            index: Vec::new(),
            issuers: Vec::new(),
            state: Entries::Whole,
            der,
        };
        list.gather();
        list
    }

    /// The bytes as they were given.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the bytes.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// What stands around the entries.
    pub const fn header(&self) -> &Crl {
        &self.header
    }

    /// Whether the entries could be read.
    pub const fn entries(&self) -> Entries {
        self.state
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nothing is revoked.
    pub const fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The entry for a serial number (content bytes of its INTEGER) of the issuer with this name, in the form of
    /// `DistinguishedName::canonical`. The last one counts when there are several.
    pub fn find(&self, issuer: &[u8], serial: &[u8]) -> Option<RevokedCertificate<'_>> {
        let serial = minimal(serial);
        let wanted = hash(serial);
        let from = self.index.partition_point(|(hash, _)| *hash < wanted);
        let same = self
            .index
            .get(from..)?
            .iter()
            .take_while(|(hash, _)| *hash == wanted);
        let mut found = None;
        for (_, at) in same {
            let entry = self.header.entry_at(&self.der, usize::try_from(*at).ok()?)?;
            if minimal(entry.serial) == serial && self.issuer_at(*at) == issuer {
                found = Some(entry);
            }
        }
        found
    }

    /// Whom the entry that begins at `at` means, in the form of `DistinguishedName::canonical`.
    fn issuer_at(&self, at: u32) -> &[u8] {
        let after = self.issuers.partition_point(|(from, _)| *from <= at);
        let last = after.checked_sub(1).and_then(|place| self.issuers.get(place));
        last.map_or(&self.header.issuer.canonical, |(_, issuer)| issuer)
    }

    /// Walks the entries once.
    fn gather(&mut self) {
        let mut entries = self.header.entries(&self.der);
        loop {
            let at = u32::try_from(entries.offset());
            let entry = match (entries.next(), at) {
                (None, _) => break,
                (Some(Ok(entry)), Ok(at)) => (entry, at),
                (Some(_), _) => {
                    self.state = Entries::Broken;
                    break;
                }
            };
            let (entry, at) = entry;
            if entry.unknown_critical {
                self.state = Entries::NotUnderstood;
            }
            if entry.issuer.is_some() {
                // Names that are no directory names mean an issuer that no certificate has.
                let issuer = entry
                    .issuer_name()
                    .map_or_else(Box::default, |name| name.canonical);
                if self.issuers.last().is_none_or(|(_, last)| *last != issuer) {
                    self.issuers.push((at, issuer));
                }
            }
            self.index.push((hash(minimal(entry.serial)), at));
        }
        self.index.sort_unstable();
    }
}

/// A serial number without needless zeros in front: whoever wrote one with them meant the same number.
fn minimal(serial: &[u8]) -> &[u8] {
    let mut serial = serial;
    while let [0, rest @ ..] = serial
        && rest.first().is_some_and(|next| next & 0x80 == 0)
    {
        serial = rest;
    }
    serial
}

/// FNV-1a, which a stranger can make collide: his own list then takes longer to search, in proportion to its length.
fn hash(serial: &[u8]) -> u32 {
    serial.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

impl PartialEq for RevocationList {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for RevocationList {}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("sha256", &self.fingerprint)
            .field("issuer", &self.header.issuer)
            .field("entries", &self.index.len())
            .finish()
    }
}
