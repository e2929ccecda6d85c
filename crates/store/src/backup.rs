//! Copies of everything, made while it is in use, and put back.
//!
//! For SQLite a backup is one file (`VACUUM INTO`: a consistent copy without what was deleted). For PostgreSQL it is an
//! export ([`crate::transfer`]), since the server's own tools need not be on this machine. A backup is made beside its
//! final name and renamed when it is whole, so that half of one is never taken for one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Trouble;
use crate::session::Session;
use crate::session::sqlite::{Mode, Sqlite};
use crate::value::Value;

/// The name of the backup that is made before a change of the schema.
pub(crate) fn beside(path: &Path, schema: i64, stamp: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".schema-{schema}-{stamp}.backup"));
    path.with_file_name(name)
}

/// Copies an open SQLite database into a new file.
pub(crate) fn sqlite_into(session: &mut Session, to: &Path) -> Result<(), Trouble> {
    if to.exists() {
        return Err(Trouble::NotEmpty);
    }
    let mut name = to.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = to.with_file_name(name);
    drop(fs::remove_file(&part));
    let text = part.to_str().ok_or_else(|| Trouble::Io {
        reason: "the path is not UTF-8".into(),
    })?;
    let copied = session
        .execute("VACUUM INTO ?1", &[Value::from(text)])
        .and_then(|_| sync(&part))
        .and_then(|()| fs::rename(&part, to).map_err(|error| io(&error)))
        .and_then(|()| to.parent().map_or(Ok(()), sync));
    if copied.is_err() {
        drop(fs::remove_file(&part));
    }
    copied
}

/// Puts a backup in the place of a database that does not exist yet.
pub(crate) fn restore_sqlite(from: &Path, to: &Path) -> Result<(), Trouble> {
    if to.exists() {
        return Err(Trouble::NotEmpty);
    }
    if !from.exists() {
        return Err(Trouble::Missing);
    }
    let mut session = Session::Sqlite(Sqlite::open(from, Mode::Read, 2048)?);
    check(&mut session)?;
    crate::migrate::found_in_sqlite(&mut session)?.ok_or(Trouble::Foreign)?;
    sqlite_into(&mut session, to)
}

/// Whether SQLite finds its file in order.
pub(crate) fn check(session: &mut Session) -> Result<(), Trouble> {
    let said = session.one("PRAGMA integrity_check(1)", &[])?;
    match said.as_ref().map(|row| row.text(0)).transpose()? {
        Some("ok") => Ok(()),
        other => Err(Trouble::Damaged {
            reason: other.unwrap_or("no answer").into(),
        }),
    }
}

fn sync(path: &Path) -> Result<(), Trouble> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| io(&error))
}

/// What a person can do about what the system says of a file.
pub(crate) fn io(error: &std::io::Error) -> Trouble {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::Full,
        ErrorKind::ReadOnlyFilesystem => Trouble::ReadOnly,
        ErrorKind::PermissionDenied => Trouble::Forbidden {
            reason: error.to_string().into(),
        },
        ErrorKind::NotFound => Trouble::Missing,
        _ => Trouble::Io {
            reason: error.to_string().into(),
        },
    }
}
