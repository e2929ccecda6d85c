//! Hand-made certificates, one for each way of being malformed, and giants: everything that can be read is kept, the
//! breach is named with its place, and nothing panics or takes long.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]
#![expect(clippy::cast_possible_truncation, reason = "the writer of lengths")]

mod der_writer;

use der_writer::{Draft, bits, extension, name, oid, sequence, set, tlv};
use model::certificate::{Certificate, Curve, Facts, GeneralName, KeyKind, OddityKind, SignatureAlgorithm};
use model::limits;
use std::time::{Duration, Instant};

const SAN: &str = "2.5.29.17";

fn read(draft: &Draft) -> Certificate {
    Certificate::from_der(draft.der())
}

fn oddities(facts: &Facts) -> Vec<(OddityKind, &'static str)> {
    facts
        .oddities
        .iter()
        .map(|oddity| (oddity.kind, oddity.field))
        .collect()
}

/// That `draft` has exactly this oddity, that its offset lies inside, and that the rest was still read.
fn only(draft: &Draft, kind: OddityKind, field: &'static str) {
    let certificate = read(draft);
    let facts = certificate.facts();
    assert_eq!(oddities(facts), [(kind, field)]);
    assert!(facts.oddities[0].offset < certificate.der().len());
    assert_eq!(facts.public_key.kind, KeyKind::Ec(Curve::P256));
    assert!(!facts.signature.is_empty());
}

#[test]
fn the_draft_itself_is_in_order() {
    let facts = read(&Draft::default()).facts().clone();
    assert_eq!(oddities(&facts), []);
    assert_eq!(facts.subject.text.raw(), "CN=subject");
    assert_eq!(facts.not_before.unwrap().to_string(), "2024-01-01T00:00:00Z");
}

#[test]
fn truncated() {
    let whole = Draft {
        extensions: vec![extension(SAN, false, sequence(&[tlv(0x82, "a.example")]))],
        ..Draft::default()
    }
    .der();
    let cut = Certificate::from_der(&whole[..whole.len() - 40]);
    assert_eq!(cut.facts().subject.text.raw(), "CN=subject");
    assert!(
        cut.facts()
            .oddities
            .iter()
            .any(|oddity| oddity.kind == OddityKind::Truncated),
        "{:?}",
        cut.facts().oddities
    );
    for length in 0..whole.len() {
        let facts = Certificate::from_der(&whole[..length]).facts().clone();
        assert!(!facts.oddities.is_empty(), "{length}");
    }
}

#[test]
fn trailing_bytes() {
    let mut der = Draft::default().der();
    let length = der.len();
    der.push(0);
    let facts = Certificate::from_der(der).facts().clone();
    assert_eq!(oddities(&facts), [(OddityKind::TrailingBytes, "certificate")]);
    assert_eq!(facts.oddities[0].offset, length);
    only(
        &Draft {
            version: tlv(0xa0, [tlv(2, [2]), tlv(5, "")].concat()),
            ..Draft::default()
        },
        OddityKind::TrailingBytes,
        "version",
    );
}

#[test]
fn unexpected_tag() {
    only(
        &Draft {
            serial: tlv(4, [1]),
            ..Draft::default()
        },
        OddityKind::UnexpectedTag,
        "serialNumber",
    );
    only(
        &Draft {
            subject: tlv(4, [1]),
            ..Draft::default()
        },
        OddityKind::UnexpectedTag,
        "subject",
    );
    only(
        &Draft {
            serial: Vec::new(),
            ..Draft::default()
        },
        OddityKind::UnexpectedTag,
        "serialNumber",
    );
}

#[test]
fn non_minimal_length() {
    only(
        &Draft {
            serial: vec![2, 0x81, 1, 1],
            ..Draft::default()
        },
        OddityKind::NonMinimalLength,
        "serialNumber",
    );
    let indefinite = [
        &[0x30, 0x80][..],
        &set(&[sequence(&[oid("2.5.4.3"), tlv(0x0c, "x")])]),
        &[0, 0],
    ]
    .concat();
    let draft = Draft {
        subject: indefinite,
        ..Draft::default()
    };
    only(&draft, OddityKind::NonMinimalLength, "subject");
    assert_eq!(read(&draft).facts().subject.text.raw(), "CN=x");
    let huge = Certificate::from_der([&[0x30, 0x89][..], &[0xff; 9], &Draft::default().der()[2..]].concat());
    assert!(oddities(huge.facts()).contains(&(OddityKind::Truncated, "certificate")));
}

