//! The hostile servers against rustls, and against a bare reader where rustls would stop too early.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Banner, ClearChain, Kind, Proof, Records, start};
use crate::script::{End, Script};

/// Runs a test's body on a runtime of its own.
fn block_on(body: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(body);
}

/// What a client saw before it stopped.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<Vec<u8>>>,
    /// Whether the server's signature over the handshake verifies.
    proven: Mutex<Option<bool>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf)
            .chain(rest)
            .map(|certificate| certificate.to_vec());
        *self.chain.lock().unwrap() = chain.collect();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let verified = verify_tls12_signature(message, leaf, signature, algorithms);
        *self.proven.lock().unwrap() = Some(verified.is_ok());
        // The server goes no further than here, and neither does the client.
        Err(rustls::Error::General("seen".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            leaf,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Shakes hands with a server of this kind: what was seen, and how it ended.
async fn shake(kind: Kind) -> (Arc<Seen>, io::Error) {
    let running = start(kind).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let seen = Arc::new(Seen {
        provider: Arc::clone(&provider),
        chain: Mutex::default(),
        proven: Mutex::default(),
    });
    let verifier: Arc<dyn ServerCertVerifier> = Arc::<Seen>::clone(&seen);
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let socket = TcpStream::connect(running.address()).await.unwrap();
    let name = ServerName::try_from("hostile.test").unwrap();
    let connecting = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, socket);
    let shaken = tokio::time::timeout(Duration::from_secs(10), connecting)
        .await
        .expect("an end of the handshake");
    (seen, shaken.expect_err("a handshake that fails"))
}

#[test]
fn a_clear_chain_is_sent_as_it_is_and_its_key_proven_or_not() {
    block_on(async {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["hostile.test".to_owned()]).unwrap();
        let chain = vec![
            cert.der().to_vec(),
            b"not a certificate".to_vec(),
            cert.der().to_vec(),
        ];
        for (proof, proven) in [
            (Proof::Signed(signing_key.serialize_der()), true),
            (Proof::Wrong, false),
        ] {
            let (seen, _) = shake(Kind::ClearChain(ClearChain::of(&chain).proven_by(proof))).await;
            assert_eq!(*seen.chain.lock().unwrap(), chain);
            assert_eq!(*seen.proven.lock().unwrap(), Some(proven));
        }
    });
}

#[test]
fn a_compression_bomb_is_decrypted_before_it_is_refused() {
    block_on(async {
        let (_, error) = shake(Kind::CompressionBomb {
            claimed_bytes: 16 * 1024 * 1024 - 1,
        })
        .await;
        // rustls did not offer compression: a message that it can read and did not ask for, not a record that fails.
        let error = error.to_string();
        assert!(error.contains("unexpected handshake message"), "{error}");
        assert!(error.contains("CompressedCertificate"), "{error}");
    });
}

/// A ClientHello of TLS 1.2 with RSA and ECDHE suites and no extensions.
const HELLO: &[u8] = &{
    let mut hello = [0; 5 + 4 + 2 + 32 + 1 + 2 + 4 + 2];
    let head = [0x16, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3];
    let tail = [0, 0, 4, 0xc0, 0x2f, 0, 0x2f, 1, 0];
    let mut at = 0;
    while at < head.len() {
        hello[at] = head[at];
        at += 1;
    }
    at = 0;
    while at < tail.len() {
        hello[43 + at] = tail[at];
        at += 1;
    }
    hello
};

/// Sends [`HELLO`] and reads handshake messages up to ServerHelloDone: their types and bodies.
async fn messages(chain: ClearChain) -> Vec<(u8, Vec<u8>)> {
    let running = start(Kind::ClearChain(chain)).unwrap();
    let mut socket = TcpStream::connect(running.address()).await.unwrap();
    socket.write_all(HELLO).await.unwrap();
    let mut flight = Vec::new();
    let mut messages = Vec::new();
    while messages.last().is_none_or(|(kind, _)| *kind != 14) {
        let mut head = [0; 5];
        socket.read_exact(&mut head).await.unwrap();
        assert_eq!(&head[..3], [0x16, 3, 3]);
        let mut fragment = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        socket.read_exact(&mut fragment).await.unwrap();
        flight.append(&mut fragment);
        while let [kind, high, middle, low, rest @ ..] = flight.as_slice() {
            let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            let Some((body, rest)) = rest.split_at_checked(length) else {
                break;
            };
            messages.push((*kind, body.to_vec()));
            flight = rest.to_vec();
        }
    }
    messages
}

