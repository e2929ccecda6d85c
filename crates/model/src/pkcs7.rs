//! Bundles of certificates in PKCS#7 (CMS SignedData, RFC 5652 section 5.1; files named `.p7b` or `.p7c`).
//!
//! Only what is carried along is read; a signature over content, if there is one, is not looked at.

use std::ops::Range;

use crate::der::{DerError, Notes, Reader, tag};
use crate::limits;
use crate::oddity::{Oddity, OddityKind};

const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];

/// What a SignedData carries along. The ranges point into the bytes that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedData {
    /// Whether it is a SignedData at all.
    pub recognised: bool,
    /// Certificates in their order, at most [`limits::BUNDLE_ITEMS`].
    pub certificates: Vec<Range<usize>>,
    /// CRLs in their order, at most [`limits::BUNDLE_ITEMS`].
    pub crls: Vec<Range<usize>>,
    /// What a strict reader refuses, in the order of the bytes. Lengths that are indefinite are allowed here, since it
    /// may be BER.
    pub oddities: Vec<Oddity>,
}

impl SignedData {
    /// Reads `bytes`. Never fails: see the oddities.
    pub fn parse(bytes: &[u8]) -> Self {
        let notes = Notes::default();
        let mut data = Self::default();
        notes.enter("contentInfo");
        notes.keep(content_info(bytes, &notes, &mut data));
        data.oddities = notes.into_oddities();
        data.oddities
            .retain(|oddity| oddity.kind != OddityKind::NonMinimalLength);
        data
    }
}

fn content_info(bytes: &[u8], notes: &Notes, data: &mut SignedData) -> Result<(), DerError> {
    let mut whole = Reader::new(bytes, notes);
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let kind = parts.expect(tag::OID)?;
    if kind.oid_content(notes) != SIGNED_DATA {
        return Err(DerError {
            offset: kind.offset,
            kind: OddityKind::BadOid,
        });
    }
    let mut content = parts.open(tag::constructed(0))?;
    parts.finish();
    notes.enter("signedData");
    let mut fields = content.open(tag::SEQUENCE)?;
    data.recognised = true;
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::SET)?;
    fields.expect(tag::SEQUENCE)?;
    notes.enter("certificates");
    if let Some(list) = fields.optional(tag::constructed(0))? {
        collect(list.open(notes)?, notes, &mut data.certificates)?;
    }
    notes.enter("crls");
    if let Some(list) = fields.optional(tag::constructed(1))? {
        collect(list.open(notes)?, notes, &mut data.crls)?;
    }
    notes.enter("signerInfos");
    fields.expect(tag::SET)?;
    fields.finish();
    Ok(())
}

/// Other kinds of certificates and revocation information carry context tags; they are passed over.
fn collect(mut list: Reader<'_, '_>, notes: &Notes, found: &mut Vec<Range<usize>>) -> Result<(), DerError> {
    while !list.is_empty() {
        if found.len() == limits::BUNDLE_ITEMS {
            notes.add(list.offset(), OddityKind::TooManyEntries);
            break;
        }
        let value = list.value()?;
        if value.tag == tag::SEQUENCE {
            found.push(value.range());
        }
    }
    Ok(())
}
