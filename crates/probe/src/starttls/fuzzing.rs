//! Doors for fuzzers: bytes go in as if a server had sent them, and nothing may panic or run for ever.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::task::{Context, Poll};

use model::{Identity, Service, StartTls};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::tds::TdsStream;

/// Lets `protocol`'s exchange hear `bytes`, at most `segment` of them at once (0 counts as 1).
pub fn exchange(protocol: StartTls, bytes: &[u8], segment: usize) {
    let identity = Identity::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let service = Service {
        identity,
        port: 1,
        server_name: None,
        starttls: protocol,
    };
    let mut stream = Heard::new(bytes, segment);
    run(async {
        // Every outcome is fine here; that there is one is the point.
        drop(super::upgrade(&mut stream, &service, "fuzz.invalid").await);
    });
}

/// Lets a `TdsStream` hear `bytes`.
pub fn tds(bytes: &[u8], segment: usize) {
    let mut stream = TdsStream::new(Heard::new(bytes, segment));
    run(async {
        let mut content = Vec::new();
        drop(stream.read_to_end(&mut content).await);
        assert!(content.len() <= bytes.len(), "more came out than went in");
    });
}

/// Names a protocol by its first bytes.
pub fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    super::looks_like(bytes)
}

pub(crate) fn run(future: impl Future<Output = ()>) {
    // Without a runtime (no descriptors left) there is nothing to fuzz with.
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
    {
        runtime.block_on(future);
    }
}

/// A server that has said all it will say and takes whatever it is told.
pub(crate) struct Heard<'a> {
    bytes: &'a [u8],
    segment: usize,
}

impl<'a> Heard<'a> {
    /// A server that sends `bytes`, at most `segment` of them at once (0 counts as 1).
    pub(crate) fn new(bytes: &'a [u8], segment: usize) -> Self {
        Self {
            bytes,
            segment: segment.max(1),
        }
    }
}

impl AsyncRead for Heard<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.segment.min(buffer.remaining()).min(self.bytes.len());
        if let Some((now, later)) = self.bytes.split_at_checked(count) {
            buffer.put_slice(now);
            self.bytes = later;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Heard<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
