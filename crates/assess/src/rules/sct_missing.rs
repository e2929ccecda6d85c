//! A leaf of a public authority without any timestamp of a log.

use jiff::Timestamp;
use model::finding::{Finding, Reason, Severity};
use model::observation::Depth;
use model::starttls::StartTls;
use model::tls::Version;

use super::Rule;
use crate::case::Case;
use crate::ct::policy::Client;

pub(super) static RULE: Rule = Rule {
    id: "sct-missing",
    title: "No Certificate Transparency log has signed the certificate",
    severity: Severity::Critical,
    explanation: "Browsers refuse it. Asked of chains that Apple's or Chrome's store trusts, issued since May 2018; a \
                  warning where TLS begins by an exchange (STARTTLS), which browsers do not speak",
    citation: "RFC 6962 section 3.3; Chrome CT Policy; support.apple.com/103214",
    remedy: "get the certificate issued anew with SCTs in it; the authority has an option to leave them out",
    check,
};

/// 2018-05-01: what was issued before is not asked for timestamps.
const ASKED_SINCE: Timestamp = Timestamp::constant(1_525_132_800, 0);

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(handshake) = case.handshake.filter(|handshake| handshake.scts.is_empty()) else {
        return;
    };
    // In TLS 1.2 the staple, which may hold some, follows the certificate, and a glance does not wait for it.
    let could_be_seen = case.observation.depth == Depth::Full || handshake.version >= Version::TLS13;
    let Some(facts) = case.leaf_facts().filter(|_| could_be_seen && !case.is_stopped()) else {
        return;
    };
    let is_asked = facts.not_before.is_some_and(|begin| begin >= ASKED_SINCE);
    let trusting = Client::ALL.into_iter().map(Client::store);
    let clients: Vec<_> = trusting.filter(|store| case.is_trusted_by(store)).collect();
    if is_asked && !clients.is_empty() {
        found.push(case.about_leaf(&RULE, severity(case), Reason::NoScts { clients }));
    }
}

/// How much it matters that browsers refuse.
pub(super) fn severity(case: &Case<'_>) -> Severity {
    if case.observation.service.starttls == StartTls::None {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::endpoint::Service;
    use model::finding::Severity;
    use model::starttls::StartTls;

    use crate::ct::testing::{LogKey, public, timestamped};
    use crate::world::{Good, judged, rules, severity, valid};

    #[test]
    fn none_below_a_public_root() {
        let good = Good::new();
        let assessment = judged(&good.observed(), &public(&good, &[]));
        assert_eq!(rules(&assessment), ["sct-missing"]);
        assert_eq!(severity(&assessment, "sct-missing"), Some(Severity::Critical));
    }

    #[test]
    fn enough_of_them_and_a_private_root() {
        let good = Good::new();
        let logs = [LogKey::new("one"), LogKey::new("two")];
        assert!(rules(&judged(&timestamped(&good, &logs), &public(&good, &logs))).is_empty());
        assert!(rules(&judged(&good.observed(), &good.stores())).is_empty());
    }

    #[test]
    fn mail_is_warned_and_what_is_older_than_the_demand_is_not_asked() {
        let good = Good::new();
        let mut seen = good.observed();
        seen.service = Arc::new(Service {
            starttls: StartTls::Smtp,
            ..(*seen.service).clone()
        });
        let assessment = judged(&seen, &public(&good, &[]));
        assert_eq!(severity(&assessment, "sct-missing"), Some(Severity::Warning));
        // 2018-04-30 and 2018-05-01.
        for (days, asked) in [(-2_954, false), (-2_953, true)] {
            let leaf = good
                .issuing
                .leaf_with(&["shop.example"], |params| valid(params, days, 60));
            let assessment = judged(&good.with_leaf(&leaf), &public(&good, &[]));
            assert_eq!(severity(&assessment, "sct-missing").is_some(), asked, "{days}");
        }
    }
}
