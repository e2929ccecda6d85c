//! Whether the issuer of a certificate took it back, as far as lists and answers that were already fetched say.
//!
//! A certificate, what stands above it, and the revocation data come in; a [`Standing`] goes out. Nothing is fetched
//! here, and whether an unknown standing matters is for the caller to say.

mod crl;
mod ocsp;
mod standing;

#[cfg(test)]
pub(crate) mod minted;

use jiff::Timestamp;
use model::revocation::RevocationReason;

pub use crl::{Lists, by_crls};
pub use ocsp::{OcspStanding, SaidByOcsp, by_ocsp};
pub(crate) use standing::Inquest;
pub use standing::{CertificateRevocation, RevocationVerdict, Said, SourceVerdict, Way, ways};

/// What is known about the revocation of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not revoked, for any reason.
    Good,
    /// Revoked.
    Revoked {
        /// Since when, if that could be read.
        at: Option<Timestamp>,
        /// Why, if said.
        reason: Option<RevocationReason>,
    },
    /// It could not be found out.
    Unknown {
        /// What comes nearest to an answer.
        why: Unknown,
    },
}

pub use model::finding::Unknown;
