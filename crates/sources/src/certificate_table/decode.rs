//! Text of a table in UTF-8, whatever encoding it came in.
//!
//! The encoding is told by a byte-order mark, by zeros beside the first letters, or is UTF-8. What is not UTF-8 in UTF-8 is
//! read as Windows-1252, byte by byte, since that is what mixed exports have there; how often is counted.

use std::io::{self, Read};

use super::settings::Encoding;

/// Reads bytes in any encoding, gives UTF-8.
pub(super) struct Decoder<R> {
    input: R,
    encoding: Encoding,
    /// Read and not decoded yet: at first the bytes that told the encoding, later parts of a character.
    raw: Vec<u8>,
    /// Decoded and not given yet.
    decoded: Vec<u8>,
    given: usize,
    replaced: u64,
    spreadsheet: bool,
    ended: bool,
}

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

impl<R: Read> Decoder<R> {
    pub(super) fn new(mut input: R, said: Option<Encoding>) -> io::Result<Self> {
        let mut raw = Vec::with_capacity(CHUNK);
        (&mut input).take(4).read_to_end(&mut raw)?;
        let (told, mark) = match raw.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            [first, 0, ..] if *first != 0 => (Encoding::Utf16Le, 0),
            [0, second, ..] if *second != 0 => (Encoding::Utf16Be, 0),
            _ => (Encoding::Utf8, 0),
        };
        let spreadsheet = matches!(raw.as_slice(), b"PK\x03\x04" | [0xd0, 0xcf, 0x11, 0xe0]);
        raw.drain(..mark);
        Ok(Self {
            input,
            encoding: said.unwrap_or(told),
            raw,
            decoded: Vec::with_capacity(CHUNK),
            given: 0,
            replaced: 0,
            spreadsheet,
            ended: false,
        })
    }

    /// Whether it begins as spreadsheets of the two usual kinds do.
    pub(super) const fn is_spreadsheet(&self) -> bool {
        self.spreadsheet
    }

    /// Bytes and code units that were not in the encoding.
    pub(super) const fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Decodes a further piece. Afterwards something is decoded, or all is at its end.
    fn fill(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.given = 0;
        while self.decoded.is_empty() && !self.ended {
            let before = self.raw.len();
            let most = CHUNK.saturating_sub(before).max(1);
            (&mut self.input).take(most as u64).read_to_end(&mut self.raw)?;
            self.ended = self.raw.len() == before;
            let raw = std::mem::take(&mut self.raw);
            let used = match self.encoding {
                Encoding::Utf8 => self.utf8(&raw),
                Encoding::Utf16Le => self.utf16(&raw, u16::from_le_bytes),
                Encoding::Utf16Be => self.utf16(&raw, u16::from_be_bytes),
                Encoding::Windows1252 => {
                    raw.iter().for_each(|byte| self.push(windows_1252(*byte)));
                    raw.len()
                }
            };
            self.raw = raw;
            self.raw.drain(..used);
        }
        Ok(())
    }

    fn push(&mut self, character: char) {
        let mut buffer = [0; 4];
        self.decoded
            .extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
    }

    fn utf8(&mut self, raw: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let rest = raw.get(at..).unwrap_or_default();
            let Err(error) = std::str::from_utf8(rest) else {
                self.decoded.extend_from_slice(rest);
                return raw.len();
            };
            let good = error.valid_up_to();
            self.decoded
                .extend_from_slice(rest.get(..good).unwrap_or_default());
            at += good;
            let Some(bad) = error.error_len().or_else(|| self.ended.then_some(1)) else {
                return at;
            };
            for byte in raw.iter().skip(at).take(bad) {
                self.replaced += 1;
                self.push(windows_1252(*byte));
            }
            at += bad;
        }
    }

    fn utf16(&mut self, raw: &[u8], unit: fn([u8; 2]) -> u16) -> usize {
        let pairs = raw.chunks_exact(2);
        let odd = pairs.remainder().len();
        let mut units: Vec<u16> = pairs.filter_map(|pair| pair.try_into().ok()).map(unit).collect();
        let mut kept = odd;
        // The second half of a pair of surrogates may be in the next piece.
        if !self.ended && units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
            units.pop();
            kept += 2;
        }
        for character in char::decode_utf16(units) {
            self.replaced += u64::from(character.is_err());
            self.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.ended && odd > 0 {
            self.replaced += 1;
            return raw.len();
        }
        raw.len() - kept
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.decoded.len() {
            self.fill()?;
        }
        let mut rest = self.decoded.get(self.given..).unwrap_or_default();
        let count = rest.read(out)?;
        self.given += count;
        Ok(count)
    }
}

/// The character of a byte (WHATWG Encoding, index windows-1252): Latin-1 but for 0x80 to 0x9f.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let high = byte
        .checked_sub(0x80)
        .and_then(|place| HIGH.get(usize::from(place)));
    high.copied().unwrap_or_else(|| char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that every character is cut somewhere.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = out.len().min(1);
            self.0.read(&mut out[..most])
        }
    }

    fn decoded(input: &[u8], said: Option<Encoding>) -> (String, u64) {
        let mut whole = Decoder::new(input, said).unwrap();
        let mut text = String::new();
        whole.read_to_string(&mut text).unwrap();
        let mut drip = Decoder::new(Drip(input), said).unwrap();
        let mut again = String::new();
        drip.read_to_string(&mut again).unwrap();
        assert_eq!((&text, whole.replaced()), (&again, drip.replaced()));
        (text, whole.replaced())
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn encodings_are_told_by_their_first_bytes() {
        let text = "Gräfin,€,𝄞,例え";
        assert_eq!(decoded(text.as_bytes(), None), (text.to_owned(), 0));
        assert_eq!(
            decoded(format!("\u{feff}{text}").as_bytes(), None),
            (text.to_owned(), 0)
        );
        let marked = format!("\u{feff}{text}");
        assert_eq!(
            decoded(&utf16(&marked, u16::to_le_bytes), None),
            (text.to_owned(), 0)
        );
        assert_eq!(
            decoded(&utf16(&marked, u16::to_be_bytes), None),
            (text.to_owned(), 0)
        );
        assert_eq!(
            decoded(&utf16(text, u16::to_le_bytes), None),
            (text.to_owned(), 0)
        );
        assert_eq!(
            decoded(&utf16(text, u16::to_be_bytes), None),
            (text.to_owned(), 0)
        );
    }

    #[test]
    fn what_is_not_utf8_is_windows_1252_and_counted() {
        let mixed = b"M\xfcller,\xe2\x82\xac,\x80,M\xc3\xbcller,\xfc";
        assert_eq!(decoded(mixed, None), ("Müller,€,€,Müller,ü".to_owned(), 3));
        assert_eq!(
            decoded(b"M\xfcller \x80\x9f", Some(Encoding::Windows1252)),
            ("Müller €Ÿ".to_owned(), 0)
        );
    }

    #[test]
    fn broken_utf16_is_counted() {
        let bytes = [0xff, 0xfe, b'a', 0, 0x00, 0xd8, b'b', 0, b'c'];
        assert_eq!(decoded(&bytes, None), ("a\u{fffd}b".to_owned(), 2));
    }
}
