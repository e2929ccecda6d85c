//! syslog: a line of RFC 5424 for each alert, over TCP (RFC 6587, octets counted) or TLS (RFC 5425).

use net::api::{Origin, OwnTls};

use crate::message::{Message, Told, What};

#[derive(Debug)]
pub(crate) struct Syslog {
    pub(crate) origin: Origin,
    pub(crate) encrypted: bool,
}

/// A receiver need not take more (RFC 5425 section 4.3.1).
const LINE_BYTES: usize = 8_000;
/// `local0`, as what nobody else claims.
const FACILITY: u8 = 16;

impl Syslog {
    /// Reads `tls://NAME[:PORT]` or `tcp://NAME[:PORT]`.
    pub(super) fn new(server: &str, own: &OwnTls) -> Result<Self, String> {
        let (encrypted, rest, port) = match server.split_once("://") {
            Some(("tls", rest)) => (true, rest, 6514),
            Some(("tcp", rest)) => (false, rest, 601),
            _ => return Err("expected tls://NAME:PORT or tcp://NAME:PORT".to_owned()),
        };
        let (host, port) = super::email::host_and_port(rest, port)?;
        Ok(Self {
            origin: Origin::service(host, port, own).map_err(|error| error.to_string())?,
            encrypted,
        })
    }

    /// Frames to be written, one behind the other.
    pub(crate) fn frames(id: &str, message: &Message) -> Vec<u8> {
        let mut out = Vec::new();
        let mut frame = |severity: u8, kind: &str, told: Option<&Told>, text: &str| {
            let data = told.map_or_else(
                || "-".to_owned(),
                |told| {
                    format!(
                        "[alert@32473 letter=\"{}\" id=\"{}\" rule=\"{}\" severity=\"{}\" reach=\"{}\"]",
                        quoted(id),
                        quoted(&told.id),
                        quoted(&told.rule),
                        quoted(&told.severity),
                        told.reach
                    )
                },
            );
            let priority = FACILITY * 8 + severity;
            // A byte order mark says that the text is UTF-8 (RFC 5424 section 6.4).
            let line = format!(
                "<{priority}>1 {} - nolapse - {kind} {data} \u{feff}{text}",
                message.at
            );
            let line = line
                .get(..line.floor_char_boundary(LINE_BYTES))
                .unwrap_or_default();
            out.extend(format!("{} {line}", line.len()).into_bytes());
        };
        if message.alerts.is_empty() {
            frame(6, "test", None, &message.headline());
        }
        for told in &message.alerts {
            frame(severity(told), what(told.what), Some(told), &told.line());
        }
        if message.more > 0 {
            frame(4, "more", None, &format!("and {} more", message.more));
        }
        out
    }
}

const fn what(what: What) -> &'static str {
    match what {
        What::Opened => "opened",
        What::Worsened => "worsened",
        What::Escalated => "escalated",
        What::Open => "open",
        What::Resolved => "resolved",
    }
}

fn severity(told: &Told) -> u8 {
    match (told.what, told.severity.as_str()) {
        (What::Resolved, _) => 5,
        (_, "WARNING") => 4,
        (_, "ERROR") => 3,
        _ => 2,
    }
}

/// A value between quotation marks (RFC 5424 section 6.3.3).
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples::{at, message};

    #[test]
    fn frames_count_their_octets_and_values_cannot_break_out() {
        let long = "ü".repeat(9_000);
        let mut message = message(&["it \"broke\"] <1>", &long]);
        message.alerts[0].rule = "a\"] b".to_owned();
        let frames = Syslog::frames("l", &message);
        let mut rest = frames.as_slice();
        let mut lines = Vec::new();
        while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
            let count: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
            lines.push(
                std::str::from_utf8(&rest[space + 1..=space + count])
                    .unwrap()
                    .to_owned(),
            );
            rest = &rest[space + 1 + count..];
        }
        assert_eq!((lines.len(), rest.len()), (2, 0));
        assert!(
            lines[0].starts_with("<130>1 2027-01-15T08:00:00Z - nolapse - opened [alert@32473 letter=\"l\""),
            "{}",
            lines[0]
        );
        assert!(lines[0].contains("rule=\"a\\\"\\] b\""));
        assert!(lines[1].len() <= LINE_BYTES);
        assert!(!Syslog::frames("l", &Message::test(at(0), None)).is_empty());
    }

    #[test]
    fn a_server_is_named_with_its_way() {
        let own = OwnTls::default();
        assert!(Syslog::new("tls://logs.example", &own).unwrap().encrypted);
        assert!(!Syslog::new("tcp://[2001:db8::1]:514", &own).unwrap().encrypted);
        for wrong in [
            "logs.example",
            "udp://logs.example",
            "tls://",
            "tls://a.example:x",
            "tls://a b",
        ] {
            assert!(Syslog::new(wrong, &own).is_err(), "{wrong}");
        }
    }
}
