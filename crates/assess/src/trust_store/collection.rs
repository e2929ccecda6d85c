//! All that is known of who trusts what, as one piece: a pool of roots, the lists of the stores, and the logs.
//!
//! The data that is compiled in, or the bytes of a bundle, come in; lists that [`super::Stores`] can be made of go out. A
//! bundle is one file that `nolapse trust-stores` exports and takes: sections of exactly the files under `data`, and the
//! SHA-256 of all before at its end, which tells damage and not forgery. Who made it is asked by whoever takes it.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{Fingerprint, limits};

use super::condition::Condition;
use super::lines::{self, Line};
use crate::ct::Logs;

/// The pool and the lists that are compiled in, in the order in which stores are shown.
const POOL: &[u8] = include_bytes!("../../data/stores/roots.bin");
const LISTS: [&str; 6] = [
    include_str!("../../data/stores/android.toml"),
    include_str!("../../data/stores/apple.toml"),
    include_str!("../../data/stores/chrome.toml"),
    include_str!("../../data/stores/java.toml"),
    include_str!("../../data/stores/mozilla.toml"),
    include_str!("../../data/stores/windows.toml"),
];
const LOGS: &str = include_str!("../../data/ct-logs.toml");

const MAGIC: &[u8] = b"nolapse trust stores 1\n";
const DIGEST: &str = "sha256 ";

/// Stores and logs, whole.
#[derive(Clone, Debug)]
pub struct Collection {
    pub(super) pool: Pool,
    lists: Vec<List>,
    logs: Arc<Logs>,
    /// The texts that the above was read from.
    texts: Vec<(Kind, Text)>,
}

/// What one store trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its name (`Mozilla`).
    pub name: Arc<str>,
    /// Its version, in its maker's own words.
    pub version: Arc<str>,
    /// When it was made, or read where its maker does not say.
    pub date: Date,
    /// Where it was read.
    pub source: Arc<str>,
    /// Its roots, by their places in the pool.
    pub(super) roots: Vec<usize>,
    /// Conditions, by the places of their roots.
    pub(super) conditions: Vec<(usize, Condition)>,
    /// Roots that it held once, by their places, with the first moment at which it is known not to list them.
    pub(super) removed: Vec<(usize, Timestamp)>,
}

/// Why bytes are no bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It begins otherwise.
    #[error("it is not a bundle of trust stores, or of another version")]
    Foreign,
    /// It is cut, or its own digest does not fit.
    #[error("it is damaged: the SHA-256 at its end does not fit")]
    Damaged,
    /// A section that is not understood.
    #[error("its section {0} is not understood")]
    Section(usize),
    /// A line that is not understood.
    #[error("line {line} of its section {section} is not understood")]
    Line {
        /// Which section, from 1.
        section: usize,
        /// Which line, from 1.
        line: usize,
    },
    /// A root that is not what its SHA-256 says, or is not there.
    #[error("a root of it is not what its SHA-256 says, or missing: {0}")]
    Root(Fingerprint),
    /// Nothing that could be trusted.
    #[error("it holds no store")]
    Empty,
    /// More than is read.
    #[error("it holds more than is read")]
    TooMuch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Store,
    Logs,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Logs => "ct-logs",
        }
    }
}

