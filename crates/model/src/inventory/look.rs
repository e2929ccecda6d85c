//! What is remembered of one look and its assessment, in words that the store can keep for years.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Place, Vantage};
use crate::Certificate;
use crate::finding::Severity;
use crate::fingerprint::Fingerprint;
use crate::observation::Depth;
use crate::status::Status;
use crate::untrusted::Untrusted;

/// One look at one place from one vantage, judged.
///
/// A look is known by its content: place, vantage, time and what was seen. Delivered twice it counts once, so that it
/// needs no number of its own.
#[derive(Clone, Debug)]
pub struct Look {
    /// What was looked at.
    pub place: Place,
    /// From where.
    pub vantage: Vantage,
    /// When the look began. Kept to the millisecond.
    pub at: Timestamp,
    /// The time as of which it was judged.
    pub judged_at: Timestamp,
    /// What was seen and what follows from it.
    pub seen: Seen,
    /// The chain exactly as sent, the leaf first; empty when no certificate was reached.
    pub chain: Vec<Arc<Certificate>>,
    /// Leaves of further handshakes (`--all-certificates`).
    pub further: Vec<Arc<Certificate>>,
}

/// What a look saw and what follows from it, apart from the certificates and the time. Equal for most endpoints at most
/// times, and kept once for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How far the look was meant to go.
    pub depth: Depth,
    /// How far it came.
    pub reached: Reached,
    /// What TLS showed; `None` when no certificate was reached.
    pub tls: Option<TlsWords>,
    /// How the endpoint stands.
    pub status: Status,
    /// What was found, worst first: findings of severity warning and worse, and notes that a person wants to keep.
    pub findings: Vec<Said>,
    /// What each trust store says.
    pub trust: Vec<StoreSaid>,
}

/// How far a look came, in the words of machine formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// As far as its depth promises.
    Handshaken,
    /// It was stopped.
    Stopped {
        /// In which stage: `resolve`, `connect`, `starttls`, `handshake`.
        stage: Box<str>,
        /// By what: the kind of failure (`refused`, `timed-out`).
        failure: Box<str>,
        /// In a sentence.
        detail: Untrusted,
    },
}

impl Reached {
    /// `handshaken`, or the kind of failure.
    pub fn word(&self) -> &str {
        match self {
            Self::Handshaken => "handshaken",
            Self::Stopped { failure, .. } => failure,
        }
    }
}

/// What TLS showed, in the words of machine formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsWords {
    /// Protocol version (`TLS 1.3`).
    pub version: Box<str>,
    /// Cipher suite.
    pub cipher: Box<str>,
    /// Group of the key exchange.
    pub group: Option<Box<str>>,
    /// Whether the server proved that it holds its key.
    pub proof: Box<str>,
}

/// One finding, said in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The rule's identifier.
    pub rule: Box<str>,
    /// How much it matters.
    pub severity: Severity,
    /// The certificate it is about, when it is about one.
    pub certificate: Option<Fingerprint>,
    /// Why, in a sentence. It may quote what the server sent.
    pub message: Untrusted,
    /// What to do, in a sentence.
    pub remedy: Untrusted,
}

/// What one trust store says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSaid {
    /// The store.
    pub store: Box<str>,
    /// Whether it trusts the chain.
    pub trusted: bool,
    /// Why not, as a word; empty when it does.
    pub reason: Box<str>,
}

/// What of a look makes history: when any of this changes, something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    /// How the endpoint stood.
    pub status: Status,
    /// `handshaken`, or the kind of failure.
    pub reached: Box<str>,
    /// Rules of severity warning and worse that found something, each with its severity.
    pub rules: BTreeSet<(Box<str>, Severity)>,
}

impl Seen {
    /// What of it makes history.
    pub fn state(&self) -> State {
        let rules = self
            .findings
            .iter()
            .filter(|said| said.severity > Severity::Note)
            .map(|said| (said.rule.clone(), said.severity));
        State {
            status: self.status,
            reached: self.reached.word().into(),
            rules: rules.collect(),
        }
    }
}
