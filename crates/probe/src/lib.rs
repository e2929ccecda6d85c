//! Looks at one endpoint and returns what it presented.
//!
//! An [`Endpoint`](model::Endpoint) goes in, an [`Observation`](model::Observation) comes out, always: how far the look
//! came and what stopped it is part of it. A look opens a connection, brings it to where TLS begins (`starttls`), and
//! shakes hands with an engine of its own (`handshake`) that reads the chain as it was sent; when a server refuses a
//! present-day ClientHello, older and odder ones follow. [`evidence`] asks third parties about the certificates that were
//! seen. Facts only: what they mean is judged elsewhere.

pub mod evidence;
mod handshake;
mod observe;
mod starttls;

pub use observe::{KeysShown, Prober, Settings, Unseeded, unresolved};

/// Entry points for fuzzing: bytes as a server would send them.
#[doc(hidden)]
pub mod fuzzing {
    pub use crate::handshake::fuzzing::*;
    pub use crate::starttls::fuzzing::*;
}
