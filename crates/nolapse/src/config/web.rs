//! `[web]`: where the pages are, what they are called, and who they are when they speak HTTPS.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use toml::Table;

use super::value;
use crate::commands::serve::pair::Pair;

const KEYS: &[&str] = &["listen", "names", "tls_certificate", "tls_key"];

/// What it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Web {
    /// Where the pages are.
    pub(crate) listen: Option<SocketAddr>,
    /// What they are called besides addresses and `localhost`.
    pub(crate) names: Vec<model::Name>,
    /// Certificate and key.
    pub(crate) pair: Option<Pair>,
}

/// Reads it; relative paths begin where the file at `path` lies.
pub(super) fn read(table: &Table, path: &Path) -> anyhow::Result<Web> {
    value::known("[web]", table, KEYS)?;
    let listen = value::text(table, "listen")?
        .map(|typed| {
            typed.parse().map_err(|_| {
                anyhow!(
                    "listen: expected ADDRESS:PORT, such as 127.0.0.1:8787, which `{}` is not",
                    model::untrusted::shown(&typed)
                )
            })
        })
        .transpose()?;
    let names = value::texts(table, "names")?
        .iter()
        .map(|typed| {
            model::Name::parse(typed).with_context(|| format!("names: `{}`", model::untrusted::shown(typed)))
        })
        .collect::<anyhow::Result<_>>()?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let file = |key| anyhow::Ok(value::text(table, key)?.map(|typed| folder.join(typed)));
    let pair = match (file("tls_certificate")?, file("tls_key")?) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(Pair { certificate, key }),
        (Some(_), None) => bail!(
            "tls_certificate is there without tls_key: name the file of its key; both may be the same file"
        ),
        (None, Some(_)) => bail!(
            "tls_key is there without tls_certificate: name the file of its chain; both may be the same file"
        ),
    };
    Ok(Web { listen, names, pair })
}
