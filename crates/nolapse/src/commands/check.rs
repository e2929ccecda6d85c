//! `check`: one endpoint as a monitoring plugin. A line with performance data, lines below it where there is more than
//! one finding, exit status 0, 1, 2 or 3. Wrong usage is one line.
//!
//! Every address of a name is looked at, and the worst of them is said. By the guidelines of monitoring plugins a server
//! that cannot be reached is CRITICAL; UNKNOWN is left for what is our own trouble: wrong usage, no descriptors, a bug.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use assess::revocation::{RevocationVerdict, Said};
use assess::{Policy, SignatureMemory, words};
use jiff::Timestamp;
use model::endpoint::Identity;
use model::observation::{Failure, Outcome};
use model::target::{Ranges, Target};
use model::{Service, Severity, Status, untrusted};
use net::{Caps, Network, Permits};
use probe::{KeysShown, Prober};
use tokio::task::JoinSet;

use crate::commands::looking::Looking;
use crate::report::causes;
use crate::{Exit, file, say, text};
use engine::look::{Eye, Judge, Look, hush_caught_panics};
use engine::steady::Timepiece;

/// Arguments of `check`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to look at: name, name:port, smtp://name, ...
    #[arg(value_name = "TARGET", required_unless_present = "host")]
    target: Option<String>,

    /// The same, as plugins spell it
    #[arg(
        short = 'H',
        long,
        value_name = "TARGET",
        conflicts_with = "target",
        env = "NOLAPSE_HOST",
        hide_env = true
    )]
    host: Option<String>,

    #[command(flatten)]
    looking: Looking,
}

const AFTER_HELP: &str = "\
Exit status, as monitoring plugins have it:
  0  OK
  1  WARNING
  2  CRITICAL: also EXPIRED, and what cannot be reached or judged
  3  UNKNOWN: wrong usage, or trouble of this machine

The first line is the worst of all; what else is wrong there follows, a line each.
Performance data: days_chain_elemN=DAYS;WARNING;CRITICAL for each certificate of the chain, the leaf first.";

/// Why `check` gives no answer about the endpoint.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Target(String),
    #[error("a range is not one endpoint: `nolapse scan` looks at ranges")]
    Range,
}

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    hush_caught_panics();
    let outcome = looks(args);
    let (code, lines) = match outcome {
        Ok(looks) => verdict(&looks, &args.looking.policy()),
        Err(error) => (
            Code::Unknown,
            format!("UNKNOWN: {}\n", untrusted::shown(&format!("{error:#}"))),
        ),
    };
    Ok(Exit::Plugin(delivered(code, &lines)))
}

/// Writes the lines. A status whose line never arrived says nothing: then it is UNKNOWN, unless it was the monitoring
/// system that went away, which reads no lines and still gets the status.
pub(crate) fn delivered(code: Code, lines: &str) -> Code {
    let mut out = std::io::stdout().lock();
    match out.write_all(lines.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            say::error(&format!("cannot write the line: {}", file::reason(&error)));
            Code::Unknown
        }
        _ => code,
    }
}

/// What a plugin returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    /// 0.
    Ok,
    /// 1.
    Warning,
    /// 3.
    Unknown,
    /// 2.
    Critical,
}

impl Code {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

fn looks(args: &Args) -> anyhow::Result<Vec<Look>> {
    let typed = args
        .target
        .as_ref()
        .or(args.host.as_ref())
        .map(String::as_str)
        .unwrap_or_default();
    args.looking.check_thresholds()?;
    let wishes = args.looking.wishes(Ranges::Ordinary);
    let target = wishes
        .parse(typed)
        .map_err(|complaint| Trouble::Target(complaint.sentence()))?;
    if target.addresses() > 1 {
        return Err(Trouble::Range.into());
    }
    looks_at(&target, &args.looking)
}

/// Looks at every address of a target that is no range. A small runtime of its own serves; `scan` is for many.
pub(crate) fn looks_at(target: &Target, looking: &Looking) -> anyhow::Result<Vec<Look>> {
    let wishes = looking.wishes(Ranges::Ordinary);
    let (stores, required) = looking.trust.stores()?;
    let judge = Arc::new(Judge {
        stores,
        policy: Policy {
            required,
            ..looking.policy()
        },
        memory: SignatureMemory::with_capacity(1_024),
        inquiry: looking.asking.inquiry(),
        at: looking.at(),
        time: Timepiece::Wall,
    });
    let settings = looking.probe(KeysShown::Preferred);
    let depth = settings.depth;
    let eye = Eye {
        prober: Prober::new(settings)?,
        depth,
        judge,
    };
    let permits = Permits::new(Caps::default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async move {
        let place = Arc::new(Place {
            eye,
            network: Network::new(looking.network(), permits),
        });
        let mut looks = Vec::new();
        for (service, address) in wishes.expand(target) {
            looks.extend(place.look(&Arc::new(service), address).await);
        }
        Ok(looks)
    })
}

struct Place {
    eye: Eye,
    network: Network,
}

impl Place {
    async fn look(self: &Arc<Self>, service: &Arc<Service>, address: Option<std::net::IpAddr>) -> Vec<Look> {
        let (addresses, took) = match (&service.identity, address) {
            (_, Some(address)) => (vec![address], None),
            (Identity::Address(address), None) => (vec![*address], None),
            (Identity::Name(name), None) => {
                let resolution = self.network.resolve(name).await;
                match resolution.addresses {
                    Ok(addresses) => (addresses, Some(resolution.elapsed)),
                    Err(failure) => {
                        return vec![self.eye.look_at_nothing(service, failure, resolution.elapsed)];
                    }
                }
            }
        };
        let mut tasks = JoinSet::new();
        for address in addresses {
            let (place, service) = (Arc::clone(self), Arc::clone(service));
            tasks.spawn(async move { place.eye.look(&place.network, &service, address, took).await });
        }
        tasks.join_all().await
    }
}

/// The exit status and the lines: the worst finding first, with performance data; further findings below.
fn verdict(looks: &[Look], policy: &Policy) -> (Code, String) {
    let ranked = |look: &&Look| {
        (
            code(look),
            look.assessment.status,
            std::cmp::Reverse(earliest_end(look)),
        )
    };
    let Some(worst) = looks.iter().max_by_key(ranked) else {
        return (Code::Unknown, "UNKNOWN: nothing was looked at\n".to_owned());
    };
    let code = code(worst);
    let mut out = format!("{}: {}", code.word(), causes::endpoint(worst));
    let troubles: Vec<_> = worst
        .assessment
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Note)
        .collect();
    match troubles.first() {
        Some(finding) => {
            let _ = write!(out, ": {}", words::message(finding, &worst.observation));
            if troubles.len() > 1 {
                let _ = write!(out, " (and {} more)", troubles.len() - 1);
            }
        }
        None => out.push_str(&fine(worst, looks.len())),
    }
    // The bar begins the performance data; it cannot stand in the text.
    let mut out = out.replace('|', "/");
    let data = performance_data(worst, policy);
    if !data.is_empty() {
        let _ = write!(out, " | {data}");
    }
    out.push('\n');
    for finding in troubles.iter().skip(1) {
        let message = words::message(finding, &worst.observation);
        let _ = writeln!(
            out,
            "{}: {}",
            Status::from(finding.severity),
            message.replace('|', "/")
        );
    }
    (code, out)
}

