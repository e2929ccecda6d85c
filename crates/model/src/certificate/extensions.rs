//! The extensions of a certificate (RFC 5280 section 4.2).

use super::names::{self, AddressForm};
use super::{
    BasicConstraints, DistributionPoint, DistributionPointName, Extension, Facts, GeneralName, KeyUsage,
    NameConstraints, OddityKind, PolicyConstraints, ReasonFlags,
};
use crate::der::{DerError, Notes, Reader, Value, tag};
use crate::limits;
use crate::oid::Oid;

/// Reads the list of extensions (the value that holds the SEQUENCE).
pub(super) fn read_all(list: &Value<'_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut outer = list.open(notes)?;
    let extensions = outer.open(tag::SEQUENCE)?;
    outer.finish();
    facts.extensions.reserve_exact(10);
    for_each(extensions, notes, |extension, value| {
        // At most `limits::EXTENSIONS` squared comparisons.
        let duplicate = facts
            .extensions
            .iter()
            .any(|earlier| earlier.oid == extension.oid);
        let known = if duplicate {
            None
        } else {
            known(extension.oid.content())
        };
        facts.extensions.push(extension);
        if duplicate {
            notes.add(value.offset, OddityKind::DuplicateExtension);
        }
        let Some((field, read)) = known else { return Ok(()) };
        notes.enter(field);
        let mut content = value.open(notes)?;
        read(&mut content, notes, facts)?;
        content.finish();
        Ok(())
    })
}

/// Calls `read` for each of the extensions with its OCTET STRING, as many as [`limits::EXTENSIONS`]. What fails inside
/// one is noted, and the next is read.
pub(crate) fn for_each<'a>(
    mut extensions: Reader<'a, '_>,
    notes: &Notes,
    mut read: impl FnMut(Extension, &Value<'a>) -> Result<(), DerError>,
) -> Result<(), DerError> {
    let list = notes.field();
    for _ in 0..limits::EXTENSIONS {
        if extensions.is_empty() {
            return Ok(());
        }
        let extension = extensions.expect(tag::SEQUENCE)?;
        notes.keep(parts(&extension, notes).and_then(|(extension, value)| read(extension, &value)));
        notes.enter(list);
    }
    if extensions.is_empty() {
        return Ok(());
    }
    Err(DerError {
        offset: extensions.offset(),
        kind: OddityKind::TooManyEntries,
    })
}

/// Identifier, criticality, and the OCTET STRING of one extension.
fn parts<'a>(extension: &Value<'a>, notes: &Notes) -> Result<(Extension, Value<'a>), DerError> {
    let mut parts = extension.open(notes)?;
    let oid = parts.expect(tag::OID)?.oid(notes);
    let critical = flag(&mut parts, notes)?;
    let value = parts.expect(tag::OCTET_STRING)?;
    parts.finish();
    Ok((
        Extension {
            oid,
            critical,
            value: value.content_range(),
        },
        value,
    ))
}

/// A BOOLEAN that is false when it is left out, and must then be left out.
fn flag(parts: &mut Reader<'_, '_>, notes: &Notes) -> Result<bool, DerError> {
    let Some(flag) = parts.optional(tag::BOOLEAN)? else {
        return Ok(false);
    };
    let set = flag.boolean(notes);
    if !set {
        notes.add(flag.offset, OddityKind::NonCanonicalBoolean);
    }
    Ok(set)
}

type Read = fn(&mut Reader<'_, '_>, &Notes, &mut Facts) -> Result<(), DerError>;

/// The extensions that are read, by their identifier's content bytes.
fn known(kind: &[u8]) -> Option<(&'static str, Read)> {
    let found: (&'static str, Read) = match kind {
        [0x55, 0x1d, last] => match last {
            14 => ("subjectKeyIdentifier", subject_key_id),
            15 => ("keyUsage", key_usage),
            17 => ("subjectAltName", subject_alt_names),
            19 => ("basicConstraints", basic_constraints),
            30 => ("nameConstraints", name_constraints),
            31 => ("cRLDistributionPoints", crl_distribution_points),
            32 => ("certificatePolicies", policies),
            33 => ("policyMappings", policy_mappings),
            36 => ("policyConstraints", policy_constraints),
            54 => ("inhibitAnyPolicy", inhibit_any_policy),
            35 => ("authorityKeyIdentifier", authority_key_id),
            37 => ("extKeyUsage", extended_key_usages),
            _ => return None,
        },
        [0x2b, 6, 1, 5, 5, 7, 1, 1] => ("authorityInfoAccess", authority_information),
        [0x2b, 6, 1, 5, 5, 7, 1, 24] => ("tlsFeature", tls_feature),
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2] => ("signedCertificateTimestamps", embedded_scts),
        [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3] => ("precertificatePoison", precertificate),
        _ => return None,
    };
    Some(found)
}

