//! Fetching missing issuers from where a certificate says they are (RFC 5280 section 4.2.2.1): DER, PEM, or a bundle.

use std::sync::Arc;

use model::certificate::Certificate;
use model::evidence::{Fetched, FetchedIssuer, Unavailable};
use model::pem::{self, Content};
use model::pkcs7::SignedData;
use model::{Untrusted, limits};
use net::Network;
use net::clock::SystemClock;

use super::flights::Landed;
use super::{ANSWER_KEPT, Asked, FAILURE_KEPT, Gatherer, followed, later, not_that};

impl Gatherer {
    /// Fetches the issuer of `certificate`, its issuer, and so on.
    pub(super) async fn climb(
        &self,
        network: &Network,
        certificate: &Arc<Certificate>,
    ) -> Vec<FetchedIssuer> {
        let mut fetched: Vec<FetchedIssuer> = Vec::new();
        let mut below = Arc::clone(certificate);
        for _ in 0..limits::ISSUERS_ABOVE {
            if below.facts().self_issued() {
                break;
            }
            let found = self.issuer(network, &below, &mut fetched).await;
            // Two certificates that name each other lead nowhere.
            let is_new = |issuer: &Arc<Certificate>| {
                *issuer != *certificate
                    && fetched
                        .iter()
                        .filter(|seen| seen.fetched.outcome.as_ref() == Ok(issuer))
                        .count()
                        == 1
            };
            match found.filter(is_new) {
                Some(issuer) => below = issuer,
                None => break,
            }
        }
        fetched
    }

    /// The issuer of one certificate: the places are tried one after the other until one has it.
    async fn issuer(
        &self,
        network: &Network,
        below: &Arc<Certificate>,
        fetched: &mut Vec<FetchedIssuer>,
    ) -> Option<Arc<Certificate>> {
        for url in followed(&below.facts().issuer_urls) {
            let key = (url.clone(), below.fingerprint());
            let fetching = self.fetch_issuer(network, url, below);
            let (at, outcome) = self.issuers.get(&key, SystemClock.now(), fetching).await;
            let found = outcome.as_ref().ok().map(Arc::clone);
            fetched.push(FetchedIssuer {
                of: below.fingerprint(),
                fetched: Fetched {
                    url: url.clone(),
                    at,
                    outcome,
                },
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    async fn fetch_issuer(
        &self,
        network: &Network,
        url: &Untrusted,
        below: &Certificate,
    ) -> Landed<Asked<Arc<Certificate>>> {
        let now = SystemClock.now();
        let body = self.get(network, url.raw(), limits::ISSUER_BYTES).await;
        let outcome = body.and_then(|body| pick(&body, below));
        let (kept, bytes) = match &outcome {
            Ok(issuer) => (ANSWER_KEPT, issuer.der().len()),
            Err(_) => (FAILURE_KEPT, 0),
        };
        Landed {
            value: (now, outcome),
            until: later(now, kept),
            bytes,
        }
    }
}

/// The certificate in `body` that bears the name of the issuer of `below`. Whether its key made the signature is judged
/// later.
fn pick(body: &[u8], below: &Certificate) -> Result<Arc<Certificate>, Unavailable> {
    let wanted = &below.facts().issuer.canonical;
    let candidates = certificates(body).into_iter().map(Certificate::from_der);
    let mut named = candidates.filter(|candidate| candidate.facts().subject.canonical == *wanted);
    let by_key = |candidate: &Certificate| {
        let (authority, subject) = (&below.facts().authority_key_id, &candidate.facts().subject_key_id);
        authority.is_some() && authority == subject
    };
    let first = named.next().ok_or_else(|| not_that(body))?;
    if by_key(&first) {
        return Ok(Arc::new(first));
    }
    Ok(Arc::new(named.find(by_key).unwrap_or(first)))
}

/// The certificates in a file: PEM blocks, a PKCS#7 bundle, or the one that it is.
fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let whole = if pem::is_pem(body) {
        let blocks = pem::blocks(body)
            .flatten()
            .filter_map(|block| match block.content {
                Content::Der(inner) => Some(inner),
                Content::PrivateKey => None,
            });
        blocks.take(limits::CHAIN_CERTIFICATES).collect()
    } else {
        vec![body.to_vec()]
    };
    let mut all = Vec::new();
    for der in whole {
        let bundle = SignedData::parse(&der);
        if bundle.recognised {
            let ranges = bundle.certificates.iter().take(limits::CHAIN_CERTIFICATES);
            all.extend(ranges.filter_map(|range| der.get(range.clone()).map(<[u8]>::to_vec)));
        } else {
            all.push(der);
        }
    }
    all
}
