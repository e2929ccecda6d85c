//! Lines to people on standard error.

use std::io::Write as _;

/// Writes one line. When standard error is gone there is nobody to tell.
pub(crate) fn line(words: &str) {
    drop(writeln!(std::io::stderr().lock(), "{words}"));
}

/// Writes one line that begins with `warning:`.
pub(crate) fn warning(words: &str) {
    line(&format!("warning: {words}"));
}

/// Writes one line that begins with `error:`.
pub(crate) fn error(words: &str) {
    line(&format!("error: {words}"));
}
