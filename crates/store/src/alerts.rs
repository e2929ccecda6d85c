//! Alerts, what people answered, and letters on their way.
//!
//! What one round decided comes in as a [`Round`] and is written in one transaction with the letters that tell of it:
//! either both are there or neither. Rounds and attempts are written by whoever holds shard 0, and refused when that
//! passed to somebody else; acknowledgements and silences are written by anybody at any time, in tables of their own, so
//! that neither has to wait for the other.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::alert::{
    Acknowledgement, Alert, AlertId, Attempt, ChannelRow, Condition, Letter, LetterState, Outcome, Pattern,
    Silence, Telling,
};
use model::{Untrusted, limits};

use crate::error::{Error, Trouble};
use crate::schedule::{self, Lease};
use crate::session::{Put, Session};
use crate::store::Store;
use crate::value::{Kind, Row, Value, text};
use crate::words::{self, milliseconds, status, time, unknown};

/// What one round decided.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Alerts that are new or changed, whole.
    pub alerts: Vec<Alert>,
    /// What is to be told of it.
    pub letters: Vec<Letter>,
}

/// The shard (a bit) whose holder tells: one at a time is enough.
const TELLER: u64 = 1;

impl Store {
    /// Writes what a round decided, alerts and letters together. Letters that are there stay as they are.
    ///
    /// # Errors
    /// [`Trouble::Stale`] when shard 0 is not held by `lease` any more; nothing was written then.
    pub async fn write_round(&self, round: Round, lease: Option<Lease>) -> Result<(), Error> {
        self.desk
            .write(move |session| {
                schedule::fence(session, TELLER, lease.as_ref())?;
                session.put(&ALERT, round.alerts.iter().map(alert_row).collect())?;
                session.put(&LETTER, round.letters.iter().map(letter_row).collect())?;
                let channels: BTreeSet<&str> = round.letters.iter().map(|letter| &*letter.channel).collect();
                channels
                    .into_iter()
                    .try_for_each(|channel| make_room(session, channel))
            })
            .await
    }

    /// Puts a letter on its way, by whoever wants one channel told something.
    pub async fn post(&self, letter: Letter) -> Result<(), Error> {
        let round = Round {
            alerts: Vec::new(),
            letters: vec![letter],
        };
        self.desk
            .write(move |session| {
                session.put(&LETTER, round.letters.iter().map(letter_row).collect())?;
                round
                    .letters
                    .iter()
                    .try_for_each(|letter| make_room(session, &letter.channel))
            })
            .await
    }

    /// Notes how attempts ended, in the order in which they were made.
    ///
    /// # Errors
    /// As [`Store::write_round`].
    pub async fn note_attempts(&self, attempts: Vec<Attempt>, lease: Option<Lease>) -> Result<(), Error> {
        self.desk
            .write(move |session| {
                schedule::fence(session, TELLER, lease.as_ref())?;
                attempts.iter().try_for_each(|attempt| note(session, attempt))
            })
            .await
    }

    /// Every open alert: there are at most [`limits::ALERTS_OPEN`].
    pub async fn alerts_open(&self) -> Result<Vec<Alert>, Error> {
        self.desk
            .read(|session| {
                let rows = session.query(&format!("{ALERTS} WHERE closed IS NULL ORDER BY alert"), &[])?;
                rows.iter().map(alert).collect()
            })
            .await
    }

    /// Alerts that closed, the last one first.
    pub async fn alerts_closed(&self, rows: u32) -> Result<Vec<Alert>, Error> {
        self.desk
            .read(move |session| {
                let sql = format!("{ALERTS} WHERE closed IS NOT NULL ORDER BY closed DESC, alert LIMIT ?1");
                let rows = session.query(&sql, &[Value::Int(i64::from(rows))])?;
                rows.iter().map(alert).collect()
            })
            .await
    }

