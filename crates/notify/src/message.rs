//! What a letter says, before anybody's words: alerts come in, one message for every kind of channel goes out.

use jiff::Timestamp;
use model::Status;
use model::alert::Alert;
use serde::{Deserialize, Serialize};

/// Something to be told. It is kept as JSON in the letter that carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What it is about.
    pub kind: Kind,
    /// When it was written.
    pub at: Timestamp,
    /// The alerts, the worst first, at most [`LETTER_ALERTS`](model::limits::LETTER_ALERTS).
    pub alerts: Vec<Told>,
    /// How many more there are.
    pub more: u64,
    /// Where a person reads on, when a page is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something happened to these alerts.
    Alerts,
    /// Everything that is open, once a week.
    Digest,
    /// Somebody wants to see whether the channel works.
    Test,
}

/// What is told of one alert. Texts are as they may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What happened.
    pub what: What,
    /// Its id: the same as long as the cause is.
    pub id: String,
    /// The rule.
    pub rule: String,
    /// `WARNING`, `ERROR`, `CRITICAL`, `EXPIRED`.
    pub severity: String,
    /// What is wrong.
    pub title: String,
    /// What to do.
    pub remedy: String,
    /// Endpoints concerned.
    pub reach: u64,
    /// A few of them.
    pub examples: Vec<String>,
    /// Since when it is seen.
    pub since: Timestamp,
    /// When the alert appeared.
    pub opened: Timestamp,
    /// When it was gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// It is new.
    Opened,
    /// It is worse or reaches further.
    Worsened,
    /// Nobody answered, and others are told.
    Escalated,
    /// It is still there.
    Open,
    /// It is gone.
    Resolved,
}

impl What {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "new",
            Self::Worsened => "worse",
            Self::Escalated => "unanswered",
            Self::Open => "still open",
            Self::Resolved => "resolved",
        }
    }
}

impl Told {
    /// What is told of an alert.
    pub fn of(alert: &Alert, what: What) -> Self {
        let condition = &alert.condition;
        Self {
            what,
            id: alert.id.to_string(),
            rule: model::untrusted::shown(&condition.rule),
            severity: condition.severity.word().to_owned(),
            title: condition.title.shown(),
            remedy: condition.remedy.shown(),
            reach: condition.reach,
            examples: { condition.examples.iter() }
                .map(|example| model::untrusted::shown(example))
                .collect(),
            since: condition.since,
            opened: alert.opened,
            closed: alert.closed,
        }
    }

    /// `EXPIRED: it ended 2 d ago (3 endpoints)`, with what happened before it.
    pub fn line(&self) -> String {
        let state = match self.what {
            What::Opened => String::new(),
            other => format!("{}, ", other.word()),
        };
        format!("{state}{}: {} ({})", self.severity, self.title, self.reached())
    }

    /// `1 endpoint`, `412 endpoints`; a source or a channel is one thing.
    pub fn reached(&self) -> String {
        match self.reach {
            1 => self
                .examples
                .first()
                .cloned()
                .unwrap_or_else(|| "1 endpoint".to_owned()),
            many => format!("{many} endpoints"),
        }
    }
}

impl Message {
    /// What is told of these, the worst first; beyond the bound they are counted. The order in which they come in does not
    /// matter.
    pub fn about(kind: Kind, mut told: Vec<(Status, Told)>, at: Timestamp, page: Option<String>) -> Self {
        told.sort_by(|(one, a), (other, b)| (other, b.reach, &a.id).cmp(&(one, a.reach, &b.id)));
        let more = told.len().saturating_sub(model::limits::LETTER_ALERTS);
        told.truncate(model::limits::LETTER_ALERTS);
        Self {
            kind,
            at,
            alerts: told.into_iter().map(|(_, told)| told).collect(),
            more: u64::try_from(more).unwrap_or(u64::MAX),
            page,
        }
    }

    /// Whether a channel works.
    pub const fn test(at: Timestamp, page: Option<String>) -> Self {
        Self {
            kind: Kind::Test,
            at,
            alerts: Vec::new(),
            more: 0,
            page,
        }
    }

    /// How many alerts it is about.
    pub fn count(&self) -> u64 {
        self.more
            .saturating_add(u64::try_from(self.alerts.len()).unwrap_or(u64::MAX))
    }

