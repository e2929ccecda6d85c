//! Order of arrival does not matter: looks and sightings shuffled, doubled, delayed and cut into other batches end in
//! the same inventory, in both databases.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use model::finding::Severity;
use model::inventory::{Look, RunEnd, RunOutcome, SourceRun, Vantage};
use model::sighting::{
    CertificateSighting, Claim, EndpointSighting, Sighted, SightedCertificate, Sighting, SourceKind,
    SourceName,
};
use model::{Certificate, Untrusted};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use store::{Address, Store};
use support::synthetic::{day, in_order, leaf, look, place, refused, with_finding};
use support::{File, database, dump, open};
use testkit::servers::postgres::Cluster;

/// One thing that arrives.
#[derive(Clone, Debug)]
enum Arrival {
    Look(Box<Look>),
    Sighting(u8, Box<Sighting>),
    Run(SourceRun),
}

/// Four places, few times and few certificates: what happens to one of them happens again and again.
fn arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        6 => (0_u32..4, 0_i64..100, 0_u8..5, 1_u64..4, any::<bool>()).prop_map(a_look),
        2 => (0_u8..2, 0_i64..100, 0_u8..3, 1_u64..5).prop_map(a_sighting),
        1 => (0_u8..2, 0_i64..20, 0_usize..4).prop_map(a_run),
    ]
}

fn names(serial: u64) -> [&'static str; 2] {
    if serial.is_multiple_of(2) {
        ["a.example", "b.example"]
    } else {
        ["a.example", "*.a.example"]
    }
}

fn certificate(serial: u64) -> Arc<Certificate> {
    leaf(serial, &names(serial), 0)
}

fn a_look((number, at, what, serial, is_elsewhere): (u32, i64, u8, u64, bool)) -> Arrival {
    // Some looks share a time to the millisecond.
    let at = day(at)
        .checked_add(SignedDuration::from_hours(i64::from(what) / 4))
        .unwrap();
    let chain = [certificate(serial), leaf(99, &["Synthetic CA 1"], 0)];
    let (seen, chain): (_, &[_]) = match what {
        0 => (refused(), &[]),
        1 => (with_finding("ending", Severity::Warning), &chain),
        2 => (in_order(), chain.get(..1).unwrap_or_default()),
        _ => (in_order(), &chain),
    };
    let mut look = look(&place("a.example", number), at, seen, chain);
    if is_elsewhere && number == 0 {
        look.vantage = Vantage::parse("elsewhere").unwrap();
    }
    if what == 1 && number == 1 {
        look.further = vec![certificate(serial + 1)];
    }
    Arrival::Look(Box::new(look))
}

fn a_sighting((source, at, what, serial): (u8, i64, u8, u64)) -> Arrival {
    let certificate = certificate(serial);
    let what = match what {
        0 => Sighted::Endpoint(EndpointSighting {
            service: Arc::new(place("a.example", 0).service),
            address: place("a.example", u32::try_from(serial).unwrap()).address,
            because: vec![Untrusted::new("a record")],
        }),
        1 => Sighted::Certificate(Box::new(CertificateSighting {
            certificate: SightedCertificate::Whole(certificate),
            place: Some(Untrusted::new(format!("/etc/{}", at % 2))),
            order: None,
        })),
        _ => Sighted::Certificate(Box::new(CertificateSighting {
            certificate: SightedCertificate::Claimed(Claim {
                serial: Some(certificate.facts().serial.clone()),
                names: names(serial).map(Untrusted::new).to_vec(),
                not_after: certificate.facts().not_after,
                ..Claim::default()
            }),
            place: None,
            order: None,
        })),
    };
    Arrival::Sighting(source, Box::new(Sighting { at: day(at), what }))
}

fn source(number: u8) -> SourceName {
    SourceName::parse(&format!("source-{number}")).unwrap()
}

fn a_run((number, began, end): (u8, i64, usize)) -> Arrival {
    let outcome = RunEnd::ALL.get(end).map(|end| RunOutcome {
        ended: day(began + i64::from(*end as u8)),
        end: *end,
        found: 5,
        stored: 3,
        skipped: BTreeMap::from([("pending".into(), 2)]),
        error: None,
    });
    Arrival::Run(SourceRun {
        source: source(number),
        kind: SourceKind::Account,
        began: day(began),
        outcome,
    })
}

/// Hands everything in, `size` at a time.
async fn take(store: &Store, arrivals: &[Arrival], size: usize) {
    for batch in arrivals.chunks(size) {
        let mut looks = Vec::new();
        let mut sightings: BTreeMap<u8, Vec<Sighting>> = BTreeMap::new();
        for arrival in batch {
            match arrival {
                Arrival::Look(look) => looks.push((**look).clone()),
                Arrival::Sighting(source, sighting) => {
                    sightings.entry(*source).or_default().push((**sighting).clone())
                }
                Arrival::Run(run) => store.note_run(run.clone()).await.unwrap(),
            }
        }
        store.ingest(looks, Vec::new(), None).await.unwrap();
        for (number, sightings) in sightings {
            store
                .sight(&source(number), SourceKind::Account, sightings)
                .await
                .unwrap();
        }
    }
}

/// Another order, with some of them twice.
fn disturbed(arrivals: &[Arrival], seed: u64) -> Vec<Arrival> {
    let doubled = arrivals.iter().enumerate().flat_map(|(number, arrival)| {
        let times = 1 + usize::from(number % 3 == 0);
        std::iter::repeat_n(arrival.clone(), times)
    });
    let mut state = seed | 1;
    let mut keyed: Vec<(u64, Arrival)> = doubled
        .map(|arrival| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state, arrival)
        })
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, arrival)| arrival).collect()
}

fn compare(one: &Address, other: &Address, arrivals: &[Arrival], seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (one, other) = (open(one), open(other));
    runtime.block_on(async {
        take(&one, arrivals, 1000).await;
        let size = 1 + usize::try_from(seed % 7).unwrap();
        take(&other, &disturbed(arrivals, seed), size).await;
        assert_eq!(dump(&one).await, dump(&other).await);
        // What arrives again changes nothing.
        let before = dump(&one).await;
        take(&one, &disturbed(arrivals, seed.wrapping_add(7)), 5).await;
        assert_eq!(dump(&one).await, before);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn arrival_in_any_order_ends_in_the_same_inventory(
        arrivals in prop::collection::vec(arrival(), 0..60),
        seed in any::<u64>(),
    ) {
        let (one, other) = (File::new(), File::new());
        compare(&one.address(), &other.address(), &arrivals, seed);
    }
}

/// The same against PostgreSQL, and against SQLite: both keep the same.
#[test]
fn both_databases_end_in_the_same_inventory() {
    let cluster = Cluster::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for round in 0..4_u64 {
        let arrivals = prop::collection::vec(arrival(), 60..90)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let one = runtime.block_on(database(&cluster, &format!("one{round}")));
        let other = runtime.block_on(database(&cluster, &format!("other{round}")));
        compare(&one, &other, &arrivals, 0x5eed + round);
        let file = File::new();
        let (here, there) = (open(&file.address()), open(&one));
        runtime.block_on(async {
            take(&here, &arrivals, 9).await;
            assert_eq!(dump(&here).await, dump(&there).await);
        });
    }
}
