//! What an endpoint, an obstacle and a zone are in machine formats: one JSON object each.
//!
//! A [`Line`] or [`Report`] comes in, bytes go out. Written by hand and not through a value tree: a zone of a million names
//! is a million of these, and nothing else costs as much.

use model::StartTls;
use model::zone::DomainRef;
use model::zone::expand::{Because, Certainty, Found, Holder, Line, Unusable};
use model::zone::record::{push_address, push_number};

use crate::discover::engine::{Report, State, plain};
use crate::json;

/// Writes lines, and remembers what the last one had in common with the next: everything from the port to the zone.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    last: Option<(u16, StartTls, Certainty, usize)>,
    holder: &'static str,
    zone: Vec<u8>,
    common: Vec<u8>,
}

impl Lines {
    /// Appends an endpoint or an obstacle as one JSON object.
    pub(crate) fn append(&mut self, line: &Line<'_>, view: usize, out: &mut Vec<u8>) {
        match line {
            Line::Endpoint(found) => self.endpoint(found, view, out),
            Line::Unusable(unusable) => obstacle(unusable, view, out),
        }
    }

    fn endpoint(&mut self, found: &Found<'_>, view: usize, out: &mut Vec<u8>) {
        // A name and an address hold nothing that JSON escapes.
        push(out, "{\"kind\":\"endpoint\",\"name\":\"");
        push(out, found.name);
        push(out, "\",\"address\":\"");
        push_address(found.address, out);
        let key = (found.port, found.starttls, found.certainty, view);
        let has_group = matches!(found.holder, Holder::Ours(Some(_)));
        let is_same = self.last == Some(key)
            && self.holder == holder(found.holder)
            && self.zone == found.zone.wire()
            && !has_group;
        if !is_same {
            self.last = (!has_group).then_some(key);
            self.holder = holder(found.holder);
            self.zone.clear();
            self.zone.extend_from_slice(found.zone.wire());
            self.common.clear();
            common(found, view, &mut self.common);
        }
        out.extend_from_slice(&self.common);
        evidence(found.because, out);
    }
}

/// What stands between the address and the records.
fn common(found: &Found<'_>, view: usize, out: &mut Vec<u8>) {
    push(out, "\",\"port\":");
    push_number(found.port.into(), out);
    push(out, ",\"starttls\":\"");
    push(out, found.starttls.word());
    push(out, "\",\"holder\":\"");
    push(out, holder(found.holder));
    out.push(b'"');
    if let Holder::Ours(Some(group)) = found.holder {
        member("group", group, out);
    }
    match found.certainty {
        Certainty::Named => {}
        Certainty::Wildcard => push(out, ",\"wildcard\":true"),
        Certainty::Guessed => push(out, ",\"wildcard\":true,\"guessed\":true"),
    }
    origin(found.zone, view, out);
}

fn obstacle(unusable: &Unusable<'_>, view: usize, out: &mut Vec<u8>) {
    push(out, "{\"kind\":\"");
    push(out, unusable.why.word());
    out.push(b'"');
    member("name", &plain(unusable.name), out);
    if let Some(address) = unusable.address {
        member("address", &address.to_string(), out);
    }
    member("reason", &unusable.why.to_string(), out);
    origin(unusable.zone, view, out);
    evidence(unusable.because, out);
}

/// Whose an endpoint is, in one word.
pub(crate) const fn holder(holder: Holder<'_>) -> &'static str {
    match holder {
        Holder::Ours(_) => "ours",
        Holder::Foreign => "foreign",
    }
}

fn origin(zone: DomainRef<'_>, view: usize, out: &mut Vec<u8>) {
    if !zone.is_root() {
        push(out, ",\"zone\":\"");
        let begin = out.len();
        let plain = zone.push_text(out);
        out.pop();
        if !plain {
            escape_from(begin, out);
        }
        out.push(b'"');
    }
    if view > 0 {
        push(out, ",\"view\":");
        push_number(u32::try_from(view + 1).unwrap_or(u32::MAX), out);
    }
}

fn evidence(because: &[Because<'_>], out: &mut Vec<u8>) {
    push(out, ",\"because\":[");
    for (place, step) in because.iter().enumerate() {
        push(out, if place > 0 { ",\"" } else { "\"" });
        let begin = out.len();
        if !step.push_text(out) {
            escape_from(begin, out);
        }
        out.push(b'"');
    }
    push(out, "]}");
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Escapes for JSON what stands behind `begin`: text of records, and what a list was called. Both are printable, so that
/// quotes and backslashes alone are to be escaped, which hardly any text has.
fn escape_from(begin: usize, out: &mut Vec<u8>) {
    let is_escaped = |octet: &u8| matches!(octet, b'"' | b'\\');
    let escaped = out
        .get(begin..)
        .unwrap_or_default()
        .iter()
        .filter(|octet| is_escaped(octet))
        .count();
    if escaped == 0 {
        return;
    }
    for octet in out.split_off(begin) {
        if is_escaped(&octet) {
            out.push(b'\\');
        }
        out.push(octet);
    }
}

/// Appends what became of a zone.
pub(crate) fn append_report(report: &Report, out: &mut Vec<u8>) {
    push(out, "{\"kind\":\"zone\"");
    if let Some(zone) = &report.zone {
        member("zone", &plain(zone.borrowed()), out);
    }
    member("source", &report.source, out);
    if report.view > 0 {
        push(out, &format!(",\"view\":{}", report.view + 1));
    }
    member("state", report.state.word(), out);
    if let Some(serial) = report.serial {
        push(out, ",\"serial\":");
        push_number(serial, out);
    }
    if report.state != State::Failed {
        push(out, &format!(",\"records\":{}", report.records));
    }
    if !report.reasons.is_empty() {
        member("reason", &report.reasons.join("; "), out);
    }
    out.push(b'}');
}

/// Appends `,"key":"value"`, the value escaped.
pub(crate) fn member(key: &str, value: &str, out: &mut Vec<u8>) {
    push(out, ",\"");
    push(out, key);
    push(out, "\":");
    // A string always can be written.
    drop(json::append(out, &value));
}

#[cfg(test)]
mod tests {
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
            let mut out = Vec::new();
            Lines::default().append(&line, 1, &mut out);
            let out = String::from_utf8(out).unwrap();
            let value: serde_json::Value = serde_json::from_str(&out).expect(&out);
            assert_eq!(value["because"][0], record.to_string());
            assert_eq!(value["view"], 2);
            assert_eq!(value["zone"], "example");
            assert!(!out.chars().any(char::is_control));
        }
    }
}
