//! CPU time of verdicts: `cargo run --release -p nolapse-assess --example judge_cost`.
//!
//! Prints microseconds, the least of several rounds, for six stores together that hold the public roots and one of the
//! test's: a chain never seen, a new leaf under known intermediates, and the very chain judged before; each as the
//! stores' verdicts alone and with all rules; beside them rustls-webpki, which judges one store and one chain.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use assess::path::{Question, verdicts};
use assess::{Law, Policy, SignatureMemory, Stores, judge};
use jiff::Timestamp;
use model::certificate::Certificate;
use model::endpoint::{Identity, Service};
use model::evidence::Evidence;
use model::name::Name;
use model::observation::{ClientCertificate, Depth, Elapsed, Handshake, Hello, Observation, Outcome, Proof};
use model::starttls::StartTls;
use model::tls::{CipherSuite, SignatureScheme, Version};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};

type Failed = Box<dyn std::error::Error>;
type Chain = Vec<Arc<Certificate>>;

/// Distinct leaves, and authorities above them, per measurement.
const CHAINS: u32 = 400;
/// Rounds, of which the least counts.
const ROUNDS: u32 = 7;
/// Stores asked together.
const STORES: u32 = 6;
/// When everything is judged.
const NOW: &str = "2026-11-01T00:00:00Z";

fn main() -> Result<(), Failed> {
    let now: Timestamp = NOW.parse()?;
    let root = Root::new()?;
    let stores = root.stores()?;
    let mut report = format!(
        "{STORES} stores of {} anchors each, us a chain\n",
        root.anchors().len()
    );
    let load = least(ROUNDS, || {
        let begun = cpu();
        std::hint::black_box(Stores::mozilla());
        Ok(cpu() - begun)
    })?;
    report += &line("load the built-in store", load);
    for rules in [Rules::None, Rules::All] {
        let never = least(ROUNDS, || {
            // Everything is new: authorities, leaves, and the memory.
            let chains = root.apart()?;
            measure(&chains, rules, &stores, &SignatureMemory::new(), now)
        })?;
        let (mut fresh, mut again) = (Duration::MAX, Duration::MAX);
        let issuing = root.issuing()?;
        for _ in 0..ROUNDS {
            let memory = SignatureMemory::new();
            measure(&issuing.chains(1)?, rules, &stores, &memory, now)?;
            let chains = issuing.chains(CHAINS)?;
            fresh = fresh.min(measure(&chains, rules, &stores, &memory, now)?);
            for _ in 0..ROUNDS {
                again = again.min(measure(&chains, rules, &stores, &memory, now)?);
            }
        }
        report += &line(&format!("{}: chain never seen", rules.word()), never / CHAINS);
        report += &line(
            &format!("{}: new leaf, intermediate known", rules.word()),
            fresh / CHAINS,
        );
        report += &line(&format!("{}: judged before", rules.word()), again / CHAINS);
    }
    let theirs = least(ROUNDS, || webpki_time(&root, now))?;
    report += &line("rustls-webpki: one store, each chain", theirs / CHAINS);
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    Ok(())
}

fn line(what: &str, time: Duration) -> String {
    format!("{what:<44}{:>9.2}\n", time.as_secs_f64() * 1e6)
}

fn least(rounds: u32, mut once: impl FnMut() -> Result<Duration, Failed>) -> Result<Duration, Failed> {
    let mut least = Duration::MAX;
    for _ in 0..rounds {
        least = least.min(once()?);
    }
    Ok(least)
}

/// Whether the rules are asked beside the stores.
#[derive(Clone, Copy)]
enum Rules {
    None,
    All,
}

impl Rules {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "verdicts",
            Self::All => "with rules",
        }
    }
}

/// CPU time of this thread so far: what Linux counts in nanoseconds, elsewhere the time that passed.
fn cpu() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

/// The time for all chains.
fn measure(
    chains: &[Chain],
    rules: Rules,
    stores: &Stores,
    memory: &SignatureMemory,
    now: Timestamp,
) -> Result<Duration, Failed> {
    let policy = Policy::default();
    let law = Law {
        stores,
        policy: &policy,
    };
    let observations: Vec<Observation> = chains
        .iter()
        .map(|chain| observation(chain.clone()))
        .collect::<Result<_, _>>()?;
    let begun = cpu();
    for (chain, observation) in chains.iter().zip(&observations) {
        match rules {
            Rules::None => {
                let said = verdicts(&Question::of(chain, now), stores, memory);
                if !std::hint::black_box(said).iter().all(|said| said.is_trusted()) {
                    return Err("a store refuses".into());
                }
            }
            Rules::All => {
                std::hint::black_box(judge(observation, &Evidence::none(), law, memory, now));
            }
        }
    }
    Ok(cpu() - begun)
}

