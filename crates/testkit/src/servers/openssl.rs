//! `openssl s_server` in the shapes that no honest operator would choose, and that are out there all the same.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts `openssl s_server` at `tls` with these further arguments. It serves one connection after the other.
pub fn start(served: &Served, arguments: &[&str]) -> Server {
    let (chain, key) = (word(&served.chain), word(&served.key));
    bare(&[&["-cert", &chain, "-cert_chain", &chain, "-key", &key], arguments].concat())
}

/// The same with a second certificate of another kind of key.
pub fn start_with_two(first: &Served, second: &Served, arguments: &[&str]) -> Server {
    let (chain, key) = (word(&second.chain), word(&second.key));
    start(
        first,
        &[
            &["-dcert", &chain, "-dcert_chain", &chain, "-dkey", &key],
            arguments,
        ]
        .concat(),
    )
}

/// The same without any certificate.
pub fn start_without_certificate(arguments: &[&str]) -> Server {
    bare(&[&["-nocert"], arguments].concat())
}

fn bare(arguments: &[&str]) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["tls"]);
    let log = folder.at("log");
    // `-www` keeps it from ending at the end of its input, which is empty.
    let accept = sockets[0].1.to_string();
    let fixed = ["/usr/bin/openssl", "s_server", "-accept", &accept, "-www"];
    let launch = Launch::new(&log, [&fixed, arguments].concat());
    Server::start(folder, launch, sockets)
}
