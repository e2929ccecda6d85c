//! TLS 1.3 key schedule and record protection (RFC 8446 sections 5.2 and 7), as far as a look needs them.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{digest, hmac};
use model::tls::CipherSuite;

use super::Stop;
use super::hello::length_prefixed;

/// Hash and cipher of a suite.
#[derive(Clone, Copy)]
pub(crate) struct Suite {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    aead: &'static aead::Algorithm,
}

impl Suite {
    pub(crate) fn of(suite: CipherSuite) -> Option<Self> {
        let (digest, hmac, aead) = match suite.0 {
            0x1301 => (&digest::SHA256, hmac::HMAC_SHA256, &aead::AES_128_GCM),
            0x1302 => (&digest::SHA384, hmac::HMAC_SHA384, &aead::AES_256_GCM),
            0x1303 => (&digest::SHA256, hmac::HMAC_SHA256, &aead::CHACHA20_POLY1305),
            _ => return None,
        };
        Some(Self { digest, hmac, aead })
    }

    pub(crate) fn transcript(self) -> digest::Context {
        digest::Context::new(self.digest)
    }

    fn hash_of_nothing(self) -> digest::Digest {
        digest::digest(self.digest, &[])
    }
}

/// A secret of the key schedule; never printed.
pub(crate) struct Secret {
    suite: Suite,
    value: hmac::Tag,
}

/// The handshake secret: HKDF-Extract over the shared secret, salted by what an empty early secret derives.
pub(crate) fn handshake_secret(suite: Suite, shared: &[u8]) -> Secret {
    let zeros = [0; 48];
    let zeros = zeros.get(..suite.digest.output_len()).unwrap_or(&zeros);
    let early = Secret {
        suite,
        value: hmac::sign(&hmac::Key::new(suite.hmac, zeros), zeros),
    };
    early.next(shared)
}

impl Secret {
    /// HKDF-Extract of the next stage: `Derive-Secret(., "derived", "")` as salt, `input` as key material.
    fn next(&self, input: &[u8]) -> Self {
        let salt = self.derive(b"derived", self.suite.hash_of_nothing().as_ref());
        let value = hmac::sign(&hmac::Key::new(self.suite.hmac, salt.value.as_ref()), input);
        Self {
            suite: self.suite,
            value,
        }
    }

    /// The master secret that follows the handshake secret.
    pub(crate) fn master(&self) -> Self {
        let zeros = [0; 48];
        self.next(zeros.get(..self.suite.digest.output_len()).unwrap_or(&zeros))
    }

    /// `Derive-Secret` with a transcript hash.
    pub(crate) fn derive(&self, label: &[u8], transcript: &[u8]) -> Self {
        Self {
            suite: self.suite,
            value: self.expand(label, transcript, self.suite.digest.output_len()),
        }
    }

    /// HKDF-Expand-Label (section 7.1). One HMAC block is enough: no output is longer than the hash.
    fn expand(&self, label: &[u8], context: &[u8], length: usize) -> hmac::Tag {
        let mut info = Vec::with_capacity(96);
        info.extend_from_slice(&[0, u8::try_from(length).unwrap_or(u8::MAX)]);
        length_prefixed::<1>(&mut info, |info| {
            info.extend_from_slice(b"tls13 ");
            info.extend_from_slice(label);
        });
        length_prefixed::<1>(&mut info, |info| info.extend_from_slice(context));
        info.push(1);
        hmac::sign(&hmac::Key::new(self.suite.hmac, self.value.as_ref()), &info)
    }

    /// `verify_data` of a Finished message (section 4.4.4).
    pub(crate) fn finished(&self, transcript: &[u8]) -> hmac::Tag {
        let key = self.expand(b"finished", &[], self.suite.digest.output_len());
        hmac::sign(&hmac::Key::new(self.suite.hmac, key.as_ref()), transcript)
    }

