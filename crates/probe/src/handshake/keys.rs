//! Our side of the TLS 1.3 key exchange.

use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kem::{Ciphertext, DecapsulationKey, ML_KEM_768};

use super::Stop;

/// The X25519 key of one prober, used for all its looks: nothing secret is ever sent under it, and a fresh one costs as
/// much as the agreement itself.
pub(crate) struct StandingKey {
    private: PrivateKey,
    public: Vec<u8>,
}

impl StandingKey {
    pub(crate) fn generate() -> Option<Self> {
        let private = PrivateKey::generate(&agreement::X25519).ok()?;
        let public = private.compute_public_key().ok()?.as_ref().to_vec();
        Some(Self { private, public })
    }

    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    fn agree(&self, theirs: &[u8]) -> Result<Vec<u8>, Stop> {
        agree(&self.private, theirs)
    }
}

/// A key made for one handshake, because the server asked for another group or for a hybrid one.
pub(crate) enum FreshKey {
    Curve {
        group: u16,
        private: PrivateKey,
        public: Vec<u8>,
    },
    Hybrid {
        kem: Box<DecapsulationKey>,
        public: Vec<u8>,
    },
}

/// X25519MLKEM768: the KEM's part stands first on both sides.
pub(crate) const HYBRID: u16 = 0x11ec;
const X25519: u16 = 29;
const KEM_CIPHERTEXT_BYTES: usize = 1088;

impl FreshKey {
    /// A key for `group`, `None` when this program has no such group.
    pub(crate) fn generate(group: u16, standing: &StandingKey) -> Option<Self> {
        let algorithm = match group {
            X25519 => &agreement::X25519,
            23 => &agreement::ECDH_P256,
            24 => &agreement::ECDH_P384,
            25 => &agreement::ECDH_P521,
            HYBRID => {
                let kem = DecapsulationKey::generate(&ML_KEM_768).ok()?;
                let mut public = kem.encapsulation_key().ok()?.key_bytes().ok()?.as_ref().to_vec();
                public.extend_from_slice(standing.public());
                return Some(Self::Hybrid {
                    kem: Box::new(kem),
                    public,
                });
            }
            _ => return None,
        };
        let private = PrivateKey::generate(algorithm).ok()?;
        let public = private.compute_public_key().ok()?.as_ref().to_vec();
        Some(Self::Curve {
            group,
            private,
            public,
        })
    }

    pub(crate) const fn group(&self) -> u16 {
        match self {
            Self::Curve { group, .. } => *group,
            Self::Hybrid { .. } => HYBRID,
        }
    }

    pub(crate) fn public(&self) -> &[u8] {
        match self {
            Self::Curve { public, .. } | Self::Hybrid { public, .. } => public,
        }
    }
}

/// The shared secret for the server's share in `group`.
pub(crate) fn shared_secret(
    group: u16,
    theirs: &[u8],
    standing: &StandingKey,
    fresh: Option<&FreshKey>,
) -> Result<Vec<u8>, Stop> {
    match fresh {
        Some(FreshKey::Curve {
            group: ours, private, ..
        }) if *ours == group => agree(private, theirs),
        Some(FreshKey::Hybrid { kem, .. }) if group == HYBRID => {
            let (ciphertext, x25519) = theirs.split_at_checked(KEM_CIPHERTEXT_BYTES).ok_or(BAD_SHARE)?;
            let mut secret = kem
                .decapsulate(Ciphertext::from(ciphertext))
                .map_err(|_| BAD_SHARE)?
                .as_ref()
                .to_vec();
            secret.extend(standing.agree(x25519)?);
            Ok(secret)
        }
        _ if group == X25519 => standing.agree(theirs),
        _ => Err(Stop::Malformed("a key share in a group that was not offered")),
    }
}

const BAD_SHARE: Stop = Stop::Malformed("a key share that is no point of its group");

fn agree(private: &PrivateKey, theirs: &[u8]) -> Result<Vec<u8>, Stop> {
    let theirs = UnparsedPublicKey::new(private.algorithm(), theirs);
    agreement::agree(private, theirs, BAD_SHARE, |secret| Ok(secret.to_vec()))
}
