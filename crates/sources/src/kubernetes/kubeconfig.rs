//! Kubeconfigs: where a cluster is, by whom its certificate is issued, and what opens it.
//!
//! A file comes in, an [`Access`] goes out. A token or a client certificate, in the file or beside it, is used; programs that
//! make credentials (`exec`) are not run, since a configuration that is read would then be one that is executed.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::untrusted::shown;
use net::api::{ClientCertificate, OwnTls};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::access::{Access, bounded, certificates};
use super::error::ClusterError;
use super::yaml;
use crate::secret::Secret;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    clusters: Option<Vec<Named<Cluster>>>,
    #[serde(default)]
    users: Option<Vec<Named<User>>>,
    #[serde(default)]
    contexts: Option<Vec<Named<Context>>>,
    #[serde(default, rename = "current-context")]
    current: Option<String>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "cluster", alias = "user", alias = "context")]
    value: Option<T>,
}

#[derive(Deserialize)]
struct Context {
    cluster: String,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    server: String,
    #[serde(default)]
    certificate_authority: Option<PathBuf>,
    #[serde(default)]
    certificate_authority_data: Option<String>,
    #[serde(default)]
    tls_server_name: Option<String>,
    #[serde(default)]
    insecure_skip_tls_verify: Option<bool>,
    #[serde(default)]
    proxy_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    #[serde(default)]
    token: Option<String>,
    #[serde(default, rename = "tokenFile")]
    token_file: Option<PathBuf>,
    #[serde(default)]
    client_certificate: Option<PathBuf>,
    #[serde(default)]
    client_certificate_data: Option<String>,
    #[serde(default)]
    client_key: Option<PathBuf>,
    #[serde(default)]
    client_key_data: Option<String>,
    #[serde(default)]
    exec: Option<Value>,
    #[serde(default)]
    auth_provider: Option<Value>,
    #[serde(default)]
    username: Option<String>,
}

/// Reads the one context that is wanted, or the current one.
pub(super) fn read(path: &Path, wanted: Option<&str>) -> Result<Access, ClusterError> {
    let failed = |words: String| ClusterError::Kubeconfig {
        path: shown(&path.display().to_string()),
        words,
    };
    let bytes = bounded(path).map_err(|error| failed(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("not UTF-8".to_owned()))?;
    let value = yaml::parse(text).map_err(failed)?;
    // The words of such an error may have the value in them, which may be secret.
    let config: Config =
        serde_json::from_value(value).map_err(|_| failed("not in the shape of a kubeconfig".to_owned()))?;
    let file = KubeconfigFile {
        folder: path.parent().unwrap_or_else(|| Path::new("")),
        config,
    };
    let (server, tls, token) = file.access(wanted).map_err(failed)?;
    Access::new(&server, &tls, token)
}

struct KubeconfigFile<'a> {
    folder: &'a Path,
    config: Config,
}

