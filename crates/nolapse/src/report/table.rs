//! The report for people in a terminal: worst first, grouped by cause, sums that add up.
//!
//! Looks come in one by one; lines of at most the terminal's width go out at the end. One target is shown in detail,
//! many by their causes. Every text from the network was escaped before it came here, or is escaped here.

use std::fmt::Write as _;
use std::time::Duration;

use model::observation::Depth;
use model::{Severity, Status};

use crate::failure;
use crate::report::causes::{self, Cause, Causes, Example, Keep, Named};
use crate::report::detail;
use crate::scan::tally::Tally;
use crate::terminal::Style;
use crate::text;
use engine::look::Look;

/// What the user wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Whether to list everything, what is fine included.
    pub(crate) list: Keep,
    /// Whether to show fingerprints in full, and notes.
    pub(crate) detail: Detail,
}

/// How much of each thing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What a person needs.
    Usual,
    /// Also what is only worth knowing.
    More,
}

/// What is known at the end of a run, beside the looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// Every endpoint in its class.
    pub(crate) tally: Tally,
    /// Targets that were looked at.
    pub(crate) targets: u64,
    /// Targets that an earlier run had finished (`--resume`).
    pub(crate) resumed: u64,
    /// What could not be understood, as `2 lines of fleet.txt not understood: 17, 2041`.
    pub(crate) not_understood: Vec<String>,
    /// How long it took.
    pub(crate) elapsed: Duration,
}

/// The report as it grows.
#[derive(Debug)]
pub(crate) struct Table {
    style: Style,
    wishes: Wishes,
    causes: Causes,
    /// All looks while there is one target only.
    single: Single,
    /// Endpoints that are fine, when everything is listed.
    fine: Vec<String>,
    proofs: Proofs,
}

/// Whether servers were asked to prove that they hold their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Proofs {
    /// They were.
    #[default]
    Asked,
    /// They were not (`--depth glance`).
    NotAsked,
}

impl Proofs {
    /// What is known after one more look.
    pub(crate) fn and(self, look: &Look) -> Self {
        match look.observation.depth {
            Depth::Glance => Self::NotAsked,
            Depth::Full => self,
        }
    }

    /// What a sum says of it.
    pub(crate) const fn words(self) -> Option<&'static str> {
        match self {
            Self::Asked => None,
            Self::NotAsked => Some("glance: no server proved that it holds its key"),
        }
    }
}

#[derive(Debug)]
enum Single {
    Nothing,
    One { index: u64, looks: Vec<Look> },
    Many,
}

/// Fewer columns than this hold no sentence.
const LEAST_ASIDE: usize = 16;
/// Columns before the text of a finding: `  x CRITICAL  `.
const INDENT: usize = 14;

impl Table {
    /// An empty report.
    pub(crate) const fn new(style: Style, wishes: Wishes) -> Self {
        Self {
            style,
            wishes,
            causes: Causes::new(wishes.list),
            single: Single::Nothing,
            fine: Vec::new(),
            proofs: Proofs::Asked,
        }
    }

    /// Adds one look at the target with this number.
    pub(crate) fn add(&mut self, index: u64, look: Look) {
        let least = match self.wishes.detail {
            Detail::Usual => Severity::Warning,
            Detail::More => Severity::Note,
        };
        self.causes.add(&look, least);
        self.proofs = self.proofs.and(&look);
        if self.wishes.list == Keep::All && look.assessment.status == Status::Ok {
            self.fine.push(causes::endpoint(&look));
        }
        match &mut self.single {
            Single::Nothing => {
                self.single = Single::One {
                    index,
                    looks: vec![look],
                }
            }
            Single::One { index: known, looks } if *known == index => looks.push(look),
            Single::One { .. } => self.single = Single::Many,
            Single::Many => {}
        }
    }

    /// The whole report.
    pub(crate) fn finish(&self, summary: &Summary) -> String {
        let mut out = String::new();
        let single = match &self.single {
            Single::One { looks, .. } => looks.as_slice(),
            Single::Nothing | Single::Many => &[],
        };
        if let Some(first) = single.first() {
            out.push_str(&detail::head(self.style, single, first));
            out.push('\n');
        }
        for named in self.causes.worst_first() {
            self.cause(&mut out, named, &summary.tally);
        }
        if single.is_empty() {
            self.fine(&mut out);
        } else {
            let body = detail::body(self.style, self.wishes.detail, single);
            out.push_str(&body);
            if !body.is_empty() {
                out.push('\n');
            }
        }
        self.sums(&mut out, summary);
        out
    }

