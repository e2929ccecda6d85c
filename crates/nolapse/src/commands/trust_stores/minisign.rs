//! Signatures of bundles: Ed25519 over the file, as `minisign -S -l` makes them, or bare.
//!
//! A public key, a signature file and a message come in; whether the key made the signature goes out. Minisign's newer
//! default signs a BLAKE2b hash, which the one provider of cryptography does not have; that is said.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("the key is no Ed25519 key: expected base64 of 32 bytes, or a minisign key")]
    Key,
    #[error("the signature is none of Ed25519: expected base64 of 64 bytes, or a minisign signature")]
    Signature,
    #[error("the signature is over a BLAKE2b hash: sign with `minisign -S -l`")]
    Hashed,
    #[error("the signature is by another key")]
    OtherKey,
    #[error("the signature does not verify")]
    Invalid,
}

/// Whether the key made the signature over `message`. Both texts may be files of minisign, with their comments.
pub(super) fn verify(key: &str, signature: &str, message: &[u8]) -> Result<(), Refused> {
    let key = last_line(key)
        .and_then(|line| STANDARD.decode(line).ok())
        .ok_or(Refused::Key)?;
    let (key_id, key) = match (key.len(), key.split_at_checked(10)) {
        (32, _) => (None, key.as_slice()),
        (42, Some(([b'E', b'd', id @ ..], key))) => (Some(id), key),
        _ => return Err(Refused::Key),
    };
    let mut lines = signature.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines
        .find(|line| !line.starts_with("untrusted comment:"))
        .ok_or(Refused::Signature)?;
    let signature = STANDARD.decode(line).map_err(|_| Refused::Signature)?;
    let (signature_id, signature) = match (signature.len(), signature.split_at_checked(10)) {
        (64, _) => (None, signature.as_slice()),
        (74, Some(([b'E', b'd', id @ ..], signature))) => (Some(id), signature),
        (74, Some(([b'E', b'D', ..], _))) => return Err(Refused::Hashed),
        _ => return Err(Refused::Signature),
    };
    if key_id.is_some() && signature_id.is_some() && key_id != signature_id {
        return Err(Refused::OtherKey);
    }
    UnparsedPublicKey::new(&ED25519, key)
        .verify(message, signature)
        .map_err(|_| Refused::Invalid)
}

fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};

    use super::*;

    #[test]
    fn bare_and_minisign_signatures() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let encode = |parts: &[&[u8]]| STANDARD.encode(parts.concat());
        let (public, signature) = (pair.public_key().as_ref(), pair.sign(b"bundle"));
        let signature = signature.as_ref();
        let bare = (encode(&[public]), encode(&[signature]));
        let key = format!("untrusted comment: x\n{}\n", encode(&[b"Ed12345678", public]));
        let signed = |kind: &[u8]| {
            let comment = "untrusted comment: x\n";
            format!(
                "{comment}{}\ntrusted comment: y\nAAAA\n",
                encode(&[kind, signature])
            )
        };
        assert_eq!(verify(&bare.0, &bare.1, b"bundle"), Ok(()));
        assert_eq!(verify(&key, &signed(b"Ed12345678"), b"bundle"), Ok(()));
        assert_eq!(verify(&key, &bare.1, b"bundle"), Ok(()));
        assert_eq!(
            verify(&key, &signed(b"Ed12345678"), b"bundlE"),
            Err(Refused::Invalid)
        );
        assert_eq!(
            verify(&key, &signed(b"Ed12345679"), b"bundle"),
            Err(Refused::OtherKey)
        );
        assert_eq!(
            verify(&key, &signed(b"ED12345678"), b"bundle"),
            Err(Refused::Hashed)
        );
        assert_eq!(verify("x", &bare.1, b"bundle"), Err(Refused::Key));
        assert_eq!(verify(&bare.0, "", b"bundle"), Err(Refused::Signature));
    }
}
