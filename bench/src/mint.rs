//! Certificates, minted when a host is first asked for one. In: a [`Host`]. Out: its chain and key.
//!
//! Keys come from a small pool and only the leaf's signature is remembered (some 70 bytes, or 256 for RSA), so that a million hosts
//! are distinct, show the same certificate at every visit, and fit in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{digest, rsa};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SigningKey};

use crate::der;
use crate::host::{Defect, Host, KeyKind, mixed};

const DAY: i64 = 86_400;

/// Everything that hosts' certificates are made from.
pub struct Mint {
    roots: Vec<Authority>,
    stranger: Authority,
    rsa_issuers: Vec<Authority>,
    ecdsa_issuers: Vec<Authority>,
    rsa_keys: Vec<Key>,
    ecdsa_keys: Vec<Key>,
    /// Seconds since 1970 when the farm began.
    now: i64,
    /// Leaf signatures by host, spread over shards; each lock is held for a look-up or an insertion only.
    signatures: Vec<Mutex<HashMap<u32, Box<[u8]>>>>,
}

/// One certification authority.
pub struct Authority {
    name: Vec<u8>,
    key: Key,
    certificate: Vec<u8>,
}

/// A key that signs certificates and handshakes.
pub struct Key {
    pair: Pair,
    spki: Vec<u8>,
    identifier: [u8; 20],
    signer: Arc<dyn SigningKey>,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// The parts of a leaf that the caller chooses.
pub struct LeafPlan<'a> {
    /// `subject`, encoded.
    pub subject: Vec<u8>,
    /// Not before, not after.
    pub validity: (i64, i64),
    /// `serialNumber`, encoded.
    pub serial: Vec<u8>,
    /// `subjectPublicKeyInfo`, encoded.
    pub spki: &'a [u8],
    /// Extensions, each encoded.
    pub extensions: Vec<u8>,
}

impl Mint {
    /// Makes the authorities and the pool of keys: two roots (RSA, ECDSA), three RSA and seven ECDSA intermediates, and a root that
    /// is in no store.
    pub fn new(now: i64) -> Result<Self> {
        let root = |kind, label: &str| Authority::root(kind, label, now);
        let (rsa_root, ecdsa_root) = (
            root(KeyKind::Rsa, "Farm Root R")?,
            root(KeyKind::Ecdsa, "Farm Root E")?,
        );
        let issuers = |parent: &Authority, kind, label: &str, count: u32| {
            (1..=count)
                .map(|number| parent.issuer(kind, &format!("{label}{number}"), now))
                .collect::<Result<Vec<_>>>()
        };
        Ok(Self {
            rsa_issuers: issuers(&rsa_root, KeyKind::Rsa, "Farm R", 3)?,
            ecdsa_issuers: issuers(&ecdsa_root, KeyKind::Ecdsa, "Farm E", 7)?,
            stranger: root(KeyKind::Ecdsa, "Nobody's Root")?,
            roots: vec![rsa_root, ecdsa_root],
            rsa_keys: (0..4).map(|_| Key::rsa()).collect::<Result<_>>()?,
            ecdsa_keys: (0..8).map(|_| Key::ecdsa()).collect::<Result<_>>()?,
            now,
            signatures: (0..64).map(|_| Mutex::default()).collect(),
        })
    }

    /// Seconds since 1970 when the farm began.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The roots that a client should trust, DER.
    pub fn roots(&self) -> impl Iterator<Item = &[u8]> {
        self.roots.iter().map(|root| root.certificate.as_slice())
    }

    /// An intermediate that odd certificates are signed by, and its certificate.
    pub fn odd_issuer(&self) -> (&Authority, &[u8]) {
        let issuer = &self.ecdsa_issuers[0];
        (issuer, &issuer.certificate)
    }

    /// A key that odd certificates are made for.
    pub fn odd_key(&self) -> &Key {
        &self.ecdsa_keys[0]
    }

    /// The chain and key of `host`.
    pub fn certified(&self, host: Host) -> CertifiedKey {
        let (leaf, issuer) = self.leaf(host);
        let mut chain = vec![CertificateDer::from(leaf)];
        if !matches!(host.defect, Some(Defect::SelfSigned | Defect::Incomplete)) {
            chain.push(CertificateDer::from(issuer.certificate.clone()));
        }
        CertifiedKey::new(chain, Arc::clone(&self.key_of(host).signer))
    }

