//! What a configuration says of an account at DigiCert CertCentral.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where its interface is: `us`, `eu`, or an address such as `https://www.digicert.com/services/v2`.
    pub region: Region,
    /// A file whose first line is the key (`X-DC-DEVKEY`). A key that may only view is enough.
    pub key_file: Option<PathBuf>,
    /// A variable of the environment that holds the key, where there is no file.
    pub key_variable: Option<String>,
    /// Which certificates are fetched whole. The others are known by what the list says of them.
    pub fetch: Fetch,
    /// Orders asked for at once; the account may give fewer.
    pub page_size: Option<u32>,
}

/// Where the interface of an account is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Region {
    /// Accounts of the United States platform, which most are.
    #[default]
    Us,
    /// Accounts of the European platform.
    Eu,
    /// Another address, without a slash at its end.
    At(String),
}

/// Which certificates are fetched whole, each of them once for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetch {
    /// Those that are valid, or ended at most 90 days ago: what may still be served.
    #[default]
    Current,
    /// All, expired and revoked ones too. The rate limit allows about 20,000 an hour.
    All,
    /// None.
    None,
}

impl From<String> for Region {
    fn from(text: String) -> Self {
        match text.as_str() {
            "us" => Self::Us,
            "eu" => Self::Eu,
            _ => Self::At(text),
        }
    }
}

impl Region {
    /// The address that every question begins with.
    pub fn base(&self) -> &str {
        match self {
            Self::Us => "https://www.digicert.com/services/v2",
            Self::Eu => "https://certcentral.digicert.eu/services/v2",
            Self::At(base) => base.trim_end_matches('/'),
        }
    }
}
