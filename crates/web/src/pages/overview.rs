//! Overview: does anything need me today, and what ends next?

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use model::Status;
use model::alert::Alert;
use model::inventory::{CertificateRow, Counters};

use super::alerts;
use super::failure::Failure;
use crate::Parts;
use crate::address::Address;
use crate::look::{self, Page, Tab, life, status, words};
use crate::pictures::planner;

/// Certificates that end next and are shown.
const NEXT: u32 = 10;
/// Causes that are shown.
const CAUSES: usize = 6;
/// How far ahead one looks for them.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 366);

/// The page.
pub(super) async fn page(State(parts): State<Arc<Parts>>) -> Result<Page, Failure> {
    let now = (parts.clock)();
    let counters = parts.store.counters().await?;
    let until = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let next = parts.store.certificates_ending(now, until, None, NEXT).await?;
    let (from, until) = planner::span(now);
    let days = parts.store.ends_by_day(midnight(from), midnight(until)).await?;
    let alerts = alerts::open(&parts).await?;
    let main = html! {
        div.head { h1 { (verdict(&counters, next.first(), now)) } }
        (needs(&alerts, now))
        (inventory(&counters))
        (ends(&next, &parts, now))
        (calendar(&days, now))
    };
    Ok(Page::new("Overview".to_owned(), Tab::Overview, now, main))
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MAX, |begin| begin.timestamp())
}

fn calendar(days: &BTreeMap<i64, u64>, now: Timestamp) -> Markup {
    html! {
        section.sec aria-labelledby="calendar" {
            header {
                h2 #calendar { "Calendar" }
                p { "Certificates that end on each day of the next twelve months." }
                p { a href="/certificates.ics" { "Calendar feed" } }
            }
            div { (planner::picture(days, now)) }
        }
    }
}

/// The sentence that is the page.
fn verdict(counters: &Counters, next: Option<&CertificateRow>, now: Timestamp) -> Markup {
    if counters.places == 0 && counters.certificates == 0 && counters.claims == 0 {
        return html! { "Nothing here yet. " span.soft { "Name something to look at." } };
    }
    let standing = |status| counters.standings.get(&status).copied().unwrap_or_default();
    let today = standing(Status::Expired) + standing(Status::Critical);
    let then = next.and_then(|row| row.not_after).map(|end| words::day(end, now));
    match (today, then) {
        (0, Some(day)) => {
            html! { "Nothing needs you today. " span.soft { "The next certificate ends on " (day) "." } }
        }
        (0, None) => html! { "Nothing needs you." },
        (today, then) => html! {
            (words::number(today)) (if today == 1 { " endpoint needs you today." } else { " endpoints need you today." })
            @if let Some(day) = then { " " span.soft { "The next certificate ends on " (day) "." } }
        },
    }
}

/// What is wrong, by cause: the list that a day begins with.
fn needs(open: &[Alert], now: Timestamp) -> Markup {
    html! {
        @if !open.is_empty() {
            section.sec aria-labelledby="needs" {
                header { h2 #needs { "Needs you" } p { "Worst first, one entry for each cause." } p { a href="/alerts" { "All alerts" } } }
                div {
                    @for alert in open.iter().take(CAUSES) {
                        article.finding.brief { (alerts::title(alert, true, now)) }
                    }
                    @if open.len() > CAUSES { p { a href="/alerts" { "And " (open.len() - CAUSES) " more" } } }
                }
            }
        }
    }
}

fn inventory(counters: &Counters) -> Markup {
    let endpoints: u64 = counters.standings.values().sum();
    html! {
        section.sec aria-labelledby="inventory" {
            header { h2 #inventory { "Inventory" } p { "Endpoints by how they stand." } }
            div {
                ul.figs {
                    li { a href="/endpoints" { b { (words::count(endpoints)) } "looked at" } }
                    @for which in Status::WORST_FIRST {
                        @let count = counters.standings.get(&which).copied().unwrap_or_default();
                        @if count > 0 || which == Status::Ok { li { a href=(Address::new("/endpoints").with("status", &which.word().to_lowercase())) { b { (words::count(count)) } (status(which)) } } }
                    }
                    li.gap { a href="/certificates" { b { (words::count(counters.certificates)) } "certificates" } }
                    li { b { (words::count(counters.claims)) } "claimed by accounts" }
                    li { b { (words::count(counters.names)) } "names" }
                    li { b { (words::count(counters.places)) } "endpoints known" }
                }
            }
        }
    }
}

fn ends(next: &[CertificateRow], parts: &Parts, now: Timestamp) -> Markup {
    html! {
        section.sec aria-labelledby="ends" {
            header { h2 #ends { "Ends" } p { "What ends next, the first first." } }
            div {
                @if next.is_empty() {
                    p { "No certificate ends within a year." }
                } @else {
                    table.certs.fold data-rows {
                        caption.vh { "Certificates that end next" }
                        colgroup { col.c-name; col.c-life; col.c-left; col.c-iss; }
                        thead { tr {
                            th scope="col" { "Name" }
                            th scope="col" colspan="2" { "Life left" }
                            th scope="col" { "Issuer" }
                        } }
                        tbody { @for row in next { (ending(row, parts, now)) } }
                    }
                }
            }
        }
    }
}

fn ending(row: &CertificateRow, parts: &Parts, now: Timestamp) -> Markup {
    let (name, more) = look::names(&row.names, || row.subject.shown());
    html! {
        tr {
            th.full scope="row" {
                span.name { a href={ "/certificates/" (row.fingerprint) } { (name) } } (more)
            }
            @if let (Some(begin), Some(end)) = (row.not_before, row.not_after) {
                td.l { (life(begin, end, &parts.policy, now)) }
                td.nb { (words::left(end, now)) span.sub { (words::date(end, now)) } }
            } @else { td.l {} td {} }
            td.soft { (look::common_name(row.issuer.raw())) }
        }
    }
}
