//! Channels against receivers on loopback: a web server, a real Postfix, a collector of syslog, a program.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use model::Status;
use net::{Caps, Network, Permits, Settings as Reaching};
use notify::channel::settings::{Given, Settings, Want};
use notify::deliver::{Refused, deliver};
use notify::message::{Kind, Told, What};
use notify::{Channel, Message, Secret};
use serde_json::{Value, json};
use testkit::ca::Pki;
use testkit::servers::postfix;
use testkit::web::{Answer, Request, Web};

fn at() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn message(title: &str) -> Message {
    let told = Told {
        what: What::Opened,
        id: "0123456789ab".to_owned(),
        rule: "expired".to_owned(),
        severity: "EXPIRED".to_owned(),
        title: title.to_owned(),
        remedy: "renew it".to_owned(),
        reach: 2,
        examples: vec!["a.example:443 [192.0.2.1]".to_owned()],
        since: at(),
        opened: at(),
        closed: None,
    };
    Message::about(Kind::Alerts, vec![(Status::Expired, told)], at(), None)
}

fn channel(settings: Value) -> Channel {
    let settings: Settings = serde_json::from_value(settings).unwrap();
    Channel::new("tested", &settings, &read).unwrap()
}

fn read(given: &Given, want: Want) -> Result<Secret, String> {
    match given {
        Given::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
            Ok(Secret::new(match want {
                Want::Line => text.lines().next().unwrap_or_default().to_owned(),
                Want::Whole => text,
            }))
        }
        Given::Variable(name) => Ok(Secret::new(name.as_str())),
        Given::Text(text) => Ok(Secret::new(text.as_str())),
    }
}

fn tell(channel: &Channel, message: &Message) -> Result<String, Refused> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let network = Network::new(Reaching::default(), Permits::new(Caps::default()));
        deliver(channel, &network, "letter-1", message, at()).await
    })
}

/// What a web server was asked.
type Asked = Arc<Mutex<Vec<Request>>>;

fn web(status: u16) -> (Web, Asked) {
    let asked: Asked = Arc::default();
    let kept = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let web = Web::start(listener, None, move |request| {
        kept.lock().unwrap().push(request.clone());
        Answer::new(status, "text/plain", "as you \u{1b}[31msay")
    });
    (web, asked)
}

#[test]
fn every_kind_of_web_receiver_takes_its_message() {
    let (web, asked) = web(202);
    let url = format!("http://{}/hook", web.socket());
    let key = "env:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, format!("{url}\nsecond line\n")).unwrap();
    let secret = format!("file:{}", file.display());
    for settings in [
        json!({ "kind": "webhook", "url": url, "keys": [key] }),
        json!({ "kind": "slack", "url": secret }),
        json!({ "kind": "teams", "url": secret }),
        json!({ "kind": "discord", "url": secret }),
        json!({ "kind": "pagerduty", "key": "env:key", "url": url }),
        json!({ "kind": "ntfy", "topic": "t", "url": url }),
        json!({ "kind": "alertmanager", "url": url }),
    ] {
        let kind = settings["kind"].clone();
        let channel = channel(settings);
        let answer = tell(&channel, &message("it ended")).unwrap();
        assert!(answer.starts_with("202 as you"), "{answer}");
        assert!(
            !answer.contains('\u{1b}'),
            "what a receiver says is shown without control characters"
        );
        tell(&channel, &Message::test(at(), None)).unwrap();
        let asked: Vec<Request> = std::mem::take(&mut *asked.lock().unwrap());
        assert!(asked.len() >= 2, "{kind}");
        for request in &asked {
            assert_eq!(request.method, "POST");
            assert!(serde_json::from_slice::<Value>(&request.body).is_ok(), "{kind}");
        }
        assert!(
            String::from_utf8_lossy(&asked[0].body).contains("it ended"),
            "{kind}"
        );
    }
}

#[test]
fn a_receiver_that_fails_is_told_apart_from_one_that_is_not_there() {
    let (web, _) = web(503);
    let failing = channel(json!({ "kind": "webhook", "url": format!("http://{}/", web.socket()) }));
    let refused = tell(&failing, &message("x")).unwrap_err();
    assert!(refused.answer.starts_with("503"), "{}", refused.answer);
    let nobody = format!("http://{}/", testkit::loopback::refusing());
    let away = channel(json!({ "kind": "webhook", "url": nobody }));
    assert!(
        tell(&away, &message("x"))
            .unwrap_err()
            .answer
            .contains("cannot connect")
    );
}

