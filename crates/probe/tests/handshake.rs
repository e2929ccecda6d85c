//! The handshake engine against rustls, and through it against every group and version that rustls has.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::sync::Arc;

use model::endpoint::{Endpoint, Identity, Service};
use model::observation::{ClientCertificate, Depth, Failure, Hello, Outcome, Proof, Stage};
use model::tls::{Group, Version};
use model::{Fingerprint, Name, Observation, StartTls};
use net::{Caps, Network, Permits};
use probe::{KeysShown, Prober};
use rustls::crypto::aws_lc_rs::kx_group;
use testkit::ca::{KeyKind, Minted, Pki, Template};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// What a rustls server is made of.
struct World {
    leaf: Minted,
    config: rustls::ServerConfig,
    chain: Vec<Vec<u8>>,
}

impl World {
    fn new(
        key: KeyKind,
        versions: &[&'static rustls::SupportedProtocolVersion],
        groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>,
    ) -> Self {
        let pki = Pki::new();
        let leaf = Template::server("server.test")
            .key(key)
            .issued_by(&pki.intermediate);
        let chain = vec![leaf.der().to_vec(), pki.intermediate.der().to_vec()];
        let provider = rustls::crypto::CryptoProvider {
            kx_groups: groups,
            ..rustls::crypto::aws_lc_rs::default_provider()
        };
        let ders = chain.iter().map(|der| der.clone().into()).collect();
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                ders,
                rustls::pki_types::PrivateKeyDer::try_from(leaf.key_der()).unwrap(),
            )
            .unwrap();
        Self { leaf, config, chain }
    }

    /// Looks at it, and returns what was seen and whether the server saw an orderly handshake and end.
    async fn look(self, depth: Depth) -> (Observation, std::io::Result<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = endpoint(listener.local_addr().unwrap());
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(self.config));
        let (results, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let result = match acceptor.accept(stream).await {
                    Ok(mut tls) => tls.read(&mut [0; 16]).await,
                    Err(error) => Err(error),
                };
                results.send(result).unwrap();
            }
        });
        let observation = observe(&endpoint, depth).await;
        let mut last = None;
        for _ in 0..observation.connections {
            last = ended.recv().await;
        }
        server.abort();
        (observation, last.unwrap())
    }
}

fn endpoint(address: std::net::SocketAddr) -> Endpoint {
    let name = Name::parse("server.test").unwrap();
    let service = Service {
        identity: Identity::Name(name.clone()),
        port: address.port(),
        server_name: Some(name),
        starttls: StartTls::None,
    };
    Endpoint {
        service: Arc::new(service),
        address: address.ip(),
    }
}

async fn observe(endpoint: &Endpoint, depth: Depth) -> Observation {
    let settings = probe::Settings {
        depth,
        keys: KeysShown::Preferred,
        ..probe::Settings::default()
    };
    let network = Network::new(net::Settings::default(), Permits::new(Caps::default()));
    Prober::new(settings)
        .unwrap()
        .observe(endpoint, &network, jiff::Timestamp::UNIX_EPOCH)
        .await
}

fn groups() -> Vec<&'static dyn rustls::crypto::SupportedKxGroup> {
    vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1]
}

#[tokio::test]
async fn tls13_as_far_as_the_proof_and_an_orderly_end() {
    for key in [KeyKind::P256, KeyKind::P384, KeyKind::Rsa2048, KeyKind::Ed25519] {
        let world = World::new(key, &[&rustls::version::TLS13, &rustls::version::TLS12], groups());
        let (leaf, sent) = (Fingerprint::of(world.leaf.der()), world.chain.clone());
        let (observation, served) = world.look(Depth::Full).await;
        assert_eq!(observation.outcome, Outcome::Handshaken, "{key:?}");
        let handshake = observation.handshake.unwrap();
        assert_eq!(handshake.version, Version::TLS13);
        assert_eq!(handshake.group, Some(Group::X25519));
        assert_eq!(handshake.hello, Hello::Modern);
        assert_eq!(handshake.client_certificate, ClientCertificate::NotAsked);
        assert!(
            matches!(handshake.proof, Proof::Proven(_)),
            "{key:?}: {:?}",
            handshake.proof
        );
        assert_eq!(handshake.chain[0].fingerprint(), leaf);
        let seen: Vec<&[u8]> = handshake
            .chain
            .iter()
            .map(|certificate| certificate.der())
            .collect();
        assert_eq!(
            seen,
            sent.iter().map(Vec::as_slice).collect::<Vec<_>>(),
            "byte for byte, in order"
        );
        assert_eq!(served.unwrap(), 0, "the server saw Finished and close_notify");
        assert_eq!(observation.connections, 1);
    }
}

