//! Data of records as people write it: in master files, in exports, at providers.
//!
//! A type and the words behind it come in, wire format goes out (RFC 1035 section 5.1, RFC 3597 section 5, RFC 9460
//! section 2.1), and the other way round. Types that lead to no endpoint keep no data: that their owner exists is what
//! counts of them.

use std::net::{Ipv4Addr, Ipv6Addr};

use model::zone::record::binding_key;
use model::zone::{Data, Domain, DomainError, DomainRef, Kind, RecordRef};

/// Why words are no data of their type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Something is missing.
    #[error("{kind} needs {expected}")]
    Missing {
        /// The type.
        kind: Kind,
        /// What it needs.
        expected: &'static str,
    },
    /// Something is too much.
    #[error("`{word}` is too much for {kind}")]
    Surplus {
        /// The type.
        kind: Kind,
        /// The first word too many.
        word: String,
    },
    /// A word is not what should stand there.
    #[error("`{word}` is no {expected}")]
    Word {
        /// What stands there.
        word: String,
        /// What should.
        expected: &'static str,
    },
    /// A name is none.
    #[error("`{word}`: {error}")]
    Name {
        /// What stands there.
        word: String,
        /// Why.
        error: DomainError,
    },
}

/// Reads the data of a record; names are below `origin` unless they end with a dot.
///
/// # Errors
/// [`DataError`] about the first word that is wrong.
pub fn parse(kind: Kind, words: &[&str], origin: DomainRef<'_>) -> Result<Vec<u8>, DataError> {
    if words.first() == Some(&"\\#") {
        return generic(kind, words);
    }
    let mut rest = Words { kind, words, origin };
    let mut out = Vec::new();
    match kind {
        Kind::A => {
            let address: Ipv4Addr = rest.parsed("IPv4 address")?;
            out.extend(address.octets());
        }
        Kind::AAAA => {
            let address: Ipv6Addr = rest.parsed("IPv6 address")?;
            out.extend(address.octets());
        }
        Kind::NS | Kind::CNAME | Kind::DNAME | Kind::PTR => out.extend(rest.name("a name")?.wire()),
        Kind::ALIAS => {
            let family: u8 = rest.parsed("family (4 or 6)")?;
            out.push(family);
            out.extend(rest.name("a name")?.wire());
        }
        Kind::MX => {
            out.extend(rest.parsed::<u16>("preference")?.to_be_bytes());
            out.extend(rest.name("a mail server")?.wire());
        }
        Kind::SRV => {
            for expected in ["priority", "weight", "port"] {
                out.extend(rest.parsed::<u16>(expected)?.to_be_bytes());
            }
            out.extend(rest.name("a host")?.wire());
        }
        Kind::SOA => {
            out.extend(rest.name("a name server")?.wire());
            out.extend(rest.name("a mailbox")?.wire());
            out.extend(rest.parsed::<u32>("serial number")?.to_be_bytes());
            for _ in 0..4 {
                out.extend(rest.ttl()?.to_be_bytes());
            }
        }
        Kind::SVCB | Kind::HTTPS => {
            out.extend(rest.parsed::<u16>("priority")?.to_be_bytes());
            out.extend(rest.name("a target")?.wire());
            out.extend(parameters(&mut rest)?);
        }
        // That the owner exists is all that counts.
        _ => return Ok(out),
    }
    rest.end()?;
    Ok(out)
}

/// A time to live: seconds, or units as in `1h30m` (as every server reads it, beyond RFC 1035).
pub fn ttl(word: &str) -> Option<u32> {
    let mut sum: u64 = 0;
    let mut number: Option<u64> = None;
    for octet in word.bytes() {
        if octet.is_ascii_digit() {
            let digit = u64::from(octet - b'0');
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
            continue;
        }
        let unit = match octet.to_ascii_lowercase() {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return None,
        };
        sum = sum.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    if let Some(seconds) = number {
        sum = sum.checked_add(seconds)?;
    } else if word.is_empty() {
        return None;
    }
    u32::try_from(sum).ok()
}

struct Words<'w> {
    kind: Kind,
    words: &'w [&'w str],
    origin: DomainRef<'w>,
}

