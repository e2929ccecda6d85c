//! Schedule, leases, settings, and the life of the database.

use std::time::Duration;

use model::inventory::{RowId, Vantage};
use model::sighting::{SourceKind, SourceName};
use store::{Address, Due, Opening, SHARDS, Store, Trouble, shard};

use super::looks::ingest;
use super::sources::{claimed, whole};
use crate::support::synthetic::{day, in_order, leaf, look, place, refused};
use crate::support::{File, dump};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) async fn leases_pass_on_and_fence(store: &Store) {
    let one = store.claim("one", day(0), MINUTE, 40).await.unwrap();
    let two = store.claim("two", day(0), MINUTE, SHARDS).await.unwrap();
    assert_eq!((one.shards.len(), two.shards.len()), (40, 24));
    assert!(one.shards.keys().all(|shard| !two.shards.contains_key(shard)));
    let again = store.claim("one", day(0), MINUTE, 40).await.unwrap();
    assert_eq!(again.shards, one.shards, "who holds a shard keeps its epoch");
    let place = place("a.example", 1);
    let (holder, other) = if one.shards.contains_key(&shard(&place)) {
        (one, two)
    } else {
        (two, one)
    };
    let looks = || vec![look(&place, day(0), refused(), &[])];
    store
        .ingest(looks(), Vec::new(), Some(holder.clone()))
        .await
        .unwrap();
    let refused = store.ingest(looks(), Vec::new(), Some(other)).await.unwrap_err();
    assert_eq!(refused.trouble, Trouble::Stale { shard: shard(&place) });
    // The holder is frozen; its lease runs out and passes on.
    let next = store.claim("three", day(1), MINUTE, SHARDS).await.unwrap();
    assert_eq!(next.shards.len(), usize::from(SHARDS));
    let stale = store.ingest(looks(), Vec::new(), Some(holder)).await.unwrap_err();
    assert!(matches!(stale.trouble, Trouble::Stale { .. }));
    store
        .ingest(looks(), Vec::new(), Some(next.clone()))
        .await
        .unwrap();
    store.release(next).await.unwrap();
    assert_eq!(
        store.claim("four", day(1), MINUTE, 3).await.unwrap().shards.len(),
        3
    );
}

pub(crate) async fn who_is_gone_is_ousted_and_fenced(store: &Store) {
    assert_eq!(store.holders(day(0)).await.unwrap(), []);
    let gone = store.claim("gone", day(0), MINUTE, SHARDS).await.unwrap();
    let holders = store.holders(day(0)).await.unwrap();
    assert_eq!((&*holders[0].owner, holders[0].shards), ("gone", SHARDS));
    let nothing = store.claim("next", day(0), MINUTE, SHARDS).await.unwrap();
    assert!(nothing.shards.is_empty());
    store.oust("gone").await.unwrap();
    let next = store.claim("next", day(0), MINUTE, SHARDS).await.unwrap();
    assert_eq!(next.shards.len(), usize::from(SHARDS));
    let looks = vec![look(&place("a.example", 1), day(0), refused(), &[])];
    let stale = store.ingest(looks, Vec::new(), Some(gone)).await.unwrap_err();
    assert!(
        matches!(stale.trouble, Trouble::Stale { .. }),
        "it was not gone: {stale}"
    );
}

pub(crate) async fn due_places_come_by_time_and_shard(store: &Store) {
    let places: Vec<_> = (0..20).map(|number| place("a.example", number)).collect();
    let looks = places.iter().map(|place| look(place, day(0), refused(), &[]));
    let due = places.iter().zip(0..).map(|(place, number)| Due {
        place: place.clone(),
        vantage: Vantage::local(),
        due: Some(day(10 - number)),
        failures: 1,
    });
    store.ingest(looks.collect(), due.collect(), None).await.unwrap();
    let all: Vec<u16> = (0..SHARDS).collect();
    let found = store
        .due(&Vantage::local(), all.clone(), day(0), 5)
        .await
        .unwrap();
    let times: Vec<_> = found.iter().map(|place| place.due).collect();
    assert_eq!(times, [day(-9), day(-8), day(-7), day(-6), day(-5)]);
    assert_eq!(found[0].place, places[19]);
    assert_eq!(
        (found[0].failures, found[0].last.map(|(at, _)| at)),
        (1, Some(day(0)))
    );
    let own = vec![shard(&places[3])];
    let found = store
        .due(&Vantage::local(), own.clone(), day(99), 100)
        .await
        .unwrap();
    assert!(found.iter().all(|due| own.contains(&shard(&due.place))) && !found.is_empty());
    let never = Due {
        place: places[19].clone(),
        vantage: Vantage::local(),
        due: None,
        failures: 0,
    };
    store.schedule(vec![never], None).await.unwrap();
    assert_eq!(
        store.next_due(&Vantage::local(), all).await.unwrap(),
        Some(day(-8))
    );
}

pub(crate) async fn settings_are_kept(store: &Store) {
    assert_eq!(store.setting("quiet").await.unwrap(), None);
    store.set("quiet", "22:00-06:00").await.unwrap();
    store.set("quiet", "23:00-06:00").await.unwrap();
    assert_eq!(
        store.setting("quiet").await.unwrap().as_deref(),
        Some("23:00-06:00")
    );
}

