//! One JSON object a line.

use crate::json;
use crate::record::Record;
use crate::report::fields::Fields;
use engine::look::Look;

/// Appends one line.
pub(crate) fn append(look: &Look, fields: Option<&Fields>, out: &mut Vec<u8>) {
    append_object(look, fields, out);
    out.push(b'\n');
}

/// Appends the record, or the chosen fields of it by their paths.
pub(crate) fn append_object(look: &Look, fields: Option<&Fields>, out: &mut Vec<u8>) {
    let written = match fields {
        None => json::append(out, &Record::new(look)),
        Some(fields) => json::append(out, &fields.chosen(look)),
    };
    // Every key is a string, which is all that could go wrong; an empty object is still a valid line.
    if written.is_err() {
        out.extend_from_slice(b"{}");
    }
}
