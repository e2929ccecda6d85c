//! Scripted servers: say this, expect that, then close, reset, stay, or begin TLS.
//!
//! A [`Script`] is played over any stream ([`Script::play`]) or served on loopback ([`Script::serve`]). What it sends goes
//! out whole, byte by byte, or with a pause of tokio time between bytes. [`greeting_for`] has the honest script of every
//! protocol in which TLS can begin after an exchange.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use crate::hostile::running::{Guest, Running};
use crate::hostile::tds;

/// A conversation as one side of it holds it.
#[derive(Clone, Debug, Default)]
pub struct Script {
    steps: Vec<Step>,
    pace: Pace,
}

/// How bytes are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// All bytes of a step at once.
    #[default]
    Whole,
    /// One byte at a time.
    Bytewise,
    /// One byte at a time, with this pause (of tokio time) behind each.
    Slow(Duration),
}

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    Expect(Vec<u8>),
    ExpectLine(String),
    ExpectUntil(Vec<u8>),
    Skip(usize),
    Pause(Duration),
}

/// Where a conversation left its script.
#[derive(Debug)]
pub enum Broken {
    /// Something else was said.
    Unexpected {
        /// What the script wants.
        wanted: String,
        /// What came.
        came: String,
    },
    /// The stream failed or ended.
    Stream(io::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unexpected { wanted, came } => write!(f, "expected {wanted}, heard {came}"),
            Self::Stream(error) => write!(f, "the stream failed: {error}"),
        }
    }
}

impl std::error::Error for Broken {}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Stream(error)
    }
}

impl Script {
    /// A script without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then says `bytes`.
    #[must_use]
    pub fn send(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Send(bytes.as_ref().to_vec()));
        self
    }

    /// Then wants exactly `bytes`.
    #[must_use]
    pub fn expect(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::Expect(bytes.as_ref().to_vec()));
        self
    }

    /// Then wants a line that begins with `beginning`.
    #[must_use]
    pub fn expect_line(mut self, beginning: &str) -> Self {
        self.steps.push(Step::ExpectLine(beginning.to_owned()));
        self
    }

    /// Then takes bytes until `end` has come.
    #[must_use]
    pub fn expect_until(mut self, end: impl AsRef<[u8]>) -> Self {
        self.steps.push(Step::ExpectUntil(end.as_ref().to_vec()));
        self
    }

    /// Then takes `count` bytes, whatever they are.
    #[must_use]
    pub fn skip(mut self, count: usize) -> Self {
        self.steps.push(Step::Skip(count));
        self
    }

    /// Then says nothing for this long (tokio time).
    #[must_use]
    pub fn pause(mut self, time: Duration) -> Self {
        self.steps.push(Step::Pause(time));
        self
    }

    /// Sends at `pace`.
    #[must_use]
    pub const fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Then says and wants what `further` does.
    #[must_use]
    pub fn then(mut self, further: Self) -> Self {
        self.steps.extend(further.steps);
        self
    }

    /// Holds the conversation over `stream`.
    ///
    /// # Errors
    /// When the other side leaves the script or the stream fails.
    pub async fn play<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut S) -> Result<(), Broken> {
        for step in &self.steps {
            match step {
                Step::Send(bytes) => send(stream, bytes, self.pace).await?,
                Step::Expect(wanted) => {
                    let mut came = vec![0; wanted.len()];
                    stream.read_exact(&mut came).await?;
                    if came != *wanted {
                        return Err(unexpected(format!("\"{}\"", wanted.escape_ascii()), &came));
                    }
                }
                Step::ExpectUntil(end) => drop(until(stream, end).await?),
                Step::ExpectLine(beginning) => {
                    let line = until(stream, b"\n").await?;
                    if !line.starts_with(beginning.as_bytes()) {
                        return Err(unexpected(format!("a line with \"{beginning}\""), &line));
                    }
                }
                Step::Skip(count) => {
                    stream.read_exact(&mut vec![0; *count]).await?;
                }
                Step::Pause(time) => tokio::time::sleep(*time).await,
            }
        }
        Ok(())
    }

    /// Serves the script to every connection on 127.0.0.1 at a free port, then does `end` with it.
    ///
    /// # Errors
    /// When the operating system gives no port or no thread.
    pub fn serve(self, end: End) -> io::Result<Running> {
        self.serve_on(&[SocketAddr::from(([127, 0, 0, 1], 0))], end)
    }

    /// As [`Self::serve`], on addresses of one's own choice.
    ///
    /// # Errors
    /// When an address cannot be bound or no thread is given.
    pub fn serve_on(self, addresses: &[SocketAddr], end: End) -> io::Result<Running> {
        let script = Arc::new(self);
        Running::spawn(addresses, move |guest| {
            let (script, end) = (Arc::clone(&script), end.clone());
            async move { host(&script, &end, guest).await }
        })
    }
}

