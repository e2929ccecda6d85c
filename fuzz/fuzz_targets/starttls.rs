//! Any bytes are a server's side of the exchange before TLS, in every protocol.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::StartTls;

const PROTOCOLS: [StartTls; 16] = [
    StartTls::Smtp,
    StartTls::Lmtp,
    StartTls::Imap,
    StartTls::Pop3,
    StartTls::Sieve,
    StartTls::Nntp,
    StartTls::Ftp,
    StartTls::Ldap,
    StartTls::Xmpp,
    StartTls::XmppServer,
    StartTls::Postgres,
    StartTls::Mysql,
    StartTls::Rdp,
    StartTls::Irc,
    StartTls::Nats,
    StartTls::Mssql,
];

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (protocol, segment, bytes) = input;
    let protocol = PROTOCOLS[usize::from(protocol) % PROTOCOLS.len()];
    probe::fuzzing::exchange(protocol, bytes, segment.into());
    probe::fuzzing::tds(bytes, segment.into());
    probe::fuzzing::looks_like(bytes);
});
