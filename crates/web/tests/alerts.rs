//! Alerts on the pages: what is wrong by cause, and what people answer by forms, sound and unsound.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use std::collections::BTreeSet;

use axum::http::StatusCode;
use model::alert::{Alert, AlertId, Condition};
use model::{Status, Untrusted};
use store::Round;
use support::synthetic::day;
use support::{Answer, HOSTILE, TODAY, World, get, post};

/// An inventory in which one intermediate is missing at 412 endpoints, and one certificate has ended.
async fn troubled() -> World {
    let world = World::filled().await;
    let alert = |cause: &str, severity, title: &str, reach| Alert {
        id: AlertId::of(cause),
        opened: day(TODAY - 1),
        closed: None,
        condition: Condition {
            cause: cause.into(),
            rule: "chain-incomplete".into(),
            severity,
            title: Untrusted::new(title),
            remedy: Untrusted::new("send the issuer"),
            reach,
            examples: vec!["soon.example.com:443".into()],
            names: BTreeSet::from(["soon.example.com".into()]),
            since: day(TODAY - 2),
        },
        told: None,
        escalated: None,
        channels: BTreeSet::new(),
        lifted: None,
    };
    let round = Round {
        alerts: vec![
            alert("missing", Status::Critical, "the intermediate is missing", 412),
            alert("ended", Status::Expired, &format!("{HOSTILE} has ended"), 1),
        ],
        letters: Vec::new(),
    };
    world.store.write_round(round, None).await.unwrap();
    world
}

fn id() -> String {
    AlertId::of("missing").to_string()
}

async fn send(world: &World, path: &str, fields: &[(&str, &str)]) -> Answer {
    post(&world.router, path, fields, &[("sec-fetch-site", "same-origin")]).await
}

#[tokio::test]
async fn nothing_is_wrong_is_said_in_words() {
    let world = World::empty().await;
    let page = get(&world.router, "/alerts").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Nothing is wrong."), "{}", page.text);
}

#[tokio::test]
async fn a_cause_is_one_entry_with_its_reach_here_and_on_the_overview() {
    let world = troubled().await;
    for path in ["/alerts", "/"] {
        let page = get(&world.router, path).await;
        let text = &page.text;
        assert!(text.contains("412 endpoints"), "{path}: {text}");
        let (worst, then) = (text.find("has ended"), text.find("intermediate is missing"));
        assert!(worst.is_some() && worst < then, "{path}: the worst first");
        assert!(!text.contains("<script>alert"), "{path}: {text}");
    }
}

#[tokio::test]
async fn an_answer_is_kept_and_can_be_taken_back() {
    let world = troubled().await;
    let fields = [
        ("alert", id()),
        ("author", "ada".into()),
        ("reason", "on <it>".into()),
    ];
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let done = send(&world, "/alerts/acknowledge", &fields).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    assert_eq!(done.headers["location"], "/alerts");
    let page = get(&world.router, "/alerts").await;
    assert!(
        page.text.contains("ada takes care") && page.text.contains("on &lt;it&gt;"),
        "{}",
        page.text
    );
    let back = send(&world, "/alerts/take-back", &fields).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    let again = send(&world, "/alerts/take-back", &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "somebody else was faster");
    assert!(again.text.contains("412 endpoints"), "what stands now is shown");
}

/// A silence with all its words.
const WHOLE: [(&str, &str); 4] = [
    ("pattern", "rule:chain-incomplete"),
    ("reason", "move"),
    ("author", "ada"),
    ("for", "4h"),
];

#[tokio::test]
async fn a_silence_needs_all_its_words() {
    let world = troubled().await;
    let whole = WHOLE;
    for (left_out, words) in [
        ("pattern", "says nothing"),
        ("reason", "needs a reason"),
        ("author", "say who you are"),
        ("for", "for how long"),
    ] {
        let some: Vec<(&str, &str)> = whole
            .iter()
            .copied()
            .filter(|(name, _)| *name != left_out)
            .collect();
        let refused = send(&world, "/alerts/silence", &some).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{left_out}");
        assert!(
            refused.text.to_lowercase().contains(words),
            "{left_out}: {}",
            refused.text
        );
        let kept = some.iter().filter(|(name, _)| *name != "for");
        for (name, value) in kept {
            assert!(
                refused.text.contains(&format!("value=\"{value}\"")),
                "{left_out}: {name} is kept"
            );
        }
    }
    let long = "x".repeat(2000);
    let refused = send(
        &world,
        "/alerts/silence",
        &[whole[0], ("reason", &long), whole[2], whole[3]],
    )
    .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = send(
        &world,
        "/alerts/silence",
        &[("pattern", "color:red"), whole[1], whole[2], whole[3]],
    )
    .await;
    assert!(
        refused.text.contains("color:red"),
        "the word is named: {}",
        refused.text
    );
    assert!(
        world.store.silences(day(TODAY)).await.unwrap().is_empty(),
        "nothing was kept"
    );
}

#[tokio::test]
async fn a_silence_holds_until_it_is_ended() {
    let world = troubled().await;
    let done = send(&world, "/alerts/silence", &WHOLE).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = get(&world.router, "/alerts").await;
    assert!(page.text.contains("Silent until"), "{}", page.text);
    let silence = world.store.silences(day(TODAY)).await.unwrap().remove(0);
    let ended = send(&world, "/alerts/unsilence", &[("silence", &silence.id)]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER);
    assert!(world.store.silences(day(TODAY)).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_another_site_sends_changes_nothing() {
    let world = troubled().await;
    let id = id();
    let fields = [("alert", id.as_str()), ("author", "eve")];
    for foreign in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:9999"),
    ] {
        let refused = post(&world.router, "/alerts/acknowledge", &fields, &[foreign]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    assert!(world.store.acknowledgements().await.unwrap().is_empty());
    let own = [("origin", "http://127.0.0.1:8787")];
    let done = post(&world.router, "/alerts/acknowledge", &fields, &own).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_is_a_form_and_no_larger_than_one() {
    let world = troubled().await;
    let json = [("sec-fetch-site", "same-origin")];
    let large = "x".repeat(100_000);
    let refused = post(&world.router, "/alerts/acknowledge", &[("alert", &large)], &json).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let unknown = send(
        &world,
        "/alerts/acknowledge",
        &[("alert", "no-id"), ("author", "ada")],
    )
    .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let gone = send(
        &world,
        "/alerts/acknowledge",
        &[("alert", "0123456789ab"), ("author", "ada")],
    )
    .await;
    assert_eq!(gone.status, StatusCode::CONFLICT);
    let read = get(&world.router, "/alerts/acknowledge").await;
    assert_eq!(read.status, StatusCode::METHOD_NOT_ALLOWED);
}
