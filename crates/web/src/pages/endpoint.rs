//! One endpoint: what it presents, what was found and what to do, its history, and the other addresses of its name.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use model::inventory::{EndpointRow, HistoryRow, Reached, RowId, Seen};
use model::untrusted;

use super::certificate::{chain, trust};
use super::endpoints;
use super::failure::{self, Failure};
use crate::Parts;
use crate::look::{self, Page, Tab, status, words};

/// Other addresses of the name that are shown.
const SIBLINGS: u32 = 30;
/// Episodes that are shown, the latest first.
const EPISODES: usize = 30;

/// The page.
pub(super) async fn page(
    State(parts): State<Arc<Parts>>,
    Path(number): Path<String>,
) -> Result<Response, Failure> {
    let now = (parts.clock)();
    let id = number.parse::<i64>().ok().filter(|number| *number > 0);
    let Some(id) = id else {
        return Ok(failure::no_such("endpoint", &number).into_response());
    };
    let mut rows = parts.store.endpoints(RowId(id - 1), 1).await?;
    rows.retain(|row| row.id == RowId(id));
    let Some(first) = rows.first() else {
        return Ok(failure::no_such("endpoint that was looked at", &number).into_response());
    };
    let service = first.place.service.clone();
    let before = (service.identity.to_string().into(), service.port, RowId::START);
    let mut siblings = parts.store.endpoints_by_name(Some(before), SIBLINGS).await?;
    siblings.retain(|row| row.place.service == service && row.id != first.id);
    let histories = parts.store.histories_of(vec![RowId(id)]).await?;
    let mut sent = Vec::new();
    for fingerprint in &first.chain {
        sent.push(parts.store.certificate(*fingerprint).await?);
    }
    let title = untrusted::shown(&first.place.to_string());
    let main = html! {
        div.head {
            p.crumb { a href="/endpoints" { "Endpoints" } }
            h1 { (title) }
            @for row in &rows { (standing(row, now)) }
        }
        @if let Some(seen) = &first.seen { (findings(seen)) }
        (section("chain", "Chain", "As it was sent, leaf first.", &if first.chain.is_empty() {
            html! { p { "No certificate was reached." } }
        } else {
            chain(&first.chain, &sent, now)
        }))
        @if let Some(seen) = first.seen.as_ref().filter(|seen| !seen.trust.is_empty()) {
            (section("trust", "Trust", "What each store says of that chain.", &trust(seen)))
        }
        @if !siblings.is_empty() {
            (section("others", "Other addresses", "Of the same name and port.", &endpoints::table(&siblings, now)))
        }
        (section("history", "History", "Which certificate was seen when, the latest first.", &history(&histories, now)))
    };
    Ok(Page::new(title, Tab::Endpoints, now, main).into_response())
}

fn section(id: &str, name: &str, words: &str, matter: &Markup) -> Markup {
    html! {
        section.sec aria-labelledby=(id) { header { h2 id=(id) { (name) } p { (words) } } div { (matter) } }
    }
}

fn standing(row: &EndpointRow, now: Timestamp) -> Markup {
    let stopped = row.seen.as_ref().and_then(|seen| match &seen.reached {
        Reached::Stopped { stage, detail, .. } => Some((untrusted::shown(stage), detail.shown())),
        Reached::Handshaken => None,
    });
    html! {
        p.verdict {
            (status(row.state.status)) " "
            @match stopped {
                Some((stage, detail)) => { (look::sentence(&detail)) " Stopped at " (stage) "." },
                None => {
                    @if let Some(tls) = row.seen.as_ref().and_then(|seen| seen.tls.as_ref()) {
                        (untrusted::shown(&tls.version)) ", " (untrusted::shown(&tls.cipher)) "."
                    }
                },
            }
        }
        p.asof {
            "Seen from " (row.vantage) " on " (words::moment(row.at)) ". It stands like this for "
            (words::span(row.state_since, now)) "."
        }
    }
}

fn findings(seen: &Seen) -> Markup {
    let matter = html! {
        @if seen.findings.is_empty() { p { "Nothing was found." } }
        @for said in &seen.findings {
            div.finding {
                (status(said.severity.into()))
                h3 { (look::sentence(&said.message.shown())) }
                p { (look::sentence(&said.remedy.shown())) }
                p.soft { (untrusted::shown(&said.rule)) }
            }
        }
    };
    section("findings", "Findings", "What, and what to do.", &matter)
}

fn history(histories: &[HistoryRow], now: Timestamp) -> Markup {
    html! {
        @for history in histories {
            table.fold {
                caption.vh { "Certificates that were seen from " (history.vantage) }
                thead { tr { @for head in ["Certificate", "First seen", "Last seen", "From"] { th scope="col" { (head) } } } }
                tbody {
                    @for (when, leaf) in history.leaves.iter().rev().take(EPISODES) {
                        @let digits = leaf.to_string();
                        tr {
                            th.mono scope="row" { a href={ "/certificates/" (digits) } { (digits.get(..16).unwrap_or_default()) } }
                            td data-k="first" { (words::date(when.first, now)) }
                            td data-k="last" { (words::date(when.last, now)) }
                            td.soft data-k="from" { (history.vantage) }
                        }
                    }
                }
            }
        }
    }
}
