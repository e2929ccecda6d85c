//! Issuers that take certificates back, in every way in which they say so: responders, lists, staples; and issuers that
//! were not sent.

use serde_json::Value;
use testkit::ca::{Minted, Pki, Say, Served, Template, index, openssl};
use testkit::dns::NameServer;
use testkit::files::Files;
use testkit::folder::Folder;
use testkit::rcgen::{DnType, ExtendedKeyUsagePurpose};
use testkit::servers::nginx::{Listener, Site};
use testkit::servers::{Server, nginx, responder};

use crate::harness::{Look, Scan, look_with, nolapse, scan};

/// What asks about revocation on this machine.
const ASKING: &[&str] = &["--revocation", "--evidence-networks", "127.0.0.0/8"];

/// One nginx that serves all of these names, each with its directives.
fn serve(sites: &[(&str, &Served, &str)]) -> Server {
    let sites = sites.iter().map(|(name, served, directives)| Site {
        name,
        served: vec![*served],
        directives,
    });
    nginx::start(&[Listener {
        label: "https",
        protocols: "TLSv1.2 TLSv1.3",
        sites: sites.collect(),
    }])
}

/// Serves one leaf with the intermediate, and looks at it.
fn seen(pki: &Pki, leaf: &Minted, arguments: &[&str]) -> Look {
    seen_with(pki, leaf, "", arguments)
}

fn seen_with(pki: &Pki, leaf: &Minted, directives: &str, arguments: &[&str]) -> Look {
    let server = serve(&[("a.test", &pki.serve(leaf), directives)]);
    look_with(pki, &server.target("https", "a.test"), arguments)
}

impl Look {
    /// What is said of the first certificate about which anything is: the verdict, and the problem of its first source.
    fn revocation(&self) -> (&str, &str) {
        let problem = self.text("/revocation/0/sources/0/problem");
        (self.text("/revocation/0/status"), problem)
    }

    /// Insists on the verdict about the leaf, the status and the rules.
    fn is(&self, revocation: (&str, &str), status: &str, rules: &[&str]) {
        assert_eq!(self.revocation(), revocation, "{self:?}");
        assert_eq!(
            (self.status(), self.rules()),
            (status, rules.to_vec()),
            "{self:?}"
        );
        assert_eq!(
            self.refused_by("test"),
            "",
            "revocation changes no store's verdict: {self:?}"
        );
    }
}

#[test]
fn a_real_responder_says_good_revoked_and_unknown() {
    let pki = Pki::new();
    let socket = responder::socket();
    let url = format!("http://{socket}/");
    let leaf = || {
        Template::server("a.test")
            .information(Some(&url), None)
            .issued_by(&pki.intermediate)
    };
    let (good, revoked, stranger) = (leaf(), leaf(), leaf());
    let known = index(&[&good], &[&revoked]);
    let _responder = responder::start(socket, &pki.intermediate, &pki.intermediate, &known);
    let look = seen(&pki, &good, ASKING);
    look.is(("good", ""), "OK", &[]);
    assert_eq!(look.text("/revocation/0/certificate"), good.sha256());
    assert_eq!(look.text("/revocation/0/sources/0/source"), "ocsp");
    assert_eq!(look.text("/revocation/0/sources/0/url"), url);
    assert!(
        !look.text("/revocation/0/sources/0/next_update").is_empty(),
        "{look:?}"
    );
    assert!(
        look.0["elapsed"]["evidence_ms"].as_f64().unwrap() > 0.0,
        "{look:?}"
    );
    let look = seen(&pki, &revoked, ASKING);
    look.is(("revoked", ""), "CRITICAL", &["revoked"]);
    assert_eq!(look.text("/revocation/0/reason"), "keyCompromise", "{look:?}");
    assert_eq!(
        look.text("/revocation/0/revoked_at"),
        "2026-01-01T00:00:00Z",
        "{look:?}"
    );
    seen(&pki, &stranger, ASKING).is(("unknown", "not-known"), "OK", &["revocation-unknown"]);
    // Nobody is asked who was not to be.
    let look = seen(&pki, &revoked, &[]);
    assert_eq!(
        (look.status(), look.0["revocation"].as_array().unwrap().len()),
        ("OK", 0),
        "{look:?}"
    );
    assert_eq!(look.0["elapsed"]["evidence_ms"], Value::Null);
}

