//! Sources by name, in a TOML file.
//!
//! ```toml
//! ports = [443, 8443]
//! state = "zones"
//! own = ["192.0.2.0/24", "berlin=198.51.100.0/24", "example.org"]
//!
//! [sources.main]
//! type = "axfr"
//! zones = ["example.com"]
//! servers = ["192.0.2.53", "192.0.2.54:5353"]
//! tsig_key = "transfer.key"
//! ```
//!
//! A file comes in, places are added to a [`Plan`]. A key that nobody knows is an error with the nearest one that somebody does:
//! a setting that is passed over in silence is worse than none. Relative paths begin in the folder of the file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use model::limits;
use model::zone::Domain;
use net::api::Origin;
use sources::cloudflare::{self, Cloudflare};
use sources::dns_cert_checker;
use sources::route53::{self, Route53};
use sources::sigv4::Credentials;
use toml::{Table, Value};

use crate::commands::places::{Security, add_own, copies, names, read_key, server, shown, zone};
use crate::config::COMMON;
use crate::config::value::{self, known};
use crate::discover::plan::{Account, Asked, Host, Place, Plan, Private};
use crate::{file, text};

/// Types of sources, and the keys of each beside `type`.
const TYPES: &[(&str, &[&str])] = &[
    (
        "axfr",
        &[
            "zone", "zones", "servers", "tsig_key", "xot", "xot_ca", "xot_name",
        ],
    ),
    ("zone-file", &["zone", "file"]),
    ("zones-json", &["file", "zones"]),
    ("names", &["file"]),
    (
        "route53",
        &["zone", "zones", "credentials", "endpoint", "private"],
    ),
    ("cloudflare", &["zone", "zones", "token_file", "endpoint"]),
];

/// Adds what a file has: the sources that are named, or all of them.
pub(crate) fn apply(path: &Path, wanted: &[String], plan: &mut Plan) -> anyhow::Result<()> {
    let place = shown(path);
    let bytes = file::read_bounded(path, limits::FILE_BYTES)
        .map_err(|error| anyhow!("cannot read the configuration {place}: {}", file::reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{place}: not UTF-8"))?;
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| anyhow!("{place}: {error}"))?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    File { table, folder }
        .apply(wanted, plan)
        .with_context(|| place.clone())
}

struct File<'a> {
    table: Table,
    folder: &'a Path,
}

/// One source.
struct Section<'a> {
    name: &'a str,
    table: &'a Table,
    folder: &'a Path,
    /// The key that says of which type it is.
    word: &'static str,
}

impl File<'_> {
    fn apply(&self, wanted: &[String], plan: &mut Plan) -> anyhow::Result<()> {
        known("the file", &self.table, crate::config::TOP)?;
        if plan.ports.is_empty() {
            for port in list(&self.table, "ports")? {
                plan.ports.push(port_number(port)?);
            }
        }
        for own in texts(&self.table, "own")? {
            add_own(&own, plan)?;
        }
        if plan.network.resolvers.is_empty() {
            for resolver in texts(&self.table, "resolvers")? {
                let asked = Plan::server(&resolver, 53, None).map_err(|words| anyhow!(words))?;
                let Host::At(address) = asked.host else {
                    bail!(
                        "resolvers: `{}` is no address",
                        model::untrusted::shown(&resolver)
                    );
                };
                plan.network.resolvers.push((address, asked.port).into());
            }
        }
        if let Some(folder) = value::text(&self.table, "state")? {
            plan.copies = Some(copies(&self.folder.join(folder))?);
        }
        let sources = self.sections()?;
        for name in wanted {
            if !sources.iter().any(|(known, ..)| known == name) {
                let near = text::nearest(name, sources.iter().map(|(known, ..)| *known));
                let near = near
                    .map(|near| format!(": did you mean `{near}`?"))
                    .unwrap_or_default();
                bail!("no source `{}`{near}", model::untrusted::shown(name));
            }
        }
        for (name, table, word) in sources {
            if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
                continue;
            }
            let folder = self.folder;
            let section = Section {
                name,
                table,
                folder,
                word,
            };
            section.apply(plan).with_context(|| format!("source {name}"))?;
        }
        Ok(())
    }

    /// The sections of zones, each with the key that says of which type it is. Those of other kinds are for the inventory.
    fn sections(&self) -> anyhow::Result<Vec<(&str, &Table, &'static str)>> {
        let mut all = Vec::new();
        for (key, word) in [("sources", "type"), ("source", "kind")] {
            let sections = match self.table.get(key) {
                None => continue,
                Some(Value::Table(sections)) => sections,
                Some(_) => bail!("{key}: expected tables, such as [{key}.main]"),
            };
            for (name, value) in sections {
                let Value::Table(table) = value else {
                    bail!("{key}.{name}: expected a table");
                };
                let is_zone = kinds().any(|kind| table.get(word).and_then(Value::as_str) == Some(kind));
                if word == "type" || is_zone {
                    all.push((name.as_str(), table, word));
                }
            }
        }
        Ok(all)
    }
}

