//! OCSP answers, CRLs, requests and bundles: minted by rcgen where it can, else written by hand.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::cast_possible_truncation, reason = "the writer of lengths")]

mod der_writer;

use der_writer::{bits, extension, name, oid, sequence, set, tlv};
use model::certificate::{Curve, Hash, KeyKind, OddityKind, SignatureAlgorithm, SigningRequest};
use model::limits;
use model::pkcs7::SignedData;
use model::revocation::{CertificateStatus, Crl, OcspAnswer, OcspStatus, ResponderId, RevocationReason};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber,
};

const SHA1: &str = "1.3.14.3.2.26";

fn time(text: &str) -> Vec<u8> {
    tlv(0x18, text)
}

fn single(serial: u8, status: Vec<u8>, further: &[Vec<u8>]) -> Vec<u8> {
    let id = sequence(&[
        sequence(&[oid(SHA1), tlv(5, "")]),
        tlv(4, [1; 20]),
        tlv(4, [2; 20]),
        tlv(2, [serial]),
    ]);
    sequence(&[&[id, status, time("20240101000000Z")], further].concat())
}

fn answer(responder: Vec<u8>, singles: &[Vec<u8>], certificates: &[Vec<u8>]) -> Vec<u8> {
    let nonce = tlv(
        0xa1,
        sequence(&[extension("1.3.6.1.5.5.7.48.1.2", false, tlv(4, "n"))]),
    );
    let data = sequence(&[responder, time("20240101000001Z"), sequence(singles), nonce]);
    let mut parts = vec![data, sequence(&[oid("1.2.840.10045.4.3.2")]), bits("signature")];
    if !certificates.is_empty() {
        parts.push(tlv(0xa0, sequence(certificates)));
    }
    let basic = sequence(&[oid("1.3.6.1.5.5.7.48.1.1"), tlv(4, sequence(&parts))]);
    sequence(&[tlv(10, [0]), tlv(0xa0, basic)])
}

fn key_hash() -> Vec<u8> {
    tlv(0xa2, tlv(4, [3; 20]))
}

#[test]
fn an_ocsp_answer_says_all_it_says() {
    let next = tlv(0xa0, time("20240108000000Z"));
    let scts = tlv(
        0xa1,
        sequence(&[extension("1.3.6.1.4.1.11129.2.4.5", false, tlv(4, "list"))]),
    );
    let revoked = tlv(0xa1, [time("20231231000000Z"), tlv(0xa0, tlv(10, [1]))].concat());
    let singles = [
        single(1, tlv(0x80, ""), &[next, scts]),
        single(2, revoked, &[]),
        single(3, tlv(0xa1, time("20231231000000Z")), &[]),
        single(4, tlv(0x82, ""), &[]),
    ];
    let der = answer(key_hash(), &singles, &[sequence(&[tlv(2, [9])])]);
    let read = OcspAnswer::parse(&der);
    assert_eq!((read.status, &read.oddities), (OcspStatus::Successful, &vec![]));
    let basic = read.basic.unwrap();
    assert_eq!(basic.responder, ResponderId::KeyHash([3; 20].into()));
    assert_eq!(basic.produced_at.unwrap().to_string(), "2024-01-01T00:00:01Z");
    assert!(basic.nonce);
    assert_eq!(basic.signature_algorithm, SignatureAlgorithm::Ecdsa(Hash::Sha256));
    assert_eq!(der[basic.signature.clone()], *b"signature");
    assert_eq!(der[basic.to_be_signed.start], 0x30);
    assert_eq!(der[basic.certificates[0].clone()], *sequence(&[tlv(2, [9])]));
    let at = Some("2023-12-31T00:00:00Z".parse().unwrap());
    let statuses: Vec<_> = basic
        .answers
        .iter()
        .map(|answer| (answer.serial[0], answer.status))
        .collect();
    assert_eq!(
        statuses,
        [
            (1, CertificateStatus::Good),
            (
                2,
                CertificateStatus::Revoked {
                    at,
                    reason: Some(RevocationReason(1))
                }
            ),
            (3, CertificateStatus::Revoked { at, reason: None }),
            (4, CertificateStatus::Unknown),
        ]
    );
    let first = &basic.answers[0];
    assert_eq!(first.hash_algorithm.to_string(), SHA1);
    assert_eq!(
        (&*first.issuer_name_hash, &*first.issuer_key_hash),
        (&[1; 20][..], &[2; 20][..])
    );
    assert_eq!(first.next_update.unwrap().to_string(), "2024-01-08T00:00:00Z");
    assert_eq!(der[first.scts.clone().unwrap()], *b"list");
    assert_eq!(basic.answers[1].next_update, None);
}

