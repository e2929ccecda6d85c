//! The list of certificates, whole and claimed.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::finding::Severity;
use model::sighting::{SourceKind, SourceName};
use model::{Certificate, Status};
use store::{Condition, Entry, Found, Listing, Order, Store, What};

use super::looks::ingest;
use super::sources::{claimed, whole};
use crate::support::synthetic::{Wanted, certificate, day, in_order, leaf, look, place, with_finding};

const NOW: i64 = 100;

/// Ten certificates by their first names: two in trouble, some that live, some that are over, two that are only claimed.
async fn fill(store: &Store) {
    let account = SourceName::parse("account").unwrap();
    let served = |serial: u64, name: &str, from: i64| (leaf(serial, &[name], from), name.to_owned());
    let critical = served(1, "critical.example", 50);
    let warned = served(2, "warned.example", 20);
    let both = served(3, "both.example", 60);
    let fine = served(4, "fine.example", 70);
    let mut looks = vec![
        look(
            &place(&critical.1, 1),
            day(NOW),
            with_finding("x", Severity::Critical),
            &[Arc::clone(&critical.0)],
        ),
        look(
            &place(&warned.1, 2),
            day(NOW),
            with_finding("y", Severity::Warning),
            &[Arc::clone(&warned.0)],
        ),
        look(&place(&both.1, 3), day(NOW), in_order(), &[Arc::clone(&both.0)]),
        look(
            &place(&both.1, 4),
            day(NOW),
            with_finding("x", Severity::Critical),
            &[Arc::clone(&both.0)],
        ),
    ];
    looks.push(look(
        &place(&fine.1, 5),
        day(NOW),
        in_order(),
        &[Arc::clone(&fine.0)],
    ));
    ingest(store, looks).await;
    let [issued, over, older] = [
        leaf(5, &["issued.example", "*.wild.example"], 40),
        leaf(6, &["over.example"], 0),
        leaf(7, &["older.example"], -10),
    ];
    let [waiting, done] = [leaf(8, &["waiting.example"], 30), leaf(9, &["done.example"], 5)];
    let told = vec![
        whole(&issued, day(90)),
        whole(&over, day(90)),
        whole(&older, day(90)),
        whole(&other_issuer(), day(90)),
        claimed(&waiting, &["waiting.example"], day(90)),
        claimed(&done, &["done.example"], day(90)),
        claimed(&issued, &["issued.example", "*.wild.example"], day(90)),
    ];
    store.sight(&account, SourceKind::Account, told).await.unwrap();
}

fn other_issuer() -> Arc<Certificate> {
    certificate(&Wanted {
        serial: 10,
        issuer: "Other 100 % CA",
        names: &["a_b.example".to_owned()],
        not_before: day(80),
        not_after: day(200),
        key: 10,
    })
}

/// Names of the whole list, read in pages of `rows`.
async fn names(store: &Store, listing: &Listing, rows: u32) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(listing, after, rows, day(NOW)).await.unwrap();
        assert!(page.entries.len() <= usize::try_from(rows).unwrap());
        names.extend(page.entries.iter().map(|entry| match entry {
            Entry::Whole(row) => row.certificate.names[0].trim_start_matches("*.").to_owned(),
            Entry::Claimed(row) => format!("({})", row.names[0]),
        }));
        let Some(next) = page.next else { return names };
        after = Some(next.to_string().parse().unwrap());
    }
}

pub(crate) async fn trouble_comes_first_and_every_row_once(store: &Store) {
    fill(store).await;
    let urgency = [
        "critical.example",
        "both.example",
        "warned.example",
        "(waiting.example)",
        "wild.example",
        "fine.example",
        "a_b.example",
        "(done.example)",
        "over.example",
        "older.example",
    ];
    let listing = |order| Listing {
        order,
        ..Listing::default()
    };
    for rows in [1, 2, 3, 4, 7, 100] {
        assert_eq!(
            names(store, &listing(Order::Urgency), rows).await,
            urgency,
            "{rows} a page"
        );
        let ends = names(store, &listing(Order::Ends), rows).await;
        assert_eq!(ends[..3], ["older.example", "over.example", "(done.example)"]);
        assert_eq!(ends.len(), urgency.len(), "{rows} a page: {ends:?}");
        let newest = names(store, &listing(Order::Newest), rows).await;
        assert_eq!(newest.len(), urgency.len(), "{rows} a page: {newest:?}");
    }
    let page = store
        .list(&listing(Order::Urgency), None, 2, day(NOW))
        .await
        .unwrap();
    let both = if let Entry::Whole(both) = &page.entries[1] {
        Some(both)
    } else {
        None
    };
    let both = both.unwrap();
    assert_eq!(
        both.standings,
        BTreeMap::from([(Status::Ok, 1), (Status::Critical, 1)])
    );
    assert_eq!((both.served_by(), both.status()), (2, Some(Status::Critical)));
    let worst = both.worst.as_ref().unwrap();
    assert_eq!(worst.state.status, Status::Critical);
    assert!(worst.seen.is_some());
}

