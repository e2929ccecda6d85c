//! One record of a zone, and what of its data leads to endpoints.
//!
//! The data is wire format without compression, names in it in lower case. [`RecordRef::data`] reads it; what it does not
//! name there is no way to an endpoint.

use std::fmt;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::domain::{Domain, DomainRef};

/// The type of a record (RFC 1035 section 3.2.2 and the registry that follows it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(pub u16);

impl Kind {
    /// An IPv4 address.
    pub const A: Self = Self(1);
    /// A name server.
    pub const NS: Self = Self(2);
    /// Another name for the owner.
    pub const CNAME: Self = Self(5);
    /// The start of a zone.
    pub const SOA: Self = Self(6);
    /// A name for an address.
    pub const PTR: Self = Self(12);
    /// A mail server.
    pub const MX: Self = Self(15);
    /// Text.
    pub const TXT: Self = Self(16);
    /// An IPv6 address (RFC 3596).
    pub const AAAA: Self = Self(28);
    /// Where a service is (RFC 2782).
    pub const SRV: Self = Self(33);
    /// Another name for everything below the owner (RFC 6672).
    pub const DNAME: Self = Self(39);
    /// How a service is reached (RFC 9460).
    pub const SVCB: Self = Self(64);
    /// How a web site is reached (RFC 9460).
    pub const HTTPS: Self = Self(65);
    /// The addresses of another name, of one family: what providers call an alias. No server sends it; the number is for
    /// private use, and PowerDNS uses it for the same.
    pub const ALIAS: Self = Self(65401);
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Whether an address is of this family.
    pub const fn has(self, address: IpAddr) -> bool {
        matches!(
            (self, address),
            (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_))
        )
    }
}

/// Types with a word of their own.
const WORDS: &[(Kind, &str)] = &[
    (Kind::A, "A"),
    (Kind::NS, "NS"),
    (Kind::CNAME, "CNAME"),
    (Kind::SOA, "SOA"),
    (Kind::PTR, "PTR"),
    (Kind::MX, "MX"),
    (Kind::TXT, "TXT"),
    (Kind::AAAA, "AAAA"),
    (Kind::SRV, "SRV"),
    (Kind::DNAME, "DNAME"),
    (Kind::SVCB, "SVCB"),
    (Kind::HTTPS, "HTTPS"),
    (Kind::ALIAS, "ALIAS"),
    (Kind(13), "HINFO"),
    (Kind(17), "RP"),
    (Kind(18), "AFSDB"),
    (Kind(29), "LOC"),
    (Kind(35), "NAPTR"),
    (Kind(36), "KX"),
    (Kind(37), "CERT"),
    (Kind(42), "APL"),
    (Kind(43), "DS"),
    (Kind(44), "SSHFP"),
    (Kind(45), "IPSECKEY"),
    (Kind(46), "RRSIG"),
    (Kind(47), "NSEC"),
    (Kind(48), "DNSKEY"),
    (Kind(49), "DHCID"),
    (Kind(50), "NSEC3"),
    (Kind(51), "NSEC3PARAM"),
    (Kind(52), "TLSA"),
    (Kind(53), "SMIMEA"),
    (Kind(55), "HIP"),
    (Kind(59), "CDS"),
    (Kind(60), "CDNSKEY"),
    (Kind(61), "OPENPGPKEY"),
    (Kind(62), "CSYNC"),
    (Kind(63), "ZONEMD"),
    (Kind(99), "SPF"),
    (Kind(108), "EUI48"),
    (Kind(109), "EUI64"),
    (Kind(256), "URI"),
    (Kind(257), "CAA"),
];

impl Kind {
    /// The type that a word means: `MX`, or `TYPE15` (RFC 3597 section 5); nothing for a word that is no type.
    pub fn for_word(word: &str) -> Option<Self> {
        if let Some((kind, _)) = WORDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(word)) {
            return Some(*kind);
        }
        let (head, number) = word.split_at_checked(4)?;
        head.eq_ignore_ascii_case("TYPE")
            .then(|| number.parse().ok().map(Self))?
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match WORDS.iter().find(|(kind, _)| kind == self) {
            Some((_, word)) => f.write_str(word),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

/// A record, borrowed from where it was read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordRef<'a> {
    /// Whose record it is.
    pub owner: DomainRef<'a>,
    /// Its type.
    pub kind: Kind,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// Its data: wire format without compression.
    pub data: &'a [u8],
}

/// A record, kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record {
    /// Whose record it is.
    pub owner: Domain,
    /// Its type.
    pub kind: Kind,
    /// Seconds it may be kept.
    pub ttl: u32,
    /// Its data: wire format without compression.
    pub data: Box<[u8]>,
}

