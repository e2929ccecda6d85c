//! Alerts, answers and letters.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::alert::{
    Alert, AlertId, Attempt, Condition, Letter, LetterState, Outcome, Pattern, Silence, Telling,
};
use model::inventory::RowId;
use model::{Status, Untrusted, limits};
use store::{Round, SHARDS, Store, Trouble};

use super::looks::ingest;
use crate::support::synthetic::{day, in_order, leaf, look, place, refused};

const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn alert(cause: &str, opened: Timestamp) -> Alert {
    Alert {
        id: AlertId::of(cause),
        opened,
        closed: None,
        condition: Condition {
            cause: cause.into(),
            rule: "expired".into(),
            severity: Status::Expired,
            title: Untrusted::new("it \u{1b}[31mended\0"),
            remedy: Untrusted::new("renew it"),
            reach: 3,
            examples: vec!["a.example:443 [10.0.0.1]".into()],
            names: ["a.example".into(), "\"b\"".into()].into(),
            since: day(1),
        },
        told: None,
        escalated: None,
        channels: ["mail".into()].into(),
        lifted: None,
    }
}

pub(crate) fn letter(id: &str, channel: &str, written: Timestamp) -> Letter {
    Letter {
        id: id.into(),
        channel: channel.into(),
        written,
        due: written,
        tries: 0,
        state: LetterState::Waiting,
        tried: None,
        answer: Untrusted::default(),
        body: "{}".into(),
    }
}

fn attempt(letter: &str, channel: &str, at: Timestamp, outcome: Outcome, answer: &str) -> Attempt {
    Attempt {
        letter: letter.into(),
        channel: channel.into(),
        at,
        outcome,
        answer: Untrusted::new(answer),
    }
}

async fn write(store: &Store, alerts: Vec<Alert>, letters: Vec<Letter>) {
    store.write_round(Round { alerts, letters }, None).await.unwrap();
}

pub(crate) async fn an_alert_comes_back_as_it_was_and_closes(store: &Store) {
    let mut one = alert("a", day(2));
    write(store, vec![one.clone(), alert("b", day(2))], Vec::new()).await;
    let open = store.alerts_open().await.unwrap();
    assert_eq!(open.len(), 2);
    let back = open.iter().find(|alert| alert.id == one.id).unwrap();
    assert_eq!(
        back.condition.title.raw(),
        "it \u{1b}[31mended\u{2400}",
        "NUL has its picture"
    );
    one.condition.title = back.condition.title.clone();
    assert_eq!(*back, one);
    one.closed = Some(day(3));
    one.told = Some(Telling {
        at: day(2),
        severity: Status::Critical,
        reach: 2,
    });
    one.lifted = Some(day(2));
    write(store, vec![one.clone()], Vec::new()).await;
    assert_eq!(store.alerts_open().await.unwrap().len(), 1);
    assert_eq!(store.alerts_closed(10).await.unwrap(), [one.clone()]);
    // The same cause again is another appearance.
    write(store, vec![alert("a", day(4))], Vec::new()).await;
    assert_eq!(store.alerts_open().await.unwrap().len(), 2);
    assert_eq!(store.alerts_closed(10).await.unwrap(), [one]);
}

pub(crate) async fn answers_belong_to_one_appearance(store: &Store) {
    let id = AlertId::of("a");
    let (ada, why) = (Untrusted::new("ada"), Untrusted::new("on it"));
    assert!(
        !store.acknowledge(&id, day(2), &ada, &why).await.unwrap(),
        "no such alert"
    );
    write(store, vec![alert("a", day(2))], Vec::new()).await;
    assert!(store.acknowledge(&id, day(3), &ada, &why).await.unwrap());
    assert!(
        store
            .acknowledge(&id, day(4), &Untrusted::new("bob"), &why)
            .await
            .unwrap()
    );
    let known = store.acknowledgements().await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(
        (known[0].author.raw(), known[0].at, known[0].opened),
        ("bob", day(4), day(2))
    );
    assert!(store.take_back(&id).await.unwrap());
    assert!(!store.take_back(&id).await.unwrap());
    assert!(store.acknowledge(&id, day(5), &ada, &why).await.unwrap());
    let mut closed = alert("a", day(2));
    closed.closed = Some(day(6));
    write(store, vec![closed, alert("a", day(7))], Vec::new()).await;
    assert!(
        store.acknowledgements().await.unwrap().is_empty(),
        "the new one is unanswered"
    );
}

