//! Writing the ClientHello (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2).
//!
//! What goes in is which hello is wanted and the key shares of this run; what comes out is a handshake message with
//! its record header. Nothing is read here.

use model::observation::Hello;
use model::tls::{CipherSuite, KeyExchange, Version};
use model::{Name, StartTls};

/// Which kind of key the server is asked to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyWish {
    /// Whatever it prefers.
    Any,
    /// RSA alone.
    Rsa,
    /// ECDSA (and EdDSA) alone.
    Ecdsa,
}

/// Everything a ClientHello is made of.
pub(crate) struct Wish<'a> {
    pub(crate) hello: Hello,
    pub(crate) key: KeyWish,
    pub(crate) server_name: Option<&'a Name>,
    pub(crate) alpn: &'a [&'a [u8]],
    pub(crate) random: [u8; 32],
    pub(crate) session_id: [u8; 32],
    /// Key shares (group and public value) for TLS 1.3.
    pub(crate) shares: &'a [(u16, &'a [u8])],
    /// The cookie of a HelloRetryRequest, to be sent back.
    pub(crate) cookie: Option<&'a [u8]>,
}

/// ALPN protocols to offer (RFC 7301): those of the well-known port where it has its own, none where TLS began inside
/// another protocol, else those of HTTP.
pub(crate) fn alpn_for(port: u16, starttls: StartTls) -> &'static [&'static [u8]] {
    match (starttls, port) {
        (StartTls::None, 5223) => &[b"xmpp-client"],
        (StartTls::None, 5270) => &[b"xmpp-server"],
        (StartTls::None, 853) => &[b"dot"],
        (StartTls::None, 4460) => &[b"ntske/1"],
        (StartTls::None, 5432) => &[b"postgresql"],
        (StartTls::None, 1433) => &[b"tds/8.0"],
        (StartTls::None, 465 | 990 | 993 | 995 | 563 | 636 | 3269 | 6697) => &[],
        (StartTls::None, _) => &[b"h2", b"http/1.1"],
        _ => &[],
    }
}

/// Writes the handshake message, without a record header.
pub(crate) fn message(wish: &Wish<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    out.push(1);
    length_prefixed::<3>(&mut out, |out| body(out, wish));
    out
}

/// Puts a record header in front of a handshake message. SSL 3.0 servers look at the record's version, TLS servers
/// must not (RFC 8446 section 5.1), and the old ones among them want 3.1.
pub(crate) fn record(message: &[u8], hello: Hello) -> Vec<u8> {
    let version: u16 = if hello == Hello::Ssl3 {
        Version::SSL3.0
    } else {
        Version::TLS10.0
    };
    let mut out = Vec::with_capacity(message.len() + 5);
    out.push(22);
    out.extend_from_slice(&version.to_be_bytes());
    length_prefixed::<2>(&mut out, |out| out.extend_from_slice(message));
    out
}

fn body(out: &mut Vec<u8>, wish: &Wish<'_>) {
    let legacy_version = match wish.hello {
        Hello::Ssl3 => Version::SSL3,
        Hello::Tls10 => Version::TLS10,
        Hello::Modern | Hello::Tls12 | Hello::Tls13 | Hello::Hybrid | Hello::Legacy => Version::TLS12,
    };
    out.extend_from_slice(&legacy_version.0.to_be_bytes());
    out.extend_from_slice(&wish.random);
    length_prefixed::<1>(out, |out| {
        if speaks_13(wish.hello) {
            out.extend_from_slice(&wish.session_id);
        }
    });
    length_prefixed::<2>(out, |out| suites(out, wish));
    out.extend_from_slice(&[1, 0]); // null compression alone
    if wish.hello != Hello::Ssl3 && !(wish.hello == Hello::Tls10 && wish.server_name.is_none()) {
        length_prefixed::<2>(out, |out| extensions(out, wish));
    }
}

pub(crate) const fn speaks_13(hello: Hello) -> bool {
    matches!(hello, Hello::Modern | Hello::Tls13 | Hello::Hybrid)
}

