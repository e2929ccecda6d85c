//! First words without an end, in every STARTTLS protocol.

use std::io;

use tokio::io::AsyncWriteExt;

use super::endless;
use super::running::Guest;
use crate::script::Protocol;

/// The shape of an endless banner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Banner {
    /// Well-formed pieces (lines, elements, packets) that never come to the last one.
    Pieces,
    /// One piece (line, tag, message) that never ends.
    Single,
}

impl Banner {
    /// Both shapes.
    pub const ALL: [Self; 2] = [Self::Pieces, Self::Single];
}

pub(super) async fn host(protocol: Protocol, banner: Banner, guest: &mut Guest) -> io::Result<()> {
    let (beginning, piece) = words(protocol, banner);
    guest.write_all(beginning).await?;
    // In blocks, so that the server costs less than its guest.
    let block = piece.repeat((8 * 1024 / piece.len()).max(1));
    endless(guest, &block).await
}

/// What is said first, and what is said for ever after.
fn words(protocol: Protocol, banner: Banner) -> (&'static [u8], &'static [u8]) {
    match (protocol, banner) {
        (Protocol::Smtp | Protocol::Lmtp, Banner::Pieces) => (b"", b"220-welcome to an endless banner\r\n"),
        (Protocol::Ftp, Banner::Pieces) => (b"220-welcome\r\n", b" to an endless banner\r\n"),
        (Protocol::Smtp | Protocol::Lmtp | Protocol::Ftp, Banner::Single) => (b"220-", b"welcome "),
        (Protocol::Imap, Banner::Pieces) => (b"* OK ready\r\n", b"* 1 EXISTS\r\n"),
        (Protocol::Imap, Banner::Single) => (b"* OK ", b"welcome "),
        (Protocol::Pop3, Banner::Pieces) => (b"+OK ready\r\n+OK list\r\n", b"TOP\r\n"),
        (Protocol::Pop3, Banner::Single) => (b"+OK ", b"welcome "),
        (Protocol::Sieve, Banner::Pieces) => (b"\"IMPLEMENTATION\" \"test\"\r\n", b"\"X\" {4}\r\nword\r\n"),
        (Protocol::Sieve, Banner::Single) => (b"\"IMPLEMENTATION\" {2000000000}\r\n", b"welcome "),
        (Protocol::Nntp, Banner::Pieces) => (b"200 ready\r\n101 list\r\n", b"READER\r\n"),
        (Protocol::Nntp, Banner::Single) => (b"200 ", b"welcome "),
        (Protocol::Irc, Banner::Pieces) => (b"", b":irc.test NOTICE * :welcome\r\n"),
        (Protocol::Irc, Banner::Single) => (b":irc.test NOTICE * :", b"welcome "),
        (Protocol::Nats, Banner::Pieces) => (b"INFO {", b"\"a\":1,"),
        (Protocol::Nats, Banner::Single) => (b"INFO {\"", b"welcome "),
        (Protocol::Xmpp | Protocol::XmppServer, Banner::Pieces) => (
            b"<stream:stream version='1.0' xmlns='jabber:client'><stream:features>",
            b"<a><b/></a>",
        ),
        (Protocol::Xmpp | Protocol::XmppServer, Banner::Single) => {
            (b"<stream:stream version='1.0' a='", b"welcome ")
        }
        // Lengths that promise the greatest message the format allows.
        (Protocol::Ldap, Banner::Pieces) => {
            (b"\x30\x84\0\0\x7f\xf0\x02\x01\x01\x78\x84\0\0\x7f\xe0", b"\x04\0")
        }
        (Protocol::Ldap, Banner::Single) => (b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01", b"welcome "),
        (Protocol::Postgres, _) => (b"E\x7f\xff\xff\xff", b"Mwelcome\0"),
        (Protocol::Mysql, Banner::Pieces) => (b"\xff\x3f\0\0\x0a8.0.40", b"welcome "),
        (Protocol::Mysql, Banner::Single) => (b"\xff\xff\xff\0\x0a8.0.40", b"welcome "),
        (Protocol::Rdp, _) => (b"\x03\0\xff\xff\xf0\xd0\0\0\0\0\0", b"welcome "),
        (Protocol::Mssql, Banner::Pieces) => (b"", b"\x04\0\0\x0d\0\0\x01\0\x01\0\0\0\x01"),
        (Protocol::Mssql, Banner::Single) => (b"\x04\0\xff\xff\0\0\x01\0", b"welcome "),
    }
}
