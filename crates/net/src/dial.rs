//! Opening one TCP connection within the permits, and saying precisely why it could not be opened.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::Network;
use crate::permits::Permit;

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
}

impl Network {
    /// Waits for the right to have a connection open to `address`. Waiting is our politeness, not their slowness: no
    /// timer of a look should run meanwhile.
    pub async fn permit(&self, address: IpAddr) -> Permit {
        self.permits.acquire(address).await
    }

    /// Waits for our turn at the pace of the run, then connects to `port` of the permit's address within the connect
    /// timeout and within `at_most`, both counted from our turn. One permit is good for one connection at a time.
    pub async fn dial(&self, permit: &Permit, port: u16, at_most: Duration) -> Result<Connection, Failure> {
        self.permits.pace().await;
        let within = self.settings.connect_timeout.min(at_most);
        let to = SocketAddr::new(permit.address(), port);
        // Nagle's algorithm stays on: it holds back only a second write before an answer to the first, which no dialogue of
        // ours makes, and the call that turns it off is not free.
        match tokio::time::timeout(within, connect(to)).await {
            Err(_) => Err(Failure::TimedOut),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(stream)) => Ok(Connection { stream }),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one lawful opener of connections")]
async fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(to).await
}

/// Tells apart what a person would do something different about.
fn failure(error: &io::Error) -> Failure {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::ConnectionRefused => Failure::Refused,
        Kind::ConnectionReset | Kind::ConnectionAborted => Failure::Reset,
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => Failure::NoRoute,
        Kind::TimedOut => Failure::TimedOut,
        _ => Failure::Local {
            reason: error.to_string(),
        },
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caps, Permits, Settings};

    #[test]
    fn a_closed_port_is_refused_and_an_open_one_connects() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let network = Network::new(Settings::default(), Permits::new(Caps::default()));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let permit = network.permit(address.ip()).await;
            assert!(
                network
                    .dial(&permit, address.port(), Duration::from_secs(5))
                    .await
                    .is_ok()
            );
            drop(listener);
            let refused = network
                .dial(&permit, address.port(), Duration::from_secs(5))
                .await;
            assert_eq!(refused.err(), Some(Failure::Refused));
        });
    }
}
