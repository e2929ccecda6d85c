//! A foreign oracle: x509-limbo (C2SP). The corpus is not part of the repository; without it the test says so and
//! passes. Each disagreement is written down with its reason, and one that goes away must be taken off the list.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a corpus of another shape is a broken test"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assess::{Law, Policy, SignatureMemory, Stores, judge};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use model::certificate::Certificate;
use model::endpoint::{Identity, Service};
use model::evidence::Evidence;
use model::name::Name;
use model::observation::{ClientCertificate, Depth, Elapsed, Handshake, Hello, Observation, Outcome, Proof};
use model::starttls::StartTls;
use model::tls::{CipherSuite, SignatureScheme, Version};
use serde_json::Value;

/// Rules whose finding, beside the stores' verdict, means that a client would refuse the connection.
const REFUSING: &[&str] = &["name-mismatch", "missing-san", "weak-signature", "weak-key"];

/// Most time for one case, optimised or not.
const BUDGET: Duration = Duration::from_secs(2);

#[test]
fn limbo_agrees_or_the_disagreement_is_written_down() {
    let Some(cases) = corpus() else {
        println!("SKIPPED: ../shared/corpora/limbo.json.xz is not there (or no xz to unpack it)");
        return;
    };
    let mut odd: BTreeMap<String, String> = BTreeMap::new();
    let mut agreed = 0;
    for case in cases.iter().filter(|case| case["validation_kind"] == "SERVER") {
        let id = case["id"].as_str().unwrap();
        let begun = Instant::now();
        let Some((accepted, why)) = accepts(case) else {
            continue;
        };
        assert!(begun.elapsed() < BUDGET, "{id} took {:?}", begun.elapsed());
        if accepted == (case["expected_result"] == "SUCCESS") {
            agreed += 1;
        } else {
            odd.insert(id.to_owned(), why);
        }
    }
    println!(
        "{agreed} agree, {} do not, each for a reason that is written down",
        odd.len()
    );
    let new: Vec<_> = odd
        .iter()
        .filter(|(id, _)| !EXCUSED.iter().any(|(known, _)| covers(known, id)))
        .collect();
    assert!(new.is_empty(), "new disagreements: {new:#?}");
    let gone: Vec<_> = EXCUSED
        .iter()
        .filter(|(known, _)| !odd.keys().any(|id| covers(known, id)))
        .collect();
    assert!(
        gone.is_empty(),
        "no longer disagreements, take them off the list: {gone:#?}"
    );
}

/// Whether an entry of the list is this case; `*` at its end stands for anything.
fn covers(known: &str, id: &str) -> bool {
    known
        .strip_suffix('*')
        .map_or(known == id, |stem| id.starts_with(stem))
}

/// Cases in which this crate accepts what the corpus refuses, with the reason; and, in the last row, the reverse.
const EXCUSED: &[(&str, &str)] = &[
    ("crl::crlnumber-critical", REVOCATION),
    ("crl::crlnumber-missing", REVOCATION),
    ("crl::issuer-missing-crlsign", REVOCATION),
    ("crl::revoked-certificate-with-crl", REVOCATION),
    (
        "pathlen::max-chain-depth-0-exhausted",
        "the caller cannot set a depth; the budget is fixed",
    ),
    (
        "pathlen::max-chain-depth-1-exhausted",
        "the caller cannot set a depth; the budget is fixed",
    ),
    ("rfc5280::aki::*", KEY_IDENTIFIERS),
    ("rfc5280::ski::*", KEY_IDENTIFIERS),
    ("webpki::aki::root-with-aki-*", KEY_IDENTIFIERS),
    ("rfc5280::ca-empty-subject", ISSUANCE),
    ("rfc5280::leaf-ku-keycertsign", ISSUANCE),
    ("rfc5280::nc::not-allowed-in-ee-*", ISSUANCE),
    ("rfc5280::nc::permitted-dns-match-noncritical", ISSUANCE),
    (
        "rfc5280::nc::invalid-dnsname-leading-period",
        "OpenSSL and others take the dot for \"below it only\", as we do",
    ),
    ("rfc5280::pc::ica-noncritical-pc", ISSUANCE),
    ("rfc5280::root-non-critical-basic-constraints", ISSUANCE),
    ("rfc5280::san::noncritical-with-empty-subject", ISSUANCE),
    (
        "rfc5280::san::underscore-dns",
        "underscores occur in names that are in use",
    ),
    ("rfc5280::serial::*", "serial numbers decide nothing about trust"),
    ("webpki::ca-as-leaf", CA_AS_LEAF),
    ("webpki::ee-basicconstraints-ca", CA_AS_LEAF),
    (
        "webpki::cn::*",
        "the common name is not looked at, so nothing in it can be wrong",
    ),
    (
        "webpki::eku::ee-anyeku",
        "clients other than browsers accept any purpose",
    ),
    ("webpki::eku::ee-critical-eku", ISSUANCE),
    (
        "webpki::eku::ee-without-eku",
        "no purposes allow every purpose (RFC 5280 section 4.2.1.12)",
    ),
    ("webpki::eku::root-has-eku", ISSUANCE),
    ("webpki::forbidden-rsa-key-not-divisible-by-8-in-leaf", ISSUANCE),
    ("webpki::forbidden-rsa-not-divisible-by-8-in-root", ISSUANCE),
    (
        "webpki::forbidden-weak-rsa-key-in-root",
        "the owner of a store decides which anchors are strong enough",
    ),
    (
        "webpki::nc::intermediate-permitted-excluded-subtrees-both-*",
        ISSUANCE,
    ),
    (
        "webpki::san::public-suffix-*",
        "no list of public suffixes is built in",
    ),
    ("webpki::san::san-critical-with-nonempty-subject", ISSUANCE),
    (
        "bettertls::pathbuilding::tc6*",
        "35 certificates beside the leaf: no more than 16 are looked at",
    ),
];

