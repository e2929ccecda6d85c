//! Questions to the interface of an account: paced, and repeated where that helps.
//!
//! A path comes in, an answer goes out that is neither a plea for patience nor a fault of the server. Only `GET` is asked.

use std::time::Duration;

use model::limits;
use net::api::{Answer, ApiError, Origin};
use serde::Deserialize;

use super::error::Trouble;
use super::limiter::Limiter;
use crate::run::Ask;
use crate::secret::Secret;

pub(super) struct Client<'a> {
    ask: &'a Ask<'a>,
    origin: Origin,
    /// Path that all questions begin with, without a slash at its end.
    prefix: String,
    key: Secret,
    limiter: Limiter,
}

/// Times a question is asked before its run is given up. With the waits between, this outlasts a restart of the other side.
const TRIES: u32 = 6;
/// First wait after a fault; doubled each time.
const FAULT: Duration = Duration::from_secs(1);
/// First wait after a plea for patience that does not say how long: the shorter window of the two.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait, whatever is asked for: the longer window of the two.
const LONGEST: Duration = Duration::from_mins(3);

impl<'a> Client<'a> {
    /// A client for `base`, such as `https://www.digicert.com/services/v2`.
    pub(super) fn new(ask: &'a Ask<'a>, base: &str, key: Secret) -> Result<Self, ApiError> {
        let (origin, prefix) = Origin::parse_base(base)?;
        Ok(Self {
            ask,
            origin,
            prefix,
            key,
            limiter: Limiter::new(),
        })
    }

    /// Asks for `path`, which begins with a slash; at most `most` octets of it.
    ///
    /// # Errors
    /// [`Trouble`] when the key is not known, or after some tries.
    pub(super) async fn get(&mut self, path: &str, most: usize) -> Result<Answer, Trouble> {
        let target = format!("{}{path}", self.prefix);
        let mut last = Trouble::Throttled;
        for tried in 0..TRIES {
            let wait = self.limiter.wait(self.ask.clock.elapsed());
            self.pause(wait).await;
            let headers = [("X-DC-DEVKEY", self.key.expose())];
            let answer = self.ask.network.api(&self.origin, &target, &headers, most).await;
            let wait = match answer {
                Ok(answer) if answer.status == 401 => return Err(Trouble::Unknown(words(&answer.body))),
                Ok(answer) if answer.status == 429 => {
                    last = Trouble::Throttled;
                    answer.retry_after.unwrap_or_else(|| doubled(PATIENCE, tried))
                }
                Ok(answer) if answer.status >= 500 => {
                    last = Trouble::Status {
                        status: answer.status,
                        words: words(&answer.body),
                    };
                    answer.retry_after.unwrap_or_else(|| doubled(FAULT, tried))
                }
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let tries = tried + 1;
                    last = Trouble::NoAnswer { tries, error };
                    doubled(FAULT, tried)
                }
            };
            if tried + 1 < TRIES {
                self.pause(wait.min(LONGEST)).await;
            }
        }
        Err(last)
    }

    async fn pause(&self, wait: Duration) {
        if !wait.is_zero() {
            self.ask.clock.sleep(wait).await;
        }
    }
}

fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(1 << times.min(16))
}

/// What an answer says of its error; nothing for an answer of another shape.
pub(super) fn words(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Faults {
        #[serde(default)]
        errors: Vec<Fault>,
    }
    #[derive(Deserialize)]
    struct Fault {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let faults = serde_json::from_slice::<Faults>(body).map(|faults| faults.errors);
    let words = faults
        .unwrap_or_default()
        .into_iter()
        .take(limits::SOURCE_EXAMPLES)
        .map(|fault| match (fault.code.as_str(), fault.message.as_str()) {
            (code, "") => code.to_owned(),
            ("", message) => message.to_owned(),
            (code, message) => format!("{code}: {message}"),
        })
        .collect::<Vec<_>>()
        .join("; ");
    model::untrusted::shown(&words)
}
