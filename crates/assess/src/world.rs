//! The world of the tests: authorities and leaves minted now, observations of them, and their judgement at a fixed time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Fingerprint;
use model::certificate::Certificate;
use model::endpoint::{Identity, Service};
use model::evidence::{Evidence, Fetched, FetchedCrl, FetchedIssuer, FetchedOcsp, Unavailable};
use model::finding::{Finding, Severity};
use model::name::Name;
use model::observation::{
    ClientCertificate, Depth, Elapsed, Failure, Handshake, Hello, Observation, Outcome, Proof, Stage,
};
use model::revocation::{OcspReply, RevocationList};
use model::starttls::StartTls;
use model::tls::{CipherSuite, Group, SignatureScheme, Version};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::{Assessment, Law, Policy, SignatureMemory, Stores, judge};

/// When everything is judged unless said otherwise.
pub(crate) fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

/// Some days from [`now`]; negative is before.
pub(crate) fn day(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

/// Sets both ends of a validity, in days from [`now`].
pub(crate) fn valid(params: &mut CertificateParams, from: i64, to: i64) {
    let origin = rcgen::date_time_ymd(2026, 6, 1);
    let span = |days: i64| Duration::from_secs(days.unsigned_abs() * 86_400);
    params.not_before = if from < 0 {
        origin - span(from)
    } else {
        origin + span(from)
    };
    params.not_after = if to < 0 {
        origin - span(to)
    } else {
        origin + span(to)
    };
}

/// An authority with its key.
pub(crate) struct Authority {
    pub(crate) certificate: Arc<Certificate>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A self-signed root of twenty years.
    pub(crate) fn root(name: &str) -> Self {
        Self::root_with(name, |_| {})
    }

    pub(crate) fn root_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = authority_params(name, change);
        let key = KeyPair::generate().unwrap();
        let certificate = read(params.self_signed(&key).unwrap().der());
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Its key.
    pub(crate) fn key(&self) -> &KeyPair {
        self.issuer.key()
    }

    /// What signs for it.
    pub(crate) const fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }

    /// An intermediate below this one.
    pub(crate) fn authority(&self, name: &str) -> Self {
        self.authority_with(name, |_| {})
    }

    pub(crate) fn authority_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let params = authority_params(name, change);
        let key = KeyPair::generate().unwrap();
        let certificate = read(params.signed_by(&key, &self.issuer).unwrap().der());
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Another certificate for the name and key of `other`, signed by this authority.
    pub(crate) fn cross_sign(&self, other: &Self, name: &str) -> Arc<Certificate> {
        self.cross_sign_with(other, name, |_| {})
    }

    pub(crate) fn cross_sign_with(
        &self,
        other: &Self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<Certificate> {
        let params = authority_params(name, change);
        read(params.signed_by(other.issuer.key(), &self.issuer).unwrap().der())
    }

    /// A leaf of 90 days, 60 of which are left.
    pub(crate) fn leaf(&self, names: &[&str]) -> Arc<Certificate> {
        self.leaf_with(names, |_| {})
    }

    pub(crate) fn leaf_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<Certificate> {
        self.leaf_of(&KeyPair::generate().unwrap(), names, change)
    }

    /// A leaf with a key of the caller's.
    pub(crate) fn leaf_of(
        &self,
        key: &KeyPair,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<Certificate> {
        read(
            leaf_params(names, change)
                .signed_by(key, &self.issuer)
                .unwrap()
                .der(),
        )
    }
}

/// A leaf signed by its own key.
pub(crate) fn self_signed(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Arc<Certificate> {
    let key = KeyPair::generate().unwrap();
    read(leaf_params(names, change).self_signed(&key).unwrap().der())
}

fn authority_params(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    valid(&mut params, -3_000, 4_000);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    params
}

fn leaf_params(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    valid(&mut params, -30, 60);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    params
}

/// Reads DER as the prober does.
pub(crate) fn read(der: &[u8]) -> Arc<Certificate> {
    Arc::new(Certificate::from_der(der))
}

/// A full look at TLS 1.3 that proved the key; `name` was asked for.
pub(crate) fn observation(name: &str, chain: &[&Arc<Certificate>]) -> Observation {
    let handshake = Handshake {
        version: Version::TLS13,
        cipher: CipherSuite(0x1301),
        group: Some(Group(29)),
        dh_bits: None,
        alpn: None,
        chain: chain.iter().map(|certificate| Arc::clone(certificate)).collect(),
        chain_dropped: 0,
        staple: None,
        scts: Vec::new(),
        client_certificate: ClientCertificate::NotAsked,
        proof: Proof::Proven(SignatureScheme(0x0403)),
        hello: Hello::Modern,
    };
    Observation {
        handshake: Some(handshake),
        outcome: Outcome::Handshaken,
        ..nothing(name)
    }
}

/// A look that was stopped before TLS showed anything.
pub(crate) fn stopped(stage: Stage, failure: Failure) -> Observation {
    Observation {
        outcome: Outcome::Stopped { stage, failure },
        ..nothing("shop.example")
    }
}

fn nothing(name: &str) -> Observation {
    let identity = match name.parse::<IpAddr>() {
        Ok(address) => Identity::Address(address),
        Err(_) => Identity::Name(Name::parse(name).unwrap()),
    };
    let service = Service {
        identity,
        port: 443,
        server_name: None,
        starttls: StartTls::None,
    };
    Observation {
        service: Arc::new(service),
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        at: now(),
        depth: Depth::Full,
        outcome: Outcome::Handshaken,
        early_plaintext: None,
        handshake: None,
        further_handshakes: Vec::new(),
        connections: 1,
        elapsed: Elapsed::default(),
    }
}

/// Changes the handshake of an observation.
pub(crate) fn with(mut observation: Observation, change: impl FnOnce(&mut Handshake)) -> Observation {
    change(observation.handshake.as_mut().unwrap());
    observation
}

/// One user store, `corp`, that holds these.
pub(crate) fn corp(anchors: &[&Arc<Certificate>]) -> Stores {
    store("corp", Stores::none(), anchors)
}

/// Adds a user store.
pub(crate) fn store(name: &str, stores: Stores, anchors: &[&Arc<Certificate>]) -> Stores {
    stores
        .with_user_store(name, anchors.iter().map(|anchor| Arc::clone(anchor)).collect())
        .unwrap()
}

/// Judges at [`now`] with the default policy and an empty memory.
pub(crate) fn judged(observation: &Observation, stores: &Stores) -> Assessment {
    judge_at(observation, stores, &Policy::default(), now())
}

/// Judges with an empty memory and without evidence.
pub(crate) fn judge_at(
    observation: &Observation,
    stores: &Stores,
    policy: &Policy,
    at: Timestamp,
) -> Assessment {
    let memory = SignatureMemory::new();
    judge(
        observation,
        &Evidence::none(),
        Law { stores, policy },
        &memory,
        at,
    )
}

/// Judges at [`now`] with what third parties said.
pub(crate) fn judge_with(observation: &Observation, stores: &Stores, evidence: &Evidence) -> Assessment {
    judge(observation, evidence, law(stores), &SignatureMemory::new(), now())
}

/// What was asked of third parties about one certificate.
pub(crate) struct Asked {
    of: Fingerprint,
    pub(crate) evidence: Evidence,
}

/// Begins to ask about a certificate.
pub(crate) fn asked(certificate: &Certificate) -> Asked {
    Asked {
        of: certificate.fingerprint(),
        evidence: Evidence::none(),
    }
}

impl Asked {
    fn fetched<T>(outcome: Result<T, Unavailable>) -> Fetched<T> {
        Fetched {
            url: "http://evidence.example/".into(),
            at: now(),
            outcome,
        }
    }

    /// A responder answered.
    pub(crate) fn answer(mut self, reply: Arc<OcspReply>) -> Self {
        let (of, fetched) = (self.of, Self::fetched(Ok(reply)));
        self.evidence.ocsp.push(FetchedOcsp { of, fetched });
        self
    }

    /// A responder did not.
    pub(crate) fn fails(mut self, why: Unavailable) -> Self {
        let (of, fetched) = (self.of, Self::fetched(Err(why)));
        self.evidence.ocsp.push(FetchedOcsp { of, fetched });
        self
    }

    /// A list was fetched.
    pub(crate) fn list(mut self, list: Arc<RevocationList>) -> Self {
        let (of, fetched) = (self.of, Self::fetched(Ok(list)));
        self.evidence.crls.push(FetchedCrl { of, fetched });
        self
    }

    /// The issuer was fetched.
    pub(crate) fn issuer(mut self, issuer: &Arc<Certificate>) -> Self {
        let (of, fetched) = (self.of, Self::fetched(Ok(Arc::clone(issuer))));
        self.evidence.fetched_issuers.push(FetchedIssuer { of, fetched });
        self
    }
}

/// These stores and the default policy.
pub(crate) fn law(stores: &Stores) -> Law<'_> {
    static POLICY: Policy = Policy::DEFAULT;
    Law {
        stores,
        policy: &POLICY,
    }
}

/// The finding of one rule, if it spoke.
pub(crate) fn finding<'a>(assessment: &'a Assessment, rule: &str) -> Option<&'a Finding> {
    assessment.findings.iter().find(|finding| finding.rule == rule)
}

