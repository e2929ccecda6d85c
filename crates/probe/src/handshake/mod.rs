//! One handshake on one open connection, as far as the depth of the look wants it.
//!
//! A byte stream on which TLS begins goes in; a [`Handshake`] comes out, through `shown` and as soon as a certificate
//! was read, so that nothing seen is lost when the server goes silent behind it. Up to TLS 1.2 the certificate travels
//! in the clear and no cryptography is needed to read it, which is why servers that modern libraries refuse still show
//! theirs. In TLS 1.3 one key agreement and the record protection are needed. Nothing here tries a second connection.

mod cursor;
mod hello;
mod incoming;
mod keys;
mod legacy;
mod proof;
mod protection;
mod server_hello;
mod thirteen;

use std::sync::Arc;

use model::certificate::{Certificate, Shelf};
use model::observation::{ClientCertificate, Depth, Handshake, Hello, Proof};
use model::sct::{Sct, SctOrigin};
use model::tls::{CipherSuite, Group, Version};
use model::{Name, Untrusted, limits};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use cursor::Cursor;
pub(crate) use hello::{KeyWish, alpn_for};
use incoming::{Incoming, Message};
pub(crate) use keys::StandingKey;
use server_hello::ServerHello;

/// What ended a handshake before its depth was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Closed,
    Reset,
    TimedOut,
    Local(String),
    Alert(u8),
    /// Not TLS; what came instead is with the caller.
    NotTls,
    Malformed(&'static str),
    TooMuch(&'static str, usize),
    Anonymous(CipherSuite),
}

/// What to ask of the server.
pub(crate) struct Ask<'a> {
    pub(crate) hello: Hello,
    pub(crate) key: KeyWish,
    pub(crate) depth: Depth,
    pub(crate) server_name: Option<&'a Name>,
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) standing: &'a StandingKey,
    pub(crate) shelf: &'a Shelf,
}

/// What came of a handshake, filled as it proceeds.
#[derive(Default)]
pub(crate) struct Shown {
    /// What TLS showed.
    pub(crate) handshake: Option<Handshake>,
    /// The first bytes of an answer that is not TLS.
    pub(crate) beginning: Vec<u8>,
    /// Whether anything came at all.
    pub(crate) answered: bool,
}

// Handshake message types (RFC 8446 section 4, RFC 5246 section 7.4, RFC 6066 section 8).
const HELLO_REQUEST: u8 = 0;
const SERVER_HELLO: u8 = 2;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;
const CERTIFICATE_STATUS: u8 = 22;
const COMPRESSED_CERTIFICATE: u8 = 25;

// Record types.
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// Bytes kept of an answer that is not TLS.
const BEGINNING_BYTES: usize = 64;

/// Shakes hands. `Ok` when the look saw what its depth promises.
pub(crate) async fn shake<S>(stream: &mut S, ask: &Ask<'_>, shown: &mut Shown) -> Result<(), Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut incoming = Incoming::default();
    let outcome = converse(stream, ask, shown, &mut incoming).await;
    if outcome == Err(Stop::NotTls) {
        shown.beginning = incoming
            .beginning()
            .iter()
            .take(BEGINNING_BYTES)
            .copied()
            .collect();
    }
    outcome
}

async fn converse<S>(
    stream: &mut S,
    ask: &Ask<'_>,
    shown: &mut Shown,
    incoming: &mut Incoming,
) -> Result<(), Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut random = [0; 32];
    let mut session_id = [0; 32];
    let filled = aws_lc_rs::rand::fill(&mut random).and_then(|()| aws_lc_rs::rand::fill(&mut session_id));
    filled.map_err(|_| Stop::Local("no random numbers to be had".to_owned()))?;
    let fresh = (ask.hello == Hello::Hybrid)
        .then(|| keys::FreshKey::generate(keys::HYBRID, ask.standing))
        .flatten();
    let client = thirteen::Client {
        random,
        session_id,
        fresh,
    };
    let message = client.hello(ask, None);
    send(stream, &hello::record(&message, ask.hello)).await?;

    let first = loop {
        let message = with_first_byte(stream, incoming, shown).await?;
        if message.kind != HELLO_REQUEST {
            break message;
        }
    };
    let server = ServerHello::parse(&first)?;
    if server.version == Version::TLS13 {
        let opening = thirteen::Opening {
            client,
            hello: message,
            answer: first,
        };
        return thirteen::proceed(stream, ask, shown, incoming, opening).await;
    }
    if server.version > Version::TLS12 || server.version < Version::SSL3 {
        return Err(Stop::Malformed("a version that does not exist in ServerHello"));
    }
    legacy::proceed(stream, ask, shown, incoming, (&client.random, &server)).await
}

