//! Rules for issuers that clients at large do not hold against a chain: RFC 5280 and, where a certificate is to name a
//! server, the Baseline Requirements of the CA/Browser Forum. They speak under the strict profile only.

use std::net::IpAddr;
use std::sync::Arc;

use model::certificate::{Certificate, Facts, GeneralName, KeyKind, KeyUsage, OddityKind, Oid};
use model::finding::{IssuanceRule as Rule, PathReason};

use super::checks::Rules;

/// Every rule that `leaf` breaks.
pub(super) fn leaf(leaf: &Arc<Certificate>, rules: Rules, reasons: &mut Vec<PathReason>) {
    if rules == Rules::Clients {
        return;
    }
    let facts = leaf.facts();
    let mut broken = Vec::new();
    numbered(facts, &mut broken);
    common(facts, rules, &mut broken);
    if !facts.is_ca() {
        push(
            facts.name_constraints.is_some(),
            Rule::ConstraintsInLeaf,
            &mut broken,
        );
    }
    alternative_names(facts, rules, &mut broken);
    if rules == Rules::Web {
        web_leaf(facts, &mut broken);
    }
    keep(leaf, broken, reasons);
}

/// Every rule that `certificate` breaks as an issuer.
pub(super) fn issuer(
    certificate: &Arc<Certificate>,
    is_anchor: bool,
    rules: Rules,
    reasons: &mut Vec<PathReason>,
) {
    if rules == Rules::Clients {
        return;
    }
    let facts = certificate.facts();
    let mut broken = Vec::new();
    if !is_anchor {
        // Whoever keeps a store knows an anchor by its key and name: some of the best known have the serial number 0.
        numbered(facts, &mut broken);
    }
    common(facts, rules, &mut broken);
    push(
        facts.subject_key_id.is_none(),
        Rule::SubjectKeyMissing,
        &mut broken,
    );
    push(
        facts.subject.raw_bytes.len() <= 2,
        Rule::SubjectEmpty,
        &mut broken,
    );
    let lax = |oid: &Oid| is_critical(facts, oid) == Some(false);
    // NIST's suite, which judges by RFC 5280 alone, has both lax and calls the paths valid.
    push(
        rules == Rules::Web && lax(&Oid::BASIC_CONSTRAINTS),
        Rule::BasicConstraintsNotCritical,
        &mut broken,
    );
    push(
        rules == Rules::Web && lax(&Oid::POLICY_CONSTRAINTS),
        Rule::PolicyConstraintsNotCritical,
        &mut broken,
    );
    push(
        rules == Rules::Rfc && lax(&Oid::NAME_CONSTRAINTS),
        Rule::ConstraintsNotCritical,
        &mut broken,
    );
    name_constraints(facts, &mut broken);
    if rules == Rules::Web && is_anchor {
        web_root(facts, &mut broken);
    }
    keep(certificate, broken, reasons);
}

fn push(is_broken: bool, rule: Rule, broken: &mut Vec<Rule>) {
    if is_broken {
        broken.push(rule);
    }
}

fn keep(certificate: &Arc<Certificate>, broken: Vec<Rule>, reasons: &mut Vec<PathReason>) {
    let reason = |rule| PathReason::Violation {
        certificate: Arc::clone(certificate),
        rule,
    };
    reasons.extend(broken.into_iter().map(reason));
}

/// Whether an extension is critical; `None` when it is not there.
fn is_critical(facts: &Facts, oid: &Oid) -> Option<bool> {
    let mut extensions = facts.extensions.iter();
    extensions
        .find(|extension| extension.oid == *oid)
        .map(|extension| extension.critical)
}

/// subjectKeyIdentifier.
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
/// authorityKeyIdentifier.
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];

