//! Microsoft SQL Server, TDS 7 (MS-TDS 2.2.6.5 and 3.2.5.1).
//!
//! PRELOGIN with the encryption option both ways, then TLS whose records travel inside PRELOGIN packets until the
//! handshake is done: [`TdsStream`] wraps and unwraps them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use model::limits;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line::{Dialogue, refused, too_much};

const TABULAR_RESULT: u8 = 0x04;
const PRELOGIN: u8 = 0x12;
const END_OF_MESSAGE: u8 = 1;
const HEADER_BYTES: usize = 8;

/// A PRELOGIN packet: version, encryption (on), instance, thread and MARS options as every client sends them.
const REQUEST: &[u8] = &[
    PRELOGIN,
    END_OF_MESSAGE,
    0,
    47,
    0,
    0,
    1,
    0, // header: 47 bytes
    0,
    0,
    26,
    0,
    6, // VERSION at 26, 6 bytes
    1,
    0,
    32,
    0,
    1, // ENCRYPTION at 32, 1 byte
    2,
    0,
    33,
    0,
    1, // INSTOPT at 33, 1 byte
    3,
    0,
    34,
    0,
    4, // THREADID at 34, 4 bytes
    4,
    0,
    38,
    0,
    1,    // MARS at 38, 1 byte
    0xff, // the end of the table
    17,
    0,
    0,
    0,
    0,
    0, // version 17.0
    1, // encryption on
    0, // the default instance
    0,
    0,
    0,
    0, // no thread
    0, // no MARS
];

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    dialogue.say(REQUEST).await?;
    let message = message(dialogue).await?;
    // An ERROR token in place of options: the server does not talk to us.
    if let [0xaa, ..] = message.as_slice() {
        return Err(refused(error_words(&message)));
    }
    match encryption(&message) {
        // Off still means that the login is encrypted, so TLS begins in every case but one.
        Some(0 | 1 | 3) => Ok(()),
        Some(2) => Err(Failure::NotOffered),
        Some(other) => Err(refused(format!(
            "encryption option {other}, which has no meaning"
        ))),
        None => Err(dialogue.wrong_protocol().await),
    }
}

/// The content of the server's message, which may come in several packets.
async fn message<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Vec<u8>, Failure> {
    let mut message = Vec::new();
    for _ in 0..limits::UPGRADE_LINES {
        let kind = dialogue.bytes(1).await?;
        if !matches!(kind.as_slice(), [TABULAR_RESULT | PRELOGIN]) {
            return Err(dialogue.wrong_protocol().await);
        }
        let header = dialogue.bytes(HEADER_BYTES - 1).await?;
        let [status, high, low, ..] = header.as_slice() else {
            return Err(dialogue.wrong_protocol().await);
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(length) = length.checked_sub(HEADER_BYTES) else {
            return Err(dialogue.wrong_protocol().await);
        };
        message.append(&mut dialogue.bytes(length).await?);
        if status & END_OF_MESSAGE != 0 {
            return Ok(message);
        }
    }
    Err(too_much("packets before TLS", limits::UPGRADE_LINES))
}

/// The value of the encryption option: the table has rows of token, offset and length, up to a row of 0xff.
fn encryption(message: &[u8]) -> Option<u8> {
    let mut rows = message.chunks(5);
    loop {
        match rows.next()? {
            [0xff, ..] => return None,
            [1, high, low, _, length] if *length >= 1 => {
                return message
                    .get(usize::from(u16::from_be_bytes([*high, *low])))
                    .copied();
            }
            [_, _, _, _, _] => {}
            _ => return None,
        }
    }
}

/// The message of an ERROR token (MS-TDS 2.2.7.10): length, number, state, class, then UTF-16 text with its length.
fn error_words(token: &[u8]) -> String {
    let words = token
        .get(3 + 4 + 1 + 1..)
        .and_then(|rest| rest.split_first_chunk::<2>())
        .map(|(length, rest)| {
            let units = rest.chunks_exact(2).map(|pair| {
                pair.iter()
                    .rev()
                    .fold(0, |unit, byte| (unit << 8) | u16::from(*byte))
            });
            String::from_utf16_lossy(
                &units
                    .take(usize::from(u16::from_le_bytes(*length)))
                    .collect::<Vec<u16>>(),
            )
        });
    words.unwrap_or_else(|| "an error without words".to_owned())
}

/// A stream on which what is written travels in PRELOGIN packets, and what is read is taken out of them. Behind the
/// handshake TLS travels bare; a look ends before that.
#[derive(Debug)]
pub(crate) struct TdsStream<S> {
    stream: S,
    /// A packet that is on its way out, and how much of it is.
    outgoing: Vec<u8>,
    sent: usize,
    /// The header that is being read, and how much of it was.
    header: [u8; HEADER_BYTES],
    header_read: usize,
    /// What is still to come of the packet's content.
    content_left: usize,
    /// Packets without content in a row: a stranger could send them for ever.
    empty_packets: usize,
}

/// Content of one packet: the packet size that servers assume before the login is 4,096 bytes.
const PACKET_CONTENT_BYTES: usize = 4096 - HEADER_BYTES;

impl<S> TdsStream<S> {
    /// A stream with TDS packets around `stream`'s bytes.
    pub(crate) const fn new(stream: S) -> Self {
        Self {
            stream,
            outgoing: Vec::new(),
            sent: 0,
            header: [0; HEADER_BYTES],
            header_read: 0,
            content_left: 0,
            empty_packets: 0,
        }
    }

    /// The header that is complete: how much content follows.
    fn content_length(&self) -> io::Result<usize> {
        let [kind, _, high, low, ..] = self.header;
        let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(HEADER_BYTES);
        match (kind, length) {
            (PRELOGIN | TABULAR_RESULT, Some(length)) => Ok(length),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "not a TDS packet")),
        }
    }
}

