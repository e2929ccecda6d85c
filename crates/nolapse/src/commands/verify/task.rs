//! One chain and what is asked about it.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use anyhow::bail;
use assess::path::{Policies, Profile, Question, Strength};
use assess::revocation::{Lists, OcspStanding, Standing, by_crls, by_ocsp};
use assess::timeline::{self, History};
use assess::{SignatureMemory, StoreKind, StoreVerdict, Stores, Trust, words};
use clap::ValueEnum;
use jiff::Timestamp;
use model::certificate::Oid;
use model::doubt::{Doubt, OcspDoubt};
use model::finding::{PathReason, Purpose, Unknown};
use model::revocation::{OcspReply, RevocationList};
use model::sct::{Sct, SctOrigin};
use model::{Certificate, Identity, Name, target, untrusted};

use crate::anchors::{self, NamedFile, SYSTEM};
use crate::commands::trust_stores::installed;

/// A chain and what is asked about it.
pub(super) struct Task {
    pub(super) chain: Vec<Arc<Certificate>>,
    pub(super) known: Vec<Arc<Certificate>>,
    pub(super) stores: Asked,
    pub(super) host: Option<Identity>,
    pub(super) at: Timestamp,
    pub(super) purpose: Purpose,
    pub(super) profile: Profile,
    pub(super) crls: Vec<Arc<RevocationList>>,
    /// OCSP answers. One that counts and says revoked is held against every path; under the strict profile the leaf must
    /// be said to be good, unless lists were given.
    pub(super) replies: Vec<Arc<OcspReply>>,
    pub(super) max_depth: Option<usize>,
    pub(super) policies: PolicyInputs,
}

/// What is asked about certificate policies: the inputs of RFC 5280 section 6.1.1 (c) to (f).
#[derive(Default)]
pub(super) struct PolicyInputs {
    /// Any policy when there is none.
    pub(super) acceptable: Vec<Oid>,
    pub(super) explicit: bool,
    pub(super) mapping_inhibited: bool,
    pub(super) any_inhibited: bool,
}

/// The stores at hand, and which of them are asked.
#[derive(Clone)]
pub(super) struct Asked {
    stores: Arc<Stores>,
    /// None: all of them.
    names: Vec<String>,
}

impl Asked {
    /// All of these.
    pub(super) fn all(stores: Stores) -> Self {
        Self {
            stores: Arc::new(stores),
            names: Vec::new(),
        }
    }

    /// Only the stores of these names.
    ///
    /// # Errors
    /// When there is no store of such a name; the sentence lists those that there are.
    pub(super) fn only(&self, names: &[String]) -> anyhow::Result<Self> {
        let list = || self.stores.list().iter().map(|store| &*store.name);
        for name in names {
            if !list().any(|known| known.eq_ignore_ascii_case(name)) {
                let there = list().collect::<Vec<_>>().join(", ");
                bail!(
                    "there is no trust store `{}`; there are: {there}",
                    untrusted::shown(name)
                );
            }
        }
        Ok(Self {
            stores: Arc::clone(&self.stores),
            names: names.to_vec(),
        })
    }

    fn holds(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
    }
}

impl Task {
    /// What each store that is asked says.
    pub(super) fn verdicts(&self, memory: &SignatureMemory) -> Vec<StoreVerdict> {
        let mut verdicts =
            assess::trust(&self.question(), &self.scts(), &self.stores.stores, memory).verdicts;
        verdicts.retain(|verdict| self.stores.holds(&verdict.store));
        for verdict in &mut verdicts {
            self.hear(&mut verdict.outcome, memory, self.at);
        }
        verdicts
    }

    /// What each store that is asked says over `span`.
    pub(super) fn histories(&self, memory: &SignatureMemory, span: Range<Timestamp>) -> Vec<History> {
        let mut histories = timeline::timeline(
            &self.question(),
            &self.scts(),
            (&self.stores.stores, memory),
            span,
        );
        histories.retain(|history| self.stores.holds(&history.store));
        histories
    }

