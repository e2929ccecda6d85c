//! The configuration file: where the inventory is kept, which sources there are, how often they are asked, what is near.
//!
//! ```toml
//! [store]
//! url = "postgres://nolapse@db.example.net/nolapse"
//!
//! [source.digicert]
//! kind = "certcentral"
//! key_file = "digicert.key"
//!
//! [schedule]
//! every = "4h"
//! quiet = ["22:00-06:00+01:00"]
//!
//! [policy]
//! warning = "30d"
//!
//! [web]
//! listen = "127.0.0.1:8443"
//! tls_certificate = "pages.pem"
//! tls_key = "pages.key"
//! ```
//!
//! A file comes in, a [`Config`] goes out; a key that nobody knows is an error with the nearest one that somebody does. Without
//! a file everything has a default. Zones, under `[sources.NAME]` with a `type` or `[source.NAME]` with a `kind`, are read by
//! `crate::discover::config`, for `discover` and `scan` as well.

mod alerts;
mod schedule;
mod sources;
pub(crate) mod value;
mod web;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use assess::Policy;
use engine::schedule::Cadence;
use jiff::SignedDuration;
use model::limits;
use toml::{Table, Value};

pub(crate) use self::alerts::Telling;
pub(crate) use self::sources::{COMMON, Configured, Place};
pub(crate) use self::web::Web;
use crate::commands::keep::kept;
use crate::sheet::Format;
use crate::{file, text};

/// All that a configuration says.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file, when there is one.
    pub(crate) path: Option<PathBuf>,
    /// Where the inventory is kept.
    pub(crate) store: Option<String>,
    /// How long what has ended is kept; for ever without it.
    pub(crate) keep: Option<SignedDuration>,
    /// Sources, in the order of their names.
    pub(crate) sources: Vec<Configured>,
    /// How often to look.
    pub(crate) cadence: Cadence,
    /// How fast.
    pub(crate) pace: Pace,
    /// When an end is near.
    pub(crate) policy: Policy,
    /// How long a new certificate may wait to be served.
    pub(crate) grace: SignedDuration,
    /// How old a look may be.
    pub(crate) fresh: Option<SignedDuration>,
    /// The format of reports.
    pub(crate) format: Option<Format>,
    /// Who is told of what.
    pub(crate) telling: Telling,
    /// The pages.
    pub(crate) web: Web,
}

/// How fast to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pace {
    /// Endpoints at once.
    pub(crate) concurrency: usize,
    /// Connections at once to one address.
    pub(crate) per_address: usize,
    /// Connections at once to one /24 or /48.
    pub(crate) per_network: usize,
    /// New connections a second.
    pub(crate) rate: Option<f64>,
    /// Time for one look.
    pub(crate) timeout: Duration,
}

impl Pace {
    /// A watch is in no hurry: 64 at once look at a million endpoints in four hours.
    const DEFAULT: Self = Self {
        concurrency: 64,
        per_address: limits::PER_ADDRESS,
        per_network: limits::PER_NETWORK,
        rate: None,
        timeout: Duration::from_secs(10),
    };
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            store: None,
            keep: None,
            sources: Vec::new(),
            cadence: Cadence::DEFAULT,
            pace: Pace::DEFAULT,
            policy: Policy::DEFAULT,
            grace: engine::join::renewed::GRACE,
            fresh: None,
            format: None,
            telling: Telling::default(),
            web: Web::default(),
        }
    }
}

/// What is read when nobody names a file.
const USUAL: &str = "nolapse.toml";
/// Keys of the file itself; the first are those of `discover`.
pub(crate) const TOP: &[&str] = &[
    "ports",
    "own",
    "resolvers",
    "state",
    "sources",
    "source",
    "store",
    "schedule",
    "report",
    "policy",
    "channel",
    "route",
    "alerts",
    "web",
];

impl Config {
    /// Reads `path`; without one `./nolapse.toml`, if it is there.
    pub(crate) fn load(path: Option<&Path>) -> anyhow::Result<Self> {
        let usual = Path::new(USUAL);
        let path = match path {
            Some(path) => path,
            None if usual.exists() => usual,
            None => return Ok(Self::default()),
        };
        let place = model::untrusted::shown(&path.display().to_string());
        let bytes = file::read_bounded(path, limits::FILE_BYTES)
            .map_err(|error| anyhow!("cannot read the configuration {place}: {}", file::reason(&error)))?;
        let text = String::from_utf8(bytes).map_err(|_| anyhow!("{place}: not UTF-8"))?;
        Self::parse(&text, path).with_context(|| place)
    }

