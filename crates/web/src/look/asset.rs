//! The style, the script and the icon, compiled in, under addresses that name their content: a browser keeps them for a year, and a
//! new version has a new address.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::Fingerprint;

use crate::Parts;

/// A file that pages refer to.
pub(crate) struct Asset {
    /// Where it is.
    pub(crate) address: String,
    kind: &'static str,
    text: &'static str,
}

/// The style of all pages.
pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_str!("style.css")));

/// The script of all pages, which none of them needs.
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_str!("script.js")));

/// The picture beside the title.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_str!("icon.svg")));

impl Asset {
    fn new(extension: &str, kind: &'static str, text: &'static str) -> Self {
        let digest = Fingerprint::of(text.as_bytes()).to_string();
        let short = digest.get(..16).unwrap_or_default();
        Self {
            address: format!("/assets/{short}.{extension}"),
            kind,
            text,
        }
    }

    fn answer(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, self.text).into_response()
    }
}

/// Their addresses.
pub(crate) fn routes() -> Router<Arc<Parts>> {
    Router::new()
        .route(&STYLE.address, get(async || STYLE.answer()))
        .route(&SCRIPT.address, get(async || SCRIPT.answer()))
        .route(&ICON.address, get(async || ICON.answer()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_small_and_ask_for_nothing_else() {
        assert!(SCRIPT.text.len() <= 15 * 1024, "{}", SCRIPT.text.len());
        assert!(STYLE.text.len() <= 40 * 1024, "{}", STYLE.text.len());
        for word in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
        ] {
            assert!(!SCRIPT.text.contains(word), "{word}");
        }
        for word in ["url(", "@import", "http"] {
            let found = STYLE.text.replace("url(#hatch)", "").contains(word);
            assert!(!found, "{word}");
        }
    }
}
