//! Certificate revocation lists (RFC 5280 section 5).
//!
//! The header is read; the entries, of which there may be millions, are walked on demand and never gathered.

use std::ops::Range;

use jiff::Timestamp;

use super::RevocationReason;
use crate::certificate::{
    DistinguishedName, DistributionPointName, Extension, GeneralName, Oddity, OddityKind, ReasonFlags,
    SignatureAlgorithm, algorithms, extensions, names,
};
use crate::der::{DerError, Notes, Reader, Value, tag};

/// A CRL without its entries. Its ranges point into the bytes that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crl {
    /// Version as people say it (1 or 2); 0 when unread.
    pub version: u8,
    /// Who issued it.
    pub issuer: DistinguishedName,
    /// When it was issued; `None` also when it is no CRL.
    pub this_update: Option<Timestamp>,
    /// When the next one will be issued at the latest.
    pub next_update: Option<Timestamp>,
    /// CRL number (section 5.2.3), content bytes of the INTEGER.
    pub number: Option<Box<[u8]>>,
    /// Authority key identifier (section 5.2.1).
    pub authority_key_id: Option<Box<[u8]>>,
    /// Whether it lists only what changed since another one (section 5.2.4).
    pub delta: bool,
    /// The number of the list that a delta builds on, content bytes of the INTEGER.
    pub base_number: Option<Box<[u8]>>,
    /// What it covers (section 5.2.5); everything of its issuer when there is none.
    pub scope: Option<CrlScope>,
    /// How it is signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whether inner and outer signature algorithm are byte for byte the same (section 5.1.1.2).
    pub signature_algorithms_agree: bool,
    /// TBSCertList, header included: what the signature covers.
    pub to_be_signed: Range<usize>,
    /// The signature's bytes.
    pub signature: Range<usize>,
    /// The extensions of the list, in order.
    pub extensions: Vec<Extension>,
    /// What a strict reader refuses in the header, in the order of the bytes.
    pub oddities: Vec<Oddity>,
    entries: Range<usize>,
}

/// What a CRL covers (`issuingDistributionPoint`, section 5.2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrlScope {
    /// What the distribution point is called.
    pub point: Option<DistributionPointName>,
    /// Whose certificates it covers.
    pub only: CrlSubjects,
    /// The reasons that it covers; `None` is all of them.
    pub reasons: Option<ReasonFlags>,
    /// Whether it has entries of other issuers.
    pub indirect: bool,
    /// The extension's content in the bytes of the list.
    pub value: Range<usize>,
}

/// Whose certificates a CRL covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CrlSubjects {
    /// All.
    #[default]
    All,
    /// Those that are no authorities.
    EndEntities,
    /// Authorities.
    Authorities,
    /// Attribute certificates, or a combination that can cover nothing.
    Others,
}

/// One entry of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RevokedCertificate<'a> {
    /// Serial number, content bytes of the INTEGER.
    pub serial: &'a [u8],
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why, if said.
    pub reason: Option<RevocationReason>,
    /// Who issued it, when another than before (section 5.3.3): the extension's content, GeneralNames.
    pub issuer: Option<&'a [u8]>,
    /// Whether it has a critical extension that is not read here: the list is then not understood (section 5.3).
    pub unknown_critical: bool,
}

impl Crl {
    /// Reads the header of `der`. Never fails: see the oddities.
    pub fn parse(der: &[u8]) -> Self {
        let notes = Notes::default();
        let mut crl = Self::default();
        notes.enter("certificateList");
        notes.keep(certificate_list(der, &notes, &mut crl));
        crl.oddities = notes.into_oddities();
        crl
    }

    /// The critical extensions of the list that are not read here.
    pub fn unknown_critical(&self) -> impl Iterator<Item = &Extension> {
        let is_known = |content: &[u8]| matches!(content, [0x55, 0x1d, 18 | 20 | 27 | 28 | 35 | 46]);
        let critical = self.extensions.iter().filter(|extension| extension.critical);
        critical.filter(move |extension| !is_known(extension.oid.content()))
    }

