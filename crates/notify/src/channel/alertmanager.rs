//! Alertmanager, API v2: every alert with labels by which it is known. It groups, routes and repeats by itself.
//!
//! Alertmanager forgets an alert that is not sent again by `endsAt`; an open one is given a week, and its end is told when it
//! is there.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Address, Post};
use crate::message::{Kind, Message, Told};
use crate::secret::Secret;

/// How long an open alert is to be believed without a word: longer than the longest repeat interval that makes sense.
const BELIEVED: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Debug)]
pub(crate) struct Alertmanager {
    pub(super) address: Address,
    pub(super) token: Option<Secret>,
}

impl Alertmanager {
    pub(super) fn posts(&self, message: &Message) -> Vec<Post<'_>> {
        let alerts: Vec<Value> = match message.kind {
            Kind::Alerts | Kind::Digest => message.alerts.iter().map(|told| alert(told, message)).collect(),
            Kind::Test => vec![json!({
                "labels": { "alertname": "NolapseTest", "severity": "info" },
                "annotations": { "summary": message.headline() },
                "startsAt": message.at,
                "endsAt": message.at.saturating_add(SignedDuration::from_mins(5)).unwrap_or(message.at),
            })],
        };
        if alerts.is_empty() {
            return Vec::new();
        }
        let mut post = Post::json(&self.address, &Value::Array(alerts));
        post.headers.extend(
            { self.token.iter() }.map(|token| ("authorization", format!("Bearer {}", token.expose()))),
        );
        vec![post]
    }
}

fn alert(told: &Told, message: &Message) -> Value {
    let ends = told
        .closed
        .unwrap_or_else(|| message.at.saturating_add(BELIEVED).unwrap_or(message.at));
    json!({
        // Labels are what it is known by: nothing that changes while it is open, so no severity and no reach.
        "labels": { "alertname": "Nolapse", "rule": told.rule, "alert": told.id },
        "annotations": {
            "summary": told.title,
            "description": told.remedy,
            "severity": told.severity.to_ascii_lowercase(),
            "reach": told.reach.to_string(),
            "examples": told.examples.join(", "),
        },
        "startsAt": told.opened,
        "endsAt": ends,
        "generatorURL": message.page.as_deref().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::What;
    use crate::message::samples::{at, told};

    #[test]
    fn an_end_has_the_labels_of_its_beginning() {
        let of = |what| alert(&told("a", what, "x", 3).1, &Message::test(at(0), None));
        let (begun, over) = (of(What::Opened), of(What::Resolved));
        assert_eq!(begun["labels"], over["labels"]);
        assert_eq!(over["endsAt"], json!(at(0)));
        assert_eq!(begun["endsAt"], json!(at(7 * 24 * 3600)));
    }
}
