//! Whether each certificate of a chain is revoked, of all that is at hand: the staple, OCSP answers and lists.
//!
//! The handshake, the paths that stores accept, and the evidence come in; one [`CertificateRevocation`] for each
//! certificate about which anything was said or asked goes out. Revoked by any source that counts is revoked; good needs
//! one that says so; what could not be had is kept apart from what was had and does not count.

use std::sync::Arc;

use jiff::Timestamp;
use model::Untrusted;
use model::certificate::Certificate;
use model::doubt::{Doubt, Source};
use model::evidence::{Evidence, Unavailable};
use model::observation::Handshake;
use model::revocation::{OcspReply, RevocationList, RevocationReason};

use super::ocsp::{OcspStanding, SaidByOcsp, by_ocsp};
use super::{Lists, Standing, by_crls};
use crate::memory::SignatureMemory;
use crate::path::{Profile, StoreVerdict, Trust};
use crate::signature::Signed;

/// What is known about the revocation of one certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct CertificateRevocation {
    /// Which.
    pub certificate: Arc<Certificate>,
    /// What follows from all sources.
    pub verdict: RevocationVerdict,
    /// What each source says; never empty.
    pub sources: Vec<SourceVerdict>,
}

/// Whether a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevocationVerdict {
    /// It is not.
    Good,
    /// It is.
    Revoked {
        /// When.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
    /// What was said does not count.
    Unknown,
    /// Nobody could be asked.
    Unavailable,
}

impl RevocationVerdict {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What one source says of one certificate.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceVerdict {
    /// Which kind of source.
    pub source: Source,
    /// Where it was asked; `None` for a staple.
    pub url: Option<Untrusted>,
    /// When it was asked; `None` for a staple.
    pub asked_at: Option<Timestamp>,
    /// What it says.
    pub said: Said,
    /// Since when that is known to be right.
    pub this_update: Option<Timestamp>,
    /// When newer information will be had.
    pub next_update: Option<Timestamp>,
}

/// What a source says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked {
        /// When.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
    /// Something that does not count.
    Doubtful(Doubt),
    /// Nothing.
    Unavailable(Unavailable),
}

impl Said {
    /// The word used in every output.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Doubtful(_) => "unknown",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// A certificate with what stands above it: its issuer first.
pub type Way = (Arc<Certificate>, Vec<Arc<Certificate>>);

/// The certificates whose revocation can be asked about, each with what stands above it: on the paths that stores accept,
/// and otherwise as far as `others` hold an issuer whose key made the signature. An anchor cannot be revoked.
pub fn ways(
    chain: &[Arc<Certificate>],
    trust: &[StoreVerdict],
    others: &[&Arc<Certificate>],
    memory: &SignatureMemory,
) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for verdict in trust {
        let Trust::Trusted { path } = &verdict.outcome else {
            continue;
        };
        for (place, certificate) in path.iter().enumerate() {
            let above = path.get(place + 1..).unwrap_or_default();
            if !above.is_empty() && !ways.iter().any(|(known, _)| known == certificate) {
                ways.push((Arc::clone(certificate), above.to_vec()));
            }
        }
    }
    if !ways.is_empty() {
        return ways;
    }
    for certificate in chain {
        let is_issuer = |candidate: &&Arc<Certificate>| {
            **candidate != *certificate
                && candidate.facts().subject.canonical == certificate.facts().issuer.canonical
                && memory.verify(certificate, candidate) == Signed::Valid
        };
        let issuer = chain.iter().chain(others.iter().copied()).find(is_issuer);
        if let Some(issuer) = issuer {
            ways.push((Arc::clone(certificate), vec![Arc::clone(issuer)]));
        }
    }
    ways
}

/// What revocation is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Inquest<'a> {
    pub(crate) handshake: &'a Handshake,
    pub(crate) trust: &'a [StoreVerdict],
    pub(crate) evidence: &'a Evidence,
    pub(crate) memory: &'a SignatureMemory,
    pub(crate) now: Timestamp,
}

