//! Signed certificate timestamps (RFC 6962 section 3.2) as found in a certificate, a TLS extension, or a staple.

use jiff::Timestamp;

/// One SCT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// Where it was found.
    pub origin: SctOrigin,
    /// SHA-256 of the log's key.
    pub log_id: [u8; 32],
    /// When the log promised to include the certificate.
    pub timestamp: Option<Timestamp>,
    /// The serialised SCT, for verifying its signature.
    pub bytes: Box<[u8]>,
}

/// Where an SCT was found (RFC 6962 section 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SctOrigin {
    /// X.509 extension of the certificate.
    Certificate,
    /// TLS extension.
    Tls,
    /// Extension of the stapled OCSP answer.
    Staple,
}

impl SctOrigin {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Staple => "staple",
        }
    }
}
