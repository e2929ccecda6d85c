//! Redis: `rediss`, TLS at once.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Whether Redis insists on a client certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// It does not ask.
    Unknown,
    /// It asks, and ends the connection without one (Redis' own default).
    Certified,
}

/// Starts Redis; client certificates are to be issued by what `served` sends.
pub fn start(served: &Served, clients: Clients) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["rediss"]);
    let (address, port) = (sockets[0].1.ip().to_string(), sockets[0].1.port().to_string());
    let asks = match clients {
        Clients::Unknown => "no",
        Clients::Certified => "yes",
    };
    let (chain, key) = (word(&served.chain), word(&served.key));
    let (log, root) = (folder.at("log"), word(folder.path()));
    let command = [
        ["/usr/bin/redis-server", "--port"].as_slice(),
        &[
            "0",
            "--bind",
            &address,
            "--tls-port",
            &port,
            "--tls-cert-file",
            &chain,
            "--tls-key-file",
            &key,
        ],
        &[
            "--tls-ca-cert-file",
            &chain,
            "--tls-auth-clients",
            asks,
            "--save",
            "",
            "--dir",
            &root,
        ],
    ]
    .concat();
    let launch = Launch::new(&log, command);
    Server::start(folder, launch, sockets)
}
