//! Flags that every command has which looks at endpoints, and what they mean.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use assess::{Policy, Threshold};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use model::observation::Depth;
use model::target::{Ranges, ServerNameChoice};
use model::{Name, StartTls, limits};
use net::Families;
use probe::KeysShown;

use crate::anchors::StoreArgs;
use crate::commands::asking::Asking;
use crate::scan::wishes::{self, Wishes};
use crate::when::When;

/// What one `--port` names.
type PortList = Vec<u16>;

/// How to look.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How to look")]
pub(crate) struct Looking {
    /// Ports of targets that name none: 443,8443 or 9000-9010; may be repeated
    #[arg(short, long = "port", value_name = "PORT", env = "NOLAPSE_PORT", hide_env = true, value_parser = wishes::ports)]
    ports: Vec<PortList>,

    /// The name sent to the server, or `none`; the target's own unless given
    #[arg(long, value_name = "NAME", env = "NOLAPSE_SNI", hide_env = true, value_parser = server_name)]
    sni: Option<ServerNameChoice>,

    /// How TLS begins where neither scheme nor well-known port says so: none, smtp, imap, postgres, ...
    #[arg(
        short = 'P', long, visible_alias = "protocol", value_name = "PROTOCOL", env = "NOLAPSE_STARTTLS",
        hide_env = true, value_parser = starttls
    )]
    starttls: Option<StartTls>,

    /// How far to look
    #[arg(long, value_enum, default_value_t = DepthWord::Full, env = "NOLAPSE_DEPTH", hide_env = true)]
    depth: DepthWord,

    #[command(flatten)]
    pub(crate) trust: StoreArgs,

    /// Time left that is worth a warning: days (20), a share of the lifetime (33%), or `lifetime`
    #[arg(
        short, long, value_name = "LEFT", default_value = "lifetime", env = "NOLAPSE_WARNING", hide_env = true,
        value_parser = threshold
    )]
    warning: Threshold,

    /// Time left that is critical, in the same words
    #[arg(
        short, long, value_name = "LEFT", default_value = "lifetime", env = "NOLAPSE_CRITICAL", hide_env = true,
        value_parser = threshold
    )]
    critical: Threshold,

    /// Judge as of this time: 2027-05-01, 2027-05-01T12:00:00Z, +30d
    #[arg(
        long, value_name = "TIME", allow_hyphen_values = true, env = "NOLAPSE_AT", hide_env = true,
        value_parser = When::parse
    )]
    at: Option<When>,

    /// Seconds for one endpoint, all its connections included; finding the addresses of a name may take as long again
    #[arg(
        short, long, value_name = "SECONDS", default_value = "10", env = "NOLAPSE_TIMEOUT", hide_env = true,
        value_parser = seconds
    )]
    timeout: Duration,

    /// Only IPv4 addresses of names
    #[arg(
        short = '4',
        long,
        conflicts_with = "ipv6",
        env = "NOLAPSE_IPV4",
        hide_env = true
    )]
    ipv4: bool,

    /// Only IPv6 addresses of names
    #[arg(short = '6', long, env = "NOLAPSE_IPV6", hide_env = true)]
    ipv6: bool,

    /// A DNS server to ask instead of the operating system's; may be repeated
    #[arg(
        long = "resolver", value_name = "ADDRESS[:PORT]", env = "NOLAPSE_RESOLVER", hide_env = true,
        value_delimiter = ',', value_parser = resolver
    )]
    resolvers: Vec<SocketAddr>,

    #[command(flatten)]
    pub(crate) asking: Asking,
}

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DepthWord {
    /// The chain as presented; nothing is proven
    Glance,
    /// As far as the server's proof that it holds the key
    Full,
}

impl Looking {
    /// How targets are meant.
    pub(crate) fn wishes(&self, ranges: Ranges) -> Wishes {
        let mut ports: Vec<u16> = Vec::new();
        for port in self.ports.iter().flatten() {
            if !ports.contains(port) {
                ports.push(*port);
            }
        }
        let server_name = self.sni.clone().unwrap_or_default();
        Wishes {
            ports,
            server_name,
            starttls: self.starttls,
            ranges,
        }
    }

    /// How the prober is to look.
    pub(crate) fn probe(&self, keys: KeysShown) -> probe::Settings {
        let depth = match self.depth {
            DepthWord::Glance => Depth::Glance,
            DepthWord::Full => Depth::Full,
        };
        probe::Settings {
            depth,
            keys,
            budget: self.timeout,
            ..probe::Settings::default()
        }
    }

    /// How to reach out.
    pub(crate) fn network(&self) -> net::Settings {
        let families = match (self.ipv4, self.ipv6) {
            (true, _) => Families::V4,
            (_, true) => Families::V6,
            (false, false) => Families::Both,
        };
        let connect_timeout = limits::CONNECT.min(self.timeout);
        let resolve_timeout = limits::RESOLVE.min(self.timeout);
        net::Settings {
            resolvers: self.resolvers.clone(),
            families,
            connect_timeout,
            resolve_timeout,
        }
    }

