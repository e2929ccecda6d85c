//! One request and its answer on one open connection (RFC 9112).

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::rt::ReadBufCursor;
use hyper::{Request, Uri};
use model::http::{HttpError, UrlFault};
use model::limits;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::url::Url;
use super::{Response, Sent, broken};

/// An answer, and where it sends us.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) location: Option<String>,
}

/// Our name, so that whoever runs the server knows whom to ask.
const NAME: &str = concat!("nolapse/", env!("CARGO_PKG_VERSION"));
/// Header fields of one answer; honest ones have about twenty.
const FIELDS: usize = 100;

/// Sends the request and reads the whole answer.
pub(super) async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Url,
    sent: &Sent<'_>,
    body_bytes: usize,
) -> Result<Answer, HttpError> {
    let request = request(url, sent)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(FIELDS)
        .max_buf_size(limits::HTTP_HEADER_BYTES)
        .handshake(Stream(stream))
        .await
        .map_err(|error| broken(&error))?;
    let exchange = async move {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        read(response, body_bytes).await
    };
    let (mut exchange, connection) = (pin!(exchange), pin!(connection));
    // The connection must be driven for the exchange to get anywhere; it may end first, with the answer all read.
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

fn request(url: &Url, sent: &Sent<'_>) -> Result<Request<Full<Bytes>>, HttpError> {
    let target: Uri = url
        .target()
        .parse()
        .map_err(|_| HttpError::Url(UrlFault::Malformed))?;
    let builder = Request::builder()
        .uri(target)
        .header(HOST, url.authority())
        .header(USER_AGENT, NAME)
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close");
    let made = match sent {
        Sent::Get => builder.method("GET").body(Full::default()),
        Sent::Post { kind, body } => builder
            .method("POST")
            .header(CONTENT_TYPE, *kind)
            .header(CONTENT_LENGTH, body.len())
            .body(Full::new(Bytes::copy_from_slice(body))),
    };
    made.map_err(|error| broken(&error))
}

async fn read(response: hyper::Response<hyper::body::Incoming>, limit: usize) -> Result<Answer, HttpError> {
    let status = response.status().as_u16();
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limit)) {
        return Err(HttpError::TooLarge { limit });
    }
    let body = match Limited::new(response.into_body(), limit).collect().await {
        Ok(body) => body.to_bytes().to_vec(),
        Err(error) if error.is::<LengthLimitError>() => return Err(HttpError::TooLarge { limit }),
        Err(error) => return Err(broken(&*error)),
    };
    Ok(Answer {
        response: Response { status, body },
        location,
    })
}

/// A stream of tokio's as hyper wants it.
pub(crate) struct Stream<S>(pub(crate) S);

/// Bytes moved at once.
const PIECE: usize = 8 * 1024;

impl<S: AsyncRead + Unpin> hyper::rt::Read for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; PIECE];
        let room = PIECE.min(into.remaining());
        let mut buffer = ReadBuf::new(piece.get_mut(..room).unwrap_or_default());
        ready!(Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        into.put_slice(buffer.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> hyper::rt::Write for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
