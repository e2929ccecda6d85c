//! Conducts: decides when to look, carries facts from place to place, and says what follows from all of them.
//!
//! - [`look`]: one look at one endpoint, from the connection to the verdict; `scan` and the inventory make the same one;
//! - [`inquiry`]: what third parties are asked about it.
//!
//! It shows nothing, reads no configuration, and has no SQL.

pub mod inquiry;
pub mod look;