/// Text that is compiled in, or not.
#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl Collection {
    /// What is compiled in.
    pub fn built_in() -> Self {
        // A test reads it; of data that could not be read nothing would be trusted.
        Self::read_built_in().unwrap_or_else(|_| Self::empty())
    }

    pub(super) fn read_built_in() -> Result<Self, BundleError> {
        let stores = LISTS.iter().map(|text| (Kind::Store, Text::Static(text)));
        let texts = stores.chain([(Kind::Logs, Text::Static(LOGS))]).collect();
        Self::new(
            Pool::new(Bytes::Static(POOL)).ok_or(BundleError::Section(1))?,
            texts,
        )
    }

    /// Reads a bundle. Everything in it is checked, every root against its SHA-256.
    ///
    /// # Errors
    /// When it is none, damaged, or not understood.
    pub fn from_bundle(bytes: &[u8]) -> Result<Self, BundleError> {
        if u64::try_from(bytes.len()).is_ok_and(|length| length > limits::TRUST_BUNDLE_BYTES) {
            return Err(BundleError::TooMuch);
        }
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(BundleError::Foreign)?;
        let sealed = bytes
            .len()
            .checked_sub(DIGEST.len() + 64 + 1)
            .ok_or(BundleError::Damaged)?;
        let (content, seal) = bytes.split_at_checked(sealed).ok_or(BundleError::Damaged)?;
        if seal != Self::seal(content).as_bytes() {
            return Err(BundleError::Damaged);
        }
        let (mut pool, mut texts) = (Pool::default(), Vec::new());
        for section in 1.. {
            if rest == seal {
                break;
            }
            let (kind, content, after) = section_of(rest).ok_or(BundleError::Section(section))?;
            rest = after;
            let text = || std::str::from_utf8(content).map(|text| Text::Shared(Arc::from(text)));
            match kind {
                "roots" => {
                    pool =
                        Pool::new(Bytes::Shared(Arc::from(content))).ok_or(BundleError::Section(section))?;
                    pool.check()?;
                }
                "store" => texts.push((Kind::Store, text().map_err(|_| BundleError::Section(section))?)),
                "ct-logs" => texts.push((Kind::Logs, text().map_err(|_| BundleError::Section(section))?)),
                _ => return Err(BundleError::Section(section)),
            }
        }
        let read = Self::new(pool, texts)?;
        if read.lists.is_empty() {
            return Err(BundleError::Empty);
        }
        if read.lists.len() > limits::PUBLIC_STORES {
            return Err(BundleError::TooMuch);
        }
        Ok(read)
    }

    /// The same as one file.
    pub fn to_bundle(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        let mut section = |word: &str, content: &[u8]| {
            out.extend_from_slice(format!("section {word} {}\n", content.len()).as_bytes());
            out.extend_from_slice(content);
            out.push(b'\n');
        };
        section("roots", self.pool.bytes.as_slice());
        for (kind, text) in &self.texts {
            section(kind.word(), text.as_str().as_bytes());
        }
        let seal = Self::seal(&out);
        out.extend_from_slice(seal.as_bytes());
        out
    }

    /// The lists, in the order in which stores are shown.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }

    /// The logs.
    pub const fn logs(&self) -> &Arc<Logs> {
        &self.logs
    }

    /// The lists of `self` that are older than the ones of the same name in `other`, with both dates.
    pub fn older_than<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a List, &'a List)> {
        let same = |list: &'a List| other.lists.iter().find(|theirs| theirs.name == list.name);
        let pairs = self
            .lists
            .iter()
            .filter_map(move |list| Some((list, same(list)?)));
        pairs.filter(|(ours, theirs)| ours.date < theirs.date)
    }

    fn empty() -> Self {
        Self {
            pool: Pool::default(),
            lists: Vec::new(),
            logs: Arc::default(),
            texts: Vec::new(),
        }
    }

    fn new(pool: Pool, texts: Vec<(Kind, Text)>) -> Result<Self, BundleError> {
        let (mut lists, mut logs) = (Vec::new(), Arc::default());
        // The pool is the first section.
        for (section, (kind, text)) in (2..).zip(&texts) {
            match kind {
                Kind::Store => lists.push(list(text.as_str(), &pool, section)?),
                Kind::Logs => {
                    // What is compiled in was read by a test; what was not is read whole before it is believed.
                    logs = Arc::new(match text {
                        Text::Static(text) => Logs::of(*text),
                        Text::Shared(text) => {
                            Logs::parse(text).map_err(|line| BundleError::Line { section, line })?
                        }
                    });
                }
            }
        }
        Ok(Self {
            pool,
            lists,
            logs,
            texts,
        })
    }

    fn seal(content: &[u8]) -> String {
        format!("{DIGEST}{}\n", Fingerprint::of(content))
    }
}

/// The first section of `rest`, its content, and what follows.
fn section_of(rest: &[u8]) -> Option<(&str, &[u8], &[u8])> {
    let end = rest.iter().take(64).position(|byte| *byte == b'\n')?;
    let (head, body) = rest.split_at_checked(end + 1)?;
    let mut words = std::str::from_utf8(head).ok()?.split_whitespace();
    let ("section", word, length) = (words.next()?, words.next()?, words.next()?) else {
        return None;
    };
    let (content, after) = body.split_at_checked(length.parse().ok()?)?;
    Some((word, content, after.strip_prefix(b"\n")?))
}

