//! Prosody: `xmpp` and `xmpp-server` with STARTTLS, `xmpps` and `xmpps-server` at once.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts Prosody for the XMPP domain `domain`.
pub fn start(domain: &str, served: &Served) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["xmpp", "xmpp-server", "xmpps", "xmpps-server"]);
    let port = |index: usize| sockets[index].1.port();
    let root = word(folder.path());
    let certificates = word(&folder.folder("certificates"));
    let configuration = folder.file(
        "prosody.cfg.lua",
        format!(
            "run_as_root = true\npidfile = \"{root}/pid\"\ndata_path = \"{root}\"\ncertificates = \"{certificates}\"\n\
             interfaces = {{ \"{}\" }}\nc2s_ports = {{ {} }}\ns2s_ports = {{ {} }}\nc2s_direct_tls_ports = {{ {} }}\n\
             s2s_direct_tls_ports = {{ {} }}\nhttp_ports = {{ }}\nhttps_ports = {{ }}\n\
             modules_enabled = {{ \"tls\", \"saslauth\", \"dialback\", \"roster\", \"disco\" }}\n\
             c2s_require_encryption = true\nssl = {{ certificate = \"{}\", key = \"{}\" }}\n\
             log = {{ info = \"*console\" }}\nVirtualHost \"{domain}\"\n",
            sockets[0].1.ip(),
            port(0),
            port(1),
            port(2),
            port(3),
            served.chain.display(),
            served.key.display(),
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(
        &log,
        ["/usr/bin/prosody", "--config", &word(&configuration), "-F"],
    );
    Server::start(folder, launch, sockets)
}
