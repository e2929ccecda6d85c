//! What Prometheus reads: the inventory as numbers, and whether the service lives.
//!
//! A request comes in, text in the exposition format goes out. Sums are always there; series of single certificates and
//! endpoints stay away when there are more than [`limits::METRICS_OBJECTS`] of them, and a series says so.

mod exposition;
mod families;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use model::{limits, untrusted};
use tokio::sync::Mutex;

use crate::Parts;

/// Their addresses.
pub(crate) fn routes() -> Router<Arc<Parts>> {
    let last = Last::default();
    Router::new()
        .route(
            "/metrics",
            get(async move |State(parts): State<Arc<Parts>>| metrics(&parts, &last).await),
        )
        .route("/healthz", get(async || text(StatusCode::OK, "alive\n")))
        .route("/readyz", get(ready))
}

/// The page that was made last, and when. Whoever makes one holds the lock, so that any number of readers costs one
/// reading of the inventory and one copy of the page.
type Last = Arc<Mutex<Option<(Timestamp, Bytes)>>>;

async fn metrics(parts: &Parts, last: &Last) -> Response {
    let mut last = last.lock().await;
    let now = (parts.clock)();
    let page = match &*last {
        Some((made, page)) if is_fresh(*made, now) => page.clone(),
        _ => match families::page(&parts.store, now, limits::METRICS_OBJECTS).await {
            Ok(page) => {
                let page = Bytes::from(page);
                *last = Some((now, page.clone()));
                page
            }
            Err(error) => return unreadable(&error),
        },
    };
    ([(header::CONTENT_TYPE, exposition::MEDIA_TYPE)], page).into_response()
}

/// A clock that went back makes no page last for ever.
fn is_fresh(made: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(made);
    Duration::try_from(age).is_ok_and(|age| age < limits::METRICS_KEPT)
}

/// Whether pages can be shown: whether the memory answers.
async fn ready(State(parts): State<Arc<Parts>>) -> Response {
    match parts.store.counters().await {
        Ok(_) => text(StatusCode::OK, "ready\n"),
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &store::Error) -> Response {
    let said = untrusted::shown_escaped(&error.to_string());
    let sentence = format!(
        "the inventory cannot be read: {said}; ask again, and `nolapse store check` looks for damage\n"
    );
    text(StatusCode::SERVICE_UNAVAILABLE, sentence)
}

fn text(status: StatusCode, text: impl Into<String>) -> Response {
    (status, text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_kept_for_a_moment_and_never_from_the_future() {
        let now = Timestamp::UNIX_EPOCH;
        assert!(is_fresh(now, now));
        assert!(!is_fresh(now, now.saturating_add(limits::METRICS_KEPT).unwrap()));
        assert!(!is_fresh(
            now.saturating_add(Duration::from_secs(1)).unwrap(),
            now
        ));
    }
}