fn webpki_time(root: &Root, now: Timestamp) -> Result<Duration, Failed> {
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.as_second().unsigned_abs()));
    let anchors: Vec<CertificateDer<'_>> = root
        .anchors()
        .iter()
        .map(|anchor| CertificateDer::from(anchor.der().to_vec()))
        .collect();
    let anchors: Vec<TrustAnchor<'_>> = anchors
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<_, _>>()?;
    let chains = root.issuing()?.chains(CHAINS)?;
    let begun = cpu();
    for chain in &chains {
        let mut ders = chain
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der()));
        let leaf = ders.next().ok_or("no leaf")?;
        let others: Vec<CertificateDer<'_>> = ders.collect();
        webpki::EndEntityCert::try_from(&leaf)?.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &others,
            time,
            webpki::KeyUsage::server_auth(),
            None,
            None,
        )?;
    }
    Ok(cpu() - begun)
}

/// The root of the test, and the public ones.
struct Root {
    certificate: Arc<Certificate>,
    issuer: Issuer<'static, KeyPair>,
    public: Chain,
}

/// An authority below it.
struct Issuing {
    certificate: Arc<Certificate>,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
}

impl Root {
    fn new() -> Result<Self, Failed> {
        let (params, key) = (authority("Root")?, KeyPair::generate()?);
        let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter();
        Ok(Self {
            certificate: Arc::new(Certificate::from_der(&params.self_signed(&key)?.der()[..])),
            issuer: Issuer::new(params, key),
            public: public
                .map(|der| Arc::new(Certificate::from_der(der.as_ref())))
                .collect(),
        })
    }

    fn anchors(&self) -> Chain {
        self.public.iter().chain([&self.certificate]).cloned().collect()
    }

    fn stores(&self) -> Result<Stores, Failed> {
        let mut stores = Stores::none();
        for number in 1..=STORES {
            stores = stores.with_public_store(format!("store {number}"), self.anchors())?;
        }
        Ok(stores)
    }

    fn issuing(&self) -> Result<Issuing, Failed> {
        let (params, key) = (authority("Issuing")?, KeyPair::generate()?);
        Ok(Issuing {
            certificate: Arc::new(Certificate::from_der(
                &params.signed_by(&key, &self.issuer)?.der()[..],
            )),
            issuer: Issuer::new(params, key),
            leaf_key: KeyPair::generate()?,
        })
    }

    /// Chains that have nothing in common but the root.
    fn apart(&self) -> Result<Vec<Chain>, Failed> {
        let mut chains = Vec::new();
        for _ in 0..CHAINS {
            chains.extend(self.issuing()?.chains(1)?);
        }
        Ok(chains)
    }
}

impl Issuing {
    fn chains(&self, count: u32) -> Result<Vec<Chain>, Failed> {
        let chain = |number: u32| -> Result<Chain, Failed> {
            let name = format!("h{number}.shop.example");
            let mut params = CertificateParams::new(vec![name.clone(), format!("www.{name}")])?;
            params.not_before = rcgen::date_time_ymd(2026, 10, 1);
            params.not_after = rcgen::date_time_ymd(2026, 12, 30);
            params.use_authority_key_identifier_extension = true;
            let leaf = Certificate::from_der(&params.signed_by(&self.leaf_key, &self.issuer)?.der()[..]);
            Ok(vec![Arc::new(leaf), Arc::clone(&self.certificate)])
        };
        (0..count).map(chain).collect()
    }
}

fn authority(name: &str) -> Result<CertificateParams, Failed> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(params)
}

fn observation(chain: Chain) -> Result<Observation, Failed> {
    let handshake = Handshake {
        version: Version::TLS13,
        cipher: CipherSuite(0x1301),
        group: None,
        dh_bits: None,
        alpn: None,
        chain,
        chain_dropped: 0,
        staple: None,
        scts: Vec::new(),
        client_certificate: ClientCertificate::NotAsked,
        proof: Proof::Proven(SignatureScheme(0x0403)),
        hello: Hello::Modern,
    };
    Ok(Observation {
        service: Arc::new(Service {
            identity: Identity::Name(Name::parse("h1.shop.example")?),
            port: 443,
            server_name: None,
            starttls: StartTls::None,
        }),
        address: None,
        at: NOW.parse()?,
        depth: Depth::Full,
        outcome: Outcome::Handshaken,
        early_plaintext: None,
        handshake: Some(handshake),
        further_handshakes: Vec::new(),
        connections: 1,
        elapsed: Elapsed::default(),
    })
}
