//! D1: a program that ingests is killed at a hundred points; what was acknowledged is there, and nothing twice.
//!
//! This program starts itself as the child. The child hands batches in, several at once so that they share transactions,
//! and writes the number of each batch that was acknowledged; the parent kills it at some moment and looks at what is
//! there. For PostgreSQL, in some rounds, the server is killed as well.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use model::inventory::{Look, RowId};
use model::sighting::{SourceKind, SourceName};
use store::{Address, Store};
use support::synthetic::{day, in_order, leaf, look, place, refused};
use support::{File, database, dump, open};
use testkit::servers::postgres::Cluster;

/// Points at which the child is killed.
const KILLS: u64 = 100;
/// Of these, for PostgreSQL, every so many also kill the server.
const SERVER_EVERY: u64 = 20;
/// Batches of the child that are under way at a time.
const LANES: u64 = 3;
/// How long a start may take after a kill (safety: five seconds).
const RESTART: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["child", address, first] = words.as_slice() {
        child(&Address::parse(address).unwrap(), first.parse().unwrap());
        return ExitCode::SUCCESS;
    }
    // The usual arguments of tests: a filter that means others, or a list.
    let is_meant = words
        .iter()
        .filter(|word| !word.starts_with('-'))
        .all(|word| "a_killed_program_loses_nothing_acknowledged".contains(*word));
    if !is_meant || words.contains(&"--list") {
        return ExitCode::SUCCESS;
    }
    let file = File::new();
    rounds(&file.address(), file.path().to_str().unwrap(), |_| {});
    let mut cluster = Cluster::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let address = runtime.block_on(database(&cluster, "killed"));
    let url = cluster.url("killed");
    rounds(&address, &url, move |round| {
        if round % SERVER_EVERY == 0 {
            cluster.kill();
            cluster.again();
        }
    });
    ExitCode::SUCCESS
}

/// Hands in batches without end, from `first` on, and says which were acknowledged.
fn child(address: &Address, first: u64) {
    let store = open(address);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        for number in 1..LANES {
            drop(tokio::spawn(lane(store.clone(), first + number)));
        }
        lane(store.clone(), first).await;
    });
}

/// Every [`LANES`]th batch from `number` on.
async fn lane(store: Store, mut number: u64) {
    while number < u64::MAX - LANES {
        hand_in(&store, number).await;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{number}").and_then(|()| out.flush()).unwrap();
        drop(out);
        number += LANES;
    }
}

async fn hand_in(store: &Store, number: u64) {
    store.ingest(batch(number), Vec::new(), None).await.unwrap();
    let account = SourceName::parse("account").unwrap();
    let told = model::sighting::Sighting {
        at: time(number),
        what: model::sighting::Sighted::Certificate(Box::new(model::sighting::CertificateSighting {
            certificate: model::sighting::SightedCertificate::Whole(own(number)),
            place: None,
            order: None,
        })),
    };
    store
        .sight(&account, SourceKind::Account, vec![told])
        .await
        .unwrap();
}

fn time(number: u64) -> jiff::Timestamp {
    let minutes = SignedDuration::from_mins(i64::try_from(number).unwrap());
    day(0).checked_add(minutes).unwrap()
}

fn own(number: u64) -> std::sync::Arc<model::Certificate> {
    leaf(number, &[&format!("n{number}.example"), "shared.example"], 0)
}

/// Places of its own, and looks at places that every batch looks at: some unchanged, some changing each time.
fn batch(number: u64) -> Vec<Look> {
    let at = time(number);
    let own_place = |index: u64| {
        place(
            &format!("n{number}.example"),
            u32::try_from(number * 8 + index + 100).unwrap(),
        )
    };
    let mut looks: Vec<Look> = (0..4)
        .map(|index| look(&own_place(index), at, in_order(), &[own(number)]))
        .collect();
    let common = leaf(9_000_000, &["shared.example"], 0);
    for index in 0..4 {
        let here = place("shared.example", index);
        looks.push(match index {
            0 | 1 => look(&here, at, in_order(), std::slice::from_ref(&common)),
            2 => look(&here, at, refused(), &[]),
            _ => look(&here, at, in_order(), &[own(number)]),
        });
    }
    looks
}

