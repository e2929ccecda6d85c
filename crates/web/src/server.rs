//! Connections in: as many as there is room for, each within limits, until it is told to end.
//!
//! A listener and a router come in. A connection that says nothing, or says it too slowly, is closed; when there are
//! too many, the next one waits in the queue of the operating system.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use model::limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::identity::Identity;

/// Answers until `stop` turns true (or nobody is left who could turn it), then lets what is under way end, for at most
/// [`limits::WEB_DRAIN`]. With `identity` it answers TLS alone; each connection is shown the one of that moment.
///
/// # Errors
/// The listener is broken for good. One connection that fails is its own affair.
pub async fn serve(
    listener: TcpListener,
    identity: Option<watch::Receiver<Identity>>,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let room = Arc::new(Semaphore::new(limits::WEB_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let permit = Arc::clone(&room)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let (stream, _) = accept(&listener).await?;
            io::Result::Ok((permit, stream))
        };
        let (permit, stream) = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            next = next => next?,
        };
        let identity = identity.as_ref().map(|identity| identity.borrow().clone());
        let (watcher, router) = (graceful.watcher(), router.clone());
        tokio::spawn(async move {
            match identity {
                None => answer(stream, router, watcher).await,
                Some(identity) => {
                    if let Some(stream) = secured(stream, identity).await {
                        answer(stream, router, watcher).await;
                    }
                }
            }
            drop(permit);
        });
    }
    drop(listener);
    // What has not ended by then is cut off with the process.
    drop(tokio::time::timeout(limits::WEB_DRAIN, graceful.shutdown()).await);
    Ok(())
}

/// Answers what is asked on one connection, to its end. Whoever broke it knows; to us that is an end like any other.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    watcher: Watcher,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::WEB_HEADERS)
        .max_buf_size(limits::WEB_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    drop(watcher.watch(connection).await);
}

/// The connection behind a handshake; `None` when there was none in time. Who speaks plain HTTP is told so in its words.
async fn secured(mut stream: TcpStream, identity: Identity) -> Option<TlsStream<TcpStream>> {
    let handshake = async {
        let mut first = [0];
        // The first octet of a TLS record with a handshake message (RFC 8446 section 5.1); no request begins with it.
        if stream.peek(&mut first).await? == 1 && first != [22] {
            stream.write_all(PLAIN).await?;
            stream.shutdown().await?;
            return Err(io::ErrorKind::InvalidData.into());
        }
        TlsAcceptor::from(identity.config).accept(stream).await
    };
    tokio::time::timeout(limits::WEB_HEADERS, handshake)
        .await
        .ok()?
        .ok()
}

/// What is said to whom who speaks HTTP where HTTPS is spoken.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n\
    This port speaks HTTPS alone: put https:// before the address.\n";

/// The next connection. One that went away before we came, and a moment without a free descriptor, are waited out.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, std::net::SocketAddr)> {
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                // Answers are whole: waiting for more to send would only make them late.
                drop(accepted.0.set_nodelay(true));
                return Ok(accepted);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) if is_shortage(&error) => tokio::time::sleep(SHORTAGE).await,
            Err(error) => return Err(error),
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

/// No descriptor, no memory (EMFILE, ENFILE, ENOBUFS, ENOMEM on Linux): others end, and then there is room again.
fn is_shortage(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24 | 105 | 12))
}

/// Long enough to let others end, short enough that nobody notices.
const SHORTAGE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::AsyncReadExt as _;
    use tokio::sync::Notify;

    use super::*;

    async fn listening() -> (TcpListener, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the test is the client of its own server"
    )]
    async fn dial(address: std::net::SocketAddr) -> TcpStream {
        TcpStream::connect(address).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_under_way_ends_and_nothing_new_begins() {
        let (listener, address) = listening().await;
        let (stop, stopped) = watch::channel(false);
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (said, told) = (Arc::clone(&begun), Arc::clone(&go));
        let slow = get(move || async move {
            said.notify_one();
            told.notified().await;
            "done"
        });
        let served = tokio::spawn(serve(listener, None, Router::new().route("/", slow), stopped));
        let mut client = dial(address).await;
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        begun.notified().await;
        stop.send_replace(true);
        // The answer comes although the end was asked for before it was known.
        go.notify_one();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("done"), "{answer}");
        served.await.unwrap().unwrap();
    }
}