pub(crate) async fn silences_end(store: &Store) {
    let silence = Silence {
        id: "s1".into(),
        pattern: Pattern::parse("rule:expired name:*.a.example").unwrap(),
        author: Untrusted::new("ada"),
        reason: Untrusted::new("being switched off"),
        begins: day(1),
        ends: day(5),
    };
    store.silence(&silence).await.unwrap();
    assert_eq!(store.silences(day(4)).await.unwrap(), [silence]);
    assert!(store.silences(day(5)).await.unwrap().is_empty());
    assert!(store.end_silence("s1", day(3)).await.unwrap());
    assert!(!store.end_silence("s1", day(3)).await.unwrap());
    assert!(!store.end_silence("s2", day(3)).await.unwrap());
    assert!(store.silences(day(3)).await.unwrap().is_empty());
}

pub(crate) async fn letters_wait_until_they_arrive_or_are_given_up(store: &Store) {
    let letters = vec![
        letter("1", "mail", day(1)),
        letter("2", "mail", day(2)),
        letter("3", "ops", day(1)),
    ];
    write(store, vec![alert("a", day(1))], letters.clone()).await;
    // Handed in again they stay as they are.
    write(store, Vec::new(), letters).await;
    let due = store.letters_due("mail", day(1), 10).await.unwrap();
    assert_eq!(due, [letter("1", "mail", day(1))]);
    let later = Outcome::Again { due: day(5) };
    store
        .note_attempts(
            vec![
                attempt("1", "mail", day(2), later, "421 busy"),
                attempt("3", "ops", day(2), Outcome::Delivered, "200"),
            ],
            None,
        )
        .await
        .unwrap();
    store
        .note_attempts(vec![attempt("2", "mail", day(3), Outcome::Dead, "550 no")], None)
        .await
        .unwrap();
    assert!(store.letters_due("mail", day(4), 10).await.unwrap().is_empty());
    let waiting = store.letters_due("mail", day(5), 10).await.unwrap();
    assert_eq!(
        (waiting.len(), waiting[0].tries, waiting[0].answer.raw()),
        (1, 1, "421 busy")
    );
    assert_eq!(store.letters(Some(LetterState::Dead), 10).await.unwrap().len(), 1);
    assert_eq!(store.letters(None, 10).await.unwrap().len(), 3);
    let channels = store.channels().await.unwrap();
    let mail = channels.iter().find(|row| &*row.name == "mail").unwrap();
    assert_eq!(
        (mail.failing_since, mail.tried, mail.delivered),
        (Some(day(2)), Some(day(3)), None)
    );
    assert_eq!((mail.waiting, mail.dead), (1, 1));
    let ops = channels.iter().find(|row| &*row.name == "ops").unwrap();
    assert_eq!((ops.failing_since, ops.delivered), (None, Some(day(2))));
    store
        .note_attempts(
            vec![attempt("1", "mail", day(6), Outcome::Delivered, "250")],
            None,
        )
        .await
        .unwrap();
    let mail = store.channels().await.unwrap().remove(0);
    assert_eq!(
        (mail.failing_since, mail.delivered, mail.waiting),
        (None, Some(day(6)), 0)
    );
}

