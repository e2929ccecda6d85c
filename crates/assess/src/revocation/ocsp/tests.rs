//! Answers as they should be, and each way in which they should not.

use model::doubt::OcspDoubt;
use model::revocation::{OcspReply, OcspStatus, RevocationReason};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair};

use super::*;
use crate::revocation::minted::{Answer, Say};
use crate::world::{Authority, Good, day, now};

fn judged(answer: &Answer<'_>) -> Result<OcspStanding, OcspDoubt> {
    by_ocsp(answer.of, answer.issuer, &answer.reply(), &SignatureMemory::new(), now()).standing
}

/// A responder that `authority` certified, with its key.
fn responder(
    authority: &Authority,
    usages: &[ExtendedKeyUsagePurpose],
) -> (std::sync::Arc<Certificate>, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let certificate = authority.leaf_of(&key, &[], |params| {
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "Responder");
        params.extended_key_usages = usages.to_vec();
    });
    (certificate, key)
}

#[test]
fn the_issuer_says_good_or_revoked() {
    let good = Good::new();
    assert_eq!(
        judged(&Answer::new(&good.leaf, &good.issuing, Say::Good)),
        Ok(OcspStanding::Good)
    );
    let revoked = judged(&Answer::new(&good.leaf, &good.issuing, Say::Revoked(-2, 1)));
    let expected = OcspStanding::Revoked {
        at: Some(day(-2)),
        reason: Some(RevocationReason(1)),
    };
    assert_eq!(revoked, Ok(expected));
    let unknown = judged(&Answer::new(&good.leaf, &good.issuing, Say::Unknown));
    assert_eq!(unknown, Err(OcspDoubt::NotKnown));
}

#[test]
fn a_delegate_must_be_certified_for_it_by_the_issuer_itself() {
    let good = Good::new();
    let signing = [ExtendedKeyUsagePurpose::OcspSigning];
    let by = |authority: &Authority, usages: &[ExtendedKeyUsagePurpose]| {
        let (responder, key) = responder(authority, usages);
        let mut answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
        (answer.key, answer.responder, answer.along) = (&key, &responder, vec![&*responder]);
        judged(&answer)
    };
    assert_eq!(by(&good.issuing, &signing), Ok(OcspStanding::Good));
    assert_eq!(
        by(&good.root, &signing),
        Err(OcspDoubt::NoSigner),
        "certified by another authority"
    );
    for usages in [
        &[][..],
        &[ExtendedKeyUsagePurpose::ServerAuth],
        &[ExtendedKeyUsagePurpose::Any],
    ] {
        assert_eq!(by(&good.issuing, usages), Err(OcspDoubt::NoSigner), "{usages:?}");
    }
    let namesake = good.root.authority("Example Issuing 1");
    assert_eq!(
        by(&namesake, &signing),
        Err(OcspDoubt::NoSigner),
        "certified by a namesake"
    );
}

#[test]
fn a_delegate_must_be_valid_and_sent_along() {
    let good = Good::new();
    let key = KeyPair::generate().unwrap();
    let ended = good.issuing.leaf_of(&key, &[], |params| {
        crate::world::valid(params, -90, -1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    });
    let mut answer = Answer::new(&good.leaf, &good.issuing, Say::Good);
    (answer.key, answer.responder, answer.along) = (&key, &ended, vec![&*ended]);
    assert_eq!(judged(&answer), Err(OcspDoubt::NoSigner));
    answer.along.clear();
    assert_eq!(judged(&answer), Err(OcspDoubt::NoSigner));
}

#[test]
fn a_forged_answer_does_not_count() {
    let good = Good::new();
    let key = KeyPair::generate().unwrap();
    let mut forged = Answer::new(&good.leaf, &good.issuing, Say::Good);
    forged.key = &key;
    assert_eq!(judged(&forged), Err(OcspDoubt::BadSignature));
    // Not even one that says revoked.
    forged.say = Say::Revoked(-1, 1);
    assert_eq!(judged(&forged), Err(OcspDoubt::BadSignature));
    let mut bytes = Answer::new(&good.leaf, &good.issuing, Say::Good).der();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let said = by_ocsp(
        &good.leaf,
        &good.issuing.certificate,
        &OcspReply::from_der(bytes),
        &SignatureMemory::new(),
        now(),
    );
    assert_eq!(said.standing, Err(OcspDoubt::BadSignature));
}

#[test]
fn an_answer_about_another_certificate_says_nothing() {
    let good = Good::new();
    let other = good.issuing.leaf(&["shop.example"]);
    let reply = Answer::new(&other, &good.issuing, Say::Good).reply();
    let said = by_ocsp(&good.leaf, &good.issuing.certificate, &reply, &SignatureMemory::new(), now());
    assert_eq!(
        (said.standing, said.this_update),
        (Err(OcspDoubt::NotAbout), None)
    );
    // The same serial number of another issuer is another certificate.
    let stranger = Authority::root("Stranger");
    let reply = Answer::new(&good.leaf, &stranger, Say::Good).reply();
    let said = by_ocsp(&good.leaf, &good.issuing.certificate, &reply, &SignatureMemory::new(), now());
    assert_eq!(said.standing, Err(OcspDoubt::NotAbout));
}

#[test]
fn an_answer_is_in_force_from_this_update_to_next_update() {
    let good = Good::new();
    let between = |this_update, next_update, say| {
        let mut answer = Answer::new(&good.leaf, &good.issuing, say);
        (answer.this_update, answer.next_update) = (this_update, next_update);
        judged(&answer)
    };
    let fine = Ok(OcspStanding::Good);
    assert_eq!(between(0, Some(0), Say::Good), fine, "both ends belong to it");
    assert_eq!(
        between(-9, Some(-2), Say::Good),
        Err(OcspDoubt::Stale { next_update: day(-2) })
    );
    assert_eq!(
        between(1, Some(8), Say::Good),
        Err(OcspDoubt::NotYet { this_update: day(1) })
    );
    assert_eq!(
        between(-1, None, Say::Good),
        fine,
        "one that does not say lasts a day"
    );
    assert_eq!(
        between(-2, None, Say::Good),
        Err(OcspDoubt::Stale { next_update: day(-1) })
    );
    // A revocation does not end; a hold may.
    assert!(matches!(
        between(-9, Some(-2), Say::Revoked(-9, 1)),
        Ok(OcspStanding::Revoked { .. })
    ));
    assert!(matches!(
        between(-9, Some(-2), Say::Revoked(-9, 6)),
        Err(OcspDoubt::Stale { .. })
    ));
    assert!(matches!(
        between(-1, Some(2), Say::Revoked(-9, 6)),
        Ok(OcspStanding::Revoked { .. })
    ));
}

#[test]
fn a_responder_may_refuse_and_anybody_may_talk_nonsense() {
    let good = Good::new();
    let said = |der: &[u8]| {
        let reply = OcspReply::from_der(der);
        by_ocsp(&good.leaf, &good.issuing.certificate, &reply, &SignatureMemory::new(), now()).standing
    };
    for (number, status) in [
        (1, OcspStatus::MalformedRequest),
        (3, OcspStatus::TryLater),
        (6, OcspStatus::Unauthorized),
    ] {
        assert_eq!(
            said(&[0x30, 3, 0x0a, 1, number]),
            Err(OcspDoubt::NotAnswered(status))
        );
    }
    for nonsense in [&b""[..], b"<html>", &[0x30, 3, 0x0a, 1, 0], &[0x30, 0x80, 0, 0]] {
        assert_eq!(said(nonsense), Err(OcspDoubt::Malformed), "{nonsense:?}");
    }
}
