//! Bare clients: what the machine charges for a TCP connection, for a ClientHello and the chain that answers it, and for a rustls handshake, with nothing parsed, judged or written.
//!
//! In: a list of `address:port`. Out: one line with how many connections did what was asked. CPU is measured from outside.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The least that a client can do to each address of a list
#[derive(Parser)]
struct Arguments {
    /// What to do
    mode: Mode,
    /// File of `address:port` lines
    addresses: PathBuf,
    /// Connections at once
    #[arg(long, default_value_t = 100)]
    concurrency: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Connect and close
    Tcp,
    /// A ClientHello of TLS 1.2 made once for all, and as many bytes as reach to the end of the server's Certificate
    Hello,
    /// A whole rustls handshake with the server's signature checked, then an orderly end
    Rustls,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let text = std::fs::read_to_string(&arguments.addresses)
        .with_context(|| format!("{} cannot be read", arguments.addresses.display()))?;
    let addresses: Vec<SocketAddr> = text.lines().map(str::parse).collect::<Result<_, _>>()?;
    let (config, mode) = (config()?, arguments.mode);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    let done = Arc::new(AtomicUsize::new(0));
    let (next, total) = (Arc::new(AtomicUsize::new(0)), addresses.len());
    let addresses = Arc::new(addresses);
    local.block_on(&runtime, async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..arguments.concurrency {
            let (next, done, addresses) = (Arc::clone(&next), Arc::clone(&done), Arc::clone(&addresses));
            let connector = TlsConnector::from(Arc::clone(&config));
            tasks.spawn_local(async move {
                while let Some(&address) = addresses.get(next.fetch_add(1, Ordering::Relaxed)) {
                    done.fetch_add(
                        usize::from(look(mode, address, &connector).await.is_ok()),
                        Ordering::Relaxed,
                    );
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    });
    println!("{} of {total}", done.load(Ordering::Relaxed));
    Ok(())
}

async fn look(mode: Mode, address: SocketAddr, connector: &TlsConnector) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    match mode {
        Mode::Tcp => {}
        Mode::Hello => chain(&mut stream).await?,
        Mode::Rustls => {
            let name = ServerName::IpAddress(address.ip().into());
            let mut tls = connector.connect(name, stream).await?;
            tls.shutdown().await?;
        }
    }
    Ok(())
}

/// A ClientHello with four suites (ECDHE with AES-128-GCM and AES-256-GCM), two groups and three signature schemes.
const HELLO: &[u8] = &[
    22, 3, 1, 0, 81, 1, 0, 0, 77, 3, 3, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 8, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 1, 0, 0, 28, 0, 10,
    0, 6, 0, 4, 0, 29, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1,
];

/// Reads to the end of the Certificate message, wherever it begins in its record.
async fn chain(stream: &mut TcpStream) -> Result<()> {
    stream.write_all(HELLO).await?;
    let mut bytes = Vec::with_capacity(4096);
    while !has_certificate(&bytes) {
        anyhow::ensure!(bytes.len() < 1 << 17, "an endless answer");
        anyhow::ensure!(
            stream.read_buf(&mut bytes).await? > 0,
            "closed before the certificate"
        );
    }
    Ok(())
}

/// Whether a whole Certificate message (11) stands behind a whole ServerHello (2), in one record or in two.
fn has_certificate(bytes: &[u8]) -> bool {
    let mut messages = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [22, _, _, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(tail.len());
        messages.extend_from_slice(&tail[..length]);
        rest = &tail[length..];
    }
    let mut rest = &*messages;
    while let [kind, a, b, c, tail @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).unwrap_or(usize::MAX);
        if length > tail.len() {
            return false;
        }
        if *kind == 11 {
            return true;
        }
        rest = &tail[length..];
    }
    false
}

fn config() -> Result<Arc<ClientConfig>> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519, kx_group::SECP256R1];
    let provider = Arc::new(provider);
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SignatureOnly(provider)))
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}

/// Checks that the server holds its key, and nothing about the certificate.
#[derive(Debug)]
struct SignatureOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for SignatureOnly {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _staple: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
