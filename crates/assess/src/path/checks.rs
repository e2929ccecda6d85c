//! What one certificate must be, by itself, to be a leaf or an issuer at a time (RFC 5280 sections 4 and 6.1).

use std::sync::Arc;

use jiff::Timestamp;
use model::certificate::{Certificate, Facts, KeyKind, KeyUsage, OddityKind, Oid, SignatureAlgorithm};
use model::finding::{PathReason, Purpose};

use super::strict;

/// Critical extensions that are understood: processed here, in the rules, or in name matching.
const UNDERSTOOD: &[Oid] = &[
    Oid::KEY_USAGE,
    Oid::SUBJECT_ALT_NAME,
    Oid::BASIC_CONSTRAINTS,
    Oid::NAME_CONSTRAINTS,
    Oid::CERTIFICATE_POLICIES,
    Oid::POLICY_MAPPINGS,
    Oid::POLICY_CONSTRAINTS,
    Oid::EXTENDED_KEY_USAGE,
    Oid::INHIBIT_ANY_POLICY,
    // It has a reason of its own.
    Oid::PRECERTIFICATE_POISON,
];

/// The content bytes of further ones: issuerAltName, cRLDistributionPoints, TLS feature (RFC 7633).
const UNDERSTOOD_BYTES: &[&[u8]] = &[
    &[0x55, 0x1d, 0x12],
    &[0x55, 0x1d, 0x1f],
    &[0x2b, 6, 1, 5, 5, 7, 1, 0x18],
];

/// What is asked of every certificate of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    /// What it is to be used for; `None` is anything.
    pub(crate) purpose: Option<Purpose>,
    /// Which rules for issuers are asked beside what clients ask.
    pub(crate) rules: Rules,
    /// Every path is looked for, since the shortest one may be refused for what is asked of whole paths.
    pub(crate) all_paths: bool,
}

/// Rules that clients do not enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rules {
    /// None of them.
    Clients,
    /// Those of RFC 5280.
    Rfc,
    /// And those of the CA/Browser Forum for servers.
    Web,
}

/// Everything that keeps `leaf` from being used as asked, whoever signed it.
pub(super) fn leaf(leaf: &Arc<Certificate>, terms: Terms, now: Timestamp) -> Vec<PathReason> {
    let mut reasons = Vec::new();
    if is_unparsable(leaf.facts()) {
        reasons.push(PathReason::Unparsable {
            certificate: Arc::clone(leaf),
        });
        return reasons;
    }
    common(leaf, terms, now, &mut reasons);
    encoding(leaf, &mut reasons);
    strict::leaf(leaf, terms.rules, &mut reasons);
    reasons
}

/// Everything that keeps `certificate` from issuing others.
pub(super) fn issuer(
    certificate: &Arc<Certificate>,
    is_anchor: bool,
    terms: Terms,
    now: Timestamp,
    reasons: &mut Vec<PathReason>,
) {
    let facts = certificate.facts();
    if is_unparsable(facts) {
        reasons.push(PathReason::Unparsable {
            certificate: Arc::clone(certificate),
        });
        return;
    }
    common(certificate, terms, now, reasons);
    strict::issuer(certificate, is_anchor, terms.rules, reasons);
    if !is_anchor {
        // Whoever keeps a store has decided about the encoding: of the public roots, one writes its dates in a form
        // that RFC 5280 forbids, and every client accepts it.
        encoding(certificate, reasons);
    }
    // A version 1 certificate cannot say that it is a CA; as an anchor somebody said it for it.
    let is_ca = facts.is_ca() || (is_anchor && facts.version < 3 && facts.basic_constraints.is_none());
    if !is_ca {
        reasons.push(PathReason::NotCa {
            certificate: Arc::clone(certificate),
        });
    }
    if facts
        .key_usage
        .is_some_and(|usage| !usage.has(KeyUsage::KEY_CERT_SIGN))
    {
        reasons.push(PathReason::KeyUsage {
            certificate: Arc::clone(certificate),
        });
    }
}

/// Whether `certificate` may issue others at `now`, whatever they are for.
pub(crate) fn may_issue(certificate: &Arc<Certificate>, now: Timestamp) -> bool {
    let mut reasons = Vec::new();
    let terms = Terms {
        purpose: None,
        rules: Rules::Clients,
        all_paths: false,
    };
    issuer(certificate, false, terms, now, &mut reasons);
    reasons.is_empty()
}

