//! Servers that fail again and again are left alone for a while: thousands of certificates may name the same dead one, and
//! each would wait for it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::http::HttpError;
use model::limits;
use tokio::time::Instant;

/// How servers fared. The lock is held for a look-up only.
#[derive(Default)]
pub(super) struct Health {
    servers: Mutex<HashMap<String, Trouble>>,
}

struct Trouble {
    /// In a row.
    failures: u32,
    last: HttpError,
    since: Instant,
}

/// How long a server is left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// Servers remembered; when there are more, all are given another chance.
const SERVERS: usize = 10_000;

impl Health {
    /// How the server of `url` failed last, when it is to be left alone.
    pub(super) fn trouble(&self, url: &str) -> Option<HttpError> {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = servers.get(server(url))?;
        let is_alone = trouble.failures >= limits::EVIDENCE_FAILURES && trouble.since.elapsed() < PAUSE;
        is_alone.then(|| trouble.last.clone())
    }

    /// Remembers how the server of `url` fared. An answer of any kind is a sign of life.
    pub(super) fn note(&self, url: &str, error: Option<&HttpError>) {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(error) = error.filter(|error| error.is_of_server()) else {
            servers.remove(server(url));
            return;
        };
        if servers.len() >= SERVERS {
            servers.clear();
        }
        let trouble = servers.entry(server(url).to_owned()).or_insert_with(|| Trouble {
            failures: 0,
            last: error.clone(),
            since: Instant::now(),
        });
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.last = error.clone();
        trouble.since = Instant::now();
    }
}

/// Scheme, host and port, as written.
fn server(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url
        .get(host..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_fails_in_a_row_is_left_alone_for_a_while() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let health = Health::default();
            let (one, other) = ("http://ocsp.example/a", "http://ocsp.example:80/a");
            for _ in 0..limits::EVIDENCE_FAILURES {
                assert_eq!(health.trouble(one), None);
                health.note(one, Some(&HttpError::TimedOut));
            }
            assert_eq!(
                health.trouble("http://ocsp.example/b?c"),
                Some(HttpError::TimedOut)
            );
            assert_eq!(health.trouble(other), None, "another port is another server");
            tokio::time::advance(PAUSE).await;
            assert_eq!(health.trouble(one), None);
        });
    }

    #[test]
    fn an_answer_is_a_sign_of_life() {
        let health = Health::default();
        for _ in 0..9 {
            health.note("http://a/", Some(&HttpError::TimedOut));
            health.note("http://a/x", Some(&HttpError::Status(404)));
        }
        assert_eq!(health.trouble("http://a/"), None);
        assert_eq!(server("nonsense"), "nonsense");
    }
}
