//! ManageSieve (RFC 5804 section 2.2).
//!
//! Capability lines with `"STARTTLS"`, `OK`, `STARTTLS`, `OK`. Strings may be quoted or literals (section 4).

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, turned_away};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    let mut offered = false;
    let mut capabilities = 0_u32;
    loop {
        match response(dialogue).await? {
            Response::Ok if capabilities > 0 => break,
            Response::Ok => return Err(dialogue.wrong_protocol().await),
            Response::Refused(line) => return Err(turned_away(line)),
            Response::Capability(name) => {
                capabilities += 1;
                offered |= name.eq_ignore_ascii_case(b"STARTTLS");
            }
        }
    }
    if !offered {
        return Err(Failure::NotOffered);
    }
    dialogue.say("STARTTLS\r\n").await?;
    match response(dialogue).await? {
        Response::Ok => Ok(()),
        Response::Refused(line) => Err(refused(line)),
        Response::Capability(_) => Err(dialogue.wrong_protocol().await),
    }
}

/// One response, its literals included.
#[derive(Debug, PartialEq, Eq)]
enum Response {
    Ok,
    /// `NO` or `BYE`, with its words.
    Refused(Vec<u8>),
    /// The name of a capability: the first string of its line.
    Capability(Vec<u8>),
}

async fn response<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<Response, Failure> {
    let mut line = dialogue.line().await?;
    let mut name = quoted(&line);
    // A literal stands behind its line; another part of the line follows it, which may end in a literal again.
    let mut whole = line.clone();
    while let Some(length) = literal(&line) {
        let content = dialogue.bytes(length).await?;
        whole.push(b' ');
        whole.extend_from_slice(&content);
        name.get_or_insert(content);
        line = dialogue.line().await?;
        whole.extend_from_slice(&line);
    }
    match (first_word(&whole).as_slice(), name) {
        (b"OK", _) => Ok(Response::Ok),
        (b"NO" | b"BYE", _) => Ok(Response::Refused(whole)),
        (word, Some(name)) if word.starts_with(b"\"") || word.starts_with(b"{") => {
            Ok(Response::Capability(name))
        }
        _ => Err(dialogue.wrong_protocol().await),
    }
}

/// The letters in front, in upper case: `OK`, `NO`, `BYE`; or the first byte, when it is another.
fn first_word(line: &[u8]) -> Vec<u8> {
    let end = line
        .iter()
        .position(|byte| matches!(byte, b' ' | b'('))
        .unwrap_or(line.len());
    line.get(..end).unwrap_or_default().to_ascii_uppercase()
}

/// The content of the quoted string that a line begins with (`\"` and `\\` are escapes).
fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = line.strip_prefix(b"\"")?.iter();
    let mut content = Vec::new();
    loop {
        match bytes.next()? {
            b'"' => return Some(content),
            b'\\' => content.push(*bytes.next()?),
            other => content.push(*other),
        }
    }
}

/// The length of the literal that follows a line: `{5}` or `{5+}` at its end.
fn literal(line: &[u8]) -> Option<usize> {
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").unwrap_or(inner);
    let digits = inner.get(inner.iter().rposition(|byte| *byte == b'{')? + 1..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
