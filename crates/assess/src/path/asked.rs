//! Tests of what a question may ask beyond the default: purpose, names, policies, depth, revocation, help that was not
//! sent; and of how names are compared.

use std::sync::Arc;

use model::certificate::{Certificate, Oid};
use model::endpoint::Identity;
use model::finding::{KeyWeakness, PathReason, Unknown};
use model::limits;
use model::name::Name;
use model::revocation::RevocationList;
use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, KeyPair,
    NameConstraints,
};

use super::{Policies, Profile, Purpose, Question, StoreVerdict, Strength, Trust, verdicts};
use crate::memory::KnownSignature;
use crate::revocation::minted;
use crate::world::{Authority, Good, corp, now, read, store};
use crate::{SignatureMemory, Stores};

fn ask(question: &Question<'_>, stores: &Stores) -> StoreVerdict {
    verdicts(question, stores, &SignatureMemory::new()).remove(0)
}

fn words(verdict: &StoreVerdict) -> Vec<&'static str> {
    verdict.reasons().iter().map(PathReason::word).collect()
}

fn none() -> Vec<&'static str> {
    Vec::new()
}

fn sent(certificates: &[&Arc<Certificate>]) -> Vec<Arc<Certificate>> {
    certificates
        .iter()
        .map(|certificate| Arc::clone(certificate))
        .collect()
}

#[test]
fn a_client_must_be_meant_and_so_must_its_authorities() {
    let said = |leaf_for: ExtendedKeyUsagePurpose, issuing_for: ExtendedKeyUsagePurpose, purpose| {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| params.extended_key_usages = vec![issuing_for]);
        let leaf = issuing.leaf_with(&["shop.example"], |params| {
            params.extended_key_usages = vec![leaf_for]
        });
        let chain = sent(&[&leaf, &issuing.certificate]);
        let question = Question {
            purpose,
            ..Question::of(&chain, now())
        };
        words(&ask(&question, &corp(&[&root.certificate])))
    };
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, ServerAuth};
    assert_eq!(said(ClientAuth, ClientAuth, Purpose::Client), none());
    assert_eq!(said(ClientAuth, Any, Purpose::Client), none());
    assert_eq!(
        said(ClientAuth, ServerAuth, Purpose::Client),
        ["extended-key-usage"]
    );
    assert_eq!(said(ServerAuth, Any, Purpose::Client), ["extended-key-usage"]);
    assert_eq!(
        said(ClientAuth, ClientAuth, Purpose::Server),
        ["extended-key-usage"; 2]
    );
}

#[test]
fn whoever_is_named_must_be_named_by_the_leaf() {
    let good = Good::new();
    let chain = sent(&[&good.leaf, &good.issuing.certificate]);
    let said = |host: &str| {
        let host = Identity::Name(Name::parse(host).unwrap());
        let question = Question {
            host: Some(&host),
            ..Question::of(&chain, now())
        };
        words(&ask(&question, &good.stores()))
    };
    assert_eq!(said("shop.example"), none());
    assert_eq!(said("other.example"), ["not-named"]);
}

/// Writes `new` over every place of `old`, and lets the memory believe that the issuer signed the result.
fn rewritten(
    leaf: &Certificate,
    old: &[u8],
    new: &[u8],
    issuer: &Certificate,
) -> (Arc<Certificate>, SignatureMemory) {
    let mut der = leaf.der().to_vec();
    let places: Vec<usize> = (0..der.len()).filter(|at| der[*at..].starts_with(old)).collect();
    assert!(!places.is_empty());
    places
        .iter()
        .for_each(|at| der[*at..at + new.len()].copy_from_slice(new));
    let changed = read(&der);
    let memory = SignatureMemory::new();
    memory.insert(KnownSignature {
        child: changed.fingerprint(),
        issuer: issuer.fingerprint(),
        valid: true,
    });
    (changed, memory)
}

