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
    // Its lease still runs; that it is gone can be seen, so that nobody waits for its end.
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
    assert!(
        said.contains(&format!("process {} on ", child.id())) && said.contains("taking it over"),
        "{said}"
    );
    assert!(!said.contains("waiting until"), "{said}");
    assert_eq!(place.endpoints().len(), 200, "nothing that was due is lost");
}

/// Sets the latest time in the inventory, as if it had been served then.
fn served_at(place: &Place, time: &str) {
    let address =
        store::Address::parse(&place.folder.at("inventory.db").display().to_string()).expect("a path");
    let now = "2026-11-25T12:00:00Z".parse().expect("a time");
    let memory = store::Store::open_blocking(&address, &store::Opening::at(now)).expect("it opens");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime
        .block_on(memory.set(engine::conductor::TIME, time))
        .expect("it is set");
}

#[test]
fn a_clock_that_cannot_be_right_is_refused_unless_it_is_trusted() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let serve = |more: &[&str]| -> cli_world::Ran {
        let ran = place.serve(more).output();
        ran.expect("the binary starts").into()
    };
    for wrong in ["2016-11-25T12:00:00Z", "2066-11-25T12:00:00Z"] {
        served_at(&place, wrong);
        let refused = serve(&["--once"]);
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(
            refused.err.contains(wrong) && refused.err.contains("--trust-clock"),
            "{}",
            refused.err
        );
        assert!(place.endpoints().is_empty(), "nothing was done");
    }
    let trusted = serve(&["--once", "--trust-clock"]);
    assert_eq!(trusted.code, 0, "{}", trusted.err);
    assert_eq!(serve(&["--once"]).code, 0, "the clock is known now");
    assert_eq!(place.endpoints().len(), 1);
}

#[test]
fn what_ended_long_ago_is_forgotten_on_request_and_by_serve() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let run = |arguments: &[&str]| {
        let mut all: Vec<&str> = arguments.to_vec();
        let flags: Vec<&str> = place.flags.iter().take(2).map(String::as_str).collect();
        all.extend(flags);
        nolapse(all)
    };
    let unsaid = run(&["prune"]);
    assert_eq!(unsaid.code, 2);
    assert!(unsaid.err.contains("--keep 400d"), "{}", unsaid.err);
    assert_eq!(run(&["prune", "--keep", "1h"]).code, 2);
    // A source that nobody tells of any more, and whose run ended long ago.
    let address =
        store::Address::parse(&place.folder.at("inventory.db").display().to_string()).expect("a path");
    let long_ago: jiff::Timestamp = "2020-01-01T00:00:00Z".parse().expect("a time");
    let old_runs = || {
        let memory = store::Store::open_blocking(&address, &store::Opening::at(long_ago)).expect("it opens");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let source = model::sighting::SourceName::parse("fleet").expect("a name");
        let run = |began| model::inventory::SourceRun {
            source: source.clone(),
            kind: model::sighting::SourceKind::List,
            began,
            outcome: None,
        };
        runtime
            .block_on(memory.note_run(run(long_ago)))
            .expect("it is noted");
        drop(memory);
        move || {
            let memory = store::Store::open_blocking(&address, &store::Opening::at(long_ago).reading())
                .expect("it opens");
            let runs = runtime.block_on(memory.runs(&source, 10)).expect("they are read");
            runs.iter().filter(|run| run.began == long_ago).count()
        }
    };
    let left = old_runs();
    let ran: cli_world::Ran = place
        .serve(&["--once"])
        .output()
        .expect("the binary starts")
        .into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(left(), 1, "without a word everything is kept");
    let ran = run(&["prune", "--keep", "400d"]);
    assert_eq!((ran.code, left()), (0, 0), "{}", ran.err);
    assert_eq!(place.endpoints().len(), 1, "what is served stays");
}

#[test]
fn serve_forgets_once_a_day_what_it_is_told_to() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let config = std::fs::read_to_string(place.folder.at("nolapse.toml")).expect("it is there");
    place.folder.file(
        "nolapse.toml",
        config.replace("[source", "keep = \"400d\"\n[source"),
    );
    let ran: cli_world::Ran = place
        .serve(&["--once"])
        .output()
        .expect("the binary starts")
        .into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let setting = || {
        let address =
            store::Address::parse(&place.folder.at("inventory.db").display().to_string()).expect("a path");
        let now = "2026-11-25T12:00:00Z".parse().expect("a time");
        let memory =
            store::Store::open_blocking(&address, &store::Opening::at(now).reading()).expect("it opens");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        runtime
            .block_on(memory.setting("engine.pruned"))
            .expect("it is read")
    };
    let first = setting();
    assert!(first.is_some(), "it was done");
    let again: cli_world::Ran = place
        .serve(&["--once"])
        .output()
        .expect("the binary starts")
        .into();
    assert_eq!((again.code, setting()), (0, first), "once a day: {}", again.err);
}

#[test]
fn a_second_one_says_who_holds_the_work() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let spawn = || {
        place
            .serve(&[])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    };
    let mut first = spawn();
    let first_lines = until(&mut first, "source fleet: complete");
    let mut second = spawn();
    let second_lines = until(&mut second, &format!("(process {} on ", first.id()));
    for child in [&mut first, &mut second] {
        signal(child, "-TERM");
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
    drop((first_lines, second_lines));
}

#[test]
fn a_source_that_is_suddenly_empty_has_failed_unless_a_person_says_so() {
    let world = World::new();
    let site = world.sound();
    let place = Place::new(&world, &format!("sound.test@{}", site.address));
    let run = |arguments: &[&str]| {
        let mut all: Vec<&str> = arguments.to_vec();
        all.extend(place.flags.iter().take(2).map(String::as_str));
        nolapse(all)
    };
    assert_eq!(run(&["source", "run", "fleet"]).code, 0);
    place.folder.file("fleet.txt", "# nothing\n");
    let emptied = run(&["source", "run", "fleet"]);
    assert_eq!(emptied.code, 3, "{}", emptied.err);
    assert!(
        emptied.err.contains("nothing, after 1") && emptied.err.contains("--accept-empty"),
        "{}",
        emptied.err
    );
    let told = || run(&["report", "names", "--format", "ndjson"]);
    assert_eq!(told().code, 0);
    let accepted = run(&["source", "run", "fleet", "--accept-empty"]);
    assert_eq!(accepted.code, 0, "{}", accepted.err);
    assert_eq!(run(&["source", "run", "fleet"]).code, 0, "it was empty before");
}
