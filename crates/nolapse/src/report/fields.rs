//! Chosen fields of a record (`--fields endpoint.name,status`).
//!
//! Paths come from the schema itself, so that every field can be chosen and none that does not exist.

use serde_json::{Map, Value};

use crate::record::{self, Record};
use crate::text;
use engine::look::Look;

/// Fields in the order in which they were asked for; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields(Vec<String>);

/// A path that no record has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no field `{typed}`{}", .nearest.as_ref().map(|nearest| format!(": did you mean `{nearest}`?")).unwrap_or_default())]
pub(crate) struct UnknownField {
    typed: String,
    nearest: Option<String>,
}

impl Fields {
    /// Parses paths between commas; `None` when there is none, which asks for the list.
    pub(crate) fn parse(typed: &str) -> Result<Option<Self>, UnknownField> {
        let wanted: Vec<&str> = typed
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let all = record::field_paths();
        for path in &wanted {
            if !all.iter().any(|(known, _)| known == path) {
                let nearest = text::nearest(path, all.iter().map(|(known, _)| known.as_str()));
                let typed = model::untrusted::shown(path);
                return Err(UnknownField {
                    typed,
                    nearest: nearest.map(str::to_owned),
                });
            }
        }
        Ok(Some(Self(wanted.into_iter().map(str::to_owned).collect())))
    }

    /// The paths.
    pub(crate) fn paths(&self) -> &[String] {
        &self.0
    }

    /// The chosen fields of a look by their paths. A path through an array gives the values of all its elements.
    pub(crate) fn chosen(&self, look: &Look) -> Map<String, Value> {
        let record = Record::new(look);
        // A record is made of strings, numbers and maps with string keys: it always is a value.
        let record = serde_json::to_value(&record).unwrap_or(Value::Null);
        self.0
            .iter()
            .map(|path| (path.clone(), pick(&record, path)))
            .collect()
    }

    /// The chosen fields as text: lists with spaces between, nothing for null.
    pub(crate) fn texts(&self, look: &Look) -> Vec<String> {
        self.chosen(look).values().map(flat).collect()
    }
}

fn pick(value: &Value, path: &str) -> Value {
    let (head, rest) = path
        .split_once('.')
        .map_or((path, None), |(head, rest)| (head, Some(rest)));
    match value {
        Value::Array(elements) => Value::Array(elements.iter().map(|element| pick(element, path)).collect()),
        Value::Object(members) => {
            let member = members.get(head).unwrap_or(&Value::Null);
            rest.map_or_else(|| member.clone(), |rest| pick(member, rest))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

fn flat(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(flat).collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_from_the_schema() {
        let fields = Fields::parse("endpoint.name, status,certificates.not_after")
            .unwrap()
            .unwrap();
        assert_eq!(
            fields.paths(),
            ["endpoint.name", "status", "certificates.not_after"]
        );
        assert_eq!(Fields::parse(" , ").unwrap(), None);
        let error = Fields::parse("endpoint.nam").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no field `endpoint.nam`: did you mean `endpoint.name`?"
        );
    }

    #[test]
    fn a_path_through_an_array_gives_all() {
        let value = serde_json::json!({"a": [{"b": 1}, {"b": null}], "c": "x"});
        assert_eq!(pick(&value, "a.b"), serde_json::json!([1, null]));
        assert_eq!(pick(&value, "c"), "x");
        assert_eq!(flat(&pick(&value, "a.b")), "1 ");
    }
}
