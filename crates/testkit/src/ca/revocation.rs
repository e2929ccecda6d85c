//! What issuers say about certificates afterwards: where they say it, lists, answers, and the index of a real responder.

use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CustomExtension, Issuer, KeyIdMethod,
    RevocationReason, RevokedCertParams, SerialNumber, SigningKey,
};

use super::{Minted, Template, hours_from_now};
use crate::der;

/// What a responder says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Say {
    /// Not revoked.
    Good,
    /// Revoked an hour ago because of a compromised key.
    Revoked,
}

impl Template {
    /// Says where revocation is answered (OCSP) and where the issuer's certificate is (Authority Information Access).
    pub fn information(self, responder: Option<&str>, issuer: Option<&str>) -> Self {
        let place = |last: u8, url: &str| {
            let method = [6, 8, 0x2b, 6, 1, 5, 5, 7, 48, last].to_vec();
            der::encode(
                der::SEQUENCE,
                &[method, der::encode(0x86, url.as_bytes())].concat(),
            )
        };
        let places = [
            responder.map(|url| place(1, url)),
            issuer.map(|url| place(2, url)),
        ];
        let places: Vec<u8> = places.into_iter().flatten().flatten().collect();
        self.with_information(&places)
    }

    /// Names several responders.
    pub fn information_many(self, responders: &[String]) -> Self {
        let place = |url: &String| {
            let method = [6, 8, 0x2b, 6, 1, 5, 5, 7, 48, 1].to_vec();
            der::encode(
                der::SEQUENCE,
                &[method, der::encode(0x86, url.as_bytes())].concat(),
            )
        };
        let places: Vec<u8> = responders.iter().flat_map(place).collect();
        self.with_information(&places)
    }

    fn with_information(self, places: &[u8]) -> Self {
        let content = der::encode(der::SEQUENCE, places);
        let extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], content);
        self.edit(|params| params.custom_extensions.push(extension))
    }

    /// Says where a revocation list is.
    pub fn list_at(self, url: &str) -> Self {
        let point = CrlDistributionPoint {
            uris: vec![url.to_owned()],
        };
        self.edit(|params| params.crl_distribution_points.push(point))
    }
}

impl Minted {
    /// Its serial number, content bytes of the INTEGER.
    pub fn serial(&self) -> Vec<u8> {
        let signed = der::children(self.der())[0];
        // Behind the version stands the serial number.
        der::content(der::children(signed)[1]).to_vec()
    }

    /// A revocation list of this authority in DER, in force between these hours from now.
    pub fn revocation_list(&self, revoked: &[&Self], (from, until): (i64, i64)) -> Vec<u8> {
        let entry = |certificate: &&Self| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&certificate.serial()),
            revocation_time: hours_from_now(-1).into(),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: hours_from_now(from).into(),
            next_update: hours_from_now(until).into(),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let issuer = Issuer::from_params(&self.params, self.key.signer());
        params
            .signed_by(&issuer)
            .expect("a list that rcgen can write")
            .der()
            .to_vec()
    }

    /// An OCSP answer of this authority about `certificate` in DER (RFC 6960 section 4.2.1), in force between these hours
    /// from now. For what a real responder would not say: old answers, answers about others.
    pub fn ocsp_answer(&self, certificate: &Self, say: Say, (from, until): (i64, i64)) -> Vec<u8> {
        let said = match say {
            Say::Good => vec![0x80, 0],
            Say::Revoked => {
                let reason = der::encode(0xa0, &[0x0a, 1, 1]);
                der::encode(0xa1, &[time(-1), reason].concat())
            }
        };
        let next = der::encode(0xa0, &time(until));
        let single = sequence(&[self.certificate_id(certificate), said, time(from), next]);
        let name = der::encode(0xa1, self.subject());
        let data = sequence(&[name, time(from), sequence(&[single])]);
        let signature = self.key.signer().sign(&data).expect("the key can sign");
        let bits = der::encode(der::BIT_STRING, &[&[0], signature.as_slice()].concat());
        let algorithm = der::children(self.der())[1].to_vec();
        let basic = sequence(&[data, algorithm, bits]);
        let kind = vec![6, 9, 0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
        let bytes = der::encode(0xa0, &sequence(&[kind, der::encode(4, &basic)]));
        sequence(&[vec![0x0a, 1, 0], bytes])
    }

    /// CertID with SHA-1.
    fn certificate_id(&self, certificate: &Self) -> Vec<u8> {
        let sha1 = |bytes: &[u8]| {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
            der::encode(4, digest.as_ref())
        };
        let signed = der::children(self.der())[0];
        // The key's bits: the second part of SubjectPublicKeyInfo, behind the count of unused bits.
        let bits = der::children(der::children(signed)[6])[1];
        let key = &der::content(bits)[1..];
        let algorithm = vec![0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0];
        let serial = der::encode(der::INTEGER, &certificate.serial());
        sequence(&[algorithm, sha1(self.subject()), sha1(key), serial])
    }

    /// The subject's Name.
    fn subject(&self) -> &[u8] {
        let signed = der::children(self.der())[0];
        der::children(signed)[5]
    }
}

