//! `trust-stores update`: a bundle comes in, is verified, and replaces the set in use.
//!
//! Nothing is replaced before the checksum or signature fits, every root in it is what its SHA-256 says, and no store in it
//! is older than the one in use. Where it comes from is not believed: whoever runs this names what it must be.

use std::io::Read as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use assess::{Collection, words};
use ipnet::IpNet;
use jiff::civil::Date;
use model::evidence::Unavailable;
use model::{Fingerprint, limits, untrusted};

use net::http::{Bounds, Client, Response};
use net::{Caps, Network, Permits};

use super::installed::{self, Age};
use super::minisign;
use crate::file;

/// Arguments of `trust-stores update`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("proof").required(true).multiple(false))]
pub(super) struct Args {
    /// The bundle: a file that `trust-stores export` wrote, its URL, or - for standard input
    #[arg(value_name = "FILE|URL")]
    source: String,

    /// The SHA-256 that the bundle must have, in hexadecimal
    #[arg(long, value_name = "SHA256", group = "proof")]
    checksum: Option<String>,

    /// A file with an Ed25519 signature over the bundle: minisign's (`minisign -S -l`), or base64
    #[arg(long, value_name = "FILE", group = "proof", requires = "key")]
    signature: Option<PathBuf>,

    /// The public key of the signature: base64, or a file of minisign
    #[arg(long, value_name = "KEY", requires = "signature")]
    key: Option<String>,

    /// Take a set with a store that is older than the one in use
    #[arg(long)]
    allow_older: bool,
}

/// Runs it; the lines to say when it is done.
pub(super) fn run(args: &Args) -> anyhow::Result<String> {
    let bundle = read(&args.source)?;
    prove(args, &bundle)?;
    let shown = untrusted::shown(&args.source);
    let taken = Collection::from_bundle(&bundle).map_err(|error| anyhow::anyhow!("{shown}: {error}"))?;
    check_dates(&taken, super::today()).with_context(|| shown.clone())?;
    let age = settle(&taken, &installed::collection(), args.allow_older)?;
    let place = installed::install(&bundle, age)?;
    let place = untrusted::shown(&place.display().to_string());
    Ok(format!("{}kept in {place}", super::shown_lines(&taken.summary())))
}

/// Refuses lists of the future: one of them would count as newer than every honest one that follows. A day's difference
/// is a clock's or a time zone's.
fn check_dates(taken: &Collection, today: Date) -> anyhow::Result<()> {
    let latest = today.tomorrow().unwrap_or(today);
    let ahead = taken.lists().iter().find(|list| list.date > latest);
    if let Some(list) = ahead {
        bail!(
            "the store {} in it is of {}, which is to come (today is {today}): see that this machine's clock is right",
            untrusted::shown(&list.name),
            list.date
        );
    }
    Ok(())
}

/// Whether a set may take the place of the one in use, and how it is then believed.
fn settle(taken: &Collection, in_use: &Collection, allow_older: bool) -> anyhow::Result<Age> {
    let older: Vec<_> = taken
        .older_than(in_use)
        .map(|(theirs, ours)| format!("{} of {} (in use: {})", theirs.name, theirs.date, ours.date))
        .collect();
    if older.is_empty() {
        return Ok(Age::Newer);
    }
    if !allow_older {
        bail!(
            "it has older stores than those in use: {}; --allow-older takes them all the same",
            untrusted::shown(&older.join(", "))
        );
    }
    Ok(Age::Pinned)
}

