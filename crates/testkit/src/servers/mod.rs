//! Real servers on loopback: in the foreground, on addresses and ports of their own, in temporary folders.
//!
//! What a test hands over is files (see [`crate::ca::Pki::serve`]) and, where the server has the knob, words of its own
//! configuration. What it gets is a [`Server`] that listens already and ends with its handle. Nothing here judges what
//! the server then shows. `scripts/test-servers` installs the programs.

pub mod dovecot;
pub mod haproxy;
pub mod mariadb;
pub mod named;
pub mod nginx;
pub mod nsd;
pub mod openssl;
pub mod postfix;
pub mod postgres;
pub mod proftpd;
pub mod prosody;
pub mod redis;
pub mod responder;
pub mod slapd;

use std::net::SocketAddr;
use std::path::Path;

use crate::folder::Folder;
use crate::process::{Launch, Process};

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    // The process ends before its folder goes: fields are dropped in this order.
    process: Process,
    sockets: Vec<(String, SocketAddr)>,
    folder: Folder,
}

impl Server {
    fn start(folder: Folder, launch: Launch<'_>, sockets: Vec<(String, SocketAddr)>) -> Self {
        let wanted: Vec<SocketAddr> = sockets.iter().map(|(_, socket)| *socket).collect();
        let process = launch.spawn().listening_at(&wanted);
        Self {
            process,
            sockets,
            folder,
        }
    }

    /// Waits until it has written these words.
    fn saying(mut self, words: &str) -> Self {
        self.process = self.process.having_said(words);
        self
    }

    /// Its folder, for tests that change what it serves.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The number of its process, for signals.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where it listens for `label`: the scheme (`imap`, `smtps`), or what the test called it.
    pub fn at(&self, label: &str) -> SocketAddr {
        let found = self.sockets.iter().find(|(known, _)| known == label);
        found
            .unwrap_or_else(|| panic!("no `{label}` among {:?}", self.sockets))
            .1
    }

    /// The target to scan for `label`, which must be a scheme: `imap://mail.test@127.9.8.7:4321`.
    pub fn target(&self, label: &str, name: &str) -> String {
        target(label, name, self.at(label))
    }

    /// The last of what it logged, for messages of failing tests.
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// A target in the grammar of the command line: scheme, name, and the address where it is to be found.
pub fn target(scheme: &str, name: &str, socket: SocketAddr) -> String {
    let (address, port) = (socket.ip(), socket.port());
    match address {
        std::net::IpAddr::V4(address) => format!("{scheme}://{name}@{address}:{port}"),
        std::net::IpAddr::V6(address) => format!("{scheme}://{name}@[{address}]:{port}"),
    }
}

/// A free socket for each label, all at one address.
fn sockets(labels: &[&str]) -> Vec<(String, SocketAddr)> {
    let address = crate::loopback::address().into();
    let mut out: Vec<(String, SocketAddr)> = Vec::new();
    for label in labels {
        let mut socket = crate::loopback::port_at(address);
        while out.iter().any(|(_, taken)| *taken == socket) {
            socket = crate::loopback::port_at(address);
        }
        out.push(((*label).to_owned(), socket));
    }
    out
}

/// A path as configuration files write it.
fn word(path: &Path) -> String {
    path.display().to_string()
}