    fn cause(&self, out: &mut String, named: Named<'_>, tally: &Tally) {
        let Some(first) = named.cause.examples.first() else {
            return;
        };
        let alone = named.cause.endpoints == 1;
        let stopped = named.rule == causes::UNJUDGED && !alone;
        let title = if stopped {
            could_not_be_judged(named.cause, tally)
        } else if alone {
            first.message.clone()
        } else {
            shared_title(named, first)
        };
        self.title(
            out,
            named.severity,
            &title,
            if alone { first.rule } else { named.rule },
        );
        if self.wishes.list == Keep::All && !alone {
            self.every_example(out, named.cause);
        } else {
            self.some_examples(out, named.cause);
        }
        if !stopped {
            // What to do is of no use when its end is cut: a narrow terminal gets more lines.
            let lines = if self.style.width < 80 { 6 } else { 2 };
            self.paragraph(out, &first.remedy, lines);
        }
        out.push('\n');
    }

    /// The line with glyph, status, what is wrong, and the rule at the right edge.
    fn title(&self, out: &mut String, severity: Severity, title: &str, rule: &str) {
        let style = self.style;
        let beside = style.width.saturating_sub(INDENT + text::width(rule) + 2);
        // A narrow terminal has no room for both: the rule then stands below.
        let narrow = beside < 24;
        let columns = if narrow { style.width - INDENT } else { beside };
        let (glyph, word) = severity_words(style, severity);
        let head = format!("{glyph} {}", text::pad(word, 8));
        for (number, line) in text::wrap(title, columns, 4, style.mark()).iter().enumerate() {
            if number == 0 {
                let _ = write!(
                    out,
                    "  {}  {}",
                    style.severity(severity, &head),
                    style.strong(line)
                );
                if !narrow && !rule.is_empty() {
                    let gap = columns - text::width(line) + 2;
                    let _ = write!(out, "{}{}", " ".repeat(gap), style.dim(rule));
                }
                out.push('\n');
            } else {
                let _ = writeln!(out, "{}{}", " ".repeat(INDENT), style.strong(line));
            }
        }
        if narrow && !rule.is_empty() {
            let _ = writeln!(out, "{}{}", " ".repeat(INDENT), style.dim(rule));
        }
    }

    fn some_examples(&self, out: &mut String, cause: &Cause) {
        let alone = cause.endpoints == 1;
        let mut cells: Vec<String> = cause
            .examples
            .iter()
            .map(|example| cell(example, alone))
            .collect();
        let further = cause.further(cause.examples.len());
        if further > 0 {
            cells.push(format!("and {} more (--all)", text::count(further)));
        }
        let columns = self.style.width - INDENT;
        let mut line = String::new();
        for cell in cells {
            let cell = text::cut_middle(&cell, columns, self.style.mark());
            if !line.is_empty() && text::width(&line) + 3 + text::width(&cell) > columns {
                let _ = writeln!(out, "{}{line}", " ".repeat(INDENT));
                line.clear();
            }
            if !line.is_empty() {
                line.push_str("   ");
            }
            line.push_str(&cell);
        }
        let _ = writeln!(out, "{}{line}", " ".repeat(INDENT));
    }

