//! Answers that are no answer: what happened, and what to do next.

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::untrusted;

use crate::guard;
use crate::look::{Glyph, Page};

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The memory does not answer.
    #[error("the inventory cannot be read: {0}")]
    Store(#[from] store::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let said = untrusted::shown_escaped(&self.to_string());
        page(
            StatusCode::SERVICE_UNAVAILABLE,
            "The inventory does not answer",
            &html! { p { (said) } p.note { "Load the page again. " code { "nolapse store check" } " looks for damage." } },
        )
        .into_response()
    }
}

/// There is nothing at this address.
pub(crate) async fn no_such_page(uri: Uri) -> Page {
    let address = untrusted::shown(uri.path());
    page(
        StatusCode::NOT_FOUND,
        "There is no such page",
        &html! { p { "Nothing is at " code { (address) } ". " a href="/" { "The overview" } " leads everywhere." } },
    )
}

/// There is no such thing.
pub(crate) fn no_such(what: &str, name: &str) -> Page {
    let name = untrusted::shown(name);
    page(
        StatusCode::NOT_FOUND,
        &format!("There is no such {what}"),
        &html! { p { "The inventory holds nothing that is called " code { (name) } ". It may have been removed." } },
    )
}

/// A query that cannot be read.
pub(crate) fn unreadable(why: &Markup) -> Page {
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        "The query is not understood",
        &html! { p { (why) } p.note { "The list of certificates shows the place." } },
    )
}

/// The address is right and the method is not.
pub(crate) async fn not_so() -> Page {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "This page takes no such request",
        &html! { p { "It can be read. " a href="/" { "The overview" } " leads everywhere." } },
    )
}

/// What was sent cannot be taken.
pub(crate) fn not_taken(status: StatusCode, title: &str, what_next: &str) -> Page {
    page(status, title, &html! { p { (what_next) } })
}

/// Another site made the browser send it.
pub(crate) fn foreign() -> Page {
    not_taken(
        StatusCode::FORBIDDEN,
        "This came from another site",
        "Nothing was changed. What changes something is taken from the pages of this server alone.",
    )
}

/// A request for somebody else.
pub(crate) fn misdirected(host: &str) -> Page {
    let host = untrusted::shown(host);
    page(
        guard::MISDIRECTED,
        "This server is not called that",
        &html! {
            p { "It was asked for as " code { (host) } ", and answers to its addresses and to localhost." }
            p.note { "A name of its own is given to it with " code { "nolapse serve --web-name" } "." }
        },
    )
}

fn page(status: StatusCode, title: &str, words: &Markup) -> Page {
    Page {
        title: title.to_owned(),
        tab: None,
        status,
        as_of: None,
        main: html! {
            div.head {
                h1 { (Glyph::Error.coloured("err")) " " (title) }
                div.verdict { (words) }
            }
        },
    }
}
