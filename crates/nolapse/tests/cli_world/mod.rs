//! The real binary, and servers on loopback for it to look at.

#![allow(dead_code, reason = "each test binary uses its part of it")]
#![expect(
    clippy::expect_used,
    reason = "helpers of tests: what they cannot do fails the test"
)]

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use testkit::ca::{Minted, Pki, Template};
use testkit::hostile::Running;
use testkit::loopback;

/// What the binary wrote and how it ended.
pub(crate) struct Ran {
    /// Exit status; panics of ours would be 101.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the binary ends by itself"),
            out: String::from_utf8(output.stdout).expect("output is UTF-8"),
            err: String::from_utf8(output.stderr).expect("errors are UTF-8"),
        }
    }
}

impl Ran {
    /// The lines of standard output as JSON values.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }
}

/// The binary with a clean environment: nothing of the machine's settings reaches it.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nolapse"));
    command
        .env_clear()
        .env("HOME", std::env::temp_dir())
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub(crate) fn nolapse<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    command(arguments).output().expect("the binary starts").into()
}

/// Runs the binary with this standard input.
pub(crate) fn nolapse_fed(arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    // The binary may have seen enough before it has read everything.
    drop(child.stdin.take().expect("a pipe").write_all(input));
    child.wait_with_output().expect("the binary ends").into()
}

/// A process that does not outlive its test, whatever fails.
pub(crate) struct Kept(pub(crate) Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// An authority, and servers that it certified.
pub(crate) struct World {
    /// The authority.
    pub(crate) pki: Pki,
    /// `own=FILE` for `--trust-store`.
    pub(crate) store: String,
}

impl World {
    /// A fresh authority.
    pub(crate) fn new() -> Self {
        let pki = Pki::new();
        let store = format!("own={}", pki.root_file().display());
        Self { pki, store }
    }

    /// A server at an address of its own whose certificate names that address and `name`.
    pub(crate) fn server(&self, template: impl FnOnce(Template) -> Template, name: &str) -> Site {
        let address = loopback::socket();
        let leaf = template(Template::server(name).address(address.ip())).issued_by(&self.pki.intermediate);
        Site::start(address, leaf, Some(&self.pki.intermediate))
    }

    /// A server with a sound certificate.
    pub(crate) fn sound(&self) -> Site {
        self.server(|template| template, "sound.test")
    }

    /// A server that does not send its issuer.
    pub(crate) fn incomplete(&self) -> Site {
        let address = loopback::socket();
        let leaf = Template::server("incomplete.test")
            .address(address.ip())
            .issued_by(&self.pki.intermediate);
        Site::start(address, leaf, None)
    }
}

/// A server and what it serves.
pub(crate) struct Site {
    /// Where.
    pub(crate) address: SocketAddr,
    /// What.
    pub(crate) leaf: Minted,
    running: Running,
}

impl Site {
    fn start(address: SocketAddr, leaf: Minted, issuer: Option<&Minted>) -> Self {
        let chain = std::iter::once(&leaf)
            .chain(issuer)
            .map(|certificate| certificate.der().to_vec());
        let running = testkit::tls::start_on(address, chain.collect(), leaf.key_der());
        Self {
            address,
            leaf,
            running,
        }
    }

    /// As a target.
    pub(crate) fn target(&self) -> String {
        self.address.to_string()
    }
}

/// Writes a file of targets, one a line.
pub(crate) fn list(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n") + "\n").expect("a temporary file");
}