/// The severity with which a rule spoke.
pub(crate) fn severity(assessment: &Assessment, rule: &str) -> Option<Severity> {
    finding(assessment, rule).map(|finding| finding.severity)
}

/// The rules that spoke.
pub(crate) fn rules(assessment: &Assessment) -> Vec<&'static str> {
    assessment.findings.iter().map(|finding| finding.rule).collect()
}

/// Root, intermediate, and a leaf for `shop.example`: all in order.
pub(crate) struct Good {
    pub(crate) root: Authority,
    pub(crate) issuing: Authority,
    pub(crate) leaf: Arc<Certificate>,
}

impl Good {
    pub(crate) fn new() -> Self {
        let root = Authority::root("Example Root");
        let issuing = root.authority("Example Issuing 1");
        let leaf = issuing.leaf(&["shop.example", "www.shop.example"]);
        Self { root, issuing, leaf }
    }

    /// The good chain, observed.
    pub(crate) fn observed(&self) -> Observation {
        observation("shop.example", &[&self.leaf, &self.issuing.certificate])
    }

    /// Another leaf in place of the good one, observed.
    pub(crate) fn with_leaf(&self, leaf: &Arc<Certificate>) -> Observation {
        observation("shop.example", &[leaf, &self.issuing.certificate])
    }

    pub(crate) fn stores(&self) -> Stores {
        corp(&[&self.root.certificate])
    }

    /// Judges a leaf that was issued as the good one was, changed.
    pub(crate) fn judged_leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Assessment {
        let leaf = self.issuing.leaf_with(&["shop.example"], change);
        judged(&self.with_leaf(&leaf), &self.stores())
    }
}
