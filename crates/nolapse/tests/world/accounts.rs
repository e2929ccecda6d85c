//! Every target ends in exactly one class, and the counts add up.

use std::collections::BTreeMap;

use testkit::ca::Pki;
use testkit::dns::NameServer;
use testkit::hostile::{self, Kind};
use testkit::loopback;
use testkit::script::{End, Script};
use testkit::servers::{dovecot, redis, target};

use crate::harness::{nolapse, scan};

/// A server that says these words to everybody and stays.
fn says(words: &str) -> hostile::Running {
    Script::new()
        .send(words)
        .serve_on(&[loopback::socket()], End::Stay)
        .expect("a free socket can be listened on")
}

#[test]
fn what_cannot_be_judged_is_told_apart_and_counted_once() {
    let pki = Pki::new();
    let leaf = pki.leaf("good.test");
    let served = pki.serve(&leaf);
    let good = redis::start(&served, redis::Clients::Unknown);
    let mail = dovecot::start(&served);
    let tarpit = hostile::start_on(Kind::Tarpit, &[loopback::socket()]).unwrap();
    let reset = hostile::start_on(Kind::ResetOnHello, &[loopback::socket()]).unwrap();
    let closing = hostile::start_on(Kind::CloseOnHello, &[loopback::socket()]).unwrap();
    let ssh = says("SSH-2.0-OpenSSH_9.2\r\n");
    let names = NameServer::start(&[("empty.test", &[])]);
    let expected: BTreeMap<String, (&str, &str, &str)> = [
        (good.target("rediss", "good.test"), ("OK", "handshake", "")),
        (mail.target("imap", "good.test"), ("OK", "handshake", "")),
        (
            target("tls", "refused.test", loopback::refusing()),
            ("ERROR", "connect", "refused"),
        ),
        // Linux has no route for TCP to a multicast address, on any machine, and sends nothing.
        (
            "tls://route.test@224.0.0.77:443".to_owned(),
            ("ERROR", "connect", "no-route"),
        ),
        (
            target("tls", "tarpit.test", tarpit.address()),
            ("ERROR", "handshake", "timed-out"),
        ),
        (
            target("smtp", "tarpit-smtp.test", tarpit.address()),
            ("ERROR", "starttls", "timed-out"),
        ),
        (
            target("tls", "reset.test", reset.address()),
            ("ERROR", "handshake", "reset"),
        ),
        (
            target("tls", "closed.test", closing.address()),
            ("ERROR", "handshake", "closed"),
        ),
        (
            target("tls", "ssh.test", ssh.address()),
            ("ERROR", "handshake", "not-tls"),
        ),
        (
            target("smtp", "ssh-smtp.test", ssh.address()),
            ("ERROR", "starttls", "wrong-protocol"),
        ),
        (
            target("smtp", "imap-smtp.test", mail.at("imap")),
            ("ERROR", "starttls", "wrong-protocol"),
        ),
        (
            "tls://nowhere.test:443".to_owned(),
            ("ERROR", "resolve", "name-unknown"),
        ),
        (
            "tls://empty.test:443".to_owned(),
            ("ERROR", "resolve", "no-address"),
        ),
    ]
    .into();
    let resolver = names.socket().to_string();
    let fixed = [
        "--resolver",
        &resolver,
        "--timeout",
        "3",
        "--retries",
        "0",
        "htps://typo.test",
    ];
    let arguments: Vec<&str> = expected.keys().map(String::as_str).chain(fixed).collect();
    let scan = scan(&pki, &arguments);
    let mut seen = BTreeMap::new();
    for look in &scan.looks {
        let class = (look.status(), look.text("/outcome/reached"), look.failure());
        let again = seen.insert(
            look.text("/endpoint/name").to_owned() + ":" + look.text("/endpoint/starttls"),
            class,
        );
        assert_eq!(again, None, "looked at twice: {look:?}");
    }
    let name_of = |target: &str| {
        let (scheme, rest) = target.split_once("://").unwrap();
        let starttls = if ["tls", "rediss"].contains(&scheme) {
            "none"
        } else {
            scheme
        };
        rest.split(['@', ':']).next().unwrap().to_owned() + ":" + starttls
    };
    let wanted: BTreeMap<String, _> = expected
        .iter()
        .map(|(target, class)| (name_of(target), *class))
        .collect();
    assert_eq!(seen, wanted);
    assert!(
        scan.stderr.contains("htps"),
        "the target that cannot be understood is named: {}",
        scan.stderr
    );
}

#[test]
fn the_exit_status_says_how_it_ended() {
    let pki = Pki::new();
    let leaf = pki.leaf("good.test");
    let server = redis::start(&pki.serve(&leaf), redis::Clients::Unknown);
    let good = server.target("rediss", "good.test");
    let refused = target("tls", "refused.test", loopback::refusing());
    assert_eq!(scan(&pki, &[good.as_str()]).exit, 0);
    assert_eq!(scan(&pki, &[refused.as_str()]).exit, 3, "nothing could be judged");
    assert_eq!(
        scan(&pki, &["htps://typo.test"]).exit,
        2,
        "nothing was left to look at"
    );
    let other = Pki::new();
    assert_eq!(
        scan(&other, &[good.as_str()]).exit,
        1,
        "another root does not trust it"
    );
}

#[test]
fn the_report_for_people_adds_up() {
    let pki = Pki::new();
    let leaf = pki.leaf("good.test");
    let good = redis::start(&pki.serve(&leaf), redis::Clients::Unknown);
    let anchor = format!("test={}", pki.root_file().display());
    let output = nolapse(&["scan", "--trust-store", &anchor])
        .arg(good.target("rediss", "good.test"))
        .arg(target("tls", "refused.test", loopback::refusing()))
        .arg(target("tls", "other.test", loopback::refusing()))
        .output()
        .expect("the binary runs");
    let report = String::from_utf8(output.stdout).expect("a report is UTF-8");
    for words in ["3 endpoints", "1 ok", "2 error"] {
        assert!(report.contains(words), "`{words}` is not in:\n{report}");
    }
}
