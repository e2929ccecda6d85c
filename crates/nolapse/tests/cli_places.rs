//! Stories of the other places that `discover` and `scan` learn from: files, exports, providers, copies of last time.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: what they cannot do fails the test"
)]

mod cli_world;

use cli_world::{Ran, World, nolapse};
use serde_json::Value;
use testkit::dns::NameServer;
use testkit::folder::Folder;
use testkit::provider::{Entry, Kind, Provider, Zone};
use testkit::servers::named::{self, Named};
use testkit::transfers::{self, Step, Transfers};

const ZONE: &str = "$TTL 60\n@ SOA ns hostmaster 1 2 3 4 5\n@ NS ns\nns A 127.0.1.53\nwww A 127.0.1.1\n*.w A 127.0.1.2\nalias CNAME www\n";

fn endpoints(ran: &Ran) -> Vec<String> {
    let mut out: Vec<String> = ran
        .records()
        .iter()
        .filter(|line| line["kind"] == "endpoint")
        .map(|line| {
            format!(
                "{} {}",
                line["name"].as_str().unwrap(),
                line["address"].as_str().unwrap()
            )
        })
        .collect();
    out.sort();
    out
}

fn kinds(ran: &Ran, kind: &str) -> Vec<Value> {
    ran.records()
        .into_iter()
        .filter(|line| line["kind"] == kind)
        .collect()
}

fn discover(arguments: &[&str]) -> Ran {
    let mut all = vec!["discover", "--format", "ndjson", "--wildcard-label", "guess"];
    all.extend(arguments);
    nolapse(all)
}

#[test]
fn a_zone_file_its_export_and_its_targets_lead_to_the_same() {
    let folder = Folder::new();
    let file = format!("example.test={}", folder.file("zone", ZONE).display());
    let export = folder.at("zones.json").display().to_string();
    let ran = discover(&["--zone-file", &file, "--export", &export]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let expected = [
        "alias.example.test 127.0.1.1",
        "guess.w.example.test 127.0.1.2",
        "ns.example.test 127.0.1.53",
        "www.example.test 127.0.1.1",
    ];
    assert_eq!(endpoints(&ran), expected);
    let again = discover(&["--from", &export]);
    assert_eq!(endpoints(&again), expected, "{}", again.err);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&export).unwrap()).unwrap();
    let entry =
        serde_json::json!({"type": "CNAME", "name": "alias", "ttl": 60, "target": "www.example.test."});
    assert!(
        written["example.test"].as_array().unwrap().contains(&entry),
        "{written}"
    );
    let targets = nolapse([
        "discover",
        "--from",
        &export,
        "--format",
        "targets",
        "--wildcard-label",
        "guess",
    ]);
    let mut lines: Vec<&str> = targets.out.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines[0], "tls://alias.example.test@127.0.1.1:443");
    assert_eq!(lines.len(), 4);
}

#[test]
fn every_format_says_the_same() {
    let folder = Folder::new();
    let file = format!(
        "example.test={}",
        folder
            .file("zone", format!("{ZONE}gone CNAME nothing\n"))
            .display()
    );
    let json = nolapse(["discover", "--zone-file", &file, "--format", "json"]);
    let array: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(array.as_array().unwrap().len(), 6);
    let table = nolapse(["discover", "--zone-file", &file]);
    assert!(
        table.out.contains("www.example.test") && table.out.contains("dangling: 1"),
        "{}",
        table.out
    );
    assert!(
        table.out.contains("4 endpoints, 1 that are none"),
        "{}",
        table.out
    );
    // A pipe has no width: nothing of what to do is cut.
    assert!(
        table.out.contains("add it, or remove the record"),
        "{}",
        table.out
    );
    let dry = nolapse([
        "discover",
        "--zone-file",
        &file,
        "--dry-run",
        "--rate",
        "2",
        "--port",
        "443,8443",
    ]);
    assert_eq!(
        dry.out.trim(),
        "8 connections to 3 addresses in about 4.0 s; 1 record that lead to none"
    );
}

