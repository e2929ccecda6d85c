//! TLS secrets of a Kubernetes cluster, by its interface.
//!
//! Settings come in, a sighting for each certificate of each secret of type `kubernetes.io/tls` goes out, with namespace and
//! name. The list is read page by page (`limit`, `continue`); one that grows too old (410 Gone) begins anew. Of a secret,
//! `tls.crt` alone is read: the private key beside it, which the interface cannot be asked to leave out, is wiped with the
//! answer it came in.

mod access;
mod error;
mod kubeconfig;
mod settings;
#[cfg(test)]
mod tests;
mod yaml;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::sighting::{CertificateSighting, Sighted, SightedCertificate};
use model::{Untrusted, limits};
use net::api::{Answer, ApiError};
use serde::Deserialize;
use zeroize::Zeroizing;

pub use error::{ClusterError, Trouble};
pub use settings::Settings;

use self::access::Access;
use crate::certificate_files::contents;
use crate::run::{Ask, Reason, Run, Sink, SourceError, Telling};
use crate::sigv4::encoded;

/// Secrets asked for at once when the settings say nothing; `kubectl` asks for as many.
const PAGE_SIZE: u32 = 500;
/// Times a question is asked before the run is given up.
const TRIES: u32 = 5;
/// First wait after a fault; doubled each time.
const FAULT: Duration = Duration::from_secs(1);
/// Longest wait, whatever is asked for.
const LONGEST: Duration = Duration::from_mins(1);
/// Times a list that grew too old begins anew: the interface keeps one for five minutes, which is many pages.
const RESTARTS: u32 = 3;

/// Asks the cluster once.
pub async fn run(settings: &Settings, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(ask.now, sink);
    let result = match Access::of(settings, ask.variable) {
        Ok(access) => {
            let cluster = Cluster {
                access,
                ask,
                page_size: settings.page_size.unwrap_or(PAGE_SIZE).max(1),
                seen: HashSet::new(),
                telling: &mut telling,
            };
            cluster.read(&settings.namespaces).await
        }
        Err(error) => Err(error.into()),
    };
    telling.end(result)
}

#[derive(Deserialize)]
struct SecretList {
    #[serde(default)]
    metadata: ListMetadata,
    items: Option<Vec<TlsSecret>>,
}

#[derive(Default, Deserialize)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    more: Option<String>,
}

#[derive(Deserialize)]
struct TlsSecret {
    #[serde(default)]
    metadata: Named,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Default, Deserialize)]
struct Named {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

/// What is read of a secret: the key beside it has no field here, and is passed over.
#[derive(Deserialize)]
struct Data {
    #[serde(default, rename = "tls.crt")]
    certificate: Option<String>,
}

struct Cluster<'a, 'b, 'c> {
    access: Access,
    ask: &'a Ask<'a>,
    page_size: u32,
    /// Secrets that were given: a list that begins anew has them again.
    seen: HashSet<(String, String)>,
    telling: &'a mut Telling<'b, 'c>,
}

