//! `serve` as a service: HTTPS of its own, a configuration read anew, what a supervisor such as systemd hears and hands over,
//! and the unit that it is given.

#![cfg(unix)]
#![expect(
    clippy::expect_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod cli_world;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use testkit::ca::{Minted, Template};
use testkit::folder::Folder;

use crate::cli_world::{World, command, nolapse};

/// A service that runs, and what it says.
struct Service {
    child: Child,
    lines: BufReader<ChildStderr>,
    said: String,
}

impl Service {
    fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the binary starts");
        let lines = BufReader::new(child.stderr.take().expect("a pipe"));
        Self {
            child,
            lines,
            said: String::new(),
        }
    }

    /// Reads on up to a line with these words, and gives it.
    fn until(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("standard error is text");
            assert!(read > 0, "it ended before it said `{words}`:\n{}", self.said);
            self.said.push_str(&line);
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The address of the pages, from the line that says it.
    fn pages(&mut self) -> String {
        let line = self.until("pages on ");
        let address = line.trim_end().trim_end_matches('/').rsplit_once('/');
        address.expect("an address").1.to_owned()
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([name, &self.child.id().to_string()])
            .status()
            .expect("kill is there");
        assert!(sent.success());
    }

    /// Asks it to end, and gives what it said.
    fn end(mut self) -> String {
        self.signal("-TERM");
        let ended = self.child.wait().expect("it ends");
        self.lines
            .read_to_string(&mut self.said)
            .expect("standard error is text");
        assert_eq!(ended.code(), Some(0), "{}", self.said);
        std::mem::take(&mut self.said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It ended already, or the test failed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What is answered to a plain request.
#[expect(clippy::disallowed_methods, reason = "the test is the reader of the pages")]
fn plain(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("somebody listens");
    let asked = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).expect("a request is taken");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer comes and ends");
    answer
}

/// The SHA-256 of the leaf that is served, as the scan sees it, which must be in order.
fn served(address: &str, world: &World) -> String {
    let ran = nolapse([
        "scan",
        address,
        "--trust-store",
        &world.store,
        "--format",
        "ndjson",
    ]);
    let records = ran.records();
    assert_eq!(ran.code, 0, "{records:#?}");
    records
        .first()
        .and_then(|record| record.pointer("/certificates/0/sha256")?.as_str())
        .expect("a certificate")
        .to_owned()
}

/// A leaf of this machine, written as chain and key.
fn identity(folder: &Folder, world: &World) -> Minted {
    let leaf = Template::server("pages.test")
        .address(std::net::Ipv4Addr::LOCALHOST)
        .issued_by(&world.pki.intermediate);
    folder.file(
        "pages.pem",
        format!("{}{}", leaf.pem(), world.pki.intermediate.pem()),
    );
    folder.secret("pages.key", leaf.key_pem());
    leaf
}

fn configured(folder: &Folder, more: &str) -> Command {
    let config = folder.file("nolapse.toml", format!("[store]\nurl = \"inventory.db\"\n{more}"));
    let mut serve = command(["serve", "--config", &config.display().to_string()]);
    serve.current_dir(folder.path());
    serve
}

const HTTPS: &str =
    "[web]\nlisten = \"127.0.0.1:0\"\ntls_certificate = \"pages.pem\"\ntls_key = \"pages.key\"\n";

#[test]
fn it_speaks_https_and_shows_a_renewed_certificate() {
    let world = World::new();
    let folder = Folder::new();
    let first = identity(&folder, &world);
    let mut service = Service::start(configured(&folder, HTTPS));
    let address = service.pages();
    service.until("the certificate of the pages is good until");
    assert_eq!(served(&address, &world), first.sha256());
    let told = plain(&address);
    assert!(
        told.starts_with("HTTP/1.1 400") && told.contains("https://"),
        "{told}"
    );
    // Nobody says anything to it: it sees that the files changed.
    let second = identity(&folder, &world);
    service.until("the pages show another certificate");
    assert_eq!(served(&address, &world), second.sha256());
    // A key that is not the certificate's changes nothing but what is said.
    folder.secret("pages.key", first.key_pem());
    let said = service.until("cannot be used");
    assert!(
        said.contains("pages.pem") && said.contains("not the one of the certificate"),
        "{said}"
    );
    assert_eq!(served(&address, &world), second.sha256());
    service.end();
}

#[test]
fn a_pair_that_is_none_is_refused_at_the_start() {
    let folder = Folder::new();
    for (config, words) in [
        ("[web]\ntls_certificate = \"a.pem\"\n", "without tls_key"),
        ("[web]\ntls_key = \"a.pem\"\n", "without tls_certificate"),
        (
            "[web]\nlisten = \"127.0.0.1:0\"\ntls_certificate = \"a.pem\"\ntls_key = \"a.pem\"\n",
            "a.pem: no such file",
        ),
        ("[web]\nlisten = \"8080\"\n", "expected address:port"),
        ("[web]\nlisten = \"0.0.0.0:0\"\n", "nobody signs in"),
        ("[web]\nlissten = \"127.0.0.1:0\"\n", "`listen`"),
    ] {
        let ran: cli_world::Ran = configured(&folder, config)
            .output()
            .expect("the binary starts")
            .into();
        assert_eq!(ran.code, 2, "{config}: {}", ran.err);
        assert!(ran.err.to_lowercase().contains(words), "{config}: {}", ran.err);
    }
}

#[test]
fn a_configuration_is_taken_whole_or_not_at_all() {
    let world = World::new();
    let site = world.sound();
    let folder = Folder::new();
    folder.file("fleet.txt", format!("sound.test@{}", site.address));
    let source = "[web]\nlisten = \"127.0.0.1:0\"\n[source.fleet]\nkind = \"list\"\nfile = \"fleet.txt\"\n";
    let mut service = Service::start(configured(&folder, "[web]\nlisten = \"127.0.0.1:0\"\n"));
    let address = service.pages();
    service.until("0 sources");
    // Half of it is right, and none of it is taken.
    configured(&folder, &format!("{source}every = \"never\"\n"));
    service.signal("-HUP");
    let said = service.until("was not taken");
    assert!(said.contains("every") && said.contains("SIGHUP"), "{said}");
    configured(
        &folder,
        &source.replace("[web]", "[store]\nurl = \"other.db\"\n[web]"),
    );
    service.signal("-HUP");
    service.until("was not taken");
    assert!(plain(&address).starts_with("HTTP/1.1 200"), "the pages go on");
    configured(&folder, source);
    service.signal("-HUP");
    service.until("1 source,");
    service.until("source fleet: complete");
    assert!(
        plain(&address).starts_with("HTTP/1.1 200"),
        "the pages are at the same address"
    );
    let said = service.end();
    assert!(said.contains("1 source asked"), "{said}");
}

#[test]
fn a_supervisor_hears_how_it_goes() {
    let folder = Folder::new();
    let socket = folder.at("notify");
    let supervisor = UnixDatagram::bind(&socket).expect("a socket");
    supervisor
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time limit");
    let hear = |wanted: &str| loop {
        let mut heard = [0; 4096];
        let length = supervisor.recv(&mut heard).expect("it is told in time");
        let heard = String::from_utf8_lossy(&heard[..length]);
        if heard.lines().any(|line| line.starts_with(wanted)) {
            break heard.into_owned();
        }
    };
    let mut serve = configured(&folder, "[web]\nlisten = \"127.0.0.1:0\"\n");
    serve
        .env("NOTIFY_SOCKET", &socket)
        .env("WATCHDOG_USEC", "2000000");
    let service = Service::start(serve);
    assert!(hear("READY=1").contains("STATUS=0 sources"));
    hear("WATCHDOG=1");
    folder.file("nolapse.toml", "nonsense");
    service.signal("-HUP");
    assert!(hear("RELOADING=1").contains("MONOTONIC_USEC="));
    assert!(hear("READY=1").contains("error"), "a failure is loud");
    service.signal("-TERM");
    hear("STOPPING=1");
}

#[test]
fn a_listener_that_is_handed_over_is_used() {
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let serve = configured(&folder, "");
    // What systemd does: the listener is descriptor 3, and the variables name it and the process.
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg("exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"")
        .arg("sh")
        .arg(serve.get_program())
        .args(serve.get_args())
        .env_clear()
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .stdin(Stdio::from(OwnedFd::from(listener)));
    let mut service = Service::start(shell);
    assert_eq!(service.pages(), address);
    assert!(plain(&address).starts_with("HTTP/1.1 200"));
    service.end();
}

#[test]
fn a_unit_names_the_program_and_is_one_that_systemd_takes() {
    let folder = Folder::new();
    let program = "/bin/true";
    let root = folder.path().display().to_string();
    let flags = ["--for", "systemd", "--program", program];
    let ran = nolapse(["service", "install", "--root", &root].into_iter().chain(flags));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let unit = folder.at("etc/systemd/system/nolapse.service");
    let text = std::fs::read_to_string(&unit).expect("it was written");
    assert!(text.contains("\nExecStart=/bin/true serve\n"), "{text}");
    let printed = nolapse(["service", "print"].into_iter().chain(flags));
    assert_eq!(printed.out, text);
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output()
        .expect("systemd-analyze is there: scripts/test-servers installs it");
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{verified:?}"
    );
    let ran = nolapse(["service", "uninstall", "--root", &root]);
    assert_eq!((ran.code, unit.exists()), (0, false), "{}", ran.err);
    let again = nolapse(["service", "uninstall", "--root", &root]);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("there is no unit"), "{}", again.err);
}

#[test]
fn a_unit_for_one_user_asks_for_nothing_that_only_the_machine_has() {
    let folder = Folder::new();
    let mut install = command([
        "service",
        "install",
        "--user",
        "--for",
        "systemd",
        "--program",
        "/bin/true",
    ]);
    let ran: cli_world::Ran = install
        .args(["--root", &folder.at("root").display().to_string()])
        .env("HOME", "/home/ada")
        .output()
        .expect("the binary starts")
        .into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let unit = folder.at("root/home/ada/.config/systemd/user/nolapse.service");
    let text = std::fs::read_to_string(unit).expect("it was written");
    assert!(
        text.contains("ExecStart=/bin/true serve") && !text.contains("DynamicUser"),
        "{text}"
    );
}

#[test]
fn a_program_where_no_service_can_look_is_refused() {
    for (program, words) in [
        ("/home/ada/nolapse", "in somebody's home"),
        ("/opt/no lapse/nolapse", "cannot bear"),
        ("/opt/%n/nolapse", "cannot bear"),
    ] {
        let ran = nolapse([
            "service",
            "install",
            "--for",
            "systemd",
            "--root",
            "/nowhere",
            "--program",
            program,
        ]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(words), "{}", ran.err);
    }
}