#[test]
fn non_minimal_integer() {
    for content in [&[0, 1][..], &[0xff, 0x80], &[]] {
        only(
            &Draft {
                serial: tlv(2, content),
                ..Draft::default()
            },
            OddityKind::NonMinimalInteger,
            "serialNumber",
        );
    }
    let negative = Draft {
        serial: tlv(2, [0x80]),
        ..Draft::default()
    };
    assert_eq!(*read(&negative).facts().serial, [0x80]);
    assert_eq!(oddities(read(&negative).facts()), []);
}

#[test]
fn non_canonical_boolean() {
    let constraints = |content: &[u8]| Draft {
        extensions: vec![extension("2.5.29.19", true, sequence(&[tlv(1, content)]))],
        ..Draft::default()
    };
    only(
        &constraints(&[1]),
        OddityKind::NonCanonicalBoolean,
        "basicConstraints",
    );
    assert!(read(&constraints(&[1])).facts().is_ca());
    only(
        &constraints(&[0]),
        OddityKind::NonCanonicalBoolean,
        "basicConstraints",
    );
    only(
        &Draft {
            version: tlv(0xa0, tlv(2, [0])),
            ..Draft::default()
        },
        OddityKind::NonCanonicalBoolean,
        "version",
    );
}

#[test]
fn bad_bit_string() {
    for content in [&[][..], &[8, 1], &[1, 1], &[3]] {
        let usage = extension("2.5.29.15", true, tlv(3, content));
        only(
            &Draft {
                extensions: vec![usage],
                ..Draft::default()
            },
            OddityKind::BadBitString,
            "keyUsage",
        );
    }
}

#[test]
fn bad_oid() {
    for content in [&[][..], &[0x2a, 0x86], &[0x2a, 0x80, 1]] {
        let odd = sequence(&[tlv(6, content), tlv(4, "")]);
        only(
            &Draft {
                extensions: vec![odd],
                ..Draft::default()
            },
            OddityKind::BadOid,
            "extensions",
        );
    }
}

#[test]
fn bad_text() {
    let cases: [(u8, &[u8], &str); 8] = [
        (0x0c, b"a\xff", "CN=a\u{fffd}"),
        (
            0x0c,
            b"bank.example\0.evil.example",
            "CN=bank.example\\00.evil.example",
        ),
        (0x13, b"a@b", "CN=a@b"),
        (0x16, "ü".as_bytes(), "CN=ü"),
        (0x1e, &[0, b'a', 0], "CN=a"),
        (0x1e, &[0xd8, 0, 0, b'a'], "CN=\u{fffd}a"),
        (0x1e, &[0, 0, 0, b'a'], "CN=\\00a"),
        (0x1c, &[0, 0x11, 0, 0], "CN=\u{fffd}"),
    ];
    for (tag, value, text) in cases {
        let draft = Draft {
            subject: name("2.5.4.3", tag, value),
            ..Draft::default()
        };
        only(&draft, OddityKind::BadText, "subject");
        assert_eq!(read(&draft).facts().subject.text.raw(), text);
    }
    let draft = Draft {
        extensions: vec![extension(SAN, false, sequence(&[tlv(0x82, b"a\0b")]))],
        ..Draft::default()
    };
    only(&draft, OddityKind::BadText, "subjectAltName");
}

