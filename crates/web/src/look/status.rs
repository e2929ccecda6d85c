//! The five statuses, each with its shape and its word.

use maud::{Markup, html};
use model::Status;

use super::Glyph;

/// The class that colours it.
const fn class(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warn",
        Status::Error => "err",
        Status::Critical => "crit",
        Status::Expired => "exp",
    }
}

const fn glyph(status: Status) -> Glyph {
    match status {
        Status::Ok => Glyph::Ok,
        Status::Warning => Glyph::Warning,
        Status::Error => Glyph::Error,
        Status::Critical => Glyph::Critical,
        Status::Expired => Glyph::Expired,
    }
}

/// Its word on a page.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "OK",
        Status::Warning => "Warning",
        Status::Error => "Error",
        Status::Critical => "Critical",
        Status::Expired => "Expired",
    }
}

/// Shape and word.
pub(crate) fn status(status: Status) -> Markup {
    html! {
        span class={ "st " (class(status)) } { (glyph(status).markup()) (word(status)) }
    }
}
