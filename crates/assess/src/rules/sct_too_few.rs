//! A leaf of a public authority with timestamps of too few logs.

use model::finding::{Finding, Reason, Severity};

use super::{Rule, sct_missing};
use crate::case::Case;
use crate::ct::policy::{self, Client};

pub(super) static RULE: Rule = Rule {
    id: "sct-too-few",
    title: "Too few Certificate Transparency logs have signed the certificate",
    severity: Severity::Critical,
    explanation: "Inside a certificate two SCTs of distinct logs are needed up to 180 days of lifetime and three above, of \
                  two operators, one of a log that is accepted now; beside it two of accepted logs. One of a log that is \
                  not known counts, since the log may be new. A warning where TLS begins by an exchange (STARTTLS)",
    citation: "Chrome CT Policy (googlechrome.github.io/CertificateTransparency); support.apple.com/103214",
    remedy: "get the certificate issued anew: the authority picks the logs",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let Some(facts) = case.leaf_facts().filter(|_| !case.scts.is_empty()) else {
        return;
    };
    let clients = Client::ALL.into_iter().filter(|client| {
        case.is_trusted_by(client.store()) && !policy::is_content(*client, facts, case.scts, case.now)
    });
    let clients: Vec<_> = clients.map(Client::store).collect();
    if clients.is_empty() {
        return;
    }
    let reason = Reason::TooFewScts {
        clients,
        sent: case.scts.len(),
        counted: policy::counted(case.scts, case.now),
        needed: policy::needed(facts),
    };
    found.push(case.about_leaf(&RULE, sct_missing::severity(case), reason));
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;

    use crate::ct::LogState;
    use crate::ct::testing::{LogKey, public, timestamped, timestamped_leaf};
    use crate::world::{Good, day, finding, judged, rules, valid};

    #[test]
    fn one_is_too_few_and_two_of_one_operator_too() {
        let good = Good::new();
        let (one, two) = (LogKey::new("one"), LogKey::new("two").operated_by("one"));
        for logs in [vec![one.clone()], vec![one, two]] {
            let assessment = judged(&timestamped(&good, &logs), &public(&good, &logs));
            assert_eq!(rules(&assessment), ["sct-too-few"]);
        }
    }

    #[test]
    fn a_lifetime_above_180_days_needs_three() {
        let good = Good::new();
        let logs = [LogKey::new("one"), LogKey::new("two"), LogKey::new("three")];
        // A validity includes its last second: one of 180 days, as dates say it, lasts a second longer.
        for (days, needed) in [(179, 2), (180, 3), (181, 3)] {
            let seen =
                |logs: &[LogKey]| timestamped_leaf(&good, logs, |params| valid(params, -30, days - 30));
            for count in 1..=3 {
                let logs = logs.get(..count).unwrap();
                let assessment = judged(&seen(logs), &public(&good, logs));
                assert_eq!(rules(&assessment).is_empty(), count >= needed, "{days} {count}");
            }
        }
    }

    #[test]
    fn a_retired_log_counts_for_what_it_signed_before_beside_an_accepted_one() {
        let good = Good::new();
        let accepted = LogKey::new("accepted");
        // Every timestamp is of 30 days ago.
        for (since, fine) in [(-29, true), (-30, false), (-31, false)] {
            let logs = [
                accepted.clone(),
                LogKey::new("retired").since(LogState::Retired, day(since)),
            ];
            let assessment = judged(&timestamped(&good, &logs), &public(&good, &logs));
            assert_eq!(rules(&assessment).is_empty(), fine, "{since}");
        }
        let retired = |name| LogKey::new(name).since(LogState::Retired, day(-1));
        let logs = [retired("one"), retired("two")];
        let assessment = judged(&timestamped(&good, &logs), &public(&good, &logs));
        assert_eq!(rules(&assessment), ["sct-too-few"], "none is accepted now");
        let Some(Reason::TooFewScts { sent, counted, .. }) =
            finding(&assessment, "sct-too-few").map(|finding| &finding.reason)
        else {
            panic!("another reason");
        };
        assert_eq!((*sent, *counted), (2, 2));
    }
}
