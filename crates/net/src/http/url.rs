//! URLs that may be followed: http and https, without credentials, on ports where a web server may be.

use std::net::IpAddr;

use model::http::{HttpError, UrlFault};
use model::{Name, limits};

/// A URL that may be followed, as far as one can tell before its name is resolved.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    url: url::Url,
    host: Host,
    port: u16,
}

/// Where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Name(Name),
    Address(IpAddr),
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, HttpError> {
        if text.len() > limits::URL_BYTES {
            return Err(HttpError::Url(UrlFault::Malformed));
        }
        let url = url::Url::parse(text).map_err(|_| HttpError::Url(UrlFault::Malformed))?;
        Self::checked(url).map_err(HttpError::Url)
    }

    /// Where a redirect from here leads.
    pub(crate) fn join(&self, location: &str) -> Result<Self, HttpError> {
        if location.len() > limits::URL_BYTES {
            return Err(HttpError::Url(UrlFault::Malformed));
        }
        let url = self
            .url
            .join(location)
            .map_err(|_| HttpError::Url(UrlFault::Malformed))?;
        Self::checked(url).map_err(HttpError::Url)
    }

    fn checked(url: url::Url) -> Result<Self, UrlFault> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlFault::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlFault::Credentials);
        }
        // The parser has made addresses of 0x7f.1 and 2130706433 already, as every client would.
        let host = match url.host() {
            Some(url::Host::Ipv4(address)) => Host::Address(address.into()),
            Some(url::Host::Ipv6(address)) => Host::Address(address.into()),
            Some(url::Host::Domain(domain)) => Host::Name(Name::parse(domain).map_err(|_| UrlFault::Host)?),
            None => return Err(UrlFault::Host),
        };
        let port = url.port_or_known_default().ok_or(UrlFault::Malformed)?;
        match port {
            80 | 443 | 1024.. => Ok(Self { url, host, port }),
            other => Err(UrlFault::Port(other)),
        }
    }

    pub(crate) const fn host(&self) -> &Host {
        &self.host
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The value of the `Host` field (RFC 9110 section 7.2).
    pub(crate) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// Path and query as a request line has them; a fragment stays here.
    pub(crate) fn target(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<UrlFault> {
        match Url::parse(text).err()? {
            HttpError::Url(fault) => Some(fault),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_the_web_is_followed() {
        assert_eq!(fault("http://crl.example/a.crl"), None);
        assert_eq!(fault("https://crl.example:8443/a.crl?b"), None);
        for scheme in [
            "ldap://dc/cn=x",
            "ldap:///cn=x",
            "file:///etc/passwd",
            "ftp://a/b",
            "gopher://a",
        ] {
            assert_eq!(fault(scheme), Some(UrlFault::Scheme), "{scheme}");
        }
        assert_eq!(fault("http://user@a.example/"), Some(UrlFault::Credentials));
        assert_eq!(fault("http://a.example:25/"), Some(UrlFault::Port(25)));
        assert_eq!(fault("crl.example/a.crl"), Some(UrlFault::Malformed));
        assert_eq!(
            fault(&format!("http://a.example/{}", "a".repeat(4096))),
            Some(UrlFault::Malformed)
        );
    }

    #[test]
    fn odd_addresses_are_addresses() {
        let here = Host::Address([127, 0, 0, 1].into());
        for text in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://127.1/",
            "http://0177.0.0.1/",
        ] {
            assert_eq!(*Url::parse(text).unwrap().host(), here, "{text}");
        }
    }

    #[test]
    fn a_redirect_is_relative_to_where_it_was_said() {
        let url = Url::parse("http://a.example/x/y?q#f").unwrap();
        assert_eq!(url.target(), "/x/y?q");
        let next = url.join("../z").unwrap();
        assert_eq!((next.authority(), next.target().as_str()), ("a.example", "/z"));
        assert_eq!(
            url.join("//b.example:8080/").unwrap().authority(),
            "b.example:8080"
        );
        assert!(url.join("file:///etc/passwd").is_err());
    }
}
