//! Replies of three digits and text, as SMTP (RFC 5321 section 4.2), LMTP, FTP (RFC 959 section 4.2) and NNTP (RFC 3977
//! section 3.2) give them.
//!
//! Lines come in from a [`Dialogue`], one whole reply goes out. What the code means is the protocol's to say.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, turned_away};

/// One reply.
#[derive(Debug)]
pub(super) struct Reply {
    /// Its three digits.
    pub(super) code: u16,
    /// The text of each line, without code; lines between the first and the last of an FTP reply are whole.
    pub(super) lines: Vec<Vec<u8>>,
}

/// How a reply of several lines goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continuation {
    /// It does not: every reply is one line (NNTP).
    Single,
    /// Every line has the code (SMTP).
    Coded,
    /// Anything until a line with the code and a space (FTP).
    Free,
}

impl Reply {
    /// Reads one whole reply.
    pub(super) async fn read<S: AsyncRead + AsyncWrite + Unpin>(
        dialogue: &mut Dialogue<'_, S>,
        continuation: Continuation,
    ) -> Result<Self, Failure> {
        let line = dialogue.line().await?;
        let Some((code, end, text)) = parse(&line) else {
            return Err(dialogue.wrong_protocol().await);
        };
        let mut reply = Self {
            code,
            lines: vec![text.to_vec()],
        };
        if end == End::Last || continuation == Continuation::Single {
            return Ok(reply);
        }
        loop {
            let line = dialogue.line().await?;
            match parse(&line) {
                Some((same, end, text)) if same == code => {
                    reply.lines.push(text.to_vec());
                    if end == End::Last {
                        return Ok(reply);
                    }
                }
                _ if continuation == Continuation::Free => reply.lines.push(line),
                _ => return Err(dialogue.wrong_protocol().await),
            }
        }
    }

    /// The refusal that this reply is.
    pub(super) fn refusal(&self) -> Failure {
        refused(self.words())
    }

    /// The refusal that this reply is where TLS was not offered yet.
    pub(super) fn turned_away(&self) -> Failure {
        turned_away(self.words())
    }

    fn words(&self) -> String {
        let texts: Vec<&str> = self
            .lines
            .iter()
            .map(|line| std::str::from_utf8(line).unwrap_or("?"))
            .collect();
        format!("{} {}", self.code, texts.join(" "))
    }
}

/// Whether a line is the last of its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Last,
    More,
}

/// The code of a line, whether it is the last one, and its text.
fn parse(line: &[u8]) -> Option<(u16, End, &[u8])> {
    let [
        hundreds @ b'1'..=b'5',
        tens @ b'0'..=b'9',
        ones @ b'0'..=b'9',
        rest @ ..,
    ] = line
    else {
        return None;
    };
    let code = [hundreds, tens, ones]
        .into_iter()
        .fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest {
        [] => Some((code, End::Last, rest)),
        [b' ', text @ ..] => Some((code, End::Last, text)),
        [b'-', text @ ..] => Some((code, End::More, text)),
        _ => None,
    }
}
