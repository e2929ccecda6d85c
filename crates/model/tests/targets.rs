//! What people write as a target, what it stands for, and how mistakes are reported.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::net::IpAddr;

use model::name::NameError;
use model::target::{Ranges, ServerNameChoice, Target, TargetErrorKind, What, parse_line, parse_target};
use model::{Identity, Name, Service, StartTls};
use proptest::prelude::*;

/// The services of `text` as `service starttls [address]`.
fn expanded(text: &str, ports: &[u16]) -> Vec<String> {
    let services = parse_target(text)
        .unwrap()
        .services(ports, ServerNameChoice::Default, None);
    services
        .map(|(service, address)| {
            let address = address.map(|address| format!(" [{address}]")).unwrap_or_default();
            format!("{service} {}{address}", service.starttls)
        })
        .collect()
}

#[test]
fn every_form_stands_for_its_services() {
    let cases = [
        ("example.com", "example.com:443 none"),
        ("  Example.COM.  ", "example.com:443 none"),
        ("example.com:8443", "example.com:8443 none"),
        ("bücher.example:587", "xn--bcher-kva.example:587 smtp"),
        (
            "shop.example.com@192.0.2.7:8443",
            "shop.example.com:8443 none [192.0.2.7]",
        ),
        (
            "shop.example.com@[2001:db8::7]:25",
            "shop.example.com:25 smtp [2001:db8::7]",
        ),
        (
            "shop.example.com@2001:db8::7",
            "shop.example.com:443 none [2001:db8::7]",
        ),
        ("https://example.com/a/b?c=d@e#f", "example.com:443 none"),
        ("https://example.com:8443/24", "example.com:8443 none"),
        ("example.com/path", "example.com:443 none"),
        ("SMTP://mail.example.com", "mail.example.com:25 smtp"),
        ("smtp://mail.example.com:2526", "mail.example.com:2526 smtp"),
        ("smtps://mail.example.com:25", "mail.example.com:25 none"),
        ("ldap://[2001:db8::5]", "[2001:db8::5]:389 ldap [2001:db8::5]"),
        ("192.0.2.1", "192.0.2.1:443 none [192.0.2.1]"),
        ("192.0.2.1:5432", "192.0.2.1:5432 postgres [192.0.2.1]"),
        ("2001:db8::1", "[2001:db8::1]:443 none [2001:db8::1]"),
        ("[2001:db8::1]:443", "[2001:db8::1]:443 none [2001:db8::1]"),
        ("192.0.2.9/32", "192.0.2.9:443 none [192.0.2.9]"),
    ];
    for (text, service) in cases {
        assert_eq!(expanded(text, &[]), [service], "{text}");
    }
}

#[test]
fn a_range_holds_its_first_and_last_address() {
    assert_eq!(
        expanded("192.0.2.0/30:25", &[]),
        [
            "192.0.2.0:25 smtp [192.0.2.0]",
            "192.0.2.1:25 smtp [192.0.2.1]",
            "192.0.2.2:25 smtp [192.0.2.2]",
            "192.0.2.3:25 smtp [192.0.2.3]"
        ]
    );
    assert_eq!(
        expanded("tls://[2001:db8::]/127:444", &[]),
        [
            "[2001:db8::]:444 none [2001:db8::]",
            "[2001:db8::1]:444 none [2001:db8::1]"
        ]
    );
    assert_eq!(expanded("255.255.255.254/31", &[443]).len(), 2);
    assert_eq!(expanded("2001:db8::/120", &[]).len(), 256);
}

#[test]
fn ports_are_taken_in_order() {
    assert_eq!(
        expanded("example.com", &[443, 25]),
        ["example.com:443 none", "example.com:25 smtp"]
    );
    assert_eq!(expanded("example.com:993", &[443, 25]), ["example.com:993 none"]);
    assert_eq!(expanded("smtp://example.com", &[2525]), ["example.com:2525 smtp"]);
    let explicit = parse_target("example.com:25").unwrap();
    let (service, _) = explicit
        .services(&[], ServerNameChoice::Default, Some(StartTls::Lmtp))
        .next()
        .unwrap();
    assert_eq!(service.starttls, StartTls::Lmtp);
    let scheme = parse_target("smtps://example.com:25").unwrap();
    let (service, _) = scheme
        .services(&[], ServerNameChoice::Default, Some(StartTls::Lmtp))
        .next()
        .unwrap();
    assert_eq!(service.starttls, StartTls::None);
}

