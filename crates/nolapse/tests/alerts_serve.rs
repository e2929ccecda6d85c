//! Alerts as a process tells them: to a receiver that is away at first, across a kill, and never under two names.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cli_world;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;
use testkit::folder::Folder;
use testkit::web::{Answer, Request, Web};

use crate::cli_world::{World, command, nolapse};

/// What a receiver was sent: the letter's id and its body.
type Sent = (String, Value);

/// A receiver that answers with `status` and tells what it was sent.
fn receiver(listener: TcpListener, status: u16) -> (Web, Receiver<Sent>) {
    let (tell, sent) = channel();
    let web = Web::start(listener, None, move |request: &Request| {
        let id = request.header("webhook-id").unwrap_or_default().to_owned();
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        drop(tell.send((id, body)));
        Answer::new(status, "text/plain", "")
    });
    (web, sent)
}

/// The next letter that is sent. A new alert waits half a minute, and a lease of a killed process as long.
fn next(sent: &Receiver<Sent>) -> Sent {
    sent.recv_timeout(Duration::from_secs(180))
        .expect("something is told")
}

fn serve(config: &str, world: &World) -> Child {
    command([
        "serve",
        "--no-web",
        "--config",
        config,
        "--trust-store",
        &world.store,
    ])
    .stderr(Stdio::null())
    .spawn()
    .expect("the binary starts")
}

fn kill(mut child: Child) {
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
}

fn list(config: &str, more: &[&str]) -> Vec<Value> {
    let mut words = vec!["alerts"];
    words.extend(more);
    words.extend(["--format", "ndjson", "--config", config]);
    let ran = nolapse(words);
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.records()
}

#[test]
fn a_receiver_that_is_away_and_a_kill_lose_nothing() {
    let world = World::new();
    let site = world.sound();
    let folder = Folder::new();
    // One certificate under names that it does not have: one cause at ten endpoints.
    let targets: String = (0..10)
        .map(|number| format!("wrong{number}.test@{}\n", site.address))
        .collect();
    folder.file("fleet.txt", targets);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = folder.file(
        "nolapse.toml",
        format!(
            "[store]\nurl = \"inventory.db\"\n[source.fleet]\nkind = \"list\"\nfile = \"fleet.txt\"\n\
             [channel.hook]\nkind = \"webhook\"\nurl = \"http://{address}/\"\n"
        ),
    );
    let config = config.display().to_string();
    let (web, sent) = receiver(listener, 503);
    let child = serve(&config, &world);
    let (first, body) = next(&sent);
    assert!(first.starts_with("letter-"), "{first}");
    let alerts = body
        .pointer("/data/alerts")
        .and_then(Value::as_array)
        .expect("alerts");
    assert_eq!(alerts.len(), 1, "one cause is one alert: {alerts:#?}");
    assert_eq!(
        alerts.first().and_then(|alert| alert.get("reach")),
        Some(&10.into())
    );
    // It was refused, and whoever sent it is killed.
    kill(child);
    let open = list(&config, &[]);
    assert_eq!(open.len(), 1, "{open:#?}");
    drop(web);
    let (_web, sent) = receiver(TcpListener::bind(address).unwrap(), 200);
    let child = serve(&config, &world);
    let (again, same) = next(&sent);
    assert_eq!(
        (again, same.get("data")),
        (first, body.get("data")),
        "the same letter, under the same name"
    );
    an_answer_is_heard(&config, &open);
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    let mut child = child;
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// What people answer while it serves is heard.
fn an_answer_is_heard(config: &str, open: &[Value]) {
    let id = open
        .first()
        .and_then(|alert| alert.get("alert"))
        .and_then(Value::as_str)
        .expect("an alert with a number");
    let acknowledged = nolapse([
        "alerts", "ack", id, "--author", "ada", "--reason", "on it", "--config", config,
    ]);
    assert_eq!(acknowledged.code, 0, "{}", acknowledged.err);
    let open = list(config, &[]);
    let answers: BTreeSet<String> = { open.iter() }
        .filter_map(|alert| Some(alert.get("answer")?.as_str()?.to_owned()))
        .collect();
    assert_eq!(answers, BTreeSet::from(["acknowledged".to_owned()]));
    assert!(list(config, &["dead"]).is_empty());
}

#[test]
fn a_test_says_what_the_channel_answered() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = folder.file(
        "nolapse.toml",
        format!(
            "[channel.hook]\nkind = \"webhook\"\nurl = \"http://{address}/\"\n\
             [channel.ops]\nkind = \"slack\"\nurl = \"file:missing\"\n[channel.bad]\nkind = \"slack\"\nurl = \"https://hooks.example/x\"\n"
        ),
    );
    let config = config.display().to_string();
    let test = |name: &str| nolapse(["channel", "test", name, "--config", &config]);
    let (web, sent) = receiver(listener, 204);
    let ran = test("hook");
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("hook took it: 204"), "{}", ran.err);
    assert_eq!(next(&sent).1.pointer("/data/kind"), Some(&"test".into()));
    drop(web);
    let ran = test("hook");
    assert_eq!(ran.code, 3, "{}", ran.err);
    for (name, words) in [
        ("ops", "channel.ops.url: cannot read the secret"),
        ("bad", "a secret does not stand in the configuration"),
        ("hok", "did you mean `hook`?"),
    ] {
        let ran = test(name);
        assert_eq!(ran.code, 2, "{name}: {}", ran.err);
        assert!(ran.err.contains(words), "{name}: {}", ran.err);
    }
}

#[test]
fn answers_to_what_is_not_there_are_refused_in_a_sentence() {
    let folder = Folder::new();
    let store = folder.at("inventory.db").display().to_string();
    for (words, says) in [
        (vec!["alerts", "ack", "0123456789ab"], "is not open"),
        (vec!["alerts", "ack", "nonsense"], "is no id of an alert"),
        (vec!["alerts", "unack", "0123456789ab"], "is not acknowledged"),
        (vec!["alerts", "unsilence", "x"], "no silence is called x"),
        (
            vec!["alerts", "silence", "owner:me", "--for", "2h", "--reason", "x"],
            "`owner:me` is not understood",
        ),
        (
            vec![
                "alerts",
                "silence",
                "rule:expired",
                "--for",
                "2h",
                "--reason",
                " ",
            ],
            "needs a reason",
        ),
        (
            vec![
                "alerts",
                "silence",
                "rule:expired",
                "--for",
                "ever",
                "--reason",
                "x",
            ],
            "30m, 4h or 2d",
        ),
    ] {
        let ran = nolapse(words.iter().copied().chain(["--store", &store]));
        assert_eq!(ran.code, 2, "{words:?}: {}", ran.err);
        assert!(ran.err.contains(says), "{words:?}: {}", ran.err);
    }
}
