//! The numbers of TLS and their registered names (IANA "TLS Parameters").

mod suites;

use std::fmt;

/// A protocol version as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pub u16);

impl Version {
    /// SSL 3.0 (RFC 6101).
    pub const SSL3: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS10: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS11: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS12: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS13: Self = Self(0x0304);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SSL3 => f.write_str("SSL 3.0"),
            Self::TLS10 => f.write_str("TLS 1.0"),
            Self::TLS11 => f.write_str("TLS 1.1"),
            Self::TLS12 => f.write_str("TLS 1.2"),
            Self::TLS13 => f.write_str("TLS 1.3"),
            Self(other) => write!(f, "0x{other:04x}"),
        }
    }
}

/// A cipher suite by its number. `Display` gives the registered name or `0x....`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CipherSuite(pub u16);

/// How a cipher suite agrees on a key, as far as it matters for what a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyExchange {
    /// TLS 1.3: the suite says nothing about it.
    Any,
    /// The client encrypts a secret to the certificate's key: no signature.
    Rsa,
    /// As `Rsa`, with a temporary short key that is signed (export suites).
    RsaExport,
    /// Diffie-Hellman in a finite field, signed.
    Dhe,
    /// Diffie-Hellman on a curve, signed.
    Ecdhe,
    /// Diffie-Hellman by a key that stands in the certificate: no signature.
    Static,
    /// Diffie-Hellman without any certificate.
    Anonymous,
    /// No certificate for other reasons (pre-shared key, password, Kerberos).
    WithoutCertificate,
    /// A suite that is not known here.
    Unknown,
}

