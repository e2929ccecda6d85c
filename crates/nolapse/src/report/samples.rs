//! Looks made by hand, and what people see of them.
//!
//! The certificates in `samples/` were made once, with dates around [`NOW`], and are judged at [`NOW`]: nothing here
//! depends on the day on which the tests run.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use assess::{Law, Policy, SignatureMemory, Stores};
use jiff::Timestamp;
use model::certificate::Certificate;
use model::observation::{
    ClientCertificate, Depth, Elapsed, Failure, Handshake, Hello, Observation, Outcome, Proof, Stage,
};
use model::tls::{CipherSuite, Group, SignatureScheme, Version};
use model::{Evidence, Identity, Name, Service, StartTls, Untrusted};

use crate::report::causes::Keep;
use crate::report::markdown::Document;
use crate::report::table::{Detail, Summary, Table, Wishes};
use crate::scan::tally::Tally;
use crate::terminal::Style;
use engine::look::Look;

const NOW: &str = "2026-11-24T14:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn certificate(der: &[u8]) -> Arc<Certificate> {
    Arc::new(Certificate::from_der(der))
}

fn shop() -> Arc<Certificate> {
    certificate(include_bytes!("samples/shop.der"))
}

fn mail() -> Arc<Certificate> {
    certificate(include_bytes!("samples/mail.der"))
}

fn intermediate() -> Arc<Certificate> {
    certificate(include_bytes!("samples/intermediate.der"))
}

fn service(name: &str, port: u16) -> Arc<Service> {
    let name = Name::parse(name).unwrap();
    let starttls = StartTls::for_port(port);
    Arc::new(Service {
        identity: Identity::Name(name.clone()),
        port,
        server_name: Some(name),
        starttls,
    })
}

fn handshake(chain: Vec<Arc<Certificate>>) -> Handshake {
    Handshake {
        version: Version::TLS13,
        cipher: CipherSuite(0x1301),
        group: Some(Group::X25519),
        dh_bits: None,
        alpn: Some(Untrusted::new("h2")),
        chain,
        chain_dropped: 0,
        staple: None,
        scts: Vec::new(),
        client_certificate: ClientCertificate::NotAsked,
        proof: Proof::Proven(SignatureScheme(0x0403)),
        hello: Hello::Modern,
    }
}

fn observation(service: Arc<Service>, address: &str, outcome: Outcome) -> Observation {
    Observation {
        service,
        address: Some(address.parse::<IpAddr>().unwrap()),
        at: now(),
        depth: Depth::Full,
        outcome,
        early_plaintext: None,
        handshake: None,
        further_handshakes: Vec::new(),
        connections: 1,
        elapsed: Elapsed {
            total: Duration::from_millis(41),
            ..Elapsed::default()
        },
    }
}

fn judged(observation: Observation) -> Look {
    let root = certificate(include_bytes!("samples/root.der"));
    let stores = Stores::public().with_user_store("corp", vec![root]).unwrap();
    let assessment = assess::judge(
        &observation,
        &Evidence::none(),
        Law {
            stores: &stores,
            policy: &Policy::default(),
        },
        &SignatureMemory::with_capacity(64),
        now(),
    );
    Look {
        observation,
        assessment,
        evidence: Evidence::none(),
    }
}

fn seen(name: &str, port: u16, address: &str, chain: Vec<Arc<Certificate>>) -> Look {
    let handshake = Some(handshake(chain));
    judged(Observation {
        handshake,
        ..observation(service(name, port), address, Outcome::Handshaken)
    })
}

fn stopped(name: &str, address: &str, stage: Stage, failure: Failure) -> Look {
    judged(observation(
        service(name, 443),
        address,
        Outcome::Stopped { stage, failure },
    ))
}

