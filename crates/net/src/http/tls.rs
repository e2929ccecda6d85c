//! TLS for https URLs: rustls with Mozilla's roots as compiled in.
//!
//! What is fetched as evidence is signed by itself, so that a wrong server could only withhold it; for other data the
//! caller relies on this.

use std::fmt;
use std::sync::{Arc, OnceLock};

use model::http::HttpError;
use model::untrusted::Untrusted;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::url::Host;
use crate::Connection;
use crate::api::OwnTls;

/// Made by the first https URL: most runs have none.
#[derive(Default)]
pub(super) struct Tls(OnceLock<Result<Arc<ClientConfig>, rustls::Error>>);

impl Tls {
    pub(super) async fn begin(
        &self,
        connection: Connection,
        host: &Host,
    ) -> Result<TlsStream<Connection>, HttpError> {
        let config = self
            .0
            .get_or_init(config)
            .as_ref()
            .map_err(|error| failed(&error.to_string()))?;
        let name = match host {
            Host::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|error| failed(&error.to_string()))?
            }
            Host::Address(address) => ServerName::from(*address),
        };
        TlsConnector::from(Arc::clone(config))
            .connect(name, connection)
            .await
            .map_err(|error| failed(&error.to_string()))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// TLS of the web: Mozilla's roots, no client certificate.
pub(crate) fn config() -> Result<Arc<ClientConfig>, rustls::Error> {
    own_config(&OwnTls::default())
}

/// TLS of an interface that the web does not know.
pub(crate) fn own_config(own: &OwnTls) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    if own.authorities.is_empty() {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    for authority in &own.authorities {
        roots.add(CertificateDer::from(authority.as_slice()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let Some((chain, key)) = &own.client else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let chain = chain
        .iter()
        .map(|certificate| CertificateDer::from(certificate.clone()))
        .collect();
    let key =
        PrivateKeyDer::try_from(key.clone()).map_err(|words| rustls::Error::General(words.to_owned()))?;
    builder.with_client_auth_cert(chain, key).map(Arc::new)
}

fn failed(reason: &str) -> HttpError {
    HttpError::Tls {
        reason: Untrusted::new(reason),
    }
}