    /// Notes that somebody takes care of an open alert; says whether there is such an alert.
    pub async fn acknowledge(
        &self,
        id: &AlertId,
        at: Timestamp,
        author: &Untrusted,
        reason: &Untrusted,
    ) -> Result<bool, Error> {
        let row = vec![
            Value::from(id.as_str()),
            Value::Int(milliseconds(at)),
            text(author.raw()),
            text(reason.raw()),
        ];
        self.desk
            .write(move |session| {
                let open = open(session, row.first())?;
                let Some(opened) = open else { return Ok(false) };
                let mut row = row.clone();
                row.insert(1, Value::Int(opened));
                session.put(&ACKNOWLEDGEMENT, vec![row])?;
                Ok(true)
            })
            .await
    }

    /// Takes an acknowledgement back; says whether there was one.
    pub async fn take_back(&self, id: &AlertId) -> Result<bool, Error> {
        let id = Value::from(id.as_str());
        self.desk
            .write(move |session| {
                let Some(opened) = open(session, Some(&id))? else {
                    return Ok(false);
                };
                let gone = session.execute(
                    "DELETE FROM acknowledgement WHERE alert = ?1 AND opened = ?2",
                    &[id.clone(), Value::Int(opened)],
                )?;
                Ok(gone > 0)
            })
            .await
    }

    /// Acknowledgements of open alerts.
    pub async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, Error> {
        self.desk
            .read(|session| {
                let rows = session.query(
                    "SELECT acknowledgement.alert, acknowledgement.opened, acknowledgement.at, acknowledgement.author,
                        acknowledgement.reason
                     FROM acknowledgement JOIN alert ON alert.alert = acknowledgement.alert
                        AND alert.opened = acknowledgement.opened
                     WHERE alert.closed IS NULL ORDER BY acknowledgement.at, acknowledgement.alert",
                    &[],
                )?;
                rows.iter().map(acknowledgement).collect()
            })
            .await
    }

    /// Keeps a silence; one of the same name is replaced.
    pub async fn silence(&self, silence: &Silence) -> Result<(), Error> {
        let row = vec![
            Value::from(&*silence.id),
            Value::from(silence.pattern.to_string()),
            text(silence.author.raw()),
            text(silence.reason.raw()),
            Value::Int(milliseconds(silence.begins)),
            Value::Int(milliseconds(silence.ends)),
        ];
        self.desk
            .write(move |session| session.put(&SILENCE, vec![row.clone()]).map(drop))
            .await
    }

    /// Ends a silence at `at`; says whether there was one that had not ended.
    pub async fn end_silence(&self, id: &str, at: Timestamp) -> Result<bool, Error> {
        let values = [Value::from(id), Value::Int(milliseconds(at))];
        self.desk
            .write(move |session| {
                let ended = session.execute(
                    "UPDATE silence SET ends = ?2 WHERE silence = ?1 AND ends > ?2",
                    &values,
                )?;
                Ok(ended > 0)
            })
            .await
    }

    /// Silences that have not ended at `now`, the first to end first.
    pub async fn silences(&self, now: Timestamp) -> Result<Vec<Silence>, Error> {
        self.desk
            .read(move |session| {
                let rows = session.query(
                    "SELECT silence, pattern, author, reason, begins, ends FROM silence WHERE ends > ?1
                     ORDER BY ends, silence",
                    &[Value::Int(milliseconds(now))],
                )?;
                rows.iter().map(silence).collect()
            })
            .await
    }

    /// Letters to a channel whose turn it is, the oldest first.
    pub async fn letters_due(&self, channel: &str, now: Timestamp, rows: u32) -> Result<Vec<Letter>, Error> {
        let values = [
            Value::from(channel),
            Value::Int(milliseconds(now)),
            Value::Int(i64::from(rows)),
        ];
        self.letters_where(
            "WHERE state = 'waiting' AND channel = ?1 AND due <= ?2 ORDER BY written, letter LIMIT ?3",
            values.to_vec(),
        )
        .await
    }

    /// Letters, the latest first; of one state when one is named.
    pub async fn letters(&self, state: Option<LetterState>, rows: u32) -> Result<Vec<Letter>, Error> {
        match state {
            None => {
                self.letters_where(
                    "ORDER BY written DESC, letter LIMIT ?1",
                    vec![Value::Int(i64::from(rows))],
                )
                .await
            }
            Some(state) => {
                let values = vec![Value::from(state.word()), Value::Int(i64::from(rows))];
                self.letters_where("WHERE state = ?1 ORDER BY written DESC, letter LIMIT ?2", values)
                    .await
            }
        }
    }

