//! The own reader against x509-parser: over every root of Mozilla's store and over minted certificates, both must say
//! the same.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests"
)]

use model::Certificate;
use model::certificate::{Curve, Facts, GeneralName, KeyKind, OddityKind, SignatureAlgorithm};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};
use x509_parser::public_key::PublicKey;

#[test]
fn every_root_of_mozilla_reads_the_same() {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    assert!(roots.len() > 100);
    let mut odd = Vec::new();
    for root in roots {
        let certificate = Certificate::from_der(root.as_ref());
        agree(&certificate);
        assert!(certificate.facts().is_ca(), "{certificate:?}");
        if !certificate.facts().oddities.is_empty() {
            odd.push(certificate);
        }
    }
    // One root in use writes its dates as GeneralizedTime although they lie before 2050 (RFC 5280 section 4.1.2.5).
    let [certum] = odd.as_slice() else {
        panic!("{odd:?}")
    };
    assert_eq!(
        certum.facts().subject.common_name.as_ref().unwrap().raw(),
        "Certum Trusted Network CA 2"
    );
    assert!(
        certum
            .facts()
            .oddities
            .iter()
            .all(|oddity| oddity.kind == OddityKind::UnusualTime)
    );
}

#[test]
fn minted_certificates_read_the_same() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params =
            CertificateParams::new(vec!["example.com".to_owned(), "*.example.com".to_owned()]).unwrap();
        params
            .subject_alt_names
            .push(SanType::IpAddress("192.0.2.1".parse().unwrap()));
        params
            .subject_alt_names
            .push(SanType::IpAddress("2001:db8::1".parse().unwrap()));
        params
            .subject_alt_names
            .push(SanType::URI("https://example.com/".try_into().unwrap()));
        params
            .subject_alt_names
            .push(SanType::Rfc822Name("a@example.com".try_into().unwrap()));
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Bücher, \"Söhne\" + Co");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(3));
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DecipherOnly,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der().as_ref());
        agree(&certificate);
        assert_eq!(certificate.facts().oddities, []);
        assert_eq!(certificate.facts().subject_alt_name_count, 6);
    }
}

fn agree(certificate: &Certificate) {
    let facts = certificate.facts();
    let (rest, theirs) = X509Certificate::from_der(certificate.der()).unwrap();
    assert!(rest.is_empty());
    assert_eq!(u32::from(facts.version), theirs.version().0 + 1);
    assert_eq!(*facts.serial, *theirs.raw_serial());
    assert_eq!(
        facts.not_before.unwrap().as_second(),
        theirs.validity().not_before.timestamp()
    );
    assert_eq!(
        facts.not_after.unwrap().as_second(),
        theirs.validity().not_after.timestamp()
    );
    assert_eq!(*facts.subject.raw_bytes, *theirs.subject().as_raw());
    assert_eq!(*facts.issuer.raw_bytes, *theirs.issuer().as_raw());
    assert_eq!(
        certificate.der()[facts.to_be_signed.clone()],
        *theirs.tbs_certificate.as_ref()
    );
    assert_eq!(
        certificate.der()[facts.signature.clone()],
        *theirs.signature_value.data
    );
    assert_eq!(
        certificate.der()[facts.public_key.spki.clone()],
        *theirs.public_key().raw
    );
    assert_eq!(
        certificate.der()[facts.public_key.key.clone()],
        *theirs.public_key().subject_public_key.data
    );
    assert!(facts.signature_algorithms_agree && facts.signature_algorithm != SignatureAlgorithm::Unread);
    let common_name = theirs
        .subject()
        .iter_common_name()
        .last()
        .and_then(|name| name.as_str().ok());
    assert_eq!(
        facts.subject.common_name.as_ref().map(model::Untrusted::raw),
        common_name
    );
    let organization = theirs
        .subject()
        .iter_organization()
        .next()
        .and_then(|name| name.as_str().ok());
    assert_eq!(
        facts.subject.organization.as_ref().map(model::Untrusted::raw),
        organization
    );
    agree_on_key(facts, &theirs);
    agree_on_extensions(certificate, &theirs);
}