    /// The time as of which to judge, when it is not now.
    pub(crate) fn at(&self) -> Option<Timestamp> {
        self.at.map(When::moment)
    }

    /// Refuses thresholds of which one could never be reached: what is critical with more time left than what is worth a
    /// warning would never be a warning first.
    pub(crate) fn check_thresholds(&self) -> anyhow::Result<()> {
        let (warning, critical, unit) = match (self.warning, self.critical) {
            (Threshold::Days(warning), Threshold::Days(critical)) => (warning, critical, ""),
            (Threshold::Percent(warning), Threshold::Percent(critical)) => (warning, critical, "%"),
            _ => return Ok(()),
        };
        if critical > warning {
            anyhow::bail!(
                "--critical {critical}{unit} is above --warning {warning}{unit}, which would never be said: swap them, or \
                 give both the same"
            );
        }
        Ok(())
    }

    /// When an end is near.
    pub(crate) const fn policy(&self) -> Policy {
        Policy {
            warning: self.warning,
            critical: self.critical,
            ..Policy::DEFAULT
        }
    }
}

fn server_name(typed: &str) -> Result<ServerNameChoice, String> {
    if typed.eq_ignore_ascii_case("none") {
        return Ok(ServerNameChoice::None);
    }
    Name::parse(typed)
        .map(ServerNameChoice::Name)
        .map_err(|error| error.to_string())
}

fn starttls(typed: &str) -> Result<StartTls, String> {
    if typed.eq_ignore_ascii_case("none") {
        return Ok(StartTls::None);
    }
    StartTls::for_scheme(typed)
        .map(|(starttls, _)| starttls)
        .ok_or_else(|| {
            let near = crate::text::nearest(&typed.to_ascii_lowercase(), StartTls::schemes());
            near.map_or_else(
                || {
                    format!(
                        "no such protocol: expected none or one of {}",
                        StartTls::schemes().collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("no such protocol: did you mean `{near}`?"),
            )
        })
}

/// Parses `20`, `20d`, `2.5`, `33%`, `lifetime`.
pub(crate) fn threshold(typed: &str) -> Result<Threshold, String> {
    if typed.eq_ignore_ascii_case("lifetime") {
        return Ok(Threshold::ByLifetime);
    }
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
    };
    let parsed = match typed.strip_suffix('%') {
        Some(percent) => number(percent)
            .filter(|percent| *percent <= 100.0)
            .map(Threshold::Percent),
        None => number(typed.trim_end_matches(['d', 'D'])).map(Threshold::Days),
    };
    parsed.ok_or_else(|| "expected days (20), a share of the lifetime (33%), or `lifetime`".to_owned())
}

fn seconds(typed: &str) -> Result<Duration, String> {
    let number = typed
        .trim_end_matches(['s', 'S'])
        .parse::<f64>()
        .ok()
        .filter(|seconds| *seconds >= 0.1);
    number
        .filter(|seconds| *seconds <= 3600.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected seconds between 0.1 and 3600".to_owned())
}

/// Parses the address of a DNS server.
pub(crate) fn resolver(typed: &str) -> Result<SocketAddr, String> {
    let bare = typed.trim_start_matches('[').trim_end_matches(']');
    typed
        .parse()
        .or_else(|_| bare.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53)))
        .map_err(|_| {
            "expected an address, with a port if it is not 53: 192.0.2.53 or [2001:db8::53]:5353".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_in_days_percent_and_by_lifetime() {
        assert_eq!(threshold("20"), Ok(Threshold::Days(20.0)));
        assert_eq!(threshold("0"), Ok(Threshold::Days(0.0)));
        assert_eq!(threshold("2.5d"), Ok(Threshold::Days(2.5)));
        assert_eq!(threshold("33%"), Ok(Threshold::Percent(33.0)));
        assert_eq!(threshold("Lifetime"), Ok(Threshold::ByLifetime));
        for wrong in ["", "-1", "101%", "nan", "inf", "x", "1e999"] {
            assert!(threshold(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn resolvers_names_and_times() {
        assert_eq!(resolver("192.0.2.1").unwrap().port(), 53);
        assert_eq!(resolver("[2001:db8::1]:5353").unwrap().port(), 5353);
        assert_eq!(resolver("2001:db8::1").unwrap().port(), 53);
        assert!(resolver("dns.example").is_err());
        assert_eq!(server_name("NONE"), Ok(ServerNameChoice::None));
        assert!(server_name("a b").is_err());
        assert_eq!(seconds("1.5s"), Ok(Duration::from_millis(1500)));
        assert!(seconds("0").is_err() && seconds("-1").is_err() && seconds("nan").is_err());
        assert_eq!(starttls("none"), Ok(StartTls::None));
        assert_eq!(starttls("SMTP"), Ok(StartTls::Smtp));
        assert!(starttls("imapp").unwrap_err().contains("`imap"));
    }
}