#[test]
fn a_mistake_in_a_zone_file_has_its_line_and_others_go_on() {
    let folder = Folder::new();
    let bad = format!("$TTL 60\n{}x A 300.0.0.1\n", "www A 127.0.1.1\n".repeat(39_998));
    let bad = format!("bad.test={}", folder.file("bad", bad).display());
    let good = format!("example.test={}", folder.file("zone", ZONE).display());
    let ran = discover(&["--zone-file", &bad, "--zone-file", &good]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("bad:40000: `300.0.0.1` is no IPv4 address"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("only a part of the zone came"), "{}", ran.err);
    assert_eq!(kinds(&ran, "zone")[0]["state"], "partial");
    assert!(endpoints(&ran).contains(&"alias.example.test 127.0.1.1".to_owned()));
}

#[test]
fn mistakes_in_what_was_typed_are_said_at_once() {
    let folder = Folder::new();
    let file = format!("example.test={}", folder.file("zone", ZONE).display());
    for (arguments, words) in [
        (vec![], "nothing to ask"),
        (vec!["--zone", "example.test"], "--zone needs a --server"),
        (
            vec!["--server", "127.0.0.1", "--zone-file", &file],
            "--server needs a --zone",
        ),
        (
            vec!["--zone-file", &file, "--include-regex", "a(b"],
            "`a(b` is no regular expression: unclosed group",
        ),
        (
            vec!["--zone-file", &file, "--own", "192.0.2.0/33"],
            "is no network",
        ),
        (vec!["--zone", "a..b", "--server", "127.0.0.1"], "empty label"),
        (vec!["--zone", "a.test", "--server", "x:y"], "is no server"),
    ] {
        let ran = discover(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{arguments:?}: {}", ran.err);
    }
    let shape = folder.file("wrong.json", "{\"z\": [1]}").display().to_string();
    let ran = discover(&["--from", &shape, "--zone-file", &file]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err.contains("it is no export of zones") && ran.err.contains("line 1"),
        "{}",
        ran.err
    );
    assert_eq!(endpoints(&ran).len(), 4);
}

#[test]
fn filters_and_ownership() {
    let folder = Folder::new();
    let file = format!("example.test={}", folder.file("zone", ZONE).display());
    let ran = discover(&[
        "--zone-file",
        &file,
        "--own",
        "office=127.0.1.0/31",
        "--exclude",
        "ns.*",
        "--include-regex",
        "^(www|ns|alias)",
    ]);
    let lines = kinds(&ran, "endpoint");
    assert_eq!(lines.len(), 2, "{}", ran.out);
    assert!(
        lines
            .iter()
            .all(|line| line["holder"] == "ours" && line["group"] == "office")
    );
    assert!(ran.err.contains("left out by filters"), "{}", ran.err);
    let foreign = discover(&["--zone-file", &file, "--own", "10.0.0.0/8"]);
    assert!(
        kinds(&foreign, "endpoint")
            .iter()
            .all(|line| line["holder"] == "foreign")
    );
}

#[test]
fn a_list_of_names_tries_wildcards() {
    let folder = Folder::new();
    let file = format!("example.test={}", folder.file("zone", ZONE).display());
    let list = folder
        .file(
            "names",
            "shop.w.example.test\nwww.example.test\nnever.example.test\n",
        )
        .display()
        .to_string();
    let ran = discover(&["--zone-file", &file, "--names", &list]);
    assert!(
        endpoints(&ran).contains(&"shop.w.example.test 127.0.1.2".to_owned()),
        "{}",
        ran.out
    );
    assert_eq!(endpoints(&ran).len(), 5, "what a record has is not given twice");
    assert_eq!(kinds(&ran, "dangling")[0]["name"], "never.example.test");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn an_unchanged_zone_costs_one_question_and_a_changed_one_its_changes() {
    let folder = Folder::new();
    let state = folder.at("state").display().to_string();
    let zone = |serial: u32, more: &str| {
        format!(
            "$TTL 60\n@ SOA ns hostmaster {serial} 2 3 4 5\n@ NS ns\nns A 127.0.1.53\nwww A 127.0.1.1\n{more}"
        )
    };
    let first = zone(1, "old A 127.0.1.7\n");
    let bind = Named {
        zones: vec![named::Zone {
            name: "example.test",
            content: &first,
            statements: "ixfr-from-differences yes;",
        }],
        options: "allow-transfer { any; };",
        ..Named::default()
    }
    .start();
    let server = bind.at("dns").to_string();
    let ask = || discover(&["--zone", "example.test", "--server", &server, "--state", &state]);
    let states = |ran: &Ran| kinds(ran, "zone")[0]["state"].as_str().unwrap().to_owned();
    let ran = ask();
    assert_eq!(
        (states(&ran).as_str(), endpoints(&ran).len()),
        ("whole", 3),
        "{}",
        ran.err
    );
    let ran = ask();
    assert_eq!(
        (states(&ran).as_str(), endpoints(&ran).len()),
        ("unchanged", 3),
        "{}",
        ran.err
    );
    let log = || std::fs::read_to_string(bind.folder().join("log")).unwrap();
    assert_eq!(log().matches("AXFR started").count(), 1, "{}", log());
    std::fs::write(bind.folder().join("zone-0"), zone(2, "new A 127.0.1.8\n")).unwrap();
    assert!(
        std::process::Command::new("kill")
            .args(["-HUP", &bind.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let ran = loop {
        let ran = ask();
        if states(&ran) == "whole" {
            break ran;
        }
        assert!(std::time::Instant::now() < deadline, "{}", bind.log());
    };
    assert_eq!(
        endpoints(&ran),
        [
            "new.example.test 127.0.1.8",
            "ns.example.test 127.0.1.53",
            "www.example.test 127.0.1.1"
        ]
    );
    assert_eq!(
        log().matches("AXFR started").count(),
        1,
        "only what changed came: {}",
        log()
    );
    assert!(log().contains("IXFR started"), "{}", log());
    let ran = ask();
    assert_eq!(
        (states(&ran).as_str(), endpoints(&ran).len()),
        ("unchanged", 3),
        "{}",
        ran.err
    );
}

#[test]
fn a_configuration_file_says_where_copies_are_kept() {
    let folder = Folder::new();
    let soa = transfers::soa("example.test", 1);
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    let whole = transfers::message(0, &[soa.clone(), www, soa.clone()]);
    let server = Transfers::start(vec![Step::Message(whole)]);
    let config = folder.file(
        "nolapse.toml",
        format!(
            "state = \"zones\"\n[sources.main]\ntype = \"axfr\"\nzone = \"example.test\"\nservers = [\"{}\"]\n",
            server.socket()
        ),
    );
    let ask = || {
        let ran = discover(&["--config", &config.display().to_string()]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(endpoints(&ran), ["www.example.test 127.0.1.1"]);
        kinds(&ran, "zone")[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(), "whole");
    assert_eq!(std::fs::read_dir(folder.at("zones")).unwrap().count(), 1);
    server.exchange(vec![Step::Message(transfers::message(0, &[soa]))]);
    assert_eq!(ask(), "unchanged");
}

#[test]
fn changes_that_do_not_fit_ask_for_the_whole_zone() {
    let folder = Folder::new();
    let state = folder.at("state").display().to_string();
    let (one, three) = (
        transfers::soa("example.test", 1),
        transfers::soa("example.test", 3),
    );
    let www = transfers::a("www.example.test", [127, 0, 1, 1]);
    let server = Transfers::start(vec![Step::Message(transfers::message(
        0,
        &[one.clone(), www, one.clone()],
    ))]);
    let socket = server.socket().to_string();
    let ask = || discover(&["--zone", "example.test", "--server", &socket, "--state", &state]);
    assert_eq!(endpoints(&ask()), ["www.example.test 127.0.1.1"]);
    // It removes what was never there; asked again, it gives the same, which is then no zone.
    let wrong = [
        three.clone(),
        one,
        transfers::a("x.example.test", [127, 0, 1, 9]),
        three.clone(),
        three,
    ];
    server.exchange(vec![Step::Message(transfers::message(0, &wrong))]);
    let ran = ask();
    assert_eq!(server.asked(), 3, "the zone; then changes, and the whole zone");
    assert_eq!(ran.code, 3, "{}", ran.out);
    assert!(
        matches!(
            kinds(&ran, "zone")[0]["state"].as_str(),
            Some("partial" | "failed")
        ),
        "{}",
        ran.out
    );
}

#[test]
fn a_server_that_closes_when_asked_for_changes_is_asked_for_the_zone() {
    let folder = Folder::new();
    let state = folder.at("state").display().to_string();
    let zone = |serial: u8| {
        let soa = transfers::soa("example.test", serial.into());
        let www = transfers::a("www.example.test", [127, 0, 1, serial]);
        Step::Message(transfers::message(0, &[soa.clone(), www, soa]))
    };
    let server = Transfers::start(vec![zone(1)]);
    let socket = server.socket().to_string();
    let ask = || discover(&["--zone", "example.test", "--server", &socket, "--state", &state]);
    assert_eq!(endpoints(&ask()), ["www.example.test 127.0.1.1"]);
    // As a server of AXFR alone does.
    server.exchange(vec![Step::OnlyAxfr, zone(2)]);
    let ran = ask();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(endpoints(&ran), ["www.example.test 127.0.1.2"]);
    assert_eq!(server.asked(), 3);
}

#[test]
fn the_same_zone_from_two_sources_is_two_views() {
    let folder = Folder::new();
    let inside = format!(
        "example.test={}",
        folder
            .file(
                "inside",
                "@ 60 SOA . . 1 1 1 1 1\nwww 60 A 10.0.0.1\nonly 60 A 10.0.0.2\nsame 60 A 127.0.1.1\n"
            )
            .display()
    );
    let outside = format!(
        "example.test={}",
        folder
            .file(
                "outside",
                "@ 60 SOA . . 1 1 1 1 1\nwww 60 A 127.0.1.9\nsame 60 A 127.0.1.1\n"
            )
            .display()
    );
    let ran = discover(&["--zone-file", &inside, "--zone-file", &outside, "--compare-views"]);
    assert_eq!(
        kinds(&ran, "endpoint")
            .iter()
            .filter(|line| line["view"] == 2)
            .count(),
        2
    );
    let differ: Vec<String> = kinds(&ran, "views-differ")
        .iter()
        .map(|line| format!("{}: {}", line["name"], line["reason"]))
        // Each view is called by the file it comes from.
        .map(|line| line.replace(&format!("{}/", folder.path().display()), ""))
        .collect();
    assert_eq!(
        differ,
        [
            "\"only.example.test\": \"view 1, inside, has 10.0.0.2; view 2, outside, has nothing\"",
            "\"www.example.test\": \"view 1, inside, has 10.0.0.1; view 2, outside, has 127.0.1.9\"",
        ]
    );
}

#[test]
fn certificates_and_zones_are_compared_both_ways() {
    let folder = Folder::new();
    let world = World::new();
    let names = [
        "www.example.test",
        "shop.w.example.test",
        "old.example.test",
        "www.elsewhere.test",
    ];
    let leaf = testkit::ca::Template::server("www.example.test")
        .names(&names)
        .issued_by(&world.pki.intermediate);
    let file = format!("example.test={}", folder.file("zone", ZONE).display());
    let certificates = folder.file("leaf.pem", leaf.pem()).display().to_string();
    let ran = discover(&["--zone-file", &file, "--compare", &certificates]);
    let names = |kind| {
        let mut names: Vec<String> = kinds(&ran, kind)
            .iter()
            .map(|line| line["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(
        names("name-in-no-zone"),
        ["old.example.test", "www.elsewhere.test"],
        "{}",
        ran.out
    );
    assert_eq!(
        names("name-not-covered"),
        ["alias.example.test", "guess.w.example.test", "ns.example.test"]
    );
    // A name of a certificate shows what the wildcard record leads to.
    assert!(endpoints(&ran).contains(&"shop.w.example.test 127.0.1.2".to_owned()));
}

#[test]
fn the_configuration_of_dns_certificate_checker_is_taken_as_it_is() {
    let folder = Folder::new();
    let bind = Named {
        zones: vec![named::Zone {
            name: "example.test",
            content: ZONE,
            statements: "",
        }],
        options: "allow-transfer { any; };",
        ..Named::default()
    }
    .start();
    let dns = bind.at("dns");
    let config = folder.file(
        "config.json",
        format!(
            "{{\"log_level\": 30, \"ssl_ports\": [443, 8443], \"min_time_to_expiration\": 2592000, \"zone_data_sources\": {{\"main\": \
             {{\"type\": \"BIND\", \"config\": {{\"server_ip\": \"{}\", \"server_port\": {}}}, \"zones\": [\"example.test\"], \
             \"discover_zones\": false}}}}, \"lookup_nameservers\": [\"127.0.0.1\"], \"name_filters\": [\"^ns\\\\.\"]}}",
            dns.ip(),
            dns.port()
        ),
    );
    let ran = discover(&["--from-dns-cert-checker", &config.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(kinds(&ran, "endpoint").len(), 6, "{}", ran.out);
    assert!(
        endpoints(&ran)
            .iter()
            .all(|endpoint| !endpoint.starts_with("ns."))
    );
    let cut = folder.file("cut.json", "[1");
    let ran = discover(&["--from-dns-cert-checker", &cut.display().to_string()]);
    assert_eq!((ran.code, ran.err.matches("EOF").count()), (2, 1), "{}", ran.err);
    assert!(ran.err.contains("it is no such configuration"), "{}", ran.err);
}

#[test]
fn sources_by_name_in_a_configuration_file() {
    let folder = Folder::new();
    folder.file("zone", ZONE);
    folder.file("names", "shop.w.example.test\n");
    let config = folder.file(
        "nolapse.toml",
        "ports = [8443]\n[sources.file]\ntype = \"zone-file\"\nzone = \"example.test\"\nfile = \"zone\"\n[sources.list]\ntype = \"names\"\nfile = \"names\"\n",
    );
    let config = config.display().to_string();
    let ran = discover(&["--config", &config]);
    assert_eq!(endpoints(&ran).len(), 5, "{}", ran.err);
    assert!(kinds(&ran, "endpoint").iter().all(|line| line["port"] == 8443));
    assert_eq!(
        endpoints(&discover(&["--config", &config, "--source", "file"])).len(),
        4
    );
    let ran = discover(&["--config", &config, "--source", "fil"]);
    assert!(
        ran.code == 2 && ran.err.contains("did you mean `file`?"),
        "{}",
        ran.err
    );
}

fn account(name: &str, id: &str, private: bool, entries: Vec<Entry>) -> Zone {
    Zone {
        id: id.to_owned(),
        name: name.to_owned(),
        private,
        entries,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn route_53_is_read_page_by_page() {
    let cust: [std::net::IpAddr; 2] = [[127, 0, 9, 9].into(), std::net::Ipv6Addr::LOCALHOST.into()];
    let resolver = NameServer::start(&[("lb.vendor.test", &cust)]);
    let zones = vec![
        account(
            "example.test",
            "Z1",
            false,
            vec![
                Entry::new("example.test.", "NS", &["ns.vendor.test."]),
                Entry::alias("example.test.", "A", "lb.vendor.test."),
                Entry::new("\\052.apps.example.test.", "A", &["127.0.1.3"]),
                Entry::new("multi.example.test.", "A", &["127.0.1.4"]).identified("one"),
                Entry::new("multi.example.test.", "A", &["127.0.1.5"]).identified("two"),
                Entry::new("txt.example.test.", "TXT", &["\"a & b\""]),
                Entry::new("www.example.test.", "CNAME", &["multi.example.test"]),
            ],
        ),
        account(
            "example.test",
            "Z2",
            true,
            vec![Entry::new("www.example.test.", "A", &["10.0.0.1"])],
        ),
        account(
            "other.test",
            "Z3",
            false,
            vec![Entry::new("www.other.test.", "A", &["127.0.1.6"])],
        ),
    ];
    let provider = Provider::start(Kind::Route53("AKID".to_owned()), zones, 2, 4);
    let folder = Folder::new();
    folder.secret(
        "aws",
        "[default]\naws_access_key_id = AKID\naws_secret_access_key = hush\n",
    );
    folder.secret(
        "wrong",
        "aws_access_key_id = OTHER\naws_secret_access_key = hush-hush\n",
    );
    let config = |more: &str, file: &str| {
        let text = format!(
            "[sources.cloud]\ntype = \"route53\"\ncredentials = \"{file}\"\nendpoint = \"{}\"\n{more}",
            provider.endpoint()
        );
        folder.file("nolapse.toml", text).display().to_string()
    };
    let resolver = resolver.socket().to_string();
    let ran = discover(&["--config", &config("", "aws"), "--resolver", &resolver]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(
        endpoints(&ran),
        [
            "example.test 127.0.9.9",
            "guess.apps.example.test 127.0.1.3",
            "multi.example.test 127.0.1.4",
            "multi.example.test 127.0.1.5",
            "www.example.test 127.0.1.4",
            "www.example.test 127.0.1.5",
            "www.other.test 127.0.1.6",
        ],
        "an alias of A has no IPv6 address"
    );
    assert!(provider.asked() > 8, "pages, and some of them twice");
    let ran = discover(&[
        "--config",
        &config("private = true\nzone = \"example.test\"\n", "aws"),
        "--resolver",
        &resolver,
    ]);
    assert!(
        kinds(&ran, "endpoint")
            .iter()
            .any(|line| line["view"] == 2 && line["address"] == "10.0.0.1"),
        "{}",
        ran.out
    );
    let ran = discover(&["--config", &config("zone = \"missing.test\"\n", "aws")]);
    assert!(
        ran.code == 3 && ran.err.contains("the account has no zone missing.test."),
        "{}",
        ran.err
    );
    let ran = discover(&["--config", &config("", "wrong")]);
    assert_eq!(ran.code, 3);
    assert!(
        ran.err
            .contains("refuses the credentials (status 403, InvalidClientTokenId"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("hush"), "a secret is never said");
}

#[test]
fn cloudflare_is_read_page_by_page() {
    let zones = vec![
        account(
            "example.test",
            "c1",
            false,
            vec![
                Entry::new("example.test", "A", &["127.0.1.1"]),
                Entry::new("*.example.test", "CNAME", &["example.test"]),
                Entry::new("example.test", "MX", &["10 mail.example.test"]),
                Entry::new("mail.example.test", "AAAA", &["::1"]),
                Entry::new("_imaps._tcp.example.test", "SRV", &["1 0 993 mail.example.test"]),
            ],
        ),
        account(
            "other.test",
            "c2",
            false,
            vec![Entry::new("www.other.test", "A", &["127.0.1.6"])],
        ),
    ];
    let provider = Provider::start(Kind::Cloudflare("token-1".to_owned()), zones, 2, 3);
    let folder = Folder::new();
    folder.secret("token", "token-1\n");
    folder.secret("wrong", "token-2\n");
    let config = |file: &str| {
        let text = format!(
            "[sources.cloud]\ntype = \"cloudflare\"\ntoken_file = \"{file}\"\nendpoint = \"{}\"\n",
            provider.endpoint()
        );
        folder.file("nolapse.toml", text).display().to_string()
    };
    let ran = discover(&["--config", &config("token")]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let mut lines: Vec<String> = kinds(&ran, "endpoint")
        .iter()
        .map(|line| format!("{} {} {}", line["name"], line["address"], line["port"]))
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "\"example.test\" \"127.0.1.1\" 443",
            "\"guess.example.test\" \"127.0.1.1\" 443",
            "\"mail.example.test\" \"::1\" 25",
            "\"mail.example.test\" \"::1\" 443",
            "\"mail.example.test\" \"::1\" 993",
            "\"www.other.test\" \"127.0.1.6\" 443",
        ]
    );
    let ran = discover(&["--config", &config("wrong")]);
    assert!(
        ran.code == 3 && ran.err.contains("Authentication error") && !ran.err.contains("token-2"),
        "{}",
        ran.err
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn a_scan_takes_the_zone_and_writes_the_csv() {
    let world = World::new();
    let sound = world.sound();
    let wrong = world.server(|template| template.valid_days(-90, -2), "late.test");
    assert_ne!(sound.address.port(), wrong.address.port());
    let cust: [std::net::IpAddr; 1] = [[127, 0, 9, 9].into()];
    let resolver = NameServer::start(&[("cust.vendor.example", &cust)]);
    let zone = format!(
        "@ 60 SOA . . 1 1 1 1 1\n@ 60 NS ns.vendor.example.\nsound 60 A {}\nlate 60 A {}\nzero 60 A 0.0.0.0\nvendor 60 CNAME cust.vendor.example.\n",
        sound.address.ip(),
        wrong.address.ip()
    );
    let bind = Named {
        zones: vec![named::Zone {
            name: "test",
            content: &zone,
            statements: "",
        }],
        options: "allow-transfer { any; };",
        ..Named::default()
    }
    .start();
    let ports = format!("{},{}", sound.address.port(), wrong.address.port());
    let (server, resolver) = (bind.at("dns").to_string(), resolver.socket().to_string());
    let arguments = [
        "scan",
        "--zone",
        "test",
        "--server",
        &server,
        "--port",
        &ports,
        "--trust-store",
        &world.store,
        "--resolver",
        &resolver,
    ];
    let ran = nolapse(arguments.iter().copied().chain(["--format", "csv"]));
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], "ip_address,port,fqdn,status,message");
    let expired = format!("{},{},late.test,error,", wrong.address.ip(), wrong.address.port());
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with(&expired) && line.contains("ended 2 d ago")),
        "{}",
        ran.out
    );
    let fine = format!("{},{},sound.test", sound.address.ip(), sound.address.port());
    assert!(lines.iter().all(|line| !line.starts_with(&fine)), "{}", ran.out);
    assert!(
        ran.err
            .contains("2 endpoints are somebody else's and were left out"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("1 record leads to no endpoint"), "{}", ran.err);
    let dry = nolapse(arguments.iter().copied().chain(["--dry-run"]));
    assert!(
        dry.out.starts_with("4 connections to 2 addresses in about"),
        "{}",
        dry.out
    );
    let missing = nolapse(["scan", "--zone", "missing.test", "--server", &server]);
    assert_eq!(missing.code, 3, "{}", missing.err);
    assert!(
        missing.err.contains("does not have this zone")
            && missing.err.contains("nothing was looked at (exit 3)"),
        "{}",
        missing.err
    );
    let resume = nolapse(arguments.iter().copied().chain(["--resume", "x"]));
    assert!(
        resume.code == 2 && resume.err.contains("--format targets"),
        "{}",
        resume.err
    );
}
