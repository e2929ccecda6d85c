//! The grammar of targets.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use ipnet::IpNet;

use super::{Ranges, Scheme, Target, TargetError, TargetErrorKind as Kind, What, expand};
use crate::limits;
use crate::name::{Name, NameError, is_broken_a_label};
use crate::starttls::StartTls;
use crate::untrusted;

/// A part of the text that knows where it stands in it.
#[derive(Clone, Copy)]
struct Part<'a> {
    whole: &'a str,
    text: &'a str,
    start: usize,
}

impl<'a> Part<'a> {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The part from byte `from` to byte `to` of this one.
    fn slice(self, from: usize, to: usize) -> Self {
        let text = self.text.get(from..to).unwrap_or_default();
        Self {
            text,
            start: self.start + from,
            ..self
        }
    }

    fn behind(self, from: usize) -> Self {
        self.slice(from, self.text.len())
    }

    /// What stands before and behind the byte at `at`, which is an ASCII character.
    fn around(self, at: usize) -> (Self, Self) {
        (self.slice(0, at), self.behind(at + 1))
    }

    fn fail(self, kind: Kind, expected: &'static str) -> TargetError {
        TargetError::new(self.whole, self.range(), kind, expected)
    }
}

pub(super) fn target(line: &str, ranges: Ranges) -> Result<Target, TargetError> {
    let text = line.trim();
    let start = line.len() - line.trim_start().len();
    let whole = Part {
        whole: line,
        text,
        start,
    };
    check_characters(whole)?;
    if text.starts_with('@') {
        return Err(list(whole));
    }
    let (scheme, authority) = scheme(whole)?;
    if let Some(error) = scheme.and_then(|_| user_information(authority)) {
        return Err(error);
    }
    let authority = without_path(authority, scheme.is_some());
    let (what, port) = match authority.text.find('@') {
        Some(at) => name_at_address(authority.around(at))?,
        None => who(authority)?,
    };
    let target = Target {
        scheme,
        what,
        port: port.map(self::port).transpose()?,
    };
    let addresses = target.addresses();
    if ranges == Ranges::Ordinary && addresses > limits::RANGE_ADDRESSES {
        let expected = format!(
            "at most {}, or `--large-ranges`",
            super::error::grouped(limits::RANGE_ADDRESSES)
        );
        return Err(TargetError::new(
            line,
            authority.range(),
            Kind::RangeTooLarge { addresses },
            expected,
        ));
    }
    Ok(target)
}

fn check_characters(whole: Part<'_>) -> Result<(), TargetError> {
    const FORM: &str = "`name`, `name:port`, `name@address:port`, an address, a range or a URL";
    if whole.text.len() > limits::TARGET_LINE_BYTES {
        return Err(whole.slice(0, 0).fail(
            Kind::TooLong {
                bytes: whole.text.len(),
            },
            "one target on a line",
        ));
    }
    if whole.text.is_empty() {
        return Err(whole.fail(Kind::Empty, FORM));
    }
    for (at, character) in whole.text.char_indices() {
        let part = whole.slice(at, at + character.len_utf8());
        // The joiners are part of names in several scripts; whether they may stand here is for UTS 46 to say.
        if untrusted::is_unsafe(character) && !matches!(character, '\u{200c}' | '\u{200d}') {
            return Err(part.fail(Kind::Control(character), "visible characters only"));
        }
        if character.is_whitespace() {
            return Err(part.fail(Kind::Space, "one target on a line"));
        }
    }
    Ok(())
}

/// `@file` where no list can be read.
fn list(whole: Part<'_>) -> TargetError {
    match whole.text {
        "@" => whole.fail(
            Kind::ListWithoutName,
            "the file of targets behind it: `@fleet.txt`",
        ),
        _ => whole.fail(
            Kind::List,
            "one target: `nolapse scan @file` reads lists, and lists do not nest",
        ),
    }
}