    /// The leaf of `host`, DER, and who signed it (for a self-signed one: who would have).
    pub fn leaf(&self, host: Host) -> (Vec<u8>, &Authority) {
        let (key, issuer) = (self.key_of(host), self.issuer_of(host));
        let name = if host.defect == Some(Defect::WrongName) {
            "elsewhere.farm.test".to_owned()
        } else {
            host.name()
        };
        let drawn = mixed(u64::from(host.id) ^ 0xfa12_0000_0000);
        let mut serial = drawn.to_be_bytes().to_vec();
        serial.extend_from_slice(&mixed(drawn).to_be_bytes());
        serial[0] = serial[0] & 0x7f | 0x40;
        let self_signed = host.defect == Some(Defect::SelfSigned);
        let plan = LeafPlan {
            subject: der::name("Farm", name.as_bytes()),
            validity: self.validity_of(host),
            serial: der::integer(&serial),
            spki: &key.spki,
            extensions: leaf_extensions(&name, host, key, issuer, &serial),
        };
        let (signer, issuer_name) = if self_signed {
            (key, &plan.subject)
        } else {
            (&issuer.key, &issuer.name)
        };
        let body = to_be_signed(&plan, signer.algorithm(), issuer_name);
        let mut shard = self.signatures[host.id as usize % self.signatures.len()]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let signature = shard
            .entry(host.id)
            .or_insert_with(|| signer.sign(&body).into_boxed_slice());
        (
            der::sequence(&[&body, signer.algorithm(), &der::bit_string(signature)]),
            issuer,
        )
    }

    fn key_of(&self, host: Host) -> &Key {
        let pool = if host.key == KeyKind::Rsa {
            &self.rsa_keys
        } else {
            &self.ecdsa_keys
        };
        &pool[host.id as usize % pool.len()]
    }

    fn issuer_of(&self, host: Host) -> &Authority {
        if host.defect == Some(Defect::Untrusted) {
            return &self.stranger;
        }
        let issuers = if host.key == KeyKind::Rsa {
            &self.rsa_issuers
        } else {
            &self.ecdsa_issuers
        };
        &issuers[mixed(u64::from(host.id) ^ 77) as usize % issuers.len()]
    }

    /// Ninety days, 10 to 50 of them gone; a year for the defects of time.
    fn validity_of(&self, host: Host) -> (i64, i64) {
        let begun = self.now - (10 + i64::from(host.id) % 40) * DAY;
        match host.defect {
            Some(Defect::Expired) => (begun - 100 * DAY, begun - 5 * DAY),
            Some(Defect::NotYetValid) => (self.now + 3 * DAY, self.now + 93 * DAY),
            _ => (begun, begun + 90 * DAY),
        }
    }
}

impl Authority {
    fn root(kind: KeyKind, label: &str, now: i64) -> Result<Self> {
        let (key, name) = (Key::of(kind)?, der::name("Farm Trust", label.as_bytes()));
        let body = to_be_signed(&authority_plan(&name, &key, &key, now), key.algorithm(), &name);
        let certificate = der::sequence(&[&body, key.algorithm(), &der::bit_string(&key.sign(&body))]);
        Ok(Self {
            name,
            key,
            certificate,
        })
    }

    fn issuer(&self, kind: KeyKind, label: &str, now: i64) -> Result<Self> {
        let (key, name) = (Key::of(kind)?, der::name("Farm Trust", label.as_bytes()));
        let certificate = self.sign(&authority_plan(&name, &key, &self.key, now));
        Ok(Self {
            name,
            key,
            certificate,
        })
    }

    /// A certificate as planned, signed by this authority, DER.
    pub fn sign(&self, plan: &LeafPlan<'_>) -> Vec<u8> {
        let body = to_be_signed(plan, self.key.algorithm(), &self.name);
        self.seal(&body)
    }

    /// Signs a body as it stands, whatever it holds.
    pub fn seal(&self, body: &[u8]) -> Vec<u8> {
        der::sequence(&[body, self.key.algorithm(), &der::bit_string(&self.key.sign(body))])
    }

