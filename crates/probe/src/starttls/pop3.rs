//! POP3 (RFC 2595 section 4).
//!
//! `+OK`, `CAPA` with `STLS` where the server knows `CAPA` (RFC 2449), `STLS`, `+OK`.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, split_word, turned_away};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    let (status, line) = answer(dialogue).await?;
    if status == Status::Error {
        return Err(turned_away(line));
    }
    dialogue.say("CAPA\r\n").await?;
    let (listed, _) = answer(dialogue).await?;
    if listed == Status::Ok && !lists_stls(dialogue).await? {
        return Err(Failure::NotOffered);
    }
    dialogue.say("STLS\r\n").await?;
    match answer(dialogue).await? {
        (Status::Ok, _) => Ok(()),
        // A server without `CAPA` that does not take `STLS` either never offered it.
        (Status::Error, _) if listed == Status::Error => Err(Failure::NotOffered),
        (Status::Error, line) => Err(refused(line)),
    }
}

/// The status indicator of an answer (RFC 1939 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    Error,
}

async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(Status, Vec<u8>), Failure> {
    let line = dialogue.line().await?;
    match split_word(&line).0 {
        b"+OK" => Ok((Status::Ok, line)),
        b"-ERR" => Ok((Status::Error, line)),
        _ => Err(dialogue.wrong_protocol().await),
    }
}

/// Reads the list that follows `+OK` to its dot.
async fn lists_stls<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<bool, Failure> {
    let mut listed = false;
    loop {
        let line = dialogue.line().await?;
        if line == b"." {
            return Ok(listed);
        }
        listed |= split_word(&line).0.eq_ignore_ascii_case(b"STLS");
    }
}
