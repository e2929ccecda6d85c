//! The lines of our own data files: a small part of TOML.
//!
//! Text comes in, sections and `key = "value"` pairs with their line numbers go out. Nothing is unescaped: no value that
//! we write holds a quote or a backslash. What the keys mean is not known here.

/// One line that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// `[name]` or `[[name]]`.
    Section(&'a str),
    /// `key = "value"`.
    Pair { key: &'a str, value: &'a str },
}

/// The lines that say something, by their number from 1; a line that is none of ours is an error.
pub(crate) fn read(text: &str) -> impl Iterator<Item = (usize, Result<Line<'_>, ()>)> {
    let numbered = text
        .lines()
        .enumerate()
        .map(|(place, line)| (place + 1, line.trim()));
    numbered
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, parse(line).ok_or(())))
}

fn parse(line: &str) -> Option<Line<'_>> {
    if let Some(rest) = line.strip_prefix('[') {
        return Some(Line::Section(rest.trim_matches(['[', ']'])));
    }
    let (key, value) = line.split_once(" = ")?;
    let value = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(Line::Pair { key, value })
}

/// Bytes written as hexadecimal digits.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}

/// 32 bytes written as 64 hexadecimal digits.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_pairs_and_lines_that_are_neither() {
        let read: Vec<_> = read("# x\n\nname = \"A = b\"\r\n[roots]\n[[log]]\nname = A\n").collect();
        let pair = Line::Pair {
            key: "name",
            value: "A = b",
        };
        assert_eq!(
            read,
            [
                (3, Ok(pair)),
                (4, Ok(Line::Section("roots"))),
                (5, Ok(Line::Section("log"))),
                (6, Err(()))
            ]
        );
    }

    #[test]
    fn digests_are_64_small_digits() {
        assert_eq!(digest(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["0F".repeat(32), "0f".repeat(31), "é".repeat(32)] {
            assert_eq!(digest(&wrong), None);
        }
    }
}