fn suites(out: &mut Vec<u8>, wish: &Wish<'_>) {
    let mut put = |suite: u16| out.extend_from_slice(&suite.to_be_bytes());
    if speaks_13(wish.hello) {
        SUITES_13.iter().copied().for_each(&mut put);
    }
    match wish.hello {
        Hello::Tls13 | Hello::Hybrid => {}
        Hello::Modern | Hello::Tls12 => {
            SUITES_12
                .iter()
                .copied()
                .filter(|suite| fits(*suite, wish.key))
                .for_each(&mut put);
        }
        Hello::Legacy => {
            SUITES_12.iter().copied().for_each(&mut put);
            // Everything else that was ever registered and shows a certificate, the anonymous ones last.
            let others = |anonymous: bool| {
                CipherSuite::all().filter(move |suite| {
                    let exchange = suite.key_exchange();
                    suite.0 >> 8 != 0x13
                        && !SUITES_12.contains(&suite.0)
                        && !matches!(exchange, KeyExchange::WithoutCertificate | KeyExchange::Unknown)
                        && (exchange == KeyExchange::Anonymous) == anonymous
                })
            };
            others(false).chain(others(true)).for_each(|suite| put(suite.0));
        }
        Hello::Tls10 | Hello::Ssl3 => SUITES_10.iter().copied().for_each(&mut put),
    }
    if !matches!(wish.hello, Hello::Tls13 | Hello::Hybrid) {
        put(0x00ff); // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746): understood everywhere, also without extensions
    }
}

/// Whether a suite of TLS 1.2 leads to a key of the wished kind.
fn fits(suite: u16, key: KeyWish) -> bool {
    let ecdsa = CipherSuite(suite)
        .name()
        .is_some_and(|name| name.contains("_ECDSA_"));
    match key {
        KeyWish::Any => true,
        KeyWish::Ecdsa => ecdsa,
        KeyWish::Rsa => !ecdsa,
    }
}

fn extensions(out: &mut Vec<u8>, wish: &Wish<'_>) {
    if let Some(name) = wish.server_name {
        extension(out, 0, |out| {
            length_prefixed::<2>(out, |out| {
                out.push(0);
                length_prefixed::<2>(out, |out| out.extend_from_slice(name.as_str().as_bytes()));
            });
        });
    }
    if wish.hello == Hello::Tls10 {
        return;
    }
    if !matches!(wish.hello, Hello::Tls13 | Hello::Hybrid) {
        extension(out, 11, |out| out.extend_from_slice(&[1, 0])); // uncompressed points
    }
    let groups: &[u16] = match wish.hello {
        Hello::Legacy => GROUPS_LEGACY,
        Hello::Tls12 => GROUPS_12,
        Hello::Hybrid => GROUPS_HYBRID,
        _ => GROUPS,
    };
    extension(out, 10, |out| numbers(out, groups));
    let schemes = match wish.key {
        KeyWish::Any => SCHEMES,
        KeyWish::Rsa => SCHEMES_RSA,
        KeyWish::Ecdsa => SCHEMES_ECDSA,
    };
    extension(out, 13, |out| numbers(out, schemes));
    extension(out, 5, |out| out.extend_from_slice(&[1, 0, 0, 0, 0])); // status_request: OCSP, any responder
    extension(out, 18, |_| {}); // signed_certificate_timestamp
    if wish.hello == Hello::Legacy {
        return;
    }
    if !wish.alpn.is_empty() {
        extension(out, 16, |out| {
            length_prefixed::<2>(out, |out| {
                for protocol in wish.alpn {
                    length_prefixed::<1>(out, |out| out.extend_from_slice(protocol));
                }
            });
        });
    }
    if !matches!(wish.hello, Hello::Tls13 | Hello::Hybrid) {
        extension(out, 23, |_| {}); // extended_master_secret (RFC 7627): some servers refuse to go on without
    }
    if speaks_13(wish.hello) {
        extensions_13(out, wish);
    }
}

