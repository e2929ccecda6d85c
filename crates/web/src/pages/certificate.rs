//! One certificate: how it stands, who serves it, what its chain is to each store, and all that it says.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use maud::{Markup, html};
use model::inventory::{CertificateRow, EndpointRow, RowId, Seen};
use model::{Fingerprint, Status, limits, untrusted};

use super::failure::{self, Failure};
use crate::Parts;
use crate::look::{self, Page, Tab, life, status, words};
use crate::pictures::{bipartite, timeline};

/// Endpoints that are shown; the number of all stands above them.
const ENDPOINTS: u32 = 50;
/// Certificates that may take its place and are shown.
const SUCCESSORS: usize = 5;

/// What a page shows.
struct Shown<'a> {
    row: &'a CertificateRow,
    endpoints: &'a [EndpointRow],
    chain: &'a [Option<CertificateRow>],
    successors: &'a [CertificateRow],
    parts: &'a Parts,
    now: Timestamp,
}

/// The page, or the certificate as PEM when the address ends so.
pub(super) async fn page(
    State(parts): State<Arc<Parts>>,
    Path(name): Path<String>,
) -> Result<Response, Failure> {
    let (digits, is_pem) = name
        .strip_suffix(".pem")
        .map_or((name.as_str(), false), |digits| (digits, true));
    let Some(fingerprint) = fingerprint(digits) else {
        return Ok(failure::no_such("certificate", &name).into_response());
    };
    if is_pem {
        return Ok(match parts.store.der(fingerprint).await? {
            Some(der) => pem_answer(&der),
            None => failure::no_such("certificate", &name).into_response(),
        });
    }
    let Some(row) = parts.store.certificate(fingerprint).await? else {
        return Ok(failure::no_such("certificate", &name).into_response());
    };
    let now = (parts.clock)();
    let mut endpoints = parts
        .store
        .endpoints_serving(row.id, RowId::START, ENDPOINTS)
        .await?;
    endpoints.sort_by_key(|endpoint| std::cmp::Reverse(endpoint.state.status));
    let mut chain = Vec::new();
    for sent in endpoints.first().iter().flat_map(|endpoint| &endpoint.chain) {
        chain.push(parts.store.certificate(*sent).await?);
    }
    let mut successors: Vec<CertificateRow> = parts
        .store
        .newer_certificates(vec![row.id])
        .await?
        .into_iter()
        .map(|(_, newer)| newer)
        .filter(|newer| covers(newer, &row))
        .collect();
    successors.sort_by_key(|newer| std::cmp::Reverse(newer.not_after));
    successors.truncate(SUCCESSORS);
    let der = parts.store.der(fingerprint).await?.unwrap_or_default();
    let shown = Shown {
        row: &row,
        endpoints: &endpoints,
        chain: &chain,
        successors: &successors,
        parts: &parts,
        now,
    };
    let (title, _) = look::names(&row.names, || row.subject.shown());
    let main = html! {
        (head(&shown))
        (lives(&shown))
        (served_by(&shown))
        (received(&shown))
        (stores(&shown))
        (relations(&shown))
        (facts(&shown))
        (raw(&der, fingerprint))
    };
    Ok(Page::new(title, Tab::Certificates, now, main).into_response())
}

fn fingerprint(digits: &str) -> Option<Fingerprint> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digits = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(Fingerprint::from_bytes(bytes))
}

/// Whether one can stand for the other: it has all of its names, exactly or by a wildcard.
fn covers(newer: &CertificateRow, old: &CertificateRow) -> bool {
    old.names.iter().all(|name| {
        let parent = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let is = |other: &str| *other == **name || parent.as_deref() == Some(other);
        newer.names.iter().any(|other| is(other))
    })
}

fn head(shown: &Shown<'_>) -> Markup {
    let row = shown.row;
    let (first, _) = look::names(&row.names, || row.subject.shown());
    let more = row.names.len().saturating_sub(1);
    html! {
        div.head {
            p.crumb {
                a href="/certificates" { "Certificates" }
                @if let Some(end) = row.not_after { " / ends " (words::date(end, shown.now)) }
            }
            h1 {
                (first)
                @if more > 0 {
                    " " span.soft { "and " (words::counted(u64::try_from(more).unwrap_or(u64::MAX), "more name")) }
                }
            }
            p.verdict { (verdict(shown)) }
            p.asof {
                "Issued by " (look::common_name(row.issuer.raw())) ", known since " (words::date(row.first_known, shown.now)) "."
            }
        }
    }
}

