use model::alert::Pattern;
use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;

fn condition(cause: &str, severity: Status, reach: u64) -> Condition {
    Condition {
        cause: cause.into(),
        rule: "expired".into(),
        severity,
        title: Untrusted::new(cause),
        remedy: Untrusted::default(),
        reach,
        examples: Vec::new(),
        names: [format!("{cause}.example").into()].into(),
        since: at(0),
    }
}

fn routes() -> Routes {
    Routes {
        routes: vec![Route {
            pattern: None,
            channels: vec!["ops".into()],
            repeat: Some(SignedDuration::from_hours(4)),
            escalation: Some((SignedDuration::from_hours(2), vec!["pager".into()])),
        }],
        channels: vec!["ops".into(), "pager".into()],
        page: None,
    }
}

/// A memory that is given each round and keeps what it decides.
#[derive(Default)]
struct World {
    known: Known,
    /// What was told: channel and what happened to which alert.
    told: Vec<(String, String)>,
    closed: Vec<Alert>,
}

impl World {
    /// One round; gives back what was told in it.
    fn at(&mut self, seconds: i64, conditions: &[Condition]) -> Vec<(String, String)> {
        let done = round(&self.known, conditions.to_vec(), &routes(), at(seconds));
        for alert in done.alerts {
            self.known.open.retain(|known| known.id != alert.id);
            match alert.closed {
                None => self.known.open.push(alert),
                Some(_) => self.closed.push(alert),
            }
        }
        let mut told = Vec::new();
        for letter in done.letters {
            let message: Message = serde_json::from_str(&letter.body).unwrap();
            let words: Vec<String> = { message.alerts.iter() }
                .map(|told| format!("{} {}", told.what.word(), told.title))
                .collect();
            told.push((letter.channel.to_string(), words.join(", ")));
        }
        self.told.extend(told.clone());
        told
    }

    fn answer(&mut self, cause: &str, seconds: i64) {
        let id = AlertId::of(cause);
        let opened = self
            .known
            .open
            .iter()
            .find(|alert| alert.id == id)
            .unwrap()
            .opened;
        self.known.acknowledgements.push(Acknowledgement {
            alert: id,
            opened,
            at: at(seconds),
            author: Untrusted::new("ada"),
            reason: Untrusted::default(),
        });
    }
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(channel, words)| ((*channel).to_owned(), (*words).to_owned()))
        .collect()
}

#[test]
fn new_alerts_wait_for_each_other_and_are_one_letter() {
    let mut world = World::default();
    let (a, b) = (
        condition("a", Status::Critical, 3),
        condition("b", Status::Warning, 1),
    );
    assert!(world.at(0, std::slice::from_ref(&a)).is_empty());
    assert_eq!(
        world.at(30, &[a.clone(), b.clone()]),
        told(&[("ops", "new a, new b")])
    );
    assert!(world.at(31, &[a.clone(), b.clone()]).is_empty(), "told once");
    // What comes soon after waits until five minutes are over.
    let c = condition("c", Status::Critical, 1);
    assert!(
        world
            .at(2 * MINUTE, &[a.clone(), b.clone(), c.clone()])
            .is_empty()
    );
    assert!(
        world
            .at(4 * MINUTE, &[a.clone(), b.clone(), c.clone()])
            .is_empty()
    );
    assert_eq!(world.at(30 + 5 * MINUTE, &[a, b, c]), told(&[("ops", "new c")]));
}

#[test]
fn what_is_gone_before_it_was_told_is_told_to_nobody() {
    let mut world = World::default();
    world.at(0, &[condition("a", Status::Critical, 3)]);
    assert!(world.at(15, &[]).is_empty());
    assert_eq!((world.known.open.len(), world.closed.len()), (0, 1));
}

#[test]
fn it_is_repeated_told_further_and_its_end_is_told_to_all_who_heard() {
    let mut world = World::default();
    let a = [condition("a", Status::Critical, 3)];
    world.at(0, &a);
    world.at(30, &a);
    assert!(world.at(2 * HOUR - 1, &a).is_empty());
    assert_eq!(world.at(2 * HOUR, &a), told(&[("pager", "unanswered a")]));
    assert!(world.at(4 * HOUR, &a).is_empty());
    assert_eq!(
        world.at(4 * HOUR + 30, &a),
        told(&[("ops", "still open a"), ("pager", "still open a")])
    );
    assert_eq!(
        world.at(5 * HOUR, &[]),
        told(&[("ops", "resolved a"), ("pager", "resolved a")])
    );
}

