//! Rules for issuers that clients at large do not enforce, each with its word.
//!
//! The vocabulary only: whether a certificate breaks one is judged elsewhere.

/// A rule of RFC 5280 or of the CA/Browser Forum for whoever issues certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssuanceRule {
    /// A serial number of more than 20 octets (RFC 5280 section 4.1.2.2).
    SerialTooLong,
    /// A serial number that is zero or negative (RFC 5280 section 4.1.2.2).
    SerialNotPositive,
    /// Another version than 3 (RFC 5280 section 4.1.2.1).
    NotVersion3,
    /// No authority key identifier, in a certificate that is not self-signed (RFC 5280 section 4.2.1.1).
    AuthorityKeyMissing,
    /// A critical authority key identifier (RFC 5280 section 4.2.1.1).
    AuthorityKeyCritical,
    /// The authority key identifier of a root names more than its own key, or another (CA/Browser Forum Baseline
    /// Requirements section 7.1.2.1.3).
    AuthorityKeyOdd,
    /// An authority without subject key identifier (RFC 5280 section 4.2.1.2).
    SubjectKeyMissing,
    /// A critical subject key identifier (RFC 5280 section 4.2.1.2).
    SubjectKeyCritical,
    /// An authority without subject (RFC 5280 section 4.1.2.6).
    SubjectEmpty,
    /// An authority whose basic constraints are not critical (RFC 5280 section 4.2.1.9).
    BasicConstraintsNotCritical,
    /// The key usage keyCertSign in a certificate that is no authority's (RFC 5280 section 4.2.1.3).
    CertSignWithoutCa,
    /// An authority whose key usage is without keyCertSign (RFC 5280 section 4.2.1.9).
    CaWithoutCertSign,
    /// Name constraints in a certificate that is no authority's (RFC 5280 section 4.2.1.10).
    ConstraintsInLeaf,
    /// Name constraints that are not critical (RFC 5280 section 4.2.1.10; the CA/Browser Forum allows it).
    ConstraintsNotCritical,
    /// Name constraints without any subtree (RFC 5280 section 4.2.1.10).
    ConstraintsEmpty,
    /// A name constraint in a form that RFC 5280 section 4.2.1.10 does not know.
    ConstraintsMalformed,
    /// Policy constraints that are not critical (RFC 5280 section 4.2.1.11).
    PolicyConstraintsNotCritical,
    /// A Subject Alternative Name that is not critical beside an empty subject (RFC 5280 section 4.2.1.6).
    AltNameNotCritical,
    /// A critical Subject Alternative Name beside a subject (Baseline Requirements section 7.1.2.7.12).
    AltNameCritical,
    /// A dNSName that is no host name (RFC 5280 section 4.2.1.6).
    DnsNameMalformed,
    /// A wildcard for a whole top-level domain or for everything (Baseline Requirements section 3.2.2.6).
    WildcardTooWide,
    /// A common name that spells an alternative name otherwise (Baseline Requirements section 7.1.4.3).
    CommonNameMisspelt,
    /// A server's certificate without extended key usage (Baseline Requirements section 7.1.2.7.6).
    UsagesMissing,
    /// The extended key usage anyExtendedKeyUsage (Baseline Requirements section 7.1.2.7.10).
    UsagesAny,
    /// A critical extended key usage (Baseline Requirements section 7.1.2.7.6).
    UsagesCritical,
    /// A root with extended key usage (Baseline Requirements section 7.1.2.1.2).
    UsagesInRoot,
    /// An RSA modulus whose length is not divisible by 8 (Baseline Requirements section 6.1.5).
    ModulusOdd,
}

impl IssuanceRule {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::SerialTooLong,
        Self::SerialNotPositive,
        Self::NotVersion3,
        Self::AuthorityKeyMissing,
        Self::AuthorityKeyCritical,
        Self::AuthorityKeyOdd,
        Self::SubjectKeyMissing,
        Self::SubjectKeyCritical,
        Self::SubjectEmpty,
        Self::BasicConstraintsNotCritical,
        Self::CertSignWithoutCa,
        Self::CaWithoutCertSign,
        Self::ConstraintsInLeaf,
        Self::ConstraintsNotCritical,
        Self::ConstraintsEmpty,
        Self::ConstraintsMalformed,
        Self::PolicyConstraintsNotCritical,
        Self::AltNameNotCritical,
        Self::AltNameCritical,
        Self::DnsNameMalformed,
        Self::WildcardTooWide,
        Self::CommonNameMisspelt,
        Self::UsagesMissing,
        Self::UsagesAny,
        Self::UsagesCritical,
        Self::UsagesInRoot,
        Self::ModulusOdd,
    ];

    /// The word used in machine formats.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SerialTooLong => "serial-too-long",
            Self::SerialNotPositive => "serial-not-positive",
            Self::NotVersion3 => "not-version-3",
            Self::AuthorityKeyMissing => "authority-key-id-missing",
            Self::AuthorityKeyCritical => "authority-key-id-critical",
            Self::AuthorityKeyOdd => "authority-key-id-odd",
            Self::SubjectKeyMissing => "subject-key-id-missing",
            Self::SubjectKeyCritical => "subject-key-id-critical",
            Self::SubjectEmpty => "subject-empty",
            Self::BasicConstraintsNotCritical => "basic-constraints-not-critical",
            Self::CertSignWithoutCa => "key-cert-sign-without-ca",
            Self::CaWithoutCertSign => "ca-without-key-cert-sign",
            Self::ConstraintsInLeaf => "name-constraints-in-leaf",
            Self::ConstraintsNotCritical => "name-constraints-not-critical",
            Self::ConstraintsEmpty => "name-constraints-empty",
            Self::ConstraintsMalformed => "name-constraints-malformed",
            Self::PolicyConstraintsNotCritical => "policy-constraints-not-critical",
            Self::AltNameNotCritical => "subject-alt-name-not-critical",
            Self::AltNameCritical => "subject-alt-name-critical",
            Self::DnsNameMalformed => "dns-name-malformed",
            Self::WildcardTooWide => "wildcard-too-wide",
            Self::CommonNameMisspelt => "common-name-misspelt",
            Self::UsagesMissing => "extended-key-usage-missing",
            Self::UsagesAny => "extended-key-usage-any",
            Self::UsagesCritical => "extended-key-usage-critical",
            Self::UsagesInRoot => "extended-key-usage-in-root",
            Self::ModulusOdd => "modulus-not-of-whole-bytes",
        }
    }
}
