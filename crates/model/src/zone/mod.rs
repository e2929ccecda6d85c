//! What a zone says: domains, records, and the endpoints that follow from them.
//!
//! Records come in as wire format without compression (RFC 1035 section 3), whatever they were read from: a transfer, a
//! master file, an interface of a provider. [`expand::Expansion`] turns them into endpoints and into lines about what is
//! none. Nothing here asks a name server, reads a file, or keeps a whole zone.
//!
//! - [`domain`]: names as DNS has them, any octets included;
//! - [`record`]: one record and the data in it that leads to endpoints;
//! - [`expand`]: from records to endpoints, each with the records that led to it.

pub mod domain;
pub mod expand;
pub mod record;

pub use domain::{Domain, DomainError, DomainRef};
pub use expand::{Expansion, Line};
pub use record::{Data, Kind, Record, RecordRef};
