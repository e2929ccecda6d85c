//! Reading the ServerHello (RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3).

use model::tls::{CipherSuite, Version};

use super::cursor::Cursor;
use super::incoming::Message;
use super::{SERVER_HELLO, Stop};

/// What the server chose.
pub(crate) struct ServerHello<'a> {
    pub(crate) version: Version,
    pub(crate) random: &'a [u8],
    pub(crate) cipher: CipherSuite,
    pub(crate) alpn: Option<&'a [u8]>,
    /// SCT list by TLS extension (up to TLS 1.2).
    pub(crate) scts: Option<&'a [u8]>,
    /// Group of the server's key share, with the share; in a HelloRetryRequest the group alone.
    pub(crate) key_share: Option<(u16, &'a [u8])>,
    pub(crate) cookie: Option<&'a [u8]>,
    pub(crate) is_retry: bool,
}

/// `random` of a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

impl<'a> ServerHello<'a> {
    /// Reads the message. Unknown extensions are passed over.
    pub(crate) fn parse(message: &'a Message) -> Result<Self, Stop> {
        if message.kind != SERVER_HELLO {
            return Err(Stop::Malformed("something else where ServerHello must stand"));
        }
        let mut body = Cursor::new(message.body(), "ServerHello");
        let version = Version(body.u16()?);
        let random = body.take(32)?;
        body.vector::<1>()?;
        let cipher = CipherSuite(body.u16()?);
        body.u8()?; // compression: nothing depends on it before the Finished of TLS 1.2
        let mut hello = Self {
            version,
            random,
            cipher,
            alpn: None,
            scts: None,
            key_share: None,
            cookie: None,
            is_retry: random == RETRY_RANDOM,
        };
        if !body.is_empty() {
            hello.extensions(body.inner::<2>()?)?;
        }
        Ok(hello)
    }

    fn extensions(&mut self, mut extensions: Cursor<'a>) -> Result<(), Stop> {
        while !extensions.is_empty() {
            let number = extensions.u16()?;
            let mut value = extensions.inner::<2>()?;
            match number {
                16 => self.alpn = Some(alpn(value)?),
                18 => self.scts = Some(value.take_rest()),
                43 => self.version = Version(value.u16()?),
                44 => self.cookie = Some(value.vector::<2>()?),
                51 => {
                    let group = value.u16()?;
                    self.key_share = Some((group, if self.is_retry { &[] } else { value.vector::<2>()? }));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The one protocol that the server chose (RFC 7301 section 3.1).
pub(crate) fn alpn(mut value: Cursor<'_>) -> Result<&[u8], Stop> {
    value.inner::<2>()?.vector::<1>()
}
