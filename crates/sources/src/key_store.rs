//! Key stores: PKCS#12 (RFC 7292), JKS and JCEKS, opened with the passphrases at hand.
//!
//! Bytes come in, the certificates in them go out with what their owner calls them. Private keys are never given on: those
//! of Java's are not decrypted at all, those of PKCS#12 are let go at once.

use model::jks::{self, KeyStore};
use model::{Untrusted, limits};
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error;

use crate::secret::Secret;

/// What a key store held.
#[derive(Debug, Default)]
pub struct Opened {
    /// Certificates in DER, at most [`limits::BUNDLE_ITEMS`].
    pub certificates: Vec<Stored>,
    /// What its owner calls the private keys; nothing for one without a name.
    pub keys: Vec<Option<Untrusted>>,
    /// What its owner calls the secrets; nothing for one without a name.
    pub secrets: Vec<Option<Untrusted>>,
    /// Whether the passphrase proved that nothing was changed.
    pub intact: bool,
    /// Why there may be more than was read; safe to show.
    pub unread: Option<String>,
}

/// A certificate of a key store.
#[derive(Debug)]
pub struct Stored {
    /// What its owner calls it.
    pub alias: Option<Untrusted>,
    /// Its DER.
    pub der: Vec<u8>,
}

/// Why a key store does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyStoreError {
    /// There is no passphrase, and it needs one.
    #[error("the key store needs a passphrase")]
    NoPassphrase,
    /// None of the passphrases is its own.
    #[error(
        "the key store does not open with this passphrase, or was changed by somebody who does not know it"
    )]
    Locked,
    /// It cannot be read.
    #[error("the key store cannot be read: {0}")]
    Malformed(String),
}

/// Opens a JKS or JCEKS. Without passphrases it is read and not known to be intact, since its certificates are in the clear.
///
/// # Errors
/// [`KeyStoreError`].
pub fn java(bytes: &[u8], passphrases: &[Secret]) -> Result<Opened, KeyStoreError> {
    let Some(store) = KeyStore::parse(bytes) else {
        return Err(KeyStoreError::Malformed("it is no key store of Java".to_owned()));
    };
    let intact = passphrases
        .iter()
        .any(|passphrase| KeyStore::is_intact(bytes, passphrase.expose()));
    let unread = store.ended.map(|ended| ended.to_string());
    // What is cut short has no digest, and that is the better reason.
    let is_whole = !matches!(store.ended, Some(jks::Ended::Broken(_) | jks::Ended::Version(_)));
    if !intact && !passphrases.is_empty() && is_whole {
        return Err(KeyStoreError::Locked);
    }
    let certificates = store.certificates.into_iter().map(|entry| Stored {
        alias: Some(entry.alias),
        der: bytes.get(entry.der).unwrap_or_default().to_vec(),
    });
    Ok(Opened {
        certificates: certificates.collect(),
        keys: store.keys.into_iter().map(Some).collect(),
        secrets: Vec::new(),
        intact,
        unread,
    })
}

/// Opens a PKCS#12. No passphrase is tried as the empty one, which many have.
///
/// # Errors
/// [`KeyStoreError`].
pub fn pkcs12(bytes: &[u8], passphrases: &[Secret]) -> Result<Opened, KeyStoreError> {
    let mut locked = KeyStoreError::NoPassphrase;
    let empty = Secret::new("");
    for passphrase in passphrases.iter().chain([&empty]) {
        match Pkcs12Archive::from_pkcs12(bytes, passphrase.expose()) {
            Ok(archive) => return Ok(of_archive(archive)),
            // A wrong passphrase is told by the checksum, or by what the decryption with it looks like.
            Err(Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_)) => {
                if !passphrases
                    .iter()
                    .all(|passphrase| passphrase.expose().is_empty())
                {
                    locked = KeyStoreError::Locked;
                }
            }
            Err(other) => {
                return Err(KeyStoreError::Malformed(model::untrusted::shown(
                    &other.to_string(),
                )));
            }
        }
    }
    Err(locked)
}

fn of_archive(archive: Pkcs12Archive) -> Opened {
    let label = |name: Option<String>| name.map(Untrusted::new);
    let unread = (archive.certs.len() > limits::BUNDLE_ITEMS)
        .then(|| format!("it holds more than {} certificates", limits::BUNDLE_ITEMS));
    let certificates = archive.certs.into_iter().take(limits::BUNDLE_ITEMS);
    Opened {
        certificates: certificates
            .map(|bag| Stored {
                alias: label(bag.friendly_name),
                der: bag.cert.as_der().to_vec(),
            })
            .collect(),
        keys: archive
            .keys
            .into_iter()
            .map(|bag| label(bag.friendly_name))
            .collect(),
        secrets: archive
            .secrets
            .into_iter()
            .map(|bag| label(bag.friendly_name))
            .collect(),
        intact: true,
        unread,
    }
}
