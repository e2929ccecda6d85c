//! CPU time of one judgement: `cargo run --release -p nolapse-assess --example judge_cost`.
//!
//! Prints microseconds for leaves at first sight (one signature check each) and known ones, by one and by six stores,
//! for a chain of leaf, intermediate and a root that is not sent; and what the public stores cost to load.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

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

/// Distinct leaves per measurement.
const LEAVES: u32 = 2_000;
/// Times the built-in store is loaded.
const LOADS: u32 = 50;
/// Times each known leaf is judged again.
const ROUNDS: u32 = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut report = String::new();
    let begun = cpu();
    let public = (0..LOADS).fold(Stores::none(), |_, _| std::hint::black_box(Stores::public()));
    let each = (cpu() - begun).as_secs_f64() * 1e6 / f64::from(LOADS);
    report += &format!("load the six public stores   {each:>8.0} us\n");
    let (root, observations) = world()?;
    let now: Timestamp = "2026-06-01T00:00:00Z".parse()?;
    for count in [1, 6] {
        let mut stores = Stores::none().with_public_store("store 1", vec![Arc::clone(&root)])?;
        for number in 1..count {
            stores = stores.with_public_store(format!("store {}", number + 1), vec![Arc::clone(&root)])?;
        }
        let memory = SignatureMemory::new();
        let first = measure(&observations, 1, &stores, &memory, now);
        let known = measure(&observations, ROUNDS, &stores, &memory, now);
        report += &format!(
            "{count} store(s), first sight      {first:>8.2} us\n{count} store(s), known            {known:>8.2} us\n"
        );
    }
    let refused = measure(&observations, ROUNDS, &public, &SignatureMemory::new(), now);
    report += &format!("refused by the public ones   {refused:>8.2} us\n");
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes())?;
    Ok(())
}

/// CPU time of this thread so far: what Linux counts in nanoseconds, elsewhere the time that passed.
fn cpu() -> Duration {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = counted.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

/// Microseconds per judgement.
fn measure(
    observations: &[Observation],
    rounds: u32,
    stores: &Stores,
    memory: &SignatureMemory,
    now: Timestamp,
) -> f64 {
    let policy = Policy::default();
    let begun = cpu();
    let mut findings = 0;
    for _ in 0..rounds {
        for observation in observations {
            findings += std::hint::black_box(judge(
                observation,
                &Evidence::none(),
                Law {
                    stores,
                    policy: &policy,
                },
                memory,
                now,
            ))
            .findings
            .len();
        }
    }
    std::hint::black_box(findings);
    (cpu() - begun).as_secs_f64() * 1e6 / f64::from(rounds) / f64::from(LEAVES)
}

fn world() -> Result<(Arc<Certificate>, Vec<Observation>), Box<dyn std::error::Error>> {
    let authority = |name: &str| -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(params)
    };
    let (root_key, issuing_key, leaf_key) =
        (KeyPair::generate()?, KeyPair::generate()?, KeyPair::generate()?);
    let root_params = authority("Root")?;
    let root = Arc::new(Certificate::from_der(
        &root_params.self_signed(&root_key)?.der()[..],
    ));
    let root_issuer = Issuer::new(root_params, root_key);
    let issuing_params = authority("Issuing")?;
    let issuing = Arc::new(Certificate::from_der(
        &issuing_params.signed_by(&issuing_key, &root_issuer)?.der()[..],
    ));
    let issuer = Issuer::new(issuing_params, issuing_key);
    let observations = (0..LEAVES).map(|number| {
        let name = format!("h{number}.shop.example");
        let mut params = CertificateParams::new(vec![name.clone(), format!("www.{name}")])?;
        params.not_before = rcgen::date_time_ymd(2026, 5, 1);
        params.not_after = rcgen::date_time_ymd(2026, 7, 30);
        let leaf = Arc::new(Certificate::from_der(
            &params.signed_by(&leaf_key, &issuer)?.der()[..],
        ));
        observation(&name, vec![leaf, Arc::clone(&issuing)])
    });
    Ok((
        root,
        observations.collect::<Result<_, Box<dyn std::error::Error>>>()?,
    ))
}

fn observation(name: &str, chain: Vec<Arc<Certificate>>) -> Result<Observation, Box<dyn std::error::Error>> {
    let identity = Identity::Name(Name::parse(name)?);
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
            identity,
            port: 443,
            server_name: None,
            starttls: StartTls::None,
        }),
        address: None,
        at: "2026-06-01T00:00:00Z".parse()?,
        depth: Depth::Full,
        outcome: Outcome::Handshaken,
        early_plaintext: None,
        handshake: Some(handshake),
        further_handshakes: Vec::new(),
        connections: 1,
        elapsed: Elapsed::default(),
    })
}
