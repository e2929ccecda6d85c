//! Zone files in master format (RFC 1035 section 5), with `$ORIGIN`, `$INCLUDE`, `$TTL` (RFC 2308 section 4) and `$GENERATE`.
//!
//! A file comes in, records go out as it is read, a line at a time; a mistake ends it and has file, line and what is wrong.
//! Included files must lie in the folder of the first one or below it: a zone file may come from elsewhere, and is not to read
//! what it likes.

mod entry;
mod generate;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use model::limits;
use model::zone::{Domain, DomainError, Kind, RecordRef};

use crate::record_text::{self, DataError};
use entry::{Entry, Lines};

/// Where a mistake is, and which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {mistake}", at(*.line))]
pub struct MasterError {
    /// The file.
    pub file: String,
    /// The line on which the entry begins, from 1; 0 when it is about the whole file.
    pub line: u64,
    /// What is wrong.
    pub mistake: Mistake,
}

fn at(line: u64) -> String {
    match line {
        0 => String::new(),
        line => format!(":{line}"),
    }
}

/// What can be wrong in a zone file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// The operating system will not read it.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// No start of a zone: a file that was cut off, or is empty.
    #[error("it has no start of the zone (SOA), so it is not the whole zone")]
    NoStart,
    /// The start of another zone.
    #[error("it is zone {0}, and not the one that was named")]
    OtherZone(Domain),
    /// Not text.
    #[error("not UTF-8")]
    NotText,
    /// An entry without end.
    #[error(
        "an entry of more than {} bytes: is a parenthesis open?",
        limits::MASTER_ENTRY_BYTES
    )]
    TooLong,
    /// The file ends inside an entry.
    #[error("{0} is never closed")]
    Open(&'static str),
    /// A parenthesis that closes nothing.
    #[error("`)` closes nothing")]
    Unopened,
    /// The first entry has no owner.
    #[error("there is no record before it whose name it could share")]
    NoOwner,
    /// A name is none.
    #[error("`{word}`: {error}")]
    Name {
        /// What stands there.
        word: String,
        /// Why.
        error: DomainError,
    },
    /// No type.
    #[error("`{0}` is no type of record; expected NAME [TTL] [IN] TYPE DATA")]
    Kind(String),
    /// The entry ends too early.
    #[error("expected {0}")]
    Missing(&'static str),
    /// Another class than IN.
    #[error("class {0}: only IN leads to endpoints")]
    Class(String),
    /// Data that is wrong for its type.
    #[error("{0}")]
    Data(DataError),
    /// A directive that nobody knows.
    #[error("no directive `{0}`: expected $ORIGIN, $TTL, $INCLUDE or $GENERATE")]
    Directive(String),
    /// A directive with the wrong words behind it.
    #[error("expected {0}")]
    Argument(&'static str),
    /// A file outside the folder.
    #[error("`{0}` lies outside the folder of the zone file, and is not read")]
    Outside(String),
    /// Files that include one another.
    #[error("more than {} files include one another", limits::INCLUDE_DEPTH)]
    TooDeep,
    /// More records than are taken.
    #[error("more than {0} records")]
    TooMany(u64),
    /// A `$GENERATE` that makes too many.
    #[error("it makes more than {} records", limits::GENERATED_RECORDS)]
    GeneratesTooMany,
}

/// Takes records.
pub type Records<'r> = dyn FnMut(RecordRef<'_>) + 'r;

/// Reads the zone file at `path` for the zone `origin`, and gives how many records it has.
///
/// # Errors
/// The first mistake; what was given before it stands in the file.
pub fn read(path: &Path, origin: &Domain, records: &mut Records<'_>) -> Result<u64, MasterError> {
    let file = model::untrusted::shown(&path.display().to_string());
    let unreadable = |error: &io::Error| MasterError {
        file: file.clone(),
        line: 0,
        mistake: Mistake::Unreadable(reason(error)),
    };
    let opened = open(path).map_err(|error| unreadable(&error))?;
    let folder = folder_of(path).map_err(|error| unreadable(&error))?;
    let mut start: Option<Domain> = None;
    let mut watched = |record: RecordRef<'_>| {
        if record.kind == Kind::SOA && start.is_none() {
            start = Some(record.owner.to_owned());
        }
        records(record);
    };
    let mut reading = Reading::new(Some(folder), &mut watched);
    let place = Place {
        file: file.clone(),
        beside: path.parent().unwrap_or_else(|| Path::new("")).to_owned(),
        depth: 0,
    };
    reading.file(BufReader::with_capacity(64 * 1024, opened), place, origin.clone())?;
    let count = reading.count;
    let wrong = match start {
        Some(start) if start == *origin => return Ok(count),
        Some(other) => Mistake::OtherZone(other),
        None => Mistake::NoStart,
    };
    Err(MasterError {
        file,
        line: 0,
        mistake: wrong,
    })
}