/// What a scripted server does when its script has been played.
#[derive(Clone, Debug)]
pub enum End {
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing more and takes whatever comes.
    Stay,
    /// Shakes hands as a TLS server, then takes whatever comes.
    Tls(Arc<ServerConfig>),
    /// As `Tls`, with every record inside TDS PRELOGIN packets (MS-TDS 2.2.6.5).
    TlsInTds(Arc<ServerConfig>),
}

async fn host(script: &Script, end: &End, mut guest: Guest) {
    // A guest that leaves the script has had its conversation: the test sees that on its own side.
    if script.play(&mut guest).await.is_err() {
        return;
    }
    match end {
        End::Close => {}
        End::Reset => guest.reset(),
        End::Stay => guest.listen().await,
        End::Tls(config) => shake(config, guest).await,
        End::TlsInTds(config) => {
            let (inner, outer) = tokio::io::duplex(16 * 1024);
            // Whichever side ends first ends both.
            tokio::select! {
                () = shake(config, inner) => {}
                _ = tds::carry(outer, guest) => {}
            }
        }
    }
}

/// Shakes hands and reads until the guest leaves. Whether the handshake came to its end is the guest's to say.
async fn shake<S: AsyncRead + AsyncWrite + Unpin>(config: &Arc<ServerConfig>, stream: S) {
    if let Ok(mut stream) = TlsAcceptor::from(Arc::clone(config)).accept(stream).await {
        let mut sink = [0; 1024];
        while matches!(stream.read(&mut sink).await, Ok(1..)) {}
    }
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8], pace: Pace) -> io::Result<()> {
    if pace == Pace::Whole {
        stream.write_all(bytes).await?;
        return stream.flush().await;
    }
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        match pace {
            Pace::Slow(pause) => tokio::time::sleep(pause).await,
            Pace::Whole | Pace::Bytewise => tokio::task::yield_now().await,
        }
    }
    Ok(())
}

/// What comes up to and with `end`; at most 16 KiB, more than any client of a test says.
async fn until<S: AsyncRead + Unpin>(stream: &mut S, end: &[u8]) -> io::Result<Vec<u8>> {
    let mut came = Vec::new();
    while !came.ends_with(end) && came.len() < 16 * 1024 {
        came.push(stream.read_u8().await?);
    }
    Ok(came)
}

fn unexpected(wanted: String, came: &[u8]) -> Broken {
    Broken::Unexpected {
        wanted,
        came: format!("\"{}\"", came.escape_ascii()),
    }
}

/// A TLS server for `names` with a self-signed certificate made now.
///
/// # Panics
/// When no certificate can be made of the names.
pub fn self_signed(names: &[&str]) -> Arc<ServerConfig> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).expect("names for a certificate");
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the default protocol versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a key that fits its certificate");
    Arc::new(config)
}

/// The protocols in which TLS begins after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// SMTP.
    Smtp,
    /// LMTP.
    Lmtp,
    /// IMAP.
    Imap,
    /// POP3.
    Pop3,
    /// ManageSieve.
    Sieve,
    /// NNTP.
    Nntp,
    /// FTP.
    Ftp,
    /// LDAP.
    Ldap,
    /// XMPP, client to server.
    Xmpp,
    /// XMPP, server to server.
    XmppServer,
    /// PostgreSQL.
    Postgres,
    /// MySQL.
    Mysql,
    /// RDP.
    Rdp,
    /// IRC.
    Irc,
    /// NATS.
    Nats,
    /// Microsoft SQL Server.
    Mssql,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 16] = [
        Self::Smtp,
        Self::Lmtp,
        Self::Imap,
        Self::Pop3,
        Self::Sieve,
        Self::Nntp,
        Self::Ftp,
        Self::Ldap,
        Self::Xmpp,
        Self::XmppServer,
        Self::Postgres,
        Self::Mysql,
        Self::Rdp,
        Self::Irc,
        Self::Nats,
        Self::Mssql,
    ];

    /// The scheme that people write for it.
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Lmtp => "lmtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Sieve => "sieve",
            Self::Nntp => "nntp",
            Self::Ftp => "ftp",
            Self::Ldap => "ldap",
            Self::Xmpp => "xmpp",
            Self::XmppServer => "xmpp-server",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Rdp => "rdp",
            Self::Irc => "irc",
            Self::Nats => "nats",
            Self::Mssql => "mssql",
        }
    }

    /// Whether the client begins TLS without a go-ahead, so that the last thing a server says is its greeting.
    pub const fn has_no_go_ahead(self) -> bool {
        matches!(self, Self::Mysql | Self::Nats)
    }

    /// How TLS begins after the script, with this server.
    pub const fn end(self, config: Arc<ServerConfig>) -> End {
        match self {
            Self::Mssql => End::TlsInTds(config),
            _ => End::Tls(config),
        }
    }
}