    /// The entry that begins at this offset of `der`; `None` when none does.
    pub(super) fn entry_at<'a>(&self, der: &'a [u8], offset: usize) -> Option<RevokedCertificate<'a>> {
        CrlEntries {
            rest: der.get(offset..self.entries.end)?,
            offset,
        }
        .next()?
        .ok()
    }

    /// Walks the entries; `der` must be the bytes that the list was read from. It ends at the first entry that cannot
    /// be read, with its error.
    pub fn entries<'a>(&self, der: &'a [u8]) -> CrlEntries<'a> {
        CrlEntries {
            rest: der.get(self.entries.clone()).unwrap_or_default(),
            offset: self.entries.start,
        }
    }
}

impl RevokedCertificate<'_> {
    /// Whose certificate the entry means, when it says so: the first directory name.
    pub fn issuer_name(&self) -> Option<DistinguishedName> {
        let notes = Notes::default();
        let names = Reader::new(self.issuer?, &notes).open(tag::SEQUENCE).ok()?;
        let (names, _) = names::general_names(names, &notes).ok()?;
        names.into_iter().find_map(|name| match name {
            GeneralName::Directory(name) => Some(*name),
            _ => None,
        })
    }
}

/// The entries of a CRL.
#[derive(Clone, Debug)]
pub struct CrlEntries<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl CrlEntries<'_> {
    /// Where the next entry begins.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }
}

impl<'a> Iterator for CrlEntries<'a> {
    type Item = Result<RevokedCertificate<'a>, DerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let notes = Notes::default();
        let mut reader = Reader::new(self.rest, &notes);
        let entry = entry(&mut reader, &notes).map_err(|error| DerError {
            offset: error.offset + self.offset,
            ..error
        });
        self.offset += reader.offset();
        self.rest = if entry.is_ok() { reader.rest() } else { &[] };
        Some(entry)
    }
}

fn certificate_list(der: &[u8], notes: &Notes, crl: &mut Crl) -> Result<(), DerError> {
    let mut whole = Reader::new(der, notes);
    let mut parts = whole.open(tag::SEQUENCE)?;
    whole.finish();
    let list = parts.expect(tag::SEQUENCE)?;
    crl.to_be_signed = list.range();
    let mut fields = list.open(notes)?;
    notes.enter("version");
    crl.version = match fields.optional(tag::INTEGER)? {
        Some(version) => version
            .small_integer(notes)
            .and_then(|number| u8::try_from(number).ok())
            .map_or(u8::MAX, |number| number.saturating_add(1)),
        None => 1,
    };
    notes.enter("signature");
    let inner = fields.expect(tag::SEQUENCE)?;
    list_fields(&mut fields, notes, crl)?;
    notes.enter("signatureAlgorithm");
    let algorithm = parts.expect(tag::SEQUENCE)?;
    crl.signature_algorithms_agree = inner.whole == algorithm.whole;
    crl.signature_algorithm = notes
        .keep(algorithms::signature(&algorithm, notes))
        .unwrap_or_default();
    notes.enter("signatureValue");
    let signature = parts.expect(tag::BIT_STRING)?;
    signature.octets(notes);
    crl.signature = signature.bits_range();
    parts.finish();
    Ok(())
}

