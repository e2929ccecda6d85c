//! Stories of `nolapse discover`, told to the real binary and to real name servers on loopback.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests: what they cannot do fails the test"
)]

mod cli_world;

use std::net::SocketAddr;
use std::process::Command;

use cli_world::{Ran, nolapse};
use serde_json::Value;
use testkit::ca::{Pki, Template};
use testkit::dns::NameServer;
use testkit::folder::Folder;
use testkit::loopback;
use testkit::servers::named::{Named, Zone};
use testkit::servers::nsd;
use testkit::transfers::{self, Step, Transfers};

/// Every type of record that leads to an endpoint, and every way of leading to none.
const ZONE: &str = "\
$TTL 300
@ IN SOA ns1 hostmaster 2026112401 7200 3600 1209600 3600
@ NS ns1
@ A 127.0.1.1
@ MX 10 mail
@ MX 20 mx.vendor.test.
@ TXT \"not an endpoint\"
ns1 A 127.0.1.53
www A 127.0.1.2
www AAAA ::1
mail A 127.0.1.25
alias CNAME www
vendor CNAME cust.vendor.test.
gone CNAME nobody.vendor.test.
dangling CNAME nothing
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME www
l1 CNAME l2
l2 CNAME l1
zero A 0.0.0.0
bcast A 255.255.255.255
*.apps A 127.0.1.3
shop CNAME store.apps
old DNAME new
www.new A 127.0.1.4
through CNAME www.old
sub NS ns.sub
ns.sub A 127.0.1.54
_imaps._tcp SRV 0 0 993 mail
_xmpp-client._tcp SRV 5 0 5222 mail
_ldap._tcp SRV 0 0 389 mail
_pop3._tcp SRV 0 0 0 .
www HTTPS 1 . alpn=h2 port=8443 ipv4hint=127.0.1.9
svc HTTPS 0 www
_key TXT \"x\"
";

fn zone(content: &str) -> Vec<Zone<'_>> {
    vec![Zone {
        name: "example.test",
        content,
        statements: "",
    }]
}

fn open(zones: Vec<Zone<'_>>) -> testkit::servers::Server {
    Named {
        zones,
        options: "allow-transfer { any; };",
        ..Named::default()
    }
    .start()
}

/// What knows the vendor's names.
fn resolver() -> NameServer {
    let cust: [std::net::IpAddr; 1] = [[127, 0, 9, 9].into()];
    NameServer::start(&[("cust.vendor.test", &cust), ("mx.vendor.test", &cust)])
}

fn ask(server: SocketAddr, more: &[&str]) -> Ran {
    let server = server.to_string();
    let mut arguments = vec![
        "discover",
        "--zone",
        "example.test",
        "--server",
        &server,
        "--wildcard-label",
        "guess",
    ];
    arguments.extend(more);
    nolapse(arguments)
}

/// Endpoints in short, obstacles by name and kind, both sorted.
fn short(ran: &Ran) -> (Vec<String>, Vec<String>) {
    let (mut endpoints, mut obstacles) = (Vec::new(), Vec::new());
    for line in ran.records() {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        match line["kind"].as_str().unwrap() {
            "endpoint" => {
                let sure = if line["guessed"] == true {
                    " guessed"
                } else if line["wildcard"] == true {
                    " wildcard"
                } else {
                    ""
                };
                let foreign = if line["holder"] == "foreign" {
                    " foreign"
                } else {
                    ""
                };
                assert!(!line["because"].as_array().unwrap().is_empty(), "{line}");
                endpoints.push(format!(
                    "{} {} {} {}{foreign}{sure}",
                    text("name"),
                    text("address"),
                    line["port"],
                    text("starttls")
                ));
            }
            "zone" => {}
            kind => {
                assert!(!text("reason").is_empty(), "{line}");
                obstacles.push(format!("{} {kind}", text("name")));
            }
        }
    }
    endpoints.sort();
    obstacles.sort();
    (endpoints, obstacles)
}

