//! Who may issue for the names of a leaf (RFC 8659).

use model::certificate::{Certificate, GeneralName};
use model::evidence::CaaSet;
use model::observation::Failure;
use model::{Name, WildcardName, limits};
use net::Network;
use net::clock::SystemClock;

use super::flights::Landed;
use super::{ANSWER_KEPT, FAILURE_KEPT, Gatherer, later};

impl Gatherer {
    /// The records that count for a name.
    pub(super) async fn authorities_of(&self, network: &Network, name: &Name) -> Result<CaaSet, Failure> {
        let now = SystemClock.now();
        let asking = async {
            let value = network.caa(name).await;
            let kept = if value.is_ok() { ANSWER_KEPT } else { FAILURE_KEPT };
            Landed {
                until: later(now, kept),
                bytes: 0,
                value,
            }
        };
        self.authorities.get(name, now, asking).await
    }
}

/// The leaf's DNS names, each with whether it is a wildcard: as many as `limits::CAA_NAMES`.
pub(super) fn names(leaf: &Certificate) -> Vec<(Name, bool)> {
    let mut names = Vec::new();
    for general in leaf.facts().subject_alt_names.iter().flatten() {
        let GeneralName::Dns(text) = general else { continue };
        let named = match WildcardName::parse(text.raw()) {
            Ok(wildcard) => Some((wildcard.parent().clone(), true)),
            Err(_) => Name::parse(text.raw()).ok().map(|name| (name, false)),
        };
        if let Some(named) = named.filter(|named| !names.contains(named)) {
            names.push(named);
        }
        if names.len() == limits::CAA_NAMES {
            break;
        }
    }
    names
}
