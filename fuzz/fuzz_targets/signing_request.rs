//! Any bytes are read as a certificate signing request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::certificate::SigningRequest;

fuzz_target!(|bytes: &[u8]| {
    let request = SigningRequest::from_der(bytes);
    let facts = request.facts();
    for range in [
        &facts.to_be_signed,
        &facts.signature,
        &facts.public_key.spki,
        &facts.public_key.key,
    ] {
        assert!(bytes.get(range.clone()).is_some());
    }
});
