//! A TLS server of rustls that serves any chain with any key, also a key that does not belong to it.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::hostile::Running;
use crate::loopback;
use crate::script::{End, Script};

/// What a server serves: certificates in DER as they are to be sent, and a key in PKCS#8 DER.
pub fn config(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Arc<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let key = aws_lc_rs::sign::any_supported_type(&PrivateKeyDer::Pkcs8(key.into()))
        .expect("a key that rustls can use");
    // Built unchecked: whether the key belongs to the leaf is for the test to choose.
    let resolver = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default protocol versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}

/// Serves `chain` with `key` at an address of its own.
pub fn start(chain: Vec<Vec<u8>>, key: Vec<u8>) -> Running {
    start_on(loopback::socket(), chain, key)
}

/// Serves `chain` with `key` at `socket`.
pub fn start_on(socket: SocketAddr, chain: Vec<Vec<u8>>, key: Vec<u8>) -> Running {
    Script::new()
        .serve_on(&[socket], End::Tls(config(chain, key)))
        .expect("a free socket can be listened on")
}