    /// Its name, encoded.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl Key {
    fn of(kind: KeyKind) -> Result<Self> {
        if kind == KeyKind::Rsa {
            Self::rsa()
        } else {
            Self::ecdsa()
        }
    }

    fn rsa() -> Result<Self> {
        let pair =
            rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| anyhow!("no RSA key could be made"))?;
        let pkcs8: Pkcs8V1Der<'_> = pair
            .as_der()
            .map_err(|_| anyhow!("an RSA key could not be written"))?;
        let private = PrivatePkcs8KeyDer::from(pkcs8.as_ref().to_vec());
        let algorithm = der::sequence(&[&der::oid(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), &[5, 0]]);
        let public = pair.public_key().as_ref().to_vec();
        Self::new(Pair::Rsa(pair), &algorithm, &public, private)
    }

    fn ecdsa() -> Result<Self> {
        let made = "no ECDSA key could be made";
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| anyhow!(made))?;
        let private =
            PrivatePkcs8KeyDer::from(pair.to_pkcs8v1().map_err(|_| anyhow!(made))?.as_ref().to_vec());
        let (kind, curve) = (
            der::oid(b"\x2a\x86\x48\xce\x3d\x02\x01"),
            der::oid(b"\x2a\x86\x48\xce\x3d\x03\x01\x07"),
        );
        let public = pair.public_key().as_ref().to_vec();
        Self::new(
            Pair::Ecdsa(pair),
            &der::sequence(&[&kind, &curve]),
            &public,
            private,
        )
    }

    fn new(
        pair: Pair,
        algorithm: &[u8],
        public: &[u8],
        private: PrivatePkcs8KeyDer<'static>,
    ) -> Result<Self> {
        let signer =
            any_supported_type(&PrivateKeyDer::Pkcs8(private)).context("rustls does not take the key")?;
        let mut identifier = [0; 20];
        identifier.copy_from_slice(&digest::digest(&digest::SHA256, public).as_ref()[..20]);
        Ok(Self {
            pair,
            spki: der::sequence(&[algorithm, &der::bit_string(public)]),
            identifier,
            signer,
        })
    }

    /// `subjectPublicKeyInfo`, encoded.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The key as a handshake uses it.
    pub fn signer(&self) -> Arc<dyn SigningKey> {
        Arc::clone(&self.signer)
    }

    /// `AlgorithmIdentifier` of its signatures, encoded: RSA PKCS #1 or ECDSA, with SHA-256.
    pub fn algorithm(&self) -> &'static [u8] {
        match self.pair {
            Pair::Rsa(_) => b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00",
            Pair::Ecdsa(_) => b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02",
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .expect("a P-256 key signs anything")
                .as_ref()
                .to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("an RSA-2048 key signs anything");
                signature
            }
        }
    }
}

/// `TBSCertificate` (RFC 5280 section 4.1).
pub fn to_be_signed(plan: &LeafPlan<'_>, algorithm: &[u8], issuer: &[u8]) -> Vec<u8> {
    let validity = der::sequence(&[&der::time(plan.validity.0), &der::time(plan.validity.1)]);
    let extensions = der::element(0xa3, &der::sequence(&[&plan.extensions]));
    let version = [0xa0, 3, 2, 1, 2];
    der::sequence(&[
        &version,
        &plan.serial,
        algorithm,
        issuer,
        &validity,
        &plan.subject,
        plan.spki,
        &extensions,
    ])
}

/// Ten years, a certification authority, signs certificates and CRLs.
fn authority_plan<'a>(name: &[u8], key: &'a Key, parent: &Key, now: i64) -> LeafPlan<'a> {
    let extensions = [
        der::extension(&[0x55, 0x1d, 0x13], true, &[0x30, 3, 1, 1, 0xff]),
        der::extension(&[0x55, 0x1d, 0x0f], true, &[3, 2, 1, 6]),
        der::extension(&[0x55, 0x1d, 0x0e], false, &der::element(4, &key.identifier)),
        der::extension(
            &[0x55, 0x1d, 0x23],
            false,
            &der::sequence(&[&der::element(0x80, &parent.identifier)]),
        ),
    ];
    LeafPlan {
        subject: name.to_vec(),
        validity: (now - 365 * DAY, now + 3650 * DAY),
        serial: der::integer(&key.identifier[..16]),
        spki: &key.spki,
        extensions: extensions.concat(),
    }
}

