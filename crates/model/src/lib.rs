//! The nouns of nolapse, and the parsing of bytes into nouns.
//!
//! Bytes come in (a certificate, an OCSP answer, a name typed by a person), values that can only exist when they are
//! well formed go out; where a stranger's bytes are not well formed, the value says so and keeps the bytes. Nothing
//! here opens a connection, reads the clock, or says whether what it parsed is good.
//!
//! - [`name`], [`endpoint`], [`target`], [`starttls`]: where TLS may answer, and how people write it;
//! - [`certificate`], [`revocation`], [`sct`], [`tls`]: what is served there, read by [`der`] with its [`oid`]s and
//!   [`oddity`]s;
//! - [`sighting`]: what a source said to exist;
//! - [`inventory`]: what is remembered of looks and sightings, and the rows that come back out;
//! - [`pem`], [`pkcs7`], [`jks`]: the wrappings in which files carry certificates;
//! - [`observation`]: what one endpoint presented at one time, and how far the look came;
//! - [`evidence`], [`doubt`], [`http`]: what third parties say about its certificates, and why that does not count or come;
//! - [`finding`], [`status`]: the vocabulary of judgement (the judging itself is done elsewhere);
//! - [`alert`]: what somebody should hear of, what people answered, and the letters that tell of it;
//! - [`limits`]: every bound on what strangers control;
//! - [`untrusted`]: text from the network and how each sink escapes it;
//! - [`zone`]: what DNS zones say, and the endpoints that follow from it.

pub mod alert;
pub mod certificate;
pub mod der;
pub mod doubt;
pub mod endpoint;
pub mod evidence;
pub mod finding;
pub mod fingerprint;
pub mod http;
pub mod inventory;
pub mod jks;
pub mod limits;
pub mod name;
pub mod observation;
pub mod oddity;
pub mod oid;
pub mod pem;
pub mod pkcs7;
pub mod revocation;
pub mod sct;
pub mod sighting;
pub mod signature;
pub mod starttls;
pub mod status;
pub mod target;
pub mod tls;
pub mod untrusted;
pub mod zone;

pub use certificate::Certificate;
pub use endpoint::{Endpoint, Identity, Service};
pub use evidence::Evidence;
pub use finding::{Finding, Severity};
pub use fingerprint::Fingerprint;
pub use name::{Name, WildcardName};
pub use observation::Observation;
pub use starttls::StartTls;
pub use status::Status;
pub use untrusted::Untrusted;
