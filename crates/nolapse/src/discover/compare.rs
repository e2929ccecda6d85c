//! Names in certificates against names in zones, and views of one zone against each other.
//!
//! Names come in from both sides while zones are read; what one side alone has goes out at the end. This is the one part of a
//! discovery that keeps every name.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, bail};
use model::certificate::GeneralName;
use model::zone::Domain;
use model::zone::expand::Line;
use model::{Certificate, Name, WildcardName, limits, untrusted};
use serde_json::Value;

use crate::discover::engine::{Report, plain};
use crate::{anchors, file};

/// Names that certificates have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Covered {
    names: BTreeSet<Name>,
    wildcards: BTreeSet<Name>,
}

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    certificates: Option<Covered>,
    /// Whether views are compared.
    views: bool,
    /// Names of endpoints.
    found: BTreeSet<String>,
    /// Names that lead nowhere, so that no certificate is needed for them.
    zones: BTreeSet<Domain>,
    /// By zone and name, the addresses in each view.
    addresses: BTreeMap<(String, String), Vec<BTreeSet<IpAddr>>>,
    /// By zone, where each of its views comes from.
    sources: BTreeMap<(String, usize), String>,
}

/// A name that one side alone has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The word in machine formats.
    pub(crate) kind: &'static str,
    /// The name.
    pub(crate) name: String,
    /// What it means.
    pub(crate) reason: String,
}

impl Covered {
    /// Reads names from certificates (PEM or DER), or from the lines that `scan --format ndjson` writes.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = untrusted::shown(&path.display().to_string());
        let bytes = file::read_bounded(path, limits::TRANSFER_BYTES)
            .map_err(|error| anyhow::anyhow!("cannot read {shown}: {}", file::reason(&error)))?;
        let mut covered = Self::default();
        if bytes.trim_ascii_start().starts_with(b"{") {
            covered
                .lines(&bytes)
                .with_context(|| format!("cannot read {shown}"))?;
        } else {
            let certificates = anchors::read(path)?;
            certificates
                .iter()
                .for_each(|certificate| covered.certificate(certificate));
        }
        if covered.names.is_empty() && covered.wildcards.is_empty() {
            bail!(
                "{shown} has no certificate with a DNS name: expected certificates, or the lines of `nolapse scan --format ndjson`"
            );
        }
        Ok(covered)
    }

    fn lines(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let record: Value = serde_json::from_slice(line).with_context(|| format!("line {number}"))?;
            // The first certificate is the one that was served for the name; the others are authorities.
            let names = record.pointer("/certificates/0/names").and_then(Value::as_array);
            for name in names.into_iter().flatten().filter_map(Value::as_str) {
                self.add(name);
            }
        }
        Ok(())
    }

    fn certificate(&mut self, certificate: &Certificate) {
        for name in certificate.facts().subject_alt_names.iter().flatten() {
            if let GeneralName::Dns(name) = name {
                self.add(name.raw());
            }
        }
    }

    fn add(&mut self, name: &str) {
        if let Ok(wildcard) = WildcardName::parse(name) {
            self.wildcards.insert(wildcard.parent().clone());
        } else if let Ok(name) = Name::parse(name) {
            self.names.insert(name);
        }
    }

    /// Names without those of wildcards.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }

    fn covers(&self, name: &str) -> bool {
        let parent = name.split_once('.').map(|(_, parent)| parent);
        self.names.iter().any(|known| known.as_str() == name)
            || parent.is_some_and(|parent| self.wildcards.iter().any(|known| known.as_str() == parent))
    }
}

impl Comparison {
    /// Compares with certificates, and views with one another, as wanted.
    pub(crate) fn new(certificates: Option<Covered>, views: bool) -> Self {
        Self {
            certificates,
            views,
            ..Self::default()
        }
    }

    fn is_wanted(&self) -> bool {
        self.certificates.is_some() || self.views
    }

