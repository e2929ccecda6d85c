//! Trust over a span of time: since when and until when each store accepts a chain, and why that changes.
//!
//! The same question as for one moment comes in, with a span of time instead of `now`; one history per store goes out.
//! A verdict can change only when a validity begins or ends, so it is asked for at the beginning of the span and at
//! each of these moments, or when a store dropped a root, never in between. What is not known of the future is not
//! guessed: a store that will drop a root says so only once it has.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use model::certificate::Certificate;
use model::limits;
use model::sct::Sct;

use crate::memory::SignatureMemory;
use crate::path::{Question, StoreVerdict, Trust};
use crate::timestamped::trust;
use crate::trust_store::{StoreKind, Stores};

/// What one store says over a span of time.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Its name.
    pub store: Arc<str>,
    /// Whose it is.
    pub kind: StoreKind,
    /// What it says when, in order and without gaps; two in a row differ.
    pub spans: Vec<Span>,
}

/// A time in which a store says the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// From the first second of `start` to just before `end`.
    pub when: Range<Timestamp>,
    /// What it says.
    pub outcome: Trust,
}

/// What every store says of the question's chain, whose leaf has the timestamps `scts`, over `span`; the question's own time is not looked at. Empty without a
/// chain or for an empty span. Of more than `limits::TIMELINE_MOMENTS` moments of change the first are looked at, and
/// the histories end there.
pub fn timeline(
    question: &Question<'_>,
    scts: &[Sct],
    (stores, memory): (&Stores, &SignatureMemory),
    span: Range<Timestamp>,
) -> Vec<History> {
    let mut moments = moments(question, stores);
    moments.retain(|moment| span.start < *moment && *moment < span.end);
    let mut starts = vec![span.start];
    starts.extend(moments.iter().take(limits::TIMELINE_MOMENTS));
    let end = moments
        .iter()
        .nth(limits::TIMELINE_MOMENTS)
        .copied()
        .unwrap_or(span.end);
    let mut histories: Vec<History> = Vec::new();
    if span.is_empty() {
        return histories;
    }
    for (number, start) in starts.iter().enumerate() {
        let end = starts.get(number + 1).copied().unwrap_or(end);
        let question = Question {
            now: *start,
            ..*question
        };
        let verdicts = trust(&question, scts, stores, memory).verdicts;
        if histories.is_empty() {
            histories = verdicts.iter().map(History::of).collect();
        }
        for (history, verdict) in histories.iter_mut().zip(verdicts) {
            history.go_on(*start..end, verdict.outcome);
        }
    }
    histories
}

impl History {
    fn of(verdict: &StoreVerdict) -> Self {
        Self {
            store: Arc::clone(&verdict.store),
            kind: verdict.kind,
            spans: Vec::new(),
        }
    }

    fn go_on(&mut self, when: Range<Timestamp>, outcome: Trust) {
        match self.spans.last_mut().filter(|last| last.outcome == outcome) {
            Some(last) => last.when.end = when.end,
            None => self.spans.push(Span { when, outcome }),
        }
    }
}

/// Every first second of a validity and every first second behind one: of the certificates at hand, of the anchors that
/// their names lead to, and of the revocation lists.
fn moments(question: &Question<'_>, stores: &Stores) -> BTreeSet<Timestamp> {
    let mut moments = BTreeSet::new();
    let mut certificates: Vec<&Certificate> = Vec::new();
    certificates.extend(question.chain.iter().chain(question.known).map(|step| &**step));
    let mut names: BTreeSet<&[u8]> = BTreeSet::new();
    let mut place = 0;
    while let Some(certificate) = certificates.get(place).copied() {
        place += 1;
        let facts = certificate.facts();
        moments.extend(facts.not_before);
        moments.extend(facts.not_after.and_then(behind));
        if names.insert(&facts.issuer.canonical) && certificates.len() < limits::TIMELINE_MOMENTS {
            for anchor in stores.with_subject(&facts.issuer.canonical) {
                moments.extend(anchor.removals());
                certificates.push(anchor.certificate());
            }
        }
    }
    for list in question.crls {
        moments.extend(list.header().this_update);
        moments.extend(list.header().next_update.and_then(behind));
    }
    moments
}

