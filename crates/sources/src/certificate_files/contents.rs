//! Certificates in the bytes of one file, whatever they are wrapped in.
//!
//! The kind is told by the bytes alone. Private keys are neither decoded nor kept.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::der::{Notes, Reader, tag};
use model::pem::{self, Content, PemErrorKind};
use model::pkcs7::SignedData;
use model::{Certificate, jks, limits};

use crate::key_store::{self, KeyStoreError, Opened};
use crate::run::Reason;
use crate::secret::Secret;

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Certificates, each with where in the file it is; empty where there is but one place.
    pub(crate) certificates: Vec<(Certificate, String)>,
    /// What could not be read, and how.
    pub(crate) skipped: Vec<(Reason, String)>,
    /// What is to be said beside.
    pub(crate) remarks: Vec<(Reason, String)>,
}

impl Contents {
    /// Whether there is nothing of certificates in it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.skipped.is_empty()
    }

    fn skip(&mut self, reason: Reason, words: impl Into<String>) {
        if self.skipped.len() < limits::BUNDLE_ITEMS {
            self.skipped.push((reason, words.into()));
        }
    }
}

/// Reads a file. `passphrases` open key stores.
pub(crate) fn read(bytes: &[u8], passphrases: &[Secret]) -> Contents {
    let mut contents = Contents::default();
    if jks::is_key_store(bytes) {
        opened(key_store::java(bytes, passphrases), &mut contents);
    } else if pem::is_pem(bytes) {
        blocks(bytes, &mut contents);
    } else if bytes.first() == Some(&tag::SEQUENCE) {
        value(bytes, passphrases, &mut contents);
    } else if let Some(decoded) = bare_base64(bytes) {
        value(&decoded, passphrases, &mut contents);
    }
    contents
}

fn blocks(text: &[u8], contents: &mut Contents) {
    for block in pem::blocks(text) {
        if contents.certificates.len() + contents.skipped.len() >= limits::BUNDLE_ITEMS {
            contents.skip(
                Reason::Beyond,
                format!("more than {} blocks", limits::BUNDLE_ITEMS),
            );
            return;
        }
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                let foreign = match &error.kind {
                    PemErrorKind::Unterminated { label }
                    | PemErrorKind::LabelMismatch { begin: label, .. } => {
                        !label.raw().contains("CERTIFICATE")
                    }
                    PemErrorKind::Base64 => false,
                };
                if !foreign {
                    contents.skip(Reason::Malformed, error.to_string());
                }
                continue;
            }
        };
        let Content::Der(der) = block.content else {
            continue;
        };
        let place = format!("line {}", block.line);
        match block.label.raw() {
            "CERTIFICATE" | "X509 CERTIFICATE" => certificate(der, place, contents),
            // OpenSSL puts its trust settings behind the certificate.
            "TRUSTED CERTIFICATE" => certificate(first_value(der), place, contents),
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => bundle(&der, &place, contents),
            _ => {}
        }
    }
}

fn value(der: &[u8], passphrases: &[Secret], contents: &mut Contents) {
    match first_fields(der) {
        Some((tag::OID, _)) => bundle(der, "", contents),
        Some((tag::INTEGER, [3])) => opened(key_store::pkcs12(der, passphrases), contents),
        Some((tag::SEQUENCE, _)) => {
            let certificate = Certificate::from_der(der);
            if is_certificate(&certificate) {
                contents.certificates.push((certificate, String::new()));
            }
        }
        _ => {}
    }
}

/// Tag and content of the first field of a SEQUENCE.
fn first_fields(der: &[u8]) -> Option<(u8, &[u8])> {
    let notes = Notes::default();
    let mut fields = Reader::new(der, &notes).open(tag::SEQUENCE).ok()?;
    let first = fields.value().ok()?;
    Some((first.tag, first.content))
}

fn first_value(mut der: Vec<u8>) -> Vec<u8> {
    let notes = Notes::default();
    let end = Reader::new(&der, &notes)
        .value()
        .map_or(der.len(), |value| value.range().end);
    der.truncate(end);
    der
}

fn bundle(der: &[u8], place: &str, contents: &mut Contents) {
    let data = SignedData::parse(der);
    for (number, range) in (1..).zip(data.certificates) {
        let place = format!(
            "{place}{}number {number}",
            if place.is_empty() { "" } else { ", " }
        );
        certificate(der.get(range).unwrap_or_default().to_vec(), place, contents);
    }
}

fn opened(opened: Result<Opened, KeyStoreError>, contents: &mut Contents) {
    match opened {
        Ok(opened) => {
            for stored in opened.certificates {
                let place = stored
                    .alias
                    .map(|alias| alias.raw().to_owned())
                    .unwrap_or_default();
                certificate(stored.der, place, contents);
            }
            if let Some(words) = opened.unread {
                contents.skip(Reason::Malformed, words);
            }
            if !opened.intact {
                contents.remarks.push((Reason::Unchecked, String::new()));
            }
        }
        Err(KeyStoreError::Malformed(words)) => contents.skip(Reason::Malformed, words),
        Err(locked) => contents.skip(Reason::Locked, locked.to_string()),
    }
}

fn certificate(der: Vec<u8>, place: String, contents: &mut Contents) {
    let certificate = Certificate::from_der(der);
    if is_certificate(&certificate) {
        contents.certificates.push((certificate, place));
    } else {
        contents.skip(Reason::Malformed, format!("{place}: not a certificate"));
    }
}

/// Whether enough could be read that it is one: anything may stand in a SEQUENCE.
fn is_certificate(certificate: &Certificate) -> bool {
    let facts = certificate.facts();
    !facts.serial.is_empty() && !facts.to_be_signed.is_empty() && !facts.subject.raw_bytes.is_empty()
}

/// A value in base64 without the lines of PEM around it.
fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.trim_ascii();
    // `M` is what the first octet of a SEQUENCE of usual length becomes.
    if text.first() != Some(&b'M') || !text.iter().all(|byte| is_base64(*byte)) {
        return None;
    }
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(digits).ok()?;
    (decoded.first() == Some(&tag::SEQUENCE)).then_some(decoded)
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'/' | b'=')
}