impl Record {
    /// The same, borrowed.
    pub fn borrowed(&self) -> RecordRef<'_> {
        RecordRef {
            owner: self.owner.borrowed(),
            kind: self.kind,
            ttl: self.ttl,
            data: &self.data,
        }
    }
}

/// The data of a record, as far as it leads to endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// A or AAAA.
    Address(IpAddr),
    /// CNAME.
    Cname(DomainRef<'a>),
    /// DNAME.
    Dname(DomainRef<'a>),
    /// ALIAS: of which family, and of which name.
    Alias(Family, DomainRef<'a>),
    /// NS.
    Ns(DomainRef<'a>),
    /// MX: preference and mail server.
    Mx(u16, DomainRef<'a>),
    /// SRV.
    Srv {
        /// Port.
        port: u16,
        /// Host.
        target: DomainRef<'a>,
    },
    /// SVCB or HTTPS.
    Binding(Binding<'a>),
    /// SOA: serial number.
    Soa(u32),
    /// Anything else.
    Other,
    /// Not what its type has (RFC of the type).
    Malformed,
}

impl Data<'_> {
    /// Whether it leads to another name, or to a service.
    pub const fn leads_on(&self) -> bool {
        match self {
            Self::Cname(_)
            | Self::Dname(_)
            | Self::Alias(..)
            | Self::Mx(..)
            | Self::Srv { .. }
            | Self::Binding(_) => true,
            Self::Address(_) | Self::Ns(_) | Self::Soa(_) | Self::Other | Self::Malformed => false,
        }
    }
}

/// A service binding (RFC 9460).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<'a> {
    /// 0 is alias mode (section 2.4.2).
    pub priority: u16,
    /// Where the service is; the root means the owner (in service mode) or nowhere (in alias mode).
    pub target: DomainRef<'a>,
    /// The list of protocols as it stands (section 7.1.1): a length octet in front of each.
    alpn: &'a [u8],
    /// The port, when one is named (section 7.2).
    pub port: Option<u16>,
    /// Whether the protocols named are all that there are (section 7.1.1).
    pub no_default_alpn: bool,
    /// Keys that whoever uses the record must know (section 8), two octets each.
    mandatory: &'a [u8],
    v4: &'a [u8],
    v6: &'a [u8],
}

impl<'a> Binding<'a> {
    /// Addresses that may be tried before the target is resolved (RFC 9460 section 7.3).
    pub fn hints(&self) -> impl Iterator<Item = IpAddr> + use<'a> {
        let (v4, v6) = (self.v4.as_chunks::<4>().0, self.v6.as_chunks::<16>().0);
        let v4 = v4.iter().map(|octets| IpAddr::V4(Ipv4Addr::from(*octets)));
        v4.chain(v6.iter().map(|octets| IpAddr::V6(Ipv6Addr::from(*octets))))
    }

    /// Keys that whoever uses the record must know.
    fn mandatory(&self) -> impl Iterator<Item = u16> + use<'a> {
        let keys = self.mandatory.as_chunks::<2>().0;
        keys.iter().map(|octets| u16::from_be_bytes(*octets))
    }

    /// Why nobody who looks over TCP, and knows the keys named here, may use the record.
    pub fn fault(&self) -> Option<&'static str> {
        let known = |key| matches!(key, ALPN | NO_DEFAULT_ALPN | PORT | IPV4_HINT | IPV6_HINT);
        if !self.mandatory().all(known) {
            return Some("it demands a parameter that nobody here knows (mandatory)");
        }
        let is_quic = |protocol: &[u8]| protocol.starts_with(b"h3") || protocol == b"doq";
        if self.no_default_alpn && self.protocols().all(is_quic) {
            return Some("it is offered over QUIC alone (no-default-alpn)");
        }
        None
    }

    /// Protocols that the service names.
    pub fn protocols(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut rest = self.alpn;
        std::iter::from_fn(move || {
            let (length, behind) = rest.split_first()?;
            let (protocol, behind) = behind.split_at_checked(usize::from(*length))?;
            rest = behind;
            Some(protocol)
        })
    }
}

