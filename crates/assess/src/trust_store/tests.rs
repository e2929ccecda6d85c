//! The data that is compiled in, bundles, and trust that depends on when a leaf was issued.

use std::sync::Arc;

use jiff::Timestamp;
use model::Fingerprint;
use model::certificate::Certificate;
use model::finding::{Distrust, PathReason};

use super::*;
use crate::ct::testing::{LogKey, list, timestamped_at};
use crate::path::{Question, Trust, verdicts};
use crate::world::{Authority, Good, day, judge_at, now, observation, valid};
use crate::{Policy, SignatureMemory};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn six_public_stores_in_their_order_with_counts_and_dates() {
    let stores = Stores::public();
    let found: Vec<_> = stores
        .list()
        .iter()
        .map(|store| {
            (
                &*store.name,
                store.anchors,
                store.conditional,
                store.date.unwrap().to_string(),
            )
        })
        .collect();
    let expected = [
        ("Android", 136, 0, "2025-12-07"),
        ("Apple", 146, 11, "2025-12-28"),
        ("Chrome", 100, 24, "2026-11-21"),
        ("Java", 146, 9, "2026-01-20"),
        ("Mozilla", 118, 2, "2026-10-23"),
        ("Windows", 229, 48, "2026-10-23"),
    ];
    assert_eq!(
        found,
        expected.map(|(name, roots, dated, date)| (name, roots, dated, date.to_owned()))
    );
    assert_eq!(stores.anchors.len(), 275);
}

#[test]
fn what_is_compiled_in_can_be_read() {
    assert_eq!(Collection::read_built_in().err(), None);
}

#[test]
fn every_root_is_what_its_hash_says_and_can_be_read() {
    for anchor in &Stores::public().anchors {
        let certificate = anchor.certificate();
        assert_eq!(certificate.fingerprint(), anchor.fingerprint);
        assert_eq!(certificate.facts().subject.canonical, anchor.subject());
        assert!(
            !crate::path::is_unparsable(certificate.facts()),
            "{:?}",
            certificate
        );
    }
}

#[test]
fn mozilla_is_what_its_crate_has() {
    let stores = Stores::public();
    let place = stores
        .list()
        .iter()
        .position(|store| &*store.name == "Mozilla")
        .unwrap();
    let ours: Vec<Fingerprint> = stores
        .roots(place)
        .iter()
        .filter(|(_, conditions)| {
            !conditions
                .iter()
                .any(|asked| matches!(asked, Condition::Until(_)))
        })
        .map(|(root, _)| root.fingerprint())
        .collect();
    assert_eq!(ours.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        assert!(
            ours.contains(&Fingerprint::of(der)),
            "run crates/assess/data/stores/update"
        );
    }
}

/// What a store says of a root of its own: the conditions, in words.
fn conditions(store: &str, root: &str) -> Option<Vec<Condition>> {
    let stores = Stores::public();
    let place = stores
        .list()
        .iter()
        .position(|known| &*known.name == store)
        .unwrap();
    let roots = stores.roots(place);
    let found = roots
        .iter()
        .find(|(known, _)| known.fingerprint().to_string().starts_with(root));
    found.map(|(_, conditions)| conditions.iter().map(|condition| (*condition).clone()).collect())
}