/// A small fleet: fine, soon to end, incomplete, ended at another name, refused, silent, not TLS.
fn fleet() -> Vec<Look> {
    let mut looks = vec![
        seen(
            "shop.example.com",
            443,
            "198.51.100.24",
            vec![shop(), intermediate()],
        ),
        seen(
            "mail.example.com",
            25,
            "198.51.100.25",
            vec![mail(), intermediate()],
        ),
        stopped(
            "old.example.com",
            "198.51.100.26",
            Stage::Connect,
            Failure::Refused,
        ),
        stopped(
            "older.example.com",
            "198.51.100.27",
            Stage::Connect,
            Failure::Refused,
        ),
        stopped(
            "silent.example.com",
            "198.51.100.28",
            Stage::Handshake,
            Failure::TimedOut,
        ),
        stopped(
            "plain.example.com",
            "198.51.100.29",
            Stage::Handshake,
            Failure::NotTls {
                saw: Untrusted::new("HTTP/1.1 400\u{1b}[31m"),
                looks_like: Some("http"),
            },
        ),
    ];
    looks.extend((1..=7).map(|host| {
        let name = if host == 7 {
            "www.shop.example.com"
        } else {
            "a.shop.example.com"
        };
        seen(name, 443, &format!("203.0.113.{host}"), vec![shop()])
    }));
    looks
}

fn summary(looks: &[Look], targets: u64) -> Summary {
    let mut tally = Tally::default();
    looks
        .iter()
        .for_each(|look| tally.count(&look.observation, look.assessment.status));
    Summary {
        tally,
        targets,
        elapsed: Duration::from_millis(3_400),
        ..Summary::default()
    }
}

fn style(width: usize) -> Style {
    Style {
        width,
        colour: false,
        unicode: false,
    }
}

const USUAL: Wishes = Wishes {
    list: Keep::Few,
    detail: Detail::Usual,
};

fn table(style: Style, wishes: Wishes, looks: &[Look], one_target: bool) -> String {
    let mut table = Table::new(style, wishes);
    for (place, look) in looks.iter().enumerate() {
        table.add(if one_target { 0 } else { place as u64 }, look.clone());
    }
    let targets = if one_target { 1 } else { looks.len() as u64 };
    let report = table.finish(&summary(looks, targets));
    let longest = report.lines().map(crate::text::width).max().unwrap_or_default();
    assert!(
        style.colour || longest <= style.width,
        "{longest} columns:\n{report}"
    );
    report
}

#[test]
fn a_fleet_at_100_columns() {
    insta::assert_snapshot!(table(style(100), USUAL, &fleet(), false));
}

#[test]
fn a_fleet_at_80_columns() {
    insta::assert_snapshot!(table(style(80), USUAL, &fleet(), false));
}

#[test]
fn a_fleet_at_40_columns() {
    insta::assert_snapshot!(table(style(40), USUAL, &fleet(), false));
}

#[test]
fn a_fleet_with_glyphs_and_everything_listed() {
    let style = Style {
        unicode: true,
        ..style(100)
    };
    let wishes = Wishes {
        list: Keep::All,
        detail: Detail::Usual,
    };
    insta::assert_snapshot!(table(style, wishes, &fleet(), false));
}

#[test]
fn a_fleet_in_colour() {
    let style = Style {
        colour: true,
        ..style(100)
    };
    insta::assert_snapshot!(table(style, USUAL, &fleet(), false).replace('\u{1b}', "ESC"));
}

#[test]
fn colour_only_comes_on_top() {
    let coloured = table(
        Style {
            colour: true,
            ..style(80)
        },
        USUAL,
        &fleet(),
        false,
    );
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, table(style(80), USUAL, &fleet(), false));
}

fn one_name() -> Vec<Look> {
    vec![
        seen("shop.example.com", 443, "198.51.100.24", vec![shop()]),
        seen(
            "shop.example.com",
            443,
            "2001:db8:7::24",
            vec![shop(), intermediate()],
        ),
    ]
}

#[test]
fn one_name_in_detail() {
    insta::assert_snapshot!(table(style(100), USUAL, &one_name(), true));
}

#[test]
fn one_name_in_more_detail() {
    let wishes = Wishes {
        list: Keep::Few,
        detail: Detail::More,
    };
    insta::assert_snapshot!(table(style(80), wishes, &one_name(), true));
}

