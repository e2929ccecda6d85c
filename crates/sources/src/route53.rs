//! Zones and records of Route 53, by its interface of 2013-04-01 (`ListHostedZones`, `ListResourceRecordSets`).
//!
//! Credentials come in; zones, then their records go out, page by page. Alias records become ALIAS records: the same
//! addresses as another name, of one family. Private zones are listed as such, so that a zone with two faces is two views.

use std::fmt::Write as _;

use model::limits;
use model::zone::{Domain, Kind, RecordRef};
use net::Network;
use net::api::{Answer, Origin};
use net::clock::SystemClock;

use crate::provider::{Hosted, ProviderError, Worded, patiently};
use crate::sigv4::{self, Credentials};
use crate::xml::{Event, Reader, XmlError};

/// The interface of one account.
#[derive(Clone, Debug)]
pub struct Route53 {
    /// Where.
    pub origin: Origin,
    /// What opens the account.
    pub credentials: Credentials,
}

/// Where the interface is.
pub const ENDPOINT: &str = "https://route53.amazonaws.com";
/// It has one region, wherever one asks from.
const REGION: &str = "us-east-1";
const SERVICE: &str = "route53";
/// Entries of one page: the most it gives.
const ZONES: &str = "100";
const RECORDS: &str = "300";

impl Route53 {
    /// Every zone of the account.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn zones(&self, network: &Network) -> Result<Vec<Hosted>, ProviderError> {
        let mut zones = Vec::new();
        let mut marker = String::new();
        for _ in 0..limits::PROVIDER_PAGES {
            let mut query = vec![("maxitems", ZONES)];
            if !marker.is_empty() {
                query.push(("marker", &marker));
            }
            let answer = self.get(network, "/2013-04-01/hostedzone", &query).await?;
            let page = tree(&answer.body)?;
            for zone in page.all("HostedZone") {
                let name = zone.text("Name");
                let apex = Domain::parse(&unescaped(name))
                    .map_err(|error| shape(&format!("zone {name}: {error}")))?;
                zones.push(Hosted {
                    apex,
                    id: zone.text("Id").rsplit('/').next().unwrap_or_default().to_owned(),
                    private: zone.text("PrivateZone") == "true",
                });
                if zones.len() > limits::ZONES {
                    return Err(ProviderError::Endless);
                }
            }
            if page.text("IsTruncated") != "true" {
                return Ok(zones);
            }
            page.text("NextMarker").clone_into(&mut marker);
        }
        Err(ProviderError::Endless)
    }

    /// Gives the records of a zone to `sink`.
    ///
    /// # Errors
    /// [`ProviderError`]; what was given before is a part of the zone.
    pub async fn records(
        &self,
        network: &Network,
        zone: &Hosted,
        sink: &mut dyn FnMut(RecordRef<'_>),
    ) -> Result<(), ProviderError> {
        let path = format!("/2013-04-01/hostedzone/{}/rrset", sigv4::encoded(&zone.id));
        let mut next: [String; 3] = Default::default();
        for _ in 0..limits::PROVIDER_PAGES {
            let mut query = vec![("maxitems", RECORDS)];
            let keys = ["name", "type", "identifier"];
            query.extend(
                keys.iter()
                    .copied()
                    .zip(next.iter().map(String::as_str))
                    .filter(|(_, value)| !value.is_empty()),
            );
            let answer = self.get(network, &path, &query).await?;
            let page = tree(&answer.body)?;
            for set in page.all("ResourceRecordSet") {
                give(set, sink)?;
            }
            if page.text("IsTruncated") != "true" {
                return Ok(());
            }
            let following = ["NextRecordName", "NextRecordType", "NextRecordIdentifier"]
                .map(|key| page.text(key).to_owned());
            if following == next {
                return Err(ProviderError::Endless);
            }
            next = following;
        }
        Err(ProviderError::Endless)
    }

    async fn get(
        &self,
        network: &Network,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, ProviderError> {
        let headers = || {
            let request = sigv4::Request {
                method: "GET",
                host: self.origin.authority(),
                path,
                query,
                region: REGION,
                service: SERVICE,
            };
            let signed = sigv4::sign(&request, &self.credentials, SystemClock.now());
            let mut headers = vec![
                ("x-amz-date", signed.date),
                ("authorization", signed.authorization),
            ];
            headers.extend(signed.token.map(|token| ("x-amz-security-token", token)));
            headers
        };
        let target = format!("{path}?{}", sigv4::query(query));
        let answer = patiently(network, &self.origin, &target, &headers, is_throttled).await?;
        let status = answer.status;
        let words = || {
            let told = tree(&answer.body).ok();
            told.map(|told| format!("{} {}", told.text("Code"), told.text("Message")))
                .unwrap_or_default()
        };
        match status {
            200 => Ok(answer),
            401 | 403 => Err(ProviderError::Denied {
                status,
                words: words(),
            }),
            _ => Err(ProviderError::Status {
                status,
                words: words(),
            }),
        }
    }
}

/// Route 53 throttles with status 400 and this code: five questions a second are allowed to one account.
fn is_throttled(answer: &Answer) -> bool {
    answer.status == 400 && String::from_utf8_lossy(&answer.body).contains("<Code>Throttling")
}

fn give(set: &Element, sink: &mut dyn FnMut(RecordRef<'_>)) -> Result<(), ProviderError> {
    let name = set.text("Name");
    let owner = Domain::parse(&unescaped(name)).map_err(|error| shape(&format!("record {name}: {error}")))?;
    let word = set.text("Type");
    let kind = Kind::for_word(word).ok_or_else(|| shape(&format!("no type of record `{word}`")))?;
    let ttl = set.text("TTL").parse().unwrap_or_default();
    if let Some(alias) = set.all("AliasTarget").next() {
        let family = match kind {
            Kind::A => "4",
            Kind::AAAA => "6",
            // An alias of another type leads to no endpoint by itself.
            _ => return Ok(()),
        };
        let data = format!("{family} {}", unescaped(alias.text("DNSName")));
        let kind = Kind::ALIAS;
        return Worded {
            owner,
            kind,
            ttl,
            data: &data,
        }
        .give(sink);
    }
    for value in set.all("Value") {
        let data = match kind {
            // Names in data are escaped as owners are.
            Kind::CNAME | Kind::NS | Kind::MX | Kind::SRV | Kind::PTR | Kind::HTTPS | Kind::SVCB => {
                unescaped(&value.text)
            }
            _ => value.text.clone(),
        };
        let owner = owner.clone();
        Worded {
            owner,
            kind,
            ttl,
            data: &data,
        }
        .give(sink)?;
    }
    Ok(())
}

/// Route 53 writes odd octets of names as `\ooo`, in octal; master files have `\DDD`, in decimal.
fn unescaped(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some((head, tail)) = rest.split_once('\\') {
        out.push_str(head);
        let octet = tail
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octet {
            Some(octet) => {
                write!(out, "\\{octet:03}").unwrap_or_default();
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                out.push('\\');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn shape(words: &str) -> ProviderError {
    ProviderError::Shape(model::untrusted::shown(words))
}

/// An element of an answer.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// The text of the first element of this name below this one.
    fn text(&self, name: &str) -> &str {
        self.all(name).next().map_or("", |element| element.text.as_str())
    }

    /// Every element of this name below this one.
    fn all<'e>(&'e self, name: &str) -> impl Iterator<Item = &'e Self> {
        let name = name.to_owned();
        let mut waiting: Vec<&Self> = self.children.iter().rev().collect();
        std::iter::from_fn(move || {
            while let Some(element) = waiting.pop() {
                if element.name == name {
                    return Some(element);
                }
                waiting.extend(element.children.iter().rev());
            }
            None
        })
    }
}

fn tree(body: &[u8]) -> Result<Element, ProviderError> {
    let text = std::str::from_utf8(body).map_err(|_| shape("not UTF-8"))?;
    read_tree(text).map_err(|error| shape(&error.to_string()))
}

fn read_tree(text: &str) -> Result<Element, XmlError> {
    let mut reader = Reader::new(text);
    let mut open = vec![Element::default()];
    while let Some(event) = reader.event()? {
        match event {
            Event::Start(name) => open.push(Element {
                name: name.to_owned(),
                ..Element::default()
            }),
            Event::Text(text) => {
                if let Some(last) = open.last_mut() {
                    last.text.push_str(&text);
                }
            }
            Event::End(_) => {
                if let Some(done) = open.pop()
                    && let Some(parent) = open.last_mut()
                {
                    parent.children.push(done);
                }
            }
        }
    }
    Ok(open.into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_escapes_become_decimal_ones() {
        assert_eq!(unescaped("\\052.example.com."), "\\042.example.com.");
        assert_eq!(unescaped("plain.example.com."), "plain.example.com.");
        assert_eq!(
            Domain::parse(&unescaped("\\052.example.com."))
                .unwrap()
                .to_string(),
            "*.example.com."
        );
    }

    #[test]
    fn sets_become_records() {
        let text = "<R><ResourceRecordSet><Name>a.example.com.</Name><Type>A</Type><TTL>60</TTL><ResourceRecords>\
            <ResourceRecord><Value>192.0.2.1</Value></ResourceRecord><ResourceRecord><Value>192.0.2.2</Value></ResourceRecord>\
            </ResourceRecords></ResourceRecordSet><ResourceRecordSet><Name>example.com.</Name><Type>AAAA</Type><AliasTarget>\
            <HostedZoneId>Z</HostedZoneId><DNSName>lb.vendor.test.</DNSName></AliasTarget></ResourceRecordSet></R>";
        let page = tree(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        for set in page.all("ResourceRecordSet") {
            give(set, &mut |record| out.push(record.to_string())).unwrap();
        }
        assert_eq!(
            out,
            [
                "a.example.com. 60 IN A 192.0.2.1",
                "a.example.com. 60 IN A 192.0.2.2",
                "example.com. 0 IN ALIAS 6 lb.vendor.test.",
            ]
        );
    }
}
