//! The cases of the contract. Each takes an empty memory.

pub mod life;
pub mod looks;
pub mod questions;
pub mod sources;
