//! Writes frames of syslog and closes. A collector does not answer: that it took the octets is all there is to know.

use net::Network;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::channel::syslog::Syslog;
use crate::message::Message;

pub(super) async fn send(
    network: &Network,
    syslog: &Syslog,
    id: &str,
    message: &Message,
) -> Result<String, String> {
    let frames = Syslog::frames(id, message);
    let (connection, _permit) = network
        .connect(&syslog.origin)
        .await
        .map_err(|error| error.to_string())?;
    if syslog.encrypted {
        let stream = syslog
            .origin
            .encrypt(connection)
            .await
            .map_err(|error| error.to_string())?;
        return write(stream, &frames).await;
    }
    write(connection, &frames).await
}

async fn write(mut stream: impl AsyncRead + AsyncWrite + Unpin, frames: &[u8]) -> Result<String, String> {
    let io = |error: std::io::Error| error.to_string();
    stream.write_all(frames).await.map_err(io)?;
    stream.flush().await.map_err(io)?;
    stream.shutdown().await.map_err(io)?;
    // Until the other side closes too: a reset says that it did not want it. One that stays open is content.
    let closed = tokio::time::timeout(std::time::Duration::from_secs(2), stream.read(&mut [0; 16])).await;
    match closed {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionReset => Err(io(error)),
        _ => Ok("taken".to_owned()),
    }
}
