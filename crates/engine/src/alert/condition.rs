//! What is wrong now: rows of the inventory come in, one condition for each cause goes out, with its reach.
//!
//! Two endpoints share a cause when one action would mend both: the certificate that they serve, the issuer that is not
//! sent, the root that nobody trusts, the network that cannot be reached.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::alert::{ChannelRow, Condition};
use model::inventory::{EndpointRow, Reached, RunEnd, Said, SourceRow};
use model::{Status, Untrusted, limits};
use notify::route::FAILING;

use crate::remember;

/// Gathers conditions from rows, which come in the order of their places.
#[derive(Debug, Default)]
pub struct Conditions {
    causes: BTreeMap<String, Gathered>,
}

/// What is known of one cause so far.
#[derive(Debug)]
struct Gathered {
    rule: Box<str>,
    severity: Status,
    /// The words of the endpoint that comes first by name, so that the order of rows does not matter.
    words: (Box<str>, Untrusted, Untrusted),
    places: BTreeSet<i64>,
    examples: BTreeSet<Box<str>>,
    names: BTreeSet<Box<str>>,
    since: Timestamp,
}

/// A channel that delivers nothing for so long is reported on another.
pub const FAILING_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Failures in a row of a source that are worth an alert: one is a restart.
const SOURCE_FAILURES: u32 = 2;
/// Rules whose sentence names what many certificates lack: that is the cause, whatever certificate it was found at.
const SHARED: &[&str] = &[
    "chain-incomplete",
    "untrusted",
    "intermediate-expired",
    "intermediate-expiring",
    "legacy-protocol",
    "weak-cipher",
];

impl Conditions {
    /// Adds how one endpoint stands.
    ///
    /// An endpoint that could not be judged counts from the second look on: one that fails is no outage. What this machine
    /// has no way to is no trouble of theirs.
    pub fn endpoint(&mut self, row: &EndpointRow) {
        let Some(seen) = &row.seen else { return };
        let stopped = match &seen.reached {
            Reached::Handshaken => None,
            Reached::Stopped { failure, .. } => Some(&**failure),
        };
        let is_passing = stopped.is_some() && row.at <= row.state_since;
        let is_ours = stopped.is_some_and(|failure| {
            failure == remember::GONE || remember::lacks_ipv6_route(row.place.address, failure)
        });
        if is_passing || is_ours {
            return;
        }
        for said in seen.findings.iter().filter(|said| remember::is_open(said)) {
            self.add(row, said, cause(said, stopped));
        }
    }

    fn add(&mut self, row: &EndpointRow, said: &Said, mut cause: String) {
        if self.causes.len() >= limits::ALERTS_OPEN && !self.causes.contains_key(&cause) {
            cause = format!("{}|", said.rule);
        }
        let place = row.place.to_string().into_boxed_str();
        let severity = Status::from(said.severity);
        let gathered = self.causes.entry(cause).or_insert_with(|| Gathered {
            rule: said.rule.clone(),
            severity,
            words: (place.clone(), said.message.clone(), said.remedy.clone()),
            places: BTreeSet::new(),
            examples: BTreeSet::new(),
            names: BTreeSet::new(),
            since: row.state_since,
        });
        gathered.severity = gathered.severity.max(severity);
        gathered.since = gathered.since.min(row.state_since);
        if (&place, &said.message) < (&gathered.words.0, &gathered.words.1) {
            gathered.words = (place.clone(), said.message.clone(), said.remedy.clone());
        }
        gathered.places.insert(row.id.0);
        keep(&mut gathered.examples, place, limits::ALERT_EXAMPLES);
        let name = row.place.service.identity.to_string().into_boxed_str();
        keep(&mut gathered.names, name, limits::ALERT_NAMES);
    }

    /// Adds how a source went.
    pub fn source(&mut self, row: &SourceRow) {
        let Some(run) = &row.last else { return };
        let Some(outcome) = run
            .outcome
            .as_ref()
            .filter(|outcome| outcome.end == RunEnd::Failed)
        else {
            return;
        };
        if row.failures < SOURCE_FAILURES {
            return;
        }
        let error = outcome.error.as_ref().map(Untrusted::shown).unwrap_or_default();
        let since = row
            .last_complete
            .as_ref()
            .map_or(run.began, |complete| complete.began);
        self.single(
            format!("source-failed|{}", row.source),
            Status::Error,
            (
                format!("source {} cannot be asked: {error}", row.source),
                "`nolapse source list` says when it last answered; mend it, then run `nolapse source run NAME`".to_owned(),
            ),
            (format!("source {}", row.source), since),
        );
    }

