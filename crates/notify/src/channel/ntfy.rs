//! ntfy: one notification for each message.

use serde_json::json;

use super::{Address, Post};
use crate::message::{Kind, Message, What};
use crate::secret::Secret;

/// Where notifications go unless another place is named.
pub(super) const URL: &str = "https://ntfy.sh";
/// Longer ones become attachments.
const BYTES: usize = 3_500;

#[derive(Debug)]
pub(crate) struct Ntfy {
    pub(super) address: Address,
    pub(super) topic: Secret,
    pub(super) token: Option<Secret>,
}

impl Ntfy {
    pub(super) fn post(&self, message: &Message) -> Post<'_> {
        let gone = message.alerts.iter().all(|told| told.what == What::Resolved);
        let worst = message.alerts.first().map(|told| told.severity.as_str());
        let (priority, tag) = match (message.kind, gone, worst) {
            (Kind::Test, ..) => (2, "test_tube"),
            (Kind::Digest, ..) => (2, "newspaper"),
            (_, true, _) => (2, "white_check_mark"),
            (_, _, Some("WARNING")) => (3, "warning"),
            (_, _, Some("ERROR")) => (4, "warning"),
            _ => (5, "rotating_light"),
        };
        let text = message.text();
        let end = text.floor_char_boundary(BYTES);
        let mut body = json!({
            "topic": self.topic.expose(),
            "title": message.headline().chars().take(200).collect::<String>(),
            "message": text.get(..end).unwrap_or_default(),
            "priority": priority,
            "tags": [tag],
        });
        if let (Some(page), Some(object)) = (&message.page, body.as_object_mut()) {
            object.insert("click".to_owned(), json!(page));
        }
        let mut post = Post::json(&self.address, &body);
        post.headers.extend(
            { self.token.iter() }.map(|token| ("authorization", format!("Bearer {}", token.expose()))),
        );
        post
    }
}

#[cfg(test)]
mod tests {
    use net::api::OwnTls;

    use super::super::address::Readable;
    use super::*;
    use crate::message::samples::{at, message, told};

    fn body(message: &Message) -> serde_json::Value {
        let ntfy = Ntfy {
            address: Address::parse(URL, "", Readable::Refused, &OwnTls::default()).unwrap(),
            topic: Secret::new("certificates"),
            token: Some(Secret::new("tk")),
        };
        let post = ntfy.post(message);
        assert_eq!(post.headers, [("authorization", "Bearer tk".to_owned())]);
        serde_json::from_slice(&post.body).unwrap()
    }

    #[test]
    fn trouble_rings_and_its_end_does_not() {
        let long = "ü".repeat(4_000);
        let trouble = body(&message(&[&long]));
        assert_eq!(
            (&trouble["priority"], &trouble["topic"]),
            (&json!(5), &json!("certificates"))
        );
        assert!(trouble["message"].as_str().unwrap().len() <= BYTES);
        let over = Message::about(Kind::Alerts, vec![told("a", What::Resolved, "x", 1)], at(0), None);
        assert_eq!(body(&over)["priority"], 2);
    }
}