/// How the certificate and the key that signed it are told from others.
fn numbered(facts: &Facts, broken: &mut Vec<Rule>) {
    push(facts.serial.len() > 20, Rule::SerialTooLong, broken);
    let is_negative = facts.serial.first().is_some_and(|first| first & 0x80 != 0);
    let is_zero = facts.serial.iter().all(|byte| *byte == 0);
    push(is_negative || is_zero, Rule::SerialNotPositive, broken);
    let is_missing = facts.authority_key_id.is_none() && !facts.self_issued();
    push(is_missing, Rule::AuthorityKeyMissing, broken);
}

fn common(facts: &Facts, rules: Rules, broken: &mut Vec<Rule>) {
    push(facts.version != 3, Rule::NotVersion3, broken);
    let critical = |content| is_critical(facts, &Oid::from_content(content)) == Some(true);
    push(critical(AUTHORITY_KEY), Rule::AuthorityKeyCritical, broken);
    push(critical(SUBJECT_KEY), Rule::SubjectKeyCritical, broken);
    if let Some(usage) = facts.key_usage {
        let may_sign = usage.has(KeyUsage::KEY_CERT_SIGN);
        push(may_sign && !facts.is_ca(), Rule::CertSignWithoutCa, broken);
        push(facts.is_ca() && !may_sign, Rule::CaWithoutCertSign, broken);
    }
    if let KeyKind::Rsa { bits, .. } = facts.public_key.kind {
        push(
            rules == Rules::Web && !bits.is_multiple_of(8),
            Rule::ModulusOdd,
            broken,
        );
    }
}

fn alternative_names(facts: &Facts, rules: Rules, broken: &mut Vec<Rule>) {
    let Some(names) = &facts.subject_alt_names else {
        return;
    };
    let has_subject = facts.subject.raw_bytes.len() > 2;
    let is_critical = is_critical(facts, &Oid::SUBJECT_ALT_NAME) == Some(true);
    push(!has_subject && !is_critical, Rule::AltNameNotCritical, broken);
    push(
        rules == Rules::Web && has_subject && is_critical,
        Rule::AltNameCritical,
        broken,
    );
    let dns = || {
        names.iter().filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.raw()),
            _ => None,
        })
    };
    push(!dns().all(is_host_pattern), Rule::DnsNameMalformed, broken);
    let is_wide = |name: &str| name == "*" || name.strip_prefix("*.").is_some_and(|rest| !rest.contains('.'));
    push(
        rules == Rules::Web && dns().any(is_wide),
        Rule::WildcardTooWide,
        broken,
    );
}

/// Letters, digits and hyphens in labels, perhaps behind `*.`; no address.
fn is_host_pattern(name: &str) -> bool {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name == "*" || (rest.len() <= 253 && rest.split('.').all(is_label) && rest.parse::<IpAddr>().is_err())
}

/// What a name constraint may look like (RFC 5280 section 4.2.1.10).
fn name_constraints(facts: &Facts, broken: &mut Vec<Rule>) {
    let Some(constraints) = &facts.name_constraints else {
        return;
    };
    let mut all = constraints.permitted.iter().chain(&constraints.excluded);
    push(
        constraints.permitted.is_empty() && constraints.excluded.is_empty(),
        Rule::ConstraintsEmpty,
        broken,
    );
    let is_odd = |name: &GeneralName| match name {
        GeneralName::Dns(base) => {
            !base.raw().is_empty() && (!is_host_pattern(base.raw()) || base.raw().contains('*'))
        }
        GeneralName::Email(base) => {
            let base = base.raw();
            let host = base.rsplit_once('@').map_or(base, |(_, host)| host);
            let is_mailbox = base.contains('@');
            let host = if is_mailbox {
                host
            } else {
                host.strip_prefix('.').unwrap_or(host)
            };
            base.matches('@').count() > 1 || (!base.is_empty() && !is_host_pattern(host))
        }
        GeneralName::Uri(base) => {
            let base = base.raw();
            let host = base.strip_prefix('.').unwrap_or(base);
            !base.is_empty() && !is_host_pattern(host)
        }
        GeneralName::OddAddress(block) => !is_block(block),
        GeneralName::Address(_) => true,
        GeneralName::Directory(_) | GeneralName::Other(_) => false,
    };
    let oddities = &facts.oddities;
    let is_unread = |kind: OddityKind| matches!(kind, OddityKind::BadAddress | OddityKind::BadText);
    let is_malformed = oddities
        .iter()
        .any(|oddity| oddity.field == "nameConstraints" && is_unread(oddity.kind));
    push(
        all.any(is_odd) || is_malformed,
        Rule::ConstraintsMalformed,
        broken,
    );
}

