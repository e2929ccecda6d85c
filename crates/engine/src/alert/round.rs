//! One round: what was known, what people answered and what is wrong now come in; alerts that changed and letters go out.
//!
//! - A new alert is told after [`WAIT`], with all others that are new by then, and at most every [`BETWEEN`]: what one
//!   outage brings about is one letter.
//! - It is told again when it comes to be worse or reaches twice as far, when the time of its route to repeat it has come,
//!   and, further, when nobody answered in the time of its route. An acknowledgement ends repetition until it is worse; a
//!   silence ends all of it until its end.
//! - Its end is told to everybody who was told of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::alert::{Acknowledgement, Alert, AlertId, Condition, Letter, LetterState, Silence, Telling};
use model::{Fingerprint, Status, Untrusted};
use notify::message::{Kind, Message, Told, What};
use notify::route::{Route, Routes};
use store::Round;

/// What the memory says.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Open alerts.
    pub open: Vec<Alert>,
    /// Who takes care of which.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Silences that have not ended.
    pub silences: Vec<Silence>,
}

/// A new alert waits so long for others of the same cause of causes.
pub const WAIT: SignedDuration = SignedDuration::from_secs(30);
/// Between two letters that tell of new alerts: what goes on and on is told in a few.
pub const BETWEEN: SignedDuration = SignedDuration::from_mins(5);

/// Decides.
pub fn round(known: &Known, conditions: Vec<Condition>, routes: &Routes, now: Timestamp) -> Round {
    let mut before: BTreeMap<&AlertId, &Alert> = known.open.iter().map(|alert| (&alert.id, alert)).collect();
    let mut alerts: Vec<Alert> = Vec::new();
    for condition in conditions {
        let id = AlertId::of(&condition.cause);
        alerts.push(match before.remove(&id) {
            Some(alert) => Alert {
                condition,
                ..alert.clone()
            },
            None => opened(id, condition, now),
        });
    }
    let closed = before.into_values().map(|alert| Alert {
        closed: Some(now),
        ..alert.clone()
    });
    alerts.extend(closed);
    alerts.sort_by(|one, other| one.id.cmp(&other.id));
    let told = tell(&mut alerts, known, routes, now);
    let was: BTreeMap<&AlertId, &Alert> = known.open.iter().map(|alert| (&alert.id, alert)).collect();
    alerts.retain(|alert| was.get(&alert.id).is_none_or(|before| *before != alert));
    Round {
        alerts,
        letters: letters(Kind::Alerts, told, routes, now),
    }
}

/// Everything that is open, for those who get the digest.
pub fn digest(
    open: &[Alert],
    channels: &[Box<str>],
    routes: &Routes,
    week: &str,
    now: Timestamp,
) -> Vec<Letter> {
    let told: Vec<(Status, Told)> = { open.iter() }
        .map(|alert| (alert.condition.severity, Told::of(alert, What::Open)))
        .collect();
    let message = Message::about(Kind::Digest, told, now, routes.page.clone());
    let letters = channels
        .iter()
        .map(|channel| letter(&format!("digest|{week}"), channel, &message, now));
    letters.collect()
}

/// A letter that carries a message.
pub fn letter(what: &str, channel: &str, message: &Message, now: Timestamp) -> Letter {
    let mut id = Fingerprint::of(format!("{channel}|{what}").as_bytes()).to_string();
    id.truncate(ID_DIGITS);
    Letter {
        id: format!("letter-{id}").into(),
        channel: channel.into(),
        written: now,
        due: now,
        tries: 0,
        state: LetterState::Waiting,
        tried: None,
        answer: Untrusted::default(),
        body: serde_json::to_string(message).unwrap_or_default().into(),
    }
}

/// Enough of a SHA-256 that no two letters will ever share them.
const ID_DIGITS: usize = 32;

fn opened(id: AlertId, condition: Condition, now: Timestamp) -> Alert {
    Alert {
        id,
        opened: now,
        closed: None,
        condition,
        told: None,
        escalated: None,
        channels: BTreeSet::new(),
        lifted: None,
    }
}

type Letters = BTreeMap<Box<str>, Vec<(Status, Told)>>;

