//! Whom to trust: the public stores, the operating system's, and those of the user's own (`--trust-store`), and which of
//! them must accept (`--require-stores`).
//!
//! Flags come in, [`Stores`] and what is required of them go out. The public stores are those that `nolapse trust-stores
//! update` installed, or the ones that are compiled in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use assess::{RequiredStores, StoreKind, Stores};
use model::pem::{self, Content};
use model::{Certificate, limits, untrusted};

use crate::commands::trust_stores::installed;
use crate::{file, say};

/// Whom to trust.
#[derive(clap::Args, Clone, Debug, Default)]
pub(crate) struct StoreArgs {
    /// A trust store of your own, PEM or DER, or `system`; what it accepts is trusted; may be repeated
    #[arg(
        long = "trust-store", value_name = "NAME=FILE", env = "NOLAPSE_TRUST_STORE", hide_env = true,
        value_parser = NamedFile::parse
    )]
    trust_stores: Vec<NamedFile>,

    /// Who must accept: public, any, or names such as apple,corp; all public ones or one of your own unless given
    #[arg(
        long, value_name = "NAMES", env = "NOLAPSE_REQUIRE_STORES", hide_env = true, value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    require_stores: Vec<String>,
}

/// A store by its name and file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFile {
    name: String,
    /// The operating system's own when there is none.
    path: Option<PathBuf>,
}

/// The name of the operating system's store.
pub(crate) const SYSTEM: &str = "system";

impl NamedFile {
    /// The operating system's own.
    pub(crate) fn system() -> Self {
        let name = SYSTEM.to_owned();
        Self { name, path: None }
    }

    /// Parses `NAME=FILE`, or `system`.
    pub(crate) fn parse(typed: &str) -> Result<Self, String> {
        if typed == SYSTEM {
            return Ok(Self::system());
        }
        match typed.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
                if !name.chars().all(plain) || name.len() > 64 {
                    return Err("a store's name is up to 64 letters, digits, `-`, `_` and `.`".to_owned());
                }
                if ["public", "any"].contains(&name.to_ascii_lowercase().as_str()) {
                    return Err(format!(
                        "`{name}` has a meaning of its own: give the store another name"
                    ));
                }
                Ok(Self {
                    name: name.to_owned(),
                    path: Some(PathBuf::from(path)),
                })
            }
            _ => Err("expected NAME=FILE, such as corp=/etc/ssl/corp.pem, or system".to_owned()),
        }
    }
}

impl StoreArgs {
    /// One store of the user's own beside the public ones.
    pub(crate) fn own(name: &str, path: PathBuf) -> Self {
        let own = NamedFile {
            name: name.to_owned(),
            path: Some(path),
        };
        Self {
            trust_stores: vec![own],
            require_stores: Vec::new(),
        }
    }

    /// The public stores and those of the user's own, and which must accept.
    pub(crate) fn stores(&self) -> anyhow::Result<(Stores, RequiredStores)> {
        let stores = with_own(Stores::of(&installed::collection()), &self.trust_stores)?;
        let required = self.required(&stores)?;
        Ok((stores, required))
    }

    fn required(&self, stores: &Stores) -> anyhow::Result<RequiredStores> {
        let mut names: Vec<&str> = Vec::new();
        for name in &self.require_stores {
            match name.to_ascii_lowercase().as_str() {
                "any" if self.require_stores.len() == 1 => return Ok(RequiredStores::Any),
                "public" if self.require_stores.len() == 1 => return Ok(RequiredStores::Public),
                "any" => bail!("--require-stores any stands alone"),
                "public" => {
                    let public = stores
                        .list()
                        .iter()
                        .filter(|store| store.kind == StoreKind::Public);
                    names.extend(public.map(|store| &*store.name));
                }
                _ => names.push(name),
            }
        }
        if names.is_empty() {
            return Ok(RequiredStores::PublicOrOwn);
        }
        let chosen = stores.named(&names).map_err(|unknown| {
            let known: Vec<_> = stores.list().iter().map(|store| &*store.name).collect();
            anyhow::anyhow!(
                "--require-stores: there is no trust store called `{}`: {}",
                untrusted::shown(unknown),
                known.join(", ")
            )
        })?;
        Ok(RequiredStores::These(chosen))
    }
}

/// Adds the stores of the user's own.
pub(crate) fn with_own(mut stores: Stores, own: &[NamedFile]) -> anyhow::Result<Stores> {
    for NamedFile { name, path } in own {
        if stores
            .list()
            .iter()
            .any(|store| store.name.eq_ignore_ascii_case(name))
        {
            bail!("two trust stores are called `{name}`: give each a name of its own");
        }
        let certificates = match path {
            Some(path) => read(path),
            None => read_system(),
        };
        let certificates = certificates.with_context(|| format!("cannot read the trust store `{name}`"))?;
        stores = stores.with_user_store(name.as_str(), certificates)?;
    }
    Ok(stores)
}

/// Where systems keep the store of all programs: Debian, Fedora, openSUSE, Alpine and the BSDs.
const SYSTEM_FILES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

fn read_system() -> anyhow::Result<Vec<Arc<Certificate>>> {
    if let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) {
        return read(Path::new(&path)).context("SSL_CERT_FILE");
    }
    match SYSTEM_FILES.iter().map(Path::new).find(|path| path.is_file()) {
        Some(path) => read(path),
        None => bail!(
            "this system keeps none where it is looked for: set SSL_CERT_FILE, or name a file: system=FILE ({})",
            SYSTEM_FILES.join(", ")
        ),
    }
}