#[test]
fn a_weak_key_or_hash_is_held_against_a_named_server() {
    let root = Authority::root("Root");
    let stores = corp(&[&root.certificate]);
    let host = Identity::Name(Name::parse("shop.example").unwrap());
    let said = |leaf: Arc<Certificate>, memory: &SignatureMemory, host| {
        let chain = [leaf];
        let question = Question {
            host,
            ..Question::of(&chain, now())
        };
        verdicts(&question, &stores, memory).remove(0)
    };
    // P-256 becomes P-192 by the last arc of its OID.
    let leaf = root.leaf(&["shop.example"]);
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let p192 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    let (weak, memory) = rewritten(&leaf, &p256, &p192, &root.certificate);
    let verdict = said(Arc::clone(&weak), &memory, Some(&host));
    let weakness = KeyWeakness::Short {
        bits: 192,
        least: 256,
    };
    assert_eq!(
        verdict.reasons(),
        [PathReason::WeakKey {
            certificate: Arc::clone(&weak),
            weakness
        }]
    );
    assert!(said(weak, &memory, None).is_trusted());
}

#[test]
fn a_curve_of_no_browser_is_held_against_a_server_by_public_stores_or_when_strength_is_asked() {
    let root = Authority::root("Root");
    let stores = crate::world::public(&[&root.certificate])
        .with_user_store("corp", vec![Arc::clone(&root.certificate)])
        .unwrap();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let leaf = root.leaf_of(&key, &["shop.example"], |_| {});
    // 1.3.132.0.34 is P-384, 16 is sect283k1: as foreign as secp256k1, and its points are not measured.
    let (leaf, memory) = rewritten(
        &leaf,
        &[0x2b, 0x81, 4, 0, 34],
        &[0x2b, 0x81, 4, 0, 16],
        &root.certificate,
    );
    let chain = [Arc::clone(&leaf)];
    let said = |strength| {
        let question = Question {
            strength,
            ..Question::of(&chain, now())
        };
        let said = verdicts(&question, &stores, &memory);
        said.iter().map(words).collect::<Vec<_>>()
    };
    assert_eq!(said(Strength::NotAsked), [vec!["unsupported-curve"], vec![]]);
    assert_eq!(said(Strength::Asked), [["unsupported-curve"]; 2]);
}

#[test]
fn everything_about_the_leaf_is_said_where_no_path_reaches_an_anchor() {
    let stranger = Authority::root("Stranger");
    let leaf = stranger.leaf_with(&["shop.example"], |params| {
        crate::world::valid(params, -90, -1);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let p256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let p192 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1];
    let (leaf, _) = rewritten(&leaf, &p256, &p192, &stranger.certificate);
    let chain = [leaf];
    let host = Identity::Name(Name::parse("other.example").unwrap());
    let question = Question {
        host: Some(&host),
        ..Question::of(&chain, now())
    };
    let said = ask(&question, &corp(&[&Authority::root("Root").certificate]));
    assert_eq!(
        words(&said),
        [
            "expired",
            "not-named",
            "extended-key-usage",
            "weak-key",
            "issuer-not-sent"
        ]
    );
}

#[test]
fn a_self_signed_leaf_that_was_changed_has_a_wrong_signature() {
    let leaf = crate::world::self_signed(&["shop.example"], |_| {});
    let mut der = leaf.der().to_vec();
    let at = der.windows(4).position(|window| window == b"shop").unwrap();
    der[at] = b'S';
    let chain = [read(&der)];
    let said = ask(
        &Question::of(&chain, now()),
        &corp(&[&Authority::root("Root").certificate]),
    );
    assert_eq!(words(&said), ["bad-signature"]);
    let line = crate::words::path_reason(&said.reasons()[0]);
    assert!(line.ends_with("was not signed by its own key"), "{line}");
}

#[test]
fn a_broken_hash_is_held_against_a_named_server() {
    let rsa = || KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let (mut params, key) = (CertificateParams::default(), rsa());
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = read(params.self_signed(&key).unwrap().der());
    let issuer = rcgen::Issuer::new(params, key);
    let leaf = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    let leaf = read(
        leaf.signed_by(&KeyPair::generate().unwrap(), &issuer)
            .unwrap()
            .der(),
    );
    // sha256WithRSAEncryption becomes sha1WithRSAEncryption by the last arc of its OID.
    let sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b];
    let sha1 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5];
    let (leaf, memory) = rewritten(&leaf, &sha256, &sha1, &root);
    let (chain, stores) = ([leaf], corp(&[&root]));
    let host = Identity::Name(Name::parse("shop.example").unwrap());
    let question = Question {
        host: Some(&host),
        ..Question::of(&chain, now())
    };
    let verdict = verdicts(&question, &stores, &memory).remove(0);
    assert_eq!(words(&verdict), ["weak-signature"]);
}

