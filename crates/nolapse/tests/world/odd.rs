//! `openssl s_server` in shapes that present-day TLS libraries refuse to talk to, or that are rare.

use testkit::ca::{KeyKind, Minted, Pki, Served, Template, openssl as run_openssl};
use testkit::folder::Folder;
use testkit::servers::{Server, openssl};

use crate::harness::{Look, look, look_with};

/// Suites and keys of any weakness.
const ANY: &str = "ALL:eNULL:@SECLEVEL=0";

/// An RSA certificate, as old servers have.
/// With both usages that RSA keys of servers have.
fn rsa() -> (Pki, Minted, Served) {
    let pki = Pki::new();
    let leaf = Template::server("odd.test")
        .key(KeyKind::Rsa2048)
        .edit(|params| params.key_usages.push(rcgen::KeyUsagePurpose::KeyEncipherment))
        .issued_by(&pki.intermediate);
    let served = pki.serve(&leaf);
    (pki, leaf, served)
}

fn of_kind(kind: KeyKind) -> (Pki, Minted, Served) {
    let pki = Pki::new();
    let leaf = Template::server("odd.test")
        .key(kind)
        .issued_by(&pki.intermediate);
    let served = pki.serve(&leaf);
    (pki, leaf, served)
}

fn seen(pki: &Pki, server: &Server) -> Look {
    look(pki, &server.target("tls", "odd.test"))
}

#[test]
fn old_versions_show_their_chain() {
    let (pki, leaf, served) = rsa();
    for (flag, version) in [("-tls1", "TLS 1.0"), ("-tls1_1", "TLS 1.1")] {
        let look = seen(&pki, &openssl::start(&served, &[flag, "-cipher", ANY]));
        look.shows(&[&leaf, &pki.intermediate]);
        assert_eq!((look.version(), look.status()), (version, "WARNING"), "{look:?}");
        // Signatures of RSA over MD5 and SHA-1 together are beyond aws-lc-rs: said in a note, and no more than that.
        assert_eq!(look.rules(), ["legacy-protocol", "key-not-proven"], "{look:?}");
        assert_eq!(look.text("/tls/proof/scheme"), "rsa_md5_sha1", "{look:?}");
        assert_eq!(look.refused_by("test"), "");
    }
}

#[test]
fn a_glance_sees_old_versions_too() {
    let (pki, leaf, served) = rsa();
    let server = openssl::start(&served, &["-tls1", "-cipher", ANY]);
    let look = look_with(&pki, &server.target("tls", "odd.test"), &["--depth", "glance"]);
    look.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(
        (look.version(), look.text("/tls/proof/state")),
        ("TLS 1.0", "not-seen"),
        "{look:?}"
    );
}

#[test]
fn rsa_key_exchange_has_no_proof_and_is_seen() {
    let (pki, leaf, served) = rsa();
    let look = seen(
        &pki,
        &openssl::start(&served, &["-tls1_2", "-cipher", "AES128-SHA"]),
    );
    look.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(
        look.text("/tls/cipher"),
        "TLS_RSA_WITH_AES_128_CBC_SHA",
        "{look:?}"
    );
    assert_eq!(
        (look.text("/tls/proof/state"), look.status()),
        ("no-signature", "OK"),
        "{look:?}"
    );
}

#[test]
fn small_diffie_hellman_groups_are_weak() {
    let (pki, leaf, served) = rsa();
    // Below 1024 bits OpenSSL refuses to be a server at any level of carelessness.
    for (bits, status) in [(1024, "WARNING"), (1999, "WARNING")] {
        let group = pki
            .folder()
            .file("dh.pem", openssl::dh_group(bits))
            .display()
            .to_string();
        let arguments = [
            "-tls1_2",
            "-cipher",
            "DHE-RSA-AES128-SHA:@SECLEVEL=0",
            "-dhparam",
            &group,
        ];
        let look = seen(&pki, &openssl::start(&served, &arguments));
        look.shows(&[&leaf, &pki.intermediate]);
        assert_eq!(look.0["tls"]["dh_bits"], bits, "{look:?}");
        assert_eq!(
            (look.status(), look.rules()),
            (status, vec!["weak-cipher"]),
            "{look:?}"
        );
        assert_eq!(look.text("/tls/proof/state"), "proven", "{look:?}");
    }
}

#[test]
fn a_suite_without_encryption_is_critical() {
    let (pki, leaf, served) = rsa();
    let look = seen(
        &pki,
        &openssl::start(&served, &["-tls1_2", "-cipher", "NULL-SHA256:@SECLEVEL=0"]),
    );
    look.shows(&[&leaf, &pki.intermediate]);
    assert_eq!(look.text("/tls/cipher"), "TLS_RSA_WITH_NULL_SHA256", "{look:?}");
    assert_eq!(
        (look.status(), look.rules()),
        ("CRITICAL", vec!["weak-cipher"]),
        "{look:?}"
    );
}

