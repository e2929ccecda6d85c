//! The sentences as people see them.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::certificate::Certificate;
use model::endpoint::Identity;
use model::finding::{Finding, IssuanceRule, KeyWeakness, PathReason, Purpose, Unknown};
use model::name::Name;
use model::observation::{Failure, Observation, Stage};
use model::revocation::RevocationReason;
use model::untrusted::Untrusted;

use crate::words::{message, path_reason, remedy};
use crate::world::{Authority, Good, corp, finding, judged, now, observation, stopped, valid};
use crate::{Assessment, Stores};

fn said(seen: &Observation, stores: &Stores, rule: &str) -> String {
    let assessment: Assessment = judged(seen, stores);
    let found: &Finding = finding(&assessment, rule).unwrap();
    assert!(!remedy(found).is_empty());
    message(found, seen)
}

#[test]
fn an_end_is_said_in_days_and_once_in_full() {
    let good = Good::new();
    let leaf = good
        .issuing
        .leaf_with(&["shop.example"], |params| valid(params, -92, -2));
    assert_eq!(
        said(&good.with_leaf(&leaf), &good.stores(), "expired"),
        "ended 2 d ago, 2026-05-30 00:00 UTC"
    );
    let leaf = good
        .issuing
        .leaf_with(&["shop.example"], |params| valid(params, -84, 6));
    let line = said(&good.with_leaf(&leaf), &good.stores(), "expiring");
    assert_eq!(line, "ends in 6 d of 90 d, 2026-06-07 00:00 UTC");
}

#[test]
fn a_mismatch_names_some_and_counts_the_rest() {
    let good = Good::new();
    let leaf = good
        .issuing
        .leaf(&["a.example", "b.example", "c.example", "192.0.2.1"]);
    let line = said(&good.with_leaf(&leaf), &good.stores(), "name-mismatch");
    assert_eq!(line, "names a.example, b.example and 2 more, not shop.example");
}

#[test]
fn a_missing_issuer_is_named_with_the_stores() {
    let good = Good::new();
    let seen = observation("shop.example", &[&good.leaf]);
    let line = said(&seen, &good.stores(), "chain-incomplete");
    assert_eq!(line, "its issuer Example Issuing 1 is neither sent nor in corp");
}

#[test]
fn an_unknown_root_is_named_with_its_fingerprint() {
    let good = Good::new();
    let other = Authority::root("Other");
    let sent = [&good.leaf, &good.issuing.certificate, &good.root.certificate];
    let line = said(
        &observation("shop.example", &sent),
        &corp(&[&other.certificate]),
        "untrusted",
    );
    let short = good.root.certificate.fingerprint().short();
    let root = format!("Example Root ({short})");
    assert_eq!(
        line,
        format!("{root}: corp refuses: root {root} is not in the store")
    );
}

#[test]
fn what_a_stranger_wrote_is_escaped_and_cut() {
    let hostile = format!("\u{1b}]0;{}\u{202e}", "x".repeat(500));
    let seen = stopped(
        Stage::Upgrade,
        Failure::RefusedUpgrade {
            reply: Untrusted::new(hostile),
        },
    );
    let line = said(&seen, &Stores::none(), "starttls-refused");
    assert!(
        line.chars()
            .all(|character| !character.is_control() && character != '\u{202e}'),
        "{line}"
    );
    assert!(line.len() <= 100, "{line}");
}

#[test]
fn an_unreadable_certificate_is_still_called_something() {
    let nothing = Certificate::from_der(&b"no"[..]);
    assert_eq!(
        crate::words::certificate(&nothing).len(),
        "abcd abcd (abcd abcd)".len()
    );
}

#[test]
fn every_rule_for_issuers_has_a_word_and_a_sentence_of_its_own() {
    let words: BTreeSet<_> = IssuanceRule::ALL.iter().map(|rule| rule.word()).collect();
    assert_eq!(words.len(), IssuanceRule::ALL.len());
    let certificate = Good::new().leaf;
    let sentence = |rule: &IssuanceRule| {
        path_reason(&PathReason::Violation {
            certificate: Arc::clone(&certificate),
            rule: *rule,
        })
    };
    let sentences: BTreeSet<_> = IssuanceRule::ALL.iter().map(sentence).collect();
    assert_eq!(sentences.len(), IssuanceRule::ALL.len());
    let short = certificate.fingerprint().short();
    let missing = sentence(&IssuanceRule::AuthorityKeyMissing);
    assert_eq!(
        missing,
        format!("shop.example ({short}) does not say which key signed it")
    );
}

#[test]
fn what_was_asked_beside_the_path_is_answered_in_a_sentence() {
    let certificate = Good::new().leaf;
    let name = format!("shop.example ({})", certificate.fingerprint().short());
    let one = || Arc::clone(&certificate);
    let said = |reason: PathReason| path_reason(&reason).replace(&name, "X");
    let at = Some(now());
    let reason = Some(RevocationReason(1));
    let certificate = one();
    let revoked = PathReason::Revoked {
        certificate,
        at,
        reason,
    };
    assert_eq!(
        said(revoked),
        "X was revoked on 2026-06-01 00:00 UTC (keyCompromise)"
    );
    let unknown = |why| PathReason::StandingUnknown {
        certificate: one(),
        why,
    };
    let stale = unknown(Unknown::Stale { next_update: now() });
    assert_eq!(
        said(stale),
        "whether X is revoked is not known: out of date since 2026-06-01 00:00 UTC"
    );
    let kinds = [
        Unknown::NothingCovers,
        Unknown::NoSigner,
        Unknown::UnsupportedAlgorithm,
        Unknown::BadSignature,
        Unknown::Malformed,
        Unknown::NotUnderstood,
        Unknown::NotYet { this_update: now() },
        Unknown::SomeReasons,
        Unknown::TooComplex,
    ];
    let sentences: BTreeSet<_> = kinds.iter().map(|why| said(unknown(*why))).collect();
    assert_eq!(sentences.len(), kinds.len());
}

#[test]
fn names_policies_and_purposes_have_their_sentences() {
    let certificate = Good::new().leaf;
    let name = format!("shop.example ({})", certificate.fingerprint().short());
    let one = || Arc::clone(&certificate);
    let said = |reason: PathReason| path_reason(&reason).replace(&name, "X");
    let wanted = Identity::Name(Name::parse("other.example").unwrap());
    let certificate = one();
    assert_eq!(
        said(PathReason::NotNamed { certificate, wanted }),
        "X does not name other.example"
    );
    assert_eq!(
        said(PathReason::NoPolicy { certificate: one() }),
        "from X on no required policy is left"
    );
    assert_eq!(
        said(PathReason::AnyPolicyMapped { certificate: one() }),
        "X maps policies from or to any policy"
    );
    let (certificate, allowed) = (one(), 1);
    assert_eq!(
        said(PathReason::TooDeep { certificate, allowed }),
        "more authorities than 1 stand between X and the root"
    );
    let (certificate, purpose) = (one(), Purpose::Client);
    assert_eq!(
        said(PathReason::ExtendedKeyUsage { certificate, purpose }),
        "X is not for TLS clients"
    );
    let weak = PathReason::WeakSignature { certificate: one() };
    assert_eq!(said(weak), "X is signed by ECDSA with SHA-256, which is broken");
    let (certificate, weakness) = (one(), KeyWeakness::Exponent);
    assert_eq!(
        said(PathReason::WeakKey {
            certificate,
            weakness
        }),
        "X has a weak key (P-256)"
    );
}
