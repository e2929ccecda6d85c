//! Certificates in files, folders and key stores of this machine: PEM, DER, PKCS#7, PKCS#12, JKS and JCEKS.
//!
//! Paths come in, a sighting for each certificate goes out with where it lies. The kind of a file is told by its bytes.
//! Walks are bounded in depth, files and size, loops of links end, and what cannot be read is said and hides nothing else.
//! Private keys are never kept: what was read is wiped when the file has been looked at.

pub(crate) mod contents;
mod settings;
#[cfg(test)]
mod tests;
mod walk;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use model::sighting::{CertificateSighting, Sighted, SightedCertificate};
use model::{Untrusted, limits};
use zeroize::Zeroizing;

pub use settings::Settings;

use self::walk::{Named, Step, Walk};
use crate::run::{Ask, Reason, Run, Sink, SourceError, Telling};
use crate::secret::{Secret, SecretError};

/// Why no file is looked at.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Nothing is named.
    #[error("paths is empty: name files or folders")]
    NoPaths,
    /// A passphrase cannot be had.
    #[error("passphrase_files: {0}")]
    Passphrase(#[from] SecretError),
}

/// Endings that files of certificates have.
const ENDINGS: [&str; 16] = [
    "pem",
    "crt",
    "cer",
    "cert",
    "der",
    "p7b",
    "p7c",
    "p7s",
    "p12",
    "pfx",
    "pkcs12",
    "jks",
    "jceks",
    "keystore",
    "truststore",
    "bundle",
];
/// Largest file of a folder that is read whatever it is called.
const ANY_BYTES: u64 = 1024 * 1024;

/// Reads the files once.
pub async fn run(settings: &Settings, ask: &Ask<'_>, sink: &mut Sink<'_>) -> Run {
    let mut telling = Telling::new(ask.now, sink);
    let result = read(settings, &mut telling).await;
    telling.end(result)
}

async fn read(settings: &Settings, telling: &mut Telling<'_, '_>) -> Result<(), SourceError> {
    if settings.paths.is_empty() {
        return Err(FilesError::NoPaths.into());
    }
    let passphrases = settings
        .passphrase_files
        .iter()
        .map(|path| Secret::line_of(path))
        .collect::<Result<Vec<_>, _>>()
        .map_err(FilesError::from)?;
    for step in Walk::new(&settings.paths, settings.depth) {
        match step {
            Step::Skipped { path, reason, words } => telling
                .tally
                .skip(reason, || format!("{}: {words}", path.display())),
            Step::Loop(path) => telling.tally.remark(Reason::Loop, || path.display().to_string()),
            Step::File { path, bytes, named } => {
                if named == Named::Itself || is_wanted(&path, bytes, &settings.endings) {
                    file(&path, bytes, named, &passphrases, telling)?;
                }
            }
        }
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// Whether a file of a folder is read.
fn is_wanted(path: &Path, bytes: u64, endings: &[String]) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    let is = |known: &str| known.trim_start_matches('.').eq_ignore_ascii_case(ending);
    if endings.is_empty() {
        bytes <= ANY_BYTES || ENDINGS.iter().any(|known| is(known))
    } else {
        endings.iter().any(|known| is(known))
    }
}

fn file(
    path: &Path,
    bytes: u64,
    named: Named,
    passphrases: &[Secret],
    telling: &mut Telling<'_, '_>,
) -> Result<(), SourceError> {
    let place = path.display().to_string();
    if bytes > limits::FILE_BYTES {
        telling
            .tally
            .skip(Reason::TooLarge, || format!("{place}: {bytes} bytes"));
        return Ok(());
    }
    let content = match content(path, bytes) {
        Ok(content) => content,
        Err(error) => {
            telling
                .tally
                .skip(Reason::Unreadable, || format!("{place}: {error}"));
            return Ok(());
        }
    };
    let contents = contents::read(&content, passphrases);
    if contents.is_empty() && named == Named::Itself {
        telling.tally.skip(Reason::NoCertificate, || place.clone());
    }
    for (reason, words) in contents.skipped {
        telling.tally.skip(reason, || format!("{place}: {words}"));
    }
    for (reason, words) in contents.remarks {
        telling.tally.remark(reason, || {
            format!("{place}{}{words}", if words.is_empty() { "" } else { ": " })
        });
    }
    for (certificate, inside) in contents.certificates {
        let place = if inside.is_empty() {
            place.clone()
        } else {
            format!("{place} ({inside})")
        };
        telling.say(Sighted::Certificate(Box::new(CertificateSighting {
            certificate: SightedCertificate::Whole(Arc::new(certificate)),
            place: Some(Untrusted::new(place)),
            order: None,
        })))?;
        telling.tally.give();
    }
    Ok(())
}

/// The bytes of a file, wiped when they are let go. Room for all is made at once, so that no copy is left behind.
fn content(path: &Path, bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let room = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(1);
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    File::open(path)?.take(bytes).read_to_end(&mut content)?;
    Ok(content)
}