#[test]
fn known_distrusts_are_as_their_makers_say() {
    let not_before = |text| Some(vec![Condition::NotBefore(at(text))]);
    let sct = |text| Some(vec![Condition::Sct(at(text))]);
    // Entrust Root Certification Authority - G2.
    assert_eq!(
        conditions("Apple", "43df5774"),
        not_before("2024-11-15T23:59:59Z")
    );
    assert_eq!(conditions("Java", "43df5774"), not_before("2024-11-11T23:59:59Z"));
    assert_eq!(
        conditions("Windows", "43df5774"),
        not_before("2025-04-16T00:00:00Z")
    );
    let until = |text| Condition::Until(at(text));
    let gone = |text| Some(vec![until(text)]);
    assert_eq!(conditions("Android", "43df5774"), gone("2026-06-21T00:00:00Z"));
    let chrome = Condition::Sct(at("2024-11-11T23:59:59Z"));
    assert_eq!(
        conditions("Chrome", "43df5774"),
        Some(vec![chrome, until("2026-11-21T00:00:00Z")])
    );
    let mozilla = Condition::NotBefore(at("2024-11-30T23:59:59Z"));
    assert_eq!(
        conditions("Mozilla", "43df5774"),
        Some(vec![mozilla, until("2026-04-19T00:00:00Z")])
    );
    // DigiCert Global Root CA, by the schedule for old roots.
    for store in ["Mozilla", "Chrome"] {
        assert_eq!(conditions(store, "4348a0e9"), gone("2026-04-15T00:00:00Z"));
    }
    // HiPKI Root CA - G1 and ePKI of Chunghwa, NetLock Arany, GLOBALTRUST 2020.
    assert_eq!(conditions("Chrome", "f015ce3c"), sct("2025-07-31T23:59:59Z"));
    for (root, last) in [
        ("c0a6f4dc", "2025-07-31T23:59:59Z"),
        ("6c61dac3", "2025-07-31T23:59:59Z"),
        ("9a296a51", "2024-06-30T23:59:59Z"),
    ] {
        let expected = vec![Condition::Sct(at(last)), until("2026-11-21T00:00:00Z")];
        assert_eq!(conditions("Chrome", root), Some(expected));
    }
    // Izenpe.
    assert_eq!(
        conditions("Mozilla", "2530cc8e"),
        not_before("2026-04-15T23:59:59Z")
    );
    assert_eq!(conditions("Chrome", "2530cc8e"), sct("2026-04-14T23:59:59Z"));
    // TUBITAK.
    let names = Condition::Names(Arc::from(".tr"));
    assert_eq!(conditions("Mozilla", "46edc368"), Some(vec![names]));
    // Symantec Class 2 G6 is in Windows' list, and not for servers.
    assert_eq!(conditions("Windows", "cb627d18"), None);
}

#[test]
fn a_bundle_says_the_same_and_a_changed_byte_is_noticed() {
    let built_in = Collection::built_in();
    let bundle = built_in.to_bundle();
    let read = Collection::from_bundle(&bundle).unwrap();
    assert_eq!(read, built_in);
    assert_eq!(Stores::of(&read).identity(), Stores::public().identity());
    assert_eq!(Stores::of(&read).logs().len(), 161);
    assert_eq!(read.older_than(&built_in).count(), 0);
    for place in (0..bundle.len()).step_by(bundle.len() / 37) {
        let mut changed = bundle.clone();
        changed[place] ^= 1;
        assert!(Collection::from_bundle(&changed).is_err(), "{place}");
        assert!(Collection::from_bundle(&bundle[..place]).is_err(), "{place}");
    }
    assert_eq!(Collection::from_bundle(b"").err(), Some(BundleError::Foreign));
}

/// A bundle with sections of these names and contents, and a digest that fits.
fn bundle(sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"nolapse trust stores 1\n".to_vec();
    for (name, content) in sections {
        out.extend(format!("section {name} {}\n", content.len()).bytes());
        out.extend_from_slice(content);
        out.push(b'\n');
    }
    let seal = format!("sha256 {}\n", Fingerprint::of(&out));
    out.extend(seal.bytes());
    out
}

