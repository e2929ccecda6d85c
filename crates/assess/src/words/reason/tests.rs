//! The sentences as people see them.

use model::certificate::Certificate;
use model::finding::Finding;
use model::observation::{Failure, Observation, Stage};
use model::untrusted::Untrusted;

use crate::words::{message, remedy};
use crate::world::{Authority, Good, corp, finding, judged, observation, stopped, valid};
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
