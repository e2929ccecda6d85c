//! Dovecot: IMAP, POP3 and ManageSieve with STARTTLS, IMAPS and POP3S.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::Folder;
use crate::process::Launch;

/// Starts Dovecot at `imap`, `imaps`, `pop3`, `pop3s`, `sieve`, serving the same certificate at each. `settings` are
/// further lines of its configuration.
pub fn start(served: &Served, settings: &str) -> Server {
    let folder = Folder::new();
    let sockets = sockets(&["imap", "imaps", "pop3", "pop3s", "sieve"]);
    let listener = |index: usize, extra: &str| {
        let (label, socket) = &sockets[index];
        format!(
            "  inet_listener {label} {{\n    address = {}\n    port = {}\n{extra}  }}\n",
            socket.ip(),
            socket.port()
        )
    };
    let implicit = "    ssl = yes\n";
    let root = word(folder.path());
    let configuration = folder.file(
        "dovecot.conf",
        format!(
            "protocols = imap pop3 sieve\nbase_dir = {root}/run\nstate_dir = {root}/state\nlog_path = /dev/stderr\n\
             ssl = yes\nssl_cert = <{}\nssl_key = <{}\nmail_location = maildir:{root}/mail/%u\n\
             service imap-login {{\n  chroot =\n{}{}}}\nservice pop3-login {{\n  chroot =\n{}{}}}\n\
             service managesieve-login {{\n  chroot =\n{}}}\nservice anvil {{\n  chroot =\n}}\n\
             passdb {{\n  driver = static\n  args = password=x\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={root}\n}}\n{settings}\n",
            served.chain.display(),
            served.key.display(),
            listener(0, ""),
            listener(1, implicit),
            listener(2, ""),
            listener(3, implicit),
            listener(4, ""),
        ),
    );
    let log = folder.at("log");
    let launch = Launch::new(&log, ["/usr/sbin/dovecot", "-F", "-c", &word(&configuration)]);
    Server::start(folder, launch, sockets)
}
