//! Why a path to an anchor is refused: one variant per thing that is mended differently, with the facts that say so.

use std::sync::Arc;

use jiff::Timestamp;

use super::{IssuanceRule, KeyWeakness, Purpose, Unknown};
use crate::certificate::{Certificate, OddityKind, Oid};
use crate::endpoint::Identity;
use crate::revocation::RevocationReason;
use crate::untrusted::Untrusted;

/// Why a path to an anchor is refused: one variant per thing that is mended differently.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PathReason {
    /// A certificate could not be read far enough.
    Unparsable {
        /// Which.
        certificate: Arc<Certificate>,
    },
    /// The leaf is self-signed and no store holds it.
    SelfSigned {
        /// The leaf.
        certificate: Arc<Certificate>,
    },
    /// The issuer was neither sent nor is in the store.
    IssuerNotSent {
        /// The certificate whose issuer is missing.
        certificate: Arc<Certificate>,
    },
    /// The path ends at a root that the store does not hold.
    NotInStore {
        /// The root.
        root: Arc<Certificate>,
    },
    /// The store trusts the root only for what was issued up to a date.
    DistrustedAfter {
        /// The root.
        root: Arc<Certificate>,
        /// The last moment of issue that is trusted.
        since: Timestamp,
        /// What tells when the leaf was issued.
        by: Distrust,
        /// When it was; `None` when the leaf does not say.
        at: Option<Timestamp>,
    },
    /// The store held the root once.
    Removed {
        /// The root.
        root: Arc<Certificate>,
        /// The first moment at which the store no longer lists it.
        since: Timestamp,
    },
    /// Validity is over.
    Expired {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// The last second of it.
        not_after: Timestamp,
    },
    /// Validity has not begun.
    NotYetValid {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// The first second of it.
        not_before: Timestamp,
    },
    /// The issuer's key did not make this signature.
    BadSignature {
        /// The signed certificate.
        certificate: Arc<Certificate>,
        /// The one whose name the signed certificate bears as issuer.
        issuer: Arc<Certificate>,
    },
    /// Signed by an algorithm or key that this program cannot verify.
    UnsupportedAlgorithm {
        /// The signed certificate.
        certificate: Arc<Certificate>,
    },
    /// Inner and outer signature algorithm differ (RFC 5280 section 4.1.1.2).
    AlgorithmsDisagree {
        /// Which certificate.
        certificate: Arc<Certificate>,
    },
    /// An issuer that is no CA (RFC 5280 section 4.2.1.9).
    NotCa {
        /// The issuer.
        certificate: Arc<Certificate>,
    },
    /// More CA certificates below an issuer than it allows (RFC 5280 section 4.2.1.9).
    PathTooLong {
        /// The issuer that sets the bound.
        certificate: Arc<Certificate>,
        /// Its bound.
        allowed: u32,
    },
    /// An issuer without the right to sign certificates (RFC 5280 section 4.2.1.3).
    KeyUsage {
        /// The issuer.
        certificate: Arc<Certificate>,
    },
    /// Not for what it is to be used for (RFC 5280 section 4.2.1.12).
    ExtendedKeyUsage {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// What it is to be used for.
        purpose: Purpose,
    },
    /// A critical extension that is not understood (RFC 5280 section 4.2).
    UnknownCritical {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// The extension.
        extension: Oid,
    },
    /// A name outside of what an issuer is confined to (RFC 5280 section 4.2.1.10).
    NameConstraint {
        /// The certificate with the name.
        certificate: Arc<Certificate>,
        /// The issuer that is confined.
        issuer: Arc<Certificate>,
        /// The name.
        name: Untrusted,
    },
    /// The leaf does not name whom it must name (RFC 9525 section 6).
    NotNamed {
        /// The leaf.
        certificate: Arc<Certificate>,
        /// Whom it must name.
        wanted: Identity,
    },
    /// A key that clients no longer accept.
    WeakKey {
        /// Whose.
        certificate: Arc<Certificate>,
        /// What is weak.
        weakness: KeyWeakness,
    },
    /// A key on an elliptic curve that no browser takes.
    UnsupportedCurve {
        /// Whose.
        certificate: Arc<Certificate>,
    },
    /// Signed with a broken hash.
    WeakSignature {
        /// The signed certificate.
        certificate: Arc<Certificate>,
    },
    /// Taken back by its issuer.
    Revoked {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// Since when, if that could be read.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
    /// It cannot be found out whether its issuer took it back, and that was asked for.
    StandingUnknown {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// What comes nearest to an answer.
        why: Unknown,
    },
    /// From this certificate on the path is valid for none of the policies asked for (RFC 5280 section 6.1).
    NoPolicy {
        /// Which certificate.
        certificate: Arc<Certificate>,
    },
    /// An issuer maps anyPolicy, or to it (RFC 5280 section 6.1.4 (a)).
    AnyPolicyMapped {
        /// The issuer.
        certificate: Arc<Certificate>,
    },
    /// More authorities between leaf and anchor than were asked for.
    TooDeep {
        /// The leaf.
        certificate: Arc<Certificate>,
        /// How many were asked for.
        allowed: usize,
    },
    /// A rule for issuers is broken that clients at large do not enforce; asked under the strict profile only.
    Violation {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// The rule.
        rule: IssuanceRule,
    },
    /// A precertificate (RFC 6962 section 3.1) is not meant to be served.
    Precertificate {
        /// Which.
        certificate: Arc<Certificate>,
    },
    /// A strict reader refuses the encoding.
    Malformed {
        /// Which certificate.
        certificate: Arc<Certificate>,
        /// What is wrong.
        kind: OddityKind,
        /// In which field.
        field: &'static str,
    },
    /// Too many possible paths, signatures, or name comparisons: a chain made to cost work.
    TooComplex {
        /// What ran out.
        budget: Budget,
    },
}

