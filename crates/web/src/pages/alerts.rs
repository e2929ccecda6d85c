//! Alerts: what is wrong, one entry for each cause with its reach; what people answered; and how the channels go.
//!
//! Answers are given by forms: to take care, to be silent for a while, and to take either back. A form that cannot be taken
//! comes back as it was filled in, with what is wrong.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use model::alert::{Acknowledgement, Alert, AlertId, ChannelRow, Letter, LetterState, Pattern, Silence};
use model::{Untrusted, limits};

use super::failure::Failure;
use crate::Parts;
use crate::form::Given;
use crate::look::{self, Glyph, Page, Tab, status, words};

/// Letters that were given up and are shown, the last ones.
const DEAD: u32 = 20;
/// Entries that are shown; more than one person reads in a day.
const SHOWN: usize = 200;
/// How long a silence may be, as the form offers it.
const SPANS: [(&str, &str, i64); 5] = [
    ("1h", "an hour", 1),
    ("4h", "four hours", 4),
    ("1d", "a day", 24),
    ("7d", "a week", 7 * 24),
    ("30d", "thirty days", 30 * 24),
];

/// A form that was not taken: what was filled in, and why not.
struct Refused<'a> {
    given: &'a Given,
    why: String,
}

/// The page.
pub(super) async fn page(State(parts): State<Arc<Parts>>) -> Result<Page, Failure> {
    shown(&parts, None).await
}