#[test]
fn every_string_type_is_text() {
    let cases: [(u8, &[u8]); 6] = [
        (0x0c, "Bücher".as_bytes()),
        (0x14, b"B\xfccher"),
        (0x1e, &[0, b'B', 0, 0xfc, 0, b'c', 0, b'h', 0, b'e', 0, b'r']),
        (
            0x1c,
            &[
                0, 0, 0, b'B', 0, 0, 0, 0xfc, 0, 0, 0, b'c', 0, 0, 0, b'h', 0, 0, 0, b'e', 0, 0, 0, b'r',
            ],
        ),
        (0x1b, b"B\xfccher"),
        (0x1e, &[0, b'B', 0, 0xfc, 0, b'c', 0, b'h', 0, b'e', 0, b'r']),
    ];
    for (tag, value) in cases {
        let facts = read(&Draft {
            subject: name("2.5.4.3", tag, value),
            ..Draft::default()
        })
        .facts()
        .clone();
        assert_eq!(facts.subject.common_name.unwrap().raw(), "Bücher");
        assert_eq!(facts.oddities, []);
    }
}

#[test]
fn names_are_written_as_rfc_4514_says() {
    let attribute = |kind: &str, value: &str| sequence(&[oid(kind), tlv(0x0c, value)]);
    let subject = sequence(&[
        set(&[attribute("2.5.4.6", "DE")]),
        set(&[attribute("2.5.4.10", " Sue, \"Grabbit\" + Runn; <x> ")]),
        set(&[attribute("2.5.4.11", "#1"), attribute("1.2.3.4", "x")]),
        set(&[attribute("0.9.2342.19200300.100.1.25", "example")]),
        set(&[sequence(&[oid("2.5.4.3"), tlv(2, [5])])]),
    ]);
    let facts = read(&Draft {
        subject,
        ..Draft::default()
    })
    .facts()
    .clone();
    assert_eq!(
        facts.subject.text.raw(),
        "CN=#020105,DC=example,OU=\\#1+1.2.3.4=#0c0178,O=\\ Sue\\, \\\"Grabbit\\\" \\+ Runn\\; \\<x\\>\\ ,C=DE"
    );
    assert_eq!(
        facts.subject.organization.unwrap().raw(),
        " Sue, \"Grabbit\" + Runn; <x> "
    );
    assert_eq!(facts.subject.common_name, None);
}

#[test]
fn bad_time() {
    let from = |text: &str| Draft {
        validity: sequence(&[tlv(0x17, text), tlv(0x17, "250101000000Z")]),
        ..Draft::default()
    };
    only(&from("240101000000+0100"), OddityKind::BadTime, "validity");
    assert_eq!(
        read(&from("240101000000+0100"))
            .facts()
            .not_before
            .unwrap()
            .to_string(),
        "2023-12-31T23:00:00Z"
    );
    only(&from("241301000000Z"), OddityKind::BadTime, "validity");
    assert_eq!(read(&from("241301000000Z")).facts().not_before, None);
    assert!(read(&from("241301000000Z")).facts().not_after.is_some());
}

#[test]
fn the_ends_of_time() {
    let validity = sequence(&[tlv(0x17, "500101000000Z"), tlv(0x18, "99991231235959Z")]);
    let facts = read(&Draft {
        validity,
        ..Draft::default()
    })
    .facts()
    .clone();
    assert_eq!(facts.oddities, []);
    assert_eq!(facts.not_before.unwrap().to_string(), "1950-01-01T00:00:00Z");
    assert_eq!(facts.not_after.unwrap(), jiff::Timestamp::MAX);
}

#[test]
fn bad_address() {
    let san = extension(
        SAN,
        false,
        sequence(&[
            tlv(0x87, [1, 2, 3]),
            tlv(0x87, [192, 0, 2, 1]),
            tlv(0x87, [0; 16]),
        ]),
    );
    let draft = Draft {
        extensions: vec![san],
        ..Draft::default()
    };
    only(&draft, OddityKind::BadAddress, "subjectAltName");
    let names = read(&draft).facts().subject_alt_names.clone().unwrap();
    assert_eq!(names[0], GeneralName::OddAddress([1, 2, 3].into()));
    assert_eq!(names[1], GeneralName::Address("192.0.2.1".parse().unwrap()));
    assert_eq!(names[2], GeneralName::Address("::".parse().unwrap()));
}