/// What a store that distrusts a root from a date on takes for the date of issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distrust {
    /// The leaf's notBefore.
    NotBefore,
    /// The leaf's earliest timestamp that a known log signed.
    Sct,
}

/// The budgets of path building.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// `limits::PATH_EDGES`.
    Edges,
    /// `limits::PATH_SIGNATURES`.
    Signatures,
    /// `limits::PATH_NAME_COMPARISONS`.
    NameComparisons,
}

impl PathReason {
    /// How telling the reason is: of several, the least rank is said first. What the operator can mend at once comes
    /// before what follows from it, and what only says that nothing better was found comes last.
    pub const fn rank(&self) -> u8 {
        match self {
            Self::TooComplex { .. } => 0,
            Self::Unparsable { .. } => 1,
            Self::SelfSigned { .. } => 2,
            Self::Precertificate { .. } => 3,
            Self::Expired { .. } => 4,
            Self::NotYetValid { .. } => 5,
            Self::Revoked { .. } => 6,
            Self::NotNamed { .. } => 7,
            Self::Malformed { .. } => 8,
            Self::AlgorithmsDisagree { .. } => 9,
            Self::ExtendedKeyUsage { .. } => 10,
            Self::NameConstraint { .. } => 11,
            Self::UnknownCritical { .. } => 12,
            Self::NotCa { .. } => 13,
            Self::KeyUsage { .. } => 14,
            Self::PathTooLong { .. } => 15,
            Self::NoPolicy { .. } => 16,
            Self::AnyPolicyMapped { .. } => 17,
            Self::TooDeep { .. } => 18,
            Self::WeakKey { .. } => 19,
            Self::UnsupportedCurve { .. } => 20,
            Self::WeakSignature { .. } => 21,
            Self::UnsupportedAlgorithm { .. } => 22,
            Self::BadSignature { .. } => 23,
            Self::DistrustedAfter { .. } => 24,
            Self::Removed { .. } => 25,
            Self::IssuerNotSent { .. } => 26,
            Self::NotInStore { .. } => 27,
            Self::StandingUnknown { .. } => 28,
            Self::Violation { .. } => 29,
        }
    }

    /// The word used in machine formats.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unparsable { .. } => "unparsable",
            Self::SelfSigned { .. } => "self-signed",
            Self::IssuerNotSent { .. } => "issuer-not-sent",
            Self::NotInStore { .. } => "not-in-store",
            Self::DistrustedAfter { .. } => "distrusted-after",
            Self::Removed { .. } => "removed-from-store",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::BadSignature { .. } => "bad-signature",
            Self::UnsupportedAlgorithm { .. } => "unsupported-algorithm",
            Self::AlgorithmsDisagree { .. } => "algorithms-disagree",
            Self::NotCa { .. } => "not-ca",
            Self::PathTooLong { .. } => "path-too-long",
            Self::KeyUsage { .. } => "key-usage",
            Self::ExtendedKeyUsage { .. } => "extended-key-usage",
            Self::UnknownCritical { .. } => "unknown-critical",
            Self::NameConstraint { .. } => "name-constraint",
            Self::Precertificate { .. } => "precertificate",
            Self::NotNamed { .. } => "not-named",
            Self::WeakKey { .. } => "weak-key",
            Self::UnsupportedCurve { .. } => "unsupported-curve",
            Self::WeakSignature { .. } => "weak-signature",
            Self::Revoked { .. } => "revoked",
            Self::StandingUnknown { .. } => "revocation-unknown",
            Self::NoPolicy { .. } => "no-policy",
            Self::AnyPolicyMapped { .. } => "any-policy-mapped",
            Self::TooDeep { .. } => "too-deep",
            Self::Violation { rule, .. } => rule.word(),
            Self::Malformed { .. } => "malformed",
            Self::TooComplex { .. } => "too-complex",
        }
    }

    /// The certificate that the reason is about; for [`Self::TooComplex`] there is none.
    pub const fn certificate(&self) -> Option<&Arc<Certificate>> {
        match self {
            Self::Unparsable { certificate }
            | Self::SelfSigned { certificate }
            | Self::IssuerNotSent { certificate }
            | Self::NotInStore { root: certificate }
            | Self::DistrustedAfter {
                root: certificate, ..
            }
            | Self::Removed {
                root: certificate, ..
            }
            | Self::Expired { certificate, .. }
            | Self::NotYetValid { certificate, .. }
            | Self::BadSignature { certificate, .. }
            | Self::UnsupportedAlgorithm { certificate }
            | Self::AlgorithmsDisagree { certificate }
            | Self::NotCa { certificate }
            | Self::PathTooLong { certificate, .. }
            | Self::KeyUsage { certificate }
            | Self::ExtendedKeyUsage { certificate, .. }
            | Self::UnknownCritical { certificate, .. }
            | Self::NameConstraint { certificate, .. }
            | Self::Precertificate { certificate }
            | Self::NotNamed { certificate, .. }
            | Self::WeakKey { certificate, .. }
            | Self::UnsupportedCurve { certificate }
            | Self::WeakSignature { certificate }
            | Self::Revoked { certificate, .. }
            | Self::StandingUnknown { certificate, .. }
            | Self::NoPolicy { certificate }
            | Self::AnyPolicyMapped { certificate }
            | Self::TooDeep { certificate, .. }
            | Self::Violation { certificate, .. }
            | Self::Malformed { certificate, .. } => Some(certificate),
            Self::TooComplex { .. } => None,
        }
    }
}