impl CipherSuite {
    /// The registered name, `None` for an unknown number.
    pub fn name(self) -> Option<&'static str> {
        let at = suites::SUITES
            .binary_search_by_key(&self.0, |(number, _)| *number)
            .ok()?;
        suites::SUITES.get(at).map(|(_, name)| *name)
    }

    /// How the suite agrees on a key.
    pub fn key_exchange(self) -> KeyExchange {
        let Some(name) = self.name() else {
            return KeyExchange::Unknown;
        };
        let Some((exchange, _)) = name.split_once("_WITH_") else {
            return if self.0 >> 8 == 0x13 {
                KeyExchange::Any
            } else {
                KeyExchange::Unknown
            };
        };
        match exchange.trim_start_matches("TLS_").trim_start_matches("SSL_") {
            anonymous if anonymous.contains("_anon") => KeyExchange::Anonymous,
            "RSA" | "RSA_FIPS" | "RSA_PSK" => KeyExchange::Rsa,
            "RSA_EXPORT" | "RSA_EXPORT1024" => KeyExchange::RsaExport,
            "PSK" | "DHE_PSK" | "ECDHE_PSK" | "SRP_SHA" => KeyExchange::WithoutCertificate,
            other if other.starts_with("KRB5") || other.starts_with("ECCPWD") => {
                KeyExchange::WithoutCertificate
            }
            other if other.starts_with("DHE_") => KeyExchange::Dhe,
            other if other.starts_with("ECDHE_") => KeyExchange::Ecdhe,
            other if other.starts_with("DH_") || other.starts_with("ECDH_") => KeyExchange::Static,
            _ => KeyExchange::Unknown,
        }
    }

    /// Every suite that is known, in ascending order.
    pub fn all() -> impl Iterator<Item = Self> {
        suites::SUITES.iter().map(|(number, _)| Self(*number))
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

/// A named group (RFC 8446 section 4.2.7). `Display` gives the registered name or `0x....`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Group(pub u16);

impl Group {
    /// NIST P-256.
    pub const SECP256R1: Self = Self(23);
    /// NIST P-384.
    pub const SECP384R1: Self = Self(24);
    /// NIST P-521.
    pub const SECP521R1: Self = Self(25);
    /// Curve25519 (RFC 7748).
    pub const X25519: Self = Self(29);
    /// Hybrid of ML-KEM-768 and X25519.
    pub const X25519_MLKEM768: Self = Self(0x11ec);
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = GROUPS
            .iter()
            .find(|(number, _)| *number == self.0)
            .map(|(_, name)| *name);
        match name {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

/// Source: IANA "TLS Supported Groups" (as of 2026-11).
const GROUPS: &[(u16, &str)] = &[
    (1, "sect163k1"),
    (2, "sect163r1"),
    (3, "sect163r2"),
    (4, "sect193r1"),
    (5, "sect193r2"),
    (6, "sect233k1"),
    (7, "sect233r1"),
    (8, "sect239k1"),
    (9, "sect283k1"),
    (10, "sect283r1"),
    (11, "sect409k1"),
    (12, "sect409r1"),
    (13, "sect571k1"),
    (14, "sect571r1"),
    (15, "secp160k1"),
    (16, "secp160r1"),
    (17, "secp160r2"),
    (18, "secp192k1"),
    (19, "secp192r1"),
    (20, "secp224k1"),
    (21, "secp224r1"),
    (22, "secp256k1"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (29, "x25519"),
    (30, "x448"),
    (31, "brainpoolP256r1tls13"),
    (32, "brainpoolP384r1tls13"),
    (33, "brainpoolP512r1tls13"),
    (0x0100, "ffdhe2048"),
    (0x0101, "ffdhe3072"),
    (0x0102, "ffdhe4096"),
    (0x0103, "ffdhe6144"),
    (0x0104, "ffdhe8192"),
    (0x0200, "MLKEM512"),
    (0x0201, "MLKEM768"),
    (0x0202, "MLKEM1024"),
    (0x11eb, "SecP256r1MLKEM768"),
    (0x11ec, "X25519MLKEM768"),
    (0x11ed, "SecP384r1MLKEM1024"),
    (0x6399, "X25519Kyber768Draft00"),
];

/// A signature scheme (RFC 8446 section 4.2.3; in TLS 1.2 the hash and signature bytes, RFC 5246 section 7.4.1.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignatureScheme(pub u16);

impl SignatureScheme {
    /// TLS 1.0 and 1.1, RSA: MD5 and SHA-1 together, without a number on the wire (RFC 4346 section 7.4.3).
    pub const RSA_MD5_SHA1: Self = Self(0xff01);
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SCHEMES
            .iter()
            .find(|(number, _)| *number == self.0)
            .map(|(_, name)| *name);
        match name {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.0),
        }
    }
}

/// Source: IANA "TLS SignatureScheme", and for the older pairs "TLS HashAlgorithm" and "TLS SignatureAlgorithm".
const SCHEMES: &[(u16, &str)] = &[
    (0x0101, "rsa_pkcs1_md5"),
    (0x0201, "rsa_pkcs1_sha1"),
    (0x0202, "dsa_sha1"),
    (0x0203, "ecdsa_sha1"),
    (0x0301, "rsa_pkcs1_sha224"),
    (0x0302, "dsa_sha224"),
    (0x0303, "ecdsa_sha224"),
    (0x0401, "rsa_pkcs1_sha256"),
    (0x0402, "dsa_sha256"),
    (0x0403, "ecdsa_secp256r1_sha256"),
    (0x0501, "rsa_pkcs1_sha384"),
    (0x0502, "dsa_sha384"),
    (0x0503, "ecdsa_secp384r1_sha384"),
    (0x0601, "rsa_pkcs1_sha512"),
    (0x0602, "dsa_sha512"),
    (0x0603, "ecdsa_secp521r1_sha512"),
    (0x0804, "rsa_pss_rsae_sha256"),
    (0x0805, "rsa_pss_rsae_sha384"),
    (0x0806, "rsa_pss_rsae_sha512"),
    (0x0807, "ed25519"),
    (0x0808, "ed448"),
    (0x0809, "rsa_pss_pss_sha256"),
    (0x080a, "rsa_pss_pss_sha384"),
    (0x080b, "rsa_pss_pss_sha512"),
    (0x081a, "ecdsa_brainpoolP256r1tls13_sha256"),
    (0x081b, "ecdsa_brainpoolP384r1tls13_sha384"),
    (0x081c, "ecdsa_brainpoolP512r1tls13_sha512"),
    (0x0904, "mldsa44"),
    (0x0905, "mldsa65"),
    (0x0906, "mldsa87"),
    (0xff01, "rsa_md5_sha1"),
];

/// The name of an alert (RFC 8446 section 6, RFC 5246 section 7.2), `None` for an unknown number.
pub fn alert_name(description: u8) -> Option<&'static str> {
    ALERTS
        .iter()
        .find(|(number, _)| *number == description)
        .map(|(_, name)| *name)
}

const ALERTS: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_suites_is_sorted() {
        assert!(suites::SUITES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn suites_have_names_and_key_exchanges() {
        assert_eq!(CipherSuite(0x1301).to_string(), "TLS_AES_128_GCM_SHA256");
        assert_eq!(CipherSuite(0xeaea).to_string(), "0xeaea");
        for (number, exchange) in [
            (0x1301, KeyExchange::Any),
            (0xc02f, KeyExchange::Ecdhe),
            (0x009e, KeyExchange::Dhe),
            (0x002f, KeyExchange::Rsa),
            (0x0003, KeyExchange::RsaExport),
            (0x0018, KeyExchange::Anonymous),
            (0xc004, KeyExchange::Static),
            (0x008c, KeyExchange::WithoutCertificate),
            (0xeaea, KeyExchange::Unknown),
        ] {
            assert_eq!(CipherSuite(number).key_exchange(), exchange, "{number:04x}");
        }
    }
}
