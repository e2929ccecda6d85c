//! Each rule is broken by a change to the facts of a certificate that obeys all of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::certificate::{DistinguishedName, GeneralName, NameConstraints, PolicyConstraints};
use model::untrusted::Untrusted;
use rcgen::DnType;

use super::*;
use crate::path::{Profile, Question, verdicts};
use crate::world::{Authority, corp, now};
use crate::{SignatureMemory, StoreVerdict};

/// Where a rule is asked.
#[derive(Clone, Copy)]
enum Role {
    Leaf,
    Issuer,
    Anchor,
}

/// A chain that obeys every rule: leaf, issuing authority, root.
fn chain() -> [Arc<Certificate>; 3] {
    let root = Authority::root("Root");
    let issuing = root.authority("Issuing");
    let leaf = issuing.leaf_with(&["shop.example"], |params| {
        params.distinguished_name.push(DnType::CommonName, "shop.example");
    });
    [leaf, issuing.certificate, root.certificate]
}

/// What is broken after a change, under the rules for servers and under RFC 5280 alone.
fn broken(role: Role, change: impl Fn(&mut Facts)) -> [Vec<Rule>; 2] {
    let [leaf, issuing, root] = chain();
    [Rules::Web, Rules::Rfc].map(|rules| {
        let certificate = match role {
            Role::Leaf => &leaf,
            Role::Issuer => &issuing,
            Role::Anchor => &root,
        };
        let mut facts = certificate.facts().clone();
        change(&mut facts);
        match role {
            Role::Leaf => broken_by_leaf(&facts, rules),
            Role::Issuer => broken_by_issuer(&facts, false, rules),
            Role::Anchor => broken_by_issuer(&facts, true, rules),
        }
    })
}

fn criticality(facts: &mut Facts, oid: &[u8], critical: bool) {
    let oid = Oid::from_content(oid);
    match facts.extensions.iter_mut().find(|extension| extension.oid == oid) {
        Some(extension) => extension.critical = critical,
        None => facts.extensions.push(model::certificate::Extension {
            oid,
            critical,
            value: 0..0,
        }),
    }
}

fn dns(names: &[&str]) -> Vec<GeneralName> {
    names
        .iter()
        .map(|name| GeneralName::Dns(Untrusted::new(*name)))
        .collect()
}

fn permit(name: GeneralName) -> Option<NameConstraints> {
    Some(NameConstraints {
        permitted: vec![name],
        excluded: Vec::new(),
    })
}

type Change = fn(&mut Facts);

/// Rules of RFC 5280: asked of every certificate under the strict profile.
const RFC: &[(Rule, Role, Change)] = &[
    (Rule::SerialTooLong, Role::Leaf, |facts| {
        facts.serial = [1; 21].into()
    }),
    (Rule::SerialNotPositive, Role::Leaf, |facts| {
        facts.serial = [0].into()
    }),
    (Rule::SerialNotPositive, Role::Issuer, |facts| {
        facts.serial = [0x80, 1].into()
    }),
    (Rule::NotVersion3, Role::Leaf, |facts| facts.version = 1),
    (Rule::AuthorityKeyMissing, Role::Leaf, |facts| {
        facts.authority_key_id = None
    }),
    (Rule::AuthorityKeyMissing, Role::Issuer, |facts| {
        facts.authority_key_id = None
    }),
    (Rule::AuthorityKeyCritical, Role::Anchor, |facts| {
        facts.authority_key_id.clone_from(&facts.subject_key_id);
        criticality(facts, AUTHORITY_KEY, true);
    }),
    (Rule::SubjectKeyCritical, Role::Issuer, |facts| {
        criticality(facts, SUBJECT_KEY, true)
    }),
    (Rule::SubjectKeyMissing, Role::Issuer, |facts| {
        facts.subject_key_id = None
    }),
    (Rule::SubjectEmpty, Role::Issuer, |facts| {
        facts.subject = DistinguishedName::default()
    }),
    (Rule::CertSignWithoutCa, Role::Leaf, |facts| {
        facts.key_usage = Some(KeyUsage(KeyUsage::KEY_CERT_SIGN));
    }),
    (Rule::CaWithoutCertSign, Role::Issuer, |facts| {
        facts.key_usage = Some(KeyUsage(KeyUsage::CRL_SIGN))
    }),
    (Rule::ConstraintsInLeaf, Role::Leaf, |facts| {
        facts.name_constraints = permit(GeneralName::Dns(Untrusted::new("example")));
    }),
    (Rule::ConstraintsEmpty, Role::Issuer, |facts| {
        facts.name_constraints = Some(NameConstraints::default());
    }),
    (Rule::ConstraintsMalformed, Role::Issuer, |facts| {
        facts.name_constraints = permit(GeneralName::Dns(Untrusted::new(".example")));
    }),
    (Rule::ConstraintsMalformed, Role::Issuer, |facts| {
        facts.name_constraints = permit(GeneralName::OddAddress([192, 0, 2, 0, 255, 0, 255, 0].into()));
    }),
    (Rule::ConstraintsMalformed, Role::Issuer, |facts| {
        facts.name_constraints = permit(GeneralName::Email(Untrusted::new("a@b@example.com")));
    }),
    (Rule::ConstraintsMalformed, Role::Issuer, |facts| {
        facts.name_constraints = permit(GeneralName::Uri(Untrusted::new("https://example.com")));
    }),
    (Rule::AltNameNotCritical, Role::Leaf, |facts| {
        facts.subject = DistinguishedName::default()
    }),
    (Rule::DnsNameMalformed, Role::Leaf, |facts| {
        facts.subject_alt_names = Some(dns(&["shop.example", "under_score.example"]));
    }),
];

