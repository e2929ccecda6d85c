//! `openssl ocsp` as a responder: it answers from an index of certificates.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Server, word};
use crate::ca::Minted;
use crate::folder::Folder;
use crate::loopback;
use crate::process::Launch;

/// Where a responder can be: certificates must name it before it can know them.
pub fn socket() -> SocketAddr {
    // It takes a port and no address, and listens at all of them.
    let port = loopback::port_at(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).port();
    SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)
}

/// Starts a responder at a [`socket`] for the certificates of `issuer`, whose answers `signer` signs, from an index (see
/// [`crate::ca::index`]).
pub fn start(socket: SocketAddr, issuer: &Minted, signer: &Minted, index: &str) -> Server {
    let folder = Folder::new();
    let (index, issuer) = (
        word(&folder.file("index.txt", index)),
        word(&folder.file("issuer.pem", issuer.pem())),
    );
    let (certificate, key) = (
        word(&folder.file("signer.pem", signer.pem())),
        word(&folder.secret("signer.key", signer.key_pem())),
    );
    let port = socket.port().to_string();
    let log = folder.at("log");
    let command = [
        "/usr/bin/openssl",
        "ocsp",
        "-index",
        &index,
        "-CA",
        &issuer,
        "-rsigner",
        &certificate,
        "-rkey",
        &key,
        "-port",
        &port,
        "-ndays",
        "1",
    ];
    let launch = Launch::new(&log, command);
    // It hangs for good after a connection that is closed without a request, so that none may be opened to see whether it
    // is there (OpenSSL 3.0).
    Server {
        process: launch.spawn().having_said("waiting for OCSP client connections"),
        sockets: vec![("ocsp".to_owned(), socket)],
        folder,
    }
}
