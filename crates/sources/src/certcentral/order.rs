//! What the interface says of orders and their certificates, as leniently as it can be read.
//!
//! JSON comes in; pages, orders and their certificates go out, and from them what a sighting needs. Numbers may be text,
//! and anything may be missing or null: orders that are pending have neither serial number nor days.

use model::Untrusted;
use model::sighting::{Claim, OrderFacts, OrderState};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::said::{self, Edge};

/// One page of the list. Orders stay JSON, so that one odd order does not lose its page.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    pub(super) orders: Vec<Value>,
    pub(super) page: PageNumbers,
}

#[derive(Deserialize)]
pub(super) struct PageNumbers {
    pub(super) total: u64,
}

/// Duplicates or reissues of an order.
#[derive(Deserialize)]
pub(super) struct Further {
    #[serde(default)]
    pub(super) certificates: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Order {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) certificate: Option<OrderedCertificate>,
    #[serde(default)]
    is_renewed: Option<bool>,
    #[serde(default)]
    pub(super) has_duplicates: Option<bool>,
    #[serde(default)]
    date_created: Option<String>,
    #[serde(default)]
    organization: Option<Named>,
    #[serde(default)]
    product: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    name: Option<String>,
}

#[derive(Default, Deserialize)]
pub(super) struct OrderedCertificate {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<String>,
    #[serde(default)]
    common_name: Option<String>,
    #[serde(default)]
    dns_names: Option<Vec<Option<String>>>,
    #[serde(default)]
    serial_number: Option<String>,
    #[serde(default)]
    valid_from: Option<String>,
    #[serde(default)]
    valid_till: Option<String>,
    #[serde(default)]
    ca_cert: Option<Named>,
    /// Said of duplicates and reissues alone.
    #[serde(default)]
    status: Option<String>,
}

impl OrderedCertificate {
    pub(super) fn claim(&self) -> Claim {
        Claim {
            issuer: self
                .ca_cert
                .as_ref()
                .and_then(|issuer| said::text(issuer.name.as_deref())),
            serial: self.serial_number.as_deref().and_then(said::serial),
            common_name: said::text(self.common_name.as_deref()),
            names: said::names(self.dns_names.iter().flatten().flatten().map(String::as_str)),
            not_before: self
                .valid_from
                .as_deref()
                .and_then(|day| said::moment(day, Edge::Begin)),
            not_after: self
                .valid_till
                .as_deref()
                .and_then(|day| said::moment(day, Edge::End)),
        }
    }
}

impl Order {
    /// The number of the order, as people read it.
    pub(super) fn number(&self) -> Untrusted {
        Untrusted::new(self.id.clone().unwrap_or_default())
    }

    pub(super) fn facts(&self, certificate: &OrderedCertificate) -> OrderFacts {
        let status = certificate.status.as_deref().or(self.status.as_deref());
        OrderFacts {
            order: self.number(),
            certificate: certificate.id.clone().map(Untrusted::new),
            state: state(status.unwrap_or_default()),
            product: self
                .product
                .as_ref()
                .and_then(|product| said::text(product.name.as_deref())),
            organization: self
                .organization
                .as_ref()
                .and_then(|organization| said::text(organization.name.as_deref())),
            ordered: self
                .date_created
                .as_deref()
                .and_then(|moment| said::moment(moment, Edge::Begin)),
            renewed: self.is_renewed.unwrap_or(false),
        }
    }
}

/// What the words of the interface mean.
fn state(word: &str) -> OrderState {
    match word {
        // While a reissue is pending, what was issued before it is in force.
        "issued" | "approved" | "active" | "expired" | "reissue_pending" => OrderState::Issued,
        "pending" | "waiting_pickup" | "processing" | "needs_approval" | "needs_csr" | "submitted" => {
            OrderState::Pending
        }
        "revoked" => OrderState::Revoked,
        "rejected" | "canceled" | "cancelled" => OrderState::Ended,
        other => OrderState::Other(Untrusted::new(other)),
    }
}

/// A number that may come as text.
fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() && text.len() <= LONGEST_NUMBER => Some(text),
        _ => None,
    })
}

/// Longest number that is taken for one; the longest in use have 10 digits.
const LONGEST_NUMBER: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_order_as_it_is_listed() {
        let order = order(
            r#"{"id": 1502351286, "status": "issued", "is_renewed": true, "date_created": "2024-10-29T10:00:00+00:00",
                "organization": {"id": 1, "name": "Example"}, "product": {"name_id": "ssl_basic", "name": "Basic OV"},
                "certificate": {"id": 2398777, "serial_number": "026d0d1c50b0eeb1762679f25025a1f7", "common_name": "a.test",
                "dns_names": ["a.test", null, "b.test", "A.test"], "valid_from": "2024-10-29", "valid_till": "2025-10-24",
                "days_remaining": 28}}"#,
        );
        let certificate = order.certificate.as_ref().unwrap();
        let claim = certificate.claim();
        assert_eq!(claim.serial.as_deref().map(<[u8]>::len), Some(16));
        assert_eq!(claim.names, ["a.test".into(), "b.test".into()]);
        assert_eq!(claim.not_after, "2025-10-24T23:59:59Z".parse().ok());
        let facts = order.facts(certificate);
        assert_eq!(
            (facts.order.raw(), facts.certificate.unwrap().raw()),
            ("1502351286", "2398777")
        );
        assert_eq!((facts.state, facts.renewed), (OrderState::Issued, true));
        assert_eq!(facts.organization, Some("Example".into()));
    }

    #[test]
    fn what_is_missing_or_null_is_missing() {
        let order = order(
            r#"{"id": "7", "status": "strange", "certificate": {"id": null, "dns_names": null, "valid_till": "0000-00-00"}}"#,
        );
        let certificate = order.certificate.as_ref().unwrap();
        assert_eq!(certificate.claim(), Claim::default());
        let facts = order.facts(certificate);
        assert_eq!((facts.order.raw(), facts.certificate), ("7", None));
        assert_eq!(facts.state, OrderState::Other("strange".into()));
    }
}