    /// All of it in one line: subject of a mail, text of a notification.
    pub fn headline(&self) -> String {
        let worst = self.alerts.first().map(Told::line).unwrap_or_default();
        match (self.kind, self.count()) {
            (Kind::Test, _) => "nolapse: a test of this channel".to_owned(),
            (Kind::Digest, 0) => "nolapse: nothing is open".to_owned(),
            (Kind::Digest, 1) => format!("nolapse: one alert is open: {worst}"),
            (Kind::Digest, many) => format!("nolapse: {many} alerts are open; the worst: {worst}"),
            (Kind::Alerts, 0 | 1) => worst,
            (Kind::Alerts, many) => format!("{many} alerts; the worst: {worst}"),
        }
    }

    /// All of it as plain text, without markup.
    pub fn text(&self) -> String {
        let mut text = self.headline();
        text.push('\n');
        if self.kind == Kind::Test {
            text.push_str("Somebody asked for it. It needs no answer.\n");
        }
        for told in &self.alerts {
            text.push_str(&format!("\n{}\n", told.line()));
            if told.reach > 1 && !told.examples.is_empty() {
                text.push_str(&format!("  such as: {}\n", told.examples.join(", ")));
            }
            if told.what != What::Resolved && !told.remedy.is_empty() {
                text.push_str(&format!("  do: {}\n", told.remedy));
            }
            text.push_str(&format!("  since {}; alert {}\n", moment(told.since), told.id));
        }
        if self.more > 0 {
            text.push_str(&format!("\nand {} more\n", self.more));
        }
        if let Some(page) = &self.page {
            text.push_str(&format!("\n{page}\n"));
        }
        text
    }
}

/// A time for people.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    pub(crate) fn told(id: &str, what: What, title: &str, reach: u64) -> (Status, Told) {
        let told = Told {
            what,
            id: id.to_owned(),
            rule: "chain-incomplete".to_owned(),
            severity: Status::Critical.word().to_owned(),
            title: title.to_owned(),
            remedy: "send the issuer".to_owned(),
            reach,
            examples: vec!["a.example:443 [192.0.2.1]".to_owned()],
            since: at(-3600),
            opened: at(-60),
            closed: (what == What::Resolved).then(|| at(0)),
        };
        (Status::Critical, told)
    }

    pub(crate) fn message(titles: &[&str]) -> Message {
        let all = titles
            .iter()
            .zip(1_u64..)
            .map(|(title, number)| told(&format!("{number:012}"), What::Opened, title, 400 - number));
        Message::about(
            Kind::Alerts,
            all.collect(),
            at(0),
            Some("https://nolapse.example/alerts".to_owned()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{at, message, told};
    use super::*;

    #[test]
    fn a_storm_is_one_message_with_a_count() {
        let many: Vec<_> = (0..500)
            .map(|number| told(&format!("{number}"), What::Opened, "x", number))
            .collect();
        let mut turned = many.clone();
        turned.rotate_left(123);
        let message = Message::about(Kind::Alerts, many, at(0), None);
        assert_eq!(message.alerts.len(), model::limits::LETTER_ALERTS);
        assert_eq!((message.more, message.count()), (480, 500));
        assert!(message.text().contains("and 480 more"));
        assert_eq!(
            message,
            Message::about(Kind::Alerts, turned, at(0), None),
            "in any order"
        );
    }

    #[test]
    fn the_line_says_what_happened_how_bad_and_how_far() {
        assert_eq!(
            message(&["it broke"]).headline(),
            "CRITICAL: it broke (399 endpoints)"
        );
        let (_, gone) = told("1", What::Resolved, "it broke", 1);
        assert_eq!(
            gone.line(),
            "resolved, CRITICAL: it broke (a.example:443 [192.0.2.1])"
        );
        assert!(
            message(&["a", "b"])
                .headline()
                .starts_with("2 alerts; the worst: CRITICAL: a")
        );
        assert!(Message::test(at(0), None).text().contains("test"));
    }

    #[test]
    fn a_message_survives_being_kept() {
        let one = message(&["it \"broke\""]);
        let kept = serde_json::to_string(&one).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&kept).unwrap(), one);
    }
}
