//! Elements of one JSON array.

use crate::report::fields::Fields;
use crate::report::ndjson;
use engine::look::Look;

/// Appends one element with the comma and newline in front; the writer leaves out the first comma.
pub(crate) fn append(look: &Look, fields: Option<&Fields>, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\n");
    ndjson::append_object(look, fields, out);
}
