//! Questions to the interface of a provider that the user has an account at: HTTPS with credentials, to one origin.
//!
//! An [`Origin`] and a path come in, an [`Answer`] goes out, bounded in size and time. Certificates are verified; a redirect is
//! an answer and not followed, so that credentials go nowhere else; without TLS only this machine itself is asked. An interface
//! that has an authority of its own, or wants a client certificate, has them from [`OwnTls`].
//! [`crate::http`] is for what strangers point at, and sends no credentials.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::http::request::Builder;
use model::{Name, Untrusted, limits};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::permits::Permit;
use crate::{Connection, Network};

/// Where an interface is.
#[derive(Clone, Debug)]
pub struct Origin {
    host: Host,
    port: u16,
    /// As the `Host` header has it.
    authority: String,
    tls: Option<Arc<ClientConfig>>,
    /// The name that its certificate must bear, where it is another than the host's.
    certified: Option<ServerName<'static>>,
}

/// A certificate with its chain in DER, and its private key in DER (PKCS#8, PKCS#1 or SEC 1).
pub type ClientCertificate = (Vec<Vec<u8>>, Vec<u8>);

/// TLS of an interface that the web does not know: an authority of its own, a client certificate.
#[derive(Clone, Default)]
pub struct OwnTls {
    /// Authorities that may issue its certificate, in DER; those of the web when there are none.
    pub authorities: Vec<Vec<u8>>,
    /// The certificate that we show.
    pub client: Option<ClientCertificate>,
    /// The name that its certificate must bear, where it is another than the host's.
    pub certified: Option<String>,
}

#[derive(Clone, Debug)]
enum Host {
    Name(Name),
    Address(IpAddr),
}

/// What is posted.
#[derive(Clone, Debug)]
pub struct Body<'a> {
    /// Its media type.
    pub content: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// Its octets.
    pub bytes: Vec<u8>,
}

/// What an interface answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// How long it asks to be left alone.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The origin is none.
    #[error("`{0}` is no origin: expected https://name, with a port if it is not 443")]
    Origin(String),
    /// Credentials would cross the network readable.
    #[error("`{0}` is not https, and credentials would cross the network readable")]
    Readable(String),
    /// No connection.
    #[error("{0}")]
    Connect(String),
    /// No TLS.
    #[error("no TLS: {0}")]
    Tls(String),
    /// No time left.
    #[error("no answer within {} s", WITHIN.as_secs())]
    TimedOut,
    /// Broken, or too large.
    #[error("the answer cannot be read: {}", .0.shown())]
    Broken(Untrusted),
}

/// Everything for one question: lists at providers take seconds.
const WITHIN: Duration = Duration::from_secs(30);
const NAME: &str = concat!("nolapse/", env!("CARGO_PKG_VERSION"));

impl std::fmt::Debug for OwnTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnTls")
            .field("authorities", &self.authorities.len())
            .field("client", &self.client.is_some())
            .field("certified", &self.certified)
            .finish()
    }
}

