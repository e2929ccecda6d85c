//! What a server says before TLS, read message by message within bounds.
//!
//! A byte stream comes in; lines, counted bytes and single bytes go out, however the network cut them into segments.
//! Everything heard is kept (at most `limits::UPGRADE_BYTES`), so that a server that speaks something else can be shown
//! with its own words. No protocol is known here, and no time: the caller holds the timer of the stage.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use model::observation::Failure;
use model::{StartTls, Untrusted, limits};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::looks_like::looks_like;

/// One exchange: our side of the conversation, and what was heard of the other.
#[derive(Debug)]
pub(super) struct Dialogue<'a, S> {
    stream: &'a mut S,
    protocol: StartTls,
    /// All that was heard, from the first byte on.
    heard: Vec<u8>,
    /// Where the message that was taken last begins in `heard`.
    last: usize,
    /// How much of `heard` was taken.
    taken: usize,
    lines: usize,
}

/// Bytes kept of plaintext that stood behind the go-ahead, and of the words of a wrong protocol: enough to know it by.
const KEPT: usize = 64;

/// Bytes kept of a refusal: the longest honest ones are a sentence with a link.
const WORDS: usize = 512;

/// Bytes asked for at once: an honest exchange fits.
const CHUNK: usize = 1024;

/// How long the rest of a wrong protocol's first line is waited for, so that it can be named: segments of one line
/// follow each other within a round trip.
const LINGER: Duration = Duration::from_millis(250);

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Dialogue<'a, S> {
    /// A conversation in `protocol` that has not begun.
    pub(super) const fn new(stream: &'a mut S, protocol: StartTls) -> Self {
        Self {
            stream,
            protocol,
            heard: Vec::new(),
            last: 0,
            taken: 0,
            lines: 0,
        }
    }

    /// Sends `bytes` at once.
    pub(super) async fn say(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.stream
            .write_all(bytes.as_ref())
            .await
            .map_err(|error| failure(&error))?;
        self.stream.flush().await.map_err(|error| failure(&error))
    }

    /// The next line, without its LF or CR LF.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Failure> {
        self.line_within(limits::UPGRADE_LINE_BYTES).await
    }

    /// The next line of a protocol whose lines may be longer than `limits::UPGRADE_LINE_BYTES`.
    pub(super) async fn line_within(&mut self, max_bytes: usize) -> Result<Vec<u8>, Failure> {
        let mut searched = self.taken;
        loop {
            let fresh = self.heard.get(searched..).unwrap_or_default();
            if let Some(length) = fresh.iter().position(|byte| *byte == b'\n') {
                return self.take_line(searched + length, max_bytes);
            }
            // No text protocol greets with a NUL; TLS and other binary ones do, and would never end the line.
            if self.taken == 0 && fresh.contains(&0) {
                self.last = 0;
                return Err(self.wrong_protocol().await);
            }
            searched = self.heard.len();
            if self.pending().len() > max_bytes {
                return Err(too_long(max_bytes));
            }
            self.hear_more().await?;
        }
    }

    fn take_line(&mut self, end: usize, max_bytes: usize) -> Result<Vec<u8>, Failure> {
        self.last = self.taken;
        let line = self.heard.get(self.taken..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        self.taken = end + 1;
        self.lines += 1;
        if line.len() > max_bytes {
            return Err(too_long(max_bytes));
        }
        if self.lines > limits::UPGRADE_LINES {
            return Err(too_much("lines before TLS", limits::UPGRADE_LINES));
        }
        Ok(line)
    }

    /// The next `count` bytes.
    pub(super) async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Failure> {
        if count > limits::UPGRADE_BYTES.saturating_sub(self.taken) {
            return Err(too_much("bytes before TLS", limits::UPGRADE_BYTES));
        }
        while self.pending().len() < count {
            self.hear_more().await?;
        }
        self.last = self.taken;
        let end = self.taken + count;
        let bytes = self.heard.get(self.taken..end).unwrap_or_default().to_vec();
        self.taken = end;
        Ok(bytes)
    }

    /// The next byte.
    pub(super) async fn byte(&mut self) -> Result<u8, Failure> {
        loop {
            if let Some(byte) = self.heard.get(self.taken) {
                self.taken += 1;
                return Ok(*byte);
            }
            self.hear_more().await?;
        }
    }

    /// What was heard and not yet taken.
    pub(super) fn pending(&self) -> &[u8] {
        self.heard.get(self.taken..).unwrap_or_default()
    }

    /// Another protocol that everything heard so far looks like, if it does.
    pub(super) fn foreign(&self) -> Option<&'static str> {
        let message = self.heard.get(self.last..).unwrap_or_default();
        [message, &self.heard]
            .into_iter()
            .filter_map(looks_like)
            .find(|word| *word != self.own_word())
    }

    /// What to say when the message taken last is not of the protocol: waits shortly for the rest of its line.
    pub(super) async fn wrong_protocol(&mut self) -> Failure {
        let more = async {
            loop {
                let message = self.heard.get(self.last..).unwrap_or_default();
                if message.len() >= KEPT || message.contains(&b'\n') || self.hear().await != Ok(true) {
                    break;
                }
            }
        };
        // Whether the line came to its end or not, what is there is shown.
        let _: Result<(), _> = tokio::time::timeout(LINGER, more).await;
        self.wrong_protocol_now()
    }

    /// The beginning of the first line that the server said.
    pub(super) fn opening(&self) -> Untrusted {
        let line = self
            .heard
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default()
            .trim_ascii_end();
        Untrusted::from_bytes(line.get(..KEPT).unwrap_or(line))
    }

    fn wrong_protocol_now(&self) -> Failure {
        let message = self.heard.get(self.last..).unwrap_or_default();
        let saw = Untrusted::from_bytes(message.get(..KEPT).unwrap_or(message));
        Failure::WrongProtocol {
            saw,
            looks_like: self.foreign(),
        }
    }

    /// Takes what has arrived by now, without waiting for more: what was injected behind a go-ahead may come in a segment
    /// of its own. An end or error is left for whoever reads on.
    pub(super) async fn hear_what_is_there(&mut self) {
        // Lets the runtime ask the operating system what has arrived.
        tokio::task::yield_now().await;
        let mut hear = pin!(self.hear());
        poll_fn(|context| {
            drop(hear.as_mut().poll(context));
            Poll::Ready(())
        })
        .await;
    }

    /// The beginning of what stands behind the message taken last: nothing may, when that was the go-ahead.
    pub(super) fn early_plaintext(&self) -> Option<Untrusted> {
        let pending = self.pending();
        (!pending.is_empty()).then(|| Untrusted::from_bytes(pending.get(..KEPT).unwrap_or(pending)))
    }

    /// Reads on; the end of the stream is a failure here.
    async fn hear_more(&mut self) -> Result<(), Failure> {
        if self.hear().await? {
            return Ok(());
        }
        // What closes after an answer of its own protocol has said something worth more than "closed".
        if self.taken == 0 && self.foreign().is_some() {
            return Err(self.wrong_protocol_now());
        }
        Err(Failure::Closed)
    }

    /// Reads once; whether anything came.
    async fn hear(&mut self) -> Result<bool, Failure> {
        let room = limits::UPGRADE_BYTES.saturating_sub(self.heard.len());
        if room == 0 {
            return Err(too_much("bytes before TLS", limits::UPGRADE_BYTES));
        }
        self.heard.reserve(room.min(CHUNK));
        let mut bounded = (&mut *self.stream).take(u64::try_from(room).unwrap_or(u64::MAX));
        let count = bounded
            .read_buf(&mut self.heard)
            .await
            .map_err(|error| failure(&error))?;
        Ok(count > 0)
    }

    /// The protocol's word as [`looks_like`] says it.
    fn own_word(&self) -> &'static str {
        match self.protocol {
            StartTls::XmppServer => StartTls::Xmpp.word(),
            other => other.word(),
        }
    }
}

