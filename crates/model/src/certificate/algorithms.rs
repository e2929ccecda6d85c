//! Signature algorithms and subject public keys (RFC 3279, 4055, 5480, 8410, 9881).

use super::{Curve, Hash, KeyKind, OddityKind, PublicKey, SignatureAlgorithm};
use crate::der::{DerError, Notes, Reader, Value, tag};
use crate::oid::Oid;

/// Reads an AlgorithmIdentifier that names a signature algorithm.
pub(crate) fn signature(algorithm: &Value<'_>, notes: &Notes) -> Result<SignatureAlgorithm, DerError> {
    let mut parts = algorithm.open(notes)?;
    let kind = parts.expect(tag::OID)?.oid_content(notes);
    Ok(match kind {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10] => pss(parts, notes)?,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last] => match rsa_hash(*last) {
            Some(hash) => SignatureAlgorithm::RsaPkcs1(hash),
            None => SignatureAlgorithm::Other(Oid::from_content(kind)),
        },
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1] => SignatureAlgorithm::Ecdsa(Hash::Sha1),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, last @ 1..=4] => SignatureAlgorithm::Ecdsa(sha2(*last)),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3] => SignatureAlgorithm::Dsa(Hash::Sha1),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last @ 1..=4] => SignatureAlgorithm::Dsa(sha2(*last)),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last @ 17..=19] => SignatureAlgorithm::MlDsa(ml_dsa(*last)),
        [0x2b, 0x65, 0x70] => SignatureAlgorithm::Ed25519,
        [0x2b, 0x65, 0x71] => SignatureAlgorithm::Ed448,
        // The names that OIW gave before PKCS#1 had its own.
        [0x2b, 14, 3, 2, 3] => SignatureAlgorithm::RsaPkcs1(Hash::Md5),
        [0x2b, 14, 3, 2, 29] => SignatureAlgorithm::RsaPkcs1(Hash::Sha1),
        [0x2b, 14, 3, 2, 13 | 27] => SignatureAlgorithm::Dsa(Hash::Sha1),
        other => SignatureAlgorithm::Other(Oid::from_content(other)),
    })
}

const fn rsa_hash(last: u8) -> Option<Hash> {
    Some(match last {
        2 => Hash::Md2,
        3 => Hash::Md4,
        4 => Hash::Md5,
        5 => Hash::Sha1,
        11 => Hash::Sha256,
        12 => Hash::Sha384,
        13 => Hash::Sha512,
        14 => Hash::Sha224,
        _ => return None,
    })
}

/// ecdsa-with-SHA2 and dsa-with-SHA2 number their hashes alike.
const fn sha2(last: u8) -> Hash {
    match last {
        1 => Hash::Sha224,
        2 => Hash::Sha256,
        3 => Hash::Sha384,
        _ => Hash::Sha512,
    }
}

const fn ml_dsa(last: u8) -> u8 {
    match last {
        17 => 44,
        18 => 65,
        _ => 87,
    }
}

/// RSASSA-PSS-params (RFC 4055 section 3.1). SHA-1, its mask generation and a salt of 20 bytes where they are left out.
fn pss(mut parts: Reader<'_, '_>, notes: &Notes) -> Result<SignatureAlgorithm, DerError> {
    let Some(parameters) = parts.optional(tag::SEQUENCE)? else {
        return Ok(SignatureAlgorithm::RsaPss(Hash::Sha1));
    };
    let mut parameters = parameters.open(notes)?;
    let hash = match parameters.optional(tag::constructed(0))? {
        Some(hash) => hash_algorithm(hash.open(notes)?, notes)?,
        None => Hash::Sha1,
    };
    let mask = match parameters.optional(tag::constructed(1))? {
        Some(mask) => mask_hash(mask.open(notes)?, notes)?,
        None => Some(Hash::Sha1),
    };
    let number = |value: Option<Value<'_>>, default: u64| -> Result<u64, DerError> {
        match value {
            Some(value) => {
                let number = value.open(notes)?.expect(tag::INTEGER)?;
                Ok(saturating(number.integer(notes)))
            }
            None => Ok(default),
        }
    };
    let salt = number(parameters.optional(tag::constructed(2))?, 20)?;
    let trailer = number(parameters.optional(tag::constructed(3))?, 1)?;
    Ok(if mask == Some(hash) && salt == length(hash) && trailer == 1 {
        SignatureAlgorithm::RsaPss(hash)
    } else {
        SignatureAlgorithm::RsaPssUnusual(hash)
    })
}

