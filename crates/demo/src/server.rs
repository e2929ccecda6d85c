//! The servers: each listens at an address of its own on loopback and ends with the world.
//!
//! A manner comes in, an address goes out. No connection lasts longer than ten seconds.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::account::Account;
use crate::mint::Minted;

/// How a server behaves.
#[derive(Clone)]
pub(crate) enum Manner {
    /// TLS at once.
    Tls(Arc<ServerConfig>),
    /// SMTP, and TLS behind STARTTLS.
    Smtp(Arc<ServerConfig>),
    /// HTTP in the clear.
    Http,
    /// Closes without a word.
    Silent,
    /// The interface of the account.
    Account(Arc<Account>),
}

/// Longest time that one connection is served.
const CONNECTION: Duration = Duration::from_secs(10);
/// Longest line or head that is read from whoever asks.
const HEAD_BYTES: usize = 8 * 1024;

/// Certificates served in turn, one for each connection.
#[derive(Debug)]
struct InTurn {
    keys: Vec<Arc<CertifiedKey>>,
    next: AtomicUsize,
}

impl ResolvesServerCert for InTurn {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.keys.get(number % self.keys.len().max(1)).map(Arc::clone)
    }
}

/// A chain as it is sent, and the certificate whose key proves it: which need not be the first.
pub(crate) struct Served<'a> {
    /// Certificates in the order in which they are sent.
    pub(crate) chain: Vec<&'a Minted>,
    /// Whose key signs.
    pub(crate) key: &'a Minted,
}

/// TLS that serves these in turn; `only_old` leaves TLS 1.3 out.
pub(crate) fn tls(served: &[Served<'_>], only_old: bool) -> io::Result<Arc<ServerConfig>> {
    let versions: &[&SupportedProtocolVersion] = if only_old { &[&TLS12] } else { &[&TLS13, &TLS12] };
    let mut keys = Vec::new();
    for one in served {
        let chain = one
            .chain
            .iter()
            .map(|minted| CertificateDer::from(minted.der.clone()))
            .collect();
        let key = PrivateKeyDer::Pkcs8(one.key.key.serialize_der().into());
        let key = aws_lc_rs::sign::any_supported_type(&key).map_err(io::Error::other)?;
        keys.push(Arc::new(CertifiedKey::new(chain, key)));
    }
    let next = AtomicUsize::new(0);
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(InTurn { keys, next }));
    Ok(Arc::new(config))
}

/// Serves at `address`, at `port` or one that the system chooses for 0; gives where.
pub(crate) async fn serve(
    address: Ipv4Addr,
    port: u16,
    manner: Manner,
    tasks: &mut JoinSet<()>,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((address, port)).await?;
    let socket = listener.local_addr()?;
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let answer = tokio::time::timeout(CONNECTION, connection(stream, manner.clone()));
                        // Whoever asks may go away at any time.
                        connections.spawn(async move { drop(answer.await) });
                    }
                    Err(_) => tokio::task::yield_now().await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    });
    Ok(socket)
}

async fn connection(mut stream: TcpStream, manner: Manner) -> io::Result<()> {
    match manner {
        Manner::Tls(config) => handshake(stream, config).await,
        Manner::Smtp(config) => {
            if smtp(&mut stream).await? {
                handshake(stream, config).await?;
            }
            Ok(())
        }
        Manner::Http => {
            read_until(&mut stream, b"\n").await?;
            let words = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(words.as_bytes()).await?;
            stream.shutdown().await
        }
        Manner::Silent => stream.shutdown().await,
        Manner::Account(account) => {
            let head = read_until(&mut stream, b"\r\n\r\n").await?;
            let answer = account.answer(&String::from_utf8_lossy(&head));
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
    }
}

async fn handshake(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    let mut stream = TlsAcceptor::from(config).accept(stream).await?;
    let mut octets = [0; 1_024];
    while stream.read(&mut octets).await? > 0 {}
    Ok(())
}

/// Says what an SMTP server says; whether TLS begins.
async fn smtp(stream: &mut TcpStream) -> io::Result<bool> {
    stream.write_all(b"220 mail.test ESMTP\r\n").await?;
    loop {
        let line = read_until(stream, b"\n").await?;
        let line = String::from_utf8_lossy(&line).to_ascii_uppercase();
        let answer = match line.split_ascii_whitespace().next() {
            None if line.is_empty() => return Ok(false),
            Some("EHLO") => "250-mail.test\r\n250 STARTTLS\r\n",
            Some("STARTTLS") => {
                stream.write_all(b"220 go ahead\r\n").await?;
                return Ok(true);
            }
            Some("QUIT") => return Ok(false),
            _ => "500 not known here\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads up to and with `end`, octet by octet: what follows belongs to TLS. Less when the other side ends first.
async fn read_until(stream: &mut TcpStream, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    let mut octet = [0];
    while read.len() < HEAD_BYTES && !read.ends_with(end) && stream.read(&mut octet).await? > 0 {
        read.extend(octet);
    }
    Ok(read)
}
