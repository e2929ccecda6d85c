//! Any bytes are read as a certificate, and no range or offset points outside of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::{Certificate, limits};

fuzz_target!(|bytes: &[u8]| {
    let certificate = Certificate::from_der(bytes);
    let facts = certificate.facts();
    for range in [
        &facts.to_be_signed,
        &facts.signature,
        &facts.public_key.spki,
        &facts.public_key.key,
    ] {
        assert!(bytes.get(range.clone()).is_some());
    }
    assert!(facts.extensions.len() <= limits::EXTENSIONS);
    assert!(
        facts
            .extensions
            .iter()
            .all(|extension| bytes.get(extension.value.clone()).is_some())
    );
    assert!(facts.oddities.len() <= limits::ODDITIES);
    assert!(facts.oddities.iter().all(|oddity| oddity.offset <= bytes.len()));
    assert!(facts.subject_alt_names.iter().flatten().count() <= limits::NAMES_PARSED);
    let shown = facts.subject.text.shown();
    assert!(shown.chars().all(|character| !character.is_control()));
});
