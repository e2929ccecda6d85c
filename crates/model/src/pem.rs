//! Textual encodings (RFC 7468): several blocks in one file, with text between them.
//!
//! It reads what people really have: CRLF, indentation, OpenSSL's headers, blocks flattened to one line. Private keys
//! are recognised by their label and never decoded.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::untrusted::Untrusted;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// The longest label that is taken for one; the longest in use has 33 characters.
const LABEL_BYTES: usize = 64;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// One block.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// What it says it is, such as `CERTIFICATE`.
    pub label: Untrusted,
    /// The line of its beginning, counted from 1.
    pub line: usize,
    /// Its content.
    pub content: Content,
}

/// What is in a block.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// The decoded bytes.
    Der(Vec<u8>),
    /// A private key, which is not read.
    PrivateKey,
}

/// A block that cannot be read. Those behind it still can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct PemError {
    /// The line of the mistake, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub kind: PemErrorKind,
}

/// What is wrong with a block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemErrorKind {
    /// No `-----END` follows.
    #[error("`-----BEGIN {label}-----` without its end")]
    Unterminated {
        /// Label of the block.
        label: Untrusted,
    },
    /// The label at the end is another one.
    #[error("`{begin}` ends as `{end}`")]
    LabelMismatch {
        /// Label at the beginning.
        begin: Untrusted,
        /// Label at the end.
        end: Untrusted,
    },
    /// A character that base64 does not have, or a length that it cannot have.
    #[error("not base64")]
    Base64,
}

/// Whether there is any block in `text`.
pub fn is_pem(text: &[u8]) -> bool {
    find(text, BEGIN).is_some()
}

/// The blocks of `text` in their order.
pub const fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks { text, at: 0, line: 1 }
}

/// Walks over the blocks of a text; see [`blocks`].
#[derive(Clone, Debug)]
pub struct Blocks<'a> {
    text: &'a [u8],
    at: usize,
    /// Line of `at`, counted from 1.
    line: usize,
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block, PemError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let begin = self.at + find(self.rest(), BEGIN)?;
            self.advance(begin);
            let line = self.line;
            let Some(label) = label(self.rest(), BEGIN) else {
                self.advance(begin + BEGIN.len());
                continue;
            };
            self.advance(begin + BEGIN.len() + label.len() + DASHES.len());
            return Some(self.block(label, line));
        }
    }
}

impl<'a> Blocks<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes on to `at`, counting lines.
    fn advance(&mut self, at: usize) {
        let passed = self.text.get(self.at..at).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = at;
    }

    /// Reads from behind the beginning to behind the end.
    fn block(&mut self, label_bytes: &[u8], line: usize) -> Result<Block, PemError> {
        let named = Untrusted::from_bytes(label_bytes);
        let rest = self.rest();
        // The beginning of another block before the end belongs to that other block.
        let marker = find_marker(rest).unwrap_or(rest.len());
        if !rest.get(marker..).unwrap_or_default().starts_with(END) {
            self.advance(self.at + marker);
            return Err(PemError {
                line,
                kind: PemErrorKind::Unterminated { label: named },
            });
        }
        let (body, body_line) = (rest.get(..marker).unwrap_or_default(), self.line);
        self.advance(self.at + marker);
        let (end_line, closing) = (self.line, label(self.rest(), END).unwrap_or_default());
        self.advance(self.at + END.len());
        if closing != label_bytes {
            let kind = PemErrorKind::LabelMismatch {
                begin: named,
                end: Untrusted::from_bytes(closing),
            };
            return Err(PemError { line: end_line, kind });
        }
        let content = if label_bytes.ends_with(b"PRIVATE KEY") {
            Content::PrivateKey
        } else {
            let decoded = decode(body);
            Content::Der(decoded.map_err(|line| PemError {
                line: body_line + line,
                kind: PemErrorKind::Base64,
            })?)
        };
        Ok(Block {
            label: named,
            line,
            content,
        })
    }
}

/// The label of a line that begins with `marker`.
fn label<'a>(text: &'a [u8], marker: &[u8]) -> Option<&'a [u8]> {
    let text = text.strip_prefix(marker)?;
    let window = text.get(..(LABEL_BYTES + DASHES.len()).min(text.len()))?;
    let label = text.get(..find(window, DASHES)?)?;
    label
        .iter()
        .all(|byte| (b' '..=b'~').contains(byte))
        .then_some(label)
}

