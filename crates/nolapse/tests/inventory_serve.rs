//! `serve` as a process: it ends in order, gives its work back, and what is due survives it.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cli_world;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use testkit::folder::Folder;

use crate::cli_world::{World, command, nolapse};

/// A folder with a list of one sound server, and the flags that lead to it.
struct Place {
    folder: Folder,
    flags: Vec<String>,
}

impl Place {
    fn new(world: &World, targets: &str) -> Self {
        let folder = Folder::new();
        folder.file("fleet.txt", targets);
        let config =
            "[store]\nurl = \"inventory.db\"\n[source.fleet]\nkind = \"list\"\nfile = \"fleet.txt\"\n";
        let config = folder.file("nolapse.toml", config).display().to_string();
        let flags = ["--config", &config, "--trust-store", &world.store]
            .map(str::to_owned)
            .into();
        Self { folder, flags }
    }

    fn serve(&self, more: &[&str]) -> Command {
        let mut all = vec!["serve".to_owned()];
        all.extend(more.iter().map(|flag| (*flag).to_owned()));
        all.extend(self.flags.iter().cloned());
        command(&all)
    }

    fn endpoints(&self) -> Vec<Value> {
        let store = self.folder.at("inventory.db").display().to_string();
        let ran = nolapse(["report", "endpoints", "--format", "ndjson", "--store", &store]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.records()
    }
}

/// Reads standard error up to a line with these words.
fn until(child: &mut Child, words: &str) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        let read = lines.read_line(&mut line).expect("standard error is text");
        assert!(read > 0, "it ended before it said `{words}`");
    }
    lines
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

#[test]
fn sigterm_ends_in_order_and_gives_the_work_back() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let mut child = place
        .serve(&[])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut rest = until(&mut child, "source fleet: complete");
    signal(&child, "-TERM");
    let ended = child.wait().expect("it ends");
    let mut said = String::new();
    rest.read_to_string(&mut said).expect("standard error is text");
    assert_eq!(ended.code(), Some(0), "{said}");
    assert!(said.contains("stopped: "), "{said}");
    // The next one need not wait for a lease to run out, and does what was not done.
    let ran: cli_world::Ran = place
        .serve(&["--once"])
        .output()
        .expect("the binary starts")
        .into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("another process"), "{}", ran.err);
    let endpoints = place.endpoints();
    assert_eq!(endpoints.len(), 1);
    assert!(
        endpoints.iter().all(|row| row["status"] == "OK"),
        "{endpoints:#?}"
    );
}

#[test]
fn a_killed_process_leaves_an_inventory_that_is_whole() {
    let world = World::new();
    let site = world.sound();
    let targets: String = (0..200)
        .map(|number| format!("n{number}.test@{}\n", site.address))
        .collect();
    let place = Place::new(&world, &targets);
    let mut child = place
        .serve(&[])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(until(&mut child, "source fleet: complete"));
    signal(&child, "-KILL");
    child.wait().expect("it ends");
    let before = place.endpoints().len();
    assert!(before <= 200);
    // Its lease may still run: another one is told so, and waits for it to end.
    let mut next = place
        .serve(&["--once"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut said = String::new();
    let ended = next.wait().expect("it ends");
    next.stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut said)
        .expect("text");
    assert_eq!(ended.code(), Some(0), "{said}");
    assert_eq!(place.endpoints().len(), 200, "nothing that was due is lost");
}
