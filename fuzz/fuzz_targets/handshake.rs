//! Any bytes are a server's answer to a ClientHello; and what TLS 1.3 encrypts is read without its encryption.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (segment, bytes) = input;
    probe::fuzzing::handshake(bytes, usize::from(segment) * 16);
    probe::fuzzing::encrypted_flight(bytes);
});
