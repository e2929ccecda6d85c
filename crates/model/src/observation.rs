//! What one endpoint presented to one vantage at one time. Immutable, and never a judgement.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::endpoint::Service;
use crate::sct::Sct;
use crate::tls::{CipherSuite, Group, SignatureScheme, Version};
use crate::untrusted::Untrusted;

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Depth {
    /// The chain as presented; nothing proven.
    Glance,
    /// As far as the server's proof that it holds the key.
    Full,
}

impl Depth {
    /// The word used on the command line and in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Glance => "glance",
            Self::Full => "full",
        }
    }
}

/// What one endpoint presented.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What was asked for.
    pub service: Arc<Service>,
    /// The address looked at; `None` when the name had none.
    pub address: Option<IpAddr>,
    /// When the look began.
    pub at: Timestamp,
    /// How far the look was meant to go.
    pub depth: Depth,
    /// How far it came, and what stopped it.
    pub outcome: Outcome,
    /// Plaintext that the server had already sent behind its go-ahead, before TLS began: the sign of a STARTTLS
    /// injection. Kept apart, never fed to TLS. At most 64 bytes of it.
    pub early_plaintext: Option<Untrusted>,
    /// What TLS showed; present also when the look was stopped after the certificate.
    pub handshake: Option<Handshake>,
    /// Handshakes that showed a different leaf because another kind of key was asked for (`--all-certificates`).
    pub further_handshakes: Vec<Handshake>,
    /// Connections opened for this look.
    pub connections: u32,
    /// Time spent.
    pub elapsed: Elapsed,
}

/// How far a look came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The look saw what its depth promises.
    Handshaken,
    /// It was stopped.
    Stopped {
        /// In which stage.
        stage: Stage,
        /// By what.
        failure: Failure,
    },
}

/// The stages of a look, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Finding the addresses of a name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// The exchange before TLS.
    Upgrade,
    /// TLS itself.
    Handshake,
}

impl Stage {
    /// The word used in every output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Upgrade => "starttls",
            Self::Handshake => "handshake",
        }
    }
}

/// What stopped a look. One variant per thing that a person would do something different about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The name does not exist (NXDOMAIN).
    NameUnknown,
    /// The name exists and has neither A nor AAAA records.
    NoAddress,
    /// No resolver gave an answer.
    ResolverFailed {
        /// What the resolver said.
        reason: Untrusted,
    },
    /// The port refused the connection (RST to our SYN).
    Refused,
    /// No route to the address.
    NoRoute,
    /// This machine would not open the connection: descriptors, permissions, addresses.
    Local {
        /// What the operating system said.
        reason: String,
    },
    /// Nothing came within the time of the stage.
    TimedOut,
    /// The other side reset the connection.
    Reset,
    /// The other side closed the connection before it had said what was needed.
    Closed,
    /// The server speaks the protocol and does not offer TLS in it.
    NotOffered,
    /// The server offers TLS and refused to begin it now.
    RefusedUpgrade {
        /// Its words.
        reply: Untrusted,
    },
    /// The server turned us away before TLS could be offered (SMTP 554, IMAP BYE, a blocked address of MySQL).
    TurnedAway {
        /// Its words.
        reply: Untrusted,
    },
    /// The connection is authenticated from its start, where no TLS can begin any more (IMAP PREAUTH).
    Authenticated {
        /// The greeting.
        reply: Untrusted,
    },
    /// What answered does not speak the protocol that was asked for.
    WrongProtocol {
        /// The beginning of what it said.
        saw: Untrusted,
        /// What it looks like, when it is a known protocol (`http`, `ssh`, `smtp`, `tls`).
        looks_like: Option<&'static str>,
    },
    /// What answered our ClientHello is not TLS.
    NotTls {
        /// The beginning of what it said.
        saw: Untrusted,
        /// What it looks like, when it is a known protocol.
        looks_like: Option<&'static str>,
    },
    /// The server refused every ClientHello with a TLS alert.
    Alert {
        /// AlertDescription (RFC 8446 section 6) of the most telling attempt.
        description: u8,
    },
    /// It speaks TLS and broke its rules.
    Malformed {
        /// Which rule, in our words.
        what: &'static str,
    },
    /// It sent more than the limit of something.
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The handshake ended without a certificate because an anonymous or pre-shared-key suite was chosen.
    Anonymous {
        /// The suite.
        cipher: CipherSuite,
    },
    /// We broke: a bug. The panic was caught, and nothing else was lost.
    Internal {
        /// What the panic said.
        reason: String,
    },
}

