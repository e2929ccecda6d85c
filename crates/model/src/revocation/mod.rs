//! What issuers say about certificates they took back: OCSP answers (RFC 6960) and CRLs (RFC 5280 section 5).
//!
//! Bytes come in, facts go out, read as leniently as certificates are. Whether a signature holds, and whether an answer
//! is fresh enough, is judged elsewhere.

mod crl;
mod freshest;
mod list;
mod ocsp;
mod reply;

pub use crl::{Crl, CrlEntries, CrlScope, CrlSubjects, RevokedCertificate};
pub use freshest::freshest_urls;
pub use list::{Entries, RevocationList};
pub use ocsp::{BasicAnswer, CertificateStatus, OcspAnswer, OcspStatus, ResponderId, SingleAnswer};
pub use reply::{OcspReply, ocsp_request};

/// Why a certificate was revoked (RFC 5280 section 5.3.1), as the number that stands in the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevocationReason(pub u32);

impl RevocationReason {
    /// The word of RFC 5280; `unknown` for a number that it does not define.
    pub const fn word(self) -> &'static str {
        match self.0 {
            0 => "unspecified",
            1 => "keyCompromise",
            2 => "cACompromise",
            3 => "affiliationChanged",
            4 => "superseded",
            5 => "cessationOfOperation",
            6 => "certificateHold",
            8 => "removeFromCRL",
            9 => "privilegeWithdrawn",
            10 => "aACompromise",
            _ => "unknown",
        }
    }
}