    async fn letters_where(&self, condition: &str, values: Vec<Value>) -> Result<Vec<Letter>, Error> {
        let sql = format!(
            "SELECT letter, channel, written, due, tries, state, tried, answer, body FROM letter {condition}"
        );
        self.desk
            .read(move |session| session.query(&sql, &values)?.iter().map(letter).collect())
            .await
    }

    /// How every channel went to which a letter was ever written, by name.
    pub async fn channels(&self) -> Result<Vec<ChannelRow>, Error> {
        self.desk.read(channels).await
    }
}

/// When an alert that is open appeared.
fn open(session: &mut Session, id: Option<&Value>) -> Result<Option<i64>, Trouble> {
    let id = id.map(std::slice::from_ref).unwrap_or_default();
    let row = session.one(
        "SELECT max(opened) FROM alert WHERE alert = ?1 AND closed IS NULL",
        id,
    )?;
    row.map(|row| row.maybe_int(0)).transpose().map(Option::flatten)
}

/// Gives up the oldest letters of a channel beyond the bound.
fn make_room(session: &mut Session, channel: &str) -> Result<(), Trouble> {
    let most = i64::try_from(limits::LETTERS_WAITING).unwrap_or(i64::MAX);
    session
        .execute(
            "UPDATE letter SET state = 'dead', answer = 'too many letters waited' WHERE letter IN
                (SELECT letter FROM letter WHERE state = 'waiting' AND channel = ?1
                 ORDER BY written DESC, letter LIMIT 1000000 OFFSET ?2)",
            &[Value::from(channel), Value::Int(most)],
        )
        .map(drop)
}

fn note(session: &mut Session, attempt: &Attempt) -> Result<(), Trouble> {
    let at = Value::Int(milliseconds(attempt.at));
    let (state, due) = match attempt.outcome {
        Outcome::Delivered => (LetterState::Delivered, None),
        Outcome::Again { due } => (LetterState::Waiting, Some(milliseconds(due))),
        Outcome::Dead => (LetterState::Dead, None),
    };
    let values = [
        Value::from(&*attempt.letter),
        Value::from(state.word()),
        at.clone(),
        text(attempt.answer.raw()),
        due.map_or_else(|| at.clone(), Value::Int),
    ];
    // What was given up meanwhile to make room stays so.
    session.execute(
        "UPDATE letter SET state = ?2, tried = ?3, answer = ?4, due = ?5, tries = tries + 1
         WHERE letter = ?1 AND state = 'waiting'",
        &values,
    )?;
    let arrived = attempt.outcome == Outcome::Delivered;
    let row = vec![
        Value::from(&*attempt.channel),
        if arrived { at.clone() } else { Value::Null },
        at.clone(),
        if arrived { Value::Null } else { at },
        text(attempt.answer.raw()),
    ];
    session
        .put(if arrived { &ARRIVED } else { &FAILED }, vec![row])
        .map(drop)
}

fn channels(session: &mut Session) -> Result<Vec<ChannelRow>, Trouble> {
    let rows = session.query(
        "SELECT named.channel, channel.delivered, channel.tried, channel.failing_since, channel.answer,
            (SELECT count(*) FROM letter WHERE letter.channel = named.channel AND letter.state = 'waiting'),
            (SELECT count(*) FROM letter WHERE letter.channel = named.channel AND letter.state = 'dead')
         FROM (SELECT channel FROM letter UNION SELECT channel FROM channel) AS named
         LEFT JOIN channel ON channel.channel = named.channel ORDER BY named.channel",
        &[],
    )?;
    let moment = |row: &Row, column| row.maybe_int(column)?.map(time).transpose();
    let rows = rows.iter().map(|row| {
        Ok(ChannelRow {
            name: row.text(0)?.into(),
            delivered: moment(row, 1)?,
            tried: moment(row, 2)?,
            failing_since: moment(row, 3)?,
            answer: Untrusted::new(row.maybe_text(4)?.unwrap_or_default()),
            waiting: u64::try_from(row.int(5)?).unwrap_or(0),
            dead: u64::try_from(row.int(6)?).unwrap_or(0),
        })
    });
    rows.collect()
}