impl<'w> Words<'w> {
    fn next(&mut self, expected: &'static str) -> Result<&'w str, DataError> {
        let (first, rest) = self.words.split_first().ok_or(DataError::Missing {
            kind: self.kind,
            expected,
        })?;
        self.words = rest;
        Ok(first)
    }

    fn parsed<T: std::str::FromStr>(&mut self, expected: &'static str) -> Result<T, DataError> {
        let word = self.next(expected)?;
        word.parse().map_err(|_| wrong(word, expected))
    }

    fn ttl(&mut self) -> Result<u32, DataError> {
        let word = self.next("time")?;
        ttl(word).ok_or_else(|| wrong(word, "time"))
    }

    fn name(&mut self, expected: &'static str) -> Result<Domain, DataError> {
        let word = self.next(expected)?;
        Domain::parse_in(word, self.origin).map_err(|error| DataError::Name {
            word: model::untrusted::shown(word),
            error,
        })
    }

    fn end(&self) -> Result<(), DataError> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => Err(DataError::Surplus {
                kind: self.kind,
                word: model::untrusted::shown(word),
            }),
        }
    }
}

fn wrong(word: &str, expected: &'static str) -> DataError {
    DataError::Word {
        word: model::untrusted::shown(word),
        expected,
    }
}

/// `\# 4 c0000201`: octets in hexadecimal (RFC 3597 section 5).
fn generic(kind: Kind, words: &[&str]) -> Result<Vec<u8>, DataError> {
    let expected = "a length and as many octets in hexadecimal";
    let missing = DataError::Missing { kind, expected };
    let (length, digits) = words
        .get(1..)
        .and_then(|rest| rest.split_first())
        .ok_or(missing)?;
    let length: u16 = length.parse().map_err(|_| wrong(length, "length"))?;
    let digits: Vec<u8> = digits.concat().into_bytes();
    let octets: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| {
            std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        })
        .collect();
    let octets =
        octets.filter(|octets| octets.len() == usize::from(length) && digits.len().is_multiple_of(2));
    octets.ok_or(DataError::Missing { kind, expected })
}

/// `alpn="h2,h3" port=8443 ipv4hint=192.0.2.1` (RFC 9460 section 2.1); parameters that lead to no endpoint are left out.
fn parameters(rest: &mut Words<'_>) -> Result<Vec<u8>, DataError> {
    let mut found: Vec<(u16, Vec<u8>)> = Vec::new();
    while let Some((word, behind)) = rest.words.split_first() {
        rest.words = behind;
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let value = value.trim_matches('"');
        let bad = |expected| wrong(value, expected);
        match key.to_ascii_lowercase().as_str() {
            "mandatory" => {
                let keys: Option<Vec<u16>> = value.split(',').map(binding_key).collect();
                let keys = keys.ok_or_else(|| bad("list of parameters"))?;
                found.push((0, keys.iter().flat_map(|key| key.to_be_bytes()).collect()));
            }
            "no-default-alpn" => found.push((2, Vec::new())),
            "alpn" => {
                let mut octets = Vec::new();
                for protocol in value.split(',') {
                    octets.push(u8::try_from(protocol.len()).map_err(|_| bad("list of protocols"))?);
                    octets.extend(protocol.bytes());
                }
                found.push((1, octets));
            }
            "port" => {
                let port: u16 = value.parse().map_err(|_| bad("port"))?;
                found.push((3, port.to_be_bytes().to_vec()));
            }
            "ipv4hint" => {
                let addresses: Result<Vec<Ipv4Addr>, _> = value.split(',').map(str::parse).collect();
                let addresses = addresses.map_err(|_| bad("list of IPv4 addresses"))?;
                found.push((4, addresses.iter().flat_map(Ipv4Addr::octets).collect()));
            }
            "ipv6hint" => {
                let addresses: Result<Vec<Ipv6Addr>, _> = value.split(',').map(str::parse).collect();
                let addresses = addresses.map_err(|_| bad("list of IPv6 addresses"))?;
                found.push((6, addresses.iter().flat_map(Ipv6Addr::octets).collect()));
            }
            _ => {}
        }
    }
    found.sort_by_key(|(key, _)| *key);
    let mut out = Vec::new();
    for (key, value) in found {
        out.extend(key.to_be_bytes());
        out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(value.iter().take(usize::from(u16::MAX)));
    }
    Ok(out)
}

