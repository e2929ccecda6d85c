//! Paths: what is accepted and why not, loops and budgets, the independence from memory, and a second opinion.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use model::certificate::Certificate;
use model::finding::{Budget, PathReason};
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose,
    NameConstraints,
};
use rustls::pki_types::{CertificateDer, UnixTime};

use super::{Question, StoreVerdict, Trust, verdicts};
use crate::world::{Authority, Good, corp, day, now, store, valid};
use crate::{SignatureMemory, Stores};

fn ask(
    chain: &[Arc<Certificate>],
    stores: &Stores,
    memory: &SignatureMemory,
    now: Timestamp,
) -> Vec<StoreVerdict> {
    verdicts(&Question::of(chain, now), stores, memory)
}

fn verdict(chain: &[&Arc<Certificate>], stores: &Stores) -> StoreVerdict {
    let chain: Vec<_> = chain.iter().map(|certificate| Arc::clone(certificate)).collect();
    ask(&chain, stores, &SignatureMemory::new(), now()).remove(0)
}

fn words(verdict: &StoreVerdict) -> Vec<&'static str> {
    verdict.reasons().iter().map(PathReason::word).collect()
}

/// The words against a chain whose intermediate was changed.
fn with_intermediate(change: impl FnOnce(&mut CertificateParams)) -> Vec<&'static str> {
    let root = Authority::root("Root");
    let issuing = root.authority_with("Issuing", change);
    let leaf = issuing.leaf(&["shop.example"]);
    words(&verdict(
        &[&leaf, &issuing.certificate],
        &corp(&[&root.certificate]),
    ))
}

#[test]
fn each_defect_of_an_intermediate_has_its_word() {
    let none: Vec<&str> = Vec::new();
    assert_eq!(with_intermediate(|_| {}), none);
    assert_eq!(
        with_intermediate(|params| params.is_ca = IsCa::ExplicitNoCa),
        ["not-ca"]
    );
    assert_eq!(
        with_intermediate(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
        ["key-usage"]
    );
    assert_eq!(with_intermediate(|params| valid(params, -90, -1)), ["expired"]);
    assert_eq!(
        with_intermediate(|params| valid(params, 1, 90)),
        ["not-yet-valid"]
    );
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    assert_eq!(with_intermediate(client), ["extended-key-usage"]);
    let unknown = |params: &mut CertificateParams| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    assert_eq!(with_intermediate(unknown), ["unknown-critical"]);
}

#[test]
fn several_defects_are_all_said_most_telling_first() {
    let said = with_intermediate(|params| {
        valid(params, -90, -1);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    assert_eq!(said, ["expired", "not-ca", "key-usage"]);
}

#[test]
fn path_lengths_count_authorities_and_not_the_self_issued() {
    let root = Authority::root("Root");
    let upper = root.authority_with("Upper", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0))
    });
    let lower = upper.authority("Lower");
    let (direct, deep) = (upper.leaf(&["shop.example"]), lower.leaf(&["shop.example"]));
    let stores = corp(&[&root.certificate]);
    assert!(verdict(&[&direct, &upper.certificate], &stores).is_trusted());
    let refused = verdict(&[&deep, &lower.certificate, &upper.certificate], &stores);
    assert_eq!(words(&refused), ["path-too-long"]);
    let renewed = upper.authority("Upper");
    let leaf = renewed.leaf(&["shop.example"]);
    assert!(
        verdict(&[&leaf, &renewed.certificate, &upper.certificate], &stores).is_trusted(),
        "a new key of its own"
    );
}

#[test]
fn names_must_lie_within_what_is_permitted() {
    let said = |names: &[&str], constraints: NameConstraints| {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| params.name_constraints = Some(constraints));
        let leaf = issuing.leaf(names);
        words(&verdict(
            &[&leaf, &issuing.certificate],
            &corp(&[&root.certificate]),
        ))
    };
    let dns = |name: &str| vec![GeneralSubtree::DnsName(name.to_owned())];
    let permit = |name| NameConstraints {
        permitted_subtrees: dns(name),
        excluded_subtrees: Vec::new(),
    };
    let exclude = |name| NameConstraints {
        permitted_subtrees: Vec::new(),
        excluded_subtrees: dns(name),
    };
    let none: Vec<&str> = Vec::new();
    assert_eq!(said(&["a.example"], permit("example")), none);
    assert_eq!(
        said(&["a.example", "b.other"], permit("example")),
        ["name-constraint"]
    );
    assert_eq!(said(&["a.example"], exclude("a.example")), ["name-constraint"]);
    assert_eq!(said(&["*.example"], exclude("a.example")), ["name-constraint"]);
    assert_eq!(
        said(&["192.0.2.1"], permit("example")),
        none,
        "the constraint is not about addresses"
    );
}