    fn traffic(&self) -> Result<Traffic, Stop> {
        let key_length = self.suite.aead.key_len();
        let key = self.expand(b"key", &[], key_length);
        let key = key
            .as_ref()
            .get(..key_length)
            .ok_or(Stop::Malformed("key schedule"))?;
        let key = UnboundKey::new(self.suite.aead, key).map_err(|_| Stop::Malformed("key schedule"))?;
        let iv = self.expand(b"iv", &[], aead::NONCE_LEN);
        let iv = *iv.as_ref().first_chunk().ok_or(Stop::Malformed("key schedule"))?;
        Ok(Traffic {
            key: LessSafeKey::new(key),
            iv,
            sequence: 0,
        })
    }

    /// Removes the protection of records under this traffic secret.
    pub(crate) fn opener(&self) -> Result<Opener, Stop> {
        self.traffic().map(Opener)
    }

    /// Protects records under this traffic secret.
    pub(crate) fn sealer(&self) -> Result<Sealer, Stop> {
        self.traffic().map(Sealer)
    }
}

struct Traffic {
    key: LessSafeKey,
    iv: [u8; aead::NONCE_LEN],
    sequence: u64,
}

impl Traffic {
    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        let [_, _, _, _, tail @ ..] = &mut nonce;
        tail.iter_mut()
            .zip(self.sequence.to_be_bytes())
            .for_each(|(byte, mask)| *byte ^= mask);
        self.sequence = self.sequence.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// An opened record.
pub(crate) struct Opened {
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
}

/// Removes the protection of records.
pub(crate) struct Opener(Traffic);

impl Opener {
    /// Opens one record's payload: decrypts, and takes the content type from behind the padding.
    pub(crate) fn open(&mut self, payload: &[u8]) -> Result<Opened, Stop> {
        let aad = record_header(payload.len());
        let mut bytes = payload.to_vec();
        let nonce = self.0.nonce();
        let length = self
            .0
            .key
            .open_in_place(nonce, Aad::from(aad), &mut bytes)
            .map_err(|_| Stop::Malformed("a protected record that does not decrypt"))?
            .len();
        bytes.truncate(length);
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        let kind = bytes
            .pop()
            .ok_or(Stop::Malformed("a protected record without content"))?;
        Ok(Opened { kind, bytes })
    }
}

/// Protects records.
pub(crate) struct Sealer(Traffic);

impl Sealer {
    /// Appends one protected record with `content` of type `kind` to `out`.
    pub(crate) fn seal(&mut self, kind: u8, content: &[u8], out: &mut Vec<u8>) -> Result<(), Stop> {
        let mut bytes = Vec::with_capacity(content.len() + 1 + aead::MAX_TAG_LEN);
        bytes.extend_from_slice(content);
        bytes.push(kind);
        let header = record_header(bytes.len() + self.0.key.algorithm().tag_len());
        let nonce = self.0.nonce();
        self.0
            .key
            .seal_in_place_append_tag(nonce, Aad::from(header), &mut bytes)
            .map_err(|_| Stop::Malformed("key schedule"))?;
        out.extend_from_slice(&header);
        out.extend_from_slice(&bytes);
        Ok(())
    }
}

/// Header of a protected record: also its additional data (section 5.2). Payloads are shorter than 2^16.
fn record_header(length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [super::APPLICATION_DATA, 3, 3, high, low]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of RFC 8448 section 3 ("Simple 1-RTT Handshake").
    #[test]
    fn the_key_schedule_of_rfc_8448() {
        let bytes = |text: &str| -> Vec<u8> {
            text.as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect()
        };
        let suite = Suite::of(CipherSuite(0x1301)).unwrap();
        let shared = bytes("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d");
        let secret = handshake_secret(suite, &shared);
        assert_eq!(
            secret.value.as_ref(),
            bytes("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac")
        );
        let transcript = bytes("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8");
        assert_eq!(transcript.len(), 32);
        let server = secret.derive(b"s hs traffic", &transcript);
        assert_eq!(
            server.value.as_ref(),
            bytes("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
        );
        let key = server.expand(b"key", &[], 16);
        assert_eq!(&key.as_ref()[..16], bytes("3fce516009c21727d0f2e4e86ee403bc"));
    }
}
