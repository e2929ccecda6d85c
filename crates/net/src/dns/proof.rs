//! How a server of zones proves who it is over TLS (RFC 9103 section 9.3.2, strict).
//!
//! Certificates and a name come in, a connection that is proven goes out, or a sentence that says why there is none. A
//! certificate that is given and served itself is proof enough: servers of zones often have one that nobody else signed.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What a server is known by.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.name)
    }
}

/// Why TLS cannot even be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// No anchor that can be used.
    #[error("no certificate of an authority that can be used to know the server")]
    NoAnchors,
    /// The name is none.
    #[error("`{0}` is no name or address that a certificate can be for")]
    Name(String),
    /// The library refuses.
    #[error("{0}")]
    Setup(String),
}

/// The protocol's word in ALPN (RFC 9103 section 7.1).
const DOT: &[u8] = b"dot";

impl Tls {
    /// Trusts `anchors` (certificates in DER), and what they vouch for under `name`: a DNS name or an address.
    ///
    /// # Errors
    /// None of them can be used, or the name is none.
    pub fn new(anchors: &[Vec<u8>], name: &str) -> Result<Self, TlsError> {
        let given: Vec<CertificateDer<'static>> = anchors.iter().map(|der| der.clone().into()).collect();
        let mut roots = rustls::RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(given.iter().cloned());
        if added == 0 {
            return Err(TlsError::NoAnchors);
        }
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::Name(model::untrusted::shown(name)))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        // RFC 9103 section 7.1 asks for TLS 1.3.
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { given, web }))
            .with_no_client_auth();
        config.alpn_protocols = vec![DOT.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }

    /// Speaks TLS over a connection. A server that knows nothing of ALPN (NSD 4.6) is taken for one that speaks DNS; one that
    /// chooses another protocol is refused.
    ///
    /// # Errors
    /// The sentence that says why not.
    pub(super) async fn connect<C>(&self, connection: C) -> Result<TlsStream<C>, String>
    where
        C: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector
            .connect(self.name.clone(), connection)
            .await
            .map_err(|error| words(&error))
    }
}

/// Asks whether a certificate is one of those given, and then an authority.
#[derive(Debug)]
struct Verifier {
    given: Vec<CertificateDer<'static>>,
    web: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // Whoever gives a server's own certificate says by it which server is meant, whatever names it bears.
        if self.given.iter().any(|given| given == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.web
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web.supported_verify_schemes()
    }
}

/// Why a handshake failed, in words that say what to do where that is known.
fn words(error: &io::Error) -> String {
    let Some(known) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
            _ => error.to_string(),
        };
    };
    match known {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_)) => {
            "its certificate comes from none of the authorities that are trusted here: give its authority, or the \
             certificate itself"
                .to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "its certificate has expired".to_owned(),
        rustls::Error::InvalidCertificate(error) => format!("its certificate does not prove it: {error}"),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(_) => "it does not speak TLS 1.3".to_owned(),
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol)
        | rustls::Error::PeerMisbehaved(rustls::PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
            "it does not agree to speak DNS (ALPN `dot`)".to_owned()
        }
        rustls::Error::InvalidMessage(_) => "what answers there is no TLS".to_owned(),
        other => other.to_string(),
    }
}
