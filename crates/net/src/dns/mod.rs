//! DNS as a client of name servers speaks it: messages, signatures, zone transfers, and questions in bulk.
//!
//! A server and a question come in, records go out one by one; nothing holds more than a message. What a record means is
//! said in [`model::zone`]; which servers to ask, and in which order, is decided by whoever calls.
//!
//! - [`message`]: the wire format (RFC 1035 section 4), read without an allocation per record;
//! - [`tsig`]: signatures over messages (RFC 8945);
//! - [`transfer`]: AXFR and IXFR (RFC 5936, RFC 1995) as messages come in, without any connection;
//! - [`stream`]: the same over TCP or TLS (RFC 9103); [`proof`]: how a server is known over TLS;
//! - [`bulk`]: addresses of many names, over few sockets.

pub mod bulk;
pub mod message;
pub mod proof;
pub mod stream;
pub mod transfer;
pub mod tsig;

pub use proof::Tls;
pub use stream::Server;
pub use transfer::{Ask, Change, Ended, TransferError};
pub use tsig::{Algorithm, Key};
