//! Any bytes are read as a CRL, and its entries are walked to their end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::revocation::Crl;

fuzz_target!(|bytes: &[u8]| {
    let crl = Crl::parse(bytes);
    assert!(bytes.get(crl.to_be_signed.clone()).is_some() && bytes.get(crl.signature.clone()).is_some());
    assert!(
        crl.extensions
            .iter()
            .all(|extension| bytes.get(extension.value.clone()).is_some())
    );
    assert!(crl.entries(bytes).count() <= bytes.len());
});
