//! Verdicts for people: one line per store, what refuses said in a sentence, and the sum at the end.

use std::io::Write;
use std::sync::Arc;

use assess::path::{self, Profile};
use assess::timeline::History;
use assess::{SignatureMemory, StoreVerdict, Trust, words};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::Certificate;

use super::task::Task;
use crate::terminal::Style;
use crate::text;

/// Writes the verdicts at one time.
pub(super) fn verdicts(
    task: &Task,
    verdicts: &[StoreVerdict],
    valid: Option<bool>,
    style: Style,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut page = Page::new(task, style);
    page.head(&format!("{}{}", words::moment(task.at), profile(task)));
    let names = widest(verdicts.iter().map(|verdict| &*verdict.store));
    for verdict in verdicts {
        let word = if verdict.is_trusted() { "yes" } else { "no" };
        page.said(
            &format!("  {}  ", text::pad(&verdict.store, names)),
            word,
            verdict,
        );
    }
    page.missing_or_needless(verdicts);
    let refuse = verdicts.iter().filter(|verdict| !verdict.is_trusted()).count();
    let sum = match (valid, refuse) {
        (Some(true), 0) => format!("valid in {}", of(verdicts.len(), verdicts.len())),
        (Some(true), refuse) => format!("valid; {} refuse", of(refuse, verdicts.len())),
        (Some(false), refuse) => format!("not valid in {}", of(refuse, verdicts.len())),
        (None, refuse) => format!("cannot be judged in {}", of(refuse, verdicts.len())),
    };
    page.text.push('\n');
    page.line(&sum);
    Ok(out.write_all(page.text.as_bytes())?)
}

/// Writes what each store says over a span of time.
pub(super) fn histories(
    task: &Task,
    histories: &[History],
    valid: bool,
    style: Style,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut page = Page::new(task, style);
    let spans = || histories.first().into_iter().flat_map(|history| &history.spans);
    if let (Some(first), Some(last)) = (spans().next(), spans().last()) {
        let (from, until) = (day(first.when.start), day(last.when.end));
        page.head(&format!("from {from} until {until}{}", profile(task)));
    }
    let names = widest(histories.iter().map(|history| &*history.store));
    for history in histories {
        for (number, span) in history.spans.iter().enumerate() {
            let name = if number == 0 { &*history.store } else { "" };
            let when = format!("{} .. {}", day(span.when.start), day(span.when.end));
            let word = if super::is_trusted(&span.outcome) {
                "yes"
            } else {
                "no"
            };
            page.said(
                &format!("  {}  {when:<36}  ", text::pad(name, names)),
                word,
                &StoreVerdict {
                    store: Arc::clone(&history.store),
                    kind: history.kind,
                    outcome: span.outcome.clone(),
                },
            );
        }
    }
    page.text.push('\n');
    page.line(if valid {
        "valid over the whole of it"
    } else {
        "not valid over the whole of it"
    });
    Ok(out.write_all(page.text.as_bytes())?)
}

struct Page<'a> {
    task: &'a Task,
    style: Style,
    text: String,
    memory: SignatureMemory,
    /// The way that was drawn last.
    drawn: Option<String>,
}

impl<'a> Page<'a> {
    fn new(task: &'a Task, style: Style) -> Self {
        Self {
            task,
            style,
            text: String::new(),
            memory: SignatureMemory::with_capacity(super::SIGNATURES),
            drawn: None,
        }
    }

    /// Whom the chain is for, and the chain as it was given.
    fn head(&mut self, when: &str) {
        let leaf = self.task.chain.first();
        let whom = match (&self.task.host, leaf) {
            (Some(host), _) => host.to_string(),
            (None, Some(leaf)) => words::certificate(leaf),
            (None, None) => String::new(),
        };
        self.line(&self.style.strong(&format!("{whom}, {when}")));
        let sent: Vec<String> = self
            .task
            .chain
            .iter()
            .map(|step| words::certificate(step))
            .collect();
        self.wrapped("  received  ", &sent.join(", "));
        self.text.push('\n');
    }

