//! The vocabulary of judgement: severity, subject, finding, and the reasons of both findings and refused paths.
//!
//! Facts only: a reason carries what a sentence needs, and the sentence is made at the edge. Nothing here judges.

mod flaw;
mod issuance;
mod path;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use flaw::{Flaw, WildcardMisuse};
pub use issuance::IssuanceRule;
use jiff::Timestamp;
pub use path::{Budget, Distrust, PathReason};

use crate::certificate::{Certificate, KeyKind, OddityKind, Oid, SignatureAlgorithm};
use crate::doubt::{Doubt, OcspDoubt, Source};
use crate::endpoint::Identity;
use crate::evidence::Unavailable;
use crate::name::Name;
use crate::observation::{Failure, Observation, Stage};
use crate::revocation::RevocationReason;
use crate::tls::{CipherSuite, SignatureScheme, Version};
use crate::untrusted::Untrusted;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; changes no status.
    Note,
    /// Should be mended in working hours.
    Warning,
    /// Could not be judged.
    Error,
    /// Clients refuse it, or will within days.
    Critical,
    /// The served certificate has ended.
    Expired,
}

impl Severity {
    /// The word that people and machines read.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The endpoint as a whole.
    Endpoint,
    /// The certificate at this place of the chain as sent (0 is the leaf).
    Certificate(usize),
    /// A certificate of a further handshake (`Observation::further_handshakes`).
    Further {
        /// Which further handshake.
        handshake: usize,
        /// Its place in that handshake's chain (0 is the leaf).
        certificate: usize,
    },
}

impl Subject {
    /// The certificate that it is; `None` for the endpoint, or when the observation has no such one.
    pub fn certificate(self, observation: &Observation) -> Option<&Arc<Certificate>> {
        let (handshake, place) = match self {
            Self::Endpoint => return None,
            Self::Certificate(place) => (observation.handshake.as_ref()?, place),
            Self::Further {
                handshake,
                certificate,
            } => (observation.further_handshakes.get(handshake)?, certificate),
        };
        handshake.chain.get(place)
    }
}

/// One thing that is wrong, or worth knowing, about one observation.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's identifier (`expired`, `chain-incomplete`): stable, for `nolapse explain` and for machines.
    pub rule: &'static str,
    /// How much it matters under the policy in force.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// Why, as facts; words are made of it at the edge.
    pub reason: Reason,
}

