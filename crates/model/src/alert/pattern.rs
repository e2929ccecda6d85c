//! Which alerts are meant: words such as `rule:expired name:*.shop.example least:critical`, all of which must fit.

use std::fmt;

use super::{AlertId, Condition};
use crate::limits;
use crate::status::Status;

/// Which alerts are meant. Everything that is said must fit; of several rules or names, one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// This one.
    pub alert: Option<AlertId>,
    /// One of these rules.
    pub rules: Vec<Box<str>>,
    /// Names: exact, or `*.example.com` for everything below it.
    pub names: Vec<Box<str>>,
    /// At least so bad.
    pub least: Option<Status>,
}

/// Why words are no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPattern {
    /// A word is not understood.
    #[error(
        "`{0}` is not understood: write alert:ID, rule:RULE, name:NAME (or *.NAME) or least:SEVERITY, with spaces between"
    )]
    Word(String),
    /// Nothing is said.
    #[error("it says nothing: write alert:ID, rule:RULE, name:NAME (or *.NAME) or least:SEVERITY")]
    Empty,
    /// Too much is said.
    #[error("it is longer than {} octets", limits::ALERT_PATTERN_BYTES)]
    Long,
}

impl Pattern {
    /// Reads words.
    ///
    /// # Errors
    /// [`NoPattern`].
    pub fn parse(text: &str) -> Result<Self, NoPattern> {
        if text.len() > limits::ALERT_PATTERN_BYTES {
            return Err(NoPattern::Long);
        }
        let mut pattern = Self::default();
        for word in text.split_whitespace() {
            let wrong = || NoPattern::Word(crate::untrusted::shown(word));
            let (key, value) = word.split_once(':').ok_or_else(wrong)?;
            let value = value.to_ascii_lowercase();
            if value.is_empty() {
                return Err(wrong());
            }
            match key {
                "alert" => pattern.alert = Some(AlertId::parse(&value).ok_or_else(wrong)?),
                "rule" => pattern.rules.push(value.into()),
                "name" => pattern.names.push(value.into()),
                "least" => pattern.least = Some(severity(&value).ok_or_else(wrong)?),
                _ => return Err(wrong()),
            }
        }
        if pattern == Self::default() {
            return Err(NoPattern::Empty);
        }
        Ok(pattern)
    }

    /// Whether it means all of a condition: every name of it. What silences may not hide what it does not mean.
    pub fn covers(&self, condition: &Condition) -> bool {
        let all_known = condition.names.len() < limits::ALERT_NAMES;
        self.fits_besides_names(condition)
            && (self.names.is_empty()
                || (all_known
                    && !condition.names.is_empty()
                    && condition.names.iter().all(|name| self.has_name(name))))
    }

    /// Whether it means some of a condition: one name of it.
    pub fn touches(&self, condition: &Condition) -> bool {
        self.fits_besides_names(condition)
            && (self.names.is_empty() || condition.names.iter().any(|name| self.has_name(name)))
    }

    fn fits_besides_names(&self, condition: &Condition) -> bool {
        self.alert
            .as_ref()
            .is_none_or(|id| *id == AlertId::of(&condition.cause))
            && (self.rules.is_empty() || self.rules.contains(&condition.rule))
            && self.least.is_none_or(|least| condition.severity >= least)
    }

    fn has_name(&self, name: &str) -> bool {
        self.names.iter().any(|wanted| match wanted.strip_prefix("*.") {
            Some(parent) => name
                .strip_suffix(parent)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
            None => **wanted == *name,
        })
    }
}

/// The severities that alerts have, as people write them. An endpoint that could not be judged is an `error`.
fn severity(word: &str) -> Option<Status> {
    Status::WORST_FIRST
        .into_iter()
        .find(|status| *status != Status::Ok && status.word().eq_ignore_ascii_case(word))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alert = self.alert.iter().map(|id| format!("alert:{id}"));
        let rules = self.rules.iter().map(|rule| format!("rule:{rule}"));
        let names = self.names.iter().map(|name| format!("name:{name}"));
        let least = self
            .least
            .iter()
            .map(|least| format!("least:{}", least.word().to_ascii_lowercase()));
        let words: Vec<String> = alert.chain(rules).chain(names).chain(least).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::Untrusted;

    fn condition(names: &[&str]) -> Condition {
        Condition {
            cause: "expired|ab".into(),
            rule: "expired".into(),
            severity: Status::Critical,
            title: Untrusted::default(),
            remedy: Untrusted::default(),
            reach: 1,
            examples: Vec::new(),
            names: names.iter().map(|name| (*name).into()).collect(),
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_reads_back_as_it_is_shown() {
        let id = AlertId::of("x");
        let text = format!("alert:{id} rule:expired name:*.a.example name:b.example least:critical");
        assert_eq!(pattern(&text).to_string(), text);
        assert_eq!(pattern("  rule:Expired ").to_string(), "rule:expired");
    }

    #[test]
    fn everything_said_must_fit() {
        let expired = condition(&["a.example"]);
        for fits in [
            "rule:expired",
            "rule:x rule:expired",
            "least:warning",
            "least:critical name:a.example",
        ] {
            assert!(pattern(fits).covers(&expired), "{fits}");
        }
        for other in [
            "rule:revoked",
            "least:expired",
            "rule:expired name:b.example",
            "alert:0123456789ab",
        ] {
            assert!(!pattern(other).touches(&expired), "{other}");
        }
        assert!(pattern(&format!("alert:{}", AlertId::of("expired|ab"))).covers(&expired));
    }

    #[test]
    fn a_silence_of_one_name_does_not_hide_the_others() {
        let two = condition(&["a.example", "b.example"]);
        assert!(pattern("name:a.example").touches(&two));
        assert!(!pattern("name:a.example").covers(&two));
        assert!(pattern("name:a.example name:b.example").covers(&two));
        let below = condition(&["x.a.example"]);
        assert!(pattern("name:*.a.example").covers(&below));
        for other in ["a.example", "xa.example", ".a.example"] {
            assert!(
                !pattern("name:*.a.example").touches(&condition(&[other])),
                "{other}"
            );
        }
    }

    #[test]
    fn more_names_than_are_kept_are_never_all_meant() {
        let names: Vec<String> = (0..limits::ALERT_NAMES)
            .map(|number| format!("n{number}.a.example"))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(!pattern("name:*.a.example").covers(&condition(&names)));
        assert!(pattern("name:*.a.example").covers(&condition(&names[1..])));
        assert!(
            !pattern("name:a.example").covers(&condition(&[])),
            "a source has no names"
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_word() {
        assert_eq!(Pattern::parse(" "), Err(NoPattern::Empty));
        let long = format!("name:{}", "a".repeat(limits::ALERT_PATTERN_BYTES));
        assert_eq!(Pattern::parse(&long), Err(NoPattern::Long));
        for wrong in [
            "expired",
            "rule:",
            "least:ok",
            "least:bad",
            "alert:12",
            "owner:me",
        ] {
            assert_eq!(
                Pattern::parse(wrong),
                Err(NoPattern::Word(wrong.to_owned())),
                "{wrong}"
            );
        }
    }
}