#[test]
fn a_delegated_responder_counts_if_the_issuer_made_it_one() {
    let pki = Pki::new();
    let sockets = [responder::socket(), responder::socket()];
    let leaves = sockets.map(|socket| {
        Template::server("a.test")
            .information(Some(&format!("http://{socket}")), None)
            .issued_by(&pki.intermediate)
    });
    let signer = |usages: &[ExtendedKeyUsagePurpose]| {
        Template::server("responder.test")
            .usages(usages)
            .issued_by(&pki.intermediate)
    };
    let delegate = signer(&[ExtendedKeyUsagePurpose::OcspSigning]);
    let pretender = signer(&[ExtendedKeyUsagePurpose::ServerAuth]);
    let _first = responder::start(
        sockets[0],
        &pki.intermediate,
        &delegate,
        &index(&[], &[&leaves[0]]),
    );
    let _second = responder::start(
        sockets[1],
        &pki.intermediate,
        &pretender,
        &index(&[], &[&leaves[1]]),
    );
    seen(&pki, &leaves[0], ASKING).is(("revoked", ""), "CRITICAL", &["revoked"]);
    seen(&pki, &leaves[1], ASKING).is(("unknown", "no-signer"), "OK", &["revocation-unknown"]);
}

#[test]
fn a_responder_that_is_down_or_talks_nonsense_turns_nothing_red() {
    let pki = Pki::new();
    let files = Files::start();
    let leaf = |responder: &str| {
        Template::server("a.test")
            .information(Some(responder), None)
            .issued_by(&pki.intermediate)
    };
    let down = leaf(&format!("http://{}/", testkit::loopback::refusing()));
    seen(&pki, &down, ASKING).is(("unavailable", "unreachable"), "OK", &["revocation-unavailable"]);
    seen(&pki, &leaf(&files.url("/none")), ASKING).is(
        ("unavailable", "http-status"),
        "OK",
        &["revocation-unavailable"],
    );
    files.put("/page", "<html>maintenance</html>");
    seen(&pki, &leaf(&files.url("/page")), ASKING).is(
        ("unavailable", "not-that"),
        "OK",
        &["revocation-unavailable"],
    );
    let other = pki.leaf("other.test");
    files.put(
        "/other",
        pki.intermediate.ocsp_answer(&other, Say::Good, (-1, 24)),
    );
    seen(&pki, &leaf(&files.url("/other")), ASKING).is(
        ("unknown", "not-about"),
        "OK",
        &["revocation-unknown"],
    );
    let old = leaf(&files.url("/old"));
    files.put("/old", pki.intermediate.ocsp_answer(&old, Say::Good, (-48, -24)));
    seen(&pki, &old, ASKING).is(("unknown", "stale"), "OK", &["revocation-unknown"]);
    let forged = leaf(&files.url("/forged"));
    let namesake = Pki::new();
    files.put(
        "/forged",
        namesake.intermediate.ocsp_answer(&forged, Say::Revoked, (-1, 24)),
    );
    let look = seen(&pki, &forged, ASKING);
    assert_eq!(
        (look.status(), look.revocation().0),
        ("OK", "unknown"),
        "{look:?}"
    );
    // Another scheme is not followed, and that is said.
    seen(&pki, &leaf("ldap://127.0.0.1/cn=a"), ASKING).is(
        ("unavailable", "url-scheme"),
        "OK",
        &["revocation-unavailable"],
    );
}

#[test]
fn without_leave_nothing_on_this_machine_is_asked() {
    let pki = Pki::new();
    let files = Files::start();
    files.put("/", "");
    let leaf = Template::server("a.test")
        .information(Some(&files.url("/ocsp")), Some(&files.url("/issuer")))
        .list_at(&files.url("/list"))
        .issued_by(&pki.intermediate);
    let look = seen(&pki, &leaf, &["--revocation", "--fetch-issuers"]);
    look.is(
        ("unavailable", "forbidden-address"),
        "OK",
        &["revocation-unavailable"],
    );
    assert_eq!(files.asked("/"), 0, "no connection was opened");
}

