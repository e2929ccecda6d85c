//! YAML as kubeconfigs are written in it, turned into JSON values.
//!
//! Mappings, sequences and scalars; the first document alone. Anchors and aliases are refused, since no tool writes them
//! there and a few lines of them can stand for gigabytes. `null`, `true` and `false` are what they say when they stand
//! without quotes; every other scalar is text.

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Nesting that is followed; kubeconfigs have 4, and `extensions` a few more.
const DEPTH: usize = 32;

/// A mapping or sequence that is not closed yet.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

/// Reads the first document.
///
/// # Errors
/// What is wrong, and in which line: no part of the text, which may be secret.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("line {}: not YAML", error.marker().line()))?;
        let line = span.start.line();
        let done = match event {
            Event::SequenceStart(..) => {
                open.push(Open::List(Vec::new()));
                None
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Map::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(Open::List(list)) => Some(Value::Array(list)),
                Some(Open::Map(map, _)) => Some(Value::Object(map)),
                None => None,
            },
            Event::Scalar(text, style, ..) => Some(scalar(&text, style)),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return Err(format!(
                    "line {line}: aliases are not read: write out what it stands for"
                ));
            }
            Event::StreamEnd | Event::DocumentEnd => return Ok(Value::Null),
            _ => None,
        };
        if open.len() > DEPTH {
            return Err(format!("line {line}: nested deeper than {DEPTH}"));
        }
        let Some(value) = done else { continue };
        match open.last_mut() {
            None => return Ok(value),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => match value {
                    Value::String(text) => *key = Some(text),
                    _ => return Err(format!("line {line}: a key that is no text")),
                },
            },
        }
    }
    Ok(Value::Null)
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    match (style, text) {
        (ScalarStyle::Plain, "" | "~" | "null") => Value::Null,
        (ScalarStyle::Plain, "true") => Value::Bool(true),
        (ScalarStyle::Plain, "false") => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_kubectl_writes() {
        let text = "apiVersion: v1\nclusters:\n- cluster:\n    server: https://a:6443 # here\n    insecure: false\n  name: 'a b'\nusers: []\npreferences: {}\ncurrent-context: \"\"\nnumber: 12\nlong: >-\n  x\n  y\n";
        assert_eq!(
            parse(text).unwrap(),
            json!({"apiVersion": "v1", "clusters": [{"cluster": {"server": "https://a:6443", "insecure": false}, "name": "a b"}],
                "users": [], "preferences": {}, "current-context": "", "number": "12", "long": "x y"})
        );
        assert_eq!(parse("{\"a\": [1, null]}").unwrap(), json!({"a": ["1", null]}));
        assert_eq!(parse("").unwrap(), Value::Null);
    }

    #[test]
    fn what_is_not_read_says_where() {
        for (text, words) in [
            ("a: &x [1]\nb: *x\n", "line 2: aliases"),
            ("a: [1, 2\nb: secret", "not YAML"),
            (&"[".repeat(40), ""),
            (&"- ".repeat(40), "nested deeper"),
            ("? [a]\n: b\n", "no text"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words) && !error.contains("secret"), "{error}");
        }
    }
}
