//! What answers on each port of the farm. In: an accepted connection. Out: bytes, silence, or a reset; never an error that matters.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::host::{Host, Versions};
use crate::mint::Mint;
use crate::odd::{self, Case};

/// The longest life of a connection: a client that never lets go ends the farm's patience, not its sockets.
const LIFE: Duration = Duration::from_secs(60);

/// What a port does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// An honest TLS server with the certificate of its address.
    Tls,
    /// The same, after the farm's delay.
    Slow,
    /// An odd certificate, by address.
    Odd,
    /// Accepts and never says a word.
    Silent,
    /// The head of a true answer, and then no more.
    Stall,
    /// The beginning of a true answer, one byte a second.
    Drip,
    /// TLS records without end, of four kinds by address.
    Flood,
    /// A reset: at once, or after the hello, by address.
    Reset,
    /// Bytes that are not TLS.
    Garbage,
    /// An HTTP answer to whatever comes.
    Http,
    /// The text or packets of a STARTTLS protocol without end.
    Banner(&'static str),
    /// An SMTP server that refuses STARTTLS with a text made for a terminal.
    Refuse,
}

/// The protocols that have an endless banner.
pub const PROTOCOLS: &[&str] = &[
    "smtp",
    "lmtp",
    "imap",
    "pop3",
    "sieve",
    "nntp",
    "ftp",
    "ldap",
    "xmpp",
    "xmpp-server",
    "postgres",
    "mysql",
    "rdp",
    "irc",
    "nats",
    "mssql",
];

impl Behaviour {
    /// Every port of the farm.
    pub fn all() -> Vec<Self> {
        let plain = [
            Self::Tls,
            Self::Slow,
            Self::Odd,
            Self::Silent,
            Self::Stall,
            Self::Drip,
            Self::Flood,
            Self::Reset,
            Self::Garbage,
            Self::Http,
            Self::Refuse,
        ];
        plain
            .into_iter()
            .chain(PROTOCOLS.iter().map(|protocol| Self::Banner(protocol)))
            .collect()
    }

