//! Timestamps of logs that are not known here.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;
use crate::ct::SctOutcome;

pub(super) static RULE: Rule = Rule {
    id: "sct-unknown-log",
    title: "A Certificate Transparency timestamp is of a log that nolapse does not know",
    severity: Severity::Note,
    explanation: "The log may be newer than the list; its timestamps are taken for good, and cannot be verified",
    citation: "RFC 6962 section 3.2",
    remedy: "bring a newer list with `nolapse trust-stores update`",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let unknown = |verdict: &&crate::ct::SctVerdict| verdict.outcome == SctOutcome::UnknownLog;
    let count = case.scts.iter().filter(unknown).count();
    if count > 0 {
        let sent = case.scts.len();
        found.push(case.about_leaf(&RULE, Severity::Note, Reason::UnknownLogs { count, sent }));
    }
}

#[cfg(test)]
mod tests {
    use model::status::Status;

    use crate::ct::testing::{LogKey, public, timestamped};
    use crate::world::{Good, judged, rules};

    #[test]
    fn known_logs_say_nothing() {
        let good = Good::new();
        let logs = [LogKey::new("one"), LogKey::new("two")];
        assert!(rules(&judged(&timestamped(&good, &logs), &public(&good, &logs))).is_empty());
    }

    #[test]
    fn an_unknown_one_is_a_note_and_counts() {
        let good = Good::new();
        let logs = [LogKey::new("one"), LogKey::new("two")];
        for known in [&logs[..1], &[]] {
            let assessment = judged(&timestamped(&good, &logs), &public(&good, known));
            assert_eq!(rules(&assessment), ["sct-unknown-log"]);
            assert_eq!(assessment.status, Status::Ok);
        }
    }

    #[test]
    fn one_alone_is_too_few_whoever_made_it() {
        let good = Good::new();
        let log = [LogKey::new("new")];
        let assessment = judged(&timestamped(&good, &log), &public(&good, &[]));
        assert_eq!(rules(&assessment), ["sct-too-few", "sct-unknown-log"]);
    }
}
