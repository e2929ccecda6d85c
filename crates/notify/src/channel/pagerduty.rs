//! PagerDuty, Events API v2: one event for each alert, known by the alert's id, so that an event that arrives twice counts
//! once and a recovery resolves what its alert opened.

use serde_json::json;

use super::{Address, Post};
use crate::message::{Kind, Message, Told, What};
use crate::secret::Secret;

/// Where events go unless another place is named.
pub(super) const URL: &str = "https://events.pagerduty.com";
/// A summary may have 1,024 characters.
const SUMMARY: usize = 1_000;

#[derive(Debug)]
pub(crate) struct Pagerduty {
    pub(super) key: Secret,
    pub(super) address: Address,
}

impl Pagerduty {
    pub(super) fn posts(&self, message: &Message) -> Vec<Post<'_>> {
        match message.kind {
            Kind::Alerts => message
                .alerts
                .iter()
                .map(|told| self.event(told, message))
                .collect(),
            // A digest wakes nobody.
            Kind::Digest => Vec::new(),
            Kind::Test => {
                let payload =
                    json!({ "summary": message.headline(), "source": "nolapse", "severity": "info" });
                let event = json!({
                    "routing_key": self.key.expose(), "event_action": "trigger", "dedup_key": "nolapse-test",
                    "payload": payload,
                });
                let over = json!({
                    "routing_key": self.key.expose(), "event_action": "resolve", "dedup_key": "nolapse-test",
                });
                vec![
                    Post::json(&self.address, &event),
                    Post::json(&self.address, &over),
                ]
            }
        }
    }

    fn event(&self, told: &Told, message: &Message) -> Post<'_> {
        let action = if told.what == What::Resolved {
            "resolve"
        } else {
            "trigger"
        };
        let severity = match told.severity.as_str() {
            "WARNING" => "warning",
            "ERROR" => "error",
            _ => "critical",
        };
        let links: Vec<_> = { message.page.iter() }
            .map(|page| json!({ "href": page, "text": "nolapse" }))
            .collect();
        let event = json!({
            "routing_key": self.key.expose(),
            "event_action": action,
            "dedup_key": format!("nolapse-{}", told.id),
            "client": "nolapse",
            "links": links,
            "payload": {
                "summary": format!("{} ({})", told.title, told.reached()).chars().take(SUMMARY).collect::<String>(),
                "source": told.examples.first().map_or("nolapse", String::as_str),
                "severity": severity,
                "timestamp": told.opened.to_string(),
                "class": told.rule,
                "custom_details": {
                    "reach": told.reach, "examples": told.examples, "remedy": told.remedy, "since": told.since,
                },
            },
        });
        Post::json(&self.address, &event)
    }
}

#[cfg(test)]
mod tests {
    use net::api::OwnTls;

    use super::super::address::Readable;
    use super::*;
    use crate::message::samples::{at, told};

    fn bodies(message: &Message) -> Vec<serde_json::Value> {
        let pagerduty = Pagerduty {
            key: Secret::new("k"),
            address: Address::parse(URL, "/v2/enqueue", Readable::Refused, &OwnTls::default()).unwrap(),
        };
        pagerduty
            .posts(message)
            .iter()
            .map(|post| serde_json::from_slice(&post.body).unwrap())
            .collect()
    }

    #[test]
    fn each_alert_is_an_event_that_its_recovery_resolves() {
        let all = vec![told("a", What::Opened, "x", 2), told("b", What::Resolved, "y", 1)];
        let bodies = bodies(&Message::about(Kind::Alerts, all, at(0), None));
        assert_eq!(bodies[0]["event_action"], "trigger");
        assert_eq!(bodies[0]["dedup_key"], "nolapse-a");
        assert_eq!(bodies[0]["payload"]["severity"], "critical");
        assert_eq!(
            (&bodies[1]["event_action"], &bodies[1]["dedup_key"]),
            (&json!("resolve"), &json!("nolapse-b"))
        );
    }

    #[test]
    fn a_test_leaves_nothing_open_and_a_digest_wakes_nobody() {
        assert_eq!(
            bodies(&Message::test(at(0), None)).last().unwrap()["event_action"],
            "resolve"
        );
        assert!(
            bodies(&Message::about(
                Kind::Digest,
                vec![told("a", What::Open, "x", 2)],
                at(0),
                None
            ))
            .is_empty()
        );
    }
}
