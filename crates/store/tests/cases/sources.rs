//! What sources tell of.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use model::inventory::{RowId, RunEnd, RunOutcome, SourceRun, Vantage};
use model::sighting::{
    CertificateSighting, Claim, EndpointSighting, OrderFacts, OrderState, Sighted, SightedCertificate,
    Sighting, SourceKind, SourceName,
};
use model::{Certificate, Untrusted};
use store::{SHARDS, Store};

use crate::support::synthetic::{day, leaf, place};

fn account() -> SourceName {
    SourceName::parse("account").unwrap()
}

pub(crate) fn whole(certificate: &Arc<Certificate>, at: Timestamp) -> Sighting {
    told(SightedCertificate::Whole(Arc::clone(certificate)), at)
}

pub(crate) fn claimed(certificate: &Arc<Certificate>, names: &[&str], at: Timestamp) -> Sighting {
    let facts = certificate.facts();
    let claim = Claim {
        issuer: Some(Untrusted::new("Synthetic CA 1")),
        serial: Some(facts.serial.clone()),
        names: names.iter().map(|name| Untrusted::new(*name)).collect(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        ..Claim::default()
    };
    told(SightedCertificate::Claimed(claim), at)
}

fn told(certificate: SightedCertificate, at: Timestamp) -> Sighting {
    let order = OrderFacts {
        order: Untrusted::new("4711"),
        certificate: Some(Untrusted::new("12")),
        state: OrderState::Issued,
        product: None,
        organization: None,
        ordered: Some(at),
        renewed: false,
    };
    Sighting {
        at,
        what: Sighted::Certificate(Box::new(CertificateSighting {
            certificate,
            place: None,
            order: Some(order),
        })),
    }
}

fn run(began: i64, end: Option<RunEnd>) -> SourceRun {
    SourceRun {
        source: account(),
        kind: SourceKind::Account,
        began: day(began),
        outcome: end.map(|end| RunOutcome {
            ended: day(began),
            end,
            found: 3,
            stored: 2,
            skipped: BTreeMap::from([("pending".into(), 1)]),
            error: (end == RunEnd::Failed).then(|| Untrusted::new("the key was refused")),
        }),
    }
}

pub(crate) async fn a_claim_is_joined_with_the_certificate_whichever_comes_first(store: &Store) {
    let (first, second) = (leaf(1, &["a.example"], 0), leaf(2, &["b.example"], 0));
    let claims = vec![
        claimed(&first, &["A.example"], day(1)),
        claimed(&second, &["b.example"], day(1)),
    ];
    let stored = store
        .sight(&account(), SourceKind::Account, claims)
        .await
        .unwrap();
    assert_eq!(stored.stored, 2);
    let rows = store.claims(RowId::START, 10).await.unwrap();
    assert!(rows.iter().all(|row| row.fits.is_none()));
    let files = SourceName::parse("files").unwrap();
    store
        .sight(&files, SourceKind::Files, vec![whole(&first, day(2))])
        .await
        .unwrap();
    let rows = store.claims(RowId::START, 10).await.unwrap();
    let fits: Vec<_> = rows.iter().filter_map(|row| row.fits).collect();
    assert_eq!(fits, [first.fingerprint()]);
    let told = &rows[0].told[0];
    assert_eq!(
        (told.source.as_str(), told.when.first, told.when.last),
        ("account", day(1), day(1))
    );
    assert!(told.detail.contains("\"order\":\"4711\""), "{}", told.detail);
    assert_eq!(store.counters().await.unwrap().claims, 2);
    let nothing = told_nothing();
    let stored = store
        .sight(&account(), SourceKind::Account, vec![nothing])
        .await
        .unwrap();
    assert_eq!((stored.stored, stored.skipped.values().sum::<u64>()), (0, 1));
}

fn told_nothing() -> Sighting {
    told(SightedCertificate::Claimed(Claim::default()), day(1))
}

pub(crate) async fn a_failing_run_removes_nothing(store: &Store) {
    let certificate = leaf(1, &["a.example"], 0);
    store.note_run(run(1, None)).await.unwrap();
    store
        .sight(&account(), SourceKind::Account, vec![whole(&certificate, day(1))])
        .await
        .unwrap();
    store.note_run(run(1, Some(RunEnd::Complete))).await.unwrap();
    store.note_run(run(2, Some(RunEnd::Failed))).await.unwrap();
    let rows = store.certificates(RowId::START, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].told[0].when.last, day(1));
    let sources = store.sources().await.unwrap();
    assert_eq!(sources.len(), 1);
    let (last, complete) = (
        sources[0].last.clone().unwrap(),
        sources[0].last_complete.clone().unwrap(),
    );
    assert_eq!((last.began, complete.began), (day(2), day(1)));
    let outcome = last.outcome.unwrap();
    assert!(outcome.adds_up());
    assert_eq!(outcome.error, Some(Untrusted::new("the key was refused")));
    assert_eq!(sources[0].told, 1);
}