pub(crate) async fn a_channel_that_is_away_keeps_the_newest_letters(store: &Store) {
    let minute = |number: usize| day(1) + SignedDuration::from_mins(i64::try_from(number).unwrap());
    let letters =
        (0..limits::LETTERS_WAITING).map(|number| letter(&format!("{number:05}"), "mail", minute(number)));
    write(store, Vec::new(), letters.collect()).await;
    store.post(letter("newest", "mail", day(9))).await.unwrap();
    let dead = store.letters(Some(LetterState::Dead), 10).await.unwrap();
    assert_eq!((dead.len(), &*dead[0].id), (1, "00000"));
    let row = store.channels().await.unwrap().remove(0);
    assert_eq!(row.waiting, limits::LETTERS_WAITING as u64);
}

pub(crate) async fn who_lost_the_lease_tells_nothing(store: &Store) {
    let held = store.claim("one", day(0), MINUTE, SHARDS).await.unwrap();
    let round = |cause: &str| Round {
        alerts: vec![alert(cause, day(0))],
        letters: vec![letter(cause, "mail", day(0))],
    };
    store.write_round(round("a"), Some(held.clone())).await.unwrap();
    let next = store.claim("two", day(1), MINUTE, SHARDS).await.unwrap();
    let stale = store
        .write_round(round("b"), Some(held.clone()))
        .await
        .unwrap_err();
    assert_eq!(stale.trouble, Trouble::Stale { shard: 0 });
    let attempt = Attempt {
        letter: "a".into(),
        channel: "mail".into(),
        at: day(1),
        outcome: Outcome::Delivered,
        answer: Untrusted::default(),
    };
    assert!(store.note_attempts(vec![attempt], Some(held)).await.is_err());
    assert_eq!(store.alerts_open().await.unwrap().len(), 1, "neither alert");
    assert_eq!(store.letters(None, 10).await.unwrap().len(), 1, "nor letter");
    store.write_round(round("b"), Some(next)).await.unwrap();
    assert_eq!(
        store.letters(Some(LetterState::Waiting), 10).await.unwrap().len(),
        2
    );
}

pub(crate) async fn what_is_in_trouble_is_found(store: &Store) {
    let fine = leaf(1, &["a.example"], 0);
    let looks = (0..20).map(|number| match number % 4 {
        0 => look(&place("a.example", number), day(1), refused(), &[]),
        _ => look(
            &place("a.example", number),
            day(1),
            in_order(),
            std::slice::from_ref(&fine),
        ),
    });
    ingest(store, looks.collect()).await;
    let first = store.endpoints_in_trouble(RowId::START, 3).await.unwrap();
    let rest = store.endpoints_in_trouble(first[2].id, 100).await.unwrap();
    assert_eq!((first.len(), rest.len()), (3, 2));
    assert!(
        first
            .iter()
            .chain(&rest)
            .all(|row| row.state.status == Status::Error)
    );
}

pub(crate) async fn old_alerts_are_forgotten(store: &Store) {
    let mut old = alert("a", day(1));
    write(
        store,
        vec![old.clone(), alert("b", day(1))],
        vec![letter("1", "mail", day(1)), letter("2", "ops", day(1))],
    )
    .await;
    store
        .acknowledge(&old.id, day(1), &Untrusted::new("ada"), &Untrusted::default())
        .await
        .unwrap();
    old.closed = Some(day(2));
    write(store, vec![old], Vec::new()).await;
    let arrived = Attempt {
        letter: "1".into(),
        channel: "mail".into(),
        at: day(1),
        outcome: Outcome::Delivered,
        answer: Untrusted::default(),
    };
    store.note_attempts(vec![arrived], None).await.unwrap();
    store.prune(day(100)).await.unwrap();
    assert!(store.alerts_closed(10).await.unwrap().is_empty());
    assert_eq!(
        store.alerts_open().await.unwrap().len(),
        1,
        "what is open is kept"
    );
    let letters = store.letters(None, 10).await.unwrap();
    assert_eq!((letters.len(), &*letters[0].id), (1, "2"), "what waits is kept");
}
