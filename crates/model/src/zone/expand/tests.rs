//! Zones of a few records, and exactly the endpoints that follow.

#![expect(clippy::cast_possible_truncation, reason = "data of a few octets")]

use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::limits;
use crate::observation::Failure;

const ZONE: &str = "example.com";

/// A record in the few words of these tests: owner, type, and data as a master file has it.
fn record(words: &str) -> Record {
    let origin = Domain::parse(ZONE).unwrap();
    let words: Vec<&str> = words.split_whitespace().collect();
    let name = |text: &str| Domain::parse_in(text, origin.borrowed()).unwrap();
    let number = |text: &str| text.parse::<u16>().unwrap().to_be_bytes().to_vec();
    let kind = Kind::for_word(words[1]).unwrap();
    let mut data = Vec::new();
    match kind {
        Kind::A => data.extend(words[2].parse::<Ipv4Addr>().unwrap().octets()),
        Kind::AAAA => data.extend(words[2].parse::<Ipv6Addr>().unwrap().octets()),
        Kind::MX => data = [number(words[2]), name(words[3]).wire().to_vec()].concat(),
        Kind::SRV => {
            data = vec![0; 4];
            data.extend(number(words[2]));
            data.extend(name(words[3]).wire());
        }
        Kind::HTTPS | Kind::SVCB => {
            data = [number(words[2]), name(words[3]).wire().to_vec()].concat();
            for parameter in &words[4..] {
                let (key, value) = parameter.split_once('=').unwrap();
                let (key, value): (u16, Vec<u8>) = match key {
                    "port" => (3, number(value)),
                    "alpn" => (1, [vec![value.len() as u8], value.as_bytes().to_vec()].concat()),
                    _ => (4, value.parse::<Ipv4Addr>().unwrap().octets().to_vec()),
                };
                data.extend(key.to_be_bytes());
                data.extend((value.len() as u16).to_be_bytes());
                data.extend(value);
            }
        }
        Kind::ALIAS => data = [vec![words[2].parse().unwrap()], name(words[3]).wire().to_vec()].concat(),
        Kind::TXT => data.push(0),
        _ => data.extend(name(words[2]).wire()),
    }
    Record {
        owner: name(words[0]),
        kind,
        ttl: 60,
        data: data.into(),
    }
}

fn shown(line: Line<'_>) -> String {
    match line {
        Line::Endpoint(found) => {
            let because: Vec<String> = found.because.iter().map(ToString::to_string).collect();
            let holder = match found.holder {
                Holder::Ours(None) => String::new(),
                Holder::Ours(Some(group)) => format!(" of {group}"),
                Holder::Foreign => " foreign".to_owned(),
            };
            let sure = match found.certainty {
                Certainty::Named => "",
                Certainty::Wildcard => " wildcard",
                Certainty::Guessed => " guessed",
            };
            assert!(Name::parse(found.name).is_ok());
            let starttls = found.starttls;
            let Found {
                name, address, port, ..
            } = found;
            format!(
                "{name} {address}:{port} {starttls}{holder}{sure} <- {}",
                because.join("; ")
            )
        }
        Line::Unusable(unusable) => format!("{}: {}", unusable.name, unusable.why.word()),
    }
}

fn wishes() -> Wishes {
    Wishes {
        ports: vec![443],
        guess: "guess".to_owned(),
        ..Wishes::default()
    }
}

/// What a zone of these records gives when resolvers know `vendor.test` alone.
fn expand_with(wishes: Wishes, records: &[&str]) -> Vec<String> {
    let mut expansion = Expansion::new(wishes);
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::Several);
    for words in records {
        expansion.take(zone, record(words).borrowed(), &mut out);
    }
    expansion.end(zone, Extent::Whole, &mut out);
    expansion.finish(&mut out);
    for name in expansion.outside() {
        let vendor = [IpAddr::from([198, 51, 100, 7])];
        let answer = match name.to_string().as_str() {
            "vendor.test." => Ok(vendor.as_slice()),
            "slow.test." => Err(&Failure::TimedOut),
            _ => Err(&Failure::NameUnknown),
        };
        expansion.answer(&name, answer, &mut out);
    }
    assert!(expansion.outside().is_empty());
    lines
        .iter()
        .map(|line| line.replace(".example.com.", ""))
        .collect()
}

fn expand(records: &[&str]) -> Vec<String> {
    expand_with(wishes(), records)
}

