//! Any bytes are read as a key store of Java: what is found lies within them, and whatever does not is said.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::jks::{self, KeyStore};
use model::{Certificate, limits};

fuzz_target!(|bytes: &[u8]| {
    let Some(store) = KeyStore::parse(bytes) else {
        assert!(!jks::is_key_store(bytes));
        return;
    };
    assert!(store.certificates.len() <= limits::BUNDLE_ITEMS && store.keys.len() <= limits::BUNDLE_ITEMS);
    for entry in store.certificates.iter().take(16) {
        drop(Certificate::from_der(
            bytes.get(entry.der.clone()).expect("within the bytes"),
        ));
    }
    KeyStore::is_intact(bytes, "changeit");
    assert!(sources::key_store::java(bytes, &[]).is_ok());
});
