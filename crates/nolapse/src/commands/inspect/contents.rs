//! What is in a file: bytes come in, the certificates, requests, lists and answers in them go out.
//!
//! The kind is told by the bytes alone, never by the name of the file. Private keys are named and never kept.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::certificate::SigningRequest;
use model::der::{Notes, Reader, Value, tag};
use model::pem::{self, Content, PemError, PemErrorKind};
use model::pkcs7::SignedData;
use model::revocation::{Crl, OcspAnswer, OcspStatus};
use model::{Certificate, Untrusted, jks, limits};
use sources::key_store::{self, KeyStoreError, Opened};
use sources::secret::Secret;

/// What was found in one source.
pub(crate) struct Contents {
    /// How it is wrapped.
    pub(crate) wrapping: Wrapping,
    /// What is in it, in order, at most `limits::BUNDLE_ITEMS`.
    pub(crate) items: Vec<Item>,
    /// What could not be read.
    pub(crate) problems: Vec<String>,
    /// What is known of it beside its contents; safe to show.
    pub(crate) remarks: Vec<String>,
    /// A block that cannot be read and stands before every certificate: it may have been the leaf.
    pub(crate) leaf_lost: Option<String>,
}

/// How the contents are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// Blocks of text.
    Pem,
    /// One value.
    Der,
    /// One value as base64 without the lines of PEM around it.
    Base64,
    /// PKCS#7.
    Pkcs7,
    /// PKCS#12.
    Pkcs12,
    /// The first key store of Java.
    Jks,
    /// The one that can hold secret keys.
    Jceks,
    /// As a server sent it.
    Handshake,
}

impl Wrapping {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pem => "PEM",
            Self::Der => "DER",
            Self::Base64 => "base64",
            Self::Pkcs7 => "PKCS#7",
            Self::Pkcs12 => "PKCS#12",
            Self::Jks => "JKS",
            Self::Jceks => "JCEKS",
            Self::Handshake => "TLS",
        }
    }
}

/// One thing and where it stands.
pub(crate) struct Item {
    /// The line in a text, counted from 1.
    pub(crate) line: Option<usize>,
    /// The name that a key store gives it.
    pub(crate) label: Option<Untrusted>,
    /// The thing.
    pub(crate) thing: Thing,
}

/// What can be shown.
pub(crate) enum Thing {
    Certificate(Box<Certificate>),
    Request(Box<SigningRequest>),
    Crl { crl: Box<Crl>, der: Vec<u8> },
    Ocsp { answer: Box<OcspAnswer>, der: Vec<u8> },
    PrivateKey { kind: String },
    Other { kind: String },
}

/// Why a source shows nothing. Each says what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it is empty: expected a certificate, request, CRL, OCSP answer or key store")]
    Empty,
    #[error(
        "there is no certificate in it: expected PEM (-----BEGIN CERTIFICATE-----), DER, PKCS#7, PKCS#12 or JKS"
    )]
    Unknown,
    #[error(
        "the key store (PKCS#12) does not open with this password: name the file that holds it with --password-file"
    )]
    Password,
    #[error(
        "the key store (JKS) does not open with this password, or was changed by somebody who does not know it: name the file that holds it with --password-file, or none to see it unchecked"
    )]
    JavaPassword,
    #[error("the key store (PKCS#12) needs a password: name the file that holds it with --password-file")]
    NoPassword,
    #[error("{0}")]
    KeyStore(KeyStoreError),
}

/// Reads `bytes`. `password` opens key stores.
pub(crate) fn read(bytes: &[u8], password: &str) -> Result<Contents, Unreadable> {
    let visible = bytes.trim_ascii();
    if visible.is_empty() {
        return Err(Unreadable::Empty);
    }
    if jks::is_key_store(bytes) {
        return java_key_store(bytes, password);
    }
    if pem::is_pem(bytes) {
        return Ok(pem_bundle(bytes));
    }
    if bytes.first() == Some(&tag::SEQUENCE) {
        return der(bytes, Wrapping::Der, password);
    }
    match bare_base64(visible) {
        Some(decoded) => der(&decoded, Wrapping::Base64, password),
        None => Err(Unreadable::Unknown),
    }
}