/// Why a finding was made: one variant per kind of evidence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// Its validity is over.
    Ended {
        /// The last second of it.
        not_after: Timestamp,
        /// How long ago that was.
        ago: Duration,
    },
    /// Its validity has not begun.
    NotYetValid {
        /// The first second of it.
        not_before: Timestamp,
        /// How long until then.
        ahead: Duration,
    },
    /// Its validity will be over soon.
    Ending {
        /// The last second of it.
        not_after: Timestamp,
        /// What is left.
        left: Duration,
        /// The whole validity.
        lifetime: Duration,
        /// The threshold that was passed.
        threshold: Duration,
    },
    /// None of the leaf's names is the one asked for.
    NameMismatch {
        /// Whom it should name.
        wanted: Identity,
        /// The first of those it names instead.
        named: Vec<Untrusted>,
        /// How many it names in all.
        count: usize,
        /// Whether the common name, which clients ignore, would have matched.
        only_common_name: bool,
    },
    /// The leaf has no Subject Alternative Name, so it names nobody.
    NoNames {
        /// Whom it should name.
        wanted: Identity,
        /// Whether the common name, which clients ignore, would have matched.
        only_common_name: bool,
    },
    /// The leaf is signed by its own key.
    SelfSigned,
    /// The path ends because an issuer was neither sent nor is in a store.
    IssuerNotSent {
        /// The certificate whose issuer is missing.
        certificate: Arc<Certificate>,
        /// Stores that refuse because of it.
        stores: Vec<Arc<str>>,
        /// What a client finds that fetches the issuer; `None` when it was not fetched, or could not be.
        repair: Option<Repair>,
    },
    /// Stores refuse the chain.
    Refused {
        /// Those that refuse.
        stores: Vec<Arc<str>>,
        /// The most telling reason.
        reason: PathReason,
    },
    /// The certificates were not sent in the order in which they sign (RFC 5246 section 7.4.2).
    OutOfOrder {
        /// The places as sent in the order in which they should have been sent.
        order: Vec<usize>,
    },
    /// Certificates were sent that no path needs.
    Superfluous {
        /// Their places in the chain as sent.
        places: Vec<usize>,
    },
    /// The trust anchor itself was sent; clients have it already.
    AnchorSent {
        /// A store that holds it.
        store: Arc<str>,
    },
    /// More certificates than any path needs.
    ChainTooLong {
        /// How many were sent.
        sent: usize,
        /// How many are looked at.
        limit: usize,
    },
    /// A certificate sent beside the leaf has ended.
    IssuerEnded {
        /// The last second of it.
        not_after: Timestamp,
        /// How long ago that was.
        ago: Duration,
        /// Whether the chain is refused without it.
        needed: bool,
    },
    /// The key can be broken or nearly so.
    WeakKey {
        /// The key.
        kind: KeyKind,
        /// What is weak.
        weakness: KeyWeakness,
    },
    /// Signed with a broken hash or algorithm.
    WeakSignature {
        /// The algorithm.
        algorithm: SignatureAlgorithm,
    },
    /// Larger than handshakes and small devices bear.
    Giant {
        /// Bytes of its DER.
        bytes: usize,
        /// Names it holds.
        names: usize,
    },
    /// A strict reader refuses it.
    Malformed {
        /// What is wrong at the first such place.
        kind: OddityKind,
        /// Which field was being read.
        field: &'static str,
        /// Byte offset in the DER.
        offset: usize,
        /// How many such places there are.
        count: usize,
    },
    /// It could not be read far enough to be judged.
    Unparsable {
        /// What is wrong.
        kind: OddityKind,
        /// Which field was being read.
        field: &'static str,
        /// Byte offset in the DER.
        offset: usize,
    },
    /// The leaf may not be used for TLS servers (extended key usage).
    NoServerAuth {
        /// What it may be used for.
        usages: Vec<Oid>,
    },
    /// The leaf is a CA certificate.
    CaAsLeaf,
    /// The leaf demands a stapled OCSP answer (RFC 7633) and none was sent.
    NoStaple,
    /// The leaf came without any timestamp of a log (RFC 6962).
    NoScts {
        /// The clients that refuse it for that.
        clients: Vec<&'static str>,
    },
    /// Too few timestamps of the leaf count.
    TooFewScts {
        /// The clients that refuse it for that.
        clients: Vec<&'static str>,
        /// How many were sent.
        sent: usize,
        /// How many of them, by distinct logs, some client counts.
        counted: usize,
        /// How many by distinct logs, of two operators or more, are needed.
        needed: usize,
    },
    /// A timestamp that the log it names did not make, or that is of the future.
    BadSct {
        /// The log's name.
        log: Arc<str>,
        /// What the timestamp says.
        at: Option<Timestamp>,
        /// Whether it is of the future; otherwise its signature does not verify.
        future: bool,
        /// How many such timestamps there are.
        count: usize,
    },
    /// Timestamps of logs that this program does not know.
    UnknownLogs {
        /// How many.
        count: usize,
        /// Of how many.
        sent: usize,
    },
    /// An old protocol version was negotiated.
    LegacyProtocol {
        /// Which.
        version: Version,
    },
    /// A weak cipher suite was negotiated.
    WeakCipher {
        /// Which.
        cipher: CipherSuite,
        /// What is weak.
        weakness: CipherWeakness,
    },
    /// The finite-field Diffie-Hellman group is too small.
    SmallDh {
        /// Bits of its prime.
        bits: u32,
    },
    /// The server's signature over the handshake does not verify: it does not hold the key of the certificate.
    KeyNotProven {
        /// The scheme it claimed.
        scheme: SignatureScheme,
    },
    /// The server's signature over the handshake cannot be checked by this program.
    KeyUnverifiable {
        /// The scheme it used.
        scheme: SignatureScheme,
    },
    /// Plaintext stood behind the go-ahead for TLS.
    EarlyPlaintext {
        /// Its beginning.
        text: Untrusted,
    },
    /// TLS was negotiated without any certificate.
    NoCertificate {
        /// The suite.
        cipher: CipherSuite,
    },
    /// The issuer took the certificate back.
    Revoked {
        /// The certificate, which may be one that was not sent.
        certificate: Arc<Certificate>,
        /// When.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
        /// Who says it; `None` when only several lists together do.
        source: Option<Source>,
    },
    /// What was said about its revocation does not count.
    RevocationUnknown {
        /// Why.
        doubt: Doubt,
        /// Where it was said.
        url: Option<Untrusted>,
    },
    /// Nobody could be asked about its revocation.
    RevocationUnavailable {
        /// Why the first of them could not.
        why: Unavailable,
        /// Where that was.
        url: Option<Untrusted>,
    },
    /// The issuer that was not sent could not be fetched.
    IssuerUnavailable {
        /// Why not.
        why: Unavailable,
        /// From where.
        url: Untrusted,
    },
    /// DNS did not say who may issue for a name.
    CaaUnavailable {
        /// The name.
        name: Name,
        /// Why not.
        why: Failure,
    },
    /// The stapled OCSP answer does not count.
    StapleDoubtful {
        /// Why.
        doubt: OcspDoubt,
    },
    /// The stapled OCSP answer should have been replaced.
    StapleStale {
        /// Until when it was in force.
        next_update: Timestamp,
        /// How long ago that was.
        ago: Duration,
    },
    /// DNS names other authorities for a name than the issuer.
    CaaForbids {
        /// The name.
        name: Name,
        /// Where the records stand.
        at: Option<Name>,
        /// The authorities that they name.
        allowed: Vec<Untrusted>,
    },
    /// A certificate has a flaw.
    Flaw(Flaw),
    /// What is said of a certificate of the path that was not sent.
    Unsent {
        /// The certificate.
        certificate: Arc<Certificate>,
        /// What is said of it.
        reason: Box<Self>,
    },
    /// The look was stopped.
    Stopped {
        /// In which stage.
        stage: Stage,
        /// By what.
        failure: Failure,
    },
}