/// Whether too little could be read to judge anything.
pub(crate) fn is_unparsable(facts: &Facts) -> bool {
    facts.not_after.is_none()
        || facts.not_before.is_none()
        || facts.public_key.kind == KeyKind::Unread
        || facts.signature_algorithm == SignatureAlgorithm::Unread
        || facts.to_be_signed.is_empty()
        || facts
            .oddities
            .iter()
            .any(|oddity| oddity.kind == OddityKind::NotACertificate)
}

/// Whether the extended key usages, if there are any, allow a TLS server.
pub(crate) fn allows_server(facts: &Facts) -> bool {
    allows(facts, Purpose::Server)
}

fn allows(facts: &Facts, purpose: Purpose) -> bool {
    let Some(usages) = &facts.extended_key_usages else {
        return true;
    };
    let wanted = match purpose {
        Purpose::Server => Oid::SERVER_AUTH,
        Purpose::Client => Oid::CLIENT_AUTH,
    };
    usages
        .iter()
        .any(|usage| *usage == wanted || *usage == Oid::ANY_EXTENDED_KEY_USAGE)
}

/// Whether an oddity of this kind makes strict readers refuse the certificate. The others lose a name or a text that
/// then simply does not match.
pub(crate) const fn is_fatal(kind: OddityKind) -> bool {
    match kind {
        OddityKind::Truncated
        | OddityKind::TrailingBytes
        | OddityKind::UnexpectedTag
        | OddityKind::NonMinimalLength
        | OddityKind::NonMinimalInteger
        | OddityKind::NonCanonicalBoolean
        | OddityKind::BadBitString
        | OddityKind::BadOid
        | OddityKind::BadTime
        | OddityKind::DuplicateExtension
        | OddityKind::TooDeep
        | OddityKind::TooManyEntries
        | OddityKind::BadKey
        | OddityKind::NotACertificate => true,
        OddityKind::BadText | OddityKind::UnusualTime | OddityKind::BadAddress | OddityKind::TooManyNames => {
            false
        }
    }
}

fn encoding(certificate: &Arc<Certificate>, reasons: &mut Vec<PathReason>) {
    let oddity = certificate
        .facts()
        .oddities
        .iter()
        .find(|oddity| is_fatal(oddity.kind));
    if let Some(oddity) = oddity {
        let (certificate, kind, field) = (Arc::clone(certificate), oddity.kind, oddity.field);
        reasons.push(PathReason::Malformed {
            certificate,
            kind,
            field,
        });
    }
}

fn common(certificate: &Arc<Certificate>, terms: Terms, now: Timestamp, reasons: &mut Vec<PathReason>) {
    let facts = certificate.facts();
    let now = now.as_second();
    if let Some(not_before) = facts.not_before.filter(|not_before| now < not_before.as_second()) {
        reasons.push(PathReason::NotYetValid {
            certificate: Arc::clone(certificate),
            not_before,
        });
    }
    if let Some(not_after) = facts.not_after.filter(|not_after| now > not_after.as_second()) {
        reasons.push(PathReason::Expired {
            certificate: Arc::clone(certificate),
            not_after,
        });
    }
    if !facts.signature_algorithms_agree {
        reasons.push(PathReason::AlgorithmsDisagree {
            certificate: Arc::clone(certificate),
        });
    }
    if facts.precertificate {
        reasons.push(PathReason::Precertificate {
            certificate: Arc::clone(certificate),
        });
    }
    if let Some(purpose) = terms.purpose.filter(|purpose| !allows(facts, *purpose)) {
        reasons.push(PathReason::ExtendedKeyUsage {
            certificate: Arc::clone(certificate),
            purpose,
        });
    }
    let mut critical = facts.extensions.iter().filter(|extension| extension.critical);
    let is_unknown = |oid: &Oid| !UNDERSTOOD.contains(oid) && !UNDERSTOOD_BYTES.contains(&oid.content());
    if let Some(extension) = critical.find(|extension| is_unknown(&extension.oid)) {
        let (certificate, extension) = (Arc::clone(certificate), extension.oid.clone());
        reasons.push(PathReason::UnknownCritical {
            certificate,
            extension,
        });
    }
}
