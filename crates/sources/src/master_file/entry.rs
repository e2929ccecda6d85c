//! From lines to entries: comments away, parentheses joined, quotes and escapes kept in one word (RFC 1035 section 5.1).

use std::io::{self, BufRead};

use model::limits;

use super::{Mistake, reason};

/// One word of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// As written, quotes taken off; escapes stay, since names read them.
    pub(super) text: String,
}

impl Word {
    /// A word as it is.
    pub(super) const fn plain(text: String) -> Self {
        Self { text }
    }
}

/// One entry: a record or a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its words; at least one.
    pub(super) words: Vec<Word>,
    /// Whether it begins with white space: the owner is that of the record before.
    pub(super) continues: bool,
}

/// Entries of one file.
pub(super) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
    number: u64,
    begin: u64,
}

/// What an entry stands in while it is read.
#[derive(Default)]
struct State {
    words: Vec<Word>,
    open: bool,
    bytes: usize,
}

impl<R: BufRead> Lines<R> {
    /// Entries of `reader`.
    pub(super) const fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
            number: 0,
            begin: 0,
        }
    }

    /// The line on which the last entry began, or on which the mistake is.
    pub(super) const fn begin(&self) -> u64 {
        self.begin
    }

    /// The next entry; nothing at the end.
    pub(super) fn next_entry(&mut self) -> Result<Option<Entry>, Mistake> {
        let mut state = State::default();
        let mut continues = false;
        loop {
            if !self.read_line()? {
                self.begin = self.begin.max(1);
                return if state.open {
                    Err(Mistake::Open("`(`"))
                } else {
                    Ok(None)
                };
            }
            let Ok(text) = std::str::from_utf8(&self.line) else {
                self.begin = self.number;
                return Err(Mistake::NotText);
            };
            if !state.open {
                self.begin = self.number;
                continues = text.starts_with([' ', '\t']);
            }
            state.bytes += text.len();
            if state.bytes > limits::MASTER_ENTRY_BYTES {
                return Err(Mistake::TooLong);
            }
            state.line(text)?;
            if !state.open && !state.words.is_empty() {
                return Ok(Some(Entry {
                    words: state.words,
                    continues,
                }));
            }
        }
    }

    fn read_line(&mut self) -> Result<bool, Mistake> {
        self.line.clear();
        let bound = u64::try_from(limits::MASTER_ENTRY_BYTES).unwrap_or(u64::MAX) + 1;
        let read = io::Read::take(&mut self.reader, bound).read_until(b'\n', &mut self.line);
        let length = read.map_err(|error| Mistake::Unreadable(reason(&error)))?;
        if length == 0 {
            return Ok(false);
        }
        self.number += 1;
        if length > limits::MASTER_ENTRY_BYTES {
            self.begin = self.number;
            return Err(Mistake::TooLong);
        }
        Ok(true)
    }
}

impl State {
    fn line(&mut self, text: &str) -> Result<(), Mistake> {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = match first {
                ';' => return Ok(()),
                '(' => {
                    self.open = true;
                    1
                }
                ')' if !self.open => return Err(Mistake::Unopened),
                ')' => {
                    self.open = false;
                    1
                }
                first if first.is_whitespace() => first.len_utf8(),
                _ => self.word(rest)?,
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(())
    }

    /// Takes the word at the front and gives its length. Quotes may stand inside it: `alpn="h2,h3"`.
    fn word(&mut self, rest: &str) -> Result<usize, Mistake> {
        let mut text = String::new();
        let mut quoted = false;
        let mut characters = rest.char_indices();
        let mut end = rest.len();
        while let Some((place, character)) = characters.next() {
            match character {
                '"' => quoted = !quoted,
                '\\' => {
                    text.push(character);
                    if let Some((_, escaped)) = characters.next() {
                        text.push(escaped);
                    }
                }
                ' ' | '\t' | '\r' | '\n' | ';' | '(' | ')' if !quoted => {
                    end = place;
                    break;
                }
                '\n' => return Err(Mistake::Open("a quote")),
                other => text.push(other),
            }
        }
        if quoted {
            return Err(Mistake::Open("a quote"));
        }
        self.words.push(Word::plain(text));
        Ok(end)
    }
}