impl<S: AsyncRead + Unpin> TdsStream<S> {
    /// Reads headers until one announces content.
    fn poll_header(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Progress>> {
        while self.content_left == 0 {
            let mut part = ReadBuf::new(self.header.get_mut(self.header_read..).unwrap_or_default());
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            match part.filled().len() {
                0 if self.header_read == 0 => return Poll::Ready(Ok(Progress::Ended)),
                0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                count => self.header_read += count,
            }
            if self.header_read == HEADER_BYTES {
                self.header_read = 0;
                self.content_left = self.content_length()?;
                self.empty_packets = if self.content_left == 0 {
                    self.empty_packets + 1
                } else {
                    0
                };
                if self.empty_packets > limits::IDLE_RECORDS {
                    let error =
                        io::Error::new(io::ErrorKind::InvalidData, "too many TDS packets without content");
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(Progress::Content))
    }
}

/// What reading headers came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Content,
    Ended,
}

impl<S: AsyncWrite + Unpin> TdsStream<S> {
    /// Sends what is left of the packet on its way out.
    fn poll_outgoing(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.outgoing.get(self.sent..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.sent += count,
            }
        }
        self.outgoing.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TdsStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Who reads waits for an answer to what was written: it has to be out, flushed or not.
        ready!(this.poll_outgoing(context))?;
        if buffer.remaining() == 0 || ready!(this.poll_header(context))? == Progress::Ended {
            return Poll::Ready(Ok(()));
        }
        let room = buffer.remaining().min(this.content_left);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(room));
        ready!(Pin::new(&mut this.stream).poll_read(context, &mut part))?;
        let count = part.filled().len();
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        buffer.advance(count);
        this.content_left -= count;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TdsStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_outgoing(context))?;
        let content = bytes.get(..PACKET_CONTENT_BYTES).unwrap_or(bytes);
        if content.is_empty() {
            return Poll::Ready(Ok(0));
        }
        // The message ends with this packet unless more is already known to follow.
        let status = if content.len() == bytes.len() {
            END_OF_MESSAGE
        } else {
            0
        };
        let length = u16::try_from(HEADER_BYTES + content.len()).map_err(io::Error::other)?;
        let [high, low] = length.to_be_bytes();
        this.outgoing
            .extend_from_slice(&[PRELOGIN, status, high, low, 0, 0, 1, 0]);
        this.outgoing.extend_from_slice(content);
        // As much as goes at once; the packet is ours now, and the rest goes with the next call.
        match this.poll_outgoing(context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(content.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_outgoing(context))?;
        Pin::new(&mut this.stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_outgoing(context))?;
        Pin::new(&mut this.stream).poll_shutdown(context)
    }
}