impl Origin {
    /// Reads `https://name[:port]`. `http://` is taken for loopback addresses alone.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let wrong = || ApiError::Origin(model::untrusted::shown(text));
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let authority = rest.trim_end_matches('/');
        if authority.contains(['/', '@', '?', '#']) {
            return Err(wrong());
        }
        let secure = scheme.eq_ignore_ascii_case("https");
        let default = if secure { 443 } else { 80 };
        let (host, port) = match authority.parse::<SocketAddr>() {
            Ok(socket) => (Host::Address(socket.ip()), socket.port()),
            Err(_) => named(authority, default).ok_or_else(wrong)?,
        };
        let tls = if secure {
            Some(crate::http::config().map_err(|error| ApiError::Tls(error.to_string()))?)
        } else {
            let own = matches!(host, Host::Address(address) if address.is_loopback());
            if !own || !scheme.eq_ignore_ascii_case("http") {
                return Err(ApiError::Readable(model::untrusted::shown(text)));
            }
            None
        };
        Ok(Self {
            host,
            port,
            authority: authority.to_owned(),
            tls,
            certified: None,
        })
    }

    /// Reads `https://name[:port][/path]`: the origin, and the path without a slash at its end.
    ///
    /// # Errors
    /// As [`Origin::parse`].
    pub fn parse_base(text: &str) -> Result<(Self, String), ApiError> {
        let begin = text.find("://").map_or(0, |colon| colon + 3);
        let end = text
            .get(begin..)
            .and_then(|rest| rest.find('/'))
            .map_or(text.len(), |slash| begin + slash);
        let (origin, path) = text.split_at_checked(end).unwrap_or((text, ""));
        let path = path.trim_end_matches('/');
        let is_path = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'<' | b'>');
        if !path.bytes().all(is_path) {
            return Err(ApiError::Origin(model::untrusted::shown(text)));
        }
        Ok((Self::parse(origin)?, path.to_owned()))
    }

    /// As [`Origin::parse_base`], and `http://` is taken for every address: whoever calls it has said that what is sent
    /// may cross the network readable.
    ///
    /// # Errors
    /// As [`Origin::parse`], save [`ApiError::Readable`].
    pub fn parse_base_readable(text: &str) -> Result<(Self, String), ApiError> {
        let Some(rest) = text.strip_prefix("http://") else {
            return Self::parse_base(text);
        };
        let (mut origin, path) = Self::parse_base(&format!("https://{rest}"))?;
        if !origin.authority.ends_with(&format!(":{}", origin.port)) {
            origin.port = 80;
        }
        origin.tls = None;
        Ok((origin, path))
    }

    /// A service that speaks lines and begins TLS when it is told to ([`Origin::encrypt`]), by name or address.
    ///
    /// # Errors
    /// [`ApiError::Origin`] when that is no name and no address; [`ApiError::Tls`] as [`Origin::with_tls`].
    pub fn service(host: &str, port: u16, own: &OwnTls) -> Result<Self, ApiError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = match bare.parse() {
            Ok(address) => Host::Address(address),
            Err(_) => Name::parse(host)
                .map(Host::Name)
                .map_err(|_| ApiError::Origin(model::untrusted::shown(host)))?,
        };
        let config = crate::http::own_config(own).map_err(|error| ApiError::Tls(error.to_string()))?;
        Ok(Self {
            host,
            port,
            authority: format!("{bare}:{port}"),
            tls: Some(config),
            certified: certified(own)?,
        })
    }

    /// Whether it is this machine, as it is written.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.is_loopback(),
            Host::Name(name) => name.as_str() == "localhost",
        }
    }

    /// The same place, with TLS of its own. Nothing changes where there is no TLS.
    ///
    /// # Errors
    /// [`ApiError::Tls`] when an authority, the certificate or its key cannot be used.
    pub fn with_tls(mut self, own: &OwnTls) -> Result<Self, ApiError> {
        if self.tls.is_none() {
            return Ok(self);
        }
        self.tls = Some(crate::http::own_config(own).map_err(|error| ApiError::Tls(error.to_string()))?);
        self.certified = certified(own)?;
        Ok(self)
    }

    /// Begins TLS on a connection to this place, and verifies its certificate.
    ///
    /// # Errors
    /// [`ApiError::Tls`].
    pub async fn encrypt(&self, connection: Connection) -> Result<TlsStream<Connection>, ApiError> {
        let Some(config) = &self.tls else {
            return Err(ApiError::Tls("none is meant here".to_owned()));
        };
        let name = match (&self.certified, &self.host) {
            (Some(name), _) => name.clone(),
            (None, Host::Address(address)) => ServerName::from(*address),
            (None, Host::Name(name)) => {
                ServerName::try_from(name.to_string()).map_err(|error| ApiError::Tls(error.to_string()))?
            }
        };
        TlsConnector::from(Arc::clone(config))
            .connect(name, connection)
            .await
            .map_err(|error| ApiError::Tls(error.to_string()))
    }

    /// The `Host` header.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

fn named(authority: &str, default: u16) -> Option<(Host, u16)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, default),
    };
    if let Ok(address) = host.parse() {
        return Some((Host::Address(address), port));
    }
    Some((Host::Name(Name::parse(host).ok()?), port))
}

impl Network {
    /// Gets `target` (path and query, encoded) of `origin` with these headers; at most `most` octets of it.
    ///
    /// # Errors
    /// [`ApiError`]; an answer of any status is an answer.
    pub async fn api(
        &self,
        origin: &Origin,
        target: &str,
        headers: &[(&str, &str)],
        most: usize,
    ) -> Result<Answer, ApiError> {
        let question = headed(Request::builder().uri(target), headers);
        self.ask_in_time(origin, question, Vec::new(), most).await
    }