/// A chain as a server sent it, with what was seen beside it.
pub(crate) fn of_chain<'a>(chain: impl Iterator<Item = &'a Certificate>, remarks: Vec<String>) -> Contents {
    // Read again from the DER: this is done once, and the chain is shared with others.
    let items = chain
        .map(|certificate| item(certificate_of(certificate.der())))
        .collect();
    Contents {
        wrapping: Wrapping::Handshake,
        items,
        problems: Vec::new(),
        remarks,
        leaf_lost: None,
    }
}

fn item(thing: Thing) -> Item {
    Item {
        line: None,
        label: None,
        thing,
    }
}

fn certificate_of(der: &[u8]) -> Thing {
    Thing::Certificate(Box::new(Certificate::from_der(der)))
}

fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD
        .decode(digits)
        .ok()
        .filter(|decoded| decoded.first() == Some(&tag::SEQUENCE))
}

fn pem_bundle(text: &[u8]) -> Contents {
    let mut contents = Contents {
        wrapping: Wrapping::Pem,
        items: Vec::new(),
        problems: Vec::new(),
        remarks: Vec::new(),
        leaf_lost: None,
    };
    if std::str::from_utf8(text).is_err() {
        contents.problems.push(
            "there are bytes beside the PEM blocks that are no text: a certificate in DER there is not read, convert it first"
                .to_owned(),
        );
    }
    for block in pem::blocks(text) {
        if contents.items.len() + contents.problems.len() >= limits::BUNDLE_ITEMS {
            contents.problems.push(format!(
                "more than {} blocks: the others are not shown",
                limits::BUNDLE_ITEMS
            ));
            break;
        }
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                let is_first = !contents
                    .items
                    .iter()
                    .any(|item| matches!(item.thing, Thing::Certificate(_)));
                if is_first && may_be_certificate(&error) {
                    contents.leaf_lost.get_or_insert_with(|| error.to_string());
                }
                contents.problems.push(error.to_string());
                continue;
            }
        };
        let label = block.label.raw();
        let things = match block.content {
            Content::PrivateKey => vec![Thing::PrivateKey {
                kind: block.label.shown(),
            }],
            Content::Der(der) => labelled(label, der),
        };
        let line = Some(block.line);
        contents.items.extend(things.into_iter().map(|thing| Item {
            line,
            label: None,
            thing,
        }));
    }
    contents
}

/// Whether a block that cannot be read may have been a certificate.
fn may_be_certificate(error: &PemError) -> bool {
    match &error.kind {
        PemErrorKind::Unterminated { label } | PemErrorKind::LabelMismatch { begin: label, .. } => {
            label.raw().contains("CERTIFICATE")
        }
        PemErrorKind::Base64 => true,
    }
}

/// What a block's label promises.
fn labelled(label: &str, der: Vec<u8>) -> Vec<Thing> {
    match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => vec![certificate_of(&der)],
        // OpenSSL puts its trust settings behind the certificate.
        "TRUSTED CERTIFICATE" => vec![certificate_of(der.get(first_value(&der)).unwrap_or(&der))],
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            vec![Thing::Request(Box::new(SigningRequest::from_der(der)))]
        }
        "X509 CRL" => vec![crl(der)],
        "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => signed_data(&der, &SignedData::parse(&der)),
        "OCSP RESPONSE" => vec![ocsp(&der)],
        other => vec![Thing::Other {
            kind: Untrusted::from(other).shown(),
        }],
    }
}

fn first_value(der: &[u8]) -> Range<usize> {
    let notes = Notes::default();
    Reader::new(der, &notes)
        .value()
        .map_or(0..der.len(), |value| value.range())
}

