//! The exchanges against scripted servers: what holds for every protocol here, refusals of each in [`refusals`], real
//! sockets in [`loopback`].

mod loopback;
mod refusals;
mod tds;

use model::observation::Failure;
use model::{Identity, Name, Service, StartTls, Untrusted};
use testkit::script::{Broken, Pace, Protocol, Script, greeting_for};

use super::{Framing, Upgrade, upgrade};

/// What `protocol` means in the model.
fn starttls(protocol: Protocol) -> StartTls {
    StartTls::for_scheme(protocol.scheme()).unwrap().0
}

fn service(protocol: Protocol) -> Service {
    let name = Name::parse("chat.example").unwrap();
    Service {
        identity: Identity::Name(name.clone()),
        port: 1,
        server_name: Some(name),
        starttls: starttls(protocol),
    }
}

/// How a server's words come: each step of its script at once, or each byte by itself.
#[derive(Clone, Copy, Debug)]
enum Segments {
    Whole,
    Bytes,
}

/// Speaks `protocol` with a server that follows `script`, closes behind it, and says where it was left.
async fn rehearse(
    protocol: Protocol,
    script: Script,
    segments: Segments,
) -> (Result<Upgrade, Failure>, Result<(), Broken>) {
    let script = match segments {
        Segments::Whole => script,
        Segments::Bytes => script.at(Pace::Bytewise),
    };
    let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let service = service(protocol);
    let speak = async move { upgrade(&mut ours, &service, "probe.example").await };
    let serve = async move { script.play(&mut theirs).await };
    tokio::join!(speak, serve)
}

/// The failure of a server that follows `script`; the same when its bytes come one by one.
async fn failure(protocol: Protocol, script: Script) -> Failure {
    let (whole, _) = rehearse(protocol, script.clone(), Segments::Whole).await;
    let (bytes, _) = rehearse(protocol, script, Segments::Bytes).await;
    assert_eq!(whole, bytes, "{protocol:?}: whole and in single bytes");
    whole.expect_err("a failure")
}

fn framing(protocol: Protocol) -> Framing {
    if protocol == Protocol::Mssql {
        Framing::Tds
    } else {
        Framing::Plain
    }
}

#[tokio::test]
async fn every_protocol_comes_to_its_go_ahead_in_segments_of_any_size() {
    for protocol in Protocol::ALL {
        for segments in [Segments::Whole, Segments::Bytes] {
            let (upgraded, played) = rehearse(protocol, greeting_for(protocol, b""), segments).await;
            let expected = Upgrade {
                early_plaintext: None,
                framing: framing(protocol),
            };
            assert_eq!(upgraded, Ok(expected), "{protocol:?} {segments:?}");
            played.unwrap_or_else(|broken| panic!("{protocol:?} {segments:?}: {broken}"));
        }
    }
}

#[tokio::test]
async fn plaintext_behind_the_go_ahead_is_kept_apart_in_every_protocol() {
    for protocol in Protocol::ALL {
        let behind = [b"250 injected ".as_slice(), &[b'x'; 100]].concat();
        let (upgraded, _) = rehearse(protocol, greeting_for(protocol, &behind), Segments::Whole).await;
        let kept = upgraded.unwrap().early_plaintext.unwrap();
        assert_eq!(
            kept.raw(),
            format!("250 injected {}", "x".repeat(51)),
            "{protocol:?}"
        );
    }
}

#[tokio::test]
async fn who_closes_before_saying_anything_has_closed() {
    for protocol in Protocol::ALL {
        assert_eq!(
            failure(protocol, Script::new()).await,
            Failure::Closed,
            "{protocol:?}"
        );
    }
}

