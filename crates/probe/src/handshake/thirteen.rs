//! TLS 1.3 behind the ServerHello (RFC 8446 sections 4.3 and 4.4).

use aws_lc_rs::digest;
use model::certificate::Shelf;
use model::observation::{ClientCertificate, Depth, Handshake};
use model::sct::SctOrigin;
use model::tls::{SignatureScheme, Version};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::cursor::Cursor;
use super::hello::{self, Wish, length_prefixed};
use super::incoming::{Incoming, Message};
use super::keys::{FreshKey, HYBRID, shared_secret};
use super::proof::proof;
use super::protection::{Secret, Suite, handshake_secret};
use super::server_hello::{ServerHello, alpn};
use super::{
    Ask, CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY, COMPRESSED_CERTIFICATE, ENCRYPTED_EXTENSIONS,
    FINISHED, Shown, Stop,
};

/// Our side of the handshake: what stays the same when a HelloRetryRequest makes us say hello twice.
pub(super) struct Client {
    pub(super) random: [u8; 32],
    pub(super) session_id: [u8; 32],
    pub(super) fresh: Option<FreshKey>,
}

impl Client {
    /// The ClientHello message, with the server's cookie when it gave one.
    pub(super) fn hello(&self, ask: &Ask<'_>, cookie: Option<&[u8]>) -> Vec<u8> {
        let standing = (29, ask.standing.public());
        let fresh = self.fresh.as_ref().map(|key| (key.group(), key.public()));
        // A hybrid hello brings both; a second hello carries the asked-for share alone (section 4.1.2).
        let shares = match fresh {
            Some(fresh) if fresh.0 == HYBRID => vec![fresh, standing],
            Some(fresh) => vec![fresh],
            None => vec![standing],
        };
        hello::message(&Wish {
            hello: ask.hello,
            key: ask.key,
            server_name: ask.server_name,
            alpn: ask.alpn,
            random: self.random,
            session_id: self.session_id,
            shares: &shares,
            cookie,
        })
    }
}

/// How a handshake began: our hello and the answer to it.
pub(super) struct Opening {
    pub(super) client: Client,
    pub(super) hello: Vec<u8>,
    pub(super) answer: Message,
}

impl Opening {
    /// Says hello again when the server asks for that, and gives the transcript through the ServerHello that counts.
    async fn settle<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut S,
        ask: &Ask<'_>,
        incoming: &mut Incoming,
    ) -> Result<(Suite, digest::Context), Stop> {
        let server = ServerHello::parse(&self.answer)?;
        let suite = Suite::of(server.cipher).ok_or(Stop::Malformed("a cipher suite that was not offered"))?;
        let mut transcript = suite.transcript();
        if server.is_retry {
            let again = retry(ask, &mut self.client, &server)?;
            transcript = after_retry(suite, &self.hello, &self.answer);
            super::send(stream, &hello::record(&again, ask.hello)).await?;
            self.hello = again;
            self.answer = incoming.message(stream).await?;
            let server = ServerHello::parse(&self.answer)?;
            if server.is_retry || server.version != Version::TLS13 {
                return Err(Stop::Malformed("a second HelloRetryRequest"));
            }
        }
        transcript.update(&self.hello);
        transcript.update(&self.answer.bytes);
        Ok((suite, transcript))
    }
}

/// Reads on to the certificate (glance) or to the server's Finished (full), and ends in order.
pub(super) async fn proceed<S>(
    stream: &mut S,
    ask: &Ask<'_>,
    shown: &mut Shown,
    incoming: &mut Incoming,
    mut opening: Opening,
) -> Result<(), Stop>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (suite, transcript) = opening.settle(stream, ask, incoming).await?;
    let server = ServerHello::parse(&opening.answer)?;
    let (group, share) = server
        .key_share
        .ok_or(Stop::Malformed("ServerHello without a key share"))?;
    let shared = shared_secret(group, share, ask.standing, opening.client.fresh.as_ref())?;
    let secret = handshake_secret(suite, &shared);
    let hash = transcript.clone().finish();
    let server_secret = secret.derive(b"s hs traffic", hash.as_ref());
    incoming.opener = Some(server_secret.opener()?);

    let mut handshake = super::begun(&server, ask.hello);
    handshake.group = super::group(group);
    let mut flight = Flight {
        transcript,
        handshake,
        request_context: None,
    };
    flight.read_certificate(stream, ask, incoming).await?;
    let empty = flight.handshake.chain.is_empty();
    let Flight {
        mut transcript,
        handshake,
        request_context,
    } = flight;
    let handshake = shown.handshake.insert(handshake);
    if empty {
        return Err(Stop::Malformed("an empty certificate message"));
    }
    if ask.depth == Depth::Glance {
        return Ok(());
    }
    verify(stream, incoming, &mut transcript, handshake).await?;
    let finished = incoming.message(stream).await?;
    if finished.kind != FINISHED {
        return Err(Stop::Malformed("something else where Finished must stand"));
    }
    let expected = server_secret.finished(transcript.clone().finish().as_ref());
    if finished.body() != expected.as_ref() {
        return Err(Stop::Malformed("a Finished that does not fit the handshake"));
    }
    transcript.update(&finished.bytes);
    let client_secret = secret.derive(b"c hs traffic", hash.as_ref());
    let goodbye = goodbye(&secret, &client_secret, transcript, request_context.as_deref())?;
    // Whether it arrives changes nothing of what was seen.
    if super::send(stream, &goodbye).await.is_ok() {
        drop(stream.shutdown().await);
    }
    Ok(())
}

