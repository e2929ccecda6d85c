//! Signatures of webhooks, as Standard Webhooks has them: HMAC-SHA256 over `id.timestamp.body`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

/// A key to sign with.
#[derive(Clone)]
pub(crate) struct SigningKey(hmac::Key);

/// The specification asks for 24 to 64 octets of randomness.
const KEY_OCTETS: std::ops::RangeInclusive<usize> = 24..=64;

impl SigningKey {
    /// Reads `whsec_` and base64.
    pub(crate) fn read(secret: &Secret) -> Result<Self, String> {
        let wrong = || "a signing key is `whsec_` and the base64 of 24 to 64 random octets".to_owned();
        let text = secret.expose().trim();
        let octets = STANDARD
            .decode(text.strip_prefix("whsec_").unwrap_or(text))
            .map_err(|_| wrong())?;
        if !KEY_OCTETS.contains(&octets.len()) {
            return Err(wrong());
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &octets)))
    }

    fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

/// The header `webhook-signature`: one signature for each key, so that a key can be changed while both are in use.
pub(crate) fn signatures(keys: &[SigningKey], id: &str, seconds: i64, body: &[u8]) -> String {
    let all: Vec<String> = keys.iter().map(|key| key.sign(id, seconds, body)).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_as_it_says() {
        let key = SigningKey::read(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures(
            std::slice::from_ref(&key),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            body,
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signatures(&[key.clone(), key], "a", 1, b"");
        assert_eq!(both.split(' ').count(), 2);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in ["", "whsec_", "whsec_????", "whsec_c2hvcnQ=", "password"] {
            assert!(SigningKey::read(&Secret::new(wrong)).is_err(), "{wrong}");
        }
    }
}