#[test]
fn depth_counts_authorities_between_leaf_and_anchor() {
    let root = Authority::root("Root");
    let upper = root.authority("Upper");
    let lower = upper.authority("Lower");
    let leaf = lower.leaf(&["shop.example"]);
    let chain = sent(&[&leaf, &lower.certificate, &upper.certificate]);
    let said = |max_depth, anchor: &Authority| {
        let question = Question {
            max_depth,
            ..Question::of(&chain, now())
        };
        words(&ask(&question, &corp(&[&anchor.certificate])))
    };
    assert_eq!(said(Some(2), &root), none());
    assert_eq!(said(Some(1), &root), ["too-deep"]);
    assert_eq!(said(Some(1), &upper), none());
    assert_eq!(said(Some(0), &lower), none());
}

/// An extension of RFC 5280: the last arc of 2.5.29.
fn extension(arc: u64, critical: bool, content: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, arc], content);
    extension.set_criticality(critical);
    extension
}

/// The test policy 1.3.6.1.4.1.99999.n, as an OBJECT IDENTIFIER.
fn policy(number: u8) -> Vec<u8> {
    vec![6, 9, 0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, number]
}

const ANY: [u8; 6] = [6, 4, 0x55, 0x1d, 0x20, 0];

fn sequence(content: Vec<u8>) -> Vec<u8> {
    let mut out = vec![0x30, u8::try_from(content.len()).unwrap()];
    out.extend(content);
    out
}

fn policies(all: &[Vec<u8>]) -> CustomExtension {
    let each = all.iter().flat_map(|policy| sequence(policy.clone())).collect();
    extension(32, false, sequence(each))
}

fn mapping(from: &[u8], to: &[u8]) -> CustomExtension {
    extension(33, true, sequence(sequence([from, to].concat())))
}

/// requireExplicitPolicy after no further certificate.
fn explicit() -> CustomExtension {
    extension(36, true, vec![0x30, 3, 0x80, 1, 0])
}

/// What is said of root, authority and leaf with these extensions.
fn under(
    issuing: Vec<CustomExtension>,
    leaf: Vec<CustomExtension>,
    policies: Policies<'_>,
) -> Vec<&'static str> {
    let root = Authority::root("Root");
    let issuing = root.authority_with("Issuing", |params| params.custom_extensions = issuing);
    let leaf = issuing.leaf_with(&["shop.example"], |params| params.custom_extensions = leaf);
    let chain = sent(&[&leaf, &issuing.certificate]);
    let question = Question {
        policies,
        ..Question::of(&chain, now())
    };
    words(&ask(&question, &corp(&[&root.certificate])))
}

