//! The cases of the contract. Each takes an empty memory.

pub(crate) mod alerts;
pub(crate) mod life;
pub(crate) mod listing;
pub(crate) mod looks;
pub(crate) mod questions;
pub(crate) mod sources;