/// Rules of the CA/Browser Forum: asked where a server is named.
const WEB: &[(Rule, Role, Change)] = &[
    (Rule::AuthorityKeyOdd, Role::Anchor, |facts| {
        facts.authority_key_id = Some([1].into());
        criticality(facts, AUTHORITY_KEY, false);
    }),
    (Rule::BasicConstraintsNotCritical, Role::Anchor, |facts| {
        criticality(facts, &[0x55, 0x1d, 0x13], false);
    }),
    (Rule::PolicyConstraintsNotCritical, Role::Issuer, |facts| {
        facts.policy_constraints = Some(PolicyConstraints::default());
        criticality(facts, &[0x55, 0x1d, 0x24], false);
    }),
    (Rule::AltNameCritical, Role::Leaf, |facts| {
        criticality(facts, &[0x55, 0x1d, 0x11], true)
    }),
    (Rule::WildcardTooWide, Role::Leaf, |facts| {
        facts.subject_alt_names = Some(dns(&["shop.example", "*.example"]));
    }),
    (Rule::CommonNameMisspelt, Role::Leaf, |facts| {
        facts.subject.common_name = Some(Untrusted::new("Shop.Example"));
    }),
    (Rule::CommonNameMisspelt, Role::Leaf, |facts| {
        facts.subject_alt_names = Some(vec![GeneralName::Address("192.168.1.1".parse().unwrap())]);
        facts.subject.common_name = Some(Untrusted::new("192.168.001.001"));
    }),
    (Rule::UsagesMissing, Role::Leaf, |facts| {
        facts.extended_key_usages = None
    }),
    (Rule::UsagesAny, Role::Leaf, |facts| {
        facts.extended_key_usages = Some(vec![Oid::SERVER_AUTH, Oid::ANY_EXTENDED_KEY_USAGE]);
    }),
    (Rule::UsagesCritical, Role::Leaf, |facts| {
        criticality(facts, &[0x55, 0x1d, 0x25], true)
    }),
    (Rule::UsagesInRoot, Role::Anchor, |facts| {
        facts.extended_key_usages = Some(vec![Oid::SERVER_AUTH]);
    }),
    (Rule::ModulusOdd, Role::Leaf, |facts| {
        facts.public_key.kind = KeyKind::Rsa {
            bits: 2052,
            exponent: 65_537,
            pss: false,
        };
    }),
];

#[test]
fn what_obeys_is_not_accused() {
    for role in [Role::Leaf, Role::Issuer, Role::Anchor] {
        assert_eq!(broken(role, |_| {}), [Vec::new(), Vec::new()]);
    }
}

#[test]
fn each_rule_is_said_when_it_is_broken_and_no_other() {
    for (rule, role, change) in RFC {
        assert_eq!(broken(*role, change), [vec![*rule], vec![*rule]]);
    }
    for (rule, role, change) in WEB {
        assert_eq!(broken(*role, change), [vec![*rule], Vec::new()], "{rule:?}");
    }
    let lax = |facts: &mut Facts| {
        facts.name_constraints = permit(GeneralName::Dns(Untrusted::new("example")));
        criticality(facts, &[0x55, 0x1d, 0x1e], false);
    };
    let said = broken(Role::Issuer, lax);
    let rule = Rule::ConstraintsNotCritical;
    assert_eq!(said, [Vec::new(), vec![rule]], "the CA/Browser Forum allows it");
    let tested = RFC.iter().chain(WEB).map(|(rule, ..)| *rule).chain([rule]);
    let all: BTreeSet<Rule> = Rule::ALL.iter().copied().collect();
    assert_eq!(tested.collect::<BTreeSet<_>>(), all);
}

#[test]
fn an_anchor_may_have_any_number_and_no_authority_key() {
    let said = broken(Role::Anchor, |facts| {
        facts.serial = [0].into();
        facts.authority_key_id = None;
        facts
            .extensions
            .retain(|extension| extension.oid.content() != AUTHORITY_KEY);
    });
    assert_eq!(said, [Vec::new(), Vec::new()]);
}

#[test]
fn a_common_name_that_is_none_of_the_names_is_left_alone() {
    let said = broken(Role::Leaf, |facts| {
        facts.subject.common_name = Some(Untrusted::new("Shop of Examples"));
    });
    assert_eq!(said, [Vec::new(), Vec::new()]);
}

#[test]
fn only_the_strict_profile_refuses_for_it() {
    let root = Authority::root("Root");
    let leaf = root.leaf_with(&["shop.example"], |params| {
        params.use_authority_key_identifier_extension = false;
    });
    let (stores, memory) = (corp(&[&root.certificate]), SignatureMemory::new());
    let ask = |profile| -> StoreVerdict {
        let question = Question {
            profile,
            ..Question::of(std::slice::from_ref(&leaf), now())
        };
        verdicts(&question, &stores, &memory).remove(0)
    };
    assert!(ask(Profile::Browser).is_trusted());
    let strict = ask(Profile::Strict);
    let words: Vec<_> = strict.reasons().iter().map(PathReason::word).collect();
    assert_eq!(
        words,
        ["authority-key-id-missing"],
        "one memory serves both profiles"
    );
    assert!(ask(Profile::Browser).is_trusted());
}
