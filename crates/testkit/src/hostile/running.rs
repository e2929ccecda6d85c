//! A server on a thread of its own, usable from tests with and without a runtime; ends when it is dropped.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    addresses: Vec<SocketAddr>,
    counts: Arc<Counts>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a server counted; added to by its thread, read by anyone.
#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    open: AtomicU64,
    sent_bytes: AtomicU64,
    received_bytes: AtomicU64,
}

/// Connections open at once on one server; more wait. A test farm of tarpits needs as many as a run has in flight.
const OPEN_CONNECTIONS: usize = 8192;

/// Bytes sent on one connection by servers that never end by themselves: a thousand times what a client may read.
pub(crate) const SENT_BYTES: usize = 256 * 1024 * 1024;

impl Running {
    /// Listens on `addresses` (port 0 for a free one) and lets `host` have every connection.
    pub(crate) fn spawn<H, F>(addresses: &[SocketAddr], host: H) -> io::Result<Self>
    where
        H: Fn(Guest) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + 'static,
    {
        let listeners = addresses
            .iter()
            .map(TcpListener::bind)
            .collect::<io::Result<Vec<_>>>()?;
        let bound = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<Vec<_>>>()?;
        let counts = Arc::new(Counts::default());
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let counting = Arc::clone(&counts);
        let thread = std::thread::Builder::new()
            .name("test-server".to_owned())
            .spawn(move || {
                // Dropping the runtime ends every connection that is still open.
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, async {
                    let permits = Arc::new(Semaphore::new(OPEN_CONNECTIONS));
                    for listener in listeners {
                        let (host, counts, permits) =
                            (host.clone(), Arc::clone(&counting), Arc::clone(&permits));
                        tokio::task::spawn_local(accept(listener, host, counts, permits));
                    }
                    // An error means that the handle is gone, which is the same order.
                    drop(stopped.await);
                });
            })?;
        Ok(Self {
            addresses: bound,
            counts,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens: the first of its addresses.
    pub fn address(&self) -> SocketAddr {
        self.addresses
            .first()
            .copied()
            .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Everywhere it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.counts.open.load(Ordering::Relaxed)
    }

    /// Bytes sent so far on all connections.
    pub fn sent_bytes(&self) -> u64 {
        self.counts.sent_bytes.load(Ordering::Relaxed)
    }

    /// Bytes received so far on all connections.
    pub fn received_bytes(&self) -> u64 {
        self.counts.received_bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been printed; the test's own outcome is not changed by it.
            drop(thread.join());
        }
    }
}

async fn accept<H, F>(listener: TcpListener, host: H, counts: Arc<Counts>, permits: Arc<Semaphore>)
where
    H: Fn(Guest) -> F,
    F: Future<Output = ()> + 'static,
{
    let listening = listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener));
    let Ok(listener) = listening else { return };
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        // An error of one connection (it was gone before we looked) is not the listener's.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        drop(stream.set_nodelay(true));
        counts.connections.fetch_add(1, Ordering::Relaxed);
        counts.open.fetch_add(1, Ordering::Relaxed);
        let hosted = host(Guest {
            stream,
            counts: Arc::clone(&counts),
        });
        tokio::task::spawn_local(async move {
            hosted.await;
            drop(permit);
        });
    }
}

/// A connection whose bytes are counted.
#[derive(Debug)]
pub(crate) struct Guest {
    stream: TcpStream,
    counts: Arc<Counts>,
}

impl Guest {
    /// Resets the connection (RST instead of FIN).
    pub(crate) fn reset(self) {
        // Without the option it is closed instead, which the test will see.
        drop(self.stream.set_zero_linger());
    }

    /// Takes whatever comes and says nothing, until the guest leaves.
    pub(crate) async fn listen(&mut self) {
        let mut sink = [0; 4096];
        while matches!(self.read(&mut sink).await, Ok(1..)) {}
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Guest {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        self.counts
            .received_bytes
            .fetch_add(count as u64, Ordering::Relaxed);
        polled
    }
}

impl AsyncWrite for Guest {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &polled {
            self.counts.sent_bytes.fetch_add(*count as u64, Ordering::Relaxed);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
