//! A whole run: a reader of targets, a worker per core, and this thread, which writes.
//!
//! The writer joins what the workers hand over, keeps counts and the ledger, draws the progress line, and reports at the
//! end. It is the only one that touches the output, and it never waits for one endpoint.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{Fingerprint, Status};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::commands::discover::Foreign;
use crate::discover::plan::Plan;
use crate::inventory::saving::Saver;
use crate::report::Rendering;
use crate::report::markdown::Document;
use crate::report::table::{Summary, Table};
use crate::scan::learnt;
use crate::scan::progress::{Progress, Standing};
use crate::scan::resume::Ledger;
use crate::scan::signals::Signals;
use crate::scan::tally::Tally;
use crate::scan::targets::{Account, CountAhead, Given, Item, Reader};
use crate::scan::wishes::Wishes;
use crate::scan::work::{self, Batch, Shop};

/// Everything that a run needs beside the shop.
pub(crate) struct Run {
    /// What was given.
    pub(crate) given: Vec<Given>,
    /// What DNS is to be asked.
    pub(crate) places: Option<(Plan, Foreign)>,
    /// How it is meant.
    pub(crate) wishes: Wishes,
    /// What an earlier run finished.
    pub(crate) finished: Ledger,
    /// What names this run in a state file.
    pub(crate) identity: Fingerprint,
    /// Where the state is kept while the run goes on (`--resume`).
    pub(crate) state: Option<PathBuf>,
    /// Threads that look.
    pub(crate) workers: usize,
    /// Where looks are kept.
    pub(crate) saver: Option<Saver>,
    /// Signals.
    pub(crate) signals: Signals,
    /// Progress.
    pub(crate) progress: Progress,
}

/// A report that grows to its end.
pub(crate) enum Report {
    /// The workers render; bytes are only joined.
    Streamed,
    /// A table.
    Table(Box<Table>),
    /// A Markdown document.
    Document(Document),
}

/// Where the report goes.
pub(crate) struct Output {
    /// The stream.
    pub(crate) sink: Box<dyn Write>,
    /// Whether somebody watches: then every batch is shown at once.
    pub(crate) watched: bool,
    /// Whether it goes on behind an earlier part of the report: then it needs no head, and a comma before its first element.
    pub(crate) continued: bool,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Counts.
    pub(crate) tally: Tally,
    /// Why.
    pub(crate) why: Why,
    /// What is finished.
    pub(crate) ledger: Ledger,
    /// Targets of this run and before it, as far as they were read.
    pub(crate) seen: u64,
    /// The worst finding of all.
    pub(crate) worst: Status,
    /// What asking DNS came to.
    pub(crate) learnt: learnt::Account,
}

/// Why a run ended.
#[derive(Debug)]
pub(crate) enum Why {
    /// Everything was looked at.
    Done,
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// The reader of our output went away.
    OutputClosed,
    /// The output cannot be written.
    OutputFailed(io::Error),
}

/// Batches between workers and writer; a slow output then slows the looks and fills no memory.
const BATCHES: usize = 16;
/// Batches of items between reader and workers.
const ITEM_BATCHES: usize = 32;
/// What was written is passed on at least so often.
const FLUSH_EVERY: Duration = Duration::from_millis(100);
/// A killed run repeats at most the looks of so long.
const SAVE_EVERY: Duration = Duration::from_secs(5);
const BUFFER: usize = 64 * 1024;