const CA_AS_LEAF: &str = "a warning of its own (`ca-as-leaf`); RFC 5280 allows it, says the corpus elsewhere";
const REVOCATION: &str = "revocation is not judged by path building";
const KEY_IDENTIFIERS: &str = "key identifiers are a hint for finding issuers, never a condition";
const ISSUANCE: &str = "a rule for issuers that no client holds against a chain";

/// Whether the chain is accepted for the name, and in a word why not; `None` for what a server's case cannot express.
fn accepts(case: &Value) -> Option<(bool, String)> {
    let list =
        |field: &str| -> Vec<Arc<Certificate>> { case[field].as_array().unwrap().iter().map(pem).collect() };
    let stores = Stores::none()
        .with_public_store("limbo", list("trusted_certs"))
        .unwrap();
    let now: Timestamp = match case["validation_time"].as_str() {
        Some(text) => text.parse().unwrap(),
        None => "2026-11-01T00:00:00Z".parse().unwrap(),
    };
    let name = case["expected_peer_name"]["value"].as_str()?;
    let identity = match case["expected_peer_name"]["kind"].as_str()? {
        "DNS" => Identity::Name(Name::parse(name).ok()?),
        "IP" => Identity::Address(name.parse().ok()?),
        _ => return None,
    };
    let mut chain = vec![pem(&case["peer_certificate"])];
    chain.extend(list("untrusted_intermediates"));
    let seen = observation(identity, chain, now);
    let assessment = judge(
        &seen,
        &Evidence::none(),
        Law {
            stores: &stores,
            policy: &Policy::default(),
        },
        &SignatureMemory::new(),
        now,
    );
    let refusing = assessment
        .findings
        .iter()
        .find(|finding| REFUSING.contains(&finding.rule));
    let why = match (refusing, assessment.trust[0].reasons().first()) {
        (Some(finding), _) => finding.rule.to_owned(),
        (None, Some(reason)) => format!("{reason:?}").chars().take(120).collect(),
        (None, None) => format!(
            "accepted, {:?}",
            assessment
                .findings
                .iter()
                .map(|finding| finding.rule)
                .collect::<Vec<_>>()
        ),
    };
    Some((refusing.is_none() && assessment.trust[0].is_trusted(), why))
}

fn observation(identity: Identity, chain: Vec<Arc<Certificate>>, at: Timestamp) -> Observation {
    let handshake = Handshake {
        version: Version::TLS13,
        cipher: CipherSuite(0x1301),
        group: None,
        dh_bits: None,
        alpn: None,
        chain,
        chain_dropped: 0,
        staple: None,
        scts: Vec::new(),
        client_certificate: ClientCertificate::NotAsked,
        proof: Proof::Proven(SignatureScheme(0x0403)),
        hello: Hello::Modern,
    };
    Observation {
        service: Arc::new(Service {
            identity,
            port: 443,
            server_name: None,
            starttls: StartTls::None,
        }),
        address: None,
        at,
        depth: Depth::Full,
        outcome: Outcome::Handshaken,
        early_plaintext: None,
        handshake: Some(handshake),
        further_handshakes: Vec::new(),
        connections: 1,
        elapsed: Elapsed::default(),
    }
}

fn pem(text: &Value) -> Arc<Certificate> {
    let body: String = text
        .as_str()
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Arc::new(Certificate::from_der(STANDARD.decode(body).unwrap()))
}

fn corpus() -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/limbo.json.xz");
    let unpacked = Command::new("xz")
        .arg("-dc")
        .arg(file)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let mut whole: Value = serde_json::from_slice(&unpacked.stdout).unwrap();
    match whole["testcases"].take() {
        Value::Array(cases) => Some(cases),
        _ => None,
    }
}
