//! Certificate signing requests (PKCS#10, RFC 2986).

use super::{Facts, OddityKind, algorithms, extensions, names};
use crate::der::{DerError, Notes, Reader, Value, tag};
use crate::limits;

/// A request for a certificate. Immutable.
#[derive(Clone, Debug)]
pub struct SigningRequest {
    der: Box<[u8]>,
    facts: Facts,
}

impl SigningRequest {
    /// Reads `der`. Never fails: see [`Facts::oddities`].
    pub fn from_der(der: impl Into<Box<[u8]>>) -> Self {
        let der = der.into();
        let notes = Notes::default();
        let mut facts = Facts::default();
        notes.enter("certificationRequest");
        notes.keep(request(&der, &notes, &mut facts));
        facts.oddities = notes.into_oddities();
        Self { der, facts }
    }

    /// The bytes as they came.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What was asked for: subject, key, and the extensions of the `extensionRequest` attribute (RFC 2985 section
    /// 5.4.2), with signature and signature algorithm. What a request does not have (issuer, serial number, validity)
    /// is empty, and `version` is one more than the number in it, as for certificates.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }
}

fn request(der: &[u8], notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut whole = Reader::new(der, notes);
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let to_be_signed = parts.expect(tag::SEQUENCE)?;
    facts.to_be_signed = to_be_signed.range();
    notes.keep(fields(&to_be_signed, notes, facts));
    notes.enter("signatureAlgorithm");
    let algorithm = parts.expect(tag::SEQUENCE)?;
    facts.signature_algorithm = notes
        .keep(algorithms::signature(&algorithm, notes))
        .unwrap_or_default();
    facts.signature_algorithms_agree = true;
    notes.enter("signature");
    let signature = parts.expect(tag::BIT_STRING)?;
    signature.octets(notes);
    facts.signature = signature.bits_range();
    parts.finish();
    Ok(())
}

fn fields(to_be_signed: &Value<'_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut fields = to_be_signed.open(notes)?;
    notes.enter("version");
    let version = fields
        .expect(tag::INTEGER)?
        .small_integer(notes)
        .and_then(|version| u8::try_from(version).ok());
    facts.version = version.map_or(u8::MAX, |version| version.saturating_add(1));
    notes.enter("subject");
    facts.subject = names::distinguished_name(&fields.expect(tag::SEQUENCE)?, notes);
    notes.enter("subjectPublicKeyInfo");
    facts.public_key = algorithms::public_key(&fields.expect(tag::SEQUENCE)?, notes);
    notes.enter("attributes");
    // Some writers leave the empty set out.
    if let Some(attributes) = fields.optional(tag::constructed(0))? {
        let mut attributes = attributes.open(notes)?;
        let mut count = 0;
        while !attributes.is_empty() {
            if count == limits::LIST_ENTRIES {
                return Err(DerError {
                    offset: attributes.offset(),
                    kind: OddityKind::TooManyEntries,
                });
            }
            notes.enter("attributes");
            let one = attributes.expect(tag::SEQUENCE)?;
            notes.keep(attribute(&one, notes, facts));
            count += 1;
        }
    }
    fields.finish();
    Ok(())
}

fn attribute(attribute: &Value<'_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut parts = attribute.open(notes)?;
    let kind = parts.expect(tag::OID)?.oid_content(notes);
    let values = parts.expect(tag::SET)?;
    parts.finish();
    // extensionRequest, and Microsoft's number for the same.
    if matches!(
        kind,
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14] | [0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14]
    ) && facts.extensions.is_empty()
    {
        notes.enter("extensionRequest");
        extensions::read_all(&values, notes, facts)?;
    }
    Ok(())
}
