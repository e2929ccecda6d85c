//! What the terminal can do and what the environment asks for: width, colour, glyphs.
//!
//! Variables and the kind of a stream come in, a [`Style`] goes out. Decided once per stream; nothing else reads the
//! environment for looks.

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::ValueEnum;
use model::{Severity, Status};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to write to one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// Columns to use.
    pub(crate) width: usize,
    /// Whether to send colour.
    pub(crate) colour: bool,
    /// Whether glyphs beyond ASCII can be shown.
    pub(crate) unicode: bool,
}

/// Fewer columns than this cannot hold a line with a status and a name.
const LEAST_WIDTH: usize = 40;
/// A pipe or file has no width; this is what the documentation shows.
const DEFAULT_WIDTH: usize = 100;
/// Longer lines are hard to read, on however wide a screen.
const MOST_WIDTH: usize = 160;

impl Style {
    /// The style for standard output.
    pub(crate) fn for_stdout(colour: Colour) -> Self {
        let stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        let columns = if terminal { columns(&stdout) } else { None };
        Self::from_environment(colour, terminal, columns, &read)
    }

    /// The style for standard error.
    pub(crate) fn for_stderr(colour: Colour) -> Self {
        let stderr = std::io::stderr();
        let terminal = stderr.is_terminal();
        let columns = if terminal { columns(&stderr) } else { None };
        Self::from_environment(colour, terminal, columns, &read)
    }

    /// The style for a file.
    pub(crate) fn for_file(colour: Colour) -> Self {
        Self::from_environment(colour, false, None, &read)
    }

    fn from_environment(
        colour: Colour,
        terminal: bool,
        columns: Option<usize>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        let asked = variable("COLUMNS").and_then(|columns| columns.trim().parse().ok());
        let width: usize = asked.or(columns).unwrap_or(DEFAULT_WIDTH);
        Self {
            width: width.clamp(LEAST_WIDTH, MOST_WIDTH),
            colour: coloured(colour, terminal, variable),
            unicode: is_utf8(variable),
        }
    }

    /// What stands in front of a status word.
    pub(crate) const fn glyph(self, status: Status) -> &'static str {
        match (status, self.unicode) {
            (Status::Expired | Status::Critical, true) => "✗",
            (Status::Expired | Status::Critical, false) => "x",
            (Status::Warning, _) => "!",
            (Status::Error, _) => "?",
            (Status::Ok, true) => "✓",
            (Status::Ok, false) => "ok",
        }
    }

    /// What stands for text that was cut out.
    pub(crate) const fn mark(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// `text` in the colour of a severity; the text itself when there is no colour.
    pub(crate) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Expired | Severity::Critical => "1;31",
            Severity::Warning => "33",
            Severity::Error => "35",
            Severity::Note => "2",
        };
        self.wrapped(code, text)
    }

    /// `text` bright.
    pub(crate) fn strong(self, text: &str) -> String {
        self.wrapped("1", text)
    }

    /// `text` dim.
    pub(crate) fn dim(self, text: &str) -> String {
        self.wrapped("2", text)
    }

    /// `text` green.
    pub(crate) fn good(self, text: &str) -> String {
        self.wrapped("32", text)
    }

    fn wrapped(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// `--color` decides; then NO_COLOR (no-color.org), CLICOLOR_FORCE, CLICOLOR and TERM (bixense.com/clicolors).
fn coloured(colour: Colour, terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name| variable(name).is_some_and(|value| !value.is_empty());
    match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto if set("NO_COLOR") => false,
        Colour::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => {
            true
        }
        Colour::Auto => {
            terminal
                && variable("CLICOLOR").as_deref() != Some("0")
                && variable("TERM").as_deref() != Some("dumb")
        }
    }
}

/// As the C library decides: the first of these that is set and not empty.
fn is_utf8(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .is_some_and(|value| {
            let value = value.to_ascii_lowercase();
            value.contains("utf-8") || value.contains("utf8")
        })
}

/// One variable of the environment; what is not UTF-8 counts as not set.
fn read(name: &str) -> Option<String> {
    std::env::var_os(name)
        .map(OsString::into_string)
        .and_then(Result::ok)
}

#[cfg(unix)]
fn columns(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    rustix::termios::tcgetwinsize(stream)
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn columns<T>(_stream: &T) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(colour: Colour, terminal: bool, variables: &[(&str, &str)]) -> Style {
        Style::from_environment(colour, terminal, None, &|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colour_follows_flag_then_environment_then_terminal() {
        assert!(style(Colour::Auto, true, &[]).colour);
        assert!(!style(Colour::Auto, false, &[]).colour);
        assert!(!style(Colour::Auto, true, &[("NO_COLOR", "1")]).colour);
        assert!(style(Colour::Auto, true, &[("NO_COLOR", "")]).colour);
        assert!(style(Colour::Always, false, &[("NO_COLOR", "1")]).colour);
        assert!(style(Colour::Auto, false, &[("CLICOLOR_FORCE", "1")]).colour);
        assert!(!style(Colour::Auto, true, &[("CLICOLOR", "0")]).colour);
        assert!(!style(Colour::Auto, true, &[("TERM", "dumb")]).colour);
        assert!(!style(Colour::Never, true, &[("CLICOLOR_FORCE", "1")]).colour);
    }

    #[test]
    fn width_and_glyphs_follow_the_environment() {
        assert_eq!(style(Colour::Auto, false, &[]).width, 100);
        assert_eq!(style(Colour::Auto, false, &[("COLUMNS", "80")]).width, 80);
        assert_eq!(style(Colour::Auto, false, &[("COLUMNS", "3")]).width, 40);
        assert_eq!(style(Colour::Auto, false, &[("COLUMNS", "wide")]).width, 100);
        assert!(style(Colour::Auto, false, &[("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!style(Colour::Auto, false, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).unicode);
        assert!(!style(Colour::Auto, false, &[]).unicode);
    }

    #[test]
    fn no_colour_leaves_the_text_alone() {
        let plain = Style {
            width: 80,
            colour: false,
            unicode: false,
        };
        assert_eq!(plain.severity(Severity::Critical, "CRITICAL"), "CRITICAL");
        let bright = Style {
            colour: true,
            ..plain
        };
        assert_eq!(bright.severity(Severity::Warning, "x"), "\x1b[33mx\x1b[0m");
    }
}
