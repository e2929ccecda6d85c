//! What interfaces of providers have in common: patience, and records in the words of people.

use std::time::Duration;

use model::limits;
use model::zone::{Domain, DomainRef, Kind, RecordRef};
use net::Network;
use net::api::{Answer, ApiError, Origin};

use crate::record_text;

/// Why an account cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// No answer.
    #[error("{0}")]
    Api(ApiError),
    /// Not allowed.
    #[error("the provider refuses the credentials (status {status}{}): they must be allowed to list zones and records", said(.words))]
    Denied {
        /// Status code.
        status: u16,
        /// What it said.
        words: String,
    },
    /// Throttled to the end of our patience.
    #[error("the provider asks for patience again and again (status {0})")]
    Throttled(u16),
    /// Another status.
    #[error("the provider answered with status {status}{}", said(.words))]
    Status {
        /// Status code.
        status: u16,
        /// What it said.
        words: String,
    },
    /// An answer of another shape.
    #[error("the provider's answer cannot be understood: {0}")]
    Shape(String),
    /// A list without end.
    #[error("the provider's list has no end after {} pages", limits::PROVIDER_PAGES)]
    Endless,
    /// No such zone.
    #[error("the account has no zone {0}")]
    NoZone(Domain),
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(", {}", model::untrusted::shown(words))
    }
}

/// A zone of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosted {
    /// Its name.
    pub apex: Domain,
    /// What the provider calls it.
    pub id: String,
    /// Whether it is seen inside a private network alone.
    pub private: bool,
}

/// Times a question is repeated when the provider asks for patience.
const TRIES: u32 = 6;
/// The longest wait between two tries, whatever a provider asks for.
const LONGEST: Duration = Duration::from_secs(30);

/// Asks until there is an answer that is not a plea for patience. `headers` are made anew each time, since signatures age.
pub(crate) async fn patiently(
    network: &Network,
    origin: &Origin,
    target: &str,
    headers: &dyn Fn() -> Vec<(&'static str, String)>,
    throttled: fn(&Answer) -> bool,
) -> Result<Answer, ProviderError> {
    let mut wait = Duration::from_millis(250);
    let mut last = 0;
    for _ in 0..TRIES {
        let owned = headers();
        let borrowed: Vec<(&str, &str)> = owned
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = network
            .api(origin, target, &borrowed, limits::PROVIDER_PAGE_BYTES)
            .await
            .map_err(ProviderError::Api)?;
        if !(matches!(answer.status, 429 | 503) || throttled(&answer)) {
            return Ok(answer);
        }
        last = answer.status;
        tokio::time::sleep(answer.retry_after.unwrap_or(wait).min(LONGEST)).await;
        wait *= 2;
    }
    Err(ProviderError::Throttled(last))
}

/// A record in the words of people.
pub(crate) struct Worded<'a> {
    pub(crate) owner: Domain,
    pub(crate) kind: Kind,
    pub(crate) ttl: u32,
    pub(crate) data: &'a str,
}

impl Worded<'_> {
    /// Gives it to `sink`; nothing when its data is none, which a provider's checks should not let through.
    pub(crate) fn give(&self, sink: &mut dyn FnMut(RecordRef<'_>)) -> Result<(), ProviderError> {
        let words: Vec<&str> = self.data.split_whitespace().collect();
        // What providers call a name is absolute, with or without the dot.
        let data = record_text::parse(self.kind, &words, DomainRef::ROOT)
            .map_err(|error| ProviderError::Shape(format!("{} {}: {error}", self.owner, self.kind)))?;
        sink(RecordRef {
            owner: self.owner.borrowed(),
            kind: self.kind,
            ttl: self.ttl,
            data: &data,
        });
        Ok(())
    }
}