/// The index file of `openssl ocsp`: `good` and `revoked` certificates; it knows no others.
pub fn index(good: &[&Minted], revoked: &[&Minted]) -> String {
    let mut lines = String::new();
    let serial = |certificate: &Minted| -> String {
        let bytes = certificate.serial();
        let significant = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
        bytes[significant..]
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect()
    };
    for certificate in good {
        writeln!(
            lines,
            "V\t491231235959Z\t\t{}\tunknown\t/CN=a",
            serial(certificate)
        )
        .expect("strings grow");
    }
    for certificate in revoked {
        writeln!(
            lines,
            "R\t491231235959Z\t260101000000Z,keyCompromise\t{}\tunknown\t/CN=a",
            serial(certificate)
        )
        .expect("strings grow");
    }
    lines
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der::encode(der::SEQUENCE, &parts.concat())
}

/// GeneralizedTime.
fn time(hours: i64) -> Vec<u8> {
    let at = hours_from_now(hours)
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    der::encode(0x18, stamp(at).as_bytes())
}

/// `20261129115800Z`: civil date of days since 1970, by the algorithm of the proleptic Gregorian calendar.
fn stamp(since_epoch: Duration) -> String {
    let seconds = since_epoch.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::{Pki, openssl};
    use crate::folder::Folder;

    #[test]
    fn stamps_are_dates() {
        assert_eq!(stamp(Duration::from_secs(0)), "19700101000000Z");
        assert_eq!(stamp(Duration::from_secs(951_782_400)), "20000229000000Z");
        assert_eq!(stamp(Duration::from_secs(1_795_953_480)), "20261129115800Z");
    }

    #[test]
    fn openssl_reads_what_is_minted() {
        let pki = Pki::new();
        let leaf = Template::server("a.test")
            .information(Some("http://127.0.0.1/o"), Some("http://127.0.0.1/i"))
            .list_at("http://127.0.0.1/l")
            .issued_by(&pki.intermediate);
        let shown = openssl(&["x509", "-noout", "-text"], leaf.pem().as_bytes());
        let shown = String::from_utf8_lossy(&shown).into_owned();
        for words in [
            "OCSP - URI:http://127.0.0.1/o",
            "CA Issuers - URI:http://127.0.0.1/i",
            "URI:http://127.0.0.1/l",
        ] {
            assert!(shown.contains(words), "{shown}");
        }
        let folder = Folder::new();
        let file = |name: &str, content: &[u8]| folder.file(name, content).display().to_string();
        let (issuer, certificate) = (
            file("issuer.pem", pki.intermediate.pem().as_bytes()),
            file("leaf.pem", leaf.pem().as_bytes()),
        );
        let answer = file(
            "answer.der",
            &pki.intermediate.ocsp_answer(&leaf, Say::Revoked, (-1, 24)),
        );
        let arguments = [
            "ocsp",
            "-respin",
            &answer,
            "-issuer",
            &issuer,
            "-cert",
            &certificate,
            "-no_nonce",
            "-partial_chain",
            "-CAfile",
            &issuer,
        ];
        let said = openssl(&arguments, &[]);
        assert!(
            String::from_utf8_lossy(&said).contains("revoked"),
            "{}",
            String::from_utf8_lossy(&said)
        );
    }
}