async fn shown(parts: &Parts, refused: Option<&Refused<'_>>) -> Result<Page, Failure> {
    let now = (parts.clock)();
    let open = open(parts).await?;
    let silences = parts.store.silences(now).await?;
    let answers = parts.store.acknowledgements().await?;
    let channels = parts.store.channels().await?;
    let dead = parts.store.letters(Some(LetterState::Dead), DEAD).await?;
    let reach: u64 = open.iter().map(|alert| alert.condition.reach).sum();
    let main = html! {
        div.head {
            h1 {
                @match open.len() {
                    0 => "Nothing is wrong.",
                    causes => {
                        (words::number(u64::try_from(causes).unwrap_or(u64::MAX))) (if causes == 1 { " cause" } else { " causes" })
                        " " span.soft { "reaching " (words::counted(reach, "endpoint")) "." }
                    }
                }
            }
            @if let Some(refused) = refused { p.verdict role="alert" { (Glyph::Error.coloured("crit")) " " (look::sentence(&refused.why)) } }
        }
        @if !open.is_empty() {
            section.sec aria-labelledby="open" {
                header { h2 #open { "Open" } p { "Worst first. One entry for each cause, however far it reaches." } }
                div {
                    @for alert in open.iter().take(SHOWN) { (entry(alert, &answers, &silences, refused, now)) }
                    @if open.len() > SHOWN { p.note { "And " (open.len() - SHOWN) " more: " code { "nolapse alerts" } " lists all." } }
                }
            }
        }
        (quiet(&silences, refused, now))
        (told(&channels, now))
        @if !dead.is_empty() { (given_up(&dead)) }
    };
    let mut page = Page::new("Alerts".to_owned(), Tab::Alerts, now, main);
    if refused.is_some() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

/// What is open, worst and widest first.
pub(super) async fn open(parts: &Parts) -> Result<Vec<Alert>, Failure> {
    let mut open = parts.store.alerts_open().await?;
    open.sort_by_key(|alert| {
        let condition = &alert.condition;
        (
            Reverse((condition.severity, condition.reach)),
            condition.since,
            alert.id.clone(),
        )
    });
    Ok(open)
}

/// The head of an entry, as the overview shows it too: there it leads here.
pub(super) fn title(alert: &Alert, leads: bool, now: Timestamp) -> Markup {
    let condition = &alert.condition;
    let sentence = look::sentence(&condition.title.shown());
    html! {
        div.cause {
            div { (status(condition.severity)) }
            div {
                h3 {
                    @if leads { a href={ "/alerts#a" (alert.id) } { (whereabouts(alert)) } } @else { (whereabouts(alert)) }
                    " " span.soft { (sentence) }
                }
                p.sub {
                    code { (condition.rule) } ", for " (words::span(condition.since, now))
                    @if condition.reach > 1 {
                        ": "
                        @for (number, example) in condition.examples.iter().enumerate() {
                            @if number > 0 { ", " }
                            (model::untrusted::shown(example))
                        }
                        @if condition.reach > u64::try_from(condition.examples.len()).unwrap_or(u64::MAX) { ", ..." }
                    }
                }
            }
        }
    }
}

/// The one that is concerned, or how many.
fn whereabouts(alert: &Alert) -> String {
    let condition = &alert.condition;
    match condition.examples.first().filter(|_| condition.reach <= 1) {
        Some(only) => model::untrusted::shown(only),
        None => words::counted(condition.reach, "endpoint"),
    }
}

fn entry(
    alert: &Alert,
    answers: &[Acknowledgement],
    silences: &[Silence],
    refused: Option<&Refused<'_>>,
    now: Timestamp,
) -> Markup {
    let condition = &alert.condition;
    let answer = answers.iter().find(|answer| alert.is_answered_by(answer));
    let silence = silences.iter().find(|silence| silence.pattern.covers(condition));
    // The form that was not taken stays open, as it was filled in.
    let refused = refused.filter(|refused| refused.given.of("alert") == alert.id.as_str());
    let filled = |name| refused.map_or("", |refused| refused.given.of(name));
    html! {
        article.finding.wide #{ "a" (alert.id) } {
            (title(alert, false, now))
            p { (look::sentence(&condition.remedy.shown())) }
            @if let Some(silence) = silence {
                p.note { "Silent until " (words::date(silence.ends, now)) ": " (silence.reason.shown()) " (" (silence.author.shown()) ")" }
            }
            @if let Some(answer) = answer {
                form.acts method="post" action="/alerts/take-back" {
                    input type="hidden" name="alert" value=(alert.id);
                    span { (answer.author.shown()) " takes care since " (words::date(answer.at, now)) ": " (answer.reason.shown()) " " }
                    button { "Take back" }
                }
            } @else {
                details.acts open[refused.is_some()] {
                    summary { "Take care of it" }
                    form.answer method="post" action="/alerts/acknowledge" {
                        input type="hidden" name="alert" value=(alert.id);
                        (field("Your name", "author", filled("author"), true))
                        (field("What you are doing about it", "reason", filled("reason"), false))
                        button.main { "Acknowledge" }
                    }
                    p.note { "It is not repeated until it is worse, reaches twice as far, or is gone." }
                }
            }
        }
    }
}

fn field(label: &str, name: &str, filled: &str, required: bool) -> Markup {
    html! {
        label { (label) " " input name=(name) value=(filled) maxlength=(limits::ALERT_REASON_BYTES) required[required] autocomplete="off"; }
    }
}

fn quiet(silences: &[Silence], refused: Option<&Refused<'_>>, now: Timestamp) -> Markup {
    let refused = refused
        .filter(|refused| !refused.given.of("pattern").is_empty() || refused.given.of("alert").is_empty());
    let filled = |name| refused.map_or("", |refused| refused.given.of(name));
    html! {
        section.sec aria-labelledby="silences" {
            header { h2 #silences { "Silences" } p { "What fits is told to nobody until the end. It stays on this page." } }
            div {
                @if !silences.is_empty() {
                    table.fold {
                        caption.vh { "Silences in force" }
                        thead { tr { th scope="col" { "What" } th scope="col" { "Why" } th scope="col" { "Who" } th scope="col" { "Until" } th {} } }
                        tbody { @for silence in silences { tr {
                            th.full scope="row" { code { (silence.pattern) } }
                            td { (silence.reason.shown()) }
                            td { (silence.author.shown()) }
                            td.nb { (words::date(silence.ends, now)) }
                            td {
                                form method="post" action="/alerts/unsilence" {
                                    input type="hidden" name="silence" value=(silence.id);
                                    button aria-label={ "End the silence of " (silence.pattern) } { "End" }
                                }
                            }
                        } } }
                    }
                }
                details.acts open[refused.is_some()] {
                    summary { "Be silent about something" }
                    form.answer method="post" action="/alerts/silence" {
                        (field("What: rule:RULE, name:NAME or name:*.NAME, least:SEVERITY", "pattern", filled("pattern"), true))
                        (field("Why", "reason", filled("reason"), true))
                        (field("Your name", "author", filled("author"), true))
                        label { "For " select name="for" {
                            @for (value, words, _) in SPANS { option value=(value) selected[filled("for") == value] { (words) } }
                        } }
                        button.main { "Silence" }
                    }
                }
            }
        }
    }
}

fn told(channels: &[ChannelRow], now: Timestamp) -> Markup {
    html! {
        section.sec aria-labelledby="channels" {
            header { h2 #channels { "Channels" } p { "Who was told, and how the last telling went." } }
            div {
                @if channels.is_empty() {
                    p { "Nobody was told of anything yet. Channels and routes stand in the configuration; " code { "nolapse channel test NAME" } " tries one." }
                } @else {
                    table.fold {
                        caption.vh { "Channels" }
                        thead { tr {
                            th scope="col" { "Channel" } th scope="col" { "Last arrival" } th scope="col" { "State" }
                            th.num scope="col" { "Waiting" } th.num scope="col" { "Given up" }
                        } }
                        tbody { @for row in channels { tr {
                            th.full scope="row" { (row.name) }
                            td.nb { @match row.delivered { Some(at) => { (words::span(at, now)) " ago" } None => "never" } }
                            td {
                                @if let Some(since) = row.failing_since {
                                    (Glyph::Error.coloured("crit")) " Fails for " (words::span(since, now)) ": " (row.answer.shown())
                                } @else { "in order" }
                            }
                            td.num data-k="waiting" { (words::count(row.waiting)) }
                            td.num data-k="given up" { (words::count(row.dead)) }
                        } } }
                    }
                }
            }
        }
    }
}

fn given_up(dead: &[Letter]) -> Markup {
    html! {
        section.sec aria-labelledby="dead" {
            header { h2 #dead { "Given up" } p { "Letters that could not be delivered for a day." } }
            div {
                ul { @for letter in dead {
                    li {
                        b { (letter.channel) } ", written " (words::moment(letter.written)) ", " (words::counted(u64::from(letter.tries), "attempt"))
                        ": " (letter.answer.shown())
                    }
                } }
            }
        }
    }
}

/// Somebody takes care of an alert.
pub(super) async fn acknowledge(State(parts): State<Arc<Parts>>, given: Given) -> Result<Response, Failure> {
    let read = || {
        let id = AlertId::parse(given.of("alert")).ok_or("this is no alert: load the page again")?;
        Ok((id, author(&given)?, reason(&given)?))
    };
    let (id, author, reason) = match read() {
        Ok(read) => read,
        Err(why) => return refuse(&parts, &given, why).await,
    };
    let now = (parts.clock)();
    let is_open = parts.store.acknowledge(&id, now, &author, &reason).await?;
    match is_open {
        true => Ok(back()),
        false => gone(&parts, &given).await,
    }
}

/// Nobody takes care of it any more.
pub(super) async fn take_back(State(parts): State<Arc<Parts>>, given: Given) -> Result<Response, Failure> {
    let Some(id) = AlertId::parse(given.of("alert")) else {
        return refuse(&parts, &given, "this is no alert: load the page again").await;
    };
    match parts.store.take_back(&id).await? {
        true => Ok(back()),
        false => gone(&parts, &given).await,
    }
}

/// Something is not told for a while.
pub(super) async fn silence(State(parts): State<Arc<Parts>>, given: Given) -> Result<Response, Failure> {
    let now = (parts.clock)();
    let read = || {
        let pattern = Pattern::parse(given.of("pattern")).map_err(|why| why.to_string())?;
        let span = { SPANS.iter() }.find(|(value, _, _)| *value == given.of("for"));
        let (_, _, hours) = span.ok_or("choose for how long from the list")?;
        let ends = now
            .saturating_add(SignedDuration::from_hours(*hours))
            .unwrap_or(Timestamp::MAX);
        let reason = reason(&given)?;
        if reason.raw().is_empty() {
            return Err("a silence needs a reason, for whoever meets it".to_owned());
        }
        Ok(Silence {
            id: AlertId::of(&format!("{pattern}|{now}")).as_str().into(),
            author: author(&given)?,
            pattern,
            reason,
            begins: now,
            ends,
        })
    };
    let read: Result<Silence, String> = read();
    match read {
        Ok(silence) => {
            parts.store.silence(&silence).await?;
            Ok(back())
        }
        Err(why) => refuse(&parts, &given, &why).await,
    }
}

/// A silence ends now.
pub(super) async fn unsilence(State(parts): State<Arc<Parts>>, given: Given) -> Result<Response, Failure> {
    let id = given.of("silence");
    match parts.store.end_silence(id, (parts.clock)()).await? {
        true => Ok(back()),
        false => gone(&parts, &given).await,
    }
}

fn author(given: &Given) -> Result<Untrusted, &'static str> {
    let author = given.of("author");
    if author.is_empty() {
        return Err("say who you are: others will want to ask you");
    }
    bounded(author)
}

fn reason(given: &Given) -> Result<Untrusted, &'static str> {
    bounded(given.of("reason"))
}

fn bounded(text: &str) -> Result<Untrusted, &'static str> {
    match text.len() <= limits::ALERT_REASON_BYTES {
        true => Ok(Untrusted::new(text)),
        false => Err("a name or reason is longer than a kilobyte: say less"),
    }
}

/// After what was done the page is read anew, so that loading it again does nothing twice.
fn back() -> Response {
    Redirect::to("/alerts").into_response()
}

async fn refuse(parts: &Parts, given: &Given, why: &str) -> Result<Response, Failure> {
    let why = why.to_owned();
    Ok(shown(parts, Some(&Refused { given, why })).await?.into_response())
}

/// Somebody else was faster, or it ended by itself.
async fn gone(parts: &Parts, given: &Given) -> Result<Response, Failure> {
    let why = "it is not there any more: this is how things stand now".to_owned();
    let mut page = shown(parts, Some(&Refused { given, why })).await?;
    page.status = StatusCode::CONFLICT;
    Ok(page.into_response())
}
