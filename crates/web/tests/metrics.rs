//! What Prometheus reads, over an inventory that is made here: every series there is, the words of strangers, and bounds.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use std::collections::HashSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use axum::http::StatusCode;
use model::limits;
use support::synthetic::{day, in_order, leaf, look, place};
use support::{TODAY, World, get, get_as};

/// The samples of one family.
fn samples<'a>(page: &'a str, family: &str) -> Vec<&'a str> {
    page.lines()
        .filter(|line| {
            line.strip_prefix(family)
                .is_some_and(|rest| rest.starts_with(['{', ' ']))
        })
        .collect()
}

/// Asks Debian's promtool, which `scripts/test-servers` installs.
fn assert_taken_by_promtool(page: &str) {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && words.is_empty(), "{words}\n{page}");
}

#[tokio::test]
async fn an_empty_inventory_has_its_sums() {
    let world = World::empty().await;
    let page = get(&world.router, "/metrics").await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(
        page.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(samples(&page.text, "nolapse_places"), ["nolapse_places 0"]);
    assert_eq!(samples(&page.text, "nolapse_endpoints").len(), 5, "{}", page.text);
    assert_taken_by_promtool(&page.text);
}

#[tokio::test]
async fn every_endpoint_and_every_served_certificate_has_its_series() {
    let world = World::filled().await;
    let page = get(&world.router, "/metrics").await.text;
    assert_taken_by_promtool(&page);
    let status = samples(&page, "nolapse_endpoint_status");
    assert_eq!(status.len(), 5, "{page}");
    let of = |name: &str| {
        let name = format!("name=\"{name}\"");
        let line = status.iter().find(|line| line.contains(&name)).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(of("soon.example.com"), "2");
    assert_eq!(of("fine.example.com"), "0");
    assert_eq!(of("gone.example.com"), "4", "what refuses keeps its series");
    assert_eq!(
        samples(&page, "nolapse_endpoint_certificate_info").len(),
        4,
        "{page}"
    );
    assert_eq!(
        samples(&page, "nolapse_certificate_not_after_timestamp_seconds").len(),
        3,
        "{page}"
    );
    assert!(
        page.contains("nolapse_endpoints{status=\"CRITICAL\"} 1\n"),
        "{page}"
    );
    assert!(!page.contains('\u{202e}'), "a stranger's text is one plain line");
}

#[tokio::test]
async fn no_two_series_have_equal_labels() {
    let world = World::empty().await;
    // Certificates that differ in their serial number alone, at one name and at two ports of addresses.
    let names = ["same.example.com"];
    let looks = (1..=4).map(|number| {
        let served = leaf(u64::from(number), &names, TODAY - 10);
        look(
            &place("same.example.com", number),
            day(TODAY),
            in_order(),
            &[served],
        )
    });
    world
        .store
        .ingest(looks.collect(), Vec::new(), None)
        .await
        .unwrap();
    let page = get(&world.router, "/metrics").await.text;
    let series = |line: &str| line.rsplit_once(' ').unwrap().0.to_owned();
    let all: Vec<_> = page
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(series)
        .collect();
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{page}");
    assert_eq!(
        samples(&page, "nolapse_certificate_not_after_timestamp_seconds").len(),
        4
    );
}

#[tokio::test]
async fn a_replaced_certificate_leaves_at_once() {
    let world = World::empty().await;
    let (old, new) = (
        leaf(1, &["a.example.com"], TODAY - 80),
        leaf(2, &["a.example.com"], TODAY - 1),
    );
    let at = place("a.example.com", 1);
    let looks = vec![
        look(&at, day(TODAY - 2), in_order(), &[old]),
        look(&at, day(TODAY), in_order(), std::slice::from_ref(&new)),
    ];
    world.store.ingest(looks, Vec::new(), None).await.unwrap();
    let page = get(&world.router, "/metrics").await.text;
    let ends = samples(&page, "nolapse_certificate_not_after_timestamp_seconds");
    assert_eq!(ends.len(), 1, "{page}");
    assert!(
        ends.iter()
            .all(|line| line.contains(&new.fingerprint().to_string())),
        "{page}"
    );
}

#[tokio::test]
async fn too_many_objects_leave_sums_and_say_so() {
    let world = World::empty().await;
    let most = u32::try_from(limits::METRICS_OBJECTS).unwrap();
    let one = leaf(1, &["a.example.com"], TODAY - 10);
    let looks = (0..=most).map(|number| {
        look(
            &place("a.example.com", number),
            day(TODAY),
            in_order(),
            std::slice::from_ref(&one),
        )
    });
    world
        .store
        .ingest(looks.collect(), Vec::new(), None)
        .await
        .unwrap();
    let page = get(&world.router, "/metrics").await.text;
    assert!(samples(&page, "nolapse_endpoint_status").is_empty());
    assert!(
        page.contains("nolapse_series_left_out{kind=\"endpoint\"} 1\n"),
        "{page}"
    );
    assert!(
        page.contains("nolapse_series_left_out{kind=\"certificate\"} 0\n"),
        "{page}"
    );
    assert!(
        page.contains(&format!("nolapse_endpoints{{status=\"OK\"}} {}\n", most + 1)),
        "{page}"
    );
}

#[tokio::test]
async fn it_says_that_it_lives_and_is_ready_to_those_who_mean_it() {
    let world = World::empty().await;
    for (path, said) in [("/healthz", "alive\n"), ("/readyz", "ready\n")] {
        let answer = get(&world.router, path).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, said));
    }
    for path in ["/metrics", "/healthz", "/readyz"] {
        let answer = get_as(&world.router, "evil.example", path).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{path}");
    }
}