fn verdict(shown: &Shown<'_>) -> Markup {
    let over = shown.row.not_after.is_some_and(|end| end <= shown.now);
    let ends = shown.row.not_after.map(|end| words::left(end, shown.now));
    let Some(worst) = shown.endpoints.first() else {
        return html! {
            b { "Served nowhere that was seen." }
            @match (ends, over) {
                (Some(ends), true) => { " It " (ends) "." },
                (Some(ends), false) => { " It ends in " (ends) "." },
                (None, _) => {},
            }
        };
    };
    let said = worst
        .seen
        .iter()
        .flat_map(|seen| &seen.findings)
        .next()
        .filter(|_| worst.state.status != Status::Ok)
        .map(|said| look::sentence(&said.message.shown()));
    html! {
        (status(worst.state.status)) " "
        @if let Some(said) = said { (said) " " }
        @if let Some(newer) = shown.successors.first() {
            "A newer one " a href={ "/certificates/" (newer.fingerprint) } { "is there" } ", and this one is still served. "
        }
        @if let (Some(ends), false) = (ends, over) { "It ends in " (ends) "." }
    }
}

fn lives(shown: &Shown<'_>) -> Markup {
    let (Some(begin), Some(end)) = (shown.row.not_before, shown.row.not_after) else {
        return html! {};
    };
    let mut lives = vec![timeline::Life {
        name: "This one".to_owned(),
        begin,
        end,
        is_current: true,
    }];
    for newer in shown.successors.iter().take(2) {
        if let (Some(begin), Some(end)) = (newer.not_before, newer.not_after) {
            let digits = newer.fingerprint.to_string();
            lives.push(timeline::Life {
                name: format!("Newer, {}", digits.get(..8).unwrap_or_default()),
                begin,
                end,
                is_current: false,
            });
        }
    }
    html! {
        section.sec aria-labelledby="time" {
            header { h2 #time { "Time" } p { "Its life, and what took or takes its place." } }
            div {
                (timeline::picture(&lives, shown.now))
                dl.facts.mt {
                    dt { "Begins" } dd { (words::moment(begin)) }
                    dt { "Ends" } dd { (words::moment(end)) " " span.soft { (words::left(end, shown.now)) } }
                }
            }
        }
    }
}

fn served_by(shown: &Shown<'_>) -> Markup {
    html! {
        section.sec aria-labelledby="endpoints" {
            header { h2 #endpoints { "Endpoints" } p { "That serve it now, trouble first." } }
            div {
                @if shown.endpoints.is_empty() {
                    p { "None. It was issued or found, and no look has seen it." }
                } @else {
                    (endpoints(shown.endpoints, shown.parts, (shown.row, shown.now)))
                    @if shown.endpoints.len() >= usize::try_from(ENDPOINTS).unwrap_or(usize::MAX) {
                        p.note { "The first " (ENDPOINTS) "." }
                    }
                }
            }
        }
    }
}

fn endpoints(
    rows: &[EndpointRow],
    parts: &Parts,
    (certificate, now): (&CertificateRow, Timestamp),
) -> Markup {
    html! {
        table.fold data-rows {
            caption.vh { "Endpoints that serve it" }
            thead { tr {
                @for head in ["Status", "Endpoint", "Seen from", "Life left", "TLS", "Trusted by"] { th scope="col" { (head) } }
                th.num scope="col" { "Looked at" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td { (status(row.state.status)) }
                        th.addr.full scope="row" { a href={ "/endpoints/" (row.id.0) } { (untrusted::shown(&row.place.to_string())) } }
                        td.soft data-k="from" { (row.vantage) }
                        td.l {
                            @if let (Some(begin), Some(end)) = (certificate.not_before, certificate.not_after) {
                                (life(begin, end, &parts.policy, now))
                            }
                        }
                        td.hide { @if let Some(tls) = row.seen.as_ref().and_then(|seen| seen.tls.as_ref()) { (untrusted::shown(&tls.version)) } }
                        td data-k="trusted by" { @if let Some(seen) = &row.seen { (trusted_by(seen)) } }
                        td.num.nb { (words::span(row.at, now)) " ago" }
                    }
                }
            }
        }
    }
}

/// `5 of 6, not Java`.
pub(super) fn trusted_by(seen: &Seen) -> Markup {
    let refusing: Vec<String> = seen
        .trust
        .iter()
        .filter(|said| !said.trusted)
        .map(|said| untrusted::shown(&said.store))
        .collect();
    let all = seen.trust.len();
    html! {
        @if all > 0 {
            (all - refusing.len()) " of " (all)
            @if !refusing.is_empty() && refusing.len() < all { span.sub { "not " (refusing.join(", ")) } }
        }
    }
}

fn received(shown: &Shown<'_>) -> Markup {
    let Some(worst) = shown.endpoints.first() else {
        return html! {};
    };
    html! {
        section.sec aria-labelledby="chain" {
            header { h2 #chain { "Chain" } p { "As " (untrusted::shown(&worst.place.to_string())) " sent it, leaf first." } }
            div { (chain(&worst.chain, shown.chain, shown.now)) }
        }
    }
}

/// What was sent, in order.
pub(super) fn chain(sent: &[Fingerprint], rows: &[Option<CertificateRow>], now: Timestamp) -> Markup {
    html! {
        ol.blocks {
            @for (fingerprint, row) in sent.iter().zip(rows).take(limits::CHAIN_CERTIFICATES) {
                li {
                    @match row {
                        Some(row) => {
                            b { a href={ "/certificates/" (fingerprint) } { (look::common_name(row.subject.raw())) } }
                            span.sub { "issued by " (look::common_name(row.issuer.raw())) }
                            @if let Some(end) = row.not_after { span.sub { (words::left(end, now)) } }
                            @if row.is_self_issued { span.sub { "signs itself: a root need not be sent" } }
                        },
                        None => code { (fingerprint) },
                    }
                }
            }
        }
    }
}

fn stores(shown: &Shown<'_>) -> Markup {
    let seen = shown.endpoints.first().and_then(|worst| worst.seen.as_ref());
    let Some(seen) = seen.filter(|seen| !seen.trust.is_empty()) else {
        return html! {};
    };
    html! {
        section.sec aria-labelledby="trust" {
            header { h2 #trust { "Trust" } p { "What each store says of that chain." } }
            div { (trust(seen)) }
        }
    }
}

/// The answer of every store.
pub(super) fn trust(seen: &Seen) -> Markup {
    html! {
        table.fold.trust {
            caption.vh { "The answer of every trust store" }
            thead { tr { th scope="col" { "Store" } th scope="col" { "Answer" } th scope="col" { "Why" } } }
            tbody {
                @for said in &seen.trust {
                    tr {
                        th scope="row" { (untrusted::shown(&said.store)) }
                        td { (status(if said.trusted { Status::Ok } else { Status::Critical })) }
                        td.soft { (if said.trusted { "trusted".to_owned() } else { untrusted::shown(&said.reason) }) }
                    }
                }
            }
        }
    }
}

fn relations(shown: &Shown<'_>) -> Markup {
    let names: Vec<String> = shown
        .row
        .names
        .iter()
        .map(|name| untrusted::shown(name))
        .collect();
    let places: Vec<String> = shown
        .endpoints
        .iter()
        .map(|row| untrusted::shown(&row.place.to_string()))
        .collect();
    html! {
        section.sec aria-labelledby="names" {
            header { h2 #names { "Names" } p { "What it says, and where it is served under which of them." } }
            div {
                @if !places.is_empty() && bipartite::fits(names.len(), places.len()) {
                    (bipartite::picture(&names, &edges(shown), &places))
                }
                ul.columns { @for name in names.iter().take(limits::NAMES_SHOWN) { li { (name) } } }
                @if names.len() > limits::NAMES_SHOWN {
                    p.note { (names.len() - limits::NAMES_SHOWN) " more are in the PEM below." }
                }
            }
        }
    }
}

/// Which name is served where: the name of an endpoint is in the certificate exactly, or by a wildcard.
fn edges(shown: &Shown<'_>) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    for (at, name) in shown.row.names.iter().enumerate() {
        for (place, row) in shown.endpoints.iter().enumerate() {
            let identity = row.place.service.identity.to_string();
            let parent = identity.split_once('.').map(|(_, parent)| format!("*.{parent}"));
            if **name == *identity || parent.as_deref() == Some(&**name) {
                edges.push((at, place));
            }
        }
    }
    edges
}

fn facts(shown: &Shown<'_>) -> Markup {
    let row = shown.row;
    html! {
        section.sec aria-labelledby="facts" {
            header { h2 #facts { "Facts" } }
            div {
                dl.facts {
                    dt { "Subject" } dd { (untrusted::shown_escaped(row.subject.raw())) }
                    dt { "Issuer" } dd { (untrusted::shown_escaped(row.issuer.raw())) }
                    dt { "Serial" } dd.mono { (digits(&row.serial)) }
                    dt { "SHA-256" } dd.mono { (row.fingerprint) }
                    dt { "Key" } dd { (untrusted::shown(&row.key)) }
                    dt { "Key, SHA-256" } dd.mono { (row.spki) }
                    @for told in &row.told {
                        dt { "Told by" }
                        dd { (told.source) span.soft { ", " (words::date(told.when.first, shown.now)) " to " (words::date(told.when.last, shown.now)) } }
                    }
                }
            }
        }
    }
}

fn digits(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

fn raw(der: &[u8], fingerprint: Fingerprint) -> Markup {
    html! {
        section.sec aria-labelledby="raw" {
            header { h2 #raw { "Raw" } p { a href={ "/certificates/" (fingerprint) ".pem" } { "PEM file" } } }
            div { details { summary { "Show the PEM" } pre tabindex="0" { (pem(der)) } } }
        }
    }
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in STANDARD.encode(der).as_bytes().chunks(64) {
        text.push_str(std::str::from_utf8(line).unwrap_or_default());
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

fn pem_answer(der: &[u8]) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/pem-certificate-chain"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"certificate.pem\"",
        ),
    ];
    (headers, pem(der)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_sixty_four_digits_and_nothing_else() {
        assert_eq!(
            fingerprint(&"aB".repeat(32)),
            Some(Fingerprint::from_bytes([0xab; 32]))
        );
        for bad in ["", "ab", &"ab".repeat(33), &"+b".repeat(32), &"ä".repeat(32)] {
            assert_eq!(fingerprint(bad), None, "{bad}");
        }
    }
}
