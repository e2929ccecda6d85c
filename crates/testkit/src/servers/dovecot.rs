//! Dovecot: IMAP, POP3 and ManageSieve with STARTTLS, IMAPS and POP3S.

use std::net::SocketAddr;

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts Dovecot at `imap`, `imaps`, `pop3`, `pop3s`, `sieve`, serving the same certificate at each.
pub fn start(served: &Served) -> Server {
    let (chain, key) = (served.chain.display(), served.key.display());
    let tls = format!("ssl = yes\nssl_cert = <{chain}\nssl_key = <{key}\n");
    configured(&tls, &["imap", "pop3", "sieve", "imaps", "pop3s"])
}

/// Starts Dovecot at `imap`, `pop3`, `sieve` without TLS.
pub fn start_plain() -> Server {
    configured("ssl = no\n", &["imap", "pop3", "sieve"])
}

fn configured(tls: &str, labels: &[&str]) -> Server {
    let folder = Folder::new();
    let sockets = sockets(labels);
    // The listeners of one service; those that are not wanted are closed by port 0.
    let listeners = |wanted: &[&str]| {
        let blocks = wanted.iter().map(|label| {
            let socket = sockets
                .iter()
                .find(|(known, _)| known == label)
                .map(|(_, socket)| socket);
            let port = socket.map_or(0, SocketAddr::port);
            let implicit = if label.ends_with("3s") || *label == "imaps" {
                "    ssl = yes\n"
            } else {
                ""
            };
            let address = sockets[0].1.ip();
            format!(
                "  inet_listener {label} {{\n    address = {address}\n    port = {port}\n{implicit}  }}\n"
            )
        });
        blocks.collect::<String>()
    };
    let root = word(folder.path());
    let configuration = folder.file(
        "dovecot.conf",
        format!(
            "protocols = imap pop3 sieve\nbase_dir = {root}/run\nstate_dir = {root}/state\nlog_path = /dev/stderr\n\
             {tls}mail_location = maildir:{root}/mail/%u\n\
             service imap-login {{\n  chroot =\n{}}}\nservice pop3-login {{\n  chroot =\n{}}}\n\
             service managesieve-login {{\n  chroot =\n{}}}\nservice anvil {{\n  chroot =\n}}\n\
             passdb {{\n  driver = static\n  args = password=x\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={root}\n}}\n",
            listeners(&["imap", "imaps"]),
            listeners(&["pop3", "pop3s"]),
            listeners(&["sieve"]),
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(&log, ["/usr/sbin/dovecot", "-F", "-c", &word(&configuration)]);
    Server::start(folder, launch, sockets)
}
