//! What an endpoint, an obstacle and a zone are in machine formats: one JSON object each.
//!
//! A [`Line`] or [`Report`] comes in, bytes go out. Written by hand and not through a value tree: a zone of a million names
//! is a million of these, and nothing else costs as much.

use std::fmt::{self, Write as _};

use model::zone::DomainRef;
use model::zone::expand::{Because, Certainty, Found, Holder, Line, Unusable};

use crate::discover::engine::{Report, State, plain};
use crate::json;

/// Appends an endpoint or an obstacle as one JSON object.
pub(crate) fn append(line: &Line<'_>, view: usize, out: &mut String) {
    match line {
        Line::Endpoint(found) => endpoint(found, view, out),
        Line::Unusable(unusable) => obstacle(unusable, view, out),
    }
}

fn endpoint(found: &Found<'_>, view: usize, out: &mut String) {
    // A name, an address and the words below hold nothing that JSON escapes; writing to a string cannot fail.
    write!(
        out,
        "{{\"kind\":\"endpoint\",\"name\":\"{}\",\"address\":\"{}\",\"port\":{},\"starttls\":\"{}\",\"holder\":\"{}\"",
        found.name,
        found.address,
        found.port,
        found.starttls.word(),
        holder(found.holder)
    )
    .unwrap_or_default();
    if let Holder::Ours(Some(group)) = found.holder {
        member("group", group, out);
    }
    match found.certainty {
        Certainty::Named => {}
        Certainty::Wildcard => out.push_str(",\"wildcard\":true"),
        Certainty::Guessed => out.push_str(",\"wildcard\":true,\"guessed\":true"),
    }
    tail(found.zone, view, found.because, out);
}

fn obstacle(unusable: &Unusable<'_>, view: usize, out: &mut String) {
    out.push_str("{\"kind\":\"");
    out.push_str(unusable.why.word());
    out.push('"');
    member("name", &plain(unusable.name), out);
    if let Some(address) = unusable.address {
        member("address", &address.to_string(), out);
    }
    member("reason", &unusable.why.to_string(), out);
    tail(unusable.zone, view, unusable.because, out);
}

/// Whose an endpoint is, in one word.
pub(crate) const fn holder(holder: Holder<'_>) -> &'static str {
    match holder {
        Holder::Ours(_) => "ours",
        Holder::Foreign => "foreign",
    }
}

fn tail(zone: DomainRef<'_>, view: usize, because: &[Because<'_>], out: &mut String) {
    if !zone.is_root() {
        out.push_str(",\"zone\":\"");
        push_plain(zone, out);
        out.push('"');
    }
    if view > 0 {
        write!(out, ",\"view\":{}", view + 1).unwrap_or_default();
    }
    out.push_str(",\"because\":[");
    for (place, step) in because.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push('"');
        write!(Escaped(out), "{step}").unwrap_or_default();
        out.push('"');
    }
    out.push_str("]}");
}

fn push_plain(name: DomainRef<'_>, out: &mut String) {
    let begin = out.len();
    write!(Escaped(out), "{name}").unwrap_or_default();
    if out.len() > begin + 1 && out.ends_with('.') {
        out.pop();
    }
}

/// Appends what became of a zone.
pub(crate) fn append_report(report: &Report, out: &mut String) {
    out.push_str("{\"kind\":\"zone\"");
    if let Some(zone) = &report.zone {
        member("zone", &plain(zone.borrowed()), out);
    }
    member("source", &report.source, out);
    member("state", report.state.word(), out);
    if let Some(serial) = report.serial {
        write!(out, ",\"serial\":{serial}").unwrap_or_default();
    }
    if report.state != State::Failed {
        write!(out, ",\"records\":{}", report.records).unwrap_or_default();
    }
    if !report.reasons.is_empty() {
        member("reason", &report.reasons.join("; "), out);
    }
    out.push('}');
}

/// Appends `,"key":"value"`, the value escaped.
pub(crate) fn member(key: &str, value: &str, out: &mut String) {
    out.push_str(",\"");
    out.push_str(key);
    out.push_str("\":");
    let mut bytes = Vec::with_capacity(value.len() + 2);
    // A string always can be written.
    drop(json::append(&mut bytes, &value));
    out.push_str(&String::from_utf8_lossy(&bytes));
}

/// Text of records: printable ASCII, and what a list was called; quotes and backslashes are escaped for JSON.
struct Escaped<'a>(&'a mut String);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.bytes().any(|octet| matches!(octet, b'"' | b'\\')) {
            self.0.push_str(text);
            return Ok(());
        }
        for character in text.chars() {
            if matches!(character, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use model::StartTls;
    use model::zone::expand::Why;
    use model::zone::{Domain, Kind, RecordRef};

    use super::*;

    #[test]
    fn lines_are_json_whatever_a_zone_holds() {
        let owner = Domain::parse("a\\\"b\\\\\\007.example").unwrap();
        let zone = Domain::parse("example").unwrap();
        let record = RecordRef {
            owner: owner.borrowed(),
            kind: Kind::CNAME,
            ttl: 1,
            data: owner.wire(),
        };
        let because = [Because::Record(record), Because::Listed("a \"list\"\u{1b}.txt")];
        let unusable = Unusable {
            name: owner.borrowed(),
            address: None,
            why: Why::Dangling(owner.borrowed()),
            zone: zone.borrowed(),
            because: &because,
        };
        let found = Found {
            name: "www.example",
            address: "192.0.2.1".parse().unwrap(),
            port: 25,
            starttls: StartTls::Smtp,
            holder: Holder::Ours(Some("a \"group\"")),
            certainty: Certainty::Guessed,
            zone: zone.borrowed(),
            because: &because,
        };
        for line in [Line::Endpoint(found), Line::Unusable(unusable)] {
            let mut out = String::new();
            append(&line, 1, &mut out);
            let value: serde_json::Value = serde_json::from_str(&out).expect(&out);
            assert_eq!(value["because"][0], record.to_string());
            assert_eq!(value["view"], 2);
            assert_eq!(value["zone"], "example");
            assert!(!out.chars().any(char::is_control));
        }
    }
}
