//! How a run gets on, on standard error: one line that is drawn over itself, lines of JSON, or nothing.

use std::io::{IsTerminal, Write as _};
use std::time::{Duration, Instant};

use assess::words;
use clap::ValueEnum;
use model::Status;

use crate::scan::tally::Tally;
use crate::text;

/// How to show progress.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// One line, when standard error is a terminal.
    #[default]
    Auto,
    /// Not at all.
    Never,
    /// One JSON object a second.
    Json,
}

/// Shows how far a run is.
pub(crate) struct Progress {
    shown: Shown,
    begin: Instant,
    last: Option<Instant>,
    /// Whether the line stands on the screen now.
    drawn: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Line { width: usize },
    Json,
    Nothing,
}

/// How far a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// Targets finished.
    pub(crate) done: u64,
    /// Targets in all, as far as is known.
    pub(crate) total: Option<u64>,
}

/// Often enough to look alive, seldom enough to cost nothing.
const LINE_EVERY: Duration = Duration::from_millis(100);
const JSON_EVERY: Duration = Duration::from_secs(1);

impl Progress {
    /// Progress on standard error.
    pub(crate) fn new(mode: Mode, width: usize) -> Self {
        let shown = match mode {
            Mode::Auto if std::io::stderr().is_terminal() => Shown::Line { width },
            Mode::Auto | Mode::Never => Shown::Nothing,
            Mode::Json => Shown::Json,
        };
        Self {
            shown,
            begin: Instant::now(),
            last: None,
            drawn: false,
        }
    }

    /// Whether anything is shown at all.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown != Shown::Nothing
    }

    /// Draws, if it is time to.
    pub(crate) fn tick(&mut self, standing: Standing, tally: &Tally) {
        let every = match self.shown {
            Shown::Line { .. } => LINE_EVERY,
            Shown::Json => JSON_EVERY,
            Shown::Nothing => return,
        };
        if self.last.is_some_and(|last| last.elapsed() < every) {
            return;
        }
        self.last = Some(Instant::now());
        let elapsed = self.begin.elapsed();
        match self.shown {
            Shown::Line { width } => {
                self.drawn = true;
                say(&format!("\r{}\x1b[K", line(standing, tally, elapsed, width - 1)));
            }
            Shown::Json => say(&json(standing, tally, elapsed)),
            Shown::Nothing => {}
        }
    }

    /// Writes one line now, because somebody asked (SIGUSR1).
    pub(crate) fn now(&mut self, standing: Standing, tally: &Tally) {
        self.clear();
        let elapsed = self.begin.elapsed();
        say(&format!("{}\n", line(standing, tally, elapsed, usize::MAX)));
    }

    /// Takes the line off the screen, before anything else is written there.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            say("\r\x1b[K");
        }
    }
}

/// Progress is a courtesy: when standard error is gone, the run goes on.
fn say(text: &str) {
    let mut stderr = std::io::stderr().lock();
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}

/// At most `columns` wide: the bar gives way first, then the word in front, then the gaps.
fn line(standing: Standing, tally: &Tally, elapsed: Duration, columns: usize) -> String {
    const WORD: &str = "looking  ";
    let facts = facts(standing, tally, elapsed);
    let room = columns.saturating_sub(WORD.len() + text::width(&facts) + "[]  ".len());
    let total = standing.total.filter(|total| *total > 0);
    match total {
        Some(total) if room >= LEAST_BAR => {
            format!("{WORD}{}{facts}", bar(standing.done, total, room.min(BAR)))
        }
        _ if WORD.len() + text::width(&facts) <= columns => format!("{WORD}{facts}"),
        _ if text::width(&facts) <= columns => facts,
        _ => text::cut_middle(&facts.replace("   ", " ").replace("  ", " "), columns, "..."),
    }
}

