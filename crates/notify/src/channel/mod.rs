//! Channels: settings come in, a [`Channel`] goes out that letters can be delivered to.
//!
//! One file for each kind puts a message into the words of its receiver; none of them opens a connection.

pub(crate) mod address;
mod alertmanager;
mod discord;
pub(crate) mod email;
pub(crate) mod exec;
mod ntfy;
mod pagerduty;
pub mod settings;
mod slack;
pub(crate) mod syslog;
mod teams;
mod webhook;

use jiff::Timestamp;

use self::address::Address;
use self::settings::{Read, Settings, Wrong};
use crate::message::Message;

/// Somewhere letters go.
#[derive(Debug)]
pub struct Channel {
    /// Its name.
    pub name: Box<str>,
    pub(crate) kind: Kind,
}

/// What kind of receiver it has.
#[derive(Debug)]
pub(crate) enum Kind {
    Email(email::Email),
    Webhook(Box<webhook::Webhook>),
    Slack(Address),
    Teams(Address),
    Discord(Address),
    Pagerduty(pagerduty::Pagerduty),
    Ntfy(ntfy::Ntfy),
    Alertmanager(alertmanager::Alertmanager),
    Syslog(syslog::Syslog),
    Exec(exec::Exec),
}

/// One question by HTTP.
#[derive(Debug)]
pub(crate) struct Post<'a> {
    pub(crate) to: &'a Address,
    pub(crate) content: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl<'a> Post<'a> {
    fn json(to: &'a Address, body: &serde_json::Value) -> Self {
        Self {
            to,
            content: "application/json",
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        }
    }
}

impl Channel {
    /// A channel of these settings. `read` gives secrets and files that they name.
    ///
    /// # Errors
    /// [`Wrong`], in a sentence that names the setting.
    pub fn new(name: &str, settings: &Settings, read: Read<'_>) -> Result<Self, Wrong> {
        Ok(Self {
            name: name.into(),
            kind: settings.kind(read)?,
        })
    }

    /// The questions that tell a message by HTTP, in order; `None` for a channel that is told otherwise. `id` is the
    /// letter's.
    pub(crate) fn posts(
        &self,
        id: &str,
        message: &Message,
        now: Timestamp,
    ) -> Option<Result<Vec<Post<'_>>, String>> {
        Some(match &self.kind {
            Kind::Webhook(webhook) => webhook.post(id, message, now).map(|post| vec![post]),
            Kind::Slack(address) => Ok(vec![Post::json(address, &slack::body(message))]),
            Kind::Teams(address) => Ok(vec![Post::json(address, &teams::body(message))]),
            Kind::Discord(address) => Ok(vec![Post::json(address, &discord::body(message))]),
            Kind::Pagerduty(pagerduty) => Ok(pagerduty.posts(message)),
            Kind::Ntfy(ntfy) => Ok(vec![ntfy.post(message)]),
            Kind::Alertmanager(alertmanager) => Ok(alertmanager.posts(message)),
            Kind::Email(_) | Kind::Syslog(_) | Kind::Exec(_) => return None,
        })
    }
}
