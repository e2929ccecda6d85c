//! Why something could not be had by HTTP, as facts: one variant per thing that a person would do something different
//! about. Nothing here opens a connection.

use std::net::IpAddr;

use crate::observation::Failure;
use crate::untrusted::Untrusted;

/// Why a URL gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// It is no URL that can be followed.
    Url(UrlFault),
    /// The URL leads to an address that is not on the public internet, and that nobody allowed.
    Forbidden {
        /// The address.
        address: IpAddr,
    },
    /// Its name has no address.
    Unresolved(Failure),
    /// No connection was opened.
    Unreachable(Failure),
    /// TLS was not agreed on.
    Tls {
        /// What was wrong.
        reason: Untrusted,
    },
    /// The whole answer was not there in time.
    TimedOut,
    /// The answer is larger than is read.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// More redirects than are followed.
    Redirects {
        /// The limit.
        limit: usize,
    },
    /// What answered broke the rules of HTTP, or off in the middle of the answer.
    Broken {
        /// What was wrong.
        reason: Untrusted,
    },
    /// It answered, and not with success.
    Status(u16),
}

/// Why a URL is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// It cannot be read, or is longer than `limits::URL_BYTES`.
    Malformed,
    /// Another scheme than `http` or `https`: `ldap`, `file`, ...
    Scheme,
    /// It carries a name or password.
    Credentials,
    /// A well-known port of another protocol.
    Port(u16),
    /// It has no host, or one that is neither a name nor an address.
    Host,
}

impl HttpError {
    /// The word used in machine formats.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Url(UrlFault::Malformed) => "url-malformed",
            Self::Url(UrlFault::Scheme) => "url-scheme",
            Self::Url(UrlFault::Credentials) => "url-credentials",
            Self::Url(UrlFault::Port(_)) => "url-port",
            Self::Url(UrlFault::Host) => "url-host",
            Self::Forbidden { .. } => "forbidden-address",
            Self::Unresolved(_) => "unresolved",
            Self::Unreachable(_) => "unreachable",
            Self::Tls { .. } => "tls",
            Self::TimedOut => "timed-out",
            Self::TooLarge { .. } => "too-large",
            Self::Redirects { .. } => "redirects",
            Self::Broken { .. } => "broken",
            Self::Status(_) => "http-status",
        }
    }

    /// Whether the server, rather than the one URL, seems to be in trouble.
    pub const fn is_of_server(&self) -> bool {
        matches!(
            self,
            Self::Unresolved(_) | Self::Unreachable(_) | Self::Tls { .. } | Self::TimedOut
        )
    }
}
