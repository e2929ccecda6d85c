//! Logs of the tests, with keys made now, and leaves that they have signed.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use jiff::Timestamp;
use model::Observation;
use model::certificate::Certificate;
use model::sct::{LogEntry, Sct, SctOrigin, parse_list};
use rcgen::{CertificateParams, CustomExtension, KeyPair, PublicKeyData as _};

use super::{Log, LogState, Logs, Standing};
use crate::Stores;
use crate::world::{Good, day, observation, with};

/// A log with its private key.
#[derive(Clone)]
pub(crate) struct LogKey {
    key: Arc<KeyPair>,
    log: Log,
}

impl LogKey {
    /// An accepted log, of an operator of its own.
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let spki: Box<[u8]> = key.subject_public_key_info().into();
        let standing = Some(Standing {
            state: LogState::Usable,
            since: day(-1_000),
        });
        let log = Log {
            id: *model::Fingerprint::of(&spki).as_bytes(),
            key: spki,
            operator: Arc::from(name),
            name: Arc::from(name),
            apple: standing,
            chrome: standing,
        };
        Self {
            key: Arc::new(key),
            log,
        }
    }

    pub(crate) fn operated_by(mut self, operator: &str) -> Self {
        self.log.operator = Arc::from(operator);
        self
    }

    /// In this state, for every client.
    pub(crate) fn since(mut self, state: LogState, since: Timestamp) -> Self {
        let standing = Some(Standing { state, since });
        (self.log.apple, self.log.chrome) = (standing, standing);
        self
    }

    /// A serialised timestamp.
    pub(crate) fn sign(&self, entry: &LogEntry, at: Timestamp) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(self.log.id);
        bytes.extend(at.as_millisecond().to_be_bytes());
        bytes.extend([0, 0, 4, 3]);
        let unsigned = Sct {
            origin: SctOrigin::Tls,
            log_id: self.log.id,
            timestamp: None,
            bytes: [&bytes[..], &[0, 0]].concat().into(),
        };
        let message = unsigned.signature(entry).unwrap().message;
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key.serialize_der()).unwrap();
        let signature = key.sign(&SystemRandom::new(), &message).unwrap();
        bytes.extend(u16::try_from(signature.as_ref().len()).unwrap().to_be_bytes());
        bytes.extend(signature.as_ref());
        bytes
    }
}

/// The logs alone.
pub(crate) fn list(logs: &[LogKey]) -> Arc<Logs> {
    Arc::new(Logs::from_list(logs.iter().map(|log| log.log.clone())))
}

/// The stores of the two clients that ask for timestamps, with the good root and these logs.
pub(crate) fn public(good: &Good, logs: &[LogKey]) -> Stores {
    let root = || vec![Arc::clone(&good.root.certificate)];
    Stores::none()
        .with_public_store("Apple", root())
        .and_then(|stores| stores.with_public_store("Chrome", root()))
        .unwrap()
        .with_logs(list(logs))
}

/// A good leaf that these logs have signed 30 days ago.
pub(crate) fn timestamped(good: &Good, logs: &[LogKey]) -> Observation {
    timestamped_leaf(good, logs, |_| {})
}

/// A good leaf that these logs have signed at `at`.
pub(crate) fn timestamped_at(good: &Good, logs: &[LogKey], at: Timestamp) -> Observation {
    embedded(good, logs, at, |_| {})
}

/// A leaf that was issued as the good one was, changed, and signed by these logs 30 days ago.
pub(crate) fn timestamped_leaf(
    good: &Good,
    logs: &[LogKey],
    change: impl Fn(&mut CertificateParams),
) -> Observation {
    embedded(good, logs, day(-30), change)
}

/// The leaf is made twice, the first time as what the logs see: with an empty list in the place of the later one.
fn embedded(
    good: &Good,
    logs: &[LogKey],
    at: Timestamp,
    change: impl Fn(&mut CertificateParams),
) -> Observation {
    let key = KeyPair::generate().unwrap();
    let leaf = |list: &[u8]| {
        let mut content = vec![4];
        match list.len() {
            length @ 0..0x80 => content.push(u8::try_from(length).unwrap()),
            length @ 0x80..0x100 => content.extend([0x81, u8::try_from(length).unwrap()]),
            length => {
                content.push(0x82);
                content.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        content.extend_from_slice(list);
        good.issuing.leaf_of(&key, &["shop.example"], |params| {
            params.serial_number = Some(rcgen::SerialNumber::from(7_u64));
            let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
            params
                .custom_extensions
                .push(CustomExtension::from_oid_content(&oid, content));
            change(params);
        })
    };
    let seen = leaf(&[0, 0]);
    let entry = LogEntry::new(SctOrigin::Certificate, &seen, Some(&good.issuing.certificate)).unwrap();
    let list = serialised(logs.iter().map(|log| log.sign(&entry, at)));
    let leaf = leaf(&list);
    let embedded = |leaf: &Certificate| {
        let range = leaf.facts().embedded_scts.clone().unwrap();
        parse_list(&leaf.der()[range], SctOrigin::Certificate).scts
    };
    with(good.with_leaf(&leaf), |handshake| {
        handshake.scts = embedded(&leaf)
    })
}

/// The good leaf with timestamps beside it.
pub(crate) fn beside(good: &Good, logs: &[LogKey], origin: SctOrigin) -> Observation {
    let entry = LogEntry::Certificate(good.leaf.der().into());
    let list = serialised(logs.iter().map(|log| log.sign(&entry, day(-30))));
    let seen = observation("shop.example", &[&good.leaf, &good.issuing.certificate]);
    with(seen, |handshake| handshake.scts = parse_list(&list, origin).scts)
}

fn serialised(scts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let all: Vec<u8> = scts.flat_map(|sct| vector(&sct)).collect();
    vector(&all)
}
