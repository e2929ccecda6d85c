//! The parts of the record that say what third parties say.

use assess::revocation::{CertificateRevocation, RevocationVerdict, Said, SourceVerdict};
use assess::words;
use jiff::Timestamp;
use model::evidence::{Caa, FetchedIssuer};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Moment, Shown};
use crate::failure;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Revocation")]
pub(super) struct RevocationPart<'a> {
    /// SHA-256 of the DER of the certificate.
    #[schemars(with = "String")]
    certificate: Shown<model::Fingerprint>,
    /// Subject (RFC 4514).
    subject: &'a str,
    /// What follows from all sources: `good`, `revoked`, `unknown` (what was said does not count), `unavailable`.
    status: &'static str,
    /// When it was revoked; null when it was not, or nobody says.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    revoked_at: Option<Moment>,
    /// Why it was revoked, in the word of RFC 5280; null when it was not, or nobody says.
    reason: Option<&'static str>,
    /// What each source says.
    sources: Vec<SourcePart<'a>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RevocationSource")]
struct SourcePart<'a> {
    /// `staple`, `ocsp`, `crl`.
    source: &'static str,
    /// Where it was asked; null for a staple.
    url: Option<&'a str>,
    /// What it says: `good`, `revoked`, `unknown`, `unavailable`.
    status: &'static str,
    /// Why what it says does not count, or why it says nothing: `stale`, `bad-signature`, `timed-out`, ...
    problem: Option<&'static str>,
    /// The same in a sentence.
    detail: Option<String>,
    /// When it was asked; null for a staple.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    asked_at: Option<Moment>,
    /// Since when what it says is known to be right.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    this_update: Option<Moment>,
    /// When newer information will be had.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    next_update: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FetchedIssuer")]
pub(super) struct IssuerPart<'a> {
    /// SHA-256 of the certificate that names the place.
    #[schemars(with = "String")]
    of: Shown<model::Fingerprint>,
    /// The place.
    url: &'a str,
    /// SHA-256 of the issuer; null when it could not be had.
    #[schemars(with = "Option<String>")]
    sha256: Option<Shown<model::Fingerprint>>,
    /// Subject of the issuer (RFC 4514).
    subject: Option<&'a str>,
    /// Why it could not be had: `timed-out`, `http-status`, `not-that`, ...
    problem: Option<&'static str>,
    /// The same in a sentence.
    detail: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Caa")]
pub(super) struct CaaPart<'a> {
    /// The name of the leaf; of a wildcard what stands behind the asterisk.
    name: &'a str,
    /// Whether the leaf has it as a wildcard.
    wildcard: bool,
    /// Where the records stand that count; null when there are none.
    at: Option<&'a str>,
    /// The domains of the authorities that may issue; null when everybody may.
    issuers: Option<Vec<&'a str>>,
    /// Why DNS gave no answer; null when it did.
    problem: Option<&'static str>,
}

impl<'a> RevocationPart<'a> {
    pub(super) fn new(revocation: &'a CertificateRevocation) -> Self {
        let (revoked_at, reason) = match revocation.verdict {
            RevocationVerdict::Revoked { at, reason } => (at, reason),
            _ => (None, None),
        };
        Self {
            certificate: Shown(revocation.certificate.fingerprint()),
            subject: revocation.certificate.facts().subject.text.raw(),
            status: revocation.verdict.word(),
            revoked_at: revoked_at.map(Moment),
            reason: reason.map(model::revocation::RevocationReason::word),
            sources: revocation.sources.iter().map(SourcePart::new).collect(),
        }
    }
}

impl<'a> SourcePart<'a> {
    fn new(verdict: &'a SourceVerdict) -> Self {
        let (problem, detail) = match &verdict.said {
            Said::Doubtful(doubt) => (Some(doubt.word()), Some(words::doubt(*doubt))),
            Said::Unavailable(why) => (Some(why.word()), Some(words::unavailable(why))),
            Said::Good | Said::Revoked { .. } => (None, None),
        };
        let moment = |at: Option<Timestamp>| at.map(Moment);
        Self {
            source: verdict.source.word(),
            url: verdict.url.as_ref().map(model::Untrusted::raw),
            status: verdict.said.word(),
            problem,
            detail,
            asked_at: moment(verdict.asked_at),
            this_update: moment(verdict.this_update),
            next_update: moment(verdict.next_update),
        }
    }
}

impl<'a> IssuerPart<'a> {
    pub(super) fn new(issuer: &'a FetchedIssuer) -> Self {
        let found = issuer.fetched.outcome.as_ref();
        Self {
            of: Shown(issuer.of),
            url: issuer.fetched.url.raw(),
            sha256: found.ok().map(|found| Shown(found.fingerprint())),
            subject: found.ok().map(|found| found.facts().subject.text.raw()),
            problem: found.err().map(model::evidence::Unavailable::word),
            detail: found.err().map(words::unavailable),
        }
    }
}

impl<'a> CaaPart<'a> {
    pub(super) fn new(caa: &'a Caa) -> Self {
        let set = caa.outcome.as_ref();
        Self {
            name: caa.name.as_str(),
            wildcard: caa.wildcard,
            at: set.ok().and_then(|set| set.at.as_ref()).map(model::Name::as_str),
            issuers: set.ok().and_then(|set| set.issuers(caa.wildcard)),
            problem: set.err().map(|failure| failure::Kind::of(failure).word),
        }
    }
}