fn extensions_13(out: &mut Vec<u8>, wish: &Wish<'_>) {
    let versions: &[u16] = if wish.hello == Hello::Modern {
        &[
            Version::TLS13.0,
            Version::TLS12.0,
            Version::TLS11.0,
            Version::TLS10.0,
        ]
    } else {
        &[Version::TLS13.0]
    };
    extension(out, 43, |out| {
        length_prefixed::<1>(out, |out| {
            versions
                .iter()
                .for_each(|version| out.extend_from_slice(&version.to_be_bytes()));
        });
    });
    extension(out, 45, |out| out.extend_from_slice(&[1, 1])); // psk_dhe_ke: sent by every client, missed by some servers
    if let Some(cookie) = wish.cookie {
        extension(out, 44, |out| {
            length_prefixed::<2>(out, |out| out.extend_from_slice(cookie))
        });
    }
    extension(out, 51, |out| {
        length_prefixed::<2>(out, |out| {
            for (group, share) in wish.shares {
                out.extend_from_slice(&group.to_be_bytes());
                length_prefixed::<2>(out, |out| out.extend_from_slice(share));
            }
        });
    });
}

fn extension(out: &mut Vec<u8>, number: u16, fill: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&number.to_be_bytes());
    length_prefixed::<2>(out, fill);
}

fn numbers(out: &mut Vec<u8>, numbers: &[u16]) {
    length_prefixed::<2>(out, |out| {
        numbers
            .iter()
            .for_each(|number| out.extend_from_slice(&number.to_be_bytes()))
    });
}

/// Writes what `fill` writes behind its length in `N` bytes. All we write is far shorter than 2^16.
pub(crate) fn length_prefixed<const N: usize>(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; N]);
    fill(out);
    let length = (out.len() - at - N).to_be_bytes();
    if let (Some(place), Some(bytes)) = (out.get_mut(at..at + N), length.last_chunk::<N>()) {
        place.copy_from_slice(bytes);
    }
}

const SUITES_13: &[u16] = &[0x1301, 0x1302, 0x1303];

/// What a present-day client would accept, then what older servers still need: forward secrecy first, AEAD before CBC.
const SUITES_12: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, // ECDHE with AES-GCM and ChaCha20
    0xc0ac, 0xc0ae, 0xc0ad, 0xc0af, // ECDHE-ECDSA with CCM
    0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013, 0xc00a, 0xc014, // ECDHE with CBC
    0x009e, 0x009f, 0xccaa, 0xc09e, 0xc09f, 0x0067, 0x006b, 0x0033, 0x0039, // DHE
    0x009c, 0x009d, 0xc09c, 0xc09d, 0x003c, 0x003d, 0x002f, 0x0035, // RSA key exchange
    0xc008, 0xc012, 0x0016, 0x000a, // 3DES
];

/// TLS 1.0 and SSL 3.0, without the elliptic suites that need extensions.
const SUITES_10: &[u16] = &[
    0x0039, 0x0033, 0x0035, 0x002f, 0x0038, 0x0032, 0x0016, 0x000a, 0x0013, 0x0005, 0x0004, 0x0015, 0x0009,
    0x0012, 0x0014, 0x0008, 0x0006, 0x0003, 0x0011, 0x0064, 0x0062, 0x0063, 0x0065, 0x0066, 0x0041, 0x0084,
    0x0045, 0x0088, 0x0096, 0x009a, 0x0007, 0x0002, 0x0001, 0x0034, 0x003a, 0x0018, 0x001b, 0x001a, 0x0017,
    0x0019,
];

/// Groups whose shares this program can make, so that a TLS 1.3 server asks for no other.
const GROUPS: &[u16] = &[29, 23, 24, 25];
/// Up to TLS 1.2 the share is only read, never answered: any group will do.
const GROUPS_12: &[u16] = &[29, 23, 24, 25, 30, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];
const GROUPS_HYBRID: &[u16] = &[0x11ec, 29, 23, 24, 25];
const GROUPS_LEGACY: &[u16] = &[
    29, 23, 24, 25, 30, 22, 26, 27, 28, 14, 13, 11, 12, 9, 10, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 21,
    20, 19, 18, 8, 7, 6, 5, 4, 3, 2, 1, 17, 16, 15,
];

const SCHEMES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501,
    0x0601, 0x0904, 0x0905, 0x0906, 0x081a, 0x081b, 0x081c, 0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302,
    0x0202, 0x0101,
];
const SCHEMES_RSA: &[u16] = &[
    0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201,
];
const SCHEMES_ECDSA: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x081a, 0x081b, 0x081c, 0x0303, 0x0203,
];
