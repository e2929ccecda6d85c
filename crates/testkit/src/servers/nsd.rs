//! NSD: `dns` over UDP and TCP, and `dot` over TLS when there is a certificate.

use std::fmt::Write;

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts NSD with these zones (name and master file). `keys` are further blocks of the configuration, `allowed` is what
/// stands behind `provide-xfr:`, such as `127.0.0.0/8 NOKEY`.
pub fn start(zones: &[(&str, &str)], keys: &str, allowed: &str) -> Server {
    serve(zones, keys, allowed, None)
}

/// The same, which proves itself with `served` over TLS.
pub fn start_over_tls(zones: &[(&str, &str)], keys: &str, allowed: &str, served: &Served) -> Server {
    serve(zones, keys, allowed, Some(served))
}

fn serve(zones: &[(&str, &str)], keys: &str, allowed: &str, served: Option<&Served>) -> Server {
    let folder = Folder::new();
    let labels: &[&str] = if served.is_some() {
        &["dns", "dot"]
    } else {
        &["dns"]
    };
    let sockets = sockets(labels);
    let dns = sockets[0].1;
    let root = word(folder.path());
    let mut tls = String::new();
    if let Some(served) = served {
        let dot = sockets[1].1;
        write!(
            tls,
            "  ip-address: {}@{}\n  tls-port: {}\n  tls-service-pem: \"{}\"\n  tls-service-key: \"{}\"\n",
            dot.ip(),
            dot.port(),
            dot.port(),
            served.chain.display(),
            served.key.display()
        )
        .expect("strings grow");
    }
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
            "server:\n  ip-address: {}@{}\n{tls}  username: \"\"\n  chroot: \"\"\n  zonesdir: \"{root}\"\n  pidfile: \"{root}/pid\"\n  \
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
