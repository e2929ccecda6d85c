//! Timestamps inside and beside a certificate, verified once, and the list that is compiled in.

use model::sct::SctOrigin;

use super::testing::{LogKey, beside, list, public, timestamped};
use super::*;
use crate::trust_store::Collection;
use crate::world::{Good, judged, law, now, rules};

fn words(verdicts: &[SctVerdict]) -> Vec<&'static str> {
    verdicts.iter().map(|verdict| verdict.outcome.word()).collect()
}

#[test]
fn those_inside_and_those_beside_verify() {
    let good = Good::new();
    let logs = [LogKey::new("one"), LogKey::new("two")];
    let stores = public(&good, &logs);
    for seen in [
        timestamped(&good, &logs),
        beside(&good, &logs, SctOrigin::Tls),
        beside(&good, &logs, SctOrigin::Staple),
    ] {
        let assessment = judged(&seen, &stores);
        assert_eq!(words(&assessment.scts), ["valid", "valid"]);
        assert!(rules(&assessment).is_empty());
    }
}

#[test]
fn what_is_signed_for_one_place_does_not_serve_in_another() {
    let good = Good::new();
    let logs = [LogKey::new("one"), LogKey::new("two")];
    let mut seen = timestamped(&good, &logs);
    for sct in &mut seen.handshake.as_mut().unwrap().scts {
        sct.origin = SctOrigin::Tls;
    }
    let assessment = judged(&seen, &public(&good, &logs));
    assert_eq!(words(&assessment.scts), ["invalid", "invalid"]);
}

#[test]
fn without_the_issuer_there_is_no_telling() {
    let good = Good::new();
    let logs = [LogKey::new("one")];
    let handshake = timestamped(&good, &logs).handshake.unwrap();
    let what = |issuer| Timestamped {
        leaf: &handshake.chain[0],
        issuer,
        scts: &handshake.scts,
    };
    let memory = SignatureMemory::new();
    let verdicts = examine(&what(None), &list(&logs), &memory, now());
    assert_eq!(words(&verdicts), ["unverifiable"]);
    let verdicts = examine(&what(Some(&*good.root.certificate)), &list(&logs), &memory, now());
    assert_eq!(words(&verdicts), ["invalid"], "another issuer");
    let verdicts = examine(
        &what(Some(&*good.issuing.certificate)),
        &list(&logs),
        &memory,
        now(),
    );
    assert_eq!(words(&verdicts), ["valid"]);
}

#[test]
fn a_signature_is_verified_once_and_kept_for_the_next_run() {
    let good = Good::new();
    let logs = [LogKey::new("one"), LogKey::new("two")];
    let (seen, stores) = (timestamped(&good, &logs), public(&good, &logs));
    let memory = SignatureMemory::new();
    let judge = |memory: &SignatureMemory| {
        crate::judge(&seen, &model::Evidence::none(), law(&stores), memory, now()).scts
    };
    let first = judge(&memory);
    let known = memory.fresh();
    assert_eq!(known.len(), 4, "two certificates, two timestamps");
    // What is remembered is believed: a memory that says no is proof that nothing was verified again.
    let forged = SignatureMemory::new();
    for mut signature in known {
        signature.valid = !logs.iter().any(|log| {
            list(std::slice::from_ref(log))
                .find(signature.issuer.as_bytes())
                .is_some()
        });
        forged.insert(signature);
    }
    assert_eq!(words(&first), ["valid", "valid"]);
    assert_eq!(words(&judge(&forged)), ["invalid", "invalid"]);
}

#[test]
fn no_private_chain_costs_a_verification() {
    let good = Good::new();
    let logs = [LogKey::new("one")];
    let stores = good.stores().with_logs(list(&logs));
    assert!(judged(&timestamped(&good, &logs), &stores).scts.is_empty());
}

#[test]
fn the_compiled_in_list_has_every_log_with_its_own_key() {
    let logs = Arc::clone(Collection::built_in().logs());
    assert_eq!(logs.len(), 161);
    let read = Logs::parse(include_str!("../../data/ct-logs.toml")).unwrap();
    assert_eq!(read.len(), 161);
    for line in include_str!("../../data/ct-logs.toml").lines() {
        let Some(id) = line.strip_prefix("id = \"") else {
            continue;
        };
        let id = crate::trust_store::lines::digest(id.trim_end_matches('"')).unwrap();
        let log = read.find(&id).unwrap();
        assert_eq!(*Fingerprint::of(&log.key).as_bytes(), id, "{}", log.name);
        let kind = PublicKey::from_der(&log.key).kind;
        assert!(model::signature::is_supported(
            &match kind {
                model::certificate::KeyKind::Rsa { .. } =>
                    model::certificate::SignatureAlgorithm::RsaPkcs1(model::certificate::Hash::Sha256),
                _ => model::certificate::SignatureAlgorithm::Ecdsa(model::certificate::Hash::Sha256),
            },
            &kind
        ));
        assert!(log.apple.is_some() || log.chrome.is_some());
    }
}

#[test]
fn a_list_with_an_unknown_word_names_its_line() {
    let log = "[[log]]\nid = \"x\"\n";
    assert_eq!(Logs::parse(log).err(), Some(2));
    assert_eq!(
        Logs::parse("[[log]]\nname = \"x\"\n").err(),
        Some(1),
        "no identifier"
    );
    assert_eq!(
        Logs::parse("[[log]]\napple = \"fine 2020-01-01T00:00:00Z\"\n").err(),
        Some(2)
    );
}
