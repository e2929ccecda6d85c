//! Where a memory is: a file or a PostgreSQL server, as a person writes it.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::error::{Error, Trouble};

/// Where a memory is.
#[derive(Clone)]
pub enum Address {
    /// One file (with its `-wal` and `-shm` beside it while it is open).
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its URL.
    Postgres(PostgresUrl),
}

/// The URL of a PostgreSQL database. Shown without its password.
#[derive(Clone)]
pub struct PostgresUrl {
    /// Without the parameters that are ours.
    pub(crate) url: String,
    shown: String,
    pub(crate) security: Security,
    /// Read at each connection, so that a new password needs no restart.
    pub(crate) password_file: Option<PathBuf>,
}

/// What stands between us and a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// Nothing.
    Plain,
    /// TLS, with the server's name verified against these authorities (PEM), or those of the web.
    Tls { authorities: Option<PathBuf> },
}

impl Address {
    /// Reads `PATH`, `sqlite:PATH`, `postgres://...` or `postgresql://...`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str, place: &str| Error {
            trouble: Trouble::Url {
                reason: reason.into(),
            },
            place: place.into(),
        };
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let shown = without_password(text);
            return postgres(text, &shown)
                .map(Self::Postgres)
                .map_err(|reason| refuse(&reason, &shown));
        }
        let path = text
            .strip_prefix("sqlite://")
            .or_else(|| text.strip_prefix("sqlite:"))
            .unwrap_or(text);
        if path.is_empty() {
            return Err(refuse("it is empty", text));
        }
        if path.contains("://") {
            return Err(refuse("its scheme is not known", &without_password(text)));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&url.shown),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Takes the parameters that are ours out of a URL; the client of PostgreSQL reads the others.
fn postgres(text: &str, shown: &str) -> Result<PostgresUrl, String> {
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    let (mut security, mut authorities, mut password_file) = (None, None, None);
    let mut others = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = percent_decode_str(value).decode_utf8();
        let decoded = decoded.map_err(|_| format!("{key} is not UTF-8"))?;
        match key {
            "sslmode" => security = Some(is_tls(&decoded)?),
            "sslrootcert" => authorities = Some(PathBuf::from(&*decoded)),
            "password_file" => password_file = Some(PathBuf::from(&*decoded)),
            _ => others.push(parameter),
        }
    }
    let security = match (security, authorities) {
        (Some(true), authorities) => Security::Tls { authorities },
        (Some(false) | None, None) => Security::Plain,
        // Without TLS nobody would look at it.
        (Some(false) | None, Some(_)) => return Err("sslrootcert needs sslmode=verify-full".to_owned()),
    };
    let between = if others.is_empty() { "" } else { "?" };
    Ok(PostgresUrl {
        url: format!("{place}{between}{}", others.join("&")),
        shown: shown.to_owned(),
        security,
        password_file,
    })
}

/// Whoever asks for encryption gets it with the server verified: encryption to anybody at all protects from nobody.
fn is_tls(mode: &str) -> Result<bool, String> {
    match mode {
        "require" | "verify-ca" | "verify-full" => Ok(true),
        "disable" | "allow" | "prefer" => Ok(false),
        _ => Err("sslmode is disable or verify-full".to_owned()),
    }
}

/// The URL without what stands between the user's colon and the last `@` of the authority, and without parameters.
fn without_password(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let Some((scheme, rest)) = bare.split_once("://") else {
        return bare.to_owned();
    };
    let Some((user, place)) = rest.rsplit_once('@') else {
        return bare.to_owned();
    };
    let user = user.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            (
                "postgres://u:s3cret@db:5432/x?password=s3cret",
                "postgres://u@db:5432/x",
            ),
            ("postgresql://u:p@s3cret@db/x", "postgresql://u@db/x"),
            ("postgres://db/x", "postgres://db/x"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("s3cret"));
        }
        let refused = Address::parse("mysql://u:s3cret@db/x").unwrap_err().to_string();
        assert!(
            refused.contains("scheme is not known") && !refused.contains("s3cret"),
            "{refused}"
        );
    }

    #[test]
    fn whoever_asks_for_encryption_gets_it_verified() {
        let parse = |text: &str| match Address::parse(text) {
            Ok(Address::Postgres(url)) => (url.url.clone(), url.security, url.password_file),
            other => panic!("{text}: {other:?}"),
        };
        let (url, security, file) =
            parse("postgres://u@db/x?sslmode=require&connect_timeout=3&password_file=/run/p%20w");
        assert_eq!(url, "postgres://u@db/x?connect_timeout=3");
        assert_eq!(security, Security::Tls { authorities: None });
        assert_eq!(file, Some("/run/p w".into()));
        let (_, security, _) = parse("postgres://u@db/x?sslmode=verify-full&sslrootcert=/etc/ca.pem");
        let authorities = Some("/etc/ca.pem".into());
        assert_eq!(security, Security::Tls { authorities });
        assert_eq!(
            parse("postgres://u@db/x"),
            ("postgres://u@db/x".to_owned(), Security::Plain, None)
        );
        for (wrong, words) in [
            ("postgres://u:s3cret@db/x?sslmode=always", "verify-full"),
            ("postgres://u:s3cret@db/x?sslrootcert=/ca.pem", "needs sslmode"),
        ] {
            let refused = Address::parse(wrong).unwrap_err().to_string();
            assert!(
                refused.contains(words) && !refused.contains("s3cret"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_path_is_a_file() {
        for text in ["/var/x.db", "sqlite:/var/x.db", "sqlite:///var/x.db"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), "/var/x.db");
        }
        assert!(Address::parse("").is_err());
    }
}
