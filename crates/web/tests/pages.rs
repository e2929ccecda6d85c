//! Every page over an inventory that is made here: what it says, what it carries, and that a stranger's text stays text.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panics; the lints spare only the test functions themselves"
)]

mod support;

use axum::http::StatusCode;
use support::{World, get, get_as};

#[tokio::test]
async fn an_empty_inventory_says_so() {
    let world = World::empty().await;
    let page = get(&world.router, "/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Nothing here yet."), "{}", page.text);
}

#[tokio::test]
async fn every_answer_forbids_what_no_page_needs() {
    let world = World::empty().await;
    for path in ["/", "/no-such-page", "/assets/none.css"] {
        let page = get(&world.router, path).await;
        let policy = page.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("require-trusted-types-for 'script'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert!(
            !page.text.contains(" style=") && !page.text.contains(" onclick="),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_name_that_a_stranger_points_here_is_not_answered() {
    let world = World::empty().await;
    for host in ["evil.example", "127.0.0.1.evil.example"] {
        let page = get_as(&world.router, host, "/").await;
        assert_eq!(page.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(
            page.text.contains(host) && !page.text.contains("endpoints known"),
            "{host}"
        );
    }
    for host in ["127.0.0.1:8787", "[::1]:8787", "localhost", "nolapse.example.com"] {
        assert_eq!(
            get_as(&world.router, host, "/").await.status,
            StatusCode::OK,
            "{host}"
        );
    }
}

#[tokio::test]
async fn style_and_script_come_from_here_and_are_kept() {
    let world = World::empty().await;
    let page = get(&world.router, "/").await.text;
    for (before, kind) in [
        ("href=\"/assets/", "text/css"),
        ("src=\"/assets/", "text/javascript"),
    ] {
        let address = page.split(before).nth(1).unwrap().split('"').next().unwrap();
        let asset = get(&world.router, &format!("/assets/{address}")).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(kind));
        assert!(
            asset.headers["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
    }
}

#[tokio::test]
async fn the_overview_says_what_needs_somebody_and_what_ends_next() {
    let world = World::filled().await;
    let page = get(&world.router, "/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("One endpoint needs you today."),
        "{}",
        page.text
    );
    assert!(page.text.contains("soon.example.com"), "{}", page.text);
    assert!(!page.text.contains("<script>alert"), "a stranger's text is text");
}