    /// Its word in `farm.json`.
    pub fn word(self) -> String {
        match self {
            Self::Banner(protocol) => format!("banner-{protocol}"),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}

/// What all connections share.
pub struct Farm {
    /// Certificates of honest hosts.
    pub mint: Mint,
    /// Odd hosts.
    pub odd: Vec<Case>,
    /// Whether every honest host has an ECDSA key.
    pub ecdsa_only: bool,
    /// How long a slow host thinks.
    pub delay: Duration,
    /// TLS 1.2 and 1.3; 1.2 alone; 1.3 alone.
    pub configs: [ServerConfig; 3],
}

impl Farm {
    /// Answers `stream`, which came to `address`, until it ends.
    pub async fn answer(&self, behaviour: Behaviour, mut stream: TcpStream, address: Ipv4Addr) {
        let kind = address.octets()[3];
        let answered = async {
            match behaviour {
                Behaviour::Tls => self.honest(stream, address).await,
                Behaviour::Slow => {
                    tokio::time::sleep(self.delay).await;
                    self.honest(stream, address).await;
                }
                Behaviour::Odd => {
                    let certified = Arc::clone(&odd::at(&self.odd, address).certified);
                    handshake(stream, &self.configs[0], certified).await;
                }
                Behaviour::Silent => tokio::time::sleep(LIFE).await,
                Behaviour::Stall => {
                    drop(stream.write_all(&[22, 3, 3, 0, 90, 2, 0]).await);
                    tokio::time::sleep(LIFE).await;
                }
                Behaviour::Drip => drip(&mut stream).await,
                Behaviour::Flood => repeat(&mut stream, b"", &record_of(kind)).await,
                Behaviour::Reset => reset(stream, kind).await,
                Behaviour::Garbage => repeat_for(&mut stream, &[0x99; 600], 1).await,
                Behaviour::Http => {
                    repeat_for(
                        &mut stream,
                        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
                        1,
                    )
                    .await;
                }
                Behaviour::Banner(protocol) => {
                    let (first, chunk) = banner(protocol, kind);
                    repeat(&mut stream, &first, &chunk).await;
                }
                Behaviour::Refuse => refuse(&mut stream).await,
            }
        };
        drop(tokio::time::timeout(LIFE, answered).await);
    }

    async fn honest(&self, stream: TcpStream, address: Ipv4Addr) {
        let host = Host::at(address, self.ecdsa_only);
        let config = match host.versions {
            Versions::Both => &self.configs[0],
            Versions::Only12 => &self.configs[1],
            Versions::Only13 => &self.configs[2],
        };
        handshake(stream, config, Arc::new(self.mint.certified(host))).await;
    }
}

/// A handshake with one certificate, then patience until the client leaves.
async fn handshake(stream: TcpStream, config: &ServerConfig, certified: Arc<CertifiedKey>) {
    let mut config = config.clone();
    config.cert_resolver = Arc::new(One(certified));
    drop(stream.set_nodelay(true));
    if let Ok(mut tls) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
        let mut rest = [0; 256];
        while matches!(tls.read(&mut rest).await, Ok(read) if read > 0) {}
        drop(tls.shutdown().await);
    }
}

#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

async fn drip(stream: &mut TcpStream) {
    // A ServerHello record of 90 bytes for ECDHE-ECDSA in TLS 1.2; it is never finished within anybody's patience.
    let mut hello = vec![22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3];
    hello.extend_from_slice(&[0x42; 32]);
    hello.extend_from_slice(&[0, 0xc0, 0x2b, 0, 0, 46]);
    hello.resize(95, 0);
    for byte in hello {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn reset(mut stream: TcpStream, kind: u8) {
    if kind % 2 == 1 {
        drop(stream.read(&mut [0; 64]).await);
    }
    drop(stream.set_zero_linger());
}

/// Sixteen kilobytes of records: a certificate that never ends, warnings, empty handshake records, cipher changes.
fn record_of(kind: u8) -> Vec<u8> {
    match kind % 4 {
        0 => [&[22, 3, 3, 0x40, 0, 11, 0xff, 0xff, 0xff][..], &[0; 16_380]].concat(),
        1 => [21, 3, 3, 0, 2, 1, 90].repeat(2_340),
        2 => [22, 3, 3, 0, 0].repeat(3_276),
        _ => [20, 3, 3, 0, 1, 1].repeat(2_730),
    }
}

/// What opens an endless banner and what goes on. Odd addresses send lines that never end, even ones never-ending lines.
fn banner(protocol: &str, kind: u8) -> (Vec<u8>, Vec<u8>) {
    let endless_line = kind % 2 == 1;
    let lines = |first: &str, line: &str| {
        let chunk = if endless_line {
            "x".repeat(16_384)
        } else {
            line.repeat(16_384 / line.len())
        };
        (first.as_bytes().to_vec(), chunk.into_bytes())
    };
    let packets = |first: &[u8], chunk: &[u8]| (first.to_vec(), chunk.repeat(16_384 / chunk.len()));
    match protocol {
        "smtp" | "lmtp" | "ftp" => lines("220-", "220-welcome to a very long greeting\r\n"),
        "imap" => lines("* ", "* OK still greeting you\r\n"),
        "pop3" => lines("+OK ", "+OK still greeting you\r\n"),
        "sieve" => lines("\"IMPLEMENTATION\" \"", "\"X-ENDLESS\" \"yes\"\r\n"),
        "nntp" => lines("200 ", "200 still greeting you\r\n"),
        "irc" => lines(":a NOTICE * :", ":a NOTICE * :still looking up your name\r\n"),
        "nats" => lines("INFO {\"x\":\"", "INFO {\"server_id\":\"endless\"}\r\n"),
        "xmpp" | "xmpp-server" => lines(
            "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features>",
            "<mechanism>ENDLESS</mechanism>",
        ),
        // An ExtendedResponse that claims 2 GiB; a matched message that answers nobody.
        "ldap" if endless_line => packets(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff], &[0]),
        "ldap" => packets(&[], &[0x30, 5, 2, 1, 9, 0x78, 0]),
        "postgres" if endless_line => packets(b"E\x7f\xff\xff\xff", b"x"),
        "postgres" => packets(b"S", b"S"),
        "mysql" => packets(&[0xff, 0xff, 0xff, 0, 10], b"5.7-endless"),
        "rdp" => packets(&[3, 0, 0xff, 0xff], &[0]),
        _ => packets(&[], &[[4, 0, 0, 64, 0, 0, 1, 0].as_slice(), &[0; 56]].concat()),
    }
}

async fn refuse(stream: &mut TcpStream) {
    let text = "220 mail.test \u{1b}[31mhello\u{1b}]0;owned\u{7}\r\n";
    if stream.write_all(text.as_bytes()).await.is_err() {
        return;
    }
    let mut line = [0; 512];
    while matches!(stream.read(&mut line).await, Ok(read) if read > 0) {
        let answer: &[u8] = match line[0].to_ascii_uppercase() {
            b'E' => b"250-mail.test \x1b[2J\r\n250 STARTTLS\r\n",
            b'S' => b"454 4.7.0 \x1b[31mnot\x07 today \xe2\x80\xae\r\n",
            _ => b"221 bye\r\n",
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

/// `first`, then `chunk` for ever.
async fn repeat(stream: &mut TcpStream, first: &[u8], chunk: &[u8]) {
    if stream.write_all(first).await.is_ok() {
        repeat_for(stream, chunk, u64::MAX).await;
    }
}

async fn repeat_for(stream: &mut TcpStream, chunk: &[u8], times: u64) {
    for _ in 0..times {
        if stream.write_all(chunk).await.is_err() {
            return;
        }
    }
    // Reading until the client leaves: closing over unread bytes would reset the connection under our own answer.
    let mut rest = [0; 256];
    while matches!(stream.read(&mut rest).await, Ok(read) if read > 0) {}
}