/// Decides what is told of each alert, notes that in it, and gathers it by channel.
fn tell(alerts: &mut [Alert], known: &Known, routes: &Routes, now: Timestamp) -> Letters {
    let mut letters = Letters::new();
    let says_new = is_time_for_new(alerts, known, now);
    for alert in alerts {
        let route = routes.of(&alert.condition);
        let Some(what) = what(alert, &route, known, says_new, now) else {
            continue;
        };
        let mut channels: Vec<Box<str>> = match what {
            What::Resolved => alert.channels.iter().cloned().collect(),
            What::Escalated => Vec::new(),
            What::Opened | What::Worsened | What::Open => route.channels.clone(),
        };
        if what == What::Escalated || alert.escalated.is_some() && what != What::Resolved {
            channels.extend(
                route
                    .escalation
                    .iter()
                    .flat_map(|(_, channels)| channels.iter().cloned()),
            );
        }
        if channels.is_empty() {
            continue;
        }
        match what {
            What::Escalated => alert.escalated = Some(now),
            What::Worsened => alert.lifted = Some(now),
            What::Opened | What::Open | What::Resolved => {}
        }
        if what != What::Escalated {
            alert.told = Some(Telling {
                at: now,
                severity: alert.condition.severity,
                reach: alert.condition.reach,
            });
        }
        let told = (alert.condition.severity, Told::of(alert, what));
        for channel in BTreeSet::from_iter(channels) {
            letters.entry(channel.clone()).or_default().push(told.clone());
            alert.channels.insert(channel);
        }
    }
    letters
}

/// Whether new alerts are told now: one of them has waited long enough, and so has the last letter.
fn is_time_for_new(alerts: &[Alert], known: &Known, now: Timestamp) -> bool {
    let long_ago = |then: Timestamp, span: SignedDuration| now.duration_since(then) >= span;
    let mut new = alerts
        .iter()
        .filter(|alert| alert.told.is_none() && alert.closed.is_none() && !is_silent(alert, known, now));
    let last = known
        .open
        .iter()
        .filter_map(|alert| alert.told)
        .map(|told| told.at)
        .max();
    new.any(|alert| long_ago(alert.opened, WAIT)) && last.is_none_or(|last| long_ago(last, BETWEEN))
}

/// What is told of an alert now, if anything is.
fn what(alert: &Alert, route: &Route, known: &Known, says_new: bool, now: Timestamp) -> Option<What> {
    if alert.closed.is_some() {
        return alert.told.map(|_| What::Resolved);
    }
    if is_silent(alert, known, now) {
        return None;
    }
    let Some(told) = alert.told else {
        return says_new.then_some(What::Opened);
    };
    let condition = &alert.condition;
    if condition.severity > told.severity
        || condition.reach >= told.reach.saturating_mul(2).max(2) && condition.reach > told.reach
    {
        return Some(What::Worsened);
    }
    let is_answered = { known.acknowledgements.iter() }.any(|answer| alert.is_answered_by(answer));
    if is_answered {
        return None;
    }
    let is_late = |after: SignedDuration| now.duration_since(alert.opened) >= after;
    if alert.escalated.is_none()
        && route
            .escalation
            .as_ref()
            .is_some_and(|(after, _)| is_late(*after))
    {
        return Some(What::Escalated);
    }
    let again = route
        .repeat
        .is_some_and(|every| now.duration_since(told.at) >= every);
    again.then_some(What::Open)
}

fn is_silent(alert: &Alert, known: &Known, now: Timestamp) -> bool {
    let mut silences = known.silences.iter();
    silences.any(|silence| {
        silence.begins <= now && now < silence.ends && silence.pattern.covers(&alert.condition)
    })
}

fn letters(kind: Kind, told: Letters, routes: &Routes, now: Timestamp) -> Vec<Letter> {
    let letters = told.into_iter().map(|(channel, told)| {
        let mut what = now.to_string();
        for (_, told) in &told {
            what.push_str(&format!("|{}{}", told.id, told.what.word()));
        }
        let message = Message::about(kind, told, now, routes.page.clone());
        letter(&what, &channel, &message, now)
    });
    letters.collect()
}

#[cfg(test)]
mod tests;