/// Reads a zone file that is in memory, of at most so many records; `$INCLUDE` finds nothing.
///
/// # Errors
/// The first mistake.
pub fn read_text(
    text: &[u8],
    origin: &Domain,
    most: u64,
    records: &mut Records<'_>,
) -> Result<u64, MasterError> {
    let mut reading = Reading::new(None, records);
    reading.most = most.min(limits::TRANSFER_RECORDS);
    let place = Place {
        file: "text".to_owned(),
        beside: PathBuf::new(),
        depth: 0,
    };
    reading.file(text, place, origin.clone())?;
    Ok(reading.count)
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

/// The folder in which included files must lie, links followed.
fn folder_of(path: &Path) -> io::Result<PathBuf> {
    let whole = std::fs::canonicalize(path)?;
    Ok(whole.parent().unwrap_or(&whole).to_owned())
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// Which file is being read.
struct Place {
    file: String,
    /// The folder that relative names of included files begin in.
    beside: PathBuf,
    depth: usize,
}

struct Reading<'r, 's> {
    /// Where included files must lie; nothing when none may be included.
    folder: Option<PathBuf>,
    records: &'r mut Records<'s>,
    ttl: Option<u32>,
    last_ttl: u32,
    owner: Option<Domain>,
    count: u64,
    /// Records at most.
    most: u64,
}

impl<'r, 's> Reading<'r, 's> {
    fn new(folder: Option<PathBuf>, records: &'r mut Records<'s>) -> Self {
        Self {
            folder,
            records,
            ttl: None,
            last_ttl: 0,
            owner: None,
            count: 0,
            most: limits::TRANSFER_RECORDS,
        }
    }

    fn file(&mut self, reader: impl BufRead, place: Place, origin: Domain) -> Result<(), MasterError> {
        let mut origin = origin;
        let mut lines = Lines::new(reader);
        loop {
            let entry = match lines.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(()),
                Err(mistake) => return Err(place.mistake(lines.begin(), mistake)),
            };
            let line = lines.begin();
            let done = match entry.words.first().map(|word| word.text.as_str()) {
                Some(directive) if directive.starts_with('$') && !entry.continues => {
                    self.directive(&entry, &place, line, &mut origin)
                }
                _ => self
                    .record(&entry, &origin)
                    .map_err(|mistake| place.mistake(line, mistake)),
            };
            done?;
        }
    }

    fn directive(
        &mut self,
        entry: &Entry,
        place: &Place,
        line: u64,
        origin: &mut Domain,
    ) -> Result<(), MasterError> {
        let words: Vec<&str> = entry.words.iter().map(|word| word.text.as_str()).collect();
        let here = |mistake| place.mistake(line, mistake);
        let name = words.first().copied().unwrap_or_default();
        match (
            name.to_ascii_uppercase().as_str(),
            words.get(1..).unwrap_or_default(),
        ) {
            ("$ORIGIN", [word]) => *origin = named(word, origin).map_err(here)?,
            ("$ORIGIN", _) => return Err(here(Mistake::Argument("$ORIGIN NAME"))),
            ("$TTL", [word]) => {
                let ttl = record_text::ttl(word).ok_or(Mistake::Argument("$TTL TIME, such as 3600 or 1h"));
                self.ttl = Some(ttl.map_err(here)?);
            }
            ("$TTL", _) => return Err(here(Mistake::Argument("$TTL TIME, such as 3600 or 1h"))),
            ("$INCLUDE", [file]) => self.include(file, place, line, origin.clone())?,
            ("$INCLUDE", [file, word]) => {
                let origin = named(word, origin).map_err(here)?;
                self.include(file, place, line, origin)?;
            }
            ("$INCLUDE", _) => return Err(here(Mistake::Argument("$INCLUDE FILE [ORIGIN]"))),
            ("$GENERATE", arguments) => {
                generate::each(arguments, &mut |words| self.generated(words, origin)).map_err(here)?;
            }
            _ => return Err(here(Mistake::Directive(model::untrusted::shown(name)))),
        }
        Ok(())
    }

    /// The words of one record that `$GENERATE` makes, owner first.
    fn generated(&mut self, words: Vec<String>, origin: &Domain) -> Result<(), Mistake> {
        let entry = Entry {
            words: words.into_iter().map(entry::Word::plain).collect(),
            continues: false,
        };
        self.record(&entry, origin)
    }

    fn include(&mut self, file: &str, place: &Place, line: u64, origin: Domain) -> Result<(), MasterError> {
        let here = |mistake| place.mistake(line, mistake);
        let shown = model::untrusted::shown(file);
        let Some(folder) = &self.folder else {
            return Err(here(Mistake::Outside(shown)));
        };
        if place.depth + 1 >= limits::INCLUDE_DEPTH {
            return Err(here(Mistake::TooDeep));
        }
        let path = place.beside.join(file);
        let unreadable = |error: &io::Error| {
            place.mistake(line, Mistake::Unreadable(format!("`{shown}`: {}", reason(error))))
        };
        let whole = std::fs::canonicalize(&path).map_err(|error| unreadable(&error))?;
        if !whole.starts_with(folder) {
            return Err(here(Mistake::Outside(shown)));
        }
        let opened = open(&whole).map_err(|error| unreadable(&error))?;
        let included = Place {
            file: model::untrusted::shown(&path.display().to_string()),
            beside: path.parent().unwrap_or_else(|| Path::new("")).to_owned(),
            depth: place.depth + 1,
        };
        // The owner before is the including file's affair, and so is what follows (RFC 1035 section 5.1).
        let owner = self.owner.clone();
        self.file(BufReader::new(opened), included, origin)?;
        self.owner = owner;
        Ok(())
    }

    fn record(&mut self, entry: &Entry, origin: &Domain) -> Result<(), Mistake> {
        let words: Vec<&str> = entry.words.iter().map(|word| word.text.as_str()).collect();
        let mut rest = words.as_slice();
        if !entry.continues {
            let (first, behind) = rest.split_first().ok_or(Mistake::Missing("a record"))?;
            self.owner = Some(named(first, origin)?);
            rest = behind;
        }
        let owner = self.owner.clone().ok_or(Mistake::NoOwner)?;
        let head = head(rest)?;
        let ttl = head.ttl.or(self.ttl).unwrap_or(self.last_ttl);
        self.last_ttl = ttl;
        let data = record_text::parse(head.kind, head.data, origin.borrowed()).map_err(Mistake::Data)?;
        self.count += 1;
        if self.count > self.most {
            return Err(Mistake::TooMany(self.most));
        }
        (self.records)(RecordRef {
            owner: owner.borrowed(),
            kind: head.kind,
            ttl,
            data: &data,
        });
        Ok(())
    }
}

impl Place {
    fn mistake(&self, line: u64, mistake: Mistake) -> MasterError {
        MasterError {
            file: self.file.clone(),
            line,
            mistake,
        }
    }
}

fn named(word: &str, origin: &Domain) -> Result<Domain, Mistake> {
    Domain::parse_in(word, origin.borrowed()).map_err(|error| Mistake::Name {
        word: model::untrusted::shown(word),
        error,
    })
}

/// What stands between the owner and the data.
struct Head<'w> {
    ttl: Option<u32>,
    kind: Kind,
    data: &'w [&'w str],
}

/// Time to live and class, in either order, then the type (RFC 1035 section 5.1).
fn head<'w>(words: &'w [&'w str]) -> Result<Head<'w>, Mistake> {
    let mut ttl = None;
    let mut class = false;
    for (place, word) in words.iter().enumerate() {
        if !class && (word.eq_ignore_ascii_case("IN")) {
            class = true;
        } else if ["CH", "HS", "CS"]
            .iter()
            .any(|other| word.eq_ignore_ascii_case(other))
        {
            return Err(Mistake::Class(word.to_ascii_uppercase()));
        } else if ttl.is_none() && word.starts_with(|first: char| first.is_ascii_digit()) {
            ttl = Some(record_text::ttl(word).ok_or_else(|| Mistake::Kind(model::untrusted::shown(word)))?);
        } else {
            let kind = Kind::for_word(word).ok_or_else(|| Mistake::Kind(model::untrusted::shown(word)))?;
            let data = words.get(place + 1..).unwrap_or_default();
            return Ok(Head { ttl, kind, data });
        }
    }
    Err(Mistake::Missing("a type of record, such as A"))
}

#[cfg(test)]
mod tests;
