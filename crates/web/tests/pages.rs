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
    for path in [
        "/",
        "/certificates",
        "/certificates?q=left:soon",
        "/certificates/none",
        "/no-such-page",
        "/assets/none.css",
    ] {
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

#[tokio::test]
async fn certificates_come_most_urgent_first_with_their_reason() {
    let world = World::filled().await;
    let page = get(&world.router, "/certificates").await;
    assert_eq!(page.status, StatusCode::OK);
    let place = |part: &str| {
        page.text
            .find(part)
            .unwrap_or_else(|| panic!("{part}: {}", page.text))
    };
    assert!(place("soon.example.com") < place("fine.example.com"));
    assert!(
        page.text.contains("Expiring was found."),
        "the reason, as a sentence"
    );
    assert!(
        page.text.contains("3 certificates") && !page.text.contains("<mark>"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}.example"),
        "a stranger's text is text, and turns nothing round"
    );
}

#[tokio::test]
async fn a_query_narrows_the_list_and_one_that_cannot_be_read_shows_where() {
    let world = World::filled().await;
    let page = get(&world.router, "/certificates?q=soon+status:critical").await;
    assert!(page.text.contains("1 of 3 certificates"), "{}", page.text);
    assert!(page.text.contains("value=\"soon status:critical\""));
    assert!(!page.text.contains("fine.example.com"));
    let page = get(&world.router, "/certificates?q=soon+left:%3Cscript%3E").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.text.contains("<mark>left:&lt;script&gt;</mark>"),
        "{}",
        page.text
    );
    assert!(
        page.text.contains("value=\"soon left:&lt;script&gt;\""),
        "it is kept"
    );
    assert!(page.text.contains("fine.example.com"), "and everything is shown");
    let page = get(&world.router, "/certificates?q=nobody").await;
    assert!(page.text.contains("No certificate fits."), "{}", page.text);
    for odd in [
        "?after=x",
        "?after=9.1.1.1",
        "?after=200.1.1.1",
        "?sort=x&group=y&q=%ff%00",
        "?q=a&q=b&&&=",
        "?after=4.9223372036854775807.1.9223372036854775807",
    ] {
        let page = get(&world.router, &format!("/certificates{odd}")).await;
        assert_eq!(page.status, StatusCode::OK, "{odd}");
    }
}

#[tokio::test]
async fn pages_of_the_list_follow_each_other() {
    let world = World::with_many(120).await;
    let (mut address, mut names, mut pages) = ("/certificates".to_owned(), Vec::new(), 0);
    loop {
        let page = get(&world.router, &address).await.text;
        let found = page.split("class=\"name\"><a href=").skip(1);
        names.extend(found.map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned()));
        pages += 1;
        let Some(next) = page.split("rel=\"next\" href=\"").nth(1) else {
            break;
        };
        address = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!((pages, names.len()), (3, 120));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 120, "each once");
}

#[tokio::test]
async fn a_row_for_each_name_has_the_columns_of_a_scan() {
    let world = World::filled().await;
    let page = get(&world.router, "/certificates?group=name").await.text;
    for part in [
        "www.soon.example.com",
        "TLS 1.3",
        "TLS_AES_128_GCM_SHA256",
        "Synthetic CA 1",
        "2026-03-07",
        "#i-wire",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for column in ["Common name", "Days", "Protocol", "Cipher", "Source"] {
        assert!(page.contains(column), "{column}");
    }
}

#[tokio::test]
async fn a_certificate_says_how_it_stands_who_serves_it_and_all_its_names() {
    let world = World::filled().await;
    let list = get(&world.router, "/certificates?q=soon").await.text;
    let path = list
        .split("href=\"/certificates/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = get(&world.router, &format!("/certificates/{path}")).await;
    assert_eq!(page.status, StatusCode::OK);
    for part in [
        "and 1 more name",
        "Expiring was found.",
        "It ends in 5 d.",
        "soon.example.com:443 [10.0.0.1]",
        "6 of 6",
        "www.soon.example.com",
        "-----BEGIN CERTIFICATE-----",
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    let pem = get(&world.router, &format!("/certificates/{path}.pem")).await;
    assert!(pem.text.starts_with("-----BEGIN CERTIFICATE-----\n"));
    for none in ["x", &"00".repeat(32), &format!("{}.pem", "00".repeat(32))] {
        let page = get(&world.router, &format!("/certificates/{none}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn the_list_goes_out_for_spreadsheets_calendars_and_readers() {
    let world = World::filled().await;
    let table = get(&world.router, "/certificates.csv?group=name").await;
    assert_eq!(table.text.lines().count(), 5, "{}", table.text);
    assert!(
        table.text.contains("\nsoon.example.com,soon.example.com,"),
        "{}",
        table.text
    );
    let calendar = get(&world.router, "/certificates.ics").await.text;
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 3, "{calendar}");
    assert!(calendar.contains("DTSTART;VALUE=DATE:20260307\r\n"), "{calendar}");
    let feed = get(&world.router, "/certificates.atom?q=status:critical")
        .await
        .text;
    assert_eq!(feed.matches("<entry>").count(), 1, "{feed}");
    assert!(!feed.contains("<script"));
    assert!(
        feed.contains("href=\"http://127.0.0.1:8787/certificates/"),
        "{feed}"
    );
    let secure = get(&world.secure, "/certificates.atom").await.text;
    assert!(
        secure.contains("href=\"https://127.0.0.1:8787/certificates/"),
        "{secure}"
    );
    let page = get(&world.router, "/certificates.csv?q=left:x").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn endpoints_are_listed_found_and_shown() {
    let world = World::filled().await;
    let all = get(&world.router, "/endpoints").await.text;
    for part in ["soon.example.com:443 [10.0.0.1]", "10.0.0.3", "gone.example.com"] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let found = get(&world.router, "/endpoints?q=fine&status=ok").await.text;
    assert!(
        found.contains("10.0.0.2") && !found.contains("soon.example.com:443"),
        "{found}"
    );
    let refusing = get(&world.router, "/endpoints?status=error").await.text;
    let path = refusing
        .split("href=\"/endpoints/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = get(&world.router, &format!("/endpoints/{path}")).await.text;
    assert!(
        page.contains("The port refused the connection.") && page.contains("Stopped at connect."),
        "{page}"
    );
    let fine = found
        .split("href=\"/endpoints/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = get(&world.router, &format!("/endpoints/{fine}")).await.text;
    for part in [
        "Other addresses",
        "TLS 1.3",
        "mozilla",
        "History",
        "Nothing was found.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for none in ["0", "-1", "999", "x", "9223372036854775808"] {
        let page = get(&world.router, &format!("/endpoints/{none}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{none}");
    }
    let world = World::with_many(70).await;
    let first = get(&world.router, "/endpoints").await.text;
    let next = first
        .split("rel=\"next\" href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let second = get(&world.router, &next.replace("&amp;", "&")).await.text;
    let rows = |page: &str| page.matches("class=\"addr\"").count();
    assert_eq!((rows(&first), rows(&second)), (50, 20));
}

#[tokio::test]
async fn sources_say_how_they_went() {
    let world = World::filled().await;
    let page = get(&world.router, "/discovery").await.text;
    assert!(page.contains("No source is configured."), "{page}");
    world.failed_source().await;
    let page = get(&world.router, "/discovery").await.text;
    for part in [
        "1 of 1 source failed.",
        "account",
        "The key was refused.",
        "#i-err",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
