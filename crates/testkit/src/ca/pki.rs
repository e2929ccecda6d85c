//! A root, an intermediate, and the files that servers and nolapse are given of them.

use std::path::PathBuf;

use super::{KeyKind, Minted, Template};
use crate::folder::Folder;

/// PEM of several certificates, in the order given.
pub fn bundle(certificates: &[&Minted]) -> String {
    certificates.iter().map(|certificate| certificate.pem()).collect()
}

/// What a server is told to serve: a certificate file with the chain, and a key file.
#[derive(Clone, Debug)]
pub struct Served {
    /// PEM: the chain as it is to be sent, leaf first unless the test wants otherwise.
    pub chain: PathBuf,
    /// PEM: the chain behind its first certificate; `None` when there is nothing behind it.
    pub above: Option<PathBuf>,
    /// PEM: the leaf's private key.
    pub key: PathBuf,
    /// PEM: both in one file, key last, as some servers want it.
    pub both: PathBuf,
}

/// A root, an intermediate below it, and a folder for what is made of them.
#[derive(Debug)]
pub struct Pki {
    /// The trust anchor.
    pub root: Minted,
    /// Issued by the root.
    pub intermediate: Minted,
    folder: Folder,
}

impl Pki {
    /// A fresh hierarchy, P-256.
    pub fn new() -> Self {
        Self::with_key(KeyKind::P256)
    }

    /// A fresh hierarchy whose authorities have keys of this kind.
    pub fn with_key(key: KeyKind) -> Self {
        let root = Template::authority("nolapse test root").key(key).self_signed();
        let intermediate = Template::authority("nolapse test intermediate")
            .key(key)
            .path_length(0)
            .issued_by(&root);
        Self {
            root,
            intermediate,
            folder: Folder::new(),
        }
    }

    /// A sound certificate for `name`, issued by the intermediate.
    pub fn leaf(&self, name: &str) -> Minted {
        Template::server(name).issued_by(&self.intermediate)
    }

    /// Writes the root as a PEM file, for `--trust-store`.
    pub fn root_file(&self) -> PathBuf {
        self.folder.file("root.pem", self.root.pem())
    }

    /// Writes files for a server that sends `leaf` and the intermediate.
    pub fn serve(&self, leaf: &Minted) -> Served {
        self.serve_chain(leaf, &[leaf, &self.intermediate])
    }

    /// Writes files for a server that sends exactly `chain` and has the key of `leaf`.
    pub fn serve_chain(&self, leaf: &Minted, chain: &[&Minted]) -> Served {
        let label = leaf.sha256();
        // Long chains would make long names: eight are told apart, and the count tells the rest.
        let order: String = chain
            .iter()
            .take(8)
            .map(|certificate| certificate.sha256()[..8].to_owned())
            .collect();
        let order = format!("{order}-{}", chain.len());
        let pem = bundle(chain);
        let above = chain.get(1..).filter(|above| !above.is_empty());
        Served {
            chain: self.folder.file(&format!("{order}.pem"), &pem),
            above: above.map(|above| self.folder.file(&format!("{order}.above.pem"), bundle(above))),
            key: self.folder.secret(&format!("{label}.key"), leaf.key_pem()),
            both: self
                .folder
                .secret(&format!("{order}.both.pem"), pem + &leaf.key_pem()),
        }
    }

    /// Where the files are.
    pub const fn folder(&self) -> &Folder {
        &self.folder
    }
}

impl Default for Pki {
    fn default() -> Self {
        Self::new()
    }
}
