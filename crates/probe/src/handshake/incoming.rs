//! From a byte stream to TLS records and handshake messages, bounded in bytes, messages and idle records.
//!
//! A silent server costs no buffer here: bytes are read into a scratch of the thread and only what came is kept.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use model::limits;
use tokio::io::{AsyncRead, ReadBuf};

use super::Stop;
use super::protection::Opener;

/// A handshake message: its type and its bytes, the four of the header included.
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Message {
    /// The body behind the header.
    pub(crate) fn body(&self) -> &[u8] {
        self.bytes.get(HEADER..).unwrap_or_default()
    }
}

/// Everything that came from the server on one connection.
#[derive(Default)]
pub(crate) struct Incoming {
    /// Bytes of records that were not taken apart yet, from `at` on.
    raw: Vec<u8>,
    at: usize,
    /// Handshake bytes out of records that no message took yet, from `taken` on.
    handshake: Vec<u8>,
    taken: usize,
    total: usize,
    idle: usize,
    giant: bool,
    /// Removes the protection of records, from TLS 1.3's ServerHello on.
    pub(crate) opener: Option<Opener>,
}

const HEADER: usize = 4;
const RECORD_HEADER: usize = 5;
/// RFC 8446 section 5.2; TLS 1.2 allows 2^14 + 2048.
const RECORD_LIMIT: usize = (1 << 14) + 2048;
const SCRATCH_BYTES: usize = 16 * 1024;

thread_local! {
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice());
}

impl Incoming {
    /// Waits for the first bytes.
    pub(crate) async fn begin<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Stop> {
        if self.raw.is_empty() {
            self.fill(stream).await
        } else {
            Ok(())
        }
    }

    /// The next handshake message, read from `stream` as far as needed.
    pub(crate) async fn message<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<Message, Stop> {
        loop {
            if let Some(message) = self.buffered_message()? {
                return Ok(message);
            }
            self.fragment(stream).await?;
        }
    }

    /// Bytes that came before anything was recognised, for saying what it looks like.
    pub(crate) fn beginning(&self) -> &[u8] {
        self.raw.get(self.at..).unwrap_or_default()
    }

    /// Takes a whole message out of the handshake bytes when there is one.
    fn buffered_message(&mut self) -> Result<Option<Message>, Stop> {
        let pending = self.handshake.get(self.taken..).unwrap_or_default();
        let Some((&[kind, high, middle, low], _)) = pending.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let limit = if kind == super::CERTIFICATE {
            limits::GIANT_MESSAGE_BYTES
        } else {
            limits::HANDSHAKE_MESSAGE_BYTES
        };
        if length > limit {
            return Err(Stop::TooMuch("bytes of one handshake message", limit));
        }
        let Some(bytes) = pending.get(..HEADER + length) else {
            return Ok(None);
        };
        let message = Message {
            kind,
            bytes: bytes.to_vec(),
        };
        self.taken += HEADER + length;
        if self.taken == self.handshake.len() {
            self.handshake.clear();
            self.taken = 0;
        }
        self.idle = 0;
        Ok(Some(message))
    }

    /// Reads one record and adds its handshake bytes. Change-cipher-spec records are passed over (RFC 8446 appendix
    /// D.4); an alert stops.
    async fn fragment<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Stop> {
        let (mut kind, range) = self.record(stream).await?;
        let mut payload = self.raw.get(range).ok_or(Stop::Malformed("record"))?;
        let opened;
        if kind == super::APPLICATION_DATA {
            let opener = self
                .opener
                .as_mut()
                .ok_or(Stop::Malformed("application data before the handshake's end"))?;
            opened = opener.open(payload)?;
            (kind, payload) = (opened.kind, &opened.bytes);
        }
        match kind {
            super::HANDSHAKE if !payload.is_empty() => self.handshake.extend_from_slice(payload),
            super::HANDSHAKE | super::CHANGE_CIPHER_SPEC => idled(&mut self.idle)?,
            super::ALERT => match *payload {
                // A warning in front of TLS 1.3 (`unrecognized_name`, mostly) does not end the handshake.
                [1, description] if description != 0 => idled(&mut self.idle)?,
                [_, description] => return Err(Stop::Alert(description)),
                _ => return Err(Stop::Malformed("alert")),
            },
            _ => {
                return Err(Stop::Malformed(
                    "a record of a type that cannot stand in a handshake",
                ));
            }
        }
        Ok(())
    }

    /// The next record's type and where its payload stands in `raw`.
    async fn record<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
    ) -> Result<(u8, std::ops::Range<usize>), Stop> {
        loop {
            let pending = self.raw.get(self.at..).unwrap_or_default();
            check_first_bytes(pending)?;
            if let Some((&[kind, _, _, high, low], _)) = pending.split_first_chunk::<RECORD_HEADER>() {
                let length = usize::from(u16::from_be_bytes([high, low]));
                if length > RECORD_LIMIT {
                    return Err(Stop::NotTls);
                }
                if pending.len() >= RECORD_HEADER + length {
                    let start = self.at + RECORD_HEADER;
                    self.at = start + length;
                    return Ok((kind, start..start + length));
                }
            }
            self.fill(stream).await?;
        }
    }

    /// Reads once.
    async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Stop> {
        if self.at > 0 {
            self.raw.drain(..self.at);
            self.at = 0;
        }
        let limit = self.byte_limit();
        let raw = &mut self.raw;
        let count = poll_fn(|context| {
            SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) => {
                        raw.extend_from_slice(buffer.filled());
                        Poll::Ready(Ok(buffer.filled().len()))
                    }
                }
            })
        })
        .await
        .map_err(|error| stop(&error))?;
        if count == 0 {
            return Err(Stop::Closed);
        }
        self.total += count;
        if self.total > limit {
            Err(Stop::TooMuch("bytes of TLS", limit))
        } else {
            Ok(())
        }
    }

    /// The ordinary limit; and the one for giants once a certificate message has announced itself as one.
    fn byte_limit(&mut self) -> usize {
        let pending = self
            .handshake
            .get(self.taken..)
            .and_then(|pending| pending.split_first_chunk::<HEADER>());
        if let Some((&[super::CERTIFICATE, high, ..], _)) = pending {
            self.giant |= high >= 2;
        }
        if self.giant {
            limits::GIANT_MESSAGE_BYTES + limits::TLS_BYTES
        } else {
            limits::TLS_BYTES
        }
    }
}

/// Counts a record that brought nothing.
fn idled(idle: &mut usize) -> Result<(), Stop> {
    *idle += 1;
    if *idle > limits::IDLE_RECORDS {
        return Err(Stop::TooMuch("records without progress", limits::IDLE_RECORDS));
    }
    Ok(())
}

/// Fails as soon as what came cannot be TLS: a record begins with a known type and major version 3.
fn check_first_bytes(pending: &[u8]) -> Result<(), Stop> {
    let kind_fits = pending.first().is_none_or(|kind| (20..=23).contains(kind));
    let version_fits = pending.get(1).is_none_or(|major| *major == 3);
    if kind_fits && version_fits {
        Ok(())
    } else {
        Err(Stop::NotTls)
    }
}

pub(super) fn stop(error: &io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            Stop::Reset
        }
        io::ErrorKind::TimedOut => Stop::TimedOut,
        io::ErrorKind::UnexpectedEof => Stop::Closed,
        _ => Stop::Local(error.to_string()),
    }
}
