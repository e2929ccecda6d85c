//! NNTP (RFC 4642).
//!
//! `200` or `201`, `CAPABILITIES` with `STARTTLS` where the server knows it (RFC 3977 section 5.2), `STARTTLS`, `382`.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, split_word};
use super::reply::{Continuation, Reply};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    let greeting = Reply::read(dialogue, Continuation::Single).await?;
    match greeting.code {
        200 | 201 => {}
        400..=599 => return Err(greeting.turned_away()),
        _ => return Err(dialogue.wrong_protocol().await),
    }
    let mut offer = capabilities(dialogue).await?;
    if offer == Offer::ForReaders {
        // The part of the server that talks to readers has capabilities of its own (RFC 3977 section 5.3).
        dialogue.say("MODE READER\r\n").await?;
        let reader = Reply::read(dialogue, Continuation::Single).await?;
        if !matches!(reader.code, 200 | 201) {
            return Err(reader.refusal());
        }
        offer = capabilities(dialogue).await?;
    }
    if matches!(offer, Offer::Absent | Offer::ForReaders) {
        return Err(Failure::NotOffered);
    }
    dialogue.say("STARTTLS\r\n").await?;
    let answer = Reply::read(dialogue, Continuation::Single).await?;
    match answer.code {
        382 => Ok(()),
        500 | 501 | 503 if offer == Offer::Unknown => Err(Failure::NotOffered),
        _ => Err(answer.refusal()),
    }
}

/// What the capability list says of STARTTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Listed,
    Absent,
    /// Not listed here, and `MODE READER` leads on.
    ForReaders,
    /// The server has no such list.
    Unknown,
}

async fn capabilities<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Offer, Failure> {
    dialogue.say("CAPABILITIES\r\n").await?;
    let reply = Reply::read(dialogue, Continuation::Single).await?;
    match reply.code {
        101 => {}
        500 | 501 | 503 => return Ok(Offer::Unknown),
        _ => return Err(reply.refusal()),
    }
    let mut offer = Offer::Absent;
    loop {
        let line = dialogue.line().await?;
        if line == b"." {
            return Ok(offer);
        }
        let (word, _) = split_word(&line);
        if word.eq_ignore_ascii_case(b"STARTTLS") {
            offer = Offer::Listed;
        } else if word.eq_ignore_ascii_case(b"MODE-READER") && offer == Offer::Absent {
            offer = Offer::ForReaders;
        }
    }
}
