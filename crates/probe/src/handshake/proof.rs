//! Whether the server's signature over the handshake verifies with the key of its leaf.

use model::Certificate;
use model::certificate::{Curve, Hash, KeyKind, SignatureAlgorithm};
use model::observation::Proof;
use model::signature::{Signed, verify};
use model::tls::SignatureScheme;

/// Verifies `signature` by `scheme` over `message` with the leaf's key.
pub(crate) fn proof(leaf: &Certificate, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Proof {
    let public_key = &leaf.facts().public_key;
    let key = leaf.der().get(public_key.key.clone()).unwrap_or_default();
    let Some(algorithm) = algorithm(scheme, &public_key.kind) else {
        return Proof::Unverifiable(scheme);
    };
    // `id-RSASSA-PSS` keys are the same numbers behind another identifier.
    match verify(&algorithm, &public_key.kind, key, message, signature) {
        Signed::Valid => Proof::Proven(scheme),
        Signed::Invalid => Proof::Failed(scheme),
        Signed::Unsupported => Proof::Unverifiable(scheme),
    }
}

/// The scheme of a TLS 1.0 or 1.1 signature, which is not named on the wire (RFC 4346 section 7.4.3).
pub(crate) const fn unnamed_scheme(key: &KeyKind) -> SignatureScheme {
    match key {
        KeyKind::Ec(_) => SignatureScheme(0x0203),
        KeyKind::Dsa { .. } => SignatureScheme(0x0202),
        _ => SignatureScheme::RSA_MD5_SHA1,
    }
}

fn algorithm(scheme: SignatureScheme, key: &KeyKind) -> Option<SignatureAlgorithm> {
    Some(match scheme.0 {
        0x0201 => SignatureAlgorithm::RsaPkcs1(Hash::Sha1),
        0x0401 => SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
        0x0501 => SignatureAlgorithm::RsaPkcs1(Hash::Sha384),
        0x0601 => SignatureAlgorithm::RsaPkcs1(Hash::Sha512),
        0x0804 | 0x0809 => SignatureAlgorithm::RsaPss(Hash::Sha256),
        0x0805 | 0x080a => SignatureAlgorithm::RsaPss(Hash::Sha384),
        0x0806 | 0x080b => SignatureAlgorithm::RsaPss(Hash::Sha512),
        0x0203 => SignatureAlgorithm::Ecdsa(Hash::Sha1),
        0x0403 => SignatureAlgorithm::Ecdsa(Hash::Sha256),
        0x0503 => SignatureAlgorithm::Ecdsa(Hash::Sha384),
        0x0603 => SignatureAlgorithm::Ecdsa(Hash::Sha512),
        0x0807 => SignatureAlgorithm::Ed25519,
        0x0904 => SignatureAlgorithm::MlDsa(44),
        0x0905 => SignatureAlgorithm::MlDsa(65),
        0x0906 => SignatureAlgorithm::MlDsa(87),
        _ => return None,
    })
    // Outside their own curve, the ECDSA primitives of the library cover what TLS 1.2 allows.
    .filter(|_| !matches!(key, KeyKind::Ec(Curve::Explicit)))
}
