//! Secrets: read from a file or a variable, wiped from memory when they are let go, and shown by nothing.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use model::{limits, untrusted};
use zeroize::Zeroizing;

/// A key, token or passphrase. Its bytes are for headers and digests alone.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret in {path}: {error}")]
    Unreadable {
        /// Where.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Longer than secrets are.
    #[error("{0} is longer than {bytes} bytes, which no key, token or passphrase is", bytes = limits::SECRET_BYTES)]
    TooLong(String),
    /// Not text.
    #[error("the first line of {0} is no UTF-8 text")]
    NoText(String),
    /// Nothing.
    #[error("{0} is empty: its first line should be the secret")]
    Empty(String),
    /// A character that a header cannot carry.
    #[error("the secret in {0} has a character that none can have: is it the right file?")]
    Character(String),
    /// No such variable.
    #[error("the environment has no variable {0}")]
    NoVariable(String),
}

impl Secret {
    /// A secret that is at hand.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The first line of a file, empty or not.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn line_of(path: &Path) -> Result<Self, SecretError> {
        let shown = untrusted::shown(&path.display().to_string());
        let mut bytes = Zeroizing::new(Vec::with_capacity(limits::SECRET_BYTES + 1));
        File::open(path)
            .and_then(|file| file.take(limits::SECRET_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| SecretError::Unreadable {
                path: shown.clone(),
                error,
            })?;
        if bytes.len() > limits::SECRET_BYTES {
            return Err(SecretError::TooLong(shown));
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = std::str::from_utf8(line).map_err(|_| SecretError::NoText(shown))?;
        Ok(Self::new(line))
    }

    /// A key or token of a file: its first line without white space around it, fit for a header.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn token_of(path: &Path) -> Result<Self, SecretError> {
        let place = untrusted::shown(&path.display().to_string());
        Self::line_of(path)?.checked(place)
    }

    /// A key or token of the environment.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn of_variable(name: &str, value: Option<String>) -> Result<Self, SecretError> {
        let shown = untrusted::shown(name);
        match value {
            None => Err(SecretError::NoVariable(shown)),
            Some(value) => Self::new(value).checked(format!("the variable {shown}")),
        }
    }

    fn checked(self, place: String) -> Result<Self, SecretError> {
        let text = self.0.trim();
        if text.is_empty() {
            return Err(SecretError::Empty(place));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretError::Character(place));
        }
        Ok(Self::new(text))
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret_and_nothing_shows_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "  topsecret \r\nsecond\n").unwrap();
        assert_eq!(Secret::token_of(&path).unwrap().expose(), "topsecret");
        assert_eq!(Secret::line_of(&path).unwrap().expose(), "  topsecret ");
        assert!(!format!("{:?}", Secret::new("topsecret")).contains("topsecret"));
    }

    #[test]
    fn what_is_no_secret_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for (bytes, words) in [
            (&b"\n"[..], "is empty"),
            (b"\xff\xfe", "no UTF-8"),
            (b"two words", "is it the right file"),
            (&[b'x'; limits::SECRET_BYTES + 1], "is longer than"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = Secret::token_of(&path).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let error = Secret::token_of(&folder.path().join("none")).unwrap_err();
        assert!(error.to_string().starts_with("cannot read the secret in "));
        let error = Secret::of_variable("KEY", None).unwrap_err();
        assert_eq!(error.to_string(), "the environment has no variable KEY");
    }
}
