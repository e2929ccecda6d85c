//! Discovery: zones and other places come in, endpoints go out, each with the records that led to it.
//!
//! - [`plan`]: what is asked of whom, from flags and the configuration file;
//! - [`engine`]: places asked one after the other, their records expanded, names outside resolved;
//! - [`mod@line`]: what an endpoint, an obstacle or a zone is in machine formats;
//! - [`compare`]: names in certificates against names in zones, views against views;
//! - [`report`]: the formats of `nolapse discover`.

pub(crate) mod compare;
pub(crate) mod config;
pub(crate) mod engine;
pub(crate) mod line;
pub(crate) mod plan;
pub(crate) mod report;
