//! Bare clients: what the machine charges for a TCP connection and for a rustls handshake, with nothing parsed, judged or written.
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
use tokio::io::AsyncWriteExt;
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
    let stream = TcpStream::connect(address).await?;
    if mode == Mode::Rustls {
        let name = ServerName::IpAddress(address.ip().into());
        let mut tls = connector.connect(name, stream).await?;
        tls.shutdown().await?;
    }
    Ok(())
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
