//! The string types of ASN.1 as text.

use super::{Notes, Value};
use crate::oddity::OddityKind;

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const GENERAL_STRING: u8 = 0x1b;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// Appends the text of a string value, and returns false when it is no string type.
///
/// TeletexString is read as Latin-1, which is what its writers meant. Bytes that are not of the declared kind, and
/// NUL, are [`OddityKind::BadText`] and are read as well as can be.
pub fn push_text(value: &Value<'_>, notes: &Notes, out: &mut String) -> bool {
    let bytes = value.content;
    let clean = match value.tag {
        UTF8_STRING => push_utf8(bytes, out),
        PRINTABLE_STRING => push_ascii(bytes, out, is_printable),
        NUMERIC_STRING => push_ascii(bytes, out, |byte| byte.is_ascii_digit() || byte == b' '),
        IA5_STRING | VISIBLE_STRING => push_ascii(bytes, out, |byte| byte.is_ascii()),
        TELETEX_STRING | GENERAL_STRING => {
            out.extend(bytes.iter().copied().map(char::from));
            true
        }
        BMP_STRING => push_utf16(bytes, out),
        UNIVERSAL_STRING => push_utf32(bytes, out),
        _ => return false,
    };
    // In UTF-16 and UTF-32 a zero byte is no NUL, so there the text itself is searched.
    let wide = matches!(value.tag, BMP_STRING | UNIVERSAL_STRING);
    let nul = if wide {
        has_wide_nul(value)
    } else {
        bytes.contains(&0)
    };
    if !clean || nul {
        notes.add(value.content_offset, OddityKind::BadText);
    }
    true
}

fn has_wide_nul(value: &Value<'_>) -> bool {
    let width = if value.tag == BMP_STRING { 2 } else { 4 };
    value
        .content
        .chunks_exact(width)
        .any(|unit| unit.iter().all(|byte| *byte == 0))
}

fn push_utf8(bytes: &[u8], out: &mut String) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            out.push_str(text);
            true
        }
        Err(_) => {
            out.push_str(&String::from_utf8_lossy(bytes));
            false
        }
    }
}

/// Bytes outside of the kind are kept: as UTF-8 when they are, which is what careless writers mean.
fn push_ascii(bytes: &[u8], out: &mut String, allowed: impl Fn(u8) -> bool) -> bool {
    push_utf8(bytes, out) && bytes.iter().all(|byte| allowed(*byte))
}

/// PrintableString (X.680 section 41.4), and `*` and `&`, which every reader forgives.
const fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?' | b'*' | b'&'
        )
}

fn push_utf16(bytes: &[u8], out: &mut String) -> bool {
    let units = bytes.chunks_exact(2).map(|pair| match pair {
        [high, low] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    });
    let mut clean = bytes.len().is_multiple_of(2);
    for unit in char::decode_utf16(units) {
        clean &= unit.is_ok();
        out.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    clean
}

fn push_utf32(bytes: &[u8], out: &mut String) -> bool {
    let mut clean = bytes.len().is_multiple_of(4);
    for unit in bytes.chunks_exact(4) {
        let code = unit.iter().fold(0_u32, |code, byte| code << 8 | u32::from(*byte));
        let character = char::from_u32(code);
        clean &= character.is_some();
        out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    clean
}
