//! Stories of `nolapse verify`: chains from files, at other dates and over spans of time, line by line, and what is no
//! chain.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod cli_world;

use std::path::PathBuf;

use cli_world::{Ran, nolapse, nolapse_fed};
use serde_json::{Value, json};
use testkit::ca::{KeyKind, Minted, Pki, Say, SignatureHash, Template, openssl};

/// A root, an issuing authority, and a leaf for `shop.test` and 192.0.2.7.
struct Chain {
    folder: tempfile::TempDir,
    pki: Pki,
    leaf: Minted,
}

impl Chain {
    fn new() -> Self {
        let pki = Pki::new();
        let leaf = Template::server("shop.test")
            .address([192, 0, 2, 7])
            .valid_days(-1, 59)
            .issued_by(&pki.intermediate);
        Self {
            folder: tempfile::tempdir().unwrap(),
            pki,
            leaf,
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    fn pem(&self) -> String {
        format!("{}{}", self.leaf.pem(), self.pki.intermediate.pem())
    }

    /// `verify` of these bytes by the root.
    fn verify(&self, chain: impl AsRef<[u8]>, more: &[&str]) -> Ran {
        let chain = self.file("chain", chain);
        let roots = self.pki.root_file().display().to_string();
        let mut arguments = vec!["verify", "--chain", &chain, "--roots", &roots];
        arguments.extend(more);
        nolapse(arguments)
    }

    fn json(&self, chain: impl AsRef<[u8]>, more: &[&str]) -> (Value, i32) {
        let ran = self.verify(chain, &[&["--json"], more].concat());
        (serde_json::from_str(&ran.out).expect(&ran.err), ran.code)
    }
}

#[test]
fn a_good_chain_is_valid_and_its_path_is_drawn() {
    let world = Chain::new();
    let ran = world.verify(world.pem(), &["--host", "shop.test"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("  roots  yes  shop.test"), "{}", ran.out);
    assert!(ran.out.contains("valid in 1 of 1 store"), "{}", ran.out);
    let (answer, _) = world.json(world.pem(), &["--host", "192.0.2.7"]);
    assert_eq!(answer["valid"], true);
    let path = answer["stores"]["roots"]["path"].as_array().unwrap();
    let sent: Vec<_> = path.iter().map(|step| step["sent"].as_bool().unwrap()).collect();
    assert_eq!(sent, [true, true, false]);
}

#[test]
fn each_way_to_be_invalid_is_told_apart() {
    let world = Chain::new();
    let reason = |chain: String, more: &[&str]| {
        let (answer, code) = world.json(chain, more);
        assert_eq!(code, 1, "{answer}");
        answer["stores"]["roots"]["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(reason(world.pem(), &["--host", "other.test"]), "not-named");
    assert_eq!(reason(world.pem(), &["--at", "+90d"]), "expired");
    assert_eq!(reason(world.pem(), &["--at", "2001-01-01"]), "not-yet-valid");
    assert_eq!(
        reason(world.pem(), &["--purpose", "client"]),
        "extended-key-usage"
    );
    assert_eq!(reason(world.leaf.pem(), &[]), "issuer-not-sent");
    let stranger = Template::server("x.test").self_signed();
    assert_eq!(reason(stranger.pem(), &[]), "self-signed");
}

#[test]
fn an_intermediate_that_is_known_helps_and_is_said_not_to_be_sent() {
    let world = Chain::new();
    let known = world.file("known.pem", world.pki.intermediate.pem());
    let ran = world.verify(world.leaf.pem(), &["--known", &known]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("(not sent)"), "{}", ran.out);
}

#[test]
fn a_span_of_time_has_a_beginning_and_an_end_for_each_store() {
    let world = Chain::new();
    let (answer, code) = world.json(world.pem(), &["--over", "-30d..+90d"]);
    assert_eq!(code, 1, "not trusted over the whole of it");
    let spans = answer["stores"]["roots"].as_array().unwrap();
    let reasons: Vec<_> = spans.iter().map(|span| span["reason"].as_str()).collect();
    assert_eq!(reasons, [Some("not-yet-valid"), None, Some("expired")]);
    for pair in spans.windows(2) {
        assert_eq!(pair[0]["until"], pair[1]["from"]);
    }
    let ran = world.verify(world.pem(), &["--over", "now..+1d"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
}

#[test]
fn a_refused_chain_is_drawn_as_far_as_it_goes() {
    let world = Chain::new();
    let stranger = world.file(
        "stranger.pem",
        Template::authority("Stranger").self_signed().pem(),
    );
    let chain = world.file("chain.pem", world.pem());
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &stranger]);
    assert_eq!(ran.code, 1);
    let drawn = ran
        .out
        .lines()
        .skip_while(|line| !line.contains("reached  "))
        .collect::<Vec<_>>();
    let drawn = drawn.join(" ");
    let drawn = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        drawn.starts_with("reached shop.test (")
            && drawn.contains("> nolapse test intermediate (")
            && drawn.contains("> issuer nolapse test root is missing"),
        "{}",
        ran.out
    );
    let leaf = Template::server("shop.test")
        .valid_days(-90, -1)
        .issued_by(&world.pki.intermediate);
    let (answer, code) = world.json(leaf.pem() + &world.pki.intermediate.pem(), &[]);
    assert_eq!(code, 1);
    let reached = answer["stores"]["roots"]["reached"].as_array().unwrap();
    assert_eq!(reached.len(), 2, "{answer}");
    assert_eq!(answer["stores"]["roots"]["path"], Value::Null);
}

#[test]
fn one_bad_block_of_a_store_does_not_take_the_others_with_it() {
    let world = Chain::new();
    let chain = world.file("chain.pem", world.pem());
    let root = std::fs::read_to_string(world.pki.root_file()).unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    let roots = world.file("some.pem", format!("{broken}{root}"));
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &roots]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.err
            .contains("some.pem: line 2: not base64; the rest of the file is used"),
        "{}",
        ran.err
    );
    let none = world.file("none.pem", broken);
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &none]);
    assert_eq!(ran.code, 2, "nothing of it can be used");
}

