//! Values and rows on their way between Rust and either database.
//!
//! Three kinds are enough for both, and one type for rows keeps every query in one place. Text that comes from strangers
//! may hold NUL, which PostgreSQL cannot keep: [`text`] puts its picture there. The certificate itself stays as it was.

use crate::error::Trouble;

/// The kinds of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Blob,
}

/// One value of one column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A stranger's text as both databases can keep it.
pub(crate) fn text(stranger: &str) -> Value {
    Value::Text(if stranger.contains('\0') {
        stranger.replace('\0', "\u{2400}")
    } else {
        stranger.to_owned()
    })
}

/// One row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, Trouble> {
        self.maybe_int(column)?.ok_or_else(|| wrong(column))
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, Trouble> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, Trouble> {
        self.maybe_text(column)?.ok_or_else(|| wrong(column))
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<&str>, Trouble> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    pub(crate) fn blob(&self, column: usize) -> Result<&[u8], Trouble> {
        self.maybe_blob(column)?.ok_or_else(|| wrong(column))
    }

    pub(crate) fn maybe_blob(&self, column: usize) -> Result<Option<&[u8]>, Trouble> {
        match self.0.get(column) {
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(Value::Null) => Ok(None),
            _ => Err(wrong(column)),
        }
    }

    /// A digest of fixed length.
    pub(crate) fn digest<const LENGTH: usize>(&self, column: usize) -> Result<[u8; LENGTH], Trouble> {
        self.blob(column)?.try_into().map_err(|_| wrong(column))
    }
}

fn wrong(column: usize) -> Trouble {
    Trouble::broken(format!("column {column} is not what was asked for"))
}
