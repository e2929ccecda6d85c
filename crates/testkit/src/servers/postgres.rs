//! PostgreSQL: `postgres` with an SSLRequest. It refuses to run as root.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Server, sockets, word};
use crate::ca::Served;
use crate::folder::{Folder, User, give, set_mode};
use crate::process::{Launch, Process};

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

/// Kills a session of a server of ours by its number, and waits until it is gone.
fn end(session: &str) {
    let killed = Command::new("kill")
        .args(["-KILL", session])
        .stderr(Stdio::null())
        .status();
    drop(killed);
    let itself = PathBuf::from(format!("/proc/{session}"));
    let is_there = || {
        let state = fs::read_to_string(itself.join("stat")).unwrap_or_default();
        state
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while is_there() {
        std::thread::yield_now();
    }
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

/// A server that keeps what is written to it, for tests of whoever writes: it can be killed and started again on the
/// same files and port. It runs with its usual care (`fsync` on).
#[derive(Debug)]
pub struct Cluster {
    // The process ends before its folder goes: fields are dropped in this order.
    process: Option<Process>,
    socket: SocketAddr,
    user: User,
    folder: Folder,
    /// Settings beside the usual.
    settings: Vec<String>,
}

impl Cluster {
    /// Makes a cluster and starts it, without TLS and without passwords, on loopback.
    pub fn start() -> Self {
        let mut cluster = Self::made();
        cluster.again();
        cluster
    }

    /// As [`Cluster::start`], but it lets in by TLS alone, and by this password.
    pub fn start_secure(served: &Served, password: &str) -> Self {
        let mut cluster = Self::made();
        let (folder, user) = (&cluster.folder, &cluster.user);
        let key = folder.secret(
            "key.pem",
            fs::read(&served.key).expect("the key file was written"),
        );
        give(&key, user);
        cluster.settings = vec![
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", served.chain.display()),
            format!("ssl_key_file={}", key.display()),
        ];
        cluster.again();
        cluster.run(&format!("ALTER USER nolapse PASSWORD '{password}'"));
        let rule = "hostssl all all 127.0.0.0/8 scram-sha-256\n";
        fs::write(cluster.folder.at("cluster").join("pg_hba.conf"), rule).expect("the rules can be written");
        cluster.run("SELECT pg_reload_conf()");
        cluster
    }

    /// Runs a statement by the server's own client.
    fn run(&self, sql: &str) {
        let status = Command::new(programs().join("psql"))
            .args(["-q", "-o", "/dev/null", "-c", sql, &self.url("postgres")])
            .status();
        assert!(status.expect("psql is installed").success(), "{sql}");
    }

    fn made() -> Self {
        let folder = Folder::new();
        let user = User::named("postgres");
        let data = folder.folder("cluster");
        set_mode(&data, 0o700);
        give(&data, &user);
        let log = folder.file("log", "");
        let initdb = word(&programs().join("initdb"));
        let command = [
            initdb.as_str(),
            "-D",
            &word(&data),
            "-A",
            "trust",
            "-U",
            "nolapse",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ];
        Launch::new(&log, command).user(&user).run();
        let socket = sockets(&["postgres"])[0].1;
        Self {
            process: None,
            socket,
            user,
            folder,
            settings: Vec::new(),
        }
    }

    /// Starts it again after [`Cluster::kill`], and waits until it answers (it repairs itself first).
    pub fn again(&mut self) {
        let (address, port) = (self.socket.ip().to_string(), self.socket.port().to_string());
        let mut command = vec![
            word(&programs().join("postgres")),
            "-D".to_owned(),
            word(&self.folder.at("cluster")),
            "-k".to_owned(),
            String::new(),
            "-h".to_owned(),
            address,
            "-p".to_owned(),
            port,
        ];
        for setting in &self.settings {
            command.extend(["-c".to_owned(), setting.clone()]);
        }
        // A log of its own for each start, so that nothing said earlier is taken for an answer.
        let log = self.folder.file("log", "");
        let launch = Launch::new(&log, command).user(&self.user).farewell("-INT");
        self.process = Some(launch.spawn().having_said("ready to accept connections"));
    }

    /// Ends the server and all its sessions at once, without any farewell: nothing but what it has written down stays.
    pub fn kill(&mut self) {
        let Some(process) = self.process.take() else {
            return;
        };
        // Each session leads a group of its own, so that the group of the server is the server alone.
        let server = process.id();
        let sessions =
            fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap_or_default();
        process.kill();
        for session in sessions.split_whitespace() {
            end(session);
        }
    }

    /// Where it listens.
    pub const fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// The URL of a database in it. `postgres` exists; others are made by whoever connects.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://nolapse@{}/{database}", self.socket)
    }
}