#[test]
fn a_day_beyond_all_calendars_is_said_to_be_that() {
    let world = Chain::new();
    let ran = world.verify(world.pem(), &["--at", "9999-12-31"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("too far: times reach to 9999-12-30"),
        "{}",
        ran.err
    );
}

#[test]
fn a_list_takes_a_certificate_back() {
    let world = Chain::new();
    let other = Template::server("other.test").issued_by(&world.pki.intermediate);
    // A revocation does not end with the list that said it.
    let (now, old) = ((-1, 24), (-48, -24));
    for (revoked, hours, code) in [
        (&world.leaf, now, 1),
        (&world.leaf, old, 1),
        (&other, now, 0),
        (&other, old, 0),
    ] {
        let list = world.pki.intermediate.revocation_list(&[revoked], hours);
        let list = world.file("list.crl", list);
        let (answer, ended) = world.json(world.pem(), &["--crl", &list]);
        assert_eq!(ended, code, "{answer}");
        if code == 1 {
            assert_eq!(answer["stores"]["roots"]["reason"], "revoked");
        }
    }
}

#[test]
fn a_responder_takes_a_certificate_back_and_strictness_wants_an_answer() {
    let world = Chain::new();
    let issuer = &world.pki.intermediate;
    let reason = |say: Say, hours: (i64, i64), more: &[&str]| {
        let answer = world.file("answer.der", issuer.ocsp_answer(&world.leaf, say, hours));
        let (answer, code) = world.json(world.pem(), &[&["--ocsp", &answer], more].concat());
        (
            code,
            answer["stores"]["roots"]["reason"].as_str().map(str::to_owned),
        )
    };
    let refused = |word: &str| (1, Some(word.to_owned()));
    assert_eq!(reason(Say::Good, (-1, 24), &[]), (0, None));
    assert_eq!(reason(Say::Good, (-1, 24), &["--profile", "strict"]), (0, None));
    assert_eq!(reason(Say::Revoked, (-1, 24), &[]), refused("revoked"));
    // An old answer counts for nothing: a browser goes on and it is said, strictness does not.
    assert_eq!(reason(Say::Good, (-48, -24), &[]), (0, None));
    let old = world.file("old.der", issuer.ocsp_answer(&world.leaf, Say::Good, (-48, -24)));
    let (answer, _) = world.json(world.pem(), &["--ocsp", &old]);
    let remark = answer["remarks"][0].as_str().unwrap();
    assert!(remark.starts_with("OCSP answer 1: "), "{remark}");
    assert_eq!(
        reason(Say::Good, (-48, -24), &["--profile", "strict"]),
        refused("revocation-unknown")
    );
}

#[test]
fn weakness_is_held_against_a_chain_without_a_host_too() {
    let world = Chain::new();
    let issuer = &world.pki.intermediate;
    let reason = |leaf: &Minted| {
        let (answer, code) = world.json(leaf.pem() + &issuer.pem(), &[]);
        assert_eq!(code, 1, "{answer}");
        answer["stores"]["roots"]["reason"].as_str().unwrap().to_owned()
    };
    let short = Template::server("shop.test")
        .key(KeyKind::Rsa1024)
        .issued_by(issuer);
    assert_eq!(reason(&short), "weak-key");
    let broken = Template::server("shop.test")
        .signature_hash(SignatureHash::Sha1)
        .issued_by(issuer);
    assert_eq!(reason(&broken), "weak-signature");
}

#[test]
fn what_cannot_be_verified_is_not_called_invalid() {
    let world = Chain::new();
    let (key, roots) = (world.path("ed448.key"), world.path("ed448.pem"));
    openssl(&["genpkey", "-algorithm", "ED448", "-out", &key], b"");
    let usual = [
        "req",
        "-x509",
        "-key",
        &key,
        "-subj",
        "/CN=odd root",
        "-days",
        "30",
        "-out",
        &roots,
    ];
    openssl(&usual, b"");
    let (request, chain) = (world.file("request.pem", ""), world.path("odd.pem"));
    let leaf = world.file("leaf.key", world.leaf.key_pem());
    openssl(
        &[
            "req",
            "-new",
            "-key",
            &leaf,
            "-subj",
            "/CN=shop.test",
            "-out",
            &request,
        ],
        b"",
    );
    let names = world.file("names", "subjectAltName=DNS:shop.test");
    let signing = [
        "x509", "-req", "-in", &request, "-CA", &roots, "-CAkey", &key, "-days", "20",
    ];
    openssl(
        &[&signing, ["-extfile", &names, "-out", &chain].as_slice()].concat(),
        b"",
    );
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &roots, "--json"]);
    assert_eq!(ran.code, 2, "{}{}", ran.out, ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["valid"], Value::Null);
    assert_eq!(answer["stores"]["roots"]["reason"], "unsupported-algorithm");
    let strict = nolapse([
        "verify",
        "--chain",
        &chain,
        "--roots",
        &roots,
        "--profile",
        "strict",
    ]);
    assert_eq!(strict.code, 1, "what strictness cannot verify it refuses");
}