impl<'a> RecordRef<'a> {
    /// An owned copy.
    pub fn to_owned(self) -> Record {
        Record {
            owner: self.owner.to_owned(),
            kind: self.kind,
            ttl: self.ttl,
            data: self.data.into(),
        }
    }

    /// What it says.
    pub fn data(self) -> Data<'a> {
        let read = match self.kind {
            Kind::A => <[u8; 4]>::try_from(self.data)
                .ok()
                .map(|octets| Data::Address(octets.into())),
            Kind::AAAA => <[u8; 16]>::try_from(self.data)
                .ok()
                .map(|octets| Data::Address(octets.into())),
            Kind::CNAME => whole(self.data).map(Data::Cname),
            Kind::DNAME => whole(self.data).map(Data::Dname),
            Kind::NS => whole(self.data).map(Data::Ns),
            Kind::ALIAS => alias(self.data),
            Kind::MX => {
                number(self.data).and_then(|(preference, rest)| Some(Data::Mx(preference, whole(rest)?)))
            }
            Kind::SRV => service(self.data),
            Kind::SVCB | Kind::HTTPS => binding(self.data).map(Data::Binding),
            Kind::SOA => soa(self.data),
            _ => Some(Data::Other),
        };
        read.unwrap_or(Data::Malformed)
    }
}

fn whole(data: &[u8]) -> Option<DomainRef<'_>> {
    let (name, rest) = DomainRef::split(data)?;
    rest.is_empty().then_some(name)
}

fn number(data: &[u8]) -> Option<(u16, &[u8])> {
    let (octets, rest) = data.split_first_chunk::<2>()?;
    Some((u16::from_be_bytes(*octets), rest))
}

/// `4` or `6`, and a name.
fn alias(data: &[u8]) -> Option<Data<'_>> {
    let (family, rest) = data.split_first()?;
    let family = match family {
        4 => Family::V4,
        6 => Family::V6,
        _ => return None,
    };
    whole(rest).map(|target| Data::Alias(family, target))
}

/// Priority, weight, port, target (RFC 2782).
fn service(data: &[u8]) -> Option<Data<'_>> {
    let (port, rest) = number(data.get(4..)?)?;
    Some(Data::Srv {
        port,
        target: whole(rest)?,
    })
}

/// Two names and five numbers (RFC 1035 section 3.3.13).
fn soa(data: &[u8]) -> Option<Data<'_>> {
    let (_, rest) = DomainRef::split(data)?;
    let (_, rest) = DomainRef::split(rest)?;
    let (serial, rest) = rest.split_first_chunk::<4>()?;
    (rest.len() == 16).then(|| Data::Soa(u32::from_be_bytes(*serial)))
}

/// Numbers of the parameters that matter here (RFC 9460 section 14.3.2).
const MANDATORY: u16 = 0;
const ALPN: u16 = 1;
const NO_DEFAULT_ALPN: u16 = 2;
const PORT: u16 = 3;
const IPV4_HINT: u16 = 4;
const IPV6_HINT: u16 = 6;

fn binding(data: &[u8]) -> Option<Binding<'_>> {
    let (priority, rest) = number(data)?;
    let (target, mut rest) = DomainRef::split(rest)?;
    let mut binding = Binding {
        priority,
        target,
        alpn: &[],
        port: None,
        no_default_alpn: false,
        mandatory: &[],
        v4: &[],
        v6: &[],
    };
    while !rest.is_empty() {
        let (key, behind) = number(rest)?;
        let (length, behind) = number(behind)?;
        let (value, behind) = behind.split_at_checked(usize::from(length))?;
        match key {
            MANDATORY => binding.mandatory = value,
            ALPN => binding.alpn = value,
            NO_DEFAULT_ALPN => binding.no_default_alpn = true,
            PORT => binding.port = Some(number(value).filter(|(_, rest)| rest.is_empty())?.0),
            IPV4_HINT => binding.v4 = value,
            IPV6_HINT => binding.v6 = value,
            _ => {}
        }
        rest = behind;
    }
    Some(binding)
}

