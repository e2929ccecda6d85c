//! Who the service is to its readers: a chain and its key, ready to answer TLS with.
//!
//! Two texts in PEM come in, an [`Identity`] goes out. Reading them from files, again and again, is somebody else's affair.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use model::Certificate;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A chain and its key.
#[derive(Clone)]
pub struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    leaf: Arc<Certificate>,
}

/// Why no identity comes of two texts.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The first text has no certificate.
    #[error("there is no certificate in it: expected PEM, with `-----BEGIN CERTIFICATE-----`")]
    NoCertificate,
    /// A certificate is not PEM all through.
    #[error("a certificate in it is cut off or not PEM: {0}")]
    Certificate(String),
    /// The second text has a key that nobody can use without its passphrase.
    #[error(
        "the key is encrypted, and a service has nobody to ask for the passphrase: `openssl pkey -in KEY -out PLAIN` decrypts it"
    )]
    Encrypted,
    /// The second text has no key.
    #[error("there is no private key in it: expected PEM, with `-----BEGIN PRIVATE KEY-----`")]
    NoKey,
    /// Both are there and make no pair that can be served.
    #[error("{}", refused(.0))]
    Refused(rustls::Error),
}

impl IdentityError {
    /// Whether it is the key that is to be blamed and not the certificate.
    #[must_use]
    pub fn is_of_the_key(&self) -> bool {
        matches!(self, Self::Encrypted | Self::NoKey)
    }
}

fn refused(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            "the key is not the one of the certificate that stands first: the leaf comes first, its issuers behind it".to_owned()
        }
        error => format!("it cannot be served: {error}"),
    }
}

impl Identity {
    /// Of a chain, leaf first, and its key (PKCS#8, PKCS#1 or SEC 1), both in PEM; they may stand in one text.
    ///
    /// Serves TLS 1.2 and 1.3 with HTTP/1.1, and asks nobody for a certificate.
    ///
    /// # Errors
    /// One of them is missing, broken, encrypted, of a kind that TLS has no use for, or not the other's.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|error| IdentityError::Certificate(error.to_string()))?;
        let Some(leaf) = chain.first() else {
            return Err(IdentityError::NoCertificate);
        };
        let leaf = Arc::new(Certificate::from_der(leaf.as_ref()));
        let key = private_key(key)?;
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(IdentityError::Refused)?
                .with_no_client_auth()
                .with_single_cert(chain, key)
                .map_err(IdentityError::Refused)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            leaf,
        })
    }

    /// The certificate that readers are shown.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        &self.leaf
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, IdentityError> {
    const ENCRYPTED: [&[u8]; 2] = [
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----",
        b"Proc-Type: 4,ENCRYPTED",
    ];
    let encrypted = ENCRYPTED
        .iter()
        .any(|mark| pem.windows(mark.len()).any(|window| window == *mark));
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| match encrypted {
        true => IdentityError::Encrypted,
        false => IdentityError::NoKey,
    })
}

impl Debug for Identity {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("leaf", &self.leaf.fingerprint())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn minted() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["pages.test".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn refusal(chain: &str, key: &str) -> String {
        Identity::from_pem(chain.as_bytes(), key.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_pair_may_stand_in_one_text() {
        let (chain, key) = minted();
        let identity = Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let both = format!("{key}{chain}");
        let same = Identity::from_pem(both.as_bytes(), both.as_bytes()).unwrap();
        assert_eq!(identity.leaf().der(), same.leaf().der());
        assert!(!format!("{identity:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_makes_no_pair_is_said() {
        let (chain, key) = minted();
        let (_, other) = minted();
        for (chain, key, words) in [
            ("", key.as_str(), "no certificate"),
            ("hello", &key, "no certificate"),
            (&chain[..chain.len() / 2], &key, "cut off"),
            (&chain, "", "no private key"),
            (&chain, &chain, "no private key"),
            (&chain, &other, "not the one of the certificate"),
            (
                &chain,
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "encrypted",
            ),
        ] {
            let said = refusal(chain, key);
            assert!(said.contains(words), "{said}");
        }
    }
}
