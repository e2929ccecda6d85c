//! Stories of zones that come late, in parts, twice or at once, told to the real binary.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what they cannot do fails the test"
)]

mod cli_world;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cli_world::{Ran, command, nolapse};
use serde_json::Value;
use testkit::folder::Folder;
use testkit::loopback;
use testkit::servers::Server;
use testkit::servers::named::{Named, Zone};
use testkit::transfers::{self, Step, Transfers};

const START: &str = "$TTL 60\n@ SOA ns hostmaster 7 2 3 4 5\n@ NS ns.other.\n";

/// A real server of example.test with these records.
fn bind(records: &str) -> Server {
    let content = format!("{START}{records}");
    Named {
        zones: vec![Zone {
            name: "example.test",
            content: &content,
            statements: "",
        }],
        options: "allow-transfer { any; };",
        ..Named::default()
    }
    .start()
}

/// A server that sends the start of example.test and these hosts, and then does as the steps say.
fn breaking(hosts: &[&str], then: Vec<Step>) -> Transfers {
    let mut answers = vec![transfers::soa("example.test", 7)];
    answers.extend(
        hosts
            .iter()
            .map(|host| transfers::a(&format!("{host}.example.test"), [127, 0, 1, 1])),
    );
    let mut steps = vec![Step::Message(transfers::message(0, &answers))];
    steps.extend(then);
    Transfers::start(steps)
}

fn ask(servers: &[SocketAddr], more: &[&str]) -> Ran {
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let servers = servers.join(",");
    let mut arguments = vec!["discover", "--zone", "example.test", "--server", &servers];
    arguments.extend(more);
    nolapse(arguments)
}