fn subject_key_id(content: &mut Reader<'_, '_>, _: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    facts.subject_key_id = Some(content.expect(tag::OCTET_STRING)?.content.into());
    Ok(())
}

fn authority_key_id(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut parts = content.open(tag::SEQUENCE)?;
    facts.authority_key_id = parts.optional(tag::context(0))?.map(|id| id.content.into());
    // The issuer's name and serial number, which nobody uses.
    facts.authority_certificate_named = parts.optional(tag::constructed(1))?.is_some();
    if let Some(serial) = parts.optional(tag::context(2))? {
        serial.integer(notes);
        facts.authority_certificate_named = true;
    }
    parts.finish();
    Ok(())
}

/// Bit 0 of the extension is the highest of its first byte, and the lowest of [`KeyUsage`].
fn key_usage(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let bits = content.expect(tag::BIT_STRING)?.bit_string(notes);
    let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or_default().reverse_bits());
    facts.key_usage = Some(KeyUsage(byte(0) | byte(1) << 8));
    Ok(())
}

fn subject_alt_names(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let (names, count) = names::general_names(content.open(tag::SEQUENCE)?, notes)?;
    facts.subject_alt_names = Some(names);
    facts.subject_alt_name_count = count;
    Ok(())
}

fn basic_constraints(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut parts = content.open(tag::SEQUENCE)?;
    let ca = flag(&mut parts, notes)?;
    let path_length = parts.optional(tag::INTEGER)?.map(|length| bound(&length, notes));
    parts.finish();
    facts.basic_constraints = Some(BasicConstraints { ca, path_length });
    Ok(())
}

/// A bound beyond 32 bits bounds nothing; a negative one allows nothing.
fn bound(length: &Value<'_>, notes: &Notes) -> u32 {
    let negative = length.content.first().is_some_and(|first| first & 0x80 != 0);
    length
        .small_integer(notes)
        .unwrap_or(if negative { 0 } else { u32::MAX })
}

fn name_constraints(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    let mut parts = content.open(tag::SEQUENCE)?;
    let mut constraints = NameConstraints::default();
    if let Some(permitted) = parts.optional(tag::constructed(0))? {
        notes.keep(subtrees(&permitted, notes, &mut constraints.permitted));
    }
    if let Some(excluded) = parts.optional(tag::constructed(1))? {
        notes.keep(subtrees(&excluded, notes, &mut constraints.excluded));
    }
    parts.finish();
    facts.name_constraints = Some(constraints);
    Ok(())
}

fn subtrees(list: &Value<'_>, notes: &Notes, names: &mut Vec<GeneralName>) -> Result<(), DerError> {
    let mut list = list.open(notes)?;
    while !list.is_empty() {
        if names.len() == limits::NAMES_PARSED {
            return Err(DerError {
                offset: list.offset(),
                kind: OddityKind::TooManyNames,
            });
        }
        let mut subtree = list.open(tag::SEQUENCE)?;
        names.push(names::general_name(
            &subtree.value()?,
            AddressForm::WithMask,
            notes,
        ));
        // RFC 5280 section 4.2.1.10: minimum and maximum are not used.
        subtree.finish();
    }
    Ok(())
}

/// Reads a SEQUENCE, one element at a time, as many as [`limits::LIST_ENTRIES`].
fn each<'a, 'n>(
    content: &mut Reader<'a, 'n>,
    mut read: impl FnMut(&mut Reader<'a, 'n>) -> Result<(), DerError>,
) -> Result<(), DerError> {
    let mut list = content.open(tag::SEQUENCE)?;
    let mut count = 0;
    while !list.is_empty() {
        if count == limits::LIST_ENTRIES {
            return Err(DerError {
                offset: list.offset(),
                kind: OddityKind::TooManyEntries,
            });
        }
        read(&mut list)?;
        count += 1;
    }
    Ok(())
}