fn crl(der: Vec<u8>) -> Thing {
    Thing::Crl {
        crl: Box::new(Crl::parse(&der)),
        der,
    }
}

fn ocsp(der: &[u8]) -> Thing {
    Thing::Ocsp {
        answer: Box::new(OcspAnswer::parse(der)),
        der: der.to_vec(),
    }
}

fn signed_data(der: &[u8], data: &SignedData) -> Vec<Thing> {
    let bytes = |range: &Range<usize>| der.get(range.clone()).unwrap_or_default();
    let certificates = data.certificates.iter().map(|range| certificate_of(bytes(range)));
    certificates
        .chain(data.crls.iter().map(|range| crl(bytes(range).to_vec())))
        .collect()
}

/// One value, whose kind is told by its first fields.
fn der(der: &[u8], wrapping: Wrapping, password: &str) -> Result<Contents, Unreadable> {
    let one = |thing: Thing| {
        Ok(Contents {
            wrapping,
            items: vec![item(thing)],
            problems: Vec::new(),
            remarks: Vec::new(),
            leaf_lost: None,
        })
    };
    match kind(der) {
        Some(Kind::Certificate) => one(certificate_of(der)),
        Some(Kind::Request) => one(Thing::Request(Box::new(SigningRequest::from_der(der)))),
        Some(Kind::Crl) => one(crl(der.to_vec())),
        Some(Kind::Ocsp) if OcspAnswer::parse(der).status != OcspStatus::Unread => one(ocsp(der)),
        Some(Kind::PrivateKey) => one(Thing::PrivateKey {
            kind: "PRIVATE KEY".to_owned(),
        }),
        Some(Kind::KeyStore) => key_store(der, password),
        Some(Kind::Bundle) => {
            let data = SignedData::parse(der);
            let items = signed_data(der, &data).into_iter().map(item).collect();
            Ok(Contents {
                wrapping: Wrapping::Pkcs7,
                items,
                problems: Vec::new(),
                remarks: Vec::new(),
                leaf_lost: None,
            })
        }
        Some(Kind::Ocsp) | None => Err(Unreadable::Unknown),
    }
}

enum Kind {
    Certificate,
    Request,
    Crl,
    Ocsp,
    PrivateKey,
    KeyStore,
    Bundle,
}

/// Tells the kinds apart by the types of their first fields, which differ for each.
fn kind(der: &[u8]) -> Option<Kind> {
    let notes = Notes::default();
    let mut fields = Reader::new(der, &notes).open(tag::SEQUENCE).ok()?;
    let first = fields.value().ok()?;
    let second = fields.peek();
    match (first.tag, second) {
        (tag::ENUMERATED, _) => Some(Kind::Ocsp),
        (tag::OID, _) => SignedData::parse(der).recognised.then_some(Kind::Bundle),
        // PFX has version 3; the forms of private keys have 0 or 1 (RFC 7292, 8017, 5915, 5958).
        (tag::INTEGER, Some(tag::SEQUENCE)) if first.content == [3] => Some(Kind::KeyStore),
        (tag::INTEGER, Some(tag::SEQUENCE | tag::INTEGER | tag::OCTET_STRING)) => Some(Kind::PrivateKey),
        // EncryptedPrivateKeyInfo.
        (tag::SEQUENCE, Some(tag::OCTET_STRING)) => Some(Kind::PrivateKey),
        (tag::SEQUENCE, _) => signed_kind(&first, &notes),
        _ => None,
    }
}

/// The explicit tag around the version of a certificate (RFC 5280 section 4.1).
const CERTIFICATE_VERSION: u8 = tag::constructed(0);