/// First words of servers that speak by themselves or answer anything, and what they look like.
const STRANGERS: &[(&[u8], &str)] = &[
    (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>", "http"),
    (b"SSH-2.0-OpenSSH_10.0\r\n", "ssh"),
    (b"RFB 003.008\n", "vnc"),
    (b"+OK POP3 ready\r\n", "pop3"),
    (b"* OK IMAP4rev1 ready\r\n", "imap"),
    (b"J\0\0\0\x0a8.0.40\0\x08\0\0\0abcdefgh\0", "mysql"),
    (b"RTSP/1.0 400 Bad Request\r\n", "rtsp"),
];

#[tokio::test]
async fn a_server_of_another_protocol_is_named() {
    for protocol in Protocol::ALL {
        for (words, looks_like) in STRANGERS.iter().filter(|(_, word)| *word != protocol.scheme()) {
            let (upgraded, _) = rehearse(protocol, Script::new().send(words), Segments::Whole).await;
            let Err(Failure::WrongProtocol {
                saw,
                looks_like: Some(found),
            }) = upgraded
            else {
                panic!("{protocol:?} with {looks_like}: {upgraded:?}")
            };
            assert_eq!(found, *looks_like, "{protocol:?}");
            assert!(!saw.raw().is_empty());
        }
    }
}

#[tokio::test]
async fn a_tls_server_that_answers_with_an_alert_is_named() {
    for protocol in Protocol::ALL {
        // It stays open, as a server may: the answer must not wait for the end of a line.
        let alert = Script::new()
            .send(b"\x15\x03\x01\x00\x02\x02\x46")
            .pause(std::time::Duration::from_secs(3600));
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        let service = service(protocol);
        let upgraded = tokio::select! {
            upgraded = upgrade(&mut ours, &service, "probe.example") => upgraded,
            played = alert.play(&mut theirs) => panic!("{protocol:?}: {played:?}"),
        };
        let Err(Failure::WrongProtocol { looks_like, .. }) = upgraded else {
            panic!("{protocol:?}: {upgraded:?}")
        };
        assert_eq!(looks_like, Some("tls"), "{protocol:?}");
    }
}

#[tokio::test]
async fn words_without_meaning_are_shown_and_not_named() {
    for protocol in Protocol::ALL {
        let found = failure(protocol, Script::new().send("Zzz what is this\r\n")).await;
        let Failure::WrongProtocol {
            saw,
            looks_like: None,
        } = found
        else {
            panic!("{protocol:?}: {found:?}")
        };
        assert_eq!(saw, Untrusted::from("Zzz what is this\r\n"), "{protocol:?}");
    }
}

#[test]
fn no_bytes_make_an_exchange_panic() {
    use proptest::prelude::*;
    let words = prop_oneof![
        any::<Vec<u8>>(),
        proptest::sample::subsequence(FRAGMENTS, 0..FRAGMENTS.len())
            .prop_shuffle()
            .prop_map(|parts| parts.concat()),
    ];
    proptest!(ProptestConfig::with_cases(300), |(words in words, segment in 0_usize..40)| {
        for protocol in Protocol::ALL {
            super::fuzzing::exchange(starttls(protocol), &words, segment);
        }
        super::fuzzing::tds(&words, segment);
    });
}

/// Pieces of honest and dishonest answers, to be put together in any order.
const FRAGMENTS: &[&[u8]] = &[
    b"220 x\r\n",
    b"250-x\r\n",
    b"250 STARTTLS\r\n",
    b"* OK x\r\n",
    b"* CAPABILITY STARTTLS\r\n",
    b"a1 OK\r\n",
    b"a2 NO\r\n",
    b"+OK\r\n",
    b"-ERR\r\n",
    b".\r\n",
    b"\"STARTTLS\"\r\n",
    b"{5}\r\n",
    b"{99999999999999999999}\r\n",
    b"OK\r\n",
    b"\"\\",
    b"211-x\r\n",
    b" AUTH TLS\r\n",
    b"211 x\r\n",
    b"\x30\x84\xff\xff\xff\xff",
    b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02",
    b"\x04\0\x04\0",
    b"<stream:stream version='1.0'>",
    b"<stream:features>",
    b"<a b='",
    b"<!--",
    b"]]>",
    b"<a/></a></a></a>",
    b"E\0\0\0\x01",
    b"E\xff\xff\xff\xff",
    b"\x01\0\0\0\xff",
    b"\0\0\0\0\x0a",
    b"\x03\0\0\x0b\x06\xd0\0\0\0\0\0",
    b"\x03\0\0\0",
    b":x CAP * LS :tls\r\n",
    b"PING\r\n",
    b":\r\n",
    b"INFO {\"a\\",
    b"INFO {\"tls_required\":",
    b"true}\r\n",
    b"\x04\x01\0\x08\0\0\0\0",
    b"\x04\x01\0\x0d\0\0\0\0\x01\xff\xff\0\x01",
    b"\x12\x01\0\x09\0\0\0\0",
    b"\xff\xfe\0\xc3(\r\n",
    b"\n",
];