#[test]
fn an_anonymous_server_is_said_to_be_one() {
    let pki = Pki::new();
    let arguments = ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"];
    let look = seen(&pki, &openssl::start_without_certificate(&arguments));
    assert_eq!(
        (look.status(), look.failure()),
        ("CRITICAL", "anonymous"),
        "{look:?}"
    );
    assert!(look.rules().contains(&"anonymous"), "{look:?}");
    assert!(look.text("/outcome/failure/detail").contains("anon"), "{look:?}");
}

#[test]
fn a_server_that_demands_a_client_certificate_is_seen() {
    let (pki, leaf, served) = of_kind(KeyKind::P256);
    let root = pki.root_file().display().to_string();
    for version in ["-tls1_2", "-tls1_3"] {
        let look = seen(
            &pki,
            &openssl::start(&served, &[version, "-Verify", "1", "-CAfile", &root]),
        );
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/tls/client_certificate/state"), "asked", "{look:?}");
        assert_eq!(
            look.text("/tls/client_certificate/authorities/0"),
            "CN=nolapse test root",
            "{look:?}"
        );
    }
}

#[test]
fn rare_groups_are_agreed_on_or_seen_in_the_clear() {
    let (pki, leaf, served) = of_kind(KeyKind::P256);
    let p521 = seen(&pki, &openssl::start(&served, &["-tls1_3", "-groups", "P-521"]));
    p521.is_sound(&[&leaf, &pki.intermediate]);
    assert_eq!(
        (p521.version(), p521.text("/tls/group")),
        ("TLS 1.3", "secp521r1"),
        "{p521:?}"
    );
    // X448 cannot be agreed on here; in TLS 1.2 the chain and the signature are in the clear.
    let x448 = seen(&pki, &openssl::start(&served, &["-groups", "X448"]));
    x448.is_sound(&[&leaf, &pki.intermediate]);
    assert_eq!(
        (x448.version(), x448.text("/tls/group")),
        ("TLS 1.2", "x448"),
        "{x448:?}"
    );
}

#[test]
fn rare_keys_are_shown_and_proven_where_they_can_be() {
    let cases = [
        (KeyKind::Ed25519, "proven"),
        (KeyKind::P384, "proven"),
        (KeyKind::P521, "proven"),
        (KeyKind::RsaPss2048, "proven"),
        (KeyKind::Ed448, "unverifiable"),
    ];
    for (kind, proof) in cases {
        let (pki, leaf, served) = of_kind(kind);
        let look = seen(&pki, &openssl::start(&served, &[]));
        look.shows(&[&leaf, &pki.intermediate]);
        assert_eq!(
            (look.text("/tls/proof/state"), look.status()),
            (proof, "OK"),
            "{kind:?}: {look:?}"
        );
    }
}

#[test]
fn rare_curves_are_shown() {
    for (kind, group, curve) in [
        (KeyKind::Secp256k1, "secp256k1", "secp256k1"),
        (KeyKind::Brainpool256, "brainpoolP256r1", "brainpoolP256r1"),
    ] {
        let (pki, leaf, served) = of_kind(kind);
        let arguments = [
            "-tls1_2",
            "-cipher",
            ANY,
            "-groups",
            &format!("{group}:P-256:X25519"),
        ];
        let look = seen(&pki, &openssl::start(&served, &arguments));
        look.shows(&[&leaf, &pki.intermediate]);
        assert_eq!(look.text("/certificates/0/key/curve"), curve, "{look:?}");
        assert_eq!(look.refused_by("test"), "", "{look:?}");
    }
}

#[test]
fn both_kinds_of_key_are_shown_when_asked_for() {
    let pki = Pki::new();
    let ec = pki.leaf("odd.test");
    let rsa = Template::server("odd.test")
        .key(KeyKind::Rsa2048)
        .issued_by(&pki.intermediate);
    let server = openssl::start_with_two(&pki.serve(&ec), &pki.serve(&rsa), &["-tls1_2"]);
    let look = look_with(&pki, &server.target("tls", "odd.test"), &["--all-certificates"]);
    let mut seen = [
        look.text("/certificates/0/sha256"),
        look.text("/further/0/certificates/0/sha256"),
    ];
    let mut minted = [ec.sha256(), rsa.sha256()];
    seen.sort_unstable();
    minted.sort_unstable();
    assert_eq!(seen, [minted[0].as_str(), &minted[1]], "{look:?}");
}