/// Types whose owners say nothing about which names exist: signatures, and names that stand for gaps between names.
const BETWEEN: [Kind; 3] = [Kind(46), Kind(47), Kind(50)];

/// The data as an export writes it; empty for types that lead to no endpoint, of which it counts that their owner exists, so
/// that no wildcard answers for it. Nothing for what need not be written.
pub fn shown(record: RecordRef<'_>) -> Option<String> {
    match record.data() {
        Data::Malformed | Data::Soa(_) => return None,
        Data::Other if BETWEEN.contains(&record.kind) => return None,
        Data::Other => return Some(String::new()),
        _ => {}
    }
    let line = record.to_string();
    let head = format!("{} {} IN {} ", record.owner, record.ttl, record.kind);
    line.strip_prefix(&head).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use model::zone::Record;

    use super::*;

    fn read(kind: &str, words: &str) -> Result<String, DataError> {
        let origin = Domain::parse("example.com").unwrap();
        let kind = Kind::for_word(kind).unwrap();
        let words: Vec<&str> = words.split_whitespace().collect();
        let data = parse(kind, &words, origin.borrowed())?;
        let record = Record {
            owner: Domain::root(),
            kind,
            ttl: 1,
            data: data.into(),
        };
        Ok(shown(record.borrowed()).unwrap_or_default())
    }

    #[test]
    fn there_and_back() {
        for (kind, words, expected) in [
            ("A", "192.0.2.1", "192.0.2.1"),
            ("AAAA", "2001:DB8::1", "2001:db8::1"),
            ("CNAME", "@", "example.com."),
            ("MX", "10 mx", "10 mx.example.com."),
            ("SRV", "1 2 443 host.test.", "1 2 443 host.test."),
            (
                "HTTPS",
                "1 . ipv4hint=192.0.2.1 alpn=\"h2,h3\" port=8443 ech=abc",
                "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1",
            ),
            (
                "HTTPS",
                "1 . port=9999 mandatory=key65400,port key65400=x no-default-alpn",
                "1 . mandatory=key65400,port no-default-alpn port=9999",
            ),
            ("A", "\\# 4 c0 000201", "192.0.2.1"),
            ("TXT", "whatever", ""),
        ] {
            assert_eq!(read(kind, words).as_deref(), Ok(expected), "{kind} {words}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |kind, words| read(kind, words).unwrap_err().to_string();
        assert_eq!(wrong("A", "192.0.2"), "`192.0.2` is no IPv4 address");
        assert_eq!(wrong("A", ""), "A needs IPv4 address");
        assert_eq!(wrong("A", "192.0.2.1 x"), "`x` is too much for A");
        assert_eq!(wrong("MX", "mx"), "`mx` is no preference");
        assert_eq!(wrong("CNAME", "a..b"), "`a..b`: empty label between two dots");
        assert!(read("A", "\\# 4 c0").is_err() && read("A", "\\# x").is_err() && read("A", "\\#").is_err());
        assert!(read("HTTPS", "1 . port=x").is_err());
    }

    #[test]
    fn times_have_units() {
        assert_eq!(ttl("3600"), Some(3600));
        assert_eq!(ttl("1h30m"), Some(5400));
        assert_eq!(ttl("1W"), Some(604_800));
        for wrong in ["", "h", "1x", "99999999999", "IN"] {
            assert_eq!(ttl(wrong), None, "{wrong}");
        }
    }
}
