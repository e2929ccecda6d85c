//! What is wrong with a certificate although its path may hold, each with the facts that a sentence needs.
//!
//! The vocabulary only: whether a certificate has a flaw is judged elsewhere.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::certificate::KeyKind;
use crate::untrusted::Untrusted;

/// A flaw of one certificate.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// An issuer ends soon, or before the leaf does.
    IssuerEnding {
        /// The last second of it.
        not_after: Timestamp,
        /// What is left.
        left: Duration,
        /// Whether the leaf would last longer.
        before_leaf: bool,
    },
    /// Valid for longer than public authorities may issue.
    LifetimeTooLong {
        /// From the first second to the last, both included.
        lifetime: Duration,
        /// What was allowed when it was issued.
        limit: Duration,
    },
    /// It ends before it begins.
    DatesReversed {
        /// Its first second.
        not_before: Timestamp,
        /// Its last second.
        not_after: Timestamp,
    },
    /// An odd RSA exponent below 65537.
    SmallExponent {
        /// The exponent.
        exponent: u64,
    },
    /// An RSA modulus as the library of CVE-2017-15361 made them.
    RocaShaped,
    /// A key on a curve that TLS clients do not take.
    UnusualCurve {
        /// The key.
        kind: KeyKind,
    },
    /// Its only purpose is anyExtendedKeyUsage (RFC 5280 section 4.2.1.12).
    AnyPurposeOnly,
    /// For clients too, although public authorities no longer may.
    ClientAuth {
        /// Since when they may not.
        since: Timestamp,
    },
    /// A wildcard that clients do not follow.
    Wildcard {
        /// The name.
        name: Untrusted,
        /// Why not.
        misuse: WildcardMisuse,
    },
    /// A name that is not of the public DNS.
    InternalName {
        /// The first such name.
        name: Untrusted,
        /// How many there are.
        count: usize,
    },
    /// An address that is nobody's on the internet.
    ReservedAddress {
        /// The first such address.
        address: IpAddr,
        /// How many there are.
        count: usize,
    },
    /// A serial number that is zero or negative (RFC 5280 section 4.1.2.2).
    SerialNotPositive,
    /// A serial number of more than 20 bytes (RFC 5280 section 4.1.2.2).
    SerialTooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// Extensions in a version that has none (RFC 5280 section 4.1.2.1), or a version that does not exist.
    Version {
        /// As people say it: 1, 2, 3.
        version: u8,
    },
    /// The key usage forbids what the handshake did (RFC 5280 section 4.2.1.3).
    KeyUsage {
        /// The bit that is missing: `digitalSignature` or `keyEncipherment`.
        lacks: &'static str,
    },
    /// The common name is none of the alternative names.
    CommonNameElsewhere {
        /// The common name.
        name: Untrusted,
    },
}

/// Why clients do not follow a wildcard (RFC 9525 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WildcardMisuse {
    /// The star is not the whole leftmost label.
    NotAlone,
    /// There is more than one star.
    Several,
    /// It stands for a whole top-level domain, or for everything.
    TooWide,
    /// Only the common name has it.
    OnlyCommonName,
}
