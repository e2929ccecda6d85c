//! Asks places what exists.
//!
//! A place comes in (servers of a zone, a master file, an export, an account at a provider), records of zones go out one
//! by one, in the same form whatever they were read from: [`model::zone::RecordRef`]. What follows from them is not said
//! here, and nothing here looks at an endpoint.
//!
//! - [`zone_transfer`]: zones from their servers, with [`zone_copy`] of what came before; [`key_file`] for signatures;
//! - [`master_file`]: zone files; [`record_text`]: data of records as people write it;
//! - [`route53`], [`cloudflare`]: accounts at providers; [`sigv4`] signs what is asked of the first;
//! - [`zones_json`], [`dns_cert_checker`]: what DNS Certificate Checker writes and reads;
//! - [`name_list`]: names that are known from elsewhere; [`filter`]: names that are wanted.

pub mod cloudflare;
pub mod dns_cert_checker;
pub mod filter;
pub mod key_file;
pub mod master_file;
pub mod name_list;
pub mod provider;
pub mod record_text;
pub mod route53;
pub mod sigv4;
mod xml;
pub mod zone_copy;
pub mod zone_transfer;
pub mod zones_json;
