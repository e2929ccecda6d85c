//! Which names are wanted: regular expressions and globs, to be taken or left out.
//!
//! Patterns come in once, names come in one by one; a name is wanted when it matches something that is to be taken (or
//! nothing was named) and nothing that is to be left out.

use regex::{Regex, RegexBuilder};

/// What is taken and what is left out.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    take: Vec<Regex>,
    leave: Vec<Regex>,
}

/// A pattern that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no regular expression: {reason}")]
pub struct FilterError {
    pattern: String,
    reason: String,
}

/// Bytes that one compiled pattern may take: a name is at most 253 octets long, honest patterns are small.
const COMPILED_BYTES: usize = 1 << 20;

impl Filter {
    /// Takes names in which this regular expression is found.
    pub fn take(&mut self, pattern: &str) -> Result<(), FilterError> {
        self.take.push(compile(pattern, pattern)?);
        Ok(())
    }

    /// Leaves out names in which this regular expression is found.
    pub fn leave(&mut self, pattern: &str) -> Result<(), FilterError> {
        self.leave.push(compile(pattern, pattern)?);
        Ok(())
    }

    /// Takes names that this glob stands for as a whole: `*` any characters, `?` one.
    pub fn take_glob(&mut self, glob: &str) -> Result<(), FilterError> {
        self.take.push(compile(&from_glob(glob), glob)?);
        Ok(())
    }

    /// Leaves out names that this glob stands for as a whole.
    pub fn leave_glob(&mut self, glob: &str) -> Result<(), FilterError> {
        self.leave.push(compile(&from_glob(glob), glob)?);
        Ok(())
    }

    /// Whether every name is wanted.
    pub const fn is_empty(&self) -> bool {
        self.take.is_empty() && self.leave.is_empty()
    }

    /// Whether this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        let found = |patterns: &[Regex]| patterns.iter().any(|pattern| pattern.is_match(name));
        (self.take.is_empty() || found(&self.take)) && !found(&self.leave)
    }
}

fn compile(pattern: &str, typed: &str) -> Result<Regex, FilterError> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(COMPILED_BYTES)
        .build()
        .map_err(|error| FilterError {
            pattern: model::untrusted::shown(typed),
            reason: last_line(&error.to_string()),
        })
}

/// The library draws the place in several lines; the last one says what is wrong.
fn last_line(words: &str) -> String {
    let line = words.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}

fn from_glob(glob: &str) -> String {
    let mut out = String::from("^");
    for character in glob.chars() {
        match character {
            '*' => out.push_str(".*"),
            '?' => out.push('.'),
            other => out.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    out.push('$');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_and_left_out() {
        let mut filter = Filter::default();
        assert!(filter.is_empty() && filter.wants("anything.example"));
        filter.take_glob("*.example.com").unwrap();
        filter.leave("^dev[0-9]+\\.").unwrap();
        assert!(filter.wants("www.example.com") && filter.wants("WWW.EXAMPLE.COM"));
        assert!(!filter.wants("example.com") && !filter.wants("www.example.community"));
        assert!(!filter.wants("dev12.example.com"));
        filter.leave_glob("?.example.com").unwrap();
        assert!(!filter.wants("a.example.com") && filter.wants("ab.example.com"));
    }

    #[test]
    fn a_pattern_that_does_not_compile_is_named() {
        let mut filter = Filter::default();
        let error = filter.take("a(b").unwrap_err().to_string();
        assert_eq!(error, "`a(b` is no regular expression: unclosed group");
        assert!(filter.leave("(a{1000}){1000}").is_err(), "a pattern is bounded");
    }
}