/// The ClientHello that a HelloRetryRequest asks for.
fn retry(ask: &Ask<'_>, client: &mut Client, server: &ServerHello<'_>) -> Result<Vec<u8>, Stop> {
    if let Some((group, _)) = server.key_share {
        let fresh = FreshKey::generate(group, ask.standing);
        client.fresh = Some(fresh.ok_or(Stop::Malformed("a request for a group that was not offered"))?);
    } else if server.cookie.is_none() {
        return Err(Stop::Malformed("a HelloRetryRequest that changes nothing"));
    }
    Ok(client.hello(ask, server.cookie))
}

/// The transcript that a HelloRetryRequest leaves: a hash stands for the first hello (section 4.4.1).
fn after_retry(suite: Suite, hello: &[u8], retry: &Message) -> digest::Context {
    let mut first = suite.transcript();
    first.update(hello);
    let first = first.finish();
    let mut transcript = suite.transcript();
    transcript.update(&[254, 0, 0, u8::try_from(first.as_ref().len()).unwrap_or(u8::MAX)]);
    transcript.update(first.as_ref());
    transcript.update(&retry.bytes);
    transcript
}

/// The server's encrypted flight while it is being read.
struct Flight {
    transcript: digest::Context,
    handshake: Handshake,
    /// Context of the CertificateRequest, when there was one.
    request_context: Option<Vec<u8>>,
}

impl Flight {
    /// EncryptedExtensions, perhaps CertificateRequest, Certificate.
    async fn read_certificate<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        ask: &Ask<'_>,
        incoming: &mut Incoming,
    ) -> Result<(), Stop> {
        let mut asked = ClientCertificate::NotAsked;
        for _ in 0..3 {
            let message = incoming.message(stream).await?;
            self.transcript.update(&message.bytes);
            match message.kind {
                ENCRYPTED_EXTENSIONS => self.encrypted_extensions(&message)?,
                CERTIFICATE_REQUEST => asked = self.request(&message)?,
                CERTIFICATE => {
                    self.handshake.client_certificate = asked;
                    return self.certificate(&message, ask.shelf);
                }
                COMPRESSED_CERTIFICATE => {
                    return Err(Stop::Malformed(
                        "a compressed certificate although no compression was offered",
                    ));
                }
                _ => break,
            }
        }
        Err(Stop::Malformed("something else where Certificate must stand"))
    }

    fn encrypted_extensions(&mut self, message: &Message) -> Result<(), Stop> {
        let mut extensions = Cursor::new(message.body(), "EncryptedExtensions").inner::<2>()?;
        while !extensions.is_empty() {
            let number = extensions.u16()?;
            let value = extensions.inner::<2>()?;
            if number == 16 {
                self.handshake.alpn = Some(model::Untrusted::from_bytes(alpn(value)?));
            }
        }
        Ok(())
    }

    fn request(&mut self, message: &Message) -> Result<ClientCertificate, Stop> {
        let mut body = Cursor::new(message.body(), "CertificateRequest");
        self.request_context = Some(body.vector::<1>()?.to_vec());
        let mut authorities = Vec::new();
        let mut extensions = body.inner::<2>()?;
        while !extensions.is_empty() {
            let number = extensions.u16()?;
            let mut value = extensions.inner::<2>()?;
            if number == 47 {
                authorities = super::authorities(value.inner::<2>()?);
            }
        }
        Ok(ClientCertificate::Asked { authorities })
    }

    /// The Certificate message: context, then certificates with their extensions. The staple and SCTs of the leaf
    /// count; a list that breaks off gives the certificates before the break.
    fn certificate(&mut self, message: &Message, shelf: &Shelf) -> Result<(), Stop> {
        let mut body = Cursor::new(message.body(), "Certificate");
        body.vector::<1>()?;
        let mut list = body.inner::<3>()?;
        let mut leaf_extensions = None;
        let ders = std::iter::from_fn(|| {
            let der = list.vector::<3>().ok()?;
            let extensions = list.inner::<2>().ok();
            leaf_extensions = leaf_extensions.or(extensions);
            Some(der)
        });
        super::take_chain(&mut self.handshake, ders, shelf);
        let Some(mut extensions) = leaf_extensions else {
            return Ok(());
        };
        while !extensions.is_empty() {
            let number = extensions.u16()?;
            let mut value = extensions.inner::<2>()?;
            match number {
                5 if value.u8()? == 1 => super::take_staple(&mut self.handshake, value.vector::<3>()?),
                18 => super::take_scts(&mut self.handshake.scts, Some(value.take_rest()), SctOrigin::Tls),
                _ => {}
            }
        }
        Ok(())
    }
}