#[test]
fn a_policy_that_is_required_must_be_there_all_the_way() {
    let one = || policies(&[policy(1)]);
    let acceptable = [Oid::from_dotted("1.3.6.1.4.1.99999.1").unwrap()];
    let wanting = Policies {
        acceptable: &acceptable,
        explicit: true,
        ..Policies::ANY
    };
    assert_eq!(under(vec![one()], vec![one()], wanting), none());
    assert_eq!(under(vec![one()], vec![], wanting), ["no-policy"]);
    assert_eq!(under(vec![], vec![one()], wanting), ["no-policy"]);
    assert_eq!(
        under(vec![policies(&[ANY.to_vec()])], vec![one()], wanting),
        none()
    );
    assert_eq!(
        under(vec![one()], vec![policies(&[policy(2)])], wanting),
        ["no-policy"]
    );
    let inhibited = Policies {
        any_inhibited: true,
        ..wanting
    };
    assert_eq!(
        under(vec![policies(&[ANY.to_vec()])], vec![one()], inhibited),
        ["no-policy"]
    );
    assert_eq!(under(vec![], vec![], Policies::ANY), none(), "nobody asks");
    assert_eq!(under(vec![explicit()], vec![], Policies::ANY), ["no-policy"]);
    assert_eq!(under(vec![explicit(), one()], vec![one()], Policies::ANY), none());
}

#[test]
fn policies_are_mapped_unless_that_is_inhibited() {
    let (one, two) = (policy(1), policy(2));
    let issuing = || vec![policies(&[policy(1)]), mapping(&one, &two)];
    let acceptable = [Oid::from_dotted("1.3.6.1.4.1.99999.1").unwrap()];
    let wanting = Policies {
        acceptable: &acceptable,
        explicit: true,
        ..Policies::ANY
    };
    let leaf = || vec![policies(&[policy(2)])];
    assert_eq!(under(issuing(), leaf(), wanting), none());
    let inhibited = Policies {
        mapping_inhibited: true,
        ..wanting
    };
    assert_eq!(under(issuing(), leaf(), inhibited), ["no-policy"]);
    let any = vec![policies(&[policy(1)]), mapping(&one, &ANY)];
    assert_eq!(under(any, leaf(), Policies::ANY), ["any-policy-mapped"]);
}

#[test]
fn policies_that_multiply_do_not_multiply_the_work() {
    let many: Vec<Vec<u8>> = (1..8).map(policy).collect();
    let all_to_all: Vec<u8> = many
        .iter()
        .flat_map(|from| {
            many.iter()
                .flat_map(move |to| sequence([from.as_slice(), to].concat()))
        })
        .collect();
    let length = u16::try_from(all_to_all.len()).unwrap().to_be_bytes();
    let mut mappings = vec![0x30, 0x82];
    mappings.extend(length);
    mappings.extend(all_to_all);
    let traits = |params: &mut CertificateParams| {
        params.custom_extensions = vec![policies(&many), extension(33, false, mappings.clone())];
    };
    let root = Authority::root("Root");
    let mut chain = Vec::new();
    let mut above = root.authority_with("1", traits);
    for number in 2..limits::PATH_LENGTH - 1 {
        let next = above.authority_with(&number.to_string(), traits);
        chain.insert(0, above.certificate);
        above = next;
    }
    chain.insert(0, Arc::clone(&above.certificate));
    chain.insert(
        0,
        above.leaf_with(&["shop.example"], |params| {
            params.custom_extensions = vec![policies(&[policy(7)])];
        }),
    );
    let question = Question {
        policies: Policies {
            explicit: true,
            ..Policies::ANY
        },
        ..Question::of(&chain, now())
    };
    let begun = std::time::Instant::now();
    assert_eq!(words(&ask(&question, &corp(&[&root.certificate]))), none());
    assert!(
        begun.elapsed().as_secs() < 5,
        "a tree would have millions of nodes"
    );
}

