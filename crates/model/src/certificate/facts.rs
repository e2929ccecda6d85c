//! What a certificate says (RFC 5280 section 4), decoded once, ready for rules and path building.
//!
//! Byte fields that path building compares or verifies (`raw` names, `to_be_signed`, `public_key`) are ranges into the
//! certificate's DER, so that reading copies nothing large.

use std::net::IpAddr;
use std::ops::Range;

use jiff::Timestamp;

pub use crate::oddity::{Oddity, OddityKind};
pub use crate::oid::Oid;
use crate::untrusted::Untrusted;

/// Everything that was read of one certificate. A field that could not be read has its empty value, and an oddity says
/// so.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// X.509 version number as people say it (1, 2, 3); 0 when unread.
    pub version: u8,
    /// Serial number, content bytes of the INTEGER (big-endian two's complement, as sent).
    pub serial: Box<[u8]>,
    /// Signature algorithm of the outer `Certificate`.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether the inner `TBSCertificate.signature` is byte for byte the outer one (RFC 5280 section 4.1.1.2).
    pub signature_algorithms_agree: bool,
    /// The TBSCertificate, header included: what the signature covers.
    pub to_be_signed: Range<usize>,
    /// The signature's bytes (BIT STRING content without the unused-bits octet).
    pub signature: Range<usize>,
    /// Issuer.
    pub issuer: DistinguishedName,
    /// Subject.
    pub subject: DistinguishedName,
    /// Start of validity.
    pub not_before: Option<Timestamp>,
    /// End of validity (inclusive).
    pub not_after: Option<Timestamp>,
    /// Subject public key.
    pub public_key: PublicKey,
    /// Subject Alternative Names, as many as `limits::NAMES_PARSED`; `None` when the extension is absent.
    pub subject_alt_names: Option<Vec<GeneralName>>,
    /// How many names the extension holds in all.
    pub subject_alt_name_count: usize,
    /// Basic constraints (section 4.2.1.9).
    pub basic_constraints: Option<BasicConstraints>,
    /// Key usage bits (section 4.2.1.3).
    pub key_usage: Option<KeyUsage>,
    /// Extended key usages (section 4.2.1.12); `None` when the extension is absent.
    pub extended_key_usages: Option<Vec<Oid>>,
    /// Subject key identifier.
    pub subject_key_id: Option<Box<[u8]>>,
    /// Authority key identifier, its `keyIdentifier` part.
    pub authority_key_id: Option<Box<[u8]>>,
    /// Whether the authority key identifier names the issuer's certificate by its issuer or serial number.
    pub authority_certificate_named: bool,
    /// Name constraints (section 4.2.1.10).
    pub name_constraints: Option<NameConstraints>,
    /// Certificate policies (section 4.2.1.4).
    pub policies: Vec<Oid>,
    /// Policy mappings (section 4.2.1.5): a policy of the issuer, and the policy of the subject that equals it.
    pub policy_mappings: Vec<(Oid, Oid)>,
    /// Policy constraints (section 4.2.1.11).
    pub policy_constraints: Option<PolicyConstraints>,
    /// Inhibit anyPolicy (section 4.2.1.14): how many further certificates may use anyPolicy.
    pub inhibit_any_policy: Option<u32>,
    /// OCSP responders (authority information access).
    pub ocsp_urls: Vec<Untrusted>,
    /// Where the issuer's certificate can be had (authority information access).
    pub issuer_urls: Vec<Untrusted>,
    /// CRL distribution points, `fullName` URIs.
    pub crl_urls: Vec<Untrusted>,
    /// CRL distribution points (section 4.2.1.13), as they say which lists cover the certificate.
    pub crl_points: Vec<DistributionPoint>,
    /// Whether the certificate demands a staple (RFC 7633 "must-staple").
    pub must_staple: bool,
    /// Whether it is a precertificate (RFC 6962 poison).
    pub precertificate: bool,
    /// The embedded SCT list, the SignedCertificateTimestampList bytes, if present.
    pub embedded_scts: Option<Range<usize>>,
    /// Every extension: OID, whether critical, content range. In order.
    pub extensions: Vec<Extension>,
    /// What a strict reader refuses, in the order of the bytes.
    pub oddities: Vec<Oddity>,
}

impl Facts {
    /// Whether issuer and subject are the same name (section 7.1).
    pub fn self_issued(&self) -> bool {
        self.subject.canonical == self.issuer.canonical
    }

    /// Whether this is a CA by its basic constraints.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.ca)
    }
}

/// A distinguished name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistinguishedName {
    /// The encoded Name, header included.
    pub raw_bytes: Box<[u8]>,
    /// Its parts in the form in which names are compared (section 7.1): text without regard to encoding, letter case
    /// and doubled spaces. Two names are the same when these bytes are; one lies under another when it begins with
    /// the other's.
    pub canonical: Box<[u8]>,
    /// RFC 4514 text, most specific first (`CN=example.com,O=Example`).
    pub text: Untrusted,
    /// The last common name, if any.
    pub common_name: Option<Untrusted>,
    /// The first organisation name, if any.
    pub organization: Option<Untrusted>,
}

