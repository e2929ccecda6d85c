//! Text that a stranger wrote. It can be compared and kept, and leaves only through an escape made for its sink.
//!
//! `Display` is the escape for terminals and logs, so that the careless way is the safe one.

use std::fmt;

use crate::limits;

/// Text from the network: certificate fields, banners, replies. Invalid UTF-8 was replaced when it came in.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Takes text as it came.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes bytes; what is not UTF-8 becomes U+FFFD.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        // Most is UTF-8, and checking that at once is several times faster than replacing piece by piece.
        match std::str::from_utf8(bytes) {
            Ok(text) => Self(text.to_owned()),
            Err(_) => Self(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// The text as it came, for comparing, keeping, and for encoders that escape by themselves (JSON): never for
    /// printing.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// One line that is safe in a terminal and a log: controls, bidirectional overrides and other invisible
    /// characters become `\u{..}`; longer than [`limits::TEXT_SHOWN_BYTES`] is cut in the middle.
    pub fn shown(&self) -> String {
        shown(&self.0)
    }
}

/// As [`Untrusted::shown`], for text whose backslashes are an escape already (RFC 4514, or a line that was made safe): one
/// of them stays one.
pub fn shown_escaped(text: &str) -> String {
    shown(text).replace("\\\\", "\\")
}

/// Makes any text one safe line; see [`Untrusted::shown`].
pub fn shown(text: &str) -> String {
    if text.len() <= limits::TEXT_SHOWN_BYTES
        && text
            .bytes()
            .all(|byte| (0x20..0x7f).contains(&byte) && byte != b'\\')
    {
        return text.to_owned();
    }
    let half = limits::TEXT_SHOWN_BYTES / 2;
    let mut out = String::with_capacity(text.len().min(limits::TEXT_SHOWN_BYTES) + 16);
    if text.len() <= limits::TEXT_SHOWN_BYTES {
        text.chars().for_each(|character| push_safe(&mut out, character));
        return out;
    }
    let head = text.floor_char_boundary(half);
    let tail = text.ceil_char_boundary(text.len() - half);
    text.get(..head)
        .unwrap_or_default()
        .chars()
        .for_each(|character| push_safe(&mut out, character));
    out.push_str(" ... ");
    text.get(tail..)
        .unwrap_or_default()
        .chars()
        .for_each(|character| push_safe(&mut out, character));
    out
}

/// Appends text as one cell of CSV (RFC 4180, quoted when it has to be): no controls, and nothing that a spreadsheet would
/// run as a formula, which gets an apostrophe in front. A plain number keeps its sign.
pub fn push_cell(text: &str, out: &mut String) {
    let mut cell = shown(text);
    let is_risky = text.starts_with([
        '=', '+', '-', '@', '\t', '\r', '\n', '|', '%', '＝', '＋', '－', '＠',
    ]);
    if is_risky && cell.parse::<f64>().is_err() {
        cell.insert(0, '\'');
    }
    if !cell.contains([',', '"', '\n', '\r', ' ', ';']) {
        out.push_str(&cell);
        return;
    }
    out.push('"');
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

fn push_safe(out: &mut String, character: char) {
    match character {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        character if is_unsafe(character) => out.extend(character.escape_unicode()),
        character => out.push(character),
    }
}

/// Controls (C0, DEL, C1), and characters that reorder or hide text: bidirectional marks and overrides, zero-width
/// characters, line separators, tags, variation selectors, the byte-order mark.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown())
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_controls_or_bidirectional_overrides() {
        let hostile = Untrusted::new("a\u{1b}]8;;http://x\u{7}b\u{202e}c\r\nd\0");
        assert_eq!(
            hostile.to_string(),
            "a\\u{1b}]8;;http://x\\u{7}b\\u{202e}c\\r\\nd\\u{0}"
        );
    }

    #[test]
    fn an_escape_is_not_escaped_again() {
        assert_eq!(
            shown_escaped("CN=\\<a\\, b\\\\c\u{1b}"),
            "CN=\\<a\\, b\\\\c\\u{1b}"
        );
    }

    #[test]
    fn letters_of_any_script_stay() {
        assert_eq!(Untrusted::new("bücher 例え").to_string(), "bücher 例え");
    }

    #[test]
    fn a_megabyte_is_cut_in_the_middle() {
        let text = format!("head{}tail", "x".repeat(1 << 20));
        let shown = Untrusted::new(text).shown();
        assert!(shown.len() < limits::TEXT_SHOWN_BYTES + 16);
        assert!(shown.starts_with("headx") && shown.ends_with("xtail") && shown.contains(" ... "));
    }
}
