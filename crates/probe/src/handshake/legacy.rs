//! SSL 3.0 to TLS 1.2 behind the ServerHello: everything is in the clear (RFC 5246 section 7.4).

use model::observation::{ClientCertificate, Depth, Handshake, Proof};
use model::tls::{KeyExchange, SignatureScheme, Version};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::cursor::Cursor;
use super::incoming::{Incoming, Message};
use super::proof::{proof, unnamed_scheme};
use super::server_hello::ServerHello;
use super::{
    Ask, CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_STATUS, HELLO_REQUEST, SERVER_HELLO_DONE,
    SERVER_KEY_EXCHANGE, Shown, Stop,
};

/// Reads on to the certificate (glance) or to ServerHelloDone (full), and says goodbye.
pub(super) async fn proceed<S>(
    stream: &mut S,
    ask: &Ask<'_>,
    shown: &mut Shown,
    incoming: &mut Incoming,
    (client_random, server): (&[u8; 32], &ServerHello<'_>),
) -> Result<(), Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let exchange = server.cipher.key_exchange();
    let mut handshake = super::begun(server, ask.hello);
    super::take_scts(&mut handshake.scts, server.scts, model::sct::SctOrigin::Tls);
    if matches!(exchange, KeyExchange::Anonymous | KeyExchange::WithoutCertificate) {
        shown.handshake = Some(handshake);
        return Err(Stop::Anonymous(server.cipher));
    }
    let message = next(stream, incoming).await?;
    if message.kind != CERTIFICATE {
        return Err(Stop::Malformed("something else where Certificate must stand"));
    }
    super::take_chain(&mut handshake, chain(&message), ask.shelf);
    if matches!(exchange, KeyExchange::Rsa | KeyExchange::Static) && ask.depth == Depth::Full {
        handshake.proof = Proof::NoSignature;
    }
    let handshake = shown.handshake.insert(handshake);
    if handshake.chain.is_empty() {
        return Err(Stop::Malformed("an empty certificate message"));
    }
    if ask.depth == Depth::Glance {
        return Ok(());
    }
    let mut asked = ClientCertificate::NotAsked;
    loop {
        let message = next(stream, incoming).await?;
        match message.kind {
            CERTIFICATE_STATUS => status(&message, handshake)?,
            SERVER_KEY_EXCHANGE => key_exchange(&message, handshake, client_random, server)?,
            CERTIFICATE_REQUEST => asked = request(&message, server.version)?,
            SERVER_HELLO_DONE => break,
            _ => {
                return Err(Stop::Malformed(
                    "a message that cannot stand before ServerHelloDone",
                ));
            }
        }
    }
    handshake.client_certificate = asked;
    // A warning `close_notify` in the clear, then FIN: an end that a server logs as ours and not as an attack. That it
    // may not arrive changes nothing of what was seen.
    let version = server.version.0.to_be_bytes();
    let [major, minor] = version;
    if super::send(stream, &[super::ALERT, major, minor, 0, 2, 1, 0])
        .await
        .is_ok()
    {
        drop(stream.shutdown().await);
    }
    Ok(())
}

/// The next message that is not a HelloRequest, which may come at any time and be ignored (section 7.4.1.1).
async fn next<S: AsyncRead + Unpin>(stream: &mut S, incoming: &mut Incoming) -> Result<Message, Stop> {
    for _ in 0..model::limits::IDLE_RECORDS {
        let message = incoming.message(stream).await?;
        if message.kind != HELLO_REQUEST {
            return Ok(message);
        }
    }
    Err(Stop::TooMuch("HelloRequests", model::limits::IDLE_RECORDS))
}

/// The certificates of a Certificate message; a list that breaks off gives those before the break.
fn chain(message: &Message) -> impl Iterator<Item = &[u8]> {
    let mut body = Cursor::new(message.body(), "Certificate");
    let mut list = body
        .inner::<3>()
        .unwrap_or_else(|_| Cursor::new(body.take_rest(), "Certificate"));
    std::iter::from_fn(move || list.vector::<3>().ok())
}