/// `[=====>     ]  `, with `columns` between its brackets.
fn bar(done: u64, total: u64, columns: usize) -> String {
    let share =
        u128::from(done.min(total)) * u128::try_from(columns).unwrap_or_default() / u128::from(total.max(1));
    let filled = usize::try_from(share).unwrap_or_default();
    let arrow = if filled < columns { ">" } else { "" };
    let rest = columns.saturating_sub(filled + arrow.len());
    format!("[{}{arrow}{}]  ", "=".repeat(filled), " ".repeat(rest))
}

fn facts(standing: Standing, tally: &Tally, elapsed: Duration) -> String {
    let mut out = text::count(standing.done);
    if let Some(total) = standing.total.filter(|total| *total > 0) {
        out += &format!(" of {}", text::count(total));
    }
    let rate = rate(standing.done, elapsed);
    if rate >= 1.0 {
        out += &format!("   {:.0}/s", rate);
    }
    if let Some(left) = left(standing, rate) {
        out += &format!("   {} left", words::span(left));
    }
    let trouble = tally.of(Status::Warning) + tally.of(Status::Critical) + tally.of(Status::Expired);
    out += &format!(
        "   ok {}  trouble {}  no answer {}",
        text::count(tally.of(Status::Ok)),
        text::count(trouble),
        text::count(tally.of(Status::Error)),
    );
    out
}

/// Columns of the bar where there is room.
const BAR: usize = 24;
/// A shorter bar says nothing.
const LEAST_BAR: usize = 6;

fn json(standing: Standing, tally: &Tally, elapsed: Duration) -> String {
    let rate = rate(standing.done, elapsed);
    let object = serde_json::json!({
        "done": standing.done,
        "total": standing.total,
        "per_second": (rate * 10.0).round() / 10.0,
        "left_seconds": left(standing, rate).map(|left| left.as_secs()),
        "elapsed_seconds": elapsed.as_secs(),
        "ok": tally.of(Status::Ok),
        "warning": tally.of(Status::Warning),
        "critical": tally.of(Status::Critical),
        "expired": tally.of(Status::Expired),
        "error": tally.of(Status::Error),
    });
    format!("{object}\n")
}

fn rate(done: u64, elapsed: Duration) -> f64 {
    let done = number(done);
    done / elapsed.as_secs_f64().max(0.001)
}

/// As a double; what is beyond four thousand million is as good as that for a rate.
fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn left(standing: Standing, rate: f64) -> Option<Duration> {
    let rest = standing.total?.saturating_sub(standing.done);
    let rest = number(rest);
    if rate > 0.0 {
        Duration::try_from_secs_f64((rest / rate).ceil()).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_rate_counts_and_what_is_left() {
        let standing = Standing {
            done: 1_000,
            total: Some(4_000),
        };
        let shown = line(standing, &Tally::default(), Duration::from_secs(2), 160);
        assert_eq!(
            shown,
            "looking  [======>                 ]  1,000 of 4,000   500/s   6 s left   ok 0  trouble 0  no answer 0"
        );
    }

    #[test]
    fn a_narrow_line_loses_its_bar_and_nothing_else() {
        for (done, total) in [(1_000, 4_000), (123_456, 1_000_000), (3, 5)] {
            let total = Some(total);
            let shown = |columns| {
                line(
                    Standing { done, total },
                    &Tally::default(),
                    Duration::from_secs(60),
                    columns,
                )
            };
            let narrow = shown(79);
            assert!(text::width(&narrow) <= 79, "{narrow}");
            for word in ["/s", " left", "ok ", "trouble ", "no answer "] {
                assert!(
                    !shown(160).contains(word) || narrow.contains(word),
                    "{word}: {narrow}"
                );
            }
        }
    }

    #[test]
    fn without_a_total_there_is_no_bar() {
        let standing = Standing { done: 7, total: None };
        assert_eq!(
            line(standing, &Tally::default(), Duration::from_secs(1), 160),
            "looking  7   7/s   ok 0  trouble 0  no answer 0"
        );
        let object: serde_json::Value =
            serde_json::from_str(&json(standing, &Tally::default(), Duration::from_secs(1))).unwrap();
        assert_eq!(object["done"], 7);
        assert!(object["total"].is_null());
    }
}
