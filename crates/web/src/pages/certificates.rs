//! Certificates: all of them or those that were asked for, the most urgent first, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use model::inventory::ClaimRow;
use model::sighting::SourceKind;
use model::{Status, untrusted};
use store::{Cursor, Entry, Listed, Listing, Order, Whole};

use super::failure::Failure;
use crate::Parts;
use crate::address::{Address, Chosen};
use crate::look::{self, Glyph, Page, Tab, life, status, words};
use crate::query::{self, Query, Unread};

/// Rows on a page: a screen or two, and few enough for a phone.
const ROWS: u32 = 50;
/// Counting ends here.
const COUNTED: u32 = 10_001;
/// In an inventory up to this size every facet says its number; in a larger one it would cost more than it tells.
const FACETS_COUNTED: u64 = 20_000;

/// What a person chose, as the address has it.
pub(crate) struct Choice {
    /// The query as it was typed.
    pub(crate) text: String,
    /// The query, when it can be read.
    pub(crate) query: Result<Query, Unread>,
    order: Order,
    by_name: bool,
    after: Option<Cursor>,
}

impl Choice {
    /// Reads it.
    pub(crate) fn of(chosen: &Chosen, now: Timestamp) -> Self {
        let text = chosen.of("q").unwrap_or_default().trim().to_owned();
        Self {
            query: Query::parse(&text, now),
            text,
            order: match chosen.of("sort") {
                Some("ends") => Order::Ends,
                Some("newest") => Order::Newest,
                _ => Order::Urgency,
            },
            by_name: chosen.of("group") == Some("name"),
            after: chosen.of("after").and_then(|after| after.parse().ok()),
        }
    }

    /// What is asked of the memory; everything when the query cannot be read, so that the list is there all the same.
    pub(crate) fn listing(&self) -> Listing {
        Listing {
            conditions: self.query.as_ref().map(Query::conditions).unwrap_or_default(),
            order: self.order,
        }
    }

    /// Whether a row is a name rather than a certificate.
    pub(crate) const fn by_name(&self) -> bool {
        self.by_name
    }

    fn address(&self, path: &str, text: &str) -> Address {
        let sort = match self.order {
            Order::Urgency => "",
            Order::Ends => "ends",
            Order::Newest => "newest",
        };
        Address::new(path)
            .with("q", text)
            .with("sort", sort)
            .with("group", if self.by_name { "name" } else { "" })
    }
}

/// What a page shows.
struct Shown<'a> {
    choice: &'a Choice,
    parts: &'a Parts,
    kinds: BTreeMap<Box<str>, SourceKind>,
    now: Timestamp,
}

/// The page.
pub(super) async fn page(State(parts): State<Arc<Parts>>, chosen: Chosen) -> Result<Page, Failure> {
    let now = (parts.clock)();
    let choice = Choice::of(&chosen, now);
    let listing = choice.listing();
    let listed = parts.store.list(&listing, choice.after, ROWS, now).await?;
    let count = parts.store.count_listed(&listing, COUNTED).await?;
    let all = parts.store.counters().await?.certificates;
    let facets = facets(&parts, &choice, all, &listed, now).await?;
    let shown = Shown {
        kinds: parts.store.source_kinds().await?,
        choice: &choice,
        parts: &parts,
        now,
    };
    let main = html! {
        div.head {
            h1 { "Certificates" }
            (form(&choice))
        }
        div.list {
            (facets)
            div {
                (tools(&choice, count, all))
                (table(&shown, &listed))
                (pager(&choice, &listed))
            }
        }
    };
    let mut page = Page::new("Certificates".to_owned(), Tab::Certificates, now, main);
    if choice.query.is_err() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(page)
}

fn form(choice: &Choice) -> Markup {
    let unread = choice.query.as_ref().err();
    html! {
        form.query role="search" aria-label="Certificates" action="/certificates" {
            label.vh for="q" { "Query" }
            input #q name="q" value=(choice.text) spellcheck="false" autocomplete="off" autocapitalize="none"
                maxlength=(query::LONGEST) aria-invalid=[unread.map(|_| "true")] aria-describedby=[unread.map(|_| "unread")];
            @if choice.by_name { input type="hidden" name="group" value="name"; }
            button.main { "Find" }
        }
        @if let Some(unread) = unread {
            (unread_at(&choice.text, unread))
        } @else {
            p.tips {
                "Words match names. Try"
                @for example in ["left:<14d", "status:critical", "served:no told:account", "covers:www.example.com"] {
                    " " a href=(Address::new("/certificates").with("q", example)) { (example) }
                }
            }
        }
    }
}

