//! The rules: one file each, with what the rule says of itself, a pure function from a case to findings, and its tests.
//!
//! A rule makes reasons out of facts and never text; `crate::words` makes the sentences. What one rule says, no other
//! repeats: a chain that is refused only because the leaf has ended is `expired` and not `untrusted` too.

mod anchor_sent;
mod any_purpose;
mod ca_as_leaf;
mod caa_forbids;
mod caa_unavailable;
mod chain_incomplete;
mod chain_order;
mod chain_superfluous;
mod chain_too_long;
mod client_auth_ending;
mod common_name_not_in_san;
mod curve_unsupported;
mod dates_odd;
mod expired;
mod expiring;
mod giant_certificate;
mod intermediate_expired;
mod intermediate_expiring;
mod internal_name;
mod issuer_unavailable;
mod key_not_proven;
mod key_usage_unfit;
mod legacy_protocol;
mod lifetime_too_long;
mod malformed_certificate;
mod missing_san;
mod must_staple_missing;
mod name_mismatch;
mod no_server_auth;
mod not_yet_valid;
mod ocsp_staple_invalid;
mod ocsp_staple_stale;
mod reference;
mod reserved_address;
mod revocation_unavailable;
mod revocation_unknown;
mod revoked;
mod roca_key;
mod sct_invalid;
mod sct_missing;
mod sct_too_few;
mod sct_unknown_log;
mod self_signed;
mod serial_invalid;
mod small_exponent;
mod starttls_injection;
mod stopped;
mod unparsable_certificate;
mod untrusted;
mod version_invalid;
mod weak_cipher;
mod weak_key;
mod weak_signature;
mod wildcard_misuse;

use model::finding::{Finding, Severity};

use crate::case::Case;

pub(crate) use name_mismatch::matches as is_named;
pub use reference::reference;
pub(crate) use weak_key::weakness;

