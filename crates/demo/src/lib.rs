//! A throw-away world on loopback, to show what nolapse finds: real TLS servers, most of them in order and the others with
//! everything that goes wrong in practice, and an account at an authority in which some orders are renewed and not deployed.
//!
//! The present moment comes in, a [`World`] goes out. It knows none of our crates and speaks bytes: whatever is found of it
//! was found by looking. It opens no connection, and listens on 127.77.0.0/16 alone.

mod account;
mod cast;
mod mint;
mod server;

use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use tokio::net::TcpSocket;
use tokio::task::JoinSet;

pub use account::KEY;
pub use cast::FINDINGS;

/// An endpoint to look at.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The name to ask for. It resolves nowhere.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// How TLS begins: `none`, or `smtp`.
    pub starttls: &'static str,
}

/// A world that is there until it is dropped.
#[derive(Debug)]
pub struct World {
    /// What there is to look at.
    pub endpoints: Vec<Endpoint>,
    /// The root that its own authority has, in PEM.
    pub root_pem: String,
    /// Where the account answers, below `/services/v2`, whoever has [`KEY`].
    pub account: SocketAddr,
    _tasks: JoinSet<()>,
    /// Ports that are held and refuse.
    _held: Vec<TcpSocket>,
}

/// Raises the world as of `now`, on the runtime of whoever asks.
///
/// # Errors
/// When no address of loopback can be listened on, or no key be made.
pub async fn raise(now: SystemTime) -> io::Result<World> {
    let mut stage = cast::Stage::new(now)?;
    stage.good().await?;
    stage.dated().await?;
    stage.named().await?;
    stage.chained().await?;
    stage.odd().await?;
    stage.stopped().await?;
    stage.renewed().await?;
    stage.end().await
}
