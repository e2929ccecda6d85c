//! Opening one TCP connection within the permits, and saying precisely why it could not be opened.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use model::observation::Failure;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::Network;
use crate::permits::Permit;

/// An open connection; its permits are given back when it is dropped.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    _permit: Permit,
}

impl Network {
    /// Waits for the permits, then connects within the connect timeout and before `deadline` (both counted from now;
    /// waiting for permits is not counted: it is our politeness, not their slowness).
    pub async fn dial(&self, to: SocketAddr, deadline: Duration) -> Result<Connection, Failure> {
        let permit = self.permits.acquire(to.ip()).await;
        let within = self.settings.connect_timeout.min(deadline);
        let stream = match tokio::time::timeout(within, connect(to)).await {
            Err(_) => return Err(Failure::TimedOut),
            Ok(Err(error)) => return Err(failure(&error)),
            Ok(Ok(stream)) => stream,
        };
        // Nagle's delay would hold back our second small write; without the option we are slower, not wrong.
        drop(stream.set_nodelay(true));
        Ok(Connection { stream, _permit: permit })
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
        _ => Failure::Local { reason: error.to_string() },
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let network = Network::new(Settings::default(), Permits::new(Caps::default()));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            assert!(network.dial(address, Duration::from_secs(5)).await.is_ok());
            drop(listener);
            let refused = network.dial(address, Duration::from_secs(5)).await;
            assert_eq!(refused.err(), Some(Failure::Refused));
        });
    }
}
