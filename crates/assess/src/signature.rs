//! Verifies the signature of one certificate by the key of another.
//!
//! Two certificates come in, [`Signed`] goes out: valid, invalid, or made by an algorithm that cannot be verified here,
//! which is not the same as invalid. Whether an algorithm is still good enough is not asked: the rule `weak-signature`
//! says that, so that a chain signed with SHA-1 is still told apart from a forged one.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1,
    ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1,
    ECDSA_P521_SHA1_ASN1, ECDSA_P521_SHA224_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};
use model::certificate::{Certificate, Curve, Hash, KeyKind, SignatureAlgorithm};

/// What the check of one signature gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signed {
    /// The issuer's key made the signature.
    Valid,
    /// It did not.
    Invalid,
    /// No telling: the algorithm, key size or curve cannot be verified here.
    Unsupported,
}

/// Checks whether `issuer`'s key signed `child`. Names, dates and permissions are not looked at.
pub fn verify(child: &Certificate, issuer: &Certificate) -> Signed {
    let facts = child.facts();
    let key = &issuer.facts().public_key;
    let Some(algorithm) = algorithm(&facts.signature_algorithm, &key.kind) else {
        return Signed::Unsupported;
    };
    let (Some(message), Some(signature), Some(key)) = (
        child.der().get(facts.to_be_signed.clone()),
        child.der().get(facts.signature.clone()),
        issuer.der().get(key.key.clone()),
    ) else {
        return Signed::Invalid;
    };
    match UnparsedPublicKey::new(algorithm, key).verify(message, signature) {
        Ok(()) => Signed::Valid,
        Err(_) => Signed::Invalid,
    }
}

/// Whether a signature by this algorithm and key could be checked at all: what [`verify`] would not call
/// [`Signed::Unsupported`].
pub fn is_supported(signature: &SignatureAlgorithm, key: &KeyKind) -> bool {
    algorithm(signature, key).is_some()
}

/// The primitive for a signature algorithm and a key. A signature of one kind by a key of another has none: it cannot
/// have been made by that key, and trying all would let a stranger choose how his bytes are read.
fn algorithm(signature: &SignatureAlgorithm, key: &KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
    match (signature, key) {
        (SignatureAlgorithm::RsaPkcs1(hash), KeyKind::Rsa { bits, pss: false, .. }) => {
            rsa_pkcs1(*hash, *bits)
        }
        (
            SignatureAlgorithm::RsaPss(hash),
            KeyKind::Rsa {
                bits: 2048..=8192, ..
            },
        ) => match hash {
            Hash::Sha256 => Some(&RSA_PSS_2048_8192_SHA256),
            Hash::Sha384 => Some(&RSA_PSS_2048_8192_SHA384),
            Hash::Sha512 => Some(&RSA_PSS_2048_8192_SHA512),
            Hash::Md2 | Hash::Md4 | Hash::Md5 | Hash::Sha1 | Hash::Sha224 => None,
        },
        (SignatureAlgorithm::Ecdsa(hash), KeyKind::Ec(curve)) => ecdsa(*hash, curve),
        (SignatureAlgorithm::Ed25519, KeyKind::Ed25519) => Some(&ED25519),
        (SignatureAlgorithm::MlDsa(44), KeyKind::MlDsa(44)) => Some(&ML_DSA_44),
        (SignatureAlgorithm::MlDsa(65), KeyKind::MlDsa(65)) => Some(&ML_DSA_65),
        (SignatureAlgorithm::MlDsa(87), KeyKind::MlDsa(87)) => Some(&ML_DSA_87),
        _ => None,
    }
}

/// The library takes moduli from 1024 bits with most hashes, and from 2048 with SHA-384; none above 8192, which also
/// keeps a stranger from choosing how long an exponentiation lasts.
fn rsa_pkcs1(hash: Hash, bits: u32) -> Option<&'static dyn VerificationAlgorithm> {
    if !(1024..=8192).contains(&bits) {
        return None;
    }
    match hash {
        Hash::Sha1 => Some(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Hash::Sha256 => Some(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Hash::Sha384 if bits >= 2048 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Hash::Sha512 => Some(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        Hash::Md2 | Hash::Md4 | Hash::Md5 | Hash::Sha224 | Hash::Sha384 => None,
    }
}

fn ecdsa(hash: Hash, curve: &Curve) -> Option<&'static dyn VerificationAlgorithm> {
    match (curve, hash) {
        (Curve::P256, Hash::Sha1) => Some(&ECDSA_P256_SHA1_ASN1),
        (Curve::P256, Hash::Sha256) => Some(&ECDSA_P256_SHA256_ASN1),
        (Curve::P256, Hash::Sha384) => Some(&ECDSA_P256_SHA384_ASN1),
        (Curve::P256, Hash::Sha512) => Some(&ECDSA_P256_SHA512_ASN1),
        (Curve::P384, Hash::Sha256) => Some(&ECDSA_P384_SHA256_ASN1),
        (Curve::P384, Hash::Sha384) => Some(&ECDSA_P384_SHA384_ASN1),
        (Curve::P384, Hash::Sha512) => Some(&ECDSA_P384_SHA512_ASN1),
        (Curve::P521, Hash::Sha1) => Some(&ECDSA_P521_SHA1_ASN1),
        (Curve::P521, Hash::Sha224) => Some(&ECDSA_P521_SHA224_ASN1),
        (Curve::P521, Hash::Sha256) => Some(&ECDSA_P521_SHA256_ASN1),
        (Curve::P521, Hash::Sha384) => Some(&ECDSA_P521_SHA384_ASN1),
        (Curve::P521, Hash::Sha512) => Some(&ECDSA_P521_SHA512_ASN1),
        (Curve::Secp256k1, Hash::Sha256) => Some(&ECDSA_P256K1_SHA256_ASN1),
        _ => None,
    }
}
