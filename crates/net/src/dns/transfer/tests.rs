//! Answers made by hand, message by message.

#![expect(clippy::cast_possible_truncation, reason = "data of a few octets")]

use model::zone::DomainRef;

use super::*;

const ID: u16 = 7;

/// A record for the answer section.
fn record(owner: &str, kind: Kind, data: &[u8]) -> Vec<u8> {
    let owner = Domain::parse(owner).unwrap();
    let mut out = owner.wire().to_vec();
    out.extend(kind.0.to_be_bytes());
    out.extend(IN.to_be_bytes());
    out.extend([0, 0, 0, 60]);
    out.extend((data.len() as u16).to_be_bytes());
    out.extend(data);
    out
}

fn soa(serial: u32) -> Vec<u8> {
    let mut data = vec![0, 0];
    data.extend(serial.to_be_bytes());
    data.extend([0; 16]);
    record("example", Kind::SOA, &data)
}

fn a(name: &str) -> Vec<u8> {
    record(name, Kind::A, &[192, 0, 2, 1])
}

/// A message with these records and this code.
fn message(code: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(ID.to_be_bytes());
    out.extend((0x8400 | code).to_be_bytes());
    out.extend([0, 0]);
    out.extend((records.len() as u16).to_be_bytes());
    out.extend([0; 4]);
    out.extend(records.concat());
    out
}

fn ask(serial: Option<u32>) -> Incoming {
    let ask = Ask {
        zone: Domain::parse("example").unwrap(),
        serial,
        key: None,
    };
    let (question, incoming) = Incoming::ask(&ask, ID, 0);
    assert!(question.len() > 20);
    incoming
}

/// Everything that came of these messages, and how it ended.
fn run(serial: Option<u32>, messages: &[Vec<u8>]) -> (Vec<String>, Result<Option<Ended>, TransferError>) {
    let mut incoming = ask(serial);
    let mut seen = Vec::new();
    let mut ended = Ok(None);
    for message in messages {
        assert_eq!(ended, Ok(None), "the end was the end");
        ended = incoming.take(message, 0, &mut |change| {
            seen.push(match change {
                Change::Whole => "whole".to_owned(),
                Change::Changes => "changes".to_owned(),
                Change::Add(record) => format!("+{} {}", record.owner, record.kind),
                Change::Remove(record) => format!("-{} {}", record.owner, record.kind),
            });
        });
        if ended.is_err() {
            break;
        }
    }
    (seen, ended)
}

fn failure(messages: &[Vec<u8>]) -> TransferError {
    run(None, messages).1.unwrap_err()
}

#[test]
fn a_zone_is_whole_when_its_start_comes_again() {
    let (seen, ended) = run(
        None,
        &[
            message(0, &[soa(5), a("a.example")]),
            message(0, &[a("b.example")]),
            message(0, &[soa(5)]),
        ],
    );
    assert_eq!(seen, ["whole", "+example. SOA", "+a.example. A", "+b.example. A"]);
    assert_eq!(
        ended,
        Ok(Some(Ended::Whole {
            serial: 5,
            records: 4
        }))
    );
    let (_, unfinished) = run(None, &[message(0, &[soa(5), a("a.example")])]);
    assert_eq!(unfinished, Ok(None));
}

#[test]
fn one_soa_for_each_message_is_fine() {
    let (seen, ended) = run(
        None,
        &[
            message(0, &[soa(5)]),
            message(0, &[a("a.example")]),
            message(0, &[soa(5)]),
        ],
    );
    assert_eq!(seen.len(), 3);
    assert!(matches!(ended, Ok(Some(Ended::Whole { serial: 5, .. }))));
}

#[test]
fn changes_are_told_from_a_whole_zone() {
    let (seen, ended) = run(
        Some(3),
        &[message(
            0,
            &[
                soa(5),
                soa(3),
                a("old.example"),
                soa(4),
                a("new.example"),
                soa(4),
                soa(5),
                a("newer.example"),
                soa(5),
            ],
        )],
    );
    assert_eq!(
        seen,
        [
            "changes",
            "-example. SOA",
            "-old.example. A",
            "+example. SOA",
            "+new.example. A",
            "-example. SOA",
            "+example. SOA",
            "+newer.example. A",
        ]
    );
    assert!(matches!(ended, Ok(Some(Ended::Whole { serial: 5, .. }))));
    let (seen, ended) = run(Some(3), &[message(0, &[soa(5), a("a.example"), soa(5)])]);
    assert_eq!(seen, ["whole", "+example. SOA", "+a.example. A"]);
    assert!(matches!(ended, Ok(Some(Ended::Whole { serial: 5, .. }))));
    let (seen, ended) = run(Some(5), &[message(0, &[soa(5)])]);
    assert!(seen.is_empty());
    assert_eq!(ended, Ok(Some(Ended::Unchanged { serial: 5 })));
}

