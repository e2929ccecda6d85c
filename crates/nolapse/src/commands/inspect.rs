//! `inspect`: what is in a certificate, chain, key store, request, CRL or OCSP answer, or what a live endpoint serves.
//!
//! Files, standard input or targets come in; text for people or JSON goes out. Nothing is judged here but how long a
//! certificate still lasts: `scan` judges.

pub(crate) mod contents;
mod live;
mod machines;
mod people;
mod words;

use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::{limits, untrusted};
use net::clock::SystemClock;

use self::contents::Contents;
use crate::commands::looking::Looking;
use crate::terminal::{Colour, Style};
use crate::{Exit, file, json, say};

/// Arguments of `inspect`.
#[derive(clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Files, targets, or `-` for standard input
    #[arg(value_name = "FILE|TARGET|-", required = true)]
    sources: Vec<String>,

    /// The format
    #[arg(short, long, value_enum, default_value_t = Format::Text, env = "NOLAPSE_FORMAT", hide_env = true)]
    format: Format,

    /// A file whose first line is the password of the key store
    #[arg(long, value_name = "FILE", env = "NOLAPSE_PASSWORD_FILE", hide_env = true)]
    password_file: Option<PathBuf>,

    /// When to colour
    #[arg(long, value_enum, default_value_t = Colour::Auto, env = "NOLAPSE_COLOR", hide_env = true)]
    color: Colour,

    #[command(flatten)]
    looking: Looking,
}

/// The formats of `inspect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One array of objects, one for each source
    Json,
}

const AFTER_HELP: &str = "\
The kind is told by the content: PEM bundles, and DER of certificates, requests (PKCS#10), CRLs, OCSP answers, \
PKCS#7, PKCS#12 and key stores of Java (JKS, JCEKS). Private keys are named and never shown. What is no file is taken as a target, unless it looks like a path.

How to look and judge, --warning, --critical and --trust-store included, is for targets: a file is shown and not judged, \
which `nolapse verify` does.

Exit status: 0 everything was shown; 2 something could not be read; 3 a target did not answer.";

/// Bytes of a password file that are read: a password is one line.
const PASSWORD_BYTES: u64 = 4 * 1024;

/// Runs it.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    args.looking.check_thresholds()?;
    let password = match &args.password_file {
        Some(path) => password(path)?,
        None => String::new(),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let style = Style::for_stdout(args.color);
    let mut printer = Printer {
        format: args.format,
        now: SystemClock.now(),
        style,
        printed: 0,
    };
    let mut exit = Exit::Fine;
    for source in &args.sources {
        let read = match Place::of(source) {
            Place::Input => input(&password),
            Place::File => from_file(Path::new(source), &password),
            Place::Target => live::pages(source, &args.looking),
        };
        let pages = match read {
            Ok(pages) => pages,
            Err(trouble) => {
                exit = worse(exit, trouble.exit);
                trouble.tell(source);
                let source = trouble.source.as_deref().unwrap_or(source);
                printer.refuse(source, &trouble, &mut out)?;
                continue;
            }
        };
        for page in &pages {
            printer.print(page, &mut out)?;
            page.contents.problems.iter().for_each(|problem| {
                exit = worse(exit, Exit::Usage);
                say::warning(&format!("{}: {problem}", untrusted::shown(source)));
            });
        }
    }
    printer.end(&mut out)?;
    out.flush()?;
    Ok(exit)
}

/// What was found in one place.
struct Page {
    /// Where.
    title: String,
    contents: Contents,
}

/// Why a source shows nothing.
struct Trouble {
    /// What happened and what to do; safe to show.
    words: String,
    /// The words with the place drawn below, where there is one.
    drawn: Option<String>,
    /// The source without the secret in it, where there is one.
    source: Option<String>,
    exit: Exit,
}

impl Trouble {
    fn usage(words: String) -> Self {
        Self {
            words,
            drawn: None,
            source: None,
            exit: Exit::Usage,
        }
    }

    fn tell(&self, source: &str) {
        match &self.drawn {
            Some(drawn) => say::line(drawn),
            None => say::error(&format!("{}: {}", untrusted::shown(source), self.words)),
        }
    }
}

const fn rank(exit: Exit) -> u8 {
    match exit {
        Exit::Fine => 0,
        Exit::Findings | Exit::NothingJudged => 1,
        Exit::Usage | Exit::Interrupted | Exit::Plugin(_) => 2,
    }
}

/// A file that cannot be read is the user's to mend, so it outweighs a server that does not answer.
const fn worse(one: Exit, other: Exit) -> Exit {
    if rank(other) > rank(one) { other } else { one }
}

/// What a source is.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Input,
    File,
    Target,
}

impl Place {
    /// What exists is a file, and so is what is spelled like one; the rest is a target.
    fn of(source: &str) -> Self {
        if source == "-" {
            Self::Input
        } else if Path::new(source).exists() || is_spelled_like_a_path(source) {
            Self::File
        } else {
            Self::Target
        }
    }
}