#[test]
fn a_bundle_that_is_whole_and_wrong_says_where() {
    let good = Good::new();
    let root = &good.root.certificate;
    let mut pool = root.fingerprint().as_bytes().to_vec();
    pool.extend(u16::try_from(root.der().len()).unwrap().to_be_bytes());
    pool.extend_from_slice(root.der());
    let store = |lines: &str| format!("name = \"X\"\ndate = \"2026-01-01\"\n{lines}");
    let roots = format!("[roots]\n{} = \"\"\n", root.fingerprint());
    let read = |pool: &[u8], store: &str| {
        Collection::from_bundle(&bundle(&[("roots", pool), ("store", store.as_bytes())]))
    };
    assert_eq!(read(&pool, &store(&roots)).unwrap().lists()[0].len(), 1);
    let unknown = format!("[roots]\n{} = \"\"\n", "00".repeat(32));
    assert!(matches!(read(&pool, &store(&unknown)), Err(BundleError::Root(_))));
    assert_eq!(
        read(&pool, &store("[roots]\nx = \"\"\n")).err(),
        Some(BundleError::Line { section: 2, line: 4 })
    );
    assert_eq!(
        read(&pool, "hello").err(),
        Some(BundleError::Line { section: 2, line: 1 })
    );
    assert_eq!(
        read(&pool, "").err(),
        Some(BundleError::Section(2)),
        "it has no name"
    );
    let mut forged = pool.clone();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(
        read(&forged, &store(&roots)).err(),
        Some(BundleError::Root(root.fingerprint()))
    );
    assert_eq!(
        read(&pool[1..], &store(&roots)).err(),
        Some(BundleError::Section(1))
    );
    assert_eq!(
        Collection::from_bundle(&bundle(&[])).err(),
        Some(BundleError::Empty)
    );
    assert_eq!(
        Collection::from_bundle(&bundle(&[("song", b"")])).err(),
        Some(BundleError::Section(1))
    );
    let store = store(&roots);
    let many = vec![("store", store.as_bytes()); 33];
    let many: Vec<_> = std::iter::once(("roots", pool.as_slice())).chain(many).collect();
    assert_eq!(
        Collection::from_bundle(&bundle(&many)).err(),
        Some(BundleError::TooMuch)
    );
}

#[test]
fn an_older_list_is_told_by_its_date() {
    let list = |date: &str| format!("name = \"X\"\ndate = \"{date}\"\n");
    let read = |date: &str| Collection::from_bundle(&bundle(&[("store", list(date).as_bytes())])).unwrap();
    let (old, new) = (read("2026-01-01"), read("2026-01-02"));
    assert_eq!(old.older_than(&new).count(), 1);
    assert_eq!(new.older_than(&old).count(), 0);
    assert_eq!(old.older_than(&old).count(), 0);
}

/// A leaf of 90 days that begins `days` from now, and what the store that trusts its root up to `since` says at `at`.
fn dated(good: &Good, days: i64, since: Timestamp, at: Timestamp) -> Trust {
    let leaf = good
        .issuing
        .leaf_with(&["shop.example"], |params| valid(params, days, days + 90));
    let stores = store(good, Condition::NotBefore(since));
    let chain = [leaf, Arc::clone(&good.issuing.certificate)];
    verdicts(&Question::of(&chain, at), &stores, &SignatureMemory::new())
        .remove(0)
        .outcome
}

fn store(good: &Good, condition: Condition) -> Stores {
    Stores::none()
        .with_public_store("Careful", vec![Arc::clone(&good.root.certificate)])
        .unwrap()
        .with_condition("Careful", good.root.certificate.fingerprint(), condition)
}

#[test]
fn distrust_goes_by_the_date_of_issue_and_never_by_now() {
    let good = Good::new();
    let since = day(10);
    // Issued before, at, and after the date; judged with the date ahead and with it past.
    for (begins, trusted) in [(9, true), (10, true), (11, false)] {
        for judged in [begins, begins + 1, begins + 60] {
            let outcome = dated(&good, begins, since, day(judged));
            assert_eq!(
                matches!(outcome, Trust::Trusted { .. }),
                trusted,
                "{begins} {judged}"
            );
            if let Trust::Refused { reasons } = outcome {
                let root = Arc::clone(&good.root.certificate);
                let expected = PathReason::DistrustedAfter {
                    root,
                    since,
                    by: Distrust::NotBefore,
                    at: Some(day(begins)),
                };
                assert_eq!(reasons, [expected]);
            }
        }
    }
    let second = jiff::SignedDuration::from_secs(1);
    assert!(matches!(
        dated(&good, 10, since - second, day(20)),
        Trust::Refused { .. }
    ));
}

