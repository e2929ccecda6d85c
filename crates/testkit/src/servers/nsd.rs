//! NSD: `dns` over UDP and TCP.

use std::fmt::Write;

use super::{Server, sockets, word};
use crate::folder::Folder;
use crate::process::Launch;

/// Starts NSD with these zones (name and master file). `keys` are further blocks of the configuration, `allowed` is what
/// stands behind `provide-xfr:`, such as `127.0.0.0/8 NOKEY`.
pub fn start(zones: &[(&str, &str)], keys: &str, allowed: &str) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["dns"]);
    let dns = sockets[0].1;
    let root = word(folder.path());
    let mut blocks = String::new();
    for (number, (name, content)) in zones.iter().enumerate() {
        let file = folder.file(&format!("zone-{number}"), content);
        writeln!(
            blocks,
            "zone:\n  name: \"{name}\"\n  zonefile: \"{}\"\n  provide-xfr: {allowed}",
            file.display()
        )
        .expect("strings grow");
    }
    let configuration = folder.file(
        "nsd.conf",
        format!(
            "server:\n  ip-address: {}@{}\n  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{root}\"\n  pidfile: \"{root}/pid\"\n  \
             xfrdfile: \"{root}/xfrd\"\n  xfrdir: \"{root}\"\n  zonelistfile: \"{root}/zones\"\n  database: \"\"\n  \
             server-count: 1\n  verbosity: 1\nremote-control:\n  control-enable: no\n{keys}\n{blocks}",
            dns.ip(),
            dns.port()
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(&log, ["/usr/sbin/nsd", "-d", "-c", &word(&configuration)]);
    Server::start(folder, launch, sockets)
}
