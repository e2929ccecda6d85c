//! Naming a protocol by the first bytes a server says in it.
//!
//! Bytes come in, a word goes out, or nothing. A guess for people ("this is an SSH server"), never a decision.

use super::line::mentions;

/// The protocol that these first bytes of a server look like: the words of `StartTls`, and `tls`, `http`, `ssh`, ....
pub(crate) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    text_protocol(bytes).or_else(|| binary_protocol(bytes))
}

/// What servers of text protocols begin with. The longer ones come first where one begins another.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"HTTP/1.", "http"),
    (b"<!DOCTYPE html", "http"),
    (b"<html", "http"),
    (b"SSH-", "ssh"),
    (b"RFB ", "vnc"),
    (b"RTSP/1.", "rtsp"),
    (b"SIP/2.0", "sip"),
    (b"* OK", "imap"),
    (b"* PREAUTH", "imap"),
    (b"* BYE", "imap"),
    (b"* BAD", "imap"),
    (b"+OK", "pop3"),
    (b"+PONG", "redis"),
    (b"-ERR", "redis"),
    (b"-NOAUTH", "redis"),
    (b"-DENIED Redis", "redis"),
    (b"\"IMPLEMENTATION\"", "sieve"),
    (b"<?xml", "xmpp"),
    (b"<stream:stream", "xmpp"),
    (b"AMQP", "amqp"),
    (b"INFO {", "nats"),
    (b"( success (", "svn"),
    (b"@RSYNCD:", "rsync"),
    (b"NOTICE ", "irc"),
    (b"ERROR :", "irc"),
    (b"ERROR\r\n", "memcached"),
    (b"EFATAL", "postgres"),
];

fn text_protocol(bytes: &[u8]) -> Option<&'static str> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    // Redis and POP3 refuse with the same word; POP3 greets before it refuses, and says so.
    if bytes.starts_with(b"-ERR") && (mentions(line, "pop") || mentions(line, "mail")) {
        return Some("pop3");
    }
    if let Some((_, word)) = BEGINNINGS
        .iter()
        .find(|(beginning, _)| bytes.starts_with(beginning))
    {
        return Some(word);
    }
    if bytes.starts_with(b":") && mentions(line, " NOTICE ") {
        return Some("irc");
    }
    numeric_protocol(line)
}

/// Protocols whose replies are three digits: SMTP, LMTP, FTP, NNTP. Only their words tell them apart.
fn numeric_protocol(line: &[u8]) -> Option<&'static str> {
    let (code, rest) = line.split_at_checked(3)?;
    if !matches!(rest.first(), None | Some(b' ' | b'-' | b'\r')) {
        return None;
    }
    let named = ["LMTP", "SMTP", "FTP", "NNTP", "InterNetNews"]
        .into_iter()
        .find(|word| mentions(rest, word));
    match (code, named) {
        (b"220" | b"421" | b"554", Some("LMTP")) => Some("lmtp"),
        (b"220" | b"421" | b"554", Some("SMTP")) => Some("smtp"),
        (b"220" | b"120" | b"421" | b"530", Some("FTP")) => Some("ftp"),
        (b"200" | b"201" | b"400" | b"502", Some("NNTP" | "InterNetNews")) => Some("nntp"),
        (b"220", _) => Some("smtp"),
        (b"200" | b"201", _) => Some("nntp"),
        _ => None,
    }
}

fn binary_protocol(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // A record header: content type, version 3.0 to 3.4.
        [0x14..=0x17, 3, 0..=4, ..] => Some("tls"),
        // An SSL 2.0 or 3.0 error is not worth a word. A MySQL packet: length, sequence 0, protocol 10 or an error.
        [_, length, 0, 0, 0x0a, b'0'..=b'9', ..] if *length < 4 => Some("mysql"),
        [_, length, 0, 0, 0xff, _, 0x04, ..] if *length < 4 => Some("mysql"),
        // An LDAPMessage: SEQUENCE, then the message number as an INTEGER.
        [0x30, 0x05..=0x7f, 0x02, 0x01, ..] | [0x30, 0x84, _, _, _, _, 0x02, 0x01, ..] => Some("ldap"),
        // TPKT version 3 and an X.224 connection confirm or disconnect.
        [3, 0, 0, _, _, 0xd0 | 0x80, ..] => Some("rdp"),
        // A TDS table response.
        [4, 0 | 1, 0..=0x3f, _, 0, 0, ..] => Some("mssql"),
        // A PostgreSQL error: length, then severity.
        [b'E', 0, 0, _, _, b'S', ..] => Some("postgres"),
        [_, _, _, _, 0xfe | 0xff, b'S', b'M', b'B', ..] => Some("smb"),
        [0xff, 0xfb..=0xfe, ..] => Some("telnet"),
        // An HTTP/2 SETTINGS frame on stream 0 (RFC 9113 section 3.4).
        [0, 0, length, 4, 0, 0, 0, 0, 0, ..] if length % 6 == 0 => Some("http2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_known_by_its_first_words() {
        let known: &[(&[u8], &str)] = &[
            (b"HTTP/1.1 400 Bad Request\r\n", "http"),
            (b"SSH-2.0-OpenSSH_10.0\r\n", "ssh"),
            (b"220 mail.example ESMTP Postfix\r\n", "smtp"),
            (b"220 mail.example LMTP\r\n", "lmtp"),
            (b"220 (vsFTPd 3.0.5)\r\n", "ftp"),
            (b"220-Welcome to ProFTPD\r\n", "ftp"),
            (b"220 ready\r\n", "smtp"),
            (b"200 news.example InterNetNews NNRP server ready\r\n", "nntp"),
            (b"* OK IMAP4rev1\r\n", "imap"),
            (b"+OK ready\r\n", "pop3"),
            (b"-ERR unknown command\r\n", "redis"),
            (b"-ERR POP3 server too busy\r\n", "pop3"),
            (b"J\0\0\0\x0a8.0.40\0", "mysql"),
            (b"E\0\0\0\xff\x69\x04Host", "mysql"),
            (b"\x15\x03\x01\0\x02\x02\x46", "tls"),
            (b"\x16\x03\x03\0\x4a\x02", "tls"),
            (b"RTSP/1.0 400 Bad Request\r\n", "rtsp"),
            (b"RFB 003.008\n", "vnc"),
            (b"\x30\x0c\x02\x01\x01\x78\x07", "ldap"),
            (b"\x03\0\0\x13\x0e\xd0", "rdp"),
            (b"\x04\x01\0\x25\0\0\x01\0", "mssql"),
            (b"E\0\0\0\x5cSFATAL", "postgres"),
            (b":irc.example NOTICE * :*** Looking up\r\n", "irc"),
            (b"INFO {\"server_id\":1}\r\n", "nats"),
            (b"<?xml version='1.0'?>", "xmpp"),
            (b"\"IMPLEMENTATION\" \"Dovecot\"\r\n", "sieve"),
            (b"\0\0\x12\x04\0\0\0\0\0\0\x03", "http2"),
            (b"\xff\xfd\x18\xff", "telnet"),
        ];
        for (bytes, word) in known {
            assert_eq!(
                looks_like(bytes),
                Some(*word),
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }

    #[test]
    fn what_is_nothing_known_has_no_word() {
        for bytes in [
            &b""[..],
            b"\0",
            b"hello\r\n",
            b"2200 x",
            b"22",
            b"\x16\x02\x01",
            b"Z",
        ] {
            assert_eq!(looks_like(bytes), None, "{bytes:?}");
        }
    }
}
