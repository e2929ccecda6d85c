//! Any bytes are read as a bundle of PEM blocks; the walk ends, and lines are counted forward.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::pem;

fuzz_target!(|bytes: &[u8]| {
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count();
    let mut blocks = 0;
    for block in pem::blocks(bytes) {
        blocks += 1;
        let line = match block {
            Ok(block) => block.line,
            Err(error) => error.line,
        };
        assert!((1..=lines).contains(&line));
    }
    assert!(blocks <= bytes.len());
});
