//! More certificates than anybody needs.

use model::finding::{Finding, Reason, Severity};
use model::limits;

use super::Rule;
use crate::case::Case;

pub(super) static RULE: Rule = Rule {
    id: "chain-too-long",
    title: "More certificates are sent than clients look at",
    severity: Severity::Warning,
    explanation: "Clients stop at ten or fewer. What is beyond the limit was counted and neither kept nor judged",
    citation: "RFC 8446 section 4.4.2; limit as shown by `nolapse limits`",
    remedy: "send the leaf and the intermediates between it and the root, nothing else",
    check,
};

fn check(case: &Case<'_>, found: &mut Vec<Finding>) {
    let dropped = case.handshake.map_or(0, |handshake| handshake.chain_dropped);
    let sent = case
        .chain()
        .len()
        .saturating_add(usize::try_from(dropped).unwrap_or(usize::MAX));
    if sent > limits::PATH_LENGTH {
        let reason = Reason::ChainTooLong {
            sent,
            limit: limits::PATH_LENGTH,
        };
        found.push(case.about_leaf(&RULE, Severity::Warning, reason));
    }
}

#[cfg(test)]
mod tests {
    use model::finding::Reason;
    use model::limits;

    use crate::world::{Authority, Good, finding, judged, observation, severity, with};

    #[test]
    fn certificates_that_were_dropped_count() {
        let good = Good::new();
        let seen = with(good.observed(), |handshake| handshake.chain_dropped = 98);
        let assessment = judged(&seen, &good.stores());
        let reason = &finding(&assessment, "chain-too-long").unwrap().reason;
        assert_eq!(
            reason,
            &Reason::ChainTooLong {
                sent: 100,
                limit: limits::PATH_LENGTH
            }
        );
    }

    #[test]
    fn two_are_not_many() {
        let good = Good::new();
        assert_eq!(
            severity(&judged(&good.observed(), &good.stores()), "chain-too-long"),
            None
        );
    }

    #[test]
    fn ten_are_the_most() {
        let good = Good::new();
        let stranger = Authority::root("Stranger").certificate;
        let sent = |count: usize| {
            let extra = std::iter::repeat_n(&stranger, count - 1);
            let chain: Vec<_> = std::iter::once(&good.leaf).chain(extra).collect();
            severity(
                &judged(&observation("shop.example", &chain), &good.stores()),
                "chain-too-long",
            )
            .is_some()
        };
        assert!(!sent(10) && sent(11));
    }
}
