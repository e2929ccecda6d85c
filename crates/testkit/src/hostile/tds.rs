//! Carrying a TLS server's bytes inside TDS PRELOGIN packets (MS-TDS 2.2.6.5), as Microsoft SQL Server does.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const PRELOGIN: u8 = 0x12;

/// Carries bytes between `bare` and `packets` until one of them ends. Whole packets on the way in are unwrapped; what
/// comes from `bare` goes out in packets of at most 1,000 bytes, so that records are cut across them.
pub(crate) async fn carry<B, P>(bare: B, packets: P) -> io::Result<()>
where
    B: AsyncRead + AsyncWrite,
    P: AsyncRead + AsyncWrite,
{
    let (mut from_bare, mut to_bare) = tokio::io::split(bare);
    let (mut from_packets, mut to_packets) = tokio::io::split(packets);
    let inwards = async {
        loop {
            let mut header = [0; 8];
            from_packets.read_exact(&mut header).await?;
            let length = u16::from_be_bytes([header[2], header[3]]).saturating_sub(8);
            if header[0] != PRELOGIN {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "not a PRELOGIN packet",
                ));
            }
            let mut content = vec![0; usize::from(length)];
            from_packets.read_exact(&mut content).await?;
            to_bare.write_all(&content).await?;
        }
    };
    let outwards = async {
        let mut content = [0; 1000];
        loop {
            let count = from_bare.read(&mut content).await?;
            if count == 0 {
                return Ok(());
            }
            let [high, low] = (count as u16 + 8).to_be_bytes();
            let mut packet = vec![PRELOGIN, 1, high, low, 0, 0, 0, 0];
            packet.extend_from_slice(&content[..count]);
            to_packets.write_all(&packet).await?;
            to_packets.flush().await?;
        }
    };
    tokio::select! {
        ended = inwards => ended,
        ended = outwards => ended,
    }
}
