//! What third parties say about the certificates of one observation, as facts.
//!
//! What was fetched comes in already parsed; nothing here opens a connection or says good or bad. Evidence is gathered
//! before judging, and judging never asks for more. What could not be had is evidence too: it says from where and why.

use std::sync::Arc;

use jiff::Timestamp;

use crate::Fingerprint;
use crate::certificate::Certificate;
use crate::http::HttpError;
use crate::name::Name;
use crate::observation::Failure;
use crate::revocation::{OcspReply, RevocationList};
use crate::untrusted::Untrusted;

/// Everything that was asked of third parties about one observation. Empty when nothing was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Issuers that are known beside those that were sent, and that the verdict may build on.
    pub issuers: Vec<Arc<Certificate>>,
    /// Issuers fetched from where a certificate says they are. The verdict does not build on them: they show what a
    /// client would say that fetches them too.
    pub fetched_issuers: Vec<FetchedIssuer>,
    /// OCSP answers.
    pub ocsp: Vec<FetchedOcsp>,
    /// Revocation lists.
    pub crls: Vec<FetchedCrl>,
    /// Who may issue for the leaf's names, as their owner says in DNS.
    pub caa: Vec<Caa>,
}

impl Evidence {
    /// Nothing was asked.
    pub const fn none() -> Self {
        Self {
            issuers: Vec::new(),
            fetched_issuers: Vec::new(),
            ocsp: Vec::new(),
            crls: Vec::new(),
            caa: Vec::new(),
        }
    }

    /// Whether nothing at all came of it.
    pub fn is_empty(&self) -> bool {
        *self == Self::none()
    }
}

/// What was asked for at one URL, and what came.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched<T> {
    /// Where.
    pub url: Untrusted,
    /// When it was asked for.
    pub at: Timestamp,
    /// What came, or why nothing did.
    pub outcome: Result<T, Unavailable>,
}

/// An issuer that was looked for (Authority Information Access, RFC 5280 section 4.2.2.1).
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedIssuer {
    /// The certificate that names the place.
    pub of: Fingerprint,
    /// What was there: a certificate whose subject is the issuer of that certificate.
    pub fetched: Fetched<Arc<Certificate>>,
}

/// An OCSP answer that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedOcsp {
    /// The certificate that it is about.
    pub of: Fingerprint,
    /// The answer.
    pub fetched: Fetched<Arc<OcspReply>>,
}

/// A revocation list that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedCrl {
    /// The certificate that names the place.
    pub of: Fingerprint,
    /// The list: complete, or what changed since a complete one.
    pub fetched: Fetched<Arc<RevocationList>>,
}

/// Why evidence could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It did not come.
    Http(HttpError),
    /// Something else came.
    NotThat {
        /// Its first bytes.
        saw: Untrusted,
    },
    /// The server failed several times in a row and was left alone.
    LeftAlone {
        /// How it failed last.
        last: HttpError,
    },
    /// No question could be made of the certificate.
    NoQuestion,
}

impl Unavailable {
    /// The word used in machine formats.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Http(error) => error.word(),
            Self::NotThat { .. } => "not-that",
            Self::LeftAlone { .. } => "left-alone",
            Self::NoQuestion => "no-question",
        }
    }
}

/// What DNS says about who may issue for one name (RFC 8659).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caa {
    /// The name of the leaf; of a wildcard what stands behind the asterisk.
    pub name: Name,
    /// Whether the leaf has it as a wildcard.
    pub wildcard: bool,
    /// The relevant record set.
    pub outcome: Result<CaaSet, Failure>,
}

/// The relevant record set of a name: its own, or that of the nearest name above it (RFC 8659 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CaaSet {
    /// Whose records they are; `None` when there are none up to the root, so that everybody may issue.
    pub at: Option<Name>,
    /// The records, as many as `limits::CAA_RECORDS`.
    pub records: Vec<CaaRecord>,
}

/// One CAA record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaRecord {
    /// Whether an issuer that does not know the property must refuse.
    pub critical: bool,
    /// The property: `issue`, `issuewild`, `iodef`, ...
    pub tag: Untrusted,
    /// Its value.
    pub value: Untrusted,
}

impl CaaSet {
    /// The domains of the issuers that may issue: none for `None` of the records that say so. For a wildcard the
    /// `issuewild` records count where there are any (section 4.3). `None` when nothing is restricted.
    pub fn issuers(&self, wildcard: bool) -> Option<Vec<&str>> {
        let with = |tag: &str| -> Vec<&str> {
            let fitting = self
                .records
                .iter()
                .filter(|record| record.tag.raw().eq_ignore_ascii_case(tag));
            fitting.map(|record| issuer_domain(record.value.raw())).collect()
        };
        let wild = with("issuewild");
        let found = if wildcard && !wild.is_empty() {
            wild
        } else {
            with("issue")
        };
        if found.is_empty() {
            return None;
        }
        Some(found.into_iter().filter(|domain| !domain.is_empty()).collect())
    }
}

/// The issuer's domain of `letsencrypt.org; accounturi=...` (section 4.2); empty when nobody may issue.
fn issuer_domain(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(records: &[(&str, &str)]) -> CaaSet {
        let records = records.iter().map(|(tag, value)| CaaRecord {
            critical: false,
            tag: (*tag).into(),
            value: (*value).into(),
        });
        CaaSet {
            at: None,
            records: records.collect(),
        }
    }

    #[test]
    fn who_may_issue() {
        let both = set(&[
            ("issue", "ca.example; policy=ev"),
            ("IssueWild", ";"),
            ("iodef", "mailto:a@b"),
        ]);
        assert_eq!(both.issuers(false), Some(vec!["ca.example"]));
        assert_eq!(both.issuers(true), Some(vec![]), "nobody may issue a wildcard");
        let plain = set(&[("issue", "ca.example")]);
        assert_eq!(plain.issuers(true), Some(vec!["ca.example"]));
        assert_eq!(set(&[("iodef", "mailto:a@b")]).issuers(false), None);
    }
}