const ENDPOINTS: &[&str] = &[
    "alias.example.test 127.0.1.2 443 none",
    "alias.example.test 127.0.1.2 8443 none",
    "alias.example.test 127.0.1.9 8443 none",
    "alias.example.test ::1 443 none",
    "alias.example.test ::1 8443 none",
    "c1.example.test 127.0.1.2 443 none",
    "c1.example.test 127.0.1.2 8443 none",
    "c1.example.test 127.0.1.9 8443 none",
    "c1.example.test ::1 443 none",
    "c1.example.test ::1 8443 none",
    "c2.example.test 127.0.1.2 443 none",
    "c2.example.test 127.0.1.2 8443 none",
    "c2.example.test 127.0.1.9 8443 none",
    "c2.example.test ::1 443 none",
    "c2.example.test ::1 8443 none",
    "c3.example.test 127.0.1.2 443 none",
    "c3.example.test 127.0.1.2 8443 none",
    "c3.example.test 127.0.1.9 8443 none",
    "c3.example.test ::1 443 none",
    "c3.example.test ::1 8443 none",
    "c4.example.test 127.0.1.2 443 none",
    "c4.example.test 127.0.1.2 8443 none",
    "c4.example.test 127.0.1.9 8443 none",
    "c4.example.test ::1 443 none",
    "c4.example.test ::1 8443 none",
    "c5.example.test 127.0.1.2 443 none",
    "c5.example.test 127.0.1.2 8443 none",
    "c5.example.test 127.0.1.9 8443 none",
    "c5.example.test ::1 443 none",
    "c5.example.test ::1 8443 none",
    "c6.example.test 127.0.1.2 443 none",
    "c6.example.test 127.0.1.2 8443 none",
    "c6.example.test 127.0.1.9 8443 none",
    "c6.example.test ::1 443 none",
    "c6.example.test ::1 8443 none",
    "c7.example.test 127.0.1.2 443 none",
    "c7.example.test 127.0.1.2 8443 none",
    "c7.example.test 127.0.1.9 8443 none",
    "c7.example.test ::1 443 none",
    "c7.example.test ::1 8443 none",
    "c8.example.test 127.0.1.2 443 none",
    "c8.example.test 127.0.1.2 8443 none",
    "c8.example.test 127.0.1.9 8443 none",
    "c8.example.test ::1 443 none",
    "c8.example.test ::1 8443 none",
    "example.test 127.0.1.1 443 none",
    "example.test 127.0.1.25 5222 xmpp",
    "guess.apps.example.test 127.0.1.3 443 none guessed",
    "mail.example.test 127.0.1.25 25 smtp",
    "mail.example.test 127.0.1.25 389 ldap",
    "mail.example.test 127.0.1.25 443 none",
    "mail.example.test 127.0.1.25 993 none",
    "mx.vendor.test 127.0.9.9 25 smtp foreign",
    "ns1.example.test 127.0.1.53 443 none",
    "shop.example.test 127.0.1.3 443 none",
    "store.apps.example.test 127.0.1.3 443 none wildcard",
    "svc.example.test 127.0.1.2 8443 none",
    "svc.example.test 127.0.1.9 8443 none",
    "svc.example.test ::1 8443 none",
    "through.example.test 127.0.1.4 443 none",
    "vendor.example.test 127.0.9.9 443 none foreign",
    "www.example.test 127.0.1.2 443 none",
    "www.example.test 127.0.1.2 8443 none",
    "www.example.test 127.0.1.9 8443 none",
    "www.example.test ::1 443 none",
    "www.example.test ::1 8443 none",
    "www.new.example.test 127.0.1.4 443 none",
    "www.old.example.test 127.0.1.4 443 none wildcard",
];

const OBSTACLES: &[&str] = &[
    "_pop3._tcp.example.test not-offered",
    "bcast.example.test forbidden-address",
    "dangling.example.test dangling",
    "gone.example.test dangling",
    "l1.example.test loop",
    "l2.example.test loop",
    "ns.sub.example.test glue",
    "old.example.test names-unknown",
    "sub.example.test delegated",
    "zero.example.test forbidden-address",
];