/// ` ends in 86 d (9c41 7e02), 2 endpoints`.
fn fine(look: &Look, endpoints: usize) -> String {
    let mut out = String::new();
    let leaf = look
        .observation
        .handshake
        .as_ref()
        .and_then(|handshake| handshake.chain.first());
    if let Some((leaf, end)) = leaf.and_then(|leaf| Some((leaf, leaf.facts().not_after?))) {
        let left = Duration::try_from(end.duration_since(look.assessment.at)).unwrap_or_default();
        let _ = write!(
            out,
            " ends in {} ({})",
            words::span(left),
            leaf.fingerprint().short()
        );
    }
    if endpoints > 1 {
        let _ = write!(out, ", {endpoints} endpoints");
    }
    // Whoever asked about revocation must not take silence for an answer.
    let open = look.assessment.revocation.iter().find(|certificate| {
        matches!(
            certificate.verdict,
            RevocationVerdict::Unknown | RevocationVerdict::Unavailable
        )
    });
    if let Some(open) = open {
        let certificate = words::certificate(&open.certificate);
        let _ = write!(out, ", revocation of {certificate} {}", open.verdict.word());
        let why = open.sources.iter().find_map(|source| match &source.said {
            Said::Unavailable(why) => Some(words::unavailable(why)),
            Said::Doubtful(doubt) => Some(words::doubt(*doubt)),
            Said::Good | Said::Revoked { .. } => None,
        });
        if let Some(why) = why {
            let _ = write!(out, ": {why}");
        }
    }
    out
}

fn earliest_end(look: &Look) -> Option<Timestamp> {
    look.observation
        .handshake
        .as_ref()?
        .chain
        .first()?
        .facts()
        .not_after
}

fn code(look: &Look) -> Code {
    match (look.assessment.status, &look.observation.outcome) {
        (Status::Ok, _) => Code::Ok,
        (Status::Warning, _) => Code::Warning,
        (
            Status::Error,
            Outcome::Stopped {
                failure: Failure::Local { .. } | Failure::Internal { .. } | Failure::ResolverFailed { .. },
                ..
            },
        ) => Code::Unknown,
        (Status::Critical | Status::Expired | Status::Error, _) => Code::Critical,
    }
}

/// `days_chain_elem1=89;20;15 days_chain_elem2=...`: days are whole and rounded towards zero, as in the text: half a
/// day left or over is 0.
fn performance_data(look: &Look, policy: &Policy) -> String {
    let chain = look
        .observation
        .handshake
        .iter()
        .flat_map(|handshake| &handshake.chain);
    let mut parts = Vec::new();
    for (place, certificate) in chain.enumerate() {
        let facts = certificate.facts();
        let Some(end) = facts.not_after else { continue };
        let begin = facts.not_before.unwrap_or(end);
        let lifetime = Duration::try_from(end.duration_since(begin)).unwrap_or_default();
        parts.push(format!(
            "days_chain_elem{}={};{};{}",
            place + 1,
            text::days_left(end, look.assessment.at),
            days(policy.warning_at(lifetime)),
            days(policy.critical_at(lifetime)),
        ));
    }
    parts.join(" ")
}

/// Days with at most one decimal: `20`, `15.7`.
fn days(duration: Duration) -> String {
    let tenths = (duration.as_secs_f64() / 8_640.0).round() / 10.0;
    format!("{tenths}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_written_in_days() {
        assert_eq!(days(Duration::from_secs(20 * 86_400)), "20");
        assert_eq!(days(Duration::from_secs(47 * 86_400 / 3)), "15.7");
        assert_eq!(days(Duration::ZERO), "0");
        assert_eq!(days(Duration::from_secs(43_200)), "0.5");
    }

    #[test]
    fn what_is_worse_is_said() {
        assert!(Code::Critical > Code::Unknown && Code::Unknown > Code::Warning && Code::Warning > Code::Ok);
    }
}
