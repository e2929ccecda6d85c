//! What stores say of a chain whose leaf has timestamps: some stores trust a root only for leaves that a log saw before
//! a day.
//!
//! A question and the leaf's timestamps come in, the stores' verdicts and what was found about each timestamp go out.
//! Timestamps are examined only where a public store would trust the chain or asks for them: examining one costs a
//! signature.

use model::sct::Sct;

use crate::ct::{self, SctVerdict, Timestamped};
use crate::memory::SignatureMemory;
use crate::path::{self, Question, StoreVerdict};
use crate::trust_store::{StoreKind, Stores};

/// What stores say, and what is known of the timestamps.
#[derive(Clone, Debug, PartialEq)]
pub struct Trusted {
    /// One verdict per store, in the order of the stores; empty without a chain.
    pub verdicts: Vec<StoreVerdict>,
    /// One per timestamp, in their order; empty when none had to be examined.
    pub scts: Vec<SctVerdict>,
}

/// Asks every store; `scts` are the leaf's timestamps, wherever they came from.
pub fn trust(question: &Question<'_>, scts: &[Sct], stores: &Stores, memory: &SignatureMemory) -> Trusted {
    let mut verdicts = path::verdicts(question, stores, memory);
    let scts = match question.chain.first() {
        Some(leaf) if !scts.is_empty() && verdicts.iter().any(asks_for_timestamps) => {
            let what = Timestamped {
                leaf,
                issuer: path::issuer(question, stores, memory).map(|issuer| &**issuer),
                scts,
            };
            ct::examine(&what, stores.logs(), memory, question.now)
        }
        _ => Vec::new(),
    };
    let earliest_sct = ct::earliest(&scts, question.now);
    if earliest_sct.is_some() && verdicts.iter().any(StoreVerdict::is_dated_by_sct) {
        let question = Question {
            earliest_sct,
            ..*question
        };
        verdicts = path::verdicts(&question, stores, memory);
    }
    Trusted { verdicts, scts }
}

/// Whether it matters to a public client when logs saw the leaf.
fn asks_for_timestamps(verdict: &StoreVerdict) -> bool {
    verdict.kind == StoreKind::Public && (verdict.is_trusted() || verdict.is_dated_by_sct())
}