#[test]
fn bind_and_nsd_lead_to_the_same_endpoints() {
    let bind = open(zone(ZONE));
    let nsd = nsd::start(&[("example.test", ZONE)], "", "127.0.0.0/8 NOKEY");
    let resolver = resolver().socket_kept();
    for server in [bind.at("dns"), nsd.at("dns")] {
        let ran = ask(server, &["--format", "ndjson", "--resolver", &resolver.1]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let (endpoints, obstacles) = short(&ran);
        assert_eq!(endpoints, ENDPOINTS);
        assert_eq!(obstacles, OBSTACLES);
        let zones: Vec<Value> = ran
            .records()
            .into_iter()
            .filter(|line| line["kind"] == "zone")
            .collect();
        assert_eq!(zones.len(), 1);
        assert_eq!(
            (&zones[0]["state"], &zones[0]["serial"]),
            (&"whole".into(), &2_026_112_401_u32.into())
        );
    }
}

/// A resolver together with its socket as text.
trait Kept {
    fn socket_kept(self) -> (NameServer, String);
}

impl Kept for NameServer {
    fn socket_kept(self) -> (NameServer, String) {
        let socket = self.socket().to_string();
        (self, socket)
    }
}

#[test]
fn every_endpoint_says_what_led_to_it() {
    let bind = open(zone(ZONE));
    let ran = ask(bind.at("dns"), &["--format", "ndjson", "--include", "alias.*"]);
    let lines = ran.records();
    let alias = lines.iter().find(|line| line["address"] == "127.0.1.2").unwrap();
    assert_eq!(
        alias["because"],
        serde_json::json!([
            "alias.example.test. 300 IN CNAME www.example.test.",
            "www.example.test. 300 IN A 127.0.1.2"
        ])
    );
    assert!(
        lines
            .iter()
            .filter(|line| line["kind"] == "endpoint")
            .all(|line| line["name"] == "alias.example.test")
    );
    assert!(ran.err.contains("left out by filters"), "{}", ran.err);
}

fn keygen(folder: &Folder, name: &str, algorithm: &str) -> (String, String) {
    let made = Command::new("tsig-keygen")
        .args(["-a", algorithm, name])
        .output()
        .unwrap();
    assert!(made.status.success());
    let block = String::from_utf8(made.stdout).unwrap();
    let file = folder.secret(&format!("{name}-{algorithm}"), &block);
    (block, file.display().to_string())
}

#[test]
fn signed_transfers_with_every_algorithm() {
    let folder = Folder::new();
    for algorithm in ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"] {
        let (block, file) = keygen(&folder, "transfer.key", algorithm);
        let bind = Named {
            zones: zone(ZONE),
            blocks: &block,
            options: "allow-transfer { key transfer.key; };",
            served: None,
        }
        .start();
        let nsd_key = nsd_key(&block);
        let nsd = nsd::start(&[("example.test", ZONE)], &nsd_key, "0.0.0.0/0 transfer.key");
        for server in [bind.at("dns"), nsd.at("dns")] {
            let ran = ask(
                server,
                &[
                    "--tsig-key",
                    &file,
                    "--format",
                    "ndjson",
                    "--exclude-regex",
                    "vendor|gone",
                ],
            );
            assert!(
                ran.records().iter().any(|line| line["state"] == "whole"),
                "{algorithm}: {}{}",
                ran.err,
                bind.log()
            );
            // Without the key, and with nothing that says so.
            let refused = ask(server, &["--format", "ndjson"]);
            assert_eq!(refused.code, 3);
            assert!(
                refused.err.contains("refuses to transfer") || refused.err.contains("does not have"),
                "{}",
                refused.err
            );
        }
    }
}

/// The same key as NSD writes it.
fn nsd_key(block: &str) -> String {
    let word = |after: &str| {
        let rest = block.split(after).nth(1).unwrap();
        rest.trim()
            .trim_matches('"')
            .split(['"', ';', ' '])
            .next()
            .unwrap()
            .to_owned()
    };
    format!(
        "key:\n  name: \"{}\"\n  algorithm: {}\n  secret: \"{}\"\n",
        word("key "),
        word("algorithm"),
        word("secret")
    )
}