#[test]
fn a_responder_is_named_or_hashed() {
    let der = answer(tlv(0xa1, name("2.5.4.3", 0x0c, "responder")), &[], &[]);
    let ResponderId::Name(name) = OcspAnswer::parse(&der).basic.unwrap().responder else {
        panic!()
    };
    assert_eq!(name.text.raw(), "CN=responder");
}

#[test]
fn refusals_are_no_answers() {
    for (number, status) in [
        (1, OcspStatus::MalformedRequest),
        (3, OcspStatus::TryLater),
        (6, OcspStatus::Unauthorized),
        (9, OcspStatus::Other(9)),
    ] {
        let read = OcspAnswer::parse(&sequence(&[tlv(10, [number])]));
        assert_eq!((read.status, read.basic, read.oddities), (status, None, vec![]));
    }
    assert_eq!(OcspAnswer::parse(b"<html>").status, OcspStatus::Unread);
}

#[test]
fn a_broken_single_answer_does_not_hide_the_others() {
    let singles = [single(1, tlv(0x85, ""), &[]), single(2, tlv(0x80, ""), &[])];
    let read = OcspAnswer::parse(&answer(key_hash(), &singles, &[]));
    assert_eq!(read.basic.unwrap().answers.len(), 1);
    assert_eq!(
        (read.oddities[0].kind, read.oddities[0].field),
        (OddityKind::UnexpectedTag, "certStatus")
    );
    let many = vec![single(1, tlv(0x80, ""), &[]); limits::LIST_ENTRIES + 1];
    let read = OcspAnswer::parse(&answer(key_hash(), &many, &[]));
    assert_eq!(read.basic.unwrap().answers.len(), limits::LIST_ENTRIES);
    assert_eq!(read.oddities[0].kind, OddityKind::TooManyEntries);
}

fn issuer() -> Issuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Test CA");
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    Issuer::new(params, KeyPair::generate().unwrap())
}

fn crl(entries: u64) -> Vec<u8> {
    let day = |day| rcgen::date_time_ymd(2024, 1, day);
    let revoked = |serial: u64| RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: day(1),
        reason_code: (serial % 2 == 1).then_some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: day(2),
        next_update: day(9),
        crl_number: SerialNumber::from(77),
        issuing_distribution_point: None,
        revoked_certs: (1..=entries).map(revoked).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(&issuer()).unwrap().der().to_vec()
}

#[test]
fn a_crl_is_read_and_its_entries_walked() {
    let der = crl(1_000);
    let read = Crl::parse(&der);
    assert_eq!(read.oddities, []);
    assert_eq!((read.version, read.number.as_deref()), (2, Some(&[77][..])));
    assert_eq!(read.issuer.text.raw(), "CN=Test CA");
    assert_eq!(read.this_update.unwrap().to_string(), "2024-01-02T00:00:00Z");
    assert_eq!(read.next_update.unwrap().to_string(), "2024-01-09T00:00:00Z");
    assert!(read.authority_key_id.is_some() && read.signature_algorithms_agree && !read.delta);
    assert_eq!(read.signature_algorithm, SignatureAlgorithm::Ecdsa(Hash::Sha256));
    let entries: Vec<_> = read.entries(&der).collect::<Result<_, _>>().unwrap();
    assert_eq!(entries.len(), 1_000);
    assert_eq!(
        (entries[0].serial, entries[0].reason),
        (&[1][..], Some(RevocationReason(1)))
    );
    assert_eq!((entries[1].serial, entries[1].reason), (&[2][..], None));
    assert_eq!(
        entries[999].revoked_at.unwrap().to_string(),
        "2024-01-01T00:00:00Z"
    );
    assert_eq!(Crl::parse(&crl(0)).entries(&crl(0)).count(), 0);
}