/// The honest conversation up to the go-ahead for TLS, with `behind` in the same segment as the go-ahead: empty for an
/// honest server, plaintext for a STARTTLS injection.
pub fn greeting_for(protocol: Protocol, behind: &[u8]) -> Script {
    let last = |bytes: &[u8]| [bytes, behind].concat();
    let script = Script::new();
    match protocol {
        Protocol::Smtp | Protocol::Lmtp => script
            .send("220-mail.test ESMTP\r\n220 speak\r\n")
            .expect_line(if protocol == Protocol::Lmtp {
                "LHLO "
            } else {
                "EHLO "
            })
            .send("250-mail.test\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n")
            .expect("STARTTLS\r\n")
            .send(last(b"220 2.0.0 go ahead\r\n")),
        Protocol::Imap => script
            .send("* OK [CAPABILITY IMAP4rev1] ready\r\n")
            .expect("a1 CAPABILITY\r\n")
            .send("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n")
            .expect("a2 STARTTLS\r\n")
            .send(last(b"a2 OK begin\r\n")),
        Protocol::Pop3 => script
            .send("+OK POP3 ready\r\n")
            .expect("CAPA\r\n")
            .send("+OK list\r\nTOP\r\nSTLS\r\n.\r\n")
            .expect("STLS\r\n")
            .send(last(b"+OK begin\r\n")),
        Protocol::Sieve => script
            .send("\"IMPLEMENTATION\" \"test\"\r\n\"SASL\" \"\"\r\n{8}\r\nSTARTTLS\r\nOK \"ready\"\r\n")
            .expect("STARTTLS\r\n")
            .send(last(b"OK \"begin\"\r\n")),
        Protocol::Nntp => script
            .send("200 news.test ready\r\n")
            .expect("CAPABILITIES\r\n")
            .send("101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n")
            .expect("STARTTLS\r\n")
            .send(last(b"382 begin\r\n")),
        Protocol::Ftp => script
            .send("220-ftp.test\r\n Welcome\r\n220 FTP ready\r\n")
            .expect("FEAT\r\n")
            .send("211-Features:\r\n MDTM\r\n AUTH TLS;TLS-C;SSL\r\n UTF8\r\n211 End\r\n")
            .expect("AUTH TLS\r\n")
            .send(last(b"234 begin\r\n")),
        Protocol::Irc => script
            .send(":irc.test NOTICE * :*** Looking up your hostname\r\nPING :1\r\n")
            .expect("CAP LS 302\r\n")
            .expect("PONG :1\r\n")
            .send(":irc.test CAP * LS * :multi-prefix sasl=PLAIN\r\n:irc.test CAP * LS :tls away-notify\r\n")
            .expect("STARTTLS\r\n")
            .send(last(b":irc.test 670 * :STARTTLS successful\r\n")),
        Protocol::Nats => script.send(last(
            b"INFO {\"server_id\":\"T\",\"tls_required\":true,\"port\":4222}\r\n",
        )),
        _ => binary_greeting(protocol, &last),
    }
}

fn binary_greeting(protocol: Protocol, last: &dyn Fn(&[u8]) -> Vec<u8>) -> Script {
    let script = Script::new();
    match protocol {
        // As Active Directory answers: every length in four octets, and the name of the response.
        Protocol::Ldap => script.skip(31).send(last(
            &[
                &b"\x30\x84\0\0\0\x28\x02\x01\x01\x78\x84\0\0\0\x1f\x0a\x01\0\x04\0\x04\0\x8a\x16"[..],
                b"1.3.6.1.4.1.1466.20037",
            ]
            .concat(),
        )),
        Protocol::Xmpp | Protocol::XmppServer => script
            .expect_until("xmlns:stream='http://etherx.jabber.org/streams'>")
            .send(XMPP_FEATURES)
            .expect_until("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            .send(last(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")),
        Protocol::Postgres => script.expect([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).send(last(b"S")),
        Protocol::Mysql => script.send(last(&mysql_greeting(0xffff))).skip(36),
        Protocol::Rdp => script.skip(19).send(last(&[
            3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0,
        ])),
        _ => script.skip(47).send(last(&[
            4, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 1,
        ])),
    }
}

const XMPP_FEATURES: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' \
    xmlns:stream='http://etherx.jabber.org/streams' from='xmpp.test'><stream:features><starttls \
    xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";

/// A MySQL greeting with the lower half of its capability flags.
pub fn mysql_greeting(capabilities: u16) -> Vec<u8> {
    let mut payload = b"\x0a8.0.40-test\0\x07\0\0\0challeng\0".to_vec();
    payload.extend_from_slice(&capabilities.to_le_bytes());
    payload.extend_from_slice(&[33, 2, 0, 0xff, 0xdf, 21]);
    payload.extend_from_slice(&[0; 10]);
    payload.extend_from_slice(b"challenge-two\0mysql_native_password\0");
    let mut packet = vec![u8::try_from(payload.len()).unwrap_or(u8::MAX), 0, 0, 0];
    packet.append(&mut payload);
    packet
}
