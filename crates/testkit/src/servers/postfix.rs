//! Postfix: `smtp` with STARTTLS and `smtps` at once. Its master changes users, so it needs root.

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::{Folder, User, give};
use crate::process::Launch;

/// Starts Postfix, serving the same certificate both ways. `parameters` are further lines of `main.cf`.
pub fn start(served: &Served, parameters: &str) -> Server {
    let folder = Folder::new();
    let (queue, data) = (folder.folder("queue"), folder.folder("data"));
    give(&data, &User::named("postfix"));
    let etc = folder.folder("etc");
    let sockets = sockets(&["smtp", "smtps"]);
    let log = folder.at("postfix.log");
    folder.file(
        "etc/main.cf",
        format!(
            "compatibility_level = 3.6\nqueue_directory = {queue}\ndata_directory = {data}\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\n\
             mail_owner = postfix\nsetgid_group = postdrop\nmyhostname = mail.test\nmydestination =\n\
             inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nsmtpd_peername_lookup = no\nalias_maps =\nlocal_recipient_maps =\n\
             smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {chain}\nsmtpd_tls_key_file = {key}\n\
             maillog_file = {log}\nmaillog_file_prefixes = {root}\n{parameters}\n",
            queue = queue.display(),
            data = data.display(),
            chain = served.chain.display(),
            key = served.key.display(),
            log = log.display(),
            root = folder.path().display(),
        ),
    );
    folder.file(
        "etc/master.cf",
        format!(
            "{} inet n - n - - smtpd\n{} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes\n\
             rewrite unix - - n - - trivial-rewrite\nanvil unix - - n - 1 anvil\ntlsmgr unix - - n 1000? 1 tlsmgr\n\
             cleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nproxymap unix - - n - - proxymap\n\
             postlog unix-dgram n - n - 1 postlogd\n",
            sockets[0].1, sockets[1].1
        ),
    );
    // The check makes the queue's folders; the master is then started without the shell script
    // between, and told to stay in our process group (`-d`).
    Launch::new(&log, ["/usr/sbin/postfix", "-c", &word(&etc), "check"]).run();
    let launch = Launch::new(&log, ["/usr/lib/postfix/sbin/master", "-c", &word(&etc), "-d"])
        .variable("MAIL_CONFIG", word(&etc));
    Server::start(folder, launch, sockets)
}
