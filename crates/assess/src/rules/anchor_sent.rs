//! The root itself was sent.

use std::sync::Arc;

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "anchor-sent",
    title: "The root certificate is sent too",
    severity: Severity::Note,
    explanation: "Clients that trust it have it, and the others do not believe it because it was sent: about a kilobyte \
                  in every handshake for nothing",
    citation: "RFC 5246 section 7.4.2; RFC 8446 section 4.4.2",
    remedy: "leave the root out of the server's certificate file",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.chain().iter().enumerate().skip(1) {
        let holding = case.stores.holding(certificate.fingerprint());
        let is_leaf = case.leaf() == Some(certificate);
        if holding == 0 || is_leaf || !certificate.facts().self_issued() {
            continue;
        }
        if let Some(store) = case.stores.names(holding).first() {
            let reason = Reason::AnchorSent {
                store: Arc::clone(store),
            };
            found.push(Finding {
                rule: RULE.id,
                severity: Severity::Note,
                subject: case.place(place),
                reason,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{Good, judged, observation, rules, self_signed};

    #[test]
    fn a_root_behind_the_chain_is_said() {
        let good = Good::new();
        let sent = [&good.leaf, &good.issuing.certificate, &good.root.certificate];
        assert_eq!(
            rules(&judged(&observation("shop.example", &sent), &good.stores())),
            ["anchor-sent"]
        );
    }

    #[test]
    fn a_chain_without_it_is_not() {
        let good = Good::new();
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn a_pinned_leaf_has_to_be_sent() {
        let leaf = self_signed(&["shop.example"], |_| {});
        assert!(
            rules(&judged(
                &observation("shop.example", &[&leaf]),
                &crate::world::corp(&[&leaf])
            ))
            .is_empty()
        );
    }
}