/// The first message, of which the first byte must come soon: a tarpit shall not hold a place for the whole time.
async fn with_first_byte<S: AsyncRead + Unpin>(
    stream: &mut S,
    incoming: &mut Incoming,
    shown: &mut Shown,
) -> Result<Message, Stop> {
    if !shown.answered {
        tokio::time::timeout(limits::FIRST_BYTE, incoming.begin(stream))
            .await
            .map_err(|_| Stop::TimedOut)??;
        shown.answered = true;
    }
    incoming.message(stream).await
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> Result<(), Stop> {
    stream
        .write_all(bytes)
        .await
        .map_err(|error| incoming::stop(&error))?;
    stream.flush().await.map_err(|error| incoming::stop(&error))
}

/// A handshake of which only the negotiation is known.
fn begun(server: &ServerHello<'_>, hello: Hello) -> Handshake {
    Handshake {
        version: server.version,
        cipher: server.cipher,
        group: None,
        dh_bits: None,
        alpn: server.alpn.map(Untrusted::from_bytes),
        chain: Vec::new(),
        chain_dropped: 0,
        staple: None,
        scts: Vec::new(),
        client_certificate: ClientCertificate::NotSeen,
        proof: Proof::NotSeen,
        hello,
    }
}

/// Takes in the certificates of a chain: leaf parsed for itself, the others by way of the shelf, where they are kept.
fn take_chain<'a>(handshake: &mut Handshake, ders: impl Iterator<Item = &'a [u8]>, shelf: &Shelf) {
    for (place, der) in ders.enumerate() {
        if place >= limits::CHAIN_CERTIFICATES {
            handshake.chain_dropped += 1;
        } else if place == 0 {
            handshake.chain.push(Arc::new(Certificate::from_der(der)));
        } else {
            handshake.chain.push(shelf.certificate(der));
        }
    }
    if let Some(leaf) = handshake.chain.first().cloned() {
        let embedded = leaf
            .facts()
            .embedded_scts
            .clone()
            .and_then(|range| leaf.der().get(range));
        take_scts(&mut handshake.scts, embedded, SctOrigin::Certificate);
    }
}

fn take_scts(scts: &mut Vec<Sct>, list: Option<&[u8]>, origin: SctOrigin) {
    if let Some(list) = list {
        let room = limits::SCTS.saturating_sub(scts.len());
        scts.extend(model::sct::parse_list(list, origin).scts.into_iter().take(room));
    }
}

/// Keeps a stapled OCSP answer of ordinary size, and the SCTs in it.
fn take_staple(handshake: &mut Handshake, response: &[u8]) {
    if response.is_empty() || response.len() > limits::STAPLE_BYTES || handshake.staple.is_some() {
        return;
    }
    handshake.staple = Some(response.into());
    let answer = model::revocation::OcspAnswer::parse(response);
    for single in answer.basic.iter().flat_map(|basic| &basic.answers) {
        let list = single.scts.clone().and_then(|range| response.get(range));
        take_scts(&mut handshake.scts, list, SctOrigin::Staple);
    }
}

/// Names of acceptable authorities: a vector of vectors of DER Names.
fn authorities(mut list: Cursor<'_>) -> Vec<Untrusted> {
    let mut names = Vec::new();
    while names.len() < limits::CLIENT_AUTHORITIES {
        let Ok(name) = list.vector::<2>() else { break };
        names.push(model::certificate::DistinguishedName::from_der(name).text);
    }
    names
}

/// The group of a key share or of ECDHE parameters.
const fn group(number: u16) -> Option<Group> {
    Some(Group(number))
}

/// Entry points for fuzzing.
pub(crate) mod fuzzing {
    use super::*;
    use crate::starttls::fuzzing::{Heard, run};

    /// Shakes hands with a server that sends `bytes` whatever we say, `segment` bytes at a time.
    pub fn handshake(bytes: &[u8], segment: usize) {
        let Some(standing) = StandingKey::generate() else {
            return;
        };
        let shelf = Shelf::default();
        for hello in [Hello::Modern, Hello::Legacy] {
            let ask = Ask {
                hello,
                key: KeyWish::Any,
                depth: Depth::Full,
                server_name: None,
                alpn: &[],
                standing: &standing,
                shelf: &shelf,
            };
            let mut server = Heard::new(bytes, segment);
            run(async { drop(shake(&mut server, &ask, &mut Shown::default()).await) });
        }
    }

    /// Reads `bytes` as the body of each message that TLS 1.3 encrypts: no fuzzer finds its way through the encryption.
    pub fn encrypted_flight(bytes: &[u8]) {
        thirteen::read_any(bytes, &Shelf::default());
    }
}
