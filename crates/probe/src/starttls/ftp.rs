//! FTP (RFC 4217).
//!
//! `220`, `FEAT` with `AUTH TLS` where the server knows it (RFC 2389), `AUTH TLS`, `234`.

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, mentions, split_word};
use super::reply::{Continuation, Reply};

/// Comes as far as the go-ahead, or says why not.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
) -> Result<(), Failure> {
    let mut greeting = Reply::read(dialogue, Continuation::Free).await?;
    if greeting.code == 120 {
        // "Ready in some minutes" (RFC 959 section 5.4); the real greeting follows.
        greeting = Reply::read(dialogue, Continuation::Free).await?;
    }
    match greeting.code {
        220 => {}
        400..=599 => return Err(greeting.turned_away()),
        _ => return Err(dialogue.wrong_protocol().await),
    }
    dialogue.say("FEAT\r\n").await?;
    let features = Reply::read(dialogue, Continuation::Free).await?;
    let mechanism = match features.code {
        211 => Some(offered_mechanism(&features).ok_or(Failure::NotOffered)?),
        421 => return Err(features.refusal()),
        _ if greeting.lines.iter().any(|line| mentions(line, "SMTP")) => {
            return Err(Failure::WrongProtocol {
                saw: dialogue.opening(),
                looks_like: Some("smtp"),
            });
        }
        // No list, or none before login: ask.
        _ => None,
    };
    dialogue
        .say(format!("AUTH {}\r\n", mechanism.unwrap_or("TLS")))
        .await?;
    let answer = Reply::read(dialogue, Continuation::Free).await?;
    match answer.code {
        234 => Ok(()),
        500 | 502 | 504 if mechanism.is_none() => Err(Failure::NotOffered),
        _ => Err(answer.refusal()),
    }
}

/// The mechanism that the feature list names, the standard one first. `AUTH TLS;TLS-C;SSL` and the like are lists.
fn offered_mechanism(features: &Reply) -> Option<&'static str> {
    let mut mechanisms: Vec<&[u8]> = Vec::new();
    // A feature line begins with a space (RFC 2389 section 3.2); the first and last line are prose.
    for line in features.lines.iter().filter_map(|line| line.strip_prefix(b" ")) {
        let (feature, parameters) = split_word(line);
        if feature.eq_ignore_ascii_case(b"AUTH") {
            mechanisms.extend(parameters.split(|byte| matches!(byte, b' ' | b';' | b',')));
        }
    }
    let offers = |wanted: &str| {
        mechanisms
            .iter()
            .any(|known| known.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    ["TLS", "TLS-C", "SSL", "TLS-P"]
        .into_iter()
        .find(|wanted| offers(wanted))
}