/// The bytes, or the line of the first mistake, counted from 0 at the beginning of the body.
fn decode(body: &[u8]) -> Result<Vec<u8>, usize> {
    let mut digits: Vec<u8> = Vec::with_capacity(body.len());
    let mut line_of_last = 0;
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        // OpenSSL's headers (`Proc-Type: 4,ENCRYPTED`) and RFC 7468's explanatory ones.
        if line.contains(&b':') {
            continue;
        }
        let before = digits.len();
        digits.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let added = digits.get(before..).unwrap_or_default();
        if !added
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
        {
            return Err(number);
        }
        if !added.is_empty() {
            line_of_last = number;
        }
    }
    BASE64.decode(&digits).map_err(|_| line_of_last)
}

/// Where `wanted` first stands in `text`. Candidates are few, since runs of dashes are.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| *byte == first)?;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Where the next beginning or end stands.
fn find_marker(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + find(text.get(from..)?, DASHES)?;
        let candidate = text.get(at..)?;
        if candidate.starts_with(BEGIN) || candidate.starts_with(END) {
            return Some(at);
        }
        from = at + 1;
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Der(bytes) => write!(f, "Der({} bytes)", bytes.len()),
            Self::PrivateKey => f.write_str("PrivateKey"),
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("label", &self.label)
            .field("line", &self.line)
            .field("content", &self.content)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Label, line and bytes of a block, or the words of its error.
    type Read = Result<(String, usize, Option<Vec<u8>>), String>;

    fn read(text: &str) -> Vec<Read> {
        let blocks = blocks(text.as_bytes()).map(|block| match block {
            Ok(Block {
                label,
                line,
                content: Content::Der(der),
            }) => Ok((label.raw().to_owned(), line, Some(der))),
            Ok(Block {
                label,
                line,
                content: Content::PrivateKey,
            }) => Ok((label.raw().to_owned(), line, None)),
            Err(error) => Err(error.to_string()),
        });
        blocks.collect()
    }

    fn der(label: &str, line: usize, bytes: &[u8]) -> Read {
        Ok((label.to_owned(), line, Some(bytes.to_vec())))
    }

    #[test]
    fn several_blocks_with_text_between() {
        let text = "subject=x\r\n-----BEGIN A-----\r\nAQID\r\n  BA==\r\n-----END A-----\r\ntext\n-----BEGIN B-----\nAQ\n-----END B-----";
        assert_eq!(read(text), [der("A", 2, &[1, 2, 3, 4]), der("B", 7, &[1])]);
    }

    #[test]
    fn a_block_flattened_to_one_line() {
        assert_eq!(
            read("x=-----BEGIN A----- AQID BAUG -----END A-----"),
            [der("A", 1, &[1, 2, 3, 4, 5, 6])]
        );
    }

    #[test]
    fn private_keys_are_named_and_not_read() {
        let text =
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n!!!\n-----END EC PRIVATE KEY-----\n";
        assert_eq!(read(text), [Ok(("EC PRIVATE KEY".to_owned(), 1, None))]);
        assert!(!format!("{:?}", blocks(text.as_bytes()).collect::<Vec<_>>()).contains("!!!"));
    }

    #[test]
    fn mistakes_name_their_line_and_the_rest_is_read() {
        let good = "-----BEGIN B-----\nAQ==\n-----END B-----\n";
        let cases = [
            (
                "-----BEGIN A-----\nAQID\nA*==\n-----END A-----\n",
                "line 3: not base64",
                5,
            ),
            (
                "-----BEGIN A-----\nAQIDA\n-----END A-----\n",
                "line 2: not base64",
                4,
            ),
            (
                "-----BEGIN A-----\nAQID\n-----END C-----\n",
                "line 3: `A` ends as `C`",
                4,
            ),
            (
                "-----BEGIN A-----\nAQID\n",
                "line 1: `-----BEGIN A-----` without its end",
                3,
            ),
        ];
        for (text, error, line) in cases {
            assert_eq!(
                read(&format!("{text}{good}")),
                [Err(error.to_owned()), der("B", line, &[1])],
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_beginning_is_text() {
        assert_eq!(read("-----BEGIN \u{1}-----\n-----BEGIN \n-----BEGIN"), []);
        assert!(!is_pem(b"-----begin a-----"));
    }

    #[test]
    fn many_unfinished_beginnings_stay_cheap() {
        let text = "-----BEGIN A-----\n".repeat(20_000);
        assert_eq!(blocks(text.as_bytes()).filter(Result::is_err).count(), 20_000);
    }
}