#[test]
fn a_staple_is_kept_as_it_was_sent() {
    let (pki, leaf, served) = of_kind(KeyKind::P256);
    let folder = Folder::new();
    let path = |name: &str, content: &str| folder.file(name, content).display().to_string();
    let (issuer, subject) = (
        path("issuer.pem", &pki.intermediate.pem()),
        path("leaf.pem", &leaf.pem()),
    );
    let (key, index) = (
        path("key.pem", &pki.intermediate.key_pem()),
        path("index.txt", &testkit::ca::index(&[&leaf], &[])),
    );
    let answer = folder.at("answer.der").display().to_string();
    run_openssl(
        &[
            [
                "ocsp", "-index", &index, "-CA", &issuer, "-rsigner", &issuer, "-rkey", &key,
            ]
            .as_slice(),
            &[
                "-issuer", &issuer, "-cert", &subject, "-respout", &answer, "-ndays", "2",
            ],
        ]
        .concat(),
        &[],
    );
    let sum = String::from_utf8(run_openssl(&["dgst", "-sha256", "-r", &answer], &[])).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let look = seen(
            &pki,
            &openssl::start(&served, &[version, "-status_file", &answer]),
        );
        look.is_sound(&[&leaf, &pki.intermediate]);
        assert_eq!(
            Some(look.text("/tls/staple/sha256")),
            sum.split(' ').next(),
            "{version}: {look:?}"
        );
    }
}

#[test]
fn timestamps_in_the_handshake_are_seen() {
    let (pki, leaf, served) = of_kind(KeyKind::P256);
    // One SCT (RFC 6962 section 3.2) of an unknown log, of the moment 1,700,000,000,000 ms, with an empty signature.
    let mut sct = vec![0];
    sct.extend([0xab; 32]);
    sct.extend(1_700_000_000_000_u64.to_be_bytes());
    sct.extend([0, 0, 4, 3, 0, 0]);
    let counted = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("a short list").to_be_bytes();
        [length.as_slice(), bytes].concat()
    };
    let list = counted(&counted(&sct));
    let extension = [[0, 18].as_slice(), &counted(&list)].concat();
    let text = testkit::ca::pem("SERVERINFO FOR SCT", &extension);
    let file = pki.folder().file("serverinfo.pem", text).display().to_string();
    let look = seen(&pki, &openssl::start(&served, &["-tls1_2", "-serverinfo", &file]));
    look.is_sound(&[&leaf, &pki.intermediate]);
    assert_eq!(look.text("/tls/scts/0/origin"), "tls", "{look:?}");
    assert_eq!(look.text("/tls/scts/0/log"), "ab".repeat(32), "{look:?}");
    assert_eq!(
        look.text("/tls/scts/0/timestamp"),
        "2023-11-14T22:13:20Z",
        "{look:?}"
    );
}

#[test]
fn self_signed_is_said_also_where_the_signature_cannot_be_checked() {
    let folder = Folder::new();
    let at = |name: &str| folder.at(name).display().to_string();
    let pss = [
        "-newkey",
        "rsa:2048",
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:max",
    ];
    let brainpool = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"];
    let pki = Pki::new();
    for (name, kind) in [("pss", pss.as_slice()), ("brainpool", brainpool.as_slice())] {
        let (key, chain) = (at(&format!("{name}.key")), at(&format!("{name}.pem")));
        let subject = [
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=odd.test",
            "-addext",
            "subjectAltName=DNS:odd.test",
            "-keyout",
            &key,
            "-out",
            &chain,
        ];
        run_openssl(&[subject.as_slice(), kind].concat(), &[]);
        let served = Served {
            chain: chain.clone().into(),
            above: None,
            key: key.into(),
            both: chain.into(),
        };
        let groups = ["-tls1_2", "-cipher", ANY, "-groups", "brainpoolP256r1:X25519"];
        let look = seen(&pki, &openssl::start(&served, &groups));
        assert!(look.rules().contains(&"self-signed"), "{name}: {look:?}");
        assert!(!look.rules().contains(&"chain-incomplete"), "{name}: {look:?}");
        assert_eq!(look.refused_by("test"), "self-signed", "{name}: {look:?}");
    }
}

#[test]
fn a_server_of_x448_alone_is_told_what_was_offered() {
    let (pki, _, served) = rsa();
    let look = seen(&pki, &openssl::start(&served, &["-tls1_3", "-groups", "X448"]));
    assert_eq!((look.failure(), look.status()), ("alert", "ERROR"), "{look:?}");
    assert!(look.text("/findings/0/remedy").contains("not X448"), "{look:?}");
}
