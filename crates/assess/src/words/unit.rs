//! The small parts of sentences: spans and moments of time, names of certificates and algorithms, lists.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::certificate::{Certificate, Curve, Hash, KeyKind, OddityKind, SignatureAlgorithm};
use model::untrusted::Untrusted;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Characters of one name within a sentence: three fit a line with some words between them.
const NAME_SHOWN: usize = 48;

/// A span as people say it: `86 d`, `5 d 22 h`, `3 h 10 min`, `12 min`, `40 s`.
pub fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let two = |large: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {small_unit}"),
    };
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ if seconds < 10 * DAY => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        _ => format!("{} d", count(seconds / DAY)),
    }
}

/// A count with commas: `3,998`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A moment in UTC, to the minute: `2026-11-29 11:58 UTC`.
///
/// The last instant that exists stands for the last second of 9999, by which a certificate says that it has no end
/// (RFC 5280 section 4.1.2.5).
pub fn moment(at: Timestamp) -> String {
    if at == Timestamp::MAX {
        return "9999-12-31 23:59 UTC".to_owned();
    }
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M UTC")
        .to_string()
}

/// Text of a stranger within a sentence: escaped, and cut in the middle when it is long.
pub(super) fn short(text: &Untrusted) -> String {
    shorten(&text.shown(), NAME_SHOWN)
}

/// The same of a directory name, whose backslashes are an escape already (RFC 4514).
pub(super) fn short_escaped(text: &Untrusted) -> String {
    shorten(&model::untrusted::shown_escaped(text.raw()), NAME_SHOWN)
}

fn shorten(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    let half = most / 2 - 1;
    let head: String = text.chars().take(half).collect();
    let tail: String = text.chars().skip(count - half).collect();
    format!("{head}..{tail}")
}

/// What a person would call a certificate: its common name, or the first name it holds, or its subject.
pub(super) fn name(certificate: &Certificate) -> String {
    let facts = certificate.facts();
    let dns = facts
        .subject_alt_names
        .iter()
        .flatten()
        .find_map(|name| match name {
            model::certificate::GeneralName::Dns(text) => Some(text),
            _ => None,
        });
    let subject = Some(&facts.subject.text).filter(|text| !text.raw().is_empty());
    match (facts.subject.common_name.as_ref().or(dns), subject) {
        (Some(text), _) => short(text),
        (None, Some(subject)) => short_escaped(subject),
        (None, None) => certificate.fingerprint().short(),
    }
}

/// A certificate's name and the first digits of its fingerprint.
pub(super) fn label(certificate: &Certificate) -> String {
    format!("{} ({})", name(certificate), certificate.fingerprint().short())
}

/// What a person would call a certificate's issuer.
pub(super) fn issuer(certificate: &Certificate) -> String {
    let issuer = &certificate.facts().issuer;
    match issuer.common_name.as_ref().or(issuer.organization.as_ref()) {
        Some(text) => short(text),
        None => short_escaped(&issuer.text),
    }
}

/// `Mozilla`, `Mozilla and corp`, `Mozilla, corp and 3 more`.
pub(super) fn stores(names: &[Arc<str>]) -> String {
    let shown = |name: &Arc<str>| shorten(&model::untrusted::shown(name), NAME_SHOWN);
    match names {
        [] => "no store".to_owned(),
        [one] => shown(one),
        [one, two] => format!("{} and {}", shown(one), shown(two)),
        [one, two, rest @ ..] => format!("{}, {} and {} more", shown(one), shown(two), rest.len()),
    }
}

/// What is in none of them: `Mozilla`, `Mozilla nor corp`, `Mozilla nor corp nor 3 more`.
pub(super) fn no_store(names: &[Arc<str>]) -> String {
    match names {
        [one, two] => format!(
            "{} nor in {}",
            stores(&[Arc::clone(one)]),
            stores(&[Arc::clone(two)])
        ),
        [_, _, _, ..] => format!("any of {}", stores(names)),
        names => stores(names),
    }
}

pub(super) fn key(kind: &KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits, .. } => format!("RSA of {bits} bits"),
        KeyKind::Ec(curve) => match curve {
            Curve::P256 => "P-256".to_owned(),
            Curve::P384 => "P-384".to_owned(),
            Curve::P521 => "P-521".to_owned(),
            Curve::Secp256k1 => "secp256k1".to_owned(),
            Curve::Named(oid) => match oid.curve_name() {
                Some(name) => name.to_owned(),
                None => format!("elliptic curve {}", shorten(&oid.to_string(), NAME_SHOWN)),
            },
            Curve::Explicit => "elliptic curve of its own".to_owned(),
        },
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Ed448 => "Ed448".to_owned(),
        KeyKind::Dsa { bits } => format!("DSA of {bits} bits"),
        KeyKind::MlDsa(set) => format!("ML-DSA-{set}"),
        KeyKind::Other(oid) => format!("key of kind {}", shorten(&oid.to_string(), NAME_SHOWN)),
        KeyKind::Unread => "unreadable key".to_owned(),
    }
}