fn alert_row(alert: &Alert) -> Vec<Value> {
    let condition = &alert.condition;
    let moment = |time: Option<Timestamp>| Value::from(time.map(milliseconds));
    vec![
        Value::from(alert.id.as_str()),
        Value::Int(milliseconds(alert.opened)),
        moment(alert.closed),
        text(&condition.cause),
        Value::from(&*condition.rule),
        Value::from(condition.severity.word()),
        text(condition.title.raw()),
        text(condition.remedy.raw()),
        count(condition.reach),
        text(&words::list(condition.examples.iter())),
        text(&words::list(condition.names.iter())),
        Value::Int(milliseconds(condition.since)),
        moment(alert.told.map(|told| told.at)),
        Value::from(alert.told.map(|told| told.severity.word())),
        alert.told.map_or(Value::Null, |told| count(told.reach)),
        moment(alert.escalated),
        text(&words::list(alert.channels.iter())),
        moment(alert.lifted),
    ]
}

fn count(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn alert(row: &Row) -> Result<Alert, Trouble> {
    let moment = |column| row.maybe_int(column)?.map(time).transpose();
    let told = match (moment(12)?, row.maybe_text(13)?, row.maybe_int(14)?) {
        (Some(at), Some(severity), Some(reach)) => Some(Telling {
            at,
            severity: status(severity)?,
            reach: u64::try_from(reach).unwrap_or(0),
        }),
        _ => None,
    };
    Ok(Alert {
        id: id(row.text(0)?)?,
        opened: time(row.int(1)?)?,
        closed: moment(2)?,
        condition: Condition {
            cause: row.text(3)?.into(),
            rule: row.text(4)?.into(),
            severity: status(row.text(5)?)?,
            title: Untrusted::new(row.text(6)?),
            remedy: Untrusted::new(row.text(7)?),
            reach: u64::try_from(row.int(8)?).unwrap_or(0),
            examples: words::read_list(row.text(9)?)?,
            names: words::read_list(row.text(10)?)?.into_iter().collect(),
            since: time(row.int(11)?)?,
        },
        told,
        escalated: moment(15)?,
        channels: words::read_list(row.text(16)?)?.into_iter().collect(),
        lifted: moment(17)?,
    })
}

fn id(word: &str) -> Result<AlertId, Trouble> {
    AlertId::parse(word).ok_or_else(|| unknown("alert", word))
}

fn acknowledgement(row: &Row) -> Result<Acknowledgement, Trouble> {
    Ok(Acknowledgement {
        alert: id(row.text(0)?)?,
        opened: time(row.int(1)?)?,
        at: time(row.int(2)?)?,
        author: Untrusted::new(row.text(3)?),
        reason: Untrusted::new(row.text(4)?),
    })
}

fn silence(row: &Row) -> Result<Silence, Trouble> {
    Ok(Silence {
        id: row.text(0)?.into(),
        pattern: Pattern::parse(row.text(1)?)
            .map_err(|_| unknown("pattern", row.text(1).unwrap_or_default()))?,
        author: Untrusted::new(row.text(2)?),
        reason: Untrusted::new(row.text(3)?),
        begins: time(row.int(4)?)?,
        ends: time(row.int(5)?)?,
    })
}

fn letter_row(letter: &Letter) -> Vec<Value> {
    vec![
        Value::from(&*letter.id),
        Value::from(&*letter.channel),
        Value::Int(milliseconds(letter.written)),
        Value::Int(milliseconds(letter.due)),
        Value::Int(i64::from(letter.tries)),
        Value::from(letter.state.word()),
        Value::from(letter.tried.map(milliseconds)),
        text(letter.answer.raw()),
        text(&letter.body),
    ]
}

fn letter(row: &Row) -> Result<Letter, Trouble> {
    let word = row.text(5)?;
    let state = LetterState::ALL.into_iter().find(|state| state.word() == word);
    Ok(Letter {
        id: row.text(0)?.into(),
        channel: row.text(1)?.into(),
        written: time(row.int(2)?)?,
        due: time(row.int(3)?)?,
        tries: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        state: state.ok_or_else(|| unknown("state of a letter", word))?,
        tried: row.maybe_int(6)?.map(time).transpose()?,
        answer: Untrusted::new(row.text(7)?),
        body: row.text(8)?.into(),
    })
}

const ALERTS: &str =
    "SELECT alert, opened, closed, cause, rule, severity, title, remedy, reach, examples, names, since,
    told, told_severity, told_reach, escalated, channels, lifted FROM alert";
const ALERT: Put<'static> = Put {
    table: "alert",
    columns: &[
        ("alert", Kind::Text),
        ("opened", Kind::Int),
        ("closed", Kind::Int),
        ("cause", Kind::Text),
        ("rule", Kind::Text),
        ("severity", Kind::Text),
        ("title", Kind::Text),
        ("remedy", Kind::Text),
        ("reach", Kind::Int),
        ("examples", Kind::Text),
        ("names", Kind::Text),
        ("since", Kind::Int),
        ("told", Kind::Int),
        ("told_severity", Kind::Text),
        ("told_reach", Kind::Int),
        ("escalated", Kind::Int),
        ("channels", Kind::Text),
        ("lifted", Kind::Int),
    ],
    conflict: "ON CONFLICT (alert, opened) DO UPDATE SET closed = excluded.closed, severity = excluded.severity,
        title = excluded.title, remedy = excluded.remedy, reach = excluded.reach, examples = excluded.examples,
        names = excluded.names, since = excluded.since, told = excluded.told, told_severity = excluded.told_severity,
        told_reach = excluded.told_reach, escalated = excluded.escalated, channels = excluded.channels,
        lifted = excluded.lifted",
};
const ACKNOWLEDGEMENT: Put<'static> = Put {
    table: "acknowledgement",
    columns: &[
        ("alert", Kind::Text),
        ("opened", Kind::Int),
        ("at", Kind::Int),
        ("author", Kind::Text),
        ("reason", Kind::Text),
    ],
    conflict: "ON CONFLICT (alert, opened) DO UPDATE SET at = excluded.at, author = excluded.author,
        reason = excluded.reason",
};
const SILENCE: Put<'static> = Put {
    table: "silence",
    columns: &[
        ("silence", Kind::Text),
        ("pattern", Kind::Text),
        ("author", Kind::Text),
        ("reason", Kind::Text),
        ("begins", Kind::Int),
        ("ends", Kind::Int),
    ],
    conflict: "ON CONFLICT (silence) DO UPDATE SET pattern = excluded.pattern, author = excluded.author,
        reason = excluded.reason, begins = excluded.begins, ends = excluded.ends",
};
const LETTER: Put<'static> = Put {
    table: "letter",
    columns: &[
        ("letter", Kind::Text),
        ("channel", Kind::Text),
        ("written", Kind::Int),
        ("due", Kind::Int),
        ("tries", Kind::Int),
        ("state", Kind::Text),
        ("tried", Kind::Int),
        ("answer", Kind::Text),
        ("body", Kind::Text),
    ],
    conflict: "ON CONFLICT (letter) DO NOTHING",
};
const CHANNEL: &[(&str, Kind)] = &[
    ("channel", Kind::Text),
    ("delivered", Kind::Int),
    ("tried", Kind::Int),
    ("failing_since", Kind::Int),
    ("answer", Kind::Text),
];
const ARRIVED: Put<'static> = Put {
    table: "channel",
    columns: CHANNEL,
    conflict: "ON CONFLICT (channel) DO UPDATE SET delivered = excluded.delivered, tried = excluded.tried,
        failing_since = NULL, answer = excluded.answer",
};
const FAILED: Put<'static> = Put {
    table: "channel",
    columns: CHANNEL,
    conflict: "ON CONFLICT (channel) DO UPDATE SET tried = excluded.tried, answer = excluded.answer,
        failing_since = coalesce(channel.failing_since, excluded.failing_since)",
};
