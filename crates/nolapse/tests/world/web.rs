//! nginx and HAProxy: sites behind one port, versions, kinds of key, staples.

use testkit::ca::{KeyKind, Minted, Pki, Served, Template};
use testkit::dns::NameServer;
use testkit::servers::nginx::{Listener, Site};
use testkit::servers::{haproxy, nginx};

use crate::harness::{look, look_with, scan};

fn site<'a>(name: &'a str, served: &'a Served) -> Site<'a> {
    Site {
        name,
        served: vec![served],
        directives: "",
    }
}

/// A leaf of the intermediate with an RSA key.
fn rsa_leaf(pki: &Pki, name: &str) -> Minted {
    Template::server(name)
        .key(KeyKind::Rsa2048)
        .issued_by(&pki.intermediate)
}

#[test]
fn nginx_sites_behind_one_port_each_show_their_own() {
    let pki = Pki::new();
    let leaves = ["one.test", "two.test", "three.test"].map(|name| pki.leaf(name));
    let served: Vec<Served> = leaves.iter().map(|leaf| pki.serve(leaf)).collect();
    let sites = vec![
        site("one.test", &served[0]),
        site("two.test", &served[1]),
        site("three.test", &served[2]),
    ];
    let server = nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites,
    }]);
    for (name, leaf) in ["one.test", "two.test", "three.test"].iter().zip(&leaves) {
        let look = look(&pki, &server.target("https", name));
        look.is_sound(&[leaf, &pki.intermediate]);
        assert_eq!(look.version(), "TLS 1.3");
    }
    // An unknown name is shown the first site, and that is a mismatch.
    let stranger = look(&pki, &server.target("https", "four.test"));
    stranger.shows(&[&leaves[0], &pki.intermediate]);
    assert_eq!(
        (stranger.status(), stranger.rules()),
        ("CRITICAL", vec!["name-mismatch"])
    );
    // So is whoever sends another name than the one that the certificate must have.
    let other = look_with(&pki, &server.target("https", "one.test"), &["--sni", "two.test"]);
    other.shows(&[&leaves[1], &pki.intermediate]);
    assert_eq!(other.rules(), ["name-mismatch"]);
    assert_eq!(other.text("/endpoint/server_name"), "two.test");
    let nobody = look_with(&pki, &server.target("https", "one.test"), &["--sni", "none"]);
    nobody.is_sound(&[&leaves[0], &pki.intermediate]);
}

#[test]
fn nginx_with_one_version_shows_it() {
    let pki = Pki::new();
    let (old, new) = (rsa_leaf(&pki, "old.test"), pki.leaf("new.test"));
    let (served_old, served_new) = (pki.serve(&old), pki.serve(&new));
    let server = nginx::start(&[
        Listener {
            label: "old",
            protocols: "TLSv1.2",
            sites: vec![site("old.test", &served_old)],
        },
        Listener {
            label: "new",
            protocols: "TLSv1.3",
            sites: vec![site("new.test", &served_new)],
        },
    ]);
    for depth in ["full", "glance"] {
        for (label, name, leaf, version) in [
            ("old", "old.test", &old, "TLS 1.2"),
            ("new", "new.test", &new, "TLS 1.3"),
        ] {
            let target = testkit::servers::target("https", name, server.at(label));
            let look = look_with(&pki, &target, &["--depth", depth]);
            look.shows(&[leaf, &pki.intermediate]);
            assert_eq!(
                (look.status(), look.version()),
                ("OK", version),
                "{depth}: {look:?}"
            );
            let proof = if depth == "full" { "proven" } else { "not-seen" };
            assert_eq!(look.text("/tls/proof/state"), proof, "{look:?}");
        }
    }
}

#[test]
fn every_address_of_a_name_is_an_endpoint() {
    let pki = Pki::new();
    let leaf = pki.leaf("both.test");
    let served = pki.serve(&leaf);
    let sites = vec![site("both.test", &served)];
    let server = nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites,
    }]);
    let (v4, v6) = (server.at("https"), server.at("https-v6"));
    let names = NameServer::start(&[("both.test", &[v4.ip(), v6.ip()])]);
    let resolver = names.socket().to_string();
    let scan = scan(
        &pki,
        &[&format!("both.test:{}", v4.port()), "--resolver", &resolver],
    );
    let mut addresses: Vec<&str> = scan
        .looks
        .iter()
        .map(|look| look.text("/endpoint/address"))
        .collect();
    addresses.sort_unstable();
    assert_eq!(
        addresses,
        [v4.ip().to_string(), v6.ip().to_string()],
        "{}",
        scan.stderr
    );
    let here = scan
        .looks
        .iter()
        .find(|look| look.text("/endpoint/address") == v4.ip().to_string());
    here.expect("the IPv4 address was looked at")
        .is_sound(&[&leaf, &pki.intermediate]);
    // nginx listens at [::1] on another port, so that address refuses.
    let there = scan
        .looks
        .iter()
        .find(|look| look.text("/endpoint/address") == "::1");
    assert_eq!(
        there.expect("the IPv6 address was looked at").failure(),
        "refused"
    );
    let there = look(
        &pki,
        &server
            .target("https-v6", "both.test")
            .replace("https-v6", "https"),
    );
    there.is_sound(&[&leaf, &pki.intermediate]);
}

