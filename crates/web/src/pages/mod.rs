//! The pages: one file each. An address comes in, a page goes out.

mod certificate;
pub(crate) mod certificates;
mod discovery;
mod endpoint;
mod endpoints;
pub(crate) mod failure;
mod overview;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

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
        .fallback(failure::no_such_page)
        .method_not_allowed_fallback(failure::not_so)
}