#[test]
fn refusals_are_told_apart() {
    assert_eq!(failure(&[message(5, &[])]), TransferError::Refused);
    assert_eq!(failure(&[message(9, &[])]), TransferError::NotAuthoritative);
    assert_eq!(failure(&[message(2, &[])]), TransferError::ServerFailed);
    assert_eq!(
        failure(&[message(4, &[])]),
        TransferError::NotImplemented("NOTIMP")
    );
    assert_eq!(failure(&[message(0, &[])]), TransferError::Empty);
}

#[test]
fn what_belongs_to_something_else_is_mixed_up() {
    let mut other_number = message(0, &[soa(5), a("a.example")]);
    other_number[1] = 8;
    let mut no_answer = message(0, &[soa(5)]);
    no_answer[2] = 0;
    let other_zone = message(0, &[record("other", Kind::SOA, &[0; 22])]);
    let no_start = message(0, &[a("a.example")]);
    let behind = message(0, &[soa(5), a("a.example"), soa(5), a("b.example")]);
    for wrong in [other_number, no_answer, other_zone, no_start, behind] {
        assert!(matches!(failure(&[wrong]), TransferError::MixedUp(_)));
    }
    let mut truncated = message(0, &[soa(5), a("a.example")]);
    truncated[2] |= 2;
    assert_eq!(failure(&[truncated]), TransferError::Truncated);
    let changed = message(0, &[soa(5), a("a.example"), soa(6)]);
    assert_eq!(failure(&[changed]), TransferError::Changed { from: 5, to: 6 });
}

#[test]
fn an_end_that_only_looks_like_the_start_is_none() {
    let mut other = soa(1);
    *other.last_mut().unwrap() = 9;
    assert_eq!(
        failure(&[message(0, &[soa(1), a("www.example"), other])]),
        TransferError::MixedUp("its start and its end (SOA) have one serial number and differ")
    );
}

#[test]
fn loops_are_noticed() {
    let same = message(0, &[a("a.example"), a("b.example")]);
    assert_eq!(
        failure(&[message(0, &[soa(5)]), same.clone(), same]),
        TransferError::Looping
    );
    let back = message(0, &[soa(5), soa(3), soa(2)]);
    assert_eq!(run(Some(3), &[back]).1.unwrap_err(), TransferError::Looping);
    let again = message(0, &[soa(5), soa(3), soa(4), soa(3)]);
    assert_eq!(run(Some(3), &[again]).1.unwrap_err(), TransferError::Looping);
}

#[test]
fn too_many_records_are_endless() {
    let mut incoming = ask(None);
    incoming.records = limits::TRANSFER_RECORDS - 1;
    let ended = incoming.take(
        &message(0, &[soa(5), a("a.example"), a("b.example")]),
        0,
        &mut |_| {},
    );
    assert!(matches!(
        ended,
        Err(TransferError::Endless { what: "records", .. })
    ));
}

#[test]
fn nothing_is_given_before_it_is_proven() {
    let key = Key::new(
        Domain::parse("k").unwrap(),
        super::super::tsig::Algorithm::Sha256,
        b"secret",
    );
    let ask = Ask {
        zone: Domain::parse("example").unwrap(),
        serial: None,
        key: Some(key),
    };
    let (_, mut incoming) = Incoming::ask(&ask, ID, 0);
    let mut given = 0;
    let ended = incoming.take(&message(0, &[soa(5), a("a.example")]), 0, &mut |_| given += 1);
    assert_eq!(ended, Err(TransferError::Tsig(TsigError::Unsigned)));
    assert_eq!(given, 0);
    let (_, mut incoming) = Incoming::ask(&ask, ID, 0);
    assert_eq!(
        incoming.take(&message(5, &[]), 0, &mut |_| {}),
        Err(TransferError::Refused)
    );
}

#[test]
fn serial_numbers_go_round() {
    assert!(is_newer(1, 0) && is_newer(0, u32::MAX) && is_newer(5, 0xffff_fff0));
    assert!(!is_newer(5, 5) && !is_newer(0, 1) && !is_newer(0x8000_0000, 0));
    let root: DomainRef<'_> = DomainRef::ROOT;
    assert!(root.is_root());
}