#[test]
fn public_stores_are_asked_unless_others_are_named() {
    let world = Chain::new();
    let chain = world.file("chain.pem", world.pem());
    let ran = nolapse(["verify", "--chain", &chain, "--json"]);
    assert_eq!(ran.code, 1);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    let stores: Vec<_> = answer["stores"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        stores,
        ["Android", "Apple", "Chrome", "Java", "Mozilla", "Windows"]
    );
    let own = format!("corp={}", world.pki.root_file().display());
    assert_eq!(
        nolapse(["verify", "--chain", &chain, "--trust-store", &own]).code,
        0,
        "one of the user's own is enough"
    );
    let one = nolapse(["verify", "--chain", &chain, "--store", "mozilla", "--json"]);
    let answer: Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!(answer["stores"].as_object().unwrap().len(), 1);
    let none = nolapse(["verify", "--chain", &chain, "--store", "netscape"]);
    assert_eq!(none.code, 2);
    assert!(
        none.err.contains("no trust store `netscape`; there are: Android"),
        "{}",
        none.err
    );
}

#[test]
fn what_is_beside_the_chain_is_passed_over_with_a_word() {
    let world = Chain::new();
    let leaf = world.leaf.pem();
    let issuer = world.pki.intermediate.pem();
    let key = world.leaf.key_pem();
    let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    let ran = world.verify(format!("Subject: x\n{leaf}{key}{issuer}{leaf}{broken}"), &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.err.contains("certificate 3 is certificate 1 again"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("not base64"), "{}", ran.err);
    let wrong_order = world.verify(format!("{issuer}{leaf}"), &[]);
    assert!(
        wrong_order.err.contains("is the leaf first?"),
        "{}",
        wrong_order.err
    );
}

#[test]
fn what_cannot_be_judged_is_said_with_file_and_place() {
    let world = Chain::new();
    let lines: Vec<_> = world.leaf.pem().lines().take(4).map(str::to_owned).collect();
    let truncated = lines.join("\n") + "\n";
    for (chain, words) in [
        (String::new(), "chain: it is empty"),
        (
            "no certificate here".to_owned(),
            "chain: there is no certificate in it",
        ),
        (world.leaf.key_pem(), "chain: no certificate in it"),
        (
            truncated + &world.pki.intermediate.pem(),
            "the leaf, and it cannot be read: line 1: ",
        ),
    ] {
        let ran = world.verify(&chain, &[]);
        assert_eq!(ran.code, 2, "{chain}");
        assert!(ran.err.contains(words), "{}", ran.err);
        assert_eq!(ran.out, "");
    }
    for (more, words) in [
        (["--at", "tomorrow"], "expected a day (2027-05-01)"),
        (["--at", "2027-02-30"], "expected a day (2027-05-01)"),
        (
            ["--over", "2028-01-01..2026-01-01"],
            "the end is not behind the beginning",
        ),
        (["--host", "not a host"], "expected a name or an address"),
        (["--host", "2130706433"], "`2130706433` is no address"),
        (["--crl", "/nonexistent.crl"], "/nonexistent.crl: no such file"),
        (["--crl", "-"], "standard input: it is empty"),
    ] {
        let ran = world.verify(world.pem(), &more);
        assert_eq!(ran.code, 2, "{more:?}");
        assert!(ran.err.contains(words), "{more:?}: {}", ran.err);
    }
    assert_eq!(nolapse(["verify"]).code, 2);
}

#[test]
fn a_store_of_none_or_of_ten_thousand_roots() {
    let world = Chain::new();
    let chain = world.file("chain.pem", world.pem());
    let empty = world.file("none.pem", "# nobody\n");
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &empty]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("none.pem: no certificate in it"), "{}", ran.err);
    let root = std::fs::read_to_string(world.pki.root_file()).unwrap();
    let many = world.file("many.pem", root.repeat(10_000));
    let ran = nolapse(["verify", "--chain", &chain, "--roots", &many]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn standard_input_serves_for_one_file() {
    let world = Chain::new();
    let chain = world.file("chain.pem", world.pem());
    let root = std::fs::read(world.pki.root_file()).unwrap();
    let ran = nolapse_fed(&["verify", "--chain", &chain, "--roots", "-"], &root);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = nolapse_fed(&["verify", "--chain", "-", "--roots", "-"], &root);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("it can be read once"), "{}", ran.err);
    let ran = nolapse_fed(&["verify", "--chain", &chain, "--roots", "-"], b"");
    assert!(
        ran.err.contains("standard input: no certificate in it"),
        "{}",
        ran.err
    );
}

