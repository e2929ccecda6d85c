//! Alerts: what is wrong now and somebody should hear of, what people answered, and the letters that tell of it.
//!
//! A [`Condition`] is derived anew from how everything stands, one for each cause with its reach (412 endpoints that lack
//! one intermediate are one condition). An [`Alert`] is the memory of a condition from the time it appeared until it is
//! gone: who was told of it, when, and how far it reached then. A [`Letter`] is something to be told to one channel; it
//! is kept with the change it tells of, in one transaction, until it arrived or was given up.
//!
//! Nothing here decides or sends.

mod pattern;

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use crate::fingerprint::Fingerprint;
use crate::status::Status;
use crate::untrusted::Untrusted;

pub use pattern::{NoPattern, Pattern};

/// What an alert is known by, as long as its cause is the same: the first 12 hexadecimal digits of a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertId(Box<str>);

impl AlertId {
    /// Of a cause.
    pub fn of(cause: &str) -> Self {
        let mut hex = Fingerprint::of(cause.as_bytes()).to_string();
        hex.truncate(Self::DIGITS);
        Self(hex.into())
    }

    /// Reads one as it is shown.
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == Self::DIGITS
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        is_id.then(|| Self(text.into()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    const DIGITS: usize = 12;
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that is wrong now, with its reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What makes it the same thing tomorrow; never shown.
    pub cause: Box<str>,
    /// The rule that found it.
    pub rule: Box<str>,
    /// How bad.
    pub severity: Status,
    /// What is wrong, in a sentence.
    pub title: Untrusted,
    /// What to do about it.
    pub remedy: Untrusted,
    /// Endpoints concerned (of a source or channel: 1).
    pub reach: u64,
    /// A few of them, in order.
    pub examples: Vec<Box<str>>,
    /// Names concerned, in order, at most [`limits::ALERT_NAMES`](crate::limits::ALERT_NAMES).
    pub names: BTreeSet<Box<str>>,
    /// Since when it is seen without a gap, at the endpoint where it is seen longest.
    pub since: Timestamp,
}

/// A condition as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Which.
    pub id: AlertId,
    /// When it appeared. The same cause may come again: `id` and `opened` are the key.
    pub opened: Timestamp,
    /// When it was gone.
    pub closed: Option<Timestamp>,
    /// How it stands, or stood last.
    pub condition: Condition,
    /// The last telling.
    pub told: Option<Telling>,
    /// When it was told further because nobody answered.
    pub escalated: Option<Timestamp>,
    /// Channels that were told of it.
    pub channels: BTreeSet<Box<str>>,
    /// Since when answers given before no longer count, because it grew or came to be worse.
    pub lifted: Option<Timestamp>,
}

impl Alert {
    /// Whether somebody takes care of it by this: it is of this appearance, and nothing lifted it since.
    pub fn is_answered_by(&self, answer: &Acknowledgement) -> bool {
        answer.alert == self.id
            && answer.opened == self.opened
            && self.lifted.is_none_or(|lifted| answer.at >= lifted)
    }
}

/// What was told last of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// When.
    pub at: Timestamp,
    /// How bad it was.
    pub severity: Status,
    /// How far it reached.
    pub reach: u64,
}

/// Somebody takes care of an alert: it is not repeated until it grows or is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Of which alert.
    pub alert: AlertId,
    /// And of which of its appearances.
    pub opened: Timestamp,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: Untrusted,
    /// What was said with it.
    pub reason: Untrusted,
}

/// What fits is not told until an end; it stays on every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// A name of its own.
    pub id: Box<str>,
    /// What it holds for.
    pub pattern: Pattern,
    /// Who.
    pub author: Untrusted,
    /// Why.
    pub reason: Untrusted,
    /// From when.
    pub begins: Timestamp,
    /// Until when.
    pub ends: Timestamp,
}

/// Something to be told to one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// A name of its own: every attempt bears it, so that whoever receives it twice can see that.
    pub id: Box<str>,
    /// To which channel.
    pub channel: Box<str>,
    /// When it was written.
    pub written: Timestamp,
    /// When it is tried next.
    pub due: Timestamp,
    /// Attempts so far.
    pub tries: u32,
    /// How it stands.
    pub state: LetterState,
    /// The last attempt.
    pub tried: Option<Timestamp>,
    /// What came back at the last attempt.
    pub answer: Untrusted,
    /// What it says, in the words of whoever delivers.
    pub body: Box<str>,
}

/// How a letter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LetterState {
    /// It is tried until it arrives or a day is over.
    Waiting,
    /// It arrived.
    Delivered,
    /// It was given up.
    Dead,
}

impl LetterState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Dead];

    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

/// How a channel went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelRow {
    /// Its name.
    pub name: Box<str>,
    /// When something arrived last.
    pub delivered: Option<Timestamp>,
    /// The last attempt.
    pub tried: Option<Timestamp>,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    /// What came back at the last attempt.
    pub answer: Untrusted,
    /// Letters that wait.
    pub waiting: u64,
    /// Letters that were given up.
    pub dead: u64,
}

/// One attempt to deliver a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Which letter.
    pub letter: Box<str>,
    /// To which channel.
    pub channel: Box<str>,
    /// When.
    pub at: Timestamp,
    /// What follows.
    pub outcome: Outcome,
    /// What came back.
    pub answer: Untrusted,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It is tried again.
    Again {
        /// When.
        due: Timestamp,
    },
    /// It is given up.
    Dead,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_for_one_cause_and_reads_back() {
        let id = AlertId::of("expired|ab");
        assert_eq!(id, AlertId::of("expired|ab"));
        assert_ne!(id, AlertId::of("expired|ac"));
        assert_eq!(AlertId::parse(id.as_str()), Some(id));
        for wrong in [
            "",
            "0123456789a",
            "0123456789ab0",
            "0123456789AB",
            "g123456789ab",
            "é123456789a",
        ] {
            assert_eq!(AlertId::parse(wrong), None, "{wrong}");
        }
    }
}