/// The query with the place that cannot be read, and why.
fn unread_at(text: &str, unread: &Unread) -> Markup {
    let part = |range: std::ops::Range<usize>| untrusted::shown(text.get(range).unwrap_or_default());
    html! {
        p #unread .unread {
            (Glyph::Error.coloured("crit")) " This is not understood: "
            code {
                (part(0..unread.place.start))
                mark { (part(unread.place.clone())) }
                (part(unread.place.end..text.len()))
            }
            ". " b { (look::sentence(&unread.why)) } " Everything is shown below."
        }
    }
}

fn tools(choice: &Choice, count: u64, all: u64) -> Markup {
    let has_query = choice.query.as_ref().is_ok_and(|query| !query.is_empty());
    let shown = if count >= u64::from(COUNTED) {
        format!("More than {}", words::count(u64::from(COUNTED) - 1))
    } else {
        words::count(count)
    };
    let export = |path: &str| choice.address(path, &choice.text);
    let mut grouped = Address::new("/certificates").with("q", &choice.text);
    if !choice.by_name {
        grouped = grouped.with("group", "name");
    }
    html! {
        div.tools {
            h2.say {
                @if has_query { (shown) " of " (words::counted(all, "certificate")) }
                @else { (words::counted(all, "certificate")) }
            }
            a href=(grouped) { (if choice.by_name { "One row per certificate" } else { "One row per name" }) }
            a href=(export("/certificates.csv")) { "CSV" }
            a href=(export("/certificates.ics")) { "Calendar" }
            a href=(export("/certificates.atom")) { "Feed" }
        }
    }
}

fn pager(choice: &Choice, listed: &Listed) -> Markup {
    html! {
        @if choice.after.is_some() || listed.next.is_some() {
            nav.pager aria-label="Pages of the list" {
                @if choice.after.is_some() {
                    a.btn href=(choice.address("/certificates", &choice.text)) { "From the beginning" }
                }
                @if let Some(next) = listed.next {
                    a.btn rel="next" href=(choice.address("/certificates", &choice.text).with("after", &next.to_string())) { "Next" }
                }
            }
        }
    }
}

/// A group of links that narrow the list down.
struct Facet {
    key: &'static str,
    head: &'static str,
    terms: Vec<(String, Markup)>,
}