impl KubeconfigFile<'_> {
    fn access(&self, wanted: Option<&str>) -> Result<(String, OwnTls, Option<Secret>), String> {
        let current = self.config.current.as_deref().filter(|name| !name.is_empty());
        let name = wanted
            .or(current)
            .ok_or("it has no current context: name one with context")?;
        let context = find(self.config.contexts.as_deref(), "context", name)?;
        let cluster = find(self.config.clusters.as_deref(), "cluster", &context.cluster)?;
        let nobody = User::default();
        let user = match context.user.as_deref().filter(|user| !user.is_empty()) {
            None => &nobody,
            Some(user) => find(self.config.users.as_deref(), "user", user)?,
        };
        if cluster.insecure_skip_tls_verify == Some(true) {
            return Err(
                "insecure-skip-tls-verify is set, and credentials are not shown to whoever answers: name the authority instead"
                    .to_owned(),
            );
        }
        if cluster
            .proxy_url
            .as_deref()
            .is_some_and(|proxy| !proxy.is_empty())
        {
            return Err(
                "proxy-url is set, and proxies are not used: name an address that can be reached".to_owned(),
            );
        }
        let authority = self.bytes(
            "certificate-authority",
            cluster.certificate_authority_data.as_deref(),
            cluster.certificate_authority.as_deref(),
        )?;
        let authorities = match authority {
            None => Vec::new(),
            Some(bytes) => match certificates(&bytes) {
                none if none.is_empty() => {
                    return Err("certificate-authority has no certificate in PEM".to_owned());
                }
                some => some,
            },
        };
        let tls = OwnTls {
            authorities,
            client: self.client(user)?,
            certified: cluster.tls_server_name.clone().filter(|name| !name.is_empty()),
        };
        let token = self.token(user, tls.client.is_some())?;
        Ok((cluster.server.clone(), tls, token))
    }

    fn token(&self, user: &User, has_certificate: bool) -> Result<Option<Secret>, String> {
        if let Some(path) = &user.token_file {
            let token = Secret::token_of(&self.folder.join(path));
            return token.map(Some).map_err(|error| error.to_string());
        }
        if let Some(token) = user.token.as_deref().filter(|token| !token.is_empty()) {
            return Ok(Some(Secret::new(token)));
        }
        let made = if user.exec.is_some() {
            "exec"
        } else if user.auth_provider.is_some() {
            "auth-provider"
        } else if user.username.is_some() {
            "username and password"
        } else {
            return Ok(None);
        };
        if has_certificate {
            return Ok(None);
        }
        Err(format!(
            "its credentials come of `{made}`, which is not supported: make a service account, and name its token with server and token_file"
        ))
    }

    fn client(&self, user: &User) -> Result<Option<ClientCertificate>, String> {
        let chain = self.bytes(
            "client-certificate",
            user.client_certificate_data.as_deref(),
            user.client_certificate.as_deref(),
        )?;
        let key = self.bytes(
            "client-key",
            user.client_key_data.as_deref(),
            user.client_key.as_deref(),
        )?;
        match (chain, key) {
            (None, None) => Ok(None),
            (Some(chain), Some(key)) => {
                let chain = certificates(&chain);
                let key = private_key(&key).ok_or("client-key has no private key in PEM")?;
                if chain.is_empty() {
                    return Err("client-certificate has no certificate in PEM".to_owned());
                }
                Ok(Some((chain, key)))
            }
            _ => Err("client-certificate and client-key belong together, and one is missing".to_owned()),
        }
    }

    /// Bytes of the file itself, or of another beside it.
    fn bytes(
        &self,
        what: &str,
        data: Option<&str>,
        path: Option<&Path>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            let decoded = STANDARD.decode(data.trim());
            let decoded = decoded.map_err(|_| format!("{what}-data is not base64"))?;
            return Ok(Some(Zeroizing::new(decoded)));
        }
        let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let bytes = bounded(&self.folder.join(path));
        bytes.map(Some).map_err(|error| format!("{what}: {error}"))
    }
}

fn find<'a, T>(all: Option<&'a [Named<T>]>, what: &str, name: &str) -> Result<&'a T, String> {
    let all = all.unwrap_or_default();
    let found = all.iter().find(|named| named.name == name);
    found.and_then(|named| named.value.as_ref()).ok_or_else(|| {
        let names: Vec<String> = all
            .iter()
            .take(NAMES_SHOWN)
            .map(|named| shown(&named.name))
            .collect();
        format!("it has no {what} `{}`; it has {}", shown(name), names.join(", "))
    })
}

/// Names shown when one is missing.
const NAMES_SHOWN: usize = 20;

/// The private key in a text, in DER: `model` recognises such blocks and does not decode them.
fn private_key(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut inside = false;
    let mut digits = Zeroizing::new(String::with_capacity(text.len()));
    for line in text.lines().map(str::trim) {
        if line.starts_with("-----BEGIN ") {
            inside = line.ends_with("PRIVATE KEY-----") && !line.contains("ENCRYPTED");
        } else if inside && line.starts_with("-----END ") {
            return STANDARD.decode(digits.as_bytes()).ok();
        } else if inside {
            digits.push_str(line);
        }
    }
    None
}
