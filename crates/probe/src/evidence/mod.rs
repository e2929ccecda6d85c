//! Asks third parties about certificates: responders, revocation lists, places of issuers, CAA records.
//!
//! Certificates come in, [evidence](model::evidence) goes out: what was fetched, and why what was not could not be. One
//! [`Gatherer`] serves all workers of a run: the same question is asked once, whoever asks it first, and its answer kept
//! until it ends. A server that fails several times in a row is left alone for a while. Whether an answer counts is not
//! judged here.

mod caa;
mod crl;
mod flights;
mod health;
mod issuers;
mod ocsp;

use std::sync::Arc;

use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use model::certificate::Certificate;
use model::evidence::{Caa, CaaSet, FetchedCrl, FetchedIssuer, FetchedOcsp, Unavailable};
use model::observation::Failure;
use model::revocation::{OcspReply, RevocationList};
use model::{Fingerprint, Name, Untrusted, limits};
use net::Network;
use net::clock::SystemClock;
use net::http::{Bounds, Client};

use flights::Flights;
use health::Health;

/// A question at an URL about something of an issuer, or of a certificate.
type Key = (Untrusted, Fingerprint);
/// What came of one question, and when it was asked.
type Asked<T> = (Timestamp, Result<T, Unavailable>);

/// Asks, and keeps what was answered. Shared by all workers of a run.
pub struct Gatherer {
    client: Arc<Client>,
    health: Health,
    answers: Flights<Key, Asked<Arc<OcspReply>>>,
    lists: Flights<Key, Asked<Arc<RevocationList>>>,
    issuers: Flights<Key, Asked<Arc<Certificate>>>,
    authorities: Flights<Name, Result<CaaSet, Failure>>,
}

/// How long a failure is remembered: long enough for the endpoints that are looked at beside, short enough for a server
/// that was restarted.
const FAILURE_KEPT: SignedDuration = SignedDuration::from_secs(60);
/// How long an answer is kept that does not say how long it lasts, or is out of date already.
const ANSWER_KEPT: SignedDuration = SignedDuration::from_mins(10);

impl Gatherer {
    /// A gatherer that fetches by `client`.
    pub fn new(client: Arc<Client>) -> Arc<Self> {
        Arc::new(Self {
            client,
            health: Health::default(),
            answers: Flights::default(),
            lists: Flights::default(),
            issuers: Flights::default(),
            authorities: Flights::default(),
        })
    }

    /// Asks every responder and fetches every list that the certificates name, each pair a certificate and its issuer.
    /// An ended certificate is not asked about: issuers forget it.
    pub async fn revocation(
        &self,
        network: &Network,
        pairs: &[(&Arc<Certificate>, &Arc<Certificate>)],
    ) -> (Vec<FetchedOcsp>, Vec<FetchedCrl>) {
        let now = SystemClock.now();
        let lasting = pairs
            .iter()
            .filter(|(certificate, _)| certificate.facts().not_after.is_none_or(|end| now <= end));
        let asked = lasting.map(|(certificate, issuer)| {
            join(
                self.ask_responders(network, certificate, issuer),
                self.fetch_lists(network, certificate, issuer),
            )
        });
        let (answers, lists): (Vec<_>, Vec<_>) = join_all(asked).await.into_iter().unzip();
        (answers.concat(), lists.concat())
    }

    /// Fetches the issuer of each of the certificates, and theirs above, up to a root or `limits::ISSUERS_ABOVE`.
    pub async fn issuers(&self, network: &Network, of: &[Arc<Certificate>]) -> Vec<FetchedIssuer> {
        let climbs = of.iter().map(|certificate| self.climb(network, certificate));
        join_all(climbs).await.concat()
    }

    /// Asks who may issue for the leaf's names.
    pub async fn caa(&self, network: &Network, leaf: &Certificate) -> Vec<Caa> {
        join_all(caa::names(leaf).into_iter().map(|(name, wildcard)| async move {
            Caa {
                outcome: self.authorities_of(network, &name).await,
                name,
                wildcard,
            }
        }))
        .await
    }

    /// Gets what is at `url`, unless its server is left alone.
    async fn get(&self, network: &Network, url: &str, most: usize) -> Result<Vec<u8>, Unavailable> {
        self.watched(url, self.client.get(network, url, Bounds::bytes(most)))
            .await
    }

    /// Does what is asked of the server of `url` unless it is left alone, and remembers how it fared.
    async fn watched(
        &self,
        url: &str,
        asking: impl Future<Output = Result<net::http::Response, model::http::HttpError>>,
    ) -> Result<Vec<u8>, Unavailable> {
        if let Some(last) = self.health.trouble(url) {
            return Err(Unavailable::LeftAlone { last });
        }
        let answer = asking.await;
        self.health.note(url, answer.as_ref().err());
        answer
            .and_then(net::http::Response::success)
            .map_err(Unavailable::Http)
    }
}

impl std::fmt::Debug for Gatherer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gatherer").finish_non_exhaustive()
    }
}

/// The URLs that are followed, of all that a certificate names.
fn followed(urls: &[Untrusted]) -> impl Iterator<Item = &Untrusted> {
    urls.iter().take(limits::URLS_PER_CERTIFICATE)
}

/// Until when an answer is kept that was had at `now` and lasts until `next_update`.
fn kept_until(now: Timestamp, next_update: Option<Timestamp>) -> Timestamp {
    let least = later(now, ANSWER_KEPT);
    next_update.map_or(least, |next| next.max(least))
}

fn later(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(now)
}

/// Something else came.
fn not_that(bytes: &[u8]) -> Unavailable {
    /// Enough to see that it is a web page.
    const SEEN: usize = 48;
    Unavailable::NotThat {
        saw: Untrusted::from_bytes(bytes.get(..SEEN).unwrap_or(bytes)),
    }
}