fn rounds(address: &Address, text: &str, mut between: impl FnMut(u64)) {
    let mut acknowledged: BTreeSet<u64> = BTreeSet::new();
    let (mut first, mut chance, mut slowest) = (0, 0x9e37_79b9_u64, Duration::ZERO);
    drop(open(address));
    for round in 1..=KILLS {
        let before = acknowledged.len();
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        first = next_lane(first);
        acknowledged.extend(one_life(text, first, chance));
        between(round);
        let begun = Instant::now();
        let store = open(address);
        slowest = slowest.max(begun.elapsed());
        assert!(
            acknowledged.len() > before,
            "round {round}: the child did something"
        );
        first = acknowledged.last().map_or(first, |last| last + 1) + 2 * LANES;
        if round % 10 == 0 {
            verify(&store, &acknowledged);
        } else {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let newest = acknowledged.last().copied().unwrap_or_default();
            runtime.block_on(present(&store, newest));
        }
    }
    assert!(slowest <= RESTART, "the slowest start took {slowest:?}");
    finish(address, &acknowledged);
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{address}: {KILLS} kills, {} batches acknowledged, slowest start {slowest:?}",
        acknowledged.len()
    )
    .unwrap();
}

/// The first number of a lane, so that a number is never handed in by two lives.
const fn next_lane(number: u64) -> u64 {
    number.next_multiple_of(LANES)
}

/// Starts the child, kills it at some moment after some acknowledgements, and gives back what it had acknowledged.
fn one_life(address: &str, first: u64, chance: u64) -> Vec<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", address, &first.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    for _ in 0..=(chance % 5) {
        lines.extend(line(&mut reader));
    }
    // The moment of the kill is meant to be any moment: this is not waiting for something.
    std::thread::sleep(Duration::from_micros(chance % 20_000));
    kill(&mut child);
    while let Some(number) = line(&mut reader) {
        lines.push(number);
    }
    lines
}

fn line(reader: &mut BufReader<ChildStdout>) -> Option<u64> {
    let mut text = String::new();
    reader.read_line(&mut text).unwrap();
    // The last line may be cut off.
    text.strip_suffix('\n').map(|number| number.parse().unwrap())
}

fn kill(child: &mut Child) {
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whether a batch is there as a whole.
async fn present(store: &Store, number: u64) {
    let certificate = store.certificate(own(number).fingerprint()).await.unwrap();
    let row = certificate.unwrap_or_else(|| panic!("batch {number} was acknowledged and is gone"));
    assert_eq!(row.told.len(), 1, "batch {number}: what the source told of");
    let rows = store.endpoints_serving(row.id, RowId::START, 10).await.unwrap();
    let own_places = rows
        .iter()
        .filter(|row| row.place.service.identity.to_string() == format!("n{number}.example"));
    assert_eq!(own_places.count(), 4, "batch {number}");
}

/// All that was acknowledged is there, counters are what rows are, and the database finds itself in order.
fn verify(store: &Store, acknowledged: &BTreeSet<u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        store.check().await.unwrap();
        for number in acknowledged.iter().rev().take(12) {
            present(store, *number).await;
        }
        let mut names = BTreeSet::new();
        let (mut after, mut places) = (RowId::START, 0);
        loop {
            let rows = store.places(after, 5000).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = last.id;
            places += rows.len() as u64;
            names.extend(rows.into_iter().map(|row| row.place.service.identity.to_string()));
        }
        for number in acknowledged {
            assert!(
                names.contains(&format!("n{number}.example")),
                "batch {number} is gone"
            );
        }
        let counters = store.counters().await.unwrap();
        assert_eq!(counters.places, places);
        assert_eq!(
            counters.standings.values().sum::<u64>(),
            places,
            "each place was looked at, and stands once"
        );
    });
}

/// All batches handed in again, by a life that nobody ends, give what they give in a fresh database.
fn finish(address: &Address, acknowledged: &BTreeSet<u64>) {
    let store = open(address);
    verify(&store, acknowledged);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fresh = File::new();
    let other = open(&fresh.address());
    runtime.block_on(async {
        let last = acknowledged.last().copied().unwrap_or_default() + 20 * LANES;
        for first in (0..last).step_by(100) {
            let all: Vec<u64> = (first..last.min(first + 100)).collect();
            for store in [&store, &other] {
                let looks = all.iter().flat_map(|number| batch(*number)).collect();
                store.ingest(looks, Vec::new(), None).await.unwrap();
                for number in &all {
                    hand_in(store, *number).await;
                }
            }
        }
        assert!(
            dump(&store).await == dump(&other).await,
            "killed or not, the same"
        );
    });
}
