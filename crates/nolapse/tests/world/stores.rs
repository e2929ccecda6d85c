//! PostgreSQL, MariaDB and Redis.

use testkit::ca::Pki;
use testkit::servers::redis::Clients;
use testkit::servers::{mariadb, postgres, redis};

use crate::harness::look;

#[test]
fn postgres_is_sound_behind_its_request() {
    let pki = Pki::new();
    let leaf = pki.leaf("db.test");
    let server = postgres::start(&pki.serve(&leaf));
    look(&pki, &server.target("postgres", "db.test")).is_sound(&[&leaf, &pki.intermediate]);
}

#[test]
fn postgres_without_tls_says_no() {
    let pki = Pki::new();
    let server = postgres::start_plain();
    let look = look(&pki, &server.target("postgres", "db.test"));
    assert_eq!(
        (look.status(), look.failure()),
        ("ERROR", "not-offered"),
        "{look:?}"
    );
}

#[test]
fn mariadb_is_sound_behind_its_greeting() {
    let pki = Pki::new();
    let leaf = pki.leaf("db.test");
    let server = mariadb::start(&pki.serve(&leaf));
    look(&pki, &server.target("mysql", "db.test")).is_sound(&[&leaf, &pki.intermediate]);
}

#[test]
fn mariadb_without_tls_does_not_offer_it() {
    let pki = Pki::new();
    let server = mariadb::start_plain();
    let look = look(&pki, &server.target("mysql", "db.test"));
    assert_eq!(
        (look.status(), look.failure()),
        ("ERROR", "not-offered"),
        "{look:?}"
    );
}

#[test]
fn redis_is_sound_whether_it_asks_for_a_certificate_or_not() {
    let pki = Pki::new();
    let leaf = pki.leaf("cache.test");
    let served = pki.serve(&leaf);
    for (clients, asked) in [(Clients::Unknown, "not-asked"), (Clients::Certified, "asked")] {
        let server = redis::start(&served, clients);
        let look = look(&pki, &server.target("rediss", "cache.test"));
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/tls/client_certificate/state"), asked, "{look:?}");
    }
}