impl RecordRef<'_> {
    /// Appends what `Display` writes, for addresses and other names without its machinery: a zone of a million records is
    /// a million of these. Says whether it is sure that nobody has to escape anything of it.
    pub fn push_text(self, out: &mut Vec<u8>) -> bool {
        let data = self.data();
        let word: &[u8] = match (self.kind, &data) {
            (Kind::A, Data::Address(_)) => b" IN A ",
            (Kind::AAAA, Data::Address(_)) => b" IN AAAA ",
            (Kind::CNAME, Data::Cname(_)) => b" IN CNAME ",
            _ => {
                // Memory takes everything.
                write!(out, "{self}").unwrap_or_default();
                return false;
            }
        };
        let mut plain = self.owner.push_text(out);
        out.push(b' ');
        push_number(self.ttl, out);
        out.extend_from_slice(word);
        match data {
            Data::Address(address) => push_address(address, out),
            Data::Cname(name) => plain &= name.push_text(out),
            _ => {}
        }
        plain
    }
}

/// Appends a number in decimal digits.
pub fn push_number(number: u32, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 10];
    let mut rest = number;
    let mut first = digits.len();
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        // Below ten, so that nothing is cut.
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        first = place;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Appends an address as it is shown everywhere.
pub fn push_address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            push_number(a.into(), out);
            for octet in [b, c, d] {
                out.push(b'.');
                push_number(octet.into(), out);
            }
        }
        // Rarer, and with rules of its own (RFC 5952).
        IpAddr::V6(v6) => write!(out, "{v6}").unwrap_or_default(),
    }
}

impl fmt::Display for RecordRef<'_> {
    /// As a master file writes it; data that leads to no endpoint is written as RFC 3597 section 5 has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} IN {} ", self.owner, self.ttl, self.kind)?;
        match self.data() {
            Data::Address(address) => address.fmt(f),
            Data::Cname(name) | Data::Dname(name) | Data::Ns(name) => name.fmt(f),
            Data::Alias(Family::V4, name) => write!(f, "4 {name}"),
            Data::Alias(Family::V6, name) => write!(f, "6 {name}"),
            Data::Mx(preference, name) => write!(f, "{preference} {name}"),
            Data::Srv { port, target } => {
                let (priority, weight) = number(self.data)
                    .and_then(|(priority, rest)| Some((priority, number(rest)?.0)))
                    .unwrap_or_default();
                write!(f, "{priority} {weight} {port} {target}")
            }
            Data::Binding(binding) => write_binding(&binding, f),
            Data::Soa(serial) => write!(f, "(serial {serial})"),
            Data::Other | Data::Malformed => {
                write!(f, "\\# {}", self.data.len())?;
                // What is longer is evidence of nothing.
                self.data
                    .iter()
                    .take(64)
                    .try_for_each(|octet| write!(f, " {octet:02x}"))
            }
        }
    }
}

fn write_binding(binding: &Binding<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{} {}", binding.priority, binding.target)?;
    let mandatory: Vec<String> = binding.mandatory().map(key_word).collect();
    if !mandatory.is_empty() {
        write!(f, " mandatory={}", mandatory.join(","))?;
    }
    let protocols: Vec<String> = binding
        .protocols()
        .map(|protocol| protocol.escape_ascii().to_string())
        .collect();
    if !protocols.is_empty() {
        write!(f, " alpn={}", protocols.join(","))?;
    }
    if binding.no_default_alpn {
        f.write_str(" no-default-alpn")?;
    }
    if let Some(port) = binding.port {
        write!(f, " port={port}")?;
    }
    for (key, wanted) in [("ipv4hint", true), ("ipv6hint", false)] {
        let hints: Vec<String> = binding
            .hints()
            .filter(|hint| hint.is_ipv4() == wanted)
            .map(|hint| hint.to_string())
            .collect();
        if !hints.is_empty() {
            write!(f, " {key}={}", hints.join(","))?;
        }
    }
    Ok(())
}