#[test]
fn every_address_of_every_name_on_every_port() {
    let wishes = Wishes {
        ports: vec![443, 465, 25],
        ..wishes()
    };
    assert_eq!(
        expand_with(
            wishes,
            &[
                "www A 192.0.2.1",
                "www AAAA 2001:db8::1",
                "www A 192.0.2.1",
                "www TXT x"
            ]
        ),
        [
            "www.example.com 192.0.2.1:443 none <- www 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.1:465 none <- www 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.1:25 smtp <- www 60 IN A 192.0.2.1",
            "www.example.com 2001:db8::1:443 none <- www 60 IN AAAA 2001:db8::1",
            "www.example.com 2001:db8::1:465 none <- www 60 IN AAAA 2001:db8::1",
            "www.example.com 2001:db8::1:25 smtp <- www 60 IN AAAA 2001:db8::1",
        ]
    );
}

#[test]
fn chains_are_followed_inside_first_and_outside_by_resolvers() {
    assert_eq!(
        expand(&[
            "a CNAME b",
            "b CNAME c",
            "c A 192.0.2.3",
            "out CNAME vendor.test.",
            "late CNAME slow.test.",
            "gone CNAME nobody.test."
        ]),
        [
            "c.example.com 192.0.2.3:443 none <- c 60 IN A 192.0.2.3",
            "a.example.com 192.0.2.3:443 none <- a 60 IN CNAME b; b 60 IN CNAME c; c 60 IN A 192.0.2.3",
            "b.example.com 192.0.2.3:443 none <- b 60 IN CNAME c; c 60 IN A 192.0.2.3",
            "late: unresolved",
            "gone: dangling",
            "out.example.com 198.51.100.7:443 none foreign <- out 60 IN CNAME vendor.test.; vendor.test. IN A 198.51.100.7 (resolver)",
        ]
    );
}

#[test]
fn a_chain_of_eight_is_followed_and_of_nine_is_not() {
    let mut records: Vec<String> = (1..8)
        .map(|step| format!("c{step} CNAME c{}", step + 1))
        .collect();
    records.push("c8 CNAME end".to_owned());
    records.push("end A 192.0.2.8".to_owned());
    records.push("c0 CNAME c1".to_owned());
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let lines = expand(&records);
    assert_eq!(lines.len(), 10);
    let of = |name: &str| lines.iter().find(|line| line.starts_with(name)).unwrap();
    assert_eq!(of("c1").matches("CNAME").count(), 8);
    assert_eq!(of("c0"), "c0: chain-too-long");
}

#[test]
fn loops_dangling_and_empty_names_are_lines_of_their_own() {
    assert_eq!(
        expand(&[
            "a CNAME b",
            "b CNAME a",
            "self CNAME self",
            "nowhere CNAME missing",
            "t TXT x",
            "empty CNAME t"
        ]),
        [
            "a: loop",
            "b: loop",
            "self: loop",
            "nowhere: dangling",
            "empty: no-address"
        ]
    );
}

#[test]
fn what_nobody_connects_to_is_said() {
    assert_eq!(
        expand(&[
            "zero A 0.0.0.0",
            "all A 255.255.255.255",
            "to CNAME zero",
            "_x A 192.0.2.1",
            "-a A 192.0.2.1"
        ]),
        [
            "zero: forbidden-address",
            "all: forbidden-address",
            "_x: service-label",
            "-a: not-a-host",
            "to: forbidden-address",
        ]
    );
}

#[test]
fn mail_and_services_have_their_protocol_and_port() {
    assert_eq!(
        expand(&[
            "@ MX 10 mx",
            "@ MX 20 mx",
            "no MX 0 .",
            "mx A 192.0.2.25",
            "_xmpp-client._tcp SRV 5222 mx",
            "_imaps._tcp SRV 993 mx",
            "_ldap._tcp SRV 389 mx",
            "_pop3._tcp SRV 110 .",
            "_odd._tcp SRV 7 mx",
            "_sip._udp SRV 5060 mx",
        ]),
        [
            "mx.example.com 192.0.2.25:443 none <- mx 60 IN A 192.0.2.25",
            "mx.example.com 192.0.2.25:25 smtp <- example.com. 60 IN MX 10 mx; mx 60 IN A 192.0.2.25",
            "no: not-offered",
            "example.com 192.0.2.25:5222 xmpp <- _xmpp-client._tcp 60 IN SRV 0 0 5222 mx; mx 60 IN A 192.0.2.25",
            "mx.example.com 192.0.2.25:993 none <- _imaps._tcp 60 IN SRV 0 0 993 mx; mx 60 IN A 192.0.2.25",
            "mx.example.com 192.0.2.25:389 ldap <- _ldap._tcp 60 IN SRV 0 0 389 mx; mx 60 IN A 192.0.2.25",
            "_pop3._tcp: not-offered",
            "_odd._tcp: unknown-service",
            "_sip._udp: unknown-service",
        ]
    );
}