pub(crate) async fn pruning_keeps_what_is_present(store: &Store) {
    let account = SourceName::parse("account").unwrap();
    let here = place("a.example", 1);
    for (number, serial) in [(0, 1), (1, 1), (100, 2), (200, 3)] {
        let chain = [leaf(
            serial,
            &["a.example", &format!("s{serial}.example")],
            number,
        )];
        ingest(store, vec![look(&here, day(number), in_order(), &chain)]).await;
    }
    ingest(
        store,
        vec![look(&place("gone.example", 2), day(0), refused(), &[])],
    )
    .await;
    let old = leaf(9, &["told.example"], 0);
    store
        .sight(
            &account,
            SourceKind::Account,
            vec![whole(&old, day(0)), claimed(&old, &["told.example"], day(0))],
        )
        .await
        .unwrap();
    assert!(store.prune(day(150)).await.unwrap() > 0);
    let endpoints = store.endpoints(RowId::START, 10).await.unwrap();
    assert_eq!(
        endpoints.len(),
        1,
        "what nobody tells of and nobody looks at any more is forgotten"
    );
    let history = &store.histories(RowId::START, 10).await.unwrap()[0];
    assert_eq!((history.leaves.len(), history.states.len()), (1, 1));
    let left: Vec<_> = store.certificates(RowId::START, 10).await.unwrap();
    let left: Vec<u8> = left.iter().map(|row| row.serial[8]).collect();
    assert_eq!(
        left,
        [2, 3, 9],
        "what is valid still, and what a source without a complete run told of"
    );
    let counters = store.counters().await.unwrap();
    assert_eq!(
        (counters.certificates, counters.places, counters.names),
        (3, 1, 4)
    );
    assert_eq!(counters.standings.values().sum::<u64>(), 1);
    let before = dump(store).await;
    store.prune(day(150)).await.unwrap();
    assert_eq!(dump(store).await, before, "once is enough");
}

pub(crate) async fn an_export_is_everything(store: &Store) {
    let account = SourceName::parse("account").unwrap();
    for number in 0..30_u32 {
        let name = format!("n{number}.example");
        let certificate = leaf(u64::from(number), &[&name], 0);
        let looks = vec![look(
            &place(&name, number),
            day(1),
            in_order(),
            std::slice::from_ref(&certificate),
        )];
        store.ingest(looks, Vec::new(), None).await.unwrap();
        let told = vec![
            whole(&certificate, day(2)),
            claimed(&certificate, &[&name], day(2)),
        ];
        store.sight(&account, SourceKind::Account, told).await.unwrap();
    }
    let file = File::new();
    let export = file.at("export");
    store.export(&export).await.unwrap();
    assert_eq!(
        store.export(&export).await.unwrap_err().trouble,
        Trouble::NotEmpty
    );
    let into = file.address();
    let folder = export.clone();
    let restored =
        tokio::task::spawn_blocking(move || Store::restore_blocking(&folder, &into, &Opening::at(day(300))));
    let restored = restored.await.unwrap().unwrap();
    assert_eq!(
        dump(&restored).await,
        dump(store).await,
        "whichever database it came from"
    );
    // What is new goes on behind what was restored.
    let looks = vec![look(
        &place("new.example", 99),
        day(3),
        in_order(),
        &[leaf(99, &["new.example"], 0)],
    )];
    restored.ingest(looks, Vec::new(), None).await.unwrap();
    assert_eq!(restored.counters().await.unwrap().places, 31);
    std::fs::write(export.join("place.ndjson"), "{\"id\":\"x\"}\n").unwrap();
    let other = Address::parse(file.at("other.db").to_str().unwrap()).unwrap();
    let refused =
        tokio::task::spawn_blocking(move || Store::restore_blocking(&export, &other, &Opening::at(day(300))));
    let refused = refused.await.unwrap().map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("place.ndjson line 1"), "{refused}");
    assert!(!file.at("other.db").exists());
}

pub(crate) async fn many_writers_at_once_lose_nothing(store: &Store) {
    let mut tasks = Vec::new();
    for worker in 0..8_u32 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for number in 0..10_u32 {
                let name = format!("n{number}.example");
                let certificate = leaf(u64::from(number), &[&name, "shared.example"], 0);
                let looks = (0..4).map(|step| {
                    look(
                        &place(&name, worker * 100 + number),
                        day(step),
                        in_order(),
                        std::slice::from_ref(&certificate),
                    )
                });
                store.ingest(looks.collect(), Vec::new(), None).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let counters = store.counters().await.unwrap();
    assert_eq!(
        (
            counters.places,
            counters.certificates,
            counters.names,
            counters.looks
        ),
        (80, 10, 11, 320)
    );
    let rows = store.endpoints(RowId::START, 100).await.unwrap();
    assert_eq!(rows.len(), 80);
    assert!(
        rows.iter()
            .all(|row| row.at == day(3) && row.leaf_since == Some(day(0)))
    );
}
