//! A certificate larger than handshakes bear well.

use model::finding::{Finding, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "giant-certificate",
    title: "A certificate is unusually large",
    severity: Severity::Warning,
    explanation: "A note from 10 KB, a warning from 64 KB: each handshake carries it, a first flight holds about 14 KB, \
                  and small clients give up on handshake messages of 16 KB",
    citation: "RFC 6928; RFC 8446 section 4.4.2",
    remedy: "spread the names over several certificates, or use wildcards",
    check,
};

/// Ordinary certificates have 1 to 2 KB; a hundred names make 4.
const NOTABLE_BYTES: usize = 10 * 1024;
/// What no handshake message of ordinary size can hold.
const HUGE_BYTES: usize = 64 * 1024;

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.chain().iter().enumerate() {
        let severity = match certificate.der().len() {
            HUGE_BYTES.. => Severity::Warning,
            NOTABLE_BYTES.. => Severity::Note,
            _ => continue,
        };
        let names = certificate.facts().subject_alt_name_count;
        let reason = Reason::Giant {
            bytes: certificate.der().len(),
            names,
        };
        found.push(Finding {
            rule: RULE.id,
            severity,
            subject: case.place(place),
            reason,
        });
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Severity;

    use crate::world::{Good, judged, severity};

    fn said(names: usize) -> Option<Severity> {
        let good = Good::new();
        let names: Vec<String> = (0..names)
            .map(|number| format!("h{number}.shop.example"))
            .collect();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.push("shop.example");
        let leaf = good.issuing.leaf(&names);
        severity(
            &judged(&good.with_leaf(&leaf), &good.stores()),
            "giant-certificate",
        )
    }

    #[test]
    fn the_more_names_the_worse() {
        assert_eq!(said(1_000), Some(Severity::Note));
        assert_eq!(said(4_000), Some(Severity::Warning));
    }

    #[test]
    fn a_hundred_names_are_ordinary() {
        assert_eq!(said(100), None);
    }

    #[test]
    fn one_name_is_small() {
        assert_eq!(said(0), None);
    }
}
