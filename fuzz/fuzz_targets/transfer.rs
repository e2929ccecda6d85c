//! Any messages are an answer to a transfer, or an error; what they give expands to lines, and a zone is whole only behind its
//! second start. Octets are cut into messages by lengths in front, as TCP has them; the number of the question is filled in.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use model::zone::expand::{Attempts, Expansion, Extent, Wishes};
use model::zone::{Domain, Kind};
use net::dns::transfer::Incoming;
use net::dns::{Algorithm, Ask, Change, Ended, Key};

static ZONE: LazyLock<Domain> = LazyLock::new(|| Domain::parse("example").unwrap());

fuzz_target!(|octets: &[u8]| {
    let Some((choice, mut rest)) = octets.split_first() else {
        return;
    };
    let ask = Ask {
        zone: ZONE.clone(),
        serial: (choice & 1 != 0).then_some(1),
        key: (choice & 6 == 6).then(|| Key::new(ZONE.clone(), Algorithm::Sha256, b"secret")),
    };
    let (_, mut incoming) = Incoming::ask(&ask, 7, 1_800_000_000);
    let wishes = Wishes {
        ports: vec![443],
        guess: "guess".to_owned(),
        ..Wishes::default()
    };
    let mut expansion = Expansion::new(wishes);
    let zone = expansion.begin(ZONE.clone(), Attempts::Several);
    let mut extent = Extent::Partial;
    let mut starts = 0_u32;
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (message, behind) = behind.split_at(length);
        rest = behind;
        let mut message = message.to_vec();
        if let Some(id) = message.first_chunk_mut::<2>() {
            *id = [0, 7];
        }
        let ended = incoming.take(&message, 1_800_000_000, &mut |change| match change {
            Change::Add(record) => {
                starts += u32::from(record.kind == Kind::SOA);
                assert!(!record.to_string().chars().any(char::is_control));
                expansion.take(zone, record, &mut |_| {});
            }
            Change::Remove(record) => drop(record.to_owned()),
            Change::Whole | Change::Changes => {}
        });
        match ended {
            Ok(None) => {}
            Ok(Some(Ended::Whole { .. })) => {
                assert!(starts > 0);
                extent = Extent::Whole;
                break;
            }
            Ok(Some(Ended::Unchanged { .. })) => break,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                break;
            }
        }
    }
    expansion.end(zone, extent, &mut |_| {});
    expansion.finish(&mut |_| {});
    for name in expansion.outside() {
        expansion.answer(&name, Ok(&["192.0.2.1".parse().unwrap()]), &mut |_| {});
    }
    assert!(expansion.outside().is_empty());
});
