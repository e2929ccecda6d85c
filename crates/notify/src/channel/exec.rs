//! A program on this machine: the message as JSON on its standard input. It is named in the file alone, never on a page.

/// A program with its arguments; no shell reads them.
#[derive(Debug)]
pub(crate) struct Exec {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
}
