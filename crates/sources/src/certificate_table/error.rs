//! Why a table cannot be read, each with what to do.

use model::limits;

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not there, or not to be read.
    #[error("cannot read the table {path}: {error}")]
    Unreadable {
        /// Where.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Nothing in it.
    #[error("the table is empty: its first row should be the headers of its columns")]
    Empty,
    /// Not CSV.
    #[error("the table is a spreadsheet and no CSV: export it as CSV (comma-separated values, UTF-8)")]
    Spreadsheet,
    /// A header without end.
    #[error(
        "the first row is longer than {} bytes or has more than {} columns: is this a table in CSV?",
        limits::TABLE_ROW_BYTES,
        limits::TABLE_COLUMNS
    )]
    Header,
    /// A column that is not there.
    #[error("columns.{role}: the table has no column `{wanted}`; it has {found}")]
    NoColumn {
        /// Which setting names it.
        role: &'static str,
        /// What it names.
        wanted: String,
        /// What the table has.
        found: String,
    },
    /// Nothing by which a certificate could be told.
    #[error(
        "no column tells a certificate: say which one has names, common_name, serial, certificate or endpoint under [columns]; the table has {found}"
    )]
    NothingTold {
        /// What the table has.
        found: String,
    },
}