#[test]
fn lists_refuse_what_they_have_and_only_strictly_what_they_do_not_cover() {
    let good = Good::new();
    let chain = sent(&[&good.leaf, &good.issuing.certificate]);
    let root_list = minted(&good.root, &[], |_| {});
    let said = |crls: &[Arc<RevocationList>], profile| {
        let question = Question {
            crls,
            profile,
            ..Question::of(&chain, now())
        };
        ask(&question, &good.stores())
    };
    let clean = [minted(&good.issuing, &[], |_| {}), Arc::clone(&root_list)];
    assert_eq!(words(&said(&clean, Profile::Strict)), none());
    let revoking = [minted(&good.issuing, &[&good.leaf], |_| {}), root_list];
    for profile in [Profile::Browser, Profile::Strict] {
        assert_eq!(words(&said(&revoking, profile)), ["revoked"]);
    }
    assert!(said(&clean[..1], Profile::Browser).is_trusted());
    let unknown = said(&clean[..1], Profile::Strict);
    assert_eq!(
        unknown.reasons(),
        [PathReason::StandingUnknown {
            certificate: Arc::clone(&good.issuing.certificate),
            why: Unknown::NothingCovers
        }]
    );
}

#[test]
fn a_known_authority_helps_and_is_seen_to_have_helped() {
    let good = Good::new();
    let chain = sent(&[&good.leaf]);
    let known = sent(&[&good.issuing.certificate]);
    let question = Question {
        known: &known,
        ..Question::of(&chain, now())
    };
    let verdict = ask(&question, &good.stores());
    let unsent: Vec<_> = verdict.unsent(&chain).collect();
    assert_eq!(unsent, [&good.issuing.certificate]);
    let whole = sent(&[&good.leaf, &good.issuing.certificate]);
    let verdict = ask(
        &Question {
            known: &known,
            ..Question::of(&whole, now())
        },
        &good.stores(),
    );
    assert_eq!(
        verdict.unsent(&whole).count(),
        0,
        "neither it nor the root is missing"
    );
}

#[test]
fn what_was_sent_is_preferred_to_what_is_only_known() {
    let (old, new) = (Authority::root("Old"), Authority::root("New"));
    let crossed = old.cross_sign(&new, "New");
    let issuing = new.authority("Issuing");
    let leaf = issuing.leaf(&["shop.example"]);
    // The way by the known cross certificate to the old root, and the longer one that was sent, end in one store.
    let shorter = old.cross_sign(&issuing, "Issuing");
    let chain = sent(&[&leaf, &issuing.certificate, &crossed]);
    let known = sent(&[&shorter]);
    let question = Question {
        known: &known,
        ..Question::of(&chain, now())
    };
    let verdict = ask(&question, &corp(&[&old.certificate]));
    let Trust::Trusted { path } = &verdict.outcome else {
        panic!("{verdict:?}");
    };
    assert_eq!(path.len(), 4);
    assert_eq!(verdict.unsent(&chain).count(), 0);
}

#[test]
fn no_more_candidates_are_looked_at_than_the_limit() {
    let good = Good::new();
    let stranger = Authority::root("Stranger");
    let mut chain = sent(&[&good.leaf]);
    chain.extend((0..limits::PATH_CANDIDATES).map(|number| stranger.leaf(&[&format!("n{number}.example")])));
    chain.push(Arc::clone(&good.issuing.certificate));
    let beyond = ask(&Question::of(&chain, now()), &good.stores());
    assert_eq!(words(&beyond), ["issuer-not-sent"]);
    chain.remove(1);
    assert!(ask(&Question::of(&chain, now()), &good.stores()).is_trusted());
}

