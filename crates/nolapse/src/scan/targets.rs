//! From what was typed to numbered items: arguments, files of targets, and standard input, read as a stream.
//!
//! A reader thread parses lines and feeds a bounded channel, so that a million targets or a whole network are never held
//! in memory. What cannot be understood is kept as a complaint with its place, and the rest goes on. Items are numbered
//! in the order in which they are given; what an earlier run has finished is passed over.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::{Fingerprint, Service, limits};
use tokio::sync::mpsc;

use crate::commands::discover::Foreign;
use crate::discover::plan::Plan;
use crate::file;
use crate::scan::learnt::{self, Learnt};
use crate::scan::resume::{Ledger, Left};
use crate::scan::wishes::Wishes;
use crate::terminal::{Colour, Style};
use crate::text;

/// One service to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its number.
    pub(crate) index: u64,
    /// What it is.
    pub(crate) service: Arc<Service>,
    /// At which addresses.
    pub(crate) place: Where,
}

/// At which addresses to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// At every address that its name has.
    Unknown,
    /// At these.
    At(Vec<IpAddr>),
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// A target.
    Target(String),
    /// A file of targets (`@file`).
    File(PathBuf),
    /// Standard input (`-`).
    Stdin,
}

impl Given {
    /// Tells the three apart.
    pub(crate) fn new(argument: &str) -> Self {
        match argument.strip_prefix('@') {
            Some("-") => Self::Stdin,
            // A slip that the grammar of targets knows a sentence for.
            Some("") => Self::Target(argument.to_owned()),
            Some(path) => Self::File(PathBuf::from(path)),
            None if argument == "-" => Self::Stdin,
            None => Self::Target(argument.to_owned()),
        }
    }
}

/// What the reader has done so far; read by the writer while it runs.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Items handed out.
    given: AtomicU64,
    /// Items passed over because an earlier run finished them.
    passed_over: AtomicU64,
    /// Items in all, as far as is known: counted ahead for files, exact once everything was read.
    expected: AtomicU64,
    /// Whether `expected` means anything.
    is_expected: AtomicBool,
    complaints: Mutex<Complaints>,
    /// What a discovery counted.
    learnt: Mutex<learnt::Account>,
}

/// What could not be understood.
#[derive(Debug, Default)]
struct Complaints {
    /// Not shown yet.
    pending: Vec<String>,
    /// Shown or pending.
    shown: usize,
    /// By source: how many lines, and the first numbers.
    lines: Vec<Misread>,
}

#[derive(Debug)]
struct Misread {
    source: String,
    count: u64,
    first: Vec<u64>,
}

/// Complaints shown in full; further ones are counted. A file of another kind would drown everything else.
const COMPLAINTS: usize = 20;
/// Line numbers named in the sum.
const NUMBERS: usize = 8;

impl Account {
    /// Items handed out so far.
    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    /// Items passed over so far.
    pub(crate) fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// Items in all, when that is known.
    pub(crate) fn expected(&self) -> Option<u64> {
        let known = self.is_expected.load(Ordering::Relaxed);
        known.then(|| self.expected.load(Ordering::Relaxed).max(self.given()))
    }

