//! Flags that say from which zones and other places endpoints are learnt, and what they mean.
//!
//! `scan` and `discover` have the same ones. What a person wrote comes in, a [`Plan`] or a sentence about the mistake goes
//! out; nothing is asked of anybody here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use ipnet::IpNet;
use model::zone::Domain;
use model::zone::expand::Networks;
use model::{limits, untrusted};
use net::dns::{Key, Tls};
use sources::filter::Filter;
use sources::zone_copy::Copies;
use sources::{dns_cert_checker, key_file, name_list};

use crate::discover::config;
use crate::discover::plan::{Place, Plan};
use crate::{anchors, file, say};

/// Where to learn endpoints from.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Names from DNS")]
pub(crate) struct Places {
    /// A zone to take over from its --server; may be repeated
    #[arg(long = "zone", value_name = "ZONE", env = "NOLAPSE_ZONE", hide_env = true, value_delimiter = ',', value_parser = zone)]
    zones: Vec<Domain>,

    /// A server of the zones, asked by zone transfer; further ones are asked when the ones before fail
    #[arg(
        long = "server",
        value_name = "ADDRESS[:PORT]",
        env = "NOLAPSE_SERVER",
        hide_env = true,
        value_delimiter = ','
    )]
    servers: Vec<String>,

    /// The key that signs the questions, as `tsig-keygen` writes it
    #[arg(long, value_name = "FILE", env = "NOLAPSE_TSIG_KEY", hide_env = true)]
    tsig_key: Option<PathBuf>,

    /// Transfer over TLS (RFC 9103), on port 853 unless another is named
    #[arg(long, env = "NOLAPSE_XOT", hide_env = true)]
    xot: bool,

    /// The authority that the servers' certificates come from, or such a certificate itself, PEM or DER; the web's authorities
    /// unless given
    #[arg(
        long,
        value_name = "FILE",
        requires = "xot",
        env = "NOLAPSE_XOT_CA",
        hide_env = true
    )]
    xot_ca: Option<PathBuf>,

    /// The name in the servers' certificates; their own name or address unless given
    #[arg(
        long,
        value_name = "NAME",
        requires = "xot",
        env = "NOLAPSE_XOT_NAME",
        hide_env = true
    )]
    xot_name: Option<String>,

    /// A zone file in master format; may be repeated
    #[arg(
        long = "zone-file", value_name = "ZONE=FILE", env = "NOLAPSE_ZONE_FILE", hide_env = true, value_parser = zone_file
    )]
    zone_files: Vec<(Domain, PathBuf)>,

    /// An export of zones, as `discover --export` and DNS Certificate Checker write it; may be repeated
    #[arg(long, value_name = "FILE", env = "NOLAPSE_FROM", hide_env = true)]
    from: Vec<PathBuf>,

    /// The configuration file of DNS Certificate Checker, as it is
    #[arg(
        long,
        value_name = "FILE",
        env = "NOLAPSE_FROM_DNS_CERT_CHECKER",
        hide_env = true
    )]
    from_dns_cert_checker: Option<PathBuf>,

    /// A configuration file with sources by name
    #[arg(long, value_name = "FILE", env = "NOLAPSE_CONFIG", hide_env = true)]
    config: Option<PathBuf>,

    /// A source of the configuration file; all of them unless given; may be repeated
    #[arg(
        long = "source",
        value_name = "NAME",
        requires = "config",
        env = "NOLAPSE_SOURCE",
        hide_env = true,
        value_delimiter = ','
    )]
    sources: Vec<String>,

    /// Names that are known from elsewhere, one a line: wildcard records are tried with them; may be repeated
    #[arg(long, value_name = "FILE", env = "NOLAPSE_NAMES", hide_env = true)]
    names: Vec<PathBuf>,

    /// A network or zone that is yours, in a group if you like; may be repeated
    #[arg(
        long = "own",
        value_name = "[GROUP=]NETWORK|ZONE",
        env = "NOLAPSE_OWN",
        hide_env = true,
        value_delimiter = ','
    )]
    own: Vec<String>,

    /// Only names that this glob stands for, such as '*.shop.example.com'; may be repeated
    #[arg(long, value_name = "GLOB", env = "NOLAPSE_INCLUDE", hide_env = true)]
    include: Vec<String>,

    /// No names that this glob stands for; may be repeated
    #[arg(long, value_name = "GLOB", env = "NOLAPSE_EXCLUDE", hide_env = true)]
    exclude: Vec<String>,

    /// Only names in which this regular expression is found; may be repeated
    #[arg(long, value_name = "REGEX", env = "NOLAPSE_INCLUDE_REGEX", hide_env = true)]
    include_regex: Vec<String>,

    /// No names in which this regular expression is found; may be repeated
    #[arg(long, value_name = "REGEX", env = "NOLAPSE_EXCLUDE_REGEX", hide_env = true)]
    exclude_regex: Vec<String>,

    /// Keep copies of zones in this folder: an unchanged zone then costs one question, and of others only the changes come
    #[arg(long, value_name = "FOLDER", env = "NOLAPSE_STATE", hide_env = true)]
    state: Option<PathBuf>,

    /// The label tried below a wildcard record; chosen at random unless given
    #[arg(long, value_name = "LABEL", env = "NOLAPSE_WILDCARD_LABEL", hide_env = true)]
    wildcard_label: Option<String>,
}