#[test]
fn what_was_not_to_be_had_is_told_to_people_too() {
    let pki = Pki::new();
    let files = Files::start();
    let leaf = Template::server("a.test")
        .information(None, Some(&files.url("/issuer")))
        .issued_by(&pki.intermediate);
    let server = serve(&[("a.test", &pki.serve_chain(&leaf, &[&leaf]), "")]);
    let target = server.target("https", "a.test");
    let anchor = format!("test={}", pki.root_file().display());
    let said = |format: &str, columns: &str| {
        let output = nolapse(&[
            "scan",
            "--format",
            format,
            "--trust-store",
            &anchor,
            "--fetch-issuers",
            &target,
        ])
        .env("COLUMNS", columns)
        .output()
        .expect("the binary runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let url = files.url("/issuer");
    let address = url
        .split(['/', ':'])
        .find(|part| part.parse::<std::net::IpAddr>().is_ok());
    let address = address.expect("an address").to_owned();
    for columns in ["40", "100"] {
        let table = said("table", columns);
        assert!(
            table.contains("NOTE") && table.contains("issuer-unavailable"),
            "{table}"
        );
        // The rule stands at the right edge, within the sentence for whoever reads by words.
        let table = table.replace(" issuer-unavailable", "");
        let why = format!("{address} is not on the public internet");
        assert!(
            table.contains(&format!("its issuer could not be fetched: {why}")),
            "{table}"
        );
        assert!(table.contains(&format!("forbidden-address ({why})")), "{table}");
        let remedy = format!("`--evidence-networks {address}`");
        assert!(table.contains(&remedy), "{table}");
    }
    let document = said("markdown", "80");
    assert!(
        document.contains(&format!(
            "| NOTE | its issuer could not be fetched: {address} is not on the public internet"
        )),
        "{document}"
    );
}

#[test]
fn revocation_lists_good_revoked_stale_and_of_another() {
    let pki = Pki::new();
    let files = Files::start();
    let leaf = |path: &str| {
        Template::server("a.test")
            .list_at(&files.url(path))
            .issued_by(&pki.intermediate)
    };
    let (good, gone) = (leaf("/list"), leaf("/list"));
    files.put("/list", pki.intermediate.revocation_list(&[&gone], (-1, 24)));
    let look = seen(&pki, &good, ASKING);
    look.is(("good", ""), "OK", &[]);
    assert_eq!(look.text("/revocation/0/sources/0/source"), "crl");
    let look = seen(&pki, &gone, ASKING);
    look.is(("revoked", ""), "CRITICAL", &["revoked"]);
    assert_eq!(look.text("/revocation/0/reason"), "keyCompromise", "{look:?}");
    let stale = leaf("/stale");
    files.put("/stale", pki.intermediate.revocation_list(&[], (-48, -24)));
    seen(&pki, &stale, ASKING).is(("unknown", "stale"), "OK", &["revocation-unknown"]);
    let foreign = leaf("/foreign");
    let namesake = Pki::new();
    files.put(
        "/foreign",
        namesake.intermediate.revocation_list(&[&foreign], (-1, 24)),
    );
    seen(&pki, &foreign, ASKING).is(("unknown", "bad-signature"), "OK", &["revocation-unknown"]);
    files.put("/page", "<html>");
    seen(&pki, &leaf("/page"), ASKING).is(("unavailable", "not-that"), "OK", &["revocation-unavailable"]);
}

#[test]
fn an_intermediate_is_asked_about_too() {
    let pki = Pki::new();
    let files = Files::start();
    let intermediate = Template::authority("taken back")
        .list_at(&files.url("/root-list"))
        .issued_by(&pki.root);
    files.put("/root-list", pki.root.revocation_list(&[&intermediate], (-1, 24)));
    let leaf = Template::server("a.test").issued_by(&intermediate);
    let served = pki.serve_chain(&leaf, &[&leaf, &intermediate]);
    let server = serve(&[("a.test", &served, "")]);
    let look = look_with(&pki, &server.target("https", "a.test"), ASKING);
    look.is(("revoked", ""), "CRITICAL", &["revoked"]);
    assert_eq!(
        look.text("/findings/0/certificate"),
        intermediate.sha256(),
        "{look:?}"
    );
}

#[test]
fn a_list_is_fetched_once_for_all_who_need_it() {
    let pki = Pki::new();
    let files = Files::start();
    files.put("/list", pki.intermediate.revocation_list(&[], (-1, 24)));
    let names: Vec<String> = (0..12).map(|number| format!("n{number}.test")).collect();
    let leaf = |name: &String| {
        Template::server(name)
            .list_at(&files.url("/list"))
            .issued_by(&pki.intermediate)
    };
    let served: Vec<Served> = names.iter().map(|name| pki.serve(&leaf(name))).collect();
    let sites: Vec<(&str, &Served, &str)> = names
        .iter()
        .zip(&served)
        .map(|(name, served)| (name.as_str(), served, ""))
        .collect();
    let server = serve(&sites);
    let targets: Vec<String> = names.iter().map(|name| server.target("https", name)).collect();
    let arguments: Vec<&str> = targets
        .iter()
        .map(String::as_str)
        .chain(ASKING.iter().copied())
        .collect();
    let Scan { looks, .. } = scan(&pki, &arguments);
    assert_eq!(looks.len(), names.len());
    looks.iter().for_each(|look| look.is(("good", ""), "OK", &[]));
    assert_eq!(files.asked("/list"), 1);
}

#[test]
fn nginx_staples_good_revoked_and_stale_answers() {
    let pki = Pki::new();
    let folder = Folder::new();
    let stapling = |answer: &[u8]| {
        let file = folder.file("answer.der", answer);
        format!("ssl_stapling on; ssl_stapling_file {};", file.display())
    };
    let leaf = Template::server("a.test")
        .must_staple()
        .issued_by(&pki.intermediate);
    let answer = |say, hours| pki.intermediate.ocsp_answer(&leaf, say, hours);
    // nginx staples only what it was told to staple for a name with an issuer at hand, and reads the file at its start.
    let stapled = |answer: &[u8]| seen_with(&pki, &leaf, &stapling(answer), &[]);
    stapled(&answer(Say::Good, (-1, 24))).is(("good", ""), "OK", &[]);
    stapled(&answer(Say::Revoked, (-1, 24))).is(("revoked", ""), "CRITICAL", &["revoked"]);
    stapled(&answer(Say::Good, (-48, -24))).is(("unknown", "stale"), "WARNING", &["ocsp-staple-stale"]);
    let other = pki.leaf("other.test");
    let about_other = pki.intermediate.ocsp_answer(&other, Say::Good, (-1, 24));
    stapled(&about_other).is(("unknown", "not-about"), "WARNING", &["ocsp-staple-invalid"]);
    let none = seen(&pki, &leaf, &[]);
    assert_eq!(
        (none.status(), none.rules()),
        ("WARNING", vec!["must-staple-missing"]),
        "{none:?}"
    );
}

#[test]
fn what_the_issuers_of_today_leave_out_raises_nothing() {
    let pki = Pki::new();
    let files = Files::start();
    files.put("/list", pki.intermediate.revocation_list(&[], (-1, 24)));
    // No responder, a list alone; and for six days neither.
    let usual = Template::server("a.test")
        .list_at(&files.url("/list"))
        .issued_by(&pki.intermediate);
    seen(&pki, &usual, ASKING).is(("good", ""), "OK", &[]);
    let short = Template::server("a.test")
        .valid_hours(-20, 140)
        .issued_by(&pki.intermediate);
    let look = seen(&pki, &short, ASKING);
    assert_eq!((look.status(), look.rules()), ("OK", vec![]), "{look:?}");
}

#[test]
fn a_missing_issuer_is_fetched_and_said_and_mends_no_verdict() {
    let pki = Pki::new();
    let files = Files::start();
    let bundle = {
        let folder = Folder::new();
        let file = folder.file("i.pem", pki.intermediate.pem()).display().to_string();
        openssl(
            &["crl2pkcs7", "-nocrl", "-certfile", &file, "-outform", "DER"],
            &[],
        )
    };
    files.put("/der", pki.intermediate.der());
    files.put("/pem", pki.intermediate.pem());
    files.put("/bundle", bundle);
    files.put("/other", pki.root.der());
    for (path, helps) in [
        ("/der", true),
        ("/pem", true),
        ("/bundle", true),
        ("/other", false),
        ("/none", false),
    ] {
        let leaf = Template::server("a.test")
            .information(None, Some(&files.url(path)))
            .issued_by(&pki.intermediate);
        let served = pki.serve_chain(&leaf, &[&leaf]);
        let server = serve(&[("a.test", &served, "")]);
        let target = server.target("https", "a.test");
        let fetching = ["--fetch-issuers", "--evidence-networks", "127.0.0.0/8"];
        let look = look_with(&pki, &target, &fetching);
        let mut rules = vec!["chain-incomplete"];
        if look.text("/fetched_issuers/0/sha256").is_empty() {
            rules.push("issuer-unavailable");
        }
        assert_eq!((look.status(), look.rules()), ("CRITICAL", rules), "{look:?}");
        assert_eq!(look.refused_by("test"), "issuer-not-sent", "{look:?}");
        let said = look.text("/findings/0/message");
        let repairs =
            said.contains("browsers may repair this, curl and Java will not") && said.contains(path);
        assert_eq!(repairs, helps, "{path}: {said}");
        let trusting = &look.0["trusted_with_fetched"];
        assert_eq!(
            trusting.as_array().unwrap().contains(&"test".into()),
            helps,
            "{look:?}"
        );
        assert_eq!(look.text("/fetched_issuers/0/url"), files.url(path), "{look:?}");
        // Unless it is asked for, nobody is told what is looked at.
        let before = files.asked(path);
        let look = look_with(&pki, &target, &[]);
        assert_eq!(look.0["fetched_issuers"].as_array().unwrap().len(), 0, "{look:?}");
        assert_eq!(files.asked(path), before);
    }
}

#[test]
fn a_leaf_whose_issuer_was_fetched_is_asked_about() {
    let pki = Pki::new();
    let files = Files::start();
    let leaf = Template::server("a.test")
        .information(Some(&files.url("/ocsp")), Some(&files.url("/issuer")))
        .issued_by(&pki.intermediate);
    files.put("/issuer", pki.intermediate.der());
    files.put(
        "/ocsp",
        pki.intermediate.ocsp_answer(&leaf, Say::Revoked, (-1, 24)),
    );
    let served = pki.serve_chain(&leaf, &[&leaf]);
    let server = serve(&[("a.test", &served, "")]);
    let asking = [ASKING, &["--fetch-issuers"]].concat();
    let look = look_with(&pki, &server.target("https", "a.test"), &asking);
    assert_eq!(look.rules(), ["revoked", "chain-incomplete"], "{look:?}");
}

#[test]
fn a_cross_signed_root_is_in_one_store_and_not_in_the_other() {
    let (old, new) = (Pki::new(), Template::authority("new root").self_signed());
    let crossed = Template::authority("new root").issued_to_key_of(&old.root, &new);
    let leaf = Template::server("a.test").issued_by(&new);
    let served = old.serve_chain(&leaf, &[&leaf, &crossed]);
    let server = serve(&[("a.test", &served, "")]);
    let folder = Folder::new();
    let file = |name: &str, root: &Minted| folder.file(name, root.pem()).display().to_string();
    let stranger = Pki::new();
    let stores = [
        format!("old={}", file("old.pem", &old.root)),
        format!("new={}", file("new.pem", &new)),
        format!("stranger={}", file("stranger.pem", &stranger.root)),
    ];
    let target = server.target("https", "a.test");
    let mut arguments = vec!["scan", "--format", "ndjson", &target];
    arguments.extend(stores.iter().flat_map(|store| ["--trust-store", store.as_str()]));
    let output = nolapse(&arguments).output().unwrap();
    let look = Look(serde_json::from_slice(&output.stdout).unwrap());
    let path = |store: &str| look.0["trust"][store]["path"].as_array().map(Vec::len);
    assert_eq!(
        (path("old"), path("new"), path("stranger")),
        (Some(3), Some(2), None),
        "{look:?}"
    );
    assert_eq!(look.status(), "OK", "a store of one's own is enough: {look:?}");
}

#[test]
fn people_see_where_it_was_said() {
    let pki = Pki::new();
    let files = Files::start();
    let leaf = Template::server("a.test")
        .list_at(&files.url("/list"))
        .issued_by(&pki.intermediate);
    files.put("/list", pki.intermediate.revocation_list(&[&leaf], (-1, 24)));
    let server = serve(&[("a.test", &pki.serve(&leaf), "")]);
    let anchor = format!("test={}", pki.root_file().display());
    let target = server.target("https", "a.test");
    let arguments = [&["scan", "--trust-store", &anchor, &target], ASKING].concat();
    let output = nolapse(&arguments).env("COLUMNS", "160").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("was revoked by its issuer on ") && said.contains("keyCompromise"),
        "{said}"
    );
    assert!(
        said.contains("Revocation") && said.contains(&files.url("/list")),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn caa_records_that_name_another_authority_are_a_note() {
    let root = Template::authority("R99").edit(|params| {
        let name = &mut params.distinguished_name;
        name.push(DnType::OrganizationName, "Let's Encrypt");
    });
    let (pki, root) = (Pki::new(), root.self_signed());
    let leaf = Template::server("www.shop.test").issued_by(&root);
    let served = pki.serve_chain(&leaf, &[&leaf]);
    let server = serve(&[("www.shop.test", &served, "")]);
    let socket = server.at("https");
    let folder = Folder::new();
    let store = format!("le={}", folder.file("root.pem", root.pem()).display());
    let names = [("www.shop.test", &[socket.ip()][..])];
    for (issuer, rules) in [("digicert.com", vec!["caa-forbids"]), ("letsencrypt.org", vec![])] {
        let dns = NameServer::start_with_issuers(&names, &[("shop.test", issuer)]);
        let resolver = dns.socket().to_string();
        let target = format!("www.shop.test:{}", socket.port());
        let arguments = ["--trust-store", &store, "--resolver", &resolver, "--caa"];
        let look = look_with(&pki, &target, &arguments);
        assert_eq!((look.status(), look.rules()), ("OK", rules), "{look:?}");
        assert_eq!(look.text("/caa/0/at"), "shop.test", "{look:?}");
        assert_eq!(look.text("/caa/0/issuers/0"), issuer, "{look:?}");
    }
}