#[test]
fn wrong_keys_are_told_apart() {
    let folder = Folder::new();
    let (block, file) = keygen(&folder, "transfer.key", "hmac-sha256");
    let bind = Named {
        zones: zone(ZONE),
        blocks: &block,
        options: "allow-transfer { key transfer.key; };",
        served: None,
    }
    .start();
    let written = std::fs::read_to_string(&file).unwrap();
    let other_name = folder.secret("name", written.replace("transfer.key", "other.key"));
    let other_algorithm = folder.secret("algorithm", written.replace("hmac-sha256", "hmac-sha512"));
    let (_, other_secret) = keygen(&folder, "second", "hmac-sha256");
    let other_secret = folder.secret(
        "secret",
        std::fs::read_to_string(other_secret)
            .unwrap()
            .replace("second", "transfer.key"),
    );
    for (file, words) in [
        (other_name, "the server does not know this key"),
        (other_algorithm, "the server does not know this key"),
        (other_secret, "the secret differs"),
    ] {
        let ran = ask(
            bind.at("dns"),
            &["--tsig-key", &file.display().to_string(), "--format", "ndjson"],
        );
        assert_eq!(ran.code, 3, "{}", ran.out);
        assert!(ran.err.contains(words), "{}", ran.err);
        assert_eq!(short(&ran).0.len(), 0);
        assert!(ran.records().iter().any(|line| line["state"] == "failed"));
    }
    let ran = ask(bind.at("dns"), &["--tsig-key", "/nowhere/key"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err
            .contains("cannot read the key from /nowhere/key: no such file"),
        "{}",
        ran.err
    );
}

#[test]
fn transfers_over_tls_prove_the_server() {
    let pki = Pki::new();
    let leaf = Template::server("ns1.example.test").issued_by(&pki.intermediate);
    let served = pki.serve(&leaf);
    let bind = Named {
        zones: zone(ZONE),
        options: "allow-transfer transport tls { any; };",
        served: Some(&served),
        ..Named::default()
    }
    .start();
    let root = pki.root_file().display().to_string();
    let dot = bind.at("dot");
    let ran = ask(
        dot,
        &[
            "--xot",
            "--xot-ca",
            &root,
            "--xot-name",
            "ns1.example.test",
            "--format",
            "ndjson",
            "--exclude-regex",
            "vendor|gone",
        ],
    );
    assert!(
        ran.records().iter().any(|line| line["state"] == "whole"),
        "{}{}",
        ran.err,
        bind.log()
    );
    let ran = ask(
        dot,
        &["--xot", "--xot-ca", &root, "--xot-name", "ns2.example.test"],
    );
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("no TLS with the server"), "{}", ran.err);
    let ran = ask(dot, &["--xot", "--xot-name", "ns1.example.test"]);
    assert!(
        ran.code == 3 && ran.err.contains("no TLS with the server"),
        "{}",
        ran.err
    );
    // Plain transfers are refused there.
    assert!(ask(bind.at("dns"), &[]).err.contains("refuses to transfer"));
}

#[test]
fn nsd_transfers_over_tls_with_a_key() {
    let (folder, pki) = (Folder::new(), Pki::new());
    let (block, key) = keygen(&folder, "transfer.key", "hmac-sha512");
    let leaf = Template::server("ns1.example.test").issued_by(&pki.intermediate);
    let served = pki.serve(&leaf);
    let (zones, allowed) = ([("example.test", ZONE)], "0.0.0.0/0 transfer.key");
    let nsd = nsd::start_over_tls(&zones, &nsd_key(&block), allowed, &served);
    let root = pki.root_file().display().to_string();
    let dot = nsd.at("dot");
    let proven = ["--xot", "--xot-ca", &root, "--xot-name", "ns1.example.test"];
    let whole = |more: &[&str]| {
        let ran = ask(dot, &[more, &["--tsig-key", &key, "--format", "ndjson"]].concat());
        let whole = ran.records().iter().any(|line| line["state"] == "whole");
        assert!(whole, "{}{}", ran.err, nsd.log());
    };
    whole(&proven);
    // Its own certificate is proof enough, whatever name it is asked under.
    let own = folder.file("own.pem", leaf.pem()).display().to_string();
    whole(&["--xot", "--xot-ca", &own]);
    let refused = |more: &[&str], sentence: &str| {
        let ran = ask(dot, more);
        assert!(ran.code == 3 && ran.err.contains(sentence), "{}", ran.err);
    };
    refused(&proven, "refuses to transfer");
    refused(
        &["--xot", "--xot-name", "ns1.example.test"],
        "no TLS with the server: its certificate comes from none of the authorities that are trusted here",
    );
    refused(
        &["--xot", "--xot-ca", &root, "--xot-name", "ns2.example.test"],
        "no TLS with the server: its certificate does not prove it: ",
    );
}

