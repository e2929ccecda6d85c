//! Addresses of pages: a path and what a person chose, in a fixed order. They come in with a request and go out in links.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts as Head;

/// What a person chose, by name; of several with one name the last counts. Nothing in an address is an error: a page takes
/// what it knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chosen(HashMap<String, String>);

impl Chosen {
    /// What was chosen under a name; `None` when it is empty too, as forms send it.
    pub(crate) fn of(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Chosen {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Head, state: &S) -> Result<Self, Infallible> {
        let RawQuery(query) = RawQuery::from_request_parts(head, state).await?;
        let query = query.unwrap_or_default();
        Ok(Self(
            form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        ))
    }
}

/// An address in the making.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    path: String,
    query: String,
}

impl Address {
    /// Of a page.
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            query: String::new(),
        }
    }

    /// With a choice; an empty one is left out.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if !value.is_empty() {
            let mut pair = form_urlencoded::Serializer::new(std::mem::take(&mut self.query));
            pair.append_pair(name, value);
            self.query = pair.finish();
        }
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if !self.query.is_empty() {
            write!(f, "?{}", self.query)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_out_is_encoded_and_what_is_empty_is_left_out() {
        let address = Address::new("/certificates")
            .with("q", "left:<14d a&b \"x\"")
            .with("sort", "");
        assert_eq!(address.to_string(), "/certificates?q=left%3A%3C14d+a%26b+%22x%22");
        assert_eq!(
            Address::new("/x").with("a", "1").with("b", "2").to_string(),
            "/x?a=1&b=2"
        );
    }
}
