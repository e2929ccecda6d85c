//! Trust stores of the user's own (`--trust-store NAME=FILE`): PEM or DER in, certificates out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use assess::Stores;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Certificate, limits, untrusted};

use crate::file;

/// A store by its name and file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFile {
    name: String,
    path: PathBuf,
}

impl NamedFile {
    /// Parses `NAME=FILE`.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        match typed.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
                if !name.chars().all(plain) || name.len() > 64 {
                    return Err("a store's name is up to 64 letters, digits, `-`, `_` and `.`".to_owned());
                }
                Ok(Self {
                    name: name.to_owned(),
                    path: PathBuf::from(path),
                })
            }
            _ => Err("expected NAME=FILE, such as corp=/etc/ssl/corp.pem".to_owned()),
        }
    }
}

/// The built-in stores and those of the user's own.
pub(crate) fn stores(own: &[NamedFile]) -> anyhow::Result<Stores> {
    let mut stores = Stores::mozilla();
    for NamedFile { name, path } in own {
        if stores
            .list()
            .iter()
            .any(|store| store.name.eq_ignore_ascii_case(name))
        {
            bail!("two trust stores are called `{name}`: give each a name of its own");
        }
        let certificates = read(path).with_context(|| format!("cannot read the trust store `{name}`"))?;
        stores = stores.with_user_store(name.as_str(), certificates)?;
    }
    Ok(stores)
}

/// The certificates of a file, PEM or DER; each can be read.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Arc<Certificate>>> {
    let shown = untrusted::shown(&path.display().to_string());
    let bytes = file::read_bounded(path, limits::FILE_BYTES)
        .map_err(|error| anyhow::anyhow!("{shown}: {}", file::reason(&error)))?;
    let ders = if bytes.first() == Some(&0x30) {
        vec![bytes]
    } else {
        pem(&bytes)
    };
    let certificates: Vec<_> = ders
        .into_iter()
        .map(|der| Arc::new(Certificate::from_der(der)))
        .collect();
    if certificates.is_empty() {
        bail!("{shown}: no certificate in it: expected PEM (-----BEGIN CERTIFICATE-----) or DER");
    }
    let unreadable = |certificate: &Arc<Certificate>| certificate.facts().public_key.spki.is_empty();
    if let Some(place) = certificates.iter().position(unreadable) {
        bail!("{shown}: certificate {} in it cannot be read", place + 1);
    }
    Ok(certificates)
}

/// Every block that is labelled as a certificate; what stands between blocks is passed over, as RFC 7468 section 2 asks.
fn pem(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(bytes);
    let mut ders = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines().map(str::trim) {
        match (line, &mut block) {
            ("-----BEGIN CERTIFICATE-----" | "-----BEGIN X509 CERTIFICATE-----", _) => {
                block = Some(String::new())
            }
            (line, Some(base64)) if line.starts_with("-----END") => {
                // A block that is no base64 becomes an unreadable certificate, which the caller reports by its place.
                ders.push(STANDARD.decode(&*base64).unwrap_or_default());
                block = None;
            }
            (line, Some(base64)) => base64.push_str(line),
            (_, None) => {}
        }
    }
    ders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        let named = NamedFile::parse("corp=a=b.pem").unwrap();
        assert_eq!(
            (named.name.as_str(), named.path.to_str()),
            ("corp", Some("a=b.pem"))
        );
        for wrong in ["corp", "=x", "corp=", "a b=x", "\u{1b}=x"] {
            assert!(NamedFile::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pem_and_der_are_read_and_others_refused_with_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let path = folder.path().join("store");
        std::fs::write(&path, format!("comment\n{0}\r\nmore\n{0}", certificate.pem())).unwrap();
        assert_eq!(read(&path).unwrap().len(), 2);
        std::fs::write(&path, certificate.der()).unwrap();
        assert_eq!(read(&path).unwrap().len(), 1);
        for wrong in [
            "",
            "hello",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&path, wrong).unwrap();
            assert!(
                read(&path).unwrap_err().to_string().contains("store: "),
                "{wrong}"
            );
        }
        let missing = NamedFile {
            name: "corp".to_owned(),
            path: folder.path().join("missing.pem"),
        };
        let error = format!("{:#}", stores(&[missing]).unwrap_err());
        assert!(
            error.starts_with("cannot read the trust store `corp`: ") && error.ends_with("no such file"),
            "{error}"
        );
    }
}