#[test]
fn name_constraints_hold_addresses_with_masks() {
    let subtree = |value: Vec<u8>| sequence(&[value]);
    let permitted = tlv(
        0xa0,
        [subtree(tlv(0x87, [0; 8])), subtree(tlv(0x82, "example.com"))].concat(),
    );
    let excluded = tlv(0xa1, subtree(tlv(0xa4, name("2.5.4.10", 0x0c, "x"))));
    let constraints = extension("2.5.29.30", true, sequence(&[permitted, excluded]));
    let facts = read(&Draft {
        extensions: vec![constraints],
        ..Draft::default()
    })
    .facts()
    .clone();
    assert_eq!(oddities(&facts), []);
    let constraints = facts.name_constraints.unwrap();
    assert_eq!(
        constraints.permitted,
        [
            GeneralName::OddAddress([0; 8].into()),
            GeneralName::Dns("example.com".into())
        ]
    );
    let [GeneralName::Directory(directory)] = constraints.excluded.as_slice() else {
        panic!("{constraints:?}")
    };
    assert_eq!(directory.text.raw(), "O=x");
}

#[test]
fn duplicate_extension() {
    let san = |dns: &str| extension(SAN, false, sequence(&[tlv(0x82, dns)]));
    let draft = Draft {
        extensions: vec![san("a.example"), san("b.example")],
        ..Draft::default()
    };
    only(&draft, OddityKind::DuplicateExtension, "extensions");
    assert_eq!(
        read(&draft).facts().subject_alt_names,
        Some(vec![GeneralName::Dns("a.example".into())])
    );
    assert_eq!(read(&draft).facts().extensions.len(), 2);
}

#[test]
fn too_deep() {
    let deep = [
        [0x30, 0x80].repeat(limits::DER_DEPTH + 1),
        [0, 0].repeat(limits::DER_DEPTH + 1),
    ]
    .concat();
    let facts = Certificate::from_der(deep).facts().clone();
    assert!(oddities(&facts).contains(&(OddityKind::TooDeep, "certificate")));
    let flat = tlv(0x30, tlv(0x30, [0x30, 0].repeat(10_000)));
    assert!(!Certificate::from_der(flat).facts().oddities.is_empty());
}

#[test]
fn bad_key() {
    let rsa = |key: Vec<u8>| Draft {
        key: sequence(&[sequence(&[oid("1.2.840.113549.1.1.1"), tlv(5, "")]), bits(key)]),
        ..Draft::default()
    };
    let facts = read(&rsa(vec![1, 2, 3])).facts().clone();
    assert_eq!(
        (oddities(&facts), facts.public_key.kind),
        (
            vec![(OddityKind::BadKey, "subjectPublicKeyInfo")],
            KeyKind::Unread
        )
    );
    let negative = read(&rsa(sequence(&[tlv(2, [0x80; 32]), tlv(2, [3])])))
        .facts()
        .clone();
    assert_eq!(
        oddities(&negative),
        [(OddityKind::BadKey, "subjectPublicKeyInfo")]
    );
    let curve = sequence(&[oid("1.2.840.10045.2.1"), oid("1.3.132.0.34")]);
    let short = read(&Draft {
        key: sequence(&[curve, bits([4, 1, 2])]),
        ..Draft::default()
    })
    .facts()
    .clone();
    assert_eq!(short.public_key.kind, KeyKind::Ec(Curve::P384));
    assert_eq!(oddities(&short), [(OddityKind::BadKey, "subjectPublicKeyInfo")]);
}

