//! Settings of the sources that tell certificates and targets, as a configuration file has them, and the run of each.
//!
//! ```toml
//! [source.digicert]
//! kind = "certcentral"
//! key_file = "/etc/nolapse/digicert.key"
//! ```
//!
//! A table comes in by serde, one [`Settings`] goes out; a key that is not known is an error. Relative paths begin where
//! [`Settings::relative_to`] says, and defaults are the fields' own words.

use std::path::{Path, PathBuf};

use model::sighting::SourceKind;
use serde::Deserialize;

use crate::run::{Ask, Run, Sink};
use crate::{certcentral, certificate_files, certificate_table, kubernetes, target_list};

/// Settings of one source.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// An account at DigiCert CertCentral.
    Certcentral(certcentral::Settings),
    /// A table in CSV.
    Csv(certificate_table::Settings),
    /// Files, folders and key stores.
    Files(certificate_files::Settings),
    /// The TLS secrets of a Kubernetes cluster.
    Kubernetes(kubernetes::Settings),
    /// A list of targets.
    List(target_list::Settings),
}

impl Settings {
    /// What kind of place it asks.
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Certcentral(_) => SourceKind::Account,
            Self::Csv(_) => SourceKind::Table,
            Self::Files(_) => SourceKind::Files,
            Self::Kubernetes(_) => SourceKind::Cluster,
            Self::List(_) => SourceKind::List,
        }
    }

    /// Lets relative paths begin in `folder`, which is that of the configuration file.
    pub fn relative_to(&mut self, folder: &Path) {
        for path in self.paths() {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        }
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            Self::Certcentral(settings) => settings.key_file.iter_mut().collect(),
            Self::Csv(settings) => vec![&mut settings.file],
            Self::Files(settings) => settings
                .paths
                .iter_mut()
                .chain(&mut settings.passphrase_files)
                .collect(),
            Self::Kubernetes(settings) => settings
                .kubeconfig
                .iter_mut()
                .chain(&mut settings.token_file)
                .chain(&mut settings.ca_file)
                .collect(),
            Self::List(settings) => vec![&mut settings.file],
        }
    }

    /// Asks the place once. What it tells goes to `sink` in order.
    ///
    /// Files are read in place, so that a run belongs on a thread that may wait for a disk.
    pub async fn run(&self, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
        match self {
            Self::Certcentral(settings) => certcentral::run(settings, ask, sink).await,
            Self::Csv(settings) => certificate_table::run(settings, ask, sink).await,
            Self::Files(settings) => certificate_files::run(settings, ask, sink).await,
            Self::Kubernetes(settings) => kubernetes::run(settings, ask, sink).await,
            Self::List(settings) => target_list::run(settings, ask, sink).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Deserialize)]
    struct Configuration {
        source: BTreeMap<String, Settings>,
    }

    #[test]
    fn the_guide_shows_what_is_read() {
        let guide = include_str!("../../../docs/guide/sources.md");
        let blocks = guide.split("```toml\n").skip(1);
        let mut kinds: Vec<&str> = blocks
            .map(|block| block.split("```").next().unwrap())
            .flat_map(|block| {
                let read: Configuration =
                    toml::from_str(block).unwrap_or_else(|error| panic!("{block}{error}"));
                read.source.into_values()
            })
            .map(|settings| settings.kind().word())
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds, ["account", "cluster", "files", "list", "table"]);
    }

    #[test]
    fn relative_paths_begin_in_the_folder_of_the_configuration() {
        let text = "kind = \"files\"\npaths = [\"a\", \"/b\"]\npassphrase_files = [\"c\"]\n";
        let mut settings: Settings = toml::from_str(text).unwrap();
        settings.relative_to(Path::new("/etc/nolapse"));
        let Settings::Files(files) = settings else {
            panic!("files");
        };
        assert_eq!(files.paths, [Path::new("/etc/nolapse/a"), Path::new("/b")]);
        assert_eq!(files.passphrase_files, [Path::new("/etc/nolapse/c")]);
    }
}