pub(crate) async fn every_condition_chooses_and_its_opposite_the_rest(store: &Store) {
    fill(store).await;
    let fingerprint = other_issuer().fingerprint();
    let cases = [
        (What::Word("WILD.ex".into()), 1),
        (What::Word("example".into()), 10),
        (What::Word("a_b".into()), 1),
        (What::Word("b_b".into()), 0),
        (What::Word("%".into()), 0),
        (What::Covers("x.wild.example".into()), 1),
        (What::Covers("wild.example".into()), 0),
        (What::Issuer("other 100 %".into()), 1),
        (What::Issuer("synthetic".into()), 9),
        (What::Number(fingerprint.as_bytes()[..4].to_vec()), 1),
        (What::Number(vec![0xff; 32]), 0),
        (What::Ends(Some(day(NOW)), Some(day(130))), 2),
        (What::Ends(None, Some(day(NOW))), 3),
        (What::Status(Status::Critical), 2),
        (What::Status(Status::Ok), 1),
        (What::Served, 4),
        (What::Told(SourceKind::Account), 6),
        (What::Told(SourceKind::Zone), 0),
        (What::Key("p-256".into()), 8),
        (What::Authority, 0),
    ];
    for (what, chosen) in cases {
        for (holds, count) in [(true, chosen), (false, 10 - chosen)] {
            let listing = Listing {
                conditions: vec![Condition {
                    what: what.clone(),
                    holds,
                }],
                order: Order::Urgency,
            };
            let found = names(store, &listing, 3).await;
            assert_eq!(found.len(), count, "{what:?} {holds}: {found:?}");
            let whole = found.iter().filter(|name| !name.starts_with('(')).count();
            let counted = store.count_listed(&listing, 100).await.unwrap();
            assert_eq!(counted, u64::try_from(whole).unwrap(), "{what:?} {holds}");
        }
    }
    assert_eq!(store.count_listed(&Listing::default(), 3).await.unwrap(), 3);
}

pub(crate) async fn ends_are_counted_by_day(store: &Store) {
    fill(store).await;
    let days = store.ends_by_day(day(NOW), day(160)).await.unwrap();
    let first = day(0).as_second() / 86_400;
    let expected = [(110, 1), (130, 1), (140, 1), (150, 1)].map(|(day, count)| (first + day, count));
    assert_eq!(days, BTreeMap::from(expected));
}

pub(crate) async fn endpoints_are_found_by_name_address_and_status(store: &Store) {
    fill(store).await;
    let cases = [
        (None, None, 5),
        (Some("BOTH"), None, 2),
        (Some("10.0.0.4"), None, 1),
        (Some("both"), Some(Status::Critical), 1),
        (None, Some(Status::Critical), 2),
        (Some("%"), None, 0),
        (None, Some(Status::Expired), 0),
    ];
    for (part, status, number) in cases {
        let wanted = Found {
            part: part.map(Into::into),
            status,
        };
        let rows = store.endpoints_found(&wanted, None, 10).await.unwrap();
        assert_eq!(rows.len(), number, "{wanted:?}");
        let Some(first) = store.endpoints_found(&wanted, None, 1).await.unwrap().pop() else {
            continue;
        };
        let service = &first.place.service;
        let after = (service.identity.to_string().into(), service.port, first.id);
        let others = store.endpoints_found(&wanted, Some(after), 10).await.unwrap();
        assert_eq!(others.len(), number - 1, "{wanted:?}");
    }
}