#[test]
fn keys_of_every_kind() {
    let key = |algorithm: Vec<u8>, key: Vec<u8>| {
        let facts = read(&Draft {
            key: sequence(&[algorithm, bits(key)]),
            ..Draft::default()
        })
        .facts()
        .clone();
        assert_eq!(oddities(&facts), []);
        facts.public_key.kind
    };
    let plain = |dotted: &str| sequence(&[oid(dotted)]);
    let modulus = tlv(2, [&[0][..], &[0xff; 2048]].concat());
    let giant = sequence(&[modulus, tlv(2, [1])]);
    assert_eq!(
        key(plain("1.2.840.113549.1.1.1"), giant),
        KeyKind::Rsa {
            bits: 16_384,
            exponent: 1,
            pss: false
        }
    );
    let long_exponent = sequence(&[tlv(2, [1]), tlv(2, [1; 9])]);
    assert_eq!(
        key(plain("1.2.840.113549.1.1.10"), long_exponent),
        KeyKind::Rsa {
            bits: 1,
            exponent: u64::MAX,
            pss: true
        }
    );
    assert_eq!(key(plain("1.3.101.112"), vec![0; 32]), KeyKind::Ed25519);
    assert_eq!(key(plain("1.3.101.113"), vec![0; 57]), KeyKind::Ed448);
    for (last, set, length) in [(17, 44, 1312), (18, 65, 1952), (19, 87, 2592)] {
        assert_eq!(
            key(plain(&format!("2.16.840.1.101.3.4.3.{last}")), vec![0; length]),
            KeyKind::MlDsa(set)
        );
    }
    let ec = |parameters: Vec<u8>| sequence(&[oid("1.2.840.10045.2.1"), parameters]);
    assert_eq!(key(ec(sequence(&[])), vec![4]), KeyKind::Ec(Curve::Explicit));
    let brainpool = model::oid::Oid::from_dotted("1.3.36.3.3.2.8.1.1.7").unwrap();
    assert_eq!(
        key(ec(oid("1.3.36.3.3.2.8.1.1.7")), vec![4]),
        KeyKind::Ec(Curve::Named(brainpool))
    );
    let parameters = sequence(&[
        tlv(2, [&[0][..], &[0x80; 128]].concat()),
        tlv(2, [1]),
        tlv(2, [1]),
    ]);
    assert_eq!(
        key(sequence(&[oid("1.2.840.10040.4.1"), parameters]), tlv(2, [1])),
        KeyKind::Dsa { bits: 1024 }
    );
    assert!(matches!(key(plain("1.2.3"), vec![]), KeyKind::Other(_)));
}

/// What is read of a signature algorithm that stands in both places.
fn read_algorithm(algorithm: Vec<u8>) -> SignatureAlgorithm {
    let draft = Draft {
        outer_algorithm: algorithm.clone(),
        algorithm,
        ..Draft::default()
    };
    let facts = read(&draft).facts().clone();
    assert_eq!(oddities(&facts), []);
    assert!(facts.signature_algorithms_agree);
    facts.signature_algorithm
}

#[test]
fn the_parameters_of_pss_that_are_usual() {
    use model::certificate::Hash;
    let read = read_algorithm;
    let plain = |dotted: &str| sequence(&[oid(dotted)]);
    let hash = tlv(0xa0, plain("2.16.840.1.101.3.4.2.3"));
    let pss = sequence(&[oid("1.2.840.113549.1.1.10"), sequence(&[hash])]);
    // A mask by SHA-1 and a salt of 20 bytes, since they are left out.
    assert_eq!(read(pss), SignatureAlgorithm::RsaPssUnusual(Hash::Sha512));
    let pss = |salt: u8, mask: &str, trailer: u8| {
        let hash = tlv(0xa0, plain("2.16.840.1.101.3.4.2.1"));
        let mask = tlv(0xa1, sequence(&[oid("1.2.840.113549.1.1.8"), plain(mask)]));
        let salt = tlv(0xa2, tlv(2, if salt < 128 { vec![salt] } else { vec![0, salt] }));
        let trailer = tlv(0xa3, tlv(2, vec![trailer]));
        read(sequence(&[
            oid("1.2.840.113549.1.1.10"),
            sequence(&[hash, mask, salt, trailer]),
        ]))
    };
    let (sha256, sha1) = ("2.16.840.1.101.3.4.2.1", "1.3.14.3.2.26");
    assert_eq!(pss(32, sha256, 1), SignatureAlgorithm::RsaPss(Hash::Sha256));
    let unusual = SignatureAlgorithm::RsaPssUnusual(Hash::Sha256);
    assert_eq!(pss(0xde, sha256, 1), unusual, "the longest salt of RSA 2048");
    assert_eq!(pss(32, sha1, 1), unusual);
    assert_eq!(pss(32, sha256, 2), unusual);
}

