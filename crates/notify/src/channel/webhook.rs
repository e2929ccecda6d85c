//! Any receiver: a message as JSON, or in the words of a template, signed as Standard Webhooks has it.

use jiff::Timestamp;
use minijinja::Environment;

use super::{Address, Post};
use crate::message::Message;
use crate::secret::Secret;
use crate::signature::{SigningKey, signatures};

#[derive(Debug)]
pub(crate) struct Webhook {
    pub(super) address: Address,
    pub(super) keys: Vec<SigningKey>,
    pub(super) token: Option<Secret>,
    pub(super) template: Option<Template>,
    pub(super) content: String,
}

/// Words of a person for what is sent, in Jinja's language: `{{ headline }}`, `{% for alert in alerts %}`, `{{ x | tojson }}`.
#[derive(Debug)]
pub(crate) struct Template(Environment<'static>);

/// Templates are short; one that is not was not meant.
const TEMPLATE_BYTES: usize = 64 * 1024;
/// What comes out of one.
const BODY_BYTES: usize = 1024 * 1024;
const NAME: &str = "template";

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > TEMPLATE_BYTES {
            return Err(format!("it is longer than {TEMPLATE_BYTES} octets"));
        }
        let mut environment = Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        environment
            .add_template_owned(NAME, text.to_owned())
            .map_err(|error| error.to_string())?;
        let template = Self(environment);
        // What a template cannot say of a message is found now and not during an outage.
        template.text("id", &Message::test(Timestamp::UNIX_EPOCH, None))?;
        Ok(template)
    }

    fn text(&self, id: &str, message: &Message) -> Result<String, String> {
        let values = serde_json::json!({
            "id": id,
            "kind": message.kind,
            "at": message.at,
            "headline": message.headline(),
            "text": message.text(),
            "alerts": message.alerts,
            "more": message.more,
            "page": message.page.as_deref().unwrap_or_default(),
        });
        let values = minijinja::Value::from(minijinja::value::Serde(values));
        let text = self
            .0
            .get_template(NAME)
            .and_then(|template| template.render(values));
        let text = text.map_err(|error| format!("the template fails: {error}"))?;
        if text.len() > BODY_BYTES {
            return Err(format!("the template makes more than {BODY_BYTES} octets"));
        }
        Ok(text)
    }
}

impl Webhook {
    pub(super) fn post(&self, id: &str, message: &Message, now: Timestamp) -> Result<Post<'_>, String> {
        let body = match &self.template {
            Some(template) => template.text(id, message)?,
            None => serde_json::json!({
                "type": "nolapse.alerts",
                "timestamp": message.at,
                "data": message,
                "headline": message.headline(),
            })
            .to_string(),
        };
        let body = body.into_bytes();
        let mut headers = vec![
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", now.as_second().to_string()),
        ];
        if !self.keys.is_empty() {
            headers.push((
                "webhook-signature",
                signatures(&self.keys, id, now.as_second(), &body),
            ));
        }
        headers.extend(
            { self.token.iter() }.map(|token| ("authorization", format!("Bearer {}", token.expose()))),
        );
        Ok(Post {
            to: &self.address,
            content: &self.content,
            headers,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use net::api::OwnTls;

    use super::super::address::Readable;
    use super::*;
    use crate::message::samples::{at, message};

    fn webhook(template: Option<&str>) -> Webhook {
        Webhook {
            address: Address::parse(
                "https://a.example/hook",
                "",
                Readable::Refused,
                &OwnTls::default(),
            )
            .unwrap(),
            keys: vec![SigningKey::read(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap()],
            token: None,
            template: template.map(|text| Template::parse(text).unwrap()),
            content: "application/json".to_owned(),
        }
    }

    #[test]
    fn an_attempt_is_signed_and_bears_the_id_of_its_letter() {
        let webhook = webhook(None);
        let post = webhook.post("letter-1", &message(&["x"]), at(5)).unwrap();
        let headers: std::collections::BTreeMap<_, _> = post.headers.into_iter().collect();
        assert_eq!(headers["webhook-id"], "letter-1");
        assert_eq!(headers["webhook-timestamp"], "1800000005");
        assert!(headers["webhook-signature"].starts_with("v1,"));
        let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        assert_eq!(body["data"]["alerts"][0]["title"], "x");
    }

    #[test]
    fn a_template_says_it_in_other_words_and_quotes_by_itself() {
        let webhook = webhook(Some(
            "{\"text\": {{ headline | tojson }}, \"ids\": [{% for alert in alerts %}{{ alert.id | tojson }}{% endfor %}]}",
        ));
        let post = webhook.post("1", &message(&["it \"broke\""]), at(0)).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
        assert_eq!(body["text"], "CRITICAL: it \"broke\" (399 endpoints)");
        assert_eq!(body["ids"][0], "000000000001");
    }

    #[test]
    fn a_template_that_fails_is_refused_when_it_is_read() {
        for wrong in ["{{ headline", "{{ nothing.at.all }}", "{% for x in %}"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