fn read(source: &str) -> anyhow::Result<Vec<u8>> {
    if source.contains("://") {
        return fetch(source);
    }
    if source == "-" {
        let mut bytes = Vec::new();
        let most = limits::TRUST_BUNDLE_BYTES;
        std::io::stdin().lock().take(most + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    read_file(Path::new(source))
}

/// Fetches a URL that the user named, wherever it leads: a mirror in a closed network is the usual case, and what comes is
/// believed for its checksum or signature only.
fn fetch(url: &str) -> anyhow::Result<Vec<u8>> {
    let everywhere = vec![
        IpNet::new(Ipv4Addr::UNSPECIFIED.into(), 0)?,
        IpNet::new(Ipv6Addr::UNSPECIFIED.into(), 0)?,
    ];
    let bounds = Bounds {
        body_bytes: usize::try_from(limits::TRUST_BUNDLE_BYTES)?,
        within: limits::FETCH,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let network = Network::new(net::Settings::default(), Permits::new(Caps::default()));
    let fetched = runtime.block_on(Client::new(everywhere).get(&network, url, bounds));
    let body = fetched.and_then(Response::success);
    body.map_err(|error| {
        let why = words::unavailable(&Unavailable::Http(error));
        anyhow::anyhow!("{}: {why}", untrusted::shown(url))
    })
}

fn read_file(path: &Path) -> anyhow::Result<Vec<u8>> {
    file::read_bounded(path, limits::TRUST_BUNDLE_BYTES).map_err(|error| {
        anyhow::anyhow!(
            "{}: {}",
            untrusted::shown(&path.display().to_string()),
            file::reason(&error)
        )
    })
}

fn prove(args: &Args, bundle: &[u8]) -> anyhow::Result<()> {
    if let Some(checksum) = &args.checksum {
        let wanted = checksum.trim().to_ascii_lowercase().replace(':', "");
        if wanted.len() != 64 || !wanted.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            bail!("--checksum: expected the 64 hexadecimal digits of a SHA-256");
        }
        let found = Fingerprint::of(bundle).to_string();
        if found != wanted {
            bail!("the bundle is another one: its SHA-256 is {found}");
        }
        return Ok(());
    }
    let (Some(signature), Some(key)) = (&args.signature, &args.key) else {
        bail!("--checksum, or --signature and --key, say which bundle is meant");
    };
    let text = |path: &Path| read_file(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let key = if Path::new(key).is_file() {
        text(Path::new(key))?
    } else {
        key.clone()
    };
    minisign::verify(&key, &text(signature)?, bundle)
        .with_context(|| untrusted::shown(&signature.display().to_string()))
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// What is compiled in, with a Mozilla store of the year before.
    pub(in super::super) fn older() -> Collection {
        let bundle = Collection::built_in().to_bundle();
        let find = |wanted: &[u8]| {
            bundle
                .windows(wanted.len())
                .position(|window| window == wanted)
                .unwrap()
        };
        let mut bundle = bundle.clone();
        let place = find(b"name = \"Mozilla\"");
        let date = bundle
            .get(place..)
            .unwrap()
            .windows(8)
            .position(|window| window == b"date = \"")
            .unwrap();
        let year = place + date + 8;
        bundle.get_mut(year..year + 4).unwrap().copy_from_slice(b"2025");
        let end = bundle.len() - 72;
        let seal = format!("sha256 {}\n", Fingerprint::of(bundle.get(..end).unwrap()));
        bundle.truncate(end);
        bundle.extend(seal.bytes());
        Collection::from_bundle(&bundle).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_the_future_is_refused_and_one_of_tomorrow_is_not() {
        // Chrome's list, of 2026-11-21, is the newest one.
        let set = Collection::built_in();
        let said = |today: &str| check_dates(&set, today.parse().unwrap()).map_err(|error| error.to_string());
        assert_eq!(said("2026-11-21"), Ok(()));
        assert_eq!(said("2026-11-20"), Ok(()));
        let refused = said("2026-11-19").unwrap_err();
        assert!(refused.contains("Chrome in it is of 2026-11-21"), "{refused}");
    }

    #[test]
    fn an_older_store_is_refused_by_name_and_date() {
        let (old, new) = (testing::older(), Collection::built_in());
        let refused = settle(&old, &new, false).unwrap_err().to_string();
        assert!(
            refused.contains("Mozilla of 2025-10-23 (in use: 2026-10-23)"),
            "{refused}"
        );
        assert_eq!(settle(&old, &new, true).unwrap(), Age::Pinned);
        assert_eq!(settle(&new, &old, false).unwrap(), Age::Newer);
    }
}
