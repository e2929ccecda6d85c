//! `nolapse demo`: every finding that its world is there for is found, and nothing of it stays.

#![expect(
    clippy::expect_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cli_world;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use testkit::folder::Folder;

use crate::cli_world::{Kept, Ran, command, nolapse};

/// How long it may take: a build for tests is slower than the one that people have.
const READY: Duration = Duration::from_secs(10);

fn entries(folder: &Folder) -> usize {
    fs::read_dir(folder.at(""))
        .expect("the folder can be read")
        .count()
}

/// The demonstration with a folder of its own for what is temporary.
fn demo(folder: &Folder) -> Command {
    let mut command = command(["demo"]);
    command.env("TMPDIR", folder.at("")).env("COLUMNS", "160");
    command
}

#[test]
fn every_finding_of_the_world_is_found_and_nothing_stays() {
    let folder = Folder::new();
    let begun = Instant::now();
    let ran: Ran = demo(&folder).output().expect("the binary starts").into();
    let took = begun.elapsed();
    assert_eq!(ran.code, 0, "{}", ran.err);
    for rule in demo::FINDINGS {
        let is_said = |line: &str| line.split_whitespace().nth(1) == Some(rule);
        assert!(ran.out.lines().any(is_said), "{rule} is not in\n{}", ran.out);
    }
    let has = |words: &[&str]| {
        ran.out.lines().any(|line| {
            words
                .iter()
                .all(|word| line.split_whitespace().any(|part| part == *word))
        })
    };
    assert!(
        has(&["shop.test", "2", "3", "30", "account"]),
        "not served: {}",
        ran.out
    );
    assert!(has(&["backends", "balanced.test", "2"]), "split: {}", ran.out);
    assert!(has(&["addresses", "shop.test", "2"]), "split: {}", ran.out);
    assert!(
        has(&["issued-never-served", "forgotten.test"]),
        "unknown: {}",
        ran.out
    );
    assert!(
        has(&["2", "twin-one.test", "twin-two.test"]),
        "key reuse: {}",
        ran.out
    );
    assert!(
        !ran.out.contains("retired.test"),
        "a revoked order waits for nobody"
    );
    assert!(
        has(&["50", "endpoints:", "32", "ok,", "10", "critical,"]),
        "{}",
        ran.out
    );
    assert_eq!(entries(&folder), 0, "something stays in the folder");
    assert!(took < READY, "it took {took:?}");
}

/// The overview, from whoever serves it.
#[expect(clippy::disallowed_methods, reason = "the test is the reader of the pages")]
fn page(address: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).expect("somebody listens");
    let asked = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, asked.as_bytes()).expect("a request is taken");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer comes and ends");
    answer
}

#[test]
fn a_world_that_is_kept_can_be_asked_until_it_is_told_to_end() {
    let folder = Folder::new();
    let child = demo(&folder)
        .args(["--keep", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut kept = Kept(child);
    let mut said = BufReader::new(kept.0.stderr.take().expect("a pipe"));
    let ask = loop {
        let mut line = String::new();
        let read = said.read_line(&mut line).expect("standard error is text");
        assert!(read > 0, "it ended without saying how to ask");
        if let Some((_, ask)) = line.split_once("  nolapse ") {
            break ask.trim().to_owned();
        }
    };
    let ran = nolapse(ask.split(' '));
    assert_eq!(ran.code, 0, "{ask}: {}", ran.err);
    assert!(ran.out.contains("forgotten.test"), "{}", ran.out);
    let pages = loop {
        let mut line = String::new();
        let read = said.read_line(&mut line).expect("standard error is text");
        assert!(read > 0, "it ended without saying where the pages are");
        if let Some((_, address)) = line.split_once("pages on http://") {
            break address.trim().trim_end_matches('/').to_owned();
        }
    };
    assert!(
        page(&pages).contains("need you today"),
        "the pages show the world"
    );
    let ended = Command::new("kill")
        .args(["-TERM", &kept.0.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(ended.success());
    assert_eq!(kept.0.wait().expect("it ends").code(), Some(0));
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("standard error is text");
    assert!(!rest.contains("cannot"), "{rest}");
    assert_eq!(entries(&folder), 0, "something stays in the folder");
}