/// What stops in the midst of a list.
enum Stop {
    Trouble(Trouble),
    Run(SourceError),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<SourceError> for Stop {
    fn from(error: SourceError) -> Self {
        Self::Run(error)
    }
}

impl Cluster<'_, '_, '_> {
    async fn read(mut self, namespaces: &[String]) -> Result<(), SourceError> {
        if namespaces.is_empty() {
            return self.list(None).await;
        }
        // One namespace that is closed to us does not hide the others.
        let mut first = None;
        for namespace in namespaces {
            match self.list(Some(namespace)).await {
                Ok(()) => {}
                Err(SourceError::Cluster(error)) if error.is_of_one_namespace() => {
                    first.get_or_insert(SourceError::Cluster(error));
                }
                Err(error) => return Err(error),
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Lists the secrets of one namespace, or of all.
    async fn list(&mut self, namespace: Option<&str>) -> Result<(), SourceError> {
        let path = match namespace {
            None => "/api/v1/secrets".to_owned(),
            Some(namespace) => format!("/api/v1/namespaces/{}/secrets", encoded(namespace)),
        };
        let mut restarts = 0;
        let (mut page, mut more) = (1, None);
        loop {
            match self.page(&path, more.as_deref()).await {
                Ok(None) => return Ok(()),
                Ok(Some(next)) if page < limits::PROVIDER_PAGES => {
                    page += 1;
                    more = Some(next);
                }
                Err(Stop::Trouble(Trouble::Gone)) if restarts < RESTARTS && page > 1 => {
                    restarts += 1;
                    (page, more) = (1, None);
                }
                Err(Stop::Run(error)) => return Err(error),
                stopped => {
                    let trouble = match stopped {
                        Err(Stop::Trouble(trouble)) => trouble,
                        _ => Trouble::Endless,
                    };
                    let namespace = namespace.map(model::untrusted::shown);
                    return Err(ClusterError::Broken {
                        namespace,
                        page,
                        trouble,
                    }
                    .into());
                }
            }
        }
    }

    /// Reads one page; gives what the next one is asked with.
    async fn page(&mut self, path: &str, more: Option<&str>) -> Result<Option<String>, Stop> {
        let answer = self.get(path, more).await?;
        let body = Zeroizing::new(answer.body);
        match answer.status {
            200 => {}
            401 => return Err(Trouble::Unknown(error::words(&body)).into()),
            403 => return Err(Trouble::Forbidden(error::words(&body)).into()),
            404 => return Err(Trouble::NoInterface(error::words(&body)).into()),
            410 => return Err(Trouble::Gone.into()),
            status => {
                let words = error::words(&body);
                return Err(Trouble::Status { status, words }.into());
            }
        }
        // The words of such an error speak of places and not of contents, which may be secret.
        let list: SecretList =
            serde_json::from_slice(&body).map_err(|error| Trouble::Shape(error.to_string()))?;
        for secret in list.items.unwrap_or_default() {
            self.secret(secret)?;
        }
        Ok(list.metadata.more.filter(|more| !more.is_empty()))
    }

    async fn get(&mut self, path: &str, more: Option<&str>) -> Result<Answer, Trouble> {
        let mut last = Trouble::Throttled;
        let mut tried = 0;
        while tried < TRIES {
            let more = more
                .map(|more| format!("&continue={}", encoded(more)))
                .unwrap_or_default();
            let target = format!(
                "{}{path}?fieldSelector=type%3Dkubernetes.io%2Ftls&limit={}{more}",
                self.access.prefix, self.page_size
            );
            let bearer = self.access.bearer();
            let headers: Vec<(&str, &str)> = bearer
                .iter()
                .map(|bearer| ("authorization", bearer.as_str()))
                .collect();
            let answer = self
                .ask
                .network
                .api(&self.access.origin, &target, &headers, limits::CLUSTER_PAGE_BYTES)
                .await;
            let wait = match answer {
                Ok(answer) if answer.status == 429 => {
                    last = Trouble::Throttled;
                    answer.retry_after.unwrap_or(FAULT)
                }
                Ok(answer) if answer.status >= 500 => {
                    last = Trouble::Status {
                        status: answer.status,
                        words: error::words(&answer.body),
                    };
                    answer.retry_after.unwrap_or(FAULT)
                }
                Ok(answer) => return Ok(answer),
                // Secrets may be as large as a megabyte each: fewer of them fit.
                Err(ApiError::Broken(_)) if self.page_size > 1 => {
                    self.page_size = (self.page_size / 4).max(1);
                    continue;
                }
                Err(error) => {
                    last = Trouble::NoAnswer {
                        tries: tried + 1,
                        error,
                    };
                    FAULT
                }
            };
            tried += 1;
            if tried < TRIES {
                let wait = wait.saturating_mul(1 << (tried - 1)).min(LONGEST);
                self.ask.clock.sleep(wait).await;
            }
        }
        Err(last)
    }

    fn secret(&mut self, secret: TlsSecret) -> Result<(), SourceError> {
        let Named { namespace, name } = secret.metadata;
        let place = format!("{namespace}/{name}");
        if !self.seen.insert((namespace, name)) {
            return Ok(());
        }
        let encoded = secret.data.and_then(|data| data.certificate).unwrap_or_default();
        let Ok(bytes) = STANDARD.decode(encoded.trim()).map(Zeroizing::new) else {
            let words = || format!("{place}: tls.crt is not base64");
            self.telling.tally.skip(Reason::Malformed, words);
            return Ok(());
        };
        let contents = contents::read(&bytes, &[]);
        if contents.is_empty() {
            self.telling.tally.skip(Reason::NoCertificate, || place.clone());
        }
        for (reason, words) in contents.skipped {
            self.telling.tally.skip(reason, || format!("{place}: {words}"));
        }
        for (number, (certificate, inside)) in contents.certificates.into_iter().enumerate() {
            // The first one is the leaf; the others are told by where they stand.
            let place = if number == 0 {
                place.clone()
            } else {
                format!("{place} ({inside})")
            };
            self.telling
                .say(Sighted::Certificate(Box::new(CertificateSighting {
                    certificate: SightedCertificate::Whole(Arc::new(certificate)),
                    place: Some(Untrusted::new(place)),
                    order: None,
                })))?;
            self.telling.tally.give();
        }
        Ok(())
    }
}
