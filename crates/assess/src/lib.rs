//! Judges observations: rules, path building per trust store, policy.
//!
//! An observation, the trust stores, a policy and the time come in; an assessment goes out: what each store says of the
//! chain, every finding, and the status, which is the worst of them. Nothing here opens a connection, reads a file or
//! the clock, or makes a decision that is not a function of these inputs: the same input gives the same verdict on any
//! machine, in ten years.
//!
//! - [`trust_store`]: who trusts which anchors;
//! - [`ct`]: which logs signed a leaf's timestamps, and whether clients are content with them;
//! - [`signature`], [`memory`]: one signature, checked once;
//! - [`path`]: from the leaf to anchors, for all stores at once, within a budget;
//! - [`revocation`]: whether an issuer took a certificate back;
//! - [`mod@timeline`]: since when and until when each store accepts a chain;
//! - [`rules`]: one file each, with what it says of itself for `nolapse explain` and for the documents;
//! - [`judge()`]: all of it together;
//! - [`words`]: the sentences, made at the very end and safe for a terminal.

mod case;
pub mod ct;
mod issuers;
mod judge;
pub mod memory;
pub mod path;
mod policy;
pub mod revocation;
pub mod rules;
pub mod signature;
pub mod timeline;
mod timestamped;
pub mod trust_store;
pub mod words;

#[cfg(test)]
mod world;

pub use judge::{Assessment, Law, judge};
pub use memory::SignatureMemory;
pub use path::{Policies, Profile, Purpose, Question, StoreVerdict, Trust};
pub use policy::{Policy, RequiredStores, Threshold};
pub use timeline::timeline;
pub use timestamped::{Trusted, trust};
pub use trust_store::{Collection, StoreKind, Stores};