    /// What a discovery counted, when there was one and it has ended.
    pub(crate) fn learnt(&self) -> learnt::Account {
        *self.learnt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Complaints that were not shown yet.
    pub(crate) fn take_complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().pending)
    }

    /// `2 lines of fleet.txt not understood: 17, 2041`, for each source.
    pub(crate) fn not_understood(&self) -> Vec<String> {
        let sentence = |misread: &Misread| {
            let Misread { source, count, first } = misread;
            if first.is_empty() {
                return format!("{} not understood", text::counted(*count, source));
            }
            let mut numbers: Vec<String> = first.iter().map(u64::to_string).collect();
            if u64::try_from(numbers.len()).unwrap_or(u64::MAX) < *count {
                numbers.push("...".to_owned());
            }
            format!(
                "{} of {source} not understood: {}",
                text::counted(*count, "line"),
                numbers.join(", ")
            )
        };
        self.lock().lines.iter().map(sentence).collect()
    }

    fn complain(&self, source: &str, line: Option<u64>, words: String) {
        let mut complaints = self.lock();
        complaints.shown += 1;
        if complaints.shown <= COMPLAINTS {
            complaints.pending.push(words);
        } else if complaints.shown == COMPLAINTS + 1 {
            complaints
                .pending
                .push("error: further lines that are not understood are only counted".to_owned());
        }
        let place = complaints
            .lines
            .iter()
            .position(|misread| misread.source == source);
        let place = place.unwrap_or_else(|| {
            complaints.lines.push(Misread {
                source: source.to_owned(),
                count: 0,
                first: Vec::new(),
            });
            complaints.lines.len() - 1
        });
        if let Some(misread) = complaints.lines.get_mut(place) {
            misread.count += 1;
            if let (Some(line), true) = (line, misread.first.len() < NUMBERS) {
                misread.first.push(line);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Complaints> {
        self.complaints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads everything that was given.
pub(crate) struct Reader {
    /// How each target is meant.
    pub(crate) wishes: Wishes,
    /// What an earlier run has finished.
    pub(crate) finished: Ledger,
    /// Where items go.
    pub(crate) out: mpsc::Sender<Vec<Item>>,
    /// What is done so far.
    pub(crate) account: Arc<Account>,
    /// Columns for people on standard error.
    columns: usize,
    /// What DNS is to be asked, behind everything else.
    places: Option<(Plan, Foreign)>,
    /// Items of the batch being filled.
    batch: Vec<Item>,
    next_index: u64,
}

/// Nobody takes items any more.
pub(crate) struct Unwanted;

/// Items in a batch at most; the first batches are smaller, so that every worker has something to do at once.
const BATCH: usize = 32;
/// Files up to this size are counted before they are read, for the progress line.
const COUNTED_BYTES: u64 = 256 * 1024 * 1024;

impl Reader {
    /// A reader that has read nothing.
    pub(crate) fn new(
        wishes: Wishes,
        finished: Ledger,
        out: mpsc::Sender<Vec<Item>>,
        account: Arc<Account>,
    ) -> Self {
        Self {
            wishes,
            finished,
            out,
            account,
            columns: Style::for_stderr(Colour::Never).width,
            places: None,
            batch: Vec::new(),
            next_index: 0,
        }
    }

    /// Asks DNS too, behind everything else.
    pub(crate) fn and_places(mut self, places: Option<(Plan, Foreign)>) -> Self {
        self.places = places;
        self
    }

    /// Reads all of it, in order. Stops early when nobody takes items any more.
    pub(crate) fn run(mut self, given: &[Given], ahead: CountAhead) {
        if ahead == CountAhead::Yes && self.places.is_none() {
            self.count_ahead(given);
        }
        for argument in given {
            let done = match argument {
                Given::Target(target) => self.argument(target),
                Given::File(path) => self.file(path),
                Given::Stdin => self.lines("standard input", BufReader::new(io::stdin())),
            };
            if done.is_err() {
                return;
            }
        }
        if let Some((plan, foreign)) = self.places.take()
            && self.learn(plan, foreign).is_err()
        {
            return;
        }
        drop(self.send());
        self.account
            .expected
            .store(self.account.given(), Ordering::Relaxed);
    }

    /// Takes what DNS names, as it comes.
    fn learn(&mut self, plan: Plan, foreign: Foreign) -> Result<(), Unwanted> {
        let learnt = match learnt::begin(plan, foreign) {
            Ok(learnt) => learnt,
            Err(error) => {
                let words = format!("error: cannot begin to ask DNS: {error}");
                self.account.complain("discovery", None, words);
                return Ok(());
            }
        };
        loop {
            // Nothing more is here yet: what we have goes out before we wait.
            let next = match learnt.try_recv() {
                Ok(next) => Some(next),
                Err(_) => {
                    self.send()?;
                    learnt.recv().ok()
                }
            };
            match next {
                Some(Learnt::Endpoint(service, address)) => self.item(service, Where::At(vec![address]))?,
                Some(Learnt::End(account)) => {
                    *self.account.learnt.lock().unwrap_or_else(PoisonError::into_inner) = account;
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    fn argument(&mut self, target: &str) -> Result<(), Unwanted> {
        match self.wishes.parse(target) {
            Ok(target) => self.target(&target),
            Err(complaint) => {
                self.account
                    .complain("argument", None, complaint.shown(None, self.columns));
                Ok(())
            }
        }
    }

    fn file(&mut self, path: &Path) -> Result<(), Unwanted> {
        let source = model::untrusted::shown(&path.display().to_string());
        let opened = File::open(path).and_then(|file| {
            let is_directory = file.metadata()?.is_dir();
            if is_directory {
                Err(io::Error::from(io::ErrorKind::IsADirectory))
            } else {
                Ok(file)
            }
        });
        match opened {
            Ok(file) => self.lines(&source, BufReader::with_capacity(64 * 1024, file)),
            Err(error) => {
                let words = format!(
                    "error: cannot read the targets of {source}: {}",
                    file::reason(&error)
                );
                self.account.complain("file", None, words);
                Ok(())
            }
        }
    }

    fn lines<R: Read>(&mut self, source: &str, mut reader: BufReader<R>) -> Result<(), Unwanted> {
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            // Nothing more is here yet: what we have goes out before we wait.
            if reader.buffer().is_empty() && !self.batch.is_empty() {
                self.send()?;
            }
            let length = match read_line(&mut reader, &mut line) {
                Ok(Some(length)) => length,
                Ok(None) => break,
                Err(error) => {
                    let words = format!(
                        "error: reading {source} stopped in line {}: {}",
                        number + 1,
                        file::reason(&error)
                    );
                    self.account.complain(source, Some(number + 1), words);
                    break;
                }
            };
            number += 1;
            self.line(source, number, &line, length)?;
        }
        if number == 0 {
            self.account
                .complain("file", None, format!("error: {source} is empty"));
        }
        Ok(())
    }

    fn line(&mut self, source: &str, number: u64, line: &[u8], length: u64) -> Result<(), Unwanted> {
        if length > LINE {
            let words = format!(
                "error: {source}:{number}: a line of {} bytes is no target (at most {})",
                text::count(length),
                text::count(LINE)
            );
            self.account.complain(source, Some(number), words);
            return Ok(());
        }
        let typed = match std::str::from_utf8(line) {
            Ok(typed) => typed,
            Err(error) => {
                let column = error.valid_up_to() + 1;
                let words = format!("error: {source}:{number}:{column}: not UTF-8");
                self.account.complain(source, Some(number), words);
                return Ok(());
            }
        };
        match self.wishes.parse_line(typed) {
            None => Ok(()),
            Some(Ok(target)) => self.target(&target),
            Some(Err(complaint)) => {
                let words = complaint.shown(Some((source, number)), self.columns);
                self.account.complain(source, Some(number), words);
                Ok(())
            }
        }
    }

    fn target(&mut self, target: &model::target::Target) -> Result<(), Unwanted> {
        let wishes = self.wishes.clone();
        for (service, address) in wishes.expand(target) {
            let place = address.map_or(Where::Unknown, |address| Where::At(vec![address]));
            self.item(service, place)?;
        }
        Ok(())
    }

    fn item(&mut self, service: Service, place: Where) -> Result<(), Unwanted> {
        let index = self.next_index;
        self.next_index += 1;
        let place = match self.finished.left_of(index) {
            Left::All => place,
            Left::Only(addresses) => Where::At(addresses),
            Left::Nothing => {
                self.account.passed_over.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
        };
        self.account.given.fetch_add(1, Ordering::Relaxed);
        self.batch.push(Item {
            index,
            service: Arc::new(service),
            place,
        });
        let full = usize::try_from(self.account.given() / 8)
            .unwrap_or(BATCH)
            .clamp(1, BATCH);
        if self.batch.len() >= full {
            self.send()
        } else {
            Ok(())
        }
    }

    fn send(&mut self) -> Result<(), Unwanted> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.out
            .blocking_send(std::mem::take(&mut self.batch))
            .map_err(|_| Unwanted)
    }

    /// Counts what will come, when that is cheap: arguments by their ranges, files by their lines.
    fn count_ahead(&self, given: &[Given]) {
        let mut sum: u64 = 0;
        for argument in given {
            let counted = match argument {
                Given::Target(target) => self
                    .wishes
                    .parse(target)
                    .map_or(0, |target| self.wishes.count(&target)),
                Given::File(path) => match self.count_lines(path) {
                    Some(lines) => lines,
                    None => return,
                },
                Given::Stdin => return,
            };
            sum = sum.saturating_add(counted);
        }
        self.account.expected.store(sum, Ordering::Relaxed);
        self.account.is_expected.store(true, Ordering::Relaxed);
    }

    /// A regular file of a reasonable size; each line of it counted as one name.
    fn count_lines(&self, path: &Path) -> Option<u64> {
        let mut file = File::open(path).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > COUNTED_BYTES {
            return None;
        }
        let mut buffer = vec![0; 64 * 1024];
        let mut lines: u64 = 0;
        loop {
            let length = file.read(&mut buffer).ok()?;
            let read = buffer.get(..length).filter(|read| !read.is_empty());
            let Some(read) = read else { break };
            let newlines = read.iter().filter(|byte| **byte == b'\n').count();
            lines = lines.saturating_add(u64::try_from(newlines).ok()?);
        }
        Some(lines.saturating_mul(self.wishes.per_target()))
    }
}

/// Whether to count before reading, which only the progress line needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountAhead {
    /// Yes.
    Yes,
    /// No.
    No,
}

const LINE: u64 = limits::TARGET_LINE_BYTES as u64;

/// Reads one line without its end into `line`, at most [`LINE`] bytes of it, and gives its whole length; `None` at the
/// end. A line of a gigabyte is passed over without being held.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<u64>> {
    line.clear();
    let mut length: u64 = 0;
    let mut any = false;
    loop {
        let available = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if available.is_empty() {
            return Ok(any.then_some(length));
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available
            .get(..end.unwrap_or(available.len()))
            .unwrap_or_default();
        let room = limits::TARGET_LINE_BYTES.saturating_sub(line.len());
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        length = length.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Some(length));
        }
    }
}

/// Names a run by what it looks at: a state of another run is not taken up. Files are told apart by size and time, since
/// reading a large one twice costs more than it is worth.
pub(crate) fn run_identity(given: &[Given], wishes: &Wishes) -> Fingerprint {
    let mut content = format!("{wishes:?}\n");
    for argument in given {
        content.push_str(&format!("{argument:?}"));
        if let Given::File(path) = argument
            && let Ok(metadata) = std::fs::metadata(path)
        {
            content.push_str(&format!(" {} {:?}", metadata.len(), metadata.modified().ok()));
        }
        content.push('\n');
    }
    Fingerprint::of(content.as_bytes())
}