#[test]
fn distrust_by_timestamp_goes_by_the_earliest_and_asks_for_one() {
    let good = Good::new();
    let logs = [LogKey::new("one"), LogKey::new("two")];
    let trusted = |seen: &model::Observation, since: Timestamp, at: Timestamp| {
        let stores = store(&good, Condition::Sct(since)).with_logs(list(&logs));
        judge_at(seen, &stores, &Policy::default(), at).trust[0]
            .outcome
            .clone()
    };
    let seen = timestamped_at(&good, &logs, day(-20));
    let second = jiff::SignedDuration::from_secs(1);
    for at in [day(-10), now(), day(30)] {
        assert!(matches!(trusted(&seen, day(-20), at), Trust::Trusted { .. }));
        assert!(matches!(trusted(&seen, day(10), at), Trust::Trusted { .. }));
        assert!(matches!(
            trusted(&seen, day(-20) - second, at),
            Trust::Refused { .. }
        ));
    }
    let Trust::Refused { reasons } = trusted(&good.observed(), day(10), now()) else {
        panic!("a leaf without timestamp is refused, as Chrome does");
    };
    assert!(matches!(
        &reasons[..],
        [PathReason::DistrustedAfter {
            by: Distrust::Sct,
            at: None,
            ..
        }]
    ));
    // A forged timestamp does not make a leaf older.
    let mut forged = timestamped_at(&good, &logs, day(5));
    let scts = &mut forged.handshake.as_mut().unwrap().scts;
    for sct in scts {
        sct.timestamp = Some(day(-25));
        let mut bytes = sct.bytes.to_vec();
        bytes[33..41].copy_from_slice(&day(-25).as_millisecond().to_be_bytes());
        sct.bytes = bytes.into();
    }
    assert!(matches!(trusted(&forged, day(0), day(6)), Trust::Refused { .. }));
}

#[test]
fn another_root_of_the_same_store_is_found_behind_a_distrusted_one() {
    let good = Good::new();
    let newer = Authority::root("Newer Root");
    let cross = newer.cross_sign(&good.root, "Example Root");
    let both = vec![Arc::clone(&good.root.certificate), Arc::clone(&newer.certificate)];
    let stores = Stores::none()
        .with_public_store("Careful", both)
        .unwrap()
        .with_condition(
            "Careful",
            good.root.certificate.fingerprint(),
            Condition::NotBefore(day(-100)),
        );
    let sent = [&good.leaf, &good.issuing.certificate, &cross];
    let assessment = judge_at(
        &observation("shop.example", &sent),
        &stores,
        &Policy::default(),
        now(),
    );
    let Trust::Trusted { path } = &assessment.trust[0].outcome else {
        panic!("{:?}", assessment.trust);
    };
    assert_eq!(path.last(), Some(&newer.certificate));
}

#[test]
fn what_was_judged_before_a_root_was_dropped_stays_as_it_was() {
    let good = Good::new();
    let name = good.root.certificate.fingerprint();
    let stores = Stores::none()
        .with_public_store("Careful", vec![Arc::clone(&good.root.certificate)])
        .unwrap()
        .with_removal("Careful", name, day(5));
    let said = |at| {
        judge_at(&good.observed(), &stores, &Policy::default(), at).trust[0]
            .outcome
            .clone()
    };
    let second = jiff::SignedDuration::from_secs(1);
    assert!(matches!(said(day(5) - second), Trust::Trusted { .. }));
    let Trust::Refused { reasons } = said(day(5)) else {
        panic!("it holds the root no more");
    };
    let root = Arc::clone(&good.root.certificate);
    assert_eq!(reasons, [PathReason::Removed { root, since: day(5) }]);
    assert!(stores.holding(name) == 0 && stores.holding_ever(name) == 1);
}

