//! What third parties say about the certificates of one observation, as facts.
//!
//! What was fetched comes in already parsed; nothing here opens a connection or says good or bad. Evidence is gathered
//! before judging, and judging never asks for more.

use std::sync::Arc;

use crate::certificate::Certificate;

/// Everything that was asked of third parties about one observation. Empty when nothing was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Issuers that the endpoint did not send and that were fetched from where a certificate says they are (Authority
    /// Information Access, RFC 5280 section 4.2.2.1).
    pub issuers: Vec<Arc<Certificate>>,
}

impl Evidence {
    /// Nothing was asked.
    pub const fn none() -> Self {
        Self { issuers: Vec::new() }
    }
}