#[test]
fn an_answer_holds_until_it_is_worse_or_reaches_twice_as_far() {
    let mut world = World::default();
    let with = |reach| [condition("a", Status::Warning, reach)];
    world.at(0, &with(3));
    world.at(30, &with(3));
    world.answer("a", 40);
    assert!(
        world.at(9 * HOUR, &with(5)).is_empty(),
        "neither repeated nor told further"
    );
    assert_eq!(world.at(10 * HOUR, &with(6)), told(&[("ops", "worse a")]));
    assert_eq!(
        world.at(12 * HOUR, &with(6)),
        told(&[("pager", "unanswered a")]),
        "the answer is lifted"
    );
    world.answer("a", 13 * HOUR);
    assert!(world.at(20 * HOUR, &with(6)).is_empty());
    let worse = [condition("a", Status::Expired, 6)];
    assert_eq!(
        world.at(21 * HOUR, &worse),
        told(&[("ops", "worse a"), ("pager", "worse a")])
    );
}

#[test]
fn a_silence_tells_nothing_until_its_end() {
    let mut world = World::default();
    world.known.silences.push(Silence {
        id: "s".into(),
        pattern: Pattern::parse("name:a.example").unwrap(),
        author: Untrusted::new("ada"),
        reason: Untrusted::new("maintenance"),
        begins: at(0),
        ends: at(HOUR),
    });
    let (a, b) = (
        condition("a", Status::Expired, 9),
        condition("b", Status::Warning, 1),
    );
    world.at(0, &[a.clone(), b.clone()]);
    assert_eq!(world.at(30, &[a.clone(), b.clone()]), told(&[("ops", "new b")]));
    assert_eq!(world.known.open.len(), 2, "it is open nevertheless");
    assert_eq!(world.at(HOUR, &[a, b]), told(&[("ops", "new a")]));
}

#[test]
fn trouble_of_a_channel_is_told_on_another() {
    let mut world = World::default();
    let failing = [Condition {
        rule: "channel-failing".into(),
        ..condition("channel-failing|ops", Status::Critical, 1)
    }];
    world.at(0, &failing);
    assert_eq!(
        world.at(30, &failing),
        told(&[("pager", "new channel-failing|ops")])
    );
}

#[test]
fn without_a_channel_nothing_counts_as_told() {
    let known = Known {
        open: vec![opened(
            AlertId::of("a"),
            condition("a", Status::Critical, 1),
            at(0),
        )],
        ..Known::default()
    };
    let done = round(
        &known,
        vec![condition("a", Status::Critical, 1)],
        &Routes::default(),
        at(HOUR),
    );
    assert!(done.alerts.is_empty() && done.letters.is_empty());
}

#[test]
fn a_round_that_is_decided_again_writes_the_same_letters() {
    let known = Known {
        open: vec![opened(
            AlertId::of("a"),
            condition("a", Status::Critical, 1),
            at(0),
        )],
        ..Known::default()
    };
    let decide = || {
        round(
            &known,
            vec![condition("a", Status::Critical, 1)],
            &routes(),
            at(HOUR),
        )
        .letters
    };
    assert_eq!(decide(), decide());
    let week = |week| {
        digest(&known.open, &["ops".into()], &routes(), week, at(0))
            .remove(0)
            .id
    };
    assert_eq!(week("2026-W48"), week("2026-W48"));
    assert_ne!(week("2026-W48"), week("2026-W49"));
}

proptest! {
    /// However conditions come and go: what was told is told to be over, and the order of conditions does not matter.
    #[test]
    fn every_telling_has_its_end(steps in prop::collection::vec((0_u8..16, 1_i64..400), 1..30)) {
        let (mut world, mut turned) = (World::default(), World::default());
        let mut seconds = 0;
        for (bits, minutes) in steps {
            seconds += minutes * MINUTE;
            let mut conditions: Vec<Condition> = (0..4)
                .filter(|bit| bits >> bit & 1 == 1)
                .map(|bit| condition(&format!("c{bit}"), Status::Critical, 1 + u64::from(bits)))
                .collect();
            world.at(seconds, &conditions);
            conditions.reverse();
            turned.at(seconds, &conditions);
        }
        world.at(seconds + HOUR, &[]);
        prop_assert!(world.known.open.is_empty());
        for alert in &world.closed {
            let of = |word: &str| world.told.iter().filter(|(_, words)| {
                words.split(", ").any(|told| told == format!("{word} {}", alert.condition.title.raw()))
            }).count();
            prop_assert!(of("new") <= of("resolved"), "what was told to be new was told to be over");
        }
        world.known.open.sort_by(|one, other| one.id.cmp(&other.id));
        turned.at(seconds + HOUR, &[]);
        prop_assert_eq!(world.told, turned.told);
    }
}
