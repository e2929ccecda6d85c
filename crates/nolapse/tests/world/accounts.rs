//! Every target ends in exactly one class, and the counts add up.

use std::collections::BTreeMap;

use testkit::ca::{Pki, Served, Template};
use testkit::dns::NameServer;
use testkit::hostile::{self, Kind, Running};
use testkit::loopback;
use testkit::script::{End, Script};
use testkit::servers::{Server, dovecot, redis, target};

use crate::harness::{nolapse, scan};

/// A server that says these words to everybody and stays.
fn says(words: &str) -> Running {
    Script::new()
        .send(words)
        .serve_on(&[loopback::socket()], End::Stay)
        .expect("a free socket can be listened on")
}

/// Servers that are sound, and servers that lead nowhere.
struct Servers {
    good: Server,
    mail: Server,
    tarpit: Running,
    reset: Running,
    closing: Running,
    ssh: Running,
}

impl Servers {
    fn start(served: &Served) -> Self {
        let hostile =
            |kind| hostile::start_on(kind, &[loopback::socket()]).expect("a free socket can be listened on");
        Self {
            good: redis::start(served, redis::Clients::Unknown),
            mail: dovecot::start(served),
            tarpit: hostile(Kind::Tarpit),
            reset: hostile(Kind::ResetOnHello),
            closing: hostile(Kind::CloseOnHello),
            ssh: says("SSH-2.0-OpenSSH_9.2\r\n"),
        }
    }

    /// Targets, and the class in which each must end: status, stage reached, failure.
    fn expected(&self) -> Vec<(String, Class<'static>)> {
        let error = |stage, failure| ("ERROR", stage, failure);
        let no_tls = |name, server: &Running| target("tls", name, server.address());
        let no_smtp = |name, socket| target("smtp", name, socket);
        vec![
            (self.good.target("rediss", "good.test"), ("OK", "handshake", "")),
            (self.mail.target("imap", "mail.test"), ("OK", "handshake", "")),
            (
                target("tls", "refused.test", loopback::refusing()),
                error("connect", "refused"),
            ),
            // Linux has no route for TCP to a multicast address, on any machine, and sends nothing.
            (
                "tls://route.test@224.0.0.77:443".to_owned(),
                error("connect", "no-route"),
            ),
            (
                no_tls("tarpit.test", &self.tarpit),
                error("handshake", "timed-out"),
            ),
            (
                no_smtp("tarpit-smtp.test", self.tarpit.address()),
                error("starttls", "timed-out"),
            ),
            (no_tls("reset.test", &self.reset), error("handshake", "reset")),
            (no_tls("closed.test", &self.closing), error("handshake", "closed")),
            (no_tls("ssh.test", &self.ssh), error("handshake", "not-tls")),
            (
                no_smtp("ssh-smtp.test", self.ssh.address()),
                error("starttls", "wrong-protocol"),
            ),
            (
                no_smtp("imap-smtp.test", self.mail.at("imap")),
                error("starttls", "wrong-protocol"),
            ),
            (
                "tls://nowhere.test:443".to_owned(),
                error("resolve", "name-unknown"),
            ),
            ("tls://empty.test:443".to_owned(), error("resolve", "no-address")),
        ]
    }
}

/// Status, stage reached, failure.
type Class<'a> = (&'a str, &'a str, &'a str);

/// The name in a target, which no other target of this test has.
fn name_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    rest.split(['@', ':']).next().unwrap_or(rest)
}

#[test]
fn what_cannot_be_judged_is_told_apart_and_counted_once() {
    let pki = Pki::new();
    let leaf = Template::server("good.test")
        .names(&["good.test", "mail.test"])
        .issued_by(&pki.intermediate);
    let servers = Servers::start(&pki.serve(&leaf));
    let names = NameServer::start(&[("empty.test", &[])]);
    let expected = servers.expected();
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
    let arguments: Vec<&str> = expected
        .iter()
        .map(|(target, _)| target.as_str())
        .chain(fixed)
        .collect();
    let scan = scan(&pki, &arguments);
    let mut seen: BTreeMap<&str, Class<'_>> = BTreeMap::new();
    for look in &scan.looks {
        let class = (look.status(), look.text("/outcome/reached"), look.failure());
        let again = seen.insert(look.text("/endpoint/name"), class);
        assert_eq!(again, None, "looked at twice: {look:?}");
    }
    let wanted: BTreeMap<&str, Class<'_>> = expected
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