#[test]
fn bindings_have_ports_hints_and_aliases() {
    assert_eq!(
        expand(&[
            "www A 192.0.2.1",
            "www HTTPS 1 . alpn=h2",
            "alt HTTPS 1 www port=8443 hint=192.0.2.9",
            "@ HTTPS 0 www",
            "_8444._https.www HTTPS 1 .",
            "_dns.www SVCB 1 www alpn=dot",
            "off HTTPS 0 .",
        ]),
        [
            "www.example.com 192.0.2.1:443 none <- www 60 IN A 192.0.2.1",
            "alt.example.com 192.0.2.9:8443 none <- alt 60 IN HTTPS 1 www port=8443 ipv4hint=192.0.2.9",
            "alt.example.com 192.0.2.1:8443 none <- alt 60 IN HTTPS 1 www port=8443 ipv4hint=192.0.2.9; www 60 IN A 192.0.2.1",
            "example.com 192.0.2.1:443 none <- example.com. 60 IN HTTPS 0 www; www 60 IN HTTPS 1 . alpn=h2; www 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.1:8444 none <- _8444._https.www 60 IN HTTPS 1 .; www 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.1:853 none <- _dns.www 60 IN SVCB 1 www alpn=dot; www 60 IN A 192.0.2.1",
            "off: not-offered",
        ]
    );
}

#[test]
fn whoever_is_another_name_for_a_service_is_served_there() {
    assert_eq!(
        expand(&[
            "svc A 192.0.2.1",
            "svc HTTPS 1 . port=8443 hint=192.0.2.9",
            "svc HTTPS 2 backup.vendor.test. port=9443",
            "alias HTTPS 0 svc",
            "twice HTTPS 0 alias",
            "www CNAME hop",
            "hop CNAME svc",
            "round HTTPS 0 round",
            "to HTTPS 0 fro",
            "fro HTTPS 0 to",
            "nowhere HTTPS 0 gone",
        ]),
        [
            "svc.example.com 192.0.2.1:443 none <- svc 60 IN A 192.0.2.1",
            "svc.example.com 192.0.2.9:8443 none <- svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9",
            "svc.example.com 192.0.2.1:8443 none <- svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9; svc 60 IN A 192.0.2.1",
            "alias.example.com 192.0.2.9:8443 none <- alias 60 IN HTTPS 0 svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9",
            "alias.example.com 192.0.2.1:8443 none <- alias 60 IN HTTPS 0 svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9; svc 60 IN A 192.0.2.1",
            "twice.example.com 192.0.2.9:8443 none <- twice 60 IN HTTPS 0 alias; alias 60 IN HTTPS 0 svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9",
            "twice.example.com 192.0.2.1:8443 none <- twice 60 IN HTTPS 0 alias; alias 60 IN HTTPS 0 svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9; svc 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.1:443 none <- www 60 IN CNAME hop; hop 60 IN CNAME svc; svc 60 IN A 192.0.2.1",
            "www.example.com 192.0.2.9:8443 none <- www 60 IN CNAME hop; hop 60 IN CNAME svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9",
            "www.example.com 192.0.2.1:8443 none <- www 60 IN CNAME hop; hop 60 IN CNAME svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9; svc 60 IN A 192.0.2.1",
            "hop.example.com 192.0.2.1:443 none <- hop 60 IN CNAME svc; svc 60 IN A 192.0.2.1",
            "hop.example.com 192.0.2.9:8443 none <- hop 60 IN CNAME svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9",
            "hop.example.com 192.0.2.1:8443 none <- hop 60 IN CNAME svc; svc 60 IN HTTPS 1 . port=8443 ipv4hint=192.0.2.9; svc 60 IN A 192.0.2.1",
            "round: loop",
            "to: loop",
            "fro: loop",
            "nowhere: dangling",
            // The second service of each, at the vendor's.
            "svc: dangling",
            "alias: dangling",
            "twice: dangling",
            "www: dangling",
            "hop: dangling",
        ]
    );
}

