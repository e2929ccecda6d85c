//! Endpoints: how each stands, by name, so that the addresses of one name stand together.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use maud::{Markup, html};
use model::inventory::{EndpointRow, RowId};
use model::{Status, untrusted};
use store::Found;

use super::certificate::trusted_by;
use super::failure::Failure;
use crate::Parts;
use crate::address::{Address, Chosen};
use crate::look::{self, Page, Tab, status, words};
use crate::query;

/// Places on a page.
const PLACES: u32 = 50;

/// The page.
pub(super) async fn page(State(parts): State<Arc<Parts>>, chosen: Chosen) -> Result<Page, Failure> {
    let now = (parts.clock)();
    let text = chosen.of("q").unwrap_or_default().trim().to_owned();
    let wanted = Found {
        part: Some(text.as_str())
            .filter(|text| !text.is_empty())
            .map(Into::into),
        status: chosen.of("status").and_then(|word| {
            Status::WORST_FIRST
                .into_iter()
                .find(|status| status.word().eq_ignore_ascii_case(word))
        }),
    };
    let rows = parts
        .store
        .endpoints_found(&wanted, after(&chosen), PLACES + 1)
        .await?;
    let (rows, next) = cut(rows);
    let counters = parts.store.counters().await?;
    let address = |status: Option<Status>| {
        let word = status
            .map(|status| status.word().to_lowercase())
            .unwrap_or_default();
        Address::new("/endpoints").with("q", &text).with("status", &word)
    };
    let unseen = counters.places.saturating_sub(counters.standings.values().sum());
    let main = html! {
        div.head {
            h1 { "Endpoints" }
            form.query role="search" aria-label="Endpoints" action="/endpoints" {
                label.vh for="q" { "Part of a name or address" }
                input #q name="q" value=(text) placeholder="Part of a name or address" spellcheck="false" autocomplete="off"
                    autocapitalize="none" maxlength=(query::LONGEST);
                button.main { "Find" }
            }
            @if unseen > 0 { p.asof { (words::counted(unseen, "endpoint")) " known and not looked at yet." } }
        }
        ul.figs {
            li { a href=(address(None)) { b { (words::count(counters.standings.values().sum())) } "all" } }
            @for which in Status::WORST_FIRST {
                @let count = counters.standings.get(&which).copied().unwrap_or_default();
                @if count > 0 { li { a href=(address(Some(which))) aria-current=[(wanted.status == Some(which)).then_some("true")] { b { (words::count(count)) } (status(which)) } } }
            }
        }
        @if rows.is_empty() { p { "No endpoint fits. " a href="/endpoints" { "All endpoints" } } } @else { (table(&rows, now)) }
        @if let Some(next) = next {
            nav.pager aria-label="Pages of the list" {
                a.btn rel="next" href=(address(wanted.status).with("after", &next)) { "Next" }
            }
        }
    };
    Ok(Page::new("Endpoints".to_owned(), Tab::Endpoints, now, main))
}

/// `name,port,number` of the last row of the page before.
fn after(chosen: &Chosen) -> Option<(Box<str>, u16, RowId)> {
    let (rest, number) = chosen.of("after")?.rsplit_once(',')?;
    let (name, port) = rest.rsplit_once(',')?;
    Some((name.into(), port.parse().ok()?, RowId(number.parse().ok()?)))
}

/// The rows of one page, and from where the next one goes on. Several vantages make several rows of one place.
fn cut(mut rows: Vec<EndpointRow>) -> (Vec<EndpointRow>, Option<String>) {
    let mut places: Vec<RowId> = rows.iter().map(|row| row.id).collect();
    places.dedup();
    let most = usize::try_from(PLACES).unwrap_or(usize::MAX);
    if places.len() <= most {
        return (rows, None);
    }
    let beyond = places.last().copied();
    rows.retain(|row| Some(row.id) != beyond);
    let next = rows.last().map(|row| {
        let service = &row.place.service;
        format!("{},{},{}", service.identity, service.port, row.id.0)
    });
    (rows, next)
}

/// Endpoints as rows.
pub(super) fn table(rows: &[EndpointRow], now: Timestamp) -> Markup {
    html! {
        table.fold data-rows {
            caption.vh { "Endpoints" }
            thead { tr {
                @for head in ["Status", "Endpoint", "Seen from", "Presents", "TLS", "Trusted by"] { th scope="col" { (head) } }
                th.num scope="col" { "Looked at" }
            } }
            tbody { @for row in rows { (endpoint(row, now)) } }
        }
    }
}

fn endpoint(row: &EndpointRow, now: Timestamp) -> Markup {
    let seen = row.seen.as_ref();
    let said = seen
        .and_then(|seen| seen.findings.first())
        .filter(|_| row.state.status != Status::Ok);
    let digits = row.leaf.map(|leaf| leaf.to_string());
    html! {
        tr {
            td { (status(row.state.status)) }
            th.full scope="row" {
                span.addr { a href={ "/endpoints/" (row.id.0) } { (untrusted::shown(&row.place.to_string())) } }
                @if let Some(said) = said { span.sub { (look::sentence(&said.message.shown())) } }
            }
            td.soft data-k="from" { (row.vantage) }
            td.mono {
                @if let Some(digits) = &digits { a href={ "/certificates/" (digits) } { (digits.get(..8).unwrap_or_default()) } }
                @else { span.soft { "nothing" } }
            }
            td.hide { @if let Some(tls) = seen.and_then(|seen| seen.tls.as_ref()) { (untrusted::shown(&tls.version)) } }
            td data-k="trusted by" { @if let Some(seen) = seen { (trusted_by(seen)) } }
            td.num.nb { (words::span(row.at, now)) " ago" }
        }
    }
}
