//! Settings.

mod settings;
pub use settings::{Fetch, Region, Settings};
