//! Authorities and certificates of the world, made when it is raised.
//!
//! Names and days come in, certificates with their keys go out. Nothing is kept, and no key outlives the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SerialNumber,
};

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Minted {
    /// The certificate in DER.
    pub(crate) der: Vec<u8>,
    /// The same in PEM.
    pub(crate) pem: String,
    /// Its key.
    pub(crate) key: Arc<KeyPair>,
    /// What it was made of.
    pub(crate) params: CertificateParams,
}

/// Makes certificates as of one moment.
pub(crate) struct Mint {
    now: SystemTime,
    made: AtomicU64,
}

/// Days of validity, counted from now: negative ones are past.
pub(crate) type Days = (i64, i64);

impl Mint {
    /// A mint whose now is `now`.
    pub(crate) const fn new(now: SystemTime) -> Self {
        Self {
            now,
            made: AtomicU64::new(0),
        }
    }

    /// What a certificate for servers of these names is made of; the first is also its common name.
    pub(crate) fn server(&self, names: &[&str], days: Days) -> io::Result<CertificateParams> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let first = names.first().cloned().unwrap_or_default();
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        self.date(&mut params, &first, days);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(params)
    }

    /// What an authority of that name is made of.
    pub(crate) fn authority(&self, name: &str, days: Days) -> CertificateParams {
        let mut params = CertificateParams::default();
        self.date(&mut params, name, days);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn date(&self, params: &mut CertificateParams, common_name: &str, days: Days) {
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, common_name);
        params.distinguished_name = name;
        params.use_authority_key_identifier_extension = true;
        params.not_before = self.day(days.0).into();
        params.not_after = self.day(days.1).into();
    }

    /// That many days from now and an hour more, so that whole days are left when it is looked at.
    fn day(&self, days: i64) -> SystemTime {
        let distance = Duration::from_secs(days.unsigned_abs() * 86_400);
        let day = if days < 0 {
            self.now - distance
        } else {
            self.now + distance
        };
        day + Duration::from_secs(3_600)
    }

    /// Makes it with a key of its own, signed by `issuer`, or by itself.
    pub(crate) fn make(&self, params: CertificateParams, issuer: Option<&Minted>) -> io::Result<Minted> {
        let key = Arc::new(KeyPair::generate().map_err(io::Error::other)?);
        self.make_with(params, key, issuer)
    }

    /// Makes it with a key that is there.
    pub(crate) fn make_with(
        &self,
        mut params: CertificateParams,
        key: Arc<KeyPair>,
        issuer: Option<&Minted>,
    ) -> io::Result<Minted> {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let mut serial = [0x5a; 16];
        for (place, octet) in serial.iter_mut().rev().zip(number.to_le_bytes()) {
            *place = octet;
        }
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let made = match issuer {
            Some(issuer) => params.signed_by(&*key, &Issuer::from_params(&issuer.params, &*issuer.key)),
            None => params.self_signed(&*key),
        }
        .map_err(io::Error::other)?;
        Ok(Minted {
            der: made.der().to_vec(),
            pem: pem(made.der()),
            key,
            params,
        })
    }
}

/// A certificate in PEM (RFC 7468): 64 characters a line.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END CERTIFICATE-----\n");
    pem
}
