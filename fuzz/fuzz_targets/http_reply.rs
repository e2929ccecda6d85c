//! Any bytes are the answer of an HTTP server: it is read whole, or refused, and never larger than was asked for.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use net::http::get_over;

/// Bytes of a body that are taken: small, so that the bound is met often.
const BODY: usize = 512;

fuzz_target!(|octets: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = tokio::io::join(Cursor::new(octets.to_vec()), tokio::io::sink());
    let answer = runtime.block_on(get_over(stream, "http://a.test/list.crl", BODY));
    if let Ok(answer) = answer {
        assert!(answer.body.len() <= BODY);
        assert!((100..1_000).contains(&answer.status));
    }
});