#[test]
fn a_broken_entry_ends_the_walk_at_its_place() {
    let entries = [
        sequence(&[tlv(2, [1]), tlv(0x17, "240101000000Z")]),
        sequence(&[tlv(4, [1])]),
    ]
    .concat();
    let algorithm = sequence(&[oid("1.2.840.10045.4.3.2")]);
    let list = sequence(&[
        algorithm.clone(),
        name("2.5.4.3", 0x0c, "x"),
        tlv(0x17, "240101000000Z"),
        tlv(0x30, entries),
    ]);
    let der = sequence(&[list, algorithm, bits("s")]);
    let read = Crl::parse(&der);
    assert_eq!(
        (read.version, read.next_update, &read.oddities),
        (1, None, &vec![])
    );
    let walked: Vec<_> = read.entries(&der).collect();
    assert_eq!(walked.len(), 2);
    let error = walked[1].unwrap_err();
    assert_eq!((error.kind, der[error.offset]), (OddityKind::UnexpectedTag, 4));
}

#[test]
fn a_request_is_read() {
    let mut params =
        CertificateParams::new(vec!["example.com".to_owned(), "www.example.com".to_owned()]).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "example.com");
    let request = params.serialize_request(&KeyPair::generate().unwrap()).unwrap();
    let read = SigningRequest::from_der(request.der().to_vec());
    let facts = read.facts();
    assert_eq!((facts.version, &facts.oddities), (1, &vec![]));
    assert_eq!(facts.subject.common_name.as_ref().unwrap().raw(), "example.com");
    assert_eq!(facts.subject_alt_name_count, 2);
    assert_eq!(facts.public_key.kind, KeyKind::Ec(Curve::P256));
    assert_eq!(facts.signature_algorithm, SignatureAlgorithm::Ecdsa(Hash::Sha256));
    assert_eq!(
        SigningRequest::from_der(*b"hello").facts().oddities[0].kind,
        OddityKind::UnexpectedTag
    );
}

fn bundle(certificates: &[Vec<u8>], crls: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![tlv(2, [1]), set(&[]), sequence(&[oid("1.2.840.113549.1.7.1")])];
    fields.push(tlv(0xa0, certificates.concat()));
    fields.push(tlv(0xa1, crls.concat()));
    fields.push(set(&[]));
    sequence(&[oid("1.2.840.113549.1.7.2"), tlv(0xa0, sequence(&fields))])
}

#[test]
fn a_bundle_carries_certificates_and_crls() {
    let certificate = der_writer::Draft::default().der();
    let der = bundle(&vec![certificate.clone(); 100], &[crl(1)]);
    let read = SignedData::parse(&der);
    assert!(read.recognised && read.oddities.is_empty());
    assert_eq!((read.certificates.len(), read.crls.len()), (100, 1));
    assert_eq!(der[read.certificates[99].clone()], certificate);
    assert!(!SignedData::parse(&certificate).recognised);
    let many = SignedData::parse(&bundle(&vec![sequence(&[]); limits::BUNDLE_ITEMS + 1], &[]));
    assert_eq!(many.certificates.len(), limits::BUNDLE_ITEMS);
    assert_eq!(many.oddities[0].kind, OddityKind::TooManyEntries);
}

#[test]
fn a_bundle_may_be_ber() {
    let certificate = der_writer::Draft::default().der();
    let list = [&[0xa0, 0x80][..], &certificate, &[0, 0]].concat();
    let fields = [
        tlv(2, [1]),
        set(&[]),
        sequence(&[oid("1.2.840.113549.1.7.1")]),
        list,
        set(&[]),
    ]
    .concat();
    let content = [&[0xa0, 0x80, 0x30, 0x80][..], &fields, &[0, 0, 0, 0]].concat();
    let der = [&[0x30, 0x80][..], &oid("1.2.840.113549.1.7.2"), &content, &[0, 0]].concat();
    let read = SignedData::parse(&der);
    assert_eq!((read.oddities, read.certificates.len()), (vec![], 1));
    assert_eq!(der[read.certificates[0].clone()], certificate);
}