#[test]
fn signature_algorithms_of_every_kind() {
    use model::certificate::Hash;
    let read = read_algorithm;
    let plain = |dotted: &str| sequence(&[oid(dotted)]);
    assert_eq!(
        read(plain("1.2.840.113549.1.1.4")),
        SignatureAlgorithm::RsaPkcs1(Hash::Md5)
    );
    assert_eq!(
        read(plain("1.2.840.113549.1.1.11")),
        SignatureAlgorithm::RsaPkcs1(Hash::Sha256)
    );
    assert_eq!(
        read(plain("1.2.840.10045.4.3.3")),
        SignatureAlgorithm::Ecdsa(Hash::Sha384)
    );
    assert_eq!(
        read(plain("1.2.840.10040.4.3")),
        SignatureAlgorithm::Dsa(Hash::Sha1)
    );
    assert_eq!(
        read(plain("2.16.840.1.101.3.4.3.18")),
        SignatureAlgorithm::MlDsa(65)
    );
    assert_eq!(read(plain("1.3.101.112")), SignatureAlgorithm::Ed25519);
    assert_eq!(
        read(plain("1.2.840.113549.1.1.10")),
        SignatureAlgorithm::RsaPss(Hash::Sha1)
    );
    assert!(matches!(read(plain("1.2.3")), SignatureAlgorithm::Other(_)));
    let differ = Draft {
        algorithm: plain("1.3.101.112"),
        ..Draft::default()
    };
    assert!(!self::read(&differ).facts().signature_algorithms_agree);
}