    /// Adds how a channel went.
    pub fn channel(&mut self, row: &ChannelRow, now: Timestamp) {
        let Some(since) = row
            .failing_since
            .filter(|since| now.duration_since(*since) >= FAILING_FOR)
        else {
            return;
        };
        self.single(
            format!("{FAILING}{}", row.name),
            Status::Critical,
            (
                format!("channel {} delivers nothing: {}", row.name, row.answer.shown()),
                format!(
                    "mend it, then run `nolapse channel test {}`; {} wait there",
                    row.name, row.waiting
                ),
            ),
            (format!("channel {}", row.name), since),
        );
    }

    fn single(
        &mut self,
        cause: String,
        severity: Status,
        (title, remedy): (String, String),
        (example, since): (String, Timestamp),
    ) {
        let rule = cause.split('|').next().unwrap_or_default().into();
        self.causes.insert(
            cause,
            Gathered {
                rule,
                severity,
                words: (Box::default(), Untrusted::new(title), Untrusted::new(remedy)),
                places: BTreeSet::from([0]),
                examples: BTreeSet::from([example.into_boxed_str()]),
                names: BTreeSet::new(),
                since,
            },
        );
    }

    /// All of them.
    pub fn finish(self) -> Vec<Condition> {
        let condition = |(cause, gathered): (String, Gathered)| Condition {
            cause: cause.into(),
            rule: gathered.rule,
            severity: gathered.severity,
            title: gathered.words.1,
            remedy: gathered.words.2,
            reach: u64::try_from(gathered.places.len()).unwrap_or(u64::MAX),
            examples: gathered.examples.into_iter().collect(),
            names: gathered.names,
            since: gathered.since,
        };
        self.causes.into_iter().map(condition).collect()
    }
}

/// What makes findings one: see the module.
fn cause(said: &Said, stopped: Option<&str>) -> String {
    let what = match (&said.certificate, stopped) {
        _ if SHARED.contains(&&*said.rule) => said.message.raw().to_owned(),
        (Some(certificate), _) => certificate.to_string(),
        (None, stopped) => stopped.unwrap_or_default().to_owned(),
    };
    format!("{}|{what}", said.rule)
}

