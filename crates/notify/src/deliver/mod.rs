//! One attempt to deliver one letter: a channel and a message come in, what came back goes out.
//!
//! Every attempt is bounded in time and in what is read of the answer. Whether and when it is tried again is decided by
//! [`crate::retry`]: a receiver that refuses today is asked again for a day, since a wrong password is mended within it.

mod exec;
mod smtp;
mod syslog;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::limits;
use net::Network;
use net::api::{Body, OwnTls};

use crate::channel::address::{Address, Readable};
use crate::channel::settings::{Wrong, address};
use crate::channel::{Channel, Kind, Post};
use crate::message::Message;
use crate::secret::Secret;

/// It did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What came back, or what stopped us, as it may be shown.
    pub answer: String,
    /// How long the receiver asks to be left alone.
    pub wait: Option<SignedDuration>,
}

/// Everything for one attempt: a mail server that greets slowly on purpose takes half a minute.
const WITHIN: Duration = Duration::from_secs(90);

/// Delivers; gives back what the receiver answered. `id` is the letter's, the same at each attempt.
///
/// # Errors
/// [`Refused`]. It may have arrived nevertheless, when the answer was lost.
pub async fn deliver(
    channel: &Channel,
    network: &Network,
    id: &str,
    message: &Message,
    now: Timestamp,
) -> Result<String, Refused> {
    let attempt = async {
        if let Some(posts) = channel.posts(id, message, now) {
            return all(network, posts.map_err(refused)?).await;
        }
        match &channel.kind {
            Kind::Email(email) => {
                let mail = email.mail(id, message).map_err(refused)?;
                smtp::send(network, email, &mail).await.map_err(refused)
            }
            Kind::Syslog(syslog) => syslog::send(network, syslog, id, message).await.map_err(refused),
            Kind::Exec(exec) => exec::run(exec, id, message).await.map_err(refused),
            // Spoken to by HTTP, above.
            _ => Err(refused("no way leads there")),
        }
    };
    tokio::time::timeout(WITHIN, attempt)
        .await
        .unwrap_or_else(|_| Err(refused(format!("no answer within {} s", WITHIN.as_secs()))))
}

/// Somebody who calls for help when we fall silent: an URL that is asked for as long as all goes well.
#[derive(Debug)]
pub struct Ping(Address);

impl Ping {
    /// Of an URL, which is a secret.
    ///
    /// # Errors
    /// [`Wrong`], without the URL.
    pub fn new(url: &Secret) -> Result<Self, Wrong> {
        address(url.expose(), "", Readable::Refused, &OwnTls::default()).map(Self)
    }

    /// Says that all goes well.
    ///
    /// # Errors
    /// Why it was not heard, as it may be shown.
    pub async fn ping(&self, network: &Network) -> Result<(), String> {
        let Address { origin, target } = &self.0;
        let answer = network
            .api(origin, target, &[], limits::LETTER_ANSWER_BYTES)
            .await;
        match answer.map_err(|error| error.to_string())?.status {
            200..=299 => Ok(()),
            status => Err(status.to_string()),
        }
    }
}

/// Posts one after the other. When one is refused, all are posted again at the next attempt: receivers know them by their
/// ids.
async fn all(network: &Network, posts: Vec<Post<'_>>) -> Result<String, Refused> {
    let mut last = "nothing to tell it".to_owned();
    for post in posts {
        last = one(network, post).await?;
    }
    Ok(last)
}

async fn one(network: &Network, post: Post<'_>) -> Result<String, Refused> {
    let headers: Vec<(&str, &str)> = post
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let answer = network
        .post(
            &post.to.origin,
            &post.to.target,
            Body {
                content: post.content,
                headers: &headers,
                bytes: post.body,
            },
            limits::LETTER_ANSWER_BYTES,
        )
        .await
        .map_err(|error| refused(error.to_string()))?;
    let said = model::untrusted::shown(String::from_utf8_lossy(&answer.body).trim());
    let said: String = said.chars().take(ANSWER).collect();
    let words = match said.is_empty() {
        true => answer.status.to_string(),
        false => format!("{} {said}", answer.status),
    };
    match answer.status {
        200..=299 => Ok(words),
        _ => Err(Refused {
            answer: words,
            wait: answer
                .retry_after
                .and_then(|wait| SignedDuration::try_from(wait).ok())
                .map(|wait| wait.min(SignedDuration::from_hours(6))),
        }),
    }
}

/// Characters of an answer that are kept to be shown.
const ANSWER: usize = 300;

fn refused(answer: impl Into<String>) -> Refused {
    Refused {
        answer: answer.into(),
        wait: None,
    }
}
