//! The text format of Prometheus, version 0.0.4: families of samples, each family in one piece.

use std::fmt::Display;

use model::untrusted;

/// What it is called in HTTP.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Samples of one name.
pub(super) struct Family {
    name: &'static str,
    text: String,
}

impl Family {
    /// A number that goes up and down. The help is one line of ours, without backslashes.
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "gauge", help)
    }

    /// A number that only grows.
    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self::new(name, "counter", help)
    }

    fn new(name: &'static str, kind: &str, help: &str) -> Self {
        Self {
            name,
            text: format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
        }
    }

    /// Adds a sample. The caller sees to it that no two samples have equal labels: a scrape fails as a whole of it.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(self.name);
        for (index, (name, value)) in labels.iter().enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(&mut self.text, value);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        self.text.push(' ');
        self.text.push_str(&value.to_string());
        self.text.push('\n');
    }

    /// The family as text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A stranger's text as the value of a label: made one safe line first, in which no line ends, then escaped for the format.
fn escape(into: &mut String, value: &str) {
    for character in untrusted::shown(value).chars() {
        match character {
            '\\' => into.push_str("\\\\"),
            '"' => into.push_str("\\\""),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_its_head_and_its_samples() {
        let mut family = Family::gauge("nolapse_things", "Things.");
        family.sample(&[], 3);
        family.sample(&[("a", "x"), ("b", "")], -1);
        assert_eq!(
            family.text(),
            "# HELP nolapse_things Things.\n# TYPE nolapse_things gauge\nnolapse_things 3\nnolapse_things{a=\"x\",b=\"\"} -1\n"
        );
    }

    #[test]
    fn no_text_leaves_its_label() {
        let mut value = String::new();
        escape(&mut value, "a\"} 1\nb\u{202e}\u{0}");
        assert_eq!(value, "a\\\"} 1\\\\nb\\\\u{202e}\\\\u{0}");
    }
}
