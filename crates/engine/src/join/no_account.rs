//! Served, in no account: an endpoint shows a certificate of which no configured account knows. Somebody orders beside the
//! accounts, or an account is missing in the configuration.
//!
//! One served certificate at a time comes in. Without a configured account nothing can be said.

/// A certificate that is served now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Whether it is served now.
    pub is_served: bool,
    /// Whether some account tells of it, whole or as a claim that fits.
    pub is_in_account: bool,
    /// Whether it is issued by itself: no account could know it.
    pub is_self_issued: bool,
}

/// Whether it is a finding; `accounts` are those configured that were read whole at least once: one that could not be read
/// would make every certificate look like a stranger.
pub const fn in_no_account(one: &Candidate, accounts: u64) -> bool {
    accounts > 0 && one.is_served && !one.is_in_account && !one.is_self_issued
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Candidate = Candidate {
        is_served: true,
        is_in_account: false,
        is_self_issued: false,
    };

    #[test]
    fn a_served_stranger_is_one_when_there_is_an_account() {
        assert!(in_no_account(&STRANGER, 1));
        assert!(!in_no_account(
            &Candidate {
                is_in_account: true,
                ..STRANGER
            },
            1
        ));
        assert!(!in_no_account(
            &Candidate {
                is_served: false,
                ..STRANGER
            },
            1
        ));
        assert!(!in_no_account(
            &Candidate {
                is_self_issued: true,
                ..STRANGER
            },
            1
        ));
    }

    #[test]
    fn without_an_account_there_is_no_stranger() {
        assert!(!in_no_account(&STRANGER, 0));
    }
}
