//! Mail: a message as text and as HTML, with all that a mail needs to be no loop and no reply.

use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use net::api::{Origin, OwnTls};

use crate::message::{Kind, Message, Told, What, moment};
use crate::secret::Secret;

#[derive(Debug)]
pub(crate) struct Email {
    pub(crate) origin: Origin,
    pub(crate) begin: Begin,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) login: Option<(String, Secret)>,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// At once (`smtps://`, RFC 8314).
    AtOnce,
    /// After STARTTLS; without it nothing is sent, save to this machine itself.
    Starttls,
}

/// Recipients of one channel: a list of more is a mailing list.
pub(crate) const RECIPIENTS: usize = 50;

/// Reads `smtp://NAME[:PORT]` or `smtps://NAME[:PORT]`.
pub(super) fn server(text: &str, own: &OwnTls) -> Result<(Origin, Begin), String> {
    let (begin, rest, port) = match text.split_once("://") {
        Some(("smtp", rest)) => (Begin::Starttls, rest, 587),
        Some(("smtps", rest)) => (Begin::AtOnce, rest, 465),
        _ => return Err("expected smtp://NAME:PORT (STARTTLS) or smtps://NAME:PORT".to_owned()),
    };
    let (host, port) = host_and_port(rest, port)?;
    let origin = Origin::service(host, port, own).map_err(|error| error.to_string())?;
    Ok((origin, begin))
}

/// `NAME`, `NAME:PORT`, `192.0.2.1:PORT`, `[2001:db8::1]:PORT`.
pub(super) fn host_and_port(text: &str, default: u16) -> Result<(&str, u16), String> {
    let text = text.trim_end_matches('/');
    let wrong = || "expected a name or an address, and a port behind a colon".to_owned();
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Ok((host, port.parse().map_err(|_| wrong())?)),
        _ => Ok((text, default)),
    }
}

/// An address that is safe in a command of SMTP and a header: one `@`, visible ASCII, nothing that either reads as its own.
pub(super) fn mailbox(text: &str) -> Result<String, String> {
    const BYTES: usize = 254;
    let is_plain = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b',' | b';' | b'"' | b'(' | b')' | b'\\')
    };
    let parts: Vec<&str> = text.split('@').collect();
    match parts.as_slice() {
        [local, domain]
            if !local.is_empty()
                && !domain.is_empty()
                && text.len() <= BYTES
                && text.bytes().all(is_plain) =>
        {
            Ok(text.to_owned())
        }
        _ => Err(format!(
            "`{}` is no address of mail: expected NAME@DOMAIN",
            model::untrusted::shown(text)
        )),
    }
}

impl Email {
    /// The whole mail, with CRLF, not stuffed.
    pub(crate) fn mail(&self, id: &str, message: &Message) -> Result<Vec<u8>, String> {
        let domain = self.from.rsplit('@').next().unwrap_or("nolapse");
        let mut mail = MessageBuilder::new()
            .from(("nolapse", self.from.as_str()))
            .to(self.to.iter().map(|to| ("", to.as_str())).collect::<Vec<_>>())
            .subject(message.headline().chars().take(SUBJECT).collect::<String>())
            .date(message.at.as_second())
            // Every attempt of a letter has the same: whoever gets it twice sees one mail.
            .message_id(format!("{id}@{domain}"))
            // No answer of a machine to a machine (RFC 3834).
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .text_body(message.text())
            .html_body(html(message));
        if let [only] = message.alerts.as_slice() {
            // One thread for what happens to one alert.
            mail = mail.references(format!("alert-{}@{domain}", only.id));
        }
        mail.write_to_vec().map_err(|error| error.to_string())
    }
}

/// A subject that is longer is cut by every reader.
const SUBJECT: usize = 200;

fn html(message: &Message) -> String {
    let mut out = String::from(
        "<!doctype html><html><head><meta charset=\"utf-8\"><title>nolapse</title></head>\
         <body style=\"font:14px/1.5 system-ui,sans-serif;color:#1a1a1a;max-width:44rem\">",
    );
    out.push_str(&format!(
        "<p style=\"font-size:18px\"><b>{}</b></p>",
        escaped(&message.headline())
    ));
    if message.kind == Kind::Test {
        out.push_str("<p>Somebody asked for it. It needs no answer.</p>");
    }
    for told in &message.alerts {
        out.push_str(&alert(told));
    }
    if message.more > 0 {
        out.push_str(&format!("<p>and {} more</p>", message.more));
    }
    if let Some(page) = &message.page {
        out.push_str(&format!("<p><a href=\"{0}\">{0}</a></p>", escaped(page)));
    }
    out.push_str("</body></html>");
    out
}

fn alert(told: &Told) -> String {
    let mut out = format!(
        "<div style=\"border-top:1px solid #ccc;padding:.5rem 0\"><b>{}</b><br>{}, since {}",
        escaped(&told.line()),
        escaped(&told.reached()),
        moment(told.since)
    );
    if told.reach > 1 && !told.examples.is_empty() {
        out.push_str(&format!("<br>such as {}", escaped(&told.examples.join(", "))));
    }
    if told.what != What::Resolved && !told.remedy.is_empty() {
        out.push_str(&format!("<br>Do: {}", escaped(&told.remedy)));
    }
    out.push_str(&format!(
        "<br><small>{} · alert {}</small></div>",
        escaped(&told.rule),
        told.id
    ));
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples::message;

    fn email() -> Email {
        let (origin, begin) = server("smtp://127.0.0.1:25", &OwnTls::default()).unwrap();
        Email {
            origin,
            begin,
            from: "nolapse@example.com".to_owned(),
            to: vec!["ada@example.com".to_owned(), "bob@example.com".to_owned()],
            login: None,
        }
    }

    #[test]
    fn a_mail_has_what_a_mail_needs_and_no_header_is_smuggled_in() {
        let mail = email()
            .mail(
                "l1",
                &message(&["it broke\r\nBcc: evil@example.com <script>x</script>"]),
            )
            .unwrap();
        let mail = String::from_utf8(mail).unwrap();
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        for line in [
            "Message-ID: <l1@example.com>",
            "Auto-Submitted: auto-generated",
            "References: <alert-000000000001@example.com>",
        ] {
            assert!(head.contains(line), "{line} in {head}");
        }
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(body.contains("text/plain") && body.contains("text/html"));
        let (_, html) = body.split_once("text/html").unwrap();
        assert!(
            !html.contains("<script>") && html.contains("&lt;script"),
            "{html}"
        );
        assert!(mail.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn servers_and_addresses_are_read() {
        let own = OwnTls::default();
        assert_eq!(server("smtp://mail.example", &own).unwrap().1, Begin::Starttls);
        assert_eq!(
            server("smtps://[2001:db8::1]:465", &own).unwrap().1,
            Begin::AtOnce
        );
        for wrong in [
            "mail.example",
            "http://mail.example",
            "smtp://",
            "smtp://a.example:99999",
        ] {
            assert!(server(wrong, &own).is_err(), "{wrong}");
        }
        assert!(mailbox("a.b+c@example.com").is_ok());
        for wrong in [
            "",
            "a",
            "@example.com",
            "a@",
            "a@b@c",
            "a b@c",
            "a@c>\r\nRCPT TO:<x@y",
            "Ada <a@c>",
            "ü@c",
        ] {
            assert!(mailbox(wrong).is_err(), "{wrong}");
        }
    }
}