fn list(text: &str, pool: &Pool, section: usize) -> Result<List, BundleError> {
    let mut list = List {
        name: Arc::from(""),
        version: Arc::from(""),
        date: Date::default(),
        source: Arc::from(""),
        roots: Vec::with_capacity(256),
        conditions: Vec::new(),
        removed: Vec::new(),
    };
    let mut heading = "";
    for (line, read) in lines::read(text) {
        let wrong = BundleError::Line { section, line };
        let (key, value) = match read {
            Ok(Line::Section(name)) => {
                heading = name;
                continue;
            }
            Ok(Line::Pair { key, value }) => (key, value),
            Err(()) => return Err(wrong),
        };
        if heading.is_empty() {
            match key {
                "name" => list.name = Arc::from(value),
                "version" => list.version = Arc::from(value),
                "date" => list.date = value.parse().map_err(|_| wrong)?,
                "source" => list.source = Arc::from(value),
                _ => return Err(wrong),
            }
            continue;
        }
        let root = Fingerprint::from_bytes(lines::digest(key).ok_or_else(|| wrong.clone())?);
        let place = pool.place(root).ok_or(BundleError::Root(root))?;
        let moment = || value.parse::<Timestamp>().map_err(|_| wrong.clone());
        match heading {
            "roots" => list.roots.push(place),
            "distrust-after-not-before" => list.conditions.push((place, Condition::NotBefore(moment()?))),
            "distrust-after-sct" => list.conditions.push((place, Condition::Sct(moment()?))),
            "removed" => {
                let day: Date = value.parse().map_err(|_| wrong.clone())?;
                let begins = day.to_zoned(TimeZone::UTC).map_err(|_| wrong)?;
                list.removed.push((place, begins.timestamp()));
            }
            "permitted-names" => list.conditions.push((place, Condition::Names(Arc::from(value)))),
            _ => return Err(wrong),
        }
    }
    // What a store holds and what it has removed are two things.
    let is_held = |(place, _): &(usize, Timestamp)| list.roots.contains(place);
    let items = list.roots.len().saturating_add(list.removed.len());
    if list.name.is_empty() || items > limits::BUNDLE_ITEMS || list.removed.iter().any(is_held) {
        return Err(BundleError::Section(section));
    }
    Ok(list)
}

/// Bytes that are compiled in, or not.
#[derive(Clone, Debug)]
pub(super) enum Bytes {
    Static(&'static [u8]),
    Shared(Arc<[u8]>),
}

impl Bytes {
    pub(super) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Static(&[])
    }
}

/// The DER of every root, once: (SHA-256, two bytes of length, bytes), in the order of the hashes. Only where each lies is
/// read at once; the certificates are when one is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub(super) bytes: Bytes,
    pub(super) roots: Vec<(Fingerprint, Range<usize>)>,
}

impl Pool {
    fn new(bytes: Bytes) -> Option<Self> {
        let mut roots = Vec::with_capacity(320);
        let (mut rest, mut at) = (bytes.as_slice(), 0);
        while !rest.is_empty() {
            let (hash, tail) = rest.split_first_chunk::<32>()?;
            let (length, tail) = tail.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            (_, rest) = tail.split_at_checked(length)?;
            let root = Fingerprint::from_bytes(*hash);
            if roots.last().is_some_and(|(last, _)| *last >= root) {
                return None;
            }
            at += 34;
            roots.push((root, at..at + length));
            at += length;
        }
        Some(Self { bytes, roots })
    }

    fn check(&self) -> Result<(), BundleError> {
        for (root, range) in &self.roots {
            let der = self.bytes.as_slice().get(range.clone()).unwrap_or_default();
            if Fingerprint::of(der) != *root {
                return Err(BundleError::Root(*root));
            }
        }
        Ok(())
    }

    fn place(&self, root: Fingerprint) -> Option<usize> {
        self.roots.binary_search_by_key(&root, |(known, _)| *known).ok()
    }
}

impl List {
    /// How many roots it holds.
    pub fn len(&self) -> usize {
        self.roots.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }
}

/// Whether two collections say the same.
impl PartialEq for Collection {
    fn eq(&self, other: &Self) -> bool {
        self.to_bundle() == other.to_bundle()
    }
}

impl Collection {
    /// One line per store, for whoever compares: `Mozilla 1.0.11, 2026-10-23, 118 roots`.
    pub fn summary(&self) -> String {
        let mut out = String::new();
        for list in &self.lists {
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{} {}, {}, {} roots",
                list.name,
                list.version,
                list.date,
                list.len()
            );
        }
        out
    }
}
