//! Any octets are a zone file or a mistake with its line; what it gives reads back from its own text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::zone::{Data, Domain};
use sources::{master_file, record_text};

fuzz_target!(|octets: &[u8]| {
    let origin = Domain::parse("example").unwrap();
    let read = master_file::read_text(octets, &origin, 1000, &mut |record| {
        // Of a type that leads nowhere only the owner is kept.
        if let (Some(text), false) = (
            record_text::shown(record),
            matches!(record.data(), Data::Binding(_) | Data::Other),
        ) {
            let words: Vec<&str> = text.split(' ').collect();
            let again = record_text::parse(record.kind, &words, origin.borrowed());
            assert_eq!(again.as_deref(), Ok(record.data), "{record:?}");
        }
    });
    if let Err(error) = read {
        assert!(error.line >= 1);
        assert!(!error.to_string().chars().any(char::is_control));
    }
});