#[test]
fn nginx_with_two_kinds_of_key_shows_both() {
    let pki = Pki::new();
    let (ec, rsa) = (pki.leaf("dual.test"), rsa_leaf(&pki, "dual.test"));
    let (served_ec, served_rsa) = (pki.serve(&ec), pki.serve(&rsa));
    let both = Site {
        name: "dual.test",
        served: vec![&served_ec, &served_rsa],
        directives: "",
    };
    let server = nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites: vec![both],
    }]);
    let look = look_with(
        &pki,
        &server.target("https", "dual.test"),
        &["--all-certificates"],
    );
    let further: Vec<&str> = look.0["further"]
        .as_array()
        .unwrap()
        .iter()
        .map(|further| further["certificates"][0]["sha256"].as_str().unwrap())
        .collect();
    let mut leaves = [&[look.chain()[0]], further.as_slice()].concat();
    leaves.sort_unstable();
    let mut minted = [ec.sha256(), rsa.sha256()];
    minted.sort_unstable();
    assert_eq!(leaves, minted, "{look:?}");
    assert_eq!(look.status(), "OK", "{look:?}");
}

#[test]
fn nginx_asks_for_a_client_certificate() {
    let pki = Pki::new();
    let leaf = pki.leaf("asks.test");
    let served = pki.serve(&leaf);
    let directives = format!(
        "ssl_verify_client on; ssl_client_certificate {};",
        pki.root_file().display()
    );
    for protocols in ["TLSv1.2", "TLSv1.3"] {
        let asking = Site {
            name: "asks.test",
            served: vec![&served],
            directives: &directives,
        };
        let server = nginx::start(&[Listener {
            label: "https",
            protocols,
            sites: vec![asking],
        }]);
        let look = look(&pki, &server.target("https", "asks.test"));
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/tls/client_certificate/state"), "asked", "{look:?}");
        let authority = look.text("/tls/client_certificate/authorities/0");
        assert_eq!(authority, "CN=nolapse test root", "{look:?}");
    }
}

#[test]
fn haproxy_is_sound_and_chooses_http2() {
    let pki = Pki::new();
    let (ec, rsa) = (pki.leaf("proxy.test"), rsa_leaf(&pki, "proxy.test"));
    let (served_ec, served_rsa) = (pki.serve(&ec), pki.serve(&rsa));
    let server = haproxy::start(&[&served_ec, &served_rsa], "alpn h2,http/1.1 ssl-min-ver TLSv1.2");
    let seen = look(&pki, &server.target("https", "proxy.test"));
    seen.is_sound(&[&ec, &pki.intermediate]);
    assert_eq!(
        seen.text("/tls/client_certificate/state"),
        "not-asked",
        "{seen:?}"
    );
    assert!(["h2", "http/1.1"].contains(&seen.text("/tls/alpn")), "{seen:?}");
    let all = look_with(
        &pki,
        &server.target("https", "proxy.test"),
        &["--all-certificates"],
    );
    assert_eq!(
        all.text("/further/0/certificates/0/sha256"),
        rsa.sha256(),
        "{all:?}"
    );
}

#[test]
fn haproxy_with_old_versions_is_told_off() {
    let pki = Pki::with_key(KeyKind::Rsa2048);
    let leaf = rsa_leaf(&pki, "old.test");
    let served = pki.serve(&leaf);
    let server = haproxy::start(
        &[&served],
        "ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.1 ciphers ALL:@SECLEVEL=0",
    );
    let look = look(&pki, &server.target("https", "old.test"));
    look.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(look.version(), "TLS 1.1", "{look:?}");
    assert!(look.rules().contains(&"legacy-protocol"), "{look:?}");
    assert_eq!(look.status(), "WARNING", "{look:?}");
}
