//! Where a receiver is that is spoken to by HTTP: an URL comes in, an origin and what is asked of it go out.

use net::api::{ApiError, Origin, OwnTls};

/// An URL that letters are posted to. It may be a secret, and is not shown.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) origin: Origin,
    pub(crate) target: String,
}

/// Whether letters may cross the network readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readable {
    Refused,
    Allowed,
}

impl Address {
    /// Reads an URL; `path` is put behind its path.
    pub(crate) fn parse(url: &str, path: &str, readable: Readable, own: &OwnTls) -> Result<Self, ApiError> {
        let url = url.trim();
        let (base, query) = match url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (url, String::new()),
        };
        if !query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
            return Err(ApiError::Origin("an URL with a query that is none".to_owned()));
        }
        let (origin, base) = match readable {
            Readable::Refused => Origin::parse_base(base)?,
            Readable::Allowed => Origin::parse_base_readable(base)?,
        };
        let target = format!("{base}{path}{query}");
        Ok(Self {
            origin: origin.with_tls(own)?,
            target: if target.starts_with('/') {
                target
            } else {
                format!("/{target}")
            },
        })
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address")
            .field("at", &self.origin.authority())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, path: &str) -> String {
        Address::parse(url, path, Readable::Refused, &OwnTls::default())
            .unwrap()
            .target
    }

    #[test]
    fn path_and_query_are_kept() {
        assert_eq!(target("https://a.example", ""), "/");
        assert_eq!(target("https://a.example/x/", ""), "/x");
        assert_eq!(
            target("https://a.example/x?v=1&sig=a%2Fb", ""),
            "/x?v=1&sig=a%2Fb"
        );
        assert_eq!(
            target("https://a.example/am", "/api/v2/alerts"),
            "/am/api/v2/alerts"
        );
    }

    #[test]
    fn an_url_in_the_clear_wants_leave() {
        let open = |url: &str, readable| Address::parse(url, "", readable, &OwnTls::default()).is_ok();
        assert!(!open("http://a.example/x", Readable::Refused));
        assert!(open("http://a.example/x", Readable::Allowed));
        for wrong in [
            "",
            "a.example",
            "https://a.example/x?a b",
            "https://u:p@a.example/",
            "ftp://a.example",
        ] {
            assert!(!open(wrong, Readable::Allowed), "{wrong}");
        }
    }

    #[test]
    fn an_url_that_is_a_secret_is_not_shown() {
        let address = Address::parse(
            "https://a.example/canary",
            "",
            Readable::Refused,
            &OwnTls::default(),
        )
        .unwrap();
        assert!(!format!("{address:?}").contains("canary"));
    }
}
