//! Authorities and certificates, minted when the test runs.
//!
//! A [`Template`] says what a certificate should be; [`Template::self_signed`] and [`Template::issued_by`] make one of
//! it. rcgen does the common part; keys and signature hashes that it refuses (RSA-1024, secp256k1, SHA-1 ...) come from
//! the `openssl` program and are put into the DER here.

mod key;
mod pem;
mod pki;
mod revocation;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SigningKey,
};

pub use self::key::{KeyKind, openssl};
pub use self::pem::{base64, pem};
pub use self::pki::{Pki, Served, bundle};
pub use self::revocation::{Say, index};

use self::key::{Key, sign_by_openssl};
use crate::der;

/// The hash in the issuer's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureHash {
    /// What the issuer's key goes with: SHA-256, -384, or none for Ed25519.
    Usual,
    /// SHA-1, by an RSA or ECDSA issuer.
    Sha1,
    /// MD5, by an RSA issuer.
    Md5,
}

/// What a certificate should be.
#[derive(Clone, Debug)]
pub struct Template {
    params: CertificateParams,
    key: KeyKind,
    hash: SignatureHash,
}

impl Template {
    /// A server's certificate for `name`, which is common name and only SAN: P-256, valid from 30 days ago to 60 days
    /// from now, for TLS servers.
    pub fn server(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("an ASCII name");
        params.distinguished_name = common_name(name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Self {
            params,
            key: KeyKind::P256,
            hash: SignatureHash::Usual,
        }
        .valid_days(-30, 60)
    }

    /// An authority of any depth: P-256, valid from a year ago to two years from now.
    pub fn authority(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            params,
            key: KeyKind::P256,
            hash: SignatureHash::Usual,
        }
        .valid_days(-365, 730)
    }

    /// The names in the SAN, wildcards included, in place of the one it has.
    pub fn names(self, names: &[&str]) -> Self {
        let names = names
            .iter()
            .map(|name| SanType::DnsName((*name).try_into().expect("an ASCII name")))
            .collect();
        self.edit(|params| params.subject_alt_names = names)
    }

    /// One more SAN: an address.
    pub fn address(self, address: impl Into<IpAddr>) -> Self {
        self.edit(|params| params.subject_alt_names.push(SanType::IpAddress(address.into())))
    }

    /// No SAN at all: the common name is all that names it.
    pub fn without_names(self) -> Self {
        self.edit(|params| params.subject_alt_names.clear())
    }

    /// Another common name.
    pub fn common_name(self, name: &str) -> Self {
        self.edit(|params| params.distinguished_name = common_name(name))
    }

    /// Validity in days from now; negative numbers are past.
    pub fn valid_days(self, from: i64, to: i64) -> Self {
        self.valid_hours(from * 24, to * 24)
    }

    /// Validity in hours from now; negative numbers are past.
    pub fn valid_hours(self, from: i64, to: i64) -> Self {
        self.edit(|params| {
            params.not_before = hours_from_now(from).into();
            params.not_after = hours_from_now(to).into();
        })
    }

    /// The kind of its key.
    pub const fn key(mut self, key: KeyKind) -> Self {
        self.key = key;
        self
    }

    /// The hash that its issuer signs with.
    pub const fn signature_hash(mut self, hash: SignatureHash) -> Self {
        self.hash = hash;
        self
    }