/// A missing issuer that can be fetched from where the certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Where it is.
    pub url: Untrusted,
    /// Stores that would accept the chain with it.
    pub stores: Vec<Arc<str>>,
}

/// What is weak about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyWeakness {
    /// Too few bits.
    Short {
        /// Its bits.
        bits: u32,
        /// The least that is accepted.
        least: u32,
    },
    /// An RSA exponent that is 1 or even.
    Exponent,
    /// An algorithm that clients no longer accept (DSA).
    Algorithm,
    /// An elliptic curve with parameters of its own (RFC 5480 section 2.1.1 forbids them; CVE-2020-0601).
    ExplicitCurve,
}

/// What is weak about a cipher suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CipherWeakness {
    /// Does not encrypt.
    Null,
    /// Does not authenticate the server.
    Anonymous,
    /// Crippled for the export rules of the 1990s.
    Export,
    /// RC4 (RFC 7465).
    Rc4,
    /// Single DES or RC2: 56 bits or fewer.
    Des,
    /// Triple DES: 64-bit blocks (SWEET32).
    TripleDes,
}

/// What a certificate is to be used for in TLS (RFC 5280 section 4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Purpose {
    /// As a server's (`serverAuth`).
    #[default]
    Server,
    /// As a client's (`clientAuth`).
    Client,
}

/// Why it is not known whether a certificate is revoked, the least telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// Nothing that is at hand covers the certificate.
    NothingCovers,
    /// Who may have signed the list or answer is not known, or may not sign any.
    NoSigner,
    /// Signed by an algorithm or key that this program cannot verify.
    UnsupportedAlgorithm,
    /// The signature does not verify.
    BadSignature,
    /// The list or answer cannot be read, or breaks RFC 5280.
    Malformed,
    /// It has a critical extension that is not understood.
    NotUnderstood,
    /// It is not in force yet.
    NotYet {
        /// From when.
        this_update: Timestamp,
    },
    /// A newer one should have come.
    Stale {
        /// Until when.
        next_update: Timestamp,
    },
    /// Only some of the reasons for revocation are covered.
    SomeReasons,
    /// More lists, names or signatures than are looked at.
    TooComplex,
}

impl Unknown {
    /// The word used in machine formats.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NothingCovers => "nothing-covers",
            Self::NoSigner => "no-signer",
            Self::UnsupportedAlgorithm => "unsupported-algorithm",
            Self::BadSignature => "bad-signature",
            Self::Malformed => "malformed",
            Self::NotUnderstood => "not-understood",
            Self::NotYet { .. } => "not-yet",
            Self::Stale { .. } => "stale",
            Self::SomeReasons => "some-reasons",
            Self::TooComplex => "too-complex",
        }
    }
}