/// A refusal of what was offered, in the server's words.
pub(super) fn refused(words: impl AsRef<[u8]>) -> Failure {
    let reply = reply(words.as_ref());
    Failure::RefusedUpgrade { reply }
}

/// A refusal to talk to us at all, in the server's words.
pub(super) fn turned_away(words: impl AsRef<[u8]>) -> Failure {
    let reply = reply(words.as_ref());
    Failure::TurnedAway { reply }
}

/// A server's words, cut to [`WORDS`].
pub(super) fn reply(words: &[u8]) -> Untrusted {
    Untrusted::from_bytes(words.get(..WORDS).unwrap_or(words).trim_ascii())
}

/// The word in front of the first space, and what follows it.
pub(super) fn split_word(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| *byte == b' ') {
        Some(at) => (
            line.get(..at).unwrap_or_default(),
            line.get(at + 1..).unwrap_or_default(),
        ),
        None => (line, &[]),
    }
}

/// Whether `needle` stands in `haystack`, ASCII case ignored.
pub(super) fn mentions(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

fn too_long(max_bytes: usize) -> Failure {
    too_much("bytes in a line before TLS", max_bytes)
}

pub(super) fn too_much(what: &'static str, limit: usize) -> Failure {
    Failure::TooMuch {
        what,
        limit: u64::try_from(limit).unwrap_or(u64::MAX),
    }
}

/// What an error of the stream means.
fn failure(error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe => Failure::Reset,
        Kind::UnexpectedEof | Kind::WriteZero => Failure::Closed,
        Kind::TimedOut => Failure::TimedOut,
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Failure::NoRoute,
        _ => Failure::Local {
            reason: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plaintext_in_a_segment_of_its_own_is_heard_before_tls_begins() {
        const GO_AHEAD: &[u8] = b"220 go\r\n";
        // No more than the go-ahead fits: what follows is written once it was read.
        let (mut near, mut far) = tokio::io::duplex(GO_AHEAD.len());
        let server = tokio::spawn(async move {
            far.write_all(GO_AHEAD).await.unwrap();
            far.write_all(b"250 x\r\n").await.unwrap();
            far
        });
        let mut dialogue = Dialogue::new(&mut near, StartTls::Smtp);
        assert_eq!(dialogue.line().await.unwrap(), b"220 go");
        assert!(dialogue.early_plaintext().is_none());
        dialogue.hear_what_is_there().await;
        let early = dialogue.early_plaintext().unwrap();
        assert_eq!(early.raw(), "250 x\r\n");
        drop(server.await.unwrap());
        dialogue.hear_what_is_there().await;
    }

    #[tokio::test]
    async fn nothing_is_waited_for() {
        let (mut near, _far) = tokio::io::duplex(16);
        let mut dialogue = Dialogue::new(&mut near, StartTls::Smtp);
        dialogue.hear_what_is_there().await;
        assert!(dialogue.early_plaintext().is_none());
    }
}
