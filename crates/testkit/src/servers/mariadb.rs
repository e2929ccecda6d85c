//! MariaDB: `mysql` with an SSLRequest after its greeting.

use std::fs;

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::{Folder, User, give};
use crate::process::Launch;

/// Starts MariaDB with a certificate.
pub fn start(served: &Served) -> Server {
    configured(Some(served))
}

/// Starts MariaDB without TLS: its greeting lacks `CLIENT_SSL`.
pub fn start_plain() -> Server {
    configured(None)
}

fn configured(served: Option<&Served>) -> Server {
    let folder = Folder::new();
    let user = User::named("mysql");
    let files = folder.folder("files");
    give(&files, &user);
    let log = folder.file("log", "");
    let sockets = sockets(&["mysql"]);
    let root = word(&files);
    // Neither tables of its own nor InnoDB: it greets and speaks TLS without, and starts in a second.
    let mut command = vec!["/usr/sbin/mariadbd".to_owned(), "--no-defaults".to_owned()];
    command.extend(["--skip-grant-tables", "--skip-networking=0", "--skip-innodb"].map(str::to_owned));
    command.extend([
        "--default-storage-engine=Aria".to_owned(),
        format!("--aria-log-dir-path={root}"),
    ]);
    command.extend([
        format!("--datadir={root}"),
        format!("--socket={root}/socket"),
        format!("--pid-file={root}/pid"),
    ]);
    command.extend([
        format!("--bind-address={}", sockets[0].1.ip()),
        format!("--port={}", sockets[0].1.port()),
    ]);
    if let Some(served) = served {
        let key = folder.secret(
            "key.pem",
            fs::read(&served.key).expect("the key file was written"),
        );
        give(&key, &user);
        command.extend([
            format!("--ssl-cert={}", served.chain.display()),
            format!("--ssl-key={}", key.display()),
        ]);
    }
    Server::start(folder, Launch::new(&log, command).user(&user), sockets)
}
