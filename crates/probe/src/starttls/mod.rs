//! The exchange before TLS: from an open connection to the moment when a ClientHello may be sent.
//!
//! A byte stream and a service come in; out goes the go-ahead, with what plaintext stood behind it, or the reason why TLS
//! does not begin. Each protocol has a file of its own with a pure exchange over any stream; [`line`] bounds what the
//! server may say (`limits::UPGRADE_BYTES`, `UPGRADE_LINES`, `UPGRADE_LINE_BYTES`). No timer, no TLS, no judgement here:
//! the caller bounds the time (`limits::UPGRADE`).

mod ftp;
#[doc(hidden)]
pub(crate) mod fuzzing;
mod imap;
mod irc;
mod ldap;
mod line;
mod looks_like;
mod mysql;
mod nats;
mod nntp;
mod pop3;
mod postgres;
mod rdp;
mod reply;
mod sieve;
mod smtp;
mod tds;
#[cfg(test)]
mod tests;
mod xml;
mod xmpp;

use model::observation::Failure;
use model::{Service, StartTls, Untrusted};
use tokio::io::{AsyncRead, AsyncWrite};

use line::Dialogue;
pub(crate) use looks_like::looks_like;
pub(crate) use tds::TdsStream;

/// The go-ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upgrade {
    /// The beginning of plaintext that stood behind the go-ahead: the sign of a STARTTLS injection. Never TLS data.
    pub(crate) early_plaintext: Option<Untrusted>,
    /// How TLS records travel from here on.
    pub(crate) framing: Framing,
}

/// How TLS records travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// As they are.
    Plain,
    /// In TDS packets until the handshake is done: wrap the stream in a [`TdsStream`].
    Tds,
}

/// Speaks the protocol of `service` as far as the server's go-ahead for TLS. `own_name` is how we introduce ourselves.
/// With implicit TLS nothing is said. The caller holds the timer of the stage.
pub(crate) async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    service: &Service,
    own_name: &str,
) -> Result<Upgrade, Failure> {
    let protocol = service.starttls;
    let dialogue = &mut Dialogue::new(stream, protocol);
    match protocol {
        StartTls::None => {}
        StartTls::Smtp | StartTls::Lmtp => smtp::begin(dialogue, protocol, own_name).await?,
        StartTls::Imap => imap::begin(dialogue).await?,
        StartTls::Pop3 => pop3::begin(dialogue).await?,
        StartTls::Sieve => sieve::begin(dialogue).await?,
        StartTls::Nntp => nntp::begin(dialogue).await?,
        StartTls::Ftp => ftp::begin(dialogue).await?,
        StartTls::Ldap => ldap::begin(dialogue).await?,
        StartTls::Xmpp | StartTls::XmppServer => {
            xmpp::begin(dialogue, protocol, &xmpp_domain(service), own_name).await?;
        }
        StartTls::Postgres => postgres::begin(dialogue).await?,
        StartTls::Mysql => mysql::begin(dialogue).await?,
        StartTls::Rdp => rdp::begin(dialogue).await?,
        StartTls::Irc => irc::begin(dialogue).await?,
        StartTls::Nats => nats::begin(dialogue).await?,
        StartTls::Mssql => tds::begin(dialogue).await?,
    }
    if protocol != StartTls::None {
        dialogue.hear_what_is_there().await;
    }
    let framing = if protocol == StartTls::Mssql {
        Framing::Tds
    } else {
        Framing::Plain
    };
    Ok(Upgrade {
        early_plaintext: dialogue.early_plaintext(),
        framing,
    })
}

/// Whom an XMPP stream is for: the name that is sent to the server, or whom the certificate must name.
fn xmpp_domain(service: &Service) -> String {
    service
        .server_name
        .as_ref()
        .map_or_else(|| service.identity.to_string(), ToString::to_string)
}