    /// Reads a text that stands at `path`.
    fn parse(text: &str, path: &Path) -> anyhow::Result<Self> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| anyhow!("{error}"))?;
        value::known("the file", &table, TOP)?;
        let mut config = Self {
            path: Some(path.to_owned()),
            ..Self::default()
        };
        if let Some(store) = section(&table, "store")? {
            value::known("[store]", store, &["url", "keep"])?;
            config.store = value::text(store, "url").context("store")?;
            config.keep = value::text(store, "keep")?
                .map(|typed| kept(&typed).map_err(|words| anyhow!("store.keep: {words}")))
                .transpose()?;
        }
        if let Some(schedule) = section(&table, "schedule")? {
            schedule::read(schedule, &mut config).context("schedule")?;
        }
        if let Some(policy) = section(&table, "policy")? {
            read_policy(policy, &mut config).context("policy")?;
        }
        if let Some(report) = section(&table, "report")? {
            value::known("[report]", report, &["format"])?;
            config.format = value::text(report, "format")?
                .map(|word| Format::parse(&word).ok_or_else(|| anyhow!("report.format: no format `{word}`")))
                .transpose()?;
        }
        if let Some(pages) = section(&table, "web")? {
            config.web = web::read(pages, path).context("web")?;
        }
        config.sources = sources::read(&table, path)?;
        config.telling = alerts::read(&table, path)?;
        Ok(config)
    }

    /// How old a look may be: what the file says, or twice the longest time that may lie between two.
    pub(crate) fn fresh(&self) -> SignedDuration {
        self.fresh
            .unwrap_or_else(|| (self.cadence.every * 2).max(SignedDuration::from_hours(24)))
    }

    /// The source of a name.
    pub(crate) fn source(&self, name: &str) -> anyhow::Result<&Configured> {
        let found = self.sources.iter().find(|source| source.name.as_str() == name);
        found.ok_or_else(|| {
            let near = text::nearest(name, self.sources.iter().map(|source| source.name.as_str()));
            let near = near
                .map(|near| format!(": did you mean `{near}`?"))
                .unwrap_or_default();
            anyhow!(
                "no source `{}` is configured{near}",
                model::untrusted::shown(name)
            )
        })
    }
}

fn section<'a>(table: &'a Table, key: &str) -> anyhow::Result<Option<&'a Table>> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::Table(section)) => Ok(Some(section)),
        Some(_) => bail!("{key}: expected a table, such as [{key}]"),
    }
}

fn read_policy(table: &Table, config: &mut Config) -> anyhow::Result<()> {
    value::known("[policy]", table, &["warning", "critical", "grace", "fresh"])?;
    if let Some(warning) = value::threshold(table, "warning")? {
        config.policy.warning = warning;
    }
    if let Some(critical) = value::threshold(table, "critical")? {
        config.policy.critical = critical;
    }
    if let Some(grace) = value::duration(table, "grace")? {
        config.grace = grace;
    }
    config.fresh = value::duration(table, "fresh")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use assess::Threshold;

    use super::*;

    fn parse(text: &str) -> anyhow::Result<Config> {
        Config::parse(text, Path::new("/etc/nolapse/nolapse.toml"))
    }

    fn refused(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn nothing_is_needed_and_everything_can_be_said() {
        let nothing = parse("").unwrap();
        assert_eq!((nothing.store, nothing.sources.len()), (None, 0));
        let all = parse(
            "[store]\nurl = \"/var/x.db\"\nkeep = \"400d\"\n\
             [schedule]\nevery = \"30m\"\nsources_every = \"1d\"\nquiet = [\"22:00-06:00+02:00\"]\nconcurrency = 8\nrate = 10\n\
             [policy]\nwarning = \"21d\"\ncritical = \"10%\"\ngrace = \"12h\"\nfresh = \"2d\"\n\
             [report]\nformat = \"markdown\"\n\
             [source.lab]\nkind = \"list\"\nfile = \"lab.txt\"\n\
             [source.stores]\nkind = \"files\"\npaths = [\"/etc/ssl\", \"certs\"]\nevery = \"15m\"\n",
        )
        .unwrap();
        assert_eq!(all.store.as_deref(), Some("/var/x.db"));
        assert_eq!(all.keep, Some(SignedDuration::from_hours(400 * 24)));
        assert_eq!(all.cadence.every, SignedDuration::from_mins(30));
        assert_eq!(all.cadence.quiet.len(), 1);
        assert_eq!((all.pace.concurrency, all.pace.rate), (8, Some(10.0)));
        assert_eq!(
            (all.policy.warning, all.policy.critical),
            (Threshold::Days(21.0), Threshold::Percent(10.0))
        );
        assert_eq!(
            (all.grace, all.fresh()),
            (SignedDuration::from_hours(12), SignedDuration::from_hours(48))
        );
        assert_eq!(all.format, Some(Format::Markdown));
        let names: Vec<&str> = all.sources.iter().map(|source| source.name.as_str()).collect();
        assert_eq!(names, ["lab", "stores"]);
        assert_eq!(all.sources[1].every, Some(SignedDuration::from_mins(15)));
    }

    #[test]
    fn a_key_that_nobody_knows_is_met_with_the_nearest() {
        for (text, near) in [
            ("[shedule]\n", "`schedule`"),
            ("[store]\nulr = \"x\"\n", "`url`"),
            ("[schedule]\nevry = \"4h\"\n", "`every`"),
            ("[policy]\nwarnin = \"4d\"\n", "`warning`"),
            ("[source.a]\nkind = \"certcentrl\"\n", "`certcentral`"),
            ("[source.a]\nkind = \"list\"\nfil = \"x\"\n", "`file`"),
        ] {
            assert!(refused(text).contains(near), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        for (text, words) in [
            ("[schedule]\nevery = \"5s\"\n", "schedule"),
            ("[schedule]\nevery = \"often\"\n", "4h"),
            ("[schedule]\nquiet = [\"22-6\"]\n", "22:00-06:00"),
            ("[schedule]\nconcurrency = 0\n", "concurrency"),
            ("[policy]\ngrace = 3\n", "grace"),
            ("[store]\nkeep = \"1h\"\n", "at least a day"),
            ("store = 1\n", "[store]"),
            ("[source.\"A B\"]\nkind = \"list\"\n", "a source is called"),
            ("[source.a]\nfile = \"x\"\n", "kind is missing"),
            (
                "[source.a]\nkind = \"list\"\nfile = \"x\"\n[sources.a]\ntype = \"zone-file\"\nzone = \"a.example\"\nfile = \"z\"\n",
                "twice",
            ),
            ("x = [", "TOML"),
        ] {
            assert!(refused(text).contains(words), "{text}: {}", refused(text));
        }
    }
}
