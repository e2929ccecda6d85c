//! A TLS server of rustls that serves any chain with any key, also a key that does not belong to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
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

/// Backends behind one address: each connection is answered by the next of them. They can be exchanged while it serves.
#[derive(Debug)]
pub struct Backends {
    keys: Mutex<Vec<Arc<CertifiedKey>>>,
    next: AtomicUsize,
}

impl Backends {
    /// Serves these, each a chain in DER as it is to be sent and a key in PKCS#8 DER, at `socket`.
    pub fn start_on(socket: SocketAddr, backends: &[(Vec<Vec<u8>>, Vec<u8>)]) -> (Arc<Self>, Running) {
        let served = Arc::new(Self {
            keys: Mutex::new(Vec::new()),
            next: AtomicUsize::new(0),
        });
        served.serve(backends);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the default protocol versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&served) as Arc<dyn ResolvesServerCert>);
        let running = Script::new()
            .serve_on(&[socket], End::Tls(Arc::new(config)))
            .expect("a free socket can be listened on");
        (served, running)
    }

    /// Serves these from now on.
    pub fn serve(&self, backends: &[(Vec<Vec<u8>>, Vec<u8>)]) {
        let keys = backends.iter().map(|(chain, key)| {
            let chain = chain.iter().cloned().map(CertificateDer::from).collect();
            let key = aws_lc_rs::sign::any_supported_type(&PrivateKeyDer::Pkcs8(key.clone().into()))
                .expect("a key that rustls can use");
            Arc::new(CertifiedKey::new(chain, key))
        });
        *self.keys.lock().expect("no holder panics") = keys.collect();
    }
}

impl ResolvesServerCert for Backends {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let keys = self.keys.lock().expect("no holder panics");
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        keys.get(number % keys.len().max(1)).map(Arc::clone)
    }
}