#[test]
fn a_range_of_millions_is_made_one_at_a_time() {
    let all = Target::parse("10.0.0.0/8", Ranges::Large).unwrap();
    assert_eq!(all.addresses(), 1 << 24);
    let mut services = all.services(&[443, 8443], ServerNameChoice::Default, None);
    assert_eq!(
        services.nth(1 << 17).unwrap().1,
        Some("10.1.0.0".parse::<IpAddr>().unwrap())
    );
    let huge = Target::parse("::/0", Ranges::Large).unwrap();
    assert_eq!(huge.addresses(), u128::MAX);
    assert_eq!(
        huge.services(&[], ServerNameChoice::Default, None)
            .take(3)
            .count(),
        3
    );
    for text in ["10.0.0.0/8", "2001:db8::/64"] {
        assert!(
            matches!(
                parse_target(text).unwrap_err().kind,
                TargetErrorKind::RangeTooLarge { .. }
            ),
            "{text}"
        );
    }
    assert_eq!(parse_target("10.0.0.0/16").unwrap().addresses(), 65_536);
}

#[test]
fn the_name_that_is_sent_can_be_chosen() {
    let service = |text: &str, choice: ServerNameChoice| -> Service {
        parse_target(text)
            .unwrap()
            .services(&[], choice, None)
            .next()
            .unwrap()
            .0
    };
    let other = Name::parse("other.example").unwrap();
    let name = Name::parse("example.com").unwrap();
    let plain = service("example.com", ServerNameChoice::Default);
    assert_eq!(
        (plain.server_name, plain.identity),
        (Some(name.clone()), Identity::Name(name.clone()))
    );
    let chosen = service("example.com", ServerNameChoice::Name(other.clone()));
    assert_eq!(
        (chosen.server_name, chosen.identity),
        (Some(other.clone()), Identity::Name(name))
    );
    assert_eq!(service("example.com", ServerNameChoice::None).server_name, None);
    assert_eq!(service("192.0.2.1", ServerNameChoice::Default).server_name, None);
    let addressed = service("192.0.2.1", ServerNameChoice::Name(other.clone()));
    assert_eq!(
        (addressed.server_name, addressed.identity),
        (Some(other.clone()), Identity::Name(other))
    );
}

#[test]
fn mistakes_are_pointed_at() {
    use TargetErrorKind as Kind;
    let network = |text: &str| text.parse().unwrap();
    let cases: Vec<(&str, usize, usize, Kind)> = vec![
        ("", 1, 1, Kind::Empty),
        ("   ", 4, 1, Kind::Empty),
        ("a b", 2, 1, Kind::Space),
        ("bücher.example\u{7}", 15, 1, Kind::Control('\u{7}')),
        ("example.com\u{202e}", 12, 1, Kind::Control('\u{202e}')),
        ("htps://example.com", 1, 4, Kind::UnknownScheme("htps".into())),
        ("example.com:0", 13, 1, Kind::PortZero),
        ("example.com:65536", 13, 5, Kind::PortTooLarge),
        ("example.com:99999999999999999999", 13, 20, Kind::PortTooLarge),
        ("example.com:", 12, 1, Kind::PortMissing),
        ("example.com:https", 13, 5, Kind::PortNotANumber("https".into())),
        ("example.com:-1", 13, 2, Kind::PortNotANumber("-1".into())),
        (" *.example.com", 2, 1, Kind::Name(NameError::Wildcard)),
        ("a..b", 3, 1, Kind::Name(NameError::EmptyLabel)),
        ("ex(mple.com", 3, 1, Kind::Name(NameError::Character('('))),
        ("a.-b.c", 3, 2, Kind::Name(NameError::Hyphen)),
        (":443", 1, 1, Kind::Name(NameError::Empty)),
        ("https://", 9, 1, Kind::Name(NameError::Empty)),
        ("192.0.2.256", 1, 11, Kind::Address("192.0.2.256".into())),
        ("192.0.2", 1, 7, Kind::Address("192.0.2".into())),
        ("192.0.2.1-10", 1, 12, Kind::Address("192.0.2.1-10".into())),
        ("example.com/24", 1, 11, Kind::Address("example.com".into())),
        ("192.0.2.0/33", 11, 2, Kind::PrefixLength { longest: 32 }),
        ("192.0.2.0/", 11, 1, Kind::PrefixLength { longest: 32 }),
        ("192.0.2.0/x", 11, 1, Kind::PrefixLength { longest: 32 }),
        ("[2001:db8::]/129", 14, 3, Kind::PrefixLength { longest: 128 }),
        (
            "192.0.2.7/28:443",
            1,
            12,
            Kind::HostBits {
                network: network("192.0.2.0/28"),
            },
        ),
        ("[2001:db8::1", 1, 1, Kind::Bracket),
        ("[example.com]:443", 2, 11, Kind::Address("example.com".into())),
        ("[2001:db8::1]443", 14, 3, Kind::BehindBracket),
        ("2001:db8::1:443", 13, 3, Kind::PortAmbiguous),
        ("2001:db8::1:10443", 13, 5, Kind::PortAmbiguous),
        ("1:2:3:4:5:6:7:8:443", 17, 3, Kind::PortAmbiguous),
        ("fe80::1%eth0", 1, 12, Kind::Address("fe80::1%eth0".into())),
        ("192.0.2.1@192.0.2.2", 1, 9, Kind::AddressBeforeAt),
        ("example.com:443@192.0.2.2", 12, 4, Kind::PortBeforeAt),
        ("user@example.com", 6, 11, Kind::Address("example.com".into())),
        ("example.com@192.0.2.0/28", 13, 12, Kind::RangeBehindAt),
    ];
    for (text, column, length, kind) in cases {
        let error = parse_target(text).expect_err(text);
        assert_eq!(
            (error.column, error.length, &error.kind),
            (column, length, &kind),
            "{text}"
        );
        assert!(error.to_string().contains(": expected "), "{error}");
    }
}

