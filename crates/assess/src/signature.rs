//! Verifies the signature of one certificate by the key of another.
//!
//! Two certificates come in, [`Signed`] goes out: valid, invalid, or made by an algorithm that cannot be verified here,
//! which is not the same as invalid. Whether an algorithm is still good enough is not asked: the rule `weak-signature`
//! says that, so that a chain signed with SHA-1 is still told apart from a forged one.

use model::certificate::{Certificate, Hash, SignatureAlgorithm};
use model::revocation::RevocationList;
pub use model::signature::{Signed, is_supported};

/// Checks whether `issuer`'s key signed `child`. Names, dates and permissions are not looked at.
pub fn verify(child: &Certificate, issuer: &Certificate) -> Signed {
    let facts = child.facts();
    let key = &issuer.facts().public_key;
    let (Some(message), Some(signature), Some(key_bytes)) = (
        child.der().get(facts.to_be_signed.clone()),
        child.der().get(facts.signature.clone()),
        issuer.der().get(key.key.clone()),
    ) else {
        return Signed::Invalid;
    };
    model::signature::verify(
        &facts.signature_algorithm,
        &key.kind,
        key_bytes,
        message,
        signature,
    )
}

/// Checks whether `issuer`'s key signed a revocation list. Names, dates and permissions are not looked at.
pub fn verify_list(list: &RevocationList, issuer: &Certificate) -> Signed {
    let header = list.header();
    let key = &issuer.facts().public_key;
    let (Some(message), Some(signature), Some(key_bytes)) = (
        list.der().get(header.to_be_signed.clone()),
        list.der().get(header.signature.clone()),
        issuer.der().get(key.key.clone()),
    ) else {
        return Signed::Invalid;
    };
    model::signature::verify(
        &header.signature_algorithm,
        &key.kind,
        key_bytes,
        message,
        signature,
    )
}

/// Whether the algorithm stands on a hash for which collisions are made in practice.
pub(crate) const fn is_broken(algorithm: &SignatureAlgorithm) -> bool {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash)
        | SignatureAlgorithm::RsaPss(hash)
        | SignatureAlgorithm::Ecdsa(hash)
        | SignatureAlgorithm::Dsa(hash) => matches!(hash, Hash::Md2 | Hash::Md4 | Hash::Md5 | Hash::Sha1),
        _ => false,
    }
}
