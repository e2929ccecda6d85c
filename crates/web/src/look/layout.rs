//! What stands around every page: the head with the pages and the search, and the foot.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::asset::{ICON, SCRIPT, STYLE};
use super::{Glyph, sprite, words};

/// The pages that the head leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Certificates,
    Endpoints,
    Discovery,
    Alerts,
}

impl Tab {
    const ALL: [Self; 5] = [
        Self::Overview,
        Self::Certificates,
        Self::Endpoints,
        Self::Discovery,
        Self::Alerts,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Certificates => "Certificates",
            Self::Endpoints => "Endpoints",
            Self::Discovery => "Discovery",
            Self::Alerts => "Alerts",
        }
    }

    /// The key that leads there behind `g`.
    const fn key(self) -> &'static str {
        match self {
            Self::Overview => "o",
            Self::Certificates => "c",
            Self::Endpoints => "e",
            Self::Discovery => "d",
            Self::Alerts => "a",
        }
    }

    /// Where it is.
    const fn address(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Certificates => "/certificates",
            Self::Endpoints => "/endpoints",
            Self::Discovery => "/discovery",
            Self::Alerts => "/alerts",
        }
    }
}

/// A page, whole.
pub(crate) struct Page {
    /// What it is called in the window's title.
    pub(crate) title: String,
    /// Which of the head's pages it belongs to.
    pub(crate) tab: Option<Tab>,
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// As of when it is true; `None` when that is no question.
    pub(crate) as_of: Option<Timestamp>,
    /// What stands on it.
    pub(crate) main: Markup,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (self.status, self.markup()).into_response()
    }
}

impl Page {
    /// A page that answers what was asked for.
    pub(crate) const fn new(title: String, tab: Tab, as_of: Timestamp, main: Markup) -> Self {
        Self {
            title,
            tab: Some(tab),
            status: StatusCode::OK,
            as_of: Some(as_of),
            main,
        }
    }

    fn markup(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) " · nolapse" }
                    link rel="stylesheet" href=(STYLE.address);
                    link rel="icon" type="image/svg+xml" href=(ICON.address);
                    script src=(SCRIPT.address) type="module" {}
                }
                body {
                    a.skip href="#main" { "Skip to the page" }
                    (sprite())
                    (head(self.tab))
                    main #main .wrap tabindex="-1" { (self.main) }
                    (foot(self.as_of))
                }
            }
        }
    }
}

fn head(present: Option<Tab>) -> Markup {
    html! {
        header.top {
            div.wrap {
                a.brand href="/" {
                    svg viewBox="0 0 24 14" aria-hidden="true" {
                        path.was d="M0 2.5h14v3H0Z" {}
                        path.is d="M10 8.5h14v3H10Z" {}
                    }
                    "nolapse"
                }
                nav aria-label="Pages" {
                    ul.nav {
                        @for tab in Tab::ALL {
                            li {
                                a href=(tab.address()) data-key=(tab.key()) aria-current=[(present == Some(tab)).then_some("page")] {
                                    (tab.word())
                                }
                            }
                        }
                    }
                }
                form.find role="search" aria-label="Everything" action="/certificates" {
                    label.vh for="find" { "Search certificates" }
                    (Glyph::Look.markup())
                    input #find name="q" type="search" placeholder="Name, issuer:, left:<14d" autocomplete="off"
                        spellcheck="false" autocapitalize="none";
                    kbd aria-hidden="true" { "/" }
                }
            }
        }
    }
}

fn foot(as_of: Option<Timestamp>) -> Markup {
    html! {
        footer.foot {
            div.wrap {
                span { "nolapse " (env!("CARGO_PKG_VERSION")) }
                span { @if let Some(at) = as_of { "As of " (words::moment(at)) } }
            }
        }
    }
}