#[test]
fn more_records_of_a_service_than_are_followed_are_said() {
    let many: Vec<String> = (0..limits::ADDRESSES_PER_NAME + 1)
        .map(|number| format!("svc HTTPS 1 . port={}", 8000 + number))
        .collect();
    let mut records: Vec<&str> = many.iter().map(String::as_str).collect();
    records.extend(["svc A 192.0.2.1", "www CNAME svc"]);
    let lines = expand(&records);
    let of_www: Vec<&String> = lines.iter().filter(|line| line.starts_with("www")).collect();
    let endpoints = of_www.iter().filter(|line| line.contains(" none <- ")).count();
    // The CNAME itself, and as many services.
    assert_eq!(endpoints, 1 + limits::ADDRESSES_PER_NAME);
    assert!(
        of_www.iter().any(|line| **line == "www: unusable-binding"),
        "{of_www:?}"
    );
}

#[test]
fn what_a_delegation_hides_is_said() {
    assert_eq!(
        expand(&[
            "lb A 192.0.2.1",
            "sub NS ns.sub",
            "ns.sub A 192.0.2.8",
            "www.sub CNAME lb",
            "sub MX 10 lb",
            "sub TXT x",
        ]),
        [
            "lb.example.com 192.0.2.1:443 none <- lb 60 IN A 192.0.2.1",
            "sub: delegated",
            "ns.sub: glue",
            "www.sub: occluded",
            "sub: occluded",
        ]
    );
}

#[test]
fn wildcards_are_solved_by_known_names_and_one_guess() {
    let mut wishes = wishes();
    wishes.names = vec![
        (
            Name::parse("known.apps.example.com").unwrap(),
            "list.txt".to_owned(),
        ),
        (
            Name::parse("x.deep.apps.example.com").unwrap(),
            "list.txt".to_owned(),
        ),
        (Name::parse("vendor.test").unwrap(), "list.txt".to_owned()),
    ];
    assert_eq!(
        expand_with(
            wishes,
            &[
                "*.apps A 192.0.2.5",
                "real.deep.apps A 192.0.2.6",
                "to CNAME shop.apps",
                "@ MX 1 mail.apps"
            ]
        ),
        [
            "real.deep.apps.example.com 192.0.2.6:443 none <- real.deep.apps 60 IN A 192.0.2.6",
            "to.example.com 192.0.2.5:443 none <- to 60 IN CNAME shop.apps; *.apps 60 IN A 192.0.2.5",
            "mail.apps.example.com 192.0.2.5:25 smtp wildcard <- example.com. 60 IN MX 1 mail.apps; *.apps 60 IN A 192.0.2.5",
            "guess.apps.example.com 192.0.2.5:443 none guessed <- *.apps 60 IN A 192.0.2.5",
            "mail.apps.example.com 192.0.2.5:443 none wildcard <- *.apps 60 IN A 192.0.2.5",
            "shop.apps.example.com 192.0.2.5:443 none wildcard <- *.apps 60 IN A 192.0.2.5",
            "known.apps.example.com 192.0.2.5:443 none wildcard <- listed in list.txt; *.apps 60 IN A 192.0.2.5",
            // A name between hides the wildcard above it (RFC 4592 section 2.2.2).
            "x.deep.apps: dangling",
            "vendor.test 198.51.100.7:443 none <- listed in list.txt; vendor.test. IN A 198.51.100.7 (resolver)",
        ]
    );
}

#[test]
fn an_owner_hides_the_wildcard_beside_it() {
    let lines = |hiding: &str| {
        let mut wishes = wishes();
        let below = Name::parse("y.x.apps.example.com").unwrap();
        wishes.names = vec![(below, "list.txt".to_owned())];
        expand_with(wishes, &["*.apps A 192.0.2.5", hiding])
    };
    for hiding in ["x.apps A 192.0.2.6", "x.apps AAAA 2001:db8::6", "x.apps TXT x"] {
        assert!(
            lines(hiding).contains(&"y.x.apps: dangling".to_owned()),
            "{hiding}"
        );
    }
    assert!(!lines("z.apps A 192.0.2.6").contains(&"y.x.apps: dangling".to_owned()));
}

