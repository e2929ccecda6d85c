//! PostgreSQL `SSLRequest` (PostgreSQL documentation, "SSL Session Encryption").
//!
//! Eight bytes, then one: `S` yes, `N` no, `E` an error.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused};

/// Length 8, code 80877103.
const REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    dialogue.say(REQUEST).await?;
    let answer = dialogue.bytes(1).await?;
    // One byte is little to know a protocol by: `S` also begins `SSH-2.0`, and `N` begins `NOTICE`.
    if dialogue.foreign().is_some() {
        return Err(dialogue.wrong_protocol().await);
    }
    match answer.as_slice() {
        b"S" => Ok(()),
        b"N" => Err(Failure::NotOffered),
        b"E" => Err(error(dialogue).await?),
        _ => Err(dialogue.wrong_protocol().await),
    }
}

/// What an `E` means: an ErrorResponse with words; or the words of a server older than the request (before 7.1).
async fn error<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Failure, Failure> {
    let head = match dialogue.bytes(4).await {
        Ok(head) => head,
        Err(Failure::Closed) => return Ok(Failure::NotOffered),
        Err(other) => return Err(other),
    };
    let length = head
        .iter()
        .fold(0_usize, |length, byte| (length << 8) | usize::from(*byte));
    if head.is_ascii() && head.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Ok(Failure::NotOffered);
    }
    let Some(rest) = length.checked_sub(4) else {
        return Err(dialogue.wrong_protocol().await);
    };
    let fields = dialogue.bytes(rest).await?;
    // Fields are a type byte and a string that ends in NUL; `M` is the message for people.
    let message = fields
        .split(|byte| *byte == 0)
        .find_map(|field| field.strip_prefix(b"M"));
    Ok(refused(message.unwrap_or(&fields)))
}
