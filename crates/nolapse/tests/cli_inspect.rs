//! Stories of `nolapse inspect`: files of every kind, standard input, a live endpoint, and what is none of these.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

mod cli_world;

use std::path::{Path, PathBuf};

use cli_world::{Ran, World, nolapse, nolapse_fed};
use p12_keystore::{
    Certificate as StoreCertificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm,
};
use p12_keystore::{PrivateKey, PrivateKeyChain};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, DnType, Issuer, KeyPair, RevokedCertParams, SanType,
};
use serde_json::Value;

/// A self-signed CA with everything that is shown, and its key.
fn minted() -> (rcgen::Certificate, CertificateParams, KeyPair) {
    let names = vec!["inspect.example".to_owned(), "www.inspect.example".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    params
        .subject_alt_names
        .push(SanType::IpAddress("192.0.2.7".parse().unwrap()));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "inspect.example");
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Bücher, Söhne\u{1b}[31m");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(1));
    params.key_usages = vec![
        rcgen::KeyUsagePurpose::KeyCertSign,
        rcgen::KeyUsagePurpose::CrlSign,
    ];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().unwrap();
    (params.clone().self_signed(&key).unwrap(), params, key)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn inspect(paths: &[&Path]) -> Ran {
    nolapse(std::iter::once(Path::new("inspect")).chain(paths.iter().copied()))
}

fn json(path: &Path) -> Value {
    let ran = nolapse([
        Path::new("inspect"),
        Path::new("--format"),
        Path::new("json"),
        path,
    ]);
    assert!(
        ran.out
            .chars()
            .all(|character| character == '\n' || !character.is_control()),
        "{}",
        ran.out
    );
    serde_json::from_str::<Value>(&ran.out).expect(&ran.out)[0].take()
}

/// A CRL with one entry, which ended long ago.
fn crl(params: &CertificateParams, key: &KeyPair) -> String {
    let revoked = RevokedCertParams {
        serial_number: rcgen::SerialNumber::from(0x1234_u64),
        revocation_time: rcgen::date_time_ymd(2024, 1, 2),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    let issuer = Issuer::from_params(params, key);
    let crl = CertificateRevocationListParams {
        this_update: rcgen::date_time_ymd(2024, 1, 2),
        next_update: rcgen::date_time_ymd(2024, 1, 9),
        crl_number: rcgen::SerialNumber::from(7_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: rcgen::KeyIdMethod::Sha256,
    };
    crl.signed_by(&issuer).unwrap().pem().unwrap()
}

#[test]
fn a_bundle_shows_all_it_holds_and_never_a_key() {
    let (certificate, params, key) = minted();
    let request = CertificateParams::new(vec!["wanted.example".to_owned()])
        .unwrap()
        .serialize_request(&key)
        .unwrap();
    let crl = crl(&params, &key);
    let secret = key.serialize_pem();
    let bundle = format!(
        "text\r\n{}\n{secret}\n{}\n{crl}",
        certificate.pem(),
        request.pem().unwrap()
    );
    let folder = Folder::new();
    let path = folder.file("bundle", &bundle);
    let ran = inspect(&[&path]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    for words in [
        "PEM, 1 certificate, 1 request, 1 CRL, 1 private key",
        "line 2",
        "CN=inspect.example",
        "Bücher\\, Söhne\\u{1b}[31m",
        "3: inspect.example, www.inspect.example, 192.0.2.7",
        "P-256",
        "yes, at most 1 CA certificate below it",
        "keyCertSign, cRLSign",
        "serverAuth",
        "wanted.example",
        "12:34 on 2024-01-02 00:00 UTC, keyCompromise",
        "which is over",
        "not shown",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'));
    let body: String = secret.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(!ran.out.contains(&body[..20]));

    let read = json(&path);
    let kinds: Vec<&str> = read["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["certificate", "private-key", "request", "crl"]);
    assert_eq!(read["items"][0]["names"][2], "192.0.2.7");
    assert_eq!(
        read["items"][0]["subject"],
        "O=Bücher\\, Söhne\u{1b}[31m,CN=inspect.example"
    );
    assert_eq!(read["items"][3]["revoked"][0]["serial"], "1234");
    assert!(!read.to_string().contains(&body[..20]));
}

#[test]
fn der_is_told_by_its_content() {
    let folder = Folder::new();
    let (certificate, _, key) = minted();
    let request = CertificateParams::new(vec!["wanted.example".to_owned()])
        .unwrap()
        .serialize_request(&key)
        .unwrap();
    let cases: [(&str, Vec<u8>, &str, &str); 5] = [
        ("a", certificate.der().to_vec(), "DER", "certificate"),
        ("b", request.der().to_vec(), "DER", "request"),
        ("c", key.serialize_der(), "DER", "private-key"),
        ("d", vec![0x30, 3, 10, 1, 6], "DER", "ocsp"),
        (
            "e",
            certificate
                .pem()
                .lines()
                .filter(|line| !line.starts_with('-'))
                .collect::<String>()
                .into(),
            "base64",
            "certificate",
        ),
    ];
    for (name, bytes, wrapping, kind) in cases {
        let read = json(&folder.file(name, bytes));
        assert_eq!(read["wrapping"], wrapping, "{name}");
        assert_eq!(read["items"][0]["type"], kind, "{name}");
        assert_eq!(read["items"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn key_stores_open_with_the_password_of_a_file() {
    let (certificate, _, key) = minted();
    let mut store = KeyStore::new();
    let entry = StoreCertificate::from_der(certificate.der()).unwrap();
    let private = PrivateKey::from_der(&key.serialize_der()).unwrap();
    store.add_entry(
        "site",
        KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new("site", private, [entry])),
    );
    let folder = Folder::new();
    let password = folder.file("password", "secret\n");
    let modern = store.writer("secret").write().unwrap();
    let legacy = store
        .writer("secret")
        .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
        .mac_algorithm(MacAlgorithm::HmacSha1)
        .write()
        .unwrap();
    for (name, bytes) in [("modern.p12", modern), ("legacy.pfx", legacy)] {
        let path = folder.file(name, bytes);
        let flag = Path::new("--password-file");
        let ran = inspect(&[flag, &password, &path]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.out.contains("PKCS#12, 1 certificate, 1 private key"),
            "{}",
            ran.out
        );
        assert!(ran.out.contains("CN=inspect.example"));
        let refused = inspect(&[&path]);
        assert_eq!((refused.code, refused.out.as_str()), (2, ""));
        assert!(
            refused.err.contains("needs a password") && refused.err.contains("--password-file"),
            "{}",
            refused.err
        );
        let wrong = folder.file("wrong", "geheim\n");
        let refused = inspect(&[flag, &wrong, &path]);
        assert!(
            refused.err.contains("does not open with this password"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn key_stores_of_java_open_with_their_password_and_show_without() {
    let stores = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/key_store");
    let folder = Folder::new();
    let path = folder.file("a.jks", std::fs::read(stores.join("jks")).unwrap());
    let flag = Path::new("--password-file");
    let unchecked = inspect(&[&path]);
    assert_eq!(unchecked.code, 0, "{}", unchecked.err);
    assert!(
        unchecked.out.contains("JKS, 2 certificates, 1 private key")
            && unchecked.out.contains("read without a password"),
        "{}",
        unchecked.out
    );
    let right = folder.file("password", "changeit\n");
    let checked = inspect(&[flag, &right, &path]);
    assert!(checked.out.contains("the password proves"), "{}", checked.out);
    let wrong = folder.file("wrong", "geheim\n");
    let refused = inspect(&[flag, &wrong, &path]);
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    assert!(
        refused.err.contains("does not open with this password"),
        "{}",
        refused.err
    );
    let mixed = folder.file("b.jceks", std::fs::read(stores.join("jceks")).unwrap());
    let ran = inspect(&[&mixed]);
    assert!(
        ran.code == 2 && ran.err.contains("holds a secret key"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("JCEKS, 1 certificate"), "{}", ran.out);
}

/// An OCSP request (RFC 6960 section 4.1.1) for one certificate, with hashes of zeros.
const OCSP_REQUEST: &[u8] =
    b"\x30\x41\x30\x3f\x30\x3d\x30\x3b\x30\x39\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\0\
    \x04\x140000000000\0\0\0\0\0\0\0\0\0\0\x04\x140000000000\0\0\0\0\0\0\0\0\0\0\x02\x02\x01\x01";

#[test]
fn a_live_endpoint_says_what_its_stores_say() {
    let world = World::new();
    let site = world.sound();
    let target = site.target();
    let own = nolapse(["inspect", &target, "--trust-store", &world.store]);
    assert!(own.out.contains("own ok"), "{}", own.out);
    let warned = nolapse([
        "inspect",
        &target,
        "--trust-store",
        &world.store,
        "-w",
        "70",
        "-c",
        "1",
    ]);
    assert!(warned.out.contains("WARNING: ends in"), "{}", warned.out);
    assert!(!own.out.contains("WARNING"), "{}", own.out);
}

#[test]
fn a_password_in_a_url_is_never_said_again() {
    let ran = nolapse(["inspect", "-f", "json", "https://user:s3cret@example.com/"]);
    assert_eq!(ran.code, 2);
    assert!(
        !ran.out.contains("s3cret") && !ran.err.contains("s3cret"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(ran.err.contains("passwords are not taken"), "{}", ran.err);
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let folder = Folder::new();
    let cases = [
        (folder.0.path().join("missing.pem"), "no such file"),
        (folder.0.path().to_owned(), "directory"),
        (folder.file("empty", ""), "it is empty"),
        (folder.file("words", "just some words\n"), "no certificate in it"),
        (folder.file("binary", [0xff; 100]), "no certificate in it"),
        (folder.file("request.der", OCSP_REQUEST), "no certificate in it"),
        (
            folder.file("java", [0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]),
            "is the file whole?",
        ),
    ];
    for (path, words) in cases {
        let ran = inspect(&[&path]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words}");
        assert!(
            ran.err.contains(words) && ran.err.contains(path.to_str().unwrap()),
            "{}",
            ran.err
        );
        assert_eq!(json(&path)["items"], serde_json::json!([]));
    }
    let huge = folder.0.path().join("huge");
    std::fs::File::create(&huge).unwrap().set_len(1 << 30).unwrap();
    let ran = inspect(&[&huge]);
    assert!(ran.code == 2 && ran.err.contains("larger than"), "{}", ran.err);
}

#[test]
fn one_bad_file_or_block_does_not_hide_the_others() {
    let folder = Folder::new();
    let (certificate, ..) = minted();
    let good = folder.file("good", certificate.pem());
    let ran = inspect(&[Path::new("missing.pem"), &good]);
    assert!(ran.code == 2 && ran.out.contains("CN=inspect.example") && ran.err.contains("missing.pem"));
    let broken = format!(
        "-----BEGIN CERTIFICATE-----\nMI*\n-----END CERTIFICATE-----\n{}",
        certificate.pem()
    );
    let ran = inspect(&[&folder.file("broken", broken)]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.out.contains("line 2: not base64") && ran.out.contains("CN=inspect.example"),
        "{}",
        ran.out
    );
}

#[test]
fn a_malformed_certificate_is_shown_as_far_as_it_can_be_read() {
    let folder = Folder::new();
    let mut der = minted().0.der().to_vec();
    der.push(0);
    let ran = inspect(&[&folder.file("odd", &der)]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let words = format!(
        "byte {}, certificate: bytes stand behind the value",
        der.len() - 1
    );
    assert!(
        ran.out.contains(&words) && ran.out.contains("CN=inspect.example"),
        "{}",
        ran.out
    );
    assert_eq!(
        json(&folder.file("odd", &der))["items"][0]["oddities"][0]["kind"],
        "trailing-bytes"
    );
}

#[test]
fn standard_input_is_read() {
    let ran = nolapse_fed(&["inspect", "-"], minted().0.pem().as_bytes());
    assert!(
        ran.code == 0 && ran.out.starts_with("standard input    PEM, 1 certificate"),
        "{}{}",
        ran.out,
        ran.err
    );
    let ran = nolapse_fed(&["inspect", "-"], b"");
    assert!(ran.code == 2 && ran.err.contains("it is empty"), "{}", ran.err);
}

#[test]
fn a_live_endpoint_shows_what_it_serves() {
    let world = World::new();
    let site = world.sound();
    let ran = nolapse(["inspect", &site.target(), "--trust-store", &world.store]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("TLS, 2 certificates") && ran.out.contains("sound.test"),
        "{}",
        ran.out
    );
    let refused = testkit::loopback::refusing().to_string();
    let ran = nolapse(["inspect", &refused]);
    assert_eq!((ran.code, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.contains(&refused), "{}", ran.err);
    let ran = nolapse(["inspect", "htps://example.com"]);
    assert!(ran.code == 2 && ran.err.contains("^^^^"), "{}", ran.err);
}

#[test]
fn twenty_thousand_names_are_counted_and_not_all_shown() {
    let folder = Folder::new();
    let names = (0..12_000)
        .map(|number| format!("h{number}.example"))
        .collect::<Vec<_>>();
    let certificate = CertificateParams::new(names)
        .unwrap()
        .self_signed(&KeyPair::generate().unwrap())
        .unwrap();
    let ran = inspect(&[&folder.file("many", certificate.der())]);
    assert!(
        ran.out.contains("12,000: h0.example") && ran.out.len() < 20_000,
        "{}",
        ran.out.len()
    );
    assert!(!ran.out.contains("h300.example"));
}