#[test]
fn a_wildcard_may_be_another_name() {
    assert_eq!(
        expand(&["*.w CNAME lb", "lb A 192.0.2.1"]),
        [
            "lb.example.com 192.0.2.1:443 none <- lb 60 IN A 192.0.2.1",
            "guess.w.example.com 192.0.2.1:443 none guessed <- *.w 60 IN CNAME lb; lb 60 IN A 192.0.2.1",
        ]
    );
}

#[test]
fn delegations_are_other_zones() {
    assert_eq!(
        expand(&[
            "@ NS ns.sub",
            "sub NS ns.sub",
            "sub NS ns2.sub",
            "ns.sub A 192.0.2.53",
            "in CNAME host.sub",
            "www.other.test. A 192.0.2.1",
        ]),
        [
            "sub: delegated",
            "ns.sub: glue",
            "www.other.test.: outside-zone",
            "in: dangling"
        ]
    );
}

#[test]
fn dname_renames_what_is_below() {
    let mut wishes = wishes();
    wishes.names = vec![(Name::parse("www.old.example.com").unwrap(), "seen".to_owned())];
    assert_eq!(
        expand_with(
            wishes,
            &[
                "old DNAME new",
                "www.new A 192.0.2.1",
                "to CNAME www.old",
                "under.old A 192.0.2.9"
            ]
        ),
        [
            "www.new.example.com 192.0.2.1:443 none <- www.new 60 IN A 192.0.2.1",
            "under.old: occluded",
            "old: names-unknown",
            "to.example.com 192.0.2.1:443 none <- to 60 IN CNAME www.old; old 60 IN DNAME new; www.new 60 IN A 192.0.2.1",
            "www.old.example.com 192.0.2.1:443 none wildcard <- old 60 IN DNAME new; www.new 60 IN A 192.0.2.1",
        ]
    );
}

#[test]
fn an_alias_has_the_addresses_of_its_families() {
    assert_eq!(
        expand(&[
            "@ ALIAS 4 lb",
            "lb A 192.0.2.1",
            "lb AAAA 2001:db8::1",
            "both ALIAS 4 lb",
            "both ALIAS 6 lb",
            "to CNAME @",
            "*.w ALIAS 6 lb"
        ])
        .into_iter()
        .filter(|line| !line.starts_with("lb"))
        .map(|line| line.split(" <-").next().unwrap().to_owned())
        .collect::<Vec<_>>(),
        [
            "example.com 192.0.2.1:443 none",
            "both.example.com 192.0.2.1:443 none",
            "both.example.com 2001:db8::1:443 none",
            "to.example.com 192.0.2.1:443 none",
            "guess.w.example.com 2001:db8::1:443 none guessed",
        ]
    );
}

#[test]
fn networks_tell_ours_from_theirs() {
    let mut wishes = wishes();
    wishes
        .networks
        .add("192.0.2.0/25".parse().unwrap(), Some("berlin".to_owned()));
    assert_eq!(
        expand_with(wishes, &["a A 192.0.2.1", "b A 192.0.2.200"]),
        [
            "a.example.com 192.0.2.1:443 none of berlin <- a 60 IN A 192.0.2.1",
            "b.example.com 192.0.2.200:443 none foreign <- b 60 IN A 192.0.2.200",
        ]
    );
}

#[test]
fn a_partial_zone_proves_no_absence() {
    let mut expansion = Expansion::new(wishes());
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::Several);
    expansion.take(zone, record("a CNAME missing").borrowed(), &mut out);
    expansion.finish(&mut out);
    assert_eq!(
        expansion.outside(),
        [Domain::parse("missing.example.com").unwrap()]
    );
    drop(expansion);
    assert!(lines.is_empty());
}

