//! Worlds for tests: certificates minted now, and servers on loopback that serve them.
//!
//! Nothing here knows a crate of ours, so that every one of them may use it; what crosses the line is bytes, files, and
//! addresses. Nothing leaves the machine, nothing expires, and nothing outlives the test that made it: servers are
//! children with a parent-death signal, ended by their process group when their handle is dropped, panics included.
//! What cannot be built fails the test by a panic that says why.
//!
//! - [`ca`]: authorities and certificates with every knob a test needs;
//! - [`certcentral`], [`kubernetes`]: stand-ins of an account at an authority and of a cluster; [`web`]: a web server of one
//!   function;
//! - [`dns`]: a name server that knows a few names; [`transfers`]: one that transfers zones by a script; [`files`]: a web
//!   server of a few files;
//! - [`folder`]: temporary folders that other users may enter; [`loopback`]: addresses that no other test has;
//! - [`process`]: children that end with their handle; [`provider`]: stand-ins of providers of DNS;
//! - [`script`], [`tls`], [`hostile`]: servers of our own, scripted, honest, and not;
//! - [`servers`]: nginx, haproxy, postfix, dovecot, slapd, PostgreSQL, MariaDB, ProFTPD, Prosody, Redis, BIND,
//!   NSD and `openssl s_server`, the real ones.

pub mod ca;
pub mod certcentral;
mod der;
pub mod dns;
pub mod files;
pub mod folder;
pub mod hostile;
pub mod kubernetes;
pub mod loopback;
pub mod process;
pub mod provider;
pub mod script;
pub mod servers;
pub mod tls;
pub mod transfers;
pub mod web;

pub use rcgen;