    /// Posts `body` to `target` (path and query, encoded) of `origin`; reads at most `most` octets of what comes back.
    ///
    /// # Errors
    /// As [`Network::api`].
    pub async fn post(
        &self,
        origin: &Origin,
        target: &str,
        body: Body<'_>,
        most: usize,
    ) -> Result<Answer, ApiError> {
        let question = Request::builder()
            .method("POST")
            .uri(target)
            .header(CONTENT_TYPE, body.content);
        self.ask_in_time(origin, headed(question, body.headers), body.bytes, most)
            .await
    }

    async fn ask_in_time(
        &self,
        origin: &Origin,
        question: Builder,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, ApiError> {
        timeout(WITHIN, self.ask(origin, question, body, most))
            .await
            .unwrap_or(Err(ApiError::TimedOut))
    }

    async fn ask(
        &self,
        origin: &Origin,
        question: Builder,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Answer, ApiError> {
        let (connection, _permit) = self.connect(origin).await?;
        let request = question
            .header(HOST, &origin.authority)
            .header(USER_AGENT, NAME)
            .header(ACCEPT, "*/*")
            .header(CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| broken(&error))?;
        if origin.tls.is_none() {
            return exchange(connection, request, most).await;
        }
        exchange(origin.encrypt(connection).await?, request, most).await
    }

    /// Opens a connection to the first address of `origin`. The permit is to be held as long as the connection.
    ///
    /// # Errors
    /// [`ApiError::Connect`].
    pub async fn connect(&self, origin: &Origin) -> Result<(Connection, Permit), ApiError> {
        let address = match &origin.host {
            Host::Address(address) => *address,
            Host::Name(name) => {
                let found = self.resolve(name).await.addresses;
                let found = found
                    .map_err(|failure| ApiError::Connect(format!("{name} has no address: {failure:?}")))?;
                found
                    .first()
                    .copied()
                    .ok_or_else(|| ApiError::Connect(format!("{name} has no address")))?
            }
        };
        let permit = self.permit(address).await;
        let connection = self
            .dial(&permit, origin.port, limits::CONNECT)
            .await
            .map_err(|failure| ApiError::Connect(format!("cannot connect to {address}: {failure:?}")))?;
        Ok((connection, permit))
    }
}

fn certified(own: &OwnTls) -> Result<Option<ServerName<'static>>, ApiError> {
    let name = own.certified.clone().map(ServerName::try_from).transpose();
    name.map_err(|error| ApiError::Tls(error.to_string()))
}

fn headed(question: Builder, headers: &[(&str, &str)]) -> Builder {
    headers
        .iter()
        .fold(question, |question, (name, value)| question.header(*name, *value))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<Answer, ApiError> {
    let handshake = http1::handshake(crate::http::Stream(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| broken(&error))?;
    let exchange = async move {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let seconds = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let body = Limited::new(response.into_body(), most)
            .collect()
            .await
            .map_err(|error| broken(&*error))?;
        Ok(Answer {
            status,
            retry_after: seconds.map(Duration::from_secs),
            body: body.to_bytes().to_vec(),
        })
    };
    let (mut exchange, connection) = (pin!(exchange), pin!(connection));
    // The connection must be driven for the exchange to get anywhere; it may end first, with the answer all read.
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::Broken(Untrusted::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_has_a_path() {
        let (origin, path) = Origin::parse_base("https://api.example:8443/services/v2/").unwrap();
        assert_eq!(
            (origin.authority(), path.as_str()),
            ("api.example:8443", "/services/v2")
        );
        let (origin, path) = Origin::parse_base("https://api.example").unwrap();
        assert_eq!((origin.authority(), path.as_str()), ("api.example", ""));
        for wrong in [
            "api.example/v2",
            "https://a/b c",
            "https://a/b?c",
            "http://a.example/v2",
            "ü",
            "https://",
        ] {
            assert!(Origin::parse_base(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn credentials_go_over_https_alone() {
        assert_eq!(Origin::parse("https://api.example").unwrap().port, 443);
        assert_eq!(
            Origin::parse("https://api.example:8443/").unwrap().authority(),
            "api.example:8443"
        );
        assert!(Origin::parse("http://127.0.0.1:8080").is_ok());
        assert!(matches!(
            Origin::parse("http://api.example"),
            Err(ApiError::Readable(_))
        ));
        assert!(matches!(
            Origin::parse("http://192.0.2.1"),
            Err(ApiError::Readable(_))
        ));
        for wrong in [
            "api.example",
            "https://",
            "https://a b",
            "https://u@h",
            "https://h/path",
            "ftp://127.0.0.1",
        ] {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