/// The second behind a last one.
fn behind(last: Timestamp) -> Option<Timestamp> {
    last.checked_add(SignedDuration::from_secs(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Authority, Good, corp, day, store, valid};

    fn words(history: &History) -> Vec<(Range<Timestamp>, Vec<&'static str>)> {
        let said = |span: &Span| match &span.outcome {
            Trust::Trusted { .. } => vec![],
            Trust::Refused { reasons } => reasons.iter().map(model::finding::PathReason::word).collect(),
        };
        history
            .spans
            .iter()
            .map(|span| (span.when.clone(), said(span)))
            .collect()
    }

    fn ask(chain: &[Arc<Certificate>], stores: &Stores, span: Range<Timestamp>) -> Vec<History> {
        let question = Question::of(chain, span.start);
        timeline(&question, &[], (stores, &SignatureMemory::new()), span)
    }

    #[test]
    fn a_store_accepts_from_the_first_second_to_the_last() {
        let good = Good::new();
        let chain = [Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)];
        let facts = good.leaf.facts();
        let (first, last) = (facts.not_before.unwrap(), facts.not_after.unwrap());
        let said = ask(&chain, &good.stores(), day(-200)..day(200));
        assert_eq!(
            words(&said[0]),
            [
                (day(-200)..first, vec!["not-yet-valid"]),
                (first..behind(last).unwrap(), vec![]),
                (behind(last).unwrap()..day(200), vec!["expired"]),
            ]
        );
    }

    #[test]
    fn a_store_changes_to_the_cross_signed_way_without_a_word() {
        let old = Authority::root_with("Old root", |params| valid(params, -1_000, 30));
        let good = Good::new();
        let crossed = old.cross_sign_with(&good.root, "Example Root", |params| valid(params, -500, 20));
        let chain = [
            Arc::clone(&good.leaf),
            Arc::clone(&good.issuing.certificate),
            Arc::clone(&crossed),
        ];
        let stores = store("old", corp(&[&good.root.certificate]), &[&old.certificate]);
        let said = ask(&chain, &stores, day(0)..day(50));
        assert_eq!(words(&said[0]), [(day(0)..day(50), vec![])]);
        let ends = behind(crossed.facts().not_after.unwrap()).unwrap();
        let of_old = words(&said[1]);
        assert_eq!(of_old[0], (day(0)..ends, vec![]));
        assert!(of_old[1..].iter().all(|(_, words)| !words.is_empty()));
        assert_eq!((of_old[1].0.start, of_old.last().unwrap().0.end), (ends, day(50)));
    }

    #[test]
    fn a_root_that_was_dropped_ends_for_its_store_alone_and_not_before() {
        let good = Good::new();
        let chain = [Arc::clone(&good.leaf), Arc::clone(&good.issuing.certificate)];
        let root = Arc::clone(&good.root.certificate);
        let stores = crate::world::public(&[&root])
            .with_user_store("corp", vec![Arc::clone(&root)])
            .unwrap();
        let name = Arc::clone(&stores.list()[0].name);
        let stores = stores.with_removal(&name, root.fingerprint(), day(10));
        assert_eq!((stores.list()[0].anchors, stores.list()[0].removed), (0, 1));
        let said = ask(&chain, &stores, day(0)..day(20));
        assert_eq!(
            words(&said[0]),
            [
                (day(0)..day(10), vec![]),
                (day(10)..day(20), vec!["removed-from-store"])
            ]
        );
        assert_eq!(words(&said[1]), [(day(0)..day(20), vec![])]);
    }

    #[test]
    fn no_span_and_no_chain_have_no_history() {
        let good = Good::new();
        let chain = [Arc::clone(&good.leaf)];
        assert_eq!(ask(&chain, &good.stores(), day(1)..day(1)), []);
        assert_eq!(ask(&[], &good.stores(), day(1)..day(2)), []);
    }
}