#[test]
fn what_is_too_long_is_measured() {
    let long = parse_target(&"a.".repeat(3000)).unwrap_err();
    assert!(matches!(long.kind, TargetErrorKind::TooLong { bytes: 6000 }));
    let label = parse_target(&format!("www.{}.com", "a".repeat(64))).unwrap_err();
    assert_eq!((label.column, label.length), (5, 64));
}

#[test]
fn what_was_meant_is_suggested() {
    let suggestion = |text: &str| parse_target(text).unwrap_err().suggestion;
    assert_eq!(
        suggestion("htps://example.com:1").as_deref(),
        Some("https://example.com:1")
    );
    assert_eq!(suggestion("postgre://db").as_deref(), Some("postgres://db"));
    assert_eq!(
        suggestion("http://example.com").as_deref(),
        Some("https://example.com")
    );
    assert_eq!(suggestion("gopher://example.com"), None);
    assert_eq!(suggestion("192.0.2.7/28").as_deref(), Some("192.0.2.0/28"));
    assert_eq!(
        suggestion("2001:db8::1:443").as_deref(),
        Some("[2001:db8::1]:443")
    );
    assert_eq!(suggestion("*.example.com").as_deref(), Some("example.com"));
    assert_eq!(
        parse_target("htps://x").unwrap_err().to_string(),
        "unknown scheme `htps`: expected `tls`, `https`, or how TLS begins, such as `smtp`, `ldap` or `postgres`; \
         did you mean `https://x`?"
    );
}

#[test]
fn what_was_typed_is_escaped_in_the_message() {
    let error = parse_target("\u{e000}b\u{200d}x://y").unwrap_err();
    assert!(error.to_string().contains("\\u{200d}"), "{error}");
}

#[test]
fn lists_may_hold_comments_and_blank_lines() {
    for line in ["", "   ", "# a", "  # b", "\u{feff}", "\u{feff}# c"] {
        assert_eq!(parse_line(line, Ranges::Ordinary), None, "{line:?}");
    }
    let named = |line: &str| parse_line(line, Ranges::Ordinary).unwrap().unwrap().what;
    let expected = What::Name {
        name: Name::parse("example.com").unwrap(),
        address: None,
    };
    for line in [
        "example.com # the shop",
        "example.com\t#x",
        "https://example.com/#part",
        "\u{feff}example.com\r",
    ] {
        assert_eq!(named(line), expected, "{line:?}");
    }
    assert_eq!(
        parse_line("  a b # c", Ranges::Ordinary)
            .unwrap()
            .unwrap_err()
            .column,
        4
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        if let Err(error) = parse_target(&text) {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1);
            prop_assert!(error.length >= 1);
        }
    }

    #[test]
    fn no_near_target_panics(text in "(https?://|smtp://)?[\\[\\]a-f0-9.:/@*%#-]{0,40}") {
        if let Ok(target) = Target::parse(&text, Ranges::Large) {
            prop_assert!(target.services(&[443, 25], ServerNameChoice::Default, None).next().is_some());
        }
    }

    #[test]
    fn addresses_and_ports_come_back(address: IpAddr, port in 1_u16..) {
        let text = std::net::SocketAddr::new(address, port).to_string();
        let target = parse_target(&text).unwrap();
        prop_assert_eq!((target.what, target.port), (What::Address(address), Some(port)));
    }
}
