//! A server of TLS 1.3 whose compressed certificate (RFC 8879) claims to be enormous.
//!
//! The message is encrypted, so the server has to come as far: an X25519 share, the handshake keys of RFC 8446 section
//! 7.1 with TLS_AES_128_GCM_SHA256, and nothing behind the certificate.

use std::io;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::{digest, hmac};
use tokio::io::AsyncWriteExt;

use super::hello::{self, Hello};
use super::running::Guest;

const TLS_AES_128_GCM_SHA256: u16 = 0x1301;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const COMPRESSED_CERTIFICATE: u8 = 25;
const ZLIB: [u8; 2] = [0, 1];
const APPLICATION_DATA: u8 = 0x17;
/// Below the 64 KiB that clients take of a handshake message, so that the claim is all that is wrong.
const COMPRESSED_BYTES: usize = 32 * 1024;

pub(super) async fn host(claimed_bytes: u32, guest: &mut Guest) -> io::Result<()> {
    let hello = hello::read(guest).await?;
    let Some(share) = hello
        .x25519
        .as_deref()
        .filter(|_| hello.suites.contains(&TLS_AES_128_GCM_SHA256))
    else {
        return guest.write_all(&hello::alert(40)).await;
    };
    let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(io::Error::other)?;
    let public = private.compute_public_key().map_err(io::Error::other)?;
    let server_hello = server_hello(&hello, public.as_ref());
    let refused = io::Error::other("a share that is no point");
    let shared = agree_ephemeral(
        private,
        UnparsedPublicKey::new(&X25519, share),
        refused,
        |secret| Ok(secret.to_vec()),
    )?;
    let keys = Keys::derive(&shared, &[hello.message.as_slice(), &server_hello].concat())?;

    let mut certificate = ZLIB.to_vec();
    certificate.extend_from_slice(&hello::length24(claimed_bytes as usize));
    certificate.append(&mut hello::counted24(&bomb()));
    let mut flight = hello::message(ENCRYPTED_EXTENSIONS, &[0, 0]);
    flight.append(&mut hello::message(COMPRESSED_CERTIFICATE, &certificate));

    let mut bytes = hello::records(hello::HANDSHAKE, &server_hello);
    for (number, fragment) in flight.chunks(16 * 1024).enumerate() {
        bytes.append(&mut keys.seal(number as u64, fragment)?);
    }
    guest.write_all(&bytes).await?;
    guest.listen().await;
    Ok(())
}

/// A ServerHello of TLS 1.3: the session id echoed, supported_versions, key_share.
fn server_hello(hello: &Hello, public: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&[0x5a; 32]);
    body.push(hello.session_id.len() as u8);
    body.extend_from_slice(&hello.session_id);
    body.extend_from_slice(&TLS_AES_128_GCM_SHA256.to_be_bytes());
    body.push(0);
    let extensions = [&[0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 0x1d, 0, 32][..], public].concat();
    body.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    body.extend_from_slice(&extensions);
    hello::message(2, &body)
}

/// The server's handshake key and nonce.
struct Keys {
    key: LessSafeKey,
    iv: Vec<u8>,
}

impl Keys {
    fn derive(shared: &[u8], transcript: &[u8]) -> io::Result<Self> {
        let early = extract(&[0; 32], &[0; 32]);
        let derived = expand(
            &early,
            "derived",
            digest::digest(&digest::SHA256, b"").as_ref(),
            32,
        );
        let handshake = extract(&derived, shared);
        let context = digest::digest(&digest::SHA256, transcript);
        let traffic = expand(&handshake, "s hs traffic", context.as_ref(), 32);
        let key =
            UnboundKey::new(&AES_128_GCM, &expand(&traffic, "key", &[], 16)).map_err(io::Error::other)?;
        Ok(Self {
            key: LessSafeKey::new(key),
            iv: expand(&traffic, "iv", &[], 12),
        })
    }

    /// One encrypted record with handshake content (RFC 8446 section 5.2).
    fn seal(&self, number: u64, content: &[u8]) -> io::Result<Vec<u8>> {
        let mut nonce = [0; 12];
        let padded = [&[0; 4][..], &number.to_be_bytes()].concat();
        for (byte, (iv, counter)) in nonce.iter_mut().zip(self.iv.iter().zip(&padded)) {
            *byte = iv ^ counter;
        }
        let mut inner = [content, &[hello::HANDSHAKE]].concat();
        let [high, low] = (inner.len() as u16 + 16).to_be_bytes();
        let head = [APPLICATION_DATA, 3, 3, high, low];
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(head), &mut inner)
            .map_err(io::Error::other)?;
        Ok([&head[..], &inner].concat())
    }
}

/// HKDF-Extract with SHA-256 (RFC 5869 section 2.2).
fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret)
        .as_ref()
        .to_vec()
}

/// HKDF-Expand-Label (RFC 8446 section 7.1), for at most one block of output.
fn expand(secret: &[u8], label: &str, context: &[u8], length: u8) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let mut block = vec![0, length, label.len() as u8];
    block.extend_from_slice(label.as_bytes());
    block.push(context.len() as u8);
    block.extend_from_slice(context);
    block.push(1);
    let output = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &block);
    output
        .as_ref()
        .iter()
        .take(usize::from(length))
        .copied()
        .collect()
}

/// A zlib stream of zeros that is never finished: one block with fixed codes, a literal 0, then "258 bytes from one byte
/// back" in 13 bits each, 159 times smaller than what it becomes.
fn bomb() -> Vec<u8> {
    let mut bytes = vec![0x78, 0xda];
    let mut bits: u32 = 0;
    let mut count = 0;
    let mut push = |bytes: &mut Vec<u8>, code: &str| {
        for bit in code.bytes() {
            bits |= u32::from(bit == b'1') << count;
            count += 1;
            if count == 8 {
                bytes.push(bits as u8);
                (bits, count) = (0, 0);
            }
        }
    };
    // Last block, fixed codes (01, least bit first); the literal 0.
    push(&mut bytes, "110");
    push(&mut bytes, "00110000");
    while bytes.len() < COMPRESSED_BYTES {
        push(&mut bytes, "11000101");
        push(&mut bytes, "00000");
    }
    bytes
}
