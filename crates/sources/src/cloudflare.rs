//! Zones and records of Cloudflare, by its interface of version 4 (`/zones`, `/zones/ID/dns_records`).
//!
//! A token comes in; zones, then their records go out, page by page. What a proxied record has is the origin behind
//! Cloudflare, which is where the certificate of the user's own is.

use std::fmt;

use model::limits;
use model::zone::{Domain, Kind, RecordRef};
use net::Network;
use net::api::{Answer, Origin};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::provider::{Hosted, ProviderError, Worded, patiently};
use crate::sigv4::encoded;

/// The interface of one account.
#[derive(Clone)]
pub struct Cloudflare {
    /// Where.
    pub origin: Origin,
    /// A token that may read zones and records. Never shown.
    pub token: String,
}

impl fmt::Debug for Cloudflare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloudflare")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Where the interface is.
pub const ENDPOINT: &str = "https://api.cloudflare.com";

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    success: bool,
    #[serde(default)]
    errors: Vec<Fault>,
    result: Option<Vec<T>>,
    result_info: Option<Info>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    total_pages: usize,
}

#[derive(Deserialize)]
struct Zone {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    ttl: u32,
    #[serde(default)]
    priority: Option<u16>,
}

impl Cloudflare {
    /// Every zone that the token may read.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn zones(&self, network: &Network) -> Result<Vec<Hosted>, ProviderError> {
        let mut zones = Vec::new();
        for number in 1..=limits::PROVIDER_PAGES {
            let target = format!("/client/v4/zones?page={number}&per_page=50");
            let (page, last) = self.page::<Zone>(network, &target, number).await?;
            for Zone { id, name } in page {
                let apex = Domain::parse(&name).map_err(|error| shape(&format!("zone {name}: {error}")))?;
                let private = false;
                zones.push(Hosted { apex, id, private });
            }
            if zones.len() > limits::ZONES {
                return Err(ProviderError::Endless);
            }
            if last {
                return Ok(zones);
            }
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
        for number in 1..=limits::PROVIDER_PAGES {
            let target = format!(
                "/client/v4/zones/{}/dns_records?page={number}&per_page=500",
                encoded(&zone.id)
            );
            let (page, last) = self.page::<Entry>(network, &target, number).await?;
            for entry in &page {
                entry.give(sink)?;
            }
            if last {
                return Ok(());
            }
        }
        Err(ProviderError::Endless)
    }

    /// One page, and whether it is the last.
    async fn page<T: DeserializeOwned>(
        &self,
        network: &Network,
        target: &str,
        number: usize,
    ) -> Result<(Vec<T>, bool), ProviderError> {
        let headers = || vec![("authorization", format!("Bearer {}", self.token))];
        let answer = patiently(network, &self.origin, target, &headers, |_| false).await?;
        let status = answer.status;
        let page: Result<Page<T>, _> = serde_json::from_slice(&answer.body);
        match (status, page) {
            (200, Ok(page)) if page.success => {
                let result = page.result.unwrap_or_default();
                let last =
                    result.is_empty() || page.result_info.is_none_or(|info| number >= info.total_pages);
                Ok((result, last))
            }
            (200, Err(error)) => Err(shape(&error.to_string())),
            (_, page) => Err(refused(&answer, page.map(|page| page.errors).unwrap_or_default())),
        }
    }
}

fn refused(answer: &Answer, errors: Vec<Fault>) -> ProviderError {
    let status = answer.status;
    let words = errors
        .into_iter()
        .map(|fault| fault.message)
        .collect::<Vec<_>>()
        .join("; ");
    match status {
        400 | 401 | 403 => ProviderError::Denied { status, words },
        _ => ProviderError::Status { status, words },
    }
}

fn shape(words: &str) -> ProviderError {
    ProviderError::Shape(model::untrusted::shown(words))
}

impl Entry {
    fn give(&self, sink: &mut dyn FnMut(RecordRef<'_>)) -> Result<(), ProviderError> {
        let Some(kind) = Kind::for_word(&self.kind) else {
            return Err(shape(&format!("no type of record `{}`", self.kind)));
        };
        let owner =
            Domain::parse(&self.name).map_err(|error| shape(&format!("record {}: {error}", self.name)))?;
        // The preference of mail servers, and of services, stands beside the rest.
        let data = match (kind, self.priority) {
            (Kind::MX, Some(priority)) => format!("{priority} {}", self.content),
            (Kind::SRV, Some(priority)) if self.content.split_whitespace().count() == 3 => {
                format!("{priority} {}", self.content)
            }
            _ => self.content.clone(),
        };
        let ttl = self.ttl;
        Worded {
            owner,
            kind,
            ttl,
            data: &data,
        }
        .give(sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_records() {
        let entries: Vec<Entry> = serde_json::from_str(
            r#"[{"type": "A", "name": "www.example.com", "content": "192.0.2.1", "ttl": 1, "proxied": true, "id": "x"},
                {"type": "MX", "name": "example.com", "content": "mx.example.com", "ttl": 60, "priority": 10},
                {"type": "SRV", "name": "_imaps._tcp.example.com", "content": "5 993 mx.example.com", "ttl": 60, "priority": 1},
                {"type": "CNAME", "name": "*.example.com", "content": "www.example.com", "ttl": 60}]"#,
        )
        .unwrap();
        let mut out = Vec::new();
        for entry in &entries {
            entry.give(&mut |record| out.push(record.to_string())).unwrap();
        }
        assert_eq!(
            out,
            [
                "www.example.com. 1 IN A 192.0.2.1",
                "example.com. 60 IN MX 10 mx.example.com.",
                "_imaps._tcp.example.com. 60 IN SRV 1 5 993 mx.example.com.",
                "*.example.com. 60 IN CNAME www.example.com.",
            ]
        );
    }
}