/// The hash of MGF1; `None` when the mask is made in another way.
fn mask_hash(mut mask: Reader<'_, '_>, notes: &Notes) -> Result<Option<Hash>, DerError> {
    let mut parts = mask.open(tag::SEQUENCE)?;
    let kind = parts.expect(tag::OID)?.oid_content(notes);
    if kind != [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8] {
        return Ok(None);
    }
    hash_algorithm(parts, notes).map(Some)
}

/// A hash by its AlgorithmIdentifier.
fn hash_algorithm(mut identifier: Reader<'_, '_>, notes: &Notes) -> Result<Hash, DerError> {
    let kind = identifier.open(tag::SEQUENCE)?.expect(tag::OID)?;
    match kind.oid_content(notes) {
        [0x2b, 14, 3, 2, 26] => Ok(Hash::Sha1),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Ok(Hash::Sha256),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Ok(Hash::Sha384),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Ok(Hash::Sha512),
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4] => Ok(Hash::Sha224),
        _ => Err(DerError {
            offset: kind.offset,
            kind: OddityKind::BadOid,
        }),
    }
}

/// Bytes of a hash.
const fn length(hash: Hash) -> u64 {
    match hash {
        Hash::Md2 | Hash::Md4 | Hash::Md5 => 16,
        Hash::Sha1 => 20,
        Hash::Sha224 => 28,
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

/// Reads a SubjectPublicKeyInfo. What cannot be read is noted; the kind is then [`KeyKind::Unread`].
pub(crate) fn public_key(info: &Value<'_>, notes: &Notes) -> PublicKey {
    let mut key = PublicKey {
        spki: info.range(),
        ..PublicKey::default()
    };
    notes.keep(fill(info, notes, &mut key));
    key
}

fn fill(info: &Value<'_>, notes: &Notes, key: &mut PublicKey) -> Result<(), DerError> {
    let mut parts = info.open(notes)?;
    let mut algorithm = parts.open(tag::SEQUENCE)?;
    let bits = parts.expect(tag::BIT_STRING)?;
    parts.finish();
    key.key = bits.bits_range();
    bits.bit_string(notes);
    let kind = algorithm.expect(tag::OID)?.oid_content(notes);
    key.kind = match kind {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, last @ (1 | 10)] => rsa(&bits, *last == 10, notes)?,
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => elliptic(algorithm, &bits, notes)?,
        [0x2b, 0x65, 0x70] => fixed(KeyKind::Ed25519, &bits, 32, notes),
        [0x2b, 0x65, 0x71] => fixed(KeyKind::Ed448, &bits, 57, notes),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] | [0x2b, 14, 3, 2, 12] => dsa(algorithm, &bits, notes)?,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, last @ 17..=19] => {
            let length = [1312, 1952, 2592]
                .get(usize::from(last - 17))
                .copied()
                .unwrap_or_default();
            fixed(KeyKind::MlDsa(ml_dsa(*last)), &bits, length, notes)
        }
        other => KeyKind::Other(Oid::from_content(other)),
    };
    Ok(())
}

/// A kind whose keys all have one length.
fn fixed(kind: KeyKind, bits: &Value<'_>, length: usize, notes: &Notes) -> KeyKind {
    if bits.bits_range().len() != length {
        notes.add(bits.offset, OddityKind::BadKey);
    }
    kind
}

