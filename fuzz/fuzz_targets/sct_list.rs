//! Any bytes are read as a list of SCTs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::limits;
use model::sct::{SctOrigin, parse_list};

fuzz_target!(|bytes: &[u8]| {
    let list = parse_list(bytes, SctOrigin::Tls);
    assert!(list.scts.len() <= limits::SCTS);
    assert!(list.scts.iter().map(|sct| sct.bytes.len()).sum::<usize>() <= bytes.len());
});
