//! IMAP (RFC 9051 section 6.2.1).
//!
//! `* OK`, `CAPABILITY` with `STARTTLS`, `STARTTLS`, tagged `OK`.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, reply, split_word, turned_away};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    greeting(dialogue).await?;
    dialogue.say("a1 CAPABILITY\r\n").await?;
    let mut offered = false;
    let (status, line) = tagged(dialogue, b"a1", |untagged| offered |= lists_starttls(untagged)).await?;
    if status != Status::Ok {
        return Err(refused(line));
    }
    if !offered {
        return Err(Failure::NotOffered);
    }
    dialogue.say("a2 STARTTLS\r\n").await?;
    let (status, line) = tagged(dialogue, b"a2", |_| {}).await?;
    if status == Status::Ok {
        Ok(())
    } else {
        Err(refused(line))
    }
}

async fn greeting<S: AsyncRead + AsyncWrite + Unpin>(dialogue: &mut Dialogue<'_, S>) -> Result<(), Failure> {
    let line = dialogue.line().await?;
    let (star, rest) = split_word(&line);
    let (word, _) = split_word(rest);
    match (star, word.to_ascii_uppercase().as_slice()) {
        (b"*", b"OK") => Ok(()),
        // STARTTLS is a command of the not authenticated state, which this connection has already left.
        (b"*", b"PREAUTH") => {
            let reply = reply(&line);
            Err(Failure::Authenticated { reply })
        }
        (b"*", b"BYE") => Err(turned_away(line)),
        _ => Err(dialogue.wrong_protocol().await),
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    Refused,
}

/// Reads on to the tagged end of a command; each untagged response on the way is shown to `untagged`.
async fn tagged<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    tag: &[u8],
    mut untagged: impl FnMut(&[u8]),
) -> Result<(Status, Vec<u8>), Failure> {
    loop {
        let line = dialogue.line().await?;
        let (first, rest) = split_word(&line);
        let word = split_word(rest).0.to_ascii_uppercase();
        match (first, word.as_slice()) {
            (b"*", b"BYE") => return Err(refused(line)),
            (b"*", _) => untagged(rest),
            (first, b"OK") if first == tag => return Ok((Status::Ok, line)),
            (first, b"NO" | b"BAD") if first == tag => return Ok((Status::Refused, line)),
            _ => return Err(dialogue.wrong_protocol().await),
        }
    }
}

/// Whether an untagged response is the capability list and has `STARTTLS` as a word of its own.
fn lists_starttls(response: &[u8]) -> bool {
    let mut words = response.split(|byte| *byte == b' ');
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case(b"CAPABILITY"))
        && words.any(|word| word.eq_ignore_ascii_case(b"STARTTLS"))
}
