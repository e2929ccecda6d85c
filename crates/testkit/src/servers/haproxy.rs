//! HAProxy: one frontend that terminates TLS.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts HAProxy at `https` with these certificates (several are chosen by SNI and kind of key) and further words of
/// the `bind` line.
pub fn start(served: &[&Served], bind: &str) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["https"]);
    let certificates: String = served
        .iter()
        .map(|served| format!(" crt {}", served.both.display()))
        .collect();
    let configuration = folder.file(
        "haproxy.cfg",
        format!(
            "global\n  tune.ssl.default-dh-param 2048\n\
             defaults\n  mode http\n  timeout client 10s\n  timeout server 10s\n  timeout connect 10s\n\
             frontend tls\n  bind {} ssl{certificates} {bind}\n  http-request return status 200\n",
            sockets[0].1
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(&log, ["/usr/sbin/haproxy", "-db", "-f", &word(&configuration)]);
    Server::start(folder, launch, sockets)
}