#[test]
fn a_zone_that_comes_again_gives_nothing_twice() {
    let mut expansion = Expansion::new(wishes());
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::Several);
    for words in [
        "a A 192.0.2.1",
        "gone A 192.0.2.9",
        "zero A 0.0.0.0",
        "c CNAME a",
        "sub NS ns.sub",
    ] {
        expansion.take(zone, record(words).borrowed(), &mut out);
    }
    expansion.restart(zone);
    for words in ["a A 192.0.2.1", "a A 192.0.2.2", "x.sub A 192.0.2.3", "c CNAME a"] {
        expansion.take(zone, record(words).borrowed(), &mut out);
    }
    expansion.end(zone, Extent::Whole, &mut out);
    expansion.finish(&mut out);
    let heads: Vec<&str> = lines
        .iter()
        .map(|line| line.split(" <-").next().unwrap())
        .collect();
    assert_eq!(
        heads,
        [
            "a.example.com 192.0.2.1:443 none",
            "gone.example.com 192.0.2.9:443 none",
            "zero.example.com.: forbidden-address",
            "sub.example.com.: delegated",
            "a.example.com 192.0.2.2:443 none",
            "x.sub.example.com 192.0.2.3:443 none",
            "gone.example.com.: withdrawn",
            "c.example.com 192.0.2.1:443 none",
            "c.example.com 192.0.2.2:443 none",
        ]
    );
}

#[test]
fn unwanted_names_are_counted() {
    let mut expansion = Expansion::new(wishes()).keeping(Box::new(|name| !name.starts_with("dev.")));
    let mut count = 0;
    let mut out = |_: Line<'_>| count += 1;
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::Several);
    for words in ["dev A 192.0.2.1", "www A 192.0.2.1", "dev.x CNAME www"] {
        expansion.take(zone, record(words).borrowed(), &mut out);
    }
    expansion.end(zone, Extent::Whole, &mut out);
    expansion.finish(&mut out);
    assert_eq!((expansion.filtered(), count), (2, 1));
}

#[test]
fn a_crowd_behind_one_name_is_bounded() {
    let mut records: Vec<String> = (0..200).map(|host| format!("many A 192.0.2.{host}")).collect();
    records.extend((0..3).map(|number| format!("c{number} CNAME many")));
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let lines = expand(&records);
    assert_eq!(lines.iter().filter(|line| line.starts_with("many.")).count(), 200);
    assert_eq!(
        lines
            .iter()
            .filter(|line| line.ends_with("too-many-addresses"))
            .count(),
        3
    );
    let through: Vec<_> = lines.iter().filter(|line| line.contains("CNAME")).collect();
    assert_eq!(through.len(), 3 * limits::ADDRESSES_PER_NAME);
}

#[test]
fn zones_that_come_at_once_are_as_good_as_one_after_the_other() {
    let other = Domain::parse("example.net").unwrap();
    let mut expansion = Expansion::new(wishes());
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let first = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::Several);
    let second = expansion.begin(other.clone(), Attempts::One);
    let moved = |words: &str| {
        let mut record = record(words);
        let moved = record
            .owner
            .borrowed()
            .moved(Domain::parse(ZONE).unwrap().borrowed(), other.borrowed());
        record.owner = moved.unwrap();
        record
    };
    expansion.take(second, moved("x CNAME c").borrowed(), &mut out);
    expansion.take(first, record("a A 192.0.2.1").borrowed(), &mut out);
    expansion.take(second, moved("a A 192.0.2.2").borrowed(), &mut out);
    expansion.take(first, record("sub NS ns.sub").borrowed(), &mut out);
    expansion.take(second, moved("b.sub A 192.0.2.4").borrowed(), &mut out);
    // It breaks off; the other one is none the worse.
    expansion.restart(first);
    expansion.take(first, record("a A 192.0.2.1").borrowed(), &mut out);
    expansion.take(first, record("c CNAME a").borrowed(), &mut out);
    expansion.end(second, Extent::Whole, &mut out);
    expansion.end(first, Extent::Whole, &mut out);
    expansion.finish(&mut out);
    let heads: Vec<&str> = lines
        .iter()
        .map(|line| line.split(" <-").next().unwrap())
        .collect();
    assert_eq!(
        heads,
        [
            "a.example.com 192.0.2.1:443 none",
            "a.example.net 192.0.2.2:443 none",
            "sub.example.com.: delegated",
            "b.sub.example.net 192.0.2.4:443 none",
            // In the order in which the zones were begun.
            "c.example.com 192.0.2.1:443 none",
            "x.example.net 192.0.2.1:443 none",
        ]
    );
}

#[test]
fn a_name_missing_from_a_partial_zone_is_not_known_to_be_missing() {
    let mut expansion = Expansion::new(wishes());
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::One);
    expansion.take(zone, record("www CNAME lb").borrowed(), &mut out);
    expansion.end(zone, Extent::Partial, &mut out);
    expansion.finish(&mut out);
    for name in expansion.outside() {
        expansion.answer(&name, Err(&Failure::NameUnknown), &mut out);
    }
    assert_eq!(lines, ["www.example.com.: cut-off"]);
}

