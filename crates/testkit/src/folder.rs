//! Temporary folders for servers: removed with their handle, and open to the users that servers run as.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder. Others may enter and read it, since servers give up root.
#[derive(Debug)]
pub struct Folder {
    root: TempDir,
}

impl Folder {
    /// A new empty folder.
    pub fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("nolapse-")
            .tempdir()
            .expect("a temporary folder can be made");
        set_mode(root.path(), 0o755);
        Self { root }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.root.path()
    }

    /// Where a file of this name is or would be.
    pub fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file that everybody may read.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, content).expect("the temporary folder can be written");
        set_mode(&path, 0o644);
        path
    }

    /// Writes a file that its owner alone may read, as servers demand of keys.
    pub fn secret(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name, content);
        set_mode(&path, 0o600);
        path
    }

    /// Makes a folder inside.
    pub fn folder(&self, name: &str) -> PathBuf {
        let path = self.at(name);
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        set_mode(&path, 0o755);
        path
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets the permission bits of `path`.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("own files can be given permissions");
}

/// Gives `path` and all below it to `user`, when this process may; otherwise the files stay its own, and so will the
/// server.
pub(crate) fn give(path: &Path, user: &User) {
    if !user.is_other() {
        return;
    }
    std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).expect("root may give files away");
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("own folders can be read") {
            give(&entry.expect("own folders can be read").path(), user);
        }
    }
}

/// A user of this machine that a server runs as.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// Its number.
    pub(crate) uid: u32,
    /// The number of its group.
    pub(crate) gid: u32,
    root: bool,
}

impl User {
    /// The user called `name` when this process is root and may become it; otherwise this process' own.
    pub(crate) fn named(name: &str) -> Self {
        let accounts = fs::read_to_string("/etc/passwd").expect("/etc/passwd can be read");
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name));
        let numbers = line.and_then(|line| {
            let mut fields = line.split(':').skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        });
        let (uid, gid) = numbers.unwrap_or_else(|| panic!("no user `{name}`: run scripts/test-servers"));
        Self {
            uid,
            gid,
            root: is_root(),
        }
    }

    /// Whether becoming it means giving up root.
    pub(crate) const fn is_other(&self) -> bool {
        self.root
    }
}

/// Whether this process is root, by the owner of what it makes.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|itself| itself.uid() == 0)
}