impl Failure {
    /// The word used in every machine format and in the inventory.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NameUnknown => "name-unknown",
            Self::NoAddress => "no-address",
            Self::ResolverFailed { .. } => "resolver-failed",
            Self::Refused => "refused",
            Self::NoRoute => "no-route",
            Self::Local { .. } => "local",
            Self::TimedOut => "timed-out",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::NotOffered => "not-offered",
            Self::RefusedUpgrade { .. } => "refused-upgrade",
            Self::TurnedAway { .. } => "turned-away",
            Self::Authenticated { .. } => "authenticated",
            Self::WrongProtocol { .. } => "wrong-protocol",
            Self::NotTls { .. } => "not-tls",
            Self::Alert { .. } => "alert",
            Self::Malformed { .. } => "malformed",
            Self::TooMuch { .. } => "too-much",
            Self::Anonymous { .. } => "anonymous",
            Self::Internal { .. } => "internal",
        }
    }

    /// The facts beside the kind, as one text; `None` when the kind says all.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::ResolverFailed { reason } => Some(reason.raw().to_owned()),
            Self::Local { reason } | Self::Internal { reason } => Some(reason.clone()),
            Self::RefusedUpgrade { reply } | Self::TurnedAway { reply } | Self::Authenticated { reply } => {
                Some(reply.raw().to_owned())
            }
            Self::WrongProtocol { saw, looks_like } | Self::NotTls { saw, looks_like } => {
                Some(match looks_like {
                    Some(protocol) => format!("{protocol}: {}", saw.raw()),
                    None => saw.raw().to_owned(),
                })
            }
            Self::Alert { description } => Some(match crate::tls::alert_name(*description) {
                Some(name) => format!("alert {description} ({name})"),
                None => format!("alert {description}"),
            }),
            Self::Malformed { what } => Some((*what).to_owned()),
            Self::TooMuch { what, limit } => Some(format!("{what}: more than {limit}")),
            Self::Anonymous { cipher } => Some(cipher.to_string()),
            Self::NameUnknown
            | Self::NoAddress
            | Self::Refused
            | Self::NoRoute
            | Self::TimedOut
            | Self::Reset
            | Self::Closed
            | Self::NotOffered => None,
        }
    }
}

/// What TLS showed.
#[derive(Clone, Debug)]
pub struct Handshake {
    /// Negotiated protocol version.
    pub version: Version,
    /// Negotiated cipher suite.
    pub cipher: CipherSuite,
    /// Key-exchange group, when one was named.
    pub group: Option<Group>,
    /// Size of a finite-field Diffie-Hellman prime sent by the server, in bits.
    pub dh_bits: Option<u32>,
    /// Protocol chosen by ALPN (RFC 7301).
    pub alpn: Option<Untrusted>,
    /// The chain exactly as sent, in order.
    pub chain: Vec<Arc<Certificate>>,
    /// Certificates sent beyond those kept in `chain` (see `limits::CHAIN_CERTIFICATES`).
    pub chain_dropped: u32,
    /// The stapled OCSP answer (RFC 6066 section 8), as sent.
    pub staple: Option<Box<[u8]>>,
    /// SCTs from the certificate, the TLS extension, and the staple.
    pub scts: Vec<Sct>,
    /// Whether a client certificate was asked for.
    pub client_certificate: ClientCertificate,
    /// Whether the server proved that it holds the key of the leaf.
    pub proof: Proof,
    /// Which of our ClientHellos got the answer.
    pub hello: Hello,
}

/// Whether the server asks for a client certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCertificate {
    /// We stopped before the server could have asked.
    NotSeen,
    /// It did not ask.
    NotAsked,
    /// It asked.
    Asked {
        /// Acceptable authorities as RFC 4514 text, as many as are kept.
        authorities: Vec<Untrusted>,
    },
}

/// Whether the server proved possession of the leaf's private key by a signature over the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The signature verifies.
    Proven(SignatureScheme),
    /// The signature does not verify.
    Failed(SignatureScheme),
    /// We did not wait for it (depth `glance`).
    NotSeen,
    /// This key exchange has no signature (RSA key exchange).
    NoSignature,
    /// Signed by a scheme or key that this program cannot verify.
    Unverifiable(SignatureScheme),
}

impl Proof {
    /// The word used in every machine format and in the inventory.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proven(_) => "proven",
            Self::Failed(_) => "failed",
            Self::NotSeen => "not-seen",
            Self::NoSignature => "no-signature",
            Self::Unverifiable(_) => "unverifiable",
        }
    }
}

/// The ClientHellos in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hello {
    /// TLS 1.3 to 1.0 as a present-day client would.
    Modern,
    /// TLS 1.2 and older, few extensions: the first hello of a glance.
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
    /// TLS 1.3 with hybrid post-quantum key shares.
    Hybrid,
    /// TLS 1.2 and older with every suite ever registered that carries a certificate, and without new extensions.
    Legacy,
    /// TLS 1.0 without extensions.
    Tls10,
    /// SSL 3.0.
    Ssl3,
}

impl Hello {
    /// The word used in machine formats.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Modern => "modern",
            Self::Tls12 => "tls12",
            Self::Tls13 => "tls13",
            Self::Hybrid => "hybrid",
            Self::Legacy => "legacy",
            Self::Tls10 => "tls10",
            Self::Ssl3 => "ssl3",
        }
    }
}

/// Time spent in each stage; a stage that was not reached has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Resolving the name (shared by its addresses).
    pub resolve: Option<Duration>,
    /// Opening the connection that gave the answer.
    pub connect: Option<Duration>,
    /// The exchange before TLS.
    pub upgrade: Option<Duration>,
    /// From our first ClientHello on that connection to the last message read.
    pub handshake: Option<Duration>,
    /// All of it, fallback connections included.
    pub total: Duration,
    /// Asking third parties about what was seen, after the look and not counted in it.
    pub evidence: Option<Duration>,
}