/// Whether a URL has a user name, perhaps with a password, in front of its `@` (RFC 3986 section 3.2.1): what stands
/// behind it is then no address, or what stands before it no name.
fn user_information(authority: Part<'_>) -> Option<TargetError> {
    let end = authority
        .text
        .find(['/', '?', '#'])
        .unwrap_or(authority.text.len());
    let at = authority.text.get(..end)?.rfind('@')?;
    let (user, behind) = authority.slice(0, end).around(at);
    let host = match behind.text.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next(),
        None => behind.text.split(':').next(),
    };
    let is_address = host.is_some_and(|host| host.parse::<IpAddr>().is_ok());
    let names = user.text.contains([':', '@']);
    (names || !is_address).then(|| user.fail(Kind::UserInformation, "the URL without what stands before `@`"))
}

/// Takes off `scheme://`.
fn scheme(whole: Part<'_>) -> Result<(Option<Scheme>, Part<'_>), TargetError> {
    let Some(end) = whole.text.find("://") else {
        return Ok((None, whole));
    };
    let name = whole.slice(0, end);
    let rest = whole.behind(end + 3);
    if let Some((starttls, port)) = StartTls::for_scheme(name.text) {
        return Ok((Some(Scheme { starttls, port }), rest));
    }
    let expected = "`tls`, `https`, or how TLS begins, such as `smtp`, `ldap` or `postgres`";
    let error = name.fail(Kind::UnknownScheme(name.text.into()), expected);
    Err(match nearest_scheme(name.text) {
        Some(nearest) => error.suggest(format!("{nearest}://{}", rest.text)),
        None => error,
    })
}

/// Takes off path, query and fragment, unless it is the prefix length of a range that follows the slash.
fn without_path(authority: Part<'_>, has_scheme: bool) -> Part<'_> {
    let end = authority
        .text
        .find(['/', '?', '#'])
        .unwrap_or(authority.text.len());
    let (host, rest) = (authority.slice(0, end), authority.behind(end));
    let is_address = host.text.starts_with('[')
        || host.text.parse::<Ipv4Addr>().is_ok()
        || host.text.bytes().filter(|byte| *byte == b':').count() > 1;
    let Some(behind) = rest.text.strip_prefix('/') else {
        return host;
    };
    let length = behind.split(':').next().unwrap_or_default();
    let is_length = (1..=3).contains(&length.len()) && length.bytes().all(|byte| byte.is_ascii_digit());
    // Without a scheme a slash behind an address, and a number behind a slash, can only be meant as a range.
    let is_range = if has_scheme {
        is_address && is_length
    } else {
        is_address || is_length
    };
    if is_range { authority } else { host }
}

type Who<'a> = (What, Option<Part<'a>>);

fn name_at_address<'a>((name, address): (Part<'a>, Part<'a>)) -> Result<Who<'a>, TargetError> {
    const FORM: &str = "`name@address:port`";
    if name.text.starts_with('[') || name.text.parse::<IpAddr>().is_ok() {
        return Err(name.fail(Kind::AddressBeforeAt, FORM));
    }
    if let Some(colon) = name.text.find(':') {
        let is_port = name
            .behind(colon + 1)
            .text
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        if !is_port {
            return Err(name.fail(Kind::UserInformation, FORM));
        }
        return Err(name.behind(colon).fail(Kind::PortBeforeAt, FORM));
    }
    let name = dns_name(name)?;
    let (what, port) = who(address)?;
    match what {
        What::Address(address) => Ok((
            What::Name {
                name,
                address: Some(address),
            },
            port,
        )),
        What::Network(_) => Err(address.fail(Kind::RangeBehindAt, "a single address behind `@`")),
        What::Name { .. } => Err(address.fail(
            Kind::Address(address.text.into()),
            "an IPv4 or IPv6 address behind `@`",
        )),
    }
}

