//! Servers that mean harm, or behave as if: each one bounded, on loopback, and gone when its handle is dropped.
//!
//! A [`Kind`] comes in, a [`Running`] server goes out, on a thread of its own, so that tests of the real binary can use it
//! as well as tests with a runtime. What a server counts (connections, bytes) tells whether its guest kept its bounds.

mod banner;
mod bomb;
mod chain;
mod hello;
mod records;
pub(crate) mod running;
pub(crate) mod tds;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub use banner::Banner;
pub use chain::{ClearChain, Proof};
pub use records::Records;
pub use running::Running;

use crate::script::{Protocol, greeting_for, self_signed};
use running::{Guest, SENT_BYTES};

/// What a hostile server does with each connection.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Accepts and never answers.
    Tarpit,
    /// Sends these bytes again and again, one at a time with this time between them, from the start.
    Drip {
        /// What is sent.
        bytes: Vec<u8>,
        /// The time between two bytes.
        every: Duration,
    },
    /// Resets at once.
    ResetOnAccept,
    /// Closes at once.
    CloseOnAccept,
    /// Waits for the first bytes, then resets.
    ResetOnHello,
    /// Waits for the first bytes, then closes.
    CloseOnHello,
    /// Waits for the first bytes, answers with 256 bytes that mean nothing, and stays.
    Garbage,
    /// Sends bytes that mean nothing as fast as they are taken.
    Flood,
    /// Begins as a server of a STARTTLS protocol and never comes to an end of its first words.
    EndlessBanner(Protocol, Banner),
    /// Answers a ClientHello with TLS records that lead nowhere.
    EndlessRecords(Records),
    /// Answers as a server of TLS 1.2 with any chain at all, in the clear.
    ClearChain(ClearChain),
    /// Answers as a server of TLS 1.3 with a compressed certificate (RFC 8879) that claims to be this long; the
    /// compressed bytes expand to several megabytes.
    CompressionBomb {
        /// The claim: bytes of the certificate message (24 bits).
        claimed_bytes: u32,
    },
    /// Honest up to the go-ahead, in whose segment plaintext follows; then TLS with a self-signed certificate.
    Injection(Protocol),
}

impl Kind {
    /// One byte a second of what could be a TLS answer.
    pub fn drip_tls() -> Self {
        Self::Drip {
            bytes: vec![0x16, 3, 3, 0x3f, 0, 2, 0, 0, 0x4c, 3, 3],
            every: Duration::from_secs(1),
        }
    }

    /// One byte a second of what could be an SMTP or FTP greeting.
    pub fn drip_text() -> Self {
        Self::Drip {
            bytes: b"220-welcome\r\n".to_vec(),
            every: Duration::from_secs(1),
        }
    }
}

/// The plaintext that [`Kind::Injection`] puts behind the go-ahead.
pub const INJECTED: &str = "250 injected\r\n";

/// Starts a server on 127.0.0.1 at a free port.
///
/// # Errors
/// When the operating system gives no port or no thread.
pub fn start(kind: Kind) -> io::Result<Running> {
    start_on(kind, &[SocketAddr::from(([127, 0, 0, 1], 0))])
}

/// Starts one server on all of these addresses.
///
/// # Errors
/// When an address cannot be bound or no thread is given.
pub fn start_on(kind: Kind, addresses: &[SocketAddr]) -> io::Result<Running> {
    if let Kind::Injection(protocol) = kind {
        let end = protocol.end(self_signed(&["injection.test"]));
        return greeting_for(protocol, INJECTED.as_bytes()).serve_on(addresses, end);
    }
    let kind = Arc::new(kind);
    Running::spawn(addresses, move |guest| {
        let kind = Arc::clone(&kind);
        // That the guest leaves is the usual end of each of these.
        async move { drop(host(&kind, guest).await) }
    })
}

/// The honest servers of the STARTTLS protocols on 127.0.0.1: the conversation, then TLS with `config`.
///
/// # Errors
/// When the operating system gives no port or no thread.
pub fn start_honest(protocol: Protocol, config: Arc<rustls::ServerConfig>) -> io::Result<Running> {
    greeting_for(protocol, b"").serve(protocol.end(config))
}

async fn host(kind: &Kind, mut guest: Guest) -> io::Result<()> {
    match kind {
        Kind::Tarpit => std::future::pending().await,
        Kind::Drip { bytes, every } => {
            for byte in bytes.iter().cycle().take(SENT_BYTES) {
                guest.write_all(&[*byte]).await?;
                tokio::time::sleep(*every).await;
            }
        }
        Kind::ResetOnAccept => guest.reset(),
        Kind::CloseOnAccept => {}
        Kind::ResetOnHello => {
            first_bytes(&mut guest).await?;
            guest.reset();
        }
        Kind::CloseOnHello => first_bytes(&mut guest).await?,
        Kind::Garbage => {
            first_bytes(&mut guest).await?;
            guest.write_all(&garbage()).await?;
            guest.listen().await;
        }
        Kind::Flood => endless(&mut guest, &[0x41; 16 * 1024]).await?,
        Kind::EndlessBanner(protocol, banner) => banner::host(*protocol, *banner, &mut guest).await?,
        Kind::EndlessRecords(records) => records::host(*records, &mut guest).await?,
        Kind::ClearChain(chain) => chain::host(chain, &mut guest).await?,
        Kind::CompressionBomb { claimed_bytes } => bomb::host(*claimed_bytes, &mut guest).await?,
        // Served as a script.
        Kind::Injection(_) => {}
    }
    Ok(())
}

/// Waits for something to be said; takes what came with it.
async fn first_bytes(guest: &mut Guest) -> io::Result<()> {
    guest.read(&mut [0; 4096]).await.map(drop)
}

/// Sends `block` until the guest leaves or the server's own bound is met.
async fn endless(guest: &mut Guest, block: &[u8]) -> io::Result<()> {
    for _ in 0..SENT_BYTES / block.len().max(1) {
        guest.write_all(block).await?;
    }
    Ok(())
}

/// Bytes without meaning, the same ones every time: a linear congruential generator (Knuth's constants).
fn garbage() -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(256).collect()
}
