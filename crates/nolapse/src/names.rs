//! How keys, signatures and names of certificates are written, the same in every output.

use std::borrow::Cow;

use model::certificate::{Curve, GeneralName, Hash, KeyKind, SignatureAlgorithm};
use model::untrusted;

/// The kind of a key as people say it: `RSA 2048`, `P-256`.
pub(crate) fn key(kind: &KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits, pss: false, .. } => format!("RSA {bits}"),
        KeyKind::Rsa { bits, .. } => format!("RSA-PSS {bits}"),
        KeyKind::Ec(curve) => self::curve(curve).into_owned(),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Ed448 => "Ed448".to_owned(),
        KeyKind::Dsa { bits } => format!("DSA {bits}"),
        KeyKind::MlDsa(set) => format!("ML-DSA-{set}"),
        KeyKind::Other(oid) => oid.to_string(),
        KeyKind::Unread => "unread".to_owned(),
    }
}

/// The family of a key in machine formats.
pub(crate) const fn key_family(kind: &KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa { pss: false, .. } => "rsa",
        KeyKind::Rsa { .. } => "rsa-pss",
        KeyKind::Ec(_) => "ec",
        KeyKind::Ed25519 => "ed25519",
        KeyKind::Ed448 => "ed448",
        KeyKind::Dsa { .. } => "dsa",
        KeyKind::MlDsa(_) => "ml-dsa",
        KeyKind::Other(_) => "other",
        KeyKind::Unread => "unread",
    }
}

/// Bits of a key, where its kind does not say it all.
pub(crate) const fn key_bits(kind: &KeyKind) -> Option<u32> {
    match kind {
        KeyKind::Rsa { bits, .. } | KeyKind::Dsa { bits } => Some(*bits),
        KeyKind::Ec(Curve::P256 | Curve::Secp256k1) => Some(256),
        KeyKind::Ec(Curve::P384) => Some(384),
        KeyKind::Ec(Curve::P521) => Some(521),
        _ => None,
    }
}

/// The name of a curve.
pub(crate) fn curve(curve: &Curve) -> Cow<'static, str> {
    Cow::Borrowed(match curve {
        Curve::P256 => "P-256",
        Curve::P384 => "P-384",
        Curve::P521 => "P-521",
        Curve::Secp256k1 => "secp256k1",
        Curve::Named(oid) => {
            return oid
                .curve_name()
                .map_or_else(|| Cow::Owned(oid.to_string()), Cow::Borrowed);
        }
        Curve::Explicit => "explicit",
    })
}

/// A signature algorithm in machine formats: `ecdsa-sha256`. Written for every certificate of every record, so the usual
/// ones cost no allocation.
pub(crate) fn signature(algorithm: &SignatureAlgorithm) -> Cow<'static, str> {
    let usual = match algorithm {
        SignatureAlgorithm::RsaPkcs1(Hash::Sha256) => "rsa-sha256",
        SignatureAlgorithm::RsaPkcs1(Hash::Sha384) => "rsa-sha384",
        SignatureAlgorithm::RsaPkcs1(Hash::Sha512) => "rsa-sha512",
        SignatureAlgorithm::Ecdsa(Hash::Sha256) => "ecdsa-sha256",
        SignatureAlgorithm::Ecdsa(Hash::Sha384) => "ecdsa-sha384",
        SignatureAlgorithm::RsaPkcs1(hash) => return Cow::Owned(format!("rsa-{}", self::hash(*hash))),
        SignatureAlgorithm::RsaPss(hash) | SignatureAlgorithm::RsaPssUnusual(hash) => {
            return Cow::Owned(format!("rsa-pss-{}", self::hash(*hash)));
        }
        SignatureAlgorithm::Ecdsa(hash) => return Cow::Owned(format!("ecdsa-{}", self::hash(*hash))),
        SignatureAlgorithm::Dsa(hash) => return Cow::Owned(format!("dsa-{}", self::hash(*hash))),
        SignatureAlgorithm::MlDsa(set) => return Cow::Owned(format!("ml-dsa-{set}")),
        SignatureAlgorithm::Other(oid) => return Cow::Owned(oid.to_string()),
        SignatureAlgorithm::Ed25519 => "ed25519",
        SignatureAlgorithm::Ed448 => "ed448",
        SignatureAlgorithm::Unread => "unread",
    };
    Cow::Borrowed(usual)
}

const fn hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Md2 => "md2",
        Hash::Md4 => "md4",
        Hash::Md5 => "md5",
        Hash::Sha1 => "sha1",
        Hash::Sha224 => "sha224",
        Hash::Sha256 => "sha256",
        Hash::Sha384 => "sha384",
        Hash::Sha512 => "sha512",
    }
}

/// A name in a certificate: DNS names and addresses as they are, other kinds behind their kind (`email:`, `uri:`).
/// Not escaped.
pub(crate) fn general(name: &GeneralName) -> Cow<'_, str> {
    match name {
        GeneralName::Dns(name) => Cow::Borrowed(name.raw()),
        GeneralName::Address(address) => Cow::Owned(address.to_string()),
        GeneralName::OddAddress(bytes) => Cow::Owned(format!("address:{}", hex::encode(bytes))),
        GeneralName::Email(text) => Cow::Owned(format!("email:{}", text.raw())),
        GeneralName::Uri(text) => Cow::Owned(format!("uri:{}", text.raw())),
        GeneralName::Directory(name) => Cow::Owned(format!("directory:{}", name.text.raw())),
        GeneralName::Other(tag) => Cow::Owned(format!("other:{tag}")),
    }
}

/// A text made of [`general`], safe to show: directory names are escaped already (RFC 4514), and are so once.
pub(crate) fn shown(name: &GeneralName, text: &str) -> String {
    match name {
        GeneralName::Directory(_) => untrusted::shown_escaped(text),
        _ => untrusted::shown(text),
    }
}

/// `TrailingBytes` to `trailing-bytes`.
pub(crate) fn kebab(camel: &str) -> String {
    let mut out = String::with_capacity(camel.len() + 4);
    for (place, character) in camel.char_indices() {
        if character.is_ascii_uppercase() && place > 0 {
            out.push('-');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}