#[test]
fn one_name_that_refuses() {
    let looks = [stopped(
        "old.example.com",
        "198.51.100.26",
        Stage::Connect,
        Failure::Refused,
    )];
    insta::assert_snapshot!(table(style(80), USUAL, &looks, true));
}

#[test]
fn a_fleet_as_a_document() {
    let mut document = Document::new(Keep::Few);
    let looks = fleet();
    looks.iter().for_each(|look| document.add(look));
    let mut summary = summary(&looks, 13);
    summary.not_understood = vec!["2 lines of fleet.txt not understood: 17, 2041".to_owned()];
    insta::assert_snapshot!(document.finish(&summary));
}

#[test]
fn the_order_in_which_looks_come_in_changes_nothing() {
    let looks = fleet();
    let mut backwards = looks.clone();
    backwards.reverse();
    assert_eq!(
        table(style(100), USUAL, &looks, false),
        table(style(100), USUAL, &backwards, false)
    );
}

#[test]
fn twenty_thousand_findings_of_one_cause_are_a_few_lines() {
    let mut table = Table::new(style(80), USUAL);
    let sample = seen("a.shop.example.com", 443, "203.0.113.1", vec![shop()]);
    for index in 0..20_000 {
        table.add(index, sample.clone());
    }
    let mut tally = Tally::default();
    (0..20_000).for_each(|_| tally.count(&sample.observation, sample.assessment.status));
    let report = table.finish(&Summary {
        tally,
        targets: 20_000,
        ..Summary::default()
    });
    assert!(report.contains("20,000 endpoints, 1 certificate"), "{report}");
    assert!(report.lines().count() < 20, "{report}");
}

#[test]
fn an_endpoint_with_a_worse_finding_is_not_also_unjudged() {
    let mut injected = stopped("a.example", "198.51.100.1", Stage::Handshake, Failure::Closed);
    injected.observation.early_plaintext = Some(Untrusted::new("250 x"));
    let injected = judged(injected.observation);
    let refused = |name, address| stopped(name, address, Stage::Connect, Failure::Refused);
    let looks = [
        injected,
        refused("b.example", "198.51.100.2"),
        refused("c.example", "198.51.100.3"),
    ];
    let report = table(style(100), USUAL, &looks, false);
    assert!(
        report.contains("2 endpoints could not be judged: 2 refused"),
        "{report}"
    );
    assert!(report.contains("3 endpoints: 1 critical, 2 error"), "{report}");
}

#[test]
fn a_run_of_glances_says_that_nothing_was_proven() {
    let mut looks = one_name();
    for look in &mut looks {
        look.observation.depth = Depth::Glance;
    }
    let words = "no server proved that it holds its key";
    assert!(table(style(100), USUAL, &looks, false).contains(words));
    assert!(!table(style(100), USUAL, &one_name(), false).contains(words));
    let mut document = Document::new(Keep::Few);
    looks.iter().for_each(|look| document.add(look));
    assert!(document.finish(&summary(&looks, 2)).contains(words));
}

#[test]
fn lines_that_differ_between_addresses_say_whose_they_are() {
    let mut looks = one_name();
    if let Some(handshake) = &mut looks[0].observation.handshake {
        handshake.version = Version::TLS12;
    }
    let report = table(style(160), USUAL, &looks, true);
    let of = |version: &str| {
        report
            .lines()
            .find(|line| line.contains(&format!("{version}  TLS_")))
            .unwrap()
    };
    assert!(of("1.2").ends_with("at 198.51.100.24"), "{report}");
    assert!(of("1.3").ends_with("at 2001:db8:7::24"), "{report}");
}

#[test]
fn nothing_seen_leaves_one_blank_line() {
    let looks = [probe_of_no_address()];
    let report = table(style(100), USUAL, &looks, true);
    assert!(!report.contains("\n\n\n"), "{report:?}");
}

fn probe_of_no_address() -> Look {
    let mut look = stopped("x.example", "198.51.100.1", Stage::Resolve, Failure::NameUnknown);
    look.observation.address = None;
    judged(look.observation)
}