#[test]
fn chains_of_any_size_arrive_whole() {
    block_on(async {
        let hundred = ClearChain::of(&vec![vec![0x30; 1000]; 100]).proven_by(Proof::RsaKeyExchange);
        let kinds: Vec<(u8, usize)> = messages(hundred)
            .await
            .into_iter()
            .map(|(kind, body)| (kind, body.len()))
            .collect();
        assert_eq!(kinds, [(2, 38), (11, 3 + 100 * 1003), (14, 0)]);
        let megabyte = vec![0xab; 1024 * 1024];
        let came = messages(ClearChain::raw(megabyte.clone())).await;
        assert_eq!(
            came.iter().map(|(kind, _)| *kind).collect::<Vec<u8>>(),
            [2, 11, 12, 14]
        );
        assert_eq!(came[1].1, megabyte);
    });
}

#[test]
fn a_server_without_a_common_suite_says_so() {
    block_on(async {
        let running = start(Kind::ClearChain(ClearChain::of(&[]))).unwrap();
        let mut socket = TcpStream::connect(running.address()).await.unwrap();
        let mut hello = HELLO.to_vec();
        hello[46..50].copy_from_slice(&[0x13, 1, 0x13, 2]);
        socket.write_all(&hello).await.unwrap();
        let mut alert = [0; 7];
        socket.read_exact(&mut alert).await.unwrap();
        assert_eq!(alert, [0x15, 3, 3, 0, 2, 2, 40]);
    });
}

/// Reads `count` bytes of what a server of this kind says after [`HELLO`].
async fn says(kind: Kind, count: usize) -> Vec<u8> {
    let running = start(kind).unwrap();
    let mut socket = TcpStream::connect(running.address()).await.unwrap();
    socket.write_all(HELLO).await.unwrap();
    let mut words = vec![0; count];
    socket.read_exact(&mut words).await.unwrap();
    words
}

#[test]
fn endless_servers_do_not_stop_at_a_megabyte() {
    block_on(async {
        for records in Records::ALL {
            let words = says(Kind::EndlessRecords(records), 1024 * 1024).await;
            assert_eq!(words[1..3], [3, 3], "{records:?}");
        }
        for protocol in crate::script::Protocol::ALL {
            for banner in Banner::ALL {
                says(Kind::EndlessBanner(protocol, banner), 1024 * 1024).await;
            }
        }
        says(Kind::Flood, 1024 * 1024).await;
    });
}

#[test]
fn tarpits_say_nothing_and_drips_little() {
    block_on(async {
        let wait = Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, says(Kind::Tarpit, 1)).await.is_err());
        assert!(
            tokio::time::timeout(wait, says(Kind::drip_tls(), 2))
                .await
                .is_err()
        );
        assert_eq!(says(Kind::drip_text(), 1).await, b"2");
    });
}

#[test]
fn a_server_counts_what_it_did() {
    block_on(async {
        let running = Script::new()
            .expect("four")
            .send("three")
            .serve(End::Close)
            .unwrap();
        let mut socket = TcpStream::connect(running.address()).await.unwrap();
        socket.write_all(b"four").await.unwrap();
        // The end of the stream comes behind the counting.
        assert_eq!(socket.read_to_end(&mut Vec::new()).await.unwrap(), 5);
        assert_eq!(
            (
                running.connections(),
                running.received_bytes(),
                running.sent_bytes()
            ),
            (1, 4, 5)
        );
    });
}

#[test]
fn a_server_is_gone_with_its_handle() {
    block_on(async {
        let running = start(Kind::Tarpit).unwrap();
        let address = running.address();
        let mut socket = TcpStream::connect(address).await.unwrap();
        drop(running);
        // Closed or reset, as the kernel likes; nothing comes and nothing hangs.
        assert!(matches!(socket.read(&mut [0; 1]).await, Ok(0) | Err(_)));
        assert!(TcpStream::connect(address).await.is_err());
    });
}