pub(super) fn algorithm(algorithm: &SignatureAlgorithm) -> String {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash) => format!("RSA with {}", self::hash(*hash)),
        SignatureAlgorithm::RsaPss(hash) => format!("RSA-PSS with {}", self::hash(*hash)),
        SignatureAlgorithm::RsaPssUnusual(hash) => {
            format!("RSA-PSS with {} and an unusual salt or mask", self::hash(*hash))
        }
        SignatureAlgorithm::Ecdsa(hash) => format!("ECDSA with {}", self::hash(*hash)),
        SignatureAlgorithm::Dsa(hash) => format!("DSA with {}", self::hash(*hash)),
        SignatureAlgorithm::Ed25519 => "Ed25519".to_owned(),
        SignatureAlgorithm::Ed448 => "Ed448".to_owned(),
        SignatureAlgorithm::MlDsa(set) => format!("ML-DSA-{set}"),
        SignatureAlgorithm::Other(oid) => format!("algorithm {}", shorten(&oid.to_string(), NAME_SHOWN)),
        SignatureAlgorithm::Unread => "an unreadable algorithm".to_owned(),
    }
}

const fn hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Md2 => "MD2",
        Hash::Md4 => "MD4",
        Hash::Md5 => "MD5",
        Hash::Sha1 => "SHA-1",
        Hash::Sha224 => "SHA-224",
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    }
}

/// What is wrong with an encoding.
pub(super) const fn oddity(kind: OddityKind) -> &'static str {
    match kind {
        OddityKind::Truncated => "a value reaches past its end",
        OddityKind::TrailingBytes => "bytes behind the value",
        OddityKind::UnexpectedTag => "an unexpected tag",
        OddityKind::NonMinimalLength => "a length that is not in its shortest form",
        OddityKind::NonMinimalInteger => "an integer that is not in its shortest form",
        OddityKind::NonCanonicalBoolean => "a boolean that is neither 00 nor ff, or a default written out",
        OddityKind::BadBitString => "a bit string with impossible unused bits",
        OddityKind::BadOid => "a broken object identifier",
        OddityKind::BadText => "text that is not of its declared kind",
        OddityKind::BadTime => "a time that does not exist or has a forbidden form",
        OddityKind::UnusualTime => "a GeneralizedTime before 2050",
        OddityKind::BadAddress => "an address of impossible length",
        OddityKind::DuplicateExtension => "an extension that occurs twice",
        OddityKind::TooManyNames => "more names than are read",
        OddityKind::TooManyEntries => "more entries than are read",
        OddityKind::TooDeep => "values nested too deep",
        OddityKind::BadKey => "a key that does not parse",
        OddityKind::NotACertificate => "it is no certificate",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_days_not_seconds() {
        let said = |seconds| span(Duration::from_secs(seconds));
        assert_eq!(said(0), "0 s");
        assert_eq!(said(59), "59 s");
        assert_eq!(said(12 * MINUTE), "12 min");
        assert_eq!(said(3 * HOUR + 10 * MINUTE), "3 h 10 min");
        assert_eq!(said(5 * DAY + 22 * HOUR + 59 * MINUTE), "5 d 22 h");
        assert_eq!(said(2 * DAY), "2 d");
        assert_eq!(said(86 * DAY + 5 * HOUR), "86 d");
        assert_eq!(said(2_912_114 * DAY), "2,912,114 d");
        assert!(span(Duration::MAX).ends_with(" d"));
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        let cut = short(&Untrusted::new(format!("head{}tail", "x".repeat(200))));
        assert!(
            cut.starts_with("headx") && cut.ends_with("xtail") && cut.len() <= NAME_SHOWN,
            "{cut}"
        );
        assert_eq!(short(&Untrusted::new("é\u{1b}[2J")), "é\\u{1b}[2J");
    }

    #[test]
    fn a_directory_name_is_escaped_once() {
        let text = Untrusted::new("OU=Sales\\, North");
        assert_eq!(short_escaped(&text), "OU=Sales\\, North");
        let hostile = Untrusted::new("OU=\u{1b}[2J");
        assert!(!short_escaped(&hostile).contains('\u{1b}'));
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(
            moment("2026-11-29T11:58:59Z".parse().unwrap()),
            "2026-11-29 11:58 UTC"
        );
        assert_eq!(moment(Timestamp::MAX), "9999-12-31 23:59 UTC");
    }

    #[test]
    fn each_kind_of_malformed_encoding_has_words_of_its_own() {
        let kinds = [
            OddityKind::Truncated,
            OddityKind::TrailingBytes,
            OddityKind::UnexpectedTag,
            OddityKind::NonMinimalLength,
            OddityKind::NonMinimalInteger,
            OddityKind::NonCanonicalBoolean,
            OddityKind::BadBitString,
            OddityKind::BadOid,
            OddityKind::BadText,
            OddityKind::BadTime,
            OddityKind::UnusualTime,
            OddityKind::BadAddress,
            OddityKind::DuplicateExtension,
            OddityKind::TooManyNames,
            OddityKind::TooManyEntries,
            OddityKind::TooDeep,
            OddityKind::BadKey,
            OddityKind::NotACertificate,
        ];
        let said: std::collections::BTreeSet<_> = kinds.into_iter().map(oddity).collect();
        assert_eq!(said.len(), kinds.len());
    }
}
