//! Chains made from a seed: authorities with traits of all kinds, leaves under them, chains with gaps, strangers and
//! swapped places, and bytes turned over. The choices are the same at every run; the keys are not.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::certificate::Certificate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints,
};

use crate::corpus::Case;

/// Authorities below the roots.
const AUTHORITIES: usize = 80;
/// Self-signed roots.
const ROOTS: usize = 4;
/// When every chain is judged.
const NOW: &str = "2026-06-01T00:00:00Z";

/// So many chains, each as a case of a server without a name.
pub(crate) fn chains(count: u32) -> Vec<Case> {
    let now: Timestamp = NOW.parse().unwrap();
    let mut dice = Dice(0x6e6f_6c61_7073_6521);
    let forest = Forest::grown(&mut dice);
    let leaf_key = KeyPair::generate().unwrap();
    let case = |number: u32| {
        let (chain, anchor) = forest.chain(&mut dice, &leaf_key);
        Case::generated(format!("generated::{number}"), chain, vec![anchor], now)
    };
    (0..count).map(case).collect()
}

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.throw() >> 33).unwrap() % bound
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

struct Tree {
    certificate: Arc<Certificate>,
    issuer: Issuer<'static, KeyPair>,
    /// Its issuer; roots are their own.
    parent: usize,
}

struct Forest(Vec<Tree>);

impl Forest {
    fn grown(dice: &mut Dice) -> Self {
        let mut trees: Vec<Tree> = Vec::new();
        for number in 0..ROOTS + AUTHORITIES {
            let params = authority(number, dice);
            let key = KeyPair::generate().unwrap();
            // Half of the authorities stand right below a root.
            let parent = match number {
                root if root < ROOTS => root,
                _ if dice.one_in(2) => dice.below(ROOTS),
                _ => dice.below(number),
            };
            let der = if number < ROOTS {
                params.self_signed(&key).unwrap().der().to_vec()
            } else {
                params
                    .signed_by(&key, &trees[parent].issuer)
                    .unwrap()
                    .der()
                    .to_vec()
            };
            trees.push(Tree {
                certificate: Arc::new(Certificate::from_der(der)),
                issuer: Issuer::new(params, key),
                parent,
            });
        }
        Self(trees)
    }

    /// A chain and the anchor it is held against.
    fn chain(&self, dice: &mut Dice, key: &KeyPair) -> (Vec<Arc<Certificate>>, Arc<Certificate>) {
        let mut at = dice.below(self.0.len());
        let leaf = leaf(dice).signed_by(key, &self.0[at].issuer).unwrap();
        let mut chain = vec![Arc::new(Certificate::from_der(leaf.der().to_vec()))];
        while at >= ROOTS {
            chain.push(Arc::clone(&self.0[at].certificate));
            at = self.0[at].parent;
        }
        let anchor = if dice.one_in(12) { dice.below(ROOTS) } else { at };
        if dice.one_in(4) {
            chain.push(Arc::clone(&self.0[dice.below(self.0.len())].certificate));
        }
        if chain.len() > 2 && dice.one_in(6) {
            let place = 1 + dice.below(chain.len() - 1);
            chain.swap(1, place);
        }
        if chain.len() > 1 && dice.one_in(15) {
            chain.remove(1 + dice.below(chain.len() - 1));
        }
        if dice.one_in(6) {
            let place = dice.below(chain.len());
            let mut der = chain[place].der().to_vec();
            let byte = dice.below(der.len());
            der[byte] ^= 1 << dice.below(8);
            chain[place] = Arc::new(Certificate::from_der(der));
        }
        (chain, Arc::clone(&self.0[anchor].certificate))
    }
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

fn authority(number: usize, dice: &mut Dice) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let name = format!("Authority {number}");
    params.distinguished_name.push(DnType::CommonName, name);
    let origin = rcgen::date_time_ymd(2026, 6, 1);
    (params.not_before, params.not_after) = (origin - days(500), origin + days(500));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.use_authority_key_identifier_extension = dice.one_in(2);
    if number < ROOTS {
        return params;
    }
    match dice.below(24) {
        0 => params.is_ca = IsCa::ExplicitNoCa,
        1 => params.is_ca = IsCa::NoCa,
        2 | 3 => params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
        4 => params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)),
        5 => params.not_after = origin - days(1),
        6 => params.not_before = origin + days(1),
        7 => params.key_usages = vec![KeyUsagePurpose::CrlSign],
        8 => params.key_usages = Vec::new(),
        9 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        10 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth],
        11 | 12 => params.name_constraints = Some(constraints(dice)),
        13 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
        _ => {}
    }
    params
}

fn constraints(dice: &mut Dice) -> NameConstraints {
    let mut names = || -> Vec<GeneralSubtree> {
        let all = ["example", "shop.example", "a.shop.example", "other.test", ""];
        let name = |name: &str| GeneralSubtree::DnsName(name.to_owned());
        let address = GeneralSubtree::IpAddress(rcgen::CidrSubnet::V4([192, 0, 2, 0], [255, 255, 255, 0]));
        let one = [vec![name(all[dice.below(all.len())])], vec![address], Vec::new()];
        one[dice.below(3)].clone()
    };
    let (permitted_subtrees, mut excluded_subtrees) = (names(), names());
    if permitted_subtrees.is_empty() && excluded_subtrees.is_empty() {
        excluded_subtrees.push(GeneralSubtree::DnsName("no.example".to_owned()));
    }
    NameConstraints {
        permitted_subtrees,
        excluded_subtrees,
    }
}

fn leaf(dice: &mut Dice) -> CertificateParams {
    let all = [
        "shop.example",
        "a.shop.example",
        "*.shop.example",
        "b.example",
        "other.test",
        "192.0.2.7",
        "198.51.100.1",
        "2001:db8::1",
    ];
    let names: Vec<String> = (0..=dice.below(3))
        .map(|_| all[dice.below(all.len())].to_owned())
        .collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    if dice.one_in(3) {
        params.distinguished_name.push(DnType::CommonName, "shop.example");
    }
    let origin = rcgen::date_time_ymd(2026, 6, 1);
    (params.not_before, params.not_after) = (origin - days(30), origin + days(60));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = dice.one_in(2);
    match dice.below(30) {
        0 => params.not_after = origin - days(1),
        1 => params.not_before = origin + days(1),
        2 => params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        3 => params.extended_key_usages = Vec::new(),
        4 => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        5 => params.is_ca = IsCa::ExplicitNoCa,
        6 => {
            let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
            extension.set_criticality(dice.one_in(2));
            params.custom_extensions.push(extension);
        }
        7 => params.key_usages = vec![KeyUsagePurpose::DigitalSignature],
        8 => params.subject_alt_names.clear(),
        _ => {}
    }
    params
}
