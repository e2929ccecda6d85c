//! What a configuration says of files.

use std::path::PathBuf;

use serde::Deserialize;

/// Settings of files, folders and key stores of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Files, and folders with all that is in them.
    pub paths: Vec<PathBuf>,
    /// Files whose first lines are passphrases; each is tried on each key store.
    #[serde(default)]
    pub passphrase_files: Vec<PathBuf>,
    /// How deep folders are entered: 0 takes the files of a folder that is named and enters no other.
    #[serde(default)]
    pub depth: Option<usize>,
    /// Endings of files that are read in folders, such as `pem`; when it is left out, every file is that is no larger
    /// than a megabyte, and larger ones with a known ending.
    #[serde(default)]
    pub endings: Vec<String>,
}