    fn every_example(&self, out: &mut String, cause: &Cause) {
        let columns = self.style.width - INDENT;
        for example in &cause.examples {
            let endpoint = text::cut_middle(&example.endpoint, columns, self.style.mark());
            // What is shared was said above; what differs stands beside the endpoint, if there is room to read it.
            let room = columns.saturating_sub(text::width(&endpoint) + 2);
            let differs = cause.shared.is_none() && room >= LEAST_ASIDE;
            let aside = if differs {
                text::cut_middle(&example.message, room, self.style.mark())
            } else {
                String::new()
            };
            let line = format!("{}{endpoint}  {aside}", " ".repeat(INDENT));
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    fn paragraph(&self, out: &mut String, sentence: &str, lines: usize) {
        for line in text::wrap(sentence, self.style.width - INDENT, lines, self.style.mark()) {
            let _ = writeln!(out, "{}{line}", " ".repeat(INDENT));
        }
    }

    fn fine(&self, out: &mut String) {
        let mut fine = self.fine.clone();
        fine.sort_unstable();
        let glyph = text::pad(self.style.glyph(Status::Ok), 2);
        for endpoint in &fine {
            let columns = self.style.width - INDENT;
            let endpoint = text::cut_middle(endpoint, columns, self.style.mark());
            let _ = writeln!(
                out,
                "  {}  {endpoint}",
                self.style.good(&format!("{glyph}{}", text::pad("OK", 8)))
            );
        }
        if !fine.is_empty() {
            out.push('\n');
        }
    }

    fn sums(&self, out: &mut String, summary: &Summary) {
        let tally = &summary.tally;
        let endpoints = text::counted(tally.total(), "endpoint");
        let classes = classes(tally);
        let mut aside = Vec::new();
        // One target was named in the first line already.
        if summary.targets != tally.total() && summary.targets != 1 {
            aside.push(text::counted(summary.targets, "target"));
        }
        if summary.resumed > 0 {
            aside.push(format!(
                "{} finished before",
                text::counted(summary.resumed, "target")
            ));
        }
        aside.extend(summary.not_understood.iter().cloned());
        // One endpoint says so in its own lines.
        if let Some(words) = self.proofs.words().filter(|_| tally.total() > 1) {
            aside.push(words.to_owned());
        }
        let elapsed = text::measured(summary.elapsed);
        if aside.is_empty() {
            self.sum_line(out, &format!("{endpoints}: {classes}"), &elapsed);
        } else {
            self.sum_line(out, &format!("{endpoints} ({})", aside.join(", ")), "");
            self.sum_line(out, &classes, &elapsed);
        }
    }

    fn sum_line(&self, out: &mut String, left: &str, right: &str) {
        let lines = text::wrap(
            left,
            self.style.width.saturating_sub(text::width(right) + 2),
            8,
            self.style.mark(),
        );
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.iter().enumerate() {
            if number == last && !right.is_empty() {
                let gap = self
                    .style
                    .width
                    .saturating_sub(text::width(line) + text::width(right))
                    .max(2);
                let _ = writeln!(out, "{line}{}{right}", " ".repeat(gap));
            } else {
                let _ = writeln!(out, "{line}");
            }
        }
    }
}

/// `3,795 ok, 38 warning, 11 critical, 1 expired, 45 error`, without what there is none of.
pub(crate) fn classes(tally: &Tally) -> String {
    let order = [
        Status::Ok,
        Status::Warning,
        Status::Critical,
        Status::Expired,
        Status::Error,
    ];
    let parts: Vec<String> = order
        .into_iter()
        .filter(|status| tally.of(*status) > 0)
        .map(|status| {
            format!(
                "{} {}",
                text::count(tally.of(status)),
                status.word().to_lowercase()
            )
        })
        .collect();
    if parts.is_empty() {
        "nothing was looked at".to_owned()
    } else {
        parts.join(", ")
    }
}

/// `45 endpoints could not be judged: 31 refused, 9 timed out in connect, 1 name unknown`.
pub(crate) fn could_not_be_judged(cause: &Cause, tally: &Tally) -> String {
    let kinds: Vec<String> = tally
        .stopped()
        .iter()
        .map(|stopped| {
            let counted = failure::KINDS
                .iter()
                .find(|kind| kind.word == stopped.kind)
                .map_or("", |kind| kind.counted);
            let stage = if matches!(stopped.kind, "timed-out" | "reset" | "closed") {
                format!(" in {}", stopped.stage.word())
            } else {
                String::new()
            };
            format!("{} {counted}{stage}", text::count(stopped.count))
        })
        .collect();
    format!(
        "{} could not be judged: {}",
        text::counted(cause.endpoints, "endpoint"),
        kinds.join(", ")
    )
}

/// What is wrong with many: the reach, then what they share.
pub(crate) fn shared_title(named: Named<'_>, first: &Example) -> String {
    let reach = named.cause.reach();
    let rule = assess::rules::find(named.rule).map_or(&*first.message, |rule| rule.title);
    match &named.cause.shared {
        Some(shared) => format!("{reach}, one cause: {shared}"),
        None => format!("{reach}: {rule}"),
    }
}

fn cell(example: &Example, alone: bool) -> String {
    let mut cell = example.endpoint.clone();
    if let Some(aside) = &example.aside {
        let _ = write!(cell, "   {aside}");
    }
    if let (true, Some(certificate)) = (alone, &example.certificate) {
        let _ = write!(cell, "   {certificate}");
    }
    cell
}

const fn severity_words(style: Style, severity: Severity) -> (&'static str, &'static str) {
    let status = match severity {
        Severity::Expired => Status::Expired,
        Severity::Critical => Status::Critical,
        Severity::Error => Status::Error,
        Severity::Warning => Status::Warning,
        Severity::Note => return ("-", "NOTE"),
    };
    (style.glyph(status), status.word())
}
