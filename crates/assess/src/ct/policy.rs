//! How many timestamps clients ask for, and which of them count.
//!
//! Both Chrome (<https://googlechrome.github.io/CertificateTransparency/ct_policy.html>) and Apple
//! (<https://support.apple.com/103214>) ask, of timestamps inside a certificate, for two of distinct logs up to 180 days
//! of lifetime and for three above, of at least two operators, one of them by a log that is accepted now; of timestamps
//! that come beside the certificate, for two by logs that are accepted now, of two operators. A retired log's count inside
//! a certificate when they are from before it was retired. That one must come from a log with the interface of RFC 6962 is
//! not asked here: Chrome has announced to drop it, and operators have shut such logs down.

use std::time::Duration;

use jiff::Timestamp;
use model::certificate::Facts;
use model::sct::SctOrigin;

use super::{Log, LogState, SctOutcome, SctVerdict, Standing};

const DAY: u64 = 86_400;

/// A client that asks for timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// Apple's platforms.
    Apple,
    /// Chrome.
    Chrome,
}

impl Client {
    pub(crate) const ALL: [Self; 2] = [Self::Apple, Self::Chrome];

    /// The store of the same client.
    pub(crate) const fn store(self) -> &'static str {
        match self {
            Self::Apple => "Apple",
            Self::Chrome => "Chrome",
        }
    }

    const fn standing(self, log: &Log) -> Option<Standing> {
        match self {
            Self::Apple => log.apple,
            Self::Chrome => log.chrome,
        }
    }
}

/// How many timestamps a certificate of this lifetime needs (a last second is a second of it, RFC 5280 section 4.1.2.5).
pub(crate) fn needed(facts: &Facts) -> usize {
    let (Some(begin), Some(end)) = (facts.not_before, facts.not_after) else {
        return 2;
    };
    let lifetime = Duration::try_from(end.duration_since(begin)).unwrap_or_default();
    if lifetime.as_secs() < 180 * DAY { 2 } else { 3 }
}

/// Whether `client` is content with these timestamps at `now`, in the most favourable case: a timestamp of a log that the
/// client may have accepted since our list was made counts.
pub(crate) fn is_content(client: Client, facts: &Facts, verdicts: &[SctVerdict], now: Timestamp) -> bool {
    let inside = |verdict: &&SctVerdict| verdict.origin == SctOrigin::Certificate;
    let counting = |wanted: fn(Weight) -> bool, is_inside: bool| {
        let all = verdicts
            .iter()
            .filter(move |verdict| inside(verdict) == is_inside);
        Distinct::of(all.filter(|verdict| wanted(weight(client, verdict, now))))
    };
    let history = counting(|weight| weight != Weight::Nothing, true);
    let present = counting(|weight| weight == Weight::Now, true);
    let beside = counting(|weight| weight == Weight::Now, false);
    let by_inside = history.logs >= needed(facts) && history.operators >= 2 && present.logs >= 1;
    by_inside || (beside.logs >= 2 && beside.operators >= 2)
}

/// How many of them some client would count: what a sentence says.
pub(crate) fn counted(verdicts: &[SctVerdict], now: Timestamp) -> usize {
    let counts = |verdict: &&SctVerdict| {
        Client::ALL
            .iter()
            .any(|client| weight(*client, verdict, now) != Weight::Nothing)
    };
    Distinct::of(verdicts.iter().filter(counts)).logs
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Its log is accepted now, or may be.
    Now,
    /// Its log was accepted when it signed.
    Once,
    Nothing,
}

fn weight(client: Client, verdict: &SctVerdict, now: Timestamp) -> Weight {
    let log = match &verdict.outcome {
        SctOutcome::Valid(log) => log,
        SctOutcome::UnknownLog | SctOutcome::Unverifiable => return Weight::Now,
        SctOutcome::Invalid(_) | SctOutcome::Future(_) => return Weight::Nothing,
    };
    let Some(Standing { state, since }) = client.standing(log) else {
        return Weight::Now;
    };
    match state {
        LogState::Qualified | LogState::Usable | LogState::ReadOnly => Weight::Now,
        // It may have been accepted since.
        LogState::Pending => Weight::Now,
        LogState::Retired | LogState::Rejected if since > now => Weight::Now,
        LogState::Retired if verdict.at.is_some_and(|at| at < since) => Weight::Once,
        LogState::Retired | LogState::Rejected => Weight::Nothing,
    }
}

/// How many logs and operators stand behind some timestamps. An operator that we do not know may be another one.
struct Distinct {
    logs: usize,
    operators: usize,
}

impl Distinct {
    fn of<'a>(verdicts: impl Iterator<Item = &'a SctVerdict>) -> Self {
        let (mut logs, mut operators, mut unknown) = (Vec::new(), Vec::new(), 0);
        for verdict in verdicts {
            if logs.contains(&verdict.log_id) {
                continue;
            }
            logs.push(verdict.log_id);
            match verdict.outcome.log() {
                Some(log) if operators.contains(&&log.operator) => {}
                Some(log) => operators.push(&log.operator),
                None => unknown += 1,
            }
        }
        Self {
            logs: logs.len(),
            operators: operators.len() + unknown,
        }
    }
}