fn agree_on_key(facts: &Facts, theirs: &X509Certificate<'_>) {
    match (&facts.public_key.kind, theirs.public_key().parsed().unwrap()) {
        (KeyKind::Rsa { bits, exponent, .. }, PublicKey::RSA(key)) => {
            assert_eq!(
                usize::try_from(*bits).unwrap(),
                key.modulus.iter().skip_while(|byte| **byte == 0).count() * 8
            );
            assert_eq!(*exponent, key.try_exponent().unwrap());
        }
        (KeyKind::Ec(curve), PublicKey::EC(point)) => {
            let size = match curve {
                Curve::P256 => 256,
                Curve::P384 => 384,
                // They count the bits of the encoded coordinate.
                Curve::P521 => 528,
                other => panic!("{other:?}"),
            };
            assert_eq!(size, point.key_size());
        }
        (KeyKind::Ed25519, PublicKey::Unknown(_)) => {}
        other => panic!("{other:?}"),
    }
}

fn agree_on_extensions(certificate: &Certificate, theirs: &X509Certificate<'_>) {
    let facts = certificate.facts();
    assert_eq!(facts.extensions.len(), theirs.extensions().len());
    for (ours, theirs) in facts.extensions.iter().zip(theirs.extensions()) {
        assert_eq!(ours.oid.to_string(), theirs.oid.to_id_string());
        assert_eq!(ours.critical, theirs.critical);
        assert_eq!(certificate.der()[ours.value.clone()], *theirs.value);
        match theirs.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => agree_on_names(facts, &names.general_names),
            ParsedExtension::BasicConstraints(constraints) => {
                let ours = facts.basic_constraints.unwrap();
                assert_eq!(
                    (ours.ca, ours.path_length),
                    (constraints.ca, constraints.path_len_constraint)
                );
            }
            ParsedExtension::KeyUsage(usage) => assert_eq!(facts.key_usage.unwrap().0, usage.flags),
            ParsedExtension::ExtendedKeyUsage(usages) => {
                let ours = facts.extended_key_usages.as_ref().unwrap();
                assert_eq!(
                    ours.contains(&model::certificate::Oid::SERVER_AUTH),
                    usages.server_auth
                );
                assert_eq!(
                    ours.contains(&model::certificate::Oid::CLIENT_AUTH),
                    usages.client_auth
                );
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                assert_eq!(facts.subject_key_id.as_deref().unwrap(), id.0)
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                assert_eq!(
                    facts.authority_key_id.as_deref(),
                    id.key_identifier.as_ref().map(|id| id.0)
                );
            }
            ParsedExtension::CertificatePolicies(policies) => {
                let theirs: Vec<_> = policies
                    .iter()
                    .map(|policy| policy.policy_id.to_id_string())
                    .collect();
                assert_eq!(
                    facts.policies.iter().map(ToString::to_string).collect::<Vec<_>>(),
                    theirs
                );
            }
            _ => {}
        }
    }
}

fn agree_on_names(facts: &Facts, theirs: &[x509_parser::extensions::GeneralName<'_>]) {
    use x509_parser::extensions::GeneralName as Their;
    let ours = facts.subject_alt_names.as_ref().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for pair in ours.iter().zip(theirs) {
        match pair {
            (GeneralName::Dns(ours), Their::DNSName(theirs))
            | (GeneralName::Email(ours), Their::RFC822Name(theirs))
            | (GeneralName::Uri(ours), Their::URI(theirs)) => assert_eq!(ours.raw(), *theirs),
            (GeneralName::Address(std::net::IpAddr::V4(ours)), Their::IPAddress(theirs)) => {
                assert_eq!(ours.octets(), **theirs)
            }
            (GeneralName::Address(std::net::IpAddr::V6(ours)), Their::IPAddress(theirs)) => {
                assert_eq!(ours.octets(), **theirs)
            }
            (GeneralName::Directory(_), Their::DirectoryName(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