#[test]
fn each_refusal_has_its_sentence_and_other_zones_go_on() {
    let bind = Named {
        zones: vec![
            Zone {
                name: "example.test",
                content: "@ 60 IN SOA . . 1 1 1 1 1\n@ 60 NS ns.other.\nwww 60 A 127.0.1.1\n",
                statements: "allow-transfer { any; };",
            },
            Zone {
                name: "closed.test",
                content: "@ 60 IN SOA . . 1 1 1 1 1\n@ 60 NS ns.other.\n",
                statements: "allow-transfer { none; };",
            },
        ],
        ..Named::default()
    }
    .start();
    let server = bind.at("dns").to_string();
    let ran = nolapse([
        "discover",
        "--zone",
        "closed.test",
        "--zone",
        "unknown.test",
        "--zone",
        "example.test",
        "--server",
        &server,
        "--format",
        "ndjson",
    ]);
    assert_eq!(ran.code, 3);
    assert_eq!(short(&ran).0, ["www.example.test 127.0.1.1 443 none"]);
    assert!(
        ran.err.contains("closed.test from axfr") && ran.err.contains("refuses to transfer"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("unknown.test from axfr") && ran.err.contains("does not have this zone"),
        "{}",
        ran.err
    );
    let nobody = loopback::refusing();
    let ran = ask(nobody, &[]);
    assert!(
        ran.code == 3 && ran.err.contains("cannot connect: nothing listens"),
        "{}",
        ran.err
    );
}

#[test]
fn a_server_that_speaks_udp_alone_is_known() {
    let nobody: [std::net::IpAddr; 1] = [[127, 0, 0, 1].into()];
    let udp = NameServer::start(&[("example.test", &nobody)]);
    let ran = ask(udp.socket(), &[]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("answers over UDP and not over TCP"),
        "{}",
        ran.err
    );
}

#[test]
fn the_next_server_is_asked_when_one_fails() {
    let broken = Transfers::start(vec![Step::Message(transfers::message(
        0,
        &[
            transfers::soa("example.test", 1),
            transfers::a("www.example.test", [127, 0, 1, 1]),
        ],
    ))]);
    let bind = open(zone(
        "@ 60 IN SOA . . 7 1 1 1 1\n@ 60 NS ns.other.\nwww 60 A 127.0.1.1\nmore 60 A 127.0.1.2\n",
    ));
    let servers = format!("{},{},{}", loopback::refusing(), broken.socket(), bind.at("dns"));
    let ran = nolapse([
        "discover",
        "--zone",
        "example.test",
        "--server",
        &servers,
        "--format",
        "ndjson",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // What went out of the broken transfer does not go out again.
    assert_eq!(
        short(&ran).0,
        [
            "more.example.test 127.0.1.2 443 none",
            "www.example.test 127.0.1.1 443 none"
        ]
    );
    assert!(
        ran.err.contains("nothing listens") && ran.err.contains("before the zone was whole"),
        "{}",
        ran.err
    );
}

fn hostile(steps: Vec<Step>) -> Ran {
    let server = Transfers::start(steps);
    ask(server.socket(), &["--format", "ndjson"])
}

/// Each of these fails with its words, and is not taken for the zone.
fn each_fails(cases: Vec<(&str, Vec<Step>, &str)>) {
    for (name, steps, words) in cases {
        let ran = hostile(steps);
        assert_eq!(ran.code, 3, "{name}: {}", ran.err);
        assert!(ran.err.contains(words), "{name}: {}", ran.err);
        let zones = ran.records();
        let zone = zones.iter().find(|line| line["kind"] == "zone").unwrap();
        let state = zone["state"].as_str();
        assert!(matches!(state, Some("partial" | "failed")), "{name}: {zone}");
    }
}

/// The first message of a zone.
fn first() -> Vec<u8> {
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    transfers::message(0, &[transfers::soa("example.test", 1), www])
}

fn framed(length: u16, octets: &[u8]) -> Step {
    Step::Raw([length.to_be_bytes().to_vec(), octets.to_vec()].concat())
}

#[test]
fn cut_transfers_are_parts_and_no_zones() {
    let mut truncated = first();
    truncated[2] |= 2;
    let inside = vec![Step::Message(first()), framed(500, &[0; 20])];
    each_fails(vec![
        ("cut", vec![Step::Message(first())], "before the zone was whole"),
        ("cut inside", inside, "before the zone was whole"),
        ("marked as cut", vec![Step::Message(truncated)], "truncated"),
    ]);
}

#[test]
fn mixed_up_transfers_are_named() {
    use testkit::transfers::{message, soa};
    let mut other_number = first();
    other_number[0] = 0xff;
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    let wrong = |answers: &[Vec<u8>]| vec![Step::Message(message(0, answers)), Step::Silence];
    let ends = vec![
        Step::Message(first()),
        Step::Message(message(0, &[soa("example.test", 2)])),
        Step::Silence,
    ];
    each_fails(vec![
        (
            "another number",
            vec![Step::Message(other_number), Step::Silence],
            "does not belong to the question",
        ),
        ("another zone", wrong(&[soa("other.test", 1)]), "another zone"),
        ("no start", wrong(&[www]), "does not begin with"),
        ("nothing", wrong(&[]), "without a single record"),
        ("another end", ends, "changed from serial 1 to 2"),
        (
            "changes",
            wrong(&[soa("example.test", 3), soa("example.test", 1)]),
            "changed from serial 3 to 1",
        ),
    ]);
}

#[test]
fn loops_and_what_is_no_message_are_named() {
    use testkit::transfers::{a, message, odd, soa};
    let begin = soa("example.test", 1);
    // Where it stands itself: behind the header and the first record.
    let itself = odd(
        &[0xc0, 12 + u8::try_from(begin.len()).unwrap()],
        1,
        &[127, 0, 0, 1],
    );
    let forwards = odd(&[0xc0, 0xff], 1, &[127, 0, 0, 1]);
    let behind = |record: Vec<u8>| vec![Step::Message(message(0, &[begin.clone(), record])), Step::Silence];
    let same = Step::Message(message(0, &[a("x.example.test", [127, 0, 1, 3])]));
    let again = vec![Step::Message(first()), same.clone(), same, Step::Silence];
    each_fails(vec![
        ("pointer to itself", behind(itself), "points backwards"),
        ("pointer forwards", behind(forwards), "points backwards"),
        (
            "no message",
            vec![framed(5, b"hello"), Step::Silence],
            "cannot be read",
        ),
        ("the same again", again, "again and again"),
    ]);
}

#[test]
fn an_endless_transfer_ends_at_the_bound() {
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    let large = transfers::message(
        0,
        &[transfers::odd(
            &transfers::name("e.example.test"),
            99,
            &[0; 60_000],
        )],
    );
    let ran = hostile(vec![
        Step::Message(transfers::message(0, &[transfers::soa("example.test", 1), www])),
        Step::Endless(large),
    ]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("no end after 536870912 bytes"), "{}", ran.err);
    assert!(ran.err.contains("only a part of the zone came"), "{}", ran.err);
}

#[test]
fn an_unsigned_answer_to_a_signed_question_is_refused() {
    let folder = Folder::new();
    let (_, file) = keygen(&folder, "transfer.key", "hmac-sha256");
    let zone = [
        transfers::soa("example.test", 1),
        transfers::a("www.example.test", [127, 0, 1, 1]),
        transfers::soa("example.test", 1),
    ];
    let server = Transfers::start(vec![Step::Message(transfers::message(0, &zone))]);
    let ran = ask(server.socket(), &["--tsig-key", &file, "--format", "ndjson"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("answered without signature"), "{}", ran.err);
    assert!(short(&ran).0.is_empty(), "nothing unproven goes out");
}
