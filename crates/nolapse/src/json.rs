//! JSON that is safe to look at: values come in, JSON text goes out in which every control, bidirectional override and
//! invisible character is written `\u....`.
//!
//! Nothing is lost: a reader of the JSON gets the text as the network sent it, and a terminal that shows the JSON gets
//! none of it raw.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Appends `value` as one line of JSON, without the newline. Fails only when a map has keys that are no strings; then
/// nothing is appended.
pub(crate) fn append<T: Serialize>(out: &mut Vec<u8>, value: &T) -> serde_json::Result<()> {
    let begin = out.len();
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Safe);
    value
        .serialize(&mut serializer)
        .inspect_err(|_| out.truncate(begin))
}

/// The compact form, with everything escaped that [`is_unsafe`] names.
struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Controls below 0x20 never come here: the serializer escapes them itself.
        // One plain pass: keys and most values are so short that finding the fastest way through them costs more.
        if !fragment
            .bytes()
            .fold(false, |unusual, byte| unusual | (byte >= 0x7f))
        {
            return writer.write_all(fragment.as_bytes());
        }
        let mut plain = 0;
        for (place, character) in fragment.char_indices() {
            if !is_unsafe(character) {
                continue;
            }
            writer.write_all(fragment.get(plain..place).unwrap_or_default().as_bytes())?;
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = place + character.len_utf8();
        }
        writer.write_all(fragment.get(plain..).unwrap_or_default().as_bytes())
    }
}

/// Whether the escape for terminals would not let the character through.
pub(crate) fn is_unsafe(character: char) -> bool {
    if (' '..='~').contains(&character) {
        return false;
    }
    let mut buffer = [0; 4];
    model::untrusted::shown(character.encode_utf8(&mut buffer)).starts_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_raw_and_nothing_lost() {
        let hostile = "a\u{1b}[31m\u{7f}\u{85}\u{202e}\u{e0041}\"\\\u{0}\u{feff} bücher 例え 🦀";
        let mut out = Vec::new();
        append(&mut out, &hostile).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.chars().all(|character| !is_unsafe(character)), "{text}");
        assert!(text.contains("bücher 例え 🦀"));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