    /// Notes a zone.
    pub(crate) fn zone(&mut self, zone: &Domain) {
        if self.is_wanted() {
            self.zones.insert(zone.clone());
        }
    }

    /// Notes where a view of a zone comes from.
    pub(crate) fn report(&mut self, report: &Report) {
        if self.views
            && let Some(zone) = &report.zone
        {
            let source = untrusted::shown(&report.source);
            self.sources.insert((plain(zone.borrowed()), report.view), source);
        }
    }

    /// Notes a line.
    pub(crate) fn line(&mut self, view: usize, line: &Line<'_>) {
        if !self.is_wanted() {
            return;
        }
        let Line::Endpoint(found) = line else { return };
        self.found.insert(found.name.to_owned());
        if self.views {
            let key = (plain(found.zone), found.name.to_owned());
            let by_view = self.addresses.entry(key).or_default();
            if by_view.len() <= view {
                by_view.resize(view + 1, BTreeSet::new());
            }
            if let Some(addresses) = by_view.get_mut(view) {
                addresses.insert(found.address);
            }
        }
    }

    /// What one side alone has; `views` is how many there were.
    pub(crate) fn differences(&self, views: usize) -> Vec<Difference> {
        let mut out = Vec::new();
        if let Some(certificates) = &self.certificates {
            self.against(certificates, &mut out);
        }
        if self.views && views > 1 {
            self.between_views(views, &mut out);
        }
        out
    }

    fn against(&self, certificates: &Covered, out: &mut Vec<Difference>) {
        for name in certificates.names() {
            if !self.found.contains(name.as_str()) {
                let reason = if self.is_inside(name) {
                    "a certificate has this name and its zone does not"
                } else {
                    "a certificate has this name and none of the zones is its zone"
                };
                out.push(difference("name-in-no-zone", name.as_str(), reason));
            }
        }
        for parent in &certificates.wildcards {
            let below = format!(".{parent}");
            let used = self.found.iter().any(|name| {
                name.strip_suffix(below.as_str())
                    .is_some_and(|label| !label.contains('.'))
            });
            if !used {
                let name = format!("*.{parent}");
                out.push(difference(
                    "name-in-no-zone",
                    &name,
                    "a certificate has this wildcard and no zone has a name below it",
                ));
            }
        }
        for name in &self.found {
            if !certificates.covers(name) {
                out.push(difference(
                    "name-not-covered",
                    name,
                    "a zone has this name and no certificate covers it",
                ));
            }
        }
    }

    fn is_inside(&self, name: &Name) -> bool {
        Domain::parse(name.as_str()).is_ok_and(|name| {
            let within = |zone: &Domain| name.borrowed().is_within(zone.borrowed());
            self.zones.iter().any(within)
        })
    }

    fn between_views(&self, views: usize, out: &mut Vec<Difference>) {
        let nothing = BTreeSet::new();
        for ((zone, name), by_view) in &self.addresses {
            let sides: Vec<&BTreeSet<IpAddr>> = (0..views)
                .map(|view| by_view.get(view).unwrap_or(&nothing))
                .collect();
            if sides
                .windows(2)
                .all(|pair| matches!(pair, [left, right] if left == right))
            {
                continue;
            }
            let told = |(place, side): (usize, &&BTreeSet<IpAddr>)| {
                let addresses: Vec<String> = side.iter().map(IpAddr::to_string).collect();
                let addresses = if addresses.is_empty() {
                    "nothing".to_owned()
                } else {
                    addresses.join(", ")
                };
                match self.sources.get(&(zone.clone(), place)) {
                    Some(source) => format!("view {}, {source}, has {addresses}", place + 1),
                    None => format!("view {} has {addresses}", place + 1),
                }
            };
            let told: Vec<String> = sides.iter().enumerate().map(told).collect();
            out.push(difference("views-differ", name, &told.join("; ")));
        }
    }
}

fn difference(kind: &'static str, name: &str, reason: &str) -> Difference {
    Difference {
        kind,
        name: name.to_owned(),
        reason: reason.to_owned(),
    }
}