/// Endings of files of certificates, none of which is a top-level domain.
const ENDINGS: &[&str] = &[
    "pem", "der", "crt", "cer", "cert", "csr", "req", "crl", "key", "p7b", "p7c", "p7s", "p8", "p10", "p12",
    "pfx", "jks", "jceks", "ocsp", "txt",
];

fn is_spelled_like_a_path(source: &str) -> bool {
    if source.contains("://") {
        return false;
    }
    let extension = Path::new(source)
        .extension()
        .and_then(|extension| extension.to_str());
    let known = extension.is_some_and(|extension| {
        ENDINGS
            .iter()
            .any(|ending| extension.eq_ignore_ascii_case(ending))
    });
    // The first part of a range, `192.0.2.0/28`, has digits and dots only.
    let folder = source.split_once('/').is_some_and(|(head, _)| {
        head.is_empty() || head.starts_with('.') && head.trim_matches('.').is_empty() || head == "~"
    });
    known || folder || source.contains('\\')
}

fn from_file(path: &Path, password: &str) -> Result<Vec<Page>, Trouble> {
    let bytes = file::read_bounded(path, limits::FILE_BYTES).map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => ": check the path, or write a target as name:port",
            io::ErrorKind::IsADirectory => ": name the files in it",
            io::ErrorKind::FileTooLarge => ", which no file of certificates is",
            _ => "",
        };
        Trouble::usage(format!("{}{advice}", untrusted::shown(&file::reason(&error))))
    })?;
    read(&path.display().to_string(), &bytes, password)
}

fn input(password: &str) -> Result<Vec<Page>, Trouble> {
    let mut bytes = Vec::new();
    let most = limits::FILE_BYTES;
    io::stdin()
        .lock()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Trouble::usage(untrusted::shown(&file::reason(&error))))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Trouble::usage(format!(
            "larger than {} bytes, which nothing of certificates is",
            crate::text::count(most)
        )));
    }
    read("standard input", &bytes, password)
}

fn read(title: &str, bytes: &[u8], password: &str) -> Result<Vec<Page>, Trouble> {
    let contents = contents::read(bytes, password).map_err(|error| Trouble::usage(error.to_string()))?;
    Ok(vec![Page {
        title: title.to_owned(),
        contents,
    }])
}

/// The first line of a file, without its end.
/// The first line of a password file.
pub(super) fn password(path: &Path) -> anyhow::Result<String> {
    let shown = untrusted::shown(&path.display().to_string());
    let bytes = file::read_bounded(path, PASSWORD_BYTES)
        .map_err(|error| anyhow::anyhow!("{shown}: {}", file::reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{shown}: the password is not UTF-8"))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Writes one source after the other.
struct Printer {
    format: Format,
    now: Timestamp,
    style: Style,
    printed: usize,
}

impl Printer {
    fn print(&mut self, page: &Page, out: &mut dyn Write) -> anyhow::Result<()> {
        match self.format {
            Format::Text => {
                if self.printed > 0 {
                    out.write_all(b"\n\n")?;
                }
                let text = people::report(&page.title, &page.contents, self.now, self.style);
                out.write_all(text.as_bytes())?;
                self.printed += 1;
                Ok(())
            }
            Format::Json => self.element(&machines::report(&page.title, &page.contents, self.now), out),
        }
    }

    fn refuse(&mut self, source: &str, trouble: &Trouble, out: &mut dyn Write) -> anyhow::Result<()> {
        match self.format {
            Format::Text => Ok(()),
            Format::Json => self.element(&machines::refusal(source, &trouble.words), out),
        }
    }

    fn element(&mut self, element: &serde_json::Value, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut bytes = Vec::from(if self.printed == 0 { "[\n" } else { ",\n" });
        json::append(&mut bytes, element)?;
        self.printed += 1;
        Ok(out.write_all(&bytes)?)
    }

    fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        match (self.format, self.printed) {
            (Format::Text, _) => Ok(()),
            (Format::Json, 0) => out.write_all(b"[]\n"),
            (Format::Json, _) => out.write_all(b"\n]\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_targets_are_told_apart() {
        let targets = [
            "example.com",
            "example.com:443",
            "https://example.com/x.pem",
            "192.0.2.0/28",
            "mail.example@192.0.2.1",
            "localhost",
            "[::1]:443",
            "example.com/a",
        ];
        for target in targets {
            assert_eq!(Place::of(target), Place::Target, "{target}");
        }
        for path in [
            "missing.pem",
            "./missing",
            "../missing",
            "/missing/x",
            "a/missing.CRT",
            "~/missing",
            "a\\b",
        ] {
            assert_eq!(Place::of(path), Place::File, "{path}");
        }
        assert_eq!(Place::of("-"), Place::Input);
        assert_eq!(Place::of("Cargo.toml"), Place::File);
    }

    #[test]
    fn the_worst_end_is_kept() {
        assert_eq!(worse(Exit::Fine, Exit::NothingJudged), Exit::NothingJudged);
        assert_eq!(worse(Exit::Usage, Exit::NothingJudged), Exit::Usage);
        assert_eq!(worse(Exit::Usage, Exit::Fine), Exit::Usage);
    }
}
