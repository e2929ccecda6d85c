//! Keys as `tsig-keygen` writes them and `named.conf` has them.
//!
//! Text comes in (`key "name" { algorithm hmac-sha256; secret "..."; };`), a [`Key`] goes out. The secret is in no error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::zone::{Domain, DomainError};
use net::dns::{Algorithm, Key};

/// Why a file holds no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another grammar.
    #[error(
        "line {line}: expected {expected}, as `tsig-keygen` writes: key \"name\" {{ algorithm hmac-sha256; secret \"...\"; }};"
    )]
    Grammar {
        /// Where.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// No key at all.
    #[error("it holds no key; `tsig-keygen NAME` writes one")]
    None,
    /// More than one key.
    #[error("it holds {0} keys: put the one to be used into a file of its own")]
    Several(usize),
    /// An algorithm that nobody knows.
    #[error("line {line}: no algorithm `{word}`: expected one of {}", Algorithm::words().collect::<Vec<_>>().join(", "))]
    Algorithm {
        /// Where.
        line: usize,
        /// What was written.
        word: String,
    },
    /// The name is none.
    #[error("line {line}: the key's name: {error}")]
    Name {
        /// Where.
        line: usize,
        /// Why.
        error: DomainError,
    },
    /// Not base64.
    #[error("line {line}: the secret is not base64")]
    Secret {
        /// Where.
        line: usize,
    },
    /// Nothing.
    #[error("line {line}: the key has no {what}")]
    Missing {
        /// Where the key begins.
        line: usize,
        /// What is missing.
        what: &'static str,
    },
}

/// Reads the one key of a file.
///
/// # Errors
/// [`KeyError`] with the line.
pub fn parse(text: &str) -> Result<Key, KeyError> {
    let words = words(text);
    let mut keys = Vec::new();
    let mut rest = words.as_slice();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first.text.as_str() {
            ";" => {}
            "key" => keys.push(key(first.line, &mut rest)?),
            _ => {
                return Err(KeyError::Grammar {
                    line: first.line,
                    expected: "`key`",
                });
            }
        }
    }
    let count = keys.len();
    let mut keys = keys.into_iter();
    match (keys.next(), count) {
        (Some(key), 1) => Ok(key),
        (None, _) => Err(KeyError::None),
        (Some(_), several) => Err(KeyError::Several(several)),
    }
}

struct Word {
    text: String,
    line: usize,
}

/// Words, quoted texts without their quotes, and each of `{`, `}`, `;`; comments of all three styles passed over.
fn words(text: &str) -> Vec<Word> {
    let mut out: Vec<Word> = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => {
                let end = rest
                    .get(1..)
                    .and_then(|rest| rest.find('"'))
                    .map_or(rest.len(), |end| end + 1);
                let text = rest.get(1..end).unwrap_or_default().to_owned();
                out.push(Word { text, line });
                (end + 1).min(rest.len())
            }
            '{' | '}' | ';' => {
                out.push(Word {
                    text: first.to_string(),
                    line,
                });
                1
            }
            first if first.is_whitespace() => first.len_utf8(),
            _ => {
                let end = rest
                    .find(|character: char| character.is_whitespace() || "{};\"#".contains(character))
                    .unwrap_or(rest.len());
                out.push(Word {
                    text: rest.get(..end).unwrap_or_default().to_owned(),
                    line,
                });
                end
            }
        };
        let (passed, behind) = rest.split_at(length.max(1));
        line += passed.matches('\n').count();
        rest = behind;
    }
    out
}

fn take<'w>(rest: &mut &'w [Word], line: usize, expected: &'static str) -> Result<&'w Word, KeyError> {
    let (first, behind) = rest.split_first().ok_or(KeyError::Grammar { line, expected })?;
    *rest = behind;
    Ok(first)
}

fn exactly(rest: &mut &[Word], line: usize, text: &'static str) -> Result<(), KeyError> {
    let word = take(rest, line, text)?;
    if word.text == text {
        Ok(())
    } else {
        Err(KeyError::Grammar {
            line: word.line,
            expected: text,
        })
    }
}

fn key(begin: usize, rest: &mut &[Word]) -> Result<Key, KeyError> {
    let name = take(rest, begin, "the name of the key")?;
    let domain = Domain::parse(&name.text).map_err(|error| KeyError::Name {
        line: name.line,
        error,
    })?;
    exactly(rest, name.line, "{")?;
    let (mut algorithm, mut secret) = (None, None);
    loop {
        let word = take(rest, begin, "`}`")?;
        match word.text.as_str() {
            "}" => break,
            "algorithm" => {
                let word = take(rest, word.line, "an algorithm")?;
                algorithm = Some(
                    Algorithm::for_word(&word.text).ok_or_else(|| KeyError::Algorithm {
                        line: word.line,
                        word: model::untrusted::shown(&word.text),
                    })?,
                );
                exactly(rest, word.line, ";")?;
            }
            "secret" => {
                let word = take(rest, word.line, "a secret")?;
                let decoded = STANDARD
                    .decode(&word.text)
                    .ok()
                    .filter(|secret| !secret.is_empty());
                secret = Some(decoded.ok_or(KeyError::Secret { line: word.line })?);
                exactly(rest, word.line, ";")?;
            }
            _ => {
                return Err(KeyError::Grammar {
                    line: word.line,
                    expected: "`algorithm` or `secret`",
                });
            }
        }
    }
    let missing = |what| KeyError::Missing { line: begin, what };
    let algorithm = algorithm.ok_or_else(|| missing("algorithm"))?;
    let secret = secret.ok_or_else(|| missing("secret"))?;
    Ok(Key::new(domain, algorithm, &secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str =
        "key \"transfer.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"c2VjcmV0\";\n};\n";

    #[test]
    fn what_tsig_keygen_writes() {
        let key = parse(WRITTEN).unwrap();
        assert_eq!(key.name().to_string(), "transfer.example.");
        assert_eq!(key.algorithm(), Algorithm::Sha256);
        let commented = format!("# a comment\n// another {{\n/* and\n more */{WRITTEN}");
        assert!(parse(&commented).is_ok());
        assert!(parse("key k { secret c2VjcmV0; algorithm HMAC-SHA512; };").is_ok());
    }

    #[test]
    fn mistakes_have_their_line_and_never_the_secret() {
        let wrong = |text: &str| parse(text).unwrap_err().to_string();
        assert!(wrong("").contains("no key"));
        assert!(wrong(&WRITTEN.repeat(2)).contains("2 keys"));
        assert!(wrong(&WRITTEN.replace("sha256", "md4")).starts_with("line 2: no algorithm `hmac-md4`"));
        let secret = wrong(&WRITTEN.replace("c2VjcmV0", "hunter2!"));
        assert!(
            secret.starts_with("line 3") && !secret.contains("hunter2"),
            "{secret}"
        );
        assert!(wrong("key k { algorithm hmac-sha256; };").contains("no secret"));
        assert!(wrong("server 1 { };").starts_with("line 1: expected `key`"));
        assert!(wrong("key k { algorithm hmac-sha256").starts_with("line 1: expected ;"));
        assert!(wrong("key \"unclosed").contains("expected {"));
    }
}
