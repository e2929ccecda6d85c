//! `[source.NAME]`: who is asked what exists.

use std::path::{Path, PathBuf};

use ::sources::settings::Settings;
use anyhow::{Context as _, anyhow, bail};
use engine::source::Empty;
use jiff::SignedDuration;
use model::sighting::{SourceKind, SourceName};
use serde::Deserialize as _;
use toml::{Table, Value};

use super::{schedule, value};
use crate::discover::config as zones;
use crate::text;

/// One source as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    /// Its name.
    pub(crate) name: SourceName,
    /// How often it is asked, when not as often as the others.
    pub(crate) every: Option<SignedDuration>,
    /// What an answer with nothing in it means.
    pub(crate) empty: Empty,
    /// Who is asked.
    pub(crate) place: Place,
}

/// Who is asked.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// An account, a table, files, a cluster, a list.
    Told(Box<Settings>),
    /// DNS: the section of this name of this file, in the words of `discover`.
    Zones(PathBuf),
}

impl Configured {
    /// What kind of place it asks.
    pub(crate) fn kind(&self) -> SourceKind {
        match &self.place {
            Place::Told(settings) => settings.kind(),
            Place::Zones(_) => SourceKind::Zone,
        }
    }
}

/// Keys that every source may have.
pub(crate) const COMMON: &[&str] = &["every", "accept_empty"];

/// Kinds of `crate sources`.
const TOLD: &[&str] = &["certcentral", "csv", "files", "kubernetes", "list"];

/// Reads all of them.
pub(super) fn read(table: &Table, path: &Path) -> anyhow::Result<Vec<Configured>> {
    let mut all: Vec<Configured> = Vec::new();
    for (key, word) in [("source", "kind"), ("sources", "type")] {
        let Some(value) = table.get(key) else { continue };
        let Value::Table(sections) = value else {
            bail!("{key}: expected tables, such as [{key}.main]");
        };
        for (name, value) in sections {
            let Value::Table(section) = value else {
                bail!("{key}.{name}: expected a table");
            };
            let source = one(name, section, word, path).with_context(|| format!("{key}.{name}"))?;
            if all.iter().any(|known| known.name == source.name) {
                bail!("{key}.{name}: the name is given twice");
            }
            all.push(source);
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

fn one(name: &str, section: &Table, word: &'static str, path: &Path) -> anyhow::Result<Configured> {
    let name = SourceName::parse(name).map_err(|error| anyhow!("{error}"))?;
    let every = schedule::period(section, "every")?;
    let empty = match value::flag(section, "accept_empty")? {
        Some(true) => Empty::Counts,
        Some(false) | None => Empty::Fails,
    };
    let known = || TOLD.iter().chain(zones::kinds()).copied();
    let kind = value::text(section, word)?.ok_or_else(|| {
        anyhow!(
            "{word} is missing: one of {}",
            known().collect::<Vec<_>>().join(", ")
        )
    })?;
    let place = if zones::kinds().any(|known| *known == kind) {
        zones::check(name.as_str(), section, word)?;
        Place::Zones(path.to_owned())
    } else if TOLD.contains(&&*kind) && word == "kind" {
        let mut settings = settings(section)?;
        settings.relative_to(path.parent().unwrap_or_else(|| Path::new("")));
        Place::Told(Box::new(settings))
    } else {
        let near = text::nearest(&kind, known());
        let near = near
            .map(|near| format!(": did you mean `{near}`?"))
            .unwrap_or_default();
        bail!(
            "no {word} `{}`{near} (known are {})",
            model::untrusted::shown(&kind),
            known().collect::<Vec<_>>().join(", ")
        );
    };
    Ok(Configured {
        name,
        every,
        empty,
        place,
    })
}

/// The settings of a section, without what every source has.
fn settings(section: &Table) -> anyhow::Result<Settings> {
    let mut section = section.clone();
    for common in COMMON {
        section.remove(*common);
    }
    Settings::deserialize(Value::Table(section)).map_err(|error| anyhow!("{}", said(error.message())))
}

/// What serde says, with the nearest key where one is not known.
pub(super) fn said(words: &str) -> String {
    format!("{}{}", model::untrusted::shown(words), nearest(words))
}

/// What serde says of a key that is not known has all that are.
fn nearest(words: &str) -> String {
    let mut quoted = words.split('`').skip(1).step_by(2);
    let typed = quoted.next().filter(|_| words.starts_with("unknown field"));
    let near = typed.and_then(|typed| text::nearest(typed, quoted));
    near.map(|near| format!(": did you mean `{near}`?"))
        .unwrap_or_default()
}