    /// How many authorities may stand below it.
    pub fn path_length(self, most: u8) -> Self {
        self.edit(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most)))
    }

    /// What it is for; empty leaves the extension out.
    pub fn usages(self, usages: &[ExtendedKeyUsagePurpose]) -> Self {
        self.edit(|params| params.extended_key_usages = usages.to_vec())
    }

    /// Demands a stapled OCSP answer (RFC 7633).
    pub fn must_staple(self) -> Self {
        let feature =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
        self.edit(|params| params.custom_extensions.push(feature))
    }

    /// Any other knob of rcgen.
    pub fn edit(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    /// Makes it, signed by its own key. Kinds of key that only `openssl` makes cannot sign here.
    pub fn self_signed(&self) -> Minted {
        let key = Key::generate(self.key);
        let signer = key.signer();
        let made = self
            .params
            .self_signed(signer)
            .expect("a certificate that rcgen can write");
        let der = self.finish(made.der(), &key, signer);
        Minted {
            der,
            key,
            params: self.params.clone(),
        }
    }

    /// Makes it, signed by `issuer`.
    pub fn issued_by(&self, issuer: &Minted) -> Minted {
        self.issued_with_key(issuer, Key::generate(self.key))
    }

    /// Makes it with the key of another certificate, as renewals and cross-signing do.
    pub fn issued_to_key_of(&self, issuer: &Minted, other: &Minted) -> Minted {
        self.issued_with_key(issuer, other.key.copy())
    }

    fn issued_with_key(&self, issuer: &Minted, key: Key) -> Minted {
        let signer = issuer.key.signer();
        let authority = Issuer::from_params(&issuer.params, signer);
        let made = self
            .params
            .signed_by(&key.pair, &authority)
            .expect("a certificate that rcgen can write");
        let der = self.finish(made.der(), &key, signer);
        Minted {
            der,
            key,
            params: self.params.clone(),
        }
    }

    /// Puts in what rcgen would not: a foreign key, an old signature hash. Then signs again.
    fn finish(&self, made: &[u8], key: &Key, signer: &KeyPair) -> Vec<u8> {
        if key.foreign.is_none() && self.hash == SignatureHash::Usual {
            return made.to_vec();
        }
        let certificate = der::children(made);
        let algorithm = match self.hash {
            SignatureHash::Usual => certificate[1].to_vec(),
            old => algorithm_identifier(old, signer),
        };
        let mut fields: Vec<Vec<u8>> = der::children(certificate[0])
            .into_iter()
            .map(<[u8]>::to_vec)
            .collect();
        fields[2].clone_from(&algorithm);
        if let Some(foreign) = &key.foreign {
            fields[6].clone_from(&foreign.public);
        }
        let signed = der::encode(der::SEQUENCE, &fields.concat());
        let signature = match self.hash {
            SignatureHash::Usual => signer.sign(&signed).expect("the key can sign"),
            SignatureHash::Sha1 => sign_by_openssl("-sha1", signer, &signed),
            SignatureHash::Md5 => sign_by_openssl("-md5", signer, &signed),
        };
        let bits = der::encode(der::BIT_STRING, &[&[0], signature.as_slice()].concat());
        der::encode(der::SEQUENCE, &[signed, algorithm, bits].concat())
    }
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Minted {
    der: Vec<u8>,
    key: Key,
    params: CertificateParams,
}

impl Minted {
    /// The certificate as it will be sent.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// The private key in PEM (PKCS#8).
    pub fn key_pem(&self) -> String {
        self.key.foreign.as_ref().map_or_else(
            || self.key.pair.serialize_pem(),
            |foreign| foreign.private.clone(),
        )
    }

    /// The private key in DER (PKCS#8), for servers made of rustls.
    pub fn key_der(&self) -> Vec<u8> {
        assert!(self.key.foreign.is_none(), "rustls cannot use this kind of key");
        self.key.pair.serialize_der()
    }

    /// SHA-256 of the DER in lower-case hexadecimal, as every output of nolapse writes it.
    pub fn sha256(&self) -> String {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut out = DistinguishedName::new();
    out.push(DnType::CommonName, name);
    out
}

fn hours_from_now(hours: i64) -> SystemTime {
    let distance = Duration::from_secs(hours.unsigned_abs() * 3600);
    if hours < 0 {
        SystemTime::now() - distance
    } else {
        SystemTime::now() + distance
    }
}

/// AlgorithmIdentifier of an old hash with the issuer's kind of key (RFC 3279 section 2.2).
fn algorithm_identifier(hash: SignatureHash, signer: &KeyPair) -> Vec<u8> {
    let is_rsa = signer.algorithm() == &rcgen::PKCS_RSA_SHA256;
    let content: &[u8] = match (hash, is_rsa) {
        (SignatureHash::Md5, _) => &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4, 5, 0],
        (_, true) => &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5, 5, 0],
        (_, false) => &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
    };
    der::encode(der::SEQUENCE, content)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::folder::Folder;

    fn text(certificate: &Minted) -> String {
        let shown = openssl(&["x509", "-noout", "-text"], certificate.pem().as_bytes());
        String::from_utf8(shown).expect("text")
    }

    #[test]
    fn openssl_accepts_the_whole_chain() {
        let pki = Pki::new();
        let served = pki.serve(&pki.leaf("a.test"));
        let (root, chain) = (pki.root_file(), served.chain);
        let verdict = openssl(
            &[
                "verify",
                "-CAfile",
                &root.display().to_string(),
                "-untrusted",
                &chain.display().to_string(),
                "-verify_hostname",
                "a.test",
                &chain.display().to_string(),
            ],
            &[],
        );
        assert!(String::from_utf8_lossy(&verdict).contains("OK"));
    }

    #[test]
    fn every_kind_of_key_and_old_hash_can_be_had() {
        let root = Template::authority("root").key(KeyKind::Rsa2048).self_signed();
        let expected = [
            (KeyKind::Rsa1024, "Public-Key: (1024 bit)"),
            (KeyKind::RsaPss2048, "rsassaPss"),
            (KeyKind::Ed448, "ED448"),
            (KeyKind::Secp256k1, "secp256k1"),
            (KeyKind::Brainpool256, "brainpoolP256r1"),
            (KeyKind::P521, "P-521"),
            (KeyKind::Ed25519, "ED25519"),
        ];
        let folder = Folder::new();
        let anchor = folder.file("root.pem", root.pem()).display().to_string();
        for (kind, words) in expected {
            let leaf = Template::server("a.test").key(kind).issued_by(&root);
            assert!(text(&leaf).contains(words), "{kind:?}: {}", text(&leaf));
            openssl(
                &["verify", "-auth_level", "0", "-CAfile", &anchor],
                leaf.pem().as_bytes(),
            );
        }
        let old = Template::server("a.test")
            .signature_hash(SignatureHash::Sha1)
            .issued_by(&root);
        assert!(text(&old).contains("sha1WithRSAEncryption"));
        openssl(
            &["verify", "-auth_level", "0", "-CAfile", &anchor],
            old.pem().as_bytes(),
        );
    }

    #[test]
    fn validity_is_relative_to_now() {
        let ended = Template::server("a.test").valid_hours(-48, -1).self_signed();
        let folder = Folder::new();
        let file = folder.file("a.pem", ended.pem()).display().to_string();
        let ends = |seconds: &str| {
            let check = Command::new("openssl")
                .args(["x509", "-checkend", seconds, "-noout", "-in", &file])
                .output();
            check.expect("openssl runs").status.success()
        };
        assert!(!ends("0"));
    }
}
