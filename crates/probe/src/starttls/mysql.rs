//! MySQL and MariaDB `SSLRequest` (MySQL documentation, "Connection Phase").
//!
//! The server greets with its capabilities; with `CLIENT_SSL` among them we send the request and begin TLS, to which
//! there is no go-ahead. An error in place of the greeting says why the server does not talk to us.

use model::limits;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, too_much, turned_away};

const CLIENT_PROTOCOL_41: u32 = 0x0000_0200;
const CLIENT_SSL: u32 = 0x0000_0800;
const CLIENT_SECURE_CONNECTION: u32 = 0x0000_8000;
const CLIENT_PLUGIN_AUTH: u32 = 0x0008_0000;

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    let packet = packet(dialogue).await?;
    match packet.as_slice() {
        [0xff, error @ ..] => Err(turned_away(error_words(error))),
        [0x0a, greeting @ ..] => match capabilities(greeting) {
            Some(flags) if u32::from(flags) & CLIENT_SSL != 0 => dialogue.say(ssl_request()).await,
            Some(_) => Err(Failure::NotOffered),
            None => Err(dialogue.wrong_protocol().await),
        },
        // Protocol 9, before MySQL 3.21 had TLS.
        [0x09, ..] => Err(Failure::NotOffered),
        _ => Err(dialogue.wrong_protocol().await),
    }
}

/// The payload of the server's first packet.
async fn packet<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Vec<u8>, Failure> {
    let head = dialogue.bytes(5).await?;
    let [low, middle, high, 0, kind @ (0x09 | 0x0a | 0xff)] = head.as_slice() else {
        return Err(dialogue.wrong_protocol().await);
    };
    let length = u32::from_le_bytes([*low, *middle, *high, 0]);
    let Some(rest) = usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_sub(1))
    else {
        return Err(dialogue.wrong_protocol().await);
    };
    if rest > limits::UPGRADE_BYTES {
        return Err(too_much("bytes before TLS", limits::UPGRADE_BYTES));
    }
    let mut payload = vec![*kind];
    payload.append(&mut dialogue.bytes(rest).await?);
    Ok(payload)
}

/// The lower half of the capability flags, where `CLIENT_SSL` is: behind the version's NUL, the thread's number (4),
/// the challenge (8) and a filler.
fn capabilities(greeting: &[u8]) -> Option<u16> {
    let end = greeting.iter().position(|byte| *byte == 0)?;
    let flags = greeting.get(end + 1 + 4 + 8 + 1..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*flags))
}

/// `error 1129: Host '192.0.2.1' is blocked`; between number and words may stand `#` and five characters of SQL state.
fn error_words(error: &[u8]) -> Vec<u8> {
    let Some((code, words)) = error.split_first_chunk::<2>() else {
        return b"an error without a number".to_vec();
    };
    let words = match words {
        [b'#', _, _, _, _, _, words @ ..] => words,
        words => words,
    };
    [format!("error {}: ", u16::from_le_bytes(*code)).as_bytes(), words].concat()
}

/// 32 bytes with number 1: our capabilities, the greatest packet, the character set, and 23 zeros.
fn ssl_request() -> Vec<u8> {
    const MAX_PACKET_BYTES: u32 = 1 << 24;
    const UTF8_GENERAL_CI: u8 = 33;
    let flags = CLIENT_PROTOCOL_41 | CLIENT_SSL | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH;
    let mut request = vec![32, 0, 0, 1];
    request.extend_from_slice(&flags.to_le_bytes());
    request.extend_from_slice(&MAX_PACKET_BYTES.to_le_bytes());
    request.push(UTF8_GENERAL_CI);
    request.extend_from_slice(&[0; 23]);
    request
}
