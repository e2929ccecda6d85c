//! Signed transfers from a real server whose clock is another: BIND tells the difference, and we say it.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its world must fail")]

use std::process::Command;
use std::time::Duration;

use model::zone::Domain;
use net::clock::SystemClock;
use net::dns::stream::SigningClock;
use net::dns::tsig::TsigError;
use net::dns::{Algorithm, Ask, Change, Ended, Key, Server, TransferError};
use net::{Caps, Network, Permits, Settings};
use testkit::servers::named::{Named, Zone};

const KEY: &str = "key \"k\" { algorithm hmac-sha256; secret \"c2VjcmV0c2VjcmV0\"; };";

fn server(content: &str) -> testkit::servers::Server {
    Named {
        zones: vec![Zone {
            name: "example.test",
            content,
            statements: "",
        }],
        blocks: KEY,
        options: "allow-transfer { key k; };",
        served: None,
    }
    .start()
}

fn ask() -> Ask {
    Ask {
        zone: Domain::parse("example.test").unwrap(),
        serial: None,
        key: Some(Key::new(
            Domain::parse("k").unwrap(),
            Algorithm::Sha256,
            b"secretsecret",
        )),
    }
}

async fn transfer(server: &testkit::servers::Server, ahead: Duration) -> (Result<Ended, TransferError>, u64) {
    let network = Network::new(Settings::default(), Permits::new(Caps::default()));
    let server = Server {
        socket: server.at("dns"),
        tls: None,
    };
    let clock = SigningClock::starting_at(SystemClock.now() + ahead);
    let mut records = 0;
    let ended = network
        .transfer(&server, &ask(), &clock, &mut |change| {
            records += u64::from(matches!(change, Change::Add(_)))
        })
        .await;
    (ended, records)
}

#[tokio::test]
async fn a_clock_an_hour_off_is_told_with_the_difference() {
    let server = server("@ 60 IN SOA . . 5 1 1 1 1\n@ 60 NS ns.other.\nwww 60 A 192.0.2.1\n");
    let (ended, records) = transfer(&server, Duration::ZERO).await;
    assert_eq!(
        ended,
        Ok(Ended::Whole {
            serial: 5,
            records: 4
        })
    );
    assert_eq!(records, 3);
    let (ended, records) = transfer(&server, Duration::from_secs(3600)).await;
    let Err(TransferError::Tsig(TsigError::ClockSkew { seconds })) = ended else {
        panic!("{ended:?}");
    };
    assert!((-3700..=-3500).contains(&seconds), "{seconds}");
    assert_eq!(records, 0);
}

#[tokio::test]
async fn a_transfer_of_many_signed_messages() {
    let mut zone = String::from("$TTL 60\n@ IN SOA . . 5 1 1 1 1\n@ NS ns.other.\n");
    for number in 0..20_000 {
        zone.push_str(&format!(
            "host-{number} A 10.0.{}.{}\n",
            number >> 8,
            number & 255
        ));
    }
    let server = server(&zone);
    let (ended, records) = transfer(&server, Duration::ZERO).await;
    assert_eq!(
        ended,
        Ok(Ended::Whole {
            serial: 5,
            records: 20_003
        }),
        "{}",
        server.log()
    );
    assert_eq!(records, 20_002);
    let dig = Command::new("dig")
        .args([
            "@127.0.0.1",
            "-p",
            &server.at("dns").port().to_string(),
            "-y",
            "hmac-sha256:k:c2VjcmV0c2VjcmV0",
        ])
        .args(["example.test", "axfr", "+noall", "+answer"])
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(dig.stdout)
            .unwrap()
            .lines()
            .filter(|line| !line.starts_with(';') && !line.is_empty())
            .count(),
        20_003
    );
}
