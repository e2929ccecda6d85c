//! A serial number that RFC 5280 does not allow.

use model::finding::{Finding, Flaw, Reason, Severity};

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "serial-invalid",
    title: "A certificate's serial number is not positive, or too long",
    severity: Severity::Note,
    explanation: "It must be positive and have at most 20 bytes. Most clients read it all the same; some libraries refuse it, \
                  and revocation goes by it. What a trust store holds is not looked at",
    citation: "RFC 5280 section 4.1.2.2",
    remedy: "give certificates random serial numbers of 16 to 20 bytes, the highest bit clear",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    for (place, certificate) in case.used() {
        let serial = &*certificate.facts().serial;
        let Some(flaw) = flaw(serial) else {
            continue;
        };
        if place > 0 && case.stores.holding(certificate.fingerprint()) != 0 {
            continue;
        }
        found.push(Finding {
            rule: RULE.id,
            severity: Severity::Note,
            subject: case.place(place),
            reason: Reason::Flaw(flaw),
        });
    }
}

fn flaw(serial: &[u8]) -> Option<Flaw> {
    let is_negative = serial.first()? & 0x80 != 0;
    if is_negative || serial.iter().all(|byte| *byte == 0) {
        return Some(Flaw::SerialNotPositive);
    }
    (serial.len() > 20).then_some(Flaw::SerialTooLong { bytes: serial.len() })
}

#[cfg(test)]
mod tests {
    use rcgen::SerialNumber;

    use super::*;
    use crate::world::{Good, rules};

    #[test]
    fn zero_negative_and_long_ones() {
        assert_eq!(flaw(&[0]), Some(Flaw::SerialNotPositive));
        assert_eq!(flaw(&[0x80, 1]), Some(Flaw::SerialNotPositive));
        assert_eq!(flaw(&[1; 21]), Some(Flaw::SerialTooLong { bytes: 21 }));
    }

    #[test]
    fn small_and_full_ones() {
        assert_eq!(flaw(&[1]), None);
        assert_eq!(flaw(&[0x7f; 20]), None);
        assert_eq!(flaw(&[0, 0x80]), None);
        assert_eq!(flaw(&[]), None, "an unread one is told elsewhere");
    }

    #[test]
    fn a_leaf_with_a_serial_number_of_zero_is_a_note() {
        let said = |serial: Vec<u8>| {
            rules(&Good::new().judged_leaf(|params| params.serial_number = Some(SerialNumber::from(serial))))
        };
        assert_eq!(said(vec![0]), ["serial-invalid"]);
        assert!(said(vec![1]).is_empty());
    }
}
