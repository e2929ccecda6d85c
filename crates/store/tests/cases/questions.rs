//! What reports ask.

use std::collections::BTreeSet;

use model::inventory::RowId;
use model::sighting::{SourceKind, SourceName};
use store::Store;

use super::looks::ingest;
use super::sources::{claimed, whole};
use crate::support::synthetic::{Wanted, certificate, day, in_order, leaf, look, place};

fn account() -> SourceName {
    SourceName::parse("account").unwrap()
}

pub(crate) async fn a_newer_certificate_for_the_same_name_is_found(store: &Store) {
    let (old, new) = (
        leaf(1, &["a.example.com"], 0),
        leaf(2, &["a.example.com", "b.example.com"], 60),
    );
    let (wildcard, other) = (leaf(3, &["*.example.com"], 70), leaf(4, &["c.example.com"], 80));
    let later = leaf(5, &["a.example.com"], 85);
    ingest(
        store,
        vec![look(
            &place("a.example.com", 1),
            day(1),
            in_order(),
            std::slice::from_ref(&old),
        )],
    )
    .await;
    let told = vec![
        whole(&new, day(61)),
        whole(&wildcard, day(71)),
        whole(&other, day(81)),
        claimed(&later, &["a.example.com"], day(86)),
    ];
    store.sight(&account(), SourceKind::Account, told).await.unwrap();
    let served = store.certificates_served(RowId::START, 10).await.unwrap();
    assert_eq!(served.len(), 1);
    let newer = store.newer_certificates(vec![served[0].id]).await.unwrap();
    let found: BTreeSet<_> = newer.iter().map(|(_, row)| row.fingerprint).collect();
    assert_eq!(found, BTreeSet::from([new.fingerprint(), wildcard.fingerprint()]));
    let claims = store.newer_claims(vec![served[0].id]).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(
        (claims[0].0, claims[0].1.not_before),
        (served[0].id, Some(day(85)))
    );
}

#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
pub(crate) async fn certificates_are_found_by_end_name_and_use(store: &Store) {
    let (served, issued) = (
        leaf(1, &["a.example"], 0),
        leaf(2, &["a.example", "b.example"], 10),
    );
    ingest(
        store,
        vec![look(
            &place("a.example", 1),
            day(1),
            in_order(),
            std::slice::from_ref(&served),
        )],
    )
    .await;
    store
        .sight(&account(), SourceKind::Account, vec![whole(&issued, day(11))])
        .await
        .unwrap();
    let never = store.certificates_never_served(RowId::START, 10).await.unwrap();
    assert_eq!(
        never.iter().map(|row| row.fingerprint).collect::<Vec<_>>(),
        [issued.fingerprint()]
    );
    let ending = store
        .certificates_ending(day(80), day(95), None, 10)
        .await
        .unwrap();
    assert_eq!(
        ending.iter().map(|row| row.fingerprint).collect::<Vec<_>>(),
        [served.fingerprint()]
    );
    let both = store
        .certificates_ending(day(90), day(100), None, 1)
        .await
        .unwrap();
    let next = store
        .certificates_ending(
            day(90),
            day(100),
            Some((both[0].not_after.unwrap(), both[0].id)),
            1,
        )
        .await
        .unwrap();
    assert_eq!(next[0].fingerprint, issued.fingerprint());
    let named = store
        .certificates_named("a.example", RowId::START, 10)
        .await
        .unwrap();
    assert_eq!(named.len(), 2);
    let names = store.names(RowId::START, 10).await.unwrap();
    let a = names.iter().find(|row| &*row.name == "a.example").unwrap();
    assert_eq!((a.certificates, a.places, a.looked_at), (2, 1, 1));
    let serving = store
        .endpoints_serving(named[0].id, RowId::START, 10)
        .await
        .unwrap();
    assert_eq!(serving.len(), 1);
    let by_id = store
        .certificates_by_id(vec![named[0].id, RowId(999)])
        .await
        .unwrap();
    assert_eq!(by_id.len(), 1);
}

pub(crate) async fn shared_keys_are_found(store: &Store) {
    let names = ["a.example".to_owned()];
    let sighting = |serial, key| {
        let wanted = Wanted {
            serial,
            issuer: "Synthetic CA 1",
            names: &names,
            not_before: day(0),
            not_after: day(90),
            key,
        };
        whole(&certificate(&wanted), day(1))
    };
    let told = vec![sighting(1, 7), sighting(2, 7), sighting(3, 8)];
    store.sight(&account(), SourceKind::Account, told).await.unwrap();
    let groups = store.key_groups(None, 10).await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!((groups[0].count, groups[0].certificates.len()), (2, 2));
    assert!(
        store
            .key_groups(Some(groups[0].spki), 10)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(crate) async fn pages_go_on_where_the_one_before_ended(store: &Store) {
    let mut looks = Vec::new();
    for number in 0..25_u32 {
        let name = format!("n{}.example", number / 2);
        let serial = u64::from(number);
        looks.push(look(
            &place(&name, number),
            day(1),
            in_order(),
            &[leaf(serial, &[&name], 0)],
        ));
    }
    store.ingest(looks, Vec::new(), None).await.unwrap();
    let (mut after, mut seen) = (RowId::START, Vec::new());
    loop {
        let rows = store.endpoints(after, 4).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = last.id;
        seen.extend(rows.into_iter().map(|row| row.id));
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
    let (mut after, mut names) = (None, Vec::new());
    loop {
        let rows = store.endpoints_by_name(after.clone(), 4).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some((last.place.service.identity.to_string().into(), 443, last.id));
        names.extend(rows.into_iter().map(|row| row.place.service.identity.to_string()));
    }
    let mut distinct = names.clone();
    distinct.dedup();
    assert_eq!(
        (names.len(), distinct.len()),
        (25, 13),
        "addresses of one name stand together"
    );
}