/// An entry of a Subject Alternative Name or name constraint (RFC 5280 section 4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GeneralName {
    /// `dNSName`, as written: may be a wildcard, may be nonsense.
    Dns(Untrusted),
    /// `iPAddress` of 4 or 16 bytes.
    Address(IpAddr),
    /// `iPAddress` of another length (8 or 32 in name constraints: address and mask).
    OddAddress(Box<[u8]>),
    /// `rfc822Name`.
    Email(Untrusted),
    /// `uniformResourceIdentifier`.
    Uri(Untrusted),
    /// `directoryName`; boxed because it is rare and large.
    Directory(Box<DistinguishedName>),
    /// Any other kind, by its context tag.
    Other(u8),
}

/// Basic constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many further CA certificates may stand between this one and the leaf.
    pub path_length: Option<u32>,
}

/// Key usage bits: bit 0 (`digitalSignature`) is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// `digitalSignature`.
    pub const DIGITAL_SIGNATURE: u16 = 1;
    /// `keyEncipherment`.
    pub const KEY_ENCIPHERMENT: u16 = 1 << 2;
    /// `keyCertSign`.
    pub const KEY_CERT_SIGN: u16 = 1 << 5;
    /// `cRLSign`.
    pub const CRL_SIGN: u16 = 1 << 6;

    /// Whether all of `bits` are set.
    pub const fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }
}

/// Name constraints: permitted and excluded subtrees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Permitted subtrees.
    pub permitted: Vec<GeneralName>,
    /// Excluded subtrees.
    pub excluded: Vec<GeneralName>,
}

/// Policy constraints: after how many further certificates they begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// The path must then be valid for a policy.
    pub require_explicit: Option<u32>,
    /// Policies may then no longer be mapped.
    pub inhibit_mapping: Option<u32>,
}

/// A CRL distribution point of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistributionPoint {
    /// What it is called.
    pub name: Option<DistributionPointName>,
    /// The reasons that its list covers; `None` is all of them.
    pub reasons: Option<ReasonFlags>,
    /// Who issues the list, if not the issuer of the certificate.
    pub crl_issuers: Vec<GeneralName>,
}

/// What a distribution point is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributionPointName {
    /// Names of its own.
    Full(Vec<GeneralName>),
    /// One more part behind the name of the CRL's issuer, in the form of [`DistinguishedName::canonical`].
    Relative(Box<[u8]>),
}

/// Reasons for revocation as a set (`ReasonFlags`): bit n of the ASN.1 is bit n here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasonFlags(pub u16);

impl ReasonFlags {
    /// Every reason that RFC 5280 defines: bits 1 to 8.
    pub const ALL: Self = Self(0x01fe);
}

/// One extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its identifier.
    pub oid: Oid,
    /// Whether it is critical.
    pub critical: bool,
    /// Content of its OCTET STRING in the DER.
    pub value: Range<usize>,
}

/// A subject public key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKey {
    /// The kind with its parameters.
    pub kind: KeyKind,
    /// The whole SubjectPublicKeyInfo, header included.
    pub spki: Range<usize>,
    /// The key's own bytes (BIT STRING content): what primitives verify with.
    pub key: Range<usize>,
}

/// The kinds of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA (also with the PSS identifier).
    Rsa {
        /// Bits of the modulus.
        bits: u32,
        /// The exponent; saturated at `u64::MAX`.
        exponent: u64,
        /// Whether the identifier was id-RSASSA-PSS.
        pss: bool,
    },
    /// An elliptic-curve key on a named curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// DSA with the bits of its prime.
    Dsa {
        /// Bits of p.
        bits: u32,
    },
    /// ML-DSA (FIPS 204) by its parameter set: 44, 65 or 87.
    MlDsa(u8),
    /// A kind that is not known here, by its OID.
    Other(Oid),
    /// Could not be read.
    #[default]
    Unread,
}

/// Elliptic curves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// secp256k1.
    Secp256k1,
    /// Another named curve by its OID.
    Named(Oid),
    /// Explicit parameters (forbidden by RFC 5480; the way of CVE-2020-0601).
    Explicit,
}

/// Signature algorithms in certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSA PKCS#1 v1.5 with a hash.
    RsaPkcs1(Hash),
    /// RSA-PSS with a hash.
    RsaPss(Hash),
    /// ECDSA with a hash.
    Ecdsa(Hash),
    /// DSA with a hash.
    Dsa(Hash),
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
    /// ML-DSA by its parameter set.
    MlDsa(u8),
    /// Not known here.
    Other(Oid),
    /// Could not be read.
    #[default]
    Unread,
}

/// Hash functions of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hash {
    /// MD2.
    Md2,
    /// MD4.
    Md4,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}