fn list_fields(fields: &mut Reader<'_, '_>, notes: &Notes, crl: &mut Crl) -> Result<(), DerError> {
    notes.enter("issuer");
    crl.issuer = names::distinguished_name(&fields.expect(tag::SEQUENCE)?, notes);
    notes.enter("thisUpdate");
    crl.this_update = Some(fields.value()?.time(notes)?);
    notes.enter("nextUpdate");
    if matches!(fields.peek(), Some(tag::UTC_TIME | tag::GENERALIZED_TIME)) {
        crl.next_update = notes.keep(fields.value()?.time(notes));
    }
    notes.enter("revokedCertificates");
    if let Some(entries) = fields.optional(tag::SEQUENCE)? {
        crl.entries = entries.content_range();
    }
    notes.enter("crlExtensions");
    if let Some(list) = fields.optional(tag::constructed(0))? {
        let mut outer = list.open(notes)?;
        notes.keep(extensions::for_each(
            outer.open(tag::SEQUENCE)?,
            notes,
            |extension, value| {
                let content = extension.oid.content();
                match content {
                    [0x55, 0x1d, 20] => {
                        crl.number = Some(value.open(notes)?.expect(tag::INTEGER)?.integer(notes).into());
                    }
                    [0x55, 0x1d, 27] => {
                        crl.delta = true;
                        crl.base_number =
                            Some(value.open(notes)?.expect(tag::INTEGER)?.integer(notes).into());
                    }
                    [0x55, 0x1d, 28] => crl.scope = Some(scope(value, notes)?),
                    [0x55, 0x1d, 35] => {
                        let id = value
                            .open(notes)?
                            .open(tag::SEQUENCE)?
                            .optional(tag::context(0))?;
                        crl.authority_key_id = id.map(|id| id.content.into());
                    }
                    _ => {}
                }
                crl.extensions.push(extension);
                Ok(())
            },
        ));
        outer.finish();
    }
    fields.finish();
    Ok(())
}

fn scope(value: &Value<'_>, notes: &Notes) -> Result<CrlScope, DerError> {
    let mut parts = value.open(notes)?.open(tag::SEQUENCE)?;
    let point = match parts.optional(tag::constructed(0))? {
        Some(name) => extensions::distribution_point_name(&name, notes)?,
        None => None,
    };
    let flag = |parts: &mut Reader<'_, '_>, number| -> Result<bool, DerError> {
        let flag = parts.optional(tag::context(number))?;
        Ok(flag.is_some_and(|flag| flag.boolean(notes)))
    };
    let (users, authorities) = (flag(&mut parts, 1)?, flag(&mut parts, 2)?);
    let reasons = parts.optional(tag::context(3))?;
    let reasons = reasons.map(|flags| extensions::reason_flags(&flags, notes));
    let (indirect, attributes) = (flag(&mut parts, 4)?, flag(&mut parts, 5)?);
    parts.finish();
    let only = match (users, authorities, attributes) {
        (false, false, false) => CrlSubjects::All,
        (true, false, false) => CrlSubjects::EndEntities,
        (false, true, false) => CrlSubjects::Authorities,
        _ => CrlSubjects::Others,
    };
    Ok(CrlScope {
        point,
        only,
        reasons,
        indirect,
        value: value.content_range(),
    })
}

fn entry<'a>(reader: &mut Reader<'a, '_>, notes: &Notes) -> Result<RevokedCertificate<'a>, DerError> {
    let mut fields = reader.open(tag::SEQUENCE)?;
    let serial = fields.expect(tag::INTEGER)?.content;
    let revoked_at = notes.keep(fields.value()?.time(notes));
    let (mut reason, mut issuer, mut unknown_critical) = (None, None, false);
    if let Some(list) = fields.optional(tag::SEQUENCE)? {
        extensions::for_each(list.open(notes)?, notes, |extension, value| {
            match extension.oid.content() {
                [0x55, 0x1d, 21] => {
                    reason = value.open(notes)?.expect(tag::ENUMERATED)?.small_integer(notes);
                }
                [0x55, 0x1d, 29] => issuer = Some(value.content),
                // invalidityDate, which is a remark.
                [0x55, 0x1d, 24] => {}
                _ => unknown_critical |= extension.critical,
            }
            Ok(())
        })?;
    }
    if serial.is_empty() {
        return Err(DerError {
            offset: reader.offset(),
            kind: OddityKind::NonMinimalInteger,
        });
    }
    Ok(RevokedCertificate {
        serial,
        revoked_at,
        reason: reason.map(RevocationReason),
        issuer,
        unknown_critical,
    })
}
