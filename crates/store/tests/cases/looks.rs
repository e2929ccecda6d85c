//! Looks into standings and history.

use std::sync::Arc;

use jiff::SignedDuration;
use model::finding::Severity;
use model::inventory::episode::Episode;
use model::inventory::{EndpointRow, HistoryRow, Look, RowId, Vantage};
use model::{Certificate, Fingerprint, Status};
use store::Store;

use crate::support::synthetic::{day, in_order, leaf, look, place, refused, with_finding};

pub(crate) async fn ingest(store: &Store, looks: Vec<Look>) {
    store.ingest(looks, Vec::new(), None).await.unwrap();
}

async fn only_endpoint(store: &Store) -> EndpointRow {
    let mut rows = store.endpoints(RowId::START, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

async fn only_history(store: &Store) -> HistoryRow {
    let mut rows = store.histories(RowId::START, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn chain(serial: u64) -> Vec<Arc<Certificate>> {
    vec![
        leaf(serial, &["a.example"], 0),
        leaf(1000, &["Synthetic CA 1"], -100),
    ]
}

fn days(first: i64, last: i64) -> Episode {
    Episode {
        first: day(first),
        last: day(last),
    }
}

fn leaves(history: &HistoryRow) -> Vec<(Episode, Fingerprint)> {
    history.leaves.clone()
}

pub(crate) async fn an_unchanged_look_moves_the_standing_and_adds_no_episode(store: &Store) {
    let place = place("a.example", 1);
    for number in [0, 1, 2, 2, 1] {
        ingest(store, vec![look(&place, day(number), in_order(), &chain(1))]).await;
    }
    let row = only_endpoint(store).await;
    assert_eq!(
        (row.at, row.leaf_since, row.state_since),
        (day(2), Some(day(0)), day(0))
    );
    assert_eq!(row.leaf, Some(chain(1)[0].fingerprint()));
    assert_eq!(row.chain, [chain(1)[0].fingerprint(), chain(1)[1].fingerprint()]);
    assert_eq!(row.samples.len(), 3, "a look that comes twice counts once");
    let history = only_history(store).await;
    assert_eq!(leaves(&history), [(days(0, 2), chain(1)[0].fingerprint())]);
    assert_eq!(history.states.len(), 1);
}

pub(crate) async fn a_replaced_certificate_leaves_an_episode(store: &Store) {
    let place = place("a.example", 1);
    for (number, serial) in [(0, 1), (10, 1), (20, 2), (60, 2), (70, 1)] {
        ingest(store, vec![look(&place, day(number), in_order(), &chain(serial))]).await;
    }
    let (old, new) = (chain(1)[0].fingerprint(), chain(2)[0].fingerprint());
    let mut expected = vec![
        (days(0, 10), old),
        (days(20, 20), new),
        (days(60, 60), new),
        (days(70, 70), old),
    ];
    expected.sort();
    assert_eq!(leaves(&only_history(store).await), expected);
    assert_eq!(only_endpoint(store).await.leaf_since, Some(day(70)));
}

pub(crate) async fn two_backends_have_overlapping_episodes(store: &Store) {
    let place = place("a.example", 1);
    let looks = (0..40).map(|number| {
        let at = day(0).checked_add(SignedDuration::from_hours(number)).unwrap();
        look(&place, at, in_order(), &chain(1 + (number % 2).unsigned_abs()))
    });
    ingest(store, looks.collect()).await;
    let history = only_history(store).await;
    assert_eq!(history.leaves.len(), 2);
    assert!(
        history.leaves[0].0.last > history.leaves[1].0.first,
        "they overlap"
    );
    assert_eq!(history.samples.len(), 32);
    let of_one = history
        .samples
        .iter()
        .filter(|sample| sample.leaf == chain(1)[0].fingerprint());
    assert_eq!(of_one.count(), 16);
}

pub(crate) async fn a_late_look_corrects_history_and_not_the_present(store: &Store) {
    let place = place("a.example", 1);
    ingest(store, vec![look(&place, day(0), in_order(), &chain(1))]).await;
    ingest(store, vec![look(&place, day(20), in_order(), &chain(1))]).await;
    assert_eq!(only_history(store).await.leaves.len(), 2, "a gap of twenty days");
    ingest(
        store,
        vec![look(
            &place,
            day(10),
            with_finding("ending", Severity::Warning),
            &chain(1),
        )],
    )
    .await;
    let history = only_history(store).await;
    assert_eq!(
        leaves(&history),
        [(days(0, 20), chain(1)[0].fingerprint())],
        "the late look closes it"
    );
    assert_eq!(history.states.len(), 3, "the state of that day is one of its own");
    let row = only_endpoint(store).await;
    assert_eq!((row.at, row.state.status), (day(20), Status::Ok));
    assert_eq!((row.leaf_since, row.state_since), (Some(day(0)), day(20)));
}

pub(crate) async fn vantages_do_not_overwrite_each_other(store: &Store) {
    let place = place("a.example", 1);
    let inside = Look {
        vantage: Vantage::parse("inside").unwrap(),
        ..look(&place, day(1), refused(), &[])
    };
    ingest(store, vec![look(&place, day(0), in_order(), &chain(1)), inside]).await;
    let rows = store.endpoints(RowId::START, 10).await.unwrap();
    let seen: Vec<(&str, Status)> = rows
        .iter()
        .map(|row| (row.vantage.as_str(), row.state.status))
        .collect();
    assert_eq!(seen, [("inside", Status::Error), ("local", Status::Ok)]);
    assert_eq!(rows[0].leaf, None);
}

pub(crate) async fn a_past_day_is_answered(store: &Store) {
    let place = place("a.example", 1);
    for (number, serial) in [(0, 1), (10, 1), (11, 2), (20, 2)] {
        ingest(store, vec![look(&place, day(number), in_order(), &chain(serial))]).await;
    }
    ingest(store, vec![look(&place, day(30), refused(), &[])]).await;
    for (number, leaf) in [(5, Some(chain(1))), (15, Some(chain(2))), (31, None)] {
        let (rows, _) = store.endpoints_at(day(number), RowId::START, 10).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            rows[0].leaf,
            leaf.map(|chain| chain[0].fingerprint()),
            "day {number}"
        );
        assert_eq!(rows[0].leaf.is_some(), rows[0].leaf_id.is_some());
    }
    let (rows, next) = store.endpoints_at(day(-1), RowId::START, 10).await.unwrap();
    assert!(
        rows.is_empty() && next.is_some(),
        "the place is there, and nobody had looked"
    );
}

pub(crate) async fn what_was_seen_comes_back_word_for_word(store: &Store) {
    let seen = with_finding("expired", Severity::Expired);
    ingest(
        store,
        vec![look(&place("a.example", 1), day(0), seen.clone(), &chain(1))],
    )
    .await;
    let row = only_endpoint(store).await;
    assert_eq!(row.seen, Some(seen.clone()));
    assert_eq!(row.state, seen.state());
    assert_eq!(row.place, place("a.example", 1));
}

pub(crate) async fn counters_follow_the_standings(store: &Store) {
    let (one, two) = (place("a.example", 1), place("a.example", 2));
    ingest(
        store,
        vec![
            look(&one, day(0), in_order(), &chain(1)),
            look(&two, day(0), refused(), &[]),
        ],
    )
    .await;
    ingest(store, vec![look(&two, day(1), in_order(), &chain(1))]).await;
    ingest(store, vec![look(&two, day(1), in_order(), &chain(1))]).await;
    let counters = store.counters().await.unwrap();
    assert_eq!(
        (counters.places, counters.certificates, counters.looks),
        (2, 2, 4)
    );
    assert_eq!(counters.names, 2);
    assert_eq!(
        counters.standings.into_iter().collect::<Vec<_>>(),
        [(Status::Ok, 2)]
    );
}

pub(crate) async fn further_leaves_have_episodes_too(store: &Store) {
    let place = place("a.example", 1);
    for number in [0, 5] {
        let both = Look {
            further: vec![leaf(7, &["a.example"], 0)],
            ..look(&place, day(number), in_order(), &chain(1))
        };
        ingest(store, vec![both]).await;
    }
    let history = only_history(store).await;
    let mut expected = vec![
        (days(0, 5), chain(1)[0].fingerprint()),
        (days(0, 5), leaf(7, &["a.example"], 0).fingerprint()),
    ];
    expected.sort();
    assert_eq!(leaves(&history), expected);
    assert_eq!(only_endpoint(store).await.leaf, Some(chain(1)[0].fingerprint()));
}