fn extended_key_usages(
    content: &mut Reader<'_, '_>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<(), DerError> {
    let usages = facts.extended_key_usages.insert(Vec::with_capacity(2));
    each(content, |list| {
        usages.push(list.expect(tag::OID)?.oid(notes));
        Ok(())
    })
}

fn policies(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    each(content, |list| {
        let policy: Oid = list.open(tag::SEQUENCE)?.expect(tag::OID)?.oid(notes);
        facts.policies.push(policy);
        Ok(())
    })
}

fn policy_mappings(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    each(content, |list| {
        let mut mapping = list.open(tag::SEQUENCE)?;
        let issuer = mapping.expect(tag::OID)?.oid(notes);
        let subject = mapping.expect(tag::OID)?.oid(notes);
        mapping.finish();
        facts.policy_mappings.push((issuer, subject));
        Ok(())
    })
}

fn policy_constraints(
    content: &mut Reader<'_, '_>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<(), DerError> {
    let mut parts = content.open(tag::SEQUENCE)?;
    let mut part = |number| -> Result<Option<u32>, DerError> {
        let skip = parts.optional(tag::context(number))?;
        Ok(skip.map(|skip| bound(&skip, notes)))
    };
    facts.policy_constraints = Some(PolicyConstraints {
        require_explicit: part(0)?,
        inhibit_mapping: part(1)?,
    });
    parts.finish();
    Ok(())
}

fn inhibit_any_policy(
    content: &mut Reader<'_, '_>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<(), DerError> {
    facts.inhibit_any_policy = Some(bound(&content.expect(tag::INTEGER)?, notes));
    Ok(())
}

fn authority_information(
    content: &mut Reader<'_, '_>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<(), DerError> {
    each(content, |list| {
        let mut description = list.open(tag::SEQUENCE)?;
        let method = description.expect(tag::OID)?.oid_content(notes);
        let location = description.value()?;
        description.finish();
        let GeneralName::Uri(url) = names::general_name(&location, AddressForm::Single, notes) else {
            return Ok(());
        };
        match method {
            [0x2b, 6, 1, 5, 5, 7, 48, 1] => facts.ocsp_urls.push(url),
            [0x2b, 6, 1, 5, 5, 7, 48, 2] => facts.issuer_urls.push(url),
            _ => {}
        }
        Ok(())
    })
}

fn crl_distribution_points(
    content: &mut Reader<'_, '_>,
    notes: &Notes,
    facts: &mut Facts,
) -> Result<(), DerError> {
    each(content, |list| {
        let mut parts = list.open(tag::SEQUENCE)?;
        let name = parts.optional(tag::constructed(0))?;
        let name = name
            .and_then(|name| notes.keep(distribution_point_name(&name, notes)))
            .flatten();
        let reasons = parts
            .optional(tag::context(1))?
            .map(|flags| reason_flags(&flags, notes));
        let crl_issuers = match parts.optional(tag::constructed(2))? {
            Some(issuers) => names::general_names(issuers.open(notes)?, notes)?.0,
            None => Vec::new(),
        };
        parts.finish();
        if let Some(DistributionPointName::Full(names)) = &name {
            let urls = names.iter().filter_map(|name| match name {
                GeneralName::Uri(url) => Some(url.clone()),
                _ => None,
            });
            let room = limits::LIST_ENTRIES.saturating_sub(facts.crl_urls.len());
            facts.crl_urls.extend(urls.take(room));
        }
        facts.crl_points.push(DistributionPoint {
            name,
            reasons,
            crl_issuers,
        });
        Ok(())
    })
}

/// DistributionPointName: the content of the explicit tag that holds it.
pub(crate) fn distribution_point_name(
    name: &Value<'_>,
    notes: &Notes,
) -> Result<Option<DistributionPointName>, DerError> {
    let mut choice = name.open(notes)?;
    if let Some(full) = choice.optional(tag::constructed(0))? {
        let (names, _) = names::general_names(full.open(notes)?, notes)?;
        return Ok(Some(DistributionPointName::Full(names)));
    }
    let relative = choice.optional(tag::constructed(1))?;
    Ok(relative.map(|part| DistributionPointName::Relative(names::canonical_part(&part))))
}

/// Bit 0 is the highest of the first byte, and the lowest of [`ReasonFlags`].
pub(crate) fn reason_flags(flags: &Value<'_>, notes: &Notes) -> ReasonFlags {
    let bits = flags.bit_string(notes);
    let byte = |at: usize| u16::from(bits.get(at).copied().unwrap_or_default().reverse_bits());
    ReasonFlags(byte(0) | byte(1) << 8)
}

/// RFC 7633 section 4.2.3.1: the numbers of TLS extensions; `status_request` is 5, `status_request_v2` 17.
fn tls_feature(content: &mut Reader<'_, '_>, notes: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    each(content, |list| {
        let feature = list.expect(tag::INTEGER)?.small_integer(notes);
        facts.must_staple |= matches!(feature, Some(5 | 17));
        Ok(())
    })
}

fn embedded_scts(content: &mut Reader<'_, '_>, _: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    facts.embedded_scts = Some(content.expect(tag::OCTET_STRING)?.content_range());
    Ok(())
}

fn precertificate(content: &mut Reader<'_, '_>, _: &Notes, facts: &mut Facts) -> Result<(), DerError> {
    facts.precertificate = true;
    // RFC 6962 section 3.1: NULL.
    content.expect(0x05)?;
    Ok(())
}