pub(crate) async fn the_end_of_a_run_outlives_its_late_beginning(store: &Store) {
    store.note_run(run(1, Some(RunEnd::Complete))).await.unwrap();
    store.note_run(run(1, None)).await.unwrap();
    let runs = store.runs(&account(), 10).await.unwrap();
    assert_eq!(runs, [run(1, Some(RunEnd::Complete))]);
    store
        .schedule_source(&account(), SourceKind::Account, Some(day(3)), 2)
        .await
        .unwrap();
    let sources = store.sources().await.unwrap();
    assert_eq!((sources[0].due, sources[0].failures), (Some(day(3)), 2));
}

pub(crate) async fn an_asking_without_an_end_was_interrupted(store: &Store) {
    store.note_run(run(1, Some(RunEnd::Complete))).await.unwrap();
    store.note_run(run(2, None)).await.unwrap();
    assert_eq!(store.interrupt_runs(&account(), day(3)).await.unwrap(), 1);
    assert_eq!(store.interrupt_runs(&account(), day(4)).await.unwrap(), 0);
    let row = store.sources().await.unwrap().remove(0);
    let last = row.last.unwrap().outcome.unwrap();
    assert_eq!((last.end, last.ended), (RunEnd::Interrupted, day(3)));
    assert_eq!(
        row.last_complete.unwrap().began,
        day(1),
        "nothing follows from it"
    );
    // It was slow, and not gone.
    let mut late = run(2, Some(RunEnd::Complete));
    late.outcome.as_mut().unwrap().ended = day(5);
    store.note_run(late.clone()).await.unwrap();
    assert_eq!(store.sources().await.unwrap()[0].last, Some(late));
}

pub(crate) async fn places_that_are_told_of_are_due(store: &Store) {
    let zone = SourceName::parse("zone").unwrap();
    let place = place("a.example", 1);
    let sighting = Sighting {
        at: day(5),
        what: Sighted::Endpoint(EndpointSighting {
            service: Arc::new(place.service.clone()),
            address: place.address,
            because: vec![Untrusted::new("a.example. A 10.0.0.1")],
        }),
    };
    for _ in 0..2 {
        store
            .sight(&zone, SourceKind::Zone, vec![sighting.clone()])
            .await
            .unwrap();
    }
    let all: Vec<u16> = (0..SHARDS).collect();
    let due = store
        .due(&Vantage::local(), all.clone(), day(6), 10)
        .await
        .unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].due, &due[0].place, due[0].last), (day(5), &place, None));
    assert_eq!(
        store.next_due(&Vantage::local(), all).await.unwrap(),
        Some(day(5))
    );
    let places = store.places(RowId::START, 10).await.unwrap();
    assert_eq!(places.len(), 1);
    assert!(places[0].looked.is_empty());
    assert_eq!(
        &*places[0].told[0].detail,
        r#"{"because":["a.example. A 10.0.0.1"]}"#
    );
}

pub(crate) async fn texts_of_strangers_are_kept(store: &Store) {
    let hostile = "\u{0}\u{202e}'; DROP TABLE place; --\u{1b}[31m";
    let claim = Claim {
        issuer: Some(Untrusted::new(hostile)),
        common_name: Some(Untrusted::new(hostile)),
        names: vec![Untrusted::new(hostile), Untrusted::new("x".repeat(100_000))],
        serial: Some(vec![7; 100_000].into()),
        ..Claim::default()
    };
    let sighting = told(SightedCertificate::Claimed(claim), day(1));
    store
        .sight(&account(), SourceKind::Account, vec![sighting.clone()])
        .await
        .unwrap();
    store
        .sight(&account(), SourceKind::Account, vec![sighting])
        .await
        .unwrap();
    let rows = store.claims(RowId::START, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    let expected = hostile.replace('\0', "\u{2400}");
    assert_eq!(rows[0].issuer.as_ref().unwrap().raw(), expected);
    assert_eq!(rows[0].names.len(), 2);
    let names: Vec<String> = vec![hostile.to_owned(), "y".repeat(5000)];
    let certificate = crate::support::synthetic::certificate(&crate::support::synthetic::Wanted {
        serial: 1,
        issuer: hostile,
        names: &names,
        not_before: day(0),
        not_after: day(1),
        key: 1,
    });
    store
        .sight(&account(), SourceKind::Account, vec![whole(&certificate, day(1))])
        .await
        .unwrap();
    let row = store
        .certificate(certificate.fingerprint())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.names.len(), 2);
    assert_eq!(
        store.der(row.fingerprint).await.unwrap().unwrap(),
        certificate.der()
    );
}