#[test]
fn a_program_reads_the_message_and_says_whether_it_is_content() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let script = format!("cat > {}; echo $NOLAPSE_LETTER >> {0}", kept.display());
    let told = channel(json!({ "kind": "exec", "command": ["/bin/sh", "-c", script] }));
    tell(&told, &message("it ended")).unwrap();
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains("it ended") && text.contains("letter-1"), "{text}");
    let fails = channel(json!({ "kind": "exec", "command": ["/bin/sh", "-c", "echo no >&2; exit 3"] }));
    let refused = tell(&fails, &message("x")).unwrap_err();
    assert!(
        refused.answer.contains('3') && refused.answer.ends_with("no"),
        "{}",
        refused.answer
    );
    let missing = channel(json!({ "kind": "exec", "command": ["/nonexistent/tell"] }));
    assert!(tell(&missing, &message("x")).is_err());
}

#[test]
fn a_collector_of_syslog_gets_frames() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let collector = std::thread::spawn(move || {
        let mut text = String::new();
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
        text
    });
    tell(
        &channel(json!({ "kind": "syslog", "server": format!("tcp://{address}") })),
        &message("it ended"),
    )
    .unwrap();
    let text = collector.join().unwrap();
    assert!(
        text.contains(" <130>1 2026-11-24T12:00:00Z - nolapse - opened"),
        "{text}"
    );
}

/// Postfix hands every mail to a program of its own that would have to run as another user; a mail it keeps in its queue can
/// be read with `postcat`, which shows what a receiver would get.
fn queued(folder: &Path) -> String {
    let mut text = String::new();
    for queue in ["hold", "deferred", "active", "incoming"] {
        collect(&folder.join("queue").join(queue), folder, &mut text);
    }
    text
}

fn collect(path: &Path, folder: &Path, into: &mut String) {
    let Ok(entries) = std::fs::read_dir(path) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), folder, into);
            continue;
        }
        let shown = std::process::Command::new("/usr/sbin/postcat")
            .arg("-c")
            .arg(folder.join("etc"))
            .arg(entry.path())
            .output()
            .unwrap();
        into.push_str(&String::from_utf8_lossy(&shown.stdout));
    }
}

#[test]
fn a_real_postfix_takes_mail_by_starttls_and_by_tls_at_once() {
    let pki = Pki::new();
    let served = pki.serve(&pki.leaf("mail.test"));
    let server = postfix::start(
        &served,
        "smtpd_recipient_restrictions = permit_mynetworks, reject\nmynetworks = 127.0.0.0/8\nsmtpd_client_restrictions = static:HOLD",
    );
    let root = format!("file:{}", pki.root_file().display());
    for (scheme, port) in [("smtp", "smtp"), ("smtps", "smtps")] {
        let title = format!("it ended, said by {scheme}");
        let mail = |authorities: Option<&str>| {
            let mut settings = json!({
                "kind": "email", "server": format!("{scheme}://{}", server.at(port)),
                "from": "nolapse@example.com", "to": ["ada@example.com", "bob@example.com"], "certified": "mail.test",
            });
            if let Some(root) = authorities {
                settings["authorities"] = json!(root);
            }
            channel(settings)
        };
        let refused = tell(&mail(None), &message(&title)).unwrap_err();
        assert!(
            refused.answer.contains("no TLS"),
            "an authority that nobody trusts: {}",
            refused.answer
        );
        assert!(!queued(server.folder()).contains(&title), "nothing was sent");
        let answer = tell(&mail(Some(&root)), &message(&title)).unwrap();
        assert!(answer.starts_with("250"), "{answer}");
        let kept = queued(server.folder());
        assert!(
            kept.contains(&title) && kept.contains("Message-ID: <letter-1@example.com>"),
            "{kept}"
        );
        assert!(kept.contains("ada@example.com") && kept.contains("bob@example.com"));
    }
}
