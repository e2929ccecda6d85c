//! Any bytes are read as a CRL, and its entries are walked to their end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::revocation::{Crl, RevocationList};

fuzz_target!(|bytes: &[u8]| {
    let crl = Crl::parse(bytes);
    assert!(bytes.get(crl.to_be_signed.clone()).is_some() && bytes.get(crl.signature.clone()).is_some());
    assert!(
        crl.extensions
            .iter()
            .all(|extension| bytes.get(extension.value.clone()).is_some())
    );
    assert!(crl.entries(bytes).count() <= bytes.len());
    let list = RevocationList::from_der(bytes);
    for entry in crl.entries(bytes).flatten().take(64) {
        // Whoever is meant, the search ends, and what it finds has the number that was asked for.
        let found = list.find(&crl.issuer.canonical, entry.serial);
        assert!(found.is_none_or(|found| !found.serial.is_empty()));
    }
});
