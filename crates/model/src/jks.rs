//! Key stores of Java: JKS, and JCEKS, which adds secret keys (`sun.security.provider.JavaKeyStore`, `com.sun.crypto.provider.JceKeyStore`).
//!
//! Bytes come in, where the certificates stand in them goes out. Private keys are passed over by their length: they are
//! encrypted, and nothing here could or would decrypt them. Certificates are not encrypted; the digest at the end proves,
//! to whoever has the passphrase, that nobody else changed them ([`KeyStore::is_intact`]).
//!
//! All numbers are big-endian: magic, version, count of entries; each entry a tag, an alias with two octets of length, a
//! time in milliseconds; a private key (tag 1) with four octets of length and a chain with its count; a certificate
//! (tag 2); each certificate a type (since version 2) and four octets of length. At the end 20 octets of SHA-1.

use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use crate::limits;
use crate::untrusted::Untrusted;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first one.
    Jks,
    /// The one that can hold secret keys.
    Jceks,
}

/// What a key store holds. The ranges point into the bytes that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStore {
    /// Which of the two it is.
    pub kind: Kind,
    /// Certificates in their order, at most [`limits::BUNDLE_ITEMS`].
    pub certificates: Vec<Entry>,
    /// Aliases of private keys.
    pub keys: Vec<Untrusted>,
    /// Why reading ended before the last entry; nothing when it did not.
    pub ended: Option<Ended>,
}

/// A certificate of a key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its owner calls it.
    pub alias: Untrusted,
    /// Its place in the chain of a private key, 0 for the key's own; nothing for one that is only trusted.
    pub in_chain: Option<usize>,
    /// Its DER.
    pub der: Range<usize>,
}

/// Why reading ended before the last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// A secret key: its length is written nowhere, so that what follows cannot be found.
    #[error(
        "it holds a secret key, behind which {0} of its entries are not read: convert it with `keytool -importkeystore -deststoretype pkcs12`"
    )]
    SecretKey(u32),
    /// The bytes end, or are none that a key store has.
    #[error("byte {0} is not what stands there in a Java key store: is the file whole?")]
    Broken(usize),
    /// A version that nobody has written.
    #[error("version {0} of Java key stores is not known")]
    Version(u32),
    /// Too many certificates.
    #[error("it holds more than {} certificates", limits::BUNDLE_ITEMS)]
    TooMany,
}

const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];
/// What is hashed between the passphrase and the bytes.
const WHITENER: &[u8] = b"Mighty Aphrodite";
const DIGEST_BYTES: usize = 20;

/// Whether `bytes` begin as a key store of Java does.
pub fn is_key_store(bytes: &[u8]) -> bool {
    bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS)
}

impl KeyStore {
    /// Reads `bytes`; nothing when they do not begin as a key store of Java.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let kind = if bytes.starts_with(&JKS) {
            Kind::Jks
        } else if bytes.starts_with(&JCEKS) {
            Kind::Jceks
        } else {
            return None;
        };
        let mut store = Self {
            kind,
            certificates: Vec::new(),
            keys: Vec::new(),
            ended: None,
        };
        let mut input = Input { bytes, at: JKS.len() };
        store.ended = store.read(&mut input).err();
        Some(store)
    }

    /// Whether the digest at the end of `bytes`, which it was read from, is the one that `passphrase` makes. It is not when
    /// the passphrase is another, or the bytes were changed: nobody can tell which.
    pub fn is_intact(bytes: &[u8], passphrase: &str) -> bool {
        let Some((content, digest)) = bytes
            .len()
            .checked_sub(DIGEST_BYTES)
            .and_then(|length| bytes.split_at_checked(length))
        else {
            return false;
        };
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        for unit in passphrase.encode_utf16() {
            context.update(&unit.to_be_bytes());
        }
        context.update(WHITENER);
        context.update(content);
        context.finish().as_ref() == digest
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Ended> {
        let version = input.number()?;
        if !matches!(version, 1 | 2) {
            return Err(Ended::Version(version));
        }
        let count = input.number()?;
        for entry in 0..count {
            let begin = input.at;
            let tag = input.number()?;
            let alias = input.text()?;
            input.take(8)?;
            match (tag, self.kind) {
                (1, _) => {
                    input.sized()?;
                    let chain = input.number()?;
                    for place in 0..chain {
                        let place = usize::try_from(place).unwrap_or(usize::MAX);
                        self.certificate(input, version, &alias, Some(place))?;
                    }
                    if self.keys.len() < limits::BUNDLE_ITEMS {
                        self.keys.push(alias);
                    }
                }
                (2, _) => self.certificate(input, version, &alias, None)?,
                (3, Kind::Jceks) => return Err(Ended::SecretKey(count - entry - 1)),
                _ => return Err(Ended::Broken(begin)),
            }
        }
        let rest = input.bytes.len().saturating_sub(input.at);
        if rest == DIGEST_BYTES {
            Ok(())
        } else {
            Err(Ended::Broken(input.at))
        }
    }

    fn certificate(
        &mut self,
        input: &mut Input<'_>,
        version: u32,
        alias: &Untrusted,
        in_chain: Option<usize>,
    ) -> Result<(), Ended> {
        let is_x509 = version == 1 || input.text()?.raw() == "X.509";
        let der = input.sized()?;
        if self.certificates.len() == limits::BUNDLE_ITEMS {
            return Err(Ended::TooMany);
        }
        if is_x509 {
            let alias = alias.clone();
            self.certificates.push(Entry { alias, in_chain, der });
        }
        Ok(())
    }
}

struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Input<'_> {
    fn take(&mut self, length: usize) -> Result<Range<usize>, Ended> {
        let end = self.at.checked_add(length).ok_or(Ended::Broken(self.at))?;
        if end > self.bytes.len() {
            return Err(Ended::Broken(self.at));
        }
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    fn octets(&mut self, length: usize) -> Result<&[u8], Ended> {
        let range = self.take(length)?;
        Ok(self.bytes.get(range).unwrap_or_default())
    }

    fn number(&mut self) -> Result<u32, Ended> {
        let octets = self.octets(4)?;
        Ok(octets.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)))
    }

    /// Octets behind their length in four octets.
    fn sized(&mut self) -> Result<Range<usize>, Ended> {
        let begin = self.at;
        let length = usize::try_from(self.number()?).map_err(|_| Ended::Broken(begin))?;
        self.take(length)
    }

    /// Text behind its length in two octets. Java's own UTF-8 differs from everybody's for NUL and beyond U+FFFF.
    fn text(&mut self) -> Result<Untrusted, Ended> {
        let length = self.octets(2)?;
        let length = length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        Ok(Untrusted::from_bytes(self.octets(length)?))
    }
}

#[cfg(test)]
#[path = "jks_tests.rs"]
mod tests;