/// Address and mask, the mask without holes.
fn is_block(block: &[u8]) -> bool {
    let mask = block.get(block.len() / 2..).unwrap_or_default();
    let mut bits = mask
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    matches!(block.len(), 8 | 32) && bits.by_ref().is_sorted_by(|left, right| left >= right)
}

/// The Baseline Requirements for subscribers (section 7.1.2.7).
fn web_leaf(facts: &Facts, broken: &mut Vec<Rule>) {
    match &facts.extended_key_usages {
        None => push(!facts.is_ca(), Rule::UsagesMissing, broken),
        Some(usages) => push(
            usages.contains(&Oid::ANY_EXTENDED_KEY_USAGE),
            Rule::UsagesAny,
            broken,
        ),
    }
    push(
        is_critical(facts, &Oid::EXTENDED_KEY_USAGE) == Some(true),
        Rule::UsagesCritical,
        broken,
    );
    let names = facts.subject_alt_names.as_deref().unwrap_or_default();
    let common_name = facts.subject.common_name.as_ref().filter(|_| !facts.is_ca());
    let is_misspelt = common_name.is_some_and(|common_name| misspells(common_name.raw(), names));
    push(is_misspelt, Rule::CommonNameMisspelt, broken);
}

/// Whether a common name is one of the alternative names and spelt in another way (section 7.1.4.3). One that is none
/// of them breaks the same rule, and test suites and real certificates are full of it.
fn misspells(common_name: &str, names: &[GeneralName]) -> bool {
    let is_listed = |name: &GeneralName| match name {
        GeneralName::Dns(name) => name.raw() == common_name,
        // An address is written as RFC 5952 writes it, which is how it is shown.
        GeneralName::Address(address) => address.to_string() == common_name,
        _ => false,
    };
    if names.iter().any(is_listed) {
        return false;
    }
    let is_unicode_host = !common_name.is_ascii() && common_name.contains('.') && !common_name.contains(' ');
    let means = |name: &GeneralName| match name {
        GeneralName::Dns(name) => name.raw().eq_ignore_ascii_case(common_name) || is_unicode_host,
        GeneralName::Address(address) => spelt_address(common_name) == Some(*address),
        _ => false,
    };
    names.iter().any(means)
}

/// An address in any spelling that some program reads: also of leading zeros, and one number in hexadecimal.
fn spelt_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let number = u32::from_str_radix(digits, 16).ok()?;
        return Some(IpAddr::V4(number.into()));
    }
    let mut octets = text.split('.').map(|octet| octet.parse::<u8>().ok());
    let mut next = || octets.next().flatten();
    let address = [next()?, next()?, next()?, next()?];
    octets.next().is_none().then(|| IpAddr::from(address))
}

/// The Baseline Requirements for roots (section 7.1.2.1).
fn web_root(facts: &Facts, broken: &mut Vec<Rule>) {
    push(facts.extended_key_usages.is_some(), Rule::UsagesInRoot, broken);
    let has_authority_key = is_critical(facts, &Oid::from_content(AUTHORITY_KEY)).is_some();
    let is_own = facts.authority_key_id.is_some() && facts.authority_key_id == facts.subject_key_id;
    push(
        facts.self_issued() && has_authority_key && (!is_own || facts.authority_certificate_named),
        Rule::AuthorityKeyOdd,
        broken,
    );
}
