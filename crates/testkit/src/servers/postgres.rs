//! PostgreSQL: `postgres` with an SSLRequest. It refuses to run as root.

use std::fs;
use std::path::PathBuf;

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::{Folder, User, give, set_mode};
use crate::process::Launch;

/// Starts PostgreSQL with a certificate.
pub fn start(served: &Served) -> Server {
    configured(Some(served))
}

/// Starts PostgreSQL without TLS: it answers an SSLRequest with `N`.
pub fn start_plain() -> Server {
    configured(None)
}

fn configured(served: Option<&Served>) -> Server {
    let folder = Folder::new();
    let user = User::named("postgres");
    let cluster = folder.folder("cluster");
    set_mode(&cluster, 0o700);
    give(&cluster, &user);
    let log = folder.file("log", "");
    let programs = programs();
    let initdb = word(&programs.join("initdb"));
    Launch::new(
        &log,
        [initdb.as_str(), "-D", &word(&cluster), "-A", "trust", "--no-sync"],
    )
    .user(&user)
    .run();
    let sockets = sockets(&["postgres"]);
    let (address, port) = (sockets[0].1.ip().to_string(), sockets[0].1.port().to_string());
    let mut command = vec![
        word(&programs.join("postgres")),
        "-D".to_owned(),
        word(&cluster),
        "-k".to_owned(),
    ];
    command.extend(["", "-h", &address, "-p", &port, "-c", "fsync=off"].map(str::to_owned));
    if let Some(served) = served {
        // The key must belong to the server's own user.
        let key = folder.secret(
            "key.pem",
            fs::read(&served.key).expect("the key file was written"),
        );
        give(&key, &user);
        command.extend(["-c", "ssl=on", "-c"].map(str::to_owned));
        command.push(format!("ssl_cert_file={}", served.chain.display()));
        command.push("-c".to_owned());
        command.push(format!("ssl_key_file={}", key.display()));
    }
    // Interrupted, it ends its sessions; terminated, it would wait for them.
    let launch = Launch::new(&log, command).user(&user).farewell("-INT");
    Server::start(folder, launch, sockets)
}

/// Debian keeps the programs of each major version apart; the newest is taken.
fn programs() -> PathBuf {
    let versions =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed: scripts/test-servers");
    let newest = versions
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .max();
    newest.expect("a version of PostgreSQL is installed")
}
