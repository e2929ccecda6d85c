//! iCalendar (RFC 5545): a day for each end, known by the certificate, with an alarm two weeks and a week before.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use maud::html;
use store::Entry;

use super::first;
use crate::Parts;
use crate::address::Chosen;
use crate::pages::certificates::{Choice, sans};
use crate::pages::failure::{self, Failure};

pub(super) async fn answer(State(parts): State<Arc<Parts>>, chosen: Chosen) -> Result<Response, Failure> {
    let now = (parts.clock)();
    let choice = Choice::of(&chosen, now);
    if let Err(unread) = &choice.query {
        return Ok(failure::unreadable(&html! { (unread.why) }).into_response());
    }
    let entries = first(&parts, &choice.listing()).await?;
    let mut text = String::new();
    push(&mut text, "BEGIN:VCALENDAR");
    push(&mut text, "VERSION:2.0");
    push(&mut text, "PRODID:-//nolapse//certificates//EN");
    push(&mut text, "X-WR-CALNAME:Certificates that end");
    for entry in &entries {
        event(entry, now, &mut text);
    }
    push(&mut text, "END:VCALENDAR");
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response())
}

fn event(entry: &Entry, now: Timestamp, out: &mut String) {
    let rows = sans(entry, now);
    let (Some(row), Entry::Whole(whole)) = (rows.first(), entry) else {
        return;
    };
    let Some(end) = row.ends else { return };
    let next = end.saturating_add(SignedDuration::from_hours(24)).unwrap_or(end);
    push(out, "BEGIN:VEVENT");
    push(out, &format!("UID:{}@nolapse", whole.certificate.fingerprint));
    push(out, &format!("DTSTAMP:{}", now.strftime("%Y%m%dT%H%M%SZ")));
    push(out, &format!("DTSTART;VALUE=DATE:{}", end.strftime("%Y%m%d")));
    push(out, &format!("DTEND;VALUE=DATE:{}", next.strftime("%Y%m%d")));
    push(
        out,
        &format!("SUMMARY:Certificate of {} ends", escaped(&row.name)),
    );
    let names: Vec<&str> = rows.iter().take(50).map(|row| row.name.as_str()).collect();
    let description = format!(
        "At {}. Names: {}. Issuer: {}. Served by {}.",
        end.strftime("%H:%M UTC"),
        names.join(", "),
        row.issuer,
        whole.served_by()
    );
    push(out, &format!("DESCRIPTION:{}", escaped(&description)));
    for days in [14, 7] {
        push(out, "BEGIN:VALARM");
        push(out, "ACTION:DISPLAY");
        push(out, &format!("TRIGGER:-P{days}D"));
        push(
            out,
            &format!("DESCRIPTION:Certificate of {} ends", escaped(&row.name)),
        );
        push(out, "END:VALARM");
    }
    push(out, "END:VEVENT");
}

/// Text as section 3.3.11 wants it; controls are gone already.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace(['\r', '\n'], " ")
}

/// A line, folded after 75 octets at most (section 3.1).
fn push(out: &mut String, line: &str) {
    let mut room = 75;
    for character in line.chars() {
        if character.len_utf8() > room {
            out.push_str("\r\n ");
            room = 74;
        }
        room -= character.len_utf8();
        let _ = write!(out, "{character}");
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_texts_escaped() {
        let mut out = String::new();
        push(&mut out, &"ä".repeat(60));
        assert!(out.lines().all(|line| line.len() <= 75), "{out}");
        assert_eq!(out.replace("\r\n ", "").trim_end(), "ä".repeat(60));
        assert_eq!(escaped("a;b,c\\d\nE"), "a\\;b\\,c\\\\d E");
    }
}
