//! SMTP (RFC 3207) and LMTP (RFC 2033), which differs in its hello.
//!
//! `220` greeting, `EHLO`, `250` with the keyword `STARTTLS`, `STARTTLS`, `220`.

use model::StartTls;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, mentions, split_word};
use super::reply::{Continuation, Reply};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    protocol: StartTls,
    own_name: &str,
) -> Result<(), Failure> {
    let greeting = Reply::read(dialogue, Continuation::Coded).await?;
    match greeting.code {
        220 => {}
        400..=599 => return Err(greeting.turned_away()),
        _ => return Err(dialogue.wrong_protocol().await),
    }
    let hello = if protocol == StartTls::Lmtp {
        "LHLO"
    } else {
        "EHLO"
    };
    dialogue.say(format!("{hello} {own_name}\r\n")).await?;
    let offer = match Reply::read(dialogue, Continuation::Coded).await {
        Ok(offer) => offer,
        // ProFTPD hangs up on whoever says hello in SMTP.
        Err(Failure::Closed | Failure::Reset) if mentions_any(&greeting, "FTP") => {
            return Err(not_understood(dialogue, &greeting, protocol));
        }
        Err(other) => return Err(other),
    };
    match offer.code {
        250 => {}
        // A server that knows no extensions (RFC 5321 section 4.1.4), unless it is one of another protocol altogether.
        500..=502 | 504 => return Err(not_understood(dialogue, &greeting, protocol)),
        530 if mentions_any(&greeting, "FTP") => return Err(not_understood(dialogue, &greeting, protocol)),
        _ => return Err(offer.refusal()),
    }
    // The first line is the server's name and greeting, whatever it mentions; the keywords follow.
    if !offer
        .lines
        .iter()
        .skip(1)
        .any(|line| split_word(line).0.eq_ignore_ascii_case(b"STARTTLS"))
    {
        return Err(Failure::NotOffered);
    }
    dialogue.say("STARTTLS\r\n").await?;
    let answer = Reply::read(dialogue, Continuation::Coded).await?;
    if answer.code == 220 {
        Ok(())
    } else {
        Err(answer.refusal())
    }
}

/// What a server is that greets with 220 and does not know our hello.
fn not_understood<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &Dialogue<'_, S>,
    greeting: &Reply,
    protocol: StartTls,
) -> Failure {
    let other = match protocol {
        _ if mentions_any(greeting, "FTP") => Some("ftp"),
        StartTls::Lmtp if !mentions_any(greeting, "LMTP") => Some("smtp"),
        StartTls::Smtp if mentions_any(greeting, "LMTP") => Some("lmtp"),
        _ => None,
    };
    match other {
        Some(_) => Failure::WrongProtocol {
            saw: dialogue.opening(),
            looks_like: other,
        },
        None => Failure::NotOffered,
    }
}

fn mentions_any(greeting: &Reply, word: &str) -> bool {
    greeting.lines.iter().any(|line| mentions(line, word))
}