#[test]
fn order_and_superfluous_certificates_change_no_verdict() {
    let root = Authority::root("Root");
    let upper = root.authority("Upper");
    let lower = upper.authority("Lower");
    let leaf = lower.leaf(&["shop.example"]);
    let stranger = Authority::root("Stranger").certificate;
    let stores = corp(&[&root.certificate]);
    let sent = [
        &lower.certificate,
        &upper.certificate,
        &stranger,
        &root.certificate,
    ];
    for shift in 0..sent.len() {
        let mut chain = vec![&leaf];
        chain.extend(sent.iter().cycle().skip(shift).take(sent.len()));
        let Trust::Trusted { path } = verdict(&chain, &stores).outcome else {
            panic!("refused with shift {shift}");
        };
        let wanted = [&leaf, &lower.certificate, &upper.certificate, &root.certificate];
        assert!(path.iter().eq(wanted), "{path:?}");
    }
}

#[test]
fn the_way_through_a_good_certificate_is_found_beside_a_bad_one() {
    let (old, new) = (Authority::root("Old"), Authority::root("New"));
    let issuing = new.authority("Issuing");
    let stale = old.cross_sign_with(&issuing, "Issuing", |params| valid(params, -900, -100));
    let leaf = issuing.leaf(&["shop.example"]);
    let stores = store("old", corp(&[&new.certificate]), &[&old.certificate]);
    let chain = vec![leaf, stale, Arc::clone(&issuing.certificate)];
    let said = ask(&chain, &stores, &SignatureMemory::new(), now());
    assert!(said[0].is_trusted());
    assert_eq!(
        words(&said[1]),
        ["expired"],
        "the store that knows only the old root is refused for it"
    );
}

#[test]
fn an_intermediate_or_an_ended_root_as_an_anchor() {
    let good = Good::new();
    let chain = [&good.leaf, &good.issuing.certificate];
    assert!(verdict(&chain, &corp(&[&good.issuing.certificate])).is_trusted());
    assert!(
        verdict(&[&good.leaf], &corp(&[&good.issuing.certificate])).is_trusted(),
        "sent or not"
    );
    let ended = Authority::root_with("Ended", |params| valid(params, -900, -1));
    let leaf = ended.leaf(&["shop.example"]);
    assert_eq!(
        words(&verdict(&[&leaf], &corp(&[&ended.certificate]))),
        ["expired"]
    );
    assert_eq!(
        words(&verdict(&[&ended.certificate], &corp(&[&ended.certificate]))),
        ["expired"]
    );
}

#[test]
fn a_leaf_is_no_authority_even_when_a_store_holds_it() {
    let good = Good::new();
    let forged = Authority::root_with("shop.example", |params| params.is_ca = IsCa::NoCa);
    let leaf = forged.leaf(&["bank.example"]);
    assert_eq!(
        words(&verdict(&[&leaf], &corp(&[&forged.certificate]))),
        ["not-ca"]
    );
    assert!(verdict(&[&good.leaf, &good.issuing.certificate], &good.stores()).is_trusted());
}

#[test]
fn six_stores_share_one_search_and_one_path() {
    let good = Good::new();
    let one = || vec![Arc::clone(&good.root.certificate)];
    let stores = (0..6).fold(Stores::none(), |stores, number| {
        stores
            .with_public_store(format!("store {number}"), one())
            .unwrap()
    });
    let chain = [Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)];
    let memory = SignatureMemory::new();
    let said = ask(&chain, &stores, &memory, now());
    let paths: Vec<_> = said
        .iter()
        .map(|verdict| match &verdict.outcome {
            Trust::Trusted { path } => Arc::as_ptr(path).cast::<()>(),
            Trust::Refused { reasons } => panic!("{reasons:?}"),
        })
        .collect();
    assert_eq!(paths.len(), 6);
    assert!(paths.iter().all(|path| *path == paths[0]));
    assert_eq!(
        memory.entries().len(),
        2,
        "leaf by issuing and issuing by root, once each"
    );
}