#[tokio::test]
async fn tls12_proves_possession_without_a_key_exchange() {
    for key in [KeyKind::P256, KeyKind::Rsa2048] {
        let world = World::new(key, &[&rustls::version::TLS12], groups());
        let (observation, _) = world.look(Depth::Full).await;
        assert_eq!(observation.outcome, Outcome::Handshaken, "{key:?}");
        let handshake = observation.handshake.unwrap();
        assert_eq!(handshake.version, Version::TLS12);
        assert!(handshake.group.is_some());
        assert!(
            matches!(handshake.proof, Proof::Proven(_)),
            "{key:?}: {:?}",
            handshake.proof
        );
    }
}

#[tokio::test]
async fn a_server_may_ask_for_another_group() {
    for (group, number) in [(kx_group::SECP256R1, 23), (kx_group::SECP384R1, 24)] {
        let world = World::new(KeyKind::P256, &[&rustls::version::TLS13], vec![group]);
        let (observation, served) = world.look(Depth::Full).await;
        assert_eq!(observation.outcome, Outcome::Handshaken);
        let handshake = observation.handshake.unwrap();
        assert_eq!(handshake.group, Some(Group(number)));
        assert!(matches!(handshake.proof, Proof::Proven(_)));
        assert_eq!(served.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_server_with_nothing_but_the_hybrid_group_is_seen() {
    let world = World::new(
        KeyKind::P256,
        &[&rustls::version::TLS13],
        vec![kx_group::X25519MLKEM768],
    );
    let (observation, served) = world.look(Depth::Full).await;
    assert_eq!(observation.outcome, Outcome::Handshaken, "{observation:?}");
    let handshake = observation.handshake.unwrap();
    assert_eq!(handshake.group, Some(Group::X25519_MLKEM768));
    assert_eq!(handshake.hello, Hello::Hybrid);
    assert!(matches!(handshake.proof, Proof::Proven(_)));
    assert_eq!(served.unwrap(), 0);
}

#[tokio::test]
async fn a_glance_sees_the_chain_and_proves_nothing() {
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let world = World::new(KeyKind::P256, versions, groups());
        let sent = world.chain.clone();
        let (observation, _) = world.look(Depth::Glance).await;
        assert_eq!(observation.outcome, Outcome::Handshaken, "{observation:?}");
        let handshake = observation.handshake.unwrap();
        assert_eq!(handshake.proof, Proof::NotSeen);
        assert_eq!(handshake.chain.len(), sent.len());
        assert!(
            handshake
                .chain
                .iter()
                .zip(&sent)
                .all(|(seen, sent)| seen.der() == sent)
        );
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_says_whose() {
    let pki = Pki::new();
    let leaf = pki.leaf("server.test");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pki.root.der().to_vec().into()).unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots.clone()),
            Arc::clone(&provider),
        );
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![leaf.der().to_vec().into()],
                rustls::pki_types::PrivateKeyDer::try_from(leaf.key_der()).unwrap(),
            )
            .unwrap();
        let world = World {
            leaf: pki.leaf("unused.test"),
            config,
            chain: Vec::new(),
        };
        let (observation, _) = world.look(Depth::Full).await;
        assert_eq!(observation.outcome, Outcome::Handshaken, "{observation:?}");
        let handshake = observation.handshake.unwrap();
        let ClientCertificate::Asked { authorities } = handshake.client_certificate else {
            panic!("{:?}", handshake.client_certificate)
        };
        assert_eq!(authorities.len(), 1);
        assert!(authorities[0].raw().starts_with("CN="), "{authorities:?}");
    }
}

#[tokio::test]
async fn what_is_not_tls_is_told_apart() {
    for (said, looks_like) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], Some("http")),
        (b"SSH-2.0-x\r\n", Some("ssh")),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = endpoint(listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, said)
                .await
                .unwrap();
            drop(stream.read(&mut [0; 2048]).await);
            stream
        });
        let observation = observe(&endpoint, Depth::Full).await;
        drop(server.await);
        let Outcome::Stopped {
            stage: Stage::Handshake,
            failure: Failure::NotTls { looks_like: seen, .. },
        } = observation.outcome
        else {
            panic!("{:?}", observation.outcome)
        };
        assert_eq!(seen, looks_like);
        assert_eq!(observation.connections, 1, "no hello can change it");
    }
}
