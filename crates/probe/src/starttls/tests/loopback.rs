//! The exchanges over real sockets: honest servers with real TLS behind them, and hostile ones within bounds.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::limits;
use model::observation::Failure;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use testkit::hostile::{Banner, INJECTED, Kind, start, start_honest};
use testkit::script::{End, Pace, Protocol, Script, greeting_for, self_signed};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::tds::TdsStream;
use super::super::{Framing, Upgrade, upgrade};
use super::service;

#[expect(
    clippy::disallowed_methods,
    reason = "a test may open a connection to the server that it has just started"
)]
pub(super) async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn look(protocol: Protocol, address: SocketAddr) -> (Result<Upgrade, Failure>, TcpStream) {
    let mut stream = connect(address).await;
    let service = service(protocol);
    let looked = upgrade(&mut stream, &service, "probe.example");
    let upgraded = timeout(limits::UPGRADE, looked)
        .await
        .unwrap_or(Err(Failure::TimedOut));
    (upgraded, stream)
}

/// The leaf that a TLS server presents, by rustls.
pub(super) async fn presented<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> Vec<u8> {
    let seen = Arc::new(Seen::default());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Seen>::clone(&seen))
        .with_no_client_auth();
    let name = ServerName::try_from("chat.example").unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    seen.0.lock().unwrap().clone()
}

/// A verifier that keeps the leaf and finds everything well.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<u8>>);

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = leaf.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

#[tokio::test]
async fn tls_begins_behind_the_go_ahead_of_every_protocol() {
    for protocol in Protocol::ALL {
        let running = start_honest(protocol, self_signed(&["chat.example"])).unwrap();
        let (upgraded, stream) = look(protocol, running.address()).await;
        let upgraded = upgraded.unwrap_or_else(|failure| panic!("{protocol:?}: {failure:?}"));
        assert_eq!(upgraded.early_plaintext, None, "{protocol:?}");
        let leaf = match upgraded.framing {
            Framing::Plain => presented(stream).await,
            Framing::Tds => presented(TdsStream::new(stream)).await,
        };
        assert!(leaf.starts_with(&[0x30, 0x82]), "{protocol:?}");
        assert_eq!(running.connections(), 1);
    }
}

#[tokio::test]
async fn segments_of_one_byte_with_pauses_are_one_reply() {
    for protocol in [Protocol::Smtp, Protocol::Ldap, Protocol::Mysql, Protocol::Xmpp] {
        let script = greeting_for(protocol, b"").at(Pace::Slow(Duration::from_millis(1)));
        let running = script.serve(End::Stay).unwrap();
        assert!(look(protocol, running.address()).await.0.is_ok(), "{protocol:?}");
    }
}

#[tokio::test]
async fn an_injection_is_seen_on_the_wire() {
    for protocol in Protocol::ALL {
        let running = start(Kind::Injection(protocol)).unwrap();
        let early = look(protocol, running.address()).await.0.unwrap().early_plaintext;
        assert_eq!(early.unwrap().raw(), INJECTED, "{protocol:?}");
    }
}

#[tokio::test]
async fn endless_first_words_are_bounded_in_every_protocol() {
    for protocol in Protocol::ALL {
        for banner in Banner::ALL {
            let running = start(Kind::EndlessBanner(protocol, banner)).unwrap();
            let (upgraded, stream) = look(protocol, running.address()).await;
            assert!(
                matches!(upgraded, Err(Failure::TooMuch { .. })),
                "{protocol:?} {banner:?}: {upgraded:?}"
            );
            drop(stream);
        }
    }
}

#[tokio::test]
async fn no_more_is_read_than_the_bound() {
    for protocol in Protocol::ALL {
        for banner in Banner::ALL {
            let (ours, mut theirs) = tokio::io::duplex(1024);
            let mut stream = Counted {
                stream: ours,
                read_bytes: 0,
            };
            let service = service(protocol);
            let running = start(Kind::EndlessBanner(protocol, banner)).unwrap();
            let mut socket = connect(running.address()).await;
            let upgraded = tokio::select! {
                upgraded = upgrade(&mut stream, &service, "probe.example") => upgraded,
                copied = tokio::io::copy_bidirectional(&mut socket, &mut theirs) => panic!("{copied:?}"),
            };
            assert!(upgraded.is_err());
            assert!(
                stream.read_bytes <= limits::UPGRADE_BYTES,
                "{protocol:?} {banner:?}: {}",
                stream.read_bytes
            );
        }
    }
}

/// A stream that counts what was read of it.
struct Counted<S> {
    stream: S,
    read_bytes: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = std::pin::Pin::new(&mut self.stream).poll_read(context, buffer);
        self.read_bytes += buffer.filled().len() - before;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        std::pin::Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[tokio::test]
async fn resets_and_closings_are_told_apart() {
    let reset = start(Kind::ResetOnHello).unwrap();
    assert_eq!(
        look(Protocol::Postgres, reset.address()).await.0,
        Err(Failure::Reset)
    );
    let closed = start(Kind::CloseOnHello).unwrap();
    assert_eq!(
        look(Protocol::Postgres, closed.address()).await.0,
        Err(Failure::Closed)
    );
    let closed = start(Kind::CloseOnAccept).unwrap();
    assert_eq!(
        look(Protocol::Imap, closed.address()).await.0,
        Err(Failure::Closed)
    );
}

#[tokio::test]
async fn garbage_and_floods_are_not_the_protocol() {
    for kind in [Kind::Garbage, Kind::Flood] {
        let running = start(kind.clone()).unwrap();
        let upgraded = look(Protocol::Ldap, running.address()).await.0;
        assert!(
            matches!(upgraded, Err(Failure::WrongProtocol { .. })),
            "{kind:?}: {upgraded:?}"
        );
    }
    let flood = start(Kind::Flood).unwrap();
    assert!(matches!(
        look(Protocol::Smtp, flood.address()).await.0,
        Err(Failure::TooMuch { .. })
    ));
}

#[tokio::test]
async fn who_waits_for_us_to_speak_is_the_callers_to_time() {
    let running = Script::new().expect_line("GET ").serve(End::Close).unwrap();
    let mut stream = connect(running.address()).await;
    let service = service(Protocol::Smtp);
    let looked = timeout(
        Duration::from_millis(100),
        upgrade(&mut stream, &service, "probe.example"),
    )
    .await;
    assert!(looked.is_err());
}
