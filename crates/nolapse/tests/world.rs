//! The real binary looks at real servers.
//!
//! Every test mints certificates, starts a server with them on loopback, scans it, and compares what nolapse says with
//! what was minted. `scripts/test-servers` installs the servers.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

#[path = "world/accounts.rs"]
mod accounts;
#[path = "world/chains.rs"]
mod chains;
#[path = "world/directory.rs"]
mod directory;
#[path = "world/distrust.rs"]
mod distrust;
#[path = "world/harness.rs"]
mod harness;
#[path = "world/mail.rs"]
mod mail;
#[path = "world/odd.rs"]
mod odd;
#[path = "world/revocation.rs"]
mod revocation;
#[path = "world/stores.rs"]
mod stores;
#[path = "world/web.rs"]
mod web;
