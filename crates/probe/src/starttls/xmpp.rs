//! XMPP, client to server and server to server (RFC 6120 section 5).
//!
//! Our stream header, the server's, its features with `<starttls/>`, our `<starttls/>`, `<proceed/>`. The header names
//! the XMPP domain, which need not be the name of the machine; a server that does not serve it says `host-unknown`.

use model::StartTls;
use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite};

use super::line::{Dialogue, refused};
use super::xml::{Kind, Tag, Text, next_tag};

const TLS_NAMESPACE: &[u8] = b"urn:ietf:params:xml:ns:xmpp-tls";

/// Comes as far as the go-ahead, or says why not. `domain` is whom the stream is for, `own_name` who we are.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    protocol: StartTls,
    domain: &str,
    own_name: &str,
) -> Result<(), Failure> {
    dialogue.say(stream_header(protocol, domain, own_name)).await?;
    let header = match next_tag(dialogue, Text::Forbidden).await? {
        Some(tag) if tag.kind == Kind::Start && tag.name == b"stream" => tag,
        _ => return Err(dialogue.wrong_protocol().await),
    };
    // A server from before version 1.0 sends no features (section 4.7.5): waiting for them would be in vain. What it has
    // already sent may be an error worth reading.
    if header.attribute(b"version").is_none() && dialogue.pending().trim_ascii().is_empty() {
        return Err(Failure::NotOffered);
    }
    if !offers_starttls(dialogue, domain).await? {
        return Err(Failure::NotOffered);
    }
    dialogue
        .say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        .await?;
    loop {
        let child = stream_child(dialogue, domain).await?;
        match child.name.as_slice() {
            b"proceed" if child.declares(TLS_NAMESPACE) => return skip_element(dialogue, &child).await,
            b"failure" => return Err(refused("failure: the server cannot begin TLS now")),
            _ => skip_element(dialogue, &child).await?,
        }
    }
}

/// Reads on to the features and through them: whether `<starttls/>` is one of them.
async fn offers_starttls<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    domain: &str,
) -> Result<bool, Failure> {
    loop {
        let child = stream_child(dialogue, domain).await?;
        if child.name != b"features" {
            skip_element(dialogue, &child).await?;
            continue;
        }
        let mut offered = false;
        each_child(dialogue, &child, |feature| {
            offered |= feature.name == b"starttls" && feature.declares(TLS_NAMESPACE);
        })
        .await?;
        return Ok(offered);
    }
}

/// The start of the stream's next element; its end, and errors, are failures.
async fn stream_child<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    domain: &str,
) -> Result<Tag, Failure> {
    let child = tag(dialogue).await?;
    if child.kind == Kind::End {
        return Err(Failure::Closed);
    }
    if child.name != b"error" {
        return Ok(child);
    }
    let mut condition = Vec::new();
    each_child(dialogue, &child, |part| {
        if condition.is_empty() && part.name != b"text" {
            condition.clone_from(&part.name);
        }
    })
    .await?;
    Err(refused(error_words(&condition, domain)))
}

/// The stream error (section 4.9.3) for people.
fn error_words(condition: &[u8], domain: &str) -> Vec<u8> {
    let hint = match condition {
        b"host-unknown" | b"host-gone" | b"improper-addressing" => {
            format!(
                ": the server does not serve the XMPP domain {domain}; the domain is needed here, not the machine's name"
            )
        }
        b"" => "stream error without a condition".to_owned(),
        _ => String::new(),
    };
    [condition, hint.as_bytes()].concat()
}

/// Reads to the end of the element that `start` begins.
async fn skip_element<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    start: &Tag,
) -> Result<(), Failure> {
    each_child(dialogue, start, |_| {}).await
}

/// Reads to the end of the element that `start` begins and shows each of its children to `visit`.
async fn each_child<S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, S>,
    start: &Tag,
    mut visit: impl FnMut(&Tag),
) -> Result<(), Failure> {
    let mut depth = u32::from(start.kind == Kind::Start);
    while depth > 0 {
        let tag = tag(dialogue).await?;
        if depth == 1 && tag.kind != Kind::End {
            visit(&tag);
        }
        match tag.kind {
            Kind::Start => depth += 1,
            Kind::End => depth -= 1,
            Kind::Empty => {}
        }
    }
    Ok(())
}

async fn tag<S: AsyncRead + AsyncWrite + Unpin>(dialogue: &mut Dialogue<'_, S>) -> Result<Tag, Failure> {
    match next_tag(dialogue, Text::Skipped).await? {
        Some(tag) => Ok(tag),
        None => Err(dialogue.wrong_protocol().await),
    }
}

fn stream_header(protocol: StartTls, domain: &str, own_name: &str) -> String {
    let domain = escaped(domain);
    // Some servers answer another server only when it says who it is.
    let (namespace, from) = match protocol {
        StartTls::XmppServer => ("jabber:server", format!(" from='{}'", escaped(own_name))),
        _ => ("jabber:client", String::new()),
    };
    format!(
        "<?xml version='1.0'?><stream:stream to='{domain}'{from} version='1.0' xml:lang='en' xmlns='{namespace}' \
         xmlns:stream='http://etherx.jabber.org/streams'>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
}
