//! Any bytes are read as a certificate, its issuer, an OCSP answer and a list, and each is asked about the others.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::Certificate;
use model::limits;
use model::revocation::{OcspReply, RevocationList, freshest_urls, ocsp_request};

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let (certificate, issuer, said) = input;
    let certificate = Certificate::from_der(certificate);
    let issuer = Certificate::from_der(issuer);
    if let Some(request) = ocsp_request(&certificate, &issuer) {
        assert!(request.len() < 256);
    }
    let reply = OcspReply::from_der(said);
    if let Some(basic) = &reply.answer().basic {
        assert!(reply.certificates(basic).count() <= limits::CHAIN_CERTIFICATES);
        for single in &basic.answers {
            single.is_about(&certificate, &issuer);
        }
        basic.responder.is(&issuer);
    }
    let list = RevocationList::from_der(said);
    let facts = certificate.facts();
    list.find(&facts.issuer.canonical, &facts.serial);
    let urls = freshest_urls(list.der(), &list.header().extensions);
    assert!(urls.len() <= limits::LIST_ENTRIES);
    assert!(freshest_urls(certificate.der(), &facts.extensions).len() <= limits::LIST_ENTRIES);
});