/// The kinds of sources that are read here.
pub(crate) fn kinds() -> impl Iterator<Item = &'static &'static str> {
    TYPES.iter().map(|(kind, _)| kind)
}

/// Refuses keys that no source of this type has; what they say is read when the source is asked.
pub(crate) fn check(name: &str, table: &Table, word: &'static str) -> anyhow::Result<()> {
    let folder = Path::new("");
    Section {
        name,
        table,
        folder,
        word,
    }
    .kind()
    .map(drop)
}

impl Section<'_> {
    /// Its type, once all its keys are known.
    fn kind(&self) -> anyhow::Result<String> {
        let word = self.word;
        let kind = self
            .text(word)?
            .ok_or_else(|| anyhow!("{word} is missing: one of {}", types()))?;
        let Some((_, keys)) = TYPES.iter().find(|(known, _)| *known == kind) else {
            let near = text::nearest(&kind, TYPES.iter().map(|(known, _)| *known));
            let near = near
                .map(|near| format!(": did you mean `{near}`?"))
                .unwrap_or_default();
            bail!(
                "no {word} `{}`{near} (known are {})",
                model::untrusted::shown(&kind),
                types()
            );
        };
        let all: Vec<&str> = keys.iter().chain(COMMON).copied().chain([word]).collect();
        known("a source of this type", self.table, &all)?;
        Ok(kind)
    }

    fn apply(&self, plan: &mut Plan) -> anyhow::Result<()> {
        let kind = self.kind()?;
        let source = self.name.to_owned();
        match kind.as_str() {
            "axfr" => self.transfer(plan, source)?,
            "zone-file" => {
                let zone = self
                    .zones()?
                    .into_iter()
                    .next()
                    .ok_or_else(|| anyhow!("zone is missing"))?;
                let path = self.path("file")?.ok_or_else(|| anyhow!("file is missing"))?;
                plan.places.push(Place::File { zone, path, source });
            }
            "zones-json" => {
                let path = self.path("file")?.ok_or_else(|| anyhow!("file is missing"))?;
                let zones = self.zones()?;
                plan.places.push(Place::Export { path, source, zones });
            }
            "names" => {
                let path = self.path("file")?.ok_or_else(|| anyhow!("file is missing"))?;
                names(&path, plan)?;
            }
            _ => self.provider(plan, source, &kind)?,
        }
        Ok(())
    }

    fn transfer(&self, plan: &mut Plan, source: String) -> anyhow::Result<()> {
        let zones = self.zones()?;
        if zones.is_empty() {
            bail!("zones are missing");
        }
        let ca = self.path("xot_ca")?;
        let name = self.text("xot_name")?;
        let security = Security {
            wanted: self.flag("xot")?,
            ca: ca.as_deref(),
            name: name.as_deref(),
        };
        let mut servers = Vec::new();
        for typed in texts(self.table, "servers")? {
            servers.push(server(&typed, &security)?);
        }
        if servers.is_empty() {
            bail!("servers are missing");
        }
        let key = self.path("tsig_key")?.map(|path| read_key(&path)).transpose()?;
        for zone in zones {
            plan.places.push(Place::Transfer {
                zone,
                servers: servers.clone(),
                key: key.clone(),
                source: source.clone(),
            });
        }
        Ok(())
    }

    fn provider(&self, plan: &mut Plan, source: String, kind: &str) -> anyhow::Result<()> {
        let zones = self.zones()?;
        let endpoint = self.text("endpoint")?;
        let account = if kind == "route53" {
            let credentials = match self.path("credentials")? {
                Some(path) => credentials_file(&path)?,
                None => credentials_of_environment()?,
            };
            let origin = Origin::parse(endpoint.as_deref().unwrap_or(route53::ENDPOINT))?;
            let private = if self.flag("private")? {
                Private::Take
            } else {
                Private::LeaveOut
            };
            Account::Route53(Route53 { origin, credentials }, private)
        } else {
            let token = match self.path("token_file")? {
                Some(path) => secret_file(&path)?,
                None => variable("CLOUDFLARE_API_TOKEN").ok_or_else(|| {
                    anyhow!("token_file is missing, and so is the variable CLOUDFLARE_API_TOKEN")
                })?,
            };
            let origin = Origin::parse(endpoint.as_deref().unwrap_or(cloudflare::ENDPOINT))?;
            Account::Cloudflare(Cloudflare { origin, token })
        };
        plan.places.push(Place::Provider {
            account: Box::new(account),
            source,
            zones,
        });
        Ok(())
    }

    /// `zone` and `zones` together.
    fn zones(&self) -> anyhow::Result<Vec<Domain>> {
        let one = self.text("zone")?;
        let several = texts(self.table, "zones")?;
        let all = one.into_iter().chain(several);
        all.map(|typed| zone(&typed).map_err(|words| anyhow!(words)))
            .collect()
    }

    fn text(&self, key: &str) -> anyhow::Result<Option<String>> {
        match self.table.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => bail!("{key}: expected a text"),
        }
    }

    fn flag(&self, key: &str) -> anyhow::Result<bool> {
        match self.table.get(key) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(*flag),
            Some(_) => bail!("{key}: expected true or false"),
        }
    }

    fn path(&self, key: &str) -> anyhow::Result<Option<PathBuf>> {
        Ok(self.text(key)?.map(|path| self.folder.join(path)))
    }
}

