//! What third parties are asked about one look: which certificates, of which issuers.
//!
//! A look that was judged without evidence comes in, evidence goes out. The verdict says which paths there are, and so
//! whose revocation matters and which issuer is missing. Nothing is asked that nobody wants.

use std::sync::Arc;

use assess::{Assessment, SignatureMemory, revocation};
use ipnet::IpNet;
use model::Evidence;
use model::certificate::Certificate;
use model::finding::PathReason;
use model::observation::Observation;
use net::Network;
use net::http::Client;
use probe::evidence::Gatherer;

/// Asks third parties. Shared by all workers.
pub struct Inquiry {
    wants: Wants,
    gatherer: Arc<Gatherer>,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wants {
    /// Whether certificates are revoked.
    pub revocation: bool,
    /// Issuers that were not sent.
    pub issuers: bool,
    /// Who may issue.
    pub caa: bool,
}

impl Wants {
    /// Whether anything is.
    pub const fn any(self) -> bool {
        self.revocation || self.issuers || self.caa
    }
}

impl Inquiry {
    /// An inquiry that may also reach these networks, though they are not public.
    pub fn new(wants: Wants, networks: Vec<IpNet>) -> Self {
        Self {
            wants,
            gatherer: Gatherer::new(Client::new(networks)),
        }
    }

    /// Asks about what one look saw.
    pub async fn evidence(
        &self,
        network: &Network,
        observation: &Observation,
        assessment: &Assessment,
        memory: &SignatureMemory,
    ) -> Evidence {
        let mut evidence = Evidence::none();
        if self.wants.issuers {
            evidence.fetched_issuers = self.gatherer.issuers(network, &incomplete(assessment)).await;
        }
        if self.wants.revocation {
            let ways = ways(observation, assessment, &evidence, memory);
            let pairs: Vec<_> = ways
                .iter()
                .filter_map(|(certificate, above)| Some((certificate, above.first()?)))
                .collect();
            (evidence.ocsp, evidence.crls) = self.gatherer.revocation(network, &pairs).await;
        }
        let leaf = observation
            .handshake
            .as_ref()
            .and_then(|handshake| handshake.chain.first());
        if let Some(leaf) = leaf.filter(|_| self.wants.caa) {
            evidence.caa = self.gatherer.caa(network, leaf).await;
        }
        evidence
    }
}

/// The certificates whose issuer some store misses.
fn incomplete(assessment: &Assessment) -> Vec<Arc<Certificate>> {
    let mut missing: Vec<Arc<Certificate>> = Vec::new();
    for reason in assessment.trust.iter().flat_map(assess::StoreVerdict::reasons) {
        if let PathReason::IssuerNotSent { certificate } = reason
            && !missing.contains(certificate)
        {
            missing.push(Arc::clone(certificate));
        }
    }
    missing
}

/// Whose revocation matters, each once: that of the main handshake by the paths that stores accept, that of further ones
/// as far as their own chain goes.
fn ways(
    observation: &Observation,
    assessment: &Assessment,
    evidence: &Evidence,
    memory: &SignatureMemory,
) -> Vec<revocation::Way> {
    let fetched = evidence.fetched_issuers.iter();
    let others: Vec<&Arc<Certificate>> = fetched
        .filter_map(|issuer| issuer.fetched.outcome.as_ref().ok())
        .collect();
    let main = observation
        .handshake
        .iter()
        .map(|handshake| (handshake, assessment.trust.as_slice()));
    let further = observation
        .further_handshakes
        .iter()
        .map(|handshake| (handshake, [].as_slice()));
    let mut all: Vec<revocation::Way> = Vec::new();
    for (handshake, trust) in main.chain(further) {
        for way in revocation::ways(&handshake.chain, trust, &others, memory) {
            if !all.iter().any(|(known, _)| *known == way.0) {
                all.push(way);
            }
        }
    }
    all
}
