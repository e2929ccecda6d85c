//! Reading a certificate's DER into facts (RFC 5280 section 4.1).
//!
//! The bytes of a certificate come in, everything that can be read of it goes out. A part that does not parse is noted
//! and passed over; the others are still read.

use super::{DistinguishedName, Facts, OddityKind, algorithms, extensions, names};
use crate::der::{DerError, Notes, Reader, Value, tag};

/// Reads everything that can be read.
pub(super) fn facts(der: &[u8]) -> Facts {
    let notes = Notes::default();
    let mut facts = Facts::default();
    notes.enter("certificate");
    if let Err(cause) = certificate(der, &notes, &mut facts) {
        notes.enter("certificate");
        notes.add(0, OddityKind::NotACertificate);
        notes.add(cause.offset, cause.kind);
    }
    facts.oddities = notes.into_oddities();
    facts
}

/// Fails when it is no certificate at all.
fn certificate(der: &[u8], notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut whole = Reader::new(der, notes);
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let to_be_signed = parts.expect(tag::SEQUENCE)?;
    facts.to_be_signed = to_be_signed.range();
    let inner_algorithm = to_be_signed_fields(&to_be_signed, notes, facts)?;
    notes.enter("signatureAlgorithm");
    if let Some(algorithm) = notes.keep(parts.expect(tag::SEQUENCE)) {
        facts.signature_algorithms_agree =
            inner_algorithm.is_some_and(|inner| inner.whole == algorithm.whole);
        facts.signature_algorithm = notes
            .keep(algorithms::signature(&algorithm, notes))
            .unwrap_or_default();
    }
    notes.enter("signatureValue");
    if let Some(signature) = notes.keep(parts.expect(tag::BIT_STRING)) {
        facts.signature = signature.bits_range();
        signature.octets(notes);
        notes.enter("certificate");
        parts.finish();
    }
    if facts.not_after.is_none() && facts.public_key.spki.is_empty() {
        return Err(DerError {
            offset: 0,
            kind: OddityKind::NotACertificate,
        });
    }
    Ok(())
}

/// Reads the TBSCertificate, and gives back its signature algorithm.
fn to_be_signed_fields<'a>(
    to_be_signed: &Value<'a>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<Option<Value<'a>>, DerError> {
    let mut fields = to_be_signed.open(notes)?;
    notes.enter("version");
    facts.version = notes.keep(version(&mut fields, notes)).unwrap_or_default();
    if let Some(serial) = field(&mut fields, tag::INTEGER, "serialNumber", notes) {
        facts.serial = serial.integer(notes).into();
    }
    let algorithm = field(&mut fields, tag::SEQUENCE, "signature", notes);
    facts.issuer = name(&mut fields, "issuer", notes);
    if let Some(validity) = field(&mut fields, tag::SEQUENCE, "validity", notes) {
        notes.keep(read_validity(&validity, notes, facts));
    }
    facts.subject = name(&mut fields, "subject", notes);
    if let Some(key) = field(&mut fields, tag::SEQUENCE, "subjectPublicKeyInfo", notes) {
        facts.public_key = algorithms::public_key(&key, notes);
    }
    notes.enter("uniqueIdentifiers");
    notes.keep(fields.optional(tag::context(1)));
    notes.keep(fields.optional(tag::context(2)));
    notes.enter("extensions");
    let at = fields.offset();
    if let Some(list) = notes.keep(fields.optional(tag::constructed(3))).flatten() {
        if facts.version != 3 {
            notes.add(at, OddityKind::UnexpectedTag);
        }
        notes.keep(extensions::read_all(&list, notes, facts));
    }
    notes.enter("tbsCertificate");
    fields.finish();
    Ok(algorithm)
}

/// The next field. One of another type is noted and passed over, unless it is rather the next field that is there.
fn field<'a>(fields: &mut Reader<'a, '_>, tag: u8, name: &'static str, notes: &Notes) -> Option<Value<'a>> {
    notes.enter(name);
    let found = notes.keep(fields.expect(tag));
    let further =
        matches!(fields.peek(), Some(tag::SEQUENCE) | None) || fields.peek() == Some(tag::constructed(3));
    if found.is_none() && !further {
        notes.keep(fields.value());
    }
    found
}

fn version(fields: &mut Reader<'_, '_>, notes: &Notes) -> Result<u8, DerError> {
    let Some(version) = fields.optional(tag::constructed(0))? else {
        return Ok(1);
    };
    let mut version = version.open(notes)?;
    let integer = version.expect(tag::INTEGER)?;
    version.finish();
    let number = integer
        .small_integer(notes)
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(u8::MAX);
    if number == 0 {
        notes.add(integer.offset, OddityKind::NonCanonicalBoolean);
    }
    Ok(number.saturating_add(1))
}

fn name(fields: &mut Reader<'_, '_>, label: &'static str, notes: &Notes) -> DistinguishedName {
    field(fields, tag::SEQUENCE, label, notes)
        .map(|name| names::distinguished_name(&name, notes))
        .unwrap_or_default()
}

fn read_validity(validity: &Value<'_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut validity = validity.open(notes)?;
    facts.not_before = notes.keep(validity.value()?.time(notes));
    facts.not_after = notes.keep(validity.value()?.time(notes));
    validity.finish();
    Ok(())
}