impl Inquest<'_> {
    /// The certificates about which anything was said or asked.
    pub(crate) fn certificates(&self) -> Vec<CertificateRevocation> {
        let evidence = self.evidence;
        if self.handshake.staple.is_none() && evidence.ocsp.is_empty() && evidence.crls.is_empty() {
            return Vec::new();
        }
        let fetched = evidence.fetched_issuers.iter();
        let fetched = fetched.filter_map(|issuer| issuer.fetched.outcome.as_ref().ok());
        let others: Vec<&Arc<Certificate>> = evidence.issuers.iter().chain(fetched).collect();
        let ways = ways(&self.handshake.chain, self.trust, &others, self.memory);
        let judged = ways.into_iter().map(|way| self.certificate(way, &others));
        judged.filter(|judged| !judged.sources.is_empty()).collect()
    }

    fn certificate(&self, (certificate, above): Way, others: &[&Arc<Certificate>]) -> CertificateRevocation {
        let mut sources = Vec::new();
        if let Some(issuer) = above.first() {
            sources.extend(self.staple(&certificate, issuer));
            sources.extend(self.answers(&certificate, issuer));
        }
        let by_lists = self.lists(&certificate, &above, others, &mut sources);
        CertificateRevocation {
            verdict: verdict(&sources, by_lists.as_ref()),
            certificate,
            sources,
        }
    }

    /// What the server sent along, which is about the leaf.
    fn staple(&self, certificate: &Certificate, issuer: &Certificate) -> Option<SourceVerdict> {
        let is_leaf = self
            .handshake
            .chain
            .first()
            .is_some_and(|leaf| **leaf == *certificate);
        let staple = self.handshake.staple.as_deref().filter(|_| is_leaf)?;
        let said = by_ocsp(certificate, issuer, &OcspReply::from_der(staple), self.memory, self.now);
        Some(of_ocsp(Source::Staple, &said))
    }

    fn answers(&self, certificate: &Certificate, issuer: &Certificate) -> Vec<SourceVerdict> {
        let about = self
            .evidence
            .ocsp
            .iter()
            .filter(|answer| answer.of == certificate.fingerprint());
        let verdict = |answer: &model::evidence::FetchedOcsp| {
            let fetched = &answer.fetched;
            let judged = match &fetched.outcome {
                Ok(reply) => of_ocsp(Source::Ocsp, &by_ocsp(certificate, issuer, reply, self.memory, self.now)),
                Err(why) => nothing(Source::Ocsp, why),
            };
            SourceVerdict {
                url: Some(fetched.url.clone()),
                asked_at: Some(fetched.at),
                ..judged
            }
        };
        about.map(verdict).collect()
    }

    /// What lists say, each by itself for the record, and all together for the verdict: several may have to be taken
    /// together to cover every reason. The lists of one certificate may serve another.
    fn lists(
        &self,
        certificate: &Arc<Certificate>,
        above: &[Arc<Certificate>],
        others: &[&Arc<Certificate>],
        sources: &mut Vec<SourceVerdict>,
    ) -> Option<Standing> {
        let mut known: Vec<&Arc<Certificate>> = self.handshake.chain.iter().collect();
        known.extend(others);
        let ask = |crls: &[Arc<RevocationList>]| {
            let lists = Lists {
                crls,
                known: &known,
                memory: self.memory,
                profile: Profile::Browser,
                now: self.now,
            };
            by_crls(certificate, above, &lists)
        };
        let crls = self.evidence.crls.iter();
        let about: Vec<_> = crls.filter(|crl| crl.of == certificate.fingerprint()).collect();
        let had: Vec<Arc<RevocationList>> = about
            .iter()
            .filter_map(|crl| crl.fetched.outcome.as_ref().ok().map(Arc::clone))
            .collect();
        let deltas = had.iter().filter(|list| list.header().delta);
        let deltas: Vec<Arc<RevocationList>> = deltas.map(Arc::clone).collect();
        for crl in &about {
            let (said, header) = match &crl.fetched.outcome {
                Err(why) => (Said::Unavailable(why.clone()), None),
                Ok(list) if list.header().delta => continue,
                Ok(list) => {
                    let these: Vec<_> = std::iter::once(list).chain(&deltas).map(Arc::clone).collect();
                    (ask(&these).into(), Some(list.header()))
                }
            };
            sources.push(SourceVerdict {
                source: Source::Crl,
                url: Some(crl.fetched.url.clone()),
                asked_at: Some(crl.fetched.at),
                said,
                this_update: header.and_then(|header| header.this_update),
                next_update: header.and_then(|header| header.next_update),
            });
        }
        (!had.is_empty()).then(|| ask(&had))
    }
}

/// Revoked wins, then good, then what does not count.
fn verdict(sources: &[SourceVerdict], by_lists: Option<&Standing>) -> RevocationVerdict {
    let revoked = sources.iter().find_map(|source| match source.said {
        Said::Revoked { at, reason } => Some(RevocationVerdict::Revoked { at, reason }),
        _ => None,
    });
    if let Some(revoked) = revoked {
        return revoked;
    }
    match by_lists {
        Some(Standing::Revoked { at, reason }) => {
            return RevocationVerdict::Revoked {
                at: *at,
                reason: *reason,
            };
        }
        Some(Standing::Good) => return RevocationVerdict::Good,
        Some(Standing::Unknown { .. }) | None => {}
    }
    let said = |wanted: fn(&Said) -> bool| sources.iter().any(|source| wanted(&source.said));
    if said(|said| *said == Said::Good) {
        RevocationVerdict::Good
    } else if said(|said| matches!(said, Said::Doubtful(_))) {
        RevocationVerdict::Unknown
    } else {
        RevocationVerdict::Unavailable
    }
}

fn of_ocsp(source: Source, said: &SaidByOcsp) -> SourceVerdict {
    SourceVerdict {
        source,
        url: None,
        asked_at: None,
        said: match said.standing {
            Ok(OcspStanding::Good) => Said::Good,
            Ok(OcspStanding::Revoked { at, reason }) => Said::Revoked { at, reason },
            Err(doubt) => Said::Doubtful(Doubt::Ocsp(doubt)),
        },
        this_update: said.this_update,
        next_update: said.next_update,
    }
}

fn nothing(source: Source, why: &Unavailable) -> SourceVerdict {
    SourceVerdict {
        source,
        url: None,
        asked_at: None,
        said: Said::Unavailable(why.clone()),
        this_update: None,
        next_update: None,
    }
}

impl From<Standing> for Said {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Good => Self::Good,
            Standing::Revoked { at, reason } => Self::Revoked { at, reason },
            Standing::Unknown { why } => Self::Doubtful(Doubt::Crl(why)),
        }
    }
}
