//! Any bytes are read as a PKCS#7 bundle.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::limits;
use model::pkcs7::SignedData;

fuzz_target!(|bytes: &[u8]| {
    let data = SignedData::parse(bytes);
    assert!(data.certificates.len() <= limits::BUNDLE_ITEMS && data.crls.len() <= limits::BUNDLE_ITEMS);
    assert!(
        data.certificates
            .into_iter()
            .chain(data.crls)
            .all(|range| bytes.get(range).is_some())
    );
});