/// A CertificateStatus message (RFC 6066 section 8).
fn status(message: &Message, handshake: &mut Handshake) -> Result<(), Stop> {
    let mut body = Cursor::new(message.body(), "CertificateStatus");
    if body.u8()? == 1 {
        super::take_staple(handshake, body.vector::<3>()?);
    }
    Ok(())
}

/// ServerKeyExchange: group or prime, and the signature over the randoms and parameters.
fn key_exchange(
    message: &Message,
    handshake: &mut Handshake,
    client_random: &[u8; 32],
    server: &ServerHello<'_>,
) -> Result<(), Stop> {
    let mut body = Cursor::new(message.body(), "ServerKeyExchange");
    let whole = message.body();
    match server.cipher.key_exchange() {
        KeyExchange::Ecdhe => {
            match body.u8()? {
                3 => handshake.group = super::group(body.u16()?),
                1 => explicit_curve(&mut body, Field::Prime)?,
                2 => explicit_curve(&mut body, Field::Binary)?,
                _ => return Err(Stop::Malformed("an unknown kind of curve in ServerKeyExchange")),
            }
            body.vector::<1>()?;
        }
        KeyExchange::Dhe => {
            let prime = body.vector::<2>()?;
            handshake.dh_bits = Some(bits(prime));
            body.vector::<2>()?;
            body.vector::<2>()?;
        }
        KeyExchange::RsaExport => {
            body.vector::<2>()?;
            body.vector::<2>()?;
        }
        // RSA_PSK has an identity hint here and nothing signed; an unknown exchange is not guessed at.
        _ => return Ok(()),
    }
    let signed = whole.get(..whole.len() - body.remaining()).unwrap_or_default();
    let Some(leaf) = handshake.chain.first() else {
        return Ok(());
    };
    let scheme = if server.version == Version::TLS12 {
        SignatureScheme(body.u16()?)
    } else {
        unnamed_scheme(&leaf.facts().public_key.kind)
    };
    let signature = body.vector::<2>()?;
    let message = [client_random, server.random, signed].concat();
    handshake.proof = proof(leaf, scheme, &message, signature);
    Ok(())
}

/// The field of an explicit curve.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Prime,
    Binary,
}

/// Explicit curve parameters (RFC 4492 section 5.4): passed over.
fn explicit_curve(body: &mut Cursor<'_>, field: Field) -> Result<(), Stop> {
    if field == Field::Prime {
        body.vector::<1>()?;
    } else {
        body.u16()?; // m
        let terms = if body.u8()? == 1 { 1 } else { 3 };
        for _ in 0..terms {
            body.vector::<1>()?;
        }
    }
    for _ in 0..5 {
        body.vector::<1>()?; // a, b, base, order, cofactor
    }
    Ok(())
}

/// CertificateRequest (section 7.4.4): types, in TLS 1.2 signature algorithms, authorities.
fn request(message: &Message, version: Version) -> Result<ClientCertificate, Stop> {
    let mut body = Cursor::new(message.body(), "CertificateRequest");
    body.vector::<1>()?;
    if version == Version::TLS12 {
        body.vector::<2>()?;
    }
    Ok(ClientCertificate::Asked {
        authorities: super::authorities(body.inner::<2>()?),
    })
}

/// Significant bits of a big-endian number.
fn bits(number: &[u8]) -> u32 {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..).unwrap_or_default();
    let leading = significant.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(significant.len() * 8)
        .unwrap_or(u32::MAX)
        .saturating_sub(leading)
}

#[cfg(test)]
mod tests {
    use model::certificate::KeyKind;

    use super::*;

    #[test]
    fn bits_of_a_prime_ignore_leading_zeros() {
        assert_eq!(bits(&[0, 0, 0x80, 0]), 16);
        assert_eq!(bits(&[1]), 1);
        assert_eq!(bits(&[]), 0);
    }

    #[test]
    fn old_signatures_have_no_number_on_the_wire() {
        assert_eq!(unnamed_scheme(&KeyKind::Ed448), SignatureScheme::RSA_MD5_SHA1);
        assert_eq!(
            unnamed_scheme(&KeyKind::Dsa { bits: 1024 }),
            SignatureScheme(0x0202)
        );
    }
}