/// CertificateVerify: the server's proof that it holds the key (section 4.4.3).
async fn verify<S: AsyncRead + Unpin>(
    stream: &mut S,
    incoming: &mut Incoming,
    transcript: &mut digest::Context,
    handshake: &mut Handshake,
) -> Result<(), Stop> {
    let message = incoming.message(stream).await?;
    if message.kind != CERTIFICATE_VERIFY {
        return Err(Stop::Malformed(
            "something else where CertificateVerify must stand",
        ));
    }
    let mut body = Cursor::new(message.body(), "CertificateVerify");
    let scheme = SignatureScheme(body.u16()?);
    let signature = body.vector::<2>()?;
    let mut signed = vec![0x20; 64];
    signed.extend_from_slice(b"TLS 1.3, server CertificateVerify\0");
    signed.extend_from_slice(transcript.clone().finish().as_ref());
    if let Some(leaf) = handshake.chain.first() {
        handshake.proof = proof(leaf, scheme, &signed, signature);
    }
    transcript.update(&message.bytes);
    Ok(())
}

/// Our end: no certificate when one was asked for, Finished, `close_notify`. The server counts a completed handshake.
fn goodbye(
    secret: &Secret,
    client_secret: &Secret,
    mut transcript: digest::Context,
    request_context: Option<&[u8]>,
) -> Result<Vec<u8>, Stop> {
    let application = secret
        .master()
        .derive(b"c ap traffic", transcript.clone().finish().as_ref());
    let mut flight = Vec::with_capacity(128);
    if let Some(context) = request_context {
        flight.push(CERTIFICATE);
        length_prefixed::<3>(&mut flight, |out| {
            length_prefixed::<1>(out, |out| out.extend_from_slice(context));
            out.extend_from_slice(&[0, 0, 0]);
        });
        transcript.update(&flight);
    }
    let verify_data = client_secret.finished(transcript.finish().as_ref());
    flight.push(FINISHED);
    length_prefixed::<3>(&mut flight, |out| out.extend_from_slice(verify_data.as_ref()));
    // The change-cipher-spec of middlebox compatibility (appendix D.4), then the two protected records.
    let mut out = vec![super::CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1];
    client_secret
        .sealer()?
        .seal(super::HANDSHAKE, &flight, &mut out)?;
    application.sealer()?.seal(super::ALERT, &[1, 0], &mut out)?;
    Ok(out)
}

/// Reads a body as each message of the encrypted flight; for fuzzing.
pub(super) fn read_any(body: &[u8], shelf: &Shelf) {
    let Some(suite) = Suite::of(model::tls::CipherSuite(0x1301)) else {
        return;
    };
    let message = Message {
        kind: CERTIFICATE,
        bytes: [&[CERTIFICATE, 0, 0, 0], body].concat(),
    };
    let server = ServerHello {
        version: Version::TLS13,
        random: &[],
        cipher: model::tls::CipherSuite(0x1301),
        alpn: None,
        scts: None,
        key_share: None,
        cookie: None,
        is_retry: false,
    };
    let mut flight = Flight {
        transcript: suite.transcript(),
        handshake: super::begun(&server, model::observation::Hello::Modern),
        request_context: None,
    };
    drop(flight.encrypted_extensions(&message));
    drop(flight.request(&message));
    drop(flight.certificate(&message, shelf));
}