/// Certificate, request or CRL, by what is signed; `None` for what begins like none of them.
fn signed_kind(to_be_signed: &Value<'_>, notes: &Notes) -> Option<Kind> {
    let mut fields = to_be_signed.open(notes).ok()?;
    let mut tags = Vec::with_capacity(4);
    let mut second = None;
    while let (true, Ok(value)) = (tags.len() < 4, fields.value()) {
        if tags.len() == 1 {
            second = Some(value);
        }
        tags.push(value.tag);
    }
    if tags
        .iter()
        .any(|tag| matches!(*tag, tag::UTC_TIME | tag::GENERALIZED_TIME))
    {
        return Some(Kind::Crl);
    }
    // The second field of a request is a name, a SEQUENCE of SETs; that of a certificate is an algorithm or serial
    // number.
    let is_name = second.is_some_and(|value| {
        value.tag == tag::SEQUENCE && matches!(value.content.first(), Some(&tag::SET) | None)
    });
    match *tags.as_slice() {
        [tag::INTEGER, ..] if is_name => Some(Kind::Request),
        // Version and serial number, or the serial number and algorithm of version 1.
        [CERTIFICATE_VERSION, tag::INTEGER, ..] | [tag::INTEGER, tag::SEQUENCE, ..] => {
            Some(Kind::Certificate)
        }
        _ => None,
    }
}

/// Opens key stores: none when there is no password.
fn passphrases(password: &str) -> Vec<Secret> {
    let given = (!password.is_empty()).then(|| Secret::new(password));
    given.into_iter().collect()
}

fn key_store(der: &[u8], password: &str) -> Result<Contents, Unreadable> {
    let opened = key_store::pkcs12(der, &passphrases(password)).map_err(|error| match error {
        KeyStoreError::NoPassphrase => Unreadable::NoPassword,
        KeyStoreError::Locked => Unreadable::Password,
        malformed @ KeyStoreError::Malformed(_) => Unreadable::KeyStore(malformed),
    })?;
    Ok(of_key_store(opened, Wrapping::Pkcs12))
}

fn java_key_store(bytes: &[u8], password: &str) -> Result<Contents, Unreadable> {
    let opened = key_store::java(bytes, &passphrases(password)).map_err(|error| match error {
        KeyStoreError::Locked | KeyStoreError::NoPassphrase => Unreadable::JavaPassword,
        malformed @ KeyStoreError::Malformed(_) => Unreadable::KeyStore(malformed),
    })?;
    if let (true, Some(words)) = (opened.certificates.is_empty(), &opened.unread) {
        return Err(Unreadable::KeyStore(KeyStoreError::Malformed(words.clone())));
    }
    let remark = if opened.intact {
        "the password proves that nothing in it was changed"
    } else {
        "read without a password, so that nobody knows whether it was changed: see --password-file"
    };
    let wrapping = if bytes.starts_with(&[0xce]) {
        Wrapping::Jceks
    } else {
        Wrapping::Jks
    };
    let mut contents = of_key_store(opened, wrapping);
    contents.remarks.push(remark.to_owned());
    Ok(contents)
}

fn of_key_store(opened: Opened, wrapping: Wrapping) -> Contents {
    let labelled = |label: Option<Untrusted>, thing: Thing| Item {
        line: None,
        label,
        thing,
    };
    let certificates = opened
        .certificates
        .into_iter()
        .map(|stored| labelled(stored.alias, certificate_of(&stored.der)));
    let keys = opened.keys.into_iter().map(|label| {
        let kind = "PRIVATE KEY".to_owned();
        labelled(label, Thing::PrivateKey { kind })
    });
    let secrets = opened.secrets.into_iter().map(|label| {
        let kind = "secret".to_owned();
        labelled(label, Thing::Other { kind })
    });
    Contents {
        wrapping,
        items: certificates
            .chain(keys)
            .chain(secrets)
            .take(limits::BUNDLE_ITEMS)
            .collect(),
        problems: opened.unread.into_iter().collect(),
        remarks: Vec::new(),
        leaf_lost: None,
    }
}