/// Ports of transfers (RFC 1035 section 4.2.2, RFC 9103 section 7.1).
const DNS_PORT: u16 = 53;
const DOT_PORT: u16 = 853;

impl Places {
    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.zones.is_empty()
            && self.zone_files.is_empty()
            && self.from.is_empty()
            && self.from_dns_cert_checker.is_none()
            && self.config.is_none()
            && self.names.is_empty()
    }

    /// The configuration file, when one is named.
    pub(crate) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// One source of a configuration file. Below a wildcard record the same label is tried each time: another one would be
    /// another endpoint in the inventory at each run.
    pub(crate) fn of_source(path: &Path, name: &str) -> Self {
        Self {
            config: Some(path.to_owned()),
            sources: vec![name.to_owned()],
            wildcard_label: Some("nolapse".to_owned()),
            ..Self::default()
        }
    }

    /// What it all means. `ports` are those that were named otherwise, `network` is how to reach out.
    pub(crate) fn plan(&self, ports: &[u16], network: net::Settings) -> anyhow::Result<Plan> {
        let mut plan = Plan {
            places: Vec::new(),
            ports: ports.to_vec(),
            networks: Networks::default(),
            own_zones: Vec::new(),
            names: Vec::new(),
            seen: Vec::new(),
            least_validity: None,
            guess: self.label()?,
            filter: Arc::new(Filter::default()),
            copies: None,
            network,
        };
        let mut filter = Filter::default();
        if let Some(path) = &self.config {
            config::apply(path, &self.sources, &mut plan)?;
        }
        if let Some(path) = &self.from_dns_cert_checker {
            checker(path, &mut plan, &mut filter)?;
        }
        self.transfers(&mut plan)?;
        for (zone, path) in &self.zone_files {
            plan.places.push(Place::File {
                zone: zone.clone(),
                path: path.clone(),
                source: shown(path),
            });
        }
        for path in &self.from {
            plan.places.push(Place::Export {
                path: path.clone(),
                source: shown(path),
                zones: Vec::new(),
            });
        }
        for path in &self.names {
            names(path, &mut plan)?;
        }
        for own in &self.own {
            add_own(own, &mut plan)?;
        }
        self.filters(&mut filter)?;
        plan.filter = Arc::new(filter);
        if let Some(folder) = &self.state {
            plan.copies = Some(copies(folder)?);
        }
        if plan.ports.is_empty() {
            plan.ports.push(443);
        }
        Ok(plan)
    }

    fn transfers(&self, plan: &mut Plan) -> anyhow::Result<()> {
        if self.zones.is_empty() {
            if !self.servers.is_empty() {
                bail!("--server needs a --zone to ask for");
            }
            return Ok(());
        }
        if self.servers.is_empty() {
            bail!("--zone needs a --server that transfers it; --zone-file reads a zone from a file");
        }
        let key = self.tsig_key.as_deref().map(read_key).transpose()?;
        let security = Security {
            wanted: self.xot,
            ca: self.xot_ca.as_deref(),
            name: self.xot_name.as_deref(),
        };
        let mut servers = Vec::new();
        for typed in &self.servers {
            servers.push(server(typed, &security)?);
        }
        let source = if self.xot { "xot" } else { "axfr" };
        for zone in &self.zones {
            plan.places.push(Place::Transfer {
                zone: zone.clone(),
                servers: servers.clone(),
                key: key.clone(),
                source: source.to_owned(),
            });
        }
        Ok(())
    }

    fn filters(&self, filter: &mut Filter) -> anyhow::Result<()> {
        for glob in &self.include {
            filter.take_glob(glob)?;
        }
        for glob in &self.exclude {
            filter.leave_glob(glob)?;
        }
        for pattern in &self.include_regex {
            filter.take(pattern)?;
        }
        for pattern in &self.exclude_regex {
            filter.leave(pattern)?;
        }
        Ok(())
    }

    fn label(&self) -> anyhow::Result<String> {
        if let Some(label) = &self.wildcard_label {
            let is_label = !label.contains('.') && model::Name::parse(label).is_ok();
            if !is_label {
                bail!(
                    "`{}` is no label: letters, digits and hyphens",
                    untrusted::shown(label)
                );
            }
            return Ok(label.to_ascii_lowercase());
        }
        let mut octets = [0; 6];
        aws_lc_rs::rand::fill(&mut octets)
            .map_err(|_| anyhow!("the operating system gives no random numbers"))?;
        Ok(format!("nolapse-{}", hex::encode(octets)))
    }
}

/// How servers prove who they are.
pub(crate) struct Security<'a> {
    /// Whether TLS is wanted at all.
    pub(crate) wanted: bool,
    /// The authority.
    pub(crate) ca: Option<&'a Path>,
    /// The name in the certificate.
    pub(crate) name: Option<&'a str>,
}

