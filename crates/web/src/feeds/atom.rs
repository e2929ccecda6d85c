//! Atom (RFC 4287): an entry for each certificate, updated when it became known.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{Escaper, html};
use store::Entry;

use super::first;
use crate::Parts;
use crate::address::Chosen;
use crate::look::words;
use crate::pages::certificates::{Choice, sans};
use crate::pages::failure::{self, Failure};

pub(super) async fn answer(
    State(parts): State<Arc<Parts>>,
    chosen: Chosen,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let now = (parts.clock)();
    let choice = Choice::of(&chosen, now);
    if let Err(unread) = &choice.query {
        return Ok(failure::unreadable(&html! { (unread.why) }).into_response());
    }
    let entries = first(&parts, &choice.listing()).await?;
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let scheme = if parts.secure { "https" } else { "http" };
    let base = format!("{scheme}://{}", host.unwrap_or("localhost"));
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:nolapse:certificates</id>\
         <title>Certificates</title><updated>{}</updated><author><name>nolapse</name></author>",
        moment(now)
    );
    for entry in &entries {
        push(entry, &base, now, &mut text);
    }
    text.push_str("</feed>\n");
    Ok((
        [(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")],
        text,
    )
        .into_response())
}

fn push(entry: &Entry, base: &str, now: Timestamp, out: &mut String) {
    let rows = sans(entry, now);
    let (Some(row), Entry::Whole(whole)) = (rows.first(), entry) else {
        return;
    };
    let fingerprint = whole.certificate.fingerprint;
    let status = row.status.map_or("not seen", model::Status::word);
    let left = row
        .ends
        .map_or_else(|| "no end".to_owned(), |end| words::left(end, now));
    out.push_str("<entry><id>urn:sha256:");
    out.push_str(&fingerprint.to_string());
    out.push_str("</id><title>");
    escape(&format!("{}: {status}, {left}", row.name), out);
    out.push_str("</title><updated>");
    out.push_str(&moment(whole.certificate.first_known));
    out.push_str("</updated><link href=\"");
    escape(&format!("{base}/certificates/{fingerprint}"), out);
    out.push_str("\"/><summary>");
    let names: Vec<&str> = rows.iter().take(50).map(|row| row.name.as_str()).collect();
    escape(&format!("{}. Issuer: {}.", names.join(", "), row.issuer), out);
    out.push_str("</summary></entry>");
}

fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn escape(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    // It writes to a text, which takes everything.
    let _ = Escaper::new(out).write_str(text);
}