#[test]
fn no_more_paths_are_held_against_a_question_than_the_limit() {
    let said = |confined: usize| {
        let root = Authority::root("Root");
        let upper = root.authority("Upper");
        let issuing = upper.authority("Issuing");
        let leaf = issuing.leaf(&["shop.example"]);
        let mut chain = sent(&[&leaf, &issuing.certificate]);
        chain.extend((0..confined).map(|number| {
            root.cross_sign_with(&upper, "Upper", |params| {
                params.name_constraints = Some(NameConstraints {
                    permitted_subtrees: vec![GeneralSubtree::DnsName(format!("n{number}.test"))],
                    excluded_subtrees: Vec::new(),
                });
            })
        }));
        chain.push(Arc::clone(&upper.certificate));
        let question = Question {
            max_depth: Some(5),
            ..Question::of(&chain, now())
        };
        words(&ask(&question, &corp(&[&root.certificate])))
    };
    assert_eq!(said(limits::PATHS_HELD - 1), none());
    assert_eq!(said(limits::PATHS_HELD), ["name-constraint"]);
}

#[test]
fn names_are_the_same_whatever_their_case_spaces_and_encoding() {
    let root = Authority::root_with("x", |params| {
        params.distinguished_name = rcgen::DistinguishedName::new();
        let odd = rcgen::DnValue::PrintableString("Example   ROOT".try_into().unwrap());
        params.distinguished_name.push(DnType::CommonName, odd);
    });
    let plain = Authority::root("example root");
    let leaf = plain.leaf(&["shop.example"]);
    // The leaf names its issuer in another way, and the key is another one: the name alone leads to the anchor.
    let said = words(&ask(
        &Question::of(&sent(&[&leaf]), now()),
        &corp(&[&root.certificate]),
    ));
    assert_eq!(said, ["bad-signature"]);
    let other = Authority::root("example rooot");
    let said = words(&ask(
        &Question::of(&sent(&[&leaf]), now()),
        &corp(&[&other.certificate]),
    ));
    assert_eq!(said, ["issuer-not-sent"]);
}

#[test]
fn directory_names_and_mailboxes_are_confined_too() {
    let said = |subtree: GeneralSubtree, change: &dyn Fn(&mut CertificateParams)| {
        let root = Authority::root("Root");
        let issuing = root.authority_with("Issuing", |params| {
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![subtree],
                excluded_subtrees: Vec::new(),
            });
        });
        let leaf = issuing.leaf_with(&["shop.example"], change);
        let chain = sent(&[&leaf, &issuing.certificate]);
        words(&ask(&Question::of(&chain, now()), &corp(&[&root.certificate])))
    };
    let organisation = |name: &str| {
        let mut directory = rcgen::DistinguishedName::new();
        directory.push(DnType::OrganizationName, name);
        directory
    };
    let shops = || GeneralSubtree::DirectoryName(organisation("Shops"));
    assert_eq!(
        said(shops(), &|params| params.distinguished_name =
            organisation("SHOPS")),
        none()
    );
    assert_eq!(
        said(shops(), &|params| params.distinguished_name =
            organisation("Banks")),
        ["name-constraint"]
    );
    let mailbox = |address: &'static str| {
        move |params: &mut CertificateParams| {
            let email = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
            let address = rcgen::DnValue::Ia5String(address.try_into().unwrap());
            params.distinguished_name.push(email, address);
        }
    };
    let host = || GeneralSubtree::Rfc822Name("example.com".to_owned());
    assert_eq!(said(host(), &mailbox("a@example.com")), none());
    assert_eq!(said(host(), &mailbox("a@other.test")), ["name-constraint"]);
    assert_eq!(said(host(), &mailbox("a@b@example.com")), ["name-constraint"]);
}

#[test]
fn two_stores_two_answers_to_one_question() {
    let good = Good::new();
    let stores = store("other", good.stores(), &[&Authority::root("Other").certificate]);
    let key = KeyPair::generate().unwrap();
    let leaf = good.issuing.leaf_of(&key, &["shop.example"], |_| {});
    let chain = sent(&[&leaf, &good.issuing.certificate]);
    let question = Question {
        max_depth: Some(0),
        ..Question::of(&chain, now())
    };
    let said = verdicts(&question, &stores, &SignatureMemory::new());
    assert_eq!(words(&said[0]), ["too-deep"]);
    assert_eq!(words(&said[1]), ["not-in-store"]);
}