/// A run cannot even begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// No random numbers.
    #[error(transparent)]
    Unseeded(#[from] probe::Unseeded),
    /// No threads or descriptors.
    #[error("cannot start: {0}")]
    Threads(#[from] io::Error),
}

/// Hands out the way to the shop once the item channel exists.
pub(crate) type MakeShop = Box<dyn FnOnce(mpsc::Receiver<Vec<Item>>) -> Shop>;

/// Runs to the end, the output's end, or Ctrl-C.
pub(crate) fn run(
    run: Run,
    make_shop: MakeShop,
    report: Report,
    output: Output,
) -> Result<Ended, StartError> {
    let (items, source) = mpsc::channel(ITEM_BATCHES);
    let (results, batches) = mpsc::channel(BATCHES);
    let shop = Arc::new(make_shop(source));
    let account = Arc::new(Account::default());
    let ahead = if run.progress.is_shown() {
        CountAhead::Yes
    } else {
        CountAhead::No
    };
    let reader = Reader::new(run.wishes, run.finished.clone(), items, Arc::clone(&account));
    let reader = reader.and_places(run.places);
    let given = run.given;
    // Not joined: it may wait for a line of standard input that never comes, and ends with the process.
    std::thread::Builder::new()
        .name("targets".to_owned())
        .spawn(move || reader.run(&given, ahead))?;
    for number in 0..run.workers {
        let prober = probe::Prober::new(shop.looking.clone())?;
        let (shop, results) = (Arc::clone(&shop), results.clone());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new().name(format!("look-{number}"));
        // Not joined: the channel of results ends when all of them have.
        thread.spawn(move || runtime.block_on(work::work(shop, prober, results)))?;
    }
    drop(results);
    let writer = Writer {
        rendering: shop.rendering.clone(),
        report,
        first: !output.continued,
        sink: BufWriter::with_capacity(BUFFER, output.sink),
        watched: output.watched,
        tally: Tally::default(),
        finished_before: run.finished.finished(),
        ledger: run.finished,
        account,
        progress: run.progress,
        state: run.state.map(|path| (path, run.identity)),
        saved: Instant::now(),
        saver: run.saver,
        begin: Instant::now(),
    };
    drop(shop);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    Ok(runtime.block_on(writer.run(batches, run.signals, output.continued)))
}

/// Looks that are not kept fail the run as a report that cannot be written does.
fn unsaved(error: anyhow::Error) -> io::Error {
    io::Error::other(format!("{error:#}"))
}

struct Writer {
    rendering: Rendering,
    report: Report,
    /// Whether the next element is the first of its array.
    first: bool,
    sink: BufWriter<Box<dyn Write>>,
    watched: bool,
    tally: Tally,
    ledger: Ledger,
    finished_before: u64,
    account: Arc<Account>,
    progress: Progress,
    state: Option<(PathBuf, Fingerprint)>,
    saved: Instant,
    saver: Option<Saver>,
    begin: Instant,
}

impl Writer {
    async fn run(mut self, mut batches: mpsc::Receiver<Batch>, signals: Signals, continued: bool) -> Ended {
        let written = self.write_all(&mut batches, &signals, continued).await;
        // Workers that still have something to hand over find nobody, and end.
        drop(batches);
        let interrupted = *signals.stop.borrow();
        let kept = match self.saver.take() {
            Some(saver) => saver.finish().await.map_err(unsaved).map(drop),
            None => Ok(()),
        };
        let written = written.and(kept);
        let written = written.and_then(|()| self.finish());
        let why = match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Why::OutputClosed,
            Err(error) => Why::OutputFailed(error),
            Ok(()) if interrupted => Why::Interrupted,
            Ok(()) => Why::Done,
        };
        let worst = Status::WORST_FIRST
            .into_iter()
            .find(|status| self.tally.of(*status) > 0)
            .unwrap_or(Status::Ok);
        let learnt = self.account.learnt();
        let seen = self.account.given() + self.account.passed_over();
        Ended {
            tally: self.tally,
            why,
            ledger: self.ledger,
            seen,
            worst,
            learnt,
        }
    }

    async fn write_all(
        &mut self,
        batches: &mut mpsc::Receiver<Batch>,
        signals: &Signals,
        continued: bool,
    ) -> io::Result<()> {
        if !continued {
            self.sink.write_all(&self.rendering.head())?;
        }
        let mut clock = interval(FLUSH_EVERY);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                batch = batches.recv() => match batch {
                    Some(mut batch) => {
                        let kept = std::mem::take(&mut batch.kept);
                        self.take(batch)?;
                        if let Some(saver) = &mut self.saver {
                            saver.take(kept).await.map_err(unsaved)?;
                        }
                    }
                    None => break,
                },
                _ = clock.tick() => self.tick()?,
                () = signals.line.notified() => {
                    let standing = self.standing();
                    self.progress.now(standing, &self.tally);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, batch: Batch) -> io::Result<()> {
        let bytes = if self.first {
            batch.bytes.get(self.rendering.separator()..)
        } else {
            Some(&*batch.bytes)
        };
        if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
            self.first = false;
            if self.watched {
                self.progress.clear();
            }
            self.sink.write_all(bytes)?;
            if self.watched {
                self.sink.flush()?;
            }
        }
        for (index, look) in batch.looks {
            match &mut self.report {
                Report::Streamed => {}
                Report::Table(table) => table.add(index, look),
                Report::Document(document) => document.add(&look),
            }
        }
        self.tally.add(&batch.tally);
        batch.steps.into_iter().for_each(|step| self.ledger.enter(step));
        Ok(())
    }

    fn tick(&mut self) -> io::Result<()> {
        self.complain();
        let standing = self.standing();
        self.progress.tick(standing, &self.tally);
        if self.state.is_some() && self.saved.elapsed() >= SAVE_EVERY {
            // What the state calls finished must have left this process.
            self.sink.flush()?;
            self.saved = Instant::now();
            self.save();
        }
        if matches!(self.report, Report::Streamed) {
            self.sink.flush()
        } else {
            Ok(())
        }
    }

    fn save(&mut self) {
        let Some((path, identity)) = &self.state else {
            return;
        };
        if let Err(error) = self.ledger.save(path, *identity) {
            self.progress.clear();
            let path = path.display().to_string();
            crate::say::warning(&format!(
                "cannot keep the state in {path}: {}",
                crate::file::reason(&error)
            ));
            // Said once; the run itself is worth more than its state.
            self.state = None;
        }
    }

    fn standing(&self) -> Standing {
        Standing {
            done: self.ledger.finished() - self.finished_before,
            total: self.account.expected(),
        }
    }

    fn complain(&mut self) {
        let complaints = self.account.take_complaints();
        if !complaints.is_empty() {
            self.progress.clear();
            complaints
                .iter()
                .for_each(|complaint| crate::say::line(complaint));
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.complain();
        self.progress.clear();
        self.sink.write_all(self.rendering.tail())?;
        let summary = Summary {
            tally: self.tally.clone(),
            targets: self.ledger.finished() - self.finished_before,
            resumed: self.account.passed_over(),
            not_understood: self.account.not_understood(),
            elapsed: self.begin.elapsed(),
        };
        match &self.report {
            Report::Streamed => {}
            Report::Table(table) if summary.tally.total() > 0 => {
                self.sink.write_all(table.finish(&summary).as_bytes())?;
            }
            Report::Table(_) => {}
            Report::Document(document) => self.sink.write_all(document.finish(&summary).as_bytes())?,
        }
        self.sink.flush()
    }
}
