//! Chains, known certificates and revocation lists from files. What cannot be read is a remark with file and place, and
//! the rest is judged; only a leaf that cannot be found ends it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use model::revocation::{OcspReply, RevocationList};
use model::{Certificate, limits, untrusted};

use crate::commands::inspect::contents::{self, Contents, Thing};
use crate::commands::inspect::password;
use crate::file;

/// Reads files and keeps remarks about them.
pub(super) struct Reading {
    password: String,
    /// What was passed over, and what looks like a mistake; safe to show.
    pub(super) remarks: Vec<String>,
}

impl Reading {
    /// `password_file` opens key stores.
    pub(super) fn new(password_file: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            password: password_file.map(password).transpose()?.unwrap_or_default(),
            remarks: Vec::new(),
        })
    }

    /// The chain in `path`, leaf first.
    pub(super) fn chain(&mut self, path: &Path) -> anyhow::Result<Vec<Arc<Certificate>>> {
        let contents = self.contents(path)?;
        let chain = self.chain_of(&shown(path), contents)?;
        Ok(chain)
    }

    /// The chain in contents that are called `place`.
    pub(super) fn chain_of(
        &mut self,
        place: &str,
        contents: Contents,
    ) -> anyhow::Result<Vec<Arc<Certificate>>> {
        if let Some(broken) = &contents.leaf_lost {
            bail!("{place}: the first certificate is the leaf, and it cannot be read: {broken}");
        }
        let chain = self.certificates_of(place, contents);
        if chain.is_empty() {
            bail!("{place}: no certificate in it: expected the leaf, then whatever else was sent");
        }
        self.look_for_mistakes(place, &chain);
        Ok(chain)
    }

    /// Every certificate in `path`.
    pub(super) fn certificates(&mut self, path: &Path) -> anyhow::Result<Vec<Arc<Certificate>>> {
        let contents = self.contents(path)?;
        let certificates = self.certificates_of(&shown(path), contents);
        if certificates.is_empty() {
            bail!("{}: no certificate in it", shown(path));
        }
        Ok(certificates)
    }

    /// Every revocation list in `path`.
    pub(super) fn lists(&mut self, path: &Path) -> anyhow::Result<Vec<Arc<RevocationList>>> {
        let contents = self.contents(path)?;
        let lists = self.lists_of(&shown(path), contents);
        if lists.is_empty() {
            bail!(
                "{}: no revocation list in it: expected PEM (-----BEGIN X509 CRL-----) or DER",
                shown(path)
            );
        }
        Ok(lists)
    }

    /// Every revocation list in contents that are called `place`.
    pub(super) fn lists_of(&mut self, place: &str, contents: Contents) -> Vec<Arc<RevocationList>> {
        self.problems(place, &contents);
        let list = |thing| match thing {
            Thing::Crl { der, .. } => Some(Arc::new(RevocationList::from_der(der))),
            _ => None,
        };
        contents
            .items
            .into_iter()
            .filter_map(|item| list(item.thing))
            .collect()
    }

    /// Every OCSP answer in `path`.
    pub(super) fn replies(&mut self, path: &Path) -> anyhow::Result<Vec<Arc<OcspReply>>> {
        let contents = self.contents(path)?;
        let replies = self.replies_of(&shown(path), contents);
        if replies.is_empty() {
            bail!(
                "{}: no OCSP answer in it: expected DER, or PEM (-----BEGIN OCSP RESPONSE-----)",
                shown(path)
            );
        }
        Ok(replies)
    }

    /// Every OCSP answer in contents that are called `place`.
    pub(super) fn replies_of(&mut self, place: &str, contents: Contents) -> Vec<Arc<OcspReply>> {
        self.problems(place, &contents);
        let reply = |thing| match thing {
            Thing::Ocsp { der, .. } => Some(Arc::new(OcspReply::from_der(der))),
            _ => None,
        };
        contents
            .items
            .into_iter()
            .filter_map(|item| reply(item.thing))
            .collect()
    }

    /// What is in `bytes`, which are called `place`.
    pub(super) fn of_bytes(&self, place: &str, bytes: &[u8]) -> anyhow::Result<Contents> {
        contents::read(bytes, &self.password).map_err(|error| anyhow!("{place}: {error}"))
    }

    /// Every certificate in contents that are called `place`.
    pub(super) fn certificates_of(&mut self, place: &str, contents: Contents) -> Vec<Arc<Certificate>> {
        self.problems(place, &contents);
        let certificate = |thing| match thing {
            Thing::Certificate(certificate) => Some(Arc::new(*certificate)),
            _ => None,
        };
        contents
            .items
            .into_iter()
            .filter_map(|item| certificate(item.thing))
            .collect()
    }

    fn contents(&self, path: &Path) -> anyhow::Result<Contents> {
        let (shown, bytes) = file::read_named(path, limits::FILE_BYTES)?;
        self.of_bytes(&shown, &bytes)
    }

    fn problems(&mut self, place: &str, contents: &Contents) {
        let said = contents
            .problems
            .iter()
            .map(|problem| format!("{place}: {problem}"));
        self.remarks.extend(said);
    }

    fn look_for_mistakes(&mut self, place: &str, chain: &[Arc<Certificate>]) {
        for (number, certificate) in chain.iter().enumerate() {
            let before = chain.iter().take(number);
            if let Some(first) = { before }.position(|other| other == certificate) {
                self.remarks.push(format!(
                    "{place}: certificate {} is certificate {} again",
                    number + 1,
                    first + 1
                ));
            }
        }
        let issued_by = |leaf: &Arc<Certificate>, other: &&Arc<Certificate>| {
            other.facts().issuer.canonical == leaf.facts().subject.canonical && !leaf.facts().self_issued()
        };
        if let Some(leaf) = chain.first()
            && let Some(place_of_leaf) = chain.iter().position(|other| issued_by(leaf, &other))
        {
            self.remarks.push(format!(
                "{place}: the first certificate is taken as the leaf, and it has issued certificate {}: is the leaf first?",
                place_of_leaf + 1
            ));
        }
    }
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    untrusted::shown(&path.display().to_string())
}
