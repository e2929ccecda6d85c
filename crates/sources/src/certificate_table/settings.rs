//! What a configuration says of a table.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of a table in CSV.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The file.
    pub file: PathBuf,
    /// What separates fields: one character, or `tab`. Told by the header when it is left out.
    #[serde(default)]
    pub delimiter: Option<Delimiter>,
    /// How the text is encoded. Told by its first bytes when it is left out, else UTF-8.
    #[serde(default)]
    pub encoding: Option<Encoding>,
    /// How days are written, in the words of `strptime`, such as `%d.%m.%Y`; ISO 8601 and what OpenSSL prints are known.
    #[serde(default)]
    pub date_format: Option<String>,
    /// Which header stands above what. Headers that are known need not be said.
    #[serde(default)]
    pub columns: Columns,
}

/// One character that separates fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Delimiter(pub(super) u8);

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8; what is not is read as Windows-1252 and counted.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big-endian.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, and with it ISO 8859-1.
    #[serde(rename = "windows-1252", alias = "latin-1", alias = "iso-8859-1")]
    Windows1252,
}

/// The headers of columns, as they stand in the file; case, spaces, `_` and `-` do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Columns {
    /// A whole certificate, in PEM or base64.
    pub certificate: Option<String>,
    /// Where it is installed or was seen: becomes an endpoint to look at.
    pub endpoint: Option<String>,
    /// Common name.
    pub common_name: Option<String>,
    /// Names, separated by white space, `,`, `;` or `|`; `DNS:` before each is passed over.
    pub names: Option<String>,
    /// Issuer.
    pub issuer: Option<String>,
    /// Serial number, in hexadecimal.
    pub serial: Option<String>,
    /// Begin of validity.
    pub not_before: Option<String>,
    /// End of validity.
    pub not_after: Option<String>,
    /// How it stands: issued, valid, expired, revoked, pending, rejected, canceled.
    pub status: Option<String>,
    /// Number of the order.
    pub order: Option<String>,
    /// What was bought.
    pub product: Option<String>,
    /// For whom.
    pub organization: Option<String>,
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_bytes() {
            _ if text == "tab" => Ok(Self(b'\t')),
            [byte] if *byte != b'"' && *byte != b'\n' && *byte != b'\r' => Ok(Self(*byte)),
            _ => Err(format!(
                "`{}` separates no fields: expected one character of ASCII, or `tab`",
                model::untrusted::shown(&text)
            )),
        }
    }
}