#[test]
fn another_root_is_found_behind_one_that_was_dropped() {
    let good = Good::new();
    let newer = Authority::root("Newer Root");
    let cross = newer.cross_sign(&good.root, "Example Root");
    let both = vec![Arc::clone(&good.root.certificate), Arc::clone(&newer.certificate)];
    let stores = Stores::none()
        .with_public_store("Careful", both)
        .unwrap()
        .with_removal("Careful", good.root.certificate.fingerprint(), day(-1));
    let chain = [
        Arc::clone(&good.leaf),
        Arc::clone(&good.issuing.certificate),
        cross,
    ];
    let said = verdicts(&Question::of(&chain, now()), &stores, &SignatureMemory::new()).remove(0);
    let Trust::Trusted { path } = &said.outcome else {
        panic!("{said:?}");
    };
    assert_eq!(path.last(), Some(&newer.certificate));
}

#[test]
fn a_list_keeps_what_was_removed_with_its_day_and_apart_from_what_it_holds() {
    let good = Good::new();
    let root = &good.root.certificate;
    let mut pool = root.fingerprint().as_bytes().to_vec();
    pool.extend(u16::try_from(root.der().len()).unwrap().to_be_bytes());
    pool.extend_from_slice(root.der());
    let read = |lines: String| {
        let list = format!("name = \"X\"\ndate = \"2026-01-01\"\n{lines}");
        Collection::from_bundle(&bundle(&[("roots", &pool), ("store", list.as_bytes())]))
    };
    let removed = format!("[removed]\n{} = \"2025-05-11\"\n", root.fingerprint());
    let stores = Stores::of(&read(removed.clone()).unwrap());
    assert_eq!((stores.list()[0].anchors, stores.list()[0].removed), (0, 1));
    let both = format!("{removed}[roots]\n{} = \"\"\n", root.fingerprint());
    assert_eq!(read(both).err(), Some(BundleError::Section(2)));
    let odd = removed.replace("2025-05-11", "May");
    assert_eq!(read(odd).err(), Some(BundleError::Line { section: 2, line: 4 }));
}

#[test]
fn a_condition_binds_only_the_store_that_sets_it() {
    let good = Good::new();
    let stores = store(&good, Condition::NotBefore(day(-100)))
        .with_public_store("Easy", vec![Arc::clone(&good.root.certificate)])
        .unwrap();
    let assessment = judge_at(&good.observed(), &stores, &Policy::default(), now());
    let trusted: Vec<_> = assessment
        .trust
        .iter()
        .map(|verdict| verdict.is_trusted())
        .collect();
    assert_eq!(trusted, [false, true]);
}

#[test]
fn a_store_confines_a_root_to_names() {
    let good = Good::new();
    let trusted = |names: &[&str]| {
        let leaf = good.issuing.leaf(names);
        let stores = store(&good, Condition::Names(Arc::from(".tr")));
        let seen = observation("shop.example", &[&leaf, &good.issuing.certificate]);
        judge_at(&seen, &stores, &Policy::default(), now()).trust[0].is_trusted()
    };
    assert!(trusted(&["kamu.gov.tr", "*.GOV.TR"]));
    assert!(!trusted(&["kamu.gov.tr", "shop.example"]));
    assert!(!trusted(&["kamu.gov.tr", "192.0.2.1"]));
    assert!(!trusted(&["notr"]));
}

#[test]
fn a_store_of_none_and_of_many() {
    let good = Good::new();
    let empty = Stores::none().with_user_store("empty", Vec::new()).unwrap();
    assert_eq!(empty.list()[0].anchors, 0);
    assert!(!judge_at(&good.observed(), &empty, &Policy::default(), now()).trust[0].is_trusted());
    let many: Vec<_> = (0..10_000_u32)
        .map(|number| Arc::new(Certificate::from_der(number.to_be_bytes())))
        .chain([
            Arc::clone(&good.root.certificate),
            Arc::clone(&good.root.certificate),
        ])
        .collect();
    let many = Stores::none().with_user_store("many", many).unwrap();
    assert_eq!(many.list()[0].anchors, 10_001, "one was given twice");
    assert!(judge_at(&good.observed(), &many, &Policy::default(), now()).trust[0].is_trusted());
}

#[test]
fn names_choose_stores() {
    let stores = Stores::public();
    assert_eq!(stores.named(&["apple", "Windows"]), Ok(Chosen(0b10_0010)));
    assert_eq!(stores.named(&["Chrome", "Opera"]), Err("Opera"));
}