/// Name, address or range, and what is written as the port.
fn who(authority: Part<'_>) -> Result<Who<'_>, TargetError> {
    if authority.text.starts_with('[') {
        return bracketed(authority);
    }
    if let Some(slash) = authority.text.find('/') {
        let (address, rest) = authority.around(slash);
        return range(authority, ip_address(address)?, rest);
    }
    let mut colons = authority.text.match_indices(':').map(|(at, _)| at);
    match (colons.next(), colons.next()) {
        (None, _) => Ok((name_or_address(authority)?, None)),
        (Some(colon), None) => {
            let (host, port) = authority.around(colon);
            Ok((name_or_address(host)?, Some(port)))
        }
        (Some(_), Some(_)) => Ok((What::Address(bare_v6(authority)?), None)),
    }
}

/// `[address]`, `[address]:port`, `[address]/length`, `[address]/length:port`.
fn bracketed(authority: Part<'_>) -> Result<Who<'_>, TargetError> {
    let Some(end) = authority.text.find(']') else {
        return Err(authority
            .slice(0, 1)
            .fail(Kind::Bracket, "`]` behind the IPv6 address"));
    };
    let inner = authority.slice(1, end);
    let Ok(address) = inner.text.parse::<Ipv6Addr>() else {
        return Err(inner.fail(
            Kind::Address(inner.text.into()),
            "an IPv6 address between the brackets",
        ));
    };
    let rest = authority.behind(end + 1);
    match rest.text.as_bytes().first() {
        None => Ok((What::Address(address.into()), None)),
        Some(b':') => Ok((What::Address(address.into()), Some(rest.behind(1)))),
        Some(b'/') => range(authority, address.into(), rest.behind(1)),
        Some(_) => Err(rest.fail(Kind::BehindBracket, "`:port` or `/length` behind the bracket")),
    }
}

/// A range, of which `rest` is the length and perhaps a port.
fn range<'a>(authority: Part<'a>, address: IpAddr, rest: Part<'a>) -> Result<Who<'a>, TargetError> {
    let (length, port) = match rest.text.find(':') {
        Some(colon) => (rest.slice(0, colon), Some(rest.behind(colon + 1))),
        None => (rest, None),
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let digits = !length.text.is_empty() && length.text.bytes().all(|byte| byte.is_ascii_digit());
    let network = length
        .text
        .parse()
        .ok()
        .filter(|_| digits)
        .and_then(|length| IpNet::new(address, length).ok());
    let Some(network) = network else {
        let expected = "a length behind the slash, such as 192.0.2.0/28 or 2001:db8::/120";
        return Err(length.fail(Kind::PrefixLength { longest }, expected));
    };
    let first = network.trunc();
    if first.addr() != address {
        let written = authority.slice(0, length.range().end - authority.start);
        let expected = format!("the first address of the range, {first}, or one address without `/`");
        let error = TargetError::new(
            written.whole,
            written.range(),
            Kind::HostBits { network: first },
            expected,
        );
        return Err(error.suggest(first.to_string()));
    }
    let what = if expand::size(&first) == 1 {
        What::Address(address)
    } else {
        What::Network(first)
    };
    Ok((what, port))
}

fn name_or_address(host: Part<'_>) -> Result<What, TargetError> {
    if is_numeric(host.text) {
        return ip_address(host).map(What::Address);
    }
    dns_name(host).map(|name| What::Name { name, address: None })
}

/// Whether `host` can only be meant as an address: its last label is a number, or digits, dots and hyphens are all that
/// it has (URL standard, section 3.5). Such a host is never a name, also when it is no address that can be read.
pub fn is_numeric(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let ends_in_number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    let only_numbers = || {
        host.bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
    };
    !host.is_empty() && (ends_in_number || only_numbers())
}

fn ip_address(part: Part<'_>) -> Result<IpAddr, TargetError> {
    part.text.parse().map_err(|_| {
        let expected = "an address such as 192.0.2.1 or [2001:db8::1], or a range such as 192.0.2.0/28";
        part.fail(Kind::Address(part.text.into()), expected)
    })
}

/// An IPv6 address without brackets, refused when its end looks like a port.
fn bare_v6(part: Part<'_>) -> Result<IpAddr, TargetError> {
    let address = part.text.parse::<Ipv6Addr>();
    let colon = part.text.rfind(':').unwrap_or_default();
    let (head, last) = part.around(colon);
    let number = last
        .text
        .parse::<u16>()
        .ok()
        .filter(|_| !last.text.starts_with(['0', '+']));
    let may_be_port = number.is_some_and(|port| address.is_err() || StartTls::is_well_known_port(port));
    if may_be_port && head.text.parse::<Ipv6Addr>().is_ok() {
        let error = last.fail(
            Kind::PortAmbiguous,
            "brackets around the address: `[address]:port`",
        );
        return Err(error.suggest(format!("[{}]:{}", head.text, last.text)));
    }
    address.map(IpAddr::V6).map_err(|_| {
        part.fail(
            Kind::Address(part.text.into()),
            "an IPv6 address, in brackets if a port follows: `[address]:port`",
        )
    })
}

fn port(part: Part<'_>) -> Result<u16, TargetError> {
    const FORM: &str = "a port of 1 to 65535";
    if part.text.is_empty() {
        // The caret points at the colon.
        let colon = Part {
            start: part.start.saturating_sub(1),
            text: ":",
            ..part
        };
        return Err(colon.fail(Kind::PortMissing, FORM));
    }
    if !part.text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(part.fail(Kind::PortNotANumber(part.text.into()), FORM));
    }
    match part.text.parse() {
        Ok(0) => Err(part.fail(Kind::PortZero, FORM)),
        Ok(port) => Ok(port),
        Err(_) => Err(part.fail(Kind::PortTooLarge, FORM)),
    }
}

fn dns_name(part: Part<'_>) -> Result<Name, TargetError> {
    Name::parse(part.text).map_err(|error| {
        let at = offending(part, error);
        let error = at.fail(Kind::Name(error), name_expectation(error));
        match part.text.strip_prefix("*.") {
            Some(parent) if !parent.is_empty() => error.suggest(parent),
            _ => error,
        }
    })
}

fn name_expectation(error: NameError) -> &'static str {
    match error {
        NameError::Wildcard => "one concrete name of those that the wildcard covers",
        NameError::Empty => "a name or an address",
        NameError::ALabel => "the name as people write it, or its right A-label",
        _ => "a name such as example.com",
    }
}

/// The piece of a name that is to blame.
fn offending(part: Part<'_>, error: NameError) -> Part<'_> {
    let label = |bad: &dyn Fn(&str) -> bool| {
        let mut start = 0;
        for label in part.text.split('.') {
            if bad(label) {
                return part.slice(start, start + label.len());
            }
            start += label.len() + 1;
        }
        part
    };
    match error {
        NameError::Character(character) => match part.text.find(character) {
            Some(at) => part.slice(at, at + character.len_utf8()),
            None => part,
        },
        NameError::EmptyLabel => label(&str::is_empty),
        NameError::LabelTooLong => label(&|label| label.len() > 63),
        NameError::Hyphen => label(&|label| label.starts_with('-') || label.ends_with('-')),
        NameError::ALabel => label(&|label| is_broken_a_label(&label.to_ascii_lowercase())),
        NameError::Wildcard => part.slice(0, 1),
        NameError::Empty | NameError::TooLong | NameError::Idna => part,
    }
}

/// The known scheme that takes the fewest edits, if that is at most two.
fn nearest_scheme(written: &str) -> Option<&'static str> {
    let written = written.to_ascii_lowercase();
    if written.len() > 20 {
        return None;
    }
    StartTls::schemes()
        .map(|known| (edits(&written, known), known))
        .filter(|(edits, known)| *edits <= 2 && *edits < known.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

/// Levenshtein distance over bytes; one row at a time.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, source) in from.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, target) in row.iter_mut().skip(1).zip(to.bytes()) {
            let cost = (diagonal + usize::from(source != target))
                .min(left + 1)
                .min(*cell + 1);
            diagonal = std::mem::replace(cell, cost);
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
