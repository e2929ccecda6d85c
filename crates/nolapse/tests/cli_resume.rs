//! An interrupted scan goes on where it stopped: nothing twice, nothing left out.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: what they cannot do fails the test"
)]

mod cli_world;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use cli_world::{command, list, nolapse};
use testkit::folder::Folder;
use testkit::hostile::{Kind, start};
use testkit::loopback;

fn addresses(text: &str) -> Vec<String> {
    text.lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).expect(line);
            let endpoint = &record["endpoint"];
            format!("{}:{}", endpoint["address"].as_str().unwrap(), endpoint["port"])
        })
        .collect()
}

fn interrupt(id: u32) {
    let killed = Command::new("kill")
        .args(["-INT", &id.to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}

#[test]
fn interrupt_and_resume_are_one_scan() {
    let folder = Folder::new();
    // Tarpits keep the run alive until it is interrupted; between them are ports that refuse at once.
    let tarpits: Vec<_> = (0..4).map(|_| start(Kind::Tarpit).unwrap()).collect();
    let mut targets: Vec<String> = (0..200).map(|_| loopback::refusing().to_string()).collect();
    for (place, tarpit) in tarpits.iter().enumerate() {
        targets.insert(place * 40, tarpit.address().to_string());
    }
    let (file, state) = (folder.at("fleet"), folder.at("state"));
    list(&file, &targets);
    let target = format!("@{}", file.display());
    let arguments = [
        "scan",
        &target,
        "--format",
        "ndjson",
        "--timeout",
        "3",
        "--resume",
        state.to_str().unwrap(),
    ];
    let mut child = command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    interrupt(child.id());
    lines.read_to_string(&mut first).unwrap();
    let ran: cli_world::Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, 130, "{}", ran.err);
    assert!(
        ran.err.contains("interrupted: ") && ran.err.contains("--resume"),
        "{}",
        ran.err
    );
    assert!(state.exists());

    let second = nolapse(arguments);
    assert!(!state.exists(), "a finished scan leaves no state: {}", second.err);
    let mut all = addresses(&first);
    let done_before = all.len();
    all.extend(addresses(&second.out));
    assert!((1..204).contains(&done_before));
    assert_eq!(all.len(), 204, "nothing twice");
    assert_eq!(
        all.into_iter().collect::<BTreeSet<_>>(),
        targets.into_iter().collect(),
        "nothing left out"
    );
}

#[test]
fn a_report_in_a_file_is_continued() {
    let folder = Folder::new();
    let tarpit = start(Kind::Tarpit).unwrap();
    let mut targets: Vec<String> = (0..20).map(|_| loopback::refusing().to_string()).collect();
    targets.push(tarpit.address().to_string());
    let (file, state, report) = (folder.at("fleet"), folder.at("state"), folder.at("report"));
    list(&file, &targets);
    let target = format!("@{}", file.display());
    let arguments = [
        "scan",
        &target,
        "--format",
        "csv",
        "--timeout",
        "3",
        "--progress",
        "json",
        "--resume",
        state.to_str().unwrap(),
        "--output",
        report.to_str().unwrap(),
    ];
    let mut child = command(arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    // The first progress line that counts all that answer at once says when to interrupt.
    loop {
        let mut line = String::new();
        assert!(
            errors.read_line(&mut line).unwrap() > 0,
            "the run ended before it could be interrupted"
        );
        let progress: serde_json::Value = serde_json::from_str(&line).unwrap();
        if progress["done"] == 20 {
            break;
        }
    }
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(std::fs::read_to_string(&report).unwrap().lines().count(), 21);
    let second = nolapse(arguments);
    assert_eq!(second.code, 3, "{}", second.err);
    let whole = std::fs::read_to_string(&report).unwrap();
    assert_eq!(whole.lines().count(), 22, "{whole}");
    assert_eq!(whole.matches("ip_address").count(), 1);
}

/// The command that an interrupted run printed, as words for a shell.
fn command_to_go_on(errors: &str) -> String {
    let line = errors.lines().last().unwrap();
    assert!(line.starts_with("  "), "{errors}");
    line.trim().to_owned()
}

fn by_shell(words: &str, state_home: &std::path::Path) -> cli_world::Ran {
    Command::new("sh")
        .args(["-c", words])
        .env_clear()
        .env("HOME", state_home)
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

/// Runs with a state folder of its own until twenty targets are done, then interrupts.
fn interrupted(arguments: &[&str], home: &std::path::Path) -> String {
    let mut child = command(arguments)
        .env("HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    loop {
        let mut line = String::new();
        assert!(errors.read_line(&mut line).unwrap() > 0, "ended too early");
        let progress: serde_json::Value = serde_json::from_str(&line).unwrap();
        if progress["done"] == 20 {
            break;
        }
    }
    interrupt(child.id());
    let mut rest = String::new();
    errors.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    rest
}

#[test]
fn the_printed_command_goes_on_in_every_format() {
    let folder = Folder::new();
    let tarpit = start(Kind::Tarpit).unwrap();
    let mut targets: Vec<String> = (0..20).map(|_| loopback::refusing().to_string()).collect();
    targets.push(tarpit.address().to_string());
    let file = folder.at("fleet");
    list(&file, &targets);
    let target = format!("@{}", file.display());
    let mut commands = Vec::new();
    // All of them are interrupted before any goes on: none may take the state of another.
    for format in ["json", "ndjson", "csv", "table", "markdown"] {
        let report = folder.at(&format!("report-of.{format}"));
        let arguments = [
            "scan",
            &target,
            "-f",
            format,
            "-t",
            "2",
            "--retries",
            "0",
            "--progress",
            "json",
            "-o",
            report.to_str().unwrap(),
        ];
        commands.push((format, command_to_go_on(&interrupted(&arguments, folder.path()))));
    }
    for (format, words) in commands {
        let ran = by_shell(&words, folder.path());
        assert_eq!(ran.code, 3, "{format}: {words}: {}", ran.err);
        let first = std::fs::read_to_string(folder.at(&format!("report-of.{format}"))).unwrap();
        let rest = std::fs::read_to_string(folder.at(&format!("report-of-2.{format}")));
        match format {
            "json" => {
                let array: serde_json::Value = serde_json::from_str(&first).unwrap();
                assert_eq!(array.as_array().unwrap().len(), 21);
            }
            "ndjson" => assert_eq!(addresses(&first).len(), 21),
            "csv" => assert_eq!(first.lines().count(), 22, "{first}"),
            _ => {
                assert!(first.contains("20 endpoints"), "{format}: {first}");
                assert!(rest.as_ref().unwrap().contains("1 endpoint"), "{rest:?}");
            }
        }
        assert!(
            rest.is_err() || ["table", "markdown"].contains(&format),
            "{format}"
        );
    }
    let states = folder.path().join(".local/state/nolapse");
    assert_eq!(std::fs::read_dir(states).unwrap().count(), 0, "all are finished");
}

#[test]
fn what_waits_for_a_second_look_is_shown_by_its_first() {
    let folder = Folder::new();
    let tarpits: Vec<_> = (0..3).map(|_| start(Kind::Tarpit).unwrap()).collect();
    let targets: Vec<String> = tarpits
        .iter()
        .map(|tarpit| tarpit.address().to_string())
        .collect();
    let state = folder.at("state");
    let mut arguments = vec![
        "scan",
        "-f",
        "ndjson",
        "-t",
        "1",
        "--progress",
        "json",
        "--resume",
        state.to_str().unwrap(),
    ];
    // Another tarpit comes so late by the pace that it is under way when all others have had their first look.
    arguments.extend(["--rate", "1", "--concurrency", "8"]);
    arguments.extend(targets.iter().map(String::as_str));
    let child = command(&arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Nothing says from outside that a first look has ended: its time is up after one second.
    std::thread::sleep(std::time::Duration::from_millis(1_700));
    interrupt(child.id());
    let ran: cli_world::Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, 130, "{}", ran.err);
    let shown = addresses(&ran.out);
    assert!(!shown.is_empty(), "{}", ran.err);
    let second = nolapse(arguments);
    let mut all = shown;
    all.extend(addresses(&second.out));
    all.sort();
    let mut wanted = targets.clone();
    wanted.sort();
    assert_eq!(all, wanted, "each once");
}

#[test]
fn the_state_of_another_scan_is_refused() {
    let folder = Folder::new();
    let state = folder.file("state", "{}");
    let refused = loopback::refusing().to_string();
    let ran = nolapse(["scan", &refused, "--resume", state.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("cannot resume from") && ran.err.contains("no state of an interrupted scan"),
        "{}",
        ran.err
    );
}

#[test]
fn a_signal_asks_for_a_line() {
    let folder = Folder::new();
    let tarpit = start(Kind::Tarpit).unwrap();
    let file = folder.at("fleet");
    list(
        &file,
        &[loopback::refusing().to_string(), tarpit.address().to_string()],
    );
    let target = format!("@{}", file.display());
    let mut child = command(["scan", &target, "--format", "ndjson", "--timeout", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The record of what refused at once says that the run is on its way and listens.
    let mut first = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    let asked = Command::new("kill")
        .args(["-USR1", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(asked.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let ran: cli_world::Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    assert!(
        ran.err.starts_with("looking  1 ") && ran.err.contains("no answer 1"),
        "{}",
        ran.err
    );
}