    /// Holds what responders said against a path.
    fn hear(&self, trust: &mut Trust, memory: &SignatureMemory, now: Timestamp) {
        let Trust::Trusted { path } = trust else { return };
        if self.replies.is_empty() {
            return;
        }
        let mut reasons = Vec::new();
        for (place, pair) in path.windows(2).enumerate() {
            let [certificate, issuer] = pair else { continue };
            let said = self
                .replies
                .iter()
                .map(|reply| by_ocsp(certificate, issuer, reply, memory, now).standing);
            let said: Vec<_> = said.collect();
            let revoked = said.iter().find_map(|said| match said {
                Ok(OcspStanding::Revoked { at, reason }) => Some((*at, *reason)),
                _ => None,
            });
            let certificate = Arc::clone(certificate);
            match revoked {
                Some((at, reason)) => reasons.push(PathReason::Revoked {
                    certificate,
                    at,
                    reason,
                }),
                None if place == 0 && self.wants_an_answer() && !said.contains(&Ok(OcspStanding::Good)) => {
                    let why = said.iter().filter_map(|said| said.err()).map(unknown).max();
                    let why = why.unwrap_or(Unknown::NothingCovers);
                    reasons.push(PathReason::StandingUnknown { certificate, why });
                }
                None => {}
            }
        }
        if !reasons.is_empty() {
            reasons.sort_by_key(PathReason::rank);
            *trust = Trust::Refused { reasons };
        }
    }

    /// What was given about revocation and says nothing that counts of the path by which the chain is trusted, in words.
    pub(super) fn unheard(&self, verdicts: &[StoreVerdict], memory: &SignatureMemory) -> Vec<String> {
        let path = verdicts.iter().find_map(|verdict| match &verdict.outcome {
            Trust::Trusted { path } => Some(path),
            Trust::Refused { .. } => None,
        });
        let Some(path) = path else { return Vec::new() };
        let known: Vec<&Arc<Certificate>> = self.chain.iter().chain(&self.known).collect();
        let mut said = Vec::new();
        for (number, list) in self.crls.iter().enumerate() {
            let lists = Lists {
                crls: std::slice::from_ref(list),
                known: &known,
                memory,
                profile: self.profile,
                now: self.at,
            };
            let below = path.len().saturating_sub(1);
            let standings = (0..below).filter_map(|place| {
                let (step, above) = path.get(place..)?.split_first()?;
                Some(by_crls(step, above, &lists))
            });
            let standings: Vec<_> = standings.collect();
            let doubts = standings.iter().map(|standing| match standing {
                Standing::Unknown { why } => Some(*why),
                _ => None,
            });
            if let Some(Some(why)) = doubts
                .collect::<Option<Vec<_>>>()
                .map(|all| all.into_iter().max())
            {
                said.push(format!("revocation list {}: {}", number + 1, words::unknown(why)));
            }
        }
        for (number, reply) in self.replies.iter().enumerate() {
            let pairs = path
                .windows(2)
                .filter_map(|pair| <&[Arc<Certificate>; 2]>::try_from(pair).ok());
            let answers =
                pairs.map(|[step, issuer]| by_ocsp(step, issuer, reply, memory, self.at).standing.err());
            // Of several certificates the answer is mostly about none but one: its doubt tells more.
            let all: Option<Vec<OcspDoubt>> = answers.collect();
            let telling = |all: Vec<OcspDoubt>| {
                let about = all.iter().copied().find(|doubt| *doubt != OcspDoubt::NotAbout);
                about.or_else(|| all.first().copied())
            };
            if let Some(doubt) = all.and_then(telling) {
                said.push(format!(
                    "OCSP answer {}: {}",
                    number + 1,
                    words::doubt(Doubt::Ocsp(doubt))
                ));
            }
        }
        said
    }

    fn wants_an_answer(&self) -> bool {
        self.profile == Profile::Strict && self.crls.is_empty()
    }

    /// Whether nobody who refuses says more than that a signature or key is beyond this program. Strictness refuses what it
    /// cannot verify.
    pub(super) fn is_beyond_us(&self, verdicts: &[StoreVerdict]) -> bool {
        let beyond = |reason: &PathReason| matches!(reason, PathReason::UnsupportedAlgorithm { .. });
        let mut refusing = verdicts.iter().filter(|verdict| !verdict.is_trusted()).peekable();
        self.profile == Profile::Browser
            && refusing.peek().is_some()
            && refusing.all(|verdict| verdict.reasons().iter().all(beyond))
    }

    /// Whether all public stores accept, or one of the user's own; stores that were named must all accept.
    pub(super) fn is_valid(&self, said: impl Iterator<Item = (StoreKind, bool)>) -> bool {
        let said: Vec<_> = said.collect();
        if !self.stores.names.is_empty() {
            return !said.is_empty() && said.iter().all(|(_, accepts)| *accepts);
        }
        let mut public = said
            .iter()
            .filter(|(kind, _)| *kind == StoreKind::Public)
            .peekable();
        let all_public = public.peek().is_some() && public.all(|(_, accepts)| *accepts);
        let own = said
            .iter()
            .any(|(kind, accepts)| *kind == StoreKind::User && *accepts);
        all_public || own
    }

