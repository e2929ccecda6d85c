//! Runs the farm and writes into a folder what a harness needs: targets, roots, the truth, ports.
//!
//! Prints one JSON line when it is ready. Then each line on standard input is answered by one JSON line with the connections accepted
//! by each port so far; the end of standard input ends the farm, so that it never outlives who started it.

use std::fs::File;
use std::io::{BufRead, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use farm::behaviour::{Behaviour, Farm};
use farm::host::{Host, KeyKind, address_of};
use farm::mint::Mint;
use farm::serve::Port;
use farm::{odd, serve};
use serde_json::{Value, json};
use testkit::hostile::{self, Kind};

/// A farm of distinct TLS hosts on 127.0.0.0/8
#[derive(Parser)]
struct Arguments {
    /// Hosts in the lists (every loopback address answers, listed or not)
    #[arg(long, default_value_t = 10_000)]
    hosts: u32,
    /// Folder for the lists
    #[arg(long)]
    dir: PathBuf,
    /// Threads
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// First port; 0 takes free ones
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Every host has an ECDSA key
    #[arg(long)]
    ecdsa_only: bool,
    /// Do not compute the truth file
    #[arg(long)]
    no_truth: bool,
    /// How long hosts on the slow port think, in milliseconds
    #[arg(long, default_value_t = 200)]
    delay_ms: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let mint = Mint::new(now)?;
    let farm = Arc::new(Farm {
        odd: odd::cases(&mint),
        mint,
        ecdsa_only: arguments.ecdsa_only,
        delay: Duration::from_millis(arguments.delay_ms),
        configs: serve::configs()?,
    });
    let ports = serve::start(&farm, arguments.workers, arguments.port)?;
    let hole = serve::hole()?;
    std::fs::create_dir_all(&arguments.dir)
        .with_context(|| format!("{} cannot be made", arguments.dir.display()))?;
    write_lists(&arguments, &farm, &ports)?;
    let bomb = hostile::start(Kind::CompressionBomb {
        claimed_bytes: 16_000_000,
    })?;
    let description = description(
        &arguments,
        &farm,
        &ports,
        &[("hole", hole.0), ("bomb", bomb.address().port())],
    );
    std::fs::write(
        arguments.dir.join("farm.json"),
        serde_json::to_string_pretty(&description)?,
    )?;

    let mut out = std::io::stdout();
    writeln!(out, "{}", json!({"ready": arguments.dir}))?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let accepted = ports.iter().map(|port| {
            (
                port.behaviour.word(),
                json!(port.accepted.load(Ordering::Relaxed)),
            )
        });
        writeln!(out, "{}", Value::Object(accepted.collect()))?;
    }
    Ok(())
}

fn description(arguments: &Arguments, farm: &Farm, ports: &[Port], further: &[(&str, u16)]) -> Value {
    let mut numbers: serde_json::Map<_, _> = ports
        .iter()
        .map(|port| (port.behaviour.word(), json!(port.number)))
        .collect();
    numbers.extend(
        further
            .iter()
            .map(|(word, number)| ((*word).to_owned(), json!(number))),
    );
    let odd = farm.odd.iter().enumerate().map(
        |(index, case)| json!({"name": case.name, "group": case.group, "address": odd::address_of(index)}),
    );
    json!({
        "hosts": arguments.hosts,
        "ecdsa_only": arguments.ecdsa_only,
        "ports": numbers,
        "odd": odd.collect::<Vec<_>>(),
    })
}

/// `targets.txt` (name@address:port), `addresses.txt` (address:port), `roots.pem`, `truth.csv`.
fn write_lists(arguments: &Arguments, farm: &Farm, ports: &[Port]) -> Result<()> {
    let port = ports
        .iter()
        .find(|port| port.behaviour == Behaviour::Tls)
        .context("no TLS port")?
        .number;
    let create = |name: &str| -> Result<BufWriter<File>> {
        let path: &Path = &arguments.dir.join(name);
        Ok(BufWriter::new(File::create(path).with_context(|| {
            format!("{} cannot be written", path.display())
        })?))
    };
    let mut roots = create("roots.pem")?;
    for der in farm.mint.roots() {
        let text = STANDARD.encode(der);
        writeln!(roots, "-----BEGIN CERTIFICATE-----")?;
        for line in text.as_bytes().chunks(64) {
            roots.write_all(line)?;
            writeln!(roots)?;
        }
        writeln!(roots, "-----END CERTIFICATE-----")?;
    }
    roots.flush()?;
    let (mut targets, mut addresses, mut truth) = (
        create("targets.txt")?,
        create("addresses.txt")?,
        create("truth.csv")?,
    );
    writeln!(truth, "address,name,key,versions,defect,sha256")?;
    for index in 0..arguments.hosts {
        let host = Host::at(address_of(index), arguments.ecdsa_only);
        let (address, name) = (host.address(), host.name());
        writeln!(targets, "{name}@{address}:{port}")?;
        writeln!(addresses, "{address}:{port}")?;
        if !arguments.no_truth {
            let fingerprint = digest(&SHA256, &farm.mint.leaf(host).0);
            let hex: String = fingerprint
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let key = if host.key == KeyKind::Rsa { "rsa" } else { "ecdsa" };
            let defect = host.defect.map_or("", farm::host::Defect::word);
            writeln!(
                truth,
                "{address},{name},{key},{},{defect},{hex}",
                host.versions.word()
            )?;
        }
    }
    targets.flush()?;
    addresses.flush()?;
    Ok(truth.flush()?)
}