/// RSAPublicKey (RFC 8017 section A.1.1).
fn rsa(bits: &Value<'_>, pss: bool, notes: &Notes) -> Result<KeyKind, DerError> {
    let broken = DerError {
        offset: bits.offset,
        kind: OddityKind::BadKey,
    };
    let mut whole = bits.open_bits(notes)?;
    let mut parts = whole.open(tag::SEQUENCE).map_err(|_| broken)?;
    let modulus = parts.expect(tag::INTEGER).map_err(|_| broken)?;
    let exponent = parts.expect(tag::INTEGER).map_err(|_| broken)?;
    parts.finish();
    whole.finish();
    for number in [&modulus, &exponent] {
        if number
            .integer(notes)
            .first()
            .is_some_and(|first| first & 0x80 != 0)
        {
            notes.add(number.offset, OddityKind::BadKey);
        }
    }
    Ok(KeyKind::Rsa {
        bits: bit_length(modulus.content),
        exponent: saturating(exponent.content),
        pss,
    })
}

/// The curve of an EC key (RFC 5480 section 2.1.1), and whether the point can be one of it.
fn elliptic(mut algorithm: Reader<'_, '_>, bits: &Value<'_>, notes: &Notes) -> Result<KeyKind, DerError> {
    let parameters = algorithm.value().map_err(|_| DerError {
        offset: bits.offset,
        kind: OddityKind::BadKey,
    })?;
    let (curve, coordinate) = match parameters.tag {
        tag::OID => match parameters.oid_content(notes) {
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => (Curve::P256, 32),
            [0x2b, 0x81, 4, 0, 34] => (Curve::P384, 48),
            [0x2b, 0x81, 4, 0, 35] => (Curve::P521, 66),
            [0x2b, 0x81, 4, 0, 10] => (Curve::Secp256k1, 32),
            other => return Ok(KeyKind::Ec(Curve::Named(Oid::from_content(other)))),
        },
        tag::SEQUENCE => return Ok(KeyKind::Ec(Curve::Explicit)),
        _ => {
            return Err(DerError {
                offset: parameters.offset,
                kind: OddityKind::BadKey,
            });
        }
    };
    let length = bits.bits_range().len();
    let fits = match bits.content.get(1) {
        Some(4) => length == 1 + 2 * coordinate,
        Some(2 | 3) => length == 1 + coordinate,
        _ => false,
    };
    if !fits {
        notes.add(bits.offset, OddityKind::BadKey);
    }
    Ok(KeyKind::Ec(curve))
}

/// DSA with Dss-Parms (RFC 3279 section 2.3.2). Inherited parameters are in order there, but of unknown size.
fn dsa(mut algorithm: Reader<'_, '_>, bits: &Value<'_>, notes: &Notes) -> Result<KeyKind, DerError> {
    let broken = DerError {
        offset: bits.offset,
        kind: OddityKind::BadKey,
    };
    let mut parameters = algorithm.open(tag::SEQUENCE).map_err(|_| broken)?;
    let prime = parameters.expect(tag::INTEGER).map_err(|_| broken)?;
    Ok(KeyKind::Dsa {
        bits: bit_length(prime.integer(notes)),
    })
}

/// Bits of an unsigned big-endian number.
fn bit_length(number: &[u8]) -> u32 {
    let zeros = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let digits = number.get(zeros..).unwrap_or_default();
    let top = digits.first().map_or(0, |first| first.leading_zeros());
    u32::try_from(digits.len())
        .unwrap_or(u32::MAX)
        .saturating_mul(8)
        .saturating_sub(top)
}

/// An unsigned big-endian number, saturated.
fn saturating(number: &[u8]) -> u64 {
    number.iter().fold(0, |value: u64, byte| {
        value
            .checked_mul(256)
            .map_or(u64::MAX, |shifted| shifted | u64::from(*byte))
    })
}
