//! One sentence for each rule for issuers, to stand behind the name of a certificate.

use model::finding::IssuanceRule;

pub(super) const fn issuance(rule: IssuanceRule) -> &'static str {
    match rule {
        IssuanceRule::SerialTooLong => "has a serial number of more than 20 bytes",
        IssuanceRule::SerialNotPositive => "has a serial number that is zero or negative",
        IssuanceRule::NotVersion3 => "is not of version 3",
        IssuanceRule::AuthorityKeyMissing => "does not say which key signed it",
        IssuanceRule::AuthorityKeyCritical => "marks the identifier of the key that signed it critical",
        IssuanceRule::AuthorityKeyOdd => {
            "is a root and names another key, or its issuer, as the one that signed it"
        }
        IssuanceRule::SubjectKeyMissing => "is an authority without an identifier of its key",
        IssuanceRule::SubjectKeyCritical => "marks the identifier of its key critical",
        IssuanceRule::SubjectEmpty => "is an authority without a name",
        IssuanceRule::BasicConstraintsNotCritical => "is an authority and does not say so critically",
        IssuanceRule::CertSignWithoutCa => "may sign certificates and is no authority",
        IssuanceRule::CaWithoutCertSign => "is an authority that may not sign certificates",
        IssuanceRule::ConstraintsInLeaf => "confines names and is no authority",
        IssuanceRule::ConstraintsNotCritical => "confines names and does not say so critically",
        IssuanceRule::ConstraintsEmpty => "has name constraints that confine nothing",
        IssuanceRule::ConstraintsMalformed => "confines names in a form that is none",
        IssuanceRule::PolicyConstraintsNotCritical => "has policy constraints that are not critical",
        IssuanceRule::AltNameNotCritical => "has no subject, and alternative names that are not critical",
        IssuanceRule::AltNameCritical => "has a subject, and alternative names that are critical",
        IssuanceRule::DnsNameMalformed => "has a DNS name that is none",
        IssuanceRule::WildcardTooWide => "has a wildcard for a whole top-level domain, or for everything",
        IssuanceRule::CommonNameMisspelt => {
            "has a common name that spells one of its alternative names otherwise"
        }
        IssuanceRule::UsagesMissing => "does not say what it is for",
        IssuanceRule::UsagesAny => "is for anything",
        IssuanceRule::UsagesCritical => "marks what it is for critical",
        IssuanceRule::UsagesInRoot => "is a root that says what it is for",
        IssuanceRule::ModulusOdd => "has an RSA modulus that is not of whole bytes",
    }
}
