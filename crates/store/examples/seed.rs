//! Fills a memory with a synthetic world and says how fast: `seed URL THOUSANDS [PASSES]`.
//!
//! For each thousand of certificates there are 2,500 names and 3,000 endpoints; one endpoint in fifty has a finding of
//! its own. The first pass is all new, each further one sees the same four hours later. A tenth of the certificates is
//! also told of by an account. Not a test: `docs/benchmarks.md` is written from it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for measuring, which ends at the first thing that is wrong"
)]

#[path = "../tests/support/synthetic.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::panic,
    reason = "made for tests, of which this is a part"
)]
mod synthetic;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use model::Certificate;
use model::finding::Severity;
use model::inventory::Look;
use model::sighting::{CertificateSighting, Sighted, SightedCertificate, Sighting, SourceKind, SourceName};
use store::{Address, Opening, Store};
use synthetic::{Wanted, certificate, day, in_order, look, place, with_finding};

/// Certificates handed in at once; three looks for each.
const BATCH: u64 = 1000;
/// Batches under way at a time, so that one is made ready while another is written.
const UNDER_WAY: usize = 3;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = Address::parse(&arguments[0]).unwrap();
    let count: u64 = arguments[1].parse::<u64>().unwrap() * 1000;
    let passes: u64 = arguments.get(2).map_or(2, |text| text.parse().unwrap());
    let mut opening = Opening::at(day(300));
    opening.cache_kib = 256 * 1024;
    let store = Store::open(&address, opening).await.unwrap();
    for pass in 0..passes {
        let begun = Instant::now();
        let mut tasks = VecDeque::new();
        for first in (0..count).step_by(usize::try_from(BATCH).unwrap()) {
            let store = store.clone();
            tasks.push_back(tokio::spawn(async move { hand_in(&store, first, pass).await }));
            if tasks.len() >= UNDER_WAY {
                tasks.pop_front().unwrap().await.unwrap();
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        let (looks, seconds) = (count * 3, begun.elapsed().as_secs_f64());
        println!(
            "pass {pass}: {looks} looks in {seconds:.1} s, {:.0} a second",
            looks as f64 / seconds
        );
    }
    let begun = Instant::now();
    println!("{:?} in {:?}", store.counters().await.unwrap(), begun.elapsed());
    for (what, seconds) in questions(&store).await {
        println!("{what}: {seconds:.3} s");
    }
}

async fn hand_in(store: &Store, first: u64, pass: u64) {
    let at = day(10)
        .checked_add(SignedDuration::from_hours(i64::try_from(pass * 4).unwrap()))
        .unwrap();
    let mut looks = Vec::new();
    let mut told = Vec::new();
    let issuer = synthetic::leaf(u64::MAX, &["Synthetic CA 1"], -100);
    for number in first..first + BATCH {
        let (leaf, names) = a_certificate(number);
        if number.is_multiple_of(10) && pass == 0 {
            told.push(sighting(&leaf, at));
        }
        looks.extend(three(number, &names, &[leaf, Arc::clone(&issuer)], at));
    }
    store.ingest(looks, Vec::new(), None).await.unwrap();
    let account = SourceName::parse("account").unwrap();
    store.sight(&account, SourceKind::Account, told).await.unwrap();
}

/// Two or three names: 2.5 in the mean.
fn a_certificate(number: u64) -> (Arc<Certificate>, Vec<String>) {
    let mut names = vec![
        format!("www.site{number}.example.com"),
        format!("site{number}.example.com"),
    ];
    if number.is_multiple_of(2) {
        names.push(format!("api.site{number}.example.com"));
    }
    let day_of = i64::try_from(number % 80).unwrap() - 75;
    let leaf = certificate(&Wanted {
        serial: number,
        issuer: "Synthetic CA 1",
        names: &names,
        not_before: day(day_of),
        not_after: day(day_of + 90),
        key: number - number % 200 / 199,
    });
    (leaf, names)
}

fn three(number: u64, names: &[String], chain: &[Arc<Certificate>], at: Timestamp) -> Vec<Look> {
    let looks = (0..3_u64).map(|index| {
        let place = place(
            &names[usize::try_from(index % 2).unwrap()],
            u32::try_from(number * 3 + index).unwrap(),
        );
        let seen = if (number * 3 + index).is_multiple_of(50) {
            with_finding(&format!("ending-{}", number % 30), Severity::Warning)
        } else {
            in_order()
        };
        look(&place, at, seen, chain)
    });
    looks.collect()
}

fn sighting(leaf: &Arc<Certificate>, at: Timestamp) -> Sighting {
    Sighting {
        at,
        what: Sighted::Certificate(Box::new(CertificateSighting {
            certificate: SightedCertificate::Whole(Arc::clone(leaf)),
            place: None,
            order: None,
        })),
    }
}

/// How long reading everything takes, page by page.
async fn questions(store: &Store) -> Vec<(&'static str, f64)> {
    use model::inventory::RowId;
    const PAGE: u32 = 2000;
    let mut times = Vec::new();
    let begun = Instant::now();
    let mut after = RowId::START;
    while let Some(last) = store.certificates(after, PAGE).await.unwrap().last() {
        after = last.id;
    }
    times.push(("certificates", begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    let mut after = RowId::START;
    while let Some(last) = store.endpoints(after, PAGE).await.unwrap().last() {
        after = last.id;
    }
    times.push(("endpoints", begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    let mut after = RowId::START;
    loop {
        let page = store.certificates_served(after, PAGE).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.id;
        store
            .newer_certificates(page.iter().map(|row| row.id).collect())
            .await
            .unwrap();
    }
    times.push(("newer than served", begun.elapsed().as_secs_f64()));
    let begun = Instant::now();
    store
        .certificates_ending(day(10), day(17), None, PAGE)
        .await
        .unwrap();
    times.push(("ending, first page", begun.elapsed().as_secs_f64()));
    times
}
