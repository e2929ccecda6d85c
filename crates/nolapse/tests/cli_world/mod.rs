//! The real binary, and servers on loopback for it to look at.

#![allow(dead_code, reason = "each test binary uses its part of it")]

use std::ffi::OsStr;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use testkit::ca::{Minted, Pki, Template};
use testkit::hostile::Running;
use testkit::loopback;
use testkit::script::{End, Script};

/// What the binary wrote and how it ended.
pub struct Ran {
    /// Exit status; panics of ours would be 101.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
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
    pub fn records(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }
}

/// The binary with a clean environment: nothing of the machine's settings reaches it.
pub fn command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nolapse"));
    command
        .env_clear()
        .env("HOME", std::env::temp_dir())
        .args(arguments)
        .stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
pub fn nolapse<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Ran {
    command(arguments).output().expect("the binary starts").into()
}

/// Runs the binary with this standard input.
pub fn nolapse_fed(arguments: &[&str], input: &[u8]) -> Ran {
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

/// An authority, and servers that it certified.
pub struct World {
    /// The authority.
    pub pki: Pki,
    /// `own=FILE` for `--trust-store`.
    pub store: String,
}

impl World {
    /// A fresh authority.
    pub fn new() -> Self {
        let pki = Pki::new();
        let store = format!("own={}", pki.root_file().display());
        Self { pki, store }
    }

    /// A server at an address of its own whose certificate names that address and `name`.
    pub fn server(&self, template: impl FnOnce(Template) -> Template, name: &str) -> Site {
        let address = loopback::socket();
        let leaf = template(Template::server(name).address(address.ip())).issued_by(&self.pki.intermediate);
        let config = config(&[&leaf, &self.pki.intermediate], &leaf);
        Site::start(address, leaf, config)
    }

    /// A server with a sound certificate.
    pub fn sound(&self) -> Site {
        self.server(|template| template, "sound.test")
    }

    /// A server that does not send its issuer.
    pub fn incomplete(&self) -> Site {
        let address = loopback::socket();
        let leaf = Template::server("incomplete.test")
            .address(address.ip())
            .issued_by(&self.pki.intermediate);
        let config = config(&[&leaf], &leaf);
        Site::start(address, leaf, config)
    }
}

/// A server and what it serves.
pub struct Site {
    /// Where.
    pub address: SocketAddr,
    /// What.
    pub leaf: Minted,
    running: Running,
}

impl Site {
    fn start(address: SocketAddr, leaf: Minted, config: Arc<rustls::ServerConfig>) -> Self {
        let running = Script::new()
            .serve_on(&[address], End::Tls(config))
            .expect("a server on loopback");
        Self {
            address,
            leaf,
            running,
        }
    }

    /// As a target.
    pub fn target(&self) -> String {
        self.address.to_string()
    }
}

/// A TLS server that sends `chain` and has the key of `leaf`.
pub fn config(chain: &[&Minted], leaf: &Minted) -> Arc<rustls::ServerConfig> {
    let chain = chain
        .iter()
        .map(|certificate| certificate.der().to_vec().into())
        .collect();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(leaf.key_der().into());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key that fits");
    Arc::new(config)
}

/// Writes a file of targets, one a line.
pub fn list(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n") + "\n").expect("a temporary file");
}
