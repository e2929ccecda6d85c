//! Where the newest changes to a list are (`freshestCRL`, RFC 5280 sections 4.2.1.15 and 5.2.6).

use crate::certificate::{DistributionPointName, Extension, GeneralName, extensions};
use crate::der::{DerError, Notes, Reader, tag};
use crate::limits;
use crate::untrusted::Untrusted;

/// The URLs in the extension of a certificate or of a list, as many as [`limits::LIST_ENTRIES`]; `der` must be the bytes
/// that `extensions` were read from.
pub fn freshest_urls(der: &[u8], extensions: &[Extension]) -> Vec<Untrusted> {
    let freshest = extensions
        .iter()
        .find(|extension| extension.oid.content() == [0x55, 0x1d, 46]);
    let Some(value) = freshest.and_then(|extension| der.get(extension.value.clone())) else {
        return Vec::new();
    };
    let notes = Notes::default();
    let mut urls = Vec::new();
    // What was read before something that cannot be read is kept.
    notes.keep(points(value, &notes, &mut urls));
    urls
}

fn points(value: &[u8], notes: &Notes, urls: &mut Vec<Untrusted>) -> Result<(), DerError> {
    let mut points = Reader::new(value, notes).open(tag::SEQUENCE)?;
    while !points.is_empty() && urls.len() < limits::LIST_ENTRIES {
        let mut parts = points.open(tag::SEQUENCE)?;
        let Some(name) = parts.optional(tag::constructed(0))? else {
            continue;
        };
        if let Some(DistributionPointName::Full(names)) = extensions::distribution_point_name(&name, notes)? {
            urls.extend(names.into_iter().filter_map(|name| match name {
                GeneralName::Uri(url) => Some(url),
                _ => None,
            }));
        }
    }
    urls.truncate(limits::LIST_ENTRIES);
    Ok(())
}
