//! Files that are whole or not there: written beside their place and put there in one step. What stands at the place and
//! is no file (a pipe, a device) is written to as it is, since putting a file there would take it away from its users.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whom the umask lets.
    Anybody,
    /// Its owner alone.
    Owner,
}

/// A file being written. Dropped without [`AtomicFile::commit`], it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    file: File,
    /// `None` when what stands at the place is written to directly.
    beside: Option<Beside>,
}

/// Where a file is written, and where it will stand. Dropped, it takes away what was written.
#[derive(Debug)]
struct Beside {
    temporary: PathBuf,
    place: PathBuf,
}

/// Links followed to a place that does not exist yet, as the operating system counts them.
const LINKS: usize = 40;

impl AtomicFile {
    /// Begins a file that will stand at `place`. A link there is followed, so that what it points to is replaced. A file
    /// that stood there gives its permissions to the new one, unless that is its owner's alone.
    pub(crate) fn create(place: &Path, readers: Readers) -> io::Result<Self> {
        let known = fs::metadata(place).ok();
        if let Some(known) = &known
            && !known.is_file()
        {
            return Self::straight(place, known, readers);
        }
        let place = followed(place);
        let name = place
            .file_name()
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?;
        let mut temporary_name = std::ffi::OsString::from(".");
        temporary_name.push(name);
        temporary_name.push(format!(".{}.part", std::process::id()));
        let temporary = place.with_file_name(temporary_name);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        restrict(&mut options, readers);
        let file = match options.open(&temporary) {
            // Left by a process that died and whose number we were given.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&temporary)?;
                options.open(&temporary)?
            }
            other => other?,
        };
        let beside = Beside { temporary, place };
        if let (Some(known), Readers::Anybody) = (known, readers) {
            file.set_permissions(known.permissions())?;
        }
        Ok(Self {
            file,
            beside: Some(beside),
        })
    }

    fn straight(place: &Path, known: &fs::Metadata, readers: Readers) -> io::Result<Self> {
        if known.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if readers == Readers::Owner {
            return Err(irregular());
        }
        Ok(Self {
            file: OpenOptions::new().write(true).open(place)?,
            beside: None,
        })
    }

    /// Puts the file in its place.
    pub(crate) fn commit(mut self) -> io::Result<()> {
        self.file.flush()?;
        if let Some(beside) = &mut self.beside {
            self.file.sync_data()?;
            fs::rename(&beside.temporary, &beside.place)?;
            // It has gone to its place: nothing is left to take away.
            beside.temporary = PathBuf::new();
        }
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Nothing depends on its being gone: the next process with our number removes it.
        if !self.temporary.as_os_str().is_empty() {
            drop(fs::remove_file(&self.temporary));
        }
    }
}

/// The place behind any links, also where the last of them points to nothing yet.
fn followed(place: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(place) {
        return real;
    }
    let mut place = place.to_owned();
    for _ in 0..LINKS {
        let Ok(target) = fs::read_link(&place) else { break };
        place = place.parent().unwrap_or_else(|| Path::new("")).join(target);
    }
    place
}

/// What keeps its bytes is a file.
fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")
}

/// Refuses what is there and is no file: it could not be kept, set aside or removed without harm.
pub(crate) fn regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(known) if known.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(known) if !known.is_file() => Err(irregular()),
        _ => Ok(()),
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(unix)]
fn restrict(options: &mut OpenOptions, readers: Readers) {
    use std::os::unix::fs::OpenOptionsExt as _;
    if readers == Readers::Owner {
        options.mode(0o600);
    }
}

#[cfg(not(unix))]
fn restrict(_options: &mut OpenOptions, _readers: Readers) {}

/// Reads a file of at most `most` bytes. A larger one, a directory, and a file that is not there are each an error
/// whose text says so.
pub(crate) fn read_bounded(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    bounded(file, most)
}

fn bounded(input: impl io::Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {} bytes", crate::text::count(most)),
        ));
    }
    Ok(bytes)
}

/// The name of `path` that is safe to show, and at most `most` bytes of it; of standard input when it is `-`.
///
/// # Errors
/// What kept it from being read, with its name.
pub(crate) fn read_named(path: &Path, most: u64) -> anyhow::Result<(String, Vec<u8>)> {
    let (shown, bytes) = if path == Path::new("-") {
        ("standard input".to_owned(), bounded(io::stdin().lock(), most))
    } else {
        let shown = model::untrusted::shown(&path.display().to_string());
        (shown, read_bounded(path, most))
    };
    match bytes {
        Ok(bytes) => Ok((shown, bytes)),
        Err(error) => Err(anyhow::anyhow!("{shown}: {}", reason(&error))),
    }
}

/// What the operating system said, in few words: `no such file`, `is a directory`, `disk full`.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is no directory".to_owned(),
        io::ErrorKind::AlreadyExists => "something else stands there already".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("report");
        let mut dropped = AtomicFile::create(&place, Readers::Anybody).unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut kept = AtomicFile::create(&place, Readers::Owner).unwrap();
        kept.write_all(b"whole").unwrap();
        kept.commit().unwrap();
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_the_owners_alone_is_so_from_its_first_byte() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = AtomicFile::create(&folder.path().join("known"), Readers::Owner).unwrap();
        assert_eq!(file.file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::read(pipe).unwrap())
        };
        let mut file = AtomicFile::create(&pipe, Readers::Anybody).unwrap();
        file.write_all(b"report").unwrap();
        file.commit().unwrap();
        assert_eq!(reader.join().unwrap(), b"report");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let error = AtomicFile::create(&pipe, Readers::Owner).unwrap_err();
        assert_eq!(reason(&error), "it is no regular file");
        assert!(regular(&pipe).is_err() && regular(&folder.path().join("new")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        symlink("real", &link).unwrap();
        for (content, mode) in [("first", 0o640), ("second", 0o604)] {
            let mut file = AtomicFile::create(&link, Readers::Anybody).unwrap();
            file.write_all(content.as_bytes()).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read_to_string(&real).unwrap(), content);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            fs::set_permissions(&real, fs::Permissions::from_mode(mode)).unwrap();
        }
        AtomicFile::create(&link, Readers::Anybody)
            .unwrap()
            .commit()
            .unwrap();
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o604);
    }

    #[test]
    fn reading_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, b"12345").unwrap();
        assert_eq!(read_bounded(&path, 5).unwrap(), b"12345");
        assert_eq!(
            read_bounded(&path, 4).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(
            reason(&read_bounded(folder.path(), 4).unwrap_err()),
            "it is a directory"
        );
        assert_eq!(
            reason(&read_bounded(&folder.path().join("y"), 4).unwrap_err()),
            "no such file"
        );
    }
}
