//! Kinds of key, made by rcgen or, where it refuses, by the `openssl` program.

use std::process::{Command, Stdio};

use rcgen::{KeyPair, RsaKeySize};

use crate::folder::Folder;

/// What kind of key a certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// ECDSA on P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 3072 bits.
    Rsa3072,
    /// RSA with 1024 bits. Cannot sign other certificates here, as all that follow.
    Rsa1024,
    /// RSA with 2048 bits whose key says that it is for PSS alone.
    RsaPss2048,
    /// Ed448.
    Ed448,
    /// ECDSA on secp256k1.
    Secp256k1,
    /// ECDSA on brainpoolP256r1.
    Brainpool256,
}

impl KeyKind {
    /// What `openssl genpkey -algorithm` is told, for kinds that rcgen does not make.
    const fn openssl(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Rsa1024 => Some(&["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]),
            Self::RsaPss2048 => Some(&["RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]),
            Self::Ed448 => Some(&["ED448"]),
            Self::Secp256k1 => Some(&["EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
            Self::Brainpool256 => Some(&["EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"]),
            _ => None,
        }
    }
}

/// A key that rcgen made; when the certificate's own is foreign, a stand-in for it that is never written.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) pair: KeyPair,
    pub(super) foreign: Option<ForeignKey>,
}

/// A key made by `openssl`.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub(super) private: String,
    pub(super) public: Vec<u8>,
}

impl Key {
    pub(super) fn generate(kind: KeyKind) -> Self {
        let made = match kind {
            KeyKind::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            KeyKind::P521 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P521_SHA512),
            // rcgen writes PKCS#8 of version 2, which OpenSSL 3.0 does not read; it reads version 1.
            KeyKind::Ed25519 => {
                let made = openssl(&["genpkey", "-quiet", "-algorithm", "ED25519"], &[]);
                KeyPair::from_pem(&String::from_utf8(made).expect("PEM is text"))
            }
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048),
            KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072),
            _ => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
        };
        Self {
            pair: made.expect("keys can be made"),
            foreign: kind.openssl().map(ForeignKey::generate),
        }
    }

    pub(super) fn signer(&self) -> &KeyPair {
        assert!(
            self.foreign.is_none(),
            "this kind of key cannot sign certificates here"
        );
        &self.pair
    }

    pub(super) fn copy(&self) -> Self {
        let pair =
            KeyPair::from_pkcs8_der_and_sign_algo(&self.pair.serialize_der().into(), self.pair.algorithm());
        Self {
            pair: pair.expect("a key that was just written"),
            foreign: self.foreign.clone(),
        }
    }
}

impl ForeignKey {
    fn generate(algorithm: &[&str]) -> Self {
        let private = openssl(&[&["genpkey", "-quiet", "-algorithm"], algorithm].concat(), &[]);
        let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &private);
        Self {
            private: String::from_utf8(private).expect("PEM is text"),
            public,
        }
    }
}

pub(super) fn sign_by_openssl(hash: &str, signer: &KeyPair, message: &[u8]) -> Vec<u8> {
    let folder = Folder::new();
    let key = folder.secret("key.pem", signer.serialize_pem());
    openssl(&["dgst", hash, "-sign", &key.display().to_string()], message)
}

/// Runs the `openssl` program on `input` and returns what it wrote.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let folder = Folder::new();
    let input = std::fs::File::open(folder.file("input", input)).expect("a file that was just written");
    let output = Command::new("openssl")
        .args(arguments)
        .stdin(input)
        .stderr(Stdio::piped())
        .output()
        .expect("openssl is installed: scripts/test-servers");
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