/// What public authorities put into a leaf: usages, identifiers, AIA, names, policy, CRL, two SCTs.
fn leaf_extensions(name: &str, host: Host, key: &Key, issuer: &Authority, seed: &[u8]) -> Vec<u8> {
    let aia = |method: u8, url: &str| {
        let id = der::oid(&[0x2b, 6, 1, 5, 5, 7, 0x30, method]);
        der::sequence(&[&id, &der::element(0x86, url.as_bytes())])
    };
    let names = [
        der::element(0x82, name.as_bytes()),
        der::element(0x87, &host.address().octets()),
    ];
    let names = if host.defect == Some(Defect::WrongName) {
        names[0].clone()
    } else {
        names.concat()
    };
    let point = der::element(
        0xa0,
        &der::element(0xa0, &der::element(0x86, b"http://c.farm.test/1.crl")),
    );
    let issued = [aia(1, "http://o.farm.test"), aia(2, "http://i.farm.test/")].concat();
    let policy = der::sequence(&[&der::sequence(&[&der::oid(b"\x67\x81\x0c\x01\x02\x01")])]);
    let rsa = host.key == KeyKind::Rsa;
    [
        der::extension(
            &[0x55, 0x1d, 0x0f],
            true,
            if rsa { &[3, 2, 5, 0xa0] } else { &[3, 2, 7, 0x80] },
        ),
        der::extension(
            &[0x55, 0x1d, 0x25],
            false,
            &der::sequence(&[&der::oid(b"\x2b\x06\x01\x05\x05\x07\x03\x01")]),
        ),
        der::extension(&[0x55, 0x1d, 0x13], true, &[0x30, 0]),
        der::extension(&[0x55, 0x1d, 0x0e], false, &der::element(4, &key.identifier)),
        der::extension(
            &[0x55, 0x1d, 0x23],
            false,
            &der::sequence(&[&der::element(0x80, &issuer.key.identifier)]),
        ),
        der::extension(
            b"\x2b\x06\x01\x05\x05\x07\x01\x01",
            false,
            &der::sequence(&[&issued]),
        ),
        der::extension(&[0x55, 0x1d, 0x11], false, &der::sequence(&[&names])),
        der::extension(&[0x55, 0x1d, 0x20], false, &policy),
        der::extension(
            &[0x55, 0x1d, 0x1f],
            false,
            &der::sequence(&[&der::sequence(&[&point])]),
        ),
        der::extension(
            b"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02",
            false,
            &der::element(4, &timestamps(seed)),
        ),
    ]
    .concat()
}

/// A list of two SCTs (RFC 6962 section 3.3) of logs that do not exist: the size is real, the promise is not.
fn timestamps(seed: &[u8]) -> Vec<u8> {
    let mut list = Vec::new();
    for log in 0..2_u64 {
        let drawn = seed
            .iter()
            .fold(log, |state, &byte| mixed(state ^ u64::from(byte)));
        let mut sct = vec![0];
        sct.extend((0..32).map(|at| mixed(log << 8 | at) as u8));
        sct.extend_from_slice(&1_760_000_000_000_u64.to_be_bytes());
        sct.extend_from_slice(&[0, 0, 4, 3]);
        let half = |salt: u64| {
            der::integer(
                &(0..32)
                    .map(|at| mixed(drawn ^ salt << 32 ^ at) as u8 | 1)
                    .collect::<Vec<_>>(),
            )
        };
        let signature = der::sequence(&[&half(1), &half(2)]);
        sct.extend_from_slice(&(signature.len() as u16).to_be_bytes());
        sct.extend_from_slice(&signature);
        list.extend_from_slice(&(sct.len() as u16).to_be_bytes());
        list.extend_from_slice(&sct);
    }
    let mut out = (list.len() as u16).to_be_bytes().to_vec();
    out.extend_from_slice(&list);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::address_of;

    #[test]
    fn a_host_shows_the_same_certificate_at_every_visit_and_no_other_host_does() {
        let mint = Mint::new(1_800_000_000).unwrap();
        let host = Host::at(address_of(0), false);
        assert_eq!(mint.leaf(host).0, mint.leaf(host).0);
        assert_ne!(mint.leaf(host).0, mint.leaf(Host::at(address_of(8), false)).0);
    }
}
