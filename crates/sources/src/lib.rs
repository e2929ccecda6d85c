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
//!
//! Other places tell certificates, and services to look at, as [`model::sighting::Sighting`]s: what all of them have in
//! common is in [`run`], what a configuration says of them in [`settings`].
//!
//! - [`certcentral`]: orders of an account at a certification authority;
//! - [`certificate_table`]: tables that somebody exported; [`target_list`]: targets of a file;
//! - [`certificate_files`]: files, folders and key stores; [`kubernetes`]: TLS secrets of a cluster;
//! - [`key_store`]: what opens with a passphrase; [`secret`]: what opens an account.

#[cfg(test)]
mod asking;
pub mod certcentral;
pub mod certificate_files;
pub mod certificate_table;
pub mod cloudflare;
pub mod dns_cert_checker;
pub mod filter;
pub mod key_file;
pub mod key_store;
pub mod kubernetes;
pub mod master_file;
pub mod name_list;
pub mod provider;
pub mod record_text;
pub mod route53;
pub mod run;
mod said;
pub mod secret;
pub mod settings;
pub mod sigv4;
pub mod target_list;
mod xml;
pub mod zone_copy;
pub mod zone_transfer;
pub mod zones_json;