/// Reads a server as a person named it.
pub(crate) fn server(typed: &str, security: &Security<'_>) -> anyhow::Result<crate::discover::plan::Asked> {
    let port = if security.wanted { DOT_PORT } else { DNS_PORT };
    let mut asked = Plan::server(typed, port, None).map_err(|words| anyhow!(words))?;
    if !security.wanted {
        return Ok(asked);
    }
    let anchors: Vec<Vec<u8>> = match security.ca {
        Some(path) => {
            let read = anchors::read(path).context("cannot read the authority of the servers (--xot-ca)")?;
            read.iter()
                .map(|certificate| certificate.der().to_vec())
                .collect()
        }
        None => webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| der.to_vec())
            .collect(),
    };
    let own = match &asked.host {
        crate::discover::plan::Host::At(address) => address.to_string(),
        crate::discover::plan::Host::Named(name) => name.to_string(),
    };
    asked.tls = Some(Tls::new(&anchors, security.name.unwrap_or(&own))?);
    Ok(asked)
}

/// Opens a folder for copies of zones.
pub(crate) fn copies(folder: &Path) -> anyhow::Result<Copies> {
    Copies::open(folder).map_err(|error| {
        anyhow!(
            "cannot keep copies of zones in {}: {}",
            shown(folder),
            file::reason(&error)
        )
    })
}

/// Reads a key file.
pub(crate) fn read_key(path: &Path) -> anyhow::Result<Key> {
    let text = read_text(path, "the key", limits::STAPLE_BYTES as u64)?;
    key_file::parse(&text).with_context(|| format!("cannot use the key in {}", shown(path)))
}

fn read_text(path: &Path, what: &str, most: u64) -> anyhow::Result<String> {
    let bytes = file::read_bounded(path, most).map_err(|error| {
        anyhow!(
            "cannot read {what} from {}: {}",
            shown(path),
            file::reason(&error)
        )
    })?;
    String::from_utf8(bytes).map_err(|_| anyhow!("cannot read {what} from {}: not UTF-8", shown(path)))
}

/// Adds the names of a list; lines that are none are said and passed over.
pub(crate) fn names(path: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let text = read_text(path, "names", limits::FILE_BYTES)?;
    let (names, errors) = name_list::parse(&text);
    let place = shown(path);
    for error in errors.iter().take(8) {
        say::warning(&format!("{place}: {error}"));
    }
    if errors.len() > 8 {
        say::warning(&format!("{place}: {} more lines are no names", errors.len() - 8));
    }
    plan.names
        .extend(names.into_iter().map(|name| (name, place.clone())));
    Ok(())
}

/// Adds `[GROUP=]NETWORK` or a zone to what is ours.
pub(crate) fn add_own(typed: &str, plan: &mut Plan) -> anyhow::Result<()> {
    let (group, what) = match typed.split_once('=') {
        Some((group, what)) => (Some(group.to_owned()), what),
        None => (None, typed),
    };
    let network = what
        .parse::<IpNet>()
        .or_else(|_| what.parse::<std::net::IpAddr>().map(IpNet::from));
    if let Ok(network) = network {
        plan.networks.add(network, group);
        return Ok(());
    }
    if group.is_some() || what.contains('/') {
        bail!(
            "`{}` is no network: expected 192.0.2.0/24 or 2001:db8::/48",
            untrusted::shown(what)
        );
    }
    plan.own_zones.push(zone(what).map_err(|words| anyhow!(words))?);
    Ok(())
}

fn checker(path: &Path, plan: &mut Plan, filter: &mut Filter) -> anyhow::Result<()> {
    let cannot = || {
        format!(
            "cannot use the configuration of DNS Certificate Checker in {}",
            shown(path)
        )
    };
    let text = read_text(path, "the configuration", limits::FILE_BYTES)?;
    let wanted = dns_cert_checker::parse(text.as_bytes()).with_context(cannot)?;
    if plan.ports.is_empty() {
        plan.ports = wanted.ports;
    }
    if plan.network.resolvers.is_empty() {
        plan.network.resolvers = wanted.resolvers;
    }
    for pattern in &wanted.left_out {
        filter.leave(pattern).with_context(cannot)?;
    }
    plan.least_validity = wanted.least_validity;
    for place in wanted.places {
        config::checker_place(place, plan)?;
    }
    Ok(())
}

/// A path for people.
pub(crate) fn shown(path: &Path) -> String {
    untrusted::shown(&path.display().to_string())
}

/// Parses the name of a zone.
pub(crate) fn zone(typed: &str) -> Result<Domain, String> {
    Domain::parse(typed)
        .map_err(|error| format!("`{}` is no name of a zone: {error}", untrusted::shown(typed)))
}

fn zone_file(typed: &str) -> Result<(Domain, PathBuf), String> {
    match typed.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((zone(name)?, PathBuf::from(path))),
        _ => Err("expected ZONE=FILE, such as example.com=/etc/bind/example.com.zone".to_owned()),
    }
}