/// Words of the parameters of a service binding (RFC 9460 section 14.3.2).
const KEYS: [(u16, &str); 7] = [
    (MANDATORY, "mandatory"),
    (ALPN, "alpn"),
    (NO_DEFAULT_ALPN, "no-default-alpn"),
    (PORT, "port"),
    (IPV4_HINT, "ipv4hint"),
    (5, "ech"),
    (IPV6_HINT, "ipv6hint"),
];

fn key_word(key: u16) -> String {
    match KEYS.iter().find(|(number, _)| *number == key) {
        Some((_, word)) => (*word).to_owned(),
        None => format!("key{key}"),
    }
}

/// The number of a parameter of a service binding: `port`, or `key3`.
pub fn binding_key(word: &str) -> Option<u16> {
    match KEYS.iter().find(|(_, known)| *known == word) {
        Some((number, _)) => Some(*number),
        None => word.strip_prefix("key")?.parse().ok(),
    }
}

impl fmt::Debug for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.borrowed().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: Kind, data: &[u8]) -> Record {
        Record {
            owner: Domain::parse("www.example.com").unwrap(),
            kind,
            ttl: 300,
            data: data.into(),
        }
    }

    #[test]
    fn records_read_as_master_files_write_them() {
        let shown = |kind, data: &[u8]| record(kind, data).borrowed().to_string();
        assert_eq!(
            shown(Kind::A, &[192, 0, 2, 1]),
            "www.example.com. 300 IN A 192.0.2.1"
        );
        assert_eq!(
            shown(Kind::MX, b"\0\x0a\x01m\0"),
            "www.example.com. 300 IN MX 10 m."
        );
        assert_eq!(
            shown(Kind::SRV, b"\0\x01\0\x02\x01\xbb\x01s\0"),
            "www.example.com. 300 IN SRV 1 2 443 s."
        );
        let https = b"\0\x01\0\0\x01\0\x03\x02h2\0\x03\0\x02\x20\xfb\0\x04\0\x04\xc0\0\x02\x09";
        assert_eq!(
            shown(Kind::HTTPS, https),
            "www.example.com. 300 IN HTTPS 1 . alpn=h2 port=8443 ipv4hint=192.0.2.9"
        );
        assert_eq!(
            shown(Kind(65280), &[1, 2]),
            "www.example.com. 300 IN TYPE65280 \\# 2 01 02"
        );
    }

    #[test]
    fn both_ways_of_showing_agree() {
        let long: Vec<u8> = (1..=16).collect();
        for (kind, data) in [
            (Kind::A, [192, 0, 2, 255].as_slice()),
            (Kind::A, &[0, 10, 100, 9]),
            (Kind::A, &[1, 2, 3]),
            (Kind::AAAA, &long),
            (Kind::CNAME, b"\x01m\0"),
            (Kind::CNAME, b"\0x"),
            (Kind::MX, b"\0\x0a\x01m\0"),
            (Kind(65280), &[1, 2]),
        ] {
            for ttl in [0, 9, 10, 300, u32::MAX] {
                let record = Record {
                    ttl,
                    ..record(kind, data)
                };
                let mut out = b"before ".to_vec();
                record.borrowed().push_text(&mut out);
                assert_eq!(
                    String::from_utf8(out).unwrap(),
                    format!("before {}", record.borrowed())
                );
            }
        }
    }

    #[test]
    fn what_is_cut_is_malformed() {
        for (kind, data) in [
            (Kind::A, [1, 2, 3].as_slice()),
            (Kind::AAAA, &[0; 15]),
            (Kind::CNAME, b"\x03co"),
            (Kind::CNAME, b"\0x"),
            (Kind::MX, b"\0"),
            (Kind::SRV, b"\0\x01\0\x02\x01\xbb"),
            (Kind::HTTPS, b"\0\x01\0\0\x03\0\x01\x20"),
            (Kind::SOA, b"\0\0\0\0\0\x01"),
        ] {
            assert_eq!(
                record(kind, data).borrowed().data(),
                Data::Malformed,
                "{kind} {data:?}"
            );
        }
    }

    #[test]
    fn types_have_words() {
        assert_eq!(Kind::for_word("https"), Some(Kind::HTTPS));
        assert_eq!(Kind::for_word("TYPE65"), Some(Kind::HTTPS));
        assert_eq!(Kind::for_word("TYPE99999"), None);
        assert_eq!(Kind::for_word("X"), None);
    }
}
