//! Reading a ClientHello, and writing records and handshake messages, as far as hostile servers need.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

pub(super) const HANDSHAKE: u8 = 0x16;
pub(super) const ALERT: u8 = 0x15;

/// What a ClientHello offers.
#[derive(Debug, Default)]
pub(super) struct Hello {
    /// The whole message with its header, as it goes into a transcript.
    pub(super) message: Vec<u8>,
    pub(super) session_id: Vec<u8>,
    pub(super) suites: Vec<u16>,
    pub(super) random: Vec<u8>,
    /// The X25519 share, when there is one.
    pub(super) x25519: Option<Vec<u8>>,
}

/// Reads a ClientHello, whatever its records; at most 64 KiB of it.
pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Hello> {
    let mut message = Vec::new();
    loop {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        if head[0] != HANDSHAKE {
            return Err(invalid());
        }
        let mut fragment = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut fragment).await?;
        message.append(&mut fragment);
        if let [1, high, middle, low, ..] = message.as_slice() {
            let whole = 4 + u32::from_be_bytes([0, *high, *middle, *low]) as usize;
            if message.len() >= whole {
                message.truncate(whole);
                break;
            }
        }
        if message.len() > 64 * 1024 {
            return Err(invalid());
        }
    }
    parse(&message).ok_or_else(invalid)
}

fn parse(message: &[u8]) -> Option<Hello> {
    let body = message.get(6..)?;
    let (random, rest) = body.split_at_checked(32)?;
    let (session_id, rest) = vector8(rest)?;
    let (suites, rest) = vector16(rest)?;
    let (_compressions, rest) = vector8(rest)?;
    let mut hello = Hello {
        message: message.to_vec(),
        session_id: session_id.to_vec(),
        suites: suites
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect(),
        random: random.to_vec(),
        x25519: None,
    };
    // A hello may end here (SSL 3.0, TLS 1.0).
    let Some((mut extensions, _)) = vector16(rest) else {
        return Some(hello);
    };
    while let Some((kind, rest)) = extensions.split_first_chunk::<2>() {
        let (content, rest) = vector16(rest)?;
        if u16::from_be_bytes(*kind) == KEY_SHARE {
            let (mut shares, _) = vector16(content)?;
            while let Some((group, rest)) = shares.split_first_chunk::<2>() {
                let (share, rest) = vector16(rest)?;
                if u16::from_be_bytes(*group) == X25519 {
                    hello.x25519 = Some(share.to_vec());
                }
                shares = rest;
            }
        }
        extensions = rest;
    }
    Some(hello)
}

const KEY_SHARE: u16 = 51;
const X25519: u16 = 0x1d;

fn vector8(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn vector16(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn invalid() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not a ClientHello")
}

/// A handshake message: type, 24 bits of length, body.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&length24(body.len()));
    message.extend_from_slice(body);
    message
}

/// Bytes behind their length in 24 bits.
pub(super) fn counted24(bytes: &[u8]) -> Vec<u8> {
    [&length24(bytes.len())[..], bytes].concat()
}

/// A length in 24 bits; what is longer says that it is as long as it can be.
pub(super) fn length24(length: usize) -> [u8; 3] {
    let [_, high, middle, low] = (length.min(0xff_ffff) as u32).to_be_bytes();
    [high, middle, low]
}

/// Content in as many records as it takes.
pub(super) fn records(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + content.len() / 1024 + 5);
    for fragment in content.chunks(16 * 1024) {
        let [high, low] = (fragment.len() as u16).to_be_bytes();
        bytes.extend_from_slice(&[kind, 3, 3, high, low]);
        bytes.extend_from_slice(fragment);
    }
    bytes
}

/// A fatal alert.
pub(super) const fn alert(description: u8) -> [u8; 7] {
    [ALERT, 3, 3, 0, 2, 2, description]
}
