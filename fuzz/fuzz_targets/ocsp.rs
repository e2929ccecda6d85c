//! Any bytes are read as an OCSP answer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::limits;
use model::revocation::OcspAnswer;

fuzz_target!(|bytes: &[u8]| {
    let answer = OcspAnswer::parse(bytes);
    let Some(basic) = answer.basic else { return };
    assert!(bytes.get(basic.to_be_signed).is_some() && bytes.get(basic.signature).is_some());
    assert!(
        basic
            .certificates
            .into_iter()
            .all(|range| bytes.get(range).is_some())
    );
    assert!(basic.answers.len() <= limits::LIST_ENTRIES);
    assert!(
        basic
            .answers
            .into_iter()
            .filter_map(|single| single.scts)
            .all(|range| bytes.get(range).is_some())
    );
});