/// A rule as `nolapse explain`, the documents and the outputs know it.
pub struct Rule {
    /// Stable identifier: lower-case words with hyphens.
    pub id: &'static str,
    /// What it finds, in one sentence.
    pub title: &'static str,
    /// The worst it can say by default.
    pub severity: Severity,
    /// Why it matters, and what decides between severities.
    pub explanation: &'static str,
    /// Where it is written.
    pub citation: &'static str,
    /// What to do.
    pub remedy: &'static str,
    pub(crate) check: fn(&Case<'_>, &mut Vec<Finding>),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Every rule, in the order in which findings of equal severity are said.
pub static ALL: &[&Rule] = &[
    &expired::RULE,
    &revoked::RULE,
    &not_yet_valid::RULE,
    &expiring::RULE,
    &dates_odd::RULE,
    &intermediate_expiring::RULE,
    &unparsable_certificate::RULE,
    &name_mismatch::RULE,
    &missing_san::RULE,
    &self_signed::RULE,
    &chain_incomplete::RULE,
    &untrusted::RULE,
    &intermediate_expired::RULE,
    &key_not_proven::RULE,
    &starttls_injection::RULE,
    &no_server_auth::RULE,
    &key_usage_unfit::RULE,
    &roca_key::RULE,
    &weak_key::RULE,
    &weak_signature::RULE,
    &lifetime_too_long::RULE,
    &curve_unsupported::RULE,
    &wildcard_misuse::RULE,
    &internal_name::RULE,
    &reserved_address::RULE,
    &any_purpose::RULE,
    &version_invalid::RULE,
    &legacy_protocol::RULE,
    &weak_cipher::RULE,
    &malformed_certificate::RULE,
    &must_staple_missing::RULE,
    &ocsp_staple_invalid::RULE,
    &ocsp_staple_stale::RULE,
    &sct_missing::RULE,
    &sct_too_few::RULE,
    &sct_invalid::RULE,
    &sct_unknown_log::RULE,
    &chain_order::RULE,
    &ca_as_leaf::RULE,
    &chain_too_long::RULE,
    &chain_superfluous::RULE,
    &anchor_sent::RULE,
    &giant_certificate::RULE,
    &revocation_unknown::RULE,
    &revocation_unavailable::RULE,
    &issuer_unavailable::RULE,
    &caa_forbids::RULE,
    &caa_unavailable::RULE,
    &serial_invalid::RULE,
    &small_exponent::RULE,
    &client_auth_ending::RULE,
    &common_name_not_in_san::RULE,
    &stopped::NAME_UNKNOWN,
    &stopped::RESOLVER_FAILED,
    &stopped::UNREACHABLE,
    &stopped::LOCAL_FAILURE,
    &stopped::TIMED_OUT,
    &stopped::RESET,
    &stopped::CLOSED,
    &stopped::STARTTLS_NOT_OFFERED,
    &stopped::STARTTLS_REFUSED,
    &stopped::TURNED_AWAY,
    &stopped::WRONG_PROTOCOL,
    &stopped::NOT_TLS,
    &stopped::TLS_REFUSED,
    &stopped::TLS_BROKEN,
    &stopped::TOO_MUCH,
    &stopped::ANONYMOUS,
    &stopped::INTERNAL,
];

/// Rules that say what third parties say or do not say. They speak only when somebody asked for it, so that what they
/// find is told whatever its severity.
const ASKED_FOR: &[&Rule] = &[
    &revocation_unknown::RULE,
    &revocation_unavailable::RULE,
    &issuer_unavailable::RULE,
    &caa_forbids::RULE,
    &caa_unavailable::RULE,
];

/// Whether the rule of that identifier speaks only when somebody asked third parties.
pub fn is_asked_for(id: &str) -> bool {
    ASKED_FOR.iter().any(|rule| rule.id == id)
}

/// The rule of that identifier.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// The identifier nearest to what somebody typed, unless nothing is near.
pub fn nearest(typed: &str) -> Option<&'static str> {
    // What is longer than any identifier by far is near to none, and the comparison is quadratic.
    let typed: String = typed
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase()
        .replace(['_', ' '], "-");
    let ranked = ALL.iter().map(|rule| (distance(&typed, rule.id), rule.id));
    let (changes, id) = ranked.min_by_key(|(changes, _)| *changes)?;
    let inside = || {
        ALL.iter()
            .map(|rule| rule.id)
            .find(|id| typed.len() >= 4 && id.contains(&typed))
    };
    if changes <= id.len() / 3 {
        Some(id)
    } else {
        inside()
    }
}

/// Levenshtein distance: how many single-character changes make one word of the other.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (number, wanted) in left.chars().enumerate() {
        let mut diagonal = number;
        let mut before = number + 1;
        for (cell, letter) in row.iter_mut().skip(1).zip(right.chars()) {
            let change = diagonal + usize::from(wanted != letter);
            diagonal = *cell;
            before = change.min(*cell + 1).min(before + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = number + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_every_field_is_filled() {
        let mut ids: Vec<_> = ALL.iter().map(|rule| rule.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        for rule in ALL {
            assert!(
                rule.id
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{}",
                rule.id
            );
            for text in [rule.title, rule.explanation, rule.citation, rule.remedy] {
                assert!(
                    text.len() > 8 && !text.ends_with('.') && !text.contains('\n'),
                    "{}: {text}",
                    rule.id
                );
            }
        }
    }

    #[test]
    fn a_rule_is_found_by_its_identifier_and_near_it() {
        assert_eq!(find("expired").map(|rule| rule.id), Some("expired"));
        assert!(find("Expired").is_none());
        assert_eq!(nearest("exipred"), Some("expired"));
        assert_eq!(nearest("chain_incomplet"), Some("chain-incomplete"));
        assert_eq!(nearest("mismatch"), Some("name-mismatch"));
        assert_eq!(nearest("zzzzzzzzzzzzzz"), None);
        assert_eq!(nearest(&"x".repeat(1 << 20)), None);
    }
}