#[test]
fn a_bad_member_of_a_batch_is_named_and_the_others_are_used() {
    let world = Chain::new();
    let roots = std::fs::read_to_string(world.pki.root_file()).unwrap();
    let beside =
        json!({"chain": [world.leaf.pem(), "junk", world.pki.intermediate.pem()], "roots": [roots, "junk"]});
    let none = json!({"chain": world.pem(), "roots": []});
    let lost = json!({"chain": ["junk", world.pem()], "roots": roots});
    let lines = format!("{beside}\n{none}\n{lost}\n");
    let ran = nolapse_fed(&["verify", "--batch", "-"], lines.as_bytes());
    let answers = ran.records();
    assert_eq!(answers[0]["valid"], true, "{}", answers[0]);
    let remarks = answers[0]["remarks"].to_string();
    assert!(
        remarks.contains("chain[1]: ") && remarks.contains("roots[1]: "),
        "{remarks}"
    );
    for (answer, words) in [
        (&answers[1], "line 2: `roots`: no certificate in it"),
        (&answers[2], "line 3: chain[0]: "),
    ] {
        assert!(answer["error"].as_str().unwrap().starts_with(words), "{answer}");
    }
}

#[test]
fn a_batch_answers_every_line_and_ends_with_the_worst() {
    let world = Chain::new();
    let roots = std::fs::read_to_string(world.pki.root_file()).unwrap();
    let good = json!({"id": "a", "chain": world.pem(), "roots": roots, "host": "shop.test"});
    let listed =
        json!({"id": 2, "chain": [world.leaf.pem(), world.pki.intermediate.pem()], "roots": [roots]});
    let expired = json!({"chain": world.pem(), "roots": roots, "at": "+90d"});
    let lines = format!("{good}\n\n{listed}\n{expired}\n");
    let ran = nolapse_fed(&["verify", "--batch", "-"], lines.as_bytes());
    let answers = ran.records();
    assert_eq!(ran.code, 1);
    assert_eq!(
        (&answers[0]["id"], &answers[0]["valid"]),
        (&json!("a"), &json!(true))
    );
    assert_eq!(
        (&answers[1]["id"], &answers[1]["valid"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(answers[2]["stores"]["roots"]["reason"], "expired");
    let wrong = [
        "not json",
        "[]",
        "{\"id\": 7}",
        "{\"id\": 8, \"chain\": \"\"}",
        "{\"id\": 9, \"chain\": [], \"at\": \"soon\"}",
        "{\"id\": 10, \"chain\": \"x\", \"unknown\": 1}",
    ];
    let lines = format!("{}\n{good}", wrong.join("\n"));
    let ran = nolapse_fed(&["verify", "--batch", "-"], lines.as_bytes());
    assert_eq!(ran.code, 2);
    let answers = ran.records();
    assert_eq!(answers.len(), wrong.len() + 1);
    for answer in &answers[..wrong.len()] {
        assert_eq!(answer["valid"], Value::Null);
        assert!(answer["error"].as_str().unwrap().len() > 8, "{answer}");
    }
    assert_eq!(
        answers[2]["id"], 7,
        "whatever else is wrong, the caller finds his line again"
    );
    assert_eq!(answers[wrong.len()]["valid"], true);
    let ran = nolapse_fed(&["verify", "--batch", "-"], b"\n\n");
    assert_eq!(ran.code, 2);
    let asks = |policies: &str| {
        let policy =
            json!({"chain": world.pem(), "roots": roots, "policies": policies, "explicit_policy": true});
        nolapse_fed(&["verify", "--batch", "-"], policy.to_string().as_bytes()).records()
    };
    assert_eq!(
        asks("2.23.140.1.2.1")[0]["stores"]["roots"]["reason"],
        "no-policy"
    );
    assert!(
        asks("x")[0]["error"]
            .as_str()
            .unwrap()
            .contains("`x` is no object identifier")
    );
    assert!(ran.err.contains("no line to judge"), "{}", ran.err);
}