#[test]
fn a_listed_name_without_address_is_said() {
    let listed = |names: &[&str]| {
        let names = names
            .iter()
            .map(|name| (Name::parse(name).unwrap(), "a list".to_owned()));
        Wishes {
            names: names.collect(),
            ..wishes()
        }
    };
    let lines = expand_with(
        listed(&["foo.wild.example.com", "b.wild.example.com", "www.example.com"]),
        &[
            "foo.wild TXT x",
            "*.wild A 192.0.2.60",
            "a.b.wild A 192.0.2.61",
            "www A 192.0.2.1",
        ],
    );
    let said: Vec<&String> = lines.iter().filter(|line| line.contains("no-address")).collect();
    assert_eq!(
        said,
        [
            "foo.wild.example.com.: no-address",
            "b.wild.example.com.: no-address"
        ]
        .map(|line| line.replace(".example.com.", ""))
        .iter()
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_crowd_that_a_resolver_names_is_bounded_and_said() {
    let mut expansion = Expansion::new(wishes());
    let mut lines = Vec::new();
    let mut out = |line: Line<'_>| lines.push(shown(line));
    let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::One);
    expansion.take(zone, record("e CNAME many.vendor.test.").borrowed(), &mut out);
    expansion.end(zone, Extent::Whole, &mut out);
    expansion.finish(&mut out);
    let crowd: Vec<IpAddr> = (0..=limits::ADDRESSES_PER_NAME)
        .map(|last| IpAddr::from([192, 0, 2, last as u8]))
        .collect();
    for name in expansion.outside() {
        expansion.answer(&name, Ok(&crowd), &mut out);
    }
    assert_eq!(lines.len(), limits::ADDRESSES_PER_NAME + 1);
    assert!(lines.iter().any(|line| line.ends_with("too-many-addresses")));
}

#[test]
fn bindings_that_nobody_may_use_are_said() {
    let https = |parameters: &[u8]| {
        let mut binding = record("sm HTTPS 1 .");
        binding.data = [&*binding.data, parameters].concat().into();
        let mut expansion = Expansion::new(wishes());
        let mut lines = Vec::new();
        let mut out = |line: Line<'_>| lines.push(shown(line));
        let zone = expansion.begin(Domain::parse(ZONE).unwrap(), Attempts::One);
        expansion.take(zone, binding.borrowed(), &mut out);
        expansion.take(zone, record("sm A 192.0.2.72").borrowed(), &mut out);
        expansion.end(zone, Extent::Whole, &mut out);
        expansion.finish(&mut out);
        lines.pop().unwrap()
    };
    // mandatory=key65400 key65400, port=9999
    let unknown = https(b"\0\0\0\x02\xff\x78\0\x03\0\x02\x27\x0f\xff\x78\0\x01x");
    assert_eq!(unknown, "sm.example.com.: unusable-binding");
    // mandatory=port, port=9999
    let known = https(b"\0\0\0\x02\0\x03\0\x03\0\x02\x27\x0f");
    assert!(known.starts_with("sm.example.com 192.0.2.72:9999"), "{known}");
    // alpn=h3 no-default-alpn port=8443
    let quic = https(b"\0\x01\0\x03\x02h3\0\x02\0\0\0\x03\0\x02\x20\xfb");
    assert_eq!(quic, "sm.example.com.: unusable-binding");
    // alpn=h3 port=8443: HTTP/1.1 is spoken, too.
    let both = https(b"\0\x01\0\x03\x02h3\0\x03\0\x02\x20\xfb");
    assert!(both.starts_with("sm.example.com 192.0.2.72:8443"), "{both}");
}

#[test]
fn what_cannot_be_connected_to_is_no_endpoint() {
    let mut networks = Networks::default();
    networks.add("192.0.2.0/24".parse().unwrap(), None);
    let lines = expand_with(
        Wishes { networks, ..wishes() },
        &["l AAAA fe80::1", "m AAAA ::ffff:192.0.2.9", "_https._tcp SRV 0 m"],
    );
    assert_eq!(
        lines,
        [
            "l: forbidden-address",
            "m.example.com ::ffff:192.0.2.9:443 none <- m 60 IN AAAA ::ffff:192.0.2.9",
            "_https._tcp: not-offered",
        ]
    );
}
