//! Fetching revocation lists: all distribution points of a certificate, and what changed since (RFC 5280 section 4.2.1.15).

use std::sync::Arc;

use futures_util::future::join_all;
use model::certificate::Certificate;
use model::evidence::{Fetched, FetchedCrl, Unavailable};
use model::pem::{self, Content};
use model::revocation::{RevocationList, freshest_urls};
use model::{Untrusted, limits};
use net::Network;
use net::clock::SystemClock;

use super::flights::Landed;
use super::{Asked, FAILURE_KEPT, Gatherer, followed, kept_until, later, not_that};

/// What a list costs in memory for each byte of it: the bytes, and an index of eight bytes for entries of about 36.
const INDEXED: usize = 2;

impl Gatherer {
    /// Fetches the lists that cover a certificate, and the changes to them.
    pub(super) async fn fetch_lists(
        &self,
        network: &Network,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Vec<FetchedCrl> {
        let facts = certificate.facts();
        let complete = followed(&facts.crl_urls).map(|url| self.list(network, url, certificate, issuer));
        let mut lists = join_all(complete).await;
        let mut changes = freshest_urls(certificate.der(), &facts.extensions);
        for list in lists.iter().filter_map(|list| list.fetched.outcome.as_ref().ok()) {
            changes.extend(freshest_urls(list.der(), &list.header().extensions));
        }
        changes.sort_unstable();
        changes.dedup();
        let changes = followed(&changes).map(|url| self.list(network, url, certificate, issuer));
        lists.extend(join_all(changes).await);
        lists
    }

    /// The list at `url`, fetched once for all certificates of its issuer.
    async fn list(
        &self,
        network: &Network,
        url: &Untrusted,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> FetchedCrl {
        let key = (url.clone(), issuer.fingerprint());
        let (at, outcome) = self
            .lists
            .get(&key, SystemClock.now(), self.fetch_list(network, url))
            .await;
        FetchedCrl {
            of: certificate.fingerprint(),
            fetched: Fetched {
                url: url.clone(),
                at,
                outcome,
            },
        }
    }

    async fn fetch_list(&self, network: &Network, url: &Untrusted) -> Landed<Asked<Arc<RevocationList>>> {
        let now = SystemClock.now();
        let fetched = self.get(network, url.raw(), limits::CRL_BYTES).await;
        let outcome = fetched.and_then(read);
        let (until, bytes) = match &outcome {
            Ok(list) => (
                kept_until(now, list.header().next_update),
                list.der().len() * INDEXED,
            ),
            Err(_) => (later(now, FAILURE_KEPT), 0),
        };
        Landed {
            value: (now, outcome),
            until,
            bytes,
        }
    }
}

/// A list in DER, as it should be, or in PEM, as some have it.
fn read(body: Vec<u8>) -> Result<Arc<RevocationList>, Unavailable> {
    let mut der = body;
    if pem::is_pem(&der) {
        let unwrapped = pem::blocks(&der).flatten().find_map(|block| match block.content {
            Content::Der(inner) if block.label.raw() == "X509 CRL" => Some(inner),
            _ => None,
        });
        der = unwrapped.unwrap_or(der);
    }
    let list = RevocationList::from_der(der);
    if list.header().this_update.is_none() {
        return Err(not_that(list.der()));
    }
    Ok(Arc::new(list))
}
