//! IRC `STARTTLS` (IRCv3 "tls" extension).
//!
//! `CAP LS` shows `tls`, `STARTTLS`, numeric 670. Servers speak when they like: notices and pings come in between.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused, split_word, turned_away};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    dialogue.say("CAP LS 302\r\n").await?;
    let offer = offer(dialogue).await?;
    if offer == Offer::Absent {
        return Err(Failure::NotOffered);
    }
    dialogue.say("STARTTLS\r\n").await?;
    loop {
        let line = next(dialogue).await?;
        match Message::parse(&line).map(|message| message.command) {
            Some(b"670") => return Ok(()),
            Some(b"691") => return Err(refused(line)),
            // The command is not known, or not before registration; only a server that listed it has refused it.
            Some(b"421" | b"451") if offer == Offer::Unknown => return Err(Failure::NotOffered),
            Some(b"421" | b"451" | b"ERROR") => return Err(refused(line)),
            _ => {}
        }
    }
}

/// What the server says of the capability `tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Offer {
    Listed,
    Absent,
    /// The server has no capabilities at all.
    Unknown,
}

async fn offer<S: AsyncRead + AsyncWrite + Unpin>(dialogue: &mut Dialogue<'_, S>) -> Result<Offer, Failure> {
    let mut listed = false;
    loop {
        let line = next(dialogue).await?;
        let Some(message) = Message::parse(&line) else {
            continue;
        };
        match message.command {
            b"421" | b"451" => return Ok(Offer::Unknown),
            b"ERROR" => return Err(turned_away(line)),
            b"CAP" => {
                let Some((end, capabilities)) = cap_ls(message.parameters) else {
                    continue;
                };
                listed |= capabilities.split(|byte| *byte == b' ').any(is_tls);
                if end == End::Last {
                    return Ok(if listed { Offer::Listed } else { Offer::Absent });
                }
            }
            _ => {}
        }
    }
}

/// The next line; pings are answered on the way, and the first line must be one of an IRC server.
async fn next<S: AsyncRead + AsyncWrite + Unpin>(dialogue: &mut Dialogue<'_, S>) -> Result<Vec<u8>, Failure> {
    loop {
        let line = dialogue.line().await?;
        let Some(message) = Message::parse(&line) else {
            return Err(dialogue.wrong_protocol().await);
        };
        if message.command != b"PING" {
            return Ok(line);
        }
        let pong = [b"PONG ", message.parameters, b"\r\n"].concat();
        dialogue.say(pong).await?;
    }
}

/// A line of a server (RFC 1459 section 2.3.1).
#[derive(Debug)]
struct Message<'a> {
    command: &'a [u8],
    parameters: &'a [u8],
}

impl<'a> Message<'a> {
    /// Commands that a server sends before registration; numerics only from a server that names itself, since SMTP and
    /// others begin their lines with three digits too.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let (prefixed, rest) = match line {
            [b':', rest @ ..] => (true, split_word(rest).1),
            rest => (false, rest),
        };
        let (command, parameters) = split_word(rest);
        let numeric = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
        let known = matches!(
            command,
            b"NOTICE" | b"PING" | b"PONG" | b"CAP" | b"ERROR" | b"PRIVMSG" | b"AUTHENTICATE"
        );
        ((prefixed && numeric) || known).then_some(Self { command, parameters })
    }
}

/// Whether a `CAP LS` line is the last of its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Last,
    More,
}

/// The list in the parameters of a `CAP`: `* LS :tls sasl`, or `* LS * :tls sasl` when more lines follow.
fn cap_ls(parameters: &[u8]) -> Option<(End, &[u8])> {
    let (_nickname, rest) = split_word(parameters);
    let (subcommand, rest) = split_word(rest);
    if !subcommand.eq_ignore_ascii_case(b"LS") {
        return None;
    }
    let (end, list) = match rest.strip_prefix(b"* ") {
        Some(list) => (End::More, list),
        None => (End::Last, rest),
    };
    Some((end, list.strip_prefix(b":").unwrap_or(list)))
}

/// Whether a capability is `tls`, with or without a value or the marks of older servers. `sts` names a port for implicit
/// TLS and is another thing.
fn is_tls(capability: &[u8]) -> bool {
    let name = capability.split(|byte| *byte == b'=').next().unwrap_or_default();
    name.trim_ascii_start()
        .strip_prefix(b"~")
        .unwrap_or(name)
        .eq_ignore_ascii_case(b"tls")
}