#[test]
fn sixty_five_stores_are_one_too_many() {
    let all = (0..64).fold(Stores::none(), |stores, number| {
        store(&number.to_string(), stores, &[])
    });
    let good = Good::new();
    let chain = [Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)];
    assert_eq!(ask(&chain, &all, &SignatureMemory::new(), now()).len(), 64);
    assert!(all.with_user_store("one more", Vec::new()).is_err());
}

#[test]
fn memory_of_any_size_and_history_changes_no_verdict() {
    let good = Good::new();
    let (tiny, used) = (SignatureMemory::with_capacity(1), SignatureMemory::new());
    let ending = good
        .root
        .authority_with("Ending", |params| valid(params, -400, 20));
    let chains = [
        vec![Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)],
        vec![ending.leaf(&["shop.example"]), Arc::clone(&ending.certificate)],
        vec![Arc::clone(&good.leaf)],
    ];
    let others = corp(&[&Authority::root("Other").certificate]);
    for stores in [good.stores(), others] {
        for days in [0, 19, 21, -500, 21, 0, 5_000, 20] {
            for chain in &chains {
                let fresh = ask(chain, &stores, &SignatureMemory::new(), day(days));
                assert_eq!(ask(chain, &stores, &used, day(days)), fresh, "day {days}");
                assert_eq!(ask(chain, &stores, &tiny, day(days)), fresh, "day {days}");
            }
        }
    }
    let kept = SignatureMemory::new();
    used.entries().into_iter().for_each(|known| kept.insert(known));
    assert_eq!(
        ask(&chains[0], &good.stores(), &kept, now()),
        ask(&chains[0], &good.stores(), &SignatureMemory::new(), now())
    );
    assert!(kept.fresh().is_empty(), "every signature was known");
}

#[test]
fn a_signature_with_unused_bits_is_another_way_to_write_it_and_is_refused() {
    let good = Good::new();
    // Half of all signatures end in a zero bit, which is what makes an unused bit well-formed.
    let leaf = std::iter::repeat_with(|| good.issuing.leaf(&["shop.example"]))
        .find(|leaf| leaf.der().last().is_some_and(|last| last & 1 == 0))
        .unwrap();
    let mut der = leaf.der().to_vec();
    der[leaf.facts().signature.start - 1] = 1;
    let said = verdict(
        &[&crate::world::read(&der), &good.issuing.certificate],
        &good.stores(),
    );
    assert_eq!(words(&said), ["malformed"]);
}

/// Authorities of one name that all certify one another: every certificate may have issued every other.
fn tangle(authorities: usize, certificates: usize) -> Vec<Arc<Certificate>> {
    let all: Vec<Authority> = (0..authorities).map(|_| Authority::root("Tangle")).collect();
    let pairs = all
        .iter()
        .flat_map(|signer| all.iter().map(move |signed| (signer, signed)));
    let crossed = pairs.filter(|(signer, signed)| !std::ptr::eq(*signer, *signed));
    let mut chain = vec![all[0].leaf(&["shop.example"])];
    chain.extend(
        crossed
            .map(|(signer, signed)| signer.cross_sign(signed, "Tangle"))
            .take(certificates),
    );
    chain
}

#[test]
fn a_tangle_of_cross_certificates_ends_within_the_budget() {
    let stores = corp(&[&Authority::root("Other").certificate]);
    for authorities in 2..=6 {
        let chain = tangle(authorities, 16);
        let begun = Instant::now();
        let said = ask(&chain, &stores, &SignatureMemory::new(), now()).remove(0);
        assert!(
            begun.elapsed().as_secs() < 5,
            "{authorities}: {:?}",
            begun.elapsed()
        );
        assert!(!said.reasons().is_empty(), "{authorities}");
    }
    let said = ask(&tangle(5, 16), &stores, &SignatureMemory::new(), now()).remove(0);
    assert_eq!(words(&said), ["too-complex"]);
}

