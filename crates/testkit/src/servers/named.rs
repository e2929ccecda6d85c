//! BIND's `named`: `dns` over UDP and TCP, and `dot` over TLS when there is a certificate.

use std::fmt::Write;

use super::{Server, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// A zone and its file.
#[derive(Clone, Debug)]
pub struct Zone<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its master file.
    pub content: &'a str,
    /// Further statements of its `zone` block, each with its semicolon: `allow-transfer { key k; };`.
    pub statements: &'a str,
}

/// What `named` is to be.
#[derive(Clone, Debug, Default)]
pub struct Named<'a> {
    /// Zones.
    pub zones: Vec<Zone<'a>>,
    /// Further blocks of the configuration, such as keys.
    pub blocks: &'a str,
    /// Further statements of `options`.
    pub options: &'a str,
    /// What it proves itself with over TLS.
    pub served: Option<&'a Served>,
}

impl Named<'_> {
    /// Starts it and waits until every zone is loaded.
    pub fn start(&self) -> Server {
        let folder = Folder::new();
        let labels: &[&str] = if self.served.is_some() {
            &["dns", "dot"]
        } else {
            &["dns"]
        };
        // It listens on addresses that an interface has, which of 127.0.0.0/8 is the first alone.
        let own = std::net::Ipv4Addr::LOCALHOST.into();
        let sockets: Vec<_> = labels
            .iter()
            .map(|label| ((*label).to_owned(), crate::loopback::port_at(own)))
            .collect();
        let root = word(folder.path());
        let dns = sockets[0].1;
        let mut listen = format!("listen-on port {} {{ {}; }};", dns.port(), dns.ip());
        let mut blocks = self.blocks.to_owned();
        if let Some(served) = self.served {
            let dot = sockets[1].1;
            write!(
                listen,
                "listen-on port {} tls own {{ {}; }};",
                dot.port(),
                dot.ip()
            )
            .expect("strings grow");
            write!(
                blocks,
                "\ntls own {{ cert-file \"{}\"; key-file \"{}\"; }};",
                served.chain.display(),
                served.key.display()
            )
            .expect("strings grow");
        }
        let mut zones = String::new();
        for (number, zone) in self.zones.iter().enumerate() {
            let file = folder.file(&format!("zone-{number}"), zone.content);
            writeln!(
                zones,
                "zone \"{}\" {{ type primary; file \"{}\"; {} }};",
                zone.name,
                file.display(),
                zone.statements
            )
            .expect("strings grow");
        }
        let configuration = folder.file(
            "named.conf",
            format!(
                "{blocks}\noptions {{ directory \"{root}\"; {listen} listen-on-v6 {{ none; }}; pid-file none;\n\
                 session-keyfile none; lock-file none; recursion no; dnssec-validation no; notify no;\n\
                 check-names primary ignore; max-records-per-type 0; {} }};\ncontrols {{ }};\n{zones}",
                self.options
            ),
        );
        let log = folder.at("log");
        let launch = Launch::new(
            &log,
            ["/usr/sbin/named", "-g", "-n", "1", "-c", &word(&configuration)],
        );
        Server::start(folder, launch, sockets).saying("all zones loaded")
    }
}