async fn facets(
    parts: &Parts,
    choice: &Choice,
    all: u64,
    listed: &Listed,
    now: Timestamp,
) -> Result<Markup, Failure> {
    let empty = Query::default();
    let query = choice.query.as_ref().unwrap_or(&empty);
    let mut groups = Vec::new();
    for facet in offered(listed) {
        let mut links = Vec::new();
        for (term, words) in facet.terms {
            let is_chosen = query.has(&term);
            let text = query.toggled(facet.key, &term);
            let count = if all <= FACETS_COUNTED && !is_chosen {
                let conditions = Query::parse(&text, now).map(|query| query.conditions());
                let listing = Listing {
                    conditions: conditions.unwrap_or_default(),
                    order: Order::Urgency,
                };
                Some(parts.store.count_listed(&listing, COUNTED).await?)
            } else {
                None
            };
            // What leads nowhere is no link.
            if count != Some(0) {
                links.push((choice.address("/certificates", &text), words, count, is_chosen));
            }
        }
        if !links.is_empty() {
            groups.push((facet.head, links));
        }
    }
    Ok(html! {
        nav aria-label="Narrow down" {
            details.facets {
                summary { "Narrow down" }
                div {
                    @for (head, links) in &groups {
                        section {
                            h2 { (head) }
                            ul {
                                @for (address, words, count, is_chosen) in links {
                                    li {
                                        a href=(address) aria-current=[is_chosen.then_some("true")] {
                                            span { (words) }
                                            @if let Some(count) = count { span { (words::count(*count)) } }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    })
}

fn offered(listed: &Listed) -> [Facet; 5] {
    let plain = |pairs: &[(&str, &str)]| {
        let terms = pairs
            .iter()
            .map(|(term, words)| ((*term).to_owned(), html! { (words) }));
        terms.collect()
    };
    let statuses = Status::WORST_FIRST
        .iter()
        .map(|which| (format!("status:{}", which.word().to_lowercase()), status(*which)));
    let issuers: BTreeSet<String> = listed.entries.iter().filter_map(issuer_of).collect();
    let issuers = issuers
        .into_iter()
        .take(8)
        .map(|name| (format!("issuer:{}", query::quoted(&name)), html! { (name) }));
    [
        Facet {
            key: "status",
            head: "Status",
            terms: statuses.collect(),
        },
        Facet {
            key: "left",
            head: "Life left",
            terms: plain(&[
                ("left:0", "ended"),
                ("left:<7d", "under 7 days"),
                ("left:7d..30d", "7 to 30 days"),
                ("left:30d..60d", "30 to 60 days"),
                ("left:>60d", "more"),
            ]),
        },
        Facet {
            key: "served",
            head: "Served",
            terms: plain(&[
                ("served:yes", "by an endpoint"),
                ("served:no", "nowhere that was seen"),
            ]),
        },
        Facet {
            key: "told",
            head: "Told by",
            terms: plain(&[
                ("told:account", "CA account"),
                ("told:files", "files"),
                ("told:table", "tables"),
                ("told:cluster", "clusters"),
            ]),
        },
        Facet {
            key: "issuer",
            head: "Issuer, of these",
            terms: issuers.collect(),
        },
    ]
}

fn issuer_of(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Whole(row) => Some(look::common_name(row.certificate.issuer.raw())),
        Entry::Claimed(row) => row.issuer.as_ref().map(|issuer| look::common_name(issuer.raw())),
    }
}

fn table(shown: &Shown<'_>, listed: &Listed) -> Markup {
    if listed.entries.is_empty() {
        return html! {
            p { "No certificate fits. " a href="/certificates" { "All certificates" } }
        };
    }
    if shown.choice.by_name {
        return by_name(shown, listed);
    }
    let sorted = |order| (shown.choice.order == order).then_some("ascending");
    let head = |order: Order, word: &str| {
        let choice = Choice {
            text: shown.choice.text.clone(),
            query: Ok(Query::default()),
            order,
            by_name: false,
            after: None,
        };
        html! { a href=(choice.address("/certificates", &choice.text)) { (word) } }
    };
    html! {
        table.certs.fold data-rows {
            caption.vh { "Certificates" }
            colgroup { col.c-st; col; col.c-life; col.c-left; col.c-iss; col.c-srv; col.c-src; }
            thead { tr {
                th scope="col" aria-sort=[sorted(Order::Urgency)] { (head(Order::Urgency, "Urgency")) }
                th scope="col" aria-sort=[sorted(Order::Newest)] { (head(Order::Newest, "Name, newest first")) }
                th scope="col" colspan="2" aria-sort=[sorted(Order::Ends)] { (head(Order::Ends, "Life left")) }
                th scope="col" { "Issuer" }
                th.num scope="col" { "Served by" }
                th scope="col" { "Told by" }
            } }
            tbody {
                @for entry in &listed.entries {
                    @match entry {
                        Entry::Whole(row) => (whole(shown, row)),
                        Entry::Claimed(row) => (claimed(shown, row)),
                    }
                }
            }
        }
    }
}

fn whole(shown: &Shown<'_>, row: &Whole) -> Markup {
    let certificate = &row.certificate;
    let (first, more) = look::names(&certificate.names, || certificate.subject.shown());
    let served_by = row.served_by();
    html! {
        tr {
            td { (standing(row, shown.now)) }
            th.full scope="row" {
                span.name { a href={ "/certificates/" (certificate.fingerprint) } { (first) } } (more)
                @if let Some(reason) = reason(row) { span.sub { (reason) } }
            }
            @if let (Some(begin), Some(end)) = (certificate.not_before, certificate.not_after) {
                td.l { (life(begin, end, &shown.parts.policy, shown.now)) }
                td.nb { (words::left(end, shown.now)) }
            } @else {
                td.l {} td.soft { "no end" }
            }
            td.soft.hide { (look::common_name(certificate.issuer.raw())) }
            td.num.nb data-k="served by" {
                @if served_by == 0 { span.soft { "nowhere" } } @else { (words::count(served_by)) }
            }
            td.hide { (look::sources(served_by > 0, certificate.told.iter().map(|told| &told.source), &shown.kinds)) }
        }
    }
}

/// How it stands: as the worst that serves it; what is served nowhere has no status, and says when it is over.
fn standing(row: &Whole, now: Timestamp) -> Markup {
    match row.status() {
        Some(worst) => status(worst),
        None if row.certificate.not_after.is_some_and(|end| end <= now) => html! { span.soft { "over" } },
        None => html! { span.soft { "not seen" } },
    }
}

/// Why it is not in order, in a sentence.
fn reason(row: &Whole) -> Option<String> {
    let seen = row.worst.as_ref()?.seen.as_ref()?;
    if seen.status == Status::Ok {
        return None;
    }
    let said = seen.findings.first()?;
    Some(look::sentence(&said.message.shown()))
}

fn claimed(shown: &Shown<'_>, row: &ClaimRow) -> Markup {
    let (first, more) = look::names(&row.names, || {
        let name = row.common_name.as_ref().map(untrusted::Untrusted::shown);
        name.unwrap_or_else(|| "a certificate without a name".to_owned())
    });
    html! {
        tr {
            td { span.soft { "claimed" } }
            th.full scope="row" {
                span.name { (first) } (more)
                span.sub { "An account lists it, and nobody has seen it." }
            }
            @if let (Some(begin), Some(end)) = (row.not_before, row.not_after) {
                td.l { (life(begin, end, &shown.parts.policy, shown.now)) }
                td.nb { (words::left(end, shown.now)) }
            } @else {
                td.l {}
                td.nb { @if let Some(end) = row.not_after { (words::left(end, shown.now)) } }
            }
            td.soft.hide { @if let Some(issuer) = &row.issuer { (look::common_name(issuer.raw())) } }
            td.num.nb data-k="served by" { span.soft { "nowhere" } }
            td.hide { (look::sources(false, row.told.iter().map(|told| &told.source), &shown.kinds)) }
        }
    }
}

/// One row for each name of each certificate, with the columns of a scan.
fn by_name(shown: &Shown<'_>, listed: &Listed) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="One row per name" {
            table.sans data-rows {
                caption.vh { "One row for each name of each certificate" }
                thead { tr {
                    @for head in ["Name", "Common name", "Issuer", "Ends"] { th scope="col" { (head) } }
                    th.num scope="col" { "Days" }
                    @for head in ["Status", "Protocol", "Cipher", "Source"] { th scope="col" { (head) } }
                } }
                tbody {
                    @for entry in &listed.entries {
                        @for row in sans(entry, shown.now) { (san(shown, &row)) }
                    }
                }
            }
        }
    }
}

/// A row of the list by names.
pub(crate) struct San<'a> {
    /// The name.
    pub(crate) name: String,
    /// The certificate's common name.
    pub(crate) common_name: String,
    /// Who issued it.
    pub(crate) issuer: String,
    /// When it ends.
    pub(crate) ends: Option<Timestamp>,
    /// Whole days until then, negative when it is over.
    pub(crate) days: Option<i64>,
    /// How it stands where it is served; `None` when it is served nowhere.
    pub(crate) status: Option<Status>,
    /// TLS as one of those that serve it showed it.
    pub(crate) tls: Option<(&'a str, &'a str)>,
    /// Where it came from.
    pub(crate) entry: &'a Entry,
}

/// The rows of one certificate.
pub(crate) fn sans(entry: &Entry, now: Timestamp) -> Vec<San<'_>> {
    let (names, common_name, ends) = match entry {
        Entry::Whole(row) => (
            &row.certificate.names,
            row.certificate.common_name.as_ref(),
            row.certificate.not_after,
        ),
        Entry::Claimed(row) => (&row.names, row.common_name.as_ref(), row.not_after),
    };
    let common_name = common_name.map(|name| name.shown()).unwrap_or_default();
    let (status, tls) = match entry {
        Entry::Whole(row) => {
            let seen = row.worst.as_ref().and_then(|worst| worst.seen.as_ref());
            let tls = seen.and_then(|seen| seen.tls.as_ref());
            (row.status(), tls.map(|tls| (&*tls.version, &*tls.cipher)))
        }
        Entry::Claimed(_) => (None, None),
    };
    let days = ends.map(|end| (end.as_second() - now.as_second()).div_euclid(86_400));
    let issuer = issuer_of(entry).unwrap_or_default();
    let row = |name: String| San {
        name,
        common_name: common_name.clone(),
        issuer: issuer.clone(),
        ends,
        days,
        status,
        tls,
        entry,
    };
    if names.is_empty() {
        return vec![row(common_name.clone())];
    }
    names.iter().map(|name| row(untrusted::shown(name))).collect()
}

fn san(shown: &Shown<'_>, row: &San<'_>) -> Markup {
    let unseen = || html! { span.soft { "not seen" } };
    html! {
        tr {
            th scope="row" {
                span.name {
                    @match row.entry {
                        Entry::Whole(whole) => a href={ "/certificates/" (whole.certificate.fingerprint) } { (row.name) },
                        Entry::Claimed(_) => (row.name),
                    }
                }
            }
            td.soft { (row.common_name) }
            td.soft { (row.issuer) }
            td.nb { @if let Some(end) = row.ends { (end.strftime("%Y-%m-%d")) } }
            td.num { @if let Some(days) = row.days { (days) } }
            td { @match row.status { Some(worst) => (status(worst)), None => (unseen()) } }
            td.nb { @match row.tls { Some((version, _)) => (untrusted::shown(version)), None => (unseen()) } }
            td { @match row.tls { Some((_, cipher)) => (untrusted::shown(cipher)), None => (unseen()) } }
            td {
                @match row.entry {
                    Entry::Whole(whole) => (look::sources(whole.served_by() > 0, whole.certificate.told.iter().map(|told| &told.source), &shown.kinds)),
                    Entry::Claimed(claim) => (look::sources(false, claim.told.iter().map(|told| &told.source), &shown.kinds)),
                }
            }
        }
    }
}
