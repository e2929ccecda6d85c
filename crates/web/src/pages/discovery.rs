//! Discovery: every source with how its last asking went, and how far the looks are.

use std::sync::Arc;

use axum::extract::State;
use jiff::Timestamp;
use maud::{Markup, html};
use model::inventory::{RunEnd, SourceRow};
use model::{Status, untrusted};

use super::failure::Failure;
use crate::Parts;
use crate::look::{self, Page, Tab, status, words};

/// The page.
pub(super) async fn page(State(parts): State<Arc<Parts>>) -> Result<Page, Failure> {
    let now = (parts.clock)();
    let sources = parts.store.sources().await?;
    let counters = parts.store.counters().await?;
    let looked: u64 = counters.standings.values().sum();
    let failing = sources.iter().filter(|row| has_failed(row)).count();
    let main = html! {
        div.head {
            h1 {
                @match (sources.len(), failing) {
                    (0, _) => "No source is configured.",
                    (_, 0) => "Every source answered.",
                    (all, failing) => { (failing) " of " (words::counted(u64::try_from(all).unwrap_or(u64::MAX), "source")) " failed." },
                }
            }
            p.asof {
                (words::counted(counters.places, "endpoint")) " known, " (words::count(looked)) " looked at, "
                (words::counted(counters.looks, "look")) " so far."
            }
        }
        section.sec aria-labelledby="sources" {
            header { h2 #sources { "Sources" } p { "Where it is learnt what exists." } }
            div {
                @if sources.is_empty() {
                    p { "Name one in the configuration, or look at something at once:" }
                    pre tabindex="0" { "nolapse scan --save example.com" }
                } @else {
                    (table(&sources, now))
                }
            }
        }
    };
    Ok(Page::new("Discovery".to_owned(), Tab::Discovery, now, main))
}

fn has_failed(row: &SourceRow) -> bool {
    let outcome = row.last.as_ref().and_then(|run| run.outcome.as_ref());
    outcome.is_some_and(|outcome| outcome.end == RunEnd::Failed)
}

fn table(sources: &[SourceRow], now: Timestamp) -> Markup {
    html! {
        table.fold {
            caption.vh { "Sources" }
            thead { tr {
                th scope="col" { "Source" } th scope="col" { "Last asked" }
                th.num scope="col" { "Found" } th.num scope="col" { "Kept" }
                th scope="col" { "Skipped" } th scope="col" { "Next" }
            } }
            tbody { @for row in sources { (source(row, now)) } }
        }
    }
}

fn source(row: &SourceRow, now: Timestamp) -> Markup {
    let outcome = row.last.as_ref().and_then(|run| run.outcome.as_ref());
    let error = outcome.and_then(|outcome| outcome.error.as_ref());
    html! {
        tr {
            th.full scope="row" {
                b { (row.source) } " " span.soft { (row.kind.word()) }
                @if let Some(error) = error { span.sub { (look::sentence(&error.shown())) } }
            }
            td {
                @match (&row.last, outcome) {
                    (None, _) => span.soft { "never" },
                    (Some(run), None) => { "began " (words::span(run.began, now)) " ago, still under way" },
                    (Some(_), Some(outcome)) => {
                        (status(match outcome.end {
                            RunEnd::Complete => Status::Ok,
                            RunEnd::Partial | RunEnd::Interrupted => Status::Warning,
                            RunEnd::Failed => Status::Error,
                        }))
                        " " (outcome.end.word()) ", " (words::span(outcome.ended, now)) " ago"
                    },
                }
            }
            @if let Some(outcome) = outcome {
                td.num data-k="found" { (words::count(outcome.found)) }
                td.num data-k="kept" { (words::count(outcome.stored)) }
                td.soft data-k="skipped" {
                    @for (reason, count) in &outcome.skipped { (words::count(*count)) " " (untrusted::shown(reason)) " " }
                }
            } @else { td {} td {} td {} }
            td.nb data-k="next" {
                @match row.due {
                    Some(due) if due > now => { "in " (words::span(now, due)) },
                    Some(_) => "now",
                    None => {},
                }
            }
        }
    }
}