/// The names in lines of this kind, sorted.
fn names(ran: &Ran, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = ran
        .records()
        .iter()
        .filter(|line| line["kind"] == kind)
        .map(|line| line["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn zone_line(ran: &Ran) -> Value {
    ran.records()
        .into_iter()
        .find(|line| line["kind"] == "zone")
        .unwrap()
}

fn running(arguments: &[&str]) -> Child {
    command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn what_a_broken_transfer_gave_is_taken_back() {
    let broken = breaking(&["www", "gone"], Vec::new());
    let bind = bind("www A 127.0.1.1\nmore A 127.0.1.2\n");
    let servers = [broken.socket(), bind.at("dns")];
    let ran = ask(&servers, &["--format", "ndjson"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(names(&ran, "withdrawn"), ["gone.example.test"]);
    assert_eq!(
        names(&ran, "endpoint"),
        ["gone.example.test", "more.example.test", "www.example.test"]
    );
    assert!(
        ran.err
            .contains("1 address that came before the transfer broke off is taken back"),
        "{}",
        ran.err
    );
    // A table is made at the end, and does not have it at all.
    let ran = ask(&servers, &[]);
    let rows: Vec<&str> = ran.out.lines().filter(|line| line.contains(":443")).collect();
    assert!(rows.len() == 2 && !rows.concat().contains("gone"), "{}", ran.out);
    assert!(ran.out.contains("withdrawn: 1"), "{}", ran.out);
    let ran = ask(&servers, &["--format", "targets"]);
    assert!(
        ran.out
            .contains("# taken back, it is in no zone: gone.example.test at 127.0.1.1"),
        "{}",
        ran.out
    );
}

#[test]
fn a_dead_server_behind_a_broken_one_leaves_a_part() {
    let broken = breaking(&["www"], Vec::new());
    let ran = ask(&[broken.socket(), loopback::refusing()], &["--format", "ndjson"]);
    assert_eq!(ran.code, 3);
    let zone = zone_line(&ran);
    assert_eq!(
        (&zone["state"], &zone["records"]),
        (&Value::from("partial"), &Value::from(2)),
        "{zone}"
    );
    assert_eq!(names(&ran, "endpoint"), ["www.example.test"]);
}

#[test]
fn copies_of_other_servers_are_other_copies() {
    let folder = Folder::new();
    let state = folder.path().join("state").display().to_string();
    let (one, other) = (bind("only-here A 127.0.1.1\n"), bind("only-there A 127.0.1.2\n"));
    for _ in 0..2 {
        for (server, name) in [
            (&one, "only-here.example.test"),
            (&other, "only-there.example.test"),
        ] {
            let ran = ask(&[server.at("dns")], &["--format", "ndjson", "--state", &state]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(names(&ran, "endpoint"), [name]);
        }
    }
}

#[test]
fn a_line_does_not_wait_for_the_end() {
    let silent = breaking(&["www"], vec![Step::Silence]);
    let server = silent.socket().to_string();
    let mut child = running(&[
        "discover",
        "--zone",
        "example.test",
        "--server",
        &server,
        "--format",
        "ndjson",
    ]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("www.example.test"), "{line}");
    assert!(child.try_wait().unwrap().is_none(), "the server is still silent");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_reader_that_goes_away_ends_the_run_with_2() {
    let folder = Folder::new();
    let hosts: String = (0..20_000)
        .map(|number| format!("host-{number} A 127.0.1.1\n"))
        .collect();
    let file = folder.file("many", format!("{START}{hosts}"));
    let zone = format!("example.test={}", file.display());
    for format in ["ndjson", "json", "targets"] {
        let mut child = running(&["discover", "--zone-file", &zone, "--format", format]);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(2), "{format}");
    }
}

#[test]
fn a_silent_server_does_not_hold_up_other_places() {
    let folder = Folder::new();
    let silent = breaking(&[], vec![Step::Silence]);
    folder.file("other.zone", format!("{START}www A 127.0.1.2\n"));
    let config = folder.file(
        "places.toml",
        format!(
            "[sources.a]\ntype = \"axfr\"\nzones = [\"example.test\"]\nservers = [\"{}\"]\n\
             [sources.b]\ntype = \"zone-file\"\nzone = \"other.test\"\nfile = \"other.zone\"\n",
            silent.socket()
        ),
    );
    let config = config.display().to_string();
    let mut child = running(&["discover", "--config", &config, "--format", "ndjson"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("www.other.test"), "{line}");
    assert!(
        child.try_wait().unwrap().is_none(),
        "the first place is still waiting"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_shows_what_is_known_and_leaves_nothing_behind() {
    let folder = Folder::new();
    let silent = breaking(&["www"], vec![Step::Silence]);
    let server = silent.socket().to_string();
    let (state, export) = (folder.path().join("state"), folder.path().join("zones.json"));
    let mut child = running(&[
        "discover",
        "--format",
        "ndjson",
        "--zone",
        "example.test",
        "--server",
        &server,
        "--state",
        &state.display().to_string(),
        "--export",
        &export.display().to_string(),
    ]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("www.example.test"), "{line}");
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(interrupted.unwrap().success());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(files(folder.path()), Vec::<String>::new());
}

#[test]
fn a_killed_run_loses_nothing_and_the_next_one_clears_its_part() {
    let folder = Folder::new();
    let state = folder.path().join("state");
    let shown = state.display().to_string();
    let start = transfers::soa("example.test", 7);
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    let whole = vec![Step::Message(transfers::message(
        0,
        &[start.clone(), www, start.clone()],
    ))];
    let server = Transfers::start(whole);
    let more = ["--format", "ndjson", "--state", &shown];
    assert_eq!(ask(&[server.socket()], &more).code, 0);
    let kept = files(&state);
    assert_eq!(kept.len(), 1);
    // A newer zone comes in answer to a question about changes, and its end never does.
    let newer = [
        transfers::soa("example.test", 8),
        transfers::a("new.example.test", [127, 0, 1, 2]),
    ];
    server.exchange(vec![Step::Message(transfers::message(0, &newer)), Step::Silence]);
    let socket = server.socket().to_string();
    let mut arguments = vec!["discover", "--zone", "example.test", "--server", &socket];
    arguments.extend(more);
    let mut child = running(&arguments);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("new.example.test"), "{line}");
    assert_eq!(files(&state).len(), 2, "the copy, and the part of a new one");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(files(&state).len(), 2);
    // What was kept is whole still: the zone of then has not changed since.
    server.exchange(vec![Step::Message(transfers::message(0, &[start]))]);
    let ran = ask(&[server.socket()], &more);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    assert_eq!(zone_line(&ran)["state"], "unchanged");
    assert_eq!(names(&ran, "endpoint"), ["www.example.test"]);
    assert_eq!(files(&state), kept);
}

#[test]
fn a_copy_that_cannot_be_used_is_said_and_replaced() {
    let folder = Folder::new();
    let state = folder.path().join("state");
    let shown = state.display().to_string();
    let bind = bind("www A 127.0.1.1\n");
    let ask = || ask(&[bind.at("dns")], &["--format", "ndjson", "--state", &shown]);
    assert_eq!(ask().code, 0);
    let [kept] = files(&state).try_into().unwrap();
    let sound = std::fs::read(&kept).unwrap();
    let newer = [b"NOLAPSZ9", sound.get(8..).unwrap()].concat();
    for (octets, said) in [
        (sound.get(..40).unwrap(), "(it is damaged)"),
        (newer.as_slice(), "(another version of nolapse wrote it)"),
    ] {
        std::fs::write(&kept, octets).unwrap();
        let ran = ask();
        assert_eq!(ran.code, 0, "{}", ran.err);
        let sentence =
            format!("the copy of an earlier run cannot be used {said}: the whole zone was asked for");
        assert!(ran.err.contains(&sentence), "{}", ran.err);
        assert_eq!(zone_line(&ran)["state"], "whole");
        assert_eq!(names(&ran, "endpoint"), ["www.example.test"]);
        assert_eq!(std::fs::read(&kept).unwrap(), sound);
    }
    assert_eq!(zone_line(&ask())["state"], "unchanged");
}

/// Files in a folder and below it.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn a_file_without_the_start_of_its_zone_is_no_zone() {
    let folder = Folder::new();
    for (content, state, words) in [
        ("", "failed", "no start of the zone (SOA)"),
        ("x 60 A 127.0.1.1\n", "partial", "no start of the zone (SOA)"),
        ("@ 60 SOA a b 1 2 3 4 5\n$ORIGIN test.\n", "whole", ""),
        (
            "real.test. 60 SOA a b 1 2 3 4 5\n",
            "partial",
            "it is zone real.test.",
        ),
    ] {
        let file = folder.file("zone", content);
        let zone = format!("example.test={}", file.display());
        let ran = nolapse(["discover", "--zone-file", &zone, "--format", "ndjson"]);
        assert_eq!(zone_line(&ran)["state"], state, "{content}");
        assert_eq!(ran.code, if state == "whole" { 0 } else { 3 }, "{content}");
        assert!(ran.err.contains(words) && !ran.err.contains(":0:"), "{}", ran.err);
    }
    let empty = folder.file("zones.json", "{}").display().to_string();
    let ran = nolapse(["discover", "--from", &empty]);
    assert!(ran.code == 3 && ran.err.contains("no zone at all"), "{}", ran.err);
}

#[test]
fn two_views_do_not_fit_into_one_export() {
    let folder = Folder::new();
    let zone = |name: &str, records: &str| {
        let file = folder.file(name, format!("{START}{records}"));
        format!("example.test={}", file.display())
    };
    let (one, other) = (
        zone("one", "one A 127.0.1.1\n"),
        zone("other", "other A 127.0.1.2\n"),
    );
    let export = folder.path().join("zones.json").display().to_string();
    let ran = nolapse([
        "discover",
        "--zone-file",
        &one,
        "--zone-file",
        &other,
        "--export",
        &export,
    ]);
    assert!(
        ran.code == 3 && ran.err.contains("export one view at a time"),
        "{}",
        ran.err
    );
    let written = std::fs::read_to_string(&export).unwrap();
    assert_eq!(written.matches("\"example.test\"").count(), 1, "{written}");
}

#[test]
fn targets_mark_what_belongs_to_others() {
    let folder = Folder::new();
    let file = folder.file("zone", format!("{START}ours A 127.0.1.1\ntheirs A 127.0.2.1\n"));
    let zone = format!("example.test={}", file.display());
    let ran = nolapse([
        "discover",
        "--zone-file",
        &zone,
        "--own",
        "127.0.1.0/24",
        "--format",
        "targets",
    ]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(
        lines,
        [
            "tls://ours.example.test@127.0.1.1:443",
            "# foreign: tls://theirs.example.test@127.0.2.1:443"
        ]
    );
}

#[test]
fn a_resolver_that_is_not_there_is_said_at_once() {
    let folder = Folder::new();
    let file = folder.file("zone", format!("{START}out CNAME vendor.other.\n"));
    let zone = format!("example.test={}", file.display());
    // A UDP port that was free a moment ago.
    let socket = std::net::UdpSocket::bind((loopback::address(), 0)).unwrap();
    let resolver = socket.local_addr().unwrap().to_string();
    drop(socket);
    let ran = nolapse([
        "discover",
        "--zone-file",
        &zone,
        "--resolver",
        &resolver,
        "--format",
        "ndjson",
    ]);
    assert_eq!(names(&ran, "unresolved"), ["out.example.test"]);
    assert!(
        ran.out.contains("nothing listens where the resolver should be"),
        "{}",
        ran.out
    );
}

#[test]
fn a_scan_says_that_a_zone_is_missing() {
    let folder = Folder::new();
    let refusing = loopback::refusing();
    let file = folder.file("zone", format!("{START}www A {}\n", refusing.ip()));
    let zone = format!("other.test={}", file.display());
    let port = refusing.port().to_string();
    let dead = loopback::refusing().to_string();
    let ran = nolapse([
        "scan",
        "--zone-file",
        &zone,
        "--zone",
        "example.test",
        "--server",
        &dead,
        "--port",
        &port,
        "--fail-on",
        "warning",
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("something is missing (exit 3)"), "{}", ran.err);
}

#[test]
fn hostile_words_are_shown_escaped() {
    let folder = Folder::new();
    let list = folder.file("names", "\u{1b}[31m.test\n").display().to_string();
    let ran = nolapse(["discover", "--names", &list]);
    assert!(
        !ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'),
        "{:?}",
        ran.err
    );
}