    /// The timestamps in the leaf.
    fn scts(&self) -> Vec<Sct> {
        let list = self
            .chain
            .first()
            .and_then(|leaf| leaf.der().get(leaf.facts().embedded_scts.clone()?));
        list.map(|list| model::sct::parse_list(list, SctOrigin::Certificate).scts)
            .unwrap_or_default()
    }

    fn question(&self) -> Question<'_> {
        Question {
            known: &self.known,
            purpose: self.purpose,
            profile: self.profile,
            crls: &self.crls,
            host: self.host.as_ref(),
            max_depth: self.max_depth,
            policies: Policies {
                acceptable: &self.policies.acceptable,
                explicit: self.policies.explicit,
                mapping_inhibited: self.policies.mapping_inhibited,
                any_inhibited: self.policies.any_inhibited,
            },
            strength: Strength::Asked,
            ..Question::of(&self.chain, self.at)
        }
    }
}

/// Why an answer that does not count leaves the standing unknown.
const fn unknown(doubt: OcspDoubt) -> Unknown {
    match doubt {
        OcspDoubt::Malformed => Unknown::Malformed,
        OcspDoubt::NotAnswered(_) | OcspDoubt::NotAbout | OcspDoubt::NotKnown => Unknown::NothingCovers,
        OcspDoubt::NoSigner => Unknown::NoSigner,
        OcspDoubt::BadSignature => Unknown::BadSignature,
        OcspDoubt::UnsupportedAlgorithm => Unknown::UnsupportedAlgorithm,
        OcspDoubt::NotYet { this_update } => Unknown::NotYet { this_update },
        OcspDoubt::Stale { next_update } => Unknown::Stale { next_update },
    }
}

/// The stores that the flags name.
pub(super) fn stores(
    roots: Option<Vec<Arc<Certificate>>>,
    names: &[String],
    own: &[NamedFile],
) -> anyhow::Result<Asked> {
    if let Some(roots) = roots {
        let stores = Stores::none().with_user_store("roots", roots)?;
        return Ok(Asked::all(anchors::with_own(stores, own)?));
    }
    let mut stores = anchors::with_own(Stores::of(&installed::collection()), own)?;
    let names_system = names.iter().any(|name| name.eq_ignore_ascii_case(SYSTEM));
    let has_system = { stores.list().iter() }.any(|store| store.name.eq_ignore_ascii_case(SYSTEM));
    if names_system && !has_system {
        stores = anchors::with_own(stores, &[NamedFile::system()])?;
    }
    Asked::all(stores).only(names)
}

/// A name or an address.
pub(super) fn host(typed: &str) -> Result<Identity, String> {
    let bare = typed
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(typed);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(Identity::Address(address));
    }
    if target::is_numeric(typed) {
        let typed = untrusted::shown(typed);
        return Err(format!(
            "expected a name or an address: `{typed}` is no address such as 192.0.2.1 or 2001:db8::1"
        ));
    }
    Name::parse(typed)
        .map(Identity::Name)
        .map_err(|error| format!("expected a name or an address: {error}"))
}

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PurposeWord {
    /// A TLS server's
    Server,
    /// A TLS client's
    Client,
}

/// Whose rules are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileWord {
    /// What clients at large hold against a chain
    Browser,
    /// Beside that, what RFC 5280 and the CA/Browser Forum ask of issuers
    Strict,
}

impl From<PurposeWord> for Purpose {
    fn from(word: PurposeWord) -> Self {
        match word {
            PurposeWord::Server => Self::Server,
            PurposeWord::Client => Self::Client,
        }
    }
}

impl From<ProfileWord> for Profile {
    fn from(word: ProfileWord) -> Self {
        match word {
            ProfileWord::Browser => Self::Browser,
            ProfileWord::Strict => Self::Strict,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        assert_eq!(host("[2001:db8::1]"), host("2001:db8::1"));
        assert_eq!(host("192.0.2.1"), Ok(Identity::Address([192, 0, 2, 1].into())));
        assert!(matches!(host("bücher.example"), Ok(Identity::Name(_))));
        for wrong in [
            "",
            "a b",
            "-",
            "x..y",
            "*.example",
            "2130706433",
            "127.1",
            "0x7f.1",
        ] {
            assert!(host(wrong).unwrap_err().starts_with("expected a name"), "{wrong}");
        }
    }
}
