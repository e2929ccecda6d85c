//! How a cluster is reached: address, authorities, and credentials, from the settings, a kubeconfig, or the pod we run in.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use model::pem::{self, Content};
use model::{limits, untrusted};
use net::api::{Origin, OwnTls};
use zeroize::Zeroizing;

use super::error::ClusterError;
use super::kubeconfig;
use super::settings::Settings;
use crate::run::Variable;
use crate::secret::Secret;

#[derive(Debug)]
pub(super) struct Access {
    pub(super) origin: Origin,
    /// Path that all questions begin with, without a slash at its end.
    pub(super) prefix: String,
    pub(super) token: Option<Secret>,
}

/// Where every pod finds its account's token and the cluster's authority.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl Access {
    pub(super) fn of(settings: &Settings, variable: &Variable<'_>) -> Result<Self, ClusterError> {
        let of_server = [
            (settings.server.is_some(), "server"),
            (settings.token_file.is_some(), "token_file"),
            (settings.ca_file.is_some(), "ca_file"),
        ];
        if let Some(path) = &settings.kubeconfig {
            let second = of_server.iter().find_map(|(is_set, key)| is_set.then_some(*key));
            return match second {
                Some(key) => Err(ClusterError::TwoWays(key)),
                None => kubeconfig::read(path, settings.context.as_deref()),
            };
        }
        let (server, token, authorities) = match &settings.server {
            Some(server) => (
                server.clone(),
                settings.token_file.clone(),
                settings.ca_file.clone(),
            ),
            None => {
                let host = variable("KUBERNETES_SERVICE_HOST").ok_or(ClusterError::NoServer)?;
                let host = if host.contains(':') {
                    format!("[{host}]")
                } else {
                    host
                };
                let port = variable("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
                let or = |path: &Option<PathBuf>, own: &str| {
                    path.clone().unwrap_or_else(|| Path::new(ACCOUNT).join(own))
                };
                (
                    format!("https://{host}:{port}"),
                    Some(or(&settings.token_file, "token")),
                    Some(or(&settings.ca_file, "ca.crt")),
                )
            }
        };
        let tls = OwnTls {
            authorities: authorities
                .as_deref()
                .map(self::authorities)
                .transpose()?
                .unwrap_or_default(),
            ..OwnTls::default()
        };
        let token = token.as_deref().map(Secret::token_of).transpose()?;
        Self::new(&server, &tls, token)
    }

    pub(super) fn new(server: &str, tls: &OwnTls, token: Option<Secret>) -> Result<Self, ClusterError> {
        let (origin, prefix) = Origin::parse_base(server).map_err(ClusterError::Server)?;
        Ok(Self {
            origin: origin.with_tls(tls).map_err(ClusterError::Server)?,
            prefix,
            token,
        })
    }

    /// The value of the header that shows the token.
    pub(super) fn bearer(&self) -> Option<Zeroizing<String>> {
        let token = self.token.as_ref()?;
        Some(Zeroizing::new(format!("Bearer {}", token.expose())))
    }
}

fn authorities(path: &Path) -> Result<Vec<Vec<u8>>, ClusterError> {
    let failed = |words: String| ClusterError::Authorities {
        path: untrusted::shown(&path.display().to_string()),
        words,
    };
    let bytes = bounded(path).map_err(|error| failed(error.to_string()))?;
    let found = certificates(&bytes);
    if found.is_empty() {
        return Err(failed("no certificate in PEM".to_owned()));
    }
    Ok(found)
}

/// Certificates in PEM, in their order.
pub(super) fn certificates(text: &[u8]) -> Vec<Vec<u8>> {
    pem::blocks(text)
        .filter_map(Result::ok)
        .filter_map(|block| match block.content {
            Content::Der(der) if block.label.raw() == "CERTIFICATE" => Some(der),
            _ => None,
        })
        .take(limits::CHAIN_CERTIFICATES)
        .collect()
}

/// Everything of a small file, wiped when it is let go.
pub(super) fn bounded(path: &Path) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let most = limits::KUBECONFIG_BYTES as u64;
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(std::io::Error::other(format!("larger than {most} bytes")));
    }
    Ok(bytes)
}
