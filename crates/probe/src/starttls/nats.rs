//! NATS (client protocol, `INFO`).
//!
//! The server says `INFO` and a JSON object; with `tls_required` or `tls_available` the client begins TLS at once, to
//! which there is no go-ahead.

use model::limits;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, turned_away};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    // One line with the addresses of the whole cluster: it may be as long as all that we read.
    let line = dialogue.line_within(limits::UPGRADE_BYTES).await?;
    if line.starts_with(b"-ERR ") {
        return Err(turned_away(line));
    }
    let object = line
        .strip_prefix(b"INFO ")
        .or_else(|| line.strip_prefix(b"info "));
    let Some(offered) = object.and_then(|object| offers_tls(object.trim_ascii())) else {
        return Err(dialogue.wrong_protocol().await);
    };
    if offered { Ok(()) } else { Err(Failure::NotOffered) }
}

/// Whether one of the object's own members `tls_required` and `tls_available` is true; `None` when it is no object.
fn offers_tls(object: &[u8]) -> Option<bool> {
    let mut rest = object.strip_prefix(b"{")?;
    let mut depth = 1_u32;
    let mut offered = false;
    while depth > 0 {
        let (first, behind) = rest.split_first()?;
        rest = behind;
        match first {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let (content, behind) = string(rest)?;
                rest = behind;
                // A member's name is a string with a colon behind it, which no value has.
                if depth == 1 && matches!(content, b"tls_required" | b"tls_available") {
                    let value = rest
                        .trim_ascii_start()
                        .strip_prefix(b":")
                        .map(<[u8]>::trim_ascii_start);
                    offered |= value.is_some_and(|value| value.starts_with(b"true"));
                }
            }
            _ => {}
        }
    }
    Some(offered)
}

/// The raw content of the string whose quote stands in front of `bytes`, and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' => return Some((bytes.get(..at)?, bytes.get(at + 1..)?)),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
