//! The pages: one file each. An address comes in, a page goes out.

mod alerts;
mod certificate;
pub(crate) mod certificates;
mod discovery;
mod endpoint;
mod endpoints;
pub(crate) mod failure;
mod overview;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::Parts;

/// Their addresses.
pub(crate) fn routes() -> Router<Arc<Parts>> {
    Router::new()
        .route("/", get(overview::page))
        .route("/certificates", get(certificates::page))
        .route("/certificates/{fingerprint}", get(certificate::page))
        .route("/endpoints", get(endpoints::page))
        .route("/endpoints/{number}", get(endpoint::page))
        .route("/discovery", get(discovery::page))
        .route("/alerts", get(alerts::page))
        .route("/alerts/acknowledge", post(alerts::acknowledge))
        .route("/alerts/take-back", post(alerts::take_back))
        .route("/alerts/silence", post(alerts::silence))
        .route("/alerts/unsilence", post(alerts::unsilence))
        .fallback(failure::no_such_page)
        .method_not_allowed_fallback(failure::not_so)
}