/// The certificates of a file, PEM or DER. What cannot be read of a file of several is said with its place, and the rest
/// is used; a file of which nothing can be read is an error.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<Arc<Certificate>>> {
    let shown = untrusted::shown(&path.display().to_string());
    let bytes = file::read_bounded(path, limits::FILE_BYTES)
        .map_err(|error| anyhow::anyhow!("{shown}: {}", file::reason(&error)))?;
    of_bytes(&shown, bytes)
}

/// The certificates of a file as [`read`] takes it, or of standard input when it is `-`.
pub(crate) fn read_or_standard_input(path: &Path) -> anyhow::Result<Vec<Arc<Certificate>>> {
    let (shown, bytes) = file::read_named(path, limits::FILE_BYTES)?;
    of_bytes(&shown, bytes)
}

fn of_bytes(shown: &str, bytes: Vec<u8>) -> anyhow::Result<Vec<Arc<Certificate>>> {
    let (certificates, problems) = sifted(shown, bytes)?;
    for problem in problems {
        say::warning(&format!("{problem}; the rest of the file is used"));
    }
    Ok(certificates)
}

/// What can be read of the bytes of a file, and what cannot, with its place; safe to show.
fn sifted(shown: &str, bytes: Vec<u8>) -> anyhow::Result<(Vec<Arc<Certificate>>, Vec<String>)> {
    let (certificates, mut problems) = if bytes.first() == Some(&0x30) {
        (vec![(1, Arc::new(Certificate::from_der(bytes)))], Vec::new())
    } else {
        from_pem(&bytes)
    };
    if certificates.len() > limits::BUNDLE_ITEMS {
        bail!("{shown}: more than {} certificates in it", limits::BUNDLE_ITEMS);
    }
    let is_readable =
        |(_, certificate): &(usize, Arc<Certificate>)| !certificate.facts().public_key.spki.is_empty();
    let (readable, unreadable): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_readable);
    let lost = unreadable
        .iter()
        .map(|(line, _)| format!("the certificate that begins in line {line} cannot be read"));
    problems.extend(lost);
    let mut problems = problems.into_iter().map(|problem| format!("{shown}: {problem}"));
    if readable.is_empty() {
        if let Some(problem) = problems.next() {
            bail!(problem);
        }
        bail!("{shown}: no certificate in it: expected PEM (-----BEGIN CERTIFICATE-----) or DER");
    }
    let readable = readable.into_iter().map(|(_, certificate)| certificate);
    Ok((readable.collect(), problems.take(PROBLEMS).collect()))
}

/// Problems of one file that are said: who has more of them has another file in mind.
const PROBLEMS: usize = 8;

/// Every block that is labelled as a certificate, with its line; what stands between blocks and other blocks are passed
/// over, as RFC 7468 section 2 asks. OpenSSL's trusted certificates carry more than a certificate and are not taken.
/// Blocks that cannot be read are told apart.
fn from_pem(bytes: &[u8]) -> (Vec<(usize, Arc<Certificate>)>, Vec<String>) {
    let (mut certificates, mut problems) = (Vec::new(), Vec::new());
    for block in pem::blocks(bytes).take(limits::BUNDLE_ITEMS * 2) {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                problems.push(untrusted::shown(&error.to_string()));
                continue;
            }
        };
        if let ("CERTIFICATE" | "X509 CERTIFICATE", Content::Der(der)) = (block.label.raw(), block.content) {
            certificates.push((block.line, Arc::new(Certificate::from_der(der))));
        }
    }
    (certificates, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files() {
        let named = NamedFile::parse("corp=a=b.pem").unwrap();
        assert_eq!(
            (named.name.as_str(), named.path),
            ("corp", Some(PathBuf::from("a=b.pem")))
        );
        assert_eq!(NamedFile::parse("system").unwrap().path, None);
        for wrong in ["corp", "=x", "corp=", "a b=x", "\u{1b}=x", "Any=x", "public=x"] {
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
        let broken = "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n";
        let unread = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let mixed = format!("{broken}{}{unread}", certificate.pem());
        let (good, problems) = sifted("store", mixed.into_bytes()).unwrap();
        assert_eq!(good.len(), 1, "one bad block does not take the others with it");
        assert!(
            problems[0].contains("store: line 2: not base64") && problems[1].contains("begins in line "),
            "{problems:?}"
        );
        let missing = NamedFile {
            name: "corp".to_owned(),
            path: Some(folder.path().join("missing.pem")),
        };
        let error = format!("{:#}", with_own(Stores::none(), &[missing]).unwrap_err());
        assert!(
            error.starts_with("cannot read the trust store `corp`: ") && error.ends_with("no such file"),
            "{error}"
        );
    }

    #[test]
    fn who_must_accept() {
        let stores = Stores::public();
        let required = |names: &[&str]| {
            let args = StoreArgs {
                trust_stores: Vec::new(),
                require_stores: names.iter().map(|name| (*name).to_owned()).collect(),
            };
            args.required(&stores).map_err(|error| error.to_string())
        };
        assert_eq!(required(&[]), Ok(RequiredStores::PublicOrOwn));
        assert_eq!(required(&["Any"]), Ok(RequiredStores::Any));
        assert_eq!(required(&["public"]), Ok(RequiredStores::Public));
        let named = |names: &[&str]| Ok(RequiredStores::These(stores.named(names).unwrap()));
        assert_eq!(required(&["apple", "java"]), named(&["Java", "Apple"]));
        assert!(required(&["any", "java"]).is_err());
        assert!(
            required(&["opera"])
                .unwrap_err()
                .contains("`opera`: Android, Apple, Chrome")
        );
    }
}
