//! CSV: a row for each certificate, or for each name, all of them, page by page so that nothing grows.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::html;
use model::untrusted;
use store::{Cursor, Entry, Listing};

use crate::Parts;
use crate::address::Chosen;
use crate::pages::certificates::{Choice, sans};
use crate::pages::failure;

/// Rows that are read at a time.
const ROWS: u32 = 500;
const COLUMNS: &str = "name,common_name,issuer,ends,days,status,protocol,cipher,source,served_by,sha256\n";

pub(super) async fn answer(State(parts): State<Arc<Parts>>, chosen: Chosen) -> Response {
    let now = (parts.clock)();
    let choice = Choice::of(&chosen, now);
    if let Err(unread) = &choice.query {
        return failure::unreadable(&html! { (unread.why) }).into_response();
    }
    let reading = Reading {
        parts,
        listing: choice.listing(),
        by_name: choice.by_name(),
        now,
        next: Next::Head,
    };
    let pages = futures_util::stream::try_unfold(reading, Reading::page);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"certificates.csv\"",
        ),
    ];
    (headers, Body::from_stream(pages)).into_response()
}

/// How far one has read.
struct Reading {
    parts: Arc<Parts>,
    listing: Listing,
    by_name: bool,
    now: Timestamp,
    next: Next,
}

enum Next {
    Head,
    Rows(Option<Cursor>),
    End,
}

impl Reading {
    async fn page(mut self) -> Result<Option<(String, Self)>, store::Error> {
        let after = match self.next {
            Next::Head => {
                self.next = Next::Rows(None);
                return Ok(Some((COLUMNS.to_owned(), self)));
            }
            Next::Rows(after) => after,
            Next::End => return Ok(None),
        };
        let page = self
            .parts
            .store
            .list(&self.listing, after, ROWS, self.now)
            .await?;
        let mut text = String::new();
        for entry in &page.entries {
            rows(entry, self.by_name, self.now, &mut text);
        }
        self.next = page.next.map_or(Next::End, |next| Next::Rows(Some(next)));
        Ok(Some((text, self)))
    }
}

fn rows(entry: &Entry, by_name: bool, now: Timestamp, out: &mut String) {
    let (fingerprint, served_by, told) = match entry {
        Entry::Whole(row) => (
            row.certificate.fingerprint.to_string(),
            row.served_by(),
            &row.certificate.told,
        ),
        Entry::Claimed(row) => (String::new(), 0, &row.told),
    };
    let mut sources: Vec<&str> = told.iter().map(|told| told.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    let mut rows = sans(entry, now);
    if !by_name {
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        let names = names.join(" ");
        rows.truncate(1);
        rows.iter_mut().for_each(|row| row.name.clone_from(&names));
    }
    for row in rows {
        let (protocol, cipher) = row.tls.unwrap_or_default();
        let cells = [
            row.name.as_str(),
            &row.common_name,
            &row.issuer,
            &row.ends
                .map(|end| end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
                .unwrap_or_default(),
            &row.days.map(|days| days.to_string()).unwrap_or_default(),
            row.status.map(model::Status::word).unwrap_or_default(),
            protocol,
            cipher,
            &sources.join(" "),
            &served_by.to_string(),
            &fingerprint,
        ];
        for (place, cell) in cells.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            untrusted::push_cell(cell, out);
        }
        out.push('\n');
    }
}