#[test]
fn not_a_certificate() {
    for bytes in [
        &b""[..],
        b"hello",
        &[0x30],
        &[0x30, 0],
        &[0x30, 2, 0x30, 0],
        &[0xff; 64],
        &[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ] {
        let certificate = Certificate::from_der(bytes);
        assert!(
            oddities(certificate.facts()).contains(&(OddityKind::NotACertificate, "certificate")),
            "{bytes:x?}"
        );
    }
}

fn bounded(draft: &Draft) -> Certificate {
    let der = draft.der();
    let start = Instant::now();
    let certificate = Certificate::from_der(der);
    // Generous, since tests are built without optimisation and share the machine: it tells linear from quadratic.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    certificate
}

#[test]
fn twenty_thousand_names() {
    let names: Vec<Vec<u8>> = (0..20_000)
        .map(|n| tlv(0x82, format!("host-{n}.example.com")))
        .collect();
    let draft = Draft {
        extensions: vec![extension(SAN, false, sequence(&names))],
        ..Draft::default()
    };
    let certificate = bounded(&draft);
    assert_eq!(
        certificate.facts().subject_alt_names.as_ref().unwrap().len(),
        limits::NAMES_PARSED
    );
    assert_eq!(certificate.facts().subject_alt_name_count, 20_000);
    assert_eq!(
        oddities(certificate.facts()),
        [(OddityKind::TooManyNames, "subjectAltName")]
    );
}

#[test]
fn lists_without_end() {
    let extensions = (0..30_000)
        .map(|n| extension(&format!("1.2.3.{n}"), false, ""))
        .collect();
    let certificate = bounded(&Draft {
        extensions,
        ..Draft::default()
    });
    assert_eq!(certificate.facts().extensions.len(), limits::EXTENSIONS);
    assert_eq!(
        oddities(certificate.facts()),
        [(OddityKind::TooManyEntries, "extensions")]
    );
    let usages: Vec<_> = (0..30_000).map(|n| oid(&format!("1.2.3.{n}"))).collect();
    let certificate = bounded(&Draft {
        extensions: vec![extension("2.5.29.37", false, sequence(&usages))],
        ..Draft::default()
    });
    assert_eq!(
        certificate.facts().extended_key_usages.as_ref().unwrap().len(),
        limits::LIST_ENTRIES
    );
    let parts: Vec<_> = (0..30_000)
        .map(|_| set(&[sequence(&[oid("2.5.4.3"), tlv(0x0c, "x")])]))
        .collect();
    let certificate = bounded(&Draft {
        subject: sequence(&parts),
        ..Draft::default()
    });
    assert_eq!(
        oddities(certificate.facts()),
        [(OddityKind::TooManyEntries, "subject")]
    );
    let url = tlv(0x86, "http://a.example/");
    let access = sequence(&vec![sequence(&[oid("1.3.6.1.5.5.7.48.1"), url.clone()]); 5_000]);
    let certificate = bounded(&Draft {
        extensions: vec![extension("1.3.6.1.5.5.7.1.1", false, access)],
        ..Draft::default()
    });
    assert_eq!(certificate.facts().ocsp_urls.len(), limits::LIST_ENTRIES);
    let point = sequence(&[tlv(0xa0, tlv(0xa0, url.repeat(5_000)))]);
    let points = extension("2.5.29.31", false, sequence(&[point]));
    assert_eq!(
        bounded(&Draft {
            extensions: vec![points],
            ..Draft::default()
        })
        .facts()
        .crl_urls
        .len(),
        limits::LIST_ENTRIES
    );
}

#[test]
fn a_megabyte_of_breaches_is_noted_up_to_the_limit() {
    let names = tlv(0x82, "ü").repeat(200_000);
    let certificate = bounded(&Draft {
        extensions: vec![extension(SAN, false, tlv(0x30, names))],
        ..Draft::default()
    });
    assert_eq!(certificate.facts().oddities.len(), limits::ODDITIES);
}

#[test]
fn extensions_say_what_they_say() {
    let url = |text: &str| tlv(0x86, text);
    let draft = Draft {
        extensions: vec![
            extension("1.3.6.1.5.5.7.1.24", false, sequence(&[tlv(2, [5])])),
            extension("1.3.6.1.4.1.11129.2.4.3", true, tlv(5, "")),
            extension("1.3.6.1.4.1.11129.2.4.2", false, tlv(4, "list")),
            extension(
                "1.3.6.1.5.5.7.1.1",
                false,
                sequence(&[
                    sequence(&[oid("1.3.6.1.5.5.7.48.1"), url("http://ocsp.example/")]),
                    sequence(&[oid("1.3.6.1.5.5.7.48.2"), url("http://ca.example/ca.der")]),
                ]),
            ),
            extension(
                "2.5.29.31",
                false,
                sequence(&[sequence(&[tlv(0xa0, tlv(0xa0, url("http://crl.example/1.crl")))])]),
            ),
            extension(
                "2.5.29.32",
                false,
                sequence(&[sequence(&[oid("2.23.140.1.2.1")])]),
            ),
            extension("2.5.29.15", true, tlv(3, [7, 6, 0x80])),
            extension("2.5.29.19", true, sequence(&[tlv(1, [0xff]), tlv(2, [0])])),
        ],
        ..Draft::default()
    };
    let certificate = read(&draft);
    let facts = certificate.facts();
    assert_eq!(facts.oddities, []);
    assert!(facts.must_staple && facts.precertificate && facts.is_ca());
    assert_eq!(certificate.der()[facts.embedded_scts.clone().unwrap()], *b"list");
    assert_eq!(facts.ocsp_urls, ["http://ocsp.example/".into()]);
    assert_eq!(facts.issuer_urls, ["http://ca.example/ca.der".into()]);
    assert_eq!(facts.crl_urls, ["http://crl.example/1.crl".into()]);
    assert_eq!(
        facts.policies,
        [model::oid::Oid::from_dotted("2.23.140.1.2.1").unwrap()]
    );
    assert_eq!(facts.key_usage.unwrap().0, 1 << 5 | 1 << 6 | 1 << 8);
    assert_eq!(facts.basic_constraints.unwrap().path_length, Some(0));
}

#[test]
fn an_extension_in_a_version_1_certificate_is_odd() {
    let extensions = vec![extension(SAN, false, sequence(&[tlv(0x82, "a.example")]))];
    let draft = Draft {
        version: Vec::new(),
        extensions,
        ..Draft::default()
    };
    only(&draft, OddityKind::UnexpectedTag, "extensions");
    assert_eq!(read(&draft).facts().version, 1);
}
