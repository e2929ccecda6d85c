//! A public leaf for servers that is for clients too, after the days on which Chrome's programme ends that.

use jiff::Timestamp;
use model::certificate::{Facts, Oid};
use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "client-auth-ending",
    title: "The certificate is for TLS clients too, which public authorities stop to allow",
    severity: Severity::Warning,
    explanation: "Chrome's root programme wants hierarchies for servers alone: authorities made from 2026-06-15 on, and \
                  leaves from 2027-03-15 on. A leaf of that day or later is against the programme, and a warning; one of a new \
                  authority is a note. Servers lose nothing; whoever shows this certificate as a client will need another",
    citation: "Chrome Root Program Policy 1.8 (2026-02-05)",
    remedy: "for mutual TLS, get a client certificate from an authority of your own or one made for clients",
    check,
};

/// 2026-06-15: subordinate authorities from here on are for servers alone.
const AUTHORITIES: Timestamp = Timestamp::constant(1_781_481_600, 0);
/// 2027-03-15: leaves from here on are for servers alone.
const LEAVES: Timestamp = Timestamp::constant(1_805_068_800, 0);

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let is_for_both = |facts: &&Facts| {
        facts
            .extended_key_usages
            .as_deref()
            .is_some_and(|usages| usages.contains(&Oid::SERVER_AUTH) && usages.contains(&Oid::CLIENT_AUTH))
    };
    let Some(facts) = case.leaf_facts().filter(is_for_both) else {
        return;
    };
    let is_from = |facts: &Facts, day: Timestamp| facts.not_before.is_some_and(|from| from >= day);
    let (since, severity) = if is_from(facts, LEAVES) {
        (LEAVES, Severity::Warning)
    } else if is_from(facts, AUTHORITIES) && is_issuer_from(case, AUTHORITIES) {
        // The day binds whoever asks for a new authority; whether this one was agreed on before is not known here.
        (AUTHORITIES, Severity::Note)
    } else {
        return;
    };
    if case.is_trusted_by("Chrome") {
        let reason = Reason::Flaw(Flaw::ClientAuth { since });
        found.push(case.about_leaf(&RULE, severity, reason));
    }
}

/// Whether the authority that issued the leaf was itself issued on that day or later.
fn is_issuer_from(case: &Case<'_>, day: Timestamp) -> bool {
    let mut issuers = case.paths().filter_map(|path| path.get(1));
    issuers.any(|issuer| issuer.facts().not_before.is_some_and(|from| from >= day))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
    use rcgen::date_time_ymd;

    use crate::world::{Authority, day, judge_at, observation, severity};
    use crate::{Policy, Stores};
    use model::finding::Severity;

    /// What is said of a leaf for both, of that day, by an authority of the other.
    fn said(leaf: (i32, u8, u8), issuer: (i32, u8, u8), store: &str) -> Option<Severity> {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| {
            params.not_before = date_time_ymd(issuer.0, issuer.1, issuer.2);
        });
        let leaf = issuing.leaf_with(&["shop.example"], |params| {
            params.not_before = date_time_ymd(leaf.0, leaf.1, leaf.2);
            params.not_after = date_time_ymd(2027, 5, 1);
            params.extended_key_usages = vec![ServerAuth, ClientAuth];
        });
        let anchors = vec![Arc::clone(&root.certificate)];
        let stores = Stores::none().with_public_store(store, anchors).unwrap();
        let seen = observation("shop.example", &[&leaf, &issuing.certificate]);
        // 2027-03-20.
        let assessment = judge_at(&seen, &stores, &Policy::default(), day(292));
        assert!(assessment.trust[0].is_trusted());
        severity(&assessment, "client-auth-ending")
    }

    #[test]
    fn leaves_from_the_day_on() {
        assert_eq!(
            said((2027, 3, 15), (2024, 1, 1), "Chrome"),
            Some(Severity::Warning)
        );
        assert_eq!(said((2027, 3, 14), (2024, 1, 1), "Chrome"), None);
    }

    #[test]
    fn leaves_of_new_authorities() {
        assert_eq!(said((2026, 12, 1), (2026, 6, 15), "Chrome"), Some(Severity::Note));
        assert_eq!(said((2026, 12, 1), (2026, 6, 14), "Chrome"), None);
    }

    #[test]
    fn it_is_a_rule_of_chrome_alone() {
        assert_eq!(said((2027, 3, 15), (2026, 6, 15), "Mozilla"), None);
    }
}