    /// What one store says: the path, or every reason against it.
    fn said(&mut self, begin: &str, word: &str, verdict: &StoreVerdict) {
        let trust = &verdict.outcome;
        let coloured = match trust {
            Trust::Trusted { .. } => self.style.good(word),
            Trust::Refused { .. } => self.style.severity(model::Severity::Critical, word),
        };
        let begin = format!("{begin}{coloured}{}", " ".repeat(5 - word.len()));
        match trust {
            Trust::Trusted { path } => {
                let steps: Vec<String> = path.iter().map(|step| self.step(path, step)).collect();
                self.wrapped(&begin, &steps.join(" > "));
            }
            Trust::Refused { reasons } => {
                let indent = " ".repeat(text::width(&strip(&begin)));
                for (number, reason) in reasons.iter().enumerate() {
                    let begin = if number == 0 { &begin } else { &indent };
                    self.wrapped(begin, &words::path_reason(reason));
                }
                self.reached(&indent, verdict);
            }
        }
    }

    /// How far a refused chain goes, with what each step lacks; said once of stores that stop at the same place.
    fn reached(&mut self, indent: &str, verdict: &StoreVerdict) {
        let task = self.task;
        let way = path::reached(&task.chain, &task.known, verdict, &self.memory);
        let drawn = words::way(&way, &task.chain, verdict.reasons());
        if self.drawn.as_ref() != Some(&drawn) {
            self.wrapped(&format!("{indent}reached  "), &drawn);
            self.drawn = Some(drawn);
        }
    }

    /// A step of a verified path: what was not sent and is no anchor is what clients may lack.
    fn step(&self, path: &[Arc<Certificate>], step: &Arc<Certificate>) -> String {
        let is_anchor = path.last() == Some(step);
        let name = words::certificate(step);
        if is_anchor || self.task.chain.contains(step) {
            name
        } else {
            format!("{name} (not sent)")
        }
    }

    /// Certificates that verified paths need and that were not sent, and those that were sent and that none needs.
    fn missing_or_needless(&mut self, verdicts: &[StoreVerdict]) {
        let mut missing: Vec<String> = Vec::new();
        for step in verdicts
            .iter()
            .flat_map(|verdict| verdict.unsent(&self.task.chain))
        {
            let name = words::certificate(step);
            if !missing.contains(&name) {
                missing.push(name);
            }
        }
        if !missing.is_empty() {
            self.text.push('\n');
            self.wrapped("  not sent    ", &missing.join(", "));
        }
        let paths = verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Trust::Trusted { path } => Some(path),
            Trust::Refused { .. } => None,
        });
        let used: Vec<&Arc<Certificate>> = paths.flat_map(|path| path.iter()).collect();
        if used.is_empty() {
            return;
        }
        let sent = self.task.chain.iter();
        let needless: Vec<String> = sent
            .filter(|step| !used.contains(step))
            .map(|step| words::certificate(step))
            .collect();
        if !needless.is_empty() {
            self.text.push('\n');
            self.wrapped("  not needed  ", &needless.join(", "));
        }
    }

    /// `words` behind `begin`, wrapped to the width and indented below themselves.
    fn wrapped(&mut self, begin: &str, words: &str) {
        let indent = text::width(&strip(begin));
        let room = self.style.width.saturating_sub(indent).max(20);
        for (number, line) in text::wrap(words, room, usize::MAX, "..").iter().enumerate() {
            let begin = if number == 0 {
                begin.to_owned()
            } else {
                " ".repeat(indent)
            };
            self.line(&format!("{begin}{line}"));
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

fn profile(task: &Task) -> &'static str {
    match task.profile {
        Profile::Browser => "",
        Profile::Strict => ", by the strict rules",
    }
}

/// `2 of 6 stores`.
fn of(some: usize, all: usize) -> String {
    let noun = if all == 1 { "store" } else { "stores" };
    format!("{some} of {all} {noun}")
}

/// The day, with the time where it is not the first second of it.
fn day(at: Timestamp) -> String {
    let zoned = at.to_zoned(TimeZone::UTC);
    let midnight = zoned.time() == jiff::civil::Time::midnight();
    let form = if midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" };
    zoned.strftime(form).to_string()
}

fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(text::width).max().unwrap_or_default()
}

/// `text` without escape sequences, to measure it.
fn strip(text: &str) -> String {
    let mut plain = String::new();
    let mut inside = false;
    for character in text.chars() {
        match (inside, character) {
            (false, '\u{1b}') => inside = true,
            (true, 'm') => inside = false,
            (true, _) => {}
            (false, character) => plain.push(character),
        }
    }
    plain
}
