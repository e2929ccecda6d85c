//! A timestamp that its log did not make.

use std::sync::Arc;

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::ct::SctOutcome;

pub(super) static RULE: Rule = Rule {
    id: "sct-invalid",
    title: "A Certificate Transparency timestamp is not by the log that it names, or of the future",
    severity: Severity::Warning,
    explanation: "Clients pass it over, so that too few may be left. Inside a certificate it is a mistake of the authority, \
                  beside it often one of another certificate that was left in the configuration",
    citation: "RFC 6962 section 3.2",
    remedy: "get the certificate issued anew, or remove the SCTs that the server adds by itself",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let mut bad = case.scts.iter().filter_map(|verdict| match &verdict.outcome {
        SctOutcome::Invalid(log) => Some((log, verdict.at, false)),
        SctOutcome::Future(log) => Some((log, verdict.at, true)),
        _ => None,
    });
    let Some((log, at, future)) = bad.next() else {
        return;
    };
    let reason = Reason::BadSct {
        log: Arc::clone(&log.name),
        at,
        future,
        count: 1 + bad.count(),
    };
    found.push(case.about_leaf(&RULE, Severity::Warning, reason));
}

#[cfg(test)]
mod tests {
    use crate::ct::testing::{LogKey, public, timestamped, timestamped_at};
    use crate::world::{Good, day, judged, now, rules, with};

    fn logs() -> [LogKey; 3] {
        ["one", "two", "three"].map(LogKey::new)
    }

    #[test]
    fn signatures_that_verify_are_fine_up_to_now() {
        let good = Good::new();
        let logs = logs();
        for at in [day(-30), now()] {
            assert!(rules(&judged(&timestamped_at(&good, &logs, at), &public(&good, &logs))).is_empty());
        }
    }

    #[test]
    fn a_changed_byte_and_another_certificate() {
        let good = Good::new();
        let logs = logs();
        let stores = public(&good, &logs);
        let broken = with(timestamped(&good, &logs), |handshake| {
            *handshake.scts[0].bytes.last_mut().unwrap() ^= 1;
        });
        assert_eq!(rules(&judged(&broken, &stores)), ["sct-invalid"], "two are left");
        let other = timestamped(&good, &logs).handshake.unwrap().scts;
        let swapped = with(timestamped(&good, &logs), |handshake| handshake.scts = other);
        assert_eq!(rules(&judged(&swapped, &stores)), ["sct-too-few", "sct-invalid"]);
    }

    #[test]
    fn the_future_begins_after_now() {
        let good = Good::new();
        let logs = logs();
        let seen = timestamped_at(&good, &logs, now() + jiff::SignedDuration::from_millis(1));
        assert_eq!(
            rules(&judged(&seen, &public(&good, &logs))),
            ["sct-too-few", "sct-invalid"]
        );
    }
}
