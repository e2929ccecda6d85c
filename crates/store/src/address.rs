//! Where a memory is: a file or a PostgreSQL server, as a person writes it.

use std::fmt;
use std::path::PathBuf;

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
    pub(crate) url: String,
    shown: String,
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
            if asks_for_tls(text) {
                return Err(refuse(
                    "TLS to PostgreSQL is not built in: use a local socket, a private network or a tunnel, and sslmode=disable",
                    &shown,
                ));
            }
            let url = text.to_owned();
            return Ok(Self::Postgres(PostgresUrl { url, shown }));
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

/// A word that demands encryption must not be passed over in silence.
fn asks_for_tls(url: &str) -> bool {
    ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"]
        .iter()
        .any(|word| url.contains(word))
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
        let refused = Address::parse("postgres://u:s3cret@db/x?sslmode=require")
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("TLS") && !refused.contains("s3cret"),
            "{refused}"
        );
    }

    #[test]
    fn a_path_is_a_file() {
        for text in ["/var/x.db", "sqlite:/var/x.db", "sqlite:///var/x.db"] {
            assert_eq!(Address::parse(text).unwrap().to_string(), "/var/x.db");
        }
        assert!(Address::parse("").is_err());
    }
}
