//! A small HTTP client for data that a stranger points at: revocation lists, OCSP answers, issuers, trust stores.
//!
//! An URL and limits come in; a [`Response`] or an [`HttpError`] goes out. The URL, and each place that it redirects to,
//! is checked by a guard: scheme and port first, then every address of its name, and the connection goes to an
//! address that was checked, so that no second answer of DNS can lead elsewhere. Size and time are bounded, no
//! credentials and no cookies are sent, no compression is asked for, proxies of the environment are ignored, and one
//! request is one connection. Whether an answer says what was wanted is not judged here.

mod exchange;
mod guard;
mod tls;
mod url;

pub(crate) use exchange::Stream;
pub(crate) use tls::{config, own_config};

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use model::http::HttpError;
use model::{Untrusted, limits};
use tokio::time::Instant;

use crate::{Connection, Network};
use guard::Guard;
use tls::Tls;
use url::{Host, Url};

/// A client: who may be asked, and the certificates that https servers are verified by. Shared by all workers.
#[derive(Debug, Default)]
pub struct Client {
    guard: Guard,
    tls: Tls,
}

/// How much of an answer is taken, and how long is waited for it.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of the body.
    pub body_bytes: usize,
    /// From the resolving of the name to the last byte, redirects included.
    pub within: Duration,
}

impl Bounds {
    /// So many bytes within [`limits::FETCH`].
    pub const fn bytes(body_bytes: usize) -> Self {
        Self {
            body_bytes,
            within: limits::FETCH,
        }
    }
}

/// An answer of whatever status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status code.
    pub status: u16,
    /// Its whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// The body, if the status is 200.
    ///
    /// # Errors
    /// [`HttpError::Status`] for any other status.
    pub fn success(self) -> Result<Vec<u8>, HttpError> {
        match self.status {
            200 => Ok(self.body),
            status => Err(HttpError::Status(status)),
        }
    }
}

/// Asks for `url` over a stream that leads to its server already, and reads the whole answer. Nothing is checked of where
/// the stream leads and nothing is redirected: [`Client`] does both. For tests and fuzzing of what a server may say.
///
/// # Errors
/// As [`Client::get`].
pub async fn get_over(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    url: &str,
    body_bytes: usize,
) -> Result<Response, HttpError> {
    let url = Url::parse(url)?;
    let answer = exchange::run(stream, &url, &Sent::Get, body_bytes).await?;
    Ok(answer.response)
}

/// What is sent beside the URL.
#[derive(Clone, Debug)]
pub(crate) enum Sent<'a> {
    Get,
    Post { kind: &'a str, body: &'a [u8] },
}

/// Addresses of one name that are tried one after the other.
const ADDRESSES_TRIED: usize = 3;

impl Client {
    /// A client that may also reach `allowed` networks, though they are not on the public internet.
    pub fn new(allowed: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            guard: Guard::new(allowed),
            tls: Tls::default(),
        })
    }

    /// Gets `url`, following redirects.
    ///
    /// # Errors
    /// Whatever kept a whole answer from being read. An answer of any status is an answer.
    pub async fn get(&self, network: &Network, url: &str, bounds: Bounds) -> Result<Response, HttpError> {
        self.ask(network, url, &Sent::Get, bounds).await
    }

    /// Posts `body` of media type `kind` to `url`. A redirect is not followed: what was asked of one server is not told
    /// to another.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn post(
        &self,
        network: &Network,
        url: &str,
        (kind, body): (&str, &[u8]),
        bounds: Bounds,
    ) -> Result<Response, HttpError> {
        self.ask(network, url, &Sent::Post { kind, body }, bounds).await
    }

    async fn ask(
        &self,
        network: &Network,
        url: &str,
        sent: &Sent<'_>,
        bounds: Bounds,
    ) -> Result<Response, HttpError> {
        let mut url = Url::parse(url)?;
        let mut time = Time { left: bounds.within };
        for _ in 0..=limits::HTTP_REDIRECTS {
            let request = Request {
                url: &url,
                sent,
                bounds,
            };
            let answer = self.one(network, &request, &mut time).await?;
            match (answer.location, sent) {
                (Some(location), Sent::Get) if matches!(answer.response.status, 301..=303 | 307 | 308) => {
                    url = url.join(&location)?;
                }
                _ => return Ok(answer.response),
            }
        }
        Err(HttpError::Redirects {
            limit: limits::HTTP_REDIRECTS,
        })
    }

    /// One request on one connection to a checked address.
    async fn one(
        &self,
        network: &Network,
        request: &Request<'_>,
        time: &mut Time,
    ) -> Result<exchange::Answer, HttpError> {
        let url = request.url;
        let mut last = HttpError::TimedOut;
        for address in time.spend(self.addresses(network, url)).await? {
            // Waiting for our turn is our politeness and not their slowness.
            let permit = network.permit(address).await;
            match network.dial(&permit, url.port(), time.left).await {
                Ok(connection) => return time.spend(self.say(connection, request)).await,
                Err(failure) => last = HttpError::Unreachable(failure),
            }
        }
        Err(last)
    }

    async fn say(
        &self,
        connection: Connection,
        request: &Request<'_>,
    ) -> Result<exchange::Answer, HttpError> {
        let Request { url, sent, bounds } = request;
        if url.is_secure() {
            let stream = self.tls.begin(connection, url.host()).await?;
            exchange::run(stream, url, sent, bounds.body_bytes).await
        } else {
            exchange::run(connection, url, sent, bounds.body_bytes).await
        }
    }

    /// The addresses that may be dialled. One that is refused is never dialled, however many others a name has.
    async fn addresses(&self, network: &Network, url: &Url) -> Result<Vec<IpAddr>, HttpError> {
        let found = match url.host() {
            Host::Address(address) => vec![*address],
            Host::Name(name) => network
                .resolve(name)
                .await
                .addresses
                .map_err(HttpError::Unresolved)?,
        };
        let refused = found.iter().copied().find(|address| !self.guard.allows(*address));
        let allowed: Vec<IpAddr> = found
            .into_iter()
            .filter(|address| self.guard.allows(*address))
            .take(ADDRESSES_TRIED)
            .collect();
        match refused {
            Some(address) if allowed.is_empty() => Err(HttpError::Forbidden { address }),
            _ => Ok(allowed),
        }
    }
}

/// One step on the way to an answer.
struct Request<'a> {
    url: &'a Url,
    sent: &'a Sent<'a>,
    bounds: Bounds,
}

/// What is left of the time for an answer.
struct Time {
    left: Duration,
}

impl Time {
    async fn spend<T>(&mut self, work: impl Future<Output = Result<T, HttpError>>) -> Result<T, HttpError> {
        let begin = Instant::now();
        let done = tokio::time::timeout(self.left, work).await;
        self.left = self.left.saturating_sub(begin.elapsed());
        done.unwrap_or(Err(HttpError::TimedOut))
    }
}

/// What went wrong on a connection, in words that are safe to keep.
fn broken(error: &dyn std::error::Error) -> HttpError {
    let mut reason = error.to_string();
    if let Some(cause) = error.source() {
        reason = format!("{reason}: {cause}");
    }
    HttpError::Broken {
        reason: Untrusted::new(reason),
    }
}
