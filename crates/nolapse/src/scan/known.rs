//! Signatures that were checked in earlier runs (`--known FILE`).
//!
//! A file comes in, a [`SignatureMemory`] that need not check them again goes out, and the other way round. Certificates
//! themselves are not kept: every look brings their bytes anyway, and reading one costs less than finding it. The file
//! can only save time. Since one who could write it could make a forged signature count as checked, it is used only
//! when it belongs to us and nobody else may write it; a broken or foreign one is set aside.
//!
//! Layout: magic, version, number of entries, entries (child, issuer, valid), SHA-256 of all before.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use assess::SignatureMemory;
use assess::memory::KnownSignature;
use model::Fingerprint;

use crate::file::{self, AtomicFile, Readers};

const MAGIC: &[u8; 16] = b"nolapse known 1\n";
const ENTRY: usize = 65;
const HEADER: usize = MAGIC.len() + 8;
const DIGEST: usize = 32;
/// More than a million signatures, which is all that the memory holds.
const FILE_BYTES: u64 = 128 * 1024 * 1024;

/// A file of known signatures.
pub(crate) struct Known {
    path: PathBuf,
    /// What it held, so that a run that learns nothing does not write it again.
    held: usize,
}

/// What is wrong with such a file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Wrong {
    #[error("it is not a file of known signatures, or of another version")]
    Foreign,
    #[error("it is broken")]
    Broken,
    #[error("others may write it, or it belongs to somebody else")]
    NotOurs,
}

impl Known {
    /// Reads `path` into `memory`. The line, if any, says what was set aside and why.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or cannot be set aside.
    pub(crate) fn load(path: &Path, memory: &SignatureMemory) -> io::Result<(Self, Option<String>)> {
        let mut known = Self {
            path: path.to_owned(),
            held: 0,
        };
        file::regular(path)?;
        let bytes = match file::read_bounded(path, FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((known, None)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(Wrong::Foreign),
            Err(error) => return Err(error),
            Ok(bytes) => owned_by_us(path).map(|()| bytes),
        };
        match bytes.and_then(|bytes| entries(&bytes, memory)) {
            Ok(held) => {
                known.held = held;
                Ok((known, None))
            }
            Err(wrong) => {
                let aside = free_place(path)?;
                std::fs::rename(path, &aside)?;
                let (path, aside) = (path.display(), aside.display());
                let line = format!("{path} was set aside as {aside}: {wrong}");
                Ok((known, Some(model::untrusted::shown(&line))))
            }
        }
    }

    /// Writes what is remembered, when there is something new.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn save(&self, memory: &SignatureMemory) -> io::Result<()> {
        let entries = memory.entries();
        if entries.len() == self.held && memory.fresh().is_empty() {
            return Ok(());
        }
        let mut file = AtomicFile::create(&self.path, Readers::Owner)?;
        file.write_all(&encoded(&entries))?;
        file.commit()
    }
}

/// Files set aside that are kept: more mishaps than anybody leaves unread.
const SET_ASIDE: usize = 100;

/// `known.set-aside`, `known.set-aside-2` and so on: the first that is not there, so that nothing is written over.
fn free_place(path: &Path) -> io::Result<PathBuf> {
    let numbered = |number: usize| {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".set-aside");
        if number > 1 {
            aside.push(format!("-{number}"));
        }
        PathBuf::from(aside)
    };
    (1..=SET_ASIDE)
        .map(numbered)
        .find(|aside| aside.symlink_metadata().is_err())
        .ok_or_else(|| io::Error::other("too many files were set aside there already"))
}

fn encoded(entries: &[KnownSignature]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + entries.len() * ENTRY + DIGEST);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&u64::try_from(entries.len()).unwrap_or(u64::MAX).to_be_bytes());
    for entry in entries {
        bytes.extend_from_slice(entry.child.as_bytes());
        bytes.extend_from_slice(entry.issuer.as_bytes());
        bytes.push(u8::from(entry.valid));
    }
    let digest = Fingerprint::of(&bytes);
    bytes.extend_from_slice(digest.as_bytes());
    bytes
}

/// Enters every signature into the memory; nothing at all of a file that is not whole.
fn entries(bytes: &[u8], memory: &SignatureMemory) -> Result<usize, Wrong> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(Wrong::Foreign)?;
    let content = bytes.len().checked_sub(DIGEST).ok_or(Wrong::Broken)?;
    let (content, digest) = bytes.split_at_checked(content).ok_or(Wrong::Broken)?;
    if Fingerprint::of(content).as_bytes() != digest {
        return Err(Wrong::Broken);
    }
    let (count, rest) = rest.split_first_chunk::<8>().ok_or(Wrong::Broken)?;
    let entries = rest.get(..rest.len().saturating_sub(DIGEST)).unwrap_or_default();
    let (entries, tail) = entries.as_chunks::<ENTRY>();
    if !tail.is_empty() || u64::try_from(entries.len()) != Ok(u64::from_be_bytes(*count)) {
        return Err(Wrong::Broken);
    }
    for entry in entries {
        let (child, rest) = entry.split_first_chunk::<32>().ok_or(Wrong::Broken)?;
        let (issuer, valid) = rest.split_first_chunk::<32>().ok_or(Wrong::Broken)?;
        memory.insert(KnownSignature {
            child: Fingerprint::from_bytes(*child),
            issuer: Fingerprint::from_bytes(*issuer),
            valid: valid == [1],
        });
    }
    Ok(entries.len())
}

#[cfg(unix)]
fn owned_by_us(path: &Path) -> Result<(), Wrong> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).map_err(|_| Wrong::Broken)?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if ours && metadata.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(Wrong::NotOurs)
    }
}

#[cfg(not(unix))]
fn owned_by_us(_path: &Path) -> Result<(), Wrong> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(count: u32) -> SignatureMemory {
        let memory = SignatureMemory::new();
        for number in 0..count {
            let child = Fingerprint::of(&number.to_be_bytes());
            memory.insert(KnownSignature {
                child,
                issuer: Fingerprint::of(b"ca"),
                valid: number.is_multiple_of(2),
            });
        }
        memory
    }

    #[test]
    fn what_was_known_is_known_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        let (known, line) = Known::load(&path, &SignatureMemory::new()).unwrap();
        assert!(line.is_none());
        known.save(&memory(1_000)).unwrap();
        let again = SignatureMemory::new();
        let (_, line) = Known::load(&path, &again).unwrap();
        assert!(line.is_none());
        assert_eq!(again.entries(), memory(1_000).entries());
        assert!(again.fresh().is_empty());
    }

    #[test]
    fn broken_and_foreign_files_are_set_aside_and_teach_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        let whole = encoded(&memory(10).entries());
        let mut flipped = whole.clone();
        flipped[60] ^= 1;
        let short = whole[..whole.len() - 1].to_vec();
        for bytes in [flipped, short, b"PK\x03\x04".to_vec(), MAGIC.to_vec(), Vec::new()] {
            std::fs::write(&path, &bytes).unwrap();
            let memory = SignatureMemory::new();
            let (_, line) = Known::load(&path, &memory).unwrap();
            assert!(line.unwrap().contains("set aside"));
            assert!(memory.entries().is_empty());
            assert!(!path.exists());
        }
        // Five mishaps, five files.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 5);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_write_is_not_believed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        std::fs::write(&path, encoded(&memory(10).entries())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let memory = SignatureMemory::new();
        let (_, line) = Known::load(&path, &memory).unwrap();
        assert!(line.unwrap().contains("others may write"));
        assert!(memory.entries().is_empty());
    }
}