fn types() -> String {
    TYPES
        .iter()
        .map(|(known, _)| *known)
        .collect::<Vec<_>>()
        .join(", ")
}

fn list<'a>(table: &'a Table, key: &str) -> anyhow::Result<&'a [Value]> {
    match table.get(key) {
        None => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => bail!("{key}: expected a list"),
    }
}

fn texts(table: &Table, key: &str) -> anyhow::Result<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(anyhow!("{key}: expected a list of texts")),
    };
    list(table, key)?.iter().map(text).collect()
}

fn port_number(value: &Value) -> anyhow::Result<u16> {
    let number = value.as_integer().and_then(|number| u16::try_from(number).ok());
    number
        .filter(|port| *port > 0)
        .ok_or_else(|| anyhow!("ports: expected numbers from 1 to 65535"))
}

/// The access key in a file as the tools of AWS write it, its first profile: `aws_access_key_id = ...`.
fn credentials_file(path: &Path) -> anyhow::Result<Credentials> {
    let text = secret_file(path)?;
    let value = |key: &str| {
        let mut pairs = text.lines().filter_map(|line| line.split_once('='));
        let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let missing = |key: &str| anyhow!("{} has no {key}", shown(path));
    Ok(Credentials {
        key_id: value("aws_access_key_id").ok_or_else(|| missing("aws_access_key_id"))?,
        secret: value("aws_secret_access_key").ok_or_else(|| missing("aws_secret_access_key"))?,
        token: value("aws_session_token"),
    })
}

fn credentials_of_environment() -> anyhow::Result<Credentials> {
    let missing = |name: &str| anyhow!("credentials is missing, and so is the variable {name}");
    Ok(Credentials {
        key_id: variable("AWS_ACCESS_KEY_ID").ok_or_else(|| missing("AWS_ACCESS_KEY_ID"))?,
        secret: variable("AWS_SECRET_ACCESS_KEY").ok_or_else(|| missing("AWS_SECRET_ACCESS_KEY"))?,
        token: variable("AWS_SESSION_TOKEN"),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "credentials come from files or variables, and this is where they are read"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The text of a file of secrets, without the end of its line.
fn secret_file(path: &Path) -> anyhow::Result<String> {
    let bytes = file::read_bounded(path, limits::STAPLE_BYTES as u64)
        .map_err(|error| anyhow!("cannot read {}: {}", shown(path), file::reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{} is not UTF-8", shown(path)))?;
    Ok(text.trim_end().to_owned())
}

/// Adds a place that DNS Certificate Checker is configured with.
pub(crate) fn checker_place(place: dns_cert_checker::Place, plan: &mut Plan) -> anyhow::Result<()> {
    match place {
        dns_cert_checker::Place::Server { name, socket, zones } => {
            let asked = Asked {
                host: Host::At(socket.ip()),
                port: socket.port(),
                tls: None,
            };
            for zone in zones {
                plan.places.push(Place::Transfer {
                    zone,
                    servers: vec![asked.clone()],
                    key: None,
                    source: name.clone(),
                });
            }
            Ok(())
        }
        dns_cert_checker::Place::Route53 {
            name,
            key_id,
            secret,
            token,
            zones,
            discover,
            private,
        } => {
            let credentials = match (key_id, secret) {
                (Some(key_id), Some(secret)) => Credentials {
                    key_id,
                    secret,
                    token,
                },
                _ => credentials_of_environment().with_context(|| format!("zone_data_sources.{name}"))?,
            };
            let origin = Origin::parse(route53::ENDPOINT)?;
            let private = if private { Private::Take } else { Private::LeaveOut };
            let account = Box::new(Account::Route53(Route53 { origin, credentials }, private));
            if zones.is_empty() && !discover {
                bail!("zone_data_sources.{name}: neither zones nor discover_zones");
            }
            // With discovery every zone is taken, those that are named among them.
            let zones = if discover { Vec::new() } else { zones };
            plan.places.push(Place::Provider {
                account,
                source: name,
                zones,
            });
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn plan() -> Plan {
        Plan {
            places: Vec::new(),
            ports: Vec::new(),
            networks: model::zone::expand::Networks::default(),
            own_zones: Vec::new(),
            names: Vec::new(),
            seen: Vec::new(),
            least_validity: None,
            guess: "guess".to_owned(),
            filter: Arc::default(),
            copies: None,
            network: net::Settings::default(),
        }
    }

    fn read(content: &str, wanted: &[String]) -> Result<Plan, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nolapse.toml");
        std::fs::write(
            folder.path().join("k"),
            "key k { algorithm hmac-sha256; secret \"c2VjcmV0\"; };",
        )
        .unwrap();
        std::fs::write(&path, content).unwrap();
        let mut plan = plan();
        apply(&path, wanted, &mut plan).map_err(|error| format!("{error:#}"))?;
        Ok(plan)
    }

    const SOUND: &str = "ports = [443, 8443]\nown = [\"192.0.2.0/24\", \"example.org\"]\n\
        [sources.main]\ntype = \"axfr\"\nzones = [\"example.com\"]\nservers = [\"192.0.2.53\", \"ns.example:54\"]\ntsig_key = \"k\"\n\
        [sources.file]\ntype = \"zone-file\"\nzone = \"example.net\"\nfile = \"net.zone\"\n";

    #[test]
    fn sources_have_names() {
        let plan = read(SOUND, &[]).unwrap();
        assert_eq!(plan.ports, [443, 8443]);
        assert_eq!(plan.places.len(), 2);
        assert!(
            matches!(&plan.places[1], Place::Transfer { servers, key: Some(_), source, .. } if servers.len() == 2 && source == "main")
        );
        assert_eq!(read(SOUND, &["file".to_owned()]).unwrap().places.len(), 1);
        assert!(
            read(SOUND, &["fil".to_owned()])
                .unwrap_err()
                .contains("did you mean `file`")
        );
    }

    #[test]
    fn unknown_keys_and_types_are_errors_with_the_nearest() {
        assert!(
            read(&SOUND.replace("servers", "server"), &[])
                .unwrap_err()
                .contains("no key `server`: did you mean `servers`?")
        );
        assert!(
            read(&SOUND.replace("\"axfr\"", "\"afxr\""), &[])
                .unwrap_err()
                .contains("did you mean `axfr`?")
        );
        assert!(
            read("port = 1", &[])
                .unwrap_err()
                .contains("did you mean `ports`?")
        );
        assert!(read("ports = [0]", &[]).unwrap_err().contains("from 1 to 65535"));
        assert!(read("x = ", &[]).unwrap_err().contains("line 1"));
        assert!(
            read("[sources.a]\ntype = \"axfr\"\nzone = \"z\"\n", &[])
                .unwrap_err()
                .contains("servers are missing")
        );
    }
}
