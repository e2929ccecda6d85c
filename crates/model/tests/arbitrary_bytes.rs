//! No bytes make a reader panic or point outside of what it read: random ones, and good ones with a few bytes changed.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::ops::Range;

use model::certificate::{Certificate, SigningRequest};
use model::pkcs7::SignedData;
use model::revocation::{Crl, OcspAnswer, OcspReply, RevocationList, freshest_urls, ocsp_request};
use model::sct::{SctOrigin, parse_list};
use model::{limits, pem};
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    let mut params =
        rcgen::CertificateParams::new(vec!["example.com".to_owned(), "192.0.2.1".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(1));
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    params.crl_distribution_points = vec![rcgen::CrlDistributionPoint {
        uris: vec!["http://a.example/".to_owned()],
    }];
    let key = rcgen::KeyPair::generate().unwrap();
    let minted = params.self_signed(&key).unwrap().der().to_vec();
    let request = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    let request = request.serialize_request(&key).unwrap().der().to_vec();
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .step_by(10)
        .map(|root| root.to_vec());
    [minted, request].into_iter().chain(roots).collect()
}

fn inside(range: Range<usize>, bytes: &[u8]) -> bool {
    bytes.get(range).is_some()
}

fn read_all(bytes: &[u8]) {
    let certificate = Certificate::from_der(bytes);
    let facts = certificate.facts();
    for range in [
        &facts.to_be_signed,
        &facts.signature,
        &facts.public_key.spki,
        &facts.public_key.key,
    ] {
        assert!(inside(range.clone(), bytes));
    }
    assert!(
        facts
            .extensions
            .iter()
            .all(|extension| inside(extension.value.clone(), bytes))
    );
    assert!(facts.oddities.iter().all(|oddity| oddity.offset <= bytes.len()));
    assert!(
        facts.oddities.is_sorted_by_key(|oddity| oddity.offset) && facts.oddities.len() <= limits::ODDITIES
    );
    assert!(facts.subject_alt_names.iter().flatten().count() <= facts.subject_alt_name_count);
    let answer = OcspAnswer::parse(bytes);
    assert!(
        answer
            .basic
            .iter()
            .all(|basic| inside(basic.signature.clone(), bytes))
    );
    read_evidence(&certificate, bytes);
    let crl = Crl::parse(bytes);
    assert!(crl.entries(bytes).count() <= bytes.len());
    assert!(
        SignedData::parse(bytes)
            .certificates
            .into_iter()
            .all(|range| inside(range, bytes))
    );
    assert!(inside(
        SigningRequest::from_der(bytes).facts().signature.clone(),
        bytes
    ));
    assert!(parse_list(bytes, SctOrigin::Tls).scts.len() <= limits::SCTS);
    assert!(pem::blocks(bytes).count() <= bytes.len());
}

/// The same bytes as a certificate, its issuer, an answer and a list, each asked about the others.
fn read_evidence(certificate: &Certificate, bytes: &[u8]) {
    let request = ocsp_request(certificate, certificate);
    assert!(request.is_none_or(|request| request.len() < 256));
    let reply = OcspReply::from_der(bytes);
    if let Some(basic) = &reply.answer().basic {
        assert!(reply.certificates(basic).count() <= limits::CHAIN_CERTIFICATES);
        assert!(basic.answers.len() <= limits::LIST_ENTRIES);
        basic.answers.iter().for_each(|single| {
            single.is_about(certificate, certificate);
        });
        basic.responder.is(certificate);
    }
    let list = RevocationList::from_der(bytes);
    let facts = certificate.facts();
    list.find(&facts.issuer.canonical, &facts.serial);
    let urls = freshest_urls(bytes, &list.header().extensions).len();
    assert!(urls + freshest_urls(bytes, &facts.extensions).len() <= 2 * limits::LIST_ENTRIES);
}

proptest! {
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        read_all(&bytes);
    }

    #[test]
    fn random_values_of_der(
        parts in prop::collection::vec((prop::sample::select(vec![0x30_u8, 0x31, 2, 3, 4, 6, 0xa0, 0xa3, 0x17, 0x0c]), 0_u8..40), 0..60),
    ) {
        read_all(&parts.into_iter().flat_map(|(tag, length)| [tag, length]).collect::<Vec<_>>());
    }

    #[test]
    fn good_bytes_with_mistakes(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        let mut bytes = seed.get(&seeds).clone();
        for (at, value) in changes {
            let length = bytes.len();
            *bytes.get_mut(at.index(length)).unwrap() = value;
        }
        read_all(&bytes);
        bytes.truncate(cut.index(bytes.len()));
        read_all(&bytes);
    }

    #[test]
    fn any_pem_like_text(text in "(-----(BEGIN|END) (A|CERTIFICATE|PRIVATE KEY)?(-----)?|[A-Za-z0-9+/= \r\n:-]{0,20}|\n){0,20}") {
        prop_assert!(pem::blocks(text.as_bytes()).count() <= text.len());
    }
}