/// Keeps the first of them in their order.
fn keep(kept: &mut BTreeSet<Box<str>>, new: Box<str>, most: usize) {
    kept.insert(new);
    if kept.len() > most {
        kept.pop_last();
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;
    use model::inventory::{Place, RowId, Seen, Vantage};
    use model::observation::Depth;
    use model::{Fingerprint, Identity, Name, Service, StartTls};
    use proptest::prelude::*;

    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 3_600 * hour).unwrap()
    }

    fn said(rule: &str, severity: Severity, certificate: Option<u8>, message: &str) -> Said {
        Said {
            rule: rule.into(),
            severity,
            certificate: certificate.map(|byte| Fingerprint::from_bytes([byte; 32])),
            message: Untrusted::new(message),
            remedy: Untrusted::new("mend it"),
        }
    }

    /// An endpoint that has been like this for an hour.
    fn row(number: i64, failure: Option<&str>, findings: Vec<Said>) -> EndpointRow {
        let name = Name::parse(&format!("n{number}.example")).unwrap();
        let reached = failure.map_or(Reached::Handshaken, |failure| Reached::Stopped {
            stage: "connect".into(),
            failure: failure.into(),
            detail: Untrusted::default(),
        });
        let seen = Seen {
            depth: Depth::Full,
            reached,
            tls: None,
            status: findings
                .iter()
                .map(|said| Status::from(said.severity))
                .max()
                .unwrap_or(Status::Ok),
            findings,
            trust: Vec::new(),
        };
        EndpointRow {
            id: RowId(number),
            place: Place {
                service: Service {
                    identity: Identity::Name(name.clone()),
                    port: 443,
                    server_name: Some(name),
                    starttls: StartTls::None,
                },
                address: Some("192.0.2.1".parse().unwrap()),
            },
            vantage: Vantage::local(),
            at: hour(1),
            judged_at: hour(1),
            leaf: None,
            leaf_id: None,
            leaf_since: None,
            chain: Vec::new(),
            state: seen.state(),
            state_since: hour(0),
            seen: Some(seen),
            samples: Vec::new(),
        }
    }

    fn conditions(rows: &[EndpointRow]) -> Vec<Condition> {
        let mut conditions = Conditions::default();
        rows.iter().for_each(|row| conditions.endpoint(row));
        conditions.finish()
    }

    #[test]
    fn one_missing_intermediate_at_412_endpoints_is_one_condition() {
        let missing = |number: i64| {
            let leaf = u8::try_from(number % 12).unwrap();
            row(
                number,
                None,
                vec![said(
                    "chain-incomplete",
                    Severity::Critical,
                    Some(leaf),
                    "its issuer X is not sent",
                )],
            )
        };
        let found = conditions(&(1..=412).map(missing).collect::<Vec<_>>());
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].reach, found[0].severity), (412, Status::Critical));
        assert_eq!(found[0].examples.len(), limits::ALERT_EXAMPLES);
        assert_eq!(found[0].names.len(), limits::ALERT_NAMES);
    }

    #[test]
    fn one_certificate_is_one_condition_wherever_it_is_served() {
        let ending = |number, certificate, words: &str| {
            row(
                number,
                None,
                vec![said("expiring", Severity::Warning, Some(certificate), words)],
            )
        };
        let found = conditions(&[
            ending(1, 1, "ends in 5 d"),
            ending(2, 1, "ends in 4 d"),
            ending(3, 2, "ends in 5 d"),
        ]);
        let reaches: Vec<u64> = found.iter().map(|condition| condition.reach).collect();
        assert_eq!(reaches, [2, 1]);
        assert_eq!(
            found[0].title.raw(),
            "ends in 5 d",
            "the words of the first by name"
        );
    }

    #[test]
    fn one_failed_look_is_no_outage_and_notes_are_no_condition() {
        let refused = || vec![said("refused", Severity::Error, None, "refused")];
        let mut first = row(1, Some("refused"), refused());
        first.at = first.state_since;
        assert!(conditions(&[first]).is_empty());
        assert_eq!(
            conditions(&[
                row(1, Some("refused"), refused()),
                row(2, Some("refused"), refused())
            ])
            .len(),
            1
        );
        assert!(conditions(&[row(1, Some(remember::GONE), refused())]).is_empty());
        assert!(conditions(&[row(1, None, vec![said("x", Severity::Note, None, "a note")])]).is_empty());
    }

    #[test]
    fn more_causes_than_are_kept_are_told_apart_by_their_rule() {
        let many = i64::try_from(limits::ALERTS_OPEN).unwrap() + 50;
        let rows: Vec<EndpointRow> = (0..many)
            .map(|number| {
                row(
                    number,
                    None,
                    vec![said(
                        "untrusted",
                        Severity::Critical,
                        None,
                        &format!("root {number}"),
                    )],
                )
            })
            .collect();
        let found = conditions(&rows);
        assert_eq!(found.len(), limits::ALERTS_OPEN + 1);
        assert_eq!(
            found.iter().map(|condition| condition.reach).sum::<u64>(),
            u64::try_from(many).unwrap()
        );
    }

    #[test]
    fn a_channel_counts_when_it_has_failed_for_an_hour() {
        let row = ChannelRow {
            name: "mail".into(),
            failing_since: Some(hour(0)),
            answer: Untrusted::new("421 busy"),
            ..ChannelRow::default()
        };
        let at = |now| {
            let mut conditions = Conditions::default();
            conditions.channel(&row, now);
            conditions.finish()
        };
        assert!(at(hour(1) - SignedDuration::from_secs(1)).is_empty());
        let found = at(hour(1));
        assert_eq!(
            (&*found[0].rule, &*found[0].cause),
            ("channel-failing", "channel-failing|mail")
        );
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter(all in prop::collection::vec((0_u8..3, 0_u8..3), 0..30), turn in 0_usize..30) {
            let rule = ["expiring", "untrusted", "weak-key"];
            let mut rows: Vec<EndpointRow> = (0_i64..).zip(&all)
                .map(|(number, (which, certificate))| {
                    row(number, None, vec![said(rule[usize::from(*which)], Severity::Warning, Some(*certificate), &format!("m{certificate}"))])
                })
                .collect();
            let found = conditions(&rows);
            rows.rotate_left(turn.min(all.len()));
            prop_assert_eq!(found, conditions(&rows));
        }
    }
}