#[test]
fn many_names_under_many_constraints_are_refused_and_not_compared() {
    let subtrees = |count: usize| -> Vec<GeneralSubtree> {
        (0..count)
            .map(|number| GeneralSubtree::DnsName(format!("c{number}.example")))
            .collect()
    };
    let root = Authority::root("Root");
    let issuing = root.authority_with("Issuing", |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: subtrees(1_000),
            excluded_subtrees: Vec::new(),
        });
    });
    let names: Vec<String> = (0..1_000).map(|number| format!("a.c{number}.example")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let leaf = issuing.leaf(&names);
    let said = verdict(&[&leaf, &issuing.certificate], &corp(&[&root.certificate]));
    assert_eq!(
        said.reasons(),
        [PathReason::TooComplex {
            budget: Budget::NameComparisons
        }]
    );
}

/// What is changed in a generated chain: one bit each.
const CHANGES: u32 = 9;

/// A chain of two intermediates with defects by the bits of `number`; true when the anchor is the chain's own root.
fn generated(number: u32) -> (Vec<Arc<Certificate>>, Authority) {
    let has = |bit: u32| number & (1 << bit) != 0;
    let root = Authority::root("Root");
    let upper = root.authority_with("Upper", |params| {
        if has(0) {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }
        if has(1) {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName("shop.example".to_owned())],
                excluded_subtrees: Vec::new(),
            });
        }
        if has(2) {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
    });
    let lower = upper.authority_with("Lower", |params| {
        if has(3) {
            params.is_ca = IsCa::ExplicitNoCa;
        }
        if has(4) {
            valid(params, -90, -1);
        }
    });
    let name = if has(5) { "other.example" } else { "a.shop.example" };
    let leaf = lower.leaf_with(&[name], |params| {
        if has(6) {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
    });
    let mut chain = vec![
        leaf,
        Arc::clone(&lower.certificate),
        Arc::clone(&upper.certificate),
    ];
    if has(7) {
        chain.swap(1, 2);
    }
    if has(8) {
        // A way around the upper intermediate, and with it around the path length, usages and constraints.
        chain.insert(1, root.cross_sign(&lower, "Lower"));
    }
    (chain, root)
}

#[test]
fn a_second_opinion_agrees_on_generated_chains() {
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now().as_second().unsigned_abs()));
    let mut accepted = 0;
    for number in 0..1 << CHANGES {
        let (chain, root) = generated(number);
        let refs: Vec<&Arc<Certificate>> = chain.iter().collect();
        let ours = verdict(&refs, &corp(&[&root.certificate]));
        let der = |certificate: &Arc<Certificate>| CertificateDer::from(certificate.der().to_vec());
        let (leaf, root) = (der(&chain[0]), der(&root.certificate));
        let others: Vec<CertificateDer<'_>> = chain.iter().skip(1).map(der).collect();
        let anchors = [webpki::anchor_from_trusted_cert(&root).unwrap()];
        let leaf = webpki::EndEntityCert::try_from(&leaf).unwrap();
        let theirs = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &others,
            time,
            webpki::KeyUsage::server_auth(),
            None,
            None,
        );
        assert_eq!(
            ours.is_trusted(),
            theirs.is_ok(),
            "{number:09b}: {ours:?} {:?}",
            theirs.err()
        );
        accepted += u32::from(ours.is_trusted());
    }
    assert!(
        (20..400).contains(&accepted),
        "{accepted}: both verdicts must occur often"
    );
}

#[test]
fn the_built_in_store_is_read_whole() {
    let stores = Stores::mozilla();
    assert_eq!(
        stores.list()[0].anchors,
        webpki_root_certs::TLS_SERVER_ROOT_CERTS.len()
    );
    let lock = include_str!("../../../../Cargo.lock");
    let version = format!(
        "name = \"webpki-root-certs\"\nversion = \"{}\"",
        crate::trust_store::MOZILLA_VERSION
    );
    assert!(
        lock.contains(&version),
        "MOZILLA_VERSION and MOZILLA_DATE are stale"
    );
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let root = crate::world::read(der);
        let at = "2026-10-23T00:00:00Z".parse().unwrap();
        let said = ask(&[root], &stores, &SignatureMemory::new(), at).remove(0);
        assert!(said.is_trusted(), "{said:?}");
    }
}
